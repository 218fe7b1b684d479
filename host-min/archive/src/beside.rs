//! The map of what was obfuscated in an archive: beside it, for its owner alone, and never within.

use super::Output;
use super::aside::{Existing, Target};
use super::known::is_map;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use wagather_base::error::Failure;

const WHAT: &str = "the obfuscation map";

/// Where the map of an archive is.
fn map_of(archive: &Path) -> PathBuf {
    let mut name = archive.file_name().unwrap_or_default().to_owned();
    name.push(".obfuscation.json");
    archive.with_file_name(name)
}

impl Output {
    /// Whether there is room for a map beside the archive; nothing is made there.
    pub fn check_map(&self, existing: Existing) -> Result<(), Failure> {
        match self {
            Output::Folder(path) | Output::TarGz(path) => {
                Target::claim_over(&map_of(path), WHAT, existing, is_map).map(|_| ())
            }
            Output::Stdout => Ok(()),
        }
    }
}

/// Writes the map of an archive that has its name; the result is where it is.
pub fn write_map(archive: &Path, json: &[u8], existing: Existing) -> Result<PathBuf, Failure> {
    let path = map_of(archive);
    // That of what is incomplete takes the place of an older one, as what is incomplete does.
    let existing = if is_map(&path) { Existing::Replace } else { existing };
    let write = || {
        let target = Target::claim_over(&path, WHAT, existing, is_map)?;
        let (mut file, partial) = target.new_file()?;
        let placed = file
            .write_all(json)
            .and_then(|()| file.sync_all())
            .and_then(|()| target.place(partial.path(), existing, is_map));
        placed.map_err(|error: io::Error| target.failure(&error))
    };
    write().map_err(|failure: Failure| {
        failure.advise(format!(
            "without the map, the placeholders in {} cannot be resolved: run again",
            archive.display()
        ))
    })?;
    Ok(path)
}
