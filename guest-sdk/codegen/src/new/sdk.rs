//! Finds the SDK for a new gatherer: a checkout of this repository.

use crate::Error;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The folder whose subfolders are members of the checkout's workspace.
const MEMBERS: &str = "examples";

/// The SDK, as seen from a new crate.
#[derive(Debug)]
pub(super) struct Sdk {
    /// The checkout.
    root: PathBuf,
    /// The path to it from the crate, for its Cargo.toml.
    way: String,
    is_member: bool,
}

impl Sdk {
    /// Finds the SDK for a crate in this folder, which need not exist: the checkout around it, the named one, or the
    /// one around the current folder.
    pub(super) fn find(folder: &Path, named: Option<&Path>) -> Result<Sdk, Error> {
        let refused =
            |reason: String| Error::of_file(folder, format!("cannot create a gatherer there: {reason}"));
        let parent = match folder.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let parent = fs::canonicalize(parent)
            .map_err(|error| refused(format!("cannot create the folder {}: {error}", parent.display())))?;
        if let Some(root) = workspace_above(&parent).filter(|root| is_sdk(root)) {
            if parent != root.join(MEMBERS) {
                let name = folder.file_name().unwrap_or_default().display().to_string();
                return Err(refused(format!(
                    "the path is inside the SDK's checkout {}, which has its gatherers in {MEMBERS}/; use {MEMBERS}/{name}, or a path outside the checkout",
                    root.display()
                )));
            }
            return Ok(Sdk { root, way: "../..".to_owned(), is_member: true });
        }
        let root = match named {
            Some(named) => {
                let root = fs::canonicalize(named);
                root.ok().filter(|root| is_sdk(root)).ok_or_else(|| {
                    refused(format!(
                        "--sdk {} is not a checkout of wagather: it has no guest-sdk/Cargo.toml",
                        named.display()
                    ))
                })?
            }
            None => {
                let here = std::env::current_dir().ok();
                here.and_then(|here| workspace_above(&here)).filter(|root| is_sdk(root)).ok_or_else(|| {
                    refused(
                        "it needs the SDK, but neither the path nor the current folder is inside a checkout of wagather; name the checkout with --sdk DIR"
                            .to_owned(),
                    )
                })?
            }
        };
        // The path becomes a string in TOML and YAML.
        let way = way(&parent.join(folder.file_name().unwrap_or_default()), &root);
        let way = way.to_str().filter(|way| !way.contains(|c: char| c.is_control() || "\"\\".contains(c)));
        let way = way.ok_or_else(|| {
            refused(format!("the path to the SDK, {}, cannot be written in a Cargo.toml", root.display()))
        })?;
        Ok(Sdk { way: way.to_owned(), root, is_member: false })
    }

    /// Whether the crate is a member of the checkout's workspace.
    pub(super) fn has_as_member(&self) -> bool {
        self.is_member
    }

    /// The path from the crate to a file in the checkout.
    pub(super) fn path_to(&self, path: &str) -> String {
        let way = format!("{}/{path}", self.way);
        way.trim_end_matches('/').to_owned()
    }

    /// The absolute path of a file in the checkout.
    pub(super) fn place_of(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// The text of a file of the checkout.
    pub(super) fn read(&self, path: &str) -> Result<String, Error> {
        let file = self.place_of(path);
        fs::read_to_string(&file).map_err(|error| Error::unreadable(&file, &error))
    }
}

fn is_sdk(root: &Path) -> bool {
    has_line(&root.join("guest-sdk/Cargo.toml"), "name = \"wagather\"")
}

/// The workspace to which cargo would add a crate in this folder.
fn workspace_above(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().find(|folder| has_line(&folder.join("Cargo.toml"), "[workspace]")).map(Path::to_owned)
}

fn has_line(file: &Path, line: &str) -> bool {
    fs::read_to_string(file).is_ok_and(|text| text.lines().any(|known| known.trim_end() == line))
}

/// The path from one absolute path to another: relative, so both can be moved together, unless they have nothing in
/// common.
fn way(from: &Path, to: &Path) -> PathBuf {
    let common = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    if from.components().take(common).all(|part| part == Component::RootDir) {
        return to.to_owned();
    }
    let up = from.components().skip(common).map(|_| Component::ParentDir);
    up.chain(to.components().skip(common)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_is_relative_where_it_can_be() {
        for (from, to, expected) in [
            ("/a/widgets", "/a/wagather", "../wagather"),
            ("/a/b/c/widgets", "/a/wagather", "../../../wagather"),
            ("/a/widgets", "/a", ".."),
            ("/a/widgets", "/b/wagather", "/b/wagather"),
        ] {
            assert_eq!(way(Path::new(from), Path::new(to)), Path::new(expected), "{from} to {to}");
        }
    }
}
