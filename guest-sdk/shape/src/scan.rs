//! JSON scanning by RFC 8259: the end of a value, and the content of a string.

use alloc::vec::Vec;

/// The maximum nesting of a skipped value.
pub(crate) const MAX_DEPTH: usize = 128;

/// The text is not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

pub(crate) struct Scanner<'a> {
    pub(crate) text: &'a [u8],
    pub(crate) at: usize,
    /// Whether control characters within strings are errors. Values that are passed on must be strict.
    pub(crate) is_strict: bool,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Scanner { text, at: 0, is_strict: false }
    }

    pub(crate) fn byte(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// The next byte that is not white space.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.byte() {
            self.at += 1;
        }
        self.byte()
    }

    pub(crate) fn accept(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    pub(crate) fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        if self.accept(byte) { Ok(()) } else { Err(Malformed) }
    }

    pub(crate) fn word(&mut self, word: &[u8]) -> Result<(), Malformed> {
        if self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word)) {
            self.at += word.len();
            return Ok(());
        }
        Err(Malformed)
    }

    /// Skips a string. Returns its raw content, and `false` if it has escapes.
    pub(crate) fn string(&mut self) -> Result<(&'a [u8], bool), Malformed> {
        self.expect(b'"')?;
        let begin = self.at;
        let mut is_plain = true;
        loop {
            match self.byte().ok_or(Malformed)? {
                b'"' => {
                    let inner = self.text.get(begin..self.at).unwrap_or_default();
                    self.at += 1;
                    return Ok((inner, is_plain));
                }
                b'\\' => {
                    is_plain = false;
                    self.escape(&mut None)?;
                }
                0..0x20 if self.is_strict => return Err(Malformed),
                _ => self.at += 1,
            }
        }
    }

    /// Skips an escape, and appends the character that it represents.
    fn escape(&mut self, out: &mut Option<&mut Vec<u8>>) -> Result<(), Malformed> {
        self.at += 1;
        let letter = self.byte().ok_or(Malformed)?;
        self.at += 1;
        let byte = match letter {
            b'"' | b'\\' | b'/' => letter,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let mut code = self.hex4()?;
                if (0xd800..0xdc00).contains(&code) {
                    self.word(b"\\u")?;
                    let low = self.hex4()?.checked_sub(0xdc00).filter(|low| *low < 0x400).ok_or(Malformed)?;
                    code = 0x1_0000 + ((code - 0xd800) << 10) + low;
                }
                // A lone surrogate is not a character.
                let character = char::from_u32(code).ok_or(Malformed)?;
                if let Some(out) = out {
                    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
                return Ok(());
            }
            _ => return Err(Malformed),
        };
        if let Some(out) = out {
            out.push(byte);
        }
        Ok(())
    }

    fn hex4(&mut self) -> Result<u32, Malformed> {
        let mut code = 0;
        for _ in 0..4 {
            code = code << 4 | char::from(self.byte().ok_or(Malformed)?).to_digit(16).ok_or(Malformed)?;
            self.at += 1;
        }
        Ok(code)
    }

    /// Skips a number. Returns its text, and whether it is an integer.
    pub(crate) fn number(&mut self) -> Result<(&'a [u8], bool), Malformed> {
        let begin = self.at;
        let mut is_whole = true;
        self.at += usize::from(self.byte() == Some(b'-'));
        if self.byte() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.byte() == Some(b'.') {
            is_whole = false;
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.byte() {
            is_whole = false;
            self.at += 1;
            self.at += usize::from(matches!(self.byte(), Some(b'+' | b'-')));
            self.digits()?;
        }
        Ok((self.text.get(begin..self.at).unwrap_or_default(), is_whole))
    }

    fn digits(&mut self) -> Result<(), Malformed> {
        let begin = self.at;
        while matches!(self.byte(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at > begin { Ok(()) } else { Err(Malformed) }
    }

    /// Skips any value and the white space before it.
    pub(crate) fn skip(&mut self) -> Result<(), Malformed> {
        // For each open container, whether it is an object.
        let (mut objects, mut depth) = (0_u128, 0_usize);
        loop {
            match self.peek().ok_or(Malformed)? {
                open @ (b'{' | b'[') => {
                    if depth == MAX_DEPTH {
                        return Err(Malformed);
                    }
                    self.at += 1;
                    if !self.accept(open + 2) {
                        depth += 1;
                        objects = objects << 1 | u128::from(open == b'{');
                        if open == b'{' {
                            self.key()?;
                        }
                        continue;
                    }
                }
                b'"' => drop(self.string()?),
                b't' => self.word(b"true")?,
                b'f' => self.word(b"false")?,
                b'n' => self.word(b"null")?,
                _ => drop(self.number()?),
            }
            // A value has ended, which may also end the containers around it.
            loop {
                if depth == 0 {
                    return Ok(());
                }
                let is_object = objects & 1 == 1;
                if self.accept(b',') {
                    if is_object {
                        self.key()?;
                    }
                    break;
                }
                self.expect(if is_object { b'}' } else { b']' })?;
                objects >>= 1;
                depth -= 1;
            }
        }
    }

    fn key(&mut self) -> Result<(), Malformed> {
        self.peek();
        self.string()?;
        self.expect(b':')
    }
}

/// The decoded content of a string.
pub(crate) fn unescape(inner: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    let mut scanner = Scanner::new(inner);
    while let Some(byte) = scanner.byte() {
        if byte == b'\\' {
            scanner.escape(&mut Some(out))?;
        } else {
            out.push(byte);
            scanner.at += 1;
        }
    }
    Ok(())
}

/// Whether a text is exactly one value, by strict rules.
pub(crate) fn is_value(text: &[u8]) -> bool {
    let mut scanner = Scanner { is_strict: true, ..Scanner::new(text) };
    scanner.skip().is_ok() && scanner.at == text.len()
}
