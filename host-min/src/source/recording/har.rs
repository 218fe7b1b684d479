//! The parts of a HAR file that a replay needs, found in its text.
//!
//! Not here: which answer is given to what. Bodies stay where they are in the text, as they are written: a body is
//! half of a megabyte of escapes, and most runs want a few of those that a recording has.

use std::borrow::Cow;
use std::ops::Range;
use std::time::UNIX_EPOCH;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{CAUSES, Problem};
use crate::source::Cause;

/// A recorded exchange.
#[derive(Debug)]
pub(super) struct Answer {
    /// The URL's path and query.
    pub(super) path_and_query: Box<str>,
    /// The HTTP status; 0 if no answer came.
    pub(super) status: u16,
    pub(super) content_type: Option<Box<str>>,
    /// Where the body is in the file's text, as a JSON string; `None` if the file has none.
    pub(super) body: Option<Range<usize>>,
    pub(super) is_base64: bool,
    /// How many bytes the body had, as far as is known.
    pub(super) size: i64,
    pub(super) problem: Option<Problem>,
}

/// Why a text is no HAR: a place in it, counted from 1, and what is wrong there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) reason: String,
}

/// Finds the answers to GET requests in the order they were recorded, and the time the recording began.
pub(super) fn parse(text: &str) -> Result<(Vec<Answer>, i64), Malformed> {
    let har: Har<'_> = serde_json::from_str(text).map_err(|error| {
        let place = format!(" at line {} column {}", error.line(), error.column());
        let reason = error.to_string();
        let reason = reason.strip_suffix(&place).unwrap_or(&reason).to_owned();
        Malformed { line: error.line(), column: error.column(), reason }
    })?;
    let first = har.log.pages.first().map(|page| &page.started);
    let now_millis = match first.or(har.log.entries.first().map(|entry| &entry.started)) {
        None => 0,
        Some(raw) => started(raw).ok_or_else(|| {
            let (line, column) = position(text.as_bytes(), span(text, raw).start);
            Malformed {
                line,
                column,
                reason: "startedDateTime is no time such as 2024-05-01T12:00:00.000Z".into(),
            }
        })?,
    };
    let gets = har.log.entries.into_iter().filter(|entry| entry.request.method == "GET");
    Ok((gets.map(|entry| answer(text, entry)).collect(), now_millis))
}

/// A cause by its name; of others nothing is known that would help.
fn cause(name: &str) -> Cause {
    CAUSES.iter().find(|(_, known)| *known == name).map_or(Cause::Final, |(cause, _)| *cause)
}

fn answer(text: &str, Entry { request, response, .. }: Entry<'_>) -> Answer {
    let status = u16::try_from(response.status).unwrap_or(0);
    let content = response.content;
    let reason = response.error.and_then(|raw| serde_json::from_str::<String>(raw.get()).ok());
    let problem = match reason.filter(|reason| !reason.is_empty()) {
        Some(reason) => {
            Some(Problem { cause: cause(&response.cause), reason, advice: response.advice.into_owned() })
        }
        None if status == 0 => Some(Problem {
            cause: Cause::Final,
            reason: "no answer came when this was recorded".into(),
            advice: String::new(),
        }),
        None => None,
    };
    Answer {
        path_and_query: path_and_query(&request.url).into(),
        status,
        content_type: Some(content.mime_type.as_ref())
            // What browsers write if the server named none.
            .filter(|mime_type| !mime_type.is_empty() && *mime_type != "x-unknown")
            .map(Into::into),
        body: content.text.map(|raw| span(text, raw)),
        is_base64: content.encoding == "base64",
        size: content.size,
        problem,
    }
}

/// A URL without its origin and fragment.
fn path_and_query(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest.find('/').map_or("/", |at| &rest[at..]));
    rest.split('#').next().unwrap_or(rest)
}

/// A time as ISO 8601 has it, in UTC or with an offset, in milliseconds since the Unix epoch.
fn started(raw: &RawValue) -> Option<i64> {
    let text: String = serde_json::from_str(raw.get()).ok()?;
    let at = text.len().checked_sub("+00:00".len())?;
    let (time, offset_minutes) = match text.split_at_checked(at) {
        Some((time, offset)) if offset.starts_with(['+', '-']) => {
            let (hours, minutes) = offset[1..].split_once(':')?;
            let minutes = hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?;
            (format!("{time}Z"), if offset.starts_with('-') { -minutes } else { minutes })
        }
        _ => (text, 0),
    };
    let since = humantime::parse_rfc3339(&time).ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(i64::try_from(since.as_millis()).ok()? - offset_minutes * 60_000)
}

/// Where a value that was borrowed from a text is in it.
fn span(text: &str, raw: &RawValue) -> Range<usize> {
    let start = raw.get().as_ptr() as usize - text.as_ptr() as usize;
    start..start + raw.get().len()
}

