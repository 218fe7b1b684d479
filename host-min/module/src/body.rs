//! Validates a function's body, bounds its use of the engine's compiler, and replaces instructions that engines lack.
//!
//! Validation alone is not enough for wasm3 0.4.7. Its compiler has 4,000 slots for a function. When it allocates
//! single slots, it checks that limit. But it puts the result of a call into the slot above all used ones, without
//! checking whether that slot exists. Nested calls, `f(f(f(…)))`, use one more slot each, and beyond the last one the
//! compiler overwrites the engine's own state. The specification has no limit for this, so this module sets one.
//!
//! The bound: a value takes one slot, constants take 120 in a function, and a call leaves its result at most one slot
//! above the others. In unreachable code, wasm3 keeps values that the specification drops, so each instruction of
//! such code counts as a value. So a function needs at most `values + calls + 120` slots.
//!
//! Each replaced instruction becomes one instruction with the same operands and results. `memory.size`,
//! `memory.grow`, `memory.copy` and `memory.fill` become a call of a [`Helper`]; numbers with more bytes than wasm3
//! reads become shorter. So the copy has as many values as were counted, and a call that replaces an instruction
//! counts as a call. (A test checks copies again.)

use crate::helpers::Helper;
use crate::limits::MAX_VALUES_AND_CALLS;
use crate::{ModuleError, leb128};
use wasmparser::{BinaryReader, FuncValidator, FunctionBody, WasmModuleResources};

const CALL: u8 = 0x10;
const CALL_INDIRECT: u8 = 0x11;
const MEMORY_SIZE: u8 = 0x3f;
const MEMORY_GROW: u8 = 0x40;
const PREFIXED: u8 = 0xfc;
const MEMORY_COPY: u32 = 10;
const MEMORY_FILL: u32 = 11;

/// Data that all functions of a copy share.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// The index of each function in the copy; empty if none changes.
    pub(super) functions: Vec<u32>,
    /// The index of the first helper.
    pub(super) first_helper: u32,
    /// The helpers that are called.
    pub(super) helpers: Vec<Helper>,
}

impl Numbers {
    /// The index of a function in the copy.
    pub(super) fn of(&self, function: u32) -> u32 {
        self.functions.get(function as usize).copied().unwrap_or(function)
    }

    pub(super) fn of_helper(&mut self, helper: Helper) -> u32 {
        let index = self.helpers.iter().position(|&other| other == helper).unwrap_or_else(|| {
            self.helpers.push(helper);
            self.helpers.len() - 1
        });
        self.first_helper + index as u32
    }
}

/// Validates a body. Returns the copy's body if it differs.
pub(super) fn validate<T: WasmModuleResources>(
    function: &mut FuncValidator<T>,
    body: &FunctionBody<'_>,
    numbers: &mut Numbers,
) -> Result<Option<Vec<u8>>, ModuleError> {
    let (mut values, mut calls, mut unreached) = (0_u32, 0_u32, 0_u32);
    // The depth of the block whose rest is unreachable.
    let mut unreached_from = None;
    let mut reader = body.get_binary_reader();
    let mut edited = Edited { original: body.as_bytes(), kept: 0, copy: Vec::new() };
    let is_helper = Helper::is_one(edited.original);
    let start = reader.original_position();
    function.read_locals(&mut reader)?;
    reader.set_features(*function.features());
    while !reader.eof() {
        let at = reader.original_position();
        let mut instruction = reader.clone();
        let opcode = instruction.read_u8().unwrap_or_default();
        let visited = reader.visit_operator(&mut function.visitor(at));
        visited.and_then(|result| result)?;
        let mut is_call = matches!(opcode, CALL | CALL_INDIRECT);
        if matches!(opcode, CALL | CALL_INDIRECT | MEMORY_SIZE | MEMORY_GROW | PREFIXED)
            && !is_helper
            && let Some(other) =
                replacement(opcode, reader.original_position() - at, &mut instruction, numbers)
        {
            is_call |= other.first() == Some(&CALL);
            edited.replace((at - start) as usize, (reader.original_position() - start) as usize, &other);
        }
        calls += u32::from(is_call);
        values = values.max(function.operand_stack_height());
        let depth = function.control_stack_height();
        let is_unreached = function.get_control_frame(0).is_some_and(|frame| frame.unreachable);
        match unreached_from {
            Some(from) if depth > from || (depth == from && is_unreached) => unreached += 1,
            _ => unreached_from = is_unreached.then_some(depth),
        }
    }
    reader.finish_expression(&function.visitor(reader.original_position()))?;
    let values = values + unreached + function.len_locals();
    if values.saturating_add(calls) <= MAX_VALUES_AND_CALLS {
        return Ok(edited.finish());
    }
    Err(ModuleError::FunctionTooLarge { function: function.index(), values, calls })
}

