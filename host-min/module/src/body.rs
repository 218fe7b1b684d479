//! Validates a function's body, bounds what it may ask of an engine's compiler, and replaces what engines have not got.
//!
//! Validity alone does not do for wasm3 0.4.7. Its compiler has room for 4,000 slots in a function. Where it gives out
//! slots one by one it looks at that limit; but the result of a call goes to the slot above all others in use, and nobody looks
//! whether that one exists. Calls within calls, `f(f(f(…)))`, climb a slot each, and beyond the last one the compiler writes
//! over the engine's own state. No limit of the specification stops that, so there is one here.
//!
//! The bound: a value takes one slot, constants take 120 in a function, and a call leaves its result at most one slot above
//! what was there. In code that is never reached wasm3 keeps values that the specification drops, so each instruction of such
//! code counts as a value. Hence `values + calls + 120` slots.
//!
//! What is replaced, is replaced one instruction by one, with the same operands and results: `memory.size`, `memory.grow`, `memory.copy` and
//! `memory.fill` by a call of a [`Helper`], and numbers that are written with more bytes than wasm3 reads. So the values of
//! the copy are those that were counted, and a call that takes an instruction's place is counted as a call. (A test has
//! copies checked again.)

use crate::helpers::Helper;
use crate::{invalid, leb128};
use wasmparser::{BinaryReader, FuncValidator, FunctionBody, WasmModuleResources};

/// Values of a function at once, and its calls: what fits into wasm3's 4,000 slots, less 120 for constants and some to spare.
pub(super) const MAX_VALUES_AND_CALLS: u32 = 3_800;

const CALL: u8 = 0x10;
const CALL_INDIRECT: u8 = 0x11;
const MEMORY_SIZE: u8 = 0x3f;
const MEMORY_GROW: u8 = 0x40;
const PREFIXED: u8 = 0xfc;
const MEMORY_COPY: u32 = 10;
const MEMORY_FILL: u32 = 11;

/// What the functions of a copy have in common.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// The number in the copy of each function, or empty if all stay.
    pub(super) functions: Vec<u32>,
    /// The number of the first helper.
    pub(super) first_helper: u32,
    /// The helpers that are called.
    pub(super) helpers: Vec<Helper>,
}

impl Numbers {
    /// The number of a function in the copy.
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

/// Validates a body against its validator. Answers with the body of the copy, if it is another.
pub(super) fn validate<T: WasmModuleResources>(
    function: &mut FuncValidator<T>,
    body: &FunctionBody<'_>,
    numbers: &mut Numbers,
) -> Result<Option<Vec<u8>>, String> {
    let (mut values, mut calls, mut unreached) = (0_u32, 0_u32, 0_u32);
    // How deep the block lies whose rest is not reached.
    let mut unreached_from = None;
    let mut reader = body.get_binary_reader();
    let mut edited = Edited { original: body.as_bytes(), kept: 0, copy: Vec::new() };
    let is_helper = Helper::is_one(edited.original);
    let start = reader.original_position();
    function.read_locals(&mut reader).map_err(|error| invalid(&error))?;
    reader.set_features(*function.features());
    while !reader.eof() {
        let at = reader.original_position();
        let mut instruction = reader.clone();
        let opcode = instruction.read_u8().unwrap_or_default();
        let visited = reader.visit_operator(&mut function.visitor(at));
        visited.and_then(|result| result).map_err(|error| invalid(&error))?;
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
    reader
        .finish_expression(&function.visitor(reader.original_position()))
        .map_err(|error| invalid(&error))?;
    let values = values + unreached + function.len_locals();
    if values.saturating_add(calls) <= MAX_VALUES_AND_CALLS {
        return Ok(edited.finish());
    }
    Err(format!(
        "its function {} is too large: {values} parameters, locals and operands, and {calls} calls; together they may be at most {MAX_VALUES_AND_CALLS}. Split it",
        function.index()
    ))
}

/// What takes the place of a valid instruction of such a length, whose numbers the reader is at, if anything does.
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
        // A conversion, which has nothing behind its number; wasm3 reads a byte of it.
        (PREFIXED, conversion) => return (len > 2).then(|| vec![PREFIXED, conversion as u8]),
        // Table 0, the only one; wasm3 reads a byte.
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

/// A body in which instructions are replaced.
struct Edited<'a> {
    original: &'a [u8],
    /// Up to where the original is in the copy.
    kept: usize,
    copy: Vec<u8>,
}

impl Edited<'_> {
    fn replace(&mut self, start: usize, end: usize, other: &[u8]) {
        self.copy.extend_from_slice(&self.original[self.kept..start]);
        self.copy.extend_from_slice(other);
        self.kept = end;
    }

    /// The copy, if anything was replaced.
    fn finish(mut self) -> Option<Vec<u8>> {
        (self.kept > 0).then(|| {
            self.copy.extend_from_slice(&self.original[self.kept..]);
            self.copy
        })
    }
}

#[cfg(test)]
mod tests {
    use super::MAX_VALUES_AND_CALLS;
    use crate::{For, check};

    /// A module whose `gather` has this body, and that has a function of an `i32` to call.
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
                assert!(reason.contains("its function 0 is too large"), "{reason}");
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
        // Blocks within each other, each left after some values.
        let level = [&b"\x02\x40"[..], &b"\x41\0".repeat(50), b"\x0c\0"].concat();
        let body = |levels: usize| {
            [&b"\0"[..], &level.repeat(levels), &b"\x0b".repeat(levels), b"\x41\0\x0b"].concat()
        };
        assert!(!is_refused(&body(60)));
        assert!(is_refused(&body(80)));
        // What follows the block is reached again.
        let one = [&*level, b"\x0b"].concat();
        assert!(!is_refused(&[&b"\0"[..], &one.repeat(100), b"\x41\0\x0b"].concat()));
    }
}
