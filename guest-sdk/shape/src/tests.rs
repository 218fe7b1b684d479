extern crate std;

use super::*;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use std::vec;
use wagather_abi::Status;
use wagather_abi::limits::{MAX_ARENA_BYTES, MAX_SHAPE_BYTES};
use wagather_abi::place::Wanted;

/// A 32-bit memory.
struct Plain(Vec<u8>);

impl Memory for Plain {
    type At = u32;

    fn offset(&self, at: u32, bytes: usize) -> Option<u32> {
        at.checked_add(u32::try_from(bytes).ok()?)
    }

    fn bytes(&self, at: u32, len: usize) -> Option<&[u8]> {
        if len == 0 {
            return Some(&[]);
        }
        self.0.get(at as usize..(at as usize).checked_add(len)?)
    }

    fn follow(&self, at: u32) -> Result<Option<u32>, Status> {
        let bytes = self.bytes(at, 4).and_then(|bytes| bytes.try_into().ok()).ok_or(Status::BAD_POINTER)?;
        Ok(Some(u32::from_le_bytes(bytes)).filter(|to| *to != 0))
    }
}

const BASE: usize = 64;

fn shape(bytes: &[u8]) -> Shape {
    let shape = Shape::parse(bytes, Width::Four).expect("a shape");
    assert!(shape.is_at(bytes) && shape.as_bytes().len() <= bytes.len());
    shape
}

fn arena(bytes: &[u8], json: &str) -> Result<Plain, Failed> {
    let mut scratch = Scratch::default();
    let out = decode(json.as_bytes(), &shape(bytes), BASE as u64, MAX_ARENA_BYTES, &mut scratch)?;
    assert!(out.len().is_multiple_of(8));
    let mut memory = vec![0; BASE];
    memory.extend_from_slice(out);
    Ok(Plain(memory))
}

fn text_of(memory: &Plain, bytes: &[u8], most: usize) -> Result<String, Status> {
    let mut out = Vec::new();
    write(memory, &shape(bytes), BASE as u32, most, &mut out)?;
    Ok(String::from_utf8(out).expect("text"))
}

/// Decodes a text and writes it again.
#[track_caller]
fn again(bytes: &[u8], json: &str) -> String {
    text_of(&arena(bytes, json).expect("it fits"), bytes, 1 << 20).expect("it can be written")
}

const OPERATOR: &[u8] = b"\x18((\0metadata\0t\0name\0\0\0";

/// `{name: text, conditions: [{type: text, known: enum, n: i32}], labels: {text: text}, on: bool?, at: raw, x: f64, far: &{n: u8}}`, in
/// an order of its own.
const ALL: &[u8] = b"\x48(t\0name\0[\x08conditions\0\x10(t\0type\0e\x08known\0True\0False\0\0i\x0cn\0\0\
    {\x10labels\0\x10\x08tY\x18on\0j\x1cat\0d\x28x\0&\x30far\0\x04B\0n\0\0?\x34q\x38big\0~t\x40maybe\0\0";

#[test]
fn values_of_all_kinds_come_back() {
    let json = r#"{"name":"a\"b\n\u0001ä😀","conditions":[{"type":"T","known":"False","n":-7},{"type":"","known":"","n":0}],"labels":{"a":"1","b":""},"on":false,"at":{"x":[1.50,null]},"x":25e-1,"far":{"n":255},"big":-9223372036854775808,"maybe":""}"#;
    assert_eq!(again(ALL, json), json);
    // White space, order, escapes, repeated and unknown keys: the last value counts.
    let other = r#" { "x" : 2.5 , "who":[{"a":[[],{}]}],"n\u0061me":"\ud83d\ude00","conditions":[1],"conditions":[null,{"type":"a"},null] } "#;
    assert!(
        matches!(arena(ALL, other), Err(Failed::Misfit(78, Wanted::OBJECT))),
        "an element of another kind"
    );
    let other = other.replace("[1]", "[]");
    assert_eq!(
        again(ALL, &other),
        r#"{"name":"😀","conditions":[{"type":"a","known":"","n":0}],"labels":{},"x":25e-1}"#
    );
}

