//! Files that other programs write and read, such as kubeconfigs. They are read as their own readers read them, not more strictly.
//!
//! client-go reads YAML with a fork of `gopkg.in/yaml.v2`. The first document of a file counts. If a key occurs twice, its last value
//! counts. Merge keys are applied, and a byte order mark says how a file is encoded. Oddities that somebody may not have meant are
//! returned beside the document.

use crate::{Error, Node, Value, documents};
use std::borrow::Cow;

/// The first document of a file, and what is odd about the file.
pub struct Foreign {
    /// The document. Null if the file is empty.
    pub root: Node,
    /// What is odd, in the order of the file: keys that occur twice, documents that are not read.
    pub oddities: Vec<Error>,
}

/// Reads a file of another program.
pub fn parse_foreign(text: &str) -> Result<Foreign, Error> {
    let (mut read, oddities) = documents(text, 1, true)?;
    let root = read.pop().unwrap_or_else(Node::nothing);
    Ok(Foreign { root: merged(root)?, oddities })
}

/// The text of a file in UTF-8, or in UTF-16 with a byte order mark. The mark is left out.
pub fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, &'static str> {
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).map(|two| unit([two[0], two[1]]));
        let text: Result<String, _> = char::decode_utf16(units).collect();
        let whole = bytes.len().is_multiple_of(2);
        text.ok()
            .filter(|_| whole)
            .map(Cow::Owned)
            .ok_or("it is not a text file (not UTF-16, although it begins with a UTF-16 byte order mark)")
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] | rest => {
            std::str::from_utf8(rest).map(Cow::Borrowed).map_err(|_| "it is not a text file (not UTF-8)")
        }
    }
}

/// Applies merge keys (`<<: *defaults`), innermost first. A mapping's own keys win, then the earlier of several merged ones.
///
/// See <https://yaml.org/type/merge.html>.
fn merged(node: Node) -> Result<Node, Error> {
    let Node { place, value } = node;
    let value = match value {
        Value::Scalar(..) => value,
        Value::List(items) => Value::List(items.into_iter().map(merged).collect::<Result<_, _>>()?),
        Value::Map(entries) => {
            let mut own = Vec::with_capacity(entries.len());
            let mut others = Vec::new();
            for (key, value) in entries {
                let value = merged(value)?;
                if key.is_merge() { others.push(value) } else { own.push((key, value)) }
            }
            for other in others {
                add(&mut own, other)?;
            }
            Value::Map(own)
        }
    };
    Ok(Node { place, value })
}

fn add(own: &mut Vec<(Node, Node)>, other: Node) -> Result<(), Error> {
    match other.value {
        Value::Map(entries) => {
            for (key, value) in entries {
                if !own.iter().any(|(known, _)| known.text() == key.text()) {
                    own.push((key, value));
                }
            }
            Ok(())
        }
        Value::List(items) => items.into_iter().try_for_each(|item| add(own, item)),
        Value::Scalar(..) => {
            Err(other.error(format!("<< must be a mapping or a list of them, not {}", other.kind())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // As a value: whether a map keeps its order is up to features that other crates switch on.
    fn json(text: &str) -> serde_json::Value {
        parse_foreign(text).unwrap_or_else(|error| panic!("{text}: {error}")).root.to_json()
    }

    fn value(text: &str) -> serde_json::Value {
        serde_json::from_str(text).expect("JSON")
    }

    #[test]
    fn merge_keys() {
        for (text, expected) in [
            ("d: &d {a: 1, b: 2}\nx:\n  <<: *d\n  b: 3", r#"{"d":{"a":1,"b":2},"x":{"a":1,"b":3}}"#),
            ("d: &d {a: 1}\nx: {b: 3, <<: *d}", r#"{"d":{"a":1},"x":{"a":1,"b":3}}"#),
            ("x: {<<: [{a: 1}, {a: 2, b: 2}]}", r#"{"x":{"a":1,"b":2}}"#),
            ("x: {<<: {<<: {a: 1}, b: 2}}", r#"{"x":{"b":2,"a":1}}"#),
            ("x: {<<: {a: 1}, <<: {b: 2}}", r#"{"x":{"a":1,"b":2}}"#),
            // In quotes it is a key like any other.
            ("x: {'<<': {a: 1}}", r#"{"x":{"<<":{"a":1}}}"#),
            ("- {<<: {a: 1}}", r#"[{"a":1}]"#),
        ] {
            assert_eq!(json(text), value(expected), "{text}");
        }
        let error = parse_foreign("x:\n  <<: 3").err().expect("an error");
        assert_eq!(error.to_string(), "2:7: << must be a mapping or a list of them, not a single value");
    }

    #[test]
    fn the_first_document_counts() {
        let read = |text| parse_foreign(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        for text in ["a: 1\n---\n", "---\na: 1\n...\n", "a: 1\n---\n# nothing\n---\n", "\u{feff}a: 1"] {
            let Foreign { root, oddities } = read(text.trim_start_matches('\u{feff}'));
            assert_eq!((root.to_json().to_string().as_str(), oddities.len()), (r#"{"a":1}"#, 0), "{text}");
        }
        for text in ["a: 1\n---\nb: 2", "a: 1\n---\n---\n[b", "a: 1\n---\na: \"b"] {
            let Foreign { root, oddities } = read(text);
            assert_eq!(root.to_json().to_string(), r#"{"a":1}"#, "{text}");
            assert!(oddities[0].message.contains("only the first one is used"), "{oddities:?}");
        }
        assert!(read("").root.is_null());
    }

    #[test]
    fn of_a_key_the_last_value_counts() {
        let Foreign { root, oddities } =
            parse_foreign("a: {b: 1, b: 2}\na: {b: 3, b: 4}").expect("a document");
        assert_eq!(root.to_json().to_string(), r#"{"a":{"b":4}}"#);
        let told: Vec<String> = oddities.iter().map(Error::to_string).collect();
        assert_eq!(told[0], "1:11: the key \"b\" occurs twice; the last one is used");
        assert_eq!(told.len(), 3, "{told:?}");
    }

    #[test]
    fn texts() {
        let wide =
            |unit: fn(u16) -> [u8; 2]| "\u{feff}a: ä🙂".encode_utf16().flat_map(unit).collect::<Vec<u8>>();
        for bytes in [
            "a: ä🙂".as_bytes().to_vec(),
            "\u{feff}a: ä🙂".as_bytes().to_vec(),
            wide(u16::to_le_bytes),
            wide(u16::to_be_bytes),
        ] {
            assert_eq!(decode(&bytes).as_deref(), Ok("a: ä🙂"), "{bytes:?}");
        }
        for bad in [&b"a\xff"[..], b"\xff\xfea", b"\xff\xfe\x00\xd8", b"\xfe\xffab\xd8"] {
            assert!(decode(bad).is_err(), "{bad:?}");
        }
    }
}
