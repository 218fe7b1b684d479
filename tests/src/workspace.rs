//! The repository's own files, for tests of its rules.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository's top folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("this crate lies in a folder of the repository")
}

/// A file's text; the path is from the top.
pub fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("cannot read {path}: {error}"))
}

/// What is in a folder; the path is from the top.
pub fn folder(path: &str) -> Vec<PathBuf> {
    let entries =
        std::fs::read_dir(root().join(path)).unwrap_or_else(|error| panic!("cannot read {path}: {error}"));
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| entry.expect("a folder that can be read").path()).collect();
    paths.sort();
    paths
}

/// Every file that belongs to the repository, as paths from the top: what git has or would take. Without git, in an
/// unpacked archive of the sources, every file outside of `target`.
pub fn files() -> Vec<String> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .ok()
        .filter(|output| output.status.success());
    let mut files: Vec<String> = match listed {
        Some(output) => String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect(),
        None => walk(root(), &|path| !path.ends_with("target") && !path.ends_with(".git")),
    };
    // A file that is deleted but not committed is still listed.
    files.retain(|file| root().join(file).is_file());
    files.sort();
    assert!(files.len() > 50, "the repository's files were not found, only {files:?}");
    files
}

/// The repository's Rust sources, guests of the fuzzers and generated files included.
pub fn rust_files() -> Vec<String> {
    files().into_iter().filter(|file| file.ends_with(".rs")).collect()
}

/// The files below a folder as paths from it, without the folders that `enter` refuses.
pub fn walk(top: &Path, enter: &dyn Fn(&Path) -> bool) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![top.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("cannot read {}: {error}", folder.display()))
        {
            let path = entry.expect("a folder that can be read").path();
            if path.is_dir() && !path.is_symlink() {
                if enter(&path) {
                    folders.push(path);
                }
            } else {
                let relative = path.strip_prefix(top).expect("a path below the top");
                files.push(relative.to_string_lossy().into_owned());
            }
        }
    }
    files.sort();
    files
}
