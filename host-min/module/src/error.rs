//! Why a module cannot be used.

use crate::features;
use crate::limits::MAX_VALUES_AND_CALLS;
use std::fmt;
use wagather_abi::limits::MAX_MANIFEST_BYTES;
use wagather_abi::{ABI_VERSION, EXPORT_GATHER, EXPORT_MEMORY, IMPORT_MODULE, manifest};
use wagather_base::limits::MAX_TABLE_ELEMENTS;

/// Why a module cannot be used. As text, it continues the sentence "the module cannot be used: it …".
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ModuleError {
    /// It does not begin as a WebAssembly module.
    Format(FormatError),
    /// It is not valid, or it uses features of WebAssembly that the engine does not have.
    Invalid(wasmparser::Error),
    /// A section that the copy needs is missing.
    NoSection,
    /// It has no function with this index.
    NoBody(usize),
    /// A function is larger than wasm3's compiler can hold.
    FunctionTooLarge {
        /// The function's index.
        function: u32,
        /// Its parameters, locals and operands.
        values: u32,
        /// Its calls.
        calls: u32,
    },
    /// Its table has this many elements, above [`MAX_TABLE_ELEMENTS`].
    TableTooLarge(u64),
    /// An element segment that wasm3 does not support.
    UnplacedElements,
    /// The address of a segment is computed, which wasm3 does not support.
    ComputedAddress(Segment),
    /// A segment exceeds its memory or table.
    SegmentOutside {
        /// What kind of segment it is.
        segment: Segment,
        /// The segment's bytes or elements.
        len: u64,
        /// Its address.
        offset: u64,
        /// The size of the memory or table.
        size: u64,
    },
    /// An import that the host does not provide.
    Import {
        /// Its module and name: `wagather_v1.rest`.
        name: String,
        /// What is wrong with it.
        reason: ImportError,
    },
    /// It exports no function to call.
    NoGather,
    /// It exports no memory.
    NoMemory,
    /// An export that the host would call has another type.
    ExportType {
        /// The export.
        name: &'static str,
        /// The type that it must have.
        expected: &'static str,
    },
    /// An export that the host would call is an import.
    ExportedImport(&'static str),
    /// It starts with more memory than the run gives.
    MemoryTooLarge {
        /// The initial size of its memory.
        initial_bytes: u64,
        /// The run's limit.
        limit_bytes: u64,
    },
    /// It starts without memory, which wasm3 does not support.
    EmptyMemory,
    /// It has no manifest.
    NoManifest,
    /// It has two manifests.
    TwoManifests,
    /// Its manifest has this many bytes, above [`MAX_MANIFEST_BYTES`].
    ManifestTooLarge(usize),
    /// Its manifest does not name the gatherer.
    Nameless,
}

/// Why a file is not a WebAssembly module of version 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FormatError {
    /// It is empty.
    Empty,
    /// It is a component.
    Component,
    /// It has another version, or ends within its first eight bytes.
    Version,
    /// It is WebAssembly text.
    Text,
    /// It is compressed by gzip.
    Gzip,
    /// It is something else.
    Unknown,
}

/// A segment of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment {
    /// Bytes of a memory.
    Data,
    /// Elements of a table.
    Elements,
}

/// What is wrong with an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImportError {
    /// It is from this other version of the ABI.
    OtherVersion(u32),
    /// It is the allocator of a gatherer without a heap.
    NoHeap,
    /// Its module is unknown.
    UnknownModule,
    /// The ABI does not have it.
    NotInAbi,
    /// WASI does not have it.
    NotInWasi,
    /// It is from WASI, which the manifest does not declare.
    WasiNotDeclared,
    /// It is not a function.
    NotAFunction,
    /// Its type differs from the one in this interface.
    Type(Interface),
}

/// An interface whose functions can be imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interface {
    /// The contract's.
    Abi,
    /// WASI preview 1.
    Wasi,
    /// AssemblyScript's, which has one function.
    AssemblyScript,
}

