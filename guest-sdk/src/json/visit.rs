//! The parser for types that only have miniserde's `Deserialize`: it calls their visitors. It also parses floats,
//! which few gatherers need.
//!
//! It accepts the same JSON as [`parse`](super::parse), and exponents and fractions without digits.

use super::parse::MALFORMED;
use crate::Result;
use alloc::string::String;
use miniserde::de::Visitor;

/// Parses the value that a string begins with, and returns its length.
pub(super) fn parse(text: &str, visitor: &mut dyn Visitor, depth: u32) -> Result<usize> {
    let mut parser = Parser::new(text, depth);
    parser.value(visitor)?;
    Ok(parser.at)
}

/// Parses the number that a string begins with, to about 15 digits, and returns it with its length.
pub(super) fn float(text: &str) -> Result<(f64, usize)> {
    let mut parser = Parser::new(text, 0);
    parser.peek();
    let number = parser.number()?;
    let float = match number {
        Number::Integer(true, magnitude) => -(magnitude as f64),
        Number::Integer(false, magnitude) => magnitude as f64,
        Number::Float(float) => float,
    };
    Ok((float, parser.at))
}

enum Number {
    /// The sign and the magnitude.
    Integer(bool, u64),
    Float(f64),
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    /// The remaining nesting.
    depth: u32,
    /// The last string, if it has no escapes.
    piece: &'a str,
    /// The last string, if it has escapes.
    unescaped: String,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str, depth: u32) -> Self {
        Parser { text, at: 0, depth, piece: "", unescaped: String::new() }
    }

    /// The current byte; 0 at the end, which never occurs in JSON.
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

    /// Skips `null`, and returns whether it was there.
    fn null(&mut self) -> bool {
        self.peek() == b'n' && self.word("null")
    }

    fn value(&mut self, visitor: &mut dyn Visitor) -> Result<()> {
        let outcome = match self.peek() {
            b'{' | b'[' if self.depth == 0 => return Err(MALFORMED),
            b'{' => {
                self.depth -= 1;
                self.map(visitor)?;
                self.depth += 1;
                return Ok(());
            }
            b'[' => {
                self.depth -= 1;
                self.seq(visitor)?;
                self.depth += 1;
                return Ok(());
            }
            b'"' => {
                self.string()?;
                visitor.string(self.last_string())
            }
            b'-' | b'0'..=b'9' => match self.number()? {
                Number::Integer(false, magnitude) => visitor.nonnegative(magnitude),
                Number::Integer(true, magnitude) => visitor.negative(0i64.wrapping_sub_unsigned(magnitude)),
                Number::Float(float) => visitor.float(float),
            },
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

    /// Parses a string, from its opening quote; [`Parser::last_string`] returns its text.
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

    /// A number: its digits as an integer, and the position of the point.
    fn number(&mut self) -> Result<Number> {
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
                // Further digits exceed the precision of a float.
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
                // An exponent above 1000 makes no difference: the result is zero or infinite.
                written = (written * 10 + digit as i32).min(1000);
            }
            exponent += if minus { -written } else { written };
        }
        if is_integer && (!negative || 0i64.checked_sub_unsigned(digits).is_some()) {
            return Ok(Number::Integer(negative, digits));
        }
        let float = scale(digits as f64, exponent);
        if !float.is_finite() {
            return Err(MALFORMED);
        }
        Ok(Number::Float(if negative { -float } else { float }))
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

/// `float` times ten to the power of `exponent`. The loop ends at zero and at infinity, which do not change any more.
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
