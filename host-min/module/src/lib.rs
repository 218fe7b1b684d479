//! Internal to host-min, without any promise of stability: checks a module before anything of it runs.
//!
//! It answers three questions: is the module valid, does it meet the contract, and what does it declare?
//!
//! [`check`] validates the whole module with wasmparser. wasmi gets the original module. wasm3 gets a copy that
//! differs in these ways:
//!
//! - It has no custom sections, and no start section (the host calls the start function itself, once the imports are
//!   linked).
//! - The run's memory limit is the memory's maximum, so growing beyond it fails as the specification says.
//! - The table's elements are in ascending order, and each import occurs once.
//! - Functions replace the instructions that compilers use and wasm3 lacks.
//!
//! wasm3 compiles a function at its first call, so [`check_but_bodies`] skips the functions' bodies, and [`Bodies`]
//! validates each one later. [`manifest_bytes`] reads only the manifest, which is faster.
#![forbid(unsafe_code)]

mod bodies;
mod body;
mod copy;
mod elements;
mod error;
mod features;
mod helpers;
mod limits;
mod reading;
mod section;
#[cfg(test)]
mod tests;
pub mod wasi;

pub use bodies::{Bodies, Body};
pub use error::{FormatError, ImportError, Interface, ModuleError, Segment};
pub use section::{manifest_bytes, with_manifest};

use reading::Reading;
use std::borrow::Cow;
use wagather_abi::Import;
use wasi::Wasi;

use wasmparser::{ConstExpr, Parser, Payload, ValidPayload, Validator};

const PAGE_BYTES: u64 = 64 << 10;

/// The engine that a module is checked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For {
    /// wasm3, which gets a copy.
    Wasm3,
    /// wasmi, which gets the original module.
    Wasmi,
}

/// A validated module, in the form for an engine.
#[derive(Clone, Debug)]
pub struct Checked<'a> {
    /// The module for the engine.
    pub bytes: Cow<'a, [u8]>,
    /// Its imports.
    pub imports: Vec<Imported>,
    /// Its imports from WASI that the host refuses. A copy has its own functions for these.
    pub refused: Vec<wasi::Refused>,
    /// The gatherer's name, if it imports WASI.
    pub wasi: Option<String>,
    /// The index of the function that it exports as `gather`, or as `_start` if it is a WASI command.
    pub gather: u32,
    /// Whether it is a WASI command, whose function has no result.
    pub is_command: bool,
    /// Its start function, if it has one.
    pub start: Option<Start>,
    /// The index of the function that it exports as `_initialize`, which is called once before `gather`.
    pub initialize: Option<u32>,
    /// The initial size of its memory, in pages.
    pub initial_pages: u64,
    /// The run's memory limit.
    pub memory_limit_bytes: u64,
    /// The maximum size of its memory that it declares, in pages.
    pub declared_maximum_pages: Option<u64>,
    /// Functions with a body.
    pub functions: u32,
    /// The total size of its data segments.
    pub data_bytes: u64,
}

/// An imported function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Imported {
    /// A function of the contract.
    Host(Import),
    /// A function of WASI.
    Wasi(Wasi),
    /// AssemblyScript's [`ABORT`].
    Abort,
}

/// The module from which AssemblyScript programs import [`ABORT`].
pub const ABORT_MODULE: &str = "env";

/// The function that an AssemblyScript program calls to abort, with a message, a file, a line and a column. It does
/// not return.
pub const ABORT: &str = "abort";

impl Imported {
    /// The name of the import.
    pub fn name(self) -> &'static str {
        match self {
            Imported::Host(import) => import.row().name,
            Imported::Wasi(wasi) => wasi.name(),
            Imported::Abort => ABORT,
        }
    }
}

/// A start function. A copy does not contain its section.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    /// The function's index.
    pub function: u32,
    /// The offset in the copy where its section would be.
    at_byte: usize,
}

