//! Modules from WebAssembly text, for guests that no compiler would make.
//!
//! A text can bring its own manifest, as `(@custom "wagather.manifest" "gatherer 1 name 0\n")`; [`module`] adds one to a
//! text that has none.

use std::path::{Path, PathBuf};

/// A module from text as it is: with the manifest that it brings, if any.
pub fn from_wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("the guest is not WebAssembly text: {error}\n{text}"))
}

/// A module from the fields of a `(module …)`, with a memory of one page and a manifest of these lines, the first of
/// which names the gatherer.
pub fn module(name: &str, records: &[&str], fields: &str) -> Vec<u8> {
    let mut manifest = format!("gatherer 1 {name} 0\n");
    for record in records {
        manifest.push_str(record);
        manifest.push('\n');
    }
    // Memory comes last: imports must come first.
    let module = from_wat(&format!("(module {fields} (memory (export \"memory\") 1))"));
    with_manifest(module, manifest.as_bytes())
}

/// A module with one more custom section for its manifest.
pub fn with_manifest(mut module: Vec<u8>, manifest: &[u8]) -> Vec<u8> {
    const NAME: &[u8] = b"wagather.manifest";
    let mut contents = vec![NAME.len() as u8];
    contents.extend_from_slice(NAME);
    contents.extend_from_slice(manifest);
    module.push(0);
    module.extend(leb128(contents.len()));
    module.extend_from_slice(&contents);
    module
}

/// A number as WebAssembly's binary format has it.
pub fn leb128(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// Writes a module into a folder.
pub fn write(folder: &Path, name: &str, module: &[u8]) -> PathBuf {
    let path = folder.join(name).with_extension("wasm");
    std::fs::write(&path, module).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
    path
}
