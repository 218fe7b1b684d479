//! The command line: output, exit codes, messages.

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
