//! Verification in a build script, where a mistake stops the build.

use super::{Level, declaration_of, root_of, schemas_of, verify};
use crate::{Error, Schemas};
use std::io::Write;
use std::path::{Path, PathBuf};
use wagather_printable::Line;

/// Checks the crate whose build script calls this. A mistake is a build error with its place in the sources.
///
/// In the `main` of a build.rs, with `wagather-codegen = { …, default-features = false }` in `[build-dependencies]`:
///
/// ```no_run
/// wagather_codegen::verify::build(&["schemas"]);
/// ```
///
/// `schemas` are files and folders, relative to the crate; if empty, those of its `gather.yaml`. Cargo runs it again
/// when a source, a schema or the declaration changes. It does not print notes; `codegen verify` does.
pub fn build(schemas: &[&str]) {
    let folder = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    let lines = lines(&folder, schemas);
    // If cargo no longer reads, it has stopped the build.
    let _ = std::io::stdout().lock().write_all(lines.as_bytes());
}

/// The build script's output for cargo (The Cargo Book, "Build Scripts").
pub(super) fn lines(folder: &Path, schemas: &[&str]) -> String {
    let mut lines = String::new();
    if let Err(error) = told(folder, schemas, &mut lines) {
        for line in error.to_string().lines() {
            lines += &format!("cargo::error={line}\n");
        }
    }
    lines
}

fn told(folder: &Path, schemas: &[&str], lines: &mut String) -> Result<(), Error> {
    let mut depend = |file: &Path| *lines += &format!("cargo::rerun-if-changed={}\n", file.display());
    let root = match root_of(folder) {
        Ok(root) => root,
        Err(error) => {
            depend(&folder.join("src"));
            return Err(error);
        }
    };
    if schemas.is_empty() {
        depend(&declaration_of(&root).unwrap_or_else(|| folder.join("gather.yaml")));
    }
    depend(&root);
    let schemas = match schemas {
        [] => schemas_of(&root)?,
        named => named.iter().map(|schema| folder.join(schema)).collect(),
    };
    schemas.iter().for_each(|schema| depend(schema));
    let report = verify(&root, &Schemas::read(&schemas)?);
    report.files.iter().skip(1).for_each(|file| depend(file));
    for message in &report.messages {
        let kind = match message.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Note => continue,
        };
        // File names relative to the crate.
        let mut message = message.clone();
        if let Ok(inner) = Path::new(&message.file).strip_prefix(folder) {
            message.file = inner.display().to_string();
        }
        *lines += &format!("cargo::{kind}={}\n", Line(&message));
    }
    Ok(())
}
