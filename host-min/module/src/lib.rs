//! Internal to host-min, without any promise of stability: reads a module before anything of it runs.
//!
//! Is it valid, does it keep the contract, what does it declare?
//!
//! [`check`] validates the whole module with wasmparser and makes the copy that an engine gets: without
//! custom sections, without the start section (the host calls that function itself, once the imports are
//! linked), with the run's memory limit as the memory's maximum, so that growing beyond it fails as the
//! specification says in every engine, and with the table's elements in ascending order. [`manifest_bytes`] reads the manifest alone, which is quicker.
#![forbid(unsafe_code)]

mod body;
mod elements;

use wagather_abi::limits::MAX_MANIFEST_BYTES;
use wagather_abi::{
    ABI_VERSION, EXPORT_GATHER, EXPORT_MEMORY, HEAP_PREFIX, IMPORT_MODULE, Import, ResultType, manifest,
};
use wagather_base::limits::MAX_TABLE_ELEMENTS;
use wasmparser::{
    CompositeInnerType, ConstExpr, DataKind, ExternalKind, FuncType, Operator, Parser, Payload, TypeRef,
    ValType, ValidPayload, Validator, WasmFeatures,
};

const PAGE_BYTES: u64 = 64 << 10;

/// A module that was validated, and the copy of it for an engine.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The module as an engine gets it.
    pub bytes: Vec<u8>,
    /// What it imports.
    pub imports: Vec<Import>,
    /// The index of the function that it exports as `gather`.
    pub gather: u32,
    /// Its start function, if it has one.
    pub start: Option<Start>,
    /// Pages of memory that it starts with.
    pub initial_pages: u64,
    /// Pages of memory that it says it may grow to.
    pub declared_maximum_pages: Option<u64>,
    /// Functions with a body.
    pub functions: u32,
    /// Bytes that its data segments put into memory.
    pub data_bytes: u64,
}

/// A start function, which is not in the engine's copy.
#[derive(Clone, Copy, Debug)]
pub struct Start {
    /// The function's index.
    pub function: u32,
    /// Where in the copy its section would be.
    at_byte: usize,
}

impl Checked {
    /// The copy with its start section, for an engine that calls nothing but exports.
    pub fn bytes_with_start(&self) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        if let Some(start) = self.start {
            let (mut contents, mut start_section) = (Vec::new(), Vec::new());
            leb128(&mut contents, u64::from(start.function));
            section(&mut start_section, 8, &contents);
            bytes.splice(start.at_byte..start.at_byte, start_section);
        }
        bytes
    }

    /// The size of the memory at the start.
    pub const fn initial_bytes(&self) -> u64 {
        self.initial_pages * PAGE_BYTES
    }
}

/// The contents of the module's manifest section.
pub fn manifest_bytes(module: &[u8]) -> Result<&[u8], String> {
    is_wasm(module)?;
    let mut found = None;
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::CustomSection(section) = payload.map_err(|error| invalid(&error))?
            && section.name() == manifest::SECTION
            && found.replace(section.data()).is_some()
        {
            return Err(format!("it has two custom sections '{}'", manifest::SECTION));
        }
    }
    match found {
        None => Err(format!(
            "it has no custom section '{}', so it does not say what it reads; the SDK's gatherer! macro makes one",
            manifest::SECTION
        )),
        Some(bytes) if bytes.len() > MAX_MANIFEST_BYTES => {
            Err(format!("its manifest has {} bytes; {MAX_MANIFEST_BYTES} is the most", bytes.len()))
        }
        Some(bytes) => Ok(bytes),
    }
}

/// Validates a module and checks it against the contract.
pub fn check(module: &[u8], memory_limit_bytes: u64) -> Result<Checked, String> {
    is_wasm(module)?;
    let mut reading = Reading::default();
    let mut validator = Validator::new_with_features(WasmFeatures::WASM1);
    let mut allocations = wasmparser::FuncValidatorAllocations::default();
    reading.bytes.extend_from_slice(&module[..8]);
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload.map_err(|error| invalid(&error))?;
        match validator.payload(&payload).map_err(|error| invalid(&error))? {
            ValidPayload::Func(function, body) => {
                let mut function = function.into_validator(allocations);
                body::validate(&mut function, &body)?;
                allocations = function.into_allocations();
                reading.functions += 1;
            }
            _ => reading.payload(module, &payload, memory_limit_bytes)?,
        }
    }
    reading.finish()
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
        [b'\0', b'a', b's', b'm', ..] => {
            "it is a WebAssembly module of another version than 1, or cut short".into()
        }
        [b'(', ..] => "it is WebAssembly text; make a module of it with wat2wasm".into(),
        [0x1f, 0x8b, ..] => "it is compressed; unpack it first".into(),
        _ => "it is not a WebAssembly module".into(),
    })
}

