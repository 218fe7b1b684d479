//! YAML files: kubeconfigs and grants.
//!
//! Input: the text.
#![no_main]

use wagather_yaml::{self as yaml, Node, Value};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(json) = serde_json::from_str::<serde_json::Value>(text)
        && json.is_object()
        && plain(text)
    {
        let node = yaml::parse(text).unwrap_or_else(|error| panic!("JSON is YAML: {error}"));
        assert_eq!(node.to_json(), json);
    }
    let lines = text.split(['\n', '\r']).count();
    match yaml::parse(text) {
        Err(error) => {
            assert!(error.place.line >= 1 && error.place.column >= 1);
            assert!(error.place.line <= lines + 1, "{error}, of {lines} lines");
            assert!(!error.message.is_empty());
        }
        Ok(root) => {
            walk(&root, lines);
            let json = root.to_json().to_string();
            assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok(), "{json}");
        }
    }
});

fn walk(node: &Node, lines: usize) {
    assert!(node.place.line >= 1 && node.place.column >= 1 && node.place.line <= lines + 1);
    assert!(!node.kind().is_empty());
    match &node.value {
        Value::Scalar(..) => {}
        Value::List(items) => items.iter().for_each(|item| walk(item, lines)),
        Value::Map(entries) => {
            for (index, (key, value)) in entries.iter().enumerate() {
                assert!(matches!(key.value, Value::Scalar(..)));
                let text = key.text();
                let again = entries[..index].iter().any(|(other, _)| other.text() == text);
                assert!(text.is_none() || !again, "a key twice");
                if let Some(text) = text {
                    assert_eq!(node.get(text).is_some(), !value.is_null());
                }
                walk(value, lines);
            }
        }
    }
}

/// JSON that is YAML without doubt: of one kind of line end and without characters that YAML treats in a way of its own.
fn plain(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..0x7f).contains(&byte) || byte == b'\n')
}
