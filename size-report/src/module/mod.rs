//! A module cut into parts: every byte of the file belongs to exactly one.
//!
//! [`Module::parse`] parses the sections and keeps what the analyses need. [`Scan`] reads the instructions once.
//! Neither trusts the module: they ignore references with an invalid index. A file whose sections cannot be parsed is
//! an error. A file that can be parsed but is invalid still gets a report, and [`Module::validate`] returns the
//! error.
//!
//! The layout is the binary format of the [core specification], section 5.5.
//!
//! [core specification]: https://webassembly.github.io/spec/core/binary/modules.html

mod adjacency;
mod cutter;
mod instructions;
mod malformed;
mod partition;
mod scan;

use std::{collections::BTreeMap, ops::Range};

use wasmparser::{Validator, WasmFeatures};

pub use self::{
    adjacency::{Adjacency, AdjacencyBuilder},
    instructions::{Reference, references},
    malformed::Malformed,
    scan::{Addresses, Scan},
};

/// A module: its parts, and the data of its sections that the analyses need.
#[derive(Debug, Default)]
pub struct Module<'a> {
    /// The file.
    pub bytes: &'a [u8],
    /// The parts of the whole file in order, without gap or overlap.
    pub parts: Vec<Part<'a>>,
    /// All imports, in order.
    pub imports: Vec<Import<'a>>,
    /// For each imported function, by function index, the index in `imports`.
    pub function_imports: Vec<u32>,
    /// All exports, in order.
    pub exports: Vec<Export<'a>>,
    /// All functions by index, imports first.
    pub functions: Vec<Function>,
    /// The number of imported functions.
    pub imported_functions: u32,
    /// For each type, its index in `signatures`; `None` if it is not a function type.
    pub types: Vec<Option<u32>>,
    /// Each signature once, as text: `(i32, i32) -> i32`.
    pub signatures: Vec<String>,
    /// The number of imported tables, which come first.
    pub imported_tables: u32,
    /// The element segments.
    pub elements: Vec<Element>,
    /// All globals by index, imports first.
    pub globals: Vec<Global>,
    /// The data segments.
    pub segments: Vec<Segment>,
    /// The start function.
    pub start: Option<u32>,
    /// Names of functions by index, from the custom section `name`.
    pub name_section: BTreeMap<u32, &'a str>,
    /// Names of functions by index, from the symbol table that object files have in the custom section `linking`.
    pub symbols: BTreeMap<u32, &'a str>,
    /// Names of data segments by index, from both sections.
    pub segment_names: BTreeMap<u32, &'a str>,
    /// The custom sections: names and contents.
    pub customs: Vec<(&'a str, &'a [u8])>,
    /// The initial size of all memories, in pages.
    pub memory_pages: u64,
    /// The same in bytes.
    pub memory_bytes: u64,
    /// Whether a memory has 64-bit addresses.
    pub has_memory64: bool,
}

/// Adjacent bytes of the file that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part<'a> {
    /// Their range in the file.
    pub range: Range<usize>,
    /// Their kind.
    pub kind: Kind<'a>,
}

/// The kind of some bytes of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind<'a> {
    /// Magic number and version.
    Header,
    /// A section's identifier and length, and its count if its entries are separate parts.
    SectionHeader(Section<'a>),
    /// The rest of a section that is not divided.
    Contents(Section<'a>),
    /// One import, or several that share the module's name.
    Import {
        /// The index of the first one in [`Module::imports`].
        first: u32,
        /// Their number.
        count: u32,
    },
    /// One export.
    Export {
        /// Its index in [`Module::exports`].
        index: u32,
    },
    /// One function's length, locals and instructions.
    Function {
        /// Its index, including imports.
        index: u32,
    },
    /// One data segment's mode, address, length and bytes.
    Segment {
        /// Its index.
        index: u32,
    },
}

impl<'a> Kind<'a> {
    /// The section of the bytes; `None` for the file's header.
    pub fn section(self) -> Option<Section<'a>> {
        match self {
            Kind::Header => None,
            Kind::SectionHeader(section) | Kind::Contents(section) => Some(section),
            Kind::Import { .. } => Some(Section::Known("import")),
            Kind::Export { .. } => Some(Section::Known("export")),
            Kind::Function { .. } => Some(Section::Known("code")),
            Kind::Segment { .. } => Some(Section::Known("data")),
        }
    }
}

