//! The scanner: it finds the end of a value that is kept verbatim.
//!
//! Unlike the [parser](super::parse), it changes nothing and accepts exactly RFC 8259, because the value is written
//! verbatim into another document. It refuses lone surrogates, which no reader could decode.

use super::parse::MALFORMED;
use crate::Result;

/// The length of the value that a string begins with, with at most this nesting.
pub(super) fn value(text: &[u8], depth: u32) -> Result<usize> {
    let mut scanner = Scanner { left: text };
    scanner.value(depth)?;
    Ok(text.len() - scanner.left.len())
}

struct Scanner<'a> {
    left: &'a [u8],
}

impl Scanner<'_> {
    /// The current byte; 0 at the end, which never occurs in JSON.
    fn byte(&self) -> u8 {
        self.left.first().copied().unwrap_or(0)
    }

    fn take(&mut self) -> u8 {
        let byte = self.byte();
        self.left = self.left.get(1..).unwrap_or(&[]);
        byte
    }

    /// Skips the current byte if it is this one, and returns whether it was.
    fn accept(&mut self, byte: u8) -> bool {
        let is_there = self.byte() == byte;
        if is_there {
            self.take();
        }
        is_there
    }

    fn expect(&mut self, byte: u8) -> Result<()> {
        if self.take() == byte { Ok(()) } else { Err(MALFORMED) }
    }

    fn space(&mut self) {
        while matches!(self.byte(), b' ' | b'\n' | b'\t' | b'\r') {
            self.take();
        }
    }

    /// A value and the white space before it.
    fn value(&mut self, depth: u32) -> Result<()> {
        self.space();
        match self.byte() {
            open @ (b'{' | b'[') => {
                let deeper = depth.checked_sub(1).ok_or(MALFORMED)?;
                self.take();
                self.space();
                // In both cases, the closing bracket is the opening one plus 2.
                if self.accept(open + 2) {
                    return Ok(());
                }
                loop {
                    if open == b'{' {
                        self.space();
                        self.string()?;
                        self.space();
                        self.expect(b':')?;
                    }
                    self.value(deeper)?;
                    self.space();
                    if !self.accept(b',') {
                        return self.expect(open + 2);
                    }
                }
            }
            b'"' => self.string(),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &[u8]) -> Result<()> {
        word.iter().try_for_each(|byte| self.expect(*byte))
    }

    fn string(&mut self) -> Result<()> {
        self.expect(b'"')?;
        loop {
            match self.take() {
                b'"' => return Ok(()),
                b'\\' => self.escape()?,
                // The end, or a control character, which must be escaped.
                0..0x20 => return Err(MALFORMED),
                _ => {}
            }
        }
    }

    fn escape(&mut self) -> Result<()> {
        match self.take() {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(()),
            b'u' => match self.hex4()? >> 10 {
                // A high surrogate must be followed by a low one.
                0x36 => {
                    self.word(b"\\u")?;
                    if self.hex4()? >> 10 == 0x37 { Ok(()) } else { Err(MALFORMED) }
                }
                0x37 => Err(MALFORMED),
                _ => Ok(()),
            },
            _ => Err(MALFORMED),
        }
    }

    fn hex4(&mut self) -> Result<u32> {
        let mut code = 0;
        for _ in 0..4 {
            code = code << 4 | char::from(self.take()).to_digit(16).ok_or(MALFORMED)?;
        }
        Ok(code)
    }

    fn number(&mut self) -> Result<()> {
        self.accept(b'-');
        if !self.accept(b'0') {
            self.digits()?;
        }
        if self.accept(b'.') {
            self.digits()?;
        }
        if self.byte() | 0x20 == b'e' {
            self.take();
            if !self.accept(b'-') {
                self.accept(b'+');
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<()> {
        if !self.byte().is_ascii_digit() {
            return Err(MALFORMED);
        }
        while self.byte().is_ascii_digit() {
            self.take();
        }
        Ok(())
    }
}
