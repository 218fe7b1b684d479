//! Documents and schemas of every kind, valid and invalid.

use super::*;
use serde_json::json;

/// A short description of a schema, that of `Spec` in a document with some others.
fn shape(schema: &Value) -> String {
    let document = json!({"swagger": "2.0", "definitions": {
        "Spec": schema,
        "Text": {"type": "string", "description": "A text."},
        "a/b": {"type": "boolean"},
        "Self": {"$ref": "#/definitions/Self"},
        "Ping": {"allOf": [{"$ref": "#/definitions/Pong"}]},
        "Pong": {"allOf": [{"type": "object"}, {"$ref": "#/definitions/Ping"}]},
        "Number": {"type": "integer", "format": "int32"},
        "Tree": {"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#/definitions/Tree"}}}},
        "io.k8s.apimachinery.pkg.api.resource.Quantity": {"oneOf": [{"type": "string"}, {"type": "number"}]},
        "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]},
    }});
    let mut schemas = Schemas::default();
    schemas.add("it.json", document.to_string().as_bytes()).expect("a document");
    said(Schema::named(&schemas.documents[0], "Spec"), 3)
}

fn said(schema: Schema<'_>, depth: usize) -> String {
    if depth == 0 {
        return "…".to_owned();
    }
    match schema.view().map(|view| view.shape) {
        Err(why) => why.to_string(),
        Ok(Shape::Text { format, values }) => format!("text {format} {}", values.join("|")).trim().to_owned(),
        Ok(Shape::Integer(format)) => format!("integer {format}").trim().to_owned(),
        Ok(Shape::Array(items)) => format!("[{}]", said(items, depth - 1)),
        Ok(Shape::Map(values)) => format!("{{*: {}}}", said(values, depth - 1)),
        Ok(Shape::Object(fields)) => {
            let field = |(name, schema): (&str, Schema<'_>)| {
                let mark = if fields.requires(name) { "!" } else { "" };
                format!("{name}{mark}: {}", said(schema, depth - 1))
            };
            let open = if fields.preserves_unknown { ", …" } else { "" };
            format!("{{{}{open}}}", fields.iter().map(field).collect::<Vec<_>>().join(", "))
        }
        Ok(other) => format!("{other:?}"),
    }
}