/// A section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section<'a> {
    /// A section with a name from the specification.
    Known(&'static str),
    /// A custom section with its name.
    Custom(&'a str),
}

impl Section<'_> {
    /// Its title. A custom section's name is quoted and escaped, because it may contain anything.
    pub fn title(self) -> String {
        match self {
            Section::Known(name) => name.to_owned(),
            Section::Custom(name) => format!("custom {name:?}"),
        }
    }
}

/// An import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Import<'a> {
    /// The module's name.
    pub module: &'a str,
    /// Its own name.
    pub name: &'a str,
    /// Its function index, if it is a function.
    pub function: Option<u32>,
}

/// An export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Export<'a> {
    /// Its name.
    pub name: &'a str,
    /// The exported item.
    pub of: Exported,
}

/// The kind and the index of an exported item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exported {
    /// A function.
    Function(u32),
    /// A table: the host can call all functions in it.
    Table(u32),
    /// Anything else.
    Other,
}

/// A function, imported or defined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// The index of its type.
    pub type_index: u32,
    /// Its range in the file, including the length before it. An import has no range here, because its bytes are in
    /// the import section.
    pub range: Range<usize>,
    /// The range of its locals and instructions.
    pub body: Range<usize>,
}

/// An element segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// The table that it is copied to at instantiation, if any.
    pub table: Option<u32>,
    /// The functions that it refers to.
    pub functions: Vec<u32>,
}

/// A global.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Global {
    /// Whether it is mutable.
    pub is_mutable: bool,
    /// Its initial value, if that is a plain integer.
    pub initial: Option<u64>,
    /// The function that its initial value refers to.
    pub function: Option<u32>,
}

/// A data segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Its address in memory, if that is a plain number.
    pub address: Option<u64>,
    /// The range of its contents in the file.
    pub data: Range<usize>,
}

impl<'a> Module<'a> {
    /// Cuts a module into parts.
    ///
    /// # Errors
    /// The offset and the reason, if the bytes cannot be parsed.
    pub fn parse(bytes: &'a [u8]) -> Result<Module<'a>, Malformed> {
        if u32::try_from(bytes.len()).is_err() {
            let reason = "the file continues after 4 GiB, where no section can be".to_owned();
            return Err(Malformed { offset: u64::from(u32::MAX), reason });
        }
        let module = cutter::cut(bytes)?;
        partition::check(&module.parts, bytes.len())?;
        Ok(module)
    }

    /// Validates the bytes, with every proposal allowed that the library knows. An invalid module still gets a
    /// report, but no engine will run it.
    ///
    /// # Errors
    /// The first violation, with its offset.
    pub fn validate(bytes: &[u8]) -> Result<(), Malformed> {
        Validator::new_with_features(WasmFeatures::all()).validate_all(bytes)?;
        Ok(())
    }

    /// The import of a function, if it is imported.
    pub fn import_of(&self, function: u32) -> Option<&Import<'a>> {
        self.imports.get(*self.function_imports.get(function as usize)? as usize)
    }

    /// The number of functions with a body.
    pub fn defined_functions(&self) -> u32 {
        self.functions.len() as u32 - self.imported_functions
    }

    /// The total size of the data segments' contents.
    pub fn data_bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.data.len() as u64).sum()
    }

    /// The index of a function's signature in `signatures`.
    pub fn signature(&self, function: u32) -> Option<u32> {
        let type_index = self.functions.get(function as usize)?.type_index;
        *self.types.get(type_index as usize)?
    }
}
