//! Documents: OpenAPI 3 and 2, and CustomResourceDefinitions, distinguished by their content.

use super::{Document, Resource, Roots, Unserved};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use wagather_abi::manifest::is_name;

/// The definition of `metadata` in documents of CustomResourceDefinitions, named as in OpenAPI documents.
const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// The fields of `metadata`, which CustomResourceDefinitions omit because they are always the same.
const OBJECT_META_SCHEMA: &str = include_str!("object-meta.json");

/// The kind of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    OpenApi3,
    OpenApi2,
    CustomResource,
    /// Another object, such as an operator's manifests beside CustomResourceDefinitions.
    Other,
}

impl Dialect {
    /// Detects the kind of a document.
    pub(crate) fn of(value: &Value) -> Result<Dialect, String> {
        let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
        if text("openapi").starts_with("3.") {
            return Ok(Dialect::OpenApi3);
        }
        if text("swagger") == "2.0" {
            return Ok(Dialect::OpenApi2);
        }
        match text("kind") {
            "CustomResourceDefinition" => Ok(Dialect::CustomResource),
            "" => Err(NEITHER.to_owned()),
            _ if value.get("apiVersion").is_some() => Ok(Dialect::Other),
            _ => Err(NEITHER.to_owned()),
        }
    }

    /// The path of the schemas in an OpenAPI document.
    pub(crate) fn root(self) -> &'static str {
        if self == Dialect::OpenApi3 { "/components/schemas" } else { "/definitions" }
    }
}

const NEITHER: &str =
    "neither OpenAPI ('openapi: 3…' or 'swagger: 2.0') nor a CustomResourceDefinition: name another file";

/// A document, its resources, and its unserved versions.
pub(super) type Read = (Document, Vec<Resource>, Vec<Unserved>);

/// Parses a document; `None` if it has no schemas.
pub(super) fn document(name: &str, value: Value) -> Result<Option<Read>, String> {
    match Dialect::of(&value)? {
        dialect @ (Dialect::OpenApi3 | Dialect::OpenApi2) => open_api(name, value, dialect).map(Some),
        Dialect::CustomResource => custom_resource(name, &value).map(Some),
        Dialect::Other => Ok(None),
    }
}

