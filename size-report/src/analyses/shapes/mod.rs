//! Shapes in data: by which the host decodes and writes for a gatherer.
//!
//! A linked module says nowhere where they are. A constant that names a byte of data is taken for a shape's address if the
//! module imports a function that takes one, and if what lies there is a shape from its first byte to its last, with
//! at least one field. Which of a call's operands the constant becomes is not followed: optimisers keep it in locals, and
//! pass it to functions that are shared.

mod read;

use std::{collections::BTreeMap, ops::Range};

use serde::Serialize;
use wagather_abi::{IMPORT_MODULE, IMPORTS};

pub use self::read::{Field, quoted};
use crate::module::{Addresses, Module};

/// What is read in search of shapes, at most, so that no module takes long.
const MAX_SEARCHED_BYTES: usize = 1 << 24;

/// All shapes of a module.
#[derive(Debug, Default)]
pub struct Shapes {
    memory: Addresses,
    /// Their addresses, and where they are in the file: in pieces, for long rows of zeroes are no data.
    found: Vec<(u64, Vec<Range<u32>>)>,
    /// Of each piece, by where it begins, the end, and the place in `found`.
    pieces: BTreeMap<u32, (u32, usize)>,
    searched: usize,
}

/// A shape, as people read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shape {
    /// Where it is in the file.
    pub offset: u64,
    /// How many bytes of the file it has.
    pub bytes: u64,
    /// How long the structure is that it describes.
    pub structure_bytes: u64,
    /// What that is.
    #[serde(rename = "type")]
    pub of: String,
    /// Its fields in the order of the shape, those of an object after it.
    pub fields: Vec<Field>,
}

impl Shapes {
    /// None yet, for a module.
    pub fn new(module: &Module<'_>) -> Shapes {
        Shapes { memory: Addresses::of(module), ..Shapes::default() }
    }

    /// Whether a module can have some.
    pub fn may_be_in(module: &Module<'_>) -> bool {
        let takes_one = |name: &str| {
            let rows = IMPORTS.iter().filter(|row| row.name == name);
            rows.flat_map(|row| row.params).any(|&(_, of_type)| of_type == "ShapePtr")
        };
        let is_found = module.imports.iter().any(|of| of.module == IMPORT_MODULE && takes_one(of.name));
        // In 64-bit memories structures would lie otherwise, and the contract has none.
        is_found && !module.has_memory64
    }

    /// Takes what lies at a byte of the file for a shape, if it is one and has no byte of an earlier one.
    pub fn try_at(&mut self, module: &Module<'_>, offset: u32) {
        let address = address_of(module, offset).filter(|&at| self.memory.find(at) == Some(offset));
        let Some(address) = address.filter(|_| !self.is_within(offset)) else { return };
        let mut left = MAX_SEARCHED_BYTES - self.searched;
        let content = read::read(|at| {
            left = left.checked_sub(1)?;
            byte(module, &self.memory, address.checked_add(at as u64)?)
        });
        self.searched = MAX_SEARCHED_BYTES - left;
        let Some(content) = content else { return };
        let mut pieces: Vec<Range<u32>> = Vec::new();
        for offset in (address..).take(content.bytes).filter_map(|address| self.memory.find(address)) {
            match pieces.last_mut() {
                Some(last) if last.end == offset => last.end += 1,
                _ => pieces.push(offset..offset + 1),
            }
        }
        let is_free = |piece: &Range<u32>| {
            let earlier = self.pieces.range(..piece.end).next_back();
            earlier.is_none_or(|(_, &(end, _))| end <= piece.start)
        };
        if pieces.iter().all(is_free) {
            let number = self.found.len();
            self.pieces.extend(pieces.iter().map(|piece| (piece.start, (piece.end, number))));
            self.found.push((address, pieces));
        }
    }

    /// Whether the byte of the file is one of a shape.
    pub fn is_within(&self, offset: u32) -> bool {
        self.pieces.range(..=offset).next_back().is_some_and(|(_, &(end, _))| offset < end)
    }

    /// The pieces of each shape, in the file.
    pub fn pieces(&self) -> impl Iterator<Item = &[Range<u32>]> {
        self.found.iter().map(|(_, pieces)| pieces.as_slice())
    }

    /// Whether a piece of a shape begins at that byte of the file.
    pub fn has_piece(&self, start: u32) -> bool {
        self.pieces.contains_key(&start)
    }

    /// Says what the shape is that begins at that byte of the file.
    pub fn decode(&self, module: &Module<'_>, start: u32) -> Option<Shape> {
        let &(_, number) = self.pieces.get(&start)?;
        let (address, pieces) = self.found.get(number).filter(|(_, pieces)| pieces[0].start == start)?;
        let content = read::read(|at| byte(module, &self.memory, address.checked_add(at as u64)?))?;
        Some(Shape {
            offset: u64::from(pieces.first()?.start),
            bytes: pieces.iter().map(|piece| piece.len() as u64).sum(),
            structure_bytes: content.structure_bytes as u64,
            of: content.of,
            fields: content.fields,
        })
    }
}

/// The address of a byte in the file.
fn address_of(module: &Module<'_>, offset: u32) -> Option<u64> {
    let at = module.segments.partition_point(|segment| segment.data.end <= offset as usize);
    let segment = module.segments.get(at)?;
    segment.address?.checked_add((offset as usize).checked_sub(segment.data.start)? as u64)
}

