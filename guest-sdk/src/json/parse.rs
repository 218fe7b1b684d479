//! The parser: it decodes JSON text into values.
//!
//! It accepts RFC 8259 and a little more: control characters in strings, leading zeros, and, in values that are
//! skipped, numbers with several points or exponents. The text comes from an API server, through a host that has
//! already parsed it.
//!
//! It unescapes strings in place, because the result is never longer.

use super::MAX_DEPTH;
use super::shape::Place;
use crate::abi::Status;
use crate::{Error, Result, sys};

pub(super) const MALFORMED: Error = Error::new(Status::DECODE);

/// Parses one value into its place, with nothing after it. The text must be UTF-8, and is overwritten.
pub(super) fn parse(text: &mut [u8], place: Place<'_>) -> Result<()> {
    Parser::new(text).whole(place)
}

/// Parses an item, and rejects it if it does not match.
pub(crate) fn parse_item(handle: i32, text: &mut [u8], place: Place<'_>) -> Result<()> {
    let mut parser = Parser::new(text);
    let fits = parser.whole(place);
    if fits.is_err() {
        // The result is irrelevant: the host does what it wants with the information.
        sys::rest_reject(handle, parser.at as u32, parser.wanted);
    }
    fits
}

pub(super) struct Parser<'a> {
    text: &'a mut [u8],
    at: usize,
    /// The start and the end of the last string.
    string: usize,
    string_end: usize,
    /// The expected type of the value that began last: a [`Wanted`](crate::abi::place::Wanted).
    pub(super) wanted: u32,
}

