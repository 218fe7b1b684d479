//! Compares the decoder and the writer with miniserde's, on random values of a type with a field of each kind, and on
//! texts that are truncated or changed at every byte.

use super::*;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use miniserde::json::{Number, Value};
use std::format;
use std::string::ToString;

/// The step between tested bytes and texts. Miri takes a thousand times as long, and checks memory accesses, which do
/// not depend on the number of tests.
const STRIDE: usize = if cfg!(miri) { 97 } else { 1 };

#[derive(Default, Debug, PartialEq, crate::Fields, crate::Serialize)]
struct All {
    text: String,
    flag: bool,
    tiny: u8,
    port: u16,
    count: u32,
    bytes: u64,
    size: usize,
    offset: i8,
    delta: i16,
    exit_code: i32,
    stamp: i64,
    ratio: f64,
    maybe: Option<u16>,
    maybe_text: Option<String>,
    #[field(skip)]
    own: u64,
    texts: Vec<String>,
    numbers: Vec<u8>,
    nested: Vec<Vec<i32>>,
    inner: Inner,
    boxed: Box<Inner>,
    many: Vec<Inner>,
    labels: Pairs<String>,
    by_name: Pairs<Inner>,
    sorted: BTreeMap<String, Vec<bool>>,
    alike: Alike,
}

#[derive(Default, Debug, PartialEq, crate::Fields, crate::Serialize)]
struct Inner {
    small: bool,
    large: u64,
    name: String,
    texts: Vec<String>,
}

#[derive(Default, Debug, PartialEq, crate::Resource, crate::Serialize)]
#[resource(version = "v1", plural = "alikes", cluster)]
struct Alike(Inner);

/// The expected result of decoding, from miniserde's `Value` and `Default`. `None` if the value does not match.
trait Fill: Default {
    fn fill(&mut self, value: &Value) -> Option<()>;
}

impl Fill for String {
    fn fill(&mut self, value: &Value) -> Option<()> {
        let Value::String(text) = value else { return None };
        self.clone_from(text);
        Some(())
    }
}

impl Fill for bool {
    fn fill(&mut self, value: &Value) -> Option<()> {
        let Value::Bool(flag) = value else { return None };
        *self = *flag;
        Some(())
    }
}

macro_rules! integers {
    ($($ty:ty)*) => {$(
        impl Fill for $ty {
            fn fill(&mut self, value: &Value) -> Option<()> {
                *self = match value {
                    Value::Number(Number::U64(number)) => (*number).try_into().ok()?,
                    Value::Number(Number::I64(number)) => (*number).try_into().ok()?,
                    _ => return None,
                };
                Some(())
            }
        }
    )*};
}
integers!(u8 u16 u32 u64 usize i8 i16 i32 i64);

impl Fill for f64 {
    fn fill(&mut self, value: &Value) -> Option<()> {
        *self = match value {
            Value::Number(Number::U64(number)) => *number as f64,
            Value::Number(Number::I64(number)) => *number as f64,
            Value::Number(Number::F64(number)) => *number,
            _ => return None,
        };
        Some(())
    }
}

impl<T: Fill> Fill for Option<T> {
    fn fill(&mut self, value: &Value) -> Option<()> {
        self.insert(T::default()).fill(value)
    }
}

impl<T: Fill> Fill for Box<T> {
    fn fill(&mut self, value: &Value) -> Option<()> {
        (**self).fill(value)
    }
}

impl<T: Fill> Fill for Vec<T> {
    fn fill(&mut self, value: &Value) -> Option<()> {
        let Value::Array(elements) = value else { return None };
        elements.iter().filter(|element| !matches!(element, Value::Null)).try_for_each(|element| {
            self.push(T::default());
            self.last_mut()?.fill(element)
        })
    }
}

fn members(value: &Value) -> Option<impl Iterator<Item = (&String, &Value)>> {
    let Value::Object(object) = value else { return None };
    Some(object.iter().filter(|(_, value)| !matches!(value, Value::Null)))
}

impl<T: Fill> Fill for BTreeMap<String, T> {
    fn fill(&mut self, value: &Value) -> Option<()> {
        members(value)?.try_for_each(|(name, value)| self.entry(name.clone()).or_default().fill(value))
    }
}

impl<T: Fill> Fill for Pairs<T> {
    fn fill(&mut self, value: &Value) -> Option<()> {
        members(value)?.try_for_each(|(name, value)| {
            self.0.push((name.clone(), T::default()));
            self.0.last_mut()?.1.fill(value)
        })
    }
}

macro_rules! fields {
    ($ty:ty: $($name:literal $field:ident)*) => {
        impl Fill for $ty {
            fn fill(&mut self, value: &Value) -> Option<()> {
                members(value)?.try_for_each(|(name, value)| match name.as_str() {
                    $($name => self.$field.fill(value),)*
                    _ => Some(()),
                })
            }
        }
    };
}
fields!(Inner: "small" small "large" large "name" name "texts" texts);
fields!(All: "text" text "flag" flag "tiny" tiny "port" port "count" count "bytes" bytes "size" size "offset" offset
    "delta" delta "exitCode" exit_code "stamp" stamp "ratio" ratio "maybe" maybe "maybeText" maybe_text "texts" texts
    "numbers" numbers "nested" nested "inner" inner "boxed" boxed "many" many "labels" labels "byName" by_name
    "sorted" sorted "alike" alike);

