//! The bytes of objects and logs, compressed in memory.
//!
//! Objects lie in blocks in the order of the archive. Reading neighbours decompresses a block once.

use std::io::{self, Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

/// Bytes in a block before compression. Larger objects have blocks of their own.
const BLOCK_BYTES: usize = 256 << 10;
/// Compressed bytes of an archive.
const MAX_BYTES: usize = 256 << 20;

/// Where something is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    block: u32,
    start: u32,
    len: u32,
}

/// All bytes that were kept.
#[derive(Default)]
pub(crate) struct Store {
    blocks: Vec<Block>,
    /// The block that grows.
    current: Vec<u8>,
    compressed_bytes: usize,
}

enum Block {
    /// As it is: a small archive has one block.
    Plain(Vec<u8>),
    /// Compressed, and its length before that.
    Compressed(Box<[u8]>, usize),
}

impl Store {
    /// Keeps bytes. Fails if there are too many.
    pub(crate) fn keep(&mut self, bytes: &[u8]) -> Result<Span, String> {
        if !self.current.is_empty() && self.current.len() + bytes.len() > BLOCK_BYTES {
            self.close()?;
        }
        let index = |number: usize| u32::try_from(number).map_err(|_| too_large());
        let span = Span {
            block: index(self.blocks.len())?,
            start: index(self.current.len())?,
            len: index(bytes.len())?,
        };
        self.current.extend_from_slice(bytes);
        Ok(span)
    }

    fn close(&mut self) -> Result<(), String> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        let compressed = encoder.write_all(&self.current).and_then(|()| encoder.finish());
        let compressed = compressed.map_err(|error| error.to_string())?.into_boxed_slice();
        self.compressed_bytes += compressed.len();
        if self.compressed_bytes > MAX_BYTES {
            return Err(too_large());
        }
        self.blocks.push(Block::Compressed(compressed, self.current.len()));
        self.current.clear();
        Ok(())
    }

    /// Nothing more will be kept.
    pub(crate) fn finish(&mut self) {
        self.blocks.push(Block::Plain(std::mem::take(&mut self.current)));
        self.blocks.shrink_to_fit();
    }
}

fn too_large() -> String {
    format!("its objects have more than {MAX_BYTES} bytes after compression")
}

/// Reads from a store. Remembers the block that it read last.
pub(crate) struct Reader {
    block: Option<u32>,
    bytes: Vec<u8>,
    decompressed_bytes: u64,
}

impl Reader {
    pub(crate) fn new() -> Reader {
        Reader { block: None, bytes: Vec::new(), decompressed_bytes: 0 }
    }

    /// How many bytes were decompressed until now.
    pub(crate) fn decompressed_bytes(&self) -> u64 {
        self.decompressed_bytes
    }

    /// The bytes at a place.
    pub(crate) fn read<'a>(&'a mut self, store: &'a Store, span: Span) -> io::Result<&'a [u8]> {
        let block = &store.blocks[span.block as usize];
        let bytes = match block {
            Block::Plain(bytes) => bytes,
            Block::Compressed(compressed, len) => {
                if self.block != Some(span.block) {
                    self.block = None;
                    self.bytes.clear();
                    self.bytes.reserve_exact(*len);
                    DeflateDecoder::new(&**compressed).read_to_end(&mut self.bytes)?;
                    self.block = Some(span.block);
                    self.decompressed_bytes += *len as u64;
                }
                &self.bytes
            }
        };
        let start = span.start as usize;
        Ok(&bytes[start..start + span.len as usize])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_read() {
        let mut store = Store::default();
        let kept: Vec<(Vec<u8>, Span)> = (0..300_u32)
            .map(|number| {
                let bytes = number.to_string().repeat(1 + number as usize * 7).into_bytes();
                let span = store.keep(&bytes).expect("small");
                (bytes, span)
            })
            .collect();
        let large = vec![b'x'; 3 * BLOCK_BYTES];
        let span = store.keep(&large).expect("not too large");
        store.finish();
        assert!(store.blocks.len() > 3, "{}", store.blocks.len());
        let mut reader = Reader::new();
        for (bytes, span) in kept.iter().rev().chain(&kept) {
            assert_eq!(reader.read(&store, *span).expect("ours"), bytes);
        }
        assert_eq!(reader.read(&store, span).expect("ours"), large);
    }
}
