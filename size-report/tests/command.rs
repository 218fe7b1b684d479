//! Tests of the command line: output, exit codes, messages.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

const GUEST: &str =
    r#"(module (func (export "gather") (result i32) i32.const 0) (func (result i32) i32.const 1))"#;

fn size_report(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_size-report")).args(arguments).current_dir(folder).output().unwrap()
}

fn folder_with_guest() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("guest.wasm"), wat::parse_str(GUEST).unwrap()).unwrap();
    folder
}

#[track_caller]
fn assert_fails(output: &Output, code: i32, words: &[&str]) {
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{message}");
    for word in words {
        assert!(message.contains(word), "{word:?} is not in {message:?}");
    }
    assert_eq!(message.lines().count(), 1, "{message}");
}

#[test]
fn text_ends_with_the_whole_file() {
    let folder = folder_with_guest();
    let output = size_report(folder.path(), &["guest.wasm"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    let bytes = fs::metadata(folder.path().join("guest.wasm")).unwrap().len();
    assert!(text.contains("function 0: gather"), "{text}");
    assert!(text.contains(&format!("{bytes} 100.0%  all of the file")), "{text}");
}

#[test]
fn json_rows_add_up() {
    let folder = folder_with_guest();
    let output = size_report(folder.path(), &["--json", "--sort", "size", "guest.wasm"]);
    let reports: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = reports[0]["rows"].as_array().unwrap();
    let sum: u64 = rows.iter().map(|row| row["bytes"].as_u64().unwrap()).sum();
    assert_eq!(reports[0]["bytes"].as_u64(), Some(sum));
    assert_eq!(reports[0]["at_rest"]["defined_functions"], 2);
}

#[test]
fn symbols_beside_the_module_name_its_functions() {
    let folder = folder_with_guest();
    fs::write(folder.path().join("guest.symbols"), "0:gather\n1:_RNvNtCsbmI48KNu6w2_4mini5guest5param\n")
        .unwrap();
    let output = size_report(folder.path(), &["guest.wasm"]);
    assert!(String::from_utf8(output.stdout).unwrap().contains("function 1: mini::guest::param"));

    fs::write(folder.path().join("guest.symbols"), "7:other\n").unwrap();
    let output = size_report(folder.path(), &["guest.wasm"]);
    assert_fails(&output, 1, &["guest.symbols", "function 7", "make guests"]);
}

#[test]
fn bad_input_is_one_message_and_does_not_stop_the_others() {
    let folder = folder_with_guest();
    fs::write(folder.path().join("text.wasm"), "not a module").unwrap();
    let output = size_report(folder.path(), &["missing.wasm"]);
    assert_fails(&output, 1, &["cannot read missing.wasm"]);
    let output = size_report(folder.path(), &["text.wasm", "guest.wasm"]);
    assert_fails(&output, 1, &["text.wasm is not a WebAssembly module", "at byte 0"]);
    assert!(String::from_utf8(output.stdout).unwrap().contains("guest.wasm"));
    let output = size_report(folder.path(), &["--symbols", "x", "guest.wasm", "guest.wasm"]);
    assert_fails(&output, 2, &["--symbols"]);
}

#[test]
fn help_lists_the_exit_codes() {
    let output = size_report(Path::new("."), &["--help"]);
    assert!(String::from_utf8(output.stdout).unwrap().contains("Exit codes:"));
}

/// A module with a function of this length, called by an implementation of a foreign trait.
fn formatter(padding: usize) -> Vec<u8> {
    let padding = "(nop)".repeat(padding);
    let text = format!(
        r#"(module (func $core::fmt::write {padding})
            (func $"<pods::Error as core::fmt::Display>::fmt" (call $core::fmt::write))
            (func $gather (export "gather") (call $"<pods::Error as core::fmt::Display>::fmt")))"#
    );
    wat::parse_str(text).unwrap()
}

#[test]
fn why_tells_the_way_and_what_would_go() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("guest.wasm"), formatter(100)).unwrap();
    let output = size_report(folder.path(), &["why", "guest.wasm", "core::fmt::write"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let way =
        "`gather` -> `<pods::Error as core::fmt::Display>::fmt` -> `core::fmt::write`: remove to save 103 B";
    assert_eq!(text.lines().last(), Some(way));
    let output = size_report(folder.path(), &["why", "guest.wasm", "nothing"]);
    assert_fails(&output, 1, &["guest.wasm", "\"nothing\"", "--unstripped"]);
}

#[test]
fn a_budget_that_does_not_hold_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    let small = formatter(0);
    write("guest.wasm", &small);
    let most = small.len();
    let budget =
        format!("[[module]]\nfile = 'guest.wasm'\nmax_bytes = {most}\nbaseline = 'sizes/guest.json'\n");
    write("size-budget.toml", budget.as_bytes());
    assert_fails(
        &size_report(folder.path(), &["check"]),
        1,
        &["sizes/guest.json", "size-report check --update"],
    );
    assert!(size_report(folder.path(), &["check", "--update"]).status.success());
    let baseline = fs::read_to_string(folder.path().join("sizes/guest.json")).unwrap();
    assert!(
        baseline.lines().any(|line| line.contains("core::fmt::write") && line.contains("via")),
        "{baseline}"
    );
    assert!(size_report(folder.path(), &["check", "--update"]).status.success());
    assert_eq!(fs::read_to_string(folder.path().join("sizes/guest.json")).unwrap(), baseline);
    assert!(size_report(folder.path(), &["check"]).status.success());

    let large = formatter(64);
    write("guest.wasm", &large);
    let output = size_report(folder.path(), &["check"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    let expected = format!("over by 64 B ({} of {most}): +64 core::fmt via Display for Error", large.len());
    assert!(text.contains(&expected), "{text}");
    let output = size_report(folder.path(), &["check", "--markdown"]);
    assert!(String::from_utf8(output.stdout).unwrap().contains("| guest.wasm |"));

    write("size-budget.toml", b"[[module]]\nfile = 'guest.wasm'\nforbid = ['core::fmt::*']\n");
    let output = size_report(folder.path(), &["check"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("core::fmt::* is forbidden and keeps 67 B: gather -> "), "{text}");
    write("size-budget.toml", b"[[module]]\nfiel = 'guest.wasm'\n");
    assert_fails(&size_report(folder.path(), &["check"]), 1, &["size-budget.toml", "fiel"]);
}

#[test]
fn a_stripped_module_gets_its_names_from_its_sibling() {
    let folder = tempfile::tempdir().unwrap();
    let named = formatter(10);
    fs::write(folder.path().join("named.wasm"), &named).unwrap();
    // The name section is the last one, so the bytes before it are the stripped module.
    let at = named.windows(5).position(|bytes| bytes == b"\x04name").unwrap();
    fs::write(folder.path().join("stripped.wasm"), &named[..at - 2]).unwrap();
    let of = |arguments: &[&str]| String::from_utf8(size_report(folder.path(), arguments).stdout).unwrap();
    assert!(!of(&["stripped.wasm"]).contains("core::fmt::write"));
    assert!(of(&["stripped.wasm", "--unstripped", "named.wasm"]).contains("function 0: core::fmt::write\n"));
    assert!(of(&["stripped.wasm", "--markdown"]).contains("| **all of the file** |"));
}

#[test]
fn pictures_are_written_whole_or_not_at_all() {
    let folder = folder_with_guest();
    let run = |arguments: &[&str]| size_report(folder.path(), arguments);
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    let output = run(&["--html", "a.html", "--svg", "a.svg", "guest.wasm"]);
    assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
    assert!(read("a.html").starts_with("<!DOCTYPE html>") && read("a.html").ends_with("</html>\n"));
    assert!(read("a.svg").contains("by crate</title>") && read("a.svg").ends_with("</svg>\n"));

    // The same bytes to stdout, to the file again, and over an existing file.
    let output = run(&["--svg", "-", "guest.wasm"]);
    assert_eq!(String::from_utf8(output.stdout).unwrap(), read("a.svg"));
    fs::write(folder.path().join("b.svg"), "old").unwrap();
    assert!(run(&["--svg", "b.svg", "--by", "section", "guest.wasm"]).status.success());
    assert!(read("b.svg").contains("by section</title>"));
    assert!(run(&["--html", "/dev/null", "guest.wasm"]).status.success());
    assert!(!fs::metadata("/dev/null").unwrap().is_file());

    // A forgotten file name overwrites no module, and no partial file stays behind.
    fs::copy(folder.path().join("guest.wasm"), folder.path().join("other.wasm")).unwrap();
    let output = run(&["--html", "other.wasm", "guest.wasm"]);
    assert_fails(&output, 1, &["cannot write other.wasm", "is a WebAssembly module"]);
    assert_fails(&run(&["--html", "none/a.html", "guest.wasm"]), 1, &["cannot write none/a.html"]);
    fs::create_dir(folder.path().join("folder")).unwrap();
    assert_fails(&run(&["--svg", "folder", "guest.wasm"]), 1, &["cannot write folder"]);
    let mut files: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    files.sort();
    assert_eq!(files, ["a.html", "a.svg", "b.svg", "folder", "guest.wasm", "other.wasm"]);
}

#[test]
fn pictures_are_of_one_module() {
    let folder = folder_with_guest();
    let fails = |arguments: &[&str], words| assert_fails(&size_report(folder.path(), arguments), 2, words);
    fails(&["--html", "a.html", "guest.wasm", "guest.wasm"], &["one module"]);
    fails(&["--svg", "-", "--by", "crate,kind", "guest.wasm"], &["one view"]);
    fails(&["--svg", "-", "--html", "-", "guest.wasm"], &["stdout"]);
    let output = size_report(folder.path(), &["--svg", "-", "--json", "guest.wasm"]);
    assert_eq!(output.status.code(), Some(2));
}
