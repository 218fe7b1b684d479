//! Cuts the file into parts, from its first byte on, and collects the data of its sections.

use std::collections::HashMap;

use wasmparser::{
    CompositeInnerType, ConstExpr, DataKind, ElementItems, ElementKind, ExternalKind, FromReader, FuncType,
    Imports, KnownCustom, Linking, Name, NameMap, Operator, Parser, Payload, SectionLimited, SymbolInfo,
    TypeRef, WasmFeatures,
};

use super::{
    Element, Export, Exported, Function, Global, Import, Kind, Malformed, Module, Part, Section, Segment,
};

/// Cuts a file. The caller must check the parts.
pub(super) fn cut(bytes: &[u8]) -> Result<Module<'_>, Malformed> {
    let mut cutter = Cutter {
        module: Module { bytes, ..Module::default() },
        at: 0,
        bodies: 0,
        signatures: HashMap::new(),
    };
    let mut parser = Parser::new(0);
    parser.set_features(WasmFeatures::all());
    for payload in parser.parse_all(bytes) {
        cutter.take(payload?)?;
    }
    Ok(cutter.module)
}

struct Cutter<'a> {
    module: Module<'a>,
    /// The first byte that is not in a part yet.
    at: usize,
    /// The number of function bodies so far.
    bodies: usize,
    /// The index of each signature.
    signatures: HashMap<FuncType, u32>,
}

