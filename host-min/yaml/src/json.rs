//! YAML as JSON, in one pass and without a tree: for files that are larger than a person writes.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle};

use crate::{Error, MAX_DEPTH, fail, place, words};

/// Documents of a file. An empty one takes far more memory than its mark.
const MAX_DOCUMENTS: usize = 100_000;

/// How many bytes aliases may repeat besides as many as the text has.
const MORE_REPEATED_BYTES: usize = 1 << 20;

/// What anchors name in the JSON of a document.
#[derive(Default)]
struct Anchors {
    /// Where their JSON is, and how deep it nests.
    ended: BTreeMap<usize, (Range<usize>, usize)>,
    /// Those that have not ended: the anchor, its level, where it begins, and how deep it nests until now.
    open: Vec<(usize, usize, usize, usize)>,
    repeated: usize,
}

impl Anchors {
    /// A list or mapping begins, which may have an anchor.
    fn begin(&mut self, id: usize, level: usize, start: usize) {
        if id != 0 {
            self.open.push((id, level, start, 0));
        }
        self.reach(level + 1);
    }

    /// Something is as deep as this.
    fn reach(&mut self, level: usize) {
        for (_, own, _, depth) in &mut self.open {
            *depth = (*depth).max(level - *own);
        }
    }

    /// What began at a level ends.
    fn end(&mut self, level: usize, end: usize) {
        if let Some((id, _, start, depth)) = self.open.pop_if(|(_, own, ..)| *own == level) {
            self.ended.insert(id, (start..end, depth));
        }
    }
}

/// What waits for its end.
enum Open {
    List { is_empty: bool },
    Map { is_empty: bool, is_key: bool },
}

/// The documents of a file as JSON without blanks.
///
/// Strings are written as Go's `encoding/json` does, so that an object which went through YAML has the bytes that the API server
/// sent. A plain scalar is what YAML 1.2's core schema says. Aliases are followed until they repeat too much, because a few of them can stand
/// for gigabytes; merge keys are refused.
pub fn to_json(text: &str) -> Result<Vec<String>, Error> {
    let mut documents = Vec::new();
    let mut out = String::new();
    let mut open: Vec<Open> = Vec::new();
    let mut anchors = Anchors::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| Error {
            place: words::place(text, error.marker()),
            message: words::plain(error.info()).to_owned(),
        })?;
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let is_key = matches!(open.last(), Some(Open::Map { is_key: true, .. }));
                if is_key && style == ScalarStyle::Plain && text == "<<" {
                    return fail(place(&span), "a merge key is not supported here");
                }
                begin(&mut out, &mut open);
                let start = out.len();
                if style == ScalarStyle::Plain && !is_key {
                    plain(&text, &mut out);
                } else {
                    string(&text, &mut out);
                }
                if anchor != 0 {
                    anchors.ended.insert(anchor, (start..out.len(), 0));
                }
                if is_key {
                    out.push(':');
                }
            }
            Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _) => {
                if open.len() == MAX_DEPTH {
                    return fail(place(&span), "the document nests too deeply");
                }
                if matches!(open.last(), Some(Open::Map { is_key: true, .. })) {
                    return fail(place(&span), "a key must be a text");
                }
                begin(&mut out, &mut open);
                anchors.begin(anchor, open.len(), out.len());
                let is_list = matches!(event, Event::SequenceStart(..));
                out.push(if is_list { '[' } else { '{' });
                open.push(if is_list {
                    Open::List { is_empty: true }
                } else {
                    Open::Map { is_empty: true, is_key: true }
                });
            }
            Event::SequenceEnd | Event::MappingEnd => {
                open.pop();
                out.push(if matches!(event, Event::SequenceEnd) { ']' } else { '}' });
                anchors.end(open.len(), out.len());
            }
            Event::Alias(anchor) => {
                let Some((json, depth)) = anchors.ended.get(&anchor).cloned() else {
                    return fail(place(&span), "an alias is within what it refers to");
                };
                let is_key = matches!(open.last(), Some(Open::Map { is_key: true, .. }));
                if is_key && !out[json.clone()].starts_with('"') {
                    return fail(place(&span), "a key must be a text");
                }
                anchors.repeated += json.len();
                if open.len() + depth > MAX_DEPTH {
                    return fail(place(&span), "the document nests too deeply");
                }
                if anchors.repeated > text.len() + MORE_REPEATED_BYTES {
                    return fail(place(&span), "the aliases repeat too much");
                }
                anchors.reach(open.len() + depth);
                begin(&mut out, &mut open);
                out.extend_from_within(json);
                if is_key {
                    out.push(':');
                }
            }
            Event::DocumentEnd if documents.len() == MAX_DOCUMENTS => {
                return fail(place(&span), "the file has too many documents");
            }
            Event::DocumentEnd => {
                documents.push(std::mem::take(&mut out));
                anchors = Anchors { repeated: anchors.repeated, ..Anchors::default() };
            }
            Event::DocumentStart(_) | Event::Nothing | Event::StreamStart | Event::StreamEnd => {}
        }
    }
    Ok(documents)
}

