//! Why an API server refused a request, and what to do about it.
//!
//! The reason is the server's text and goes to people and reports. So it is cut to one line of bounded length without control
//! characters.

use super::html;
use super::tally::Tally;
use serde::Deserialize;
use std::io::Read;
use wagather_abi::Status;
use wagather_base::limits::MAX_ERROR_BODY_BYTES;
use wagather_kube::Response;
use wagather_printable::is_printable;

/// Plain text is cut at this length.
const MAX_PLAIN_REASON_CHARS: usize = 200;

/// The message of a `Status` is cut at this length. It can name users, resources and admission plugins.
const MAX_STATUS_REASON_CHARS: usize = 2000;

/// The body of a refusal. Fields are empty if the body lacks them.
#[derive(Default)]
pub(super) struct ServerStatus {
    /// The reason.
    pub(super) message: String,
    /// Its HTTP status, or 0.
    pub(super) code: u16,
    /// The new continue token for a list whose token expired.
    pub(super) fresh_token: String,
}

/// The fields of a Kubernetes `Status` that are used here.
#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    message: String,
    #[serde(default)]
    code: i64,
    #[serde(default)]
    metadata: BodyMeta,
}

#[derive(Default, Deserialize)]
struct BodyMeta {
    #[serde(default, rename = "continue")]
    token: String,
}

impl ServerStatus {
    /// Reads the body of a refusal, up to a limit.
    pub(super) fn read(response: Response, tally: &mut Tally) -> ServerStatus {
        let content_type = response.content_type;
        let mut body = Vec::new();
        let read = response.body.take(MAX_ERROR_BODY_BYTES as u64).read_to_end(&mut body);
        // The reason is kept even if it exceeds the budget.
        let _ = tally.count_received(body.len() as u64);
        match read {
            Ok(_) => ServerStatus::parse(&body, content_type.as_deref()),
            Err(_) => ServerStatus::default(),
        }
    }

    /// Parses a body with this media type.
    pub(super) fn parse(body: &[u8], content_type: Option<&str>) -> ServerStatus {
        match serde_json::from_slice::<Body>(body) {
            Ok(body) => ServerStatus {
                message: one_line(&body.message, MAX_STATUS_REASON_CHARS),
                code: u16::try_from(body.code).unwrap_or(0),
                fresh_token: body.metadata.token,
            },
            Err(_) => ServerStatus {
                message: html::describe(body, content_type).unwrap_or_else(|| plain_reason(body)),
                ..ServerStatus::default()
            },
        }
    }

    /// The status and the reason for a `Status` object in a response with HTTP 200.
    pub(super) fn in_a_success(message: &str, code: u16) -> (Status, String) {
        let message = one_line(message, MAX_STATUS_REASON_CHARS);
        let message = if message.is_empty() { "no reason given".to_owned() } else { message };
        match code {
            400..=599 => (Status::http(code), format!("HTTP 200 with a Status of code {code}: {message}")),
            _ => (
                Status::BAD_ANSWER,
                format!("HTTP 200 with a Status instead of the requested object: {message}"),
            ),
        }
    }
}

fn one_line(text: &str, most_chars: usize) -> String {
    text.chars().filter(|c| is_printable(*c)).take(most_chars).collect()
}

/// The first line of plain text, as servers send it for an unknown path or a request without TLS. Empty for HTML and JSON.
fn plain_reason(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    if line.starts_with(['<', '{', '[']) {
        return String::new();
    }
    one_line(line, MAX_PLAIN_REASON_CHARS)
}

/// The reason for people.
pub(super) fn text(code: u16, message: &str) -> String {
    let message = if message.is_empty() { "no reason given" } else { message };
    format!("HTTP {code}: {message}")
}

/// What to do about a response that is not a success.
pub(super) const fn advice(code: u16) -> &'static str {
    match code {
        300..=399 => "an API server does not redirect: check the server's URL, and any proxy in front of it",
        401 => "the server rejected the credentials: renew them, or check which context is used",
        403 => "the account lacks this permission: grant it, or use another account",
        404 => "this cluster does not have this resource or object",
        410 => "the server no longer has this state of the list: run again",
        429 => "the server is busy: run again later",
        500.. => "the server failed: check its logs",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_may_be_plain_text() {
        assert_eq!(plain_reason(b"404 page not found\n"), "404 page not found");
        assert_eq!(plain_reason(b"\n  no \x1b[2Jhealthy\tupstream\r\nmore"), "no [2Jhealthyupstream");
        assert_eq!(plain_reason(&[b'x'; 5000]).len(), MAX_PLAIN_REASON_CHARS);
        for body in [&b""[..], b" \n", b"<html>\n", b"{\"kind\": \"Sta", b"[1,"] {
            assert_eq!(plain_reason(body), "");
        }
    }

    #[test]
    fn a_status_object_gives_its_message_and_its_token() {
        let status = ServerStatus::parse(
            br#"{"message":"pods is\u001b[2J forbidden","metadata":{"continue":"abc"}}"#,
            None,
        );
        assert_eq!(status.message, "pods is[2J forbidden");
        assert_eq!(status.fresh_token, "abc");
        assert_eq!(ServerStatus::parse(br#"{"kind":"Status"}"#, None).message, "");
    }
}
