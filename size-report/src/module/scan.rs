//! One pass over all instructions: calls, and constants that point to bytes of data segments. It allocates nothing
//! per instruction.
//!
//! A constant counts as an address if it points into a data segment. It may be another number with the same value;
//! nothing in a linked module distinguishes them, so the report only says "refers to".

use wasmparser::{BinaryReader, FunctionBody, WasmFeatures};

use super::{Adjacency, AdjacencyBuilder, Module, Reference, references};

/// The references of the instructions. Sources are function indices, including imports.
#[derive(Debug, Default)]
pub struct Scan {
    /// Functions that are called or referred to.
    pub calls: Adjacency,
    /// Signatures (indices in [`Module::signatures`]) that are called through a table.
    pub indirect: Adjacency,
    /// Bytes of data segments, by offset in the file.
    pub data: Adjacency,
    /// Functions with undecodable instructions. Some of their references are missing.
    pub unreadable: Vec<u32>,
}

impl Scan {
    /// Reads all function bodies.
    pub fn of(module: &Module<'_>) -> Scan {
        let memory = Addresses::of(module);
        let (mut calls, mut indirect, mut data) =
            <(AdjacencyBuilder, AdjacencyBuilder, AdjacencyBuilder)>::default();
        let mut unreadable = Vec::new();
        // Go computes addresses with 64 bits, although its memory has 32.
        let wide = module.has_memory64 || module.customs.iter().any(|&(name, _)| name == "go:buildid");
        for (index, function) in (0..).zip(&module.functions) {
            let note = |reference| match reference {
                Reference::Function(target) if (target as usize) < module.functions.len() => {
                    calls.push(target)
                }
                Reference::Type(index) => {
                    if let Some(&Some(signature)) = module.types.get(index as usize) {
                        indirect.push(signature);
                    }
                }
                Reference::Address64(_) if !wide => {}
                Reference::Address32(address) | Reference::Address64(address) => {
                    if let Some(offset) = memory.find(address) {
                        data.push(offset);
                    }
                }
                Reference::Segment(index) => {
                    if let Some(segment) = module.segments.get(index as usize) {
                        data.push(segment.data.start as u32);
                    }
                }
                Reference::Function(_) => {}
            };
            if !read(&module.bytes[function.body.clone()], function.body.start, note) {
                unreadable.push(index);
            }
            calls.end_source();
            indirect.end_source();
            data.end_source();
        }
        Scan { calls: calls.finish(), indirect: indirect.finish(), data: data.finish(), unreadable }
    }
}

/// Returns false if some of it could not be decoded.
fn read(body: &[u8], offset: usize, mut note: impl FnMut(Reference)) -> bool {
    if body.is_empty() {
        return true;
    }
    let body = FunctionBody::new(BinaryReader::new_features(body, offset as u64, WasmFeatures::all()));
    let Ok(mut operators) = body.get_operators_reader() else { return false };
    while !operators.eof() {
        match operators.read() {
            Ok(operator) => references(&operator, &mut note),
            Err(_) => return false,
        }
    }
    true
}

/// The origin of bytes in memory: the segments with an address, by address.
#[derive(Debug, Default)]
pub struct Addresses(Vec<(u64, u64, u32)>);

impl Addresses {
    /// The addresses of a module.
    pub fn of(module: &Module<'_>) -> Addresses {
        let mut places: Vec<(u64, u64, u32)> = module
            .segments
            .iter()
            .filter(|segment| !segment.data.is_empty())
            .filter_map(|segment| {
                let address = segment.address?;
                Some((address, address.checked_add(segment.data.len() as u64)?, segment.data.start as u32))
            })
            .collect();
        places.sort_unstable();
        Addresses(places)
    }

    /// The offset in the file of the byte at an address.
    pub fn find(&self, address: u64) -> Option<u32> {
        let after = self.0.partition_point(|&(start, ..)| start <= address);
        let &(start, end, offset) = self.0.get(after.checked_sub(1)?)?;
        (address < end).then(|| offset + (address - start) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_addresses_are_found_and_those_beyond_are_not() {
        let bytes = wat::parse_str(
            r#"(module
                (import "m" "f" (func $f (param i32)))
                (memory 1)
                (table 1 funcref)
                (type $t (func (result i32)))
                (type $same (func (result i32)))
                (data (i32.const 1024) "hello")
                (data "passive")
                (func $a (call $f (i32.const 1026)) (call $f (i32.const 1029)) (call $f (i32.const 7)))
                (func $b (result i32) (i32.load8_u offset=1024 (i32.const 0)) (drop)
                    (i64.const 1024) (drop)
                    (call_indirect (type $same) (i32.const 0)))
                (func $c (memory.init 1 (i32.const 0) (i32.const 0) (i32.const 7)) (call $a) (call $a)))"#,
        )
        .unwrap();
        let module = Module::parse(&bytes).unwrap();
        let scan = Scan::of(&module);
        let at = |segment: usize| module.segments[segment].data.start as u32;
        assert_eq!([scan.calls.of(1), scan.calls.of(2), scan.calls.of(3)], [&[0][..], &[], &[1]]);
        assert_eq!(scan.data.of(1), [at(0) + 2]);
        assert_eq!(scan.data.of(2), [at(0)]);
        assert_eq!(scan.data.of(3), [at(1)]);
        let t = module.signature(2).unwrap();
        assert_eq!(scan.indirect.of(2), [t]);
        assert_eq!(module.signatures[t as usize], "() -> (i32)");
        assert!(scan.unreadable.is_empty());
    }
}
