//! Gatherers as their own compilers make them, with no flag that turns a feature off, on the recording of the demo. Only
//! `make test-languages` has the compilers; it says where they are.

use std::path::{Path, PathBuf};
use std::process::Command;
use tests::archive::Archive;
use tests::host::Host;
use tests::{place, workspace};

/// What the recording has of each phase.
const PHASES: &str = "{\"Pending\":4,\"Running\":50,\"Succeeded\":5,\"Failed\":1,\"Unknown\":0}\n";

/// Runs a compiler, which `make test-languages` names in a variable.
pub(super) fn compile(variable: &str, words: &[&str], output: &Path) {
    let program = std::env::var_os(variable);
    let program = program.unwrap_or_else(|| panic!("{variable} is not set: run make test-languages"));
    // The last two are Go's alone.
    let mut compiler = Command::new(program);
    compiler.args(words).env("GOOS", "wasip1").env("GOARCH", "wasm");
    let ran = compiler.current_dir(workspace::root()).output().expect("a compiler");
    assert!(ran.status.success(), "{variable} {words:?}: {}", String::from_utf8_lossy(&ran.stderr));
    let bytes = std::fs::metadata(output).expect("a module").len();
    eprintln!("{variable}: {bytes} bytes");
}

fn counts_phases(module: &Path, place: &Path) {
    let output = place.join("out");
    let recording = workspace::root().join("examples/demo.har");
    let host = Host::new(["run"]).arg(module).arg("--replay").arg(recording).arg("--output").arg(&output);
    host.wait().expect_success();
    let archive = Archive::read(output);
    assert_eq!(String::from_utf8_lossy(archive.bytes("pod-phases/phases.json")), PHASES);
}

/// Compiles a gatherer that counts phases, and runs it.
fn runs(variable: &str, words: impl Fn(&str) -> Vec<String>, manifest: Option<&str>) {
    let place = place();
    let module: PathBuf = place.path().join("pod-phases.wasm");
    let words = words(module.to_str().expect("a path that is text"));
    compile(variable, &words.iter().map(String::as_str).collect::<Vec<_>>(), &module);
    if let Some(manifest) = manifest {
        let records = workspace::root().join("tests/languages").join(manifest);
        Host::new(["manifest"]).arg(records).arg(&module).wait().expect_success();
    }
    counts_phases(&module, place.path());
}

fn split(words: &str) -> Vec<String> {
    words.split(' ').map(str::to_owned).collect()
}

#[test]
fn c() {
    let words =
        "--target=wasm32 -Wall -Wextra -Werror -Os -nostdlib -Wl,--no-entry guest-sdk/c/pod-phases.c -o ";
    runs("WAGATHER_CLANG", |module| split(&format!("{words}{module}")), None);
}

#[test]
fn c_plus_plus_with_constructors() {
    let place = place();
    let module = place.path().join("constructors.wasm");
    let words = format!(
        "--target=wasm32 -Wall -Wextra -Werror -Os -nostdlib -Iguest-sdk/c -Wl,--no-entry -x c++ tests/languages/constructors.cpp -o {}",
        module.display()
    );
    compile("WAGATHER_CLANG", &words.split(' ').collect::<Vec<_>>(), &module);
    let recording = workspace::root().join("examples/demo.har");
    let host = Host::new(["run"]).arg(&module).arg("--replay").arg(recording);
    host.arg("--output").arg(place.path().join("out")).wait().expect_success();
}

#[test]
fn zig() {
    let words = "build-exe -target wasm32-freestanding -O ReleaseSmall -fno-entry --export=gather tests/languages/pod-phases.zig -femit-bin=";
    runs("WAGATHER_ZIG", |module| split(&format!("{words}{module}")), Some("pod-phases.manifest"));
}

#[test]
fn zig_cc() {
    let words = "cc --target=wasm32-freestanding -Os -nostdlib -Wl,--no-entry guest-sdk/c/pod-phases.c -o ";
    runs("WAGATHER_ZIG", |module| split(&format!("{words}{module}")), None);
}

#[test]
fn assemblyscript() {
    let words = "tests/languages/pod-phases.ts --use abort= --optimize --outFile ";
    runs("WAGATHER_ASC", |module| split(&format!("{words}{module}")), Some("pod-phases.manifest"));
}

#[test]
fn go() {
    let words = "build -C tests/languages/go -buildmode=c-shared -trimpath -o ";
    let manifest = Some("pod-phases-wasi.manifest");
    runs("WAGATHER_GO", |module| [split(&format!("{words}{module}")), split(".")].concat(), manifest);
}

#[test]
fn what_is_turned_on_by_hand_is_refused_with_its_flag() {
    let place = place();
    let (source, module) = (place.path().join("simd.c"), place.path().join("simd.wasm"));
    let text = "#include \"wagather.h\"\ntypedef int v __attribute__((vector_size(16)));\nvolatile v a, b;\n\
                WAGATHER_RECORD(\"gatherer 1 simd 0.1.0\");\nWAGATHER_GATHER { a = a + b; return a[0]; }\n";
    std::fs::write(&source, text).expect("a file");
    let compiled = |flag: &str| {
        let words = format!(
            "--target=wasm32 {flag} -Os -nostdlib -Iguest-sdk/c -Wl,--no-entry {} -o {}",
            source.display(),
            module.display()
        );
        compile("WAGATHER_CLANG", &words.split(' ').collect::<Vec<_>>(), &module);
        Host::new(["inspect"]).arg(&module).wait()
    };
    let refused = compiled("-msimd128");
    refused.expect_code(3);
    assert!(refused.stderr.contains("clang -mno-simd128"), "{}", refused.stderr);
    compiled("-mno-simd128").expect_success();
}
