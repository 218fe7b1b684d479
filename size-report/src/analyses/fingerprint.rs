//! Matches the functions of two modules by their content instead of their names.
//!
//! A body's fingerprint leaves out what a linker or an optimizer renumbers: functions, types, globals, and the
//! encoded length of numbers. If an optimizer rewrote a body, its fingerprint changes. Then functions match by what
//! the optimizer keeps (addresses, constants and imports), and by their callers. Such a match is likely, but not
//! certain.

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
};

use wasmparser::{BinaryReader, FunctionBody, Operator, WasmFeatures};

use crate::module::{Exported, Module, Reference, references};

/// The data of one body.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// A hash of all instructions, without numbers that may change.
    pub body: u64,
    /// A hash of what it refers to: its type, addresses, large constants, imports. Zero if that is not enough to
    /// distinguish functions.
    features: u64,
    /// The functions that it calls, in order.
    calls: Vec<u32>,
}

/// The fingerprints of all functions, imports included.
pub fn all(module: &Module<'_>) -> Vec<Fingerprint> {
    (0..module.functions.len() as u32).map(|index| of(module, index)).collect()
}

/// The fingerprint of one function.
pub fn of(module: &Module<'_>, index: u32) -> Fingerprint {
    let range = module.functions[index as usize].body.clone();
    let bytes = &module.bytes[range.clone()];
    let body = FunctionBody::new(BinaryReader::new_features(bytes, range.start as u64, WasmFeatures::all()));
    let mut hash = DefaultHasher::new();
    let mut calls = Vec::new();
    let mut named: HashSet<u64> = HashSet::new();
    if let Ok(mut operators) = body.get_operators_reader() {
        let first = operators.original_position() as usize;
        let mut start = first;
        while !operators.eof() {
            let Ok(operator) = operators.read() else { break };
            let end = operators.original_position() as usize;
            references(&operator, |reference| match reference {
                Reference::Function(function) => {
                    calls.push(function);
                    if function < module.imported_functions {
                        named.insert(hash_of(&name_of_import(module, function)));
                    }
                }
                Reference::Address32(number) if number >= 256 && number < u64::from(u32::MAX) - 256 => {
                    named.insert(number);
                }
                _ => {}
            });
            normalise(&operator, &module.bytes[start..end], &mut hash);
            start = end;
        }
    }
    let mut sorted: Vec<u64> = named.into_iter().collect();
    sorted.sort_unstable();
    let signature = module.signature(index).and_then(|place| module.signatures.get(place as usize));
    let features = if sorted.len() >= 2 { hash_of(&(signature, sorted)).max(1) } else { 0 };
    signature.hash(&mut hash);
    Fingerprint { body: hash.finish(), features, calls }
}

/// An instruction without numbers that may change, and without padding.
fn normalise(operator: &Operator<'_>, bytes: &[u8], hash: &mut DefaultHasher) {
    use Operator as O;
    match operator {
        O::Call { .. }
        | O::ReturnCall { .. }
        | O::CallIndirect { .. }
        | O::ReturnCallIndirect { .. }
        | O::RefFunc { .. }
        | O::GlobalGet { .. }
        | O::GlobalSet { .. } => bytes[0].hash(hash),
        O::I32Const { value } => (0x41_u8, value).hash(hash),
        O::I64Const { value } => (0x42_u8, value).hash(hash),
        _ if (0x28..=0x3e).contains(&bytes[0]) => {
            let mut offset = 0;
            references(operator, |reference| {
                if let Reference::Address32(number) = reference {
                    offset = number;
                }
            });
            (bytes[0], bytes.get(1), offset).hash(hash);
        }
        _ => bytes.hash(hash),
    }
}

fn name_of_import<'a>(module: &Module<'a>, function: u32) -> Option<(&'a str, &'a str)> {
    let import = module.import_of(function)?;
    Some((import.module, import.name))
}

fn hash_of(value: &impl Hash) -> u64 {
    let mut hash = DefaultHasher::new();
    value.hash(&mut hash);
    hash.finish()
}

