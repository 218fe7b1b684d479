//! The parser: JSON text in, calls of miniserde's visitors out.
//!
//! It accepts what RFC 8259 defines and a little more (control characters within strings, leading zeros, an exponent or
//! fraction without digits): the text comes from an API server, through a host that has parsed it before.

use super::MAX_DEPTH;
use crate::abi::Status;
use crate::{Error, Result};
use alloc::string::String;
use miniserde::de::Visitor;

const MALFORMED: Error = Error::new(Status::DECODE);

/// Parses one value, and nothing after it.
pub(super) fn parse(text: &str, visitor: &mut dyn Visitor) -> Result<()> {
    let mut parser = Parser { text, at: 0, depth: 0, piece: "", unescaped: String::new() };
    parser.value(visitor)?;
    match parser.peek() {
        0 => Ok(()),
        _ => Err(MALFORMED),
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
    /// The last string, if it had no escapes.
    piece: &'a str,
    /// The last string, if it had.
    unescaped: String,
}

impl<'a> Parser<'a> {
    /// The byte at hand; 0 at the end, which is in no JSON.
    fn byte(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    /// The next byte that is not white space.
    fn peek(&mut self) -> u8 {
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

    fn word(&mut self, word: &str) -> bool {
        let is_there =
            self.text.as_bytes().get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes()));
        if is_there {
            self.at += word.len();
        }
        is_there
    }

    /// Whether the next value is `null`, which is skipped.
    fn null(&mut self) -> bool {
        self.peek() == b'n' && self.word("null")
    }

    fn value(&mut self, visitor: &mut dyn Visitor) -> Result<()> {
        let outcome = match self.peek() {
            b'{' | b'[' if self.depth == MAX_DEPTH => return Err(MALFORMED),
            b'{' => {
                self.depth += 1;
                self.map(visitor)?;
                self.depth -= 1;
                return Ok(());
            }
            b'[' => {
                self.depth += 1;
                self.seq(visitor)?;
                self.depth -= 1;
                return Ok(());
            }
            b'"' => {
                self.string()?;
                visitor.string(self.last_string())
            }
            b'-' | b'0'..=b'9' => return self.number(visitor),
            b't' if self.word("true") => visitor.boolean(true),
            b'f' if self.word("false") => visitor.boolean(false),
            b'n' if self.word("null") => visitor.null(),
            _ => return Err(MALFORMED),
        };
        outcome.map_err(|_| MALFORMED)
    }

    fn map(&mut self, visitor: &mut dyn Visitor) -> Result<()> {
        let mut map = visitor.map().map_err(|_| MALFORMED)?;
        self.expect(b'{')?;
        if !self.accept(b'}') {
            loop {
                if self.peek() != b'"' {
                    return Err(MALFORMED);
                }
                self.string()?;
                self.expect(b':')?;
                if !self.null() {
                    self.value(map.key(self.last_string()).map_err(|_| MALFORMED)?)?;
                }
                if !self.accept(b',') {
                    break;
                }
            }
            self.expect(b'}')?;
        }
        map.finish().map_err(|_| MALFORMED)
    }

    fn seq(&mut self, visitor: &mut dyn Visitor) -> Result<()> {
        let mut seq = visitor.seq().map_err(|_| MALFORMED)?;
        self.expect(b'[')?;
        if !self.accept(b']') {
            loop {
                if !self.null() {
                    self.value(seq.element().map_err(|_| MALFORMED)?)?;
                }
                if !self.accept(b',') {
                    break;
                }
            }
            self.expect(b']')?;
        }
        seq.finish().map_err(|_| MALFORMED)
    }

    /// Reads a string, from its opening quote on; [`Parser::last_string`] is its text.
    fn string(&mut self) -> Result<()> {
        self.at += 1;
        self.unescaped.clear();
        let mut start = self.at;
        loop {
            let byte = self.byte();
            if byte == b'"' || byte == b'\\' {
                self.piece = self.text.get(start..self.at).ok_or(MALFORMED)?;
                self.at += 1;
                if byte == b'"' && self.unescaped.is_empty() {
                    return Ok(());
                }
                self.unescaped.push_str(self.piece);
                if byte == b'"' {
                    return Ok(());
                }
                let unescaped = self.escape()?;
                self.unescaped.push(unescaped);
                start = self.at;
            } else if self.at >= self.text.len() {
                return Err(MALFORMED);
            } else {
                self.at += 1;
            }
        }
    }

    fn last_string(&self) -> &str {
        if self.unescaped.is_empty() { self.piece } else { &self.unescaped }
    }

    fn escape(&mut self) -> Result<char> {
        let byte = self.byte();
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\x08',
            b'f' => '\x0c',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let mut code = self.hex4()?;
                if code & 0xfc00 == 0xd800 {
                    if !self.word("\\u") {
                        return Err(MALFORMED);
                    }
                    let low = self.hex4()?;
                    if low & 0xfc00 != 0xdc00 {
                        return Err(MALFORMED);
                    }
                    code = 0x1_0000 + ((code & 0x3ff) << 10 | (low & 0x3ff));
                }
                char::from_u32(code).ok_or(MALFORMED)?
            }
            _ => return Err(MALFORMED),
        })
    }

    fn hex4(&mut self) -> Result<u32> {
        let mut code = 0;
        for _ in 0..4 {
            code = code << 4 | char::from(self.byte()).to_digit(16).ok_or(MALFORMED)?;
            self.at += 1;
        }
        Ok(code)
    }

    /// A number: its digits as an integer, and where the point is.
    fn number(&mut self, visitor: &mut dyn Visitor) -> Result<()> {
        let negative = self.word("-");
        let mut digits = 0u64;
        let mut exponent = 0i32;
        let mut is_integer = true;
        let mut after_point = 0;
        if self.digit().is_none() {
            return Err(MALFORMED);
        }
        self.at -= 1;
        loop {
            if let Some(digit) = self.digit() {
                // What no longer fits is beyond the precision of a float.
                if digits > (u64::MAX - digit) / 10 {
                    is_integer = false;
                    exponent += 1;
                } else {
                    digits = digits * 10 + digit;
                }
                exponent -= after_point;
            } else if after_point == 0 && self.word(".") {
                after_point = 1;
                is_integer = false;
            } else {
                break;
            }
        }
        if self.byte() | 0x20 == b'e' {
            self.at += 1;
            is_integer = false;
            let minus = self.word("-");
            if !minus {
                self.word("+");
            }
            let mut written = 0;
            while let Some(digit) = self.digit() {
                // Beyond a thousand, more makes no difference: it is zero or too large.
                written = (written * 10 + digit as i32).min(1000);
            }
            exponent += if minus { -written } else { written };
        }
        let integer = 0i64.checked_sub_unsigned(digits);
        match integer {
            _ if is_integer && !negative => visitor.nonnegative(digits),
            Some(integer) if is_integer => visitor.negative(integer),
            _ => {
                let float = scale(digits as f64, exponent);
                if !float.is_finite() {
                    return Err(MALFORMED);
                }
                visitor.float(if negative { -float } else { float })
            }
        }
        .map_err(|_| MALFORMED)
    }

    fn digit(&mut self) -> Option<u64> {
        let digit = self.byte().wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        self.at += 1;
        Some(u64::from(digit))
    }
}