impl Fill for Alike {
    fn fill(&mut self, value: &Value) -> Option<()> {
        self.0.fill(value)
    }
}

/// Pseudorandom numbers, the same in each run (xorshift, Marsaglia 2003).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % end
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn space(&mut self, json: &mut String) {
        json.push_str(self.one(&["", "", "", "", " ", "\n\t", "\r "]));
    }

    fn string(&mut self, json: &mut String) {
        json.push('"');
        for _ in 0..self.below(5) {
            json.push_str(self.one(&[
                "a",
                "größe",
                "😀",
                "\\n",
                "\\\"",
                "\\\\",
                "\\/",
                "\\b\\f\\r\\t",
                "\\u0000",
                "\\u00e4",
                "\\uD83D\\uDE00",
                "\\u20aC",
                "\\ud7ff\\uE000",
                "/",
                "{",
                "]",
                ":",
                "null",
            ]));
        }
        json.push('"');
    }

    /// A value of any kind, or one that probably matches the field of this name.
    fn value(&mut self, name: &str, depth: usize, json: &mut String) {
        self.space(json);
        let kind = match (name, self.below(200)) {
            (_, 0) => "null",
            (_, 1) => "any",
            ("text" | "name" | "maybeText" | "labels.", _) => "string",
            ("flag" | "small" | "sorted..", _) => "bool",
            ("tiny" | "port" | "count" | "bytes" | "size" | "large" | "maybe" | "numbers.", _) => "unsigned",
            ("offset" | "delta" | "exitCode" | "stamp" | "nested..", _) => "signed",
            ("ratio", _) => "float",
            ("texts" | "numbers" | "nested" | "many" | "nested." | "sorted.", _) => "array",
            ("" | "inner" | "boxed" | "labels" | "byName" | "sorted" | "alike" | "many." | "byName.", _) => {
                "object"
            }
            ("texts.", _) => "string",
            _ => "any",
        };
        let kind = match kind {
            "any" if depth > 6 => "null",
            "any" => self.one(&["null", "string", "bool", "unsigned", "signed", "float", "array", "object"]),
            kind => kind,
        };
        let inner = format!("{name}.");
        match kind {
            "null" => json.push_str("null"),
            "string" => self.string(json),
            "bool" => json.push_str(self.one(&["true", "false"])),
            "unsigned" => json.push_str(self.one(&["0", "7", "-0", "127", "200", "255", "31", "42"])),
            "signed" => json.push_str(self.one(&["0", "-1", "-128", "127", "5", "-77"])),
            "float" => json.push_str(self.one(&["0.5", "-2.25", "1e3", "125E-3", "17", "-4"])),
            "array" => {
                json.push('[');
                for at in 0..self.below(4) {
                    json.push_str(if at > 0 { "," } else { "" });
                    self.value(&inner, depth + 1, json);
                    self.space(json);
                }
                json.push(']');
            }
            _ => self.object(name, &inner, depth, json),
        }
    }

    fn object(&mut self, name: &str, inner: &str, depth: usize, json: &mut String) {
        const ALL: &[&str] = &[
            "text",
            "flag",
            "tiny",
            "port",
            "count",
            "bytes",
            "size",
            "offset",
            "delta",
            "exitCode",
            "stamp",
            "ratio",
            "maybe",
            "maybeText",
            "own",
            "texts",
            "numbers",
            "nested",
            "inner",
            "boxed",
            "many",
            "labels",
            "byName",
            "sorted",
            "alike",
            "unknown",
            "tex",
            "textt",
        ];
        const INNER: &[&str] = &["small", "large", "name", "texts", "unknown"];
        let is_map = matches!(name, "labels" | "byName" | "sorted");
        let names = match name {
            "" => ALL,
            "inner" | "boxed" | "many." | "byName." | "alike" => INNER,
            // In the order of miniserde's `Value`.
            _ => &["a", "b-c", "e"],
        };
        json.push('{');
        let mut separator = "";
        for field in names {
            if self.below(3) == 0 {
                continue;
            }
            json.push_str(separator);
            separator = ",";
            self.space(json);
            json.push_str(&format!("\"{field}\""));
            self.space(json);
            json.push(':');
            let field = if is_map { inner } else { field };
            self.value(field, depth + 1, json);
            self.space(json);
        }
        json.push('}');
    }

    fn json(&mut self) -> String {
        let mut json = String::new();
        self.value("", 0, &mut json);
        json
    }
}

fn expected(json: &str) -> Option<All> {
    let mut all = All::default();
    let value: Value = miniserde::json::from_str(json).ok()?;
    all.fill(&value)?;
    Some(all)
}

