//! Reads a module section by section, checks it against the contract, and builds the copy.

use crate::bodies::{Bodies, NOTHING};
use crate::body::{self, Numbers};
use crate::copy::{self, Copy};
use crate::elements::{self, signed_leb128};
use crate::helpers::Helper;
use crate::section::manifest_bytes;
use crate::wasi::{self, Answer, Refused};
use crate::{
    ABORT, ABORT_MODULE, Checked, For, ImportError, Imported, Interface, ModuleError, PAGE_BYTES, Segment,
    Start, fits, leb128,
};
use std::borrow::Cow;
use std::ops::Range;
use wagather_abi::manifest::Record;
use wagather_abi::{
    EXPORT_GATHER, EXPORT_INITIALIZE, EXPORT_MEMORY, EXPORT_START, HEAP_PREFIX, IMPORT_MODULE, Import,
    ResultType, manifest,
};
use wagather_base::limits::MAX_TABLE_ELEMENTS;
use wasmparser::{
    CompositeInnerType, DataKind, DataSectionReader, Export, ExternalKind, FuncType, FuncValidator,
    FunctionBody, Payload, TypeRef, ValType, WasmModuleResources,
};

#[derive(Default)]
pub(super) struct Reading<'a> {
    copy: Copy<'a>,
    types: Vec<FuncType>,
    /// The type of each function, imported ones first.
    function_types: Vec<u32>,
    imports: Vec<Imported>,
    /// The module, for its manifest.
    module: &'a [u8],
    /// The gatherer's name, once the manifest shows that it may import WASI.
    wasi: Option<String>,
    /// Whether the engine gets a copy.
    is_copied: bool,
    memory_limit_bytes: u64,
    /// Refused imports, with the index of their replacement in the copy.
    refused: Vec<(usize, Refused)>,
    /// The number of imported functions, including repeated ones.
    imported: usize,
    numbers: Numbers,
    memory: Option<(u64, Option<u64>)>,
    table_elements: u64,
    gather: Option<u32>,
    /// The function that it exports as `_start`.
    command: Option<u32>,
    initialize: Option<u32>,
    exports_memory: bool,
    start: Option<u32>,
    functions: u32,
    /// The start of the first body and of the next one in the module.
    code: Range<usize>,
    /// The bodies of the copy so far, if one of them differs from the module's.
    bodies: Option<Vec<u8>>,
    data_bytes: u64,
}

impl<'a> Reading<'a> {
    pub(super) fn new(module: &'a [u8], engine: For, memory_limit_bytes: u64) -> Self {
        Reading { module, is_copied: engine == For::Wasm3, memory_limit_bytes, ..Reading::default() }
    }

