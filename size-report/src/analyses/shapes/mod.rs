//! Finds shapes in data, with which the host decodes and writes structures.
//!
//! Nothing marks shapes in a linked module. A constant that points to a byte of data counts as a shape's address if
//! the module imports a function with a shape parameter, and if a complete, valid shape with at least one field is
//! there. The code does not check which operand of a call the constant becomes, because optimizers keep it in locals,
//! and pass it to shared functions.

mod read;

use std::{collections::BTreeMap, ops::Range};

use serde::Serialize;
use wagather_abi::{IMPORT_MODULE, IMPORTS};

pub use self::read::{Field, quoted};
use crate::module::{Addresses, Module};

/// The maximum number of bytes that the search reads, so no module takes long.
const MAX_SEARCHED_BYTES: usize = 1 << 24;

/// All shapes of a module.
#[derive(Debug, Default)]
pub struct Shapes {
    memory: Addresses,
    /// Their addresses, and their ranges in the file: several if the linker left out long sequences of zeroes.
    found: Vec<(u64, Vec<Range<u32>>)>,
    /// The pieces by their start: the end, and the index in `found`.
    pieces: BTreeMap<u32, (u32, usize)>,
    searched: usize,
}

/// A shape in readable form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shape {
    /// Its offset in the file.
    pub offset: u64,
    /// Its bytes in the file.
    pub bytes: u64,
    /// The size of the structure that it describes.
    pub structure_bytes: u64,
    /// The type of that structure.
    #[serde(rename = "type")]
    pub of: String,
    /// Its fields in the shape's order, each object's fields after it.
    pub fields: Vec<Field>,
}

impl Shapes {
    /// No shapes yet.
    pub fn new(module: &Module<'_>) -> Shapes {
        Shapes { memory: Addresses::of(module), ..Shapes::default() }
    }

    /// Whether a module can contain shapes.
    pub fn may_be_in(module: &Module<'_>) -> bool {
        let takes_one = |name: &str| {
            let rows = IMPORTS.iter().filter(|row| row.name == name);
            rows.flat_map(|row| row.params).any(|&(_, of_type)| of_type == "ShapePtr")
        };
        let is_found = module.imports.iter().any(|of| of.module == IMPORT_MODULE && takes_one(of.name));
        // 64-bit memories would need another layout, which the contract does not define.
        is_found && !module.has_memory64
    }

    /// Adds the shape at an offset in the file, if there is one that overlaps no earlier shape.
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

    /// Whether a byte of the file belongs to a shape.
    pub fn is_within(&self, offset: u32) -> bool {
        self.pieces.range(..=offset).next_back().is_some_and(|(_, &(end, _))| offset < end)
    }

    /// The ranges of each shape in the file.
    pub fn pieces(&self) -> impl Iterator<Item = &[Range<u32>]> {
        self.found.iter().map(|(_, pieces)| pieces.as_slice())
    }

    /// Whether a range of a shape begins at this offset.
    pub fn has_piece(&self, start: u32) -> bool {
        self.pieces.contains_key(&start)
    }

    /// Describes the shape that begins at this offset.
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

/// The initial value of a byte of memory: from a segment, or 0.
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

    /// The ranges of shapes, as offset in the first segment and length, in a module with this data and function.
    fn found(import: &str, data: &str, body: &str) -> Vec<Vec<(usize, usize)>> {
        told(import, data, body).0
    }

    /// The same, and the total number of pieces.
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
            // A constant that points into a shape does not cut it, whichever comes first.
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
        // The field's name contains the bytes of the address 1024, which would cut the text in two.
        let data = r#"(data (i32.const 1020) "texttext") (data (i32.const 1028) "\88\00(t\00\04\00\00")"#;
        let (shapes, pieces) = told("log_as", data, "(call $pass (i32.const 1028))");
        assert_eq!((shapes.len(), pieces), (1, 2));
    }

    #[test]
    fn zeroes_that_are_no_data_are_part_of_a_shape() {
        let body = "(call $pass (i32.const 1024))";
        // The terminators of the name and the object are behind the segment.
        let data = r#"(data (i32.const 1024) "\08(t\00a")"#;
        assert_eq!(found("log_as", data, body), [[(0, 5)]]);
        let data = r#"(data (i32.const 1024) "\08(t\00a") (data (i32.const 1030) "t\00b")"#;
        let pieces = found("log_as", data, body);
        assert_eq!((pieces.len(), pieces[0].len(), pieces[0][0], pieces[0][1].1), (1, 2, (0, 5), 3));
        // Another segment follows immediately, and changes the bytes.
        let data = r#"(data (i32.const 1024) "\08(t\00a") (data (i32.const 1029) "\ff")"#;
        assert_eq!(found("log_as", data, body), [[]; 0]);
    }

    #[test]
    fn the_memory_ends_and_so_does_the_search() {
        let cut = r#"(data (i32.const 65531) "\08(t\00a")"#;
        assert_eq!(found("log_as", cut, "(call $pass (i32.const 65531))"), [[]; 0]);
        // Overlapping segments, at the end of the 32-bit range, and a byte that is a shape for many constants.
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
