//! The position of a value in a JSON text, and the type that was expected there: for error messages of
//! hosts and tests.
//!
//! This module does not validate JSON. The text must be valid JSON up to the position.

use core::fmt::{self, Write};

/// The type that a gatherer expected where it found another: an argument of `rest_reject`. Every number is
/// valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Wanted(pub u32);

impl Wanted {
    /// Not specified.
    pub const UNSAID: Wanted = Wanted(0);
    /// A string.
    pub const STRING: Wanted = Wanted(1);
    /// `true` or `false`.
    pub const BOOLEAN: Wanted = Wanted(2);
    /// An object with known fields.
    pub const OBJECT: Wanted = Wanted(3);
    /// An array.
    pub const ARRAY: Wanted = Wanted(4);
    /// An object with arbitrary keys.
    pub const MAP: Wanted = Wanted(5);
    /// Another type.
    pub const OTHER: Wanted = Wanted(6);
    /// A number of any size, with or without a fraction.
    pub const NUMBER: Wanted = Wanted(9);
    /// An integer or a string.
    pub const INTEGER_OR_STRING: Wanted = Wanted(10);
    /// A number of any size, or a string.
    pub const NUMBER_OR_STRING: Wanted = Wanted(11);
    /// An object that takes less memory than the guest has.
    pub const LESS: Wanted = Wanted(12);
    /// An integer: plus the binary logarithm of its size in bytes (0 to 3), plus [`SIGNED`](Wanted::SIGNED)
    /// if it may be negative.
    pub const INTEGER: Wanted = Wanted(16);
    /// See [`INTEGER`](Wanted::INTEGER).
    pub const SIGNED: u32 = 4;

    /// The description for messages.
    pub const fn text(self) -> &'static str {
        match self.0 {
            1 => "a string",
            2 => "true or false",
            3 | 5 => "an object",
            4 => "an array",
            9 => "a number",
            10 => "a whole number or a string",
            11 => "a number or a string",
            12 => "less than fits into its memory",
            16 => "a whole number from 0 to 255",
            17 => "a whole number from 0 to 65535",
            18 => "a whole number from 0 to 4294967295",
            19 => "a whole number from 0 to 18446744073709551615",
            20 => "a whole number from -128 to 127",
            21 => "a whole number from -32768 to 32767",
            22 => "a whole number from -2147483648 to 2147483647",
            23 => "a whole number from -9223372036854775808 to 9223372036854775807",
            _ => "something else",
        }
    }
}

/// The number of nested containers that a path distinguishes.
const MAX_DEPTH: usize = 64;
/// The number of path segments that are written.
const MAX_STEPS: usize = 16;
/// The number of bytes of a key or a value that are written.
const MAX_BYTES: usize = 64;

#[derive(Clone, Copy)]
enum Step {
    /// In an object, before its first key.
    Object,
    /// At the value of the key in this range.
    Key(usize, usize),
    /// In an array, before its first element.
    Array,
    /// At the element with this index.
    Index(usize),
}

/// A position in a JSON text.
pub struct Place<'a> {
    text: &'a [u8],
    steps: [Step; MAX_DEPTH],
    depth: usize,
    value: Option<usize>,
}

impl<'a> Place<'a> {
    /// The position of the value that begins at a byte, or of the last value that begins before it.
    pub fn of(text: &'a [u8], at: usize) -> Place<'a> {
        let mut place = Place { text, steps: [Step::Object; MAX_DEPTH], depth: 0, value: None };
        let mut is_key = false;
        let mut next = 0;
        while let Some(&byte) = text.get(next)
            && next <= at
        {
            let begins_a_value = !matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | b':' | b',' | b'}' | b']');
            if next == at && (is_key || !begins_a_value) {
                break;
            }
            let from = next;
            next = match byte {
                b'"' => end_of_string(text, from),
                b'{' | b'[' | b'}' | b']' | b',' | b':' | b' ' | b'\n' | b'\r' | b'\t' => from + 1,
                _ => end_of_word(text, from),
            };
            if begins_a_value && !is_key {
                place.value = Some(from);
                if let Some(step @ Step::Array) = place.last() {
                    *step = Step::Index(0);
                }
            }
            match byte {
                b'{' => {
                    place.push(Step::Object);
                    is_key = true;
                }
                b'[' => place.push(Step::Array),
                b'}' | b']' => {
                    place.depth = place.depth.saturating_sub(1);
                    is_key = false;
                }
                b',' => match place.last() {
                    Some(Step::Index(index)) => *index += 1,
                    Some(Step::Object | Step::Key(..)) => is_key = true,
                    _ => {}
                },
                b'"' if is_key => {
                    if let Some(step) = place.last() {
                        *step = Step::Key(from + 1, next.saturating_sub(1).max(from + 1));
                    }
                    is_key = false;
                }
                _ => {}
            }
        }
        place
    }

    fn last(&mut self) -> Option<&mut Step> {
        self.depth.checked_sub(1).and_then(|last| self.steps.get_mut(last))
    }

    fn push(&mut self, step: Step) {
        if let Some(next) = self.steps.get_mut(self.depth) {
            *next = step;
        }
        self.depth += 1;
    }

