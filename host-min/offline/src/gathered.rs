//! Which resources there are, as a server says it: those of which something was gathered. Of the others nobody knows.

use serde_json::{Value, json};

use crate::shelf::{Resource, Shelf};

/// The version of objects that do not say theirs.
const UNSAID: &str = "v1";

/// A document of discovery, of the core group or of the others.
pub(crate) fn document(shelf: &Shelf, of_core: bool) -> Vec<u8> {
    let mut groups: Vec<Value> = Vec::new();
    for ((group, plural), resource) in shelf.resources().filter(|((group, _), _)| group.is_empty() == of_core)
    {
        let versions = resource.preferred_versions();
        let versions = if versions.is_empty() { vec![UNSAID] } else { versions };
        // They are in the order of their groups.
        if groups.last().is_none_or(|last| last["metadata"]["name"] != *group) {
            groups.push(json!({ "metadata": { "name": group }, "versions": [] }));
        }
        let last = groups.last_mut().map(|last| &mut last["versions"]);
        let Some(known) = last.and_then(Value::as_array_mut) else { continue };
        for version in versions {
            let entry = entry(plural, resource);
            match known.iter_mut().find(|known| known["version"] == *version) {
                Some(known) => {
                    known["resources"].as_array_mut().into_iter().for_each(|all| all.push(entry.clone()))
                }
                None => {
                    known.push(json!({ "version": version, "freshness": "Current", "resources": [entry] }))
                }
            }
        }
    }
    let kind = "APIGroupDiscoveryList";
    json!({ "kind": kind, "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": groups })
        .to_string()
        .into_bytes()
}

fn entry(plural: &str, resource: &Resource) -> Value {
    json!({
        "resource": plural,
        "responseKind": { "kind": resource.kind_of(plural) },
        "scope": if resource.is_namespaced() { "Namespaced" } else { "Cluster" },
        "verbs": ["get", "list"],
    })
}
