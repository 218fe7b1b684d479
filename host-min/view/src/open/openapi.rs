//! OpenAPI, as much as kubectl needs for `explain`, and for `apply` to come to the answer that an archive cannot be changed.
//!
//! Schemas are those of CustomResourceDefinitions. Other resources have none: an archive does not say what their fields mean.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use wagather_http::{Request, Response, header};

use super::content::Content;
use super::discovery::definitions::{GROUP, PLURAL, VERSION};
use super::discovery::{Api, ApiResource};

/// The older document, which kubectl reads before it validates a `List`: without one, it does not come to the answer that an archive
/// cannot be changed. This one has nothing in it. kubectl takes it as protobuf alone, as a message with the field `swagger`.
pub(super) fn of_version_2(request: &Request) -> Response {
    let accepted = request.headers().get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut types = accepted.flat_map(|accepted| accepted.split(',')).map(str::trim);
    match types.find(|name| PROTOBUF.contains(name)) {
        Some(_) => Response::typed(PROTOBUF[0], b"\x0a\x032.0".to_vec().into()),
        None => Response::json(
            &json!({"swagger": "2.0", "info": {"title": "Kubernetes", "version": "archive"}, "paths": {}}),
        ),
    }
}

const PROTOBUF: [&str; 2] = [
    "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
    "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
];

/// Which documents there are.
pub(super) fn index(api: &Api) -> Value {
    let mut paths = Map::new();
    for group in &api.groups {
        for version in &group.versions {
            let path = path_of(&group.name, &version.name);
            paths.insert(path.clone(), json!({"serverRelativeURL": format!("/openapi/v3/{path}")}));
        }
    }
    json!({"paths": paths})
}

fn path_of(group: &str, version: &str) -> String {
    if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") }
}

/// The document of a version.
pub(super) fn document(content: &Content, group: &str, version: &str) -> Option<Value> {
    let found = content.api().version(group, version)?;
    let defined = schemas(content, group, version);
    let (mut paths, mut schemas) = (Map::new(), Map::new());
    for resource in &found.resources {
        let kind = json!({"group": group, "version": version, "kind": resource.kind});
        let schema = defined.get(&resource.plural).cloned();
        let mut schema = schema.filter(Value::is_object).unwrap_or_else(|| without_fields(resource));
        schema["x-kubernetes-group-version-kind"] = json!([kind]);
        let name = format!("{}.{version}.{}", if group.is_empty() { "core" } else { group }, resource.kind);
        let reference = json!({"$ref": format!("#/components/schemas/{name}")});
        schemas.insert(name, schema);
        let below = if resource.namespaced { "/namespaces/{namespace}" } else { "" };
        let path = format!("/{}{below}/{}", path_of(group, version), resource.plural);
        let operation = |action: &str| {
            json!({
                "responses": {"200": {"description": "OK", "content": {"application/json": {"schema": reference}}}},
                "x-kubernetes-action": action,
                "x-kubernetes-group-version-kind": kind,
            })
        };
        let mut patch = operation("patch");
        // kubectl looks for this parameter before it sends anything to be validated.
        patch["parameters"] =
            json!([{"name": "fieldValidation", "in": "query", "schema": {"type": "string"}}]);
        paths.insert(path.clone(), json!({"get": operation("list"), "post": operation("post")}));
        paths.insert(format!("{path}/{{name}}"), json!({"get": operation("get"), "patch": patch}));
    }
    Some(json!({
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "archive"},
        "paths": paths,
        "components": {"schemas": schemas},
    }))
}

fn without_fields(resource: &ApiResource) -> Value {
    let description = format!("{}: the archive has no description of its fields.", resource.kind);
    // What `kubectl explain pods.spec` shows.
    let object = json!({"type": "object", "description": description});
    json!({
        "type": "object",
        "description": description,
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": object,
            "spec": object,
            "status": object,
        },
        "x-kubernetes-preserve-unknown-fields": true,
    })
}

#[derive(Deserialize)]
struct Definition {
    spec: Spec,
}

#[derive(Deserialize)]
struct Spec {
    group: String,
    names: Names,
    #[serde(default)]
    versions: Vec<Version>,
}

#[derive(Deserialize)]
struct Names {
    plural: String,
}

#[derive(Deserialize)]
struct Version {
    name: String,
    #[serde(default)]
    schema: Value,
}

/// The schemas of definitions, by plural.
fn schemas(content: &Content, group: &str, version: &str) -> Map<String, Value> {
    let mut schemas = Map::new();
    let Ok(resource) = content.archive().resource(GROUP, VERSION, PLURAL, None) else { return schemas };
    let mut reader = content.archive().reader();
    // The name of a definition ends with its group.
    let is_of_group = |name: &str| name.ends_with(group) && !group.is_empty();
    for object in resource.objects().filter(|object| is_of_group(object.name)) {
        let Ok(json) = reader.object(&object) else { continue };
        let Ok(Definition { spec }) = serde_json::from_slice(json) else { continue };
        if spec.group != group {
            continue;
        }
        let wanted = spec.versions.into_iter().find(|each| each.name == version);
        if let Some(mut wanted) = wanted {
            schemas.insert(spec.names.plural, wanted.schema["openAPIV3Schema"].take());
        }
    }
    schemas
}
