//! Hostile guests that are too large to write down, generated from a few lines.

use super::{neighbour_is_unharmed, run, server};
use tests::archive::Archive;
use tests::guest::leb128;
use tests::host::{Host, incomplete};
use tests::hostile::{End, Hostile};
use tests::{guest, programs};

/// A guest of the given fields that must end like that.
fn made(name: &str, end: End, says: &str, fields: &str) -> Hostile {
    let module = guest::module(name, &[], fields);
    let name = name.to_owned();
    Hostile {
        name,
        end,
        end_in_wasmi: end,
        says: says.into(),
        module,
        attacks: vec![],
        options: vec![],
        sends_nothing: true,
    }
}

#[test]
fn ten_thousand_functions() {
    let mut fields = String::new();
    for number in 0..10_000 {
        fields += &format!(
            "(func $f{number} (param i32) (result i32) (i32.add (local.get 0) (i32.const {number})))\n"
        );
    }
    fields +=
        "(func (export \"gather\") (result i32) (i32.ne (call $f9999 (i32.const 1)) (i32.const 10000)))";
    run(&made("ten-thousand-functions", End::Returns(0), "", &fields));
}

#[test]
fn a_branch_table_of_sixty_thousand_ways() {
    let ways = "0 1 ".repeat(30_000);
    let fields = format!(
        "(func (export \"gather\") (result i32) (block (block (br_table {ways} 1 (i32.const 59999)))) (i32.const 0))"
    );
    run(&made("branch-table", End::Returns(0), "", &fields));
}

/// Deeper than any compiler nests, and deep enough to exhaust the stack of an engine that follows the blocks by calling
/// itself: validation lets it through, so it is the sandbox that must hold.
#[test]
fn blocks_in_blocks_do_not_reach_the_broker() {
    holds("nested", &guest::with_manifest(nested(200_000), b"gatherer 1 nested 0\n"));
}

/// Runs a module that one engine takes and the other refuses, or that both may: the sandbox holds either way.
fn holds(name: &str, module: &[u8]) {
    let (place, server) = (tests::place(), server());
    let module = guest::write(place.path(), name, module);
    let output = place.path().join("out");
    let done = Host::run_all([module, programs::guest("cluster-operators")])
        .server(&server.url())
        .output(&output)
        .wait();
    let code = done.code();
    assert!([0, 3, 7].contains(&code), "{}", done.stderr);
    neighbour_is_unharmed(&Archive::read(if code == 0 { output } else { incomplete(&output) }));
}

/// A module whose `gather` is so many blocks within each other, in binary: text of that depth no parser reads.
fn nested(depth: usize) -> Vec<u8> {
    let mut body = vec![0];
    body.extend([0x02, 0x40].repeat(depth));
    body.extend([0x0b].repeat(depth));
    body.extend([0x41, 0, 0x0b]);
    with_body(&body)
}

/// A module in binary whose only function, `gather`, has this body: its locals, its instructions and their end.
fn with_body(body: &[u8]) -> Vec<u8> {
    let mut module = b"\0asm\x01\0\0\0\x01\x05\x01\x60\0\x01\x7f\x03\x02\x01\0\x05\x03\x01\0\x01".to_vec();
    module.extend(b"\x07\x13\x02\x06gather\0\0\x06memory\x02\0");
    let code = [&[1][..], &leb128(body.len()), body].concat();
    [module, vec![10], leb128(code.len()), code].concat()
}

#[test]
fn as_many_locals_as_a_function_may_have() {
    let locals = "i64 ".repeat(49_000);
    let fields =
        format!("(func (export \"gather\") (result i32) (local {locals}) (i32.wrap_i64 (local.get 48999)))");
    holds("locals", &guest::module("locals", &[], &fields));
}

/// A function whose locals are run-length encoded: a few bytes that say four billion.
#[test]
fn more_locals_than_a_function_may_have() {
    let body = [&[1][..], &[0xff, 0xff, 0xff, 0xff, 0x0f, 0x7e], &[0x41, 0, 0x0b]].concat();
    let module = guest::with_manifest(with_body(&body), b"gatherer 1 many-locals 0\n");
    let hostile = made("many-locals", End::Unusable, "too many locals", "");
    run(&Hostile { module, ..hostile });
}

/// As many values on the operand stack as fit into a module of a megabyte.
#[test]
fn a_tower_of_operands() {
    let (height, body) = (300_000, |height: usize| {
        let pushed = [0x41, 1].repeat(height);
        let added = [0x6a].repeat(height - 1);
        [&[0][..], &pushed, &added, &[0x0b]].concat()
    });
    holds("tower", &guest::with_manifest(with_body(&body(height)), b"gatherer 1 tower 0\n"));
}

/// Calls in calls, a thousand functions deep, each of which has many locals: the native stack of an engine that recurses.
#[test]
fn deep_calls_of_wide_functions() {
    let mut fields = String::from("(func $f0 (param i64) (result i64) (local.get 0))\n");
    let locals = "i64 ".repeat(200);
    for number in 1..2000 {
        fields += &format!(
            "(func $f{number} (param i64) (result i64) (local {locals}) (local.set 200 (call $f{} (local.get 0))) (local.get 200))\n",
            number - 1
        );
    }
    fields += r#"(func (export "gather") (result i32) (i32.wrap_i64 (call $f1999 (i64.const 0))))"#;
    holds("deep-calls", &guest::module("deep-calls", &[], &fields));
}

