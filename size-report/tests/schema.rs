//! Checks the JSON output against the schema in `docs/size-report.md`.

use serde_json::Value;
use std::{fs, path::Path, process::Command};

/// The part of JSON Schema that the document uses. A field that the schema does not name is an error.
fn check(schema: &Value, all: &Value, value: &Value, place: &str) {
    if let Some(name) = schema["$ref"].as_str() {
        return check(&all[name], all, value, place);
    }
    if let Some(values) = schema["enum"].as_array() {
        assert!(values.contains(value), "{place}: {value}");
    }
    let is = |of_type: &str| match of_type {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("{place}: the type {other}"),
    };
    match &schema["type"] {
        Value::String(of_type) => assert!(is(of_type), "{place} is no {of_type}: {value}"),
        Value::Array(types) => {
            assert!(types.iter().any(|of_type| is(of_type.as_str().unwrap())), "{place}: {value}")
        }
        _ => assert!(schema["enum"].is_array(), "{place} has no schema"),
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        check(&schema["items"], all, item, &format!("{place}[{index}]"));
    }
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        assert!(value.get(name).is_some(), "{place} has no {name}");
    }
    for (name, field) in value.as_object().into_iter().flatten() {
        let known = schema["properties"].get(name);
        check(
            known.unwrap_or_else(|| panic!("{place}.{name} is not documented")),
            all,
            field,
            &format!("{place}.{name}"),
        );
    }
}

fn schema() -> Value {
    let text =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/size-report.md")).unwrap();
    let json = text.split("```json\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    serde_json::from_str(json).unwrap()
}

fn output(folder: &Path, arguments: &[&str]) -> Value {
    let output =
        Command::new(env!("CARGO_BIN_EXE_size-report")).args(arguments).current_dir(folder).output().unwrap();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{arguments:?}: {error}, {output:?}"))
}

#[test]
fn everything_that_is_printed_is_documented() {
    let (all, folder) = (schema(), tempfile::tempdir().unwrap());
    let write = |name: &str, body: &str| {
        let text = format!(
            r#"(module (memory 1) (global (mut i32) (i32.const 1024)) (data (i32.const 1024) "hello")
                (func $core::fmt::write (drop (i32.const 1024)) {body})
                (func $gather (export "gather") (call $core::fmt::write)))"#
        );
        fs::write(folder.path().join(name), wat::parse_str(text).unwrap()).unwrap();
    };
    write("a.wasm", "");
    write("b.wasm", "(nop) (nop)");
    // A function without its declared result.
    fs::write(
        folder.path().join("c.wasm"),
        b"\0asm\x01\0\0\0\x01\x05\x01\x60\0\x01\x7f\x03\x02\x01\0\x0a\x04\x01\x02\0\x0b",
    )
    .unwrap();
    let budget = "[[module]]\nfile = 'b.wasm'\nmax_bytes = 10\nbaseline = 'a.json'\n";
    fs::write(folder.path().join("size-budget.toml"), budget.replace("b.wasm", "a.wasm")).unwrap();
    let update = Command::new(env!("CARGO_BIN_EXE_size-report"))
        .args(["check", "--update"])
        .current_dir(folder.path())
        .status();
    assert!(update.unwrap().success());
    fs::write(folder.path().join("size-budget.toml"), budget).unwrap();

    let with_shape = r#"(module (import "wagather_v1" "log_as" (func $log (param i32 i32 i32) (result i32)))
        (memory 1) (data (i32.const 1024) "\08(t\00text\00\00")
        (func (export "gather") (drop (call $log (i32.const 1) (i32.const 1024) (i32.const 0)))))"#;
    fs::write(folder.path().join("d.wasm"), wat::parse_str(with_shape).unwrap()).unwrap();

    let views = "section,function,crate,generic,kind,toolchain,import,data,dominator";
    let reports = output(folder.path(), &["--json", "--by", views, "a.wasm", "c.wasm"]);
    check(&all["reports"], &all, &reports, "reports");
    assert!(reports[1]["invalid"].is_string() && reports[0]["views"].as_array().unwrap().len() == 9);
    check(&all["why"], &all, &output(folder.path(), &["why", "a.wasm", "fmt", "--json"]), "why");
    let why = output(folder.path(), &["why", "d.wasm", "gather", "--json"]);
    assert_eq!(why["shapes"][0]["fields"][0]["name"], "text");
    check(&all["why"], &all, &why, "why");
    check(&all["diff"], &all, &output(folder.path(), &["diff", "a.wasm", "b.wasm", "--json"]), "diff");
    let verdicts = output(folder.path(), &["check", "--json"]);
    check(&all["verdicts"], &all, &verdicts, "verdicts");
    assert_eq!(verdicts[0]["diff"]["reasons"][0]["via"], "gather");
}
