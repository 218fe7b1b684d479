//! Internal to host-min, without any promise of stability: reads a module before anything of it runs.
//!
//! Is it valid, does it keep the contract, what does it declare?
//!
//! [`check`] validates the whole module with wasmparser. wasmi gets the module as it is. For wasm3 it makes a copy: without
//! custom sections, without the start section (the host calls that function itself, once the imports are
//! linked), with the run's memory limit as the memory's maximum, so that growing beyond it fails as the
//! specification says, with the table's elements in ascending order, with each import once, and with functions in
//! place of what compilers use and wasm3 has not got. [`check_but_bodies`] leaves the functions' bodies, as wasm3 compiles
//! each when it is called first: [`Bodies`] validates it then. [`manifest_bytes`] reads the manifest alone, which is quicker.
#![forbid(unsafe_code)]

mod bodies;
mod body;
mod copy;
mod elements;
mod features;
mod helpers;
mod reading;
mod section;
#[cfg(test)]
mod tests;
pub mod wasi;

pub use bodies::{Bodies, Body};
pub use section::{manifest_bytes, with_manifest};

use reading::Reading;
use std::borrow::Cow;
use wagather_abi::Import;
use wasi::Wasi;

use wasmparser::{ConstExpr, Operator, Parser, Payload, ValidPayload, Validator};

const PAGE_BYTES: u64 = 64 << 10;

/// Which engine a module is checked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For {
    /// wasm3, which gets a copy.
    Wasm3,
    /// wasmi, which gets the module itself.
    Wasmi,
}

/// A module that was validated, and what an engine gets of it.
#[derive(Clone, Debug)]
pub struct Checked<'a> {
    /// The module as the engine gets it.
    pub bytes: Cow<'a, [u8]>,
    /// What it imports.
    pub imports: Vec<Imported>,
    /// What it imports of WASI that is refused. A copy has functions of its own for these.
    pub refused: Vec<wasi::Refused>,
    /// The gatherer's name, if it imports WASI.
    pub wasi: Option<String>,
    /// The index of the function that it exports as `gather`, or as `_start` if it is a command of WASI.
    pub gather: u32,
    /// Whether it is a command of WASI, whose function has no result.
    pub is_command: bool,
    /// Its start function, if it has one.
    pub start: Option<Start>,
    /// The index of the function that it exports as `_initialize`, to be called once before `gather`, if it has one.
    pub initialize: Option<u32>,
    /// Pages of memory that it starts with.
    pub initial_pages: u64,
    /// How much memory the run gives it.
    pub memory_limit_bytes: u64,
    /// Pages of memory that it says it may grow to.
    pub declared_maximum_pages: Option<u64>,
    /// Functions with a body.
    pub functions: u32,
    /// Bytes that its data segments put into memory.
    pub data_bytes: u64,
}

/// A function that a module imports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Imported {
    /// Of the contract.
    Host(Import),
    /// Of WASI.
    Wasi(Wasi),
    /// [`ABORT`] of AssemblyScript.
    Abort,
}

/// The module that AssemblyScript's programs import [`ABORT`] from.
pub const ABORT_MODULE: &str = "env";

/// What AssemblyScript's programs call when they cannot go on: with a message, a file, a line and a column. It does not come back.
pub const ABORT: &str = "abort";

impl Imported {
    /// The name that it is imported by.
    pub fn name(self) -> &'static str {
        match self {
            Imported::Host(import) => import.row().name,
            Imported::Wasi(wasi) => wasi.name(),
            Imported::Abort => ABORT,
        }
    }
}

/// A start function, which is not in a copy.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    /// The function's index.
    pub function: u32,
    /// Where in the copy its section would be.
    at_byte: usize,
}

impl Checked<'_> {
    /// The copy with its start section.
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

    /// The size of the memory at the start.
    pub const fn initial_bytes(&self) -> u64 {
        self.initial_pages * PAGE_BYTES
    }
}

/// Validates a module and checks it against the contract.
pub fn check(module: &[u8], memory_limit_bytes: u64, engine: For) -> Result<Checked<'_>, String> {
    read(module, memory_limit_bytes, engine, None)
}

/// Validates everything but the functions' bodies, for wasm3. The copy has empty ones in their place. Before wasm3 compiles a function, it
/// must get its body from [`Bodies::check`].
pub fn check_but_bodies(module: &[u8], memory_limit_bytes: u64) -> Result<(Checked<'_>, Bodies<'_>), String> {
    let mut bodies = Bodies::of(module);
    read(module, memory_limit_bytes, For::Wasm3, Some(&mut bodies)).map(|checked| (checked, bodies))
}

/// Reads a module. With `bodies`, the functions' bodies are recorded there and not validated.
fn read<'a>(
    module: &'a [u8],
    memory_limit_bytes: u64,
    engine: For,
    mut bodies: Option<&mut Bodies<'a>>,
) -> Result<Checked<'a>, String> {
    is_wasm(module)?;
    let mut reading = Reading::new(module, engine, memory_limit_bytes);
    let mut validator = Validator::new_with_features(features::accepted(engine));
    let mut allocations = wasmparser::FuncValidatorAllocations::default();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload.map_err(|error| invalid(&error))?;
        // How many data segments there are: the parser compares, and no instruction that wasm3 gets names one.
        if matches!(payload, Payload::DataCountSection { .. }) && engine == For::Wasm3 {
            continue;
        }
        match validator.payload(&payload).map_err(|error| invalid(&error))? {
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

fn is_wasm(module: &[u8]) -> Result<(), String> {
    if module.starts_with(b"\0asm\x01\0\0\0") {
        return Ok(());
    }
    Err(match module {
        [] => "it is empty".into(),
        [b'\0', b'a', b's', b'm', 0x0d, 0, 1, 0, ..] => {
            "it is a WebAssembly component; a gatherer is a core module (target wasm32v1-none)".into()
        }
        [b'\0', b'a', b's', b'm', ..] => "it is not version 1 of WebAssembly, or it is truncated".into(),
        [b'(', ..] => "it is WebAssembly text; compile it with wat2wasm".into(),
        [0x1f, 0x8b, ..] => "it is compressed; unpack it first".into(),
        _ => "it is not a WebAssembly module".into(),
    })
}

pub(crate) fn invalid(error: &wasmparser::BinaryReaderError) -> String {
    features::unsupported(error).unwrap_or_else(|| {
        format!("it is not a valid module: {} (at byte {:#x})", error.message(), error.offset())
    })
}

/// Checks that a segment lies within its memory or table, and says where. The specification leaves that to the instantiation; wasm3 would
/// read an address above 2 GiB as one below zero, and copy the segment in front of the memory. `None` if its address is computed,
/// which only wasmi does.
pub(crate) fn fits(
    what: &str,
    place: &str,
    offset: &ConstExpr<'_>,
    len: u64,
    size: u64,
) -> Result<Option<u64>, String> {
    let mut operators = offset.get_operators_reader();
    let (Ok(Operator::I32Const { value }), Ok(Operator::End)) = (operators.read(), operators.read()) else {
        return Ok(None);
    };
    let offset = u64::from(value.cast_unsigned());
    if offset + len <= size {
        return Ok(Some(offset));
    }
    Err(format!("its {what}, {len} at {offset}, exceeds its {place} of {size}"))
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