#[test]
fn what_is_absent_or_null_is_empty() {
    let empty = r#"{"name":"","conditions":[],"labels":{},"x":0}"#;
    assert_eq!(again(ALL, "{}"), empty);
    let nulls = r#"{"name":null,"conditions":null,"labels":null,"on":null,"at":null,"x":null,"far":null,"big":null,"maybe":null}"#;
    assert_eq!(again(ALL, nulls), empty);
    let memory = arena(ALL, "{}").expect("it fits").0;
    // An empty string or list has a nonzero address; an absent optional value has the address 0.
    assert_eq!(memory[BASE..BASE + 8], [8, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(memory[BASE + 0x40..BASE + 0x44], [0; 4]);
    assert_eq!(memory[BASE + 0x18], 2);
}

#[test]
fn numbers_are_within_their_types() {
    for (letter, least, most) in [
        (b'b', "-128", "127"),
        (b'B', "0", "255"),
        (b'h', "-32768", "32767"),
        (b'H', "0", "65535"),
        (b'i', "-2147483648", "2147483647"),
        (b'I', "0", "4294967295"),
        (b'q', "-9223372036854775808", "9223372036854775807"),
        (b'Q', "0", "18446744073709551615"),
    ] {
        let bytes = [8, letter];
        for number in [least, most, "0", "7"] {
            assert_eq!(again(&bytes, number), number);
        }
        assert_eq!(again(&bytes, "-0"), "0");
        let above = (most.parse::<i128>().expect("a number") + 1).to_string();
        let below = (least.parse::<i128>().expect("a number") - 1).to_string();
        for wrong in
            [&*above, &*below, "1.0", "1e2", "\"1\"", "true", "[]", "{}", "null", "-", "01", "+1", ""]
        {
            assert!(matches!(arena(&bytes, wrong), Err(Failed::Misfit(0.., _))), "{wrong}");
        }
    }
    assert!(matches!(arena(b"\x08d", "1e999"), Err(Failed::Misfit(0, Wanted::NUMBER))));
    for (number, written) in
        [("1e3", "1000"), ("-0.25", "-25e-2"), ("123456789.5", "1234567895e-1"), ("0.0", "0")]
    {
        assert_eq!(again(b"\x08d", number), written);
    }
}

#[test]
fn texts_numbers_and_raw_values() {
    for (json, written) in [("1.50e3", "\"1.50e3\""), ("\"64Mi\"", "\"64Mi\""), ("-7", "\"-7\"")] {
        assert_eq!(again(b"\x08v", json), written);
    }
    assert!(matches!(arena(b"\x08v", "[]"), Err(Failed::Misfit(0, Wanted::NUMBER_OR_STRING))));
    for json in [r#"{"b": [1, "\u00e4"]}"#, "7", "\"x\"", "[]", "true"] {
        assert_eq!(again(b"\x08j", json), json);
        // An invalid value cannot be passed on.
        let memory = |text: &str| {
            let mut memory = vec![0; BASE];
            memory.extend_from_slice(&[72, 0, 0, 0, text.len() as u8, 0, 0, 0]);
            memory.extend_from_slice(text.as_bytes());
            Plain(memory)
        };
        for wrong in [format(json, ","), format(json, " "), "\"\u{1}\"".into(), "nul".into(), "]".into()] {
            assert_eq!(text_of(&memory(&wrong), b"\x08j", 99), Err(Status::DECODE), "{wrong}");
        }
    }
}

fn format(json: &str, more: &str) -> String {
    [json, more].concat()
}

#[test]
fn what_is_no_json_is_a_misfit_and_says_where() {
    for (json, at, wanted) in [
        (r#"{"name":7}"#, 8, Wanted::STRING),
        (r#"{"conditions":[{"n":2147483648}]}"#, 20, Wanted(22)),
        (r#"{"labels":{"a":[]}}"#, 15, Wanted::STRING),
        (r#"{"labels":[]}"#, 10, Wanted::MAP),
        (r#"{"far":{"n":-1}}"#, 12, Wanted(16)),
        (r#"[]"#, 0, Wanted::OBJECT),
    ] {
        assert_eq!(arena(ALL, json).map(|_| ()), Err(Failed::Misfit(at, wanted)), "{json}");
    }
    for json in [
        "",
        "{",
        "{}}",
        "{\"name\"",
        "{\"name\":",
        "{\"name\":\"",
        "{\"name\":\"a\",}",
        "{,}",
        "{\"a\":tru}",
        "{\"name\":nul}",
        "{\"a\":01}",
        "{\"name\":\"\\x\"}",
        "{\"name\":\"\\ud800\"}",
        "{\"name\":\"\\udc00\"}",
        "{\"a\":[1 2]}",
        "{a:1}",
        "{\"a\":[1}",
        "{\"a\":{\"b\":1]}",
        "\0",
        "{}\0",
    ] {
        assert!(matches!(arena(ALL, json), Err(Failed::Misfit(..))), "{json}");
    }
    let mut scratch = Scratch::default();
    assert!(decode(b"{\"name\":\"\xff\"}", &shape(ALL), 0, 999, &mut scratch).is_err());
    let deep = |depth: usize| [r#"{"a":"#, &"[".repeat(depth), &"]".repeat(depth), "}"].concat();
    assert!(arena(ALL, &deep(128)).is_ok() && arena(ALL, &deep(129)).is_err());
}

#[test]
fn an_arena_is_bounded_and_as_large_as_it_must_be() {
    let json = r#"{"name":"0123456789","conditions":[{},{},{}]}"#;
    let mut scratch = Scratch::default();
    let need = decode(json.as_bytes(), &shape(ALL), 0, 1 << 20, &mut scratch).expect("it fits").len();
    assert_eq!(need, 0x48 + 16 + 48, "the structure, the text, the list");
    assert_eq!(decode(json.as_bytes(), &shape(ALL), 0, need - 1, &mut scratch), Err(Failed::TooLarge));
    // Two bytes of JSON need 64 KiB of memory, many times.
    let wide = b"\x08[\x80\x80\x04(\0";
    let many = ["[", &"{},".repeat(1_000_000), "{}]"].concat();
    assert_eq!(
        decode(many.as_bytes(), &shape(wide), 0, MAX_ARENA_BYTES, &mut scratch),
        Err(Failed::TooLarge)
    );
    scratch.trim(1 << 10);
}

#[test]
fn shapes_that_are_none() {
    let deep = |depth: usize| {
        let mut bytes = vec![8];
        bytes.extend(b"[\x08".repeat(depth));
        bytes.push(b't');
        bytes
    };
    assert!(Shape::parse(&deep(32), Width::Four).is_ok());
    let long = ["\u{8}(t\0".as_bytes(), &b"n".repeat(MAX_SHAPE_BYTES), b"\0\0"].concat();
    let many: Vec<u8> = [&b"\x08e"[..], &b"a\0".repeat(256), b"\0"].concat();
    // Repeated and nested large structures.
    let large: Vec<u8> = [&b"\x80\x80\x04("[..], &b"(\0n\0B\xff\xff\x03n\0\0".repeat(20), b"\0"].concat();
    for (bytes, why) in [
        (&b""[..], "nothing"),
        (b"\x08", "no kind"),
        (b"\x08z", "an unknown kind"),
        (b"\x07t", "a text in seven bytes"),
        (b"\x08(t\x01n\0\0", "a field beyond the structure"),
        (b"\x08(?\x08B\0n\0\0", "a flag beyond the structure"),
        (b"\x08(~B\0n\0\0", "a number that is null"),
        (b"\x08(t\0n\0", "an object without an end"),
        (b"\x08(t\0n", "a name without an end"),
        (b"\x08(t\0\xff\0\0", "a name that is no text"),
        (b"\x08[\0(\0", "elements without a distance"),
        (b"\x08[\x07t", "elements that overlap"),
        (b"\x08{\x07\0B", "a key that has no room"),
        (b"\x08&\x03I\0n\0\0", "no object"),
        (b"\x08&\x03I\0", "an object beyond its room"),
        (b"\x08(@\x01", "an object within itself"),
        (b"\x08([\0n\0\x08(@\x07\0", "an object that is not complete"),
        (b"\x08@\x01", "a reference that is no object"),
        (b"\x80\x80\x80\x01t", "a number of four bytes"),
        (b"\x80\x80\x05t", "a structure above the limit"),
        (b"\x08(t\xff\xff\xff\x7fn\0\0", "an offset that is none"),
        (&deep(33), "too deep"),
        (&long, "too long"),
        (&many, "too many texts"),
        (&large, "too much memory"),
    ] {
        assert!(Shape::parse(bytes, Width::Four).is_err(), "{why}");
    }
}

#[test]
fn an_object_that_was_there_before_is_named_by_its_place() {
    let shared = b"\x10([\0a\0\x08(B\0n\0\0[\x08b\0\x08(@\x0b\0";
    assert_eq!(again(shared, r#"{"a":[{"n":1}],"b":[{"n":2}]}"#), r#"{"a":[{"n":1}],"b":[{"n":2}]}"#);
    assert_eq!(again(OPERATOR, r#"{"metadata":{"name":"x"}}"#), r#"{"metadata":{"name":"x"}}"#);
    // Each level refers to the one before twice: it is parsed once, with its full depth.
    let mut bytes = b"\x08(".to_vec();
    let mut doubled = b"(B\0n\0\0".to_vec();
    for _ in 0..20 {
        doubled = [&b"(&\0a\0\x08"[..], &doubled[1..], b"\0"].concat();
    }
    bytes.extend_from_slice(&doubled[1..]);
    assert!(Shape::parse(&bytes, Width::Four).is_ok());
}

#[test]
fn what_leads_out_of_memory_is_a_status() {
    let memory = |words: &[u32]| Plain(words.iter().flat_map(|word| word.to_le_bytes()).collect());
    let write = |memory: &Plain, bytes: &[u8], from: u32| {
        let mut out = Vec::new();
        write(memory, &shape(bytes), from, 1 << 16, &mut out).map(|()| String::from_utf8(out).expect("text"))
    };
    let bad = Err(Status::BAD_POINTER);
    for pair in [[0, 1], [16, 1], [15, 2], [u32::MAX, 1], [u32::MAX, 2], [1, u32::MAX], [0, u32::MAX]] {
        assert_eq!(write(&memory(&[pair[0], pair[1], 0, 0]), b"\x08t", 0), bad, "{pair:?}");
    }
    assert_eq!(write(&memory(&[u32::MAX, 0]), b"\x08t", 0), Ok("\"\"".into()), "nothing is anywhere");
    for from in [5, 8, u32::MAX, u32::MAX - 3] {
        assert_eq!(write(&memory(&[0, 0]), b"\x08t", from), bad);
    }
    assert_eq!(write(&memory(&[0, 1]), b"\x08[\x01B", 0), bad, "a list nowhere");
    assert_eq!(write(&memory(&[8, 2, 0x0201]), b"\x08[\x01B", 0), Ok("[1,2]".into()));
    assert_eq!(write(&memory(&[8, 5, 0]), b"\x08[\x01B", 0), bad);
    assert_eq!(write(&memory(&[8, u32::MAX, 0]), b"\x08[\x01B", 0), bad);
    assert_eq!(write(&memory(&[8, 1, 0xff]), b"\x08t", 0), Err(Status::NOT_TEXT));
    // Memory that is written many times.
    let list = b"\x08[\x08[\x01B";
    let nested: Vec<u32> = [8, 2000].into_iter().chain((0..2000).flat_map(|_| [8, 8000])).collect();
    assert_eq!(write(&memory(&nested), list, 0), Err(Status::TOO_LARGE));
    // Absent elements of a map write nothing, and end with the memory.
    assert_eq!(write(&memory(&[8, u32::MAX, 0, 0, 0, 0]), b"\x08{\x10\x08&\x01B\0n\0\0", 0), bad);
}

#[test]
fn native_addresses_are_wider_and_can_be_found() {
    // A name, and a recursive list.
    let bytes = b"\x20(t\0name\0[\x10all\0\x10(t\0name\0\0\0";
    let shape = Shape::parse(bytes, Width::Eight).expect("a shape");
    let mut scratch = Scratch::default();
    let base = 0x7fff_0000_0000_u64;
    let item = br#"{"name":"n","all":[{"name":"ab"},{"name":""}]}"#;
    let arena = decode(item, &shape, base, 1 << 20, &mut scratch).expect("it fits").to_vec();
    let mut found = Vec::new();
    pointers(&shape, &arena, base, &mut |at, to| found.push((at, to)));
    assert_eq!(found, [(0, 32), (16, 40), (40, 33)]);
    assert_eq!((arena[32], &arena[33..35]), (b'n', &b"ab"[..]));
}

#[test]
fn lines_are_names_and_values_without_quotes() {
    // A string, an absent number, a present one, and an object with a number as text; the last name has no value.
    let bytes = b"\x28(t\0say \0?\x1eI\x08 \0B\x0c of \0(\x10 (\0v\0n=\0\0(\0)\0\0\0";
    let json = r#"{"say ":"\"a\"\n"," of ":7," (":{"n=":-1.5}}"#;
    let memory = arena(bytes, json).expect("it fits");
    let line = |bytes: &[u8], memory: &Plain, most| {
        let mut out = vec![b'x'];
        super::line(memory, &shape(bytes), BASE as u32, most, &mut out)
            .map(|()| String::from_utf8(out).expect("text"))
    };
    assert_eq!(line(bytes, &memory, 64).as_deref(), Ok("say \"a\"\n of 7 (n=-1.5)"));
    assert_eq!(line(bytes, &memory, 20), Err(Status::TOO_LARGE));
    assert_eq!(line(b"\x08t", &memory, 64), Err(Status::BAD_SHAPE));
    let mut bad = memory;
    bad.0[BASE..BASE + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(line(bytes, &bad, 64), Err(Status::BAD_POINTER));
}

#[test]
fn what_escapes_make_of_a_text_is_bounded_before_it_is_made() {
    let text = "\u{1}".repeat(1000);
    let json = escaped(&text);
    let memory = arena(b"\x08t", &json).expect("it fits");
    let mut out = Vec::new();
    assert_eq!(write(&memory, &shape(b"\x08t"), BASE as u32, 6001, &mut out), Err(Status::TOO_LARGE));
    assert!(out.capacity() < 6001, "{}", out.capacity());
    assert_eq!(text_of(&memory, b"\x08t", 6002).map(|text| text.len()), Ok(6002));
}

/// Control characters in JSON's form.
fn escaped(text: &str) -> String {
    let escapes: String = text.bytes().map(|byte| std::format!("\\u{byte:04x}")).collect();
    std::format!("\"{escapes}\"")
}
