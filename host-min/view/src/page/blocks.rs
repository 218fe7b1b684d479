//! What the page has beyond its lists: whole objects, logs and files, compressed in blocks. The page decompresses a block when
//! somebody looks at something in it, so they cost its start nothing.

use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde::Serialize;
use wagather_base::base64;

/// Bytes in a block before compression. Larger pieces have blocks of their own.
const BLOCK_BYTES: usize = 256 << 10;

/// Bytes as the page has them: compressed, as base64.
pub(super) fn packed(bytes: &[u8]) -> String {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    // Writing to memory cannot fail.
    let _ = encoder.write_all(bytes);
    base64::encode(&encoder.finish().unwrap_or_default())
}

/// Where a piece is: the block, the first byte in it, and the number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Place(pub(super) u32, pub(super) u32, pub(super) u32);

/// Blocks that together have at most so many bytes, as they are in the page.
pub(super) struct Blocks {
    /// What is left of the whole, without what is left of the section.
    rest: usize,
    /// What is left of the section.
    left: usize,
    is_full: bool,
    /// Each with its length before compression.
    done: Vec<(String, usize)>,
    current: Vec<u8>,
    /// The ends of the pieces in the current block.
    ends: Vec<usize>,
}

impl Blocks {
    /// No blocks, and the room for them.
    pub(super) fn new(max_bytes: usize) -> Blocks {
        Blocks {
            rest: 0,
            left: max_bytes,
            is_full: false,
            done: Vec::new(),
            current: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// Begins a section with room of its own. What the section before has left is there for all that follow.
    pub(super) fn section(&mut self, max_bytes: usize) {
        self.close();
        let all = self.rest + self.left;
        self.left = all.min(max_bytes);
        self.rest = all - self.left;
        self.is_full = false;
    }

    /// What is left for sections that follow.
    pub(super) fn left(&mut self) -> usize {
        self.close();
        self.rest + self.left
    }

    /// Adds a piece. Only [`Blocks::finish`] knows whether there was room for it.
    pub(super) fn add(&mut self, piece: &[u8]) -> Option<Place> {
        if !self.current.is_empty() && self.current.len() + piece.len() > BLOCK_BYTES {
            self.close();
        }
        if self.is_full {
            return None;
        }
        let [block, start, len] = [self.done.len(), self.current.len(), piece.len()].map(u32::try_from);
        let place = Place(block.ok()?, start.ok()?, len.ok()?);
        self.current.extend_from_slice(piece);
        self.ends.push(self.current.len());
        Some(place)
    }

    /// Closes the current block: with all its pieces, or with as many of the first ones as there is room for.
    fn close(&mut self) {
        let bytes = std::mem::take(&mut self.current);
        let mut ends = std::mem::take(&mut self.ends);
        while let Some(end) = ends.last().copied() {
            let block = packed(&bytes[..end]);
            if block.len() <= self.left {
                self.left -= block.len();
                self.done.push((block, end));
                return;
            }
            self.is_full = true;
            // The rest compresses about as well as the whole.
            let fitting = end as u64 * self.left as u64 / block.len() as u64;
            let pieces = ends.partition_point(|end| *end as u64 <= fitting);
            ends.truncate(pieces.min(ends.len() - 1));
        }
        // Places name this block, and must not mean the next one.
        if !bytes.is_empty() {
            self.done.push((String::new(), 0));
        }
    }

    /// The blocks, and which places are in them.
    pub(super) fn finish(mut self) -> (Vec<String>, impl Fn(&Place) -> bool) {
        self.close();
        let (blocks, lengths): (Vec<String>, Vec<usize>) = self.done.into_iter().unzip();
        let is_in = move |Place(block, start, len): &Place| {
            lengths.get(*block as usize).is_some_and(|length| *start as usize + *len as usize <= *length)
        };
        (blocks, is_in)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that do not compress, other ones for each seed.
    fn noise(len: usize, seed: u32) -> Vec<u8> {
        let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        (0..len).map(|_| next()).collect()
    }

    #[test]
    fn a_section_gives_back_what_it_has_left() {
        let mut blocks = Blocks::new(10_000);
        blocks.section(2000);
        let too_large = blocks.add(&noise(10_000, 1)).expect("a place, until it is known to be too large");
        blocks.section(usize::MAX);
        assert_eq!(blocks.left(), 10_000);
        let place = blocks.add(&noise(1000, 2)).expect("room");
        let (blocks, is_in) = blocks.finish();
        assert!(is_in(&place) && !is_in(&too_large));
        assert_eq!(blocks.iter().filter(|block| !block.is_empty()).count(), 1);
    }

    #[test]
    fn as_many_pieces_as_there_is_room_for_have_a_place() {
        for max_bytes in [0, 2000, 50_000, 700_000, 10_000_000] {
            let mut blocks = Blocks::new(max_bytes);
            let places: Vec<_> = (0..600).map(|seed| blocks.add(&noise(1000, seed))).collect();
            let big = blocks.add(&noise(BLOCK_BYTES * 2, 600));
            let (blocks, is_in) = blocks.finish();
            let bytes: usize = blocks.iter().map(String::len).sum();
            assert!(bytes <= max_bytes, "{bytes} > {max_bytes}");
            let kept = places.iter().take_while(|place| place.as_ref().is_some_and(&is_in)).count();
            let later = places[kept..].iter().filter(|place| place.as_ref().is_some_and(&is_in)).count();
            assert_eq!(later, 0);
            // Base64 has four bytes for three.
            let room = (max_bytes / 4 * 3 / 1000).min(600);
            assert!((room.saturating_sub(8)..=room).contains(&kept), "{max_bytes}: {kept} of {room}");
            assert_eq!(big.as_ref().is_some_and(&is_in), max_bytes == 10_000_000, "{max_bytes}");
        }
    }
}
