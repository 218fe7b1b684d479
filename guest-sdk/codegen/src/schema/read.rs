//! Documents: OpenAPI 3 and 2, and CustomResourceDefinitions, told apart by what they say of themselves.

use super::{Document, Resource};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The largest document: the one of version 2 of a cluster with hundreds of CustomResourceDefinitions has some ten megabytes.
const MAX_DOCUMENT_BYTES: usize = 128 << 20;

/// The name under which a document of CustomResourceDefinitions has the schema of `metadata`, as OpenAPI documents have it.
const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// The fields of `metadata`, for CustomResourceDefinitions, which leave them out as they are the same everywhere.
const OBJECT_META_SCHEMA: &str = include_str!("object-meta.json");

/// The documents in a file, each with its resources.
pub(super) fn documents(name: &str, bytes: &[u8]) -> Result<Vec<(Document, Vec<Resource>)>, String> {
    if bytes.len() > MAX_DOCUMENT_BYTES {
        return Err(format!("{} bytes; {MAX_DOCUMENT_BYTES} are the most", bytes.len()));
    }
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{') {
        let value: Value = serde_json::from_slice(bytes).map_err(|error| format!("not JSON: {error}"))?;
        return document(name, value);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| format!("neither JSON nor YAML: {error}"))?;
    let mut documents = Vec::new();
    for node in wagather_yaml::parse_all(text).map_err(|error| error.to_string())? {
        let at = format!("the document at {}", node.place);
        documents.extend(document(name, node.to_json()).map_err(|reason| format!("{at}: {reason}"))?);
    }
    if documents.is_empty() { Err("the file is empty".to_owned()) } else { Ok(documents) }
}

fn document(name: &str, mut value: Value) -> Result<Vec<(Document, Vec<Resource>)>, String> {
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (openapi, swagger, kind) = (text("openapi"), text("swagger"), text("kind"));
    if openapi.starts_with("3.") {
        let schemas = value.pointer_mut("/components/schemas").map(Value::take);
        return open_api(name, &value, schemas.unwrap_or_default()).map(|document| vec![document]);
    }
    if swagger == "2.0" {
        let schemas = value.get_mut("definitions").map(Value::take);
        return open_api(name, &value, schemas.unwrap_or_default()).map(|document| vec![document]);
    }
    match &*kind {
        "CustomResourceDefinition" => custom_resources(name, &value).map(|document| vec![document]),
        // `kubectl get crds -o json`, and the API's own lists.
        "List" | "CustomResourceDefinitionList" => {
            let items = value.get("items").and_then(Value::as_array).ok_or("a list without 'items'")?;
            let mut documents = Vec::new();
            for (index, item) in items.iter().enumerate() {
                if kind == "List"
                    && item.get("kind").and_then(Value::as_str) != Some("CustomResourceDefinition")
                {
                    continue;
                }
                let read = custom_resources(name, item).map_err(|reason| format!("item {index}: {reason}"));
                documents.push(read?);
            }
            Ok(documents)
        }
        // Other objects beside CustomResourceDefinitions, as in the manifests of an operator.
        _ if !kind.is_empty() && value.get("apiVersion").is_some() => Ok(Vec::new()),
        _ => {
            Err("neither OpenAPI ('openapi: 3…' or 'swagger: 2.0') nor a CustomResourceDefinition".to_owned())
        }
    }
}

fn open_api(name: &str, value: &Value, schemas: Value) -> Result<(Document, Vec<Resource>), String> {
    let Value::Object(definitions) = schemas else {
        return Err("the document has no schemas".to_owned());
    };
    let info = |key: &str| value.pointer(&format!("/info/{key}")).and_then(Value::as_str).unwrap_or_default();
    let title = format!("{} {}", info("title"), info("version")).trim().to_owned();
    let by_kind = kinds(&definitions);
    let mut found: BTreeMap<(String, String, String), Resource> = BTreeMap::new();
    let paths = value.get("paths").and_then(Value::as_object);
    for (path, operations) in paths.into_iter().flatten() {
        let operation = operations.get("get");
        let action = operation.and_then(|get| get.get("x-kubernetes-action")).and_then(Value::as_str);
        let kind = operation.and_then(|get| get.get("x-kubernetes-group-version-kind")).and_then(kind_of);
        let (Some(action), Some((_, _, kind))) = (action, kind) else { continue };
        let Some(place) = PathOf::of(path) else { continue };
        let key = (place.group.to_owned(), place.version.to_owned(), place.plural.to_owned());
        if place.subresource == Some("log") {
            if let Some(resource) = found.get_mut(&key) {
                resource.log = true;
            }
            continue;
        }
        if place.subresource.is_some() || !matches!(action, "get" | "list") {
            continue;
        }
        let of_kind = (place.group.to_owned(), place.version.to_owned(), kind.to_owned());
        let Some(definition) = by_kind.get(&of_kind) else { continue };
        let resource = found.entry(key).or_insert_with(|| Resource {
            group: place.group.to_owned(),
            version: place.version.to_owned(),
            plural: place.plural.to_owned(),
            kind: kind.to_owned(),
            namespaced: false,
            get: false,
            list: false,
            log: false,
            document: 0,
            definition: definition.clone(),
        });
        resource.get |= action == "get";
        resource.list |= action == "list";
        resource.namespaced |= place.namespaced;
    }
    let resources = found.into_values().collect();
    Ok((Document { name: name.to_owned(), title, definitions }, resources))
}

