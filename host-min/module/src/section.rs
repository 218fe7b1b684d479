//! Finds and replaces the manifest section of a module.

use crate::{ModuleError, copy, is_wasm, leb128};
use wagather_abi::limits::MAX_MANIFEST_BYTES;
use wagather_abi::manifest;
use wasmparser::{Parser, Payload};

/// The contents of the module's manifest section.
pub fn manifest_bytes(module: &[u8]) -> Result<&[u8], ModuleError> {
    is_wasm(module)?;
    let mut found = None;
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::CustomSection(section) = payload?
            && section.name() == manifest::SECTION
            && found.replace(section.data()).is_some()
        {
            return Err(ModuleError::TwoManifests);
        }
    }
    match found {
        None => Err(ModuleError::NoManifest),
        Some(bytes) if bytes.len() > MAX_MANIFEST_BYTES => Err(ModuleError::ManifestTooLarge(bytes.len())),
        Some(bytes) => Ok(bytes),
    }
}

/// The same module with only this manifest.
pub fn with_manifest(module: &[u8], records: &[u8]) -> Result<Vec<u8>, ModuleError> {
    is_wasm(module)?;
    let mut out = module.get(..8).unwrap_or_default().to_vec();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        if matches!(&payload, Payload::CustomSection(section) if section.name() == manifest::SECTION) {
            continue;
        }
        if let Some((id, range)) = payload.as_section() {
            let contents = module.get(range.start as usize..range.end as usize).unwrap_or_default();
            copy::section(&mut out, id, contents);
        }
    }
    let mut contents = Vec::with_capacity(records.len() + 20);
    leb128(&mut contents, manifest::SECTION.len() as u64);
    contents.extend_from_slice(manifest::SECTION.as_bytes());
    contents.extend_from_slice(records);
    copy::section(&mut out, 0, &contents);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_put_there_and_replaced() {
        let text = r#"(module (@custom "name" "\00") (@custom "wagather.manifest" "old") (memory 1)
            (@custom "wagather.manifest" "older") (func (export "gather")) (@custom "producers" "x"))"#;
        let module = wat::parse_str(text).expect("WebAssembly text");
        assert!(manifest_bytes(&module).is_err());
        let once = with_manifest(&module, b"new\n").expect("a module");
        assert_eq!(manifest_bytes(&once).expect("a manifest"), b"new\n");
        assert_eq!(with_manifest(&once, b"new\n").expect("a module"), once);
        let names = |module: &[u8]| {
            let custom = |payload| match payload {
                Ok(Payload::CustomSection(section)) => Some(section.name().to_owned()),
                _ => None,
            };
            Parser::new(0).parse_all(module).filter_map(custom).collect::<Vec<_>>()
        };
        assert_eq!(names(&once), ["name", "producers", "wagather.manifest"]);
        assert!(with_manifest(&module[..20], b"").is_err());
        assert!(with_manifest(b"", b"").is_err());
    }
}