/// Ten thousand functions, each of which calls the next one for the first time: what makes them ready must not stay on the native stack.
#[test]
fn first_calls_within_first_calls() {
    let mut fields = String::new();
    for number in 0..10_000 {
        fields += &format!("(func $f{number} (call $f{}))\n", number + 1);
    }
    fields += r#"(func $f10000) (func (export "gather") (result i32) (call $f0) (i32.const 0))"#;
    let hostile = made("first-calls", End::Returns(0), "", &fields);
    run(&Hostile { module: guest::large(hostile.module.clone()), ..hostile });
}

#[test]
fn fifty_thousand_data_segments() {
    let segments = "(data (i32.const 65528) \"\\01\\02\\03\\04\")".repeat(50_000);
    let fields = format!(
        r#"{segments} (func (export "gather") (result i32) (i32.ne (i32.load (i32.const 65528)) (i32.const 0x04030201)))"#
    );
    run(&made("data-segments", End::Returns(0), "", &fields));
}

/// Ten megabytes of data in a module that may have sixteen.
#[test]
fn a_data_segment_of_ten_megabytes() {
    let bytes = "x".repeat(10 << 20);
    let text = format!(
        r#"(module (@custom "wagather.manifest" "gatherer 1 data-bomb 0\n") (memory (export "memory") 161)
            (data (i32.const 1) "{bytes}")
            (func (export "gather") (result i32) (i32.ne (i32.load8_u (i32.const {})) (i32.const 120))))"#,
        10 << 20
    );
    let hostile = made("data-bomb", End::Returns(0), "", "");
    run(&Hostile { module: guest::from_wat(&text), ..hostile });
}

#[test]
fn a_module_above_the_limit() {
    let module = guest::with_manifest(vec![0; (16 << 20) + 1], b"gatherer 1 large 0\n");
    let hostile = made("large", End::Refused, "it is larger than 16777216 bytes", "");
    run(&Hostile { module, ..hostile });
}

/// A manifest that says it is another gatherer's.
#[test]
fn a_manifest_with_the_name_of_another_gatherer() {
    let fields = r#"(func (export "gather") (result i32) (i32.const 0))"#;
    let module = guest::module("cluster-operators", &["resource list /v1/secrets * *"], fields);
    let hostile = made("pretender", End::Refused, "a gatherer with the same name, 'cluster-operators'", "");
    run(&Hostile { module, ..hostile });
}

#[test]
fn a_manifest_of_more_records_than_one_may_have() {
    let lines = "path /version\n".repeat(512);
    let module = guest::with_manifest(
        guest::from_wat("(module)"),
        format!("gatherer 1 records 0\n{lines}").as_bytes(),
    );
    let hostile = made("records", End::Refused, "line 513: more records than a manifest may have", "");
    run(&Hostile { module, ..hostile });
}

#[test]
fn a_manifest_whose_mask_is_too_deep() {
    let mask = format!("{}a{}", "a(".repeat(100), ")".repeat(100));
    let manifest = format!("gatherer 1 deep-mask 0\nresource list /v1/pods * {mask}\n");
    let module = guest::with_manifest(guest::from_wat("(module)"), manifest.as_bytes());
    let hostile = made("deep-mask", End::Refused, "its manifest is not well-formed: line 2: ", "");
    run(&Hostile { module, ..hostile });
}

#[test]
fn a_manifest_that_is_too_long() {
    let lines = "resource list /v1/pods * *\n".repeat(3000);
    let module =
        guest::with_manifest(guest::from_wat("(module)"), format!("gatherer 1 long 0\n{lines}").as_bytes());
    let hostile = made("long", End::Refused, "its manifest has 81018 bytes; the limit is 65536", "");
    run(&Hostile { module, ..hostile });
}

#[test]
fn calls_within_calls_that_no_compiler_has_room_for() {
    let calls = 4_000;
    let fields = format!(
        "(func $f (param i32) (result i32) (local.get 0))
         (func (export \"gather\") (result i32) {}(i32.const 0){})",
        "(call $f ".repeat(calls),
        ")".repeat(calls)
    );
    run(&made("calls-within-calls", End::Unusable, "its function 1 is too large", &fields));
}

/// A million types are a valid module of 4 MB. To remember them takes more than a sandbox has beyond the guest's memory.
#[test]
fn a_module_that_exhausts_the_sandbox_does_not_reach_the_broker() {
    let (place, server) = (tests::place(), server());
    let module = guest::with_manifest(many_types(999_000), b"gatherer 1 types 0\n");
    let module = guest::write(place.path(), "types", &module);
    let output = place.path().join("out");
    let done = Host::run_all([module, programs::guest("cluster-operators")])
        .args(["--memory", "64Ki"])
        .server(&server.url())
        .output(&output)
        .wait();
    done.expect_code(7);
    let words = "the gatherer types failed: its sandbox aborted (signal 6): it ran out of memory or stack";
    assert!(done.stderr.contains(words), "{}", done.stderr);
    neighbour_is_unharmed(&Archive::read(incomplete(&output)));
}

/// A module of so many function types, of which `gather` has the last one. In binary, since the text of it would be 30 MB.
fn many_types(count: usize) -> Vec<u8> {
    let mut types = leb128(count + 1);
    types.extend(b"\x60\x01\x7f\0".repeat(count));
    types.extend(b"\x60\0\x01\x7f");
    let functions = [vec![1], leb128(count)].concat();
    let section = |id, contents: &[u8]| [vec![id], leb128(contents.len()), contents.to_vec()].concat();
    [
        b"\0asm\x01\0\0\0".to_vec(),
        section(1, &types),
        section(3, &functions),
        section(5, b"\x01\0\x01"),
        section(7, b"\x02\x06gather\0\0\x06memory\x02\0"),
        section(10, b"\x01\x04\0\x41\0\x0b"),
    ]
    .concat()
}
