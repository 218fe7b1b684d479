//! The package of the declaration, whose name and version are in the module's manifest.
//!
//! It is found as cargo finds it: in the `Cargo.toml` beside the declaration and, for `version.workspace = true`, in
//! the workspace's `Cargo.toml` in a parent folder. This reads only these two keys, in their usual form, because a
//! full TOML parser would be half of a build script's dependencies.

use crate::{Declaration, Error};
use std::path::{Path, PathBuf};

/// The gatherer's identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Package {
    /// The package whose `Cargo.toml` is beside a declaration. Without one, it has the declaration's name and the
    /// version `0.0.0`.
    ///
    /// # Errors
    ///
    /// The `Cargo.toml` cannot be read, or has no name or no version.
    pub fn of(declaration: &Declaration) -> Result<Package, Error> {
        let file = declaration.folder().join("Cargo.toml");
        if !file.is_file() {
            return Ok(Package { name: declaration.name.clone(), version: "0.0.0".to_owned() });
        }
        let text = read(&file)?;
        let name = match key(&text, "package", "name") {
            Some(Said::Text(name)) => name.to_owned(),
            _ => return Err(Error::of_file(&file, "there is no 'name' in [package]")),
        };
        let version = match key(&text, "package", "version") {
            Some(Said::Text(version)) => version.to_owned(),
            Some(Said::Workspace) => workspace_version(&file)?,
            // cargo's default.
            None => "0.0.0".to_owned(),
        };
        Ok(Package { name, version })
    }
}

fn read(file: &Path) -> Result<String, Error> {
    std::fs::read_to_string(file).map_err(|error| Error::unreadable(file, &error))
}

/// The version in the first workspace `Cargo.toml` around the package.
fn workspace_version(package: &Path) -> Result<String, Error> {
    let absolute = std::path::absolute(package).unwrap_or_else(|_| package.to_owned());
    // The package may itself be the root.
    let files = absolute.ancestors().skip(1).map(|folder| folder.join("Cargo.toml"));
    for file in files.filter(|file| file.is_file()).collect::<Vec<PathBuf>>() {
        let text = read(&file)?;
        if let Some(Said::Text(version)) = key(&text, "workspace.package", "version") {
            return Ok(version.to_owned());
        }
    }
    let why = "the version is inherited from a workspace, but no Cargo.toml in a parent folder has a version in [workspace.package]";
    Err(Error::of_file(package, why))
}

/// The value of a key.
#[derive(Debug, PartialEq, Eq)]
enum Said<'a> {
    Text(&'a str),
    /// `key.workspace = true`, or `key = { workspace = true }`.
    Workspace,
}

/// The value of a key in a table, if it exists.
fn key<'a>(text: &'a str, table: &str, key: &str) -> Option<Said<'a>> {
    let mut is_within = false;
    for line in text.lines().map(str::trim) {
        if let Some(head) = line.strip_prefix('[') {
            is_within = head.split(']').next().map(str::trim) == Some(table);
            continue;
        }
        let Some((name, value)) = line.split_once('=').filter(|_| is_within) else { continue };
        let (name, value) = (name.trim().replace(' ', ""), value.trim());
        if name == format!("{key}.workspace") && value.starts_with("true") {
            return Some(Said::Workspace);
        }
        if name != key {
            continue;
        }
        if value.starts_with('{') {
            return value.contains("workspace").then_some(Said::Workspace);
        }
        let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        return value[1..].split(quote).next().map(Said::Text);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_as_people_write_them() {
        let text = "[workspace.package]\nversion = \"2.0.0\"\n\n[package] # ours\n  name = 'a'\nversion.workspace = true # so\n\
                    edition = { workspace = true }\n[dependencies]\nname = \"b\"\n";
        for (table, name, said) in [
            ("package", "name", Some(Said::Text("a"))),
            ("package", "version", Some(Said::Workspace)),
            ("package", "edition", Some(Said::Workspace)),
            ("workspace.package", "version", Some(Said::Text("2.0.0"))),
            ("package", "authors", None),
            ("dependencies", "version", None),
        ] {
            assert_eq!(key(text, table, name), said, "{table}.{name}");
        }
    }

    #[test]
    fn a_package_is_beside_its_declaration() {
        let folder = tempfile::tempdir().expect("a folder");
        let inner = folder.path().join("gatherers/pods");
        std::fs::create_dir_all(&inner).expect("a folder");
        let text = "apiVersion: wagather/v1\nkind: Gather\n";
        let declaration = Declaration::parse(&inner.join("gather.yaml"), text).expect("a declaration");
        let package = |version: &str| Package { name: "pods".into(), version: version.into() };
        assert_eq!(Package::of(&declaration), Ok(package("0.0.0")));
        let write = |file: PathBuf, text: &str| std::fs::write(file, text).expect("a file");
        write(inner.join("Cargo.toml"), "[package]\nname = \"pods\"\nversion.workspace = true\n");
        let error = Package::of(&declaration).expect_err("no workspace").to_string();
        assert!(error.contains("no Cargo.toml in a parent folder"), "{error}");
        write(folder.path().join("Cargo.toml"), "[workspace]\n[workspace.package]\nversion = \"1.2.3\"\n");
        assert_eq!(Package::of(&declaration), Ok(package("1.2.3")));
        write(inner.join("Cargo.toml"), "[package]\nversion = \"1.0.0\"\n");
        assert!(Package::of(&declaration).is_err());
    }
}
