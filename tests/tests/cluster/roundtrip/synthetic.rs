//! Objects that no server would make: every declared field has a value, and each value is as unusual as its schema
//! allows.
//!
//! This module also writes the JSON text, as unusual as JSON allows: unnecessary escapes, also in names, white space,
//! fields in any order, and undeclared fields between them.

use super::schema::{Scalar, Wanted};
use serde_json::{Map, Number, Value, json};

/// Numbers that seem to be random, and are the same in each run: SplitMix64.
pub(super) struct Random(u64);

/// How much of what may be left out is there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Filling {
    /// All of it.
    Full,
    /// Some of it; the rest is empty, null or not there.
    Partial,
}

impl Random {
    pub(super) fn new(seed: &str) -> Random {
        Random(
            seed.bytes().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
                (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            }),
        )
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn one_in(&mut self, number: usize) -> bool {
        self.below(number) == 0
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// Texts that a decoder can stumble over.
const TEXTS: &[&str] = &[
    "",
    " ",
    "plain",
    "\"",
    "\\",
    "\\\"",
    "\\u0041",
    "/",
    "</script>",
    "\u{0}",
    "\u{1}\u{8}\u{9}\u{a}\u{b}\u{c}\u{d}\u{1f}",
    "\u{7f}\u{80}\u{2028}\u{2029}\u{feff}",
    "ä",
    "\u{d7ff}\u{e000}\u{ffff}",
    "😀",
    "\u{10000}\u{10ffff}",
    "null",
    "{}",
    "[1,2]",
    "]}\",",
    "a long text, so that it does not fit where a short one does, and is copied in several parts: 0123456789 0123456789 0123456789",
];
const TIMES: &[&str] =
    &["2026-01-02T03:04:05Z", "2026-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z", "2016-12-31T23:59:60Z"];
const BYTES: &[&str] = &["", "AA==", "//8=", "+/+/", "AAECAwQFBgcICQ=="];
const QUANTITIES: &[&str] =
    &["0", "1", "100m", "1.5Gi", "12e6", "-1", "9223372036854775807", "1n", "0.1", "7Ei", "+5"];
const FLOATS: &[f64] = &[0.0, 0.5, -0.1, 1.5e300, -2.5e-300, 123_456_789.125, f64::MAX, f64::MIN_POSITIVE];
const SPACES: &[&str] = &[" ", "\n", "\t", "\r\n", "    "];
const WORDS: &[&str] = &["25%", "http", "", "-1", "\u{1}"];

/// Gives an object a name that an object can have, and a namespace where it has one: the host skips any other.
pub(super) fn name(object: &mut Value, random: &mut Random) {
    if !object["metadata"].is_object() {
        object["metadata"] = json!({});
    }
    object["metadata"]["name"] = json!(format!("made-{}", random.next()));
    if object["metadata"].get("namespace").is_some() {
        object["metadata"]["namespace"] = json!("made");
    }
}

/// A value of what is wanted, with more than is wanted in its objects.
pub(super) fn value(wanted: &Wanted, filling: Filling, random: &mut Random) -> Value {
    match wanted {
        Wanted::Raw => anything(random, 3),
        Wanted::Scalar(scalar) => of_scalar(scalar, random),
        Wanted::List(inner) => {
            let len = if filling == Filling::Full { 1 + random.below(2) } else { random.below(3) };
            let mut items: Vec<Value> = (0..len).map(|_| value(inner, filling, random)).collect();
            if filling == Filling::Partial && random.one_in(4) {
                items.insert(random.below(items.len() + 1), Value::Null);
            }
            Value::Array(items)
        }
        Wanted::Map(inner) => {
            let len = if filling == Filling::Full { 1 + random.below(3) } else { random.below(3) };
            let mut map = Map::new();
            for _ in 0..len {
                let is_null = filling == Filling::Partial && random.one_in(5);
                let value = if is_null { Value::Null } else { value(inner, filling, random) };
                map.insert(key(random), value);
            }
            Value::Object(map)
        }
        Wanted::Object(fields) => {
            let mut object = Map::new();
            for field in fields {
                let is_there = filling == Filling::Full || random.below(8) < 5;
                if is_there {
                    object.insert(field.name.clone(), value(&field.wanted, filling, random));
                } else if random.one_in(2) {
                    object.insert(field.name.clone(), Value::Null);
                }
            }
            for _ in 0..random.below(3) {
                // No field of Kubernetes begins so.
                object.insert(format!("~{}", key(random)), anything(random, 3));
            }
            Value::Object(object)
        }
    }
}

fn of_scalar(scalar: &Scalar, random: &mut Random) -> Value {
    match scalar {
        Scalar::Text(_, values) if !values.is_empty() && !random.one_in(4) => {
            json!(values[random.below(values.len())])
        }
        Scalar::Text(format, _) => json!(random.one_of(match format.as_str() {
            "date-time" => TIMES,
            "byte" => BYTES,
            _ => TEXTS,
        })),
        Scalar::Integer(min, max) => json!(random.one_of(&[*min, *max, 0, 1, -1, *min + 1, *max - 1])),
        Scalar::Float => json!(random.one_of(FLOATS)),
        Scalar::Boolean => json!(random.one_in(2)),
        Scalar::IntOrString if random.one_in(2) => json!(random.one_of(WORDS)),
        Scalar::IntOrString => json!(random.one_of(&[0, 1, -1, 65_535, i32::MAX, i32::MIN])),
        Scalar::Quantity if random.one_in(3) => json!(random.one_of(&[0, 1, -7, i64::MAX])),
        Scalar::Quantity => json!(random.one_of(QUANTITIES)),
    }
}

/// A key of a map, with a number that makes it differ from others.
fn key(random: &mut Random) -> String {
    let text = random.one_of(&["a", "example.com/key", "\"", "\\", "ä", "😀", "a.b[0]", "\u{1}", " ", "*"]);
    format!("{text}{}", random.below(100))
}

fn anything(random: &mut Random, depth: usize) -> Value {
    match random.below(if depth == 0 { 5 } else { 8 }) {
        0 => json!(random.one_of(TEXTS)),
        1 => json!(random.one_in(2)),
        2 => json!(random.one_of(&[0, -1, i64::MAX, i64::MIN])),
        3 => Value::Number(Number::from_f64(random.one_of(FLOATS)).expect("a finite number")),
        // `null` is what is not there, and is made where that is meant.
        4 => json!({}),
        5 => (0..random.below(3)).map(|_| nullable(random, depth - 1)).collect(),
        _ => {
            let pairs = (0..random.below(4)).map(|_| (key(random), nullable(random, depth - 1)));
            Value::Object(pairs.collect())
        }
    }
}

fn nullable(random: &mut Random, depth: usize) -> Value {
    if random.one_in(8) { Value::Null } else { anything(random, depth) }
}

/// The answer to a list.
pub(super) fn answer(kind: &str, api_version: &str, items: &[Value], random: &mut Random) -> String {
    let mut text = format!(
        r#"{{"kind":"{kind}List","apiVersion":"{api_version}","metadata":{{"resourceVersion":"1"}},"items":["#
    );
    for (index, item) in items.iter().enumerate() {
        text.push_str(if index == 0 { "" } else { "," });
        write(item, &mut text, random);
    }
    text + "]}"
}

fn write(value: &Value, text: &mut String, random: &mut Random) {
    space(text, random);
    match value {
        Value::String(content) => write_text(content, text, random),
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { "," });
                write(item, text, random);
            }
            space(text, random);
            text.push(']');
        }
        Value::Object(pairs) => {
            let mut pairs: Vec<(&String, &Value)> = pairs.iter().collect();
            for last in (1..pairs.len()).rev() {
                pairs.swap(last, random.below(last + 1));
            }
            text.push('{');
            for (index, (key, value)) in pairs.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { "," });
                space(text, random);
                write_text(key, text, random);
                space(text, random);
                text.push(':');
                write(value, text, random);
            }
            space(text, random);
            text.push('}');
        }
        scalar => text.push_str(&scalar.to_string()),
    }
    space(text, random);
}

fn space(text: &mut String, random: &mut Random) {
    if random.one_in(12) {
        text.push_str(random.one_of(SPACES));
    }
}

/// A text in quotes; most of it as it is, some of it escaped in one of the ways that there are.
fn write_text(content: &str, text: &mut String, random: &mut Random) {
    let escapes_all = random.one_in(8);
    text.push('"');
    for c in content.chars() {
        let short = match c {
            '"' | '\\' | '/' => Some(c),
            '\u{8}' => Some('b'),
            '\u{c}' => Some('f'),
            '\n' => Some('n'),
            '\r' => Some('r'),
            '\t' => Some('t'),
            _ => None,
        };
        let must = c < ' ' || c == '"' || c == '\\';
        if !must && !escapes_all && !random.one_in(16) {
            text.push(c);
        } else if let Some(short) = short.filter(|_| random.below(4) > 0) {
            text.push('\\');
            text.push(short);
        } else {
            let large = random.one_in(2);
            for unit in c.encode_utf16(&mut [0; 2]) {
                text.push_str(&if large { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") });
            }
        }
    }
    text.push('"');
}
