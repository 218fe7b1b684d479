//! Why the server answers a request itself, instead of the handler.

use crate::Response;
use http::{StatusCode, header};
use serde_json::json;

/// Why the server answers a request itself, instead of the handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The target is no path, or names another host than the header.
    Target,
    /// Not one `Host`, or one that is no host.
    Host,
    /// A host that is not this machine: a name that somebody points here.
    ForeignHost,
    /// A browser sent it for another site.
    ForeignSite,
    /// There is no token.
    NoToken,
    /// There is a wrong token.
    WrongToken,
    /// The target is too long.
    LongTarget,
    /// The body is too large.
    LargeBody,
    /// The body did not come in time.
    SlowBody,
    /// The body broke off.
    BrokenBody,
    /// Whoever was to answer later will not.
    Abandoned,
    /// The handler failed.
    Failed,
}

impl Refusal {
    /// The status.
    pub fn status(self) -> StatusCode {
        match self {
            Refusal::Target | Refusal::Host | Refusal::BrokenBody => StatusCode::BAD_REQUEST,
            Refusal::ForeignHost => StatusCode::MISDIRECTED_REQUEST,
            Refusal::ForeignSite => StatusCode::FORBIDDEN,
            Refusal::NoToken | Refusal::WrongToken => StatusCode::UNAUTHORIZED,
            Refusal::LongTarget => StatusCode::URI_TOO_LONG,
            Refusal::LargeBody => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::SlowBody => StatusCode::REQUEST_TIMEOUT,
            Refusal::Abandoned => StatusCode::SERVICE_UNAVAILABLE,
            Refusal::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// A sentence for the client.
    pub fn detail(self) -> &'static str {
        match self {
            Refusal::Target => "The target of the request must be a path of this server.",
            Refusal::Host => "The request must have one Host header with the name of this server.",
            Refusal::ForeignHost => {
                "This server is for its own machine: call it localhost, 127.0.0.1 or [::1]."
            }
            Refusal::ForeignSite => "A page of another site sent this request.",
            Refusal::NoToken => "The request needs a bearer token in the header Authorization.",
            Refusal::WrongToken => "The bearer token of the request is not that of this server.",
            Refusal::LongTarget => "The path and the query of the request are too long.",
            Refusal::LargeBody => "The body of the request is too large.",
            Refusal::SlowBody => "The body of the request did not arrive in time.",
            Refusal::BrokenBody => "The body of the request broke off.",
            Refusal::Abandoned => "The server stopped working on this request.",
            Refusal::Failed => "The server failed on this request.",
        }
    }

    /// The header that says how to identify oneself, if that is what is missing.
    pub fn challenge(self) -> Option<&'static str> {
        match self {
            Refusal::NoToken => Some("Bearer"),
            Refusal::WrongToken => Some("Bearer error=\"invalid_token\""),
            _ => None,
        }
    }

    /// The response as a problem (RFC 9457).
    pub fn problem(self) -> Response {
        let status = self.status();
        let title = status.canonical_reason().unwrap_or_default();
        let body = json!({ "title": title, "status": status.as_u16(), "detail": self.detail() });
        let response =
            Response::json(&body).status(status).header(header::CONTENT_TYPE, "application/problem+json");
        match self.challenge() {
            Some(challenge) => response.header(header::WWW_AUTHENTICATE, challenge),
            None => response,
        }
    }
}
