//! Objects as values.

use crate::bounded;
use crate::part::Keep;
use serde_json::{Value, json};
use wagather_offline::Object;

/// An object as a value. One that nests too deeply, or is too large, has its names only.
pub(super) fn parse(json: &[u8], object: &Object) -> Value {
    parse_part(json, object, Keep::All)
}

/// A part of an object as a value, or its names.
pub(super) fn parse_part(json: &[u8], object: &Object, keep: Keep) -> Value {
    bounded::parse_part(json, keep).unwrap_or_else(|_| match object.namespace {
        "" => json!({"metadata": {"name": object.name}}),
        namespace => json!({"metadata": {"name": object.name, "namespace": namespace}}),
    })
}

/// What `PartialObjectMetadata` is made of.
pub(super) const METADATA: Keep = Keep::Only(&[("metadata", Keep::All)]);

/// What `PartialObjectMetadata` has of an object.
pub(super) fn metadata_of(mut object: Value) -> Value {
    let metadata = object.get_mut("metadata").map(Value::take).unwrap_or_default();
    let mut members = serde_json::Map::new();
    members.insert("kind".into(), "PartialObjectMetadata".into());
    members.insert("apiVersion".into(), "meta.k8s.io/v1".into());
    members.insert("metadata".into(), metadata);
    members.into()
}
