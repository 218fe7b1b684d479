//! Shows where the bytes of a WebAssembly module go, and why they are there.
//!
//! A guest only stays small if every byte is accounted for. The report is a table in which **every byte of the file
//! is in exactly one row**: [`module`] cuts the file into adjacent parts, and refuses to return a table that does not
//! add up to the file's size. [`analyses`] analyzes that table and knows no output format. [`emit`] prints and
//! computes nothing. [`cli`] is the command line.
//!
//! Every view is an [`analyses::tree::Node`], from which text, JSON and pictures are made.
//!
//! It is not a profiler, and it does not estimate what an optimizer could save.
#![forbid(unsafe_code)]

pub mod analyses;
mod by;
pub mod cli;
pub mod emit;
mod error;
pub mod module;

use std::path::Path;

use crate::{
    analyses::{
        Analysis,
        at_rest::AtRest,
        names::{Names, Sources},
        table::Table,
        tree::Node,
        views,
    },
    module::Module,
};
pub use crate::{by::By, error::Error};

/// The report about one file.
#[derive(Debug, serde::Serialize)]
pub struct Report {
    /// The file's name on the command line.
    pub file: String,
    /// The file's size.
    pub bytes: usize,
    /// The first validation rule that it breaks, if any: no engine will run it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invalid: Option<String>,
    /// The number of functions that could not be decoded completely. Some of their references may be missing.
    pub unreadable_functions: usize,
    /// Every byte, in exactly one row.
    #[serde(flatten)]
    pub table: Table,
    /// The cost of the module before its first instruction.
    pub at_rest: AtRest,
    /// The requested views.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub views: Vec<View>,
}

/// A view of the bytes.
#[derive(Debug, serde::Serialize)]
pub struct View {
    /// Which view.
    pub by: By,
    /// A tree that adds up to the file's size.
    pub tree: Node,
}

impl Report {
    /// Reads a module and reports on it, with the requested views.
    ///
    /// # Errors
    /// The file (or one with names) cannot be read, it is not a module, or the symbols belong to another one.
    pub fn of_file(file: &Path, sources: Sources<'_>, by: &[By]) -> Result<Report, Error> {
        let bytes = std::fs::read(file).map_err(|source| Error::unreadable(file, source))?;
        let module = Module::parse(&bytes).map_err(|malformed| Error::malformed(file, malformed))?;
        let names = Names::find(&module, file, sources)?;
        Report::of_module(file, &module, names, by)
    }

    /// Reports on a parsed module.
    ///
    /// # Errors
    /// A view does not add up: a bug in this program.
    pub fn of_module(file: &Path, module: &Module<'_>, names: Names, by: &[By]) -> Result<Report, Error> {
        // Validation, compression and analysis take the longest and are independent.
        std::thread::scope(|scope| {
            let validation = scope.spawn(|| {
                (Module::validate(module.bytes).err().map(|broken| broken.to_string()), AtRest::of(module))
            });
            let analysis = Analysis::of(module, names);
            let views = by
                .iter()
                .map(|&by| {
                    let tree = views::view(&analysis, by);
                    if !tree.adds_up_to(module.bytes.len() as u64) {
                        return Err(Error::DoesNotAddUp { file: file.to_owned(), by, bytes: tree.bytes });
                    }
                    Ok(View { by, tree })
                })
                .collect::<Result<_, _>>()?;
            let table = Table::new(module, &analysis.names);
            let (invalid, at_rest) =
                validation.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            Ok(Report {
                file: file.display().to_string(),
                bytes: module.bytes.len(),
                invalid,
                unreadable_functions: analysis.scan.unreadable.len(),
                table,
                at_rest,
                views,
            })
        })
    }
}
