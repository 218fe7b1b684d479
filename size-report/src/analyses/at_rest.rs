//! What a module costs before its first instruction runs.

use serde::Serialize;

use crate::module::Module;

/// The cost at rest: what every run pays, whatever the guest then does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AtRest {
    /// Memory that the host sets up, in pages.
    pub memory_pages: u64,
    /// The same in bytes.
    pub memory_bytes: u64,
    /// Contents of the data segments, copied into that memory.
    pub data_bytes: u64,
    /// Functions that the host has to link.
    pub imported_functions: u32,
    /// Functions that the engine has to know.
    pub defined_functions: u32,
}

impl AtRest {
    /// Adds it up for one module.
    pub fn of(module: &Module<'_>) -> AtRest {
        AtRest {
            memory_pages: module.memory_pages,
            memory_bytes: module.memory_pages.saturating_mul(module.page_bytes),
            data_bytes: module.data_bytes,
            imported_functions: module.imported_functions,
            defined_functions: module.defined_functions,
        }
    }
}
