//! The obfuscation map of an archive: next to the archive, never in it, and readable only by its owner.

use super::Output;
use super::ours::is_map;
use super::target::{Existing, Target};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use wagather_base::error::Failure;

const WHAT: &str = "the obfuscation map";

/// The path of an archive's map.
fn map_of(archive: &Path) -> PathBuf {
    let mut name = archive.file_name().unwrap_or_default().to_owned();
    name.push(".obfuscation.json");
    archive.with_file_name(name)
}

impl Output {
    /// Checks that a map can be created next to the archive. Creates nothing.
    pub fn check_map(&self, existing: Existing) -> Result<(), Failure> {
        match self {
            Output::Folder(path) | Output::TarGz(path) => {
                Target::claim_over(&map_of(path), WHAT, existing, is_map).map(|_| ())
            }
            Output::Stdout | Output::Nameless(_) => Ok(()),
        }
    }
}

/// Writes the map of an archive that has its final name. Returns the path.
pub fn write_map(archive: &Path, json: &[u8], existing: Existing) -> Result<PathBuf, Failure> {
    let path = map_of(archive);
    // The map of an incomplete archive replaces an older one, as the archive itself does.
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
