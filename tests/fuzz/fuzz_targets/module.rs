//! A module's file before it runs: validation for each engine, and the copy for wasm3.
//!
//! Input: the file.
#![no_main]

use wagather_module::{For, check, check_but_bodies, manifest_bytes, with_manifest};
use wagather_policy::manifest::Manifest;
use wasmparser::{Parser, Payload, Validator, WasmFeatures};

const MEMORY_BYTES: u64 = 64 << 20;

/// What is left for wasm3 to know, after the copy was made.
const FEATURES: WasmFeatures =
    WasmFeatures::WASM1.union(WasmFeatures::SIGN_EXTENSION).union(WasmFeatures::SATURATING_FLOAT_TO_INT);

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = Manifest::of_module(data);
    let checked = check(data, MEMORY_BYTES, For::Wasm3);
    // Bodies that are validated one by one come to the same, in any order.
    let one_by_one = check_but_bodies(data, MEMORY_BYTES).and_then(|(left, mut bodies)| {
        (0..bodies.len()).rev().try_for_each(|index| bodies.check(index).map(drop))?;
        Ok(left)
    });
    assert_eq!(checked.is_ok(), one_by_one.is_ok(), "{:?}, {:?}", checked.err(), one_by_one.err());
    let for_wasmi = check(data, MEMORY_BYTES, For::Wasmi);
    if let Ok(for_wasmi) = &for_wasmi {
        assert!(for_wasmi.bytes == data, "wasmi gets another module");
    }
    let Ok(checked) = checked else { return };
    let for_wasmi = for_wasmi.expect("what wasm3 can run");
    assert_eq!(for_wasmi.imports, checked.imports);
    assert_eq!((for_wasmi.initial_pages, for_wasmi.data_bytes), (checked.initial_pages, checked.data_bytes));
    let with_start = checked.bytes_with_start();
    for copy in [&*checked.bytes, &*with_start] {
        if let Err(error) = Validator::new_with_features(FEATURES).validate_all(copy) {
            panic!("the engine's copy is not valid: {error}");
        }
    }
    for payload in Parser::new(0).parse_all(&with_start) {
        match payload.expect("a payload") {
            Payload::CustomSection(section) => panic!("the custom section {} is left", section.name()),
            Payload::MemorySection(memories) => {
                for memory in memories {
                    let most = memory.expect("a memory").maximum.expect("a maximum");
                    assert!((1..=MEMORY_BYTES >> 16).contains(&most), "{most} pages");
                }
            }
            _ => {}
        }
    }
    // A copy of the copy is the copy: nothing is left to be replaced, and the bounds of functions hold for it.
    // The copy has no manifest, which says that WASI may be imported.
    let whole = match &checked.wasi {
        None => with_start.clone(),
        Some(_) => with_manifest(&with_start, manifest_bytes(data).expect("a manifest")).expect("a module"),
    };
    let again = check(&whole, MEMORY_BYTES, For::Wasm3).expect("what was accepted");
    assert_eq!(
        (&again.bytes, &again.imports, again.gather),
        (&checked.bytes, &checked.imports, checked.gather)
    );
    assert_eq!(again.initialize, checked.initialize);
    assert_eq!(again.start.map(|start| start.function), checked.start.map(|start| start.function));
    assert_eq!((again.initial_pages, again.data_bytes), (checked.initial_pages, checked.data_bytes));
});
