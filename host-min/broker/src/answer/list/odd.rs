//! Items that cannot be used: each is skipped, counted and named, and the list goes on.

use super::{Asked, Means};
use crate::answer::NAMED_BY_TOKEN;
use crate::gaps::Gap;
use crate::line;
use wagather_abi::manifest::{is_name, is_object_name};
use wagather_json::project::{self, Identity};
use wagather_json::redact::REDACTED;
use wagather_policy::rights::describe;

/// Why an item cannot be used.
pub(super) struct Odd {
    reason: &'static str,
    field: String,
    byte: Option<u64>,
}

/// What is odd about an item, of which that was kept.
pub(super) fn of(identity: &Identity, odd: Option<project::Odd>, kept: &[u8]) -> Option<Odd> {
    if let Some(odd) = odd {
        return Some(Odd { reason: odd.reason, field: odd.field(kept), byte: Some(odd.at_byte) });
    }
    let Identity { name, namespace, .. } = identity;
    let nameless = |reason, field: &str| Some(Odd { reason, field: field.to_owned(), byte: None });
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

/// Skips an item whose name is a token, and says nothing of it but that.
pub(super) fn named_by_token(number: u64, asked: &Asked, means: &mut Means<'_>) {
    let reason = NAMED_BY_TOKEN;
    let odd = Odd { reason, field: "metadata.name".to_owned(), byte: None };
    odd.skip(&Identity { name: REDACTED.to_owned(), ..Identity::default() }, number, asked, means);
}

impl Odd {
    /// Skips the item of that number, from 1.
    pub(super) fn skip(self, identity: &Identity, number: u64, asked: &Asked, means: &mut Means<'_>) {
        let Odd { reason, field, byte } = self;
        let field = line::of(field.as_bytes());
        let object = object_of(identity);
        let asked_for = describe(&asked.request);
        let who = if object.is_empty() { format!("item {number} (no name)") } else { object.clone() };
        let place = place(&field, byte);
        let text = format!("{asked_for}: skipped {who}: {reason}{place}");
        let gap = Gap { asked: asked_for, object, field, byte, reason: reason.to_owned(), ..Gap::default() };
        means.tally.skipped(asked.resource, gap, text, None);
    }
}

/// What people are told of an object: `NAMESPACE/NAME` or `NAME`; nothing if it has no name.
pub(in crate::answer) fn object_of(identity: &Identity) -> String {
    let Identity { name, namespace, .. } = identity;
    match (&**namespace, &**name) {
        (_, "") => String::new(),
        ("", name) => line::escaped(name),
        (namespace, name) => format!("{}/{}", line::escaped(namespace), line::escaped(name)),
    }
}

/// Where in an object something is, in words.
pub(in crate::answer) fn place(field: &str, byte: Option<u64>) -> String {
    let byte = byte.map_or_else(String::new, |byte| format!(" at byte {byte} of the object"));
    match (field, &*byte) {
        ("", "") => String::new(),
        ("", _) => byte,
        (field, _) => format!("{byte}, in {field}"),
    }
}
