//! Reads whole archives: from a folder, from a `.tar.gz`, from bytes.
//!
//! Reading is strict: an entry that is not a plain file, occurs twice or points out of the archive fails any test.

use crate::workspace;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Component, Path};

/// An archive's files by path.
#[derive(Clone, PartialEq, Eq)]
pub struct Archive {
    files: BTreeMap<String, Vec<u8>>,
}

impl Archive {
    /// Reads a folder or a `.tar.gz`.
    pub fn read(path: impl AsRef<Path>) -> Archive {
        let path = path.as_ref();
        if path.is_dir() {
            let files = workspace::walk(path, &|_| true);
            let content = |file: &String| {
                assert!(!path.join(file).is_symlink(), "{file} is a link");
                std::fs::read(path.join(file)).expect("a file that can be read")
            };
            return Archive { files: files.iter().map(|file| (file.clone(), content(file))).collect() };
        }
        let bytes = std::fs::read(path)
            .unwrap_or_else(|error| panic!("there is no archive {}: {error}", path.display()));
        Archive::from_tar_gz(&bytes)
    }

    /// Reads the bytes of a `.tar.gz`.
    pub fn from_tar_gz(bytes: &[u8]) -> Archive {
        let mut files = BTreeMap::new();
        let mut tar = tar::Archive::new(flate2::read::MultiGzDecoder::new(bytes));
        for entry in tar.entries().expect("a tar") {
            let mut entry = entry.expect("a tar's entry");
            assert_eq!(entry.header().entry_type(), tar::EntryType::Regular, "{:?}", entry.path());
            let path = entry.path().expect("a path").into_owned();
            assert!(
                path.components().all(|part| matches!(part, Component::Normal(_))),
                "{} leads out",
                path.display()
            );
            let mut content = Vec::new();
            entry.read_to_end(&mut content).expect("a whole entry");
            let path = path.to_string_lossy().into_owned();
            assert!(files.insert(path.clone(), content).is_none(), "{path} is there twice");
        }
        Archive { files }
    }

    /// The paths, in alphabetical order.
    pub fn paths(&self) -> Vec<&str> {
        self.files.keys().map(String::as_str).collect()
    }

    /// A file's bytes.
    pub fn bytes(&self, path: &str) -> &[u8] {
        self.files.get(path).unwrap_or_else(|| panic!("the archive has no {path}, but {:?}", self.paths()))
    }

    /// A file as JSON.
    pub fn json(&self, path: &str) -> Value {
        serde_json::from_slice(self.bytes(path)).unwrap_or_else(|error| panic!("{path} is not JSON: {error}"))
    }

    /// The report.
    pub fn report(&self) -> Value {
        self.json("wagather.json")
    }

    /// One gatherer's part of the report.
    pub fn gatherer(&self, name: &str) -> Value {
        let report = self.report();
        let part = report["gatherers"].as_array().and_then(|all| all.iter().find(|one| one["name"] == name));
        part.unwrap_or_else(|| panic!("{name} is not in the report {report:#}")).clone()
    }

    /// The audit: each line of it.
    pub fn audit(&self) -> Vec<Value> {
        let text = String::from_utf8_lossy(self.bytes("audit.jsonl"));
        let line =
            |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line} is not JSON: {error}"));
        text.lines().map(line).collect()
    }

    /// The archive without the host's own files: what was gathered.
    pub fn gathered(&self) -> BTreeMap<&str, &[u8]> {
        let files = self.files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice()));
        files.filter(|(path, _)| !["wagather.json", "audit.jsonl"].contains(path)).collect()
    }

    /// Whether a text is anywhere in it, names included.
    pub fn mentions(&self, text: &str) -> bool {
        self.files.iter().any(|(path, bytes)| path.contains(text) || contains(bytes, text.as_bytes()))
    }
}

impl std::fmt::Debug for Archive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map()
            .entries(self.files.iter().map(|(path, bytes)| (path, String::from_utf8_lossy(bytes))))
            .finish()
    }
}

/// Whether some bytes are part of others.
pub fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}
