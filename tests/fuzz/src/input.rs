//! Splits an input into a few bytes for choices, and strings.
//!
//! Each target's format keeps its corpus readable, and a mutation of one part does not move the others: strings are
//! terminated by a byte instead of prefixed by a length.

use std::io::{self, Read};

/// An input that is read from its front. What is not there is zero, or empty.
#[derive(Clone, Copy)]
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// All of an input.
    pub fn new(data: &'a [u8]) -> Self {
        Input(data)
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        first
    }

    /// The next four bytes, little-endian.
    pub fn word(&mut self) -> u32 {
        u32::from_le_bytes(std::array::from_fn(|_| self.byte()))
    }

    /// One of several, chosen by the next byte.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::from(self.byte()) % of.len()]
    }

    /// What comes before the next such byte, or all that is left.
    pub fn until(&mut self, end: u8) -> &'a [u8] {
        let at = self.0.iter().position(|byte| *byte == end).unwrap_or(self.0.len());
        let (part, rest) = self.0.split_at(at);
        self.0 = rest.get(1..).unwrap_or_default();
        part
    }

    /// All that is left.
    pub fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Sizes that a seed makes up: of the pieces in which something arrives, or of the buffers it is read into.
#[derive(Clone)]
pub struct Sizes(u32);

impl Sizes {
    /// The sizes of a seed; for 0 everything is one piece.
    pub fn new(seed: u8) -> Self {
        Sizes(u32::from(seed))
    }

    /// The next size: mostly a few bytes, so that everything is split somewhere.
    pub fn size(&mut self) -> usize {
        if self.0 == 0 {
            return 1 << 20;
        }
        // The generator of Numerical Recipes; its upper bits are the better ones.
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223) | 1;
        let bits = self.0 >> 16;
        if bits.is_multiple_of(8) { 1 + (bits >> 3) as usize % 300 } else { 1 + (bits >> 3) as usize % 9 }
    }
}

/// A body that arrives in pieces.
pub struct Pieces {
    bytes: io::Cursor<Vec<u8>>,
    sizes: Sizes,
}

impl Pieces {
    /// A body in pieces of a seed's sizes.
    pub fn new(bytes: &[u8], seed: u8) -> Self {
        Pieces { bytes: io::Cursor::new(bytes.to_vec()), sizes: Sizes::new(seed) }
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = buffer.len().min(self.sizes.size());
        self.bytes.read(&mut buffer[..len])
    }
}

/// Reads to the end with buffers of a seed's sizes.
pub fn read_all(reader: &mut dyn Read, seed: u8) -> io::Result<Vec<u8>> {
    let (mut all, mut buffer, mut sizes) = (Vec::new(), vec![0; 1 << 16], Sizes::new(seed));
    loop {
        let room = sizes.size().min(buffer.len());
        match reader.read(&mut buffer[..room])? {
            0 => return Ok(all),
            len => all.extend_from_slice(&buffer[..len]),
        }
    }
}
