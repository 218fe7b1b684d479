//! The derives of [`wagather`](../wagather/index.html): they make a struct with some fields a declared, masked and
//! decodable resource.
//!
//! They generate no code: masks, manifest records and shapes are computed at compile time, and leave twelve bytes of
//! data per field. They do not know the schema: a field that the API does not have is not an error, but always has
//! its default.
#![forbid(unsafe_code)]

mod fields;
mod resource;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Declares a resource of the API server, and how its fields are decoded.
///
/// ```ignore
/// #[derive(Default, Resource)]
/// #[resource(group = "config.openshift.io", version = "v1", plural = "clusteroperators", cluster, verbs(get, list))]
/// struct ClusterOperator {
///     metadata: Metadata,
///     status: Status,
/// }
/// ```
///
/// Of `#[resource(…)]`:
///
/// | part | means |
/// |---|---|
/// | `group = "…"` | the API group; left out for the core group |
/// | `version = "…"`, `plural = "…"` | the API version and the plural name, as in a URL |
/// | `kind = "…"` | the kind; the name of the struct, if left out |
/// | `cluster` or `namespaced` | where its objects live |
/// | `namespace = "…"` | namespaced, and only this namespace is declared |
/// | `verbs(get, list)` | what the gatherer does; `list` alone, if left out. Only these compile |
/// | `log` | the gatherer also reads the subresource `log` |
///
/// It implements `wagather::Resource`, the verbs' marker traits, and (for a struct with fields) decoding, as
/// [`Fields`](derive@Fields) does; its field mask is that of its fields. A struct without fields (`struct Pod;`) stands
/// for whole objects: they can be piped and read as bytes, and there is nothing to decode. A struct with one field without a
/// name (`struct StatefulSet(Workload);`) has the fields of that type: kinds that are read alike share one, and its code.
///
/// The record in the manifest is there because the struct is, whether or not the gatherer uses it: the linker sees bytes of
/// a section, not what they are for. A resource that is not used should be deleted, or its owner is asked to grant it.
#[proc_macro_derive(Resource, attributes(resource, field))]
pub fn derive_resource(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    resource::expand(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes a struct a part of a resource: decodable, with its fields in the resource's mask.
///
/// The JSON name of a field is its name in camelCase, with upper-case acronyms as in Kubernetes' API conventions
/// (`pod_ip` is `podIP`, `provider_id` is `providerID`); `#[field(name = "…")]` sets another name. A field with
/// `#[field(skip)]` is neither read nor written.
///
/// Decoding follows Kubernetes' `omitempty`: an absent or `null` field has its default, and unknown fields are
/// ignored. So the struct must be `Default`. `Option` distinguishes an absent field from an empty one.
///
/// A struct with one unnamed field (`struct Phase(String);`) has the JSON and the mask of that field.
#[proc_macro_derive(Fields, attributes(field))]
pub fn derive_fields(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    fields::expand_fields(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes a struct writable as JSON, with the field names of [`Fields`](derive@Fields). A struct with one unnamed
/// field is written as that field.
#[proc_macro_derive(Serialize, attributes(field))]
pub fn derive_serialize(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    fields::expand_serialize(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}
