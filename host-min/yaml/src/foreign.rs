//! Files that other programs write and read, such as kubeconfigs. They are read as their own readers read them, not more strictly.
//!
//! client-go reads YAML with a fork of `gopkg.in/yaml.v2`. The first document of a file counts. If a key occurs twice, its last value
//! counts. Merge keys are applied, lines in brackets need no indentation, and a byte order mark says how a file is encoded. Oddities that somebody may not have meant are
//! returned beside the document.

use crate::{Error, Node, Place, Told, Value, read, shown};
use saphyr_parser::ScanError;
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
    let (mut documents, mut oddities) = as_libyaml(text)?;
    let root = documents.pop().unwrap_or_else(Node::nothing);
    let root = merged(root, &mut oddities)?;
    Ok(Foreign { root, oddities })
}

/// The most bytes that are parsed for one file, however often it is mended.
const MAX_PARSED_BYTES: usize = 64 << 20;

/// How far a line is indented that its brackets need not be indented for.
const INDENT: usize = 256;

/// Reads what libyaml takes and this parser does not: lines within brackets that are not indented, and tabs after a colon.
///
/// Where the parser says that one of these is in the way, the text is changed there as little as possible, and parsed again.
fn as_libyaml(text: &str) -> Result<(Vec<Node>, Vec<Error>), Error> {
    let mut mended = Cow::Borrowed(text);
    let mut indented: Vec<usize> = Vec::new();
    let mut parsed = 0;
    loop {
        let Told(mut error, cause) = match read(&mended, 1, true) {
            Ok((mut documents, mut oddities)) => {
                documents.iter_mut().for_each(|root| unindent(root, &indented));
                oddities.iter_mut().for_each(|odd| odd.place = outdented(odd.place, &indented));
                return Ok((documents, oddities));
            }
            Err(told) => told,
        };
        parsed += mended.len();
        let change = cause.filter(|_| parsed < MAX_PARSED_BYTES).and_then(|cause| mend(&mended, &cause));
        match change {
            Some((at, Mend::Indent)) if !indented.contains(&error.place.line) => {
                indented.push(error.place.line);
                mended.to_mut().insert_str(at, &" ".repeat(INDENT));
            }
            Some((at, Mend::Tabs(len))) => mended.to_mut().replace_range(at..at + len, &" ".repeat(len)),
            _ => {
                error.place = outdented(error.place, &indented);
                return Err(error);
            }
        }
    }
}

/// How a text is changed at an offset.
enum Mend {
    /// The line is indented.
    Indent,
    /// So many tabs become blanks.
    Tabs(usize),
}

fn mend(text: &str, cause: &ScanError) -> Option<(usize, Mend)> {
    let at = text.char_indices().nth(cause.marker().index()).map_or(text.len(), |(at, _)| at);
    let before = &text[..at];
    match cause.info() {
        told if told == "invalid indentation" || told.contains("indentation in flow construct") => {
            let start = before.rfind(['\n', '\r']).map_or(0, |end| end + 1);
            before[start..].trim().is_empty().then_some((start, Mend::Indent))
        }
        told if told.starts_with("':' must be followed") => {
            let start = before.trim_end_matches('\t').len();
            (start < at && before[..start].ends_with(':')).then_some((start, Mend::Tabs(at - start)))
        }
        _ => None,
    }
}

/// The place in the file of a place in the text whose lines were indented.
fn outdented(place: Place, indented: &[usize]) -> Place {
    let by = if indented.contains(&place.line) { INDENT } else { 0 };
    Place { column: place.column.saturating_sub(by).max(1), ..place }
}

