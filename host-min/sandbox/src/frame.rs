//! The bytes of a frame: how numbers and texts are put into it, and how they are read out again.

/// An encoder. [`Frame::finish`] fills in the length.
pub(super) struct Frame(Vec<u8>);

impl Frame {
    /// A frame with that tag.
    pub(super) fn new(tag: u8) -> Frame {
        Frame(vec![0, 0, 0, 0, tag])
    }

    pub(super) fn byte(mut self, byte: u8) -> Frame {
        self.0.push(byte);
        self
    }

    pub(super) fn word(mut self, word: u32) -> Frame {
        self.0.extend_from_slice(&word.to_le_bytes());
        self
    }

    pub(super) fn int(self, int: i32) -> Frame {
        self.word(int.cast_unsigned())
    }

    /// Bytes after their length.
    pub(super) fn bytes(self, bytes: &[u8]) -> Frame {
        let mut frame = self.word(bytes.len() as u32);
        frame.0.extend_from_slice(bytes);
        frame
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        let len = (self.0.len() - 4) as u32;
        self.0[..4].copy_from_slice(&len.to_le_bytes());
        self.0
    }
}

/// A decoder of what is left of a frame. Each function gives `None` if that is too short.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    pub(super) fn word(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    pub(super) fn int(&mut self) -> Option<i32> {
        self.word().map(u32::cast_signed)
    }

    /// Bytes after their length.
    pub(super) fn bytes(&mut self) -> Option<Vec<u8>> {
        let len = self.word()? as usize;
        self.take(len).map(<[u8]>::to_vec)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
