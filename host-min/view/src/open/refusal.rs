//! Answers that are errors, as `Status` objects: kubectl shows their message and their reason.

use serde_json::{Value, json};
use wagather_http::{Response, StatusCode};

use super::target::Target;

/// Why a request has no other answer.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    reason: &'static str,
    message: String,
    details: Value,
}

impl Refusal {
    fn new(status: StatusCode, reason: &'static str, message: impl Into<String>) -> Refusal {
        Refusal { status, reason, message: message.into(), details: json!({}) }
    }

    /// The server has no such path.
    pub(super) fn no_path() -> Refusal {
        Refusal::new(StatusCode::NOT_FOUND, "NotFound", "the server could not find the requested resource")
    }

    /// The cluster had no such object.
    pub(super) fn no_object(target: &Target, name: &str) -> Refusal {
        let message = format!("{} {name:?} not found", target.qualified());
        let details = json!({"name": name, "group": target.group, "kind": target.plural});
        Refusal { details, ..Refusal::new(StatusCode::NOT_FOUND, "NotFound", message) }
    }

    /// The archive does not say whether the cluster has it. That is no "not found": it may be there.
    pub(super) fn not_gathered(reason: &str) -> Refusal {
        Refusal::new(
            StatusCode::FORBIDDEN,
            "Forbidden",
            format!("{reason}; what an archive does not have may exist in the cluster"),
        )
    }

    /// What the archive lacks, if that is the reason.
    pub(super) fn lack(&self) -> Option<&str> {
        (self.status == StatusCode::FORBIDDEN).then_some(&*self.message)
    }

    pub(super) fn message(&self) -> &str {
        &self.message
    }

    pub(super) fn bad_request(message: &str) -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    }

    pub(super) fn not_acceptable() -> Refusal {
        Refusal::new(
            StatusCode::NOT_ACCEPTABLE,
            "NotAcceptable",
            "only the following media types are accepted: application/json",
        )
    }

    /// An archive does not change.
    pub(super) fn read_only() -> Refusal {
        Refusal::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "MethodNotAllowed",
            "this server shows an archive, which nothing can change; only get, list and watch are allowed",
        )
    }

    pub(super) fn internal(message: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", message)
    }
}

impl From<Refusal> for Response {
    fn from(refusal: Refusal) -> Response {
        let Refusal { status, reason, message, details } = refusal;
        Response::json(&json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "reason": reason,
            "details": details,
            "code": status.as_u16(),
        }))
        .status(status)
    }
}
