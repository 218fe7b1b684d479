//! Schemas by somebody who would like to write the gatherer's code: an API server's documents are suspect, and what is made of them
//! is compiled on a developer's machine.

use serde_json::{Value, json};
use std::path::Path;
use wagather_codegen::{Declaration, Plan, Schemas, emit};

/// What is put wherever a schema has a text.
const TEXTS: &[&str] = &[
    "\nfn evil() {}\n",
    "\r\nfn evil() {}",
    "\u{2028}fn evil() {}",
    "*/ fn evil() {} /*",
    "\" ] fn evil() {} [ \"",
    "`fn evil() {}`\n",
    "\u{202e} fn evil() {}",
    "\u{85}fn evil() {}",
];

fn document(hostile: &str) -> Value {
    let of_kind = |kind: &str| json!({"group": "", "version": "v1", "kind": kind});
    let list = |kind: &str| json!({"get": {"x-kubernetes-action": "list", "x-kubernetes-group-version-kind": of_kind(kind)}});
    json!({
        "openapi": "3.0.0",
        "info": {"title": format!("Title{hostile}"), "version": hostile},
        "paths": {
            "/api/v1/pods": list("Pod"),
            "/api/v1/secrets": list(&format!("Secret{hostile}")),
            format!("/apis/x{hostile}/v1/pods"): list("Pod"),
            format!("/api/v1/pods{hostile}"): list("Pod"),
        },
        "components": {"schemas": {
            format!("a.{hostile}.Pod"): {
                "type": "object",
                "description": format!("A pod.{hostile}"),
                "x-kubernetes-group-version-kind": [of_kind("Pod")],
                "properties": {"status": {"$ref": format!("#/components/schemas/{}", hostile.replace('~', "~0").replace('/', "~1"))}},
            },
            hostile: {
                "type": "object",
                "description": hostile,
                "properties": {
                    "phase": {"type": "string", "description": format!("Words{hostile}"), "enum": [hostile, "A", format!("B{hostile}")]},
                    "when": {"type": "string", "format": hostile},
                    "inner": {"type": "object", "properties": {"a": {"type": "string", "description": hostile}}},
                },
            },
        }},
    })
}

#[test]
fn what_a_schema_says_is_never_code() {
    for hostile in TEXTS {
        let mut schemas = Schemas::default();
        schemas
            .add(&format!("file{hostile}.json"), document(hostile).to_string().as_bytes())
            .expect("a document");
        assert_eq!(schemas.resources().len(), 1, "{:?}", schemas.resources());
        let text = "apiVersion: wagather/v1\nkind: Gather\nname: it\nresources:\n  pods: status\n";
        let declaration = Declaration::parse(Path::new("gather.yaml"), text).expect("a declaration");
        let plan = Plan::new(&declaration, &schemas).expect("a plan");
        let rust = emit::rust(&plan);
        for line in rust.lines() {
            let is_said =
                ["//", "#[", "pub(crate) const "].iter().any(|start| line.trim_start().starts_with(start));
            assert!(is_said || !line.contains("evil"), "{hostile:?} became a line of its own: {line}");
            assert!(!line.contains(['\u{2028}', '\u{85}', '\u{202e}', '\r']), "{line:?}");
        }
        let names: Vec<String> = syn::parse_file(&rust)
            .unwrap_or_else(|error| panic!("{hostile:?}: {error}\n{rust}"))
            .items
            .iter()
            .map(|item| match item {
                syn::Item::Struct(made) => made.ident.to_string(),
                syn::Item::Type(made) => made.ident.to_string(),
                syn::Item::Impl(_) | syn::Item::Use(_) => String::new(),
                _ => panic!("{hostile:?} became an item of its own:\n{rust}"),
            })
            .filter(|name| !name.is_empty())
            .collect();
        assert_eq!(
            names.len(),
            5,
            "an alias, the resource, its status, what is in it, and a text: {names:?}"
        );
    }
}

#[test]
fn what_a_schema_says_does_not_steer_a_terminal() {
    // The names that there are, of which a message lists some.
    let document = document("it").to_string().replace("\"when\"", "\"when\\u001b[2J\"");
    let mut schemas = Schemas::default();
    schemas.add("it.json", document.as_bytes()).expect("a document");
    let text = "apiVersion: wagather/v1\nkind: Gather\nname: it\nresources:\n  pods: status.xyz\n";
    let declaration = Declaration::parse(Path::new("gather.yaml"), text).expect("a declaration");
    let why = Plan::new(&declaration, &schemas).expect_err("no such field").to_string();
    assert!(why.contains("has no field 'xyz'") && why.contains("when"), "{why}");
    assert!(!why.contains('\u{1b}'), "{why:?}");
}

#[test]
fn a_definition_with_other_names_is_refused() {
    for (group, plural, kind, version) in [
        ("example.com\nfn evil() {}", "widgets", "Widget", "v1"),
        ("example.com", "wid gets", "Widget", "v1"),
        ("example.com", "widgets", "Widget;", "v1"),
        ("example.com", "widgets", "Widget", "v1\n"),
    ] {
        let names = json!({"plural": plural, "kind": kind});
        let versions = json!([{"name": version, "served": true}]);
        let spec = json!({"group": group, "scope": "Cluster", "names": names, "versions": versions});
        let definition = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": spec});
        let why = Schemas::default().add("crd.json", definition.to_string().as_bytes()).expect_err("refused");
        assert!(why.reason.contains("is not a valid") && !why.reason.contains('\n'), "{why}");
    }
}
