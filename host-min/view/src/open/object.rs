//! Objects as values.

use crate::bounded;
use serde_json::{Value, json};
use wagather_offline::Object;

/// An object as a value. One that nests too deeply, or is too large, has its names only.
pub(super) fn parse(json: &[u8], object: &Object) -> Value {
    bounded::parse(json).unwrap_or_else(|_| match object.namespace {
        "" => json!({"metadata": {"name": object.name}}),
        namespace => json!({"metadata": {"name": object.name, "namespace": namespace}}),
    })
}

/// What `PartialObjectMetadata` has of an object.
pub(super) fn metadata_of(object: &Value) -> Value {
    let metadata = object.get("metadata").cloned().unwrap_or_default();
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": metadata})
}