impl Parser<'_> {
    fn whole(&mut self, place: Place<'_>) -> Result<()> {
        self.value(place, MAX_DEPTH)?;
        match self.peek() {
            0 => Ok(()),
            _ => Err(MALFORMED),
        }
    }

    /// The current byte; 0 at the end, which never occurs in JSON.
    fn byte(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(0)
    }

    fn take(&mut self) -> u8 {
        let byte = self.byte();
        self.at += 1;
        byte
    }

    /// The next byte that is not white space.
    pub(super) fn peek(&mut self) -> u8 {
        while matches!(self.byte(), b' ' | b'\n' | b'\t' | b'\r') {
            self.at += 1;
        }
        self.byte()
    }

    fn accept(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == byte;
        self.at += usize::from(is_there);
        is_there
    }

    fn expect(&mut self, byte: u8) -> Result<()> {
        if self.accept(byte) { Ok(()) } else { Err(MALFORMED) }
    }

    /// The remaining text, for another parser that returns how much it consumed.
    pub(super) fn rest(&self) -> Result<&str> {
        sys::text(self.text.get(self.at..).unwrap_or(&[]))
    }

    pub(super) fn skip(&mut self, bytes: usize) {
        self.at += bytes;
    }

    pub(super) fn value(&mut self, mut place: Place<'_>, depth: u32) -> Result<()> {
        self.wanted = place.wanted();
        if let Some(read) = place.read(self, depth) {
            return read;
        }
        match self.peek() {
            open @ (b'{' | b'[') => {
                if depth == 0 || !place.takes(open) {
                    return Err(MALFORMED);
                }
                self.at += 1;
                // In both cases, the closing bracket is the opening one plus 2.
                if self.accept(open + 2) {
                    return Ok(());
                }
                loop {
                    self.string_end = self.string;
                    if open == b'{' {
                        if self.peek() != b'"' {
                            return Err(MALFORMED);
                        }
                        self.string()?;
                        self.expect(b':')?;
                    }
                    // `null` counts as absent.
                    if self.peek() == b'n' {
                        self.word(b"null")?;
                    } else {
                        let element = place.element(self.last_string()?);
                        self.value(element, depth - 1)?;
                    }
                    if !self.accept(b',') {
                        return self.expect(open + 2);
                    }
                }
            }
            b'"' => {
                self.string()?;
                place.text(self.last_string()?)
            }
            b'-' | b'0'..=b'9' => self.number(place),
            b't' => {
                self.word(b"true")?;
                place.boolean(true)
            }
            b'f' => {
                self.word(b"false")?;
                place.boolean(false)
            }
            _ => Err(MALFORMED),
        }
    }

    fn word(&mut self, word: &[u8]) -> Result<()> {
        for byte in word {
            if self.take() != *byte {
                return Err(MALFORMED);
            }
        }
        Ok(())
    }

    fn last_string(&self) -> Result<&str> {
        sys::text(self.text.get(self.string..self.string_end).unwrap_or(&[]))
    }

    /// Parses a string, from its opening quote; [`Parser::last_string`] returns its text.
    fn string(&mut self) -> Result<()> {
        self.at += 1;
        self.string = self.at;
        self.string_end = self.at;
        loop {
            match self.take() {
                b'"' => return Ok(()),
                b'\\' => self.escape()?,
                0 => return Err(MALFORMED),
                byte => self.put(byte),
            }
        }
    }

    /// Appends to the last string, which never extends beyond the bytes already read.
    fn put(&mut self, byte: u8) {
        if let Some(end) = self.text.get_mut(self.string_end) {
            *end = byte;
        }
        self.string_end += 1;
    }

    fn escape(&mut self) -> Result<()> {
        let byte = match self.take() {
            byte @ (b'"' | b'\\' | b'/') => byte,
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => return self.unicode(),
            _ => return Err(MALFORMED),
        };
        self.put(byte);
        Ok(())
    }

    /// A `\u` escape, which may be a surrogate pair.
    fn unicode(&mut self) -> Result<()> {
        let mut code = self.hex4()?;
        if code >> 11 == 0xd800 >> 11 {
            self.word(b"\\u")?;
            let low = self.hex4()?;
            // The first is a high surrogate, the second a low one.
            if code >= 0xdc00 || low >> 10 != 0xdc00 >> 10 {
                return Err(MALFORMED);
            }
            code = 0x1_0000 + ((code & 0x3ff) << 10 | low & 0x3ff);
        }
        let more = u32::from(code >= 0x80) + u32::from(code >= 0x800) + u32::from(code >= 0x1_0000);
        // UTF-8: the first byte encodes the length, the others have six bits each.
        let first = if more == 0 { 0 } else { 0xf80 >> more & 0xff };
        self.put((first | code >> (6 * more)) as u8);
        for at in (0..more).rev() {
            self.put((0x80 | code >> (6 * at) & 0x3f) as u8);
        }
        Ok(())
    }

    fn hex4(&mut self) -> Result<u32> {
        let mut code = 0;
        for _ in 0..4 {
            let byte = self.take();
            let digit = match byte {
                b'0'..=b'9' => byte - b'0',
                b'a'..=b'f' => byte - (b'a' - 10),
                b'A'..=b'F' => byte - (b'A' - 10),
                _ => return Err(MALFORMED),
            };
            code = code << 4 | u32::from(digit);
        }
        Ok(code)
    }

    /// The text of the current number, parsed like a skipped one.
    // Not in `number`, and `inline`: a second caller of `number` would make gatherers without this function larger.
    #[inline]
    pub(super) fn number_text(&mut self) -> Result<&str> {
        let start = self.at;
        match self.byte() {
            b'-' | b'0'..=b'9' => self.value(Place::NOWHERE, 0)?,
            _ => return Err(MALFORMED),
        }
        sys::text(self.text.get(start..self.at).unwrap_or(&[]))
    }

    /// A number: an integer, or a skipped value. Floats are parsed elsewhere.
    fn number(&mut self, mut place: Place<'_>) -> Result<()> {
        let negative = self.accept(b'-');
        let start = self.at;
        let mut magnitude = 0u64;
        let mut fits = true;
        loop {
            let digit = self.byte().wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            let digit = u64::from(digit);
            fits &= magnitude <= (u64::MAX - digit) / 10;
            magnitude = magnitude.wrapping_mul(10).wrapping_add(digit);
            self.at += 1;
        }
        if self.at == start {
            return Err(MALFORMED);
        }
        while matches!(self.byte(), b'.' | b'e' | b'E' | b'+' | b'-' | b'0'..=b'9') {
            fits = false;
            self.at += 1;
        }
        if fits || place.is_nowhere() { place.integer(negative, magnitude) } else { Err(MALFORMED) }
    }
}

impl<'a> Parser<'a> {
    fn new(text: &'a mut [u8]) -> Self {
        Parser { text, at: 0, string: 0, string_end: 0, wanted: 0 }
    }
}

#[cfg(test)]
mod tests {
    use crate::json::{MAX_DEPTH, Whole, from_slice, from_str};
    use miniserde::json::Value;
    use std::string::{String, ToString};
    use std::vec::Vec;