#[test]
fn it_decodes_what_miniserde_decodes() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut fitting, mut others) = (0, 0);
    for _ in (0..2_000).step_by(STRIDE) {
        let json = random.json();
        let expected = expected(&json);
        assert_eq!(from_str::<All>(&json).ok(), expected, "{json}");
        match expected {
            Some(all) => {
                fitting += 1;
                let written = to_string(&all);
                // A `null` or absent value is written as its default, so it is read again unchanged.
                assert_eq!(from_str::<All>(&written).as_ref(), Ok(&all), "{written}");
                let again: Value = miniserde::json::from_str(&written).expect("JSON");
                assert!(matches!(again, Value::Object(_)), "{written}");
            }
            None => others += 1,
        }
    }
    let enough = 100 / STRIDE;
    assert!(fitting > enough && others > enough, "{fitting} fit and {others} do not: that is no test");
}

#[test]
fn what_breaks_off_is_an_error_at_every_byte() {
    let mut random = Random(1);
    let texts = core::iter::repeat_with(|| random.json()).filter(|json| expected(json).is_some());
    for json in texts.take(10 / STRIDE.min(10)) {
        for end in (0..json.len()).step_by(STRIDE).filter(|end| json.is_char_boundary(*end)) {
            assert!(from_str::<All>(&json[..end]).is_err(), "{}", &json[..end]);
        }
        for end in (0..json.len()).step_by(STRIDE) {
            assert!(from_slice::<All>(&json.as_bytes()[..end]).is_err());
        }
    }
}

/// Any bytes give a value or an error. Memory checkers watch this test.
#[test]
fn a_changed_byte_does_no_harm() {
    let mut random = Random(2);
    let (mut values, mut errors) = (0, 0);
    for _ in (0..10).step_by(STRIDE) {
        let mut bytes = random.json().into_bytes();
        for at in (0..bytes.len()).step_by(STRIDE) {
            let byte = bytes[at];
            for changed in *b"\"\\{}[]:,0-e. nt\x00\xff" {
                bytes[at] = changed;
                match from_slice::<All>(&bytes) {
                    Ok(all) => values += usize::from(to_string(&all).ends_with('}')),
                    Err(error) => errors += usize::from(error.status() == Status::DECODE),
                }
            }
            bytes[at] = byte;
        }
    }
    let enough = 1_000 / STRIDE;
    assert!(values > enough && errors > enough, "{values} values and {errors} errors");
}

/// Another parser accepts the text of a `Raw`, and reads the same value.
#[test]
fn raw_is_what_miniserde_reads() {
    let read = |json: &str| {
        let value = miniserde::json::from_str::<Value>(json).ok();
        let raw = from_str::<Raw>(json).ok();
        assert_eq!(value.is_some(), raw.is_some(), "{json}");
        if let Some(raw) = &raw {
            assert_eq!(raw.as_str(), json.trim());
            assert_eq!(to_string(&Some(raw)), json.trim());
        }
        usize::from(raw.is_some())
    };
    let mut random = Random(3);
    let (mut values, mut texts) = (0, 0);
    for _ in (0..5).step_by(STRIDE) {
        let mut json = random.json();
        values += read(&json);
        for at in (0..json.len()).step_by(STRIDE) {
            for changed in "\"\\{}[]:,0-e. nt\u{1}\u{7f}".chars() {
                if json.is_char_boundary(at) && json.is_char_boundary(at + 1) {
                    let byte = json.remove(at);
                    json.insert(at, changed);
                    values += read(&json);
                    texts += 1;
                    json.remove(at);
                    json.insert(at, byte);
                }
            }
        }
    }
    let enough = 1_000 / STRIDE;
    assert!(values > enough && values + enough < texts, "{values} values of {texts} texts");
}

#[test]
fn integers_are_bounded_by_their_types() {
    macro_rules! bounds {
        ($($ty:ty)*) => {$(
            let (least, most) = (i128::from(<$ty>::MIN), i128::from(<$ty>::MAX));
            for number in [least - 1, least, least + 1, -1, 0, 1, most - 1, most, most + 1] {
                let json = number.to_string();
                assert_eq!(from_str::<$ty>(&json).ok(), <$ty>::try_from(number).ok(), "{json} as {}", stringify!($ty));
            }
            for json in ["1.0", "1e0", "18446744073709551616", "-9223372036854775809", "99999999999999999999999", "\"1\"", "true"] {
                assert!(from_str::<$ty>(json).is_err(), "{json} as {}", stringify!($ty));
            }
        )*};
    }
    bounds!(u8 u16 u32 u64 i8 i16 i32 i64);
}

#[test]
fn a_name_that_comes_twice_counts_twice() {
    let all: All = from_str(
        r#"{"text":"a","count":1,"texts":["x"],"maybe":1,"inner":{"large":1,"name":"n"},
            "text":"b","count":2,"texts":["y"],"maybe":2,"inner":{"large":2}}"#,
    )
    .expect("JSON");
    assert_eq!((all.text.as_str(), all.count, all.maybe), ("b", 2, Some(2)));
    assert_eq!(all.texts, ["x", "y"]);
    assert_eq!((all.inner.large, all.inner.name.as_str()), (2, "n"));
}
