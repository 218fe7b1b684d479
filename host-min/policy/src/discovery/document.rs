//! The documents of discovery. What is in them is a server's word: each name is checked before it becomes a part of a path.

use super::{ApiResource, DiscoveryError, Version, api_version};
use serde_json::Value;
use wagather_abi::manifest::is_name;

/// The most values of a document. A resource has about 70. In memory, an object with one member takes 600 bytes, which is a hundred times its text.
pub(super) const MAX_VALUES: usize = 400_000;

/// The most verbs of a resource that are held, and the longest one. Kubernetes has ten, of which `deletecollection` is the longest.
const MAX_VERBS: usize = 16;
const MAX_VERB_BYTES: usize = 20;

/// A document.
pub(super) enum Document {
    /// Everything: the versions of groups with their resources.
    Groups(Vec<Version>),
    /// The versions of groups. Their resources have documents of their own.
    Versions(Vec<Version>),
    /// The resources of one version, without its name.
    Resources(Vec<ApiResource>),
}

/// Why the resources of a version that the server calls stale are not known.
const STALE: &str = "the API server has only an old list of this version's resources, because their own server does not answer";

impl Document {
    pub(super) fn parse(body: &[u8], path: &str) -> Result<Document, DiscoveryError> {
        let error = |why: &dyn std::fmt::Display| {
            DiscoveryError(format!("the answer to {path} is not a document of discovery: {why}"))
        };
        let values = body.iter().filter(|byte| matches!(byte, b'{' | b'[' | b',' | b':')).count();
        if values > MAX_VALUES {
            return Err(error(&format_args!("it has more than {MAX_VALUES} values")));
        }
        let document: Value = serde_json::from_slice(body).map_err(|why| error(&why))?;
        match text(&document, "kind") {
            "APIGroupDiscoveryList" => {
                Ok(Document::Groups(list(&document, "items").flat_map(group).collect()))
            }
            "APIVersions" => {
                let versions = list(&document, "versions").filter_map(Value::as_str);
                Ok(Document::Versions(versions.filter_map(|version| named_version("", version)).collect()))
            }
            "APIGroupList" => Ok(Document::Versions(list(&document, "groups").flat_map(versions).collect())),
            "APIResourceList" => {
                Ok(Document::Resources(list(&document, "resources").filter_map(resource).collect()))
            }
            other => Err(error(&format_args!("its kind is '{}'", other.escape_debug()))),
        }
    }
}

/// The resources of a version, with its name.
pub(super) fn named(resources: Vec<ApiResource>, group: &str, version: &str) -> Vec<ApiResource> {
    let named = |resource| ApiResource {
        group: group.to_owned(),
        version: version.to_owned(),
        api_version: api_version(group, version),
        ..resource
    };
    resources.into_iter().map(named).collect()
}

fn named_version(group: &str, version: &str) -> Option<Version> {
    let is_named = is_name(version) && (group.is_empty() || is_name(group));
    is_named.then(|| Version { group: group.into(), version: version.into(), ..Version::default() })
}

/// The versions of an `APIGroupDiscovery`, in their order.
fn group(group: &Value) -> Vec<Version> {
    let name = group.get("metadata").map_or("", |metadata| text(metadata, "name"));
    let version = |given: &Value| {
        let version = named_version(name, text(given, "version"))?;
        let is_stale = text(given, "freshness") == "Stale";
        let resources: Vec<ApiResource> = list(given, "resources").filter_map(resource).collect();
        let resources = named(resources, name, &version.version);
        let resources = resources.into_iter().map(|resource| ApiResource { stale: is_stale, ..resource });
        Some(Version { stale: is_stale.then(|| STALE.to_owned()), resources: resources.collect(), ..version })
    };
    list(group, "versions").filter_map(version).collect()
}

/// The versions of an `APIGroup`, the preferred one first.
fn versions(group: &Value) -> Vec<Version> {
    let preferred = group.get("preferredVersion").map_or("", |version| text(version, "version"));
    let name = text(group, "name");
    let all = list(group, "versions").filter_map(|given| named_version(name, text(given, "version")));
    let (first, rest): (Vec<Version>, Vec<Version>) = all.partition(|version| version.version == preferred);
    first.into_iter().chain(rest).collect()
}

/// A resource in either form. `None` for subresources, and for what has no plain name.
fn resource(given: &Value) -> Option<ApiResource> {
    let (plural, kind, namespaced) = match given.get("resource") {
        Some(plural) => {
            let kind = given.get("responseKind").map_or("", |kind| text(kind, "kind"));
            (plural.as_str()?, kind, text(given, "scope") == "Namespaced")
        }
        None => {
            let namespaced = given.get("namespaced").and_then(Value::as_bool).unwrap_or_default();
            (text(given, "name"), text(given, "kind"), namespaced)
        }
    };
    let is_kind = kind.len() <= 253 && kind.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let verbs = list(given, "verbs").filter_map(Value::as_str);
    (is_name(plural) && is_kind).then(|| ApiResource {
        group: String::new(),
        version: String::new(),
        api_version: String::new(),
        kind: kind.into(),
        plural: plural.into(),
        namespaced,
        verbs: verbs.filter(|verb| is_verb(verb)).take(MAX_VERBS).map(Into::into).collect(),
        stale: false,
    })
}

fn is_verb(verb: &str) -> bool {
    verb.len() <= MAX_VERB_BYTES && is_name(verb)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}