/// The line and column of a byte.
pub(super) fn position(text: &[u8], at: usize) -> (usize, usize) {
    let before = &text[..at];
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    (before.iter().filter(|byte| **byte == b'\n').count() + 1, at - line_start + 1)
}

#[derive(Deserialize)]
struct Har<'a> {
    #[serde(borrow)]
    log: Log<'a>,
}

#[derive(Deserialize)]
struct Log<'a> {
    #[serde(borrow, default)]
    pages: Vec<Page<'a>>,
    #[serde(borrow)]
    entries: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow, rename = "startedDateTime")]
    started: &'a RawValue,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow, rename = "startedDateTime")]
    started: &'a RawValue,
    #[serde(borrow)]
    request: Request<'a>,
    #[serde(borrow)]
    response: Response<'a>,
}

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow)]
    url: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Response<'a> {
    status: i64,
    #[serde(borrow)]
    content: Content<'a>,
    #[serde(borrow, default, rename = "_error")]
    error: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "_cause")]
    cause: Cow<'a, str>,
    #[serde(borrow, default, rename = "_advice")]
    advice: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Content<'a> {
    #[serde(default)]
    size: i64,
    #[serde(borrow, default, rename = "mimeType")]
    mime_type: Cow<'a, str>,
    #[serde(borrow, default)]
    text: Option<&'a RawValue>,
    #[serde(borrow, default)]
    encoding: Cow<'a, str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn har(entries: &str) -> String {
        format!("{{\"log\":{{\"version\":\"1.2\",\n\"entries\":[{entries}]}}}}")
    }

    #[test]
    fn what_others_write_is_read() {
        let text = har(
            r#"{"startedDateTime":"2024-05-01T14:00:00.5+02:00","_priority":"High","request":{"method":"GET","url":"https:\/\/host:6443\/api?limit=5#x"},
            "response":{"status":200,"content":{"size":3,"mimeType":"x-unknown","text":"a\nb","compression":-1},"_error":null}},
            {"startedDateTime":"","request":{"method":"POST","url":"https://host/api"},"response":{"status":200,"content":{}}},
            {"startedDateTime":"","request":{"method":"GET","url":"https://host"},"response":{"status":-1,"content":{"mimeType":"text/plain","text":"AA==","encoding":"base64"},"_error":"net::ERR_FAILED"}}"#,
        );
        let (answers, now_millis) = parse(&text).expect("a HAR");
        assert_eq!(now_millis, 1_714_564_800_500);
        let [first, second] = answers.as_slice() else { panic!("{answers:?}") };
        assert_eq!((&*first.path_and_query, first.status, &first.content_type), ("/api?limit=5", 200, &None));
        assert_eq!(&text[first.body.clone().expect("a body")], r#""a\nb""#);
        assert_eq!((first.is_base64, &first.problem), (false, &None));
        assert_eq!((&*second.path_and_query, second.status, second.is_base64), ("/", 0, true));
        assert_eq!(second.content_type.as_deref(), Some("text/plain"));
        assert_eq!(second.problem.as_ref().map(|problem| problem.reason.as_str()), Some("net::ERR_FAILED"));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let time = |time: &str| {
            har(&format!(
                r#"{{"startedDateTime":{time},"request":{{"method":"GET","url":"/"}},"response":{{"status":1,"content":{{}}}}}}"#
            ))
        };
        for (text, line, column, reason) in [
            (String::new(), 1, 0, "EOF while parsing"),
            ("{}".into(), 1, 2, "missing field `log`"),
            ("{\"log\":\n{\"entries\":[7]}}".into(), 2, 13, "invalid type"),
            (har("{").replace("]}}", ""), 2, 12, "EOF while parsing"),
            (time("\"yesterday\""), 2, 31, "startedDateTime is no time"),
            (time("\"2024-05-01T14:00:00+xx:00\""), 2, 31, "startedDateTime is no time"),
            (time("7"), 2, 31, "startedDateTime is no time"),
        ] {
            let malformed = parse(&text).expect_err("malformed");
            assert_eq!((malformed.line, malformed.column), (line, column), "{text}: {malformed:?}");
            assert!(malformed.reason.starts_with(reason), "{text}: {malformed:?}");
            assert!(!malformed.reason.contains("column"), "{malformed:?}");
        }
    }

    #[test]
    fn paths_are_found_in_urls() {
        for (url, path) in [
            ("http://h/a?b#c", "/a?b"),
            ("https://h", "/"),
            ("/a/b", "/a/b"),
            ("https://h/?q=x://y", "/?q=x://y"),
        ] {
            assert_eq!(path_and_query(url), path);
        }
    }
}
