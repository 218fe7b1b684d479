//! What clients ask before they offer to do something: who am I, and may I. Everybody with the token may read.

use serde_json::{Value, json};
use wagather_http::{Request, Response, StatusCode};

use super::protobuf;
use super::refusal::Refusal;
use super::target::Target;

/// The status of a review, from its body; none if that is no review.
type Review = fn(&[u8]) -> Option<Value>;

/// Answers a review, if the target is one.
pub(super) fn answer(target: &Target, request: &Request) -> Option<Result<Response, Refusal>> {
    let Target { group, version, plural, namespace: None } = target else { return None };
    let (kind, status): (&str, Review) = match (&**group, &**version, &**plural) {
        ("authorization.k8s.io", "v1", "selfsubjectaccessreviews") => ("SelfSubjectAccessReview", access),
        ("authorization.k8s.io", "v1", "selfsubjectrulesreviews") => ("SelfSubjectRulesReview", rules),
        ("authentication.k8s.io", "v1", "selfsubjectreviews") => ("SelfSubjectReview", user),
        _ => return None,
    };
    let Some(status) = status(request.body()) else {
        return Some(Err(Refusal::bad_request("the body is no review")));
    };
    let review = json!({
        "kind": kind,
        "apiVersion": target.api_version(),
        "metadata": {"creationTimestamp": null},
        "spec": {},
        "status": status,
    });
    Some(Ok(Response::json(&review).status(StatusCode::CREATED)))
}

/// Whether the verb is one that an archive knows.
fn access(body: &[u8]) -> Option<Value> {
    let verb = match protobuf::object(body) {
        // The spec is field 2; in it, the attributes of a resource are field 1, those of a path 2; in both, the verb is field 2.
        Some(review) => {
            protobuf::text(review, &[2, 1, 2]).or_else(|| protobuf::text(review, &[2, 2, 2]))?.to_owned()
        }
        None => {
            let review: Value = serde_json::from_slice(body).ok()?;
            let text = |attributes: &str| review.pointer(&format!("/spec/{attributes}/verb"))?.as_str();
            text("resourceAttributes").or_else(|| text("nonResourceAttributes"))?.to_owned()
        }
    };
    let is_allowed = matches!(&*verb, "get" | "list" | "watch");
    Some(
        json!({"allowed": is_allowed, "reason": if is_allowed { "" } else { "an archive can only be read" }}),
    )
}

fn rules(_: &[u8]) -> Option<Value> {
    let verbs = ["get", "list", "watch"];
    Some(json!({
        "resourceRules": [{"verbs": verbs, "apiGroups": ["*"], "resources": ["*"]}],
        "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["*"]}],
        "incomplete": false,
    }))
}

fn user(_: &[u8]) -> Option<Value> {
    Some(json!({"userInfo": {"username": "archive-reader", "groups": ["system:authenticated"]}}))
}
