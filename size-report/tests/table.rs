//! The promise, held against modules made by hand: every byte once, and no input that panics.

use size_report::{
    analyses::{at_rest::AtRest, names::Names, table::Table},
    module::{Kind, Module},
};
use std::path::Path;

const GUEST: &str = r#"
(module $guest
  (import "wagather_v1" "log" (func $log (param i32 i32 i32)))
  (memory (export "memory") 1)
  (table 1 funcref)
  (elem (i32.const 0) $gather)
  (global $stack (mut i32) (i32.const 32768))
  (data (i32.const 32768) "hello")
  (data (i32.const 40000) "again")
  (func $gather (export "gather") (result i32)
    (call $log (i32.const 1) (i32.const 32768) (i32.const 5))
    (i32.const 0))
  (func $spare (result i64) (i64.const 7))
  (@custom "wagather.manifest" "WAG1"))
"#;

const EMPTY: &str = "(module)";

fn table_of(bytes: &[u8]) -> Table {
    let module = Module::parse(bytes).unwrap();
    let names = Names::find(&module, Path::new("no such file.wasm"), None).unwrap();
    Table::new(&module, &names)
}

#[test]
fn every_byte_is_in_exactly_one_row() {
    for text in [GUEST, EMPTY] {
        let bytes = wat::parse_str(text).unwrap();
        let mut at = 0;
        for row in table_of(&bytes).rows {
            assert_eq!(row.offset, at, "{row:?}");
            assert!(row.bytes > 0, "{row:?}");
            at += row.bytes;
        }
        assert_eq!(at, bytes.len());
    }
}

#[test]
fn parts_have_the_names_that_people_know_them_by() {
    let bytes = wat::parse_str(GUEST).unwrap();
    let rows: Vec<String> =
        table_of(&bytes).rows.into_iter().map(|row| format!("{}: {}", row.section, row.part)).collect();
    for expected in [
        "header: magic number and version",
        "type: section header",
        "type: contents",
        "element: contents",
        "code: section header and count",
        "code: function 1: gather",
        "code: function 2: spare",
        "data: segment 0 at 0x8000",
        "data: segment 1 at 0x9c40",
        "custom \"wagather.manifest\": contents",
        "custom \"name\": contents",
    ] {
        assert!(rows.iter().any(|row| row == expected), "{expected} is not among {rows:#?}");
    }
}

#[test]
fn padded_numbers_do_not_shift_the_parts() {
    // One type, one function, and a code section whose length and count are padded to five bytes.
    let bytes = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x88\x80\x80\x80\0\x81\x80\x80\x80\0\x02\0\x0b";
    let module = Module::parse(bytes).unwrap();
    let function = module.parts.last().unwrap();
    assert!(matches!(function.kind, Kind::Function { index: 0 }));
    assert_eq!(function.range.len(), 3);
}

#[test]
fn sorting_by_size_keeps_the_rows() {
    let bytes = wat::parse_str(GUEST).unwrap();
    let mut table = table_of(&bytes);
    table.sort_by_size();
    assert!(table.rows.is_sorted_by(|a, b| a.bytes >= b.bytes));
    assert_eq!(table.rows.iter().map(|row| row.bytes).sum::<usize>(), bytes.len());
}

#[test]
fn cost_at_rest() {
    let bytes = wat::parse_str(GUEST).unwrap();
    let expected = AtRest {
        memory_pages: 1,
        memory_bytes: 65536,
        data_bytes: 10,
        imported_functions: 1,
        defined_functions: 2,
    };
    assert_eq!(AtRest::of(&Module::parse(&bytes).unwrap()), expected);
}

#[test]
fn malformed_input_is_named_by_its_byte() {
    let cases: [(&[u8], u64); 4] = [
        (b"#!/bin/sh", 0),
        // A function of type 0, and no types.
        (b"\0asm\x01\0\0\0\x03\x02\x01\0", 11),
        // A section that says it has five bytes more than the file.
        (b"\0asm\x01\0\0\0\x01\x06\0", 10),
        // A section of a kind that nobody knows.
        (b"\0asm\x01\0\0\0\x7f\0", 10),
    ];
    for (bytes, offset) in cases {
        let malformed = Module::parse(bytes).unwrap_err();
        assert_eq!(malformed.offset, offset, "{malformed}");
    }
    assert!(Module::parse(b"").is_err());
}

/// Truncations and changed bytes: the answer is a table that adds up or an error, never a panic.
#[test]
fn no_damage_panics_and_no_wrong_table_comes_out() {
    let good = wat::parse_str(GUEST).unwrap();
    for len in 0..good.len() {
        check_if_valid(&good[..len]);
    }
    for at in 0..good.len() {
        for flipped in [1, 0x40, 0x80, 0xff] {
            let mut damaged = good.clone();
            damaged[at] ^= flipped;
            check_if_valid(&damaged);
        }
    }
    // Several bytes at once; xorshift, so that a failure can be repeated.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..20_000 {
        let mut damaged = good.clone();
        for _ in 0..3 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let at = (state >> 8) as usize % damaged.len();
            damaged[at] = state as u8;
        }
        check_if_valid(&damaged);
    }
}

fn check_if_valid(bytes: &[u8]) {
    if Module::parse(bytes).is_ok() {
        assert_eq!(table_of(bytes).rows.iter().map(|row| row.bytes).sum::<usize>(), bytes.len());
    }
}