/// A byte of memory before the first instruction: of a segment, or 0.
fn byte(module: &Module<'_>, memory: &Addresses, address: u64) -> Option<u8> {
    match memory.find(address) {
        Some(offset) => module.bytes.get(offset as usize).copied(),
        None => (address < module.memory_bytes).then_some(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyses::{Analysis, names::Names};

    /// The pieces of shapes, as offset in the first segment and length, of a module with that data and function.
    fn found(import: &str, data: &str, body: &str) -> Vec<Vec<(usize, usize)>> {
        told(import, data, body).0
    }

    /// The same, and how many pieces there are in all.
    fn told(import: &str, data: &str, body: &str) -> (Vec<Vec<(usize, usize)>>, usize) {
        let text = format!(
            r#"(module (import "wagather_v1" "{import}" (func $take (param i32 i32 i32) (result i32)))
                (memory 1) {data} (func $pass (param i32) (drop (call $take (i32.const 1) (local.get 0) (i32.const 0))))
                (func (export "gather") (local $l i32) {body}))"#
        );
        let bytes = wat::parse_str(text).unwrap();
        let module = Module::parse(&bytes).unwrap();
        let analysis = Analysis::of(&module, Names::of(&module));
        let start = module.segments[0].data.start;
        let of = |pieces: &[Range<u32>]| {
            pieces.iter().map(|piece| (piece.start as usize - start, piece.len())).collect()
        };
        (analysis.pieces.shapes.pieces().map(of).collect(), analysis.pieces.len())
    }

    const SHAPE: &str = r#"(data (i32.const 1024) "text\08(t\00a\00t\00b\00\00more")"#;

    #[test]
    fn constants_name_shapes_on_any_way_to_the_import() {
        for body in [
            "(drop (call $take (i32.const 1) (i32.const 1028) (i32.const 0)))",
            "(local.set $l (i32.const 1028)) (drop (call $take (i32.const 1) (local.get $l) (i32.const 0)))",
            "(call $pass (i32.const 1028))",
            // A constant within it cuts it no more than the other way round.
            "(call $pass (i32.const 1031)) (call $pass (i32.const 1028)) (call $pass (i32.const 1032))",
        ] {
            assert_eq!(found("log_as", SHAPE, body), [[(4, 11)]], "{body}");
        }
        for import in ["rest_next_as", "archive_write_as", "json_read_as"] {
            assert_eq!(found(import, SHAPE, "(call $pass (i32.const 1028))"), [[(4, 11)]], "{import}");
        }
        assert_eq!(found("log", SHAPE, "(call $pass (i32.const 1028))"), [[]; 0]);
        assert_eq!(found("log_as", SHAPE, "(call $pass (i32.const 1024))"), [[]; 0]);
    }

    #[test]
    fn a_word_of_data_names_a_shape_and_no_word_of_a_shape_names_data() {
        let data = r#"(data (i32.const 1024) "\08\04\00\00\08(t\00a\00\00")"#;
        assert_eq!(found("log_as", data, ""), [[]; 0], "1032 is within it");
        let data = r#"(data (i32.const 1024) "\04\04\00\00") (data (i32.const 1028) "\08(t\00a\00\00")"#;
        assert_eq!(found("log_as", data, "")[0].len(), 1);
        // The field's name has the bytes of the address 1024, which would cut the text in two.
        let data = r#"(data (i32.const 1020) "texttext") (data (i32.const 1028) "\88\00(t\00\04\00\00")"#;
        let (shapes, pieces) = told("log_as", data, "(call $pass (i32.const 1028))");
        assert_eq!((shapes.len(), pieces), (1, 2));
    }

    #[test]
    fn zeroes_that_are_no_data_are_part_of_a_shape() {
        let body = "(call $pass (i32.const 1024))";
        // The name's end and the object's are behind the segment.
        let data = r#"(data (i32.const 1024) "\08(t\00a")"#;
        assert_eq!(found("log_as", data, body), [[(0, 5)]]);
        let data = r#"(data (i32.const 1024) "\08(t\00a") (data (i32.const 1030) "t\00b")"#;
        let pieces = found("log_as", data, body);
        assert_eq!((pieces.len(), pieces[0].len(), pieces[0][0], pieces[0][1].1), (1, 2, (0, 5), 3));
        // Another segment follows at once, and makes it something else.
        let data = r#"(data (i32.const 1024) "\08(t\00a") (data (i32.const 1029) "\ff")"#;
        assert_eq!(found("log_as", data, body), [[]; 0]);
    }

    #[test]
    fn the_memory_ends_and_so_does_the_search() {
        let cut = r#"(data (i32.const 65531) "\08(t\00a")"#;
        assert_eq!(found("log_as", cut, "(call $pass (i32.const 65531))"), [[]; 0]);
        // Segments that lie over each other, at the end of what 32 bits name, and a byte that is a shape for many constants.
        let data = r#"(data (i32.const -4) "\08(t\00") (data (i32.const 1024) "\08(t\00a\00\00")
            (data (i32.const 1026) "t\00b\00\00\00") (data (i32.const 1024) "\08(")"#;
        found(
            "log_as",
            data,
            "(call $pass (i32.const -4)) (call $pass (i32.const 1024)) (call $pass (i32.const 1026))",
        );
        let name = "n".repeat(16 << 10);
        let data = format!(r#"(data (i32.const 0) "{}")"#, format!("\\08(t\\00{name}").repeat(3));
        let body: String = (0..3 * 4096).map(|at| format!("(call $pass (i32.const {}))", at * 4)).collect();
        assert_eq!(found("log_as", &data, &body), [[]; 0]);
    }
}
