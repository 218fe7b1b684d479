//! Which resources there are, for a recording of a run that did not ask: those whose whole lists are in it. Of the others nobody knows.

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Read;
use wagather_json::project::{ListReader, Node};

/// How much of a list is read to find out what it has.
const BEGINNING_BYTES: u64 = 16 << 20;

/// A list over all namespaces: group, version and plural.
fn list_of(path: &str) -> Option<[&str; 3]> {
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    match segments[..] {
        ["api", version, plural] => Some(["", version, plural]),
        ["apis", group, version, plural] => Some([group, version, plural]),
        _ => None,
    }
}

/// The first page of a list, if the recording has that.
type WholeList<'a> = &'a dyn Fn(&str) -> Option<Box<dyn Read + Send>>;

/// A document of discovery, if a path asks for one: of what is recorded under these paths.
pub(super) fn document<'a>(
    path_and_query: &str,
    recorded: impl Iterator<Item = &'a str>,
    whole_list: WholeList<'_>,
) -> Option<Vec<u8>> {
    let of_core = match path_and_query {
        "/api" => true,
        "/apis" => false,
        _ => return None,
    };
    // Sorted, and each once, whatever its pages are.
    let paths: BTreeSet<&str> = recorded.map(|path| path.split('?').next().unwrap_or_default()).collect();
    let mut groups: Vec<Value> = Vec::new();
    for path in paths {
        let Some([group, version, plural]) = list_of(path).filter(|[group, ..]| group.is_empty() == of_core)
        else {
            continue;
        };
        // Not a list of what a selector selects, and not a refusal.
        let Some(body) = whole_list(&format!("{path}?limit=500")) else { continue };
        let Some((kind, namespaced)) = told(body) else { continue };
        groups.push(json!({
            "metadata": { "name": group },
            "versions": [{ "version": version, "freshness": "Current", "resources": [{
                "resource": plural,
                "responseKind": { "kind": kind },
                "scope": if namespaced { "Namespaced" } else { "Cluster" },
                "verbs": ["list"],
            }] }],
        }));
    }
    let kind = "APIGroupDiscoveryList";
    let list =
        json!({ "kind": kind, "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": groups });
    Some(list.to_string().into_bytes())
}

/// The kind of a list's items, and whether the first is in a namespace. `None` if it is no list.
fn told(body: Box<dyn Read + Send>) -> Option<(String, bool)> {
    let mut list = ListReader::new(Box::new(body.take(BEGINNING_BYTES)));
    let mut nothing = Vec::new();
    let first = list.next(&Node::Drop, &mut nothing).ok()?.unwrap_or_default();
    let kind = match &*first.kind {
        "" => list.meta().kind.strip_suffix("List").unwrap_or_default().to_owned(),
        kind => kind.to_owned(),
    };
    (!kind.is_empty()).then_some((kind, !first.namespace.is_empty()))
}
