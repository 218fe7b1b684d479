//! Discovery as clients ask for it: all groups at once, or one after the other.

use serde_json::{Value, json};

use super::model::{Api, ApiResource, Group, Version};

/// Of `/api` or `/apis`: all groups with their resources.
pub(in crate::open) fn aggregated(api: &Api, is_core: bool, version: &str) -> Value {
    let items: Vec<Value> = groups(api, is_core)
        .map(|group| {
            let versions: Vec<Value> =
                group.versions.iter().map(|version| of_version(group, version)).collect();
            json!({"metadata": {"name": group.name, "creationTimestamp": null}, "versions": versions})
        })
        .collect();
    json!({
        "kind": "APIGroupDiscoveryList",
        "apiVersion": format!("apidiscovery.k8s.io/{version}"),
        "metadata": {},
        "items": items,
    })
}

fn groups(api: &Api, is_core: bool) -> impl Iterator<Item = &Group> {
    api.groups.iter().filter(move |group| group.name.is_empty() == is_core)
}

fn of_version(group: &Group, version: &Version) -> Value {
    let resources: Vec<Value> = version
        .resources
        .iter()
        .map(|resource| {
            let mut value = json!({
                "resource": resource.plural,
                "responseKind": {"group": group.name, "version": version.name, "kind": resource.kind},
                "scope": if resource.namespaced { "Namespaced" } else { "Cluster" },
                "singularResource": resource.singular,
                "verbs": resource.verbs,
            });
            add_names(&mut value, resource);
            if has_logs(group, resource) {
                value["subresources"] = json!([{
                    "subresource": "log",
                    "responseKind": {"group": "", "version": "v1", "kind": "Pod"},
                    "verbs": ["get"],
                }]);
            }
            value
        })
        .collect();
    json!({"version": version.name, "freshness": "Current", "resources": resources})
}

fn add_names(value: &mut Value, resource: &ApiResource) {
    if !resource.short_names.is_empty() {
        value["shortNames"] = json!(resource.short_names);
    }
    if !resource.categories.is_empty() {
        value["categories"] = json!(resource.categories);
    }
}

fn has_logs(group: &Group, resource: &ApiResource) -> bool {
    group.name.is_empty() && resource.plural == "pods"
}

/// `/api` in the older form.
pub(in crate::open) fn core_versions(api: &Api) -> Value {
    let versions: Vec<&str> =
        groups(api, true).flat_map(|group| &group.versions).map(|version| &*version.name).collect();
    json!({"kind": "APIVersions", "versions": versions, "serverAddressByClientCIDRs": []})
}

/// `/apis` in the older form.
pub(in crate::open) fn group_list(api: &Api) -> Value {
    let groups: Vec<Value> = groups(api, false).map(members_of_group).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

/// `/apis/GROUP`
pub(in crate::open) fn group(group: &Group) -> Value {
    let mut value = members_of_group(group);
    value["kind"] = "APIGroup".into();
    value["apiVersion"] = "v1".into();
    value
}

fn members_of_group(group: &Group) -> Value {
    let name = |version: &Version| json!({"groupVersion": format!("{}/{}", group.name, version.name), "version": version.name});
    let versions: Vec<Value> = group.versions.iter().map(name).collect();
    json!({"name": group.name, "preferredVersion": versions.first(), "versions": versions})
}

/// `/api/VERSION` or `/apis/GROUP/VERSION`
pub(in crate::open) fn resource_list(group: &Group, version: &Version) -> Value {
    let mut resources = Vec::new();
    for resource in &version.resources {
        let mut value = json!({
            "name": resource.plural,
            "singularName": resource.singular,
            "namespaced": resource.namespaced,
            "kind": resource.kind,
            "verbs": resource.verbs,
        });
        add_names(&mut value, resource);
        resources.push(value);
        if has_logs(group, resource) {
            resources.push(json!({"name": "pods/log", "singularName": "", "namespaced": true, "kind": "Pod", "verbs": ["get"]}));
        }
    }
    let group_version = match &*group.name {
        "" => version.name.clone(),
        name => format!("{name}/{}", version.name),
    };
    json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources})
}
