//! Unusable modules, and guests that fail.

use super::{GATHERER, MODULE};
use tests::failing::Failing;
use tests::host::Host;
use tests::hostile::Hostile;
use tests::{guest, objects, place, programs};

#[test]
fn modules() {
    let (mut failing, place) = (Failing::new("bad-modules.txt"), place());
    let server = objects::server().start();
    let folder = place.path();
    let whole = std::fs::read(programs::guest("cluster-operators")).expect("a guest");
    let file = |name: &str, content: &[u8]| {
        std::fs::write(folder.join(name), content).expect("a file");
    };
    file("empty.wasm", b"");
    file("text.wasm", b"#!/bin/sh\nexit 0\n");
    file("program.wasm", &std::fs::read(programs::host_min()).expect("a program")[..4096]);
    file("text-format.wasm", b"(module)");
    file("packed.wasm", &[0x1f, 0x8b, 8, 0, 0]);
    file("component.wasm", b"\0asm\x0d\0\x01\0");
    file("head.wasm", &whole[..6]);
    file("truncated.wasm", &whole[..whole.len() / 2]);
    let mut invalid = whole.clone();
    // The first opcode of the code section's last function becomes one that does not exist.
    let code = invalid.len() - whole.iter().rev().position(|byte| *byte == 0x0b).expect("an end");
    invalid[code - 1] = 0xff;
    file("invalid.wasm", &invalid);
    std::fs::File::create(folder.join("huge.wasm")).and_then(|file| file.set_len(17 << 20)).expect("a file");
    std::fs::create_dir(folder.join("folder.wasm")).expect("a folder");
    for name in [
        "no-gather",
        "import-unknown",
        "import-heap",
        "import-v2",
        "manifest-of-another-abi",
        "no-memory",
        "manifest-missing",
    ] {
        file(&format!("{name}.wasm"), &Hostile::read(name).module);
    }
    for name in [
        "not-there",
        "folder",
        "empty",
        "text",
        "program",
        "text-format",
        "packed",
        "component",
        "head",
        "truncated",
        "invalid",
        "huge",
        "no-gather",
        "import-unknown",
        "import-heap",
        "import-v2",
        "manifest-of-another-abi",
        "no-memory",
        "manifest-missing",
    ] {
        // Named as a person names it: by a path from where the person is.
        let host = Host::run(format!("{name}.wasm")).current_folder(folder).server(&server.url());
        failing.case(name, MODULE, host);
    }
    let twice = [programs::guest("hello"), programs::guest("hello")];
    failing.case("the same gatherer twice", MODULE, Host::run_all(twice).server(&server.url()));
    failing.check();
}

#[test]
fn guests() {
    let (mut failing, place) = (Failing::new("bad-guests.txt"), place());
    let server = objects::server().start();
    let pods = "\"\\02\\00\\00\\00\" \"\\00\\00\\00\\00\" \"\\04\\01\\00\\00\" \"\\02\\00\\00\\00\" \"\\00\\01\\00\\00\" \"\\04\\00\\00\\00\"";
    let rest_start = "(import \"wagather_v1\" \"rest_start\" (func $rest_start (param i32) (result i32)))";
    let rest_close = "(import \"wagather_v1\" \"rest_close\" (func $rest_close (param i32) (result i32)))";
    let gather = |body: &str| format!("(func (export \"gather\") (result i32) {body})");
    let cases = [
        ("traps", gather("(unreachable)")),
        ("loops", gather("(loop $for_ever (br $for_ever)) (unreachable)")),
        (
            "exhausts-memory",
            gather(
                "(loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) (unreachable)",
            ),
        ),
        (
            "exhausts-the-stack",
            format!("(func $again (call $again)) {}", gather("(call $again) (i32.const 0)")),
        ),
        ("returns-non-zero", gather("(i32.const 3)")),
        ("bad-pointer", format!("{rest_start} {}", gather("(call $rest_start (i32.const -1))"))),
        ("stale-handle", format!("{rest_close} {}", gather("(call $rest_close (i32.const 64))"))),
        (
            "denied",
            format!(
                "{rest_start} (data (i32.const 0) {pods}) (data (i32.const 256) \"pods\" \"v1\") {}",
                gather("(call $rest_start (i32.const 0))")
            ),
        ),
    ];
    for (name, fields) in cases {
        guest::write(place.path(), name, &guest::module(name, &[], &fields));
        let host = Host::run(format!("{name}.wasm"))
            .current_folder(place.path())
            .server(&server.url())
            .timeout(if name == "loops" { "300ms" } else { "20s" })
            .args(["--memory", "1Mi"]);
        failing.case(name, GATHERER, host);
    }
    failing.check();
}
