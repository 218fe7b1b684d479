//! Checks handwritten structs against the schemas, for people who write `#[derive(Resource)]` and `#[derive(Fields)]`
//! instead of generating a module.
//!
//! The derives know no schema: a field that the API does not have is not an error, but always has its default. This
//! module looks up each resource of a crate in [`Schemas`] and follows its fields to any depth. A missing field, and
//! a type that cannot hold the schema's values, are errors. A type that cannot hold all of them is a warning. What
//! cannot be followed is a note. It reports everything at once.
//!
//! It reads sources without compiling them: `source` describes what it reads, `names` how it finds names. [`build()`]
//! runs it in a build script, [`verify()`] anywhere else.

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

/// syn recurses for every level of nesting, several times: without optimization, a bracket needs about 20 KB.
const STACK_BYTES: usize = 64 << 20;

/// Checks a crate by its root: `src/lib.rs`.
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
            // If no thread can be started, use this one.
            Err(_) => all(),
        }
    })
}

/// The root of a crate, from a file or the crate's folder.
///
/// # Errors
///
/// The folder has neither `src/lib.rs` nor `src/main.rs`, or does not exist.
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

/// The schemas that a crate names: those of the gather.yaml beside its Cargo.toml.
///
/// # Errors
///
/// There is no gather.yaml, or it is invalid.
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

/// The gather.yaml of a crate, from its root.
fn declaration_of(root: &Path) -> Option<PathBuf> {
    let folder = root.ancestors().skip(1).find(|folder| folder.join("Cargo.toml").is_file())?;
    Some(folder.join("gather.yaml")).filter(|file| file.is_file())
}

#[cfg(test)]
mod tests;
