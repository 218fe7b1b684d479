//! Gatherers made by `codegen new --lang`: they compile, their own test passes, and on the demo recording they find
//! the same as the Rust example. Only `make test-languages` has the compilers, and sets their paths.

use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;
use tests::archive::Archive;
use tests::host::Host;
use tests::{place, programs, workspace};

/// What C and Zig may take, with typed items and findings that name their objects.
const MOST_BYTES: u64 = 2560;

/// The table of docs/languages.md that says what each language costs.
const PAGE: &str = "docs/languages.md";
const BEGIN: &str = "<!-- costs -->\n";
const END: &str = "<!-- /costs -->\n";

/// A run of a gatherer on the recording of the demo.
struct Ran {
    findings: String,
    memory_bytes: u64,
    elapsed: Duration,
}

fn ran(module: &Path, name: &str, place: &Path) -> Ran {
    let output = place.join(format!("{name}-demo"));
    let recording = workspace::root().join("examples/demo.har");
    let host = Host::new(["run", "--overwrite"]).arg(module).arg("--replay").arg(recording);
    let done = host.arg("--output").arg(&output).wait();
    done.expect_success();
    let archive = Archive::read(output);
    let findings = String::from_utf8_lossy(archive.bytes(&format!("{name}/findings.json"))).into_owned();
    let memory_bytes = archive.gatherer(name)["memoryBytes"].as_u64().expect("a number");
    Ran { findings, memory_bytes, elapsed: done.elapsed }
}

/// A row of the table of costs; with `BLESS=1` it is measured and written.
fn cost(language: &str, module: &Path, name: &str, place: &Path) {
    static PAGES: Mutex<()> = Mutex::new(());
    if std::env::var_os("BLESS").is_none() {
        return;
    }
    let _alone = PAGES.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    // The best of some runs: what is measured is the work, not what else the machine does.
    let best = (0..20).map(|_| ran(module, name, place)).min_by_key(|ran| ran.elapsed).expect("a run");
    let bytes = std::fs::metadata(module).expect("a module").len();
    let row = format!(
        "| {language} | {} | {} KiB | {:.1} ms |",
        grouped(bytes),
        grouped(best.memory_bytes / 1024),
        best.elapsed.as_secs_f64() * 1000.0
    );
    let page = workspace::read(PAGE);
    let (before, rest) = page.split_once(BEGIN).expect("a mark");
    let (table, after) = rest.split_once(END).expect("a mark");
    let begin = format!("| {language} |");
    let table: String = table
        .lines()
        .map(|line| if line.starts_with(&begin) { row.clone() } else { line.to_owned() } + "\n")
        .collect();
    std::fs::write(workspace::root().join(PAGE), format!("{before}{BEGIN}{table}{END}{after}"))
        .expect("a page");
}

/// `1,234,567`
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
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
    let example = programs::guest("degraded-operators");
    let wanted = ran(&example, "degraded-operators", place.path()).findings;
    assert_eq!(ran(&module, &name, place.path()).findings, wanted);
    cost(language, &module, &name, place.path());
    cost("rust", &example, "degraded-operators", place.path());
    std::fs::metadata(&module).expect("a module").len()
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
