//! Walks JSON text as it streams, one token at a time, keeping or skipping.
//!
//! What is kept and what is skipped is checked by the same code against RFC 8259, so an answer is either
//! well-formed as far as it was read or refused with the byte that is wrong. Strings are not decoded, but for
//! keys with escapes.
//!
//! Each kind of token has two ways. The short one sees a token that lies in the buffer as a whole, in the form that API servers
//! write; the other one is for all else: the end of the buffer, white space, escapes, fractions, errors. The buffer ends with a zero, which
//! no token of JSON has, so the short ways need not ask where the buffer ends.
//!
//! Kept bytes are copied in runs, see [`Kept`](super::kept): of compact JSON, one for each buffer.

use super::bytes::{STEP, is_ascii, special};
use super::kept::Kept;
use super::{ProjectError, Result};
use crate::limits::{MAX_ITEM_BYTES, MAX_JSON_DEPTH, MAX_KEY_BYTES};
use std::io::Read;

/// How much is read from the body at once.
const READ_BYTES: usize = 64 << 10;

/// What was read, a zero, and room for a whole step from there on.
type Buffer = [u8; READ_BYTES + STEP];

pub(super) struct Scanner {
    body: Box<dyn Read + Send>,
    buffer: Box<Buffer>,
    at: usize,
    end: usize,
    /// The offset in the body of the buffer's first byte.
    base: u64,
    kept: Kept,
    /// A key that is not in the buffer as the short way needs it, with quotes.
    key: Vec<u8>,
    /// The meaning of a key with escapes.
    unescaped: String,
}

/// A key of an object, with the colon after it.
#[derive(Clone, Copy)]
pub(super) enum Key {
    /// In the buffer, from its first quote to the colon, without escapes.
    Here { from: usize, to: usize },
    /// Held apart.
    Held { is_escaped: bool },
    /// Held apart, with escapes that mean nothing.
    Meaningless,
}

impl Scanner {
    pub(super) fn new(body: Box<dyn Read + Send>) -> Self {
        Scanner {
            body,
            buffer: new_buffer(),
            at: 0,
            end: 0,
            base: 0,
            kept: Kept::default(),
            key: Vec::new(),
            unescaped: String::new(),
        }
    }

    /// Bytes of the body that were looked at.
    pub(super) fn at_byte(&self) -> u64 {
        self.base + self.at as u64
    }

    /// Refuses the byte that comes next; or what was kept before it, if that is too much.
    #[cold]
    pub(super) fn malformed<T>(&mut self, reason: &'static str) -> Result<T> {
        self.settle()?;
        Err(ProjectError::Malformed { at_byte: self.at_byte(), reason })
    }

