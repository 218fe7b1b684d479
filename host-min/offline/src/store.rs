//! The bytes of objects and logs, compressed in memory.
//!
//! Objects lie in blocks in the order of the archive. Reading neighbours decompresses a block once. Objects that follow one another in a list
//! are no neighbours in every archive, so a store can keep blocks that were decompressed, if somebody gives it room.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

/// Bytes in a block before compression. Larger objects have blocks of their own.
const BLOCK_BYTES: usize = 256 << 10;
/// Bytes of an archive that stay as they are: a small archive is read once, and gone before compression would have been worth its time.
const PLAIN_BYTES: usize = 1 << 20;
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
pub(crate) struct Store {
    blocks: Vec<Block>,
    /// The block that grows.
    current: Vec<u8>,
    /// How many bytes may still stay as they are.
    plain_room: usize,
    compressed_bytes: usize,
    kept: Mutex<Kept>,
}

/// Blocks that were decompressed, for all readers. There is no room for any at first.
#[derive(Default)]
struct Kept {
    room: usize,
    bytes: usize,
    /// With the time of the last use, which counts uses.
    blocks: HashMap<u32, (Arc<Vec<u8>>, u64)>,
    time: u64,
}

impl Kept {
    fn find(&mut self, number: u32) -> Option<Arc<Vec<u8>>> {
        self.time += 1;
        let (block, used) = self.blocks.get_mut(&number)?;
        *used = self.time;
        Some(block.clone())
    }

    /// Keeps a block, instead of those that were not used for the longest time.
    fn keep(&mut self, number: u32, block: &Arc<Vec<u8>>) {
        // Another reader may have decompressed it meanwhile.
        if block.len() <= self.room && !self.blocks.contains_key(&number) {
            self.make_room(block.len());
            self.blocks.insert(number, (block.clone(), self.time));
            self.bytes += block.len();
        }
    }

    fn make_room(&mut self, bytes: usize) {
        while self.bytes + bytes > self.room {
            let oldest = self.blocks.iter().min_by_key(|(_, (_, used))| *used).map(|(number, _)| *number);
            let Some((oldest, _)) = oldest.and_then(|oldest| self.blocks.remove(&oldest)) else { break };
            self.bytes -= oldest.len();
        }
    }
}

enum Block {
    /// As it is: one of the first blocks, or the last one.
    Plain(Vec<u8>),
    /// Compressed, and its length before that.
    Compressed(Box<[u8]>, usize),
}

impl Default for Store {
    fn default() -> Store {
        Store {
            blocks: Vec::new(),
            current: Vec::new(),
            plain_room: PLAIN_BYTES,
            compressed_bytes: 0,
            kept: Mutex::default(),
        }
    }
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
        if let Some(room) = self.plain_room.checked_sub(self.current.len()) {
            self.plain_room = room;
            self.blocks.push(Block::Plain(std::mem::take(&mut self.current)));
            return Ok(());
        }
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

    /// Keeps so many bytes of blocks decompressed from now on.
    pub(crate) fn keep_decompressed(&self, bytes: usize) {
        let mut kept = self.kept();
        kept.room = bytes;
        kept.make_room(0);
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
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
    bytes: Arc<Vec<u8>>,
    decompressed_bytes: u64,
}

impl Reader {
    pub(crate) fn new() -> Reader {
        Reader { block: None, bytes: Arc::default(), decompressed_bytes: 0 }
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
                    self.decompress(store, span.block, compressed, *len)?;
                }
                &self.bytes
            }
        };
        let start = span.start as usize;
        Ok(&bytes[start..start + span.len as usize])
    }

    /// Gets a block, from those that are kept, or from its compressed bytes.
    fn decompress(&mut self, store: &Store, number: u32, compressed: &[u8], len: usize) -> io::Result<()> {
        self.block = None;
        // Not in the match: the lock would be held in its arms.
        let found = store.kept().find(number);
        match found {
            Some(block) => self.bytes = block,
            None => {
                // Nobody else has the block that was read last, if no blocks are kept.
                let mut bytes = Arc::get_mut(&mut self.bytes).map(std::mem::take).unwrap_or_default();
                bytes.clear();
                bytes.reserve_exact(len);
                DeflateDecoder::new(compressed).read_to_end(&mut bytes)?;
                self.bytes = Arc::new(bytes);
                self.decompressed_bytes += len as u64;
                store.kept().keep(number, &self.bytes);
            }
        }
        self.block = Some(number);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_is_read() {
        let mut store = Store::default();
        let kept: Vec<(Vec<u8>, Span)> = (0..500_u32)
            .map(|number| {
                let bytes = number.to_string().repeat(1 + number as usize * 7).into_bytes();
                let span = store.keep(&bytes).expect("small");
                (bytes, span)
            })
            .collect();
        let large = vec![b'x'; 3 * BLOCK_BYTES];
        let span = store.keep(&large).expect("not too large");
        store.finish();
        assert!(matches!(store.blocks.first(), Some(Block::Plain(_))), "the first bytes stay as they are");
        assert!(store.blocks.iter().any(|block| matches!(block, Block::Compressed(..))));
        let mut reader = Reader::new();
        for (bytes, span) in kept.iter().rev().chain(&kept) {
            assert_eq!(reader.read(&store, *span).expect("ours"), bytes);
        }
        assert_eq!(reader.read(&store, span).expect("ours"), large);
    }
    #[test]
    fn blocks_are_kept_as_far_as_there_is_room() {
        const OBJECTS: usize = 8;
        // Larger than half a block, so that each has its own.
        let mut store = Store { plain_room: 0, ..Store::default() };
        let spans: Vec<Span> = (0..OBJECTS)
            .map(|number| store.keep(&vec![number as u8; BLOCK_BYTES * 2 / 3]).expect("not too large"))
            .collect();
        store.keep(&[0; BLOCK_BYTES]).expect("not too large");
        store.finish();
        let decompressed = |rounds: usize| {
            let mut reader = Reader::new();
            for (number, span) in (0..rounds).flat_map(|_| spans.iter().enumerate()) {
                assert!(reader.read(&store, *span).expect("ours").iter().all(|byte| *byte == number as u8));
            }
            reader.decompressed_bytes() as usize / (BLOCK_BYTES * 2 / 3)
        };
        assert_eq!(decompressed(2), 2 * OBJECTS, "without room, a reader has one block");
        store.keep_decompressed(OBJECTS * BLOCK_BYTES);
        assert_eq!(decompressed(2), OBJECTS);
        assert_eq!(decompressed(2), 0, "they are there for other readers, too");
        store.keep_decompressed(2 * BLOCK_BYTES);
        assert!(decompressed(1) > 0);
        let kept = store.kept();
        assert!(kept.bytes <= 2 * BLOCK_BYTES, "{}", kept.bytes);
        assert_eq!(kept.bytes, kept.blocks.values().map(|(block, _)| block.len()).sum::<usize>());
    }
}
