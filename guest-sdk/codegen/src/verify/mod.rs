//! Structs that are written by hand, against the schemas: for whoever writes `#[derive(Resource)]` and `#[derive(Fields)]` and
//! wants no module made.
//!
//! The derives know no schema: a field that the API does not have is not noticed, it is just always its default. Here it is:
//! each resource of a crate is looked for in [`Schemas`], and its fields are followed, however deep. A field that there is not, and a type
//! that cannot hold what the schema says, are errors; a type that cannot hold all of it is a warning; what cannot be followed is
//! a note. All of it is told at once.
//!
//! It reads sources, and is no compiler: `source` says what is read, `names` how a name is found. [`build()`] does it from a build
//! script, [`verify()`] from anywhere.

mod build;
mod check;
mod names;
mod report;
mod source;

pub use build::build;
pub use report::{Level, Message, Report};

use crate::{Declaration, Error, Schemas};
use source::Sources;
use std::path::{Path, PathBuf};

/// The reader of Rust calls itself for all that nests, more than once: an unoptimised one needs some 20 KB for a bracket.
const STACK_BYTES: usize = 64 << 20;

/// Checks a crate, given its root: `src/lib.rs`.
pub fn verify(root: &Path, schemas: &Schemas) -> Report {
    verify_with(root, schemas, &|file| std::fs::read_to_string(file))
}

fn verify_with(root: &Path, schemas: &Schemas, read: source::Read<'_>) -> Report {
    let all = || {
        let mut sources = Sources::read(root, read);
        let found = check::check(&mut sources, schemas);
        let files = [sources.files, sources.missing].concat();
        Report::of(found.messages, found.resources, found.fields, files)
    };
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, all);
        match thread.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(report)) => report,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            // Without another thread it is done in this one.
            Err(_) => all(),
        }
    })
}

/// The root of what is named: a file, or a crate's folder.
///
/// # Errors
///
/// The folder has neither `src/lib.rs` nor `src/main.rs`, or there is nothing there.
pub fn root_of(path: &Path) -> Result<PathBuf, Error> {
    if path.is_file() {
        return Ok(path.to_owned());
    }
    let roots = ["src/lib.rs", "src/main.rs"].map(|root| path.join(root));
    let why = match path.is_dir() {
        true => "the folder has neither src/lib.rs nor src/main.rs",
        false => "the file or folder does not exist",
    };
    roots.into_iter().find(|root| root.is_file()).ok_or_else(|| Error::of_file(path, why))
}

/// The schemas that the crate of a root names: those of the gather.yaml beside its Cargo.toml.
///
/// # Errors
///
/// There is none, or it is wrong, or the text says why not.
pub fn schemas_of(root: &Path) -> Result<Vec<PathBuf>, Error> {
    let Some(file) = declaration_of(root) else {
        let why = "no schema is given: give --schema PATH or --cluster, or write a gather.yaml with 'schemas: [PATH]' beside Cargo.toml";
        return Err(Error::of_file(root, why));
    };
    let schemas = Declaration::read(&file)?.schemas;
    if schemas.is_empty() {
        return Err(Error::of_file(
            &file,
            "no schema is given: give --schema PATH or --cluster, or write 'schemas: [PATH]'",
        ));
    }
    Ok(schemas)
}

/// The gather.yaml of the crate that a root is of.
fn declaration_of(root: &Path) -> Option<PathBuf> {
    let folder = root.ancestors().skip(1).find(|folder| folder.join("Cargo.toml").is_file())?;
    Some(folder.join("gather.yaml")).filter(|file| file.is_file())
}

#[cfg(test)]
mod tests;