impl fmt::Display for ModuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ModuleError::Format(format) => format.fmt(f),
            ModuleError::Invalid(error) => features::explain(error, f),
            ModuleError::NoSection => f.write_str("a section of it is missing"),
            ModuleError::NoBody(index) => write!(f, "it has no body {index}"),
            ModuleError::FunctionTooLarge { function, values, calls } => write!(
                f,
                "its function {function} is too large: {values} parameters, locals and operands, and {calls} calls; together they may be at most {MAX_VALUES_AND_CALLS}. Split it"
            ),
            ModuleError::TableTooLarge(elements) => {
                write!(f, "its table has {elements} elements; the limit is {MAX_TABLE_ELEMENTS}")
            }
            ModuleError::UnplacedElements => f.write_str(
                "its element segment is not placed in the table, or has elements other than functions",
            ),
            ModuleError::ComputedAddress(segment) => {
                write!(f, "its {} has no constant address", segment.name())
            }
            ModuleError::SegmentOutside { segment, len, offset, size } => {
                let (name, place) = (segment.name(), segment.place());
                write!(f, "its {name}, {len} at {offset}, exceeds its {place} of {size}")
            }
            ModuleError::Import { name, reason } => reason.explain(name, f),
            ModuleError::NoGather => write!(f, "it exports no function '{EXPORT_GATHER}'"),
            ModuleError::NoMemory => write!(f, "it exports no memory as '{EXPORT_MEMORY}'"),
            ModuleError::ExportType { name, expected } => {
                write!(f, "its export '{name}' is not of the type {expected}")
            }
            ModuleError::ExportedImport(name) => write!(f, "its export '{name}' is an import"),
            ModuleError::MemoryTooLarge { initial_bytes, limit_bytes } => write!(
                f,
                "it starts with {} KiB of memory; this run gives {} KiB (--memory)",
                initial_bytes / 1024,
                limit_bytes / 1024
            ),
            ModuleError::EmptyMemory => {
                f.write_str("it starts without memory, but wasm3 needs a page; declare one")
            }
            ModuleError::NoManifest => write!(
                f,
                "it has no custom section '{}', so it does not say what it reads. The SDK's gatherer! macro makes one; for other languages, 'host-min manifest' does",
                manifest::SECTION
            ),
            ModuleError::TwoManifests => write!(f, "it has two custom sections '{}'", manifest::SECTION),
            ModuleError::ManifestTooLarge(bytes) => {
                write!(f, "its manifest has {bytes} bytes; the limit is {MAX_MANIFEST_BYTES}")
            }
            ModuleError::Nameless => f.write_str("its manifest does not name the gatherer"),
        }
    }
}

impl std::error::Error for ModuleError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ModuleError::Invalid(error) => Some(error),
            _ => None,
        }
    }
}

impl From<wasmparser::Error> for ModuleError {
    fn from(error: wasmparser::Error) -> ModuleError {
        ModuleError::Invalid(error)
    }
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FormatError::Empty => "it is empty",
            FormatError::Component => {
                "it is a WebAssembly component; a gatherer is a core module (target wasm32v1-none)"
            }
            FormatError::Version => "it is not version 1 of WebAssembly, or it is truncated",
            FormatError::Text => "it is WebAssembly text; compile it with wat2wasm",
            FormatError::Gzip => "it is compressed; unpack it first",
            FormatError::Unknown => "it is not a WebAssembly module",
        })
    }
}

impl Segment {
    fn name(self) -> &'static str {
        match self {
            Segment::Data => "data segment",
            Segment::Elements => "element segment",
        }
    }

    fn place(self) -> &'static str {
        match self {
            Segment::Data => "memory",
            Segment::Elements => "table",
        }
    }
}

impl ImportError {
    fn explain(self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problem = match self {
            ImportError::OtherVersion(version) => {
                return write!(
                    f,
                    "it is built for ABI version {version} (it imports '{name}'); this host supports version {ABI_VERSION}"
                );
            }
            ImportError::NoHeap => {
                return f.write_str("it allocates but has no heap: add 'wagather::heap!();' to its source");
            }
            ImportError::UnknownModule => {
                return write!(
                    f,
                    "it imports '{name}', which this host does not have; gatherers import only from '{IMPORT_MODULE}'"
                );
            }
            ImportError::NotInAbi => {
                return write!(f, "it imports '{name}', which ABI version {ABI_VERSION} does not have");
            }
            ImportError::NotInWasi => ", which WASI preview 1 does not have",
            ImportError::WasiNotDeclared => {
                ", but its manifest does not declare WASI: add the line 'wasi preview1'"
            }
            ImportError::NotAFunction => " as something other than a function",
            ImportError::Type(Interface::Abi) => " with a type that differs from the ABI",
            ImportError::Type(Interface::Wasi) => " with a type that differs from WASI's",
            ImportError::Type(Interface::AssemblyScript) => " with a type that differs from AssemblyScript's",
        };
        write!(f, "it imports '{name}'{problem}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{For, check};
    use std::error::Error;

    #[test]
    fn what_the_validator_says_is_behind_the_error() {
        let invalid = check(b"\0asm\x01\0\0\0\x01\x05\x01", 1 << 20, For::Wasm3).expect_err("truncated");
        let ModuleError::Invalid(inner) = &invalid else { panic!("{invalid:?}") };
        let source = invalid.source().expect("the validator's error").to_string();
        assert_eq!(source, inner.to_string());
        assert_eq!(
            invalid.to_string(),
            format!("it is not a valid module: {} (at byte {:#x})", inner.message(), inner.offset())
        );
        let empty = check(b"", 1 << 20, For::Wasm3).expect_err("empty");
        assert!(empty.source().is_none());
        assert!(matches!(empty, ModuleError::Format(FormatError::Empty)));
    }

    #[test]
    fn a_result_stays_small() {
        assert!(size_of::<ModuleError>() <= 40, "{}", size_of::<ModuleError>());
    }
}
