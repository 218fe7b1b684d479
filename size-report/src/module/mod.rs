//! A module cut into parts: every byte of the file belongs to exactly one.
//!
//! [`Module::parse`] follows the sections and keeps what the analyses ask for; [`Scan`] reads the
//! instructions, once. Neither trusts the module: an index that points nowhere is a reference that is
//! not there. A file whose sections cannot be followed is an error; one that only breaks the rules of
//! validation still has bytes, so it is explained, and [`Module::validate`] says what is wrong with it.
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

/// A module: its parts, and what the analyses need of its sections.
#[derive(Debug, Default)]
pub struct Module<'a> {
    /// The file.
    pub bytes: &'a [u8],
    /// All of the file in order, without gap or overlap.
    pub parts: Vec<Part<'a>>,
    /// Everything that the host provides, in order.
    pub imports: Vec<Import<'a>>,
    /// Of those that are functions, by function index, the place in `imports`.
    pub function_imports: Vec<u32>,
    /// Everything that the host can see, in order.
    pub exports: Vec<Export<'a>>,
    /// All functions by index, imports first.
    pub functions: Vec<Function>,
    /// How many of them are imports.
    pub imported_functions: u32,
    /// For each type its place in `signatures`, or none if it is no function's.
    pub types: Vec<Option<u32>>,
    /// Each signature once, as text: `(i32, i32) -> i32`.
    pub signatures: Vec<String>,
    /// How many tables are imports; they come first.
    pub imported_tables: u32,
    /// What the element segments put into tables.
    pub elements: Vec<Element>,
    /// All globals by index, imports first.
    pub globals: Vec<Global>,
    /// The data segments.
    pub segments: Vec<Segment>,
    /// The function that runs before any export is called.
    pub start: Option<u32>,
    /// Names of functions by index, from the custom section `name`.
    pub name_section: BTreeMap<u32, &'a str>,
    /// Names of functions by index, from the symbol table that object files have in the custom section `linking`.
    pub symbols: BTreeMap<u32, &'a str>,
    /// Names of data segments by index, from both.
    pub segment_names: BTreeMap<u32, &'a str>,
    /// The custom sections: name and contents.
    pub customs: Vec<(&'a str, &'a [u8])>,
    /// Pages of all memories at the start.
    pub memory_pages: u64,
    /// Bytes of these pages.
    pub memory_bytes: u64,
    /// Whether addresses have 64 bits.
    pub has_memory64: bool,
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
    /// A section's identifier and length; where entries are parts of their own, also their count.
    SectionHeader(Section<'a>),
    /// All else of a section that is not cut any further.
    Contents(Section<'a>),
    /// One import, or several that share their module's name.
    Import {
        /// The first one's place in [`Module::imports`].
        first: u32,
        /// How many.
        count: u32,
    },
    /// One export.
    Export {
        /// Its place in [`Module::exports`].
        index: u32,
    },
    /// One function's length, locals and instructions.
    Function {
        /// Its index, imports counted.
        index: u32,
    },
    /// One data segment's mode, address, length and bytes.
    Segment {
        /// Its index.
        index: u32,
    },
}

impl<'a> Kind<'a> {
    /// The section that the bytes are in; none for the file's header.
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

/// A section, by its name in the specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section<'a> {
    /// One that the specification knows.
    Known(&'static str),
    /// A custom one and its name.
    Custom(&'a str),
}

impl Section<'_> {
    /// What to call it. A custom section's own name is quoted and escaped, for it may hold anything.
    pub fn title(self) -> String {
        match self {
            Section::Known(name) => name.to_owned(),
            Section::Custom(name) => format!("custom {name:?}"),
        }
    }
}

/// Something that the host provides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Import<'a> {
    /// The module's name.
    pub module: &'a str,
    /// The thing's own.
    pub name: &'a str,
    /// Its function index, if it is a function.
    pub function: Option<u32>,
}

/// Something that the host can see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Export<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it is.
    pub of: Exported,
}

/// What an export is, and its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exported {
    /// A function.
    Function(u32),
    /// A table: the host can call all that is in it.
    Table(u32),
    /// Anything else.
    Other,
}

/// A function, imported or defined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// The index of its type.
    pub type_index: u32,
    /// Its bytes in the file, with the length before them: an import's are in the import section and
    /// not repeated here, so it has none.
    pub range: Range<usize>,
    /// Locals and instructions.
    pub body: Range<usize>,
}

/// An element segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// The table that it is copied to at the start, if it is.
    pub table: Option<u32>,
    /// The functions that it refers to.
    pub functions: Vec<u32>,
}

/// A global.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Global {
    /// Whether it can change.
    pub is_mutable: bool,
    /// Its first value, if that is a plain integer.
    pub initial: Option<u64>,
    /// The function that its first value refers to.
    pub function: Option<u32>,
}

/// A data segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Where in memory it goes, if that is a plain number.
    pub address: Option<u64>,
    /// Its contents, in the file.
    pub data: Range<usize>,
}

impl<'a> Module<'a> {
    /// Cuts a module into parts.
    ///
    /// # Errors
    /// Where and why the bytes cannot be followed.
    pub fn parse(bytes: &'a [u8]) -> Result<Module<'a>, Malformed> {
        if u32::try_from(bytes.len()).is_err() {
            let reason = "the file continues after 4 GiB, where no section can be".to_owned();
            return Err(Malformed { offset: u64::from(u32::MAX), reason });
        }
        let module = cutter::cut(bytes)?;
        partition::check(&module.parts, bytes.len())?;
        Ok(module)
    }

    /// Holds the bytes against the rules of validation, with every proposal allowed that the library
    /// knows. What breaks them is still explained, but no engine will run it.
    ///
    /// # Errors
    /// The first rule that is broken, and where.
    pub fn validate(bytes: &[u8]) -> Result<(), Malformed> {
        Validator::new_with_features(WasmFeatures::all()).validate_all(bytes)?;
        Ok(())
    }

    /// The import that a function is, if it is one.
    pub fn import_of(&self, function: u32) -> Option<&Import<'a>> {
        self.imports.get(*self.function_imports.get(function as usize)? as usize)
    }

    /// How many functions have a body here.
    pub fn defined_functions(&self) -> u32 {
        self.functions.len() as u32 - self.imported_functions
    }

    /// Bytes of all data segments' contents.
    pub fn data_bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.data.len() as u64).sum()
    }

    /// A function's signature, as its place in `signatures`.
    pub fn signature(&self, function: u32) -> Option<u32> {
        let type_index = self.functions.get(function as usize)?.type_index;
        *self.types.get(type_index as usize)?
    }
}
