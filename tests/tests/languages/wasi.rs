//! WASI, for compilers that require it: a reactor and a command, on the demo recording.

use serde_json::Value;
use std::fs;
use std::path::Path;
use tests::archive::Archive;
use tests::host::{Done, Host};
use tests::{guest, place, workspace};

const HEAD: &str = r#"
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $fd_prestat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write_again (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (import "wagather_v1" "archive_open" (func $archive_open (param i32 i32) (result i32)))
  (import "wagather_v1" "archive_write" (func $archive_write (param i32 i32 i32) (result i32)))
  (import "wagather_v1" "archive_close" (func $archive_close (param i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 8) "answers")
  (data (i32.const 32) "hello from WASI\nnot ended")"#;

/// Writes what it was told to `answers`: argc and the arguments' length at 64, the name at 80, a time at 128, random numbers at
/// 136, and the time after a sleep of a second at 144.
const BODY: &str = r#"
  (local $entry i32)
  (drop (call $args_sizes_get (i32.const 64) (i32.const 68)))
  (drop (call $args_get (i32.const 72) (i32.const 80)))
  (drop (call $clock_time_get (i32.const 0) (i64.const 1) (i32.const 128)))
  (drop (call $random_get (i32.const 136) (i32.const 8)))
  (i64.store (i32.const 424) (i64.const 1000000000))
  (drop (call $poll_oneoff (i32.const 400) (i32.const 500) (i32.const 1) (i32.const 600)))
  (drop (call $clock_time_get (i32.const 0) (i64.const 1) (i32.const 144)))
  (if (i32.ne (call $fd_prestat_get (i32.const 3) (i32.const 700)) (i32.const 8)) (then unreachable))
  (i32.store (i32.const 16) (i32.const 32))
  (i32.store (i32.const 20) (i32.const 25))
  (drop (call $fd_write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 24)))
  (if (i32.ne (i32.load (i32.const 24)) (i32.const 25)) (then unreachable))
  (drop (call $fd_write_again (i32.const 2) (i32.const 16) (i32.const 1) (i32.const 24)))
  (local.set $entry (call $archive_open (i32.const 8) (i32.const 7)))
  (drop (call $archive_write (local.get $entry) (i32.const 64) (i32.const 88)))
  (drop (call $archive_close (local.get $entry)))"#;

fn write(place: &Path, fields: &str) {
    let manifest = r#"(@custom "wagather.manifest" "gatherer 1 guest 0.1.0\nwasi preview1\n")"#;
    fs::write(place.join("guest.wasm"), guest::from_wat(&format!("(module {HEAD} {fields} {manifest})")))
        .expect("a file");
}

fn run(place: &Path, output: &str, words: &[&str]) -> Done {
    let recording = workspace::root().join("examples/demo.har");
    let host = Host::new(["run", "guest.wasm", "--output", output]).args(words).current_folder(place);
    host.arg("--replay").arg(recording).wait()
}

#[test]
fn a_reactor_has_what_wasi_may_give() {
    let place = place();
    write(
        place.path(),
        &format!(
            "(func (export \"_initialize\")) (func (export \"gather\") (result i32) {BODY} (i32.const 0))"
        ),
    );
    let ran = run(place.path(), "out", &[]);
    ran.expect_success();
    assert!(ran.stderr.contains("guest: info: hello from WASI\n"), "{}", ran.stderr);
    let archive = Archive::read(place.path().join("out"));
    let warnings = archive.gatherer("guest")["warnings"].clone();
    assert_eq!(warnings, serde_json::json!(["hello from WASI", "not ended"]));
    let answers = archive.bytes("guest/answers").to_vec();
    let word = |at: usize| u64::from_le_bytes(answers[at..at + 8].try_into().expect("eight bytes"));
    assert_eq!((word(0) as u32, (word(0) >> 32) as u32), (1, 6));
    assert_eq!(&answers[16..22], b"guest\0");
    // The recording's time; the sleep has passed on the clock alone.
    assert!(word(64) > 1_600_000_000_000_000_000, "{}", word(64));
    assert!((1_000_000_000..1_000_010_000).contains(&(word(80) - word(64))));
    assert_ne!(word(72), 0);
    // A replay is the same each time.
    run(place.path(), "again", &[]).expect_success();
    assert_eq!(Archive::read(place.path().join("again")).bytes("guest/answers"), answers);
}

#[test]
fn a_command_ends_as_it_says() {
    let place = place();
    for (name, end, code) in [
        ("returns", "", 0),
        ("exits", "(call $proc_exit (i32.const 0)) unreachable", 0),
        ("fails", "(call $proc_exit (i32.const 3))", 7),
        ("traps", "unreachable", 7),
    ] {
        write(place.path(), &format!("(func (export \"_start\") {BODY} {end})"));
        let ran = run(place.path(), name, &[]);
        ran.expect_code(code);
        match name {
            "fails" => assert!(ran.stderr.contains("it returned 3"), "{}", ran.stderr),
            "traps" => assert!(ran.stderr.contains("trapped"), "{}", ran.stderr),
            _ => assert_eq!(Archive::read(place.path().join(name)).bytes("guest/answers").len(), 88),
        }
    }
}

#[test]
fn a_grant_can_refuse_it() {
    let place = place();
    write(place.path(), &format!("(func (export \"gather\") (result i32) {BODY} (i32.const 0))"));
    let text = |wasi: &str| format!("apiVersion: wagather/v1\nkind: Grant\n{wasi}rules: []\n");
    for (name, wasi) in
        [("yes", "wasi: true\n"), ("silent", ""), ("no", "wasi: false\n"), ("odd", "wasi: maybe\n")]
    {
        fs::write(place.path().join(format!("{name}.yaml")), text(wasi)).expect("a file");
    }
    run(place.path(), "yes", &["--grant", "yes.yaml"]).expect_success();
    run(place.path(), "silent", &["--grant", "silent.yaml"]).expect_success();
    let refused = run(place.path(), "no", &["--grant", "no.yaml"]);
    refused.expect_code(3);
    assert!(refused.stderr.contains("it imports WASI, which the grant does not allow"), "{}", refused.stderr);
    let odd = run(place.path(), "odd", &["--grant", "odd.yaml"]);
    odd.expect_code(4);
    assert!(
        odd.stderr.contains("odd.yaml:3") && odd.stderr.contains("it is true or false"),
        "{}",
        odd.stderr
    );

    let inspect =
        |words: &[&str]| Host::new(["inspect", "guest.wasm"]).args(words).current_folder(place.path()).wait();
    assert!(inspect(&[]).expect_success().stdout_text().contains("  use WASI: "));
    let json = inspect(&["--json", "--grant", "no.yaml"]).expect_success().stdout_text();
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((&json["wasi"], &json["grant"]["admitted"]), (&Value::Bool(true), &Value::Bool(false)));
}