/// The replacement of a valid instruction with this length, if there is one. The reader is at its operands.
fn replacement(
    opcode: u8,
    len: u64,
    instruction: &mut BinaryReader<'_>,
    numbers: &mut Numbers,
) -> Option<Vec<u8>> {
    let first = instruction.read_var_u32().ok()?;
    let called = match (opcode, first) {
        (CALL, function) => Some(numbers.of(function)).filter(|other| *other != function)?,
        (MEMORY_SIZE, _) => numbers.of_helper(Helper::Size),
        (MEMORY_GROW, _) => numbers.of_helper(Helper::Grow),
        (PREFIXED, MEMORY_COPY) => numbers.of_helper(Helper::Copy),
        (PREFIXED, MEMORY_FILL) => numbers.of_helper(Helper::Fill),
        // A conversion, which has no operands; wasm3 reads its number as one byte.
        (PREFIXED, conversion) => return (len > 2).then(|| vec![PREFIXED, conversion as u8]),
        // Table 0, the only one; wasm3 reads the index as one byte.
        (_, ty) => {
            instruction.read_u8().ok().filter(|table| *table != 0)?;
            let mut out = vec![CALL_INDIRECT];
            leb128(&mut out, u64::from(ty));
            out.push(0);
            return Some(out);
        }
    };
    let mut out = vec![CALL];
    leb128(&mut out, u64::from(called));
    Some(out)
}

/// A body with replaced instructions.
struct Edited<'a> {
    original: &'a [u8],
    /// The end of the part of the original that is already copied.
    kept: usize,
    copy: Vec<u8>,
}

impl Edited<'_> {
    fn replace(&mut self, start: usize, end: usize, other: &[u8]) {
        self.copy.extend_from_slice(&self.original[self.kept..start]);
        self.copy.extend_from_slice(other);
        self.kept = end;
    }

    /// The copy, if it differs.
    fn finish(mut self) -> Option<Vec<u8>> {
        (self.kept > 0).then(|| {
            self.copy.extend_from_slice(&self.original[self.kept..]);
            self.copy
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::limits::MAX_VALUES_AND_CALLS;
    use crate::{For, check};

    /// A module whose `gather` has this body, with another function that takes an `i32`.
    fn module(body: &[u8]) -> Vec<u8> {
        let mut out = b"\0asm\x01\0\0\0\x01\x0a\x02\x60\0\x01\x7f\x60\x01\x7f\x01\x7f".to_vec();
        out.extend(b"\x03\x03\x02\0\x01\x05\x03\x01\0\x01");
        out.extend(b"\x07\x13\x02\x06gather\0\0\x06memory\x02\0");
        let leb = |value: usize| {
            let mut bytes = Vec::new();
            crate::leb128(&mut bytes, value as u64);
            bytes
        };
        let bodies = [&leb(body.len()), body, b"\x04\0\x20\0\x0b"].concat();
        let code = [&[2], &*bodies].concat();
        [out, vec![10], leb(code.len()), code].concat()
    }

    fn is_refused(body: &[u8]) -> bool {
        match check(&module(body), 1 << 20, For::Wasm3) {
            Ok(_) => false,
            Err(reason) => {
                assert!(reason.to_string().contains("its function 0 is too large"), "{reason}");
                true
            }
        }
    }

    #[test]
    fn calls_within_calls() {
        let body = |calls: usize| [&b"\0\x41\0"[..], &b"\x10\x01".repeat(calls), b"\x0b"].concat();
        let most = MAX_VALUES_AND_CALLS as usize - 1;
        assert!(!is_refused(&body(most)));
        assert!(is_refused(&body(most + 1)));
    }

    #[test]
    fn operands_at_once() {
        let body = |values: usize| {
            [&b"\0"[..], &b"\x41\0".repeat(values), &b"\x6a".repeat(values - 1), b"\x0b"].concat()
        };
        assert!(!is_refused(&body(MAX_VALUES_AND_CALLS as usize)));
        assert!(is_refused(&body(MAX_VALUES_AND_CALLS as usize + 1)));
    }

    #[test]
    fn what_is_not_reached_counts_wherever_it_lies() {
        // Nested blocks, each left with some values.
        let level = [&b"\x02\x40"[..], &b"\x41\0".repeat(50), b"\x0c\0"].concat();
        let body = |levels: usize| {
            [&b"\0"[..], &level.repeat(levels), &b"\x0b".repeat(levels), b"\x41\0\x0b"].concat()
        };
        assert!(!is_refused(&body(60)));
        assert!(is_refused(&body(80)));
        // The code after the block is reachable again.
        let one = [&*level, b"\x0b"].concat();
        assert!(!is_refused(&[&b"\0"[..], &one.repeat(100), b"\x41\0\x0b"].concat()));
    }
}
