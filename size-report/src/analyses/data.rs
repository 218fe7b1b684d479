//! The data segments, cut into pieces. A piece begins where a constant points, whether the constant is in an
//! instruction or in the data itself, and ends where the next piece begins. Data to which no constant points is a
//! piece too, without an owner.
//!
//! A word of data counts as a pointer if its value is an address in a data segment. This finds the targets of vtables
//! and panic locations. A number that only looks like an address cuts a piece in two, but changes no sum.

use super::shapes::Shapes;
use crate::module::{Addresses, Adjacency, AdjacencyBuilder, Module, Scan, Segment};

/// All pieces, in the file's order.
#[derive(Debug, Default)]
pub struct Pieces {
    /// The start of each piece in the file.
    starts: Vec<u32>,
    /// The end of each piece.
    ends: Vec<u32>,
    /// The segment of each.
    segments: Vec<u32>,
    /// The pieces that each function refers to.
    pub by_function: Adjacency,
    /// The pieces that each piece points to.
    pub by_piece: Adjacency,
    /// The shapes. Each is one piece, or several if the linker left out zeroes in it.
    pub shapes: Shapes,
    /// The number of functions in tables.
    in_tables: usize,
}

/// The kind of content that a piece seems to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Content {
    /// A shape, with which the host decodes or writes a structure.
    Shape,
    /// Printable UTF-8.
    Text,
    /// The location of a panic: a pointer to a path, its length, a line and a column.
    PanicLocations,
    /// A Rust trait object's functions: drop, size, alignment, methods.
    Vtable,
    /// Contains pointers into data.
    Pointers,
    /// Only zeroes, which are redundant.
    Zeroes,
    /// Anything else: number tables, tables of functions, compressed data.
    Numbers,
}

impl Content {
    /// The name for people.
    pub fn title(self) -> &'static str {
        match self {
            Content::Shape => "shapes",
            Content::Text => "text",
            Content::PanicLocations => "panic locations",
            Content::Vtable => "vtables",
            Content::Pointers => "pointers",
            Content::Zeroes => "zeroes",
            Content::Numbers => "numbers",
        }
    }
}

impl Pieces {
    /// Cuts the segments of a module.
    pub fn of(module: &Module<'_>, scan: &Scan) -> Pieces {
        let words = Words::of(module);
        let mut cuts = Bits::of(module.bytes.len());
        for function in 0..scan.data.len() as u32 {
            scan.data.of(function).iter().for_each(|&offset| cuts.set(offset));
        }
        let may_have_shapes = Shapes::may_be_in(module);
        let mut shapes = Shapes::new(module);
        if may_have_shapes {
            cuts.each(module, |offset| shapes.try_at(module, offset));
        }
        for segment in &module.segments {
            // A shape contains numbers and letters; no word of it is an address.
            words.targets(module, segment, |offset, target| {
                if !shapes.is_within(offset) {
                    cuts.set(target);
                }
            });
        }
        if may_have_shapes {
            cuts.each(module, |offset| shapes.try_at(module, offset));
        }
        for piece in shapes.pieces().flatten() {
            piece.clone().for_each(|offset| cuts.clear(offset));
            cuts.set(piece.start);
            cuts.set(piece.end);
        }
        let in_tables = module.elements.iter().map(|element| element.functions.len()).sum();
        let mut pieces = Pieces { in_tables, shapes, ..Pieces::default() };
        for (index, segment) in (0..).zip(&module.segments) {
            if segment.data.is_empty() {
                continue;
            }
            let (start, end) = (segment.data.start as u32, segment.data.end as u32);
            pieces.starts.push(start);
            pieces.segments.push(index);
            for offset in (start + 1..end).filter(|&offset| cuts.has(offset)) {
                pieces.starts.push(offset);
                pieces.ends.push(offset);
                pieces.segments.push(index);
            }
            pieces.ends.push(end);
        }

        let mut by_function = AdjacencyBuilder::default();
        for function in 0..scan.data.len() as u32 {
            for &offset in scan.data.of(function) {
                pieces.at(offset).into_iter().for_each(|piece| by_function.push(piece));
            }
            by_function.end_source();
        }
        pieces.by_function = by_function.finish();

        let mut arrows = Vec::new();
        for segment in &module.segments {
            words.targets(module, segment, |offset, target| {
                if let (Some(from), Some(to)) = (pieces.at(offset), pieces.at(target))
                    && !pieces.shapes.is_within(offset)
                {
                    arrows.push((from, to));
                }
            });
        }
        // A reference to the beginning of a shape refers to all its pieces.
        for shape in pieces.shapes.pieces() {
            let numbers: Vec<u32> = shape.iter().filter_map(|piece| pieces.at(piece.start)).collect();
            if let [first, others @ ..] = &*numbers {
                arrows.extend(others.iter().map(|&other| (*first, other)));
            }
        }
        arrows.sort_unstable();
        let mut by_piece = AdjacencyBuilder::default();
        let mut done = 0;
        for (from, to) in arrows {
            while done < from {
                by_piece.end_source();
                done += 1;
            }
            by_piece.push(to);
        }
        while (done as usize) < pieces.len() {
            by_piece.end_source();
            done += 1;
        }
        pieces.by_piece = by_piece.finish();
        pieces
    }

