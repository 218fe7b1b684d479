//! Large documents: how long it takes, and what is too much.

use serde_json::{Map, Value, json};
use std::path::Path;
use std::time::{Duration, Instant};
use wagather_codegen::{Declaration, Plan, Schemas, emit};

/// A document of a real server, cut down to two resources.
const CORE: &str = include_str!("schemas/core-v1.json");

/// What it may take where nothing is optimised and others build beside it; it is some 0.1 s.
const MOST: Duration = Duration::from_secs(5);

fn declaration(resources: &str) -> Declaration {
    let text = format!("apiVersion: wagather/v1\nkind: Gather\nname: it\nresources: {resources}\n");
    Declaration::parse(Path::new("gather.yaml"), &text).expect("a declaration")
}

/// As large as a whole document of the core group, 1.6 MB: the resources, and many definitions beside them.
fn whole() -> Vec<u8> {
    let mut document: Value = serde_json::from_str(CORE).expect("JSON");
    let schemas = document["components"]["schemas"].as_object_mut().expect("schemas");
    let known: Map<String, Value> = schemas.clone();
    let mut len = 0;
    for copy in 0.. {
        for (name, schema) in &known {
            len += schema.to_string().len();
            schemas.insert(format!("{name}{copy}"), schema.clone());
        }
        if len > 1_600_000 {
            break;
        }
    }
    document.to_string().into_bytes()
}

#[test]
fn a_gatherer_is_made_of_a_whole_document_in_no_time() {
    let (bytes, declaration) = (whole(), declaration("{nodes: 'metadata, spec, status', services: spec}"));
    assert!(bytes.len() > 1_600_000);
    let begin = Instant::now();
    let mut schemas = Schemas::default();
    schemas.add("core-v1.json", &bytes).expect("the document");
    let plan = Plan::new(&declaration, &schemas).expect("a plan");
    assert!(emit::rust(&plan).len() > 1000);
    let took = begin.elapsed();
    assert!(took < MOST, "{took:?}");
}

#[test]
fn everything_of_something_huge_is_too_much() {
    // Each of 12 definitions has the next one three times: 3^12 objects, if all fields of all are wanted.
    let mut definitions = Map::new();
    let kind = json!({"group": "example.com", "version": "v1", "kind": "Huge"});
    for index in 0..12 {
        let next = json!({"$ref": format!("#/components/schemas/D{}", index + 1)});
        definitions.insert(
            format!("D{index}"),
            json!({"type": "object", "properties": {"a": next, "b": next, "c": next}}),
        );
    }
    definitions["D0"]["x-kubernetes-group-version-kind"] = json!([kind]);
    definitions.insert("D12".into(), json!({"type": "string"}));
    let list = json!({"get": {"x-kubernetes-action": "list", "x-kubernetes-group-version-kind": kind}});
    let document = json!({
        "openapi": "3.0.0", "paths": {"/apis/example.com/v1/huges": list}, "components": {"schemas": definitions},
    });
    let mut schemas = Schemas::default();
    schemas.add("huge.json", document.to_string().as_bytes()).expect("the document");
    let begin = Instant::now();
    let why = Plan::new(&declaration("{huges: '*'}"), &schemas).expect_err("too much").to_string();
    assert!(why.contains("too many types; name fewer fields"), "{why}");
    assert!(why.len() < 10_000, "one reason is enough: {} bytes", why.len());
    assert!(begin.elapsed() < MOST, "{:?}", begin.elapsed());
    // One path through it is fine.
    let path = ["a", "b", "c", "a", "b", "c", "a", "b", "c", "a", "b", "c"].join(".");
    let plan = Plan::new(&declaration(&format!("{{huges: {path}}}")), &schemas).expect("a plan");
    assert_eq!(plan.structs.len(), 12);
}