fn unindent(node: &mut Node, indented: &[usize]) {
    if indented.is_empty() {
        return;
    }
    node.place = outdented(node.place, indented);
    match &mut node.value {
        Value::Scalar(..) => {}
        Value::List(items) => items.iter_mut().for_each(|item| unindent(item, indented)),
        Value::Map(entries) => entries.iter_mut().for_each(|(key, value)| {
            unindent(key, indented);
            unindent(value, indented);
        }),
    }
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

/// Applies merge keys (`<<: *defaults`), innermost first, in the order of the file, as client-go's parser does: a key that comes later
/// replaces an earlier one of the same name, and of several mappings that are merged at once the first one counts.
///
/// See <https://yaml.org/type/merge.html>. There, a mapping's own keys win wherever they are, so the other order is reported.
fn merged(node: Node, oddities: &mut Vec<Error>) -> Result<Node, Error> {
    let Node { place, value } = node;
    let value = match value {
        Value::Scalar(..) => value,
        Value::List(items) => {
            Value::List(items.into_iter().map(|item| merged(item, oddities)).collect::<Result<_, _>>()?)
        }
        Value::Map(entries) => {
            let mut all = Vec::with_capacity(entries.len());
            let mut own = Vec::new();
            for (key, value) in entries {
                let value = merged(value, oddities)?;
                if key.is_merge() {
                    add(&mut all, &own, key.place, value, oddities)?;
                } else {
                    own.extend(key.text().map(str::to_owned));
                    put(&mut all, key, value);
                }
            }
            Value::Map(all)
        }
    };
    Ok(Node { place, value })
}

/// Adds an entry, or replaces the one of that name.
fn put(all: &mut Vec<(Node, Node)>, key: Node, value: Node) {
    match all.iter_mut().find(|(known, _)| known.is_key(&key)) {
        Some(entry) => *entry = (key, value),
        None => all.push((key, value)),
    }
}

/// Adds a mapping, or a list of them, that a merge key at a place has. `own` are the keys before it.
fn add(
    all: &mut Vec<(Node, Node)>,
    own: &[String],
    at: Place,
    other: Node,
    oddities: &mut Vec<Error>,
) -> Result<(), Error> {
    match other.value {
        Value::Map(entries) => {
            for (key, value) in entries {
                let name = key.text().unwrap_or_default();
                if own.iter().any(|own| own == name) {
                    let message = format!(
                        "this << replaces the \"{}\" before it; put << first if that is not meant",
                        shown(name)
                    );
                    oddities.push(Error { place: at, message });
                }
                put(all, key, value);
            }
            Ok(())
        }
        Value::List(items) => items.into_iter().rev().try_for_each(|item| add(all, own, at, item, oddities)),
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

    /// kubectl's reader lets a merge key replace what is before it.
    #[test]
    fn a_merge_key_replaces_what_is_before_it() {
        let Foreign { root, oddities } =
            parse_foreign("d: &d {a: 1, b: 2}\nx: {a: 3, <<: *d, b: 4}").expect("a document");
        assert_eq!(root.get("x").expect("x").to_json(), value(r#"{"a":1,"b":4}"#));
        let told: Vec<String> = oddities.iter().map(Error::to_string).collect();
        assert_eq!(told, ["2:11: this << replaces the \"a\" before it; put << first if that is not meant"]);
    }

    #[test]
    fn what_libyaml_takes_is_read() {
        for (text, expected) in [
            ("a:\n  b: {\n  c: 1,\n  d: [\n  2,\n3\n]\n  }\ne: 4", r#"{"a":{"b":{"c":1,"d":[2,3]}},"e":4}"#),
            ("- a: {\n  b: 'c\n    d'\n}\n- e", r#"[{"a":{"b":"c d"}},"e"]"#),
            ("a:\r\n  b: {\r\n  c: 1\r\n  }\r\n", r#"{"a":{"b":{"c":1}}}"#),
            ("a:\tb\nc:\t\td\ne: |\n  f:\tg\n", r#"{"a":"b","c":"d","e":"f:\tg\n"}"#),
        ] {
            assert_eq!(json(text), value(expected), "{text}");
        }
        // Places are those of the file.
        let root = parse_foreign("a:\n  b: {\n  c: 1,\n  d: x\n  }\n").expect("a document").root;
        let d = root.get("a").and_then(|a| a.get("b")).and_then(|b| b.get("d")).expect("d");
        assert_eq!((d.place.line, d.place.column), (4, 6));
        let error = parse_foreign("a:\n  b: {\n  c: 1,\n  d: ]\n  }\n").err().expect("an error");
        assert_eq!((error.place.line, error.place.column), (4, 6), "{error}");
        // A file of ours is not mended.
        assert!(crate::parse("a:\n  b: {\n  c: 1\n  }").is_err() && crate::parse("a:\tb").is_err());
    }

    #[test]
    fn text_after_a_document_in_brackets_is_not_read() {
        for text in ["{\"a\": 1}\n{\"b\": 2}", "{a: 1}\nb"] {
            let Foreign { root, oddities } =
                parse_foreign(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(root.to_json(), value(r#"{"a":1}"#), "{text}");
            assert!(oddities[0].message.starts_with("text follows the first document"), "{oddities:?}");
            assert!(crate::parse(text).is_err(), "{text}");
        }
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
