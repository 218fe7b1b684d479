//! Foreign schemas and a declaration of fields: the output is Rust, and contains only what is declared.
//!
//! Input: a line with the fields, then the document.
#![no_main]

use std::path::Path;
use wagather_codegen::declaration::Selection;
use wagather_codegen::{Declaration, Package, Plan, Schemas, emit, schema};

/// Of a document with more resources the first ones are looked at.
const RESOURCES: usize = 4;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some(end) = data.iter().position(|byte| *byte == b'\n') else { return };
    let (fields, document) = (&data[..end], &data[end + 1..]);
    let mut schemas = Schemas::default();
    if let Err(why) = schemas.add("it.json", document) {
        assert!(!why.reason.is_empty());
        return;
    }
    let fields = String::from_utf8_lossy(fields);
    let fields = match Selection::parse(&fields) {
        Ok(selection) => {
            let shown = selection.to_string();
            assert_eq!(
                Selection::parse(&shown).as_ref(),
                Ok(&selection),
                "it is read as it is shown: {shown}"
            );
            shown
        }
        Err(why) => {
            assert!(!why.is_empty());
            "*".to_owned()
        }
    };
    for resource in schemas.resources().iter().take(RESOURCES) {
        one(&schemas, resource, &fields);
    }
});

fn one(schemas: &Schemas, resource: &schema::Resource, fields: &str) {
    let name = match &*resource.group {
        "" => format!("{}.{}", resource.plural, resource.version),
        group => format!("{}.{}.{group}", resource.plural, resource.version),
    };
    let verb = if resource.list { "list" } else { "get" };
    let wanted = serde_json::json!({name: {"fields": fields, "verbs": [verb]}});
    let text = format!("apiVersion: wagather/v1\nkind: Gather\nname: it\nresources: {wanted}\n");
    // JSON and YAML differ in what they escape.
    let Ok(declaration) = Declaration::parse(Path::new("gather.yaml"), &text) else { return };
    let plan = match Plan::new(&declaration, schemas) {
        Ok(plan) => plan,
        Err(error) => {
            assert!(error.mistakes().count() > 0 && error.mistakes().all(|mistake| !mistake.is_empty()));
            return;
        }
    };
    let mask = &plan.resources[0].mask;
    assert_eq!(wagather_abi::mask::check(mask), Ok(()), "a host takes the mask {mask}");
    let rust = emit::rust(&plan);
    let file = syn::parse_file(&rust).unwrap_or_else(|error| panic!("not Rust: {error}\n{rust}"));
    let structs = file.items.iter().filter(|item| matches!(item, syn::Item::Struct(_))).count();
    assert_eq!(structs, plan.structs.len() + plan.enumerations.len() + likes(&plan), "{rust}");
    let others = file.items.iter().filter(|item| !is_made(item)).count();
    assert_eq!(others, 0, "{rust}");
    let package = Package { name: "it".to_owned(), version: "1.0.0".to_owned() };
    let manifest = emit::manifest(&plan, &package);
    assert!(manifest.contains(mask.as_str()) && !manifest.trim_end().contains('\r'), "{manifest}");
}

/// The resources that are structs beside those with their fields.
fn likes(plan: &Plan) -> usize {
    plan.resources.iter().filter(|planned| !matches!(planned.body, wagather_codegen::Body::Own(_))).count()
}

/// Whether the generator makes such items.
fn is_made(item: &syn::Item) -> bool {
    matches!(item, syn::Item::Struct(_) | syn::Item::Type(_) | syn::Item::Impl(_) | syn::Item::Use(_))
}
