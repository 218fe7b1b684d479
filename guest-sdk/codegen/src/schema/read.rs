//! Reads JSON and YAML files within limits, and splits files with several documents.

use crate::Error;
use serde_json::Value;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use wagather_yaml::Place;

/// The maximum size of a document. The version 2 document of a cluster with hundreds of CustomResourceDefinitions has
/// about ten megabytes.
pub const MAX_DOCUMENT_BYTES: usize = 128 << 20;

/// A document from a file or a cluster, unparsed.
#[derive(Clone, Debug)]
pub struct Saved {
    /// Its name in the output: a file's name, or a path on the API server, without folders of the machine and without
    /// a URL.
    pub name: String,
    /// Its name in messages: the file's path.
    pub from: PathBuf,
    /// Its content.
    pub bytes: Vec<u8>,
    /// Whether it was found in a folder, so it may be something other than schemas.
    pub is_found: bool,
}

/// Reads files, and the `.json`, `.yaml` and `.yml` files of folders, sorted by name.
///
/// # Errors
///
/// A file cannot be read, or exceeds the size limit.
pub fn files(paths: &[PathBuf]) -> Result<Vec<Saved>, Error> {
    let mut all = Vec::new();
    for path in paths {
        let is_folder = path.is_dir();
        for from in files_of(path)? {
            let name = from.file_name().unwrap_or(from.as_os_str()).to_string_lossy().into_owned();
            let bytes = bounded(&from)?;
            all.push(Saved { name, from, bytes, is_found: is_folder });
        }
    }
    Ok(all)
}

/// A file's bytes, up to the size limit.
fn bounded(file: &Path) -> Result<Vec<u8>, Error> {
    let unreadable = |error: std::io::Error| Error::unreadable(file, &error);
    let mut bytes = Vec::new();
    let reader = File::open(file).map_err(unreadable)?;
    reader.take(MAX_DOCUMENT_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > MAX_DOCUMENT_BYTES { Err(Error::of_file(file, too_large())) } else { Ok(bytes) }
}

pub(crate) fn too_large() -> String {
    let most = MAX_DOCUMENT_BYTES >> 20;
    format!("it is larger than {most} MiB: name the document with the schemas")
}

/// A file, or the files of a folder, sorted by name.
fn files_of(path: &Path) -> Result<Vec<PathBuf>, Error> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let unreadable = |error: std::io::Error| Error::unreadable(path, &error);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        let extension = file.extension().and_then(|extension| extension.to_str());
        if matches!(extension, Some("json" | "yaml" | "yml")) {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(Error::of_file(path, "the folder has no .json, .yaml or .yml file"));
    }
    Ok(files)
}

/// The reason why a file has no usable schemas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// The place in the file, if there is one.
    pub place: Option<Place>,
    /// The reason.
    pub reason: String,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{place}: {}", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

impl std::error::Error for Unusable {}

impl From<String> for Unusable {
    fn from(reason: String) -> Unusable {
        Unusable { place: None, reason }
    }
}

impl From<wagather_yaml::Error> for Unusable {
    fn from(error: wagather_yaml::Error) -> Unusable {
        Unusable { place: Some(error.place), reason: error.message }
    }
}

/// A document of a file, and its place.
pub(crate) struct Part {
    at: At,
    pub(crate) value: Value,
}

/// The place of a document.
#[derive(Clone, Copy, Default)]
pub(crate) struct At {
    /// Its start, in a file with several documents.
    place: Option<Place>,
    /// Its index in a list.
    item: Option<usize>,
}

impl At {
    /// A mistake in this document.
    pub(crate) fn wrong(self, reason: String) -> Unusable {
        let reason = match self.item {
            Some(item) => format!("item {item}: {reason}"),
            None => reason,
        };
        Unusable { place: self.place, reason }
    }
}

impl Part {
    pub(crate) fn take_apart(self) -> (At, Value) {
        (self.at, self.value)
    }
}

/// The documents of a file: YAML documents, and the items of lists.
pub(crate) fn parts(bytes: &[u8]) -> Result<Vec<Part>, Unusable> {
    let mut parts = Vec::new();
    for part in whole(bytes)? {
        items(part, &mut parts)?;
    }
    Ok(parts)
}

fn whole(bytes: &[u8]) -> Result<Vec<Part>, Unusable> {
    if bytes.len() > MAX_DOCUMENT_BYTES {
        return Err(too_large().into());
    }
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let reason = "it is compressed with gzip: unpack it (gunzip), and name the unpacked file";
        return Err(reason.to_owned().into());
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{') {
        let value = serde_json::from_slice(bytes).map_err(|error| not_json(&error))?;
        return Ok(vec![Part { at: At::default(), value }]);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let wanted = "expected OpenAPI or a CustomResourceDefinition, in UTF-8";
        format!("neither JSON nor YAML: byte {} is not text; {wanted}", error.valid_up_to())
    })?;
    let nodes = wagather_yaml::parse_all(text).map_err(|error| {
        // The YAML parser has limits for handwritten files, which generated files may exceed.
        let large = error.message.contains("too many") || error.message.contains("too deeply");
        let advice = if large { "; JSON may be larger: use 'kubectl get crds -o json'" } else { "" };
        let reason = format!("not YAML: {}{advice}", error.message);
        Unusable { place: Some(error.place), reason }
    })?;
    if nodes.is_empty() {
        let wanted = "expected OpenAPI or a CustomResourceDefinition";
        return Err(format!("the file is empty; {wanted}").into());
    }
    let is_one = nodes.len() == 1;
    let part = |node: &wagather_yaml::Node| Part {
        at: At { place: (!is_one).then_some(node.place), item: None },
        value: node.to_json(),
    };
    Ok(nodes.iter().map(part).collect())
}

/// An error of the JSON parser, with a separate place.
fn not_json(error: &serde_json::Error) -> Unusable {
    let place = Place { line: error.line(), column: error.column() };
    let reason = error.to_string();
    let reason = reason.strip_suffix(&format!(" at line {} column {}", place.line, place.column));
    let reason = reason.map_or_else(|| error.to_string(), str::to_owned);
    Unusable { place: Some(place), reason: format!("not JSON: {reason}") }
}

/// Splits `kubectl get crds -o json`, and the API's own lists, into items.
fn items(part: Part, parts: &mut Vec<Part>) -> Result<(), Unusable> {
    let kind = part.value.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
    let is_typed = kind == "CustomResourceDefinitionList";
    if !is_typed && kind != "List" {
        parts.push(part);
        return Ok(());
    }
    let api_version = part.value.get("apiVersion").cloned().unwrap_or_default();
    let Some(items) = part.value.get("items").and_then(Value::as_array) else {
        return Err(part.at.wrong("a list without 'items'".to_owned()));
    };
    for (index, item) in items.iter().enumerate() {
        let mut item = Part { at: At { item: Some(index), ..part.at }, value: item.clone() };
        let Some(keys) = item.value.as_object_mut() else {
            return Err(item.at.wrong("an item of a list is an object".to_owned()));
        };
        if is_typed {
            // Items of a typed list have no kind.
            keys.entry("kind").or_insert_with(|| "CustomResourceDefinition".into());
            keys.entry("apiVersion").or_insert_with(|| api_version.clone());
        }
        if keys.get("kind").and_then(Value::as_str) == Some("CustomResourceDefinition") {
            parts.push(item);
        }
    }
    Ok(())
}
