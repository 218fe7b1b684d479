//! Gatherers whose versions differ by a text that they write, and modules that are none.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use tests::guest::{self, Texts};

/// A gatherer's module on disk, and all its versions so far.
pub(crate) struct Gatherer {
    pub(crate) name: String,
    file: PathBuf,
    versions: Mutex<Versions>,
}

#[derive(Default)]
struct Versions {
    by_digest: HashMap<String, u64>,
    newest: u64,
}

/// How a file is replaced.
const WAYS: u64 = 3;

impl Gatherer {
    /// Writes the first version.
    pub(crate) fn new(folder: &Path, name: &str) -> Gatherer {
        let file = folder.join(name).with_extension("wasm");
        let gatherer = Gatherer { name: name.into(), file, versions: Mutex::default() };
        gatherer.replace();
        gatherer
    }

    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// Writes the next version, and says which it is. By turns, the file is renamed into its place, is written where it is, and is a link to
    /// another one.
    pub(crate) fn replace(&self) -> (u64, String) {
        let mut versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        let number = versions.newest + 1;
        let module = self.module(number);
        let digest = digest(&module);
        // Known before it can run.
        versions.by_digest.insert(digest.clone(), number);
        versions.newest = number;
        drop(versions);
        self.write(&module, number % WAYS);
        (number, digest)
    }

    /// Puts something there that is no version: by turns half a module, noise, and nothing.
    pub(crate) fn break_it(&self, number: u64) {
        let module = self.module(number);
        let broken: &[u8] = match number % 3 {
            0 => &module[..module.len() / 2],
            1 => b"no module",
            _ => b"",
        };
        self.write(broken, number / 3 % WAYS);
    }

    /// The number of the version with this digest.
    pub(crate) fn version(&self, digest: &str) -> Option<u64> {
        self.versions.lock().unwrap_or_else(PoisonError::into_inner).by_digest.get(digest).copied()
    }

    fn module(&self, number: u64) -> Vec<u8> {
        let request = Texts {
            version: "v1",
            resource: "clusteroperators",
            group: "config.openshift.io",
            ..Texts::default()
        };
        let record = "resource list config.openshift.io/v1/clusteroperators * *";
        guest::telling(&self.name, &[record], &request, &number.to_string())
    }

    fn write(&self, bytes: &[u8], way: u64) {
        let beside = |suffix: &str| self.file.with_extension(suffix);
        match way {
            0 => fs::write(beside("new"), bytes).and_then(|()| fs::rename(beside("new"), &self.file)),
            1 => {
                // Not through a link, which would change what it leads to as well.
                if self.file.is_symlink() {
                    fs::remove_file(&self.file).expect("a link");
                }
                fs::write(&self.file, bytes)
            }
            _ => {
                let target =
                    beside(if self.file.read_link().is_ok_and(|to| to == beside("a")) { "b" } else { "a" });
                fs::write(&target, bytes)
                    .and_then(|()| std::os::unix::fs::symlink(&target, beside("link")))
                    .and_then(|()| fs::rename(beside("link"), &self.file))
            }
        }
        .unwrap_or_else(|error| panic!("cannot write {}: {error}", self.file.display()));
    }
}

fn digest(module: &[u8]) -> String {
    host_min::ModuleFacts::of(module).sha256
}