    pub(super) fn payload(&mut self, module: &'a [u8], payload: &Payload<'a>) -> Result<(), ModuleError> {
        match payload {
            Payload::TypeSection(types) => {
                for group in types.clone() {
                    for subtype in group?.into_types() {
                        if let CompositeInnerType::Func(function) = subtype.composite_type.inner {
                            self.types.push(function);
                        }
                    }
                }
            }
            Payload::ImportSection(imports) => {
                let mut once = Vec::new();
                for import in imports.clone().into_imports() {
                    let import = import?;
                    if let Some(ty) = self.import(import.module, import.name, import.ty)? {
                        for text in [import.module, import.name] {
                            leb128(&mut once, text.len() as u64);
                            once.extend_from_slice(text.as_bytes());
                        }
                        once.push(0);
                        leb128(&mut once, u64::from(ty));
                    }
                }
                if self.is_copied && self.imports.len() < self.imported {
                    let mut contents = Vec::new();
                    leb128(&mut contents, self.imports.len() as u64);
                    contents.append(&mut once);
                    self.copy.push(copy::IMPORTS, contents);
                    return Ok(());
                }
            }
            Payload::FunctionSection(functions) => {
                for function in functions.clone() {
                    self.function_types.push(function?);
                }
                let defined = self.function_types.len() - self.imported;
                self.numbers.first_helper = (self.imports.len() + defined) as u32;
                if self.is_copied && self.imports.len() < self.imported {
                    let defined = self.imports.len() as u32..self.numbers.first_helper;
                    self.numbers.functions.extend(defined);
                    for (import, Refused { params, number, .. }) in std::mem::take(&mut self.refused) {
                        self.numbers.functions[import] =
                            self.numbers.of_helper(Helper::Refused(params, number));
                    }
                } else {
                    self.numbers.functions.clear();
                }
            }
            Payload::MemorySection(memories) => {
                if let Some(memory) = memories.clone().into_iter().next() {
                    let memory = memory?;
                    self.memory = Some((memory.initial, memory.maximum));
                    return self.limited_memory(memory.initial, memory.maximum);
                }
            }
            Payload::TableSection(tables) => {
                if let Some(table) = tables.clone().into_iter().next() {
                    self.table_elements = table?.ty.initial;
                    if self.table_elements > MAX_TABLE_ELEMENTS {
                        return Err(ModuleError::TableTooLarge(self.table_elements));
                    }
                }
            }
            Payload::ElementSection(segments) if !self.is_copied => {
                elements::fit(segments, self.table_elements)?;
            }
            Payload::ElementSection(segments) => {
                if let Some(contents) =
                    elements::ascending(module, segments, self.table_elements, &self.numbers)?
                {
                    self.copy.push(copy::ELEMENTS, contents);
                    return Ok(());
                }
            }
            Payload::ExportSection(exports) => {
                let mut moved = Vec::new();
                leb128(&mut moved, u64::from(exports.count()));
                for export in exports.clone() {
                    let export = export?;
                    match (export.name, export.kind) {
                        (EXPORT_GATHER, ExternalKind::Func) => self.gather = Some(export.index),
                        (EXPORT_START, ExternalKind::Func) => self.command = Some(export.index),
                        (EXPORT_INITIALIZE, ExternalKind::Func) => self.initialize = Some(export.index),
                        (EXPORT_MEMORY, ExternalKind::Memory) => self.exports_memory = true,
                        _ => {}
                    }
                    self.moved_export(&export, &mut moved);
                }
                if !self.numbers.functions.is_empty() {
                    self.copy.push(copy::EXPORTS, moved);
                    return Ok(());
                }
            }
            Payload::StartSection { func, .. } => {
                self.start = Some(*func);
                return Ok(());
            }
            Payload::CodeSectionStart { unchecked_range, size, .. } => {
                let first = unchecked_range.end.saturating_sub(u64::from(*size)) as usize;
                self.code = first..first;
            }
            Payload::DataSection(segments) => {
                if let Some(contents) = self.data(module, segments)? {
                    self.copy.push(copy::DATA, contents);
                    return Ok(());
                }
            }
            Payload::CustomSection(_) => return Ok(()),
            _ => {}
        }
        if self.is_copied
            && let Some((id, range)) = payload.as_section()
        {
            let contents = module.get(range.start as usize..range.end as usize).unwrap_or_default();
            self.copy.push(id, contents);
        }
        Ok(())
    }

    /// Writes an export, whose function may have another index in the copy.
    fn moved_export(&self, export: &Export<'_>, out: &mut Vec<u8>) {
        leb128(out, export.name.len() as u64);
        out.extend_from_slice(export.name.as_bytes());
        let (kind, index) = match export.kind {
            ExternalKind::Func | ExternalKind::FuncExact => (0, self.numbers.of(export.index)),
            ExternalKind::Table => (1, export.index),
            ExternalKind::Memory => (2, export.index),
            ExternalKind::Global => (3, export.index),
            ExternalKind::Tag => (4, export.index),
        };
        out.push(kind);
        leb128(out, u64::from(index));
    }

    /// Reads a function's body.
    pub(super) fn body<T: WasmModuleResources>(
        &mut self,
        module: &[u8],
        body: &FunctionBody<'_>,
        function: &mut FuncValidator<T>,
    ) -> Result<(), ModuleError> {
        if !self.is_copied {
            self.left(body);
            return Ok(function.validate(body)?);
        }
        let other = body::validate(function, body, &mut self.numbers)?;
        if other.is_some() && self.bodies.is_none() {
            self.bodies = Some(module.get(self.code.clone()).unwrap_or_default().to_vec());
        }
        if let Some(bodies) = &mut self.bodies {
            let bytes = other.as_deref().unwrap_or(body.as_bytes());
            leb128(bodies, bytes.len() as u64);
            bodies.extend_from_slice(bytes);
        }
        self.left(body);
        Ok(())
    }

    /// Counts a function's body that is read later.
    pub(super) fn left(&mut self, body: &FunctionBody<'_>) {
        self.functions += 1;
        self.code.end = body.range().end as usize;
    }

