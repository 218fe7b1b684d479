//! Schemas for working without a cluster: documents reduced to the resources of a declaration and the definitions
//! that they use.
//!
//! The document of a whole group has a megabyte or more, most of it paths and parameters. The reduced document is
//! equivalent for the selected resources and contains no others. It is sorted, with one entry per line: small enough
//! to keep beside the gatherer, and suitable for diffs.

use crate::schema::definition_of;
use crate::schema::document::{Dialect, PathOf};
use crate::{Error, Saved, Schemas, schema::Resource};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A file to write.
#[derive(Debug, PartialEq, Eq)]
pub struct Cut {
    /// Its name: `core-v1.json`, `config.openshift.io-v1.json`.
    pub name: String,
    /// Its content.
    pub text: String,
}

/// Whether to keep the schemas' descriptions, which are more than half of the size, and become comments of generated
/// types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Descriptions {
    /// Keep them.
    Kept,
    /// Remove them.
    LeftOut,
}

/// Reduces documents to these resources.
///
/// # Errors
///
/// A document cannot be read, or some resources are missing; the error names all of them.
pub fn cut(documents: &[Saved], names: &[String], descriptions: Descriptions) -> Result<Vec<Cut>, Error> {
    let mut schemas = Schemas::default();
    let mut values = Vec::new();
    for document in documents {
        schemas.add_saved(document, &mut |part| values.push(part.value.clone()))?;
    }
    let mut wanted: BTreeMap<(String, usize), Vec<&Resource>> = BTreeMap::new();
    let mut missing = Vec::new();
    for name in names {
        match schemas.find(name) {
            Ok(resource) => {
                let key = (stem(resource), schemas.index_of(resource));
                let resources = wanted.entry(key).or_default();
                if !resources.contains(&resource) {
                    resources.push(resource);
                }
            }
            Err(why) => missing.push(why),
        }
    }
    if !missing.is_empty() {
        return Err(Error::of_file_for("the schemas".as_ref(), missing));
    }
    let mut files: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for ((stem, index), mut resources) in wanted {
        resources.sort_by(|a, b| a.plural.cmp(&b.plural));
        if descriptions == Descriptions::LeftOut {
            leave_descriptions_out(&mut values[index]);
        }
        let value = match Dialect::of(&values[index]) {
            Ok(Dialect::CustomResource) => custom_resource(&values[index], &resources),
            Ok(dialect) => open_api(&values[index], dialect, &resources),
            Err(why) => return Err(Error::of_file("the schemas".as_ref(), why)),
        };
        files.entry(stem).or_default().push(value);
    }
    Ok(files.into_iter().flat_map(|(stem, values)| written(&stem, values)).collect())
}

fn leave_descriptions_out(value: &mut Value) {
    match value {
        Value::Object(keys) => {
            // A field may have this name too; then the value is not a string.
            if keys.get("description").is_some_and(Value::is_string) {
                keys.remove("description");
            }
            keys.values_mut().for_each(leave_descriptions_out);
        }
        Value::Array(items) => items.iter_mut().for_each(leave_descriptions_out),
        _ => {}
    }
}

/// The files of a group's version: one for all definitions that fit together.
fn written(stem: &str, values: Vec<Value>) -> Vec<Cut> {
    let is_custom = |value: &Value| matches!(Dialect::of(value), Ok(Dialect::CustomResource));
    let (custom, mut files): (Vec<Value>, Vec<Value>) = values.into_iter().partition(is_custom);
    match custom.len() {
        0 => {}
        1 => files.extend(custom),
        _ => files.push(json!({"apiVersion": "v1", "kind": "List", "items": custom})),
    }
    let name = |index: usize| match index {
        0 => format!("{stem}.json"),
        // Several documents have the same version of a group, such as OpenAPI and a CustomResourceDefinition.
        _ => format!("{stem}-{}.json", index + 1),
    };
    files
        .into_iter()
        .enumerate()
        .map(|(index, value)| Cut { name: name(index), text: pretty(value) })
        .collect()
}

/// `core-v1`, `apps-v1`.
fn stem(resource: &Resource) -> String {
    let group = if resource.group.is_empty() { "core" } else { &resource.group };
    format!("{group}-{}", resource.version)
}

