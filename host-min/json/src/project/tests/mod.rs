//! The walk over a text, whole and in pieces.

use super::scanner::Scanner;
use super::{Node, ObjectReader, ProjectError, Result};
use std::io::Read;
use wagather_base::limits::{MAX_ITEM_BYTES, MAX_JSON_DEPTH, MAX_KEY_BYTES};

mod plain;
mod random;

/// Gives one byte at a time, so that every token crosses a refill.
struct Drip(std::io::Cursor<Vec<u8>>);

impl Read for Drip {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(&mut buffer[..1])
    }
}

fn copy(text: &str) -> Result<String> {
    let mut results = [true, false].map(|drip| {
        let bytes = std::io::Cursor::new(text.as_bytes().to_vec());
        let mut scanner = Scanner::new(if drip { Box::new(Drip(bytes)) } else { Box::new(bytes) });
        let mut out = Vec::new();
        scanner.keep_in(&mut out, |scanner| scanner.keep_value(0))?;
        scanner.expect_end()?;
        Ok(String::from_utf8(out).expect("UTF-8 in, UTF-8 out"))
    });
    let last = std::mem::replace(&mut results[1], Ok(String::new()));
    assert_eq!(format!("{:?}", results[0]), format!("{last:?}"), "split differently");
    last
}

#[test]
fn what_is_well_formed_is_copied_without_its_white_space() {
    for (text, expected) in [
        ("null", "null"),
        (" [ 1 , -0.5e+7 , 10 ] ", "[1,-0.5e+7,10]"),
        (r#"{ "a" : [ ] , "b" : { } }"#, r#"{"a":[],"b":{}}"#),
        (
            r#"{"a":[{"b":[true,false]}],"c":"\u00e4\n\"é"}"#,
            r#"{"a":[{"b":[true,false]}],"c":"\u00e4\n\"é"}"#,
        ),
    ] {
        assert_eq!(copy(text).expect(text), expected);
    }
}

#[test]
fn what_is_not_json_is_refused_where_it_is_wrong() {
    for (text, at) in [
        ("", 0),
        ("tru", 3),
        ("[1,]", 3),
        ("[1 2]", 3),
        ("{\"a\" 1}", 5),
        ("{a:1}", 1),
        ("{\"a\":1,}", 7),
        ("\"a", 2),
        ("\"\n\"", 1),
        ("\"\\x\"", 2),
        ("\"\\u12g4\"", 5),
        ("01", 1),
        ("-", 1),
        ("1.", 2),
        ("1e", 2),
        ("[}", 1),
        ("{]", 1),
        ("[]]", 2),
        ("<html>", 0),
    ] {
        match copy(text) {
            Err(ProjectError::Malformed { at_byte, .. }) => assert_eq!(at_byte, at, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn depth_is_bounded_without_recursion() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(copy(&nested(MAX_JSON_DEPTH)).is_ok());
    assert!(matches!(copy(&nested(MAX_JSON_DEPTH + 1)), Err(ProjectError::TooLarge { .. })));
    assert!(matches!(copy(&"{\"a\":".repeat(1_000_000)), Err(ProjectError::TooLarge { .. })));
}

#[test]
fn what_is_kept_is_bounded_at_the_byte_that_is_too_much() {
    let text = format!("[\"{}\", 1]", "a".repeat(MAX_ITEM_BYTES));
    for pieces in [1 << 12, 1 << 16, usize::MAX] {
        let body = random::Pieces::new(text.clone().into_bytes(), vec![pieces]);
        let mut scanner = Scanner::new(Box::new(body));
        let result = scanner.keep_in(&mut Vec::new(), |scanner| scanner.keep_value(0));
        assert!(
            matches!(result, Err(ProjectError::TooLarge { at_byte, .. }) if at_byte == MAX_ITEM_BYTES as u64),
            "{result:?}"
        );
    }
    // What is skipped may be of any size.
    let mut scanner = Scanner::new(Box::new(std::io::Cursor::new(text.into_bytes())));
    assert!(scanner.value(0).is_ok() && scanner.expect_end().is_ok());
}

#[test]
fn keys_are_bounded_where_they_are_looked_at() {
    for (len, is_allowed) in [(MAX_KEY_BYTES - 2, true), (MAX_KEY_BYTES - 1, false)] {
        let text = format!("{{\"a\":{{\"{}\" :1}}}}", "k".repeat(len));
        for mask in ["*", "a", "a(b)", "b"] {
            for pieces in [1, 1000, usize::MAX] {
                let body = random::Pieces::new(text.clone().into_bytes(), vec![pieces]);
                let mask_node = Node::parse(mask).expect(mask);
                let result = ObjectReader::new(Box::new(body)).read(&mask_node, &mut Vec::new());
                let is_looked_at = mask == "a(b)";
                match result {
                    Ok(_) => assert!(is_allowed || !is_looked_at, "{mask}"),
                    Err(ProjectError::TooLarge { at_byte, .. }) => {
                        assert!(!is_allowed && is_looked_at, "{mask}");
                        assert_eq!(at_byte, 6 + MAX_KEY_BYTES as u64, "the first byte above the limit");
                    }
                    Err(other) => panic!("{mask}: {other:?}"),
                }
            }
        }
    }
}
