//! Gatherers from other compilers with default flags, on the demo recording. Only `make test-languages` has the
//! compilers, and sets their paths.

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

/// Runs a module in both programs, the second one with each engine, which must do the same.
fn runs_everywhere(module: &Path, place: &Path, holds: impl Fn(&Archive)) {
    let recording = workspace::root().join("examples/demo.har");
    for (number, engine) in [None, Some("auto"), Some("wasm3"), Some("wasmi")].into_iter().enumerate() {
        let host = if engine.is_some() { Host::full(["run"]) } else { Host::new(["run"]) };
        let output = place.join(format!("out-{number}"));
        let words = engine.map_or(vec![], |engine| vec!["--engine", engine]);
        let host = host.arg(module).args(words).arg("--replay").arg(&recording).arg("--output").arg(&output);
        host.wait().expect_success();
        holds(&Archive::read(output));
    }
}

fn counts_phases(module: &Path, place: &Path) {
    runs_everywhere(module, place, |archive| {
        assert_eq!(String::from_utf8_lossy(archive.bytes("pod-phases/phases.json")), PHASES);
    });
}

/// Those that write each pod.
fn writes_pods(module: &Path, place: &Path) {
    runs_everywhere(module, place, |archive| {
        let pods = archive.paths().into_iter().filter(|path| path.starts_with("namespaces/"));
        assert_eq!(pods.count(), 60);
    });
}

/// Compiles a gatherer that counts phases, and runs it.
fn runs(variable: &str, words: impl Fn(&str) -> Vec<String>, manifest: Option<&str>) {
    compiles(variable, words, manifest, counts_phases);
}

fn compiles(
    variable: &str,
    words: impl Fn(&str) -> Vec<String>,
    manifest: Option<&str>,
    holds: impl Fn(&Path, &Path),
) {
    let place = place();
    let module: PathBuf = place.path().join("pod-phases.wasm");
    let words = words(module.to_str().expect("a path that is text"));
    compile(variable, &words.iter().map(String::as_str).collect::<Vec<_>>(), &module);
    if let Some(manifest) = manifest {
        let records = workspace::root().join("tests/languages").join(manifest);
        Host::new(["manifest"]).arg(records).arg(&module).wait().expect_success();
    }
    holds(&module, place.path());
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
fn c_with_its_library() {
    let words = "--target=wasm32-wasi -Wall -Wextra -Werror -Os -mexec-model=reactor -Iguest-sdk/c tests/languages/libc.c -o ";
    runs("WAGATHER_CLANG", |module| split(&format!("{words}{module}")), None);
}

#[test]
fn c_plus_plus_with_its_library() {
    let words = "--driver-mode=g++ --target=wasm32-wasi -Wall -Wextra -Werror -std=c++17 -Os -fno-exceptions -mexec-model=reactor -Iguest-sdk/c tests/languages/std.cpp -o ";
    runs("WAGATHER_CLANG", |module| split(&format!("{words}{module}")), None);
}

/// Rust without the SDK: for a target, in a source file.
fn rust(target: &str, source: &str, manifest: &str, holds: impl Fn(&Path, &Path)) {
    let words = format!(
        "--edition 2024 --crate-type cdylib -O -D warnings --target {target} tests/languages/{source} -o "
    );
    compiles("WAGATHER_RUSTC", |module| split(&format!("{words}{module}")), Some(manifest), holds);
}

#[test]
fn rust_without_a_library() {
    rust("wasm32-unknown-unknown", "no_std.rs", "pods.manifest", writes_pods);
}

#[test]
fn rust_with_its_library() {
    rust("wasm32-unknown-unknown", "std.rs", "pod-phases.manifest", counts_phases);
}

#[test]
fn rust_with_its_library_and_wasi() {
    rust("wasm32-wasip1", "std.rs", "pod-phases-wasi.manifest", counts_phases);
}

#[test]
fn webassembly_text() {
    let place = place();
    let module = tests::guest::from_wat(&workspace::read("tests/languages/pods.wat"));
    let file = tests::guest::write(place.path(), "pods", &module);
    writes_pods(&file, place.path());
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
    runs_everywhere(&module, place.path(), |archive| {
        assert_eq!(archive.gatherer("constructors")["status"], "complete");
    });
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
    let words = "tests/languages/pod-phases.ts --optimize --outFile ";
    runs("WAGATHER_ASC", |module| split(&format!("{words}{module}")), Some("pod-phases.manifest"));
}

#[test]
fn go() {
    let words = "build -C tests/languages/go -buildmode=c-shared -trimpath -o ";
    let manifest = Some("pod-phases-wasi.manifest");
    runs("WAGATHER_GO", |module| [split(&format!("{words}{module}")), split(".")].concat(), manifest);
}

#[test]
fn what_assemblyscript_aborts_with_is_told() {
    let place = place();
    let (source, module) = (place.path().join("aborts.ts"), place.path().join("aborts.wasm"));
    let text = "export function gather(): i32 { const none = new Array<i32>(); return none[changetype<i32>(none)]; }";
    std::fs::write(&source, text).expect("a file");
    std::fs::write(place.path().join("aborts.manifest"), "gatherer 1 aborts 0.1.0\n").expect("a file");
    let words = format!("{} --outFile {}", source.display(), module.display());
    compile("WAGATHER_ASC", &words.split(' ').collect::<Vec<_>>(), &module);
    Host::new(["manifest"]).arg(place.path().join("aborts.manifest")).arg(&module).wait().expect_success();
    for host in [Host::new(["run"]), Host::full(["run", "--engine", "wasmi"])] {
        let done = host.arg(&module).arg("--output").arg(place.path().join("out")).arg("--overwrite").wait();
        done.expect_code(7);
        let said = "it trapped: abort: Index out of range (at ~lib/array.ts:";
        assert!(done.stderr.contains(said), "{}", done.stderr);
    }
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
