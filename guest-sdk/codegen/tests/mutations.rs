//! Whatever a document or a declaration has in it, there is a plan or an error with a text, and never a panic.

use serde_json::{Value, json};
use std::path::Path;
use wagather_codegen::check::compare;
use wagather_codegen::declaration::Selection;
use wagather_codegen::{Declaration, Plan, Schemas, emit};

/// A document of a real server, cut down to two resources.
const CORE: &str = include_str!("schemas/core-v1.json");

const DECLARATION: &str = "apiVersion: wagather/v1
kind: Gather
name: it
resources:
  nodes:
    verbs: [get, list]
    fields: metadata, spec.*, status.{capacity, conditions[].{type, lastTransitionTime}, nodeInfo, images[].names}
  services: metadata.{name, labels, annotations.a, ownerReferences[].uid}, spec.ports[].{port, targetPort}, status
";

/// Numbers that are the same each time (xorshift64*).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(number).unwrap_or_default() % end
    }

    fn one_of<'a, T>(&mut self, things: &'a [T]) -> &'a T {
        &things[self.below(things.len())]
    }
}

fn declaration() -> Declaration {
    Declaration::parse(Path::new("gather.yaml"), DECLARATION).expect("a declaration")
}

/// How many values a value has, itself included.
fn count(value: &Value) -> usize {
    match value {
        Value::Object(keys) => 1 + keys.values().map(count).sum::<usize>(),
        Value::Array(items) => 1 + items.iter().map(count).sum::<usize>(),
        _ => 1,
    }
}

/// The value at a place, counted in the same order.
fn at<'a>(value: &'a mut Value, place: &mut usize) -> Option<&'a mut Value> {
    if *place == 0 {
        return Some(value);
    }
    *place -= 1;
    match value {
        Value::Object(keys) => keys.values_mut().find_map(|value| at(value, place)),
        Value::Array(items) => items.iter_mut().find_map(|value| at(value, place)),
        _ => None,
    }
}

/// Changes one value into something that a schema has at another place, or nowhere.
fn mutate(document: &mut Value, numbers: &mut Numbers, size: usize) {
    const KEYS: &[&str] = &[
        "$ref",
        "additionalProperties",
        "allOf",
        "anyOf",
        "enum",
        "format",
        "items",
        "oneOf",
        "properties",
        "required",
        "type",
        "x-kubernetes-int-or-string",
        "x-kubernetes-preserve-unknown-fields",
        "x-kubernetes-group-version-kind",
    ];
    const REFERENCES: &[&str] = &[
        "#/components/schemas/io.k8s.api.core.v1.Node",
        "#/components/schemas/io.k8s.api.core.v1.NodeSpec",
        "#/components/schemas/io.k8s.apimachinery.pkg.api.resource.Quantity",
        "#/components/schemas/None",
        "#/components/schemas/%",
        "#",
        "x.json#/a",
    ];
    let others = [
        json!(null),
        json!(true),
        json!(false),
        json!(-1),
        json!(1e300),
        json!(""),
        json!("object"),
        json!("array"),
        json!("string"),
        json!("int-or-string"),
        json!("text\u{0}\n\"'"),
        json!([]),
        json!({}),
        json!([null]),
        json!([[{}]]),
        json!({"type": "array"}),
        json!({"type": ["string", "null"]}),
        json!({"$ref": numbers.one_of(REFERENCES)}),
        json!({"allOf": [{"$ref": numbers.one_of(REFERENCES)}, {"$ref": numbers.one_of(REFERENCES)}]}),
        json!({"type": "object", "additionalProperties": {"$ref": numbers.one_of(REFERENCES)}}),
    ];
    let other = numbers.one_of(&others).clone();
    let Some(value) = at(document, &mut numbers.below(size)) else { return };
    match value {
        Value::Object(keys) if !keys.is_empty() && numbers.below(2) == 0 => {
            let key = keys.keys().nth(numbers.below(keys.len())).cloned().unwrap_or_default();
            match numbers.below(3) {
                0 => drop(keys.remove(&key)),
                1 => drop(keys.insert((*numbers.one_of(KEYS)).to_owned(), other)),
                _ => {
                    drop(keys.remove(&key).map(|value| keys.insert(numbers.one_of(KEYS).to_string(), value)))
                }
            }
        }
        _ => *value = other,
    }
}

