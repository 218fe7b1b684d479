use super::*;
use crate::{Declaration, Plan, Schemas};
use serde_json::{Value, json};
use std::path::Path;

/// A server's document with these fields of `status`.
fn document(fields: &Value) -> Value {
    let kind = json!({"group": "example.com", "version": "v1", "kind": "Widget"});
    let action = |action: &str| json!({"get": {"x-kubernetes-action": action, "x-kubernetes-group-version-kind": kind}});
    json!({
        "openapi": "3.0.0",
        "info": {"title": "Test", "version": "1"},
        "paths": {
            "/apis/example.com/v1/widgets": action("list"),
            "/apis/example.com/v1/widgets/{name}": action("get"),
            "/apis/example.com/v1/widgets/{name}/log": action("get"),
        },
        "components": {"schemas": {"Widget": {
            "type": "object",
            "x-kubernetes-group-version-kind": [kind],
            "properties": {"status": {"type": "object", "properties": fields, "required": ["size"]}},
        }}},
    })
}

fn fields() -> Value {
    json!({
        "phase": {"type": "string", "enum": ["On", "Off"]},
        "time": {"type": "string", "format": "date-time"},
        "size": {"type": "integer", "format": "int32"},
        "total": {"type": "integer", "format": "int64"},
        "load": {"type": "number"},
        "ready": {"type": "boolean"},
        "port": {"x-kubernetes-int-or-string": true},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "parts": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}, "count": {"type": "integer"}}}},
        "open": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
    })
}

fn schemas(document: &Value) -> Schemas {
    let mut schemas = Schemas::default();
    schemas.add("it.json", document.to_string().as_bytes()).expect("a document");
    schemas
}

/// The reports for a gatherer that reads the whole status, when one document is replaced by another.
fn told(before: &Value, after: &Value) -> Vec<String> {
    let text = "apiVersion: wagather/v1\nkind: Gather\nname: it\nresources:\n  \
                widgets: {verbs: [get, list], log: true, fields: status}\n";
    let declaration = Declaration::parse(Path::new("gather.yaml"), text).expect("a declaration");
    let (known, other) = (schemas(before), schemas(after));
    let plan = Plan::new(&declaration, &known).expect("a plan");
    let changes = compare(&declaration, &plan, &known, &other).expect("a comparison");
    changes.iter().map(Change::to_string).collect()
}

#[test]
fn the_same_has_no_changes() {
    assert_eq!(told(&document(&fields()), &document(&fields())), Vec::<String>::new());
    // The same in the other dialect.
    let mut version_2 = document(&fields());
    version_2["swagger"] = "2.0".into();
    version_2["definitions"] = version_2["components"]["schemas"].take();
    version_2.as_object_mut().expect("an object").remove("openapi");
    assert_eq!(told(&document(&fields()), &version_2), Vec::<String>::new());
}

