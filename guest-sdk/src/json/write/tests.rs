//! Tests of the output for each kind of value.

use super::*;
use crate::fake::Host;
use core::cell::Cell;
use miniserde::json::{Array, Value};
use std::collections::BTreeMap;
use std::vec;

#[derive(crate::Serialize)]
struct Finding {
    name: String,
    last_seen: Option<u32>,
    r#type: &'static str,
    #[field(name = "podIPs")]
    addresses: Vec<bool>,
}

#[test]
fn a_struct_is_an_object_without_its_nones() {
    let mut finding =
        Finding { name: "a".into(), last_seen: None, r#type: "t", addresses: vec![true, false] };
    assert_eq!(to_string(&finding), r#"{"name":"a","type":"t","podIPs":[true,false]}"#);
    finding.last_seen = Some(7);
    finding.addresses.clear();
    assert_eq!(to_string(&finding), r#"{"name":"a","lastSeen":7,"type":"t","podIPs":[]}"#);
    assert_eq!(to_string(&BTreeMap::<String, u32>::new()), "{}");
    assert_eq!(to_string(&vec![None, Some(1u8)]), "[null,1]");
}

#[test]
fn what_is_skipped_is_neither_written_nor_read() {
    #[derive(Default, Debug, PartialEq, crate::Fields, crate::Serialize)]
    struct Counted {
        name: String,
        #[field(skip)]
        last: Cell<u32>,
        #[field(skip)]
        r#type: u32,
        #[field(name = "type")]
        kind: String,
    }
    let counted = Counted { name: "a".into(), last: Cell::new(7), r#type: 8, kind: "k".into() };
    let json = to_string(&counted);
    assert_eq!(json, r#"{"name":"a","type":"k"}"#);
    let expected = Counted { last: Cell::new(0), r#type: 0, ..counted };
    assert_eq!(crate::json::from_str(r#"{"name":"a","last":5,"type":"k"}"#), Ok(expected));
}

#[test]
fn whatever_can_be_written_is() {
    #[derive(crate::Serialize)]
    struct Everything<'a, T: super::Serialize> {
        text: &'a str,
        numbers: [i8; 3],
        slice: &'a [u16],
        boxed: Box<Option<T>>,
        reference: &'a Option<T>,
        none: &'a Option<Option<T>>,
        cow: Cow<'a, str>,
        map: BTreeMap<String, Option<T>>,
        ratio: f32,
        nested: Vec<Vec<T>>,
        whole: Whole<Value>,
        null: Whole<Value>,
        absent: Whole<Value>,
    }
    let everything = Everything {
        text: "t",
        numbers: [-128, 0, 127],
        slice: &[65535],
        boxed: Box::new(Some(1u64)),
        reference: &Some(2),
        none: &Some(None),
        cow: "c".into(),
        map: [("a".into(), Some(u64::MAX)), ("b".into(), None)].into(),
        ratio: 0.5,
        nested: vec![vec![], vec![3, 4]],
        whole: Whole(Some(Value::Array(Array::new()))),
        null: Whole(Some(Value::Null)),
        absent: Whole(None),
    };
    assert_eq!(
        to_string(&everything),
        r#"{"text":"t","numbers":[-128,0,127],"slice":[65535],"boxed":1,"reference":2,"cow":"c","map":{"a":18446744073709551615},"ratio":5e-1,"nested":[[],[3,4]],"whole":[]}"#
    );
    assert_eq!(to_string(&[Some(i16::MIN), None]), "[-32768,null]");
    assert_eq!(to_string(&None::<u8>), "null");
    assert_eq!(to_string(&[(i32::MIN, true)].map(|(number, _)| number)), "[-2147483648]");
}

#[test]
fn texts_are_escaped() {
    let text = "a\"b\\c\nd\te\rf\x00\x1fä😀\x7f";
    let json = to_string(&text);
    assert_eq!(json, "\"a\\\"b\\\\c\\nd\\te\\rf\\u0000\\u001fä😀\x7f\"");
    assert_eq!(crate::json::from_str::<String>(&json).as_deref(), Ok(text));
}

#[test]
fn numbers_are_written() {
    assert_eq!(to_string(&u64::MAX), "18446744073709551615");
    assert_eq!(to_string(&i64::MIN), "-9223372036854775808");
    for (number, text) in
        [(0.0, "0"), (0.5, "5e-1"), (-2.0, "-2"), (1e20, "100000000000000e6"), (f64::NAN, "null")]
    {
        assert_eq!(to_string(&number), text);
    }
    for number in [1.0 / 3.0, 1e-300, 123456.789, 5e-324, 1e308, f64::MAX] {
        let read: f64 = to_string(&number).parse().expect("a number");
        assert!(
            read.is_finite() && (read - number).abs() <= number * 1e-14,
            "{number} was written as {read}"
        );
    }
}

#[test]
fn an_array_is_written_element_by_element() {
    let run = Host::new().run(|| {
        ArrayEntry::create("empty.json")?.close()?;
        let mut array = ArrayEntry::create("array.json")?;
        for number in 0..1000u32 {
            array.push(&number)?;
        }
        array.close()?;
        ArrayEntry::create("open.json")?.push(&1u8)
    });
    assert_eq!(run.result, Ok(()));
    assert_eq!(run.entry("empty.json"), "[]");
    assert_eq!(run.decode::<Vec<u32>>("array.json"), (0..1000).collect::<Vec<_>>());
    assert_eq!(run.unclosed, ["open.json"]);
}

#[test]
fn what_is_long_goes_to_the_entry_in_pieces() {
    let lines: Vec<String> = (0..500).map(|line| std::format!("line {line}")).collect();
    let run = Host::new().run(|| to_entry("lines.json", &lines));
    assert_eq!(run.result, Ok(()));
    assert_eq!(run.entry("lines.json"), to_string(&lines));
}