/// Before a value or a key: the comma, and what comes next in a mapping.
fn begin(out: &mut String, open: &mut [Open]) {
    match open.last_mut() {
        Some(Open::List { is_empty }) if *is_empty => *is_empty = false,
        Some(Open::List { .. }) => out.push(','),
        Some(Open::Map { is_empty, is_key }) => {
            if *is_key && !std::mem::take(is_empty) {
                out.push(',');
            }
            *is_key = !*is_key;
        }
        None => {}
    }
}

fn plain(text: &str, out: &mut String) {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => out.push_str("null"),
        "true" | "True" | "TRUE" => out.push_str("true"),
        "false" | "False" | "FALSE" => out.push_str("false"),
        _ if serde_json::from_str::<serde_json::Number>(text).is_ok() => out.push_str(text),
        _ => string(text, out),
    }
}

/// A string as Go writes it: with the escapes of HTML, and of the two line separators.
fn string(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                // Writing to a string does not fail.
                let _ = write!(out, "\\u{:04x}", character as u32);
            }
            _ => out.push(character),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_become_json() {
        for (yaml, json) in [
            (
                "a: 1\nb: [x, 'y', \"1\"]\nc: {d: null, e: ~}\n",
                vec![r#"{"a":1,"b":["x","y","1"],"c":{"d":null,"e":null}}"#],
            ),
            ("- a\n-\n- true\n- 1.50\n- 0123\n- 1e3\n", vec![r#"["a",null,true,1.50,"0123",1e3]"#]),
            (
                "text: |\n  one\n  <two>\nfold: >-\n  a\n  b\n",
                vec!["{\"text\":\"one\\n\\u003ctwo\\u003e\\n\",\"fold\":\"a b\"}"],
            ),
            ("a: {}\n---\nb: []\n", vec![r#"{"a":{}}"#, r#"{"b":[]}"#]),
            ("1: true\nnull: x\n", vec![r#"{"1":true,"null":"x"}"#]),
            ("\"\\u2028\\x01é\"", vec!["\"\\u2028\\u0001é\""]),
            ("2026-01-02T03:04:05Z", vec![r#""2026-01-02T03:04:05Z""#]),
        ] {
            assert_eq!(to_json(yaml), Ok(json.into_iter().map(String::from).collect()), "{yaml}");
        }
    }

    #[test]
    fn aliases_are_followed_within_limits() {
        for (yaml, json) in [
            ("a: &x 1\nb: *x\nc: [*x, &x y, *x]\n", r#"{"a":1,"b":1,"c":[1,"y","y"]}"#),
            (
                "a: &x {b: &y [1, {c: d}]}\ne: [*x, *y]\n",
                r#"{"a":{"b":[1,{"c":"d"}]},"e":[{"b":[1,{"c":"d"}]},[1,{"c":"d"}]]}"#,
            ),
            ("&k a: 1\nb: *k\nc: {*k : 2}\n", r#"{"a":1,"b":"a","c":{"a":2}}"#),
            ("\"<<\": 1\n", r#"{"\u003c\u003c":1}"#),
        ] {
            assert_eq!(to_json(yaml), Ok(vec![json.into()]), "{yaml}");
        }
        let bomb: String = (1..40)
            .map(|number| format!("a{number}: &a{number} [*a{}, *a{}]\n", number - 1, number - 1))
            .collect();
        let error = to_json(&format!("a0: &a0 x\n{bomb}")).expect_err("a bomb");
        assert!(error.message.contains("repeat too much"), "{error}");
        let deep: String =
            (1..200).map(|number| format!("a{number}: &a{number} [*a{}]\n", number - 1)).collect();
        let error = to_json(&format!("a0: &a0 x\n{deep}")).expect_err("too deep");
        assert!(error.message.contains("nests too deeply"), "{error}");
        assert!(to_json("a: &x 1\n---\nb: *x\n").is_err(), "anchors are of one document");
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for (yaml, reason) in [
            ("a: &x [*x]\n", "1:8: an alias is within what it refers to"),
            ("a: &x {b: 1}\n<<: *x\n", "2:1: a merge key is not supported here"),
            ("a: &x [1]\n*x : b\n", "2:1: a key must be a text"),
            ("? [a]\n: b\n", "1:3: a key must be a text"),
        ] {
            assert_eq!(to_json(yaml).map_err(|error| error.to_string()), Err(reason.into()), "{yaml}");
        }
        assert!(to_json(&"[".repeat(1000)).is_err());
        assert_eq!(to_json(&"---\n".repeat(MAX_DOCUMENTS)).map(|all| all.len()), Ok(MAX_DOCUMENTS));
        assert!(to_json(&"---\n".repeat(MAX_DOCUMENTS + 1)).is_err());
    }
}
