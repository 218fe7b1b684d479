#![doc = include_str!("../contract.md")]
#![no_std]
#![forbid(unsafe_code)]

pub mod field;
mod imports;
pub mod limits;
pub mod manifest;
pub mod mask;
pub mod place;
mod request;
mod status;

pub use imports::{IMPORTS, Import, ImportRow, ResultType};
pub use request::{Handle, LogLevel, Request, Text, Verb};
pub use status::{Kind, STATUSES, Status};

/// The version of the contract. The import module's name and the manifest contain it.
pub const ABI_VERSION: u32 = 1;

/// The module that every import of a guest comes from.
pub const IMPORT_MODULE: &str = "wagather_v1";

/// The prefix of the heap functions in modules that the SDK makes. A module that imports one of them
/// allocates, but has no heap.
pub const HEAP_PREFIX: &str = "__wagather_heap_";

/// The function that a guest exports: `() -> i32`, 0 for success.
pub const EXPORT_GATHER: &str = "gather";

/// An optional initialization function, `() -> ()`, which the host calls once before [`EXPORT_GATHER`].
/// Compilers use this name.
pub const EXPORT_INITIALIZE: &str = "_initialize";

/// The entry point of a WASI command, which replaces [`EXPORT_GATHER`]: `() -> ()`. Returning from it is
/// success.
pub const EXPORT_START: &str = "_start";

/// The linear memory that a guest exports.
pub const EXPORT_MEMORY: &str = "memory";
