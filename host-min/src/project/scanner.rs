//! Walks JSON text as it streams, one token at a time, copying or skipping.
//!
//! What is copied and what is skipped is checked by the same code against RFC 8259, so an answer is either
//! well-formed as far as it was read or refused with the byte that is wrong. Strings are not decoded, but for
//! keys with escapes.

use super::{ProjectError, Result};
use crate::limits::{MAX_ITEM_BYTES, MAX_JSON_DEPTH, MAX_KEY_BYTES};
use std::io::Read;

/// How much is read from the body at once.
const BUFFER_BYTES: usize = 64 << 10;

/// Where kept bytes go.
pub(super) trait Sink {
    fn put(&mut self, bytes: &[u8]) -> std::result::Result<(), &'static str>;
}

/// Nowhere: skipping.
pub(super) struct Skip;

impl Sink for Skip {
    fn put(&mut self, _: &[u8]) -> std::result::Result<(), &'static str> {
        Ok(())
    }
}

impl Sink for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) -> std::result::Result<(), &'static str> {
        if self.len() + bytes.len() > MAX_ITEM_BYTES {
            return Err("an object above the host's limit for one object");
        }
        self.extend_from_slice(bytes);
        Ok(())
    }
}

pub(super) struct Scanner {
    body: Box<dyn Read + Send>,
    buffer: Box<[u8]>,
    at: usize,
    end: usize,
    /// The offset in the body of the buffer's first byte.
    base: u64,
    key: Vec<u8>,
}

impl Scanner {
    pub(super) fn new(body: Box<dyn Read + Send>) -> Self {
        Scanner { body, buffer: vec![0; BUFFER_BYTES].into(), at: 0, end: 0, base: 0, key: Vec::new() }
    }

    /// Bytes of the body that were looked at.
    pub(super) fn at_byte(&self) -> u64 {
        self.base + self.at as u64
    }

    pub(super) fn malformed<T>(&self, reason: &'static str) -> Result<T> {
        Err(ProjectError::Malformed { at_byte: self.at_byte(), reason })
    }

    pub(super) fn too_large(&self, reason: &'static str) -> ProjectError {
        ProjectError::TooLarge { at_byte: self.at_byte(), reason }
    }

    /// The next byte as it is, or `None` at the end of the body.
    #[inline]
    fn byte(&mut self) -> Result<Option<u8>> {
        if self.at == self.end && !self.refill()? {
            return Ok(None);
        }
        Ok(Some(self.buffer[self.at]))
    }

    #[cold]
    fn refill(&mut self) -> Result<bool> {
        self.base += self.end as u64;
        (self.at, self.end) = (0, 0);
        loop {
            match self.body.read(&mut self.buffer) {
                Ok(len) => {
                    self.end = len.min(self.buffer.len());
                    return Ok(self.end > 0);
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(ProjectError::Read(error)),
            }
        }
    }

    /// The first byte of the next token.
    #[inline]
    pub(super) fn peek(&mut self) -> Result<u8> {
        loop {
            match self.byte()? {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                Some(byte) => return Ok(byte),
                None => return self.malformed("the answer ends too early"),
            }
        }
    }

    /// Takes a token of one byte.
    pub(super) fn take(&mut self, byte: u8, otherwise: &'static str) -> Result<()> {
        if self.peek()? != byte {
            return self.malformed(otherwise);
        }
        self.at += 1;
        Ok(())
    }

    /// Takes a comma and answers true, or takes the closing bracket and answers false. The first element
    /// of a container has no comma before it.
    pub(super) fn more(&mut self, close: u8, first: &mut bool) -> Result<bool> {
        let byte = self.peek()?;
        let was_first = std::mem::replace(first, false);
        if byte == close {
            self.at += 1;
            return Ok(false);
        }
        if !was_first {
            self.take(b',', "expected a comma or a closing bracket")?;
        }
        Ok(true)
    }

    /// Only white space is left.
    pub(super) fn expect_end(&mut self) -> Result<()> {
        loop {
            match self.byte()? {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                Some(_) => return self.malformed("something follows the end of the answer"),
                None => return Ok(()),
            }
        }
    }

    /// Reads a key and the colon after it. Answers with the key's raw text without quotes; `unescaped` is its meaning.
    pub(super) fn key(&mut self) -> Result<Key<'_>> {
        self.key.clear();
        let mut key = std::mem::take(&mut self.key);
        let mut bounded = Bounded { to: &mut key };
        if self.peek()? != b'"' {
            return self.malformed("expected a key");
        }
        self.string(&mut bounded)?;
        self.take(b':', "expected a colon after a key")?;
        self.key = key;
        let raw = &self.key[1..self.key.len() - 1];
        match std::str::from_utf8(raw) {
            Ok(text) if !raw.contains(&b'\\') => Ok(Key { raw: &self.key, text: Some(text.into()) }),
            // A key with escapes is decoded by a library; there are few.
            Ok(_) => Ok(Key {
                raw: &self.key,
                text: serde_json::from_slice::<String>(&self.key).ok().map(Into::into),
            }),
            Err(_) => Err(ProjectError::Malformed {
                at_byte: self.base + self.at as u64,
                reason: "a key that is not UTF-8",
            }),
        }
    }