    /// Checks the data segments. Returns the contents of a section that wasm3 can read; `None` if the module's own
    /// section is readable.
    fn data(
        &mut self,
        module: &[u8],
        segments: &DataSectionReader<'_>,
    ) -> Result<Option<Vec<u8>>, ModuleError> {
        let memory_bytes = self.memory.map_or(0, |(initial, _)| initial * PAGE_BYTES);
        let (mut places, mut is_plain) = (Vec::new(), true);
        for segment in segments.clone() {
            let segment = segment?;
            let len = segment.data.len() as u64;
            let place = match &segment.kind {
                DataKind::Active { offset_expr, .. } => fits(Segment::Data, offset_expr, len, memory_bytes)?,
                DataKind::Passive => None,
            };
            places.push((place, segment.data));
            // Otherwise, it names its memory, which is the only one.
            is_plain &= module.get(segment.range.start as usize) == Some(&0);
            self.data_bytes += len;
        }
        if is_plain || !self.is_copied {
            return Ok(None);
        }
        let mut contents = Vec::new();
        leb128(&mut contents, places.len() as u64);
        for (offset, data) in places {
            let offset = offset.ok_or(ModuleError::ComputedAddress(Segment::Data))?;
            // Memory 0; i32.const offset; end
            contents.extend([0, 0x41]);
            signed_leb128(&mut contents, offset);
            contents.push(0x0b);
            leb128(&mut contents, data.len() as u64);
            contents.extend_from_slice(data);
        }
        Ok(Some(contents))
    }