pub(crate) fn invalid(error: &wasmparser::BinaryReaderError) -> String {
    format!("it is not a valid module: {} (at byte {:#x})", error.message(), error.offset())
}

#[derive(Default)]
struct Reading {
    bytes: Vec<u8>,
    types: Vec<FuncType>,
    /// The type of each function, imported ones first.
    function_types: Vec<u32>,
    imports: Vec<Import>,
    memory: Option<(u64, Option<u64>)>,
    table_elements: u64,
    gather: Option<u32>,
    exports_memory: bool,
    start: Option<Start>,
    functions: u32,
    data_bytes: u64,
}

impl Reading {
    fn payload(
        &mut self,
        module: &[u8],
        payload: &Payload<'_>,
        memory_limit_bytes: u64,
    ) -> Result<(), String> {
        match payload {
            Payload::TypeSection(types) => {
                for group in types.clone() {
                    for subtype in group.map_err(|error| invalid(&error))?.into_types() {
                        if let CompositeInnerType::Func(function) = subtype.composite_type.inner {
                            self.types.push(function);
                        }
                    }
                }
            }
            Payload::ImportSection(imports) => {
                for import in imports.clone().into_imports() {
                    let import = import.map_err(|error| invalid(&error))?;
                    self.import(import.module, import.name, import.ty)?;
                }
            }
            Payload::FunctionSection(functions) => {
                for function in functions.clone() {
                    self.function_types.push(function.map_err(|error| invalid(&error))?);
                }
            }
            Payload::MemorySection(memories) => {
                if let Some(memory) = memories.clone().into_iter().next() {
                    let memory = memory.map_err(|error| invalid(&error))?;
                    self.memory = Some((memory.initial, memory.maximum));
                    return self.limited_memory(memory.initial, memory.maximum, memory_limit_bytes);
                }
            }
            Payload::TableSection(tables) => {
                if let Some(table) = tables.clone().into_iter().next() {
                    self.table_elements = table.map_err(|error| invalid(&error))?.ty.initial;
                    if self.table_elements > MAX_TABLE_ELEMENTS {
                        return Err(format!(
                            "its table has {} elements; {MAX_TABLE_ELEMENTS} are the most",
                            self.table_elements
                        ));
                    }
                }
            }
            Payload::ElementSection(segments) => {
                if let Some(contents) = elements::ascending(segments, self.table_elements)? {
                    section(&mut self.bytes, 9, &contents);
                    return Ok(());
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports.clone() {
                    let export = export.map_err(|error| invalid(&error))?;
                    match (export.name, export.kind) {
                        (EXPORT_GATHER, ExternalKind::Func) => self.gather = Some(export.index),
                        (EXPORT_MEMORY, ExternalKind::Memory) => self.exports_memory = true,
                        _ => {}
                    }
                }
            }
            Payload::StartSection { func, .. } => {
                self.start = Some(Start { function: *func, at_byte: self.bytes.len() });
                return Ok(());
            }
            Payload::DataSection(segments) => {
                let memory_bytes = self.memory.map_or(0, |(initial, _)| initial * PAGE_BYTES);
                for segment in segments.clone() {
                    let segment = segment.map_err(|error| invalid(&error))?;
                    let len = segment.data.len() as u64;
                    if let DataKind::Active { offset_expr, .. } = segment.kind {
                        fits("a data segment", "memory", &offset_expr, len, memory_bytes)?;
                    }
                    self.data_bytes += len;
                }
            }
            Payload::CustomSection(_) => return Ok(()),
            _ => {}
        }
        if let Some((id, range)) = payload.as_section() {
            let contents = module.get(range.start as usize..range.end as usize).unwrap_or_default();
            section(&mut self.bytes, id, contents);
        }
        Ok(())
    }

    fn import(&mut self, module: &str, name: &str, ty: TypeRef) -> Result<(), String> {
        let what = format!("{module}.{name}");
        if module != IMPORT_MODULE {
            return Err(
                match module.strip_prefix("wagather_v").and_then(|version| version.parse::<u32>().ok()) {
                    Some(version) => format!(
                        "it is built for version {version} of the ABI (it imports '{what}'); this host speaks version {ABI_VERSION}"
                    ),
                    None if name.starts_with(HEAP_PREFIX) => {
                        "it allocates and has no heap: its source lacks 'wagather::heap!();'".to_owned()
                    }
                    None => format!(
                        "it imports '{what}', which this host does not have; a gatherer imports from '{IMPORT_MODULE}' alone"
                    ),
                },
            );
        }
        let TypeRef::Func(index) = ty else {
            return Err(format!("it imports '{what}', which is not imported as a function"));
        };
        let Some(import) = Import::by_name(name) else {
            return Err(format!("it imports '{what}', which version {ABI_VERSION} of the ABI does not have"));
        };
        if self.imports.contains(&import) {
            return Err(format!("it imports '{what}' twice"));
        }
        let row = import.row();
        let result = match row.result {
            ResultType::I32 => ValType::I32,
            ResultType::I64 => ValType::I64,
        };
        let fits = self.types.get(index as usize).is_some_and(|function| {
            function.results() == [result]
                && function.params().len() == row.params.len()
                && function.params().iter().all(|param| *param == ValType::I32)
        });
        if !fits {
            return Err(format!("it imports '{what}' with another type than the ABI gives it"));
        }
        self.imports.push(import);
        self.function_types.push(index);
        Ok(())
    }

    /// Writes the memory section with a maximum that the run allows.
    fn limited_memory(&mut self, initial: u64, maximum: Option<u64>, limit_bytes: u64) -> Result<(), String> {
        let limit = limit_bytes / PAGE_BYTES;
        if initial > limit {
            return Err(format!(
                "it starts with {} KiB of memory; this run gives {} KiB (--memory)",
                initial * PAGE_BYTES / 1024,
                limit_bytes / 1024
            ));
        }
        // wasm3 takes a maximum of 0 for none.
        let maximum = maximum.unwrap_or(u64::MAX).min(limit).max(1);
        let mut contents = vec![1, 1];
        leb128(&mut contents, initial);
        leb128(&mut contents, maximum);
        section(&mut self.bytes, 5, &contents);
        Ok(())
    }

    fn finish(self) -> Result<Checked, String> {
        let gather = self.gather.ok_or_else(|| format!("it exports no function '{EXPORT_GATHER}'"))?;
        let fits = self
            .function_types
            .get(gather as usize)
            .and_then(|&index| self.types.get(index as usize))
            .is_some_and(|function| function.params().is_empty() && function.results() == [ValType::I32]);
        if !fits {
            return Err(format!("its export '{EXPORT_GATHER}' is not of the type () -> i32"));
        }
        if (gather as usize) < self.imports.len() {
            return Err(format!("its export '{EXPORT_GATHER}' is an import"));
        }
        let (true, Some((initial_pages, declared_maximum_pages))) = (self.exports_memory, self.memory) else {
            return Err(format!("it exports no memory as '{EXPORT_MEMORY}'"));
        };
        Ok(Checked {
            bytes: self.bytes,
            imports: self.imports,
            gather,
            start: self.start,
            initial_pages,
            declared_maximum_pages,
            functions: self.functions,
            data_bytes: self.data_bytes,
        })
    }
}

/// Checks that a segment lies within its memory or table, and says where. The specification leaves that to the instantiation; wasm3 would
/// read an address above 2 GiB as one below zero, and copy the segment in front of the memory.
pub fn fits(what: &str, place: &str, offset: &ConstExpr<'_>, len: u64, size: u64) -> Result<u64, String> {
    let offset = match offset.get_operators_reader().read() {
        Ok(Operator::I32Const { value }) => u64::from(value.cast_unsigned()),
        // A global that is not imported cannot stand there, and no global is.
        _ => return Err(format!("{what} of it has no constant address")),
    };
    if offset + len <= size {
        return Ok(offset);
    }
    Err(format!("{what} of it, {len} at {offset}, lies beyond its {place} of {size}"))
}

fn section(out: &mut Vec<u8>, id: u8, contents: &[u8]) {
    out.push(id);
    leb128(out, contents.len() as u64);
    out.extend_from_slice(contents);
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
