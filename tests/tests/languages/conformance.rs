//! The conformance kit with guests in several languages, and the table of results in docs/languages.md. Only `make
//! test-languages` has the compilers, and sets their paths.

use super::compiled::compile;
use std::path::{Path, PathBuf};
use tests::conformance::{FOLDER, Outcome, difference, run, tasks};
use tests::host::Host;
use tests::{place, workspace};

/// Makes the guest.
type Build = fn(&Path);

/// The languages, in the table's order.
const LANGUAGES: [(&str, Build); 5] =
    [("C", c), ("Zig", zig), ("AssemblyScript", assemblyscript), ("Go", go), ("Rust", rust)];

const PAGE: &str = "docs/languages.md";
const BEGIN: &str = "<!-- conformance -->\n";
const END: &str = "<!-- /conformance -->\n";

fn guest(name: &str) -> String {
    format!("{FOLDER}/guests/{name}")
}

/// Puts the kit's manifest into a module, with more records.
fn declare(module: &Path, more: &str) {
    let records = workspace::read(&format!("{FOLDER}/conformance.manifest")) + more;
    let file = module.with_extension("manifest");
    std::fs::write(&file, records).expect("a file");
    Host::new(["manifest"]).arg(file).arg(module).wait().expect_success();
}

fn c(module: &Path) {
    let output = module.display().to_string();
    let source = guest("conformance.c");
    let words = [
        "--target=wasm32",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-Os",
        "-nostdlib",
        "-Iguest-sdk/c",
        "-Wl,--no-entry",
    ];
    compile("WAGATHER_CLANG", &[&words[..], &["-o", &output, &source]].concat(), module);
    declare(module, "");
}

/// Its manifest is in its source.
fn zig(module: &Path) {
    let root = format!("-Mroot={}", guest("conformance.zig"));
    let manifest = format!("-Mmanifest={FOLDER}/conformance.manifest");
    let output = format!("-femit-bin={}", module.display());
    let words = [
        "build-exe",
        "-target",
        "wasm32-freestanding",
        "-O",
        "ReleaseSmall",
        "-fno-entry",
        "--export=gather",
    ];
    let parts =
        ["--dep", "wagather", "--dep", "manifest", &root, "-Mwagather=guest-sdk/zig/wagather.zig", &manifest];
    compile("WAGATHER_ZIG", &[&words[..], &parts, &[&output]].concat(), module);
}

fn assemblyscript(module: &Path) {
    let output = module.display().to_string();
    let source = guest("conformance.ts");
    compile("WAGATHER_ASC", &[&source, "--use", "abort=", "--optimize", "--outFile", &output], module);
    declare(module, "");
}

fn go(module: &Path) {
    let output = module.display().to_string();
    let folder = guest("go");
    let words = ["build", "-C", &folder, "-buildmode=c-shared", "-trimpath", "-o", &output, "."];
    compile("WAGATHER_GO", &words, module);
    declare(module, "wasi preview1\n");
}

/// `make guests` has the tools; the kit's guest is none of the examples.
fn rust(module: &Path) {
    let built = tests::programs::guest("conformance");
    std::fs::copy(built, module).expect("a module");
    declare(module, "");
}

#[test]
fn each_language_does_the_tasks() {
    let place = place();
    let mut failures = String::new();
    let mut columns = Vec::new();
    for (language, build) in LANGUAGES {
        let module: PathBuf = place.path().join(format!("{language}.wasm"));
        build(&module);
        let mut column = Vec::new();
        for (task, _) in tasks() {
            column.push(match run(&module, &task) {
                Outcome::Passed => "✓",
                Outcome::Without => "–",
                Outcome::Failed { found, expected } => {
                    failures += &format!("{language}, {task}: {}\n", difference(&found, &expected));
                    "✗"
                }
            });
        }
        columns.push(column);
    }
    assert!(failures.is_empty(), "{failures}");
    let mut table = format!("| task | {} |\n", LANGUAGES.map(|(language, _)| language).join(" | "));
    table += &format!("|---|{}\n", "---|".repeat(LANGUAGES.len()));
    for (row, (task, _)) in tasks().iter().enumerate() {
        let cells: Vec<&str> = columns.iter().map(|column| column[row]).collect();
        table += &format!("| `{task}` | {} |\n", cells.join(" | "));
    }
    let page = workspace::read(PAGE);
    let (before, rest) = page.split_once(BEGIN).expect("a mark");
    let (is, after) = rest.split_once(END).expect("a mark");
    if std::env::var_os("BLESS").is_some() {
        let blessed = format!("{before}{BEGIN}{table}{END}{after}");
        std::fs::write(workspace::root().join(PAGE), blessed).expect("a page");
    } else {
        assert_eq!(is, table, "{PAGE} has another table: BLESS=1 make test-languages");
    }
}
