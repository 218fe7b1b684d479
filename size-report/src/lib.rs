//! Says where the bytes of a WebAssembly module went.
//!
//! A guest is small on purpose, and stays small only if every byte has a name. The report
//! is a table in which **every byte of the file is in exactly one row**: [`module`] cuts the
//! file into parts that touch each other without a gap, and refuses to give a table that
//! does not add up to the file's length. [`analyses`] looks at that table and knows no
//! output format; [`emit`] prints and computes nothing.
//!
//! It is not a profiler, and it does not guess what an optimiser could save.

pub mod analyses;
pub mod emit;
mod error;
pub mod module;

use std::path::Path;

pub use crate::error::Error;
use crate::{
    analyses::{at_rest::AtRest, names::Names, table::Table},
    module::Module,
};

/// What is known about one file.
#[derive(Debug, serde::Serialize)]
pub struct Report {
    /// The file, as it was named on the command line.
    pub file: String,
    /// The file's length.
    pub bytes: usize,
    /// Every byte, each in one row.
    #[serde(flatten)]
    pub table: Table,
    /// What the module costs before its first instruction.
    pub at_rest: AtRest,
}

impl Report {
    /// Reads a module and accounts for it.
    ///
    /// Functions are named by `symbols` if it is given, else by the module's own name section,
    /// else by the file `<name>.symbols` beside it, if that fits the module.
    ///
    /// # Errors
    /// The file (or the one with the symbols) cannot be read, it is not a valid module, or the
    /// symbols belong to another one.
    pub fn of_file(file: &Path, symbols: Option<&Path>) -> Result<Report, Error> {
        let bytes = std::fs::read(file).map_err(|source| Error::unreadable(file, source))?;
        let module = Module::parse(&bytes).map_err(|malformed| Error::malformed(file, malformed))?;
        let names = Names::find(&module, file, symbols)?;
        Ok(Report {
            file: file.display().to_string(),
            bytes: bytes.len(),
            table: Table::new(&module, &names),
            at_rest: AtRest::of(&module),
        })
    }
}
