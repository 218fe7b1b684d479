//! The answers of a server: correct ones, refusals, and ways in which an answer is damaged in transit.

use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) location: Option<String>,
    pub(crate) retry_after: Option<&'static str>,
    pub(crate) body: Arc<[u8]>,
    pub(crate) framing: Framing,
    pub(crate) delivery: Delivery,
}

/// How the body's length is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// With `Content-Length`.
    Length,
    /// In chunks.
    Chunked,
    /// Not at all: the body ends with the connection.
    Close,
}

/// How the body arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    Whole,
    /// So many bytes, then the connection closes.
    Cut(usize),
    /// The body, and then this without an end.
    Endless(Arc<[u8]>, Duration),
    /// So many bytes at a time, with a pause after each.
    Drip(usize, Duration),
    /// Nothing at all, not even a head, while the client waits.
    Silence,
}

impl Answer {
    /// 200 with JSON.
    pub fn json(body: &Value) -> Answer {
        Answer::bytes("application/json", body.to_string())
    }

    /// 200 with any body.
    pub fn bytes(content_type: &'static str, body: impl Into<Vec<u8>>) -> Answer {
        let body = body.into().into();
        let (framing, delivery) = (Framing::Length, Delivery::Whole);
        Answer { status: 200, content_type, location: None, retry_after: None, body, framing, delivery }
    }

    /// A refusal, with the `Status` object that Kubernetes sends.
    pub fn status(code: u16, reason: &str, message: &str) -> Answer {
        Answer { status: code, ..Answer::json(&status_object(code, reason, message)) }
    }

    /// What a proxy before the server says: a page for people.
    pub fn page(code: u16, text: &str) -> Answer {
        Answer {
            status: code,
            ..Answer::bytes("text/html", format!("<html><body><h1>{text}</h1></body></html>"))
        }
    }

    /// Go elsewhere.
    pub fn redirect(location: &str) -> Answer {
        Answer { status: 302, location: Some(location.into()), ..Answer::bytes("text/plain", "") }
    }

    /// Nothing: the request is read, and never answered.
    pub fn silence() -> Answer {
        Answer { delivery: Delivery::Silence, ..Answer::bytes("text/plain", "") }
    }

    /// The same with another HTTP status.
    pub fn with_status(self, status: u16) -> Answer {
        Answer { status, ..self }
    }

    /// The same with a `Retry-After`.
    pub fn retry_after(self, value: &'static str) -> Answer {
        Answer { retry_after: Some(value), ..self }
    }

    /// Says the body's length in another way.
    pub fn framed(self, framing: Framing) -> Answer {
        Answer { framing, ..self }
    }

    /// Sends only so many bytes of the body, then closes the connection.
    pub fn cut_after(self, bytes: usize) -> Answer {
        Answer { delivery: Delivery::Cut(bytes), ..self }
    }

    /// Sends the body and then this again and again, in chunks of 64 KiB with a pause after each: an answer without an end.
    pub fn endless(self, more: &[u8], pause: Duration) -> Answer {
        let chunk = more.repeat((64 << 10) / more.len()).into();
        Answer { delivery: Delivery::Endless(chunk, pause), framing: Framing::Chunked, ..self }
    }

    /// Sends so many bytes at a time and then pauses.
    pub fn drip(self, bytes: usize, pause: Duration) -> Answer {
        Answer { delivery: Delivery::Drip(bytes, pause), ..self }
    }
}

/// A `Status` object.
pub(crate) fn status_object(code: u16, reason: &str, message: &str) -> Value {
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": message, "reason": reason, "code": code,
    })
}
