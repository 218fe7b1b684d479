//! Reads the parts of a gatherer's Cargo.toml that the build needs.

use crate::{Result, TARGET, fail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use wagather_abi::manifest::is_gatherer_name;

/// A gatherer's crate.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) folder: PathBuf,
    pub(crate) name: String,
    /// The module's name in cargo's target folder.
    pub(crate) library: String,
}

impl Package {
    /// Reads the crate in a folder.
    pub(crate) fn read(folder: &Path) -> Result<Package> {
        let file = folder.join("Cargo.toml");
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return fail(format!("{} is not a gatherer: it has no Cargo.toml", folder.display()));
            }
            Err(error) => return fail(format!("cannot read {}: {error}", file.display())),
        };
        let Some(name) = key(&text, "package", "name") else {
            return fail(format!("{} is not a gatherer: it has no [package] with a name", file.display()));
        };
        if !is_gatherer_name(name) {
            return fail(format!(
                "{}: '{}' is not a valid gatherer name: use a-z, 0-9 and '-'",
                file.display(),
                name.escape_debug()
            ));
        }
        if !text.contains("cdylib") {
            return fail(format!(
                "{}: it needs 'crate-type = [\"cdylib\", \"rlib\"]' in [lib] to be built as a module",
                file.display()
            ));
        }
        let library = key(&text, "lib", "name").unwrap_or(name).replace('-', "_");
        Ok(Package { folder: folder.to_owned(), name: name.to_owned(), library })
    }

    /// The path of the module that cargo builds.
    pub(crate) fn linked(&self, scratch: &Path) -> PathBuf {
        scratch.join(TARGET).join("guest").join(format!("{}.wasm", self.library))
    }

    /// The Cargo.toml of its workspace, or its own.
    pub(crate) fn workspace(&self, cargo: &Path) -> Result<PathBuf> {
        let mut command = Command::new(cargo);
        command.args(["locate-project", "--workspace", "--message-format", "plain", "--manifest-path"]);
        let output = command.arg(self.folder.join("Cargo.toml")).output();
        match output {
            Ok(output) if output.status.success() => {
                Ok(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim_end()))
            }
            Ok(output) => fail(format!(
                "cargo does not accept {} as a crate: {}",
                self.folder.display(),
                String::from_utf8_lossy(&output.stderr).trim().trim_start_matches("error: ")
            )),
            Err(error) => fail(format!("{} cannot be run: {error}", cargo.display())),
        }
    }
}

/// A string value in a table.
fn key<'a>(text: &'a str, table: &str, key: &str) -> Option<&'a str> {
    let mut is_within = false;
    for line in text.lines().map(str::trim) {
        if let Some(head) = line.strip_prefix('[') {
            is_within = head.split(']').next().map(str::trim) == Some(table);
        } else if let Some((name, value)) =
            line.split_once('=').filter(|(name, _)| is_within && name.trim() == key)
        {
            let _ = name;
            let value = value.trim();
            let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
            return value[1..].split(quote).next();
        }
    }
    None
}

pub(crate) fn has_line(file: &Path, line: &str) -> bool {
    fs::read_to_string(file).is_ok_and(|text| text.lines().any(|known| known.trim() == line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_their_table() {
        let text = "[workspace]\nname = \"no\"\n[package] # ours\nname = 'pods'\n\n[lib]\nname=\"gather_pods\"\ncrate-type = [\"cdylib\"]\n";
        assert_eq!(key(text, "package", "name"), Some("pods"));
        assert_eq!(key(text, "lib", "name"), Some("gather_pods"));
        assert_eq!((key(text, "package", "version"), key(text, "bin", "name")), (None, None));
    }
}
