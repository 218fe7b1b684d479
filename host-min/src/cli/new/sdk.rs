//! Where the SDK is that a new gatherer is built with: a checkout of this repository.

use host_min::error::{Class, Failure, Result};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The folder whose folders are members of the checkout's workspace.
const MEMBERS: &str = "examples";

/// The SDK, seen from a new crate.
#[derive(Debug)]
pub(super) struct Sdk {
    /// The checkout.
    root: PathBuf,
    /// The way there from the crate, as its Cargo.toml has it.
    way: String,
    is_member: bool,
}

impl Sdk {
    /// The SDK for a crate in this folder, which need not be there: the checkout that it is in, the one that is named, or the
    /// one that the program was called in.
    pub(super) fn find(folder: &Path, named: Option<&Path>) -> Result<Sdk> {
        let attempt = || format!("cannot make a gatherer in {}", folder.display());
        let refused = |reason: String| Failure::new(Class::Config, attempt(), reason);
        let parent = match folder.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let parent = fs::canonicalize(parent).map_err(|error| {
            refused(format!("there must be a folder {} for it: {error}", parent.display()))
        })?;
        if let Some(root) = workspace_above(&parent).filter(|root| is_sdk(root)) {
            if parent != root.join(MEMBERS) {
                let name = folder.file_name().unwrap_or_default().display().to_string();
                return Err(refused(format!(
                    "that is in the SDK's checkout {}, whose gatherers are in {MEMBERS}/",
                    root.display()
                ))
                .advise(format!("Name it {MEMBERS}/{name}, or give a path outside of the checkout.")));
            }
            return Ok(Sdk { root, way: "../..".to_owned(), is_member: true });
        }
        let root = match named {
            Some(named) => {
                let root = fs::canonicalize(named);
                root.ok().filter(|root| is_sdk(root)).ok_or_else(|| {
                    refused(format!("--sdk {} is no checkout of wagather", named.display()))
                        .advise("It is the folder that has guest-sdk/Cargo.toml.")
                })?
            }
            None => {
                let here = std::env::current_dir().ok();
                here.and_then(|here| workspace_above(&here)).filter(|root| is_sdk(root)).ok_or_else(|| {
                    refused(
                        "it needs the SDK, and neither it nor the current folder is in its checkout"
                            .to_owned(),
                    )
                    .advise("Say where the checkout of wagather is: --sdk PATH.")
                })?
            }
        };
        // It is a text in TOML and YAML.
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

    /// The way from the crate to something in the checkout.
    pub(super) fn path_to(&self, path: &str) -> String {
        let way = format!("{}/{path}", self.way);
        way.trim_end_matches('/').to_owned()
    }

    /// The text of a file of the checkout.
    pub(super) fn read(&self, path: &str) -> Result<String> {
        let path = self.root.join(path);
        fs::read_to_string(&path)
            .map_err(|error| Failure::new(Class::Config, format!("cannot read {}", path.display()), error))
    }
}

fn is_sdk(root: &Path) -> bool {
    has_line(&root.join("guest-sdk/Cargo.toml"), "name = \"wagather\"")
}

/// The workspace that cargo would take a crate in this folder for a member of.
fn workspace_above(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().find(|folder| has_line(&folder.join("Cargo.toml"), "[workspace]")).map(Path::to_owned)
}

fn has_line(file: &Path, line: &str) -> bool {
    fs::read_to_string(file).is_ok_and(|text| text.lines().any(|known| known.trim_end() == line))
}

/// The way from a folder to another one, both absolute: relative, so that both can be moved together, unless they have nothing
/// in common.
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