#[test]
fn a_document_may_have_anything_anywhere() {
    const TIMES: usize = 1000;
    let declaration = declaration();
    let mut known = Schemas::default();
    known.add("core-v1.json", CORE.as_bytes()).expect("the document");
    let plan = Plan::new(&declaration, &known).expect("the plan");
    let whole: Value = serde_json::from_str(CORE).expect("JSON");
    let size = count(&whole);
    let mut numbers = Numbers(0x5EED);
    let (mut made, mut refused) = (0, 0);
    for _ in 0..TIMES {
        let mut document = whole.clone();
        // Most documents have many places that nobody looks at.
        for _ in 0..1 + numbers.below(12) {
            mutate(&mut document, &mut numbers, size);
        }
        let mut schemas = Schemas::default();
        let added = schemas.add("it.json", document.to_string().as_bytes()).map_err(|why| why.to_string());
        match added.and_then(|()| Plan::new(&declaration, &schemas).map_err(|why| why.to_string())) {
            Ok(plan) => {
                made += 1;
                assert!(emit::rust(&plan).contains("pub(crate) struct Node"));
            }
            Err(why) => {
                refused += 1;
                assert!(!why.trim().is_empty());
            }
        }
        // What is told of it depends on it, and is told whatever it is.
        for change in compare(&declaration, &plan, &known, &schemas).expect("the plan's own schemas") {
            assert!(!change.to_string().is_empty());
        }
    }
    assert!(made > TIMES / 20 && refused > TIMES / 20, "{made} were made, {refused} refused");
}

#[test]
fn a_document_may_break_off_or_have_any_byte_anywhere() {
    const TIMES: usize = 400;
    let mut numbers = Numbers(0xB17E5);
    // As YAML it is as well read as JSON, if it does not begin as JSON does.
    for prefix in ["", "# a comment\n"] {
        for _ in 0..TIMES {
            let mut bytes = [prefix, CORE].concat().into_bytes();
            match numbers.below(3) {
                0 => bytes.truncate(numbers.below(bytes.len())),
                1 => {
                    let at = numbers.below(bytes.len());
                    bytes[at] = u8::try_from(numbers.below(256)).unwrap_or_default();
                }
                _ => {
                    let (from, to) = (numbers.below(bytes.len()), numbers.below(bytes.len()));
                    drop(bytes.drain(from.min(to)..from.max(to)));
                }
            }
            if !prefix.is_empty() {
                // The parser of YAML is slow where it is not optimised.
                bytes.truncate(4000);
            }
            if let Err(why) = Schemas::default().add("it", &bytes) {
                assert!(!why.reason.trim().is_empty());
            }
        }
    }
}

#[test]
fn a_declaration_may_have_anything_anywhere() {
    const TIMES: usize = 3000;
    const PIECES: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        "[]",
        "?",
        "*",
        ".",
        ",",
        ":",
        "'",
        "\"",
        "\n",
        "  ",
        "- ",
        "&a",
        "*a",
        "~",
        "\u{0}",
        "ä",
        "\t",
        "metadata",
        "status",
        "conditions",
        "types: {A: nodes.status}",
        "derive: [Clone]",
        "log: true",
        "%",
        "|",
        ">",
        "---\n",
        "#",
    ];
    let mut schemas = Schemas::default();
    schemas.add("core-v1.json", CORE.as_bytes()).expect("the document");
    let mut numbers = Numbers(0xDEC1);
    let (mut made, mut refused) = (0, 0);
    for _ in 0..TIMES {
        let mut text: Vec<char> = DECLARATION.chars().collect();
        for _ in 0..=numbers.below(2) {
            let at = numbers.below(text.len());
            match numbers.below(2) {
                0 => drop(text.splice(at..at, numbers.one_of(PIECES).chars())),
                _ => drop(text.remove(at)),
            }
        }
        let text: String = text.into_iter().collect();
        let plan = Declaration::parse(Path::new("gather.yaml"), &text)
            .and_then(|declaration| Plan::new(&declaration, &schemas));
        match plan {
            Ok(plan) => {
                made += 1;
                assert!(!emit::rust(&plan).is_empty());
            }
            Err(why) => {
                refused += 1;
                assert!(why.to_string().starts_with("gather.yaml"), "{why}");
            }
        }
    }
    assert!(made > TIMES / 100 && refused > TIMES / 20, "{made} were made, {refused} refused");
}

#[test]
fn a_selection_may_be_any_text() {
    const PIECES: &[&str] = &[
        "{", "}", "[", "]", "[]", "[*]", "?", "*", ".", ",", " ", "'", "\"", "a", "metadata", "b/c", "ä",
        "\u{0}", "$", "-",
    ];
    let mut numbers = Numbers(0x5E1EC7);
    let mut read = 0;
    for _ in 0..20_000 {
        let text: String = (0..=numbers.below(12)).map(|_| *numbers.one_of(PIECES)).collect();
        match Selection::parse(&text) {
            Ok(selection) => {
                read += 1;
                // What it is shown as means the same.
                assert_eq!(Selection::parse(&selection.to_string()), Ok(selection), "{text}");
            }
            Err(why) => assert!(!why.is_empty()),
        }
    }
    assert!(read > 500, "{read}");
}