    #[cold]
    pub(super) fn too_deep<T>(&mut self) -> Result<T> {
        self.settle()?;
        let reason = "nested deeper than the host's limit";
        Err(ProjectError::TooLarge { at_byte: self.at_byte(), reason })
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
        self.settle()?;
        self.base += self.end as u64;
        (self.at, self.end) = (0, 0);
        self.kept.restart(0);
        self.buffer[0] = 0;
        loop {
            match self.body.read(&mut self.buffer[..READ_BYTES]) {
                Ok(len) => {
                    self.end = len.min(READ_BYTES);
                    self.buffer[self.end] = 0;
                    return Ok(self.end > 0);
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(ProjectError::Read(error)),
            }
        }
    }

    /// The first byte of the next token.
    #[inline(always)]
    pub(super) fn peek(&mut self) -> Result<u8> {
        let byte = self.buffer[self.at];
        if byte > b' ' { Ok(byte) } else { self.peek_on() }
    }

    /// The same after white space, or at the end of the buffer.
    #[inline(never)]
    fn peek_on(&mut self) -> Result<u8> {
        loop {
            match self.byte()? {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.skip_white_space()?,
                Some(byte) => return Ok(byte),
                None => return self.malformed("the answer ends too early"),
            }
        }
    }

    fn skip_white_space(&mut self) -> Result<()> {
        if self.kept.is_open() {
            self.settle()?;
        }
        while matches!(self.buffer[self.at], b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
        if self.kept.is_open() {
            self.kept.restart(self.at);
        }
        Ok(())
    }

    /// Takes a token of one byte.
    #[inline]
    pub(super) fn take(&mut self, byte: u8, otherwise: &'static str) -> Result<()> {
        if self.peek()? != byte {
            return self.malformed(otherwise);
        }
        self.at += 1;
        Ok(())
    }

    /// Takes a comma and answers true, or takes the closing bracket and answers false. The first element
    /// of a container has no comma before it.
    #[inline]
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
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.skip_white_space()?,
                Some(_) => return self.malformed("something follows the end of the answer"),
                None => return Ok(()),
            }
        }
    }

    /// Reads a key and the colon after it.
    #[inline]
    pub(super) fn key(&mut self) -> Result<Key> {
        if self.peek()? != b'"' {
            return self.malformed("expected a key");
        }
        let from = self.at;
        let to = plain_end(&self.buffer, from + 1);
        if !self.buffer[to..].starts_with(b"\":") || to + 1 - from > MAX_KEY_BYTES {
            return self.key_held();
        }
        let to = to + 2;
        self.at = to;
        let name = &self.buffer[from + 1..to - 2];
        if !is_ascii(name) && std::str::from_utf8(name).is_err() {
            return self.malformed("a key that is not UTF-8");
        }
        Ok(Key::Here { from, to })
    }

    /// The same for a key in several buffers, with escapes, above the limit, or with white space before its colon.
    #[inline(never)]
    fn key_held(&mut self) -> Result<Key> {
        self.settle()?;
        let before = self.kept.begin_limited(self.at, MAX_KEY_BYTES, "a key above the host's limit for keys");
        let result = self.string().and_then(|()| self.settle());
        self.kept.end_limited(before, self.at, &mut self.key);
        result?;
        self.take(b':', "expected a colon after a key")?;
        if std::str::from_utf8(&self.key).is_err() {
            return self.malformed("a key that is not UTF-8");
        }
        let is_escaped = self.key.contains(&b'\\');
        if is_escaped {
            // A key with escapes is decoded by a library; there are few.
            match serde_json::from_slice(&self.key) {
                Ok(text) => self.unescaped = text,
                Err(_) => return Ok(Key::Meaningless),
            }
        }
        Ok(Key::Held { is_escaped })
    }

    /// What a key means; `None` if its escapes mean nothing.
    #[inline]
    pub(super) fn name(&self, key: Key) -> Option<&[u8]> {
        match key {
            Key::Here { from, to } => Some(&self.buffer[from + 1..to - 2]),
            Key::Held { is_escaped: true } => Some(self.unescaped.as_bytes()),
            Key::Held { is_escaped: false } => Some(&self.key[1..self.key.len() - 1]),
            Key::Meaningless => None,
        }
    }

    /// Walks over the value that comes next, whatever it is.
    pub(super) fn value(&mut self, depth: usize) -> Result<()> {
        // One bit for each open container, and the innermost is the lowest: whether it is an object.
        let mut objects: u128 = 0;
        let mut open = 0usize;
        // The scanner's own place is that of the last long way, so that this one can stay in a register.
        let mut at = self.at;
        macro_rules! long_way {
            ($call:expr) => {{
                self.at = at;
                let answer = $call?;
                at = self.at;
                answer
            }};
        }
        macro_rules! peek {
            () => {{
                let byte = self.buffer[at];
                if byte > b' ' { byte } else { long_way!(self.peek_on()) }
            }};
        }
        macro_rules! member {
            () => {{
                let is_key = self.buffer[at] == b'"';
                let end = if is_key { plain_end(&self.buffer, at + 1) } else { at };
                if is_key && self.buffer[end..].starts_with(b"\":") {
                    at = end + 2;
                } else {
                    long_way!(self.member());
                }
            }};
        }
        loop {
            // A value is due.
            let byte = peek!();
            if byte == b'"' {
                at = plain_end(&self.buffer, at + 1);
                if self.buffer[at] == b'"' {
                    at += 1;
                } else {
                    long_way!(self.string_on());
                }
            } else if byte == b'{' || byte == b'[' {
                if depth + open >= MAX_JSON_DEPTH {
                    long_way!(self.too_deep());
                }
                at += 1;
                // The brackets of a kind are two apart.
                if peek!() != byte + 2 {
                    objects = objects << 1 | u128::from(byte == b'{');
                    open += 1;
                    if byte == b'{' {
                        member!();
                    }
                    continue;
                }
                at += 1;
            } else {
                long_way!(self.scalar(byte));
            }
            // A value is complete: close what ends here.
            loop {
                if open == 0 {
                    self.at = at;
                    return Ok(());
                }
                let byte = peek!();
                if byte == b',' {
                    at += 1;
                    if objects & 1 == 1 {
                        member!();
                    }
                    break;
                }
                if byte != if objects & 1 == 1 { b'}' } else { b']' } {
                    long_way!(self.malformed("expected a comma or a closing bracket"));
                }
                at += 1;
                objects >>= 1;
                open -= 1;
            }
        }
    }

    /// A key and its colon, whatever the key is.
    #[inline(never)]
    fn member(&mut self) -> Result<()> {
        if self.peek()? != b'"' {
            return self.malformed("expected a key");
        }
        self.string()?;
        self.take(b':', "expected a colon after a key")
    }

    /// What is neither a string nor a container.
    #[inline(always)]
    fn scalar(&mut self, byte: u8) -> Result<()> {
        match byte {
            b't' => self.literal(b"true"),
            b'f' => self.literal(b"false"),
            b'n' => self.literal(b"null"),
            b'-' | b'0'..=b'9' => self.number(),
            _ => self.malformed("not a JSON value"),
        }
    }

    /// A string, with its quotes.
    fn string(&mut self) -> Result<()> {
        self.at += 1;
        self.string_on()
    }

    /// The rest of a string, with its last quote.
    #[inline(never)]
    fn string_on(&mut self) -> Result<()> {
        loop {
            self.at = escaped_end(&self.buffer, self.at);
            match self.byte()? {
                None => return self.malformed("the answer ends within a string"),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                Some(0..=0x1f) => return self.malformed("a control character within a string"),
                Some(_) => {}
            }
        }
    }

    /// An escape, wherever the buffer ends.
    fn escape(&mut self) -> Result<()> {
        self.at += 1;
        match self.byte()? {
            Some(byte) if is_short_escape(byte) => {
                self.at += 1;
                Ok(())
            }
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    match self.byte()? {
                        Some(byte) if byte.is_ascii_hexdigit() => self.at += 1,
                        _ => return self.malformed("an escape without four hexadecimal digits"),
                    }
                }
                Ok(())
            }
            _ => self.malformed("an unknown escape within a string"),
        }
    }

    #[inline(always)]
    fn literal(&mut self, word: &'static [u8]) -> Result<()> {
        if self.buffer[self.at..].starts_with(word) {
            self.at += word.len();
            return Ok(());
        }
        self.literal_on(word)
    }

    #[cold]
    fn literal_on(&mut self, word: &'static [u8]) -> Result<()> {
        for &expected in word {
            if self.byte()? != Some(expected) {
                return self.malformed("not a JSON value");
            }
            self.at += 1;
        }
        Ok(())
    }

    #[inline(always)]
    fn number(&mut self) -> Result<()> {
        let digits = self.at + usize::from(self.buffer[self.at] == b'-');
        let mut end = digits;
        while self.buffer[end].is_ascii_digit() {
            end += 1;
        }
        let is_integer = match end - digits {
            0 => false,
            1 => true,
            _ => self.buffer[digits] != b'0',
        };
        if is_integer && matches!(self.buffer[end], b',' | b'}' | b']') {
            self.at = end;
            return Ok(());
        }
        self.number_on()
    }

    #[inline(never)]
    fn number_on(&mut self) -> Result<()> {
        if self.byte()? == Some(b'-') {
            self.at += 1;
        }
        if self.byte()? == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.byte()? == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.byte()? {
            self.at += 1;
            if let Some(b'+' | b'-') = self.byte()? {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<()> {
        let mut any = false;
        while let Some(b'0'..=b'9') = self.byte()? {
            self.at += 1;
            any = true;
        }
        if any { Ok(()) } else { self.malformed("a number without a digit") }
    }
}

#[allow(clippy::expect_used)]
fn new_buffer() -> Box<Buffer> {
    // Not on the stack, not even on the way.
    vec![0; size_of::<Buffer>()].into_boxed_slice().try_into().expect("a buffer of its own size")
}

/// Where the next quote, backslash or control character is: the zero behind what was read, at the latest.
#[inline(always)]
fn plain_end(buffer: &Buffer, mut at: usize) -> usize {
    while let Some(step) = buffer.get(at..).and_then(|rest| rest.first_chunk()) {
        let found = special(step);
        if found != 0 {
            return at + found.trailing_zeros() as usize;
        }
        at += STEP;
    }
    READ_BYTES
}

/// The same, beyond escapes of one character.
fn escaped_end(buffer: &Buffer, mut at: usize) -> usize {
    while let Some(step) = buffer.get(at..).and_then(|rest| rest.first_chunk()) {
        let mut found = special(step);
        let mut next = at + STEP;
        while found != 0 {
            let place = found.trailing_zeros();
            let stop = at + place as usize;
            if buffer[stop] != b'\\' || !is_short_escape(buffer[stop + 1]) {
                return stop;
            }
            // The character after the backslash may be the first one of the next step.
            next = next.max(stop + 2);
            found &= (!0u64 << (place + 2)) as u32;
        }
        at = next;
    }
    READ_BYTES
}

#[inline(always)]
fn is_short_escape(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't')
}

/// What is kept.
impl Scanner {
    /// Lets `walk` keep what it wants at the end of `out`.
    pub(super) fn keep_in<T>(
        &mut self,
        out: &mut Vec<u8>,
        walk: impl FnOnce(&mut Scanner) -> Result<T>,
    ) -> Result<T> {
        self.kept.begin(out, MAX_ITEM_BYTES, "an object above the host's limit for one object");
        let result = walk(self).and_then(|answer| self.settle().map(|()| answer));
        self.kept.end(out);
        result
    }

    /// Bytes that are kept, those before included.
    #[inline]
    pub(super) fn kept_len(&self) -> usize {
        self.kept.len()
    }

    /// Takes back what was kept after there were so many bytes.
    pub(super) fn keep_only(&mut self, len: usize) {
        self.kept.truncate(len);
    }

    /// Copies what is kept, so that all of it can be read at the end of the answer.
    pub(super) fn settled(&mut self) -> Result<&[u8]> {
        self.settle()?;
        Ok(self.kept.copied())
    }

    #[inline(never)]
    fn settle(&mut self) -> Result<()> {
        if self.kept.is_open() {
            self.kept.reach(self.at);
        }
        self.kept.settle(&*self.buffer).map_err(|too_large| ProjectError::TooLarge {
            at_byte: self.base + too_large.at as u64,
            reason: too_large.reason,
        })
    }

    /// Keeps the byte that was taken last.
    #[inline]
    pub(super) fn keep_taken(&mut self) -> Result<()> {
        self.keep(self.at - 1, self.at)
    }

    #[inline]
    fn keep(&mut self, from: usize, to: usize) -> Result<()> {
        if !self.kept.joins(from) {
            self.settle()?;
            self.kept.restart(from);
        }
        self.kept.reach(to);
        Ok(())
    }

    /// Keeps what is not in the body.
    pub(super) fn keep_text(&mut self, text: &[u8]) -> Result<()> {
        self.settle()?;
        self.kept.restart(self.at);
        self.kept.append(text).map_err(|reason| ProjectError::TooLarge { at_byte: self.at_byte(), reason })
    }

    /// Keeps a key, with a comma before it.
    #[inline]
    pub(super) fn keep_key(&mut self, key: Key, with_comma: bool) -> Result<()> {
        if let Key::Here { from, to } = key {
            if !with_comma {
                return self.keep(from, to);
            }
            if from > 0 && self.buffer[from - 1] == b',' {
                return self.keep(from - 1, to);
            }
            self.keep_text(b",")?;
            return self.keep(from, to);
        }
        if with_comma {
            self.keep_text(b",")?;
        }
        let key = std::mem::take(&mut self.key);
        self.keep_text(&key)?;
        self.key = key;
        self.keep_text(b":")
    }

    /// Keeps the value that comes next, whatever it is.
    #[inline]
    pub(super) fn keep_value(&mut self, depth: usize) -> Result<()> {
        self.peek()?;
        if !self.kept.joins(self.at) {
            self.settle()?;
            self.kept.restart(self.at);
        }
        self.kept.open();
        self.value(depth)?;
        self.kept.close(self.at);
        Ok(())
    }
}
