//! Errors as problems (RFC 9457).

use crate::status::NotAccepted;
use serde_json::{Value, json};
use wagather_http::{Response, StatusCode, header};

/// When to ask again if too many runs wait, or no replica leads, in seconds.
const RETRY_SECONDS: &str = "5";

/// A sentence about a request that cannot be used.
#[derive(Debug)]
pub(super) struct Mistake(pub(super) String);

impl From<Mistake> for Response {
    fn from(Mistake(detail): Mistake) -> Response {
        problem(StatusCode::BAD_REQUEST, detail)
    }
}

/// A problem with its status and a sentence about it.
pub(super) fn problem(status: StatusCode, detail: impl Into<String>) -> Response {
    with(status, detail, &[])
}

/// The same with further members.
pub(super) fn with(status: StatusCode, detail: impl Into<String>, members: &[(&str, Value)]) -> Response {
    let title = status.canonical_reason().unwrap_or_default();
    let mut body = json!({ "title": title, "status": status.as_u16(), "detail": detail.into() });
    for (name, value) in members {
        body[*name] = value.clone();
    }
    Response::json(&body).status(status).header(header::CONTENT_TYPE, "application/problem+json")
}

/// Why a run was not accepted.
pub(super) fn not_accepted(reason: &NotAccepted) -> Response {
    let status = match reason {
        NotAccepted::UnknownGatherer(_) => StatusCode::NOT_FOUND,
        NotAccepted::Params(_) => StatusCode::UNPROCESSABLE_ENTITY,
        NotAccepted::Active(_) => StatusCode::CONFLICT,
        NotAccepted::TooMany => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    match reason {
        NotAccepted::Active(run) => with(status, sentence(reason), &[("run", run.as_str().into())]),
        NotAccepted::NotLeader(Some(leader)) => {
            with(status, sentence(reason), &[("leader", leader.as_str().into())])
        }
        NotAccepted::TooMany | NotAccepted::NotLeader(None) => {
            problem(status, sentence(reason)).header(header::RETRY_AFTER, RETRY_SECONDS)
        }
        _ => problem(status, sentence(reason)),
    }
}

fn sentence(reason: &NotAccepted) -> String {
    let text = reason.to_string();
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    format!("{first}{}.", chars.as_str().trim_end_matches('.'))
}
