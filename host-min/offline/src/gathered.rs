//! Which resources there are, as a server says it: those of which something was gathered, if only to find none. Of the others nobody knows.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::known;
use crate::members::Members;
use crate::request::Wanted;
use crate::shelf::{Resource, Shelf};

/// The version of objects that do not say theirs.
const UNSAID: &str = "v1";

/// What a document says of a resource.
struct Entry<'a> {
    /// The one that a server would prefer first.
    versions: Vec<&'a str>,
    kind: String,
    is_namespaced: bool,
}

/// A document of discovery, of the core group or of the others.
pub(crate) fn document(shelf: &Shelf, of_core: bool) -> Vec<u8> {
    let mut groups: Vec<Value> = Vec::new();
    for ((group, plural), Entry { mut versions, kind, is_namespaced }) in entries(shelf, of_core) {
        if versions.is_empty() {
            versions.push(UNSAID);
        }
        // They are in the order of their groups.
        if groups.last().is_none_or(|last| last["metadata"]["name"] != *group) {
            groups.push(json!({ "metadata": { "name": group }, "versions": [] }));
        }
        let last = groups.last_mut().map(|last| &mut last["versions"]);
        let Some(known) = last.and_then(Value::as_array_mut) else { continue };
        let entry = json!({
            "resource": plural,
            "responseKind": { "kind": kind },
            "scope": if is_namespaced { "Namespaced" } else { "Cluster" },
            "verbs": ["get", "list"],
        });
        for version in versions {
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

/// The resources with objects, and those whose list was empty.
fn entries(shelf: &Shelf, of_core: bool) -> BTreeMap<(&str, &str), Entry<'_>> {
    let entry = |(group, plural): (&str, &str), resource: &'_ Resource| match resource.objects.is_empty() {
        true => nothing_of(shelf, group, plural, resource),
        false => (resource.kind_of(plural), resource.is_namespaced()),
    };
    let resources = shelf.resources().filter(|((group, _), _)| group.is_empty() == of_core);
    let mut entries: BTreeMap<_, _> = resources
        .map(|(name, resource)| {
            let (kind, is_namespaced) = entry(name, resource);
            (name, Entry { versions: resource.preferred_versions(), kind, is_namespaced })
        })
        .collect();
    let mut whole: Vec<_> =
        shelf.whole_resources().filter(|(group, ..)| group.is_empty() == of_core).collect();
    whole.sort_unstable();
    for (group, version, plural) in whole {
        let nothing = || {
            let (kind, is_namespaced) = nothing_of(shelf, group, plural, &Resource::default());
            Entry { versions: Vec::new(), kind, is_namespaced }
        };
        let entry = entries.entry((group, plural)).or_insert_with(nothing);
        // A server has the objects in each of its versions, and an archive in those that were asked for.
        if !entry.versions.contains(&version) {
            entry.versions.push(version);
        }
    }
    entries
}

/// The kind of a resource without objects, and whether they would be in namespaces, as well as the archive lets us know.
fn nothing_of(shelf: &Shelf, group: &str, plural: &str, resource: &Resource) -> (String, bool) {
    if let Some(known) = known::find(group, plural) {
        return (known.kind.to_owned(), known.is_namespaced);
    }
    let [of_definitions, version, definitions] =
        ["apiextensions.k8s.io", "v1", "customresourcedefinitions"].map(String::from);
    let wanted = Wanted { group: of_definitions, version, plural: definitions, namespace: None };
    let defined = || {
        let json = shelf.object(&wanted, &format!("{plural}.{group}")).ok()?;
        let spec = Members::of(std::str::from_utf8(&json).ok()?).ok()?.object("spec")?;
        Some((spec.object("names")?.text("kind")?, spec.text("scope")? == "Namespaced"))
    };
    defined().unwrap_or_else(|| (resource.kind_of(plural), resource.is_namespaced()))
}
