//! What a guest was told of by a placeholder, in a request of its own.

use super::Trouble;
use std::sync::Arc;
use wagather_base::error::{Class, Failure};
use wagather_base::limits::MAX_OBFUSCATED;
use wagather_json::obfuscate::Obfuscator;
use wagather_sandbox::channel::{Request, RestRequest};

/// Turns placeholders in a request back, before anything of it is judged. A mask has none: it names fields.
pub(super) fn restore(obfuscator: Option<&Arc<Obfuscator>>, call: &mut Request) {
    let (Some(obfuscator), Request::RestStart(request)) = (obfuscator, call) else { return };
    let RestRequest { version, resource, group, namespace, name, subresource, labels, fields, query, .. } =
        &mut **request;
    for text in [version, resource, group, namespace, name, subresource] {
        obfuscator.restore(text, true);
    }
    for text in [labels, fields, query] {
        obfuscator.restore(text, false);
    }
}

/// Ends the run when there are more originals than it can tell apart.
pub(super) fn check(obfuscator: Option<&Arc<Obfuscator>>) -> Result<(), Trouble> {
    if obfuscator.is_some_and(|obfuscator| obfuscator.is_full()) {
        Err(Trouble::Host(too_many()))
    } else {
        Ok(())
    }
}

/// Why such a run fails.
pub fn too_many() -> Failure {
    Failure::new(
        Class::Config,
        "cannot obfuscate the output",
        format!("it has more than {MAX_OBFUSCATED} different addresses, or their map is too large"),
    )
    .advise("gather less in one run, or use fewer kinds of --obfuscate")
}
