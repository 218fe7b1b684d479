//! An answer as handlers give it.

use crate::Body;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::Value;

/// A response: the status, the headers and the body.
#[derive(Debug)]
pub struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
}

impl Response {
    /// A response without a body.
    pub fn new(status: StatusCode) -> Response {
        Response { status, headers: HeaderMap::new(), body: Body::empty() }
    }

    /// JSON, with the status 200.
    pub fn json(value: &Value) -> Response {
        Response::typed("application/json", value.to_string().into())
    }

    /// Plain text, with the status 200.
    pub fn text(text: impl Into<String>) -> Response {
        Response::typed("text/plain; charset=utf-8", text.into().into())
    }

    /// A body of this media type, with the status 200.
    pub fn typed(media_type: &'static str, body: Body) -> Response {
        Response::new(StatusCode::OK).header(header::CONTENT_TYPE, media_type).body(body)
    }

    /// Another status.
    pub fn status(mut self, status: StatusCode) -> Response {
        self.status = status;
        self
    }

    /// Adds a header, or replaces the one of this name. A value with characters that no header may have is left out, so a text of somebody
    /// else's cannot end the head.
    pub fn header(mut self, name: HeaderName, value: &str) -> Response {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    /// The body.
    pub fn body(mut self, body: Body) -> Response {
        self.body = body;
        self
    }

    /// The status, for tests of handlers.
    pub fn get_status(&self) -> StatusCode {
        self.status
    }

    /// The headers, for tests of handlers.
    pub fn get_headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body, for tests of handlers.
    pub fn into_body(self) -> Body {
        self.body
    }
}