/// A file name for a document: `/openapi/v3/apis/apps/v1` is `apps-v1.json`.
pub fn file_name(document: &Saved) -> String {
    let name = document.name.trim_start_matches('/');
    let rest = name.strip_prefix("openapi/v3/").unwrap_or(name);
    let stem = match rest.split('/').collect::<Vec<_>>()[..] {
        ["api", version] => format!("core-{version}"),
        ["apis", group, version] => format!("{group}-{version}"),
        _ => rest.to_owned(),
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let mut stem: String = stem.chars().map(|c| if is_plain(c) { c } else { '-' }).collect();
    // Avoid hidden files.
    if stem.starts_with('.') {
        stem.insert(0, '_');
    }
    let has_extension = [".json", ".yaml", ".yml"].iter().any(|extension| stem.ends_with(extension));
    if has_extension { stem } else { format!("{stem}.json") }
}

/// An OpenAPI document with only these resources.
fn open_api(value: &Value, dialect: Dialect, resources: &[&Resource]) -> Value {
    let mut paths = Map::new();
    for (path, operations) in value.get("paths").and_then(Value::as_object).into_iter().flatten() {
        let Some(place) = PathOf::of(path) else { continue };
        let is_wanted = resources.iter().any(|resource| {
            resource.plural == place.plural
                && resource.group == place.group
                && resource.version == place.version
        });
        let Some(get) = operations.get("get") else { continue };
        if is_wanted && matches!(place.subresource, None | Some("log")) {
            paths.insert(path.clone(), json!({"get": operation(get)}));
        }
    }
    let empty = Map::new();
    let definitions = value.pointer(dialect.root()).and_then(Value::as_object).unwrap_or(&empty);
    let kept = led_to(definitions, resources.iter().map(|resource| resource.definition()));
    let info = value.get("info").cloned().unwrap_or_else(|| json!({}));
    match dialect {
        Dialect::OpenApi2 => {
            json!({"swagger": "2.0", "info": info, "paths": paths, "definitions": kept})
        }
        _ => json!({
            "openapi": value.get("openapi"), "info": info, "paths": paths, "components": {"schemas": kept}
        }),
    }
}

/// The parts of an operation that are read, and those that OpenAPI requires.
fn operation(get: &Value) -> Value {
    let mut kept = json!({"responses": {"200": {"description": "OK"}}});
    for key in ["description", "x-kubernetes-action", "x-kubernetes-group-version-kind"] {
        if let Some(value) = get.get(key) {
            kept[key] = value.clone();
        }
    }
    kept
}

/// These definitions, and all definitions that they refer to.
fn led_to<'a>(definitions: &Map<String, Value>, names: impl Iterator<Item = &'a str>) -> Map<String, Value> {
    let mut open: Vec<String> = names.map(str::to_owned).collect();
    let mut kept = Map::new();
    while let Some(name) = open.pop() {
        if kept.contains_key(&name) {
            continue;
        }
        if let Some(schema) = definitions.get(&name) {
            references(schema, &mut open);
            kept.insert(name, schema.clone());
        }
    }
    kept
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(keys) => {
            // A field may have this name too; then the value is not a string.
            if let Some(reference) = keys.get("$ref").and_then(Value::as_str) {
                found.extend(definition_of(reference).map(std::borrow::Cow::into_owned));
            }
            keys.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

/// A CustomResourceDefinition with only these versions.
fn custom_resource(value: &Value, resources: &[&Resource]) -> Value {
    let is_wanted = |version: &&Value| {
        let name = version.get("name").and_then(Value::as_str).unwrap_or_default();
        resources.iter().any(|resource| resource.version == name)
    };
    let version = |version: &Value| {
        let mut kept = json!({});
        for key in ["name", "served", "storage", "schema"] {
            if let Some(value) = version.get(key) {
                kept[key] = value.clone();
            }
        }
        kept
    };
    let versions = value.pointer("/spec/versions").and_then(Value::as_array).into_iter().flatten();
    let versions: Vec<Value> = versions.filter(is_wanted).map(version).collect();
    let spec = |key: &str| value.pointer(&format!("/spec/{key}")).cloned().unwrap_or_default();
    let name = value.pointer("/metadata/name").cloned().unwrap_or_default();
    json!({
        "apiVersion": value["apiVersion"], "kind": value["kind"], "metadata": {"name": name},
        "spec": {"group": spec("group"), "names": spec("names"), "scope": spec("scope"), "versions": versions},
    })
}

/// JSON with sorted keys, one entry per line.
fn pretty(mut value: Value) -> String {
    value.sort_all_objects();
    format!("{value:#}\n")
}

#[cfg(test)]
mod tests;