    #[test]
    fn strings_are_unescaped() {
        for (json, text) in [
            (r#""""#, ""),
            (r#""größe""#, "größe"),
            (r#"  "a\"b\\c\/d\n\t\r\b\f" "#, "a\"b\\c/d\n\t\r\x08\x0c"),
            (r#""\u0041\u00e4\uD83D\uDE00x""#, "Aä😀x"),
        ] {
            assert_eq!(from_str::<String>(json).as_deref(), Ok(text), "{json}");
        }
    }

    #[test]
    fn numbers_of_all_kinds_are_read() {
        assert_eq!(from_str::<u64>("18446744073709551615"), Ok(u64::MAX));
        assert_eq!(from_str::<i64>("-9223372036854775808"), Ok(i64::MIN));
        assert_eq!(from_str::<i64>("-0"), Ok(0));
        for number in
            ["0.5", "-0.25", "1e3", "1.5E+3", "125e-3", "12345678901234567890123", "-9223372036854775809"]
        {
            let read = from_str::<f64>(number).expect(number);
            let exact: f64 = number.parse().expect(number);
            assert!((read - exact).abs() <= exact.abs() * 1e-15, "{number} read as {read}");
        }
        assert_eq!(from_str::<f64>("1e-999999999999"), Ok(0.0));
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for json in [
            "",
            " ",
            "nul",
            "tru",
            "{",
            "[",
            "[1",
            "[1,",
            "[1,]",
            "[,1]",
            "{,}",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r#"{a:1}"#,
            "[1 2]",
            "[1}",
            r#"{"a":1]"#,
            r#"["a]"#,
            r#"["\x"]"#,
            r#"["\u12"]"#,
            r#"["\ud800"]"#,
            r#"["\ud800\u0041"]"#,
            r#"["\udc00"]"#,
            "-",
            ".5",
            "-a",
            "1e999",
            "[1]]",
            "1 1",
            "'a'",
            "\0",
        ] {
            assert!(from_str::<Whole<Value>>(json).is_err(), "{json}");
            // The parser skips a value that is not in the type, and does not look at a number without an end.
            let skipped = std::format!(r#"{{"a":{json}}}"#);
            assert!(from_str::<Known>(json).is_err(), "{json}");
            assert!(from_str::<Known>(&skipped).is_err() || json == "1e999", "{skipped}");
        }
        assert!(from_slice::<String>(b"\"\xff\"").is_err());
    }

    #[test]
    fn it_reads_what_miniserde_reads() {
        for json in [
            r#"{"a":[1,-2,{"b":"c\u00e4","d":[]},true,false],"e":{},"f":"","g":18446744073709551615}"#,
            " [ 1 , 2 ] ",
            "{ \"a\" : { } }",
        ] {
            let expected =
                miniserde::json::from_str::<Value>(json).map(|value| miniserde::json::to_string(&value));
            let actual = from_str::<Whole<Value>>(json).map(|value| miniserde::json::to_string(&value.0));
            assert_eq!(actual.ok(), expected.ok());
        }
    }

    #[test]
    fn nulls_are_as_if_absent() {
        let map: std::collections::BTreeMap<String, u32> = from_str(r#"{"a":null,"b":2}"#).expect("a map");
        assert_eq!(map.into_iter().collect::<Vec<_>>(), [("b".to_string(), 2)]);
        assert_eq!(from_str::<Vec<u32>>("[1,null,2]").as_deref(), Ok(&[1, 2][..]));
    }

    #[derive(Default, crate::Fields)]
    struct Known {
        b: u32,
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(from_str::<Whole<Value>>(&nested(MAX_DEPTH as usize)).is_ok());
        assert!(from_str::<Whole<Value>>(&nested(MAX_DEPTH as usize + 1)).is_err());
        assert!(from_str::<Whole<Value>>(&"[".repeat(100_000)).is_err());
        let skipped = |depth: usize| std::format!(r#"{{"a":{},"b":7}}"#, nested(depth - 1));
        assert_eq!(from_str::<Known>(&skipped(MAX_DEPTH as usize)).map(|known| known.b), Ok(7));
        assert!(from_str::<Known>(&skipped(MAX_DEPTH as usize + 1)).is_err());
    }
}
