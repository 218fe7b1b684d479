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

mod keep;

use super::kept::Kept;
use super::odd::Odd;
use super::{ProjectError, Result};
use std::io::Read;
use wagather_base::bytes::{STEP, is_ascii, special};
use wagather_base::limits::{MAX_JSON_DEPTH, MAX_JSON_LAYERS, MAX_KEY_BYTES, MAX_ODD_ITEM_BYTES};

/// How much is read from the body at once.
const READ_BYTES: usize = 64 << 10;

/// What was read, a zero, and room for a whole step from there on.
type Buffer = [u8; READ_BYTES + STEP];

pub(super) struct Scanner {
    /// The numbers of what is hidden of the object that was read last.
    pub(super) hidden: Vec<u16>,
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
    /// The object that is read, if what is odd about it is noted and does not end the reading.
    tolerated: Option<Tolerated>,
    /// How often values went deeper than one of them is looked at at once.
    layers: usize,
}

/// An object whose oddities are noted.
#[derive(Default)]
struct Tolerated {
    /// The offset in the body of its first byte.
    from: u64,
    odd: Option<Odd>,
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
            hidden: Vec::new(),
            body,
            buffer: new_buffer(),
            at: 0,
            end: 0,
            base: 0,
            kept: Kept::default(),
            key: Vec::new(),
            unescaped: String::new(),
            tolerated: None,
            layers: 0,
        }
    }

    /// From here on an object is read: what is odd about it is noted, and it is read to its end all the same, so that what follows
    /// can be read.
    pub(super) fn tolerate(&mut self) {
        self.tolerated = Some(Tolerated { from: self.at_byte(), odd: None });
    }

    /// Until here; what is odd about it.
    pub(super) fn tolerated(&mut self) -> Option<Odd> {
        self.tolerated.take()?.odd
    }

    /// What is odd here ends the reading, unless it is to be noted.
    #[cold]
    fn odd(&mut self, error: ProjectError) -> Result<()> {
        let kept_bytes = self.kept.len();
        match (&mut self.tolerated, Odd::of(&error)) {
            (Some(Tolerated { from, odd }), Some((at_byte, reason))) => {
                let at_byte = at_byte.saturating_sub(*from);
                odd.get_or_insert(Odd { reason, at_byte, kept_bytes });
                Ok(())
            }
            _ => Err(error),
        }
    }

    /// The value that comes next is odd, whatever it is.
    pub(super) fn odd_value(&mut self, reason: &'static str) -> Result<()> {
        self.settle()?;
        self.odd(ProjectError::Malformed { at_byte: self.at_byte(), reason })?;
        self.value(0)
    }

    /// Notes that the object has something that is hidden.
    pub(super) fn hide(&mut self, number: u16) {
        if !self.hidden.contains(&number) {
            self.hidden.push(number);
        }
    }

    /// Bytes of the body that were looked at.
    pub(super) fn at_byte(&self) -> u64 {
        self.base + self.at as u64
    }

    /// The beginning of the body, if no more than that was read.
    pub(super) fn beginning(&self) -> &[u8] {
        if self.base == 0 { &self.buffer[..self.end] } else { &[] }
    }

    /// Refuses the byte that comes next; or what was kept before it, if that is too much.
    #[cold]
    pub(super) fn malformed<T>(&mut self, reason: &'static str) -> Result<T> {
        self.settle()?;
        Err(ProjectError::Malformed { at_byte: self.at_byte(), reason })
    }

    fn too_deep(&self) -> ProjectError {
        let reason = "nested deeper than the host allows";
        ProjectError::TooLarge { at_byte: self.at_byte(), reason }
    }

    /// Walks over the value that comes next, which is deeper than what is kept may be. What is skipped may be deeper.
    #[cold]
    pub(super) fn deeper(&mut self, is_kept: bool) -> Result<()> {
        self.settle()?;
        let too_deep = self.too_deep();
        if self.layers >= MAX_JSON_LAYERS {
            return Err(too_deep);
        }
        if is_kept {
            self.odd(too_deep)?;
        }
        self.layers += 1;
        let walked = self.value(0);
        self.layers -= 1;
        walked
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
        // What is odd is skipped to its end, which must be somewhere.
        if let Some(Tolerated { from, odd: Some(_) }) = &self.tolerated
            && self.base - from > MAX_ODD_ITEM_BYTES
        {
            (self.at, self.end) = (0, 0);
            let reason = "an object far larger than the host's limit";
            return Err(ProjectError::TooLarge { at_byte: self.base, reason });
        }
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
                None => return self.malformed("the response ends too early"),
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
                Some(_) => return self.malformed("something follows the end of the response"),
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
            return self.odd_key();
        }
        Ok(Key::Here { from, to })
    }

    #[cold]
    fn odd_key(&mut self) -> Result<Key> {
        self.settle()?;
        let reason = "a key that is not UTF-8";
        self.odd(ProjectError::Malformed { at_byte: self.at_byte(), reason })?;
        Ok(Key::Meaningless)
    }

    /// The same for a key in several buffers, with escapes, above the limit, or with white space before its colon.
    #[inline(never)]
    fn key_held(&mut self) -> Result<Key> {
        self.settle()?;
        let before = self.kept.begin_limited(self.at, MAX_KEY_BYTES, "a key longer than the host's limit");
        let result = self.string().and_then(|()| self.settle());
        let is_whole = self.kept.end_limited(before, self.at, &mut self.key);
        result?;
        self.take(b':', "expected a colon after a key")?;
        if !is_whole {
            return Ok(Key::Meaningless);
        }
        if std::str::from_utf8(&self.key).is_err() {
            return self.odd_key();
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
                    long_way!(self.deeper(self.kept.is_open()));
                } else {
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
                }
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
                None => return self.malformed("the response ends within a string"),
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
            Some(b'u') => self.character(),
            _ => self.malformed("an unknown escape within a string"),
        }
    }

    /// The rest of an escape that is a character by its number, from the `u` on. A half of a pair of UTF-16 that stands alone is
    /// JSON by its grammar, but no text.
    fn character(&mut self) -> Result<()> {
        let mut unit = self.unit()?;
        while (0xd800..0xe000).contains(&unit) {
            if unit >= 0xdc00 || self.byte()? != Some(b'\\') {
                return self.lone_surrogate();
            }
            self.at += 1;
            match self.byte()? {
                Some(b'u') => unit = self.unit()?,
                Some(byte) if is_short_escape(byte) => {
                    self.at += 1;
                    return self.lone_surrogate();
                }
                _ => return self.malformed("an unknown escape within a string"),
            }
            if (0xdc00..0xe000).contains(&unit) {
                return Ok(());
            }
            self.lone_surrogate()?;
        }
        Ok(())
    }

    fn unit(&mut self) -> Result<u32> {
        self.at += 1;
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.byte()?.and_then(|byte| char::from(byte).to_digit(16));
            let Some(digit) = digit else {
                return self.malformed("an escape without four hexadecimal digits");
            };
            unit = unit << 4 | digit;
            self.at += 1;
        }
        Ok(unit)
    }

    /// What is skipped may be no text, and so may what ends with its first oddity.
    #[cold]
    fn lone_surrogate(&mut self) -> Result<()> {
        if self.tolerated.is_none() || !self.kept.is_open() {
            return Ok(());
        }
        self.settle()?;
        let reason = "a lone surrogate";
        self.odd(ProjectError::Malformed { at_byte: self.at_byte(), reason })
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