impl Checked<'_> {
    /// The copy, with its start section.
    pub fn bytes_with_start(&self) -> Vec<u8> {
        let mut bytes = self.bytes.to_vec();
        if let Some(start) = self.start {
            let (mut contents, mut start_section) = (Vec::new(), Vec::new());
            leb128(&mut contents, u64::from(start.function));
            copy::section(&mut start_section, copy::START, &contents);
            bytes.splice(start.at_byte..start.at_byte, start_section);
        }
        bytes
    }

    /// The initial size of the memory.
    pub const fn initial_bytes(&self) -> u64 {
        self.initial_pages * PAGE_BYTES
    }
}

/// Validates a module and checks it against the contract.
pub fn check(module: &[u8], memory_limit_bytes: u64, engine: For) -> Result<Checked<'_>, ModuleError> {
    read(module, memory_limit_bytes, engine, None)
}

/// Validates everything except the functions' bodies, for wasm3. The copy has empty bodies. Before wasm3 compiles a
/// function, it must get its body from [`Bodies::check`].
pub fn check_but_bodies(
    module: &[u8],
    memory_limit_bytes: u64,
) -> Result<(Checked<'_>, Bodies<'_>), ModuleError> {
    let mut bodies = Bodies::of(module);
    read(module, memory_limit_bytes, For::Wasm3, Some(&mut bodies)).map(|checked| (checked, bodies))
}

/// Reads a module. With `bodies`, it records the functions' bodies there instead of validating them.
fn read<'a>(
    module: &'a [u8],
    memory_limit_bytes: u64,
    engine: For,
    mut bodies: Option<&mut Bodies<'a>>,
) -> Result<Checked<'a>, ModuleError> {
    is_wasm(module)?;
    let mut reading = Reading::new(module, engine, memory_limit_bytes);
    let mut validator = Validator::new_with_features(features::accepted(engine));
    let mut allocations = wasmparser::FuncValidatorAllocations::default();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        // The data count section: the parser checks the number, and no instruction in the copy refers to it.
        if matches!(payload, Payload::DataCountSection { .. }) && engine == For::Wasm3 {
            continue;
        }
        match validator.payload(&payload)? {
            ValidPayload::Func(function, body) => {
                if let Some(bodies) = &mut bodies {
                    bodies.leave(function, &body);
                    reading.left(&body);
                    continue;
                }
                let mut function = function.into_validator(allocations);
                reading.body(module, &body, &mut function)?;
                allocations = function.into_allocations();
            }
            _ => reading.payload(module, &payload)?,
        }
    }
    reading.finish(bodies)
}

fn is_wasm(module: &[u8]) -> Result<(), ModuleError> {
    if module.starts_with(b"\0asm\x01\0\0\0") {
        return Ok(());
    }
    Err(ModuleError::Format(match module {
        [] => FormatError::Empty,
        [b'\0', b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => FormatError::Component,
        [b'\0', b'a', b's', b'm', ..] => FormatError::Version,
        [b'(', ..] => FormatError::Text,
        [0x1f, 0x8b, ..] => FormatError::Gzip,
        _ => FormatError::Unknown,
    }))
}

/// The instruction `i32.const`.
const I32_CONST: u8 = 0x41;
/// The instruction `end`.
const END: u8 = 0x0b;

/// Checks that a segment lies within its memory or table, and returns its address. The specification checks this at
/// instantiation. wasm3 would treat an address above 2 GiB as negative, and copy the segment in front of the memory.
/// `None` if the address is computed, which only wasmi supports.
pub(crate) fn fits(
    segment: Segment,
    offset: &ConstExpr<'_>,
    len: u64,
    size: u64,
) -> Result<Option<u64>, ModuleError> {
    // Two instructions: what reads any has 16 KB.
    let mut expression = offset.get_binary_reader();
    let (Ok(I32_CONST), Ok(value), Ok(END), true) =
        (expression.read_u8(), expression.read_var_i32(), expression.read_u8(), expression.eof())
    else {
        return Ok(None);
    };
    let offset = u64::from(value.cast_unsigned());
    if offset + len <= size {
        return Ok(Some(offset));
    }
    Err(ModuleError::SegmentOutside { segment, len, offset, size })
}

pub(crate) fn leb128(out: &mut Vec<u8>, mut value: u64) {
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        if value == 0 {
            return out.push(low);
        }
        out.push(low | 0x80);
    }
}
