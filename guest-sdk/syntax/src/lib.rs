//! What the derives of [`wagather`](../wagather/index.html) read of a struct: the JSON names of its fields, and the resource that it
//! declares.
//!
//! It is a crate of its own so that what writes and checks gatherers' sources reads them as the derives do. It writes
//! no code, which is the business of `wagather-derive`, and it knows the structs only as they are written: what a field's type is in
//! turn, and which derives reach a struct through a macro, is not seen here.
//!
//! ```
//! use wagather_syntax::{Parts, Resource, derives};
//!
//! let node: syn::DeriveInput = syn::parse_str(
//!     r#"#[derive(Default, Resource)] #[resource(version = "v1", plural = "nodes", cluster)] struct Node { pod_ips: Vec<String> }"#,
//! )?;
//! assert!(derives(&node, "Resource"));
//! assert_eq!(Resource::of(&node)?.plural, "nodes");
//! let Parts::Named(fields) = Parts::of(&node)? else { panic!("it has fields") };
//! assert_eq!(fields[0].name, "podIPs");
//! # Ok::<(), syn::Error>(())
//! ```

#![forbid(unsafe_code)]

mod fields;
mod name;
mod resource;

pub use fields::{Field, Parts};
pub use name::{is_mask_name, json_name, rust_name};
pub use resource::Resource;

use syn::DeriveInput;

/// Whether a struct's `#[derive(…)]` names a derive, by its last name: `Fields` is there in `derive(wagather::Fields)`.
pub fn derives(input: &DeriveInput, name: &str) -> bool {
    let mut found = false;
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("derive")) {
        // What cannot be read names nothing; the compiler says why.
        let _ = attribute.parse_nested_meta(|meta| {
            found |= meta.path.segments.last().is_some_and(|segment| segment.ident == name);
            Ok(())
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    #[test]
    fn derives_are_found_by_their_last_name() {
        let input: DeriveInput = parse_quote!(
            #[derive(Default, wagather::Resource, Serialize)]
            struct Node;
        );
        for name in ["Default", "Resource", "Serialize"] {
            assert!(derives(&input, name), "{name}");
        }
        for name in ["wagather", "Fields", "derive"] {
            assert!(!derives(&input, name), "{name}");
        }
    }
}