#[test]
fn every_dialect_says_the_same() {
    let quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity";
    let either = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";
    for (schema, meant) in [
        (json!({"type": "string"}), "text"),
        (json!({"type": "string", "format": "date-time"}), "text date-time"),
        (json!({"type": "string", "enum": ["A", "B", null, 1]}), "text  A|B"),
        (json!({"type": "integer", "format": "int64"}), "integer int64"),
        (json!({"type": "number", "format": "double"}), "Number"),
        (json!({"$ref": "#/definitions/Text"}), "text"),
        (json!({"allOf": [{"$ref": "#/definitions/Text"}], "default": ""}), "text"),
        (json!({"$ref": "#/definitions/a~1b"}), "Boolean"),
        (json!({"$ref": "#/definitions/a%2Fb"}), "Boolean"),
        // Quantities and IntOrStrings: OpenAPI 3, OpenAPI 2, CustomResourceDefinitions.
        (json!({"$ref": format!("#/definitions/{quantity}")}), "Quantity"),
        (json!({"allOf": [{"$ref": format!("#/definitions/{quantity}")}]}), "Quantity"),
        (json!({"$ref": format!("#/definitions/{either}")}), "IntOrString"),
        (json!({"type": "string", "format": "int-or-string"}), "IntOrString"),
        (
            json!({"anyOf": [{"type": "integer"}, {"type": "string"}], "x-kubernetes-int-or-string": true}),
            "IntOrString",
        ),
        (json!({"x-kubernetes-int-or-string": true}), "IntOrString"),
        (json!({"oneOf": [{"type": "string"}, {"$ref": "#/definitions/Number"}]}), "IntOrString"),
        // OpenAPI 3.1: types are lists, which may contain null.
        (json!({"type": ["string", "null"]}), "text"),
        (json!({"type": ["null"]}), "Anything"),
        (json!({"type": "null"}), "Anything"),
        (json!({"type": ["integer", "string", "null"]}), "IntOrString"),
        (json!({"type": ["object", "string"], "properties": {"a": {}}}), "Anything"),
        (json!({"type": "string", "nullable": true}), "text"),
        (json!({"anyOf": [{"$ref": "#/definitions/Text"}, {"type": "null"}]}), "text"),
        (json!({"oneOf": [{"type": "object", "properties": {"a": {"type": "string"}}}]}), "{a: text}"),
        // Choices beside a type restrict it, but do not change it.
        (
            json!({"type": "object", "properties": {"a": {"type": "string"}}, "oneOf": [{"required": ["a"]}]}),
            "{a: text}",
        ),
        (json!({"type": "string", "not": {"enum": ["x"]}}), "text"),
        (json!({"not": {"type": "string"}}), "Anything"),
        (json!({"anyOf": [{"type": "string"}, {"type": "object"}]}), "Anything"),
        (json!({"oneOf": [], "anyOf": []}), "Anything"),
        // Objects.
        (
            json!({"properties": {"a": {"type": "string"}, "b": {}}, "required": ["a"]}),
            "{a!: text, b: Anything}",
        ),
        (json!({"type": "object"}), "Anything"),
        (json!({"type": "object", "additionalProperties": {"type": "string"}}), "{*: text}"),
        (json!({"type": "object", "additionalProperties": true}), "{*: Anything}"),
        (json!({"type": "object", "additionalProperties": {}}), "{*: Anything}"),
        (json!({"type": "object", "additionalProperties": false}), "Anything"),
        (json!({"type": "object", "properties": {"a": {}}, "additionalProperties": false}), "{a: Anything}"),
        (
            json!({"type": "object", "properties": {"a": {}}, "additionalProperties": true}),
            "{a: Anything, …}",
        ),
        (
            json!({"type": "object", "properties": {"a": {}}, "x-kubernetes-preserve-unknown-fields": true}),
            "{a: Anything, …}",
        ),
        (
            json!({"type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true}),
            "Anything",
        ),
        (
            json!({"type": "object", "properties": {"spec": {}}, "x-kubernetes-embedded-resource": true}),
            "{spec: Anything, …}",
        ),
        (
            json!({"allOf": [{"properties": {"a": {"type": "string"}}}, {"properties": {"b": {"type": "integer"}}}]}),
            "{a: text, b: integer}",
        ),
        // Lists.
        (json!({"type": "array", "items": {"type": "array", "items": {"type": "string"}}}), "[[text]]"),
        (json!({"type": "array"}), "[Anything]"),
        (json!({"type": "array", "items": true}), "[Anything]"),
        (json!(true), "Anything"),
        (json!({}), "Anything"),
        (json!(null), "Anything"),
        (json!({"$ref": "#/definitions/Tree"}), "{children: [{children: …}]}"),
    ] {
        assert_eq!(shape(&schema), meant, "{schema}");
    }
}

#[test]
fn what_is_malformed_is_told_with_its_place() {
    for (schema, why) in [
        (json!(1), "a schema is an object, not a number"),
        (json!("x"), "a schema is an object, not a text"),
        (json!(false), "a schema is an object, not a boolean"),
        (json!([]), "a schema is an object, not a list"),
        (json!({"type": 1}), "'type' is a number, not a text"),
        (json!({"type": "text"}), "there is no type 'text'"),
        (json!({"type": ["string", 1]}), "'type' has a list with items that are not text"),
        (json!({"type": ["text", "null"]}), "there is no type 'text'"),
        (json!({"format": {}}), "'format' is an object, not a text"),
        (json!({"description": []}), "'description' is a list, not a text"),
        (json!({"enum": "A"}), "'enum' is a text, not a list"),
        (json!({"required": true}), "'required' is a boolean, not a list"),
        (json!({"required": [1]}), "'required' has a number among its names"),
        (json!({"properties": []}), "'properties' is a list, not an object"),
        (json!({"allOf": {}}), "'allOf' is an object, not a list"),
        (json!({"oneOf": {}}), "'oneOf' is an object, not a list"),
        (json!({"anyOf": 1}), "'anyOf' is a number, not a list"),
        (
            json!({"x-kubernetes-int-or-string": "true"}),
            "'x-kubernetes-int-or-string' is a text, not a boolean",
        ),
        (
            json!({"x-kubernetes-preserve-unknown-fields": 1}),
            "'x-kubernetes-preserve-unknown-fields' is a number, not a boolean",
        ),
        (
            json!({"x-kubernetes-embedded-resource": {}}),
            "'x-kubernetes-embedded-resource' is an object, not a boolean",
        ),
        (json!({"$ref": 1}), "'$ref' is a number, not a text"),
        (json!({"$ref": "#/definitions/None"}), "'$ref' leads to 'None', which the document does not have"),
        (json!({"$ref": "#/definitions/Spec"}), "references form a cycle: Spec → Spec"),
        (json!({"$ref": "#/definitions/%zz"}), "'$ref' has an invalid escape: '#/definitions/%zz'"),
    ] {
        let expected =
            format!("it.json, /definitions/Spec: {why}; correct it there, or download the document again");
        assert_eq!(shape(&schema), expected, "{schema}");
    }
    for (schema, place, why) in [
        (json!({"$ref": "#/definitions/Self"}), "/definitions/Self", "a cycle: Spec → Self → Self"),
        (
            json!({"$ref": "#/definitions/Ping"}),
            "/definitions/Pong/allOf/1",
            "a cycle: Spec → Ping → Pong → Ping",
        ),
        (json!({"allOf": [{}, {"allOf": [7]}]}), "/definitions/Spec/allOf/1/allOf/0", "not a number"),
        (json!({"anyOf": [{"type": "string"}, 7]}), "/definitions/Spec/anyOf/1", "not a number"),
        (
            json!({"$ref": "other.json#/definitions/A"}),
            "/definitions/Spec",
            "leads out of the document's schemas",
        ),
    ] {
        let told = shape(&schema);
        assert!(told.starts_with(&format!("it.json, {place}: ")) && told.contains(why), "{schema}: {told}");
    }
    // Nested mistakes, each with its place.
    let told = shape(&json!({"type": "object", "properties": {"a/b": {"type": "array", "items": []}}}));
    assert!(
        told.contains(
            "[it.json, /definitions/Spec/properties/a~1b/items: a schema is an object, not a list;"
        ),
        "{told}"
    );
    let told = shape(&json!({"type": "object", "additionalProperties": 1}));
    assert!(
        told.contains("/definitions/Spec/additionalProperties: a schema is an object, not a number;"),
        "{told}"
    );
}

#[test]
fn parts_of_parts_come_to_an_end() {
    // Each contains the next one twice: 2^20 parts.
    let mut definitions = Map::new();
    for index in 0..20 {
        let next = json!({"$ref": format!("#/definitions/D{}", index + 1)});
        definitions.insert(format!("D{index}"), json!({"allOf": [next.clone(), next]}));
    }
    definitions.insert("D20".into(), json!({"type": "string"}));
    let mut schemas = Schemas::default();
    let document = json!({"swagger": "2.0", "definitions": definitions});
    schemas.add("it.json", document.to_string().as_bytes()).expect("a document");
    let why = Schema::named(&schemas.documents[0], "D0").view().expect_err("too many");
    assert!(why.contains("it combines more than 4096 parts"), "{why}");
    let nested =
        |depth: usize| (0..depth).fold(json!({"type": "string"}), |inner, _| json!({"allOf": [inner]}));
    assert_eq!(shape(&nested(50)), "text");
    let many: Vec<Value> = (0..1000).map(|index| json!({"properties": {format!("f{index}"): {}}})).collect();
    assert!(shape(&json!({"allOf": many})).contains("f999"));
    let chain: Map<String, Value> = (0..70)
        .map(|index| (format!("D{index}"), json!({"$ref": format!("#/definitions/D{}", index + 1)})))
        .collect();
    let mut schemas = Schemas::default();
    let document = json!({"swagger": "2.0", "definitions": chain});
    schemas.add("it.json", document.to_string().as_bytes()).expect("a document");
    let why = Schema::named(&schemas.documents[0], "D0").view().expect_err("too deep");
    assert!(
        why.starts_with("it.json, /definitions/D65: references and 'allOf' nest more than 64 deep;"),
        "{why}"
    );
}

/// The description of a file.
fn read(bytes: &[u8]) -> String {
    let mut schemas = Schemas::default();
    match schemas.add("it", bytes) {
        Ok(()) => schemas
            .resources
            .iter()
            .map(|it| format!("{} {}", it.name(), it.version))
            .collect::<Vec<_>>()
            .join(", "),
        Err(why) => why.to_string(),
    }
}

fn crd(spec: &str) -> String {
    format!("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec: {spec}\n")
}

const WIDGETS: &str =
    "{group: example.com, scope: Namespaced, names: {plural: widgets, kind: Widget}, versions: [{name: v1}]}";

#[test]
fn files_are_told_apart() {
    let widgets = crd(WIDGETS);
    let json = wagather_yaml::parse(&widgets).expect("YAML").to_json();
    let several = WIDGETS.replace(
        "[{name: v1}]",
        "[{name: v1alpha1, served: false}, {name: v1beta1, served: true}, {name: v1}]",
    );
    let untyped = json!({"spec": json["spec"]});
    for (bytes, meant) in [
        (widgets.clone(), "widgets.example.com v1"),
        (json.to_string(), "widgets.example.com v1"),
        (format!("\u{feff}{widgets}"), "widgets.example.com v1"),
        (format!("\u{feff}{json}"), "widgets.example.com v1"),
        (widgets.replace('\n', "\r\n"), "widgets.example.com v1"),
        (format!("# a comment\n---\n{widgets}---\napiVersion: v1\nkind: ConfigMap\n---\n"), "widgets.example.com v1"),
        (crd(&several), "widgets.example.com v1beta1, widgets.example.com v1"),
        (json!({"kind": "List", "apiVersion": "v1", "items": [json, {"kind": "ConfigMap"}]}).to_string(), "widgets.example.com v1"),
        (format!("kind: List\napiVersion: v1\nitems:\n- {json}\n"), "widgets.example.com v1"),
        (
            json!({"kind": "CustomResourceDefinitionList", "apiVersion": "apiextensions.k8s.io/v1", "items": [untyped]}).to_string(),
            "widgets.example.com v1",
        ),
        (r#"{"openapi": "3.0.0", "paths": {"/version/": {}}}"#.to_owned(), ""),
    ] {
        assert_eq!(read(bytes.as_bytes()), meant, "{bytes}");
    }
}

#[test]
fn files_that_are_no_schemas_are_told() {
    let v1beta1 = crd(WIDGETS).replace("k8s.io/v1", "k8s.io/v1beta1");
    let long = format!("a: {}", "[".repeat(200));
    for (bytes, why) in [
        (&b""[..], "the file is empty; expected OpenAPI or a CustomResourceDefinition"),
        (b"\n# nothing\n", "the file is empty"),
        (b"\xef\xbb\xbf", "the file is empty"),
        (b"\x1f\x8b\x08\x00", "compressed with gzip: unpack it"),
        (b"\x7fELF\xff\xfe", "neither JSON nor YAML: byte 4 is not text"),
        (b"\xff\xfe{\x00", "neither JSON nor YAML: byte 0 is not text"),
        (b"{\"openapi\": ", "1:12: not JSON: EOF while parsing a value"),
        (b"{} x", "1:4: not JSON: trailing characters"),
        (b"a: [1", "1:6: not YAML: "),
        (b"hello", "neither OpenAPI"),
        (b"[1, 2]", "neither OpenAPI"),
        (b"{}", "neither OpenAPI"),
        (b"{\"openapi\": \"4.0\"}", "neither OpenAPI"),
        (b"kind: Gather\n", "neither OpenAPI"),
        (b"a: 1\n---\nb: 2\n", "1:1: neither OpenAPI"),
        (
            b"{\"openapi\": \"3.0\", \"components\": {\"schemas\": []}}",
            "/components/schemas is not an object",
        ),
        (b"{\"swagger\": \"2.0\", \"definitions\": 1}", "/definitions is not an object"),
        (b"{\"openapi\": \"3.0\", \"paths\": []}", "/paths is not an object"),
        (b"{\"kind\": \"List\"}", "a list without 'items'"),
        (b"{\"kind\": \"List\", \"items\": [1]}", "item 0: an item of a list is an object"),
        (long.as_bytes(), "JSON may be larger"),
        (
            v1beta1.as_bytes(),
            "of 'apiextensions.k8s.io/v1', not 'apiextensions.k8s.io/v1beta1': 'kubectl get crd",
        ),
        (crd("{}").as_bytes(), "the CustomResourceDefinition has no spec.group"),
        (crd(&WIDGETS.replace("kind: Widget", "x: y")).as_bytes(), "has no spec.names.kind"),
        (
            crd(&WIDGETS.replace("Namespaced", "Everywhere")).as_bytes(),
            "widgets.example.com: spec.scope must be Namespaced or Cluster, not 'Everywhere'",
        ),
        (crd(&WIDGETS.replace("[{name: v1}]", "[]")).as_bytes(), "widgets.example.com: it has no version"),
        (crd(&WIDGETS.replace("[{name: v1}]", "[{nam: v1}]")).as_bytes(), "spec.versions[0] has no name"),
        (
            crd(&WIDGETS.replace("name: v1}", "name: v1, schema: {openAPIV3Schema: 1}}")).as_bytes(),
            "widgets.example.com: /spec/versions/0/schema/openAPIV3Schema is not an object",
        ),
    ] {
        let told = read(bytes);
        assert!(told.contains(why), "{told}, where {why}");
    }
    // serde_json's nesting limit is an error, not a stack overflow.
    let deep = format!("{{\"openapi\": \"3.0\", \"x\": {}", "[".repeat(100_000));
    assert!(read(deep.as_bytes()).contains(": not JSON: recursion limit exceeded"));
}

#[test]
fn custom_resources_without_a_schema_may_have_any_field() {
    let mut schemas = Schemas::default();
    schemas.add("it", crd(WIDGETS).as_bytes()).expect("a CustomResourceDefinition");
    let told = said(schemas.schema_of(&schemas.resources[0]), 1);
    assert_eq!(told, "{apiVersion: …, kind: …, metadata: …, …}");
}

#[test]
fn places_in_custom_resources_are_those_of_the_file() {
    let spec = WIDGETS.replace(
        "[{name: v1}]",
        "[{name: v1alpha1, served: false}, {name: v1, schema: {openAPIV3Schema: {properties: {spec: {type: 1}}}}}]",
    );
    let mut schemas = Schemas::default();
    schemas.add("crd.yaml", crd(&spec).as_bytes()).expect("a CustomResourceDefinition");
    let told = said(schemas.schema_of(&schemas.resources[0]), 2);
    let place = "crd.yaml, CustomResourceDefinition widgets.example.com, /spec/versions/1/schema/openAPIV3Schema/properties/spec";
    assert!(told.contains(&format!("spec: {place}: 'type' is a number, not a text;")), "{told}");
}

#[test]
fn too_large_a_file_is_not_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("huge.json");
    // A sparse file takes no space.
    let made = std::fs::File::create(&file).and_then(|file| file.set_len(MAX_DOCUMENT_BYTES as u64 + 1));
    made.expect("a file");
    let why = Schemas::read(std::slice::from_ref(&file)).expect_err("too large").to_string();
    assert!(why.starts_with(&format!("{}: it is larger than 128 MiB", file.display())), "{why}");
}

#[test]
fn many_definitions_are_not_too_many() {
    const COUNT: usize = 200_000;
    let definitions: Map<String, Value> = (0..COUNT)
        .map(|index| {
            let next = format!("#/components/schemas/D{}", (index + 1) % COUNT);
            (format!("D{index}"), json!({"type": "object", "properties": {"next": {"$ref": next}}}))
        })
        .collect();
    let document = json!({"openapi": "3.0.0", "components": {"schemas": definitions}});
    let mut schemas = Schemas::default();
    schemas.add("it.json", document.to_string().as_bytes()).expect("a document");
    let document = &schemas.documents[0];
    assert_eq!(document.definitions.len(), COUNT);
    assert_eq!(said(Schema::named(document, "D7"), 3), "{next: {next: {next: …}}}");
}

#[test]
fn groups_that_have_the_same_name_are_named_once_each() {
    let mut schemas = Schemas::default();
    for (group, versions) in [("a.example", "{name: v1}, {name: v1beta1}"), ("b.example", "{name: v1}")] {
        let crd = format!(
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec: {{group: {group}, scope: Cluster, names: {{plural: things, kind: Thing}}, versions: [{versions}]}}"
        );
        schemas.add(group, crd.as_bytes()).expect("schemas");
    }
    let why = schemas.find("things").expect_err("two groups");
    assert_eq!(why, "several groups have 'things': write things.a.example or things.b.example");
    assert_eq!(schemas.find("things.a.example").map(|found| &*found.version), Ok("v1"));
}