    /// The number of pieces.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether there are no pieces.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// A piece's range in the file.
    pub fn range(&self, piece: u32) -> std::ops::Range<usize> {
        self.starts[piece as usize] as usize..self.ends[piece as usize] as usize
    }

    /// A piece's size.
    pub fn bytes(&self, piece: u32) -> u64 {
        self.range(piece).len() as u64
    }

    /// A piece's segment.
    pub fn segment(&self, piece: u32) -> u32 {
        self.segments[piece as usize]
    }

    /// The piece that contains a byte of the file.
    pub fn at(&self, offset: u32) -> Option<u32> {
        let piece = self.starts.partition_point(|&start| start <= offset).checked_sub(1)?;
        (offset < self.ends[piece]).then_some(piece as u32)
    }

    /// The kind of content that a piece seems to have.
    pub fn content(&self, module: &Module<'_>, piece: u32) -> Content {
        let bytes = &module.bytes[self.range(piece)];
        if self.shapes.has_piece(self.starts[piece as usize]) {
            Content::Shape
        } else if bytes.iter().all(|&byte| byte == 0) {
            Content::Zeroes
        } else if is_text(bytes) {
            Content::Text
        } else if self.is_panic_locations(module, piece, bytes) {
            Content::PanicLocations
        } else if is_vtable(bytes, self.in_tables) {
            Content::Vtable
        } else if !self.by_piece.of(piece).is_empty() {
            Content::Pointers
        } else {
            Content::Numbers
        }
    }

    fn is_panic_locations(&self, module: &Module<'_>, piece: u32, bytes: &[u8]) -> bool {
        // No system has longer paths.
        const MAX_PATH_BYTES: usize = 4096;
        let [to] = *self.by_piece.of(piece) else { return false };
        let path = &module.bytes[self.range(to)];
        bytes.len() >= 16
            && bytes[..bytes.len() / 16 * 16].chunks_exact(16).all(|location| {
                let [_, len, line, column] = [0, 1, 2, 3].map(|at| word(&location[at * 4..]));
                // The path is text, possibly followed by other text to which nothing points.
                path.get(..len as usize).is_some_and(|path| path.len() <= MAX_PATH_BYTES && is_text(path))
                    && (1..1 << 20).contains(&line)
                    && (1..1 << 12).contains(&column)
            })
    }
}

fn is_text(bytes: &[u8]) -> bool {
    // Trailing zeroes are allowed: they end a C string, or fill the space up to the next piece.
    let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    std::str::from_utf8(&bytes[..end]).is_ok_and(|text| {
        !text.is_empty() && text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\t' | '\r'))
    })
}

