//! Modules from WebAssembly text, for guests that no compiler makes.
//!
//! A text can contain its own manifest, as `(@custom "wagather.manifest" "gatherer 1 name 0\n")`; [`module`] adds one
//! to a text that has none.

use std::path::{Path, PathBuf};
use wagather_abi::Verb;
use wagather_base::limits::MAX_VALIDATED_BYTES;

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

/// The same module, so large that a function of it is validated when it is called first.
pub fn large(module: Vec<u8>) -> Vec<u8> {
    padded(module, MAX_VALIDATED_BYTES)
}

/// The same module with a section of this many bytes that nobody reads.
pub fn padded(mut module: Vec<u8>, bytes: usize) -> Vec<u8> {
    let contents = [&b"\x07padding"[..], &vec![0; bytes]].concat();
    module.push(0);
    module.extend(leb128(contents.len()));
    module.extend(contents);
    module
}

/// The texts of a request, in the order of its structure.
#[derive(Clone, Copy, Debug, Default)]
pub struct Texts<'a> {
    /// The API version; empty for a raw path.
    pub version: &'a str,
    /// The plural name, or the path.
    pub resource: &'a str,
    /// The API group.
    pub group: &'a str,
    /// The namespace.
    pub namespace: &'a str,
    /// The object's name; empty for a list.
    pub name: &'a str,
    /// The subresource.
    pub subresource: &'a str,
    /// The label selector.
    pub labels: &'a str,
    /// The field selector.
    pub fields: &'a str,
    /// The field mask.
    pub mask: &'a str,
    /// The query.
    pub query: &'a str,
}

/// A guest that sends one request (raw if it has no version, a list if it has no name) and pipes the answer; it returns
/// the status of what fails.
pub fn piping(name: &str, records: &[&str], request: &Texts<'_>) -> Vec<u8> {
    piping_with(name, records, verb_of(request), request)
}

/// The same with a verb that the texts do not tell.
pub fn piping_with(name: &str, records: &[&str], verb: Verb, request: &Texts<'_>) -> Vec<u8> {
    let fields = format!(
        r#"(import "wagather_v1" "rest_start" (func $rest_start (param i32) (result i32)))
        (import "wagather_v1" "archive_pipe" (func $archive_pipe (param i32 i32 i32) (result i32)))
        {}
        (data (i32.const 4096) "raw.txt")
        (func (export "gather") (result i32) (local $got i32)
            (local.set $got (call $rest_start (i32.const 0)))
            (if (i32.gt_s (local.get $got) (i32.const 0))
                (then (local.set $got (call $archive_pipe (local.get $got) (i32.const 4096) (i32.const 7)))))
            (select (local.get $got) (i32.const 0) (i32.lt_s (local.get $got) (i32.const 0))))"#,
        data_with(verb, request),
    );
    module(name, records, &fields)
}

/// A guest that does the same, and writes a text into an entry before it and into another one after it: `before.txt`, `after.txt`.
pub fn telling(name: &str, records: &[&str], request: &Texts<'_>, text: &str) -> Vec<u8> {
    let len = text.len();
    let fields = format!(
        r#"(import "wagather_v1" "rest_start" (func $rest_start (param i32) (result i32)))
        (import "wagather_v1" "archive_pipe" (func $archive_pipe (param i32 i32 i32) (result i32)))
        (import "wagather_v1" "archive_open" (func $archive_open (param i32 i32) (result i32)))
        (import "wagather_v1" "archive_write" (func $archive_write (param i32 i32 i32) (result i32)))
        (import "wagather_v1" "archive_close" (func $archive_close (param i32) (result i32)))
        {}
        (data (i32.const 4096) "before.txtafter.txt")
        (data (i32.const 8192) "{}")
        (func $tell (param $name i32) (param $len i32) (local $entry i32)
            (local.set $entry (call $archive_open (local.get $name) (local.get $len)))
            (drop (call $archive_write (local.get $entry) (i32.const 8192) (i32.const {len})))
            (drop (call $archive_close (local.get $entry))))
        (func (export "gather") (result i32) (local $got i32)
            (call $tell (i32.const 4096) (i32.const 10))
            (local.set $got (call $rest_start (i32.const 0)))
            (if (i32.gt_s (local.get $got) (i32.const 0))
                (then (local.set $got (call $archive_pipe (local.get $got) (i32.const 0) (i32.const 0)))))
            (call $tell (i32.const 4106) (i32.const 9))
            (select (local.get $got) (i32.const 0) (i32.lt_s (local.get $got) (i32.const 0))))"#,
        data_of(request),
        quoted(text.as_bytes()),
    );
    module(name, records, &fields)
}

/// The verb that the texts of a request tell: raw if it has no version, a list if it has no name.
fn verb_of(request: &Texts<'_>) -> Verb {
    match (request.version, request.name) {
        ("", _) => Verb::RAW,
        (_, "") => Verb::LIST,
        _ => Verb::GET,
    }
}

/// The data of a request: its structure at 0, its texts from 256.
fn data_of(request: &Texts<'_>) -> String {
    data_with(verb_of(request), request)
}

fn data_with(verb: Verb, request: &Texts<'_>) -> String {
    let Texts { version, resource, group, namespace, name: object, subresource, labels, fields, mask, query } =
        *request;
    let texts = [version, resource, group, namespace, object, subresource, labels, fields, mask, query];
    let mut structure: Vec<u8> = [u32::from(verb.0), 0].into_iter().flat_map(u32::to_le_bytes).collect();
    let mut data = Vec::new();
    for text in texts {
        let place = 256 + data.len() as u32;
        structure.extend([place, text.len() as u32].into_iter().flat_map(u32::to_le_bytes));
        data.extend_from_slice(text.as_bytes());
    }
    format!(r#"(data (i32.const 0) "{}") (data (i32.const 256) "{}")"#, quoted(&structure), quoted(&data))
}

/// Bytes as WebAssembly's text has them.
fn quoted(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\{byte:02x}")).collect()
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

/// A gatherer that writes these bytes to its findings.
pub fn judge(folder: &Path, name: &str, content: &str) -> PathBuf {
    let data: String = content.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    let module = from_wat(&format!(
        r#"(module
            (import "wagather_v1" "archive_open" (func $open (param i32 i32) (result i32)))
            (import "wagather_v1" "archive_write" (func $write (param i32 i32 i32) (result i32)))
            (import "wagather_v1" "archive_close" (func $close (param i32) (result i32)))
            (@custom "wagather.manifest" "gatherer 1 {name} 0\n")
            (memory (export "memory") 200)
            (data (i32.const 0) "findings.json")
            (data (i32.const 16) "{data}")
            (func (export "gather") (result i32) (local $entry i32) (local $at i32) (local $len i32)
                (local.set $entry (call $open (i32.const 0) (i32.const 13)))
                (block $end (loop $next
                    (local.set $len (i32.sub (i32.const {len}) (local.get $at)))
                    (if (i32.gt_u (local.get $len) (i32.const 65536)) (then (local.set $len (i32.const 65536))))
                    (br_if $end (i32.eqz (local.get $len)))
                    (drop (call $write (local.get $entry) (i32.add (i32.const 16) (local.get $at)) (local.get $len)))
                    (local.set $at (i32.add (local.get $at) (local.get $len)))
                    (br $next)))
                (call $close (local.get $entry))))"#,
        len = content.len()
    ));
    write(folder, name, &module)
}