    /// Copies or skips the value that comes next, whatever it is.
    pub(super) fn value(&mut self, sink: &mut impl Sink, depth: usize) -> Result<()> {
        // One bit for each open container: whether it is an object.
        let mut objects: u128 = 0;
        let mut open = 0usize;
        loop {
            // A value is due.
            match self.peek()? {
                bracket @ (b'{' | b'[') => {
                    if depth + open >= MAX_JSON_DEPTH {
                        return Err(self.too_large("nested deeper than the host's limit"));
                    }
                    self.at += 1;
                    self.put(sink, &[bracket])?;
                    objects = objects << 1 | u128::from(bracket == b'{');
                    open += 1;
                    let close = bracket + 2;
                    if self.peek()? == close {
                        self.at += 1;
                        self.put(sink, &[close])?;
                        objects >>= 1;
                        open -= 1;
                    } else {
                        if bracket == b'{' {
                            self.copy_key(sink)?;
                        }
                        continue;
                    }
                }
                b'"' => self.string(sink)?,
                b't' => self.literal(b"true", sink)?,
                b'f' => self.literal(b"false", sink)?,
                b'n' => self.literal(b"null", sink)?,
                b'-' | b'0'..=b'9' => self.number(sink)?,
                _ => return self.malformed("not a JSON value"),
            }
            // A value is complete: close what ends here.
            loop {
                if open == 0 {
                    return Ok(());
                }
                let is_object = objects & 1 == 1;
                let close = if is_object { b'}' } else { b']' };
                match self.peek()? {
                    b',' => {
                        self.at += 1;
                        self.put(sink, b",")?;
                        if is_object {
                            self.copy_key(sink)?;
                        }
                        break;
                    }
                    byte if byte == close => {
                        self.at += 1;
                        self.put(sink, &[close])?;
                        objects >>= 1;
                        open -= 1;
                    }
                    _ => return self.malformed("expected a comma or a closing bracket"),
                }
            }
        }
    }

    fn copy_key(&mut self, sink: &mut impl Sink) -> Result<()> {
        if self.peek()? != b'"' {
            return self.malformed("expected a key");
        }
        self.string(sink)?;
        self.take(b':', "expected a colon after a key")?;
        self.put(sink, b":")
    }

    fn put(&self, sink: &mut impl Sink, bytes: &[u8]) -> Result<()> {
        sink.put(bytes).map_err(|reason| self.too_large(reason))
    }

    /// A string, with its quotes, as it is.
    pub(super) fn string(&mut self, sink: &mut impl Sink) -> Result<()> {
        self.at += 1;
        self.put(sink, b"\"")?;
        loop {
            if self.byte()?.is_none() {
                return self.malformed("the answer ends within a string");
            }
            let rest = &self.buffer[self.at..self.end];
            let plain = rest
                .iter()
                .position(|&byte| byte == b'"' || byte == b'\\' || byte < b' ')
                .unwrap_or(rest.len());
            sink.put(&rest[..plain]).map_err(|reason| self.too_large(reason))?;
            self.at += plain;
            match self.byte()? {
                Some(b'"') => {
                    self.at += 1;
                    return self.put(sink, b"\"");
                }
                Some(b'\\') => self.escape(sink)?,
                Some(0..=0x1f) => return self.malformed("a control character within a string"),
                _ => {}
            }
        }
    }

    fn escape(&mut self, sink: &mut impl Sink) -> Result<()> {
        self.at += 1;
        match self.byte()? {
            Some(byte @ (b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't')) => {
                self.at += 1;
                self.put(sink, &[b'\\', byte])
            }
            Some(b'u') => {
                self.at += 1;
                self.put(sink, b"\\u")?;
                for _ in 0..4 {
                    match self.byte()? {
                        Some(byte) if byte.is_ascii_hexdigit() => {
                            self.at += 1;
                            self.put(sink, &[byte])?;
                        }
                        _ => return self.malformed("an escape without four hexadecimal digits"),
                    }
                }
                Ok(())
            }
            _ => self.malformed("an unknown escape within a string"),
        }
    }

    fn literal(&mut self, word: &'static [u8], sink: &mut impl Sink) -> Result<()> {
        for &expected in word {
            if self.byte()? != Some(expected) {
                return self.malformed("not a JSON value");
            }
            self.at += 1;
        }
        self.put(sink, word)
    }

    fn number(&mut self, sink: &mut impl Sink) -> Result<()> {
        if self.byte()? == Some(b'-') {
            self.at += 1;
            self.put(sink, b"-")?;
        }
        if self.byte()? == Some(b'0') {
            self.at += 1;
            self.put(sink, b"0")?;
        } else {
            self.digits(sink)?;
        }
        if self.byte()? == Some(b'.') {
            self.at += 1;
            self.put(sink, b".")?;
            self.digits(sink)?;
        }
        if let Some(byte @ (b'e' | b'E')) = self.byte()? {
            self.at += 1;
            self.put(sink, &[byte])?;
            if let Some(sign @ (b'+' | b'-')) = self.byte()? {
                self.at += 1;
                self.put(sink, &[sign])?;
            }
            self.digits(sink)?;
        }
        Ok(())
    }

    fn digits(&mut self, sink: &mut impl Sink) -> Result<()> {
        let mut any = false;
        while let Some(byte @ b'0'..=b'9') = self.byte()? {
            self.at += 1;
            self.put(sink, &[byte])?;
            any = true;
        }
        if any { Ok(()) } else { self.malformed("a number without a digit") }
    }
}

/// A key of an object.
pub(super) struct Key<'a> {
    /// As the server wrote it, with quotes.
    pub(super) raw: &'a [u8],
    /// What it means; `None` if its escapes mean nothing.
    pub(super) text: Option<std::borrow::Cow<'a, str>>,
}

/// Keeps a key up to its limit.
struct Bounded<'a> {
    to: &'a mut Vec<u8>,
}

impl Sink for Bounded<'_> {
    fn put(&mut self, bytes: &[u8]) -> std::result::Result<(), &'static str> {
        if self.to.len() + bytes.len() > MAX_KEY_BYTES {
            return Err("a key above the host's limit for keys");
        }
        self.to.extend_from_slice(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            scanner.value(&mut out, 0)?;
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
}