fn is_vtable(bytes: &[u8], functions: usize) -> bool {
    let is_function = |word: u32| word >= 1 && word as usize <= functions;
    if bytes.len() < 16 || !bytes.len().is_multiple_of(4) || functions == 0 {
        return false;
    }
    let words: Vec<u32> = bytes.chunks_exact(4).take(64).map(word).collect();
    (words[0] == 0 || is_function(words[0]))
        && words[1] < 1 << 20
        && words[2].is_power_of_two()
        && words[2] <= 64
        && words[1].is_multiple_of(words[2])
        && words[3..].iter().all(|&word| word == 0 || is_function(word))
        && is_function(words[3])
}

fn word(bytes: &[u8]) -> u32 {
    bytes.get(..4).map_or(0, |bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

/// The words of data, and the bytes of data that they point to.
struct Words {
    memory: Addresses,
    word_bytes: usize,
}

impl Words {
    fn of(module: &Module<'_>) -> Words {
        Words { memory: Addresses::of(module), word_bytes: if module.has_memory64 { 8 } else { 4 } }
    }

    /// Calls `found` for each aligned word that points to a byte of data, with both offsets in the file.
    fn targets(&self, module: &Module<'_>, segment: &Segment, mut found: impl FnMut(u32, u32)) {
        // If a segment's address is unknown, so is its alignment.
        let Some(address) = segment.address else { return };
        let skip = (self.word_bytes - (address % self.word_bytes as u64) as usize) % self.word_bytes;
        let Some(aligned) = module.bytes[segment.data.clone()].get(skip..) else { return };
        let first = segment.data.start + skip;
        for (at, bytes) in aligned.chunks_exact(self.word_bytes).enumerate() {
            let high = if self.word_bytes == 8 { word(&bytes[4..]) } else { 0 };
            let value = u64::from(word(bytes)) | u64::from(high) << 32;
            if let Some(target) = self.memory.find(value) {
                found((first + at * self.word_bytes) as u32, target);
            }
        }
    }
}

/// A bit for each byte of the file.
struct Bits(Vec<u64>);

impl Bits {
    fn of(len: usize) -> Bits {
        Bits(vec![0; len / 64 + 1])
    }

    fn set(&mut self, at: u32) {
        self.0[at as usize / 64] |= 1 << (at % 64);
    }

    fn clear(&mut self, at: u32) {
        self.0[at as usize / 64] &= !(1 << (at % 64));
    }

    fn has(&self, at: u32) -> bool {
        self.0[at as usize / 64] >> (at % 64) & 1 == 1
    }

    /// Calls `found` for each set byte within the segments' contents, in the file's order.
    fn each(&self, module: &Module<'_>, found: impl FnMut(u32)) {
        let bytes =
            module.segments.iter().flat_map(|segment| segment.data.start as u32..segment.data.end as u32);
        bytes.filter(|&offset| self.has(offset)).for_each(found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_begin_where_constants_point() {
        // 1024: a path; 1036: four bytes to which nothing points; 1040: a location.
        let bytes = wat::parse_str(
            r#"(module (memory 1) (table 2 funcref) (elem (i32.const 1) $f $g)
                (data (i32.const 1024) "src/lib.rs\00\00HELP\00\04\00\00\0a\00\00\00\07\00\00\00\05\00\00\00")
                (data (i32.const 2048) "\00\00\00\00\04\00\00\00\04\00\00\00\01\00\00\00")
                (data (i32.const 3072) "\00\00\00\00")
                (func $f (drop (i32.const 1040)) (drop (i32.const 2048)))
                (func $g (drop (i32.const 1036)) (drop (i32.const 3072))))"#,
        )
        .unwrap();
        let module = Module::parse(&bytes).unwrap();
        let pieces = Pieces::of(&module, &Scan::of(&module));
        let told: Vec<(u64, Content)> = (0..pieces.len() as u32)
            .map(|piece| (pieces.bytes(piece), pieces.content(&module, piece)))
            .collect();
        assert_eq!(
            told,
            [
                (12, Content::Text),
                (4, Content::Text),
                (16, Content::PanicLocations),
                (16, Content::Vtable),
                (4, Content::Zeroes)
            ]
        );
        assert_eq!((pieces.by_function.of(0), pieces.by_function.of(1)), (&[2, 3][..], &[1, 4][..]));
        assert_eq!(pieces.by_piece.of(2), [0]);
    }
}