    /// Writes the path from the root in the form of Kubernetes' own errors: `spec.containers[0].ports`,
    /// `metadata.annotations[a.b/c]`. For the root, it writes nothing.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write_path(&self, out: &mut dyn Write) -> fmt::Result {
        let steps = self.steps.get(..self.depth.min(MAX_STEPS)).unwrap_or(&self.steps);
        let mut is_first = true;
        for step in steps {
            match *step {
                Step::Key(from, to) => {
                    let key = self.text.get(from..to).unwrap_or_default();
                    let is_plain =
                        key.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_$".contains(byte));
                    match (is_plain && !key.is_empty(), is_first) {
                        (true, true) => {}
                        (true, false) => out.write_str(".")?,
                        (false, _) => out.write_str("[")?,
                    }
                    write_lossily(key, out)?;
                    if !is_plain || key.is_empty() {
                        out.write_str("]")?;
                    }
                }
                Step::Index(index) => write!(out, "[{index}]")?,
                Step::Object | Step::Array => {}
            }
            is_first = false;
        }
        if self.depth > MAX_STEPS { out.write_str("…") } else { Ok(()) }
    }

    /// Writes the value found there: a short number, string or word verbatim, otherwise its type.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write_value(&self, out: &mut dyn Write) -> fmt::Result {
        let Some(from) = self.value else { return out.write_str("nothing") };
        let end = match self.text.get(from) {
            Some(b'{') => return out.write_str("an object"),
            Some(b'[') => return out.write_str("an array"),
            Some(b'"') => {
                out.write_str("the string ")?;
                end_of_string(self.text, from)
            }
            Some(b'-' | b'0'..=b'9') => {
                out.write_str("the number ")?;
                end_of_word(self.text, from)
            }
            _ => end_of_word(self.text, from),
        };
        write_lossily(self.text.get(from..end).unwrap_or_default(), out)
    }
}

/// The offset after a string's closing quote, or the end of the text.
fn end_of_string(text: &[u8], from: usize) -> usize {
    let mut at = from + 1;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}

fn end_of_word(text: &[u8], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    let len = rest.iter().position(|byte| b",:]}\" \n\r\t".contains(byte)).unwrap_or(rest.len());
    from + len.max(1)
}

fn write_lossily(bytes: &[u8], out: &mut dyn Write) -> fmt::Result {
    let shown = bytes.get(..MAX_BYTES).unwrap_or(bytes);
    for chunk in shown.utf8_chunks() {
        out.write_str(chunk.valid())?;
        if !chunk.invalid().is_empty() {
            out.write_char(char::REPLACEMENT_CHARACTER)?;
        }
    }
    if shown.len() < bytes.len() { out.write_str("…") } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use std::string::String;

    fn at(text: &str, byte: usize) -> (String, String) {
        let (mut path, mut value) = (String::new(), String::new());
        let place = Place::of(text.as_bytes(), byte);
        place.write_path(&mut path).expect("a path");
        place.write_value(&mut value).expect("a value");
        (path, value)
    }

    #[test]
    fn every_byte_of_a_text_is_at_the_value_that_begins_there_or_before() {
        let text = r#"{"a":{"b-c":1.0,"x.y/z":[true,[],{"d":"e\"]"}]},"f":null}"#;
        for (marked, path, value) in [
            ("{\"a\"", "", "an object"),
            ("{\"b-c\"", "a", "an object"),
            ("1.0", "a.b-c", "the number 1.0"),
            ("[true", "a[x.y/z]", "an array"),
            ("true", "a[x.y/z][0]", "true"),
            ("[]", "a[x.y/z][1]", "an array"),
            ("{\"d\"", "a[x.y/z][2]", "an object"),
            ("\"e", "a[x.y/z][2].d", "the string \"e\\\"]\""),
            ("null", "f", "null"),
        ] {
            let begin = text.find(marked).expect(marked);
            assert_eq!(at(text, begin), (path.into(), value.into()), "{marked}");
        }
        // The parser's position after it read the value that does not fit.
        let after = |token: &str| text.find(token).map(|from| from + token.len()).expect(token);
        assert_eq!(at(text, after("1.0")), ("a.b-c".into(), "the number 1.0".into()));
        assert_eq!(at(text, after("true")), ("a[x.y/z][0]".into(), "true".into()));
        assert_eq!(at(text, after("\"e\\\"]\"")).0, "a[x.y/z][2].d");
        assert_eq!(at("7", 1), (String::new(), "the number 7".into()));
        assert_eq!(at("", 0), (String::new(), "nothing".into()));
    }

    #[test]
    fn whatever_the_text_and_the_byte_there_is_an_answer_of_bounded_length() {
        let deep = "[".repeat(100_000);
        let (path, value) = at(&deep, 99_999);
        assert!(path.starts_with("[0][0]") && path.ends_with('…') && path.len() < 100, "{path}");
        assert_eq!(value, "an array");
        let long = std::format!("{{\"{}\":\"{}\"", "k".repeat(9_000), "v".repeat(9_000));
        let (path, value) = at(&long, usize::MAX);
        assert!(path.len() < 80 && value.len() < 90, "{path} {value}");
        for text in ["}}]]", "{{{{", "\"\\", "{\"a", "{\"a\"", "[,,,]", ":::", "{\"a\":1}}},,"] {
            for byte in 0..text.len() + 2 {
                at(text, byte);
            }
        }
        let mut path = String::new();
        Place::of(b"{\"\xff\":\"\xfe", 99).write_path(&mut path).expect("a path");
        assert_eq!(path, "[\u{fffd}]");
    }

    #[test]
    fn every_number_is_something_that_was_wanted() {
        for number in 0..300 {
            assert!(!Wanted(number).text().is_empty());
        }
        let signed = |log: u32| Wanted(Wanted::INTEGER.0 | log | Wanted::SIGNED).text();
        assert_eq!(signed(2), "a whole number from -2147483648 to 2147483647");
        assert_eq!(Wanted(Wanted::INTEGER.0 | 2).text(), "a whole number from 0 to 4294967295");
        assert_eq!(Wanted(u32::MAX).text(), Wanted::OTHER.text());
    }
}
