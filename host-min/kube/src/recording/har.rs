//! The parts of a HAR file that a replay needs, found in its text.
//!
//! Not here: which answer is given to what, and what a body's bytes are. Bodies stay where they are in the text, as they are
//! written: a body is half of a megabyte of escapes, and most runs want a few of those that a recording has.
//!
//! What tools write where the specification wants a number or a text is read as far as it can be: sizes are `null`, `-1` or
//! fractions, offsets of times lack their colon, texts that are not there are `null`.

use std::borrow::Cow;
use std::ops::Range;
use std::time::UNIX_EPOCH;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{CAUSES, ORIGIN, Problem};
use crate::Cause;

/// A recorded exchange.
#[derive(Debug)]
pub(super) struct Answer {
    /// The URL's path and query.
    pub(super) path_and_query: Box<str>,
    /// The URL's host and port, without a user's name or password, and what a proxy has before the paths; empty if the URL has none.
    pub(super) host: Box<str>,
    /// Whether the request asked for the table that `kubectl get` prints, which has no objects.
    pub(super) is_table: bool,
    /// The HTTP status; 0 if no answer came.
    pub(super) status: u16,
    /// Whether the one who asked had the answer already, no longer waited for it, or had to log in first.
    pub(super) is_no_answer: bool,
    pub(super) content_type: Option<Box<str>>,
    /// Where the body is in the file's text, as a JSON string; `None` if the file has none.
    pub(super) body: Option<Range<usize>>,
    pub(super) is_base64: bool,
    /// How the server compressed the body, if an answer's header says so: `gzip`.
    pub(super) content_encoding: Box<str>,
    /// How many bytes the body had; none if that is not known.
    pub(super) size: Option<u64>,
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
    let pages = har.log.pages.unwrap_or_default();
    let first = pages.iter().find_map(|page| page.started);
    let now_millis = match first.or_else(|| har.log.entries.iter().find_map(|entry| entry.started)) {
        None => 0,
        Some(raw) => started(raw).ok_or_else(|| {
            let (line, column) = position(text.as_bytes(), span(text, raw).start);
            Malformed {
                line,
                column,
                reason: "startedDateTime is not a timestamp such as 2024-05-01T12:00:00.000Z".into(),
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
    let status =
        response.status.filter(|status| (0.0..=999.0).contains(status)).map_or(0, |status| status as u16);
    let content = response.content.unwrap_or_default();
    let body = content.text.map(|raw| span(text, raw));
    let has_body = body.as_ref().is_some_and(|body| body.len() > "\"\"".len());
    // A browser that had the answer already got no other one. Some write down what they had. What we recorded was asked for.
    let is_ours = is_ours(&request.url);
    let status = if status == 304 && has_body && !is_ours { 200 } else { status };
    // What a browser gave up. Our own recordings have a cause.
    let is_aborted = status == 0 && response.cause.is_none();
    let reason = response.error.and_then(|raw| serde_json::from_str::<String>(raw.get()).ok());
    let problem = match reason.filter(|reason| !reason.is_empty()) {
        Some(reason) => {
            let cause = cause(response.cause.as_deref().unwrap_or_default());
            let advice = response.advice.unwrap_or_default().into_owned();
            Some(Problem { cause, reason, advice })
        }
        None if status == 0 => Some(Problem {
            cause: Cause::Final,
            reason: "the server sent no response when this was recorded".into(),
            advice: String::new(),
        }),
        None => None,
    };
    let is_table = header(&request.headers, "accept").is_some_and(|accept| accept.contains("as=Table"));
    Answer {
        path_and_query: path_and_query(&request.url).into(),
        host: host(&request.url).into(),
        is_table,
        status,
        content_type: content
            .mime_type
            // What browsers write if the server named none.
            .filter(|mime_type| !mime_type.is_empty() && *mime_type != "x-unknown")
            .map(Into::into),
        body,
        is_no_answer: !is_ours && (matches!(status, 304 | 401) || is_aborted),
        is_base64: content.encoding.is_some_and(|encoding| encoding.eq_ignore_ascii_case("base64")),
        content_encoding: header(&response.headers, "content-encoding").unwrap_or_default().into(),
        size: content.size.filter(|size| *size >= 0.0).map(|size| size as u64),
        problem,
    }
}

/// The value of a header, by its name in small letters.
fn header<'h>(headers: &'h Option<Vec<Header<'_>>>, wanted: &str) -> Option<&'h str> {
    let named =
        |header: &&Header<'_>| header.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(wanted));
    headers.iter().flatten().find(named)?.value.as_deref()
}

/// Whether a URL is one of our recordings: all of it is the API server's.
fn is_ours(url: &str) -> bool {
    url.strip_prefix(ORIGIN).is_some_and(|path| path.starts_with('/'))
}

/// A URL without its origin and fragment, and without what a proxy has before the API server's paths.
fn path_and_query(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest.find('/').map_or("/", |at| &rest[at..]));
    let rest = rest.split('#').next().unwrap_or(rest);
    if is_ours(url) { rest } else { &rest[prefix(rest)..] }
}

/// The length of what is before the API server's paths: of `/api/kubernetes/api/v1/pods` as the console of OpenShift asks, of
/// `/k8s/clusters/c-1/apis/apps/v1/deployments` as Rancher does.
fn prefix(path_and_query: &str) -> usize {
    // The description of an API has its path at its end.
    const BEGINNINGS: [&str; 3] = ["/api/v1/", "/apis/", "/openapi/"];
    let path = path_and_query.split('?').next().unwrap_or_default();
    let is_api = path == "/api/v1" || BEGINNINGS.iter().any(|beginning| path.starts_with(beginning));
    if is_api {
        return 0;
    }
    BEGINNINGS.iter().filter_map(|beginning| path.find(beginning)).min().unwrap_or(0)
}

/// A URL's host and port, and what a proxy has before the paths of one cluster.
fn host(url: &str) -> String {
    let Some((_, rest)) = url.split_once("://") else { return String::new() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let before = if is_ours(url) { 0 } else { prefix(path) };
    format!("{host}{}", &path[..before])
}

/// A time as ISO 8601 has it, in UTC or with an offset, in milliseconds since the Unix epoch.
fn started(raw: &RawValue) -> Option<i64> {
    let text: String = serde_json::from_str(raw.get()).ok()?;
    let (time, offset_minutes) = match text.find('T').and_then(|at| Some(at + text[at..].find(['+', '-'])?)) {
        Some(at) => {
            let minutes = offset_minutes(&text[at + 1..])?;
            (format!("{}Z", &text[..at]), if text[at..].starts_with('-') { -minutes } else { minutes })
        }
        None => (text, 0),
    };
    let since = humantime::parse_rfc3339(&time).ok()?.duration_since(UNIX_EPOCH).ok()?;
    Some(i64::try_from(since.as_millis()).ok()? - offset_minutes * 60_000)
}

/// An offset without its sign: `02:00`, and as ISO 8601 also has it, `0200` and `02`.
fn offset_minutes(offset: &str) -> Option<i64> {
    let (hours, minutes) = offset.split_at_checked(2)?;
    let minutes = if minutes.is_empty() { "00" } else { minutes.strip_prefix(':').unwrap_or(minutes) };
    let number = |digits: &str| match digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        true => digits.parse::<i64>().ok(),
        false => None,
    };
    Some(number(hours)? * 60 + number(minutes)?)
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
    #[serde(borrow)]
    pages: Option<Vec<Page<'a>>>,
    #[serde(borrow)]
    entries: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow, rename = "startedDateTime")]
    started: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow, rename = "startedDateTime")]
    started: Option<&'a RawValue>,
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
    #[serde(borrow)]
    headers: Option<Vec<Header<'a>>>,
}