/// The definitions that are objects of an API, by group, version and kind.
fn kinds(definitions: &Map<String, Value>) -> BTreeMap<(String, String, String), String> {
    let mut kinds = BTreeMap::new();
    for (name, schema) in definitions {
        // Objects that all groups have, such as DeleteOptions, name all groups.
        let Some([only]) =
            schema.get("x-kubernetes-group-version-kind").and_then(Value::as_array).map(Vec::as_slice)
        else {
            continue;
        };
        if let Some((group, version, kind)) = kind_of(only) {
            kinds.insert((group.to_owned(), version.to_owned(), kind.to_owned()), name.clone());
        }
    }
    kinds
}

fn kind_of(value: &Value) -> Option<(&str, &str, &str)> {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    Some((text("group")?, text("version")?, text("kind")?))
}

/// What a path of the API server is about.
struct PathOf<'a> {
    group: &'a str,
    version: &'a str,
    plural: &'a str,
    namespaced: bool,
    subresource: Option<&'a str>,
}

impl<'a> PathOf<'a> {
    fn of(path: &'a str) -> Option<Self> {
        let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (group, version, rest) = match *segments {
            ["api", version, ref rest @ ..] => ("", version, rest),
            ["apis", group, version, ref rest @ ..] => (group, version, rest),
            _ => return None,
        };
        let (namespaced, rest) = match *rest {
            ["namespaces", "{namespace}", ref rest @ ..] if !rest.is_empty() => (true, rest),
            _ => (false, rest),
        };
        // The deprecated paths to watch.
        let (plural, subresource) = match *rest {
            ["watch", ..] => return None,
            [plural] | [plural, "{name}"] => (plural, None),
            [plural, "{name}", subresource] => (plural, Some(subresource)),
            _ => return None,
        };
        Some(PathOf { group, version, plural, namespaced, subresource })
    }
}

fn custom_resources(name: &str, value: &Value) -> Result<(Document, Vec<Resource>), String> {
    let api_version = value.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
    if api_version != "apiextensions.k8s.io/v1" {
        return Err(format!(
            "a CustomResourceDefinition of 'apiextensions.k8s.io/v1' is wanted, not of '{api_version}'"
        ));
    }
    let text = |pointer: &str| {
        let text = value.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
        text.ok_or_else(|| format!("the CustomResourceDefinition has no {}", pointer[1..].replace('/', ".")))
    };
    let (group, plural, kind) =
        (text("/spec/group")?, text("/spec/names/plural")?, text("/spec/names/kind")?);
    let namespaced = match text("/spec/scope")? {
        "Namespaced" => true,
        "Cluster" => false,
        other => return Err(format!("spec.scope is Namespaced or Cluster, not '{other}'")),
    };
    let versions = value.pointer("/spec/versions").and_then(Value::as_array);
    let object_meta: Value = serde_json::from_str(OBJECT_META_SCHEMA).map_err(|error| error.to_string())?;
    let mut definitions = Map::from_iter([(OBJECT_META.to_owned(), object_meta)]);
    let mut resources = Vec::new();
    for version in versions.into_iter().flatten() {
        let Some(version_name) = version.get("name").and_then(Value::as_str) else {
            return Err("one of spec.versions has no name".to_owned());
        };
        if version.get("served").and_then(Value::as_bool) == Some(false) {
            continue;
        }
        let schema = version.pointer("/schema/openAPIV3Schema").cloned();
        let definition = format!("{group}.{version_name}.{kind}");
        definitions.insert(definition.clone(), with_metadata(schema.unwrap_or_else(|| json!({}))));
        resources.push(Resource {
            group: group.to_owned(),
            version: version_name.to_owned(),
            plural: plural.to_owned(),
            kind: kind.to_owned(),
            namespaced,
            get: true,
            list: true,
            log: false,
            document: 0,
            definition,
        });
    }
    if resources.is_empty() {
        return Err("the CustomResourceDefinition serves no version".to_owned());
    }
    let title = format!("CustomResourceDefinition {plural}.{group}");
    Ok((Document { name: name.to_owned(), title, definitions }, resources))
}

/// The schema of a custom resource's objects, with the fields that every object has.
fn with_metadata(mut schema: Value) -> Value {
    let text = || json!({"type": "string"});
    let metadata = json!({"$ref": format!("#/definitions/{OBJECT_META}")});
    if let Some(schema) = schema.as_object_mut() {
        schema.entry("type").or_insert_with(|| json!("object"));
        let properties = schema.entry("properties").or_insert_with(|| json!({}));
        if let Some(properties) = properties.as_object_mut() {
            properties.entry("apiVersion").or_insert_with(text);
            properties.entry("kind").or_insert_with(text);
            properties.insert("metadata".to_owned(), metadata);
        }
    }
    schema
}