    /// Reads an import. Returns the index of its type at the first occurrence.
    fn import(&mut self, module: &str, name: &str, ty: TypeRef) -> Result<Option<u32>, ModuleError> {
        let refused = |reason| Err(ModuleError::Import { name: format!("{module}.{name}"), reason });
        if module == wasi::MODULE {
            return self.import_of_wasi(name, ty);
        }
        if (module, name) == (ABORT_MODULE, ABORT) {
            return self.import_of_abort(ty);
        }
        if module != IMPORT_MODULE {
            return refused(match module.strip_prefix("wagather_v").map(str::parse) {
                Some(Ok(version)) => ImportError::OtherVersion(version),
                _ if name.starts_with(HEAP_PREFIX) => ImportError::NoHeap,
                _ => ImportError::UnknownModule,
            });
        }
        let TypeRef::Func(index) = ty else { return refused(ImportError::NotAFunction) };
        let Some(import) = Import::by_name(name) else { return refused(ImportError::NotInAbi) };
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
            return refused(ImportError::Type(Interface::Abi));
        }
        Ok(self.add_import(Imported::Host(import), index))
    }

    fn add_import(&mut self, import: Imported, ty: u32) -> Option<u32> {
        self.function_types.push(ty);
        self.imported += 1;
        let place = self.imports.iter().position(|other| *other == import);
        self.numbers.functions.push(place.unwrap_or(self.imports.len()) as u32);
        if place.is_none() {
            self.imports.push(import);
        }
        place.is_none().then_some(ty)
    }

    /// AssemblyScript programs always import it, to abort.
    fn import_of_abort(&mut self, ty: TypeRef) -> Result<Option<u32>, ModuleError> {
        let refused = |reason| Err(ModuleError::Import { name: format!("{ABORT_MODULE}.{ABORT}"), reason });
        let TypeRef::Func(index) = ty else { return refused(ImportError::NotAFunction) };
        let fits = self
            .types
            .get(index as usize)
            .is_some_and(|function| function.results().is_empty() && function.params() == [ValType::I32; 4]);
        if !fits {
            return refused(ImportError::Type(Interface::AssemblyScript));
        }
        Ok(self.add_import(Imported::Abort, index))
    }

    fn import_of_wasi(&mut self, name: &str, ty: TypeRef) -> Result<Option<u32>, ModuleError> {
        let refused = |reason| Err(ModuleError::Import { name: format!("{}.{name}", wasi::MODULE), reason });
        if self.wasi.is_none() {
            let Some(name) = self.named_for_wasi()? else { return refused(ImportError::WasiNotDeclared) };
            self.wasi = Some(name);
        }
        let Some((row_name, params, answer)) = wasi::find(name) else {
            return refused(ImportError::NotInWasi);
        };
        let TypeRef::Func(index) = ty else { return refused(ImportError::NotAFunction) };
        if !self.types.get(index as usize).is_some_and(|ty| wasi::fits(params, answer, ty)) {
            return refused(ImportError::Type(Interface::Wasi));
        }
        match answer {
            Answer::Given(wasi) => Ok(self.add_import(Imported::Wasi(wasi), index)),
            Answer::Refused(number) => {
                let name = row_name;
                self.refused.push((self.numbers.functions.len(), Refused { name, params, number }));
                self.function_types.push(index);
                self.imported += 1;
                self.numbers.functions.push(0);
                Ok(None)
            }
        }
    }

    /// The gatherer's name, if its manifest declares WASI.
    fn named_for_wasi(&self) -> Result<Option<String>, ModuleError> {
        let (mut name, mut says) = (None, false);
        for record in manifest::records(manifest_bytes(self.module)?).flatten() {
            match record {
                Record::Gatherer { name: its, .. } => name = Some(its.to_owned()),
                Record::Wasi => says = true,
                _ => {}
            }
        }
        if !says {
            return Ok(None);
        }
        name.map(Some).ok_or(ModuleError::Nameless)
    }

    /// Writes the memory section, with a maximum within the run's limit.
    fn limited_memory(&mut self, initial: u64, maximum: Option<u64>) -> Result<(), ModuleError> {
        let limit_bytes = self.memory_limit_bytes;
        let limit = limit_bytes / PAGE_BYTES;
        if initial > limit {
            return Err(ModuleError::MemoryTooLarge { initial_bytes: initial * PAGE_BYTES, limit_bytes });
        }
        if !self.is_copied {
            return Ok(());
        }
        // wasm3 treats a maximum of 0 as none.
        let maximum = maximum.unwrap_or(u64::MAX).min(limit).max(1);
        let mut contents = vec![1, 1];
        leb128(&mut contents, initial);
        leb128(&mut contents, maximum);
        self.copy.push(copy::MEMORIES, contents);
        Ok(())
    }

    pub(super) fn finish(mut self, bodies: Option<&mut Bodies<'a>>) -> Result<Checked<'a>, ModuleError> {
        let command = self.command.filter(|_| self.wasi.is_some() && self.gather.is_none());
        let gather = match command {
            Some(command) => {
                self.is_to_be_called(EXPORT_START, command, &[], "() -> ()")?;
                command
            }
            None => {
                let gather = self.gather.ok_or(ModuleError::NoGather)?;
                self.is_to_be_called(EXPORT_GATHER, gather, &[ValType::I32], "() -> i32")?;
                gather
            }
        };
        if let Some(initialize) = self.initialize {
            self.is_to_be_called(EXPORT_INITIALIZE, initialize, &[], "() -> ()")?;
        }
        let (true, Some((initial_pages, declared_maximum_pages))) = (self.exports_memory, self.memory) else {
            return Err(ModuleError::NoMemory);
        };
        if self.is_copied && initial_pages == 0 {
            return Err(ModuleError::EmptyMemory);
        }
        if let Some(mut bodies) = self.bodies.take() {
            let mut contents = Vec::with_capacity(bodies.len() + 5);
            leb128(&mut contents, u64::from(self.functions));
            contents.append(&mut bodies);
            self.copy.replace(copy::CODE, contents);
        }
        if bodies.is_some() {
            let mut contents = Vec::with_capacity((NOTHING.len() + 1) * self.functions as usize + 5);
            leb128(&mut contents, u64::from(self.functions));
            for _ in 0..self.functions {
                leb128(&mut contents, NOTHING.len() as u64);
                contents.extend_from_slice(NOTHING);
            }
            self.copy.replace(copy::CODE, contents);
            // The bodies that need them are not known yet.
            for helper in [Helper::Size, Helper::Grow, Helper::Copy, Helper::Fill] {
                self.numbers.of_helper(helper);
            }
        }
        let (bytes, at_byte) = if self.is_copied {
            self.copy.add(&self.numbers.helpers)?;
            let (bytes, at_byte) = self.copy.bytes();
            (Cow::Owned(bytes), at_byte)
        } else {
            (Cow::Borrowed(self.module), 0)
        };
        let mut refused: Vec<Refused> = self.refused.into_iter().map(|(_, refused)| refused).collect();
        refused.sort_unstable_by_key(|refused| refused.name);
        refused.dedup();
        let numbers = match bodies {
            Some(bodies) => bodies.number(self.imports.len() as u32, self.numbers),
            None => &self.numbers,
        };
        Ok(Checked {
            bytes,
            gather: numbers.of(gather),
            is_command: command.is_some(),
            wasi: self.wasi,
            start: self.start.map(|function| Start { function: numbers.of(function), at_byte }),
            initialize: self.initialize.map(|function| numbers.of(function)),
            imports: self.imports,
            refused,
            initial_pages,
            memory_limit_bytes: self.memory_limit_bytes,
            declared_maximum_pages,
            functions: self.functions,
            data_bytes: self.data_bytes,
        })
    }

    /// Checks that the host can call the function that is exported under this name.
    fn is_to_be_called(
        &self,
        name: &'static str,
        function: u32,
        results: &[ValType],
        expected: &'static str,
    ) -> Result<(), ModuleError> {
        let fits = self
            .function_types
            .get(function as usize)
            .and_then(|&index| self.types.get(index as usize))
            .is_some_and(|function| function.params().is_empty() && function.results() == results);
        if !fits {
            return Err(ModuleError::ExportType { name, expected });
        }
        if (function as usize) < self.imported {
            return Err(ModuleError::ExportedImport(name));
        }
        Ok(())
    }
}