/// For functions of `module` that have a match: the matching function of `other`, and whether the match is certain.
pub fn matches(module: &Module<'_>, other: &Module<'_>) -> Vec<(u32, u32, bool)> {
    let (ours, theirs) = (all(module), all(other));
    let mut pairs = Pairs { ours: vec![None; ours.len()], taken: vec![false; theirs.len()] };

    // First, functions with the same export or import name. If a name occurs several times, which is invalid, the
    // first one counts.
    let exports: HashMap<&str, Exported> =
        other.exports.iter().rev().map(|export| (export.name, export.of)).collect();
    for export in &module.exports {
        if let (Exported::Function(here), Some(&Exported::Function(there))) =
            (export.of, exports.get(export.name))
        {
            pairs.add(here, there, true);
        }
    }
    let imports: HashMap<_, u32> =
        (0..other.imported_functions).rev().map(|there| (name_of_import(other, there), there)).collect();
    for here in 0..module.imported_functions {
        if let Some(&there) = imports.get(&name_of_import(module, here)) {
            pairs.add(here, there, true);
        }
    }
    // Next, functions with the same unique content.
    let defined = |module: &Module<'_>| module.imported_functions as usize;
    let from = (defined(module), defined(other));
    pairs.add_unique(&ours, &theirs, from, true, |print| print.body);
    pairs.add_unique(&ours, &theirs, from, false, |print| print.features);
    // Then their callees, in order, if both have the same number of calls.
    let mut open: Vec<u32> =
        (0..ours.len() as u32).filter(|&here| pairs.ours[here as usize].is_some()).collect();
    while let Some(here) = open.pop() {
        let Some((there, _)) = pairs.ours[here as usize] else { continue };
        let (calls, their_calls) = (&ours[here as usize].calls, &theirs[there as usize].calls);
        if calls.len() == their_calls.len() {
            for (&call, &their_call) in calls.iter().zip(their_calls) {
                let is_sure = ours.get(call as usize).map(|print| print.body)
                    == theirs.get(their_call as usize).map(|print| print.body);
                if pairs.add(call, their_call, is_sure) {
                    open.push(call);
                }
            }
        }
    }
    (0..)
        .zip(pairs.ours)
        .filter_map(|(here, pair)| pair.map(|(there, is_sure)| (here, there, is_sure)))
        .collect()
}

struct Pairs {
    ours: Vec<Option<(u32, bool)>>,
    taken: Vec<bool>,
}

impl Pairs {
    /// Returns false if one of them already has a partner.
    fn add(&mut self, here: u32, there: u32, is_sure: bool) -> bool {
        let (Some(ours), Some(taken)) =
            (self.ours.get_mut(here as usize), self.taken.get_mut(there as usize))
        else {
            return false;
        };
        if ours.is_some() || *taken {
            return false;
        }
        *ours = Some((there, is_sure));
        *taken = true;
        true
    }

    /// Pairs functions with the same nonzero key, if the key is unique on both sides.
    fn add_unique(
        &mut self,
        ours: &[Fingerprint],
        theirs: &[Fingerprint],
        from: (usize, usize),
        is_sure: bool,
        key: impl Fn(&Fingerprint) -> u64,
    ) {
        let mut keys: HashMap<u64, (Vec<u32>, Vec<u32>)> = HashMap::new();
        for (index, print) in
            ours.iter().enumerate().skip(from.0).filter(|&(index, _)| self.ours[index].is_none())
        {
            keys.entry(key(print)).or_default().0.push(index as u32);
        }
        for (index, print) in theirs.iter().enumerate().skip(from.1).filter(|&(index, _)| !self.taken[index])
        {
            keys.entry(key(print)).or_default().1.push(index as u32);
        }
        keys.remove(&0);
        for (here, there) in keys.into_values() {
            if let ([here], [there]) = (&here[..], &there[..]) {
                self.add(*here, *there, is_sure);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_known_again_when_they_moved() {
        let before = wat::parse_str(
            r#"(module (import "m" "f" (func)) (memory 1) (func $a (export "a") (call $b) (call $c))
                (func $b (drop (i32.const 5000))) (func $c (drop (i32.const 6000)) (nop)))"#,
        )
        .unwrap();
        // A different order, and c now does something.
        let after = wat::parse_str(
            r#"(module (memory 1) (func $c (drop (i32.const 6000)))
                (func $b (drop (i32.const 5000))) (func $a (export "a") (call $b) (call $c)))"#,
        )
        .unwrap();
        let (after, before) = (Module::parse(&after).unwrap(), Module::parse(&before).unwrap());
        assert_eq!(matches(&after, &before), [(0, 3, false), (1, 2, true), (2, 1, true)]);
    }

    #[test]
    fn padding_is_no_difference() {
        // A call and a load, each with minimal and with padded numbers.
        let module = |body: &[u8]| {
            let mut bytes =
                b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x05\x03\x01\0\x01\x0a".to_vec();
            bytes.extend([body.len() as u8 + 2, 1, body.len() as u8]);
            bytes.extend(body);
            bytes
        };
        let short = module(b"\0\x10\0\x41\0\x28\x02\x08\x1a\x0b");
        let padded = module(b"\0\x10\x80\x80\x80\x80\0\x41\x80\0\x28\x02\x88\x80\x80\x80\0\x1a\x0b");
        let print = |bytes: &[u8]| of(&Module::parse(bytes).unwrap(), 0).body;
        assert_eq!(print(&short), print(&padded));
        assert_ne!(print(&short), print(&module(b"\0\x10\0\x41\0\x28\x02\x09\x1a\x0b")));
    }
}
