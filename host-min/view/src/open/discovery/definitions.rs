//! CustomResourceDefinitions: the names and columns of resources.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;
use wagather_offline::Archive;

use super::model::{Api, ApiResource};
use crate::open::table::custom::Columns;

/// Where definitions are.
pub(in crate::open) const GROUP: &str = "apiextensions.k8s.io";
/// The only version that has columns for each version.
pub(in crate::open) const VERSION: &str = "v1";
/// Their name.
pub(in crate::open) const PLURAL: &str = "customresourcedefinitions";
/// Definitions that are read. A large cluster has a few hundred.
const MAX_DEFINITIONS: usize = 20_000;

/// What is read of a definition. Schemas are most of its bytes, and are skipped.
#[derive(Deserialize)]
struct Definition {
    spec: Spec,
}

#[derive(Deserialize)]
struct Spec {
    group: String,
    names: Names,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    versions: Vec<Version>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Names {
    plural: String,
    kind: String,
    #[serde(default)]
    singular: String,
    #[serde(default)]
    short_names: Vec<String>,
    #[serde(default)]
    categories: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    name: String,
    #[serde(default)]
    served: bool,
    #[serde(default)]
    additional_printer_columns: Value,
}

/// The columns of a resource, by group, version and plural.
pub(in crate::open) type ByResource = HashMap<[String; 3], Columns>;

/// Adds the resources of all definitions, and returns their columns. A definition that cannot be read is left out.
pub(super) fn add(api: &mut Api, archive: &Archive) -> ByResource {
    let mut columns = ByResource::new();
    let Ok(resource) = archive.resource(GROUP, VERSION, PLURAL, None) else { return columns };
    let mut reader = archive.reader();
    for object in resource.objects().take(MAX_DEFINITIONS).filter(|object| object.is_of(VERSION)) {
        let Ok(json) = reader.object(&object) else { continue };
        let Ok(Definition { spec }) = serde_json::from_slice(json) else { continue };
        let Names { plural, kind, singular, short_names, categories } = spec.names;
        for version in spec.versions.into_iter().filter(|version| version.served) {
            let mut defined = ApiResource::new(&plural, &kind, spec.scope == "Namespaced");
            if !singular.is_empty() {
                defined.singular.clone_from(&singular);
            }
            (defined.short_names, defined.categories) = (short_names.clone(), categories.clone());
            api.add(&spec.group, &version.name, defined);
            let key = [spec.group.clone(), version.name, plural.clone()];
            columns.insert(key, Columns::of(&version.additional_printer_columns));
        }
    }
    columns
}
