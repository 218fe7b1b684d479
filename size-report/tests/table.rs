//! Tests on handmade modules: every byte is in exactly one row, and no input causes a panic.

use size_report::{
    analyses::{at_rest::AtRest, names::Names, table::Table},
    module::{Kind, Module},
};

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
    let names = Names::of(&module);
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
        "import: wagather_v1.log",
        "export: memory",
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
    // One type, one function, and a code section with length and count padded to five bytes.
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
    let rest = AtRest::of(&Module::parse(&bytes).unwrap());
    assert_eq!((rest.memory_pages, rest.memory_bytes, rest.data_bytes), (1, 65536, 10));
    assert_eq!((rest.imported_functions, rest.defined_functions), (1, 2));
    // The data lies above the stack, so the stack has everything below.
    assert_eq!((rest.stack_pointer, rest.stack_bytes), (Some(32768), Some(32768)));
    assert_eq!(rest.base64_bytes, (bytes.len() as u64).div_ceil(3) * 4);
    assert!(rest.fits_config_map.plain && rest.fits_annotation.base64 && !rest.fits_annotation.plain);
}

#[test]
fn objects_of_the_api_hold_so_much_and_no_more() {
    let module_of = |data: usize| {
        // Text that hardly compresses.
        let mut state = 1_u32;
        let text: String = (0..data)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                char::from(b'a' + (state >> 28) as u8)
            })
            .collect();
        wat::parse_str(format!("(module (memory 32) (data (i32.const 0) \"{text}\"))")).unwrap()
    };
    let fits = |bytes: &[u8]| {
        let rest = AtRest::of(&Module::parse(bytes).unwrap());
        (rest.fits_config_map, rest.fits_annotation)
    };
    let (map, annotation) = fits(&module_of(300 << 10));
    assert!(map.base64 && !annotation.base64 && annotation.gzip_base64);
    let (map, annotation) = fits(&module_of(900 << 10));
    assert!(map.plain && !map.base64 && map.gzip_base64 && !annotation.gzip_base64);
    assert!(!fits(&module_of(1 << 20)).0.plain);
}

#[test]
fn malformed_input_is_named_by_its_byte() {
    let cases: [(&[u8], u64); 3] = [
        (b"#!/bin/sh", 0),
        // A component.
        (b"\0asm\x0d\0\x01\0", 0),
        // A section that is five bytes longer than the file.
        (b"\0asm\x01\0\0\0\x01\x06\0", 10),
    ];
    for (bytes, offset) in cases {
        let malformed = Module::parse(bytes).unwrap_err();
        assert_eq!(malformed.offset, offset, "{malformed}");
    }
    assert!(Module::parse(b"").is_err());
}