impl<'a> Cutter<'a> {
    fn take(&mut self, payload: Payload<'a>) -> Result<(), Malformed> {
        match payload {
            Payload::Version { encoding: wasmparser::Encoding::Component, range, .. } => Err(Malformed {
                offset: range.start,
                reason: "a component, not a core module; extract its modules and pass each one".into(),
            }),
            Payload::Version { range, .. } => {
                self.cut(range.end, Kind::Header);
                Ok(())
            }
            Payload::ImportSection(imports) => self.take_imports(imports),
            Payload::ExportSection(exports) => {
                self.entries(exports, "export", |this, export: wasmparser::Export<'a>| {
                    let of = match export.kind {
                        ExternalKind::Func | ExternalKind::FuncExact => Exported::Function(export.index),
                        ExternalKind::Table => Exported::Table(export.index),
                        _ => Exported::Other,
                    };
                    this.module.exports.push(Export { name: export.name, of });
                    Kind::Export { index: this.module.exports.len() as u32 - 1 }
                })
            }
            Payload::CodeSectionStart { ref unchecked_range, .. } => {
                let after_count = self.after_count(unchecked_range.start);
                self.cut(after_count, Kind::SectionHeader(Section::Known("code")));
                Ok(())
            }
            Payload::CodeSectionEntry(body) => {
                self.take_body(body.range());
                Ok(())
            }
            Payload::DataSection(segments) => {
                let after_count = self.after_count(segments.range().start);
                self.cut(after_count, Kind::SectionHeader(Section::Known("data")));
                for (index, segment) in (0..).zip(segments) {
                    let segment = segment?;
                    let address = match &segment.kind {
                        DataKind::Active { offset_expr, .. } => plain_number(offset_expr),
                        DataKind::Passive => None,
                    };
                    self.cut(segment.range.end, Kind::Segment { index });
                    let data = self.at - segment.data.len()..self.at;
                    self.module.segments.push(Segment { address, data });
                }
                Ok(())
            }
            Payload::End(_) => Ok(()),
            other => self.take_whole(other),
        }
    }

    /// A section that is not divided.
    fn take_whole(&mut self, payload: Payload<'a>) -> Result<(), Malformed> {
        let Some((id, range)) = payload.as_section() else { return Ok(()) };
        let section = match &payload {
            Payload::CustomSection(custom) => Section::Custom(custom.name()),
            _ => Section::Known(section_name(id)),
        };
        self.cut(range.start, Kind::SectionHeader(section));
        self.cut(range.end, Kind::Contents(section));
        self.note(payload)
    }

    /// Makes all bytes up to `end` that are not in a part yet a new part. Leaves out an empty part.
    fn cut(&mut self, end: u64, kind: Kind<'a>) {
        // Offsets in a file that is in memory fit into usize.
        let end = usize::try_from(end).unwrap_or(usize::MAX);
        if end > self.at {
            self.module.parts.push(Part { range: self.at..end, kind });
            self.at = end;
        }
    }

    /// A section with a part for each entry; `take` stores an entry and returns its kind.
    fn entries<T: FromReader<'a>>(
        &mut self,
        section: SectionLimited<'a, T>,
        name: &'static str,
        mut take: impl FnMut(&mut Self, T) -> Kind<'a>,
    ) -> Result<(), Malformed> {
        let end = section.range().end;
        let mut kind = Kind::SectionHeader(Section::Known(name));
        for item in section.into_iter_with_offsets() {
            let (start, item) = item?;
            self.cut(start, kind);
            kind = take(self, item);
        }
        self.cut(end, kind);
        Ok(())
    }

    fn take_imports(&mut self, imports: SectionLimited<'a, Imports<'a>>) -> Result<(), Malformed> {
        let mut broken = None;
        self.entries(imports, "import", |this, group: Imports<'a>| {
            let first = this.module.imports.len() as u32;
            let mut take = |module, name, ty| this.take_import(module, name, ty);
            let taken = match group {
                Imports::Single(_, import) => {
                    take(import.module, import.name, import.ty);
                    Ok(())
                }
                Imports::Compact1 { module, items } => {
                    items.into_iter().try_for_each(|item| item.map(|item| take(module, item.name, item.ty)))
                }
                Imports::Compact2 { module, ty, names } => {
                    names.into_iter().try_for_each(|name| name.map(|name| take(module, name, ty)))
                }
            };
            if let Err(error) = taken {
                broken.get_or_insert(error);
            }
            Kind::Import { first, count: this.module.imports.len() as u32 - first }
        })?;
        broken.map_or(Ok(()), |error| Err(error.into()))
    }

    fn take_import(&mut self, module: &'a str, name: &'a str, ty: TypeRef) {
        let own = &mut self.module;
        let mut function = None;
        match ty {
            TypeRef::Func(type_index) | TypeRef::FuncExact(type_index) => {
                function = Some(own.functions.len() as u32);
                own.function_imports.push(own.imports.len() as u32);
                own.functions.push(Function { type_index, range: 0..0, body: 0..0 });
                own.imported_functions += 1;
            }
            TypeRef::Memory(memory) => own.add_memory(memory),
            TypeRef::Table(_) => own.imported_tables += 1,
            TypeRef::Global(global) => {
                own.globals.push(Global { is_mutable: global.mutable, initial: None, function: None });
            }
            TypeRef::Tag(_) => {}
        }
        own.imports.push(Import { module, name, function });
    }

    fn take_body(&mut self, body: std::ops::Range<u64>) {
        let start = self.at;
        let index = self.module.imported_functions as usize + self.bodies;
        self.bodies += 1;
        self.cut(body.end, Kind::Function { index: index as u32 });
        if index == self.module.functions.len() {
            // A body that the function section does not declare: invalid, but its bytes are there.
            self.module.functions.push(Function { type_index: u32::MAX, range: 0..0, body: 0..0 });
        }
        let function = &mut self.module.functions[index];
        function.range = start..self.at;
        function.body = body.start as usize..self.at;
    }

    /// Stores the data of a section.
    fn note(&mut self, payload: Payload<'a>) -> Result<(), Malformed> {
        let module = &mut self.module;
        match payload {
            Payload::TypeSection(groups) => {
                for group in groups {
                    for ty in group?.into_types() {
                        let CompositeInnerType::Func(signature) = ty.composite_type.inner else {
                            module.types.push(None);
                            continue;
                        };
                        let next = module.signatures.len() as u32;
                        let place = *self.signatures.entry(signature).or_insert_with_key(|signature| {
                            module.signatures.push(text_of(signature));
                            next
                        });
                        module.types.push(Some(place));
                    }
                }
            }
            Payload::FunctionSection(types) => {
                for type_index in types {
                    module.functions.push(Function { type_index: type_index?, range: 0..0, body: 0..0 });
                }
            }
            Payload::MemorySection(memories) => {
                for memory in memories {
                    module.add_memory(memory?);
                }
            }
            Payload::GlobalSection(globals) => {
                for global in globals {
                    let global = global?;
                    module.globals.push(Global {
                        is_mutable: global.ty.mutable,
                        initial: plain_number(&global.init_expr),
                        function: plain_function(&global.init_expr),
                    });
                }
            }
            Payload::ElementSection(elements) => {
                for element in elements {
                    let element = element?;
                    let table = match element.kind {
                        ElementKind::Active { table_index, .. } => Some(table_index.unwrap_or(0)),
                        ElementKind::Passive | ElementKind::Declared => None,
                    };
                    let functions = match element.items {
                        ElementItems::Functions(functions) => {
                            functions.into_iter().collect::<Result<_, _>>()?
                        }
                        ElementItems::Expressions(_, items) => items
                            .into_iter()
                            .filter_map(|item| item.map(|item| plain_function(&item)).transpose())
                            .collect::<Result<_, _>>()?,
                    };
                    module.elements.push(Element { table, functions });
                }
            }
            Payload::StartSection { func, .. } => module.start = Some(func),
            Payload::CustomSection(custom) => {
                module.customs.push((custom.name(), custom.data()));
                // Names are not part of validity: if they are malformed, the report has no names.
                match custom.as_known() {
                    KnownCustom::Name(names) => {
                        for name in names.into_iter().map_while(Result::ok) {
                            match name {
                                Name::Function(names) => module.name_section.extend(pairs(names)),
                                Name::Data(names) => module.segment_names.extend(pairs(names)),
                                _ => {}
                            }
                        }
                    }
                    KnownCustom::Linking(linking) => {
                        linking
                            .subsections()
                            .map_while(Result::ok)
                            .for_each(|part| module.note_linking(part));
                    }
                    _ => {}
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The end of the LEB128 number at `start`: its last byte is the first without the top bit. This reads the bytes,
    /// because linkers pad such numbers.
    fn after_count(&self, start: u64) -> u64 {
        let number = usize::try_from(start).ok().and_then(|start| self.module.bytes.get(start..));
        let more = number.unwrap_or_default().iter().take_while(|&&byte| byte & 0x80 != 0).count();
        start + more as u64 + 1
    }
}

impl<'a> Module<'a> {
    /// An object file's data for the linker: <https://github.com/WebAssembly/tool-conventions/blob/main/Linking.md>.
    fn note_linking(&mut self, part: Linking<'a>) {
        match part {
            Linking::SymbolTable(symbols) => {
                for symbol in symbols.into_iter().map_while(Result::ok) {
                    // A symbol without a name is an import with the import's name. If a function has several names,
                    // such as a C++ constructor, the first one counts.
                    if let SymbolInfo::Func { index, name: Some(name), .. } = symbol {
                        self.symbols.entry(index).or_insert(name);
                    }
                }
            }
            Linking::SegmentInfo(segments) => {
                for (index, segment) in (0..).zip(segments.into_iter().map_while(Result::ok)) {
                    self.segment_names.entry(index).or_insert(segment.name);
                }
            }
            _ => {}
        }
    }
}

impl Module<'_> {
    fn add_memory(&mut self, memory: wasmparser::MemoryType) {
        let page_bytes = 1_u64.checked_shl(memory.page_size_log2.unwrap_or(16)).unwrap_or(u64::MAX);
        self.memory_pages = self.memory_pages.saturating_add(memory.initial);
        self.memory_bytes = self.memory_bytes.saturating_add(memory.initial.saturating_mul(page_bytes));
        self.has_memory64 |= memory.memory64;
    }
}

fn pairs<'a>(names: NameMap<'a>) -> impl Iterator<Item = (u32, &'a str)> {
    names.into_iter().map_while(Result::ok).map(|naming| (naming.index, naming.name))
}

/// The value of an expression that consists of one constant.
fn plain_number(expression: &ConstExpr<'_>) -> Option<u64> {
    let mut reader = expression.get_operators_reader();
    let value = match reader.read().ok()? {
        Operator::I32Const { value } => u64::from(value as u32),
        Operator::I64Const { value } => value as u64,
        _ => return None,
    };
    matches!(reader.read(), Ok(Operator::End)).then_some(value)
}

fn plain_function(expression: &ConstExpr<'_>) -> Option<u32> {
    match expression.get_operators_reader().read().ok()? {
        Operator::RefFunc { function_index } => Some(function_index),
        _ => None,
    }
}

fn text_of(signature: &FuncType) -> String {
    let list =
        |types: &[wasmparser::ValType]| types.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    format!("({}) -> ({})", list(signature.params()), list(signature.results()))
}

/// The names in the specification's section 5.5.2.
fn section_name(id: u8) -> &'static str {
    match id {
        1 => "type",
        2 => "import",
        3 => "function",
        4 => "table",
        5 => "memory",
        6 => "global",
        7 => "export",
        8 => "start",
        9 => "element",
        10 => "code",
        11 => "data",
        12 => "data count",
        13 => "tag",
        _ => "unknown",
    }
}