#[test]
fn what_became_of_a_field_is_told_with_what_it_means() {
    const DECODE: &str = " (the gatherer fails to decode it)";
    const NOTHING: &str = " (the gatherer reads nothing there)";
    const HARMLESS: &str = " (harmless)";
    let text = json!({"type": "string"});
    for (field, now, what, effect) in [
        (
            "phase",
            json!({"type": "string", "enum": ["On", "Broken"]}),
            &["value added: Broken (read as an unknown value until you run generate)", "value removed: Off"]
                [..],
            HARMLESS,
        ),
        ("phase", text.clone(), &["its values are no longer listed"], HARMLESS),
        ("phase", json!({"type": "integer"}), &["string → integer"], DECODE),
        (
            "phase",
            json!({"type": "array", "items": {"type": "string"}}),
            &["string → list of string"],
            DECODE,
        ),
        ("phase", json!({"x-kubernetes-int-or-string": true}), &["string → integer or string"], DECODE),
        ("phase", json!({}), &["string → anything: the schema no longer says what it is"], HARMLESS),
        ("time", text.clone(), &["the format date-time → none"], HARMLESS),
        (
            "time",
            json!({"type": "string", "format": "date-time", "enum": ["now"]}),
            &["its values are listed now: now"],
            HARMLESS,
        ),
        ("size", text.clone(), &["integer → string"], DECODE),
        (
            "size",
            json!({"type": "integer", "format": "int64"}),
            &["the format int32 → int64, for numbers that do not fit"],
            DECODE,
        ),
        (
            "size",
            json!({"type": "integer", "format": "uint32"}),
            &["the format int32 → uint32, for numbers that do not fit"],
            DECODE,
        ),
        ("size", json!({"type": "integer", "format": "uint16"}), &["the format int32 → uint16"], HARMLESS),
        ("total", json!({"type": "integer"}), &["the format int64 → none"], HARMLESS),
        ("total", json!({"type": "integer", "format": "int32"}), &["the format int64 → int32"], HARMLESS),
        ("total", json!({"type": "number"}), &["integer → number"], DECODE),
        ("load", json!({"type": "integer"}), &["number → integer"], HARMLESS),
        ("ready", text.clone(), &["boolean → string"], DECODE),
        ("port", text.clone(), &["integer or string → string"], HARMLESS),
        ("port", json!({"type": "boolean"}), &["integer or string → boolean"], DECODE),
        (
            "labels",
            json!({"type": "object", "additionalProperties": {"type": "integer"}}),
            &[".*: string → integer"],
            DECODE,
        ),
        (
            "labels",
            json!({"type": "object", "properties": {"a": {"type": "string"}}}),
            &["map → object"],
            DECODE,
        ),
        (
            "parts",
            json!({"type": "object", "properties": {"name": text}}),
            &["list of object → object"],
            DECODE,
        ),
        (
            "parts",
            json!({"type": "array", "items": {"type": "object", "properties": {"names": text, "count": {"type": "integer"}}}}),
            &["[].name: the field was removed; is it 'names' now?"],
            NOTHING,
        ),
        (
            "parts",
            json!({"type": "array", "items": {"type": "object", "properties": {"name": text, "count": text}}}),
            &["[].count: integer → string"],
            DECODE,
        ),
        ("parts", json!({"type": "array", "items": text}), &["[]: object → string"], DECODE),
        (
            "parts",
            json!({"type": "array", "items": {"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {"name": text}}}),
            &["[].count: the schema no longer has it, and allows fields that it does not have"],
            HARMLESS,
        ),
        ("open", text.clone(), &["anything → string"], HARMLESS),
        (
            "new",
            json!({"type": "object", "properties": {"a": {"type": "object", "properties": {"b": text}}}}),
            &["the field is new: run generate to read it"],
            HARMLESS,
        ),
    ] {
        let mut after = fields();
        after[field] = now.clone();
        let expected: Vec<String> = what
            .iter()
            .map(|what| match what.starts_with(['[', '.']) {
                true => format!("widgets.example.com.status.{field}{what}{effect}"),
                false => format!("widgets.example.com.status.{field}: {what}{effect}"),
            })
            .collect();
        assert_eq!(told(&document(&fields()), &document(&after)), expected, "{field}: {now}");
    }
    let mut after = fields();
    after.as_object_mut().expect("an object").remove("ready");
    assert_eq!(
        told(&document(&fields()), &document(&after)),
        [format!("widgets.example.com.status.ready: the field was removed{NOTHING}")]
    );
}

#[test]
fn what_became_of_a_resource_is_told_with_what_it_means() {
    const ASK: &str = " (the gatherer's requests fail)";
    let before = document(&fields());
    let text = before.to_string();
    let later = text.replace("v1", "v2");
    for (after, expected) in [
        (later.clone(), format!("the version v1 was removed; there is v2{ASK}")),
        (
            text.replace("example.com", "example.org"),
            format!(
                "it was removed: the schemas have no resource 'widgets.example.com'; did you mean 'widgets.example.org'?{ASK}"
            ),
        ),
        (
            text.replace("/v1/widgets", "/v1/namespaces/{namespace}/widgets"),
            format!("objects of the cluster → in namespaces{ASK}"),
        ),
        (
            text.replace("/apis/example.com/v1/widgets\"", "/x\""),
            format!("it no longer supports 'list'{ASK}"),
        ),
        (text.replace("/{name}\"", "/{name}/x\""), format!("it no longer supports 'get'{ASK}")),
        (text.replace("/log", "/status"), format!("it no longer supports 'log'{ASK}")),
        (text.replace("Widget\"", "Gizmo\""), "its kind Widget → Gizmo (harmless)".to_owned()),
    ] {
        let after: Value = serde_json::from_str(&after).expect("JSON");
        assert_eq!(told(&before, &after), [format!("widgets.example.com: {expected}")]);
    }
    // Both versions; one is newer.
    let mut after = before.clone();
    let later: Value = serde_json::from_str(&later).expect("JSON");
    for (path, operation) in later["paths"].as_object().expect("paths") {
        after["paths"][path] = operation.clone();
    }
    after["components"]["schemas"]["WidgetV2"] = later["components"]["schemas"]["Widget"].clone();
    assert_eq!(
        told(&before, &after),
        ["widgets.example.com: the version v2 is newer than v1: run generate to read it (harmless)"]
    );
    // A malformed schema is neither a known break nor harmless.
    let mut after = before.clone();
    after["components"]["schemas"]["Widget"]["properties"]["status"]["type"] = 1.into();
    let told = told(&before, &after);
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("widgets.example.com.status: its schema is malformed: it.json, /components/schemas/Widget/properties/status: 'type' is a number") && told[0].ends_with("(the effect on the gatherer is unknown)"), "{told:?}");
}

#[test]
fn what_is_required_may_become_optional() {
    let before = document(&fields());
    let mut after = before.clone();
    after["components"]["schemas"]["Widget"]["properties"]["status"]["required"] = json!(["ready"]);
    assert_eq!(
        told(&before, &after),
        [
            "widgets.example.com.status.ready: optional → required (harmless)",
            "widgets.example.com.status.size: required → optional: an absent field reads as empty (harmless)",
        ]
    );
}

#[test]
fn a_stale_file_is_shown_where_it_differs() {
    assert_eq!(stale("a\nb\n", "a\nb\n"), None);
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        stale("a\nb\nc\nd\ne\n", "a\nx\n"),
        Some(Stale { line: 2, is: lines(&["b", "c", "d"]), would_be: lines(&["x"]) })
    );
    // Line endings count.
    assert_eq!(stale("a", "a\n"), Some(Stale { line: 2, is: lines(&[]), would_be: lines(&[]) }));
}