/// `float` times ten to the power of `exponent`. The loop ends at zero and at infinity, where more changes nothing.
fn scale(mut float: f64, mut exponent: i32) -> f64 {
    while exponent != 0 && float != 0.0 && float.is_finite() {
        if exponent > 0 {
            float *= 10.0;
            exponent -= 1;
        } else {
            float /= 10.0;
            exponent += 1;
        }
    }
    float
}

#[cfg(test)]
mod tests {
    use crate::json::{from_slice, from_str};
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
            assert!(from_str::<miniserde::json::Value>(json).is_err(), "{json}");
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
            let expected = miniserde::json::from_str::<miniserde::json::Value>(json)
                .map(|value| miniserde::json::to_string(&value));
            let actual =
                from_str::<miniserde::json::Value>(json).map(|value| miniserde::json::to_string(&value));
            assert_eq!(actual.ok(), expected.ok());
        }
    }

    #[test]
    fn nulls_are_as_if_absent() {
        let map: std::collections::BTreeMap<String, u32> = from_str(r#"{"a":null,"b":2}"#).expect("a map");
        assert_eq!(map.into_iter().collect::<Vec<_>>(), [("b".to_string(), 2)]);
        assert_eq!(from_str::<Vec<u32>>("[1,null,2]").as_deref(), Ok(&[1, 2][..]));
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(from_str::<miniserde::json::Value>(&nested(super::MAX_DEPTH as usize)).is_ok());
        assert!(from_str::<miniserde::json::Value>(&nested(super::MAX_DEPTH as usize + 1)).is_err());
        assert!(from_str::<miniserde::json::Value>(&"[".repeat(100_000)).is_err());
    }
}
