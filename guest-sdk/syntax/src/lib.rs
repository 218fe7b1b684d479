//! Parses structs for the derives of [`wagather`](../wagather/index.html): the JSON names of their fields,
//! and the resource that they declare.
//!
//! It is a separate crate, so the tools that write and check gatherers' sources parse structs exactly as
//! the derives do. It generates no code; `wagather-derive` does that. It sees only the tokens of a struct:
//! not the definitions of its field types, and not derives that a macro adds.
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

/// Whether a struct's `#[derive(…)]` names a derive, by the last path segment: `derive(wagather::Fields)`
/// names `Fields`.
pub fn derives(input: &DeriveInput, name: &str) -> bool {
    let mut found = false;
    for attribute in input.attrs.iter().filter(|attribute| attribute.path().is_ident("derive")) {
        // An attribute that cannot be parsed names nothing; the compiler reports it.
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
