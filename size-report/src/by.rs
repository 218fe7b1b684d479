//! The available views.

/// A view of the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Sections and their contents
    Section,
    /// Functions, each with the data that only it refers to
    Function,
    /// Crates, packages or namespaces, and their modules
    Crate,
    /// Generic functions with all their instantiations
    Generic,
    /// By purpose: panics and formatting, allocator, JSON, …
    Kind,
    /// By whose code it is: runtime and library of Go, AssemblyScript, C, C++, Zig or Rust
    Toolchain,
    /// By the imports that code reaches, and the manifest
    Import,
    /// Data segments, split where constants point into them
    Data,
    /// Dominator tree: what would be removed with a function
    Dominator,
}
