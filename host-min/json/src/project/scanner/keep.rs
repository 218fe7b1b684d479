//! The scanner's kept bytes.

use super::super::{ProjectError, Result};
use super::{Key, Scanner};
use wagather_base::limits::MAX_ITEM_BYTES;

impl Scanner {
    /// Lets `walk` append what it keeps to `out`.
    pub(in crate::project) fn keep_in<T>(
        &mut self,
        out: &mut Vec<u8>,
        walk: impl FnOnce(&mut Scanner) -> Result<T>,
    ) -> Result<T> {
        self.kept.begin(out, MAX_ITEM_BYTES, "an object larger than the host's limit");
        let result = walk(self).and_then(|answer| self.settle().map(|()| answer));
        self.kept.end(out);
        result
    }

    /// Bytes that are kept, those before included.
    #[inline]
    pub(in crate::project) fn kept_len(&self) -> usize {
        self.kept.len()
    }

    /// Drops the bytes that were kept after this many.
    pub(in crate::project) fn keep_only(&mut self, len: usize) {
        self.kept.truncate(len);
    }

    /// Copies the waiting run, so that all kept bytes can be read.
    pub(in crate::project) fn settled(&mut self) -> Result<&[u8]> {
        self.settle()?;
        Ok(self.kept.copied())
    }

    #[inline(never)]
    pub(in crate::project) fn settle(&mut self) -> Result<()> {
        if self.kept.is_open() {
            self.kept.reach(self.at);
        }
        match self.kept.settle(&*self.buffer) {
            Ok(()) => Ok(()),
            Err(too_large) => self.too_large(self.base + too_large.at as u64, too_large.reason),
        }
    }

    #[cold]
    fn too_large(&mut self, at_byte: u64, reason: &'static str) -> Result<()> {
        self.odd(ProjectError::TooLarge { at_byte, reason })?;
        self.kept.give_up();
        Ok(())
    }

    /// Keeps the last byte.
    #[inline]
    pub(in crate::project) fn keep_taken(&mut self) -> Result<()> {
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

    /// Keeps bytes that are not in the body.
    pub(in crate::project) fn keep_text(&mut self, text: &[u8]) -> Result<()> {
        self.settle()?;
        self.kept.restart(self.at);
        match self.kept.append(text) {
            Ok(()) => Ok(()),
            Err(reason) => self.too_large(self.at_byte(), reason),
        }
    }

    /// Keeps a key, with a comma before it.
    #[inline]
    pub(in crate::project) fn keep_key(&mut self, key: Key, with_comma: bool) -> Result<()> {
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

    /// Keeps the next value.
    #[inline]
    pub(in crate::project) fn keep_value(&mut self, depth: usize) -> Result<()> {
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