#[derive(Deserialize)]
struct Response<'a> {
    status: Option<f64>,
    #[serde(borrow)]
    headers: Option<Vec<Header<'a>>>,
    #[serde(borrow)]
    content: Option<Content<'a>>,
    #[serde(borrow, rename = "_error")]
    error: Option<&'a RawValue>,
    #[serde(borrow, rename = "_cause")]
    cause: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "_advice")]
    advice: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Header<'a> {
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    value: Option<Cow<'a, str>>,
}

#[derive(Default, Deserialize)]
struct Content<'a> {
    size: Option<f64>,
    #[serde(borrow, rename = "mimeType")]
    mime_type: Option<Cow<'a, str>>,
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    encoding: Option<Cow<'a, str>>,
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
        assert_eq!((first.size, &*first.host), (Some(3), "host:6443"));
        assert_eq!((&*second.path_and_query, second.status, second.is_base64), ("/", 0, true));
        assert_eq!(second.content_type.as_deref(), Some("text/plain"));
        assert_eq!(second.problem.as_ref().map(|problem| problem.reason.as_str()), Some("net::ERR_FAILED"));
    }

    #[test]
    fn what_the_specification_does_not_have_is_read_as_far_as_it_goes() {
        let entry = |response: &str| {
            har(&format!(
                r#"{{"request":{{"method":"GET","url":"/a","headers":null}},"response":{response}}}"#
            ))
        };
        for (response, status, size) in [
            (
                r#"{"status":200,"content":{"size":null,"text":null,"encoding":null,"mimeType":null}}"#,
                200,
                None,
            ),
            (r#"{"status":200.0,"content":{"size":87.0}}"#, 200, Some(87)),
            (r#"{"status":200,"content":{"size":87.9}}"#, 200, Some(87)),
            (r#"{"status":200,"content":{"size":8.7e1}}"#, 200, Some(87)),
            (r#"{"status":200,"content":{"size":-1}}"#, 200, None),
            (r#"{"status":200,"content":null}"#, 200, None),
            (r#"{"status":200,"_error":null,"_cause":null,"_advice":null}"#, 200, None),
            (r#"{"status":null}"#, 0, None),
            (r#"{"status":1e9}"#, 0, None),
        ] {
            let (answers, _) = parse(&entry(response)).expect(response);
            assert_eq!(
                (answers[0].status, answers[0].size, &answers[0].body),
                (status, size, &None),
                "{response}"
            );
        }
        assert!(parse(&entry("{}").replace(r#""entries""#, r#""pages":null,"entries""#)).is_ok());
    }

    #[test]
    fn times_have_offsets_as_iso_8601_has_them() {
        let of = |time: &str| {
            started(&RawValue::from_string(format!("\"{time}\"")).expect("JSON")).map(|millis| millis / 1000)
        };
        let noon = Some(1_714_564_800);
        for time in [
            "2024-05-01T12:00:00Z",
            "2024-05-01T14:00:00.000+02:00",
            "2024-05-01T14:00:00.000+0200",
            "2024-05-01T14:00:00+02",
            "2024-05-01T06:30:00.1234567-0530",
            "2024-05-01T12:00:00+0000",
            "2024-05-01T12:00:00-00:00",
        ] {
            assert_eq!(of(time), noon, "{time}");
        }
        for time in
            ["2024-05-01", "2024-05-01T12:00:00+2", "2024-05-01T12:00:00+2:000", "2024-05-01T12:00:00+-200"]
        {
            assert_eq!(of(time), None, "{time}");
        }
    }

    #[test]
    fn hosts_are_named_without_who_asked_them() {
        for (url, expected) in [
            ("https://h:6443/a", "h:6443"),
            ("https://me:secret@h?x", "h"),
            ("https://[::1]:6443", "[::1]:6443"),
            ("/a", ""),
            ("https://h/k8s/clusters/c-1/apis/apps/v1/deployments?a=/api/v1/b", "h/k8s/clusters/c-1"),
            ("https://h/api/kubernetes/openapi/v3/apis/apps/v1", "h/api/kubernetes"),
            ("https://cluster.invalid/healthz/apis/a", "cluster.invalid"),
        ] {
            assert_eq!(host(url), expected, "{url}");
        }
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
            (time("\"yesterday\""), 2, 31, "startedDateTime is not a timestamp"),
            (time("\"2024-05-01T14:00:00+xx:00\""), 2, 31, "startedDateTime is not a timestamp"),
            (time("7"), 2, 31, "startedDateTime is not a timestamp"),
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
            ("https://h/api/kubernetes/api/v1/pods?limit=250", "/api/v1/pods?limit=250"),
            ("https://h/k8s/clusters/c-1/apis/apps/v1/deployments", "/apis/apps/v1/deployments"),
            (
                "https://h/api/v1/namespaces/a/services/b/proxy/apis/c",
                "/api/v1/namespaces/a/services/b/proxy/apis/c",
            ),
            ("https://h/api/v1", "/api/v1"),
            ("https://h/metrics?a=/api/v1/b", "/metrics?a=/api/v1/b"),
            ("https://h/openapi/v3/apis/apps/v1?hash=a", "/openapi/v3/apis/apps/v1?hash=a"),
            ("https://h/api/kubernetes/openapi/v3/apis/apps/v1", "/openapi/v3/apis/apps/v1"),
            ("https://cluster.invalid/healthz/apis/a", "/healthz/apis/a"),
            ("https://cluster.invalid.example/k8s/clusters/c-1/apis/a", "/apis/a"),
        ] {
            assert_eq!(path_and_query(url), path);
        }
    }
}
