//! Tests of what compilers emit, and of its replacements in the engine's copy.

use super::{Bodies, Body, Checked, For, check as check_for, check_but_bodies, copy, leb128};
use crate::helpers::Helper;
use crate::limits::MAX_VALUES_AND_CALLS;
use std::borrow::Cow;
use wasmparser::{ExternalKind, Operator, Parser, Payload, Validator, WasmFeatures};

const MEMORY_BYTES: u64 = 1 << 20;

fn module(fields: &str) -> Vec<u8> {
    wat::parse_str(format!("(module {fields} (memory (export \"memory\") 1))")).expect("WebAssembly text")
}

fn gather(body: &str) -> Vec<u8> {
    module(&format!("(func (export \"gather\") (result i32) {body})"))
}

fn check(module: &[u8], memory_bytes: u64) -> Result<Checked<'static>, String> {
    check_for(module.to_vec().leak(), memory_bytes, For::Wasm3).map_err(|error| error.to_string())
}

/// The copy of a module. Checks that engines can read it and that nothing is left to replace.
fn checked(module: &[u8]) -> Checked<'static> {
    let checked = check(module, MEMORY_BYTES).unwrap_or_else(|reason| panic!("{reason}"));
    let features = WasmFeatures::WASM1 | WasmFeatures::SIGN_EXTENSION | WasmFeatures::SATURATING_FLOAT_TO_INT;
    let whole = checked.bytes_with_start();
    Validator::new_with_features(features).validate_all(&whole).expect("a valid copy");
    let again = check(&whole, MEMORY_BYTES).expect("the copy keeps the bounds as well");
    assert_eq!((&again.bytes, &again.imports), (&checked.bytes, &checked.imports));
    assert_eq!((again.gather, again.initialize), (checked.gather, checked.initialize));
    let (left, bodies) = check_but_bodies(module, MEMORY_BYTES).expect("the same of the sections");
    assert_eq!(
        (left.gather, left.initialize, &left.imports),
        (checked.gather, checked.initialize, &checked.imports)
    );
    assert_eq!(
        (left.functions, left.start.map(|start| start.function)),
        (checked.functions, checked.start.map(|start| start.function))
    );
    let whole = with_bodies(&left.bytes, bodies);
    Validator::new_with_features(features).validate_all(&whole).expect("a valid copy");
    check(&whole, MEMORY_BYTES).expect("the bounds hold for it");
    checked
}

/// Inserts the checked bodies into a copy that was made without them.
fn with_bodies(copy: &[u8], mut left: Bodies<'_>) -> Vec<u8> {
    let (mut out, mut code, mut index, first) = (b"\0asm\x01\0\0\0".to_vec(), Vec::new(), 0, left.len());
    let number = bodies(copy).len();
    leb128(&mut code, number as u64);
    for payload in Parser::new(0).parse_all(copy) {
        match payload.expect("a payload") {
            Payload::CodeSectionStart { .. } => {}
            Payload::CodeSectionEntry(body) => {
                let own = body.as_bytes();
                let body =
                    if index < first { left.check(index).expect("a valid body").bytes } else { own.into() };
                leb128(&mut code, body.len() as u64);
                code.extend_from_slice(&body);
                index += 1;
                if index == number {
                    copy::section(&mut out, copy::CODE, &code);
                }
            }
            payload => {
                if let Some((id, range)) = payload.as_section() {
                    copy::section(&mut out, id, &copy[range.start as usize..range.end as usize]);
                }
            }
        }
    }
    out
}

fn bodies(module: &[u8]) -> Vec<Vec<u8>> {
    let body = |payload: wasmparser::Result<Payload<'_>>| match payload.expect("a payload") {
        Payload::CodeSectionEntry(body) => Some(body.as_bytes().to_vec()),
        _ => None,
    };
    Parser::new(0).parse_all(module).filter_map(body).collect()
}

/// The functions that a function calls, in order.
fn calls(module: &[u8], function: usize) -> Vec<u32> {
    let mut all = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::CodeSectionEntry(body) = payload.expect("a payload") {
            let operators = body.get_operators_reader().expect("operators").into_iter();
            let call = |operator| match operator {
                Ok(Operator::Call { function_index }) => Some(function_index),
                _ => None,
            };
            all.push(operators.filter_map(call).collect::<Vec<_>>());
        }
    }
    all.swap_remove(function)
}