fn open_api(name: &str, mut value: Value, dialect: Dialect) -> Result<Read, String> {
    let schemas = value.pointer_mut(dialect.root()).map(Value::take);
    let definitions = match schemas.unwrap_or_default() {
        Value::Object(definitions) => definitions,
        // Documents about other paths have no schemas.
        Value::Null => Map::new(),
        _ => return Err(format!("{} is not an object: download the document again", dialect.root())),
    };
    let info = |key: &str| value.pointer(&format!("/info/{key}")).and_then(Value::as_str).unwrap_or_default();
    let title = format!("{} {}", info("title"), info("version")).trim().to_owned();
    let by_kind = kinds(&definitions);
    let mut found: BTreeMap<(String, String, String), Resource> = BTreeMap::new();
    let mut logs = Vec::new();
    let paths = match value.get("paths") {
        None | Some(Value::Null) => None,
        Some(Value::Object(paths)) => Some(paths),
        Some(_) => return Err("/paths is not an object: download the document again".to_owned()),
    };
    for (path, operations) in paths.into_iter().flatten() {
        let operation = operations.get("get");
        let action = operation.and_then(|get| get.get("x-kubernetes-action")).and_then(Value::as_str);
        let kind = operation.and_then(|get| get.get("x-kubernetes-group-version-kind")).and_then(kind_of);
        let (Some(action), Some((_, _, kind))) = (action, kind) else { continue };
        // Ignore invalid resource names, which no gatherer could request.
        let Some(place) = PathOf::of(path).filter(|place| place.has_names() && is_kind(kind)) else {
            continue;
        };
        let key = (place.group.to_owned(), place.version.to_owned(), place.plural.to_owned());
        if place.subresource == Some("log") {
            logs.push(key);
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
    for key in logs {
        if let Some(resource) = found.get_mut(&key) {
            resource.log = true;
        }
    }
    let resources = found.into_values().collect();
    let roots = Roots::Common(dialect.root());
    Ok((Document { name: name.to_owned(), title, definitions, roots }, resources, Vec::new()))
}

/// The definitions of API objects, by group, version and kind.
fn kinds(definitions: &Map<String, Value>) -> BTreeMap<(String, String, String), String> {
    let mut kinds = BTreeMap::new();
    let mut shared = Vec::new();
    for (name, schema) in definitions {
        let all = schema.get("x-kubernetes-group-version-kind").and_then(Value::as_array);
        let all: Vec<_> = all.into_iter().flatten().filter_map(kind_of).collect();
        let owned = |(group, version, kind): &(&str, &str, &str)| {
            ((*group).to_owned(), (*version).to_owned(), (*kind).to_owned())
        };
        match &all[..] {
            [only] => drop(kinds.insert(owned(only), name.clone())),
            // Objects such as DeleteOptions name all groups; a few others name two.
            several => shared.extend(several.iter().map(|kind| (owned(kind), name.clone()))),
        }
    }
    for (kind, name) in shared {
        kinds.entry(kind).or_insert(name);
    }
    kinds
}

fn kind_of(value: &Value) -> Option<(&str, &str, &str)> {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    Some((text("group")?, text("version")?, text("kind")?))
}

/// The meaning of an API server's path.
pub(crate) struct PathOf<'a> {
    pub(crate) group: &'a str,
    pub(crate) version: &'a str,
    pub(crate) plural: &'a str,
    pub(crate) namespaced: bool,
    pub(crate) subresource: Option<&'a str>,
}

impl<'a> PathOf<'a> {
    /// Whether all parts are valid names.
    fn has_names(&self) -> bool {
        (self.group.is_empty() || is_name(self.group)) && is_name(self.version) && is_name(self.plural)
    }

    pub(crate) fn of(path: &'a str) -> Option<Self> {
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
        // The deprecated paths for watching.
        let (plural, subresource) = match *rest {
            ["watch", ..] => return None,
            [plural] | [plural, "{name}"] => (plural, None),
            [plural, "{name}", subresource] => (plural, Some(subresource)),
            _ => return None,
        };
        Some(PathOf { group, version, plural, namespaced, subresource })
    }
}

fn custom_resource(name: &str, value: &Value) -> Result<Read, String> {
    let api_version = value.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
    if api_version != "apiextensions.k8s.io/v1" {
        return Err(format!(
            "expected a CustomResourceDefinition of 'apiextensions.k8s.io/v1', not '{}': 'kubectl get crd NAME -o json' prints one",
            wagather_yaml::shown(api_version)
        ));
    }
    let text = |pointer: &str| {
        let text = value.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
        text.ok_or_else(|| format!("the CustomResourceDefinition has no {}", pointer[1..].replace('/', ".")))
    };
    let (group, plural, kind) =
        (text("/spec/group")?, text("/spec/names/plural")?, text("/spec/names/kind")?);
    let about = |reason: &str| {
        format!(
            "the CustomResourceDefinition {}: {reason}",
            wagather_yaml::shown(&format!("{plural}.{group}"))
        )
    };
    if !is_name(group) || !is_name(plural) || !is_kind(kind) {
        return Err(about("spec.group, spec.names.plural or spec.names.kind is not a valid name"));
    }
    let namespaced = match text("/spec/scope")? {
        "Namespaced" => true,
        "Cluster" => false,
        other => {
            let other = wagather_yaml::shown(other);
            return Err(about(&format!("spec.scope must be Namespaced or Cluster, not '{other}'")));
        }
    };
    let versions = value.pointer("/spec/versions").and_then(Value::as_array);
    let object_meta: Value = serde_json::from_str(OBJECT_META_SCHEMA).map_err(|error| error.to_string())?;
    let mut definitions = Map::from_iter([(OBJECT_META.to_owned(), object_meta)]);
    let mut roots = BTreeMap::new();
    let (mut resources, mut unserved) = (Vec::new(), Vec::new());
    for (index, version) in versions.into_iter().flatten().enumerate() {
        let Some(version_name) = version.get("name").and_then(Value::as_str) else {
            return Err(about(&format!("spec.versions[{index}] has no name")));
        };
        if !is_name(version_name) {
            return Err(about(&format!("spec.versions[{index}].name is not a valid version name")));
        }
        if version.get("served").and_then(Value::as_bool) == Some(false) {
            unserved.push(Unserved {
                group: group.to_owned(),
                version: version_name.to_owned(),
                plural: plural.to_owned(),
                at: name.to_owned(),
            });
            continue;
        }
        let root = format!("/spec/versions/{index}/schema/openAPIV3Schema");
        let schema = match value.pointer(&root) {
            Some(schema @ Value::Object(_)) => with_metadata(schema.clone()),
            // Without a schema, everything is allowed.
            None | Some(Value::Null) => with_metadata(json!({"x-kubernetes-preserve-unknown-fields": true})),
            Some(_) => return Err(about(&format!("{root} is not an object"))),
        };
        let definition = format!("{group}.{version_name}.{kind}");
        definitions.insert(definition.clone(), schema);
        roots.insert(definition.clone(), root);
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
    if resources.is_empty() && unserved.is_empty() {
        return Err(about("it has no version"));
    }
    let title = format!("CustomResourceDefinition {plural}.{group}");
    let document = Document { name: name.to_owned(), title, definitions, roots: Roots::Each(roots) };
    Ok((document, resources, unserved))
}

/// Whether a kind is a valid type name.
fn is_kind(kind: &str) -> bool {
    kind.starts_with(|c: char| c.is_ascii_alphabetic()) && kind.chars().all(|c| c.is_ascii_alphanumeric())
}

/// The schema of a custom resource's objects, with the fields of every object.
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
