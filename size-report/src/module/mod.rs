//! A module cut into parts: every byte of the file belongs to exactly one.
//!
//! The file is validated first, with the same library as the host uses, so that everything
//! after that deals with well-formed modules only. The cutting itself does not trust it:
//! `partition::check` holds that the parts touch and end where the file ends.
//!
//! The layout is the binary format of the [core specification], section 5.5.
//!
//! [core specification]: https://webassembly.github.io/spec/core/binary/modules.html

mod malformed;
mod partition;

use std::{collections::BTreeMap, ops::Range};

use wasmparser::{
    ConstExpr, DataKind, ExternalKind, KnownCustom, Name, Operator, Parser, Payload, TypeRef, Validator,
};

pub use self::malformed::Malformed;

/// A valid module: its parts, and the few numbers that the analyses need.
#[derive(Debug)]
pub struct Module<'a> {
    /// All of the file in order, without gap or overlap.
    pub parts: Vec<Part<'a>>,
    /// Functions that the host provides; they come first in the index space.
    pub imported_functions: u32,
    /// Functions with a body here.
    pub defined_functions: u32,
    /// Names of functions by index, from the custom section `name`.
    pub name_section: BTreeMap<u32, &'a str>,
    /// Names of functions by index, from the imports and exports.
    pub interface: BTreeMap<u32, &'a str>,
    /// Pages of all memories at the start.
    pub memory_pages: u64,
    /// Bytes in one of these pages.
    pub page_bytes: u64,
    /// Contents of all data segments.
    pub data_bytes: u64,
}

/// Neighbouring bytes of the file that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<'a> {
    /// Where in the file, in bytes.
    pub range: Range<usize>,
    /// What they are.
    pub kind: Kind<'a>,
}

/// What some bytes of a module are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind<'a> {
    /// Magic number and version.
    Header,
    /// A section's identifier and length; for `code` and `data` also the count of entries.
    SectionHeader(Section<'a>),
    /// All else of a section that is not cut any further.
    Contents(Section<'a>),
    /// One function's length, locals and instructions.
    Function {
        /// Its index, imports counted.
        index: u32,
    },
    /// One data segment's mode, address, length and bytes.
    Segment {
        /// Its index.
        index: u32,
        /// Where in memory it goes, if that is a plain number.
        address: Option<u32>,
    },
}

/// A section, by its name in the specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section<'a> {
    /// One that the specification knows.
    Known(&'static str),
    /// A custom one and its name.
    Custom(&'a str),
}

impl<'a> Section<'a> {
    /// What to call it; a custom section's own name.
    pub fn name(&self) -> &'a str {
        match *self {
            Section::Known(name) => name,
            Section::Custom(name) => name,
        }
    }
}

impl<'a> Module<'a> {
    /// Validates a module and cuts it into parts.
    ///
    /// # Errors
    /// Where and why the bytes are not a valid module.
    pub fn parse(bytes: &'a [u8]) -> Result<Module<'a>, Malformed> {
        Validator::new().validate_all(bytes)?;
        let mut cutter = Cutter { bytes, module: Module::default(), at: 0, bodies: 0 };
        for payload in Parser::new(0).parse_all(bytes) {
            cutter.take(payload?)?;
        }
        partition::check(&cutter.module.parts, bytes.len())?;
        Ok(cutter.module)
    }
}

impl Default for Module<'_> {
    fn default() -> Self {
        Module {
            parts: Vec::new(),
            imported_functions: 0,
            defined_functions: 0,
            name_section: BTreeMap::new(),
            interface: BTreeMap::new(),
            memory_pages: 0,
            page_bytes: 64 * 1024,
            data_bytes: 0,
        }
    }
}

/// Follows the file from its first byte.
struct Cutter<'a> {
    bytes: &'a [u8],
    module: Module<'a>,
    /// The first byte that is in no part yet.
    at: usize,
    /// Function bodies so far.
    bodies: u32,
}

