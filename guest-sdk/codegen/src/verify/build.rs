//! The same from a build script, where a mistake stops the build.

use super::{Level, declaration_of, root_of, schemas_of, verify};
use crate::{Error, Schemas};
use std::io::Write;
use std::path::{Path, PathBuf};
use wagather_printable::Line;

/// Checks the crate whose build script calls it. A mistake is an error of the build, at its place in the sources.
///
/// In the `main` of a build.rs, with `wagather-codegen = { …, default-features = false }` below `[build-dependencies]`:
///
/// ```no_run
/// wagather_codegen::verify::build(&["schemas"]);
/// ```
///
/// `schemas` are files and folders, relative to the crate; without any, they are those of its `gather.yaml`. The build runs it again
/// when a source, a schema or the declaration changes. Notes are not told; `codegen verify` tells them.
pub fn build(schemas: &[&str]) {
    let folder = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    let lines = lines(&folder, schemas);
    // Who does not listen to a build script does not build.
    let _ = std::io::stdout().lock().write_all(lines.as_bytes());
}

/// What a build script says to cargo. (The Cargo Book, "Build Scripts".)
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
        // As the crate calls its files.
        let mut message = message.clone();
        if let Ok(inner) = Path::new(&message.file).strip_prefix(folder) {
            message.file = inner.display().to_string();
        }
        *lines += &format!("cargo::{kind}={}\n", Line(&message));
    }
    Ok(())
}
