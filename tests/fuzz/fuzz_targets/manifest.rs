//! A module's manifest: text of the gatherer's author.
//!
//! Input: the section's bytes.
#![no_main]

use wagather_abi::limits::MAX_MANIFEST_BYTES;
use wagather_abi::manifest::{SECTION, is_gatherer_name, is_name, is_raw_path};
use wagather_module::manifest_bytes;
use wagather_policy::manifest::Manifest;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut module = wasm_encoder::Module::new();
    module.section(&wasm_encoder::CustomSection { name: SECTION.into(), data: data.into() });
    match manifest_bytes(&module.finish()) {
        Ok(section) => assert_eq!(section, data),
        Err(reason) => assert!(data.len() > MAX_MANIFEST_BYTES, "{reason}"),
    }
    match Manifest::parse(data) {
        Err(error) => {
            let reason = error.to_string();
            assert!(!reason.is_empty() && !reason.contains('\n'), "{reason:?}");
        }
        Ok(manifest) => {
            check(&manifest);
            assert_eq!(Manifest::parse(written(&manifest).as_bytes()).expect("the same manifest"), manifest);
        }
    }
});

/// Whatever is in a manifest can stand in a path and in a line of a terminal.
fn check(manifest: &Manifest) {
    assert!(is_gatherer_name(&manifest.name));
    assert!(manifest.paths.iter().all(|path| is_raw_path(path)));
    for resource in &manifest.resources {
        assert!(resource.verbs.get || resource.verbs.list);
        assert!(is_name(&resource.version) && is_name(&resource.plural));
        assert!([&resource.group, &resource.subresource].iter().all(|name| name.is_empty() || is_name(name)));
        assert!(resource.namespace.as_deref().is_none_or(is_name));
        assert!(
            resource.mask_text.iter().all(|mask| !mask.contains(|c: char| c.is_ascii_control() || c == ' '))
        );
    }
}

/// The manifest as text again, in an order of its own.
fn written(manifest: &Manifest) -> String {
    let mut text = String::new();
    for path in &manifest.paths {
        text += &format!("path {path}\n");
    }
    for r in &manifest.resources {
        let verbs: Vec<&str> = r.verbs.names().collect();
        let slash = if r.subresource.is_empty() { "" } else { "/" };
        text += &format!(
            "resource {} {}/{}/{}{slash}{} {} {}\n",
            verbs.join(","),
            r.group,
            r.version,
            r.plural,
            r.subresource,
            r.place().as_deref().unwrap_or("*"),
            r.mask_text.as_deref().unwrap_or("*")
        );
    }
    text + &format!("gatherer 1 {} {}\n", manifest.name, manifest.version)
}
