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

/// The version of the contract. It is in the import module's name and in the manifest.
pub const ABI_VERSION: u32 = 1;

/// The module that every import of a guest comes from.
pub const IMPORT_MODULE: &str = "wagather_v1";

/// What the functions of a heap are called in the modules that the SDK makes. A module that imports one allocates and has no heap.
pub const HEAP_PREFIX: &str = "__wagather_heap_";

/// The function that a guest exports: `() -> i32`, 0 for success.
pub const EXPORT_GATHER: &str = "gather";

/// The function that a guest may export to set itself up, `() -> ()`: called once, before [`EXPORT_GATHER`]. Compilers name it so.
pub const EXPORT_INITIALIZE: &str = "_initialize";

/// The function that a command of WASI exports in place of [`EXPORT_GATHER`]: `() -> ()`, and its end is success.
pub const EXPORT_START: &str = "_start";

/// The linear memory that a guest exports.
pub const EXPORT_MEMORY: &str = "memory";