#[test]
fn bodies_that_are_left_are_not_looked_at() {
    let module = module(
        "(func $f (result i32) (i32.add)) (func (param i32) (local.set 0 (memory.size)))
         (func (export \"gather\") (result i32) (local i32 i64 i64) (i32.const 0))",
    );
    let all = check(&module, MEMORY_BYTES).expect_err("one is not valid");
    let (_, mut bodies) = check_but_bodies(&module, MEMORY_BYTES).expect("nobody looked");
    assert_eq!((bodies.len(), bodies.is_empty(), bodies.first_in_copy()), (3, false, 0));
    // Bodies can be checked in any order, and several times.
    let called = bodies.check(1).expect("a valid one");
    assert!(matches!(called.bytes, Cow::Owned(_)), "another one");
    assert_eq!(bodies.check(0).expect_err("the same one").to_string(), all);
    let own = Body { bytes: b"\x02\x01\x7f\x02\x7e\x41\0\x0b"[..].into(), locals: 3 };
    assert_eq!(bodies.check(0).expect_err("again").to_string(), all);
    assert_eq!([1, 2].map(|index| bodies.check(index).expect("a valid one")), [called, own]);
    assert!(bodies.check(3).is_err(), "there are three");
}

#[test]
fn a_function_without_a_body_is_not_valid() {
    // A type, a function, a memory, two exports, and a code section with one empty body.
    let mut module = b"\0asm\x01\0\0\0\x01\x05\x01\x60\0\x01\x7f\x03\x02\x01\0\x05\x03\x01\0\x01".to_vec();
    module.extend(b"\x07\x13\x02\x06gather\0\0\x06memory\x02\0\x0a\x02\x01\0");
    let refused = check(&module, MEMORY_BYTES).expect_err("nothing is no body");
    let (_, mut bodies) = check_but_bodies(&module, MEMORY_BYTES).expect("nobody looked");
    assert_eq!(bodies.check(0).expect_err("nothing is no body").to_string(), refused);
}

#[test]
fn a_module_of_the_first_version_stays_as_it_is() {
    let module = gather("i32.const 0");
    assert_eq!(bodies(&checked(&module).bytes), bodies(&module));
}

#[test]
fn instructions_on_memory_become_calls() {
    let copy = checked(&gather(
        "(memory.fill (i32.const 8) (i32.const 1) (i32.const 2))
         (memory.copy (i32.const 8) (i32.const 1) (i32.const 2)) (memory.copy (i32.const 0) (i32.const 1) (i32.const 2))
         (drop (memory.grow (i32.const 1)))
         (i32.add (memory.size) (memory.size))",
    ));
    // Each helper once, in the order of first use.
    assert_eq!(calls(&copy.bytes, 0), [1, 2, 2, 3, 4, 4]);
    let helpers =
        [Helper::Fill, Helper::Copy, Helper::Grow, Helper::Size].map(|helper| helper.body().into_owned());
    assert_eq!(bodies(&copy.bytes)[1..], helpers);
    assert_eq!(copy.functions, 1);
}

#[test]
fn what_every_engine_has_stays() {
    let module = gather(
        "(i32.extend8_s (i32.add (i32.trunc_sat_f64_u (f64.const 1e20)) (i32.wrap_i64 (i64.extend32_s (i64.const 7)))))",
    );
    assert_eq!(bodies(&checked(&module).bytes), bodies(&module));
}

#[test]
fn calls_in_the_place_of_others_are_counted() {
    let sizes = |count: usize| gather(&format!("memory.size {}", "memory.size i32.add ".repeat(count - 1)));
    // Two values at the same time.
    let most = MAX_VALUES_AND_CALLS as usize - 2;
    checked(&sizes(most));
    let reason = check(&sizes(most + 1), MEMORY_BYTES).expect_err("one too many");
    assert!(reason.contains("its function 0 is too large"), "{reason}");
    let copies = |count: usize| {
        let copy = "i32.const 0 i32.const 0 i32.const 0 memory.copy ";
        gather(&format!("{} i32.const 0", copy.repeat(count)))
    };
    checked(&copies(MAX_VALUES_AND_CALLS as usize - 3));
    assert!(check(&copies(MAX_VALUES_AND_CALLS as usize - 2), MEMORY_BYTES).is_err());
}

#[test]
fn an_import_that_comes_twice_is_one() {
    let log = "(func (param i32 i32 i32) (result i32))";
    let text = format!(
        r#"(import "wagather_v1" "log" {log}) (import "wagather_v1" "now" (func (result i64)))
        (import "wagather_v1" "log" {log}) (import "wagather_v1" "now" (func $now (result i64)))
        (table (export "table") 4 funcref) (elem (i32.const 1) 2 $now $started)
        (global (export "global") i32 (i32.const 7))
        (func $started (drop (call $now))) (start $started)
        (func (export "_initialize") (call $started))
        (func (export "gather") (result i32) (drop (call 0 (i32.const 0) (i32.const 0) (i32.const 0)))
            (call 2 (i32.const 0) (i32.const 0) (i32.const 0)))"#
    );
    let copy = checked(&module(&text));
    assert_eq!(copy.imports.iter().map(|import| import.name()).collect::<Vec<_>>(), ["log", "now"]);
    assert_eq!((copy.start.map(|start| start.function), copy.initialize, copy.gather), (Some(2), Some(3), 4));
    assert_eq!([0, 1, 2].map(|body| calls(&copy.bytes, body)), [vec![1], vec![2], vec![0, 0]]);
    let (mut exports, mut elements) = (Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(&copy.bytes) {
        match payload.expect("a payload") {
            Payload::ExportSection(section) => {
                let export =
                    |export: wasmparser::Export<'_>| (export.name.to_owned(), export.kind, export.index);
                exports.extend(section.into_iter().map(|item| export(item.expect("an export"))));
            }
            Payload::ElementSection(section) => {
                for segment in section {
                    if let wasmparser::ElementItems::Functions(items) = segment.expect("a segment").items {
                        elements.extend(items.into_iter().map(|item| item.expect("a function")));
                    }
                }
            }
            _ => {}
        }
    }
    assert_eq!(elements, [0, 1, 2]);
    let expected = [
        ("table", ExternalKind::Table, 0),
        ("global", ExternalKind::Global, 0),
        ("_initialize", ExternalKind::Func, 3),
        ("gather", ExternalKind::Func, 4),
        ("memory", ExternalKind::Memory, 0),
    ];
    assert_eq!(exports, expected.map(|(name, kind, index)| (name.to_owned(), kind, index)));
}

#[test]
fn what_wasi_does_not_give_is_a_function_of_the_copy() {
    let text = |record: &str| {
        format!(
            r#"(import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
            (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
            (import "wasi_snapshot_preview1" "path_open"
                (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
            (@custom "wagather.manifest" "gatherer 1 a 0\n{record}")
            (table 2 funcref) (elem (i32.const 0) $open $yield)
            (func (export "gather") (result i32) (drop (call $yield)) (call $close (i32.const 0)))"#
        )
    };
    let reason = check(&module(&text("")), MEMORY_BYTES).expect_err("nothing was said");
    assert!(reason.ends_with("add the line 'wasi preview1'"), "{reason}");
    let copy = check(&module(&text("wasi preview1\\n")), MEMORY_BYTES).expect("a module");
    assert_eq!(copy.imports.iter().map(|import| import.name()).collect::<Vec<_>>(), ["sched_yield"]);
    assert_eq!((copy.wasi.as_deref(), copy.gather, copy.is_command), (Some("a"), 1, false));
    // The import, the body, then the replacements of refused imports, in their order.
    assert_eq!(calls(&copy.bytes, 0), [0, 2]);
    assert_eq!(bodies(&copy.bytes)[1..], [vec![0, 0x41, 8, 0x0b], vec![0, 0x41, 52, 0x0b]]);
    Validator::new_with_features(WasmFeatures::WASM1).validate_all(&copy.bytes).expect("a valid copy");
}

#[test]
fn only_what_can_be_called_is() {
    for (text, says) in [
        (
            r#"(import "wagather_v1" "now" (func $f (result i64))) (export "_initialize" (func $f))"#,
            "its export '_initialize' is not of the type () -> ()",
        ),
        (
            r#"(func (export "_initialize") (param i32))"#,
            "its export '_initialize' is not of the type () -> ()",
        ),
    ] {
        let module = module(&format!("{text} (func (export \"gather\") (result i32) (i32.const 0))"));
        assert_eq!(check(&module, MEMORY_BYTES).expect_err("no function to call"), says);
    }
}

/// A module with one function of this type, with sections before and after the code.
fn raw(body: &[u8], before: &[u8], behind: &[u8]) -> Vec<u8> {
    let mut out =
        b"\0asm\x01\0\0\0\x01\x05\x01\x60\0\x01\x7f\x03\x02\x01\0\x04\x04\x01\x70\0\x02\x05\x03\x01\0\x01"
            .to_vec();
    out.extend(b"\x07\x13\x02\x06gather\0\0\x06memory\x02\0");
    out.extend(before);
    out.extend([10, body.len() as u8 + 2, 1, body.len() as u8]);
    out.extend(body);
    out.extend(behind);
    out
}

#[test]
fn long_numbers_become_short() {
    // call_indirect of type 0 in table 0, as a linker pads it; i32.trunc_sat_f32_s, padded.
    let long = raw(b"\0\x41\0\x11\0\x80\x80\x80\x80\0\x0b", b"", b"");
    assert_eq!(bodies(&checked(&long).bytes), [b"\0\x41\0\x11\0\0\x0b".to_vec()]);
    let long = raw(b"\0\x43\0\0\0\0\xfc\x80\x80\0\x0b", b"", b"");
    assert_eq!(bodies(&checked(&long).bytes), [b"\0\x43\0\0\0\0\xfc\0\x0b".to_vec()]);
    // memory.copy, padded.
    let long = raw(b"\0\x41\0\x41\0\x41\0\xfc\x8a\0\0\0\x41\0\x0b", b"", b"");
    assert_eq!(bodies(&checked(&long).bytes)[0], b"\0\x41\0\x41\0\x41\0\x10\x01\x41\0\x0b");
}

#[test]
fn segments_that_name_their_memory_or_table_become_plain() {
    let module = raw(
        b"\0\x41\0\x0b",
        // An element segment of table 0 with its kind, and two data segments.
        b"\x09\x09\x01\x02\0\x41\0\x0b\0\x01\0\x0c\x01\x02",
        b"\x0b\x0e\x02\x02\0\x41\x07\x0b\x01a\0\x41\x09\x0b\x01b",
    );
    let copy = checked(&module).bytes;
    let find = |bytes: &[u8]| copy.windows(bytes.len()).any(|window| window == bytes);
    assert!(find(b"\x09\x07\x01\0\x41\0\x0b\x01\0"), "{}", copy.escape_ascii());
    assert!(find(b"\x0b\x0d\x02\0\x41\x07\x0b\x01a\0\x41\x09\x0b\x01b"), "{}", copy.escape_ascii());
    assert!(!find(b"\x0c\x01\x02"), "the number of data segments is left");
}

#[test]
fn a_wrong_number_of_data_segments_is_refused() {
    let data = b"\x0b\x07\x01\0\x41\x07\x0b\x01a";
    checked(&raw(b"\0\x41\0\x0b", b"\x0c\x01\x01", data));
    checked(&raw(b"\0\x41\0\x0b", b"\x0c\x01\0", b""));
    for (count, behind) in [(2, &data[..]), (0, data), (1, b"")] {
        let module = raw(b"\0\x41\0\x0b", &[0x0c, 1, count], behind);
        let reason = check(&module, MEMORY_BYTES).expect_err("another number");
        assert!(reason.contains("data count"), "{reason}");
    }
}

#[test]
fn what_no_copy_can_do_without_names_the_flags() {
    for (fields, feature, flag) in [
        ("(func (drop (v128.const i64x2 0 0)))", "SIMD", "-mno-simd128"),
        ("(func (result i32 i32) i32.const 0 i32.const 0)", "multiple results", "-mno-multivalue"),
        ("(func i32.const 0 (block (param i32) drop))", "multiple results", "-mno-multivalue"),
        ("(func (drop (ref.null func)))", "reference types", "-mno-reference-types"),
        ("(table 1 externref)", "reference types", "-mno-reference-types"),
        ("(data \"passive\")", "passive segments", "-mno-bulk-memory"),
        ("(func $f) (elem func $f)", "passive segments", "-mno-bulk-memory"),
        ("(func $f) (elem declare func $f)", "passive segments", "-mno-bulk-memory"),
        ("(func $f return_call $f)", "tail calls", "-mno-tail-call"),
        ("(tag)", "exceptions", "-mno-exception-handling"),
        ("(func (drop (i32.atomic.load (i32.const 0))))", "threads", "-mno-atomics"),
        ("(global i32 (i32.add (i32.const 1) (i32.const 2)))", "computed constants", "-mno-extended-const"),
    ] {
        let reason = check(&module(fields), MEMORY_BYTES).expect_err(fields);
        assert!(reason.starts_with("it uses ") && reason.contains(feature), "{fields}: {reason}");
        for flag in [flag, "zig -mcpu=baseline-", "rustc -C target-feature=-"] {
            assert!(reason.contains(flag), "{fields}: {reason}");
        }
    }
    for (fields, says) in [
        (
            "(func (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 0))) (data \"\")",
            "asc --disable bulk-memory",
        ),
        ("(type (struct))", "a feature of WebAssembly that a gatherer cannot have"),
    ] {
        let reason = check(&module(fields), MEMORY_BYTES).expect_err(fields);
        assert!(reason.contains(says), "{fields}: {reason}");
    }
}

#[test]
fn wasmi_gets_the_module_itself_and_has_more() {
    let import = r#"(import "wasi_snapshot_preview1" "fd_close" (func (param i32) (result i32)))"#;
    let twice = r#"(import "wagather_v1" "now" (func (result i64)))"#;
    let record = r#"(@custom "wagather.manifest" "gatherer 1 a 0\nwasi preview1\n")"#;
    for fields in [
        "(func (result i32 i32) i32.const 0 i32.const 0)",
        "(func $f return_call $f)",
        "(data \"passive\") (func (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 0)))",
        "(table 1 funcref) (func $f) (elem func $f)",
        "(data (i32.add (i32.const 1) (i32.const 2)) \"computed\")",
        &format!(
            "{import} {twice} {import} {twice} {record} (start $s) (func $s (drop (memory.grow (i32.const -1))))"
        ),
    ] {
        let module = module(&format!("{fields} (func (export \"gather\") (result i32) (i32.const 0))"));
        let checked = check_for(&module, MEMORY_BYTES, For::Wasmi)
            .unwrap_or_else(|reason| panic!("{fields}: {reason}"));
        assert_eq!(checked.bytes, module, "{fields}");
        let refused: Vec<_> = checked.refused.iter().map(|refused| refused.name).collect();
        if fields.contains("fd_close") {
            assert_eq!((refused, checked.imports.len()), (vec!["fd_close"], 1));
            assert_eq!(checked.start.map(|start| start.function), Some(4));
            assert_eq!(checked.gather, 5);
        } else {
            assert!(refused.is_empty());
            assert!(check(&module, MEMORY_BYTES).expect_err(fields).contains("wasm3 cannot have"));
        }
    }
    for (fields, says) in [
        ("(data (i32.const 65530) \"0123456\")", "exceeds its memory"),
        ("(table 1 funcref) (func $f) (elem (i32.const 1) $f)", "exceeds its table"),
        ("(func (drop (v128.const i64x2 0 0)))", "SIMD, which a gatherer cannot have"),
        ("(table 1 externref)", "reference types, which a gatherer cannot have"),
    ] {
        let module = module(&format!("{fields} (func (export \"gather\") (result i32) (i32.const 0))"));
        let reason = check_for(&module, MEMORY_BYTES, For::Wasmi).expect_err(fields).to_string();
        assert!(reason.contains(says), "{fields}: {reason}");
    }
}

#[test]
fn the_abort_of_assemblyscript_is_an_import() {
    let with = |ty: &str| {
        module(&format!(r#"(import "env" "abort" {ty}) (func (export "gather") (result i32) (i32.const 0))"#))
    };
    let copy = checked(&with("(func (param i32 i32 i32 i32))"));
    assert_eq!(copy.imports, [super::Imported::Abort]);
    for (ty, says) in [
        ("(func (param i32 i32 i32))", "with a type that differs from AssemblyScript's"),
        ("(func (param i32 i32 i32 i32) (result i32))", "with a type that differs from AssemblyScript's"),
        ("(global i32)", "as something other than a function"),
    ] {
        let reason = check(&with(ty), MEMORY_BYTES).expect_err(ty);
        assert!(reason.ends_with(says), "{ty}: {reason}");
    }
}
