//! `host-min manifest`: writes a manifest from a text file into a module.

use std::fs;
use std::io::{Seek as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use tests::host::Host;
use tests::{guest, place};

/// As an editor of another system writes it.
const FILE: &str = "# What it reads\r\ngatherer 1 made 0.1.0\r\n\r\nresource list /v1/pods * status(phase)\r\nparam team Whose pods";

fn module() -> Vec<u8> {
    guest::from_wat(
        r#"(module (memory (export "memory") 1) (func (export "gather") (result i32) (i32.const 0)))"#,
    )
}

fn stdin() -> fs::File {
    let mut file = tempfile::tempfile().expect("a file");
    file.write_all(&module()).and_then(|()| file.rewind()).expect("a file that can be written");
    file
}

#[test]
fn a_module_gets_its_manifest() {
    let place = place();
    let at = |name: &str| place.path().join(name);
    fs::write(at("made.manifest"), FILE).expect("a file");
    fs::write(at("made.wasm"), module()).expect("a file");
    fs::set_permissions(at("made.wasm"), fs::Permissions::from_mode(0o750)).expect("permissions");
    let host = |words: &[&str]| Host::new(words).current_folder(place.path()).wait();

    // What names the command, and then what the command prints.
    let missing = host(&["inspect", "made.wasm"]);
    missing.expect_code(3);
    assert!(missing.stderr.contains("'host-min manifest'"), "{}", missing.stderr);
    let other = host(&["manifest", "made.manifest", "made.wasm", "-o", "new/other.wasm"]);
    let page = other.expect_success().stdout_text();
    assert!(page.contains("list v1/pods: of each status (phase)"), "{page}");
    assert_eq!(fs::read(at("made.wasm")).expect("the module"), module());
    assert_eq!(page, host(&["inspect", "new/other.wasm"]).expect_success().stdout_text());

    host(&["manifest", "made.manifest", "made.wasm"]).expect_success();
    assert_eq!(
        fs::read(at("made.wasm")).expect("the module"),
        fs::read(at("new/other.wasm")).expect("the other one")
    );
    let mode = fs::metadata(at("made.wasm")).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o750);
    // Replaced, not added.
    fs::write(at("made.manifest"), "gatherer 1 again 0.2.0").expect("a file");
    let page = host(&["manifest", "made.manifest", "made.wasm"]).expect_success().stdout_text();
    assert!(page.starts_with("again 0.2.0: nothing from the cluster"), "{page}");

    let piped = Host::new(["manifest", "made.manifest", "-", "--output", "piped.wasm"]);
    piped.current_folder(place.path()).stdin(stdin()).wait().expect_success();
    assert_eq!(
        fs::read(at("piped.wasm")).expect("a module"),
        fs::read(at("made.wasm")).expect("the other one")
    );
}

#[test]
fn what_cannot_be_used_is_left_alone() {
    let place = place();
    let at = |name: &str| place.path().join(name);
    fs::write(at("good.manifest"), FILE).expect("a file");
    fs::write(at("guest.wasm"), module()).expect("a file");
    fs::write(at("notes.txt"), "mine").expect("a file");
    fs::write(at("text.wasm"), "(module)").expect("a file");
    fs::write(at("no-gather.wasm"), guest::from_wat("(module)")).expect("a file");
    for (name, text) in [
        ("bad-line", "gatherer 1 a 0.1.0\n\n# x\nresource watch /v1/pods * *\n"),
        ("no-name", "path /version\n"),
        ("other-abi", "gatherer 2 a 0.1.0\n"),
        ("evil", "gatherer 1 a 0.1.0\n  \u{1b}[2J\n"),
    ] {
        fs::write(at(&format!("{name}.manifest")), text).expect("a file");
    }
    for (words, code, says) in [
        (
            &["bad-line.manifest", "guest.wasm"][..],
            3,
            "bad-line.manifest:4:1: a verb other than 'get' and 'list'",
        ),
        (&["no-name.manifest", "guest.wasm"], 3, "cannot use the manifest no-name.manifest"),
        (&["other-abi.manifest", "guest.wasm"], 3, "this host supports version 1"),
        (&["evil.manifest", "guest.wasm"], 3, "evil.manifest:2:3: not 'gatherer'"),
        (&["not-there.manifest", "guest.wasm"], 3, "not-there.manifest"),
        (&["good.manifest", "not-there.wasm"], 3, "not-there.wasm"),
        (&["good.manifest", "text.wasm"], 3, "wat2wasm"),
        (&["good.manifest", "no-gather.wasm"], 3, "it exports no function 'gather'"),
        (&["good.manifest", "guest.wasm", "-o", "notes.txt"], 6, "host-min did not write"),
        (&["good.manifest"], 2, "<GUEST.wasm> is missing"),
    ] {
        let done = Host::new(["manifest"]).args(words).current_folder(place.path()).wait();
        done.expect_code(code);
        assert!(done.stderr.contains(says), "{words:?} said {}", done.stderr);
        assert!(!done.stderr.contains('\u{1b}'), "a terminal would obey");
    }
    assert_eq!(fs::read(at("guest.wasm")).expect("the module"), module());
    assert_eq!(fs::read(at("notes.txt")).expect("the notes"), b"mine");
    assert_eq!(fs::read_dir(place.path()).expect("the folder").count(), 9, "something else is left");
    let piped = Host::new(["manifest", "good.manifest", "-"]).current_folder(place.path());
    let done = piped.stdin(stdin()).wait();
    done.expect_code(6);
    assert!(done.stderr.contains("--output"), "{}", done.stderr);
}
