//! The orders in which the bytes can be looked at.

/// In which order to look at the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Sections, and what is in them
    Section,
    /// Functions, each with the data that only it refers to
    Function,
    /// Crates, packages or namespaces, and the modules in them
    Crate,
    /// Generic functions with all their instantiations
    Generic,
    /// What it is there for: panics and formatting, allocator, JSON, …
    Kind,
    /// The imports that code leads to, and the manifest
    Import,
    /// Data segments in the pieces that constants point to
    Data,
    /// Dominator tree: what would go with a function
    Dominator,
}
