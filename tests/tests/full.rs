//! `host-min-full`: which engine runs a module, and where it is reported. `target/dist/host-min` is the program with
//! only wasm3.

use serde_json::{Value, json};
use std::path::Path;
use tests::archive::Archive;
use tests::host::{Done, Host};
use tests::hostile::Hostile;
use tests::{guest, place, programs, workspace};

/// A gatherer with these fields besides, and a body that returns 0.
fn module(fields: &str) -> Vec<u8> {
    guest::from_wat(&format!(
        r#"(module {fields} (memory (export "memory") 1) (func (export "gather") (result i32) (i32.const 0))
            (@custom "wagather.manifest" "gatherer 1 guest 0\n"))"#
    ))
}

fn run(program: Host, module: &Path, output: &Path) -> Done {
    let recording = workspace::root().join("examples/demo.har");
    program.arg(module).arg("--replay").arg(recording).arg("--output").arg(output).wait()
}

/// What the report says of the engine.
fn engine_of(words: &[&str], module: &[u8]) -> Value {
    let place = place();
    let file = guest::write(place.path(), "guest", module);
    let output = place.path().join("out");
    run(Host::full(["run"]).args(words), &file, &output).expect_success();
    Archive::read(output).gatherer("guest")["engine"].clone()
}

#[test]
fn the_module_chooses_the_engine() {
    let several = "(func (result i32 i32) i32.const 0 i32.const 0)";
    let small = sized(100);
    for (words, module, name, reason) in [
        (&[][..], small.clone(), "wasm3", "default"),
        (&["--engine", "auto"], sized(1_000_000), "wasm3", "default"),
        (&[], sized(1 << 20), "wasmi", "moduleSize"),
        (&[], module(several), "wasmi", "moduleFeatures"),
        (&["--engine", "wasmi"], small.clone(), "wasmi", "requested"),
        (&["--engine", "wasm3"], sized(1 << 20), "wasm3", "requested"),
    ] {
        let engine = engine_of(words, &module);
        assert_eq!(engine, json!({"name": name, "reason": reason}), "{words:?}, {} bytes", module.len());
    }
}

/// A gatherer that is larger than its data by a little.
fn sized(bytes: usize) -> Vec<u8> {
    let data = "x".repeat(bytes);
    guest::from_wat(&format!(
        r#"(module (memory (export "memory") 17) (data (i32.const 0) "{data}")
            (func (export "gather") (result i32) (i32.const 0))
            (@custom "wagather.manifest" "gatherer 1 guest 0\n"))"#
    ))
}

#[test]
fn an_error_names_the_program_that_runs_the_module() {
    let place = place();
    for (name, fields, feature) in [
        (
            "several",
            "(func (result i32 i32) i32.const 0 i32.const 0)",
            "multiple results, which wasm3 cannot have",
        ),
        ("passive", "(data \"passive\")", "passive segments, which wasm3 cannot have"),
        ("tail", "(func $f return_call $f)", "tail calls, which wasm3 cannot have"),
    ] {
        let file = guest::write(place.path(), name, &module(fields));
        for word in ["inspect", "rbac"] {
            Host::full([word]).arg(&file).wait().expect_success();
            let refused = Host::new([word]).arg(&file).wait();
            refused.expect_code(3);
            let said = refused.stderr;
            assert!(
                said.contains(feature) && said.contains("host-min-full, which has wasmi, runs it"),
                "{said}"
            );
        }
        let output = place.path().join(format!("{name}-out"));
        let refused = run(Host::new(["run"]), &file, &output);
        refused.expect_code(3);
        assert!(refused.stderr.contains("host-min-full, which has wasmi, runs it"), "{}", refused.stderr);
        let refused = run(Host::full(["run", "--engine", "wasm3"]), &file, &output);
        refused.expect_code(3);
        assert!(refused.stderr.contains(". wasmi runs it"), "{}", refused.stderr);
        run(Host::full(["run"]), &file, &output).expect_success();
        assert!(
            Host::full(["inspect"])
                .arg(&file)
                .wait()
                .stdout_text()
                .contains("engine     wasmi, as wasm3 cannot run it")
        );
    }
    // What neither runs names no program.
    let file = guest::write(place.path(), "simd", &module("(func (drop (v128.const i64x2 0 0)))"));
    for host in [Host::new(["inspect"]), Host::full(["inspect"])] {
        let refused = host.arg(&file).wait();
        refused.expect_code(3);
        assert!(!refused.stderr.contains("runs it"), "{}", refused.stderr);
    }
    let refused = Host::new(["run", "--engine", "wasmi"]).arg(&file).wait();
    refused.expect_code(2);
    assert!(refused.stderr.contains("host-min-full has both engines"), "{}", refused.stderr);
}

/// The examples, and guests that attack the engine, in the program as it ships.
#[test]
fn the_shipped_program_runs_and_contains_in_wasmi() {
    let place = place();
    for name in programs::examples() {
        let output = |engine: &str| place.path().join(format!("{name}-{engine}"));
        for engine in ["wasm3", "wasmi"] {
            let host = Host::full(["run", "--engine", engine]);
            run(host, &programs::guest(&name), &output(engine)).expect_success();
        }
        let [first, second] = ["wasm3", "wasmi"].map(|engine| Archive::read(output(engine)));
        assert_eq!(first.gathered(), second.gathered(), "{name}");
    }
    for name in
        ["load-out-of-bounds", "recursion", "memory-bomb", "indirect-call", "wasi-pointers", "abort-tricks"]
    {
        let hostile = Hostile::read(name);
        let file = guest::write(place.path(), name, &hostile.module);
        let host = Host::full(["run", "--engine", "wasmi"]).args(&hostile.options);
        run(host, &file, &place.path().join(format!("{name}-out")))
            .expect_code(hostile.end_in_wasmi.exit_code());
    }
}
