//! The WebAssembly features that a module may use, and advice for modules that use others.

use crate::For;
use std::fmt;
use wasmparser::WasmFeatures;

/// WebAssembly 1.0, and the features that compilers use by default and that a copy for wasm3 can replace (see
/// [`body`](super::body)): sign extension and saturating conversions, which every engine supports; `memory.copy` and
/// `memory.fill`; and padded table numbers.
pub(super) const ACCEPTED: WasmFeatures = WasmFeatures::WASM1
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::BULK_MEMORY_OPT)
    .union(WasmFeatures::CALL_INDIRECT_OVERLONG);

/// Features that only wasmi supports.
const OF_WASMI: WasmFeatures = WasmFeatures::MULTI_VALUE
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::TAIL_CALL)
    .union(WasmFeatures::EXTENDED_CONST);

/// The features that a module for this engine may use.
pub(super) const fn accepted(engine: For) -> WasmFeatures {
    match engine {
        For::Wasm3 => ACCEPTED,
        For::Wasmi => ACCEPTED.union(OF_WASMI),
    }
}

/// An unsupported feature: its name for users, LLVM's name, and AssemblyScript's name if it has one.
const OTHERS: [(WasmFeatures, &str, &str, &str); 8] = [
    (WasmFeatures::SIMD, "SIMD", "simd128", "simd"),
    (WasmFeatures::MULTI_VALUE, "functions or blocks with multiple results", "multivalue", ""),
    (WasmFeatures::REFERENCE_TYPES, "reference types", "reference-types", "reference-types"),
    (WasmFeatures::BULK_MEMORY, "passive segments", "bulk-memory", "bulk-memory"),
    (WasmFeatures::TAIL_CALL, "tail calls", "tail-call", ""),
    (WasmFeatures::EXCEPTIONS, "exceptions", "exception-handling", ""),
    (WasmFeatures::THREADS, "threads", "atomics", "threads"),
    (WasmFeatures::EXTENDED_CONST, "computed constants", "extended-const", ""),
];

/// Explains an error of the validator. If the module uses an unsupported feature, says how to compile without it.
pub(super) fn explain(error: &wasmparser::Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (message, at) = (error.message(), error.offset());
    let missing = match error.missing_wasm_feature() {
        // This build of the parser does not know SIMD instructions.
        None if message.starts_with("unexpected SIMD opcode") => WasmFeatures::SIMD,
        None => return write!(f, "it is not a valid module: {message} (at byte {at:#x})"),
        Some(missing) => missing,
    };
    let Some((_, name, llvm, asc)) = OTHERS.into_iter().find(|other| other.0.contains(missing)) else {
        return write!(
            f,
            "it uses a feature of WebAssembly that a gatherer cannot have: {message} (at byte {at:#x})"
        );
    };
    let who = if OF_WASMI.contains(missing) { "wasm3" } else { "a gatherer" };
    let zig = llvm.replace('-', "_");
    write!(
        f,
        "it uses {name}, which {who} cannot have (at byte {at:#x}). Compile it without: clang -mno-{llvm}; zig -mcpu=baseline-{zig}; rustc -C target-feature=-{llvm}"
    )?;
    if asc.is_empty() { Ok(()) } else { write!(f, "; asc --disable {asc}") }
}
