//! Gatherers as `codegen new --lang` makes them: they compile, their own test passes, and on the recording of the demo they find
//! what the example in Rust finds. Only `make test-languages` has the compilers; it says where they are.

use std::path::Path;
use std::process::Command;
use tests::archive::Archive;
use tests::host::Host;
use tests::{place, programs, workspace};

/// What C and Zig may take, with typed items.
const MOST_BYTES: u64 = 2048;

/// What the gatherer finds on the recording of the demo.
fn found(module: &Path, name: &str, place: &Path) -> Vec<u8> {
    let output = place.join(format!("{name}-demo"));
    let recording = workspace::root().join("examples/demo.har");
    let host = Host::new(["run"]).arg(module).arg("--replay").arg(recording).arg("--output").arg(&output);
    host.wait().expect_success();
    Archive::read(output).bytes(&format!("{name}/findings.json")).to_vec()
}

/// Makes a gatherer, compiles and tests it as its page says, and runs it; its size.
fn works(language: &str, compiler: &str) -> u64 {
    let place = place();
    let name = format!("made-{language}");
    let folder = place.path().join(&name);
    let mut codegen = Command::new(programs::codegen());
    codegen.args(["new", "--lang", language]).arg("--sdk").arg(workspace::root()).arg(&folder);
    let made = codegen.output().expect("codegen");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));

    let program = std::env::var(format!("WAGATHER_{compiler}"));
    let program =
        program.unwrap_or_else(|_| panic!("WAGATHER_{compiler} is not set: run make test-languages"));
    let mut make = Command::new("make");
    make.arg("-C").arg(&folder).arg("test").arg(format!("{compiler}={program}"));
    // Not what this very test was started by.
    make.arg(format!("HOST_MIN={}", programs::host_min().display())).env_remove("MAKEFLAGS");
    let made = make.output().expect("make");
    assert!(
        made.status.success(),
        "make test in {}: {}{}",
        folder.display(),
        String::from_utf8_lossy(&made.stdout),
        String::from_utf8_lossy(&made.stderr)
    );
    let module = folder.join(&name).with_extension("wasm");
    let example = found(&programs::guest("degraded-operators"), "degraded-operators", place.path());
    assert_eq!(
        String::from_utf8_lossy(&found(&module, &name, place.path())),
        String::from_utf8_lossy(&example)
    );
    let bytes = std::fs::metadata(&module).expect("a module").len();
    eprintln!("degraded operators in {language}: {bytes} bytes");
    bytes
}

#[test]
fn c() {
    assert!(works("c", "CLANG") <= MOST_BYTES);
}

#[test]
fn zig() {
    assert!(works("zig", "ZIG") <= MOST_BYTES);
}

#[test]
fn assemblyscript() {
    works("assemblyscript", "ASC");
}

#[test]
fn go() {
    works("go", "GO");
}