impl<'a> Cutter<'a> {
    fn take(&mut self, payload: Payload<'a>) -> Result<(), Malformed> {
        match payload {
            Payload::Version { range, .. } => self.cut(range.end, Kind::Header),
            Payload::CodeSectionStart { count, ref unchecked_range, .. } => {
                self.module.defined_functions = count;
                self.cut(
                    self.after_count(unchecked_range.start),
                    Kind::SectionHeader(Section::Known("code")),
                );
            }
            Payload::CodeSectionEntry(body) => {
                let index = self.module.imported_functions + self.bodies;
                self.bodies += 1;
                self.cut(body.range().end, Kind::Function { index });
            }
            Payload::DataSection(segments) => {
                let start = segments.range().start;
                self.cut(self.after_count(start), Kind::SectionHeader(Section::Known("data")));
                for (index, segment) in (0..).zip(segments) {
                    let segment = segment?;
                    self.module.data_bytes += segment.data.len() as u64;
                    let address = match &segment.kind {
                        DataKind::Active { offset_expr, .. } => plain_address(offset_expr),
                        DataKind::Passive => None,
                    };
                    self.cut(segment.range.end, Kind::Segment { index, address });
                }
            }
            Payload::End(_) => {}
            other => {
                self.note(&other)?;
                if let Some((id, range)) = other.as_section() {
                    let section = match &other {
                        Payload::CustomSection(custom) => Section::Custom(custom.name()),
                        _ => Section::Known(section_name(id)),
                    };
                    self.cut(range.start, Kind::SectionHeader(section));
                    self.cut(range.end, Kind::Contents(section));
                }
            }
        }
        Ok(())
    }

    /// Everything up to `end` that is in no part yet becomes one. Empty parts are left out.
    fn cut(&mut self, end: u64, kind: Kind<'a>) {
        // A file that is in memory has no offset beyond usize.
        let end = usize::try_from(end).unwrap_or(usize::MAX);
        if end > self.at {
            self.module.parts.push(Part { range: self.at..end, kind });
            self.at = end;
        }
    }

    /// Keeps the names and sizes that a section tells.
    fn note(&mut self, payload: &Payload<'a>) -> Result<(), Malformed> {
        let module = &mut self.module;
        match payload {
            Payload::ImportSection(imports) => {
                for import in imports.clone().into_imports() {
                    let import = import?;
                    match import.ty {
                        TypeRef::Func(_) | TypeRef::FuncExact(_) => {
                            module.interface.insert(module.imported_functions, import.name);
                            module.imported_functions += 1;
                        }
                        TypeRef::Memory(memory) => module.memory_pages += memory.initial,
                        _ => {}
                    }
                }
            }
            Payload::MemorySection(memories) => {
                for memory in memories.clone() {
                    let memory = memory?;
                    module.memory_pages += memory.initial;
                    if let Some(log2) = memory.page_size_log2 {
                        module.page_bytes = 1 << log2;
                    }
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports.clone() {
                    let export = export?;
                    if export.kind == ExternalKind::Func {
                        module.interface.entry(export.index).or_insert(export.name);
                    }
                }
            }
            Payload::CustomSection(custom) => {
                if let KnownCustom::Name(names) = custom.as_known() {
                    // Names are not part of validity: broken ones cost the names, not the report.
                    for name in names.into_iter().map_while(Result::ok) {
                        if let Name::Function(functions) = name {
                            let functions = functions.into_iter().map_while(Result::ok);
                            module.name_section.extend(functions.map(|naming| (naming.index, naming.name)));
                        }
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The end of the number in LEB128 at `start`: its last byte is the first without the top bit.
    /// Counted rather than computed, for linkers pad such numbers.
    fn after_count(&self, start: u64) -> u64 {
        let number =
            usize::try_from(start).ok().and_then(|start| self.bytes.get(start..)).unwrap_or_default();
        let more = number.iter().take_while(|&&byte| byte & 0x80 != 0).count();
        start + more as u64 + 1
    }
}

fn plain_address(expression: &ConstExpr<'_>) -> Option<u32> {
    match expression.get_operators_reader().read().ok()? {
        Operator::I32Const { value } => Some(value as u32),
        _ => None,
    }
}

/// The names of the specification's section 5.5.2.
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
        12 => "data count",
        13 => "tag",
        _ => "unknown",
    }
}
