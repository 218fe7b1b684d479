//! Items that cannot be used: each is skipped, counted and named in the report, and the list goes on.

use super::Context;
use crate::answer::asked::Asked;
use crate::answer::object::NAMED_BY_TOKEN;
use crate::gaps::Gap;
use crate::line;
use wagather_abi::manifest::{is_name, is_object_name};
use wagather_json::project::{self, Identity};
use wagather_json::redact::REDACTED;
use wagather_policy::rights::describe;

/// Why an item cannot be used.
pub(super) struct Invalid {
    reason: &'static str,
    field: String,
    byte: Option<u64>,
}

/// Why an item cannot be used, if it cannot. `kept` is its text after projection.
pub(super) fn check(identity: &Identity, odd: Option<project::Odd>, kept: &[u8]) -> Option<Invalid> {
    if let Some(odd) = odd {
        return Some(Invalid { reason: odd.reason, field: odd.field(kept), byte: Some(odd.at_byte) });
    }
    let Identity { name, namespace, .. } = identity;
    let nameless = |reason, field: &str| Some(Invalid { reason, field: field.to_owned(), byte: None });
    if name.is_empty() {
        return nameless("it has no name", "metadata.name");
    }
    if !is_object_name(name) {
        return nameless("its name is not a valid object name", "metadata.name");
    }
    if !namespace.is_empty() && !is_name(namespace) {
        return nameless("its namespace is not a valid namespace name", "metadata.namespace");
    }
    None
}

/// Skips an item whose name is a token. The report names nothing else about it.
pub(super) fn skip_named_by_token(number: u64, asked: &Asked, cx: &mut Context<'_>) {
    let reason = NAMED_BY_TOKEN;
    let invalid = Invalid { reason, field: "metadata.name".to_owned(), byte: None };
    invalid.skip(&Identity { name: REDACTED.to_owned(), ..Identity::default() }, number, asked, cx);
}

/// Records what the source knows to be missing from a list that was read to its end.
pub(in crate::answer) fn record_missing(asked: &Asked, cx: &mut Context<'_>) {
    for reason in cx.fetcher.source().missing(&asked.path_and_query()) {
        let asked_for = describe(&asked.request);
        let text = format!("{asked_for}: {reason}");
        let gap = Gap { asked: asked_for, reason, ..Gap::default() };
        cx.tally.record_skipped(asked.resource, gap, text, None);
    }
}

impl Invalid {
    /// Skips an item. `number` is its position in the list, from 1.
    pub(super) fn skip(self, identity: &Identity, number: u64, asked: &Asked, cx: &mut Context<'_>) {
        let Invalid { reason, field, byte } = self;
        let field = line::of(field.as_bytes());
        let object = object_of(identity);
        let asked_for = describe(&asked.request);
        let who = if object.is_empty() { format!("item {number} (no name)") } else { object.clone() };
        let place = place(&field, byte);
        let text = format!("{asked_for}: skipped {who}: {reason}{place}");
        let gap = Gap { asked: asked_for, object, field, byte, reason: reason.to_owned(), ..Gap::default() };
        cx.tally.record_skipped(asked.resource, gap, text, None);
    }
}

/// An object's name for people: `NAMESPACE/NAME`, `NAME`, or empty if it has none.
pub(in crate::answer) fn object_of(identity: &Identity) -> String {
    let Identity { name, namespace, .. } = identity;
    match (&**namespace, &**name) {
        (_, "") => String::new(),
        ("", name) => line::escaped(name),
        (namespace, name) => format!("{}/{}", line::escaped(namespace), line::escaped(name)),
    }
}

/// A place in an object, in words.
pub(in crate::answer) fn place(field: &str, byte: Option<u64>) -> String {
    let byte = byte.map_or_else(String::new, |byte| format!(" at byte {byte} of the object"));
    match (field, &*byte) {
        ("", "") => String::new(),
        ("", _) => byte,
        (field, _) => format!("{byte}, in {field}"),
    }
}
