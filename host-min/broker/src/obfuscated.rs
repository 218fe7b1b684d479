//! Placeholders in the requests of a guest, which only knows obfuscated values.

use std::sync::Arc;
use wagather_base::error::{Class, Failure};
use wagather_base::limits::MAX_OBFUSCATED;
use wagather_json::obfuscate::Obfuscator;
use wagather_sandbox::channel::{Call, RestRequest};

/// Replaces the placeholders in a request by the original values, before admission. A mask names fields, so it has none.
pub(super) fn restore(obfuscator: Option<&Arc<Obfuscator>>, call: &mut Call) {
    let (Some(obfuscator), Call::rest_start { request }) = (obfuscator, call) else { return };
    let RestRequest { version, resource, group, namespace, name, subresource, labels, fields, query, .. } =
        &mut **request;
    for text in [version, resource, group, namespace, name, subresource] {
        obfuscator.restore(text, true);
    }
    for text in [labels, fields, query] {
        obfuscator.restore(text, false);
    }
}

/// Fails if the map of originals is full.
pub(super) fn check(obfuscator: Option<&Arc<Obfuscator>>) -> Result<(), Failure> {
    if obfuscator.is_some_and(|obfuscator| obfuscator.is_full()) { Err(too_many_originals()) } else { Ok(()) }
}

/// The failure of a run whose map of originals is full.
pub fn too_many_originals() -> Failure {
    Failure::new(
        Class::Config,
        "cannot obfuscate the output",
        format!("it has more than {MAX_OBFUSCATED} different addresses, or their map is too large"),
    )
    .advise("gather less in one run, or use fewer kinds of --obfuscate")
}
