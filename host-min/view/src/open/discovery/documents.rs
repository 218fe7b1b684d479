//! Discovery documents of archives: aggregated discovery, or the lists of the older form.

use serde::Deserialize;
use serde_json::Value;

use super::model::{Api, ApiResource};

/// What a resource says of itself, in both forms.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Resource {
    /// Aggregated.
    resource: String,
    singular_resource: String,
    scope: String,
    response_kind: Kind,
    /// Older.
    name: String,
    singular_name: String,
    namespaced: bool,
    kind: String,
    /// Both.
    verbs: Vec<String>,
    short_names: Vec<String>,
    categories: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Kind {
    kind: String,
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    metadata: Metadata,
    versions: Vec<Version>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Metadata {
    name: String,
}

#[derive(Deserialize)]
struct Version {
    version: String,
    #[serde(default)]
    resources: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    group_version: String,
    resources: Vec<Value>,
}

impl Resource {
    fn read(value: &Value) -> Option<ApiResource> {
        let Resource {
            resource,
            singular_resource,
            scope,
            response_kind,
            name,
            singular_name,
            namespaced,
            kind,
            verbs,
            short_names,
            categories,
        } = Resource::deserialize(value).ok()?;
        let plural = if resource.is_empty() { name } else { resource };
        let kind = if kind.is_empty() { response_kind.kind } else { kind };
        if plural.is_empty() || kind.is_empty() || plural.contains('/') {
            return None;
        }
        let mut read = ApiResource::new(&plural, &kind, namespaced || scope == "Namespaced");
        let singular = if singular_name.is_empty() { singular_resource } else { singular_name };
        if !singular.is_empty() {
            read.singular = singular;
        }
        (read.verbs, read.short_names, read.categories) = (verbs, short_names, categories);
        Some(read)
    }
}

/// Adds what a document says. Returns whether it is one.
pub(super) fn add(api: &mut Api, json: &str) -> bool {
    let Ok(document) = serde_json::from_str::<Value>(json) else { return false };
    let several = document.as_array().map_or(&[][..], Vec::as_slice);
    let lists = several.iter().chain([&document]).filter_map(|list| List::deserialize(list).ok());
    let mut is_one = false;
    for List { group_version, resources } in lists {
        let (group, version) = group_version.rsplit_once('/').unwrap_or(("", &group_version));
        is_one = true;
        add_all(api, group, version, &resources);
    }
    let groups = document.get("items").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    for Group { metadata, versions } in groups.iter().filter_map(|group| Group::deserialize(group).ok()) {
        for Version { version, resources } in versions {
            is_one = true;
            add_all(api, &metadata.name, &version, &resources);
        }
    }
    is_one
}

fn add_all(api: &mut Api, group: &str, version: &str, resources: &[Value]) {
    // The order of the versions is that of the document, even if one has no resources of its own yet.
    api.add_version(group, version);
    for resource in resources.iter().filter_map(Resource::read) {
        api.add(group, version, resource);
    }
}
