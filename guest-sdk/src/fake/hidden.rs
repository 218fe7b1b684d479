//! Hides fields, as a grant's `without` does.

use super::answer::path;
use crate::abi::{Verb, field};
use crate::sys;
use miniserde::json::Value;
use std::string::String;
use std::vec::Vec;

/// The keys of a path; `None` if it is invalid.
pub(super) fn keys(path: &str) -> Option<Vec<&str>> {
    field::keys(path).collect::<Result<_, _>>().ok()
}

/// The hidden fields of a request's objects.
pub(super) fn of<'h>(hidden: &'h [(String, String)], request: &sys::Request<'_>) -> Vec<Vec<&'h str>> {
    if request.verb == Verb::RAW {
        return Vec::new();
    }
    let [own, everywhere] = [request.namespace, ""].map(|namespace| {
        path(&sys::Request { namespace, name: "", subresource: "", verb: Verb::LIST, ..*request })
    });
    let are_of = |path: &str| path == own || path == everywhere;
    hidden.iter().filter(|(path, _)| are_of(path)).filter_map(|(_, field)| keys(field)).collect()
}

/// Removes a field from an object.
pub(super) fn remove(object: &mut Value, keys: &[&str]) {
    match (object, keys) {
        (Value::Array(elements), _) => elements.iter_mut().for_each(|element| remove(element, keys)),
        (Value::Object(fields), [last]) => _ = fields.remove(*last),
        (Value::Object(fields), [first, rest @ ..]) => {
            if let Some(field) = fields.get_mut(*first) {
                remove(field, rest);
            }
        }
        _ => {}
    }
}

/// The fields that are redacted in every object of a resource.
pub(super) fn redacted(resource: &str, subresource: &str) -> &'static [&'static str] {
    match (resource, subresource) {
        ("secrets", _) | (_, "secrets") => &["data"],
        ("oauthclients", _) => &["secret", "additionalSecrets"],
        ("oauthaccesstokens" | "oauthauthorizetokens" | "useroauthaccesstokens", _) => {
            &["authorizeToken", "refreshToken"]
        }
        _ => &[],
    }
}

/// Whether a field is hidden: it or a field that contains it is removed or redacted.
pub(super) fn hides(hidden: &[Vec<String>], redacted: &[&str], field: &[&str]) -> bool {
    let is_within =
        |outer: &Vec<String>| outer.len() <= field.len() && outer.iter().zip(field).all(|(a, b)| a == b);
    hidden.iter().any(is_within)
        || field.contains(&"stringData")
        || field.starts_with(&["metadata", "annotations", "kubectl.kubernetes.io/last-applied-configuration"])
        || field.first().is_some_and(|first| redacted.contains(first))
}
