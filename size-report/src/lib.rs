//! Says where the bytes of a WebAssembly module went, and why they are there.
//!
//! A guest is small on purpose, and stays small only if every byte has a name. The report
//! is a table in which **every byte of the file is in exactly one row**: [`module`] cuts the
//! file into parts that touch each other without a gap, and refuses to give a table that
//! does not add up to the file's length. [`analyses`] looks at that table and knows no
//! output format; [`emit`] prints and computes nothing; [`cli`] is the command line.
//!
//! Text, JSON and pictures are made from [`analyses::tree::Node`], which every view is.
//!
//! It is not a profiler, and it does not guess what an optimiser could save.
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

/// What is known about one file.
#[derive(Debug, serde::Serialize)]
pub struct Report {
    /// The file, as it was named on the command line.
    pub file: String,
    /// The file's length.
    pub bytes: usize,
    /// The first rule of validation that it breaks, if it breaks one: no engine will run it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invalid: Option<String>,
    /// How many functions could not be read to their end: what they refer to may be missing.
    pub unreadable_functions: usize,
    /// Every byte, each in one row.
    #[serde(flatten)]
    pub table: Table,
    /// What the module costs before its first instruction.
    pub at_rest: AtRest,
    /// The views that were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub views: Vec<View>,
}

/// The bytes in one order.
#[derive(Debug, serde::Serialize)]
pub struct View {
    /// Which.
    pub by: By,
    /// A tree that adds up to the file's length.
    pub tree: Node,
}

impl Report {
    /// Reads a module and accounts for it, in the views that are asked for as well.
    ///
    /// # Errors
    /// The file (or one with names) cannot be read, it is not a module, or the symbols belong to another one.
    pub fn of_file(file: &Path, sources: Sources<'_>, by: &[By]) -> Result<Report, Error> {
        let bytes = std::fs::read(file).map_err(|source| Error::unreadable(file, source))?;
        let module = Module::parse(&bytes).map_err(|malformed| Error::malformed(file, malformed))?;
        let names = Names::find(&module, file, sources)?;
        Report::of_module(file, &module, names, by)
    }

    /// Accounts for a module that was read.
    ///
    /// # Errors
    /// A view does not add up, which would be a mistake of this program.
    pub fn of_module(file: &Path, module: &Module<'_>, names: Names, by: &[By]) -> Result<Report, Error> {
        // What takes longest has nothing to do with each other: validation, compression, analysis.
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
