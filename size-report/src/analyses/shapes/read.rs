//! Parses one shape by the contract, into readable form.
//!
//! The input is not trusted: for any bytes, parsing terminates within the nesting limit of shapes.

use std::collections::BTreeMap;

use serde::Serialize;
use wagather_abi::limits::{MAX_SHAPE_BYTES, MAX_SHAPE_DEPTH, MAX_STRUCTURE_BYTES};

/// An address and a length.
const PAIR_BYTES: usize = 8;
/// The host's limit for all structures of one shape together.
const MAX_TOGETHER_BYTES: usize = 1 << 20;
/// The maximum number of names of an enumeration that are shown.
const MOST_TEXTS: usize = 8;

/// A field of a shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Field {
    /// The number of objects around it, without the outermost.
    pub depth: usize,
    /// Its name.
    pub name: String,
    /// Its type in readable form.
    #[serde(rename = "type")]
    pub of: String,
}

/// The content of a shape.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Content {
    /// The size of the shape.
    pub(super) bytes: usize,
    /// The size of the structure.
    pub(super) structure_bytes: usize,
    /// Its type in readable form.
    pub(super) of: String,
    /// Its fields, each followed by its own fields.
    pub(super) fields: Vec<Field>,
}

/// Parses a shape; `byte` returns its bytes by their offset.
///
/// `None` if there is no shape, or one without fields, because a few letters of any text could be such a shape.
pub(super) fn read(byte: impl FnMut(usize) -> Option<u8>) -> Option<Content> {
    let mut reader = Reader { byte, at: 0, known: BTreeMap::new(), fields: Vec::new(), together: 0 };
    let structure_bytes = reader.number()?;
    let letter = reader.byte()?;
    let (element, of) = reader.element(letter, MAX_SHAPE_DEPTH, 0, "the structure")?;
    let fits = structure_bytes <= MAX_STRUCTURE_BYTES && element.room <= structure_bytes;
    (fits && !reader.fields.is_empty()).then_some(Content {
        bytes: reader.at,
        structure_bytes,
        of,
        fields: reader.fields,
    })
}

/// The properties of an element.
#[derive(Debug, Clone, Copy)]
struct Element {
    room: usize,
    /// Its nesting.
    deep: usize,
    is_pair: bool,
}

struct Reader<F> {
    byte: F,
    at: usize,
    /// The completed objects by their start, with the name of their field.
    known: BTreeMap<usize, (Element, String)>,
    fields: Vec<Field>,
    together: usize,
}

impl<F: FnMut(usize) -> Option<u8>> Reader<F> {
    fn byte(&mut self) -> Option<u8> {
        let byte = Some(self.at).filter(|&at| at < MAX_SHAPE_BYTES).and_then(&mut self.byte)?;
        self.at += 1;
        Some(byte)
    }

    fn number(&mut self) -> Option<usize> {
        let mut number = 0;
        for shift in [0, 7, 14] {
            let byte = self.byte()?;
            number |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn text(&mut self) -> Option<String> {
        let mut bytes = Vec::new();
        loop {
            match self.byte()? {
                0 => return String::from_utf8(bytes).ok(),
                byte => bytes.push(byte),
            }
        }
    }

    /// Parses the rest of an element after its kind. `name` is that of the field, `level` that of fields within it.
    fn element(&mut self, letter: u8, deepest: usize, level: usize, name: &str) -> Option<(Element, String)> {
        let plain = |room, of: &str| Some((Element { room, deep: 0, is_pair: false }, of.to_owned()));
        let pair = |deep, of: String| Some((Element { room: PAIR_BYTES, deep, is_pair: true }, of));
        match letter {
            b't' => pair(0, "text".into()),
            b'v' => pair(0, "text or number".into()),
            b'j' => pair(0, "JSON".into()),
            b'y' => plain(1, "bool"),
            b'Y' => plain(1, "optional bool"),
            b'b' => plain(1, "i8"),
            b'h' => plain(2, "i16"),
            b'i' => plain(4, "i32"),
            b'q' => plain(8, "i64"),
            b'B' => plain(1, "u8"),
            b'H' => plain(2, "u16"),
            b'I' => plain(4, "u32"),
            b'Q' => plain(8, "u64"),
            b'd' => plain(8, "f64"),
            b'e' => plain(1, &self.enumeration()?),
            b'(' => self.object(deepest, level, name),
            b'&' => {
                let size = self.number()?;
                let (object, of) = self.object(deepest, level, name)?;
                let fits = size <= MAX_STRUCTURE_BYTES && object.room <= size;
                fits.then(|| (Element { room: 4, ..object }, format!("optional {of}")))
            }
            b'[' | b'{' => {
                let deepest = deepest.checked_sub(1)?;
                let stride = self.number()?;
                let (key, offset) = if letter == b'{' { (PAIR_BYTES, self.number()?) } else { (0, 0) };
                let letter_of_element = self.byte()?;
                let (element, of) = self.element(letter_of_element, deepest, level, name)?;
                let end = key.max(offset.checked_add(element.room)?);
                if stride == 0 || stride > MAX_STRUCTURE_BYTES || end > stride {
                    return None;
                }
                pair(element.deep + 1, format!("{} of {of}", if letter == b'[' { "list" } else { "map" }))
            }
            _ => None,
        }
    }

    fn enumeration(&mut self) -> Option<String> {
        let (mut of, mut count) = ("one of ".to_owned(), 0);
        loop {
            let text = self.text()?;
            if text.is_empty() {
                break;
            }
            if count < MOST_TEXTS {
                let comma = if count > 0 { ", " } else { "" };
                of.push_str(&format!("{comma}{}", quoted(&text)));
            }
            count += 1;
        }
        if count > MOST_TEXTS {
            of.push_str(&format!(" and {} more", count - MOST_TEXTS));
        }
        match count {
            0 => Some("text that is not kept".to_owned()),
            _ => Some(of).filter(|_| count <= usize::from(u8::MAX)),
        }
    }

    fn object(&mut self, deepest: usize, level: usize, name: &str) -> Option<(Element, String)> {
        let deepest = deepest.checked_sub(1)?;
        let begin = self.at;
        let mut letter = self.byte()?;
        if letter == b'@' {
            let back = self.number()?;
            // An unfinished object is not known, so no object contains itself.
            let (object, of) = self.known.get(&begin.checked_sub(back)?)?;
            let of = format!("object with the fields of {}", quoted(of));
            return (object.deep <= deepest + 1).then_some((*object, of));
        }
        let mut object = Element { room: 0, deep: 1, is_pair: false };
        while letter != 0 {
            let (mut end_of_flag, mut is_null) = (0, false);
            if letter == b'?' {
                end_of_flag = self.number()? + 1;
                letter = self.byte()?;
            } else if letter == b'~' {
                is_null = true;
                letter = self.byte()?;
            }
            let offset = self.number()?;
            let field_name = self.text()?;
            // Its line precedes those of its fields.
            let line = self.fields.len();
            self.fields.push(Field { depth: level, name: field_name.clone(), of: String::new() });
            let (element, of) = self.element(letter, deepest, level + 1, &field_name)?;
            if is_null && !element.is_pair {
                return None;
            }
            let optional = if end_of_flag > 0 || is_null { "optional " } else { "" };
            self.fields.get_mut(line)?.of = format!("{optional}{of}");
            object.deep = object.deep.max(element.deep + 1);
            object.room = object.room.max(end_of_flag).max(offset.checked_add(element.room)?);
            if object.room > MAX_STRUCTURE_BYTES {
                return None;
            }
            letter = self.byte()?;
        }
        self.together += object.room;
        if self.together > MAX_TOGETHER_BYTES {
            return None;
        }
        self.known.insert(begin, (object, name.to_owned()));
        Some((object, "object".into()))
    }
}

/// The beginning of a text, quoted and escaped.
pub fn quoted(text: &str) -> String {
    const MOST_CHARACTERS: usize = 60;
    match text.char_indices().nth(MOST_CHARACTERS) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: &[u8]) -> Option<Content> {
        read(|at| bytes.get(at).copied())
    }

    fn lines(bytes: &[u8]) -> Vec<String> {
        let fields = of(bytes).expect("a shape").fields;
        fields
            .iter()
            .map(|field| format!("{}{}: {}", " ".repeat(field.depth), field.name, field.of))
            .collect()
    }

    #[test]
    fn every_kind_is_read() {
        let shape = b"\x80\x02(t\0t\0v\x08v\0j\x10j\0y\x18y\0Y\x19Y\0b\x1ab\0B\x1bB\0h\x1ch\0H\x1eH\0i\x20i\0I\x24I\0\
            q\x28q\0Q\x30Q\0d\x38d\0e\x40e\0Yes\0No\0\0(\x48o\0t\0name\0\0&\x50p\0\x08@\x0d\
            [\x54l\0\x08(t\0of l\0\0{\x5cm\0\x10\x08i?\x6bi\x64maybe\0~t\x6cnull\0\0";
        let expected = [
            "t: text",
            "v: text or number",
            "j: JSON",
            "y: bool",
            "Y: optional bool",
            "b: i8",
            "B: u8",
            "h: i16",
            "H: u16",
            "i: i32",
            "I: u32",
            "q: i64",
            "Q: u64",
            "d: f64",
            "e: one of \"Yes\", \"No\"",
            "o: object",
            " name: text",
            "p: optional object with the fields of \"o\"",
            "l: list of object",
            " of l: text",
            "m: map of i32",
            "maybe: optional i32",
            "null: optional text",
        ];
        assert_eq!(lines(shape), expected);
        let content = of(shape).unwrap();
        assert_eq!((content.bytes, content.structure_bytes, &*content.of), (shape.len(), 256, "object"));
        // Further bytes do not matter, and no byte may be missing.
        assert_eq!(of(&[shape, &b"more"[..]].concat()).unwrap().bytes, shape.len());
        for end in 0..shape.len() {
            assert_eq!(of(&shape[..end]), None, "{end} bytes");
        }
    }

    #[test]
    fn what_breaks_a_rule_is_no_shape() {
        for (bytes, why) in [
            (&b"\x08t"[..], "no field"),
            (b"text", "a text"),
            (b"status\0\0", "a text that begins as one"),
            (b"\x08(\0", "an object without fields"),
            (b"\x07(t\0a\0\0", "longer than the structure"),
            (b"\x08(z\0a\0\0", "an unknown kind"),
            (b"\x08(t\0\xff\0\0", "a name that is not UTF-8"),
            (b"\x08(t\x80\x80\x80\0a\0\0", "a number of four bytes"),
            (b"\x08(~i\0a\0\0", "an i32 whose address is 0"),
            (b"\x08([\0a\0\0t\0", "elements at one place"),
            (b"\x08([\0a\0\x07t\0", "elements within each other"),
            (b"\x08({\0a\0\x08\x08i\0", "a value behind its room"),
            (b"\x08((\0a\0@\x05\0", "an object in itself"),
            (b"\x08((\0a\0@\x7f\0", "an object before the shape"),
            (b"\xff\xff\x7f(t\0a\0\0", "a structure above the limit"),
        ] {
            assert_eq!(of(bytes), None, "{why}");
        }
    }

    #[test]
    fn depth_and_length_have_limits() {
        let nested =
            |depth: usize| [b"\x08".to_vec(), b"[\x08".repeat(depth), b"(t\0a\0\0".to_vec()].concat();
        assert!(of(&nested(MAX_SHAPE_DEPTH - 1)).is_some());
        for depth in [MAX_SHAPE_DEPTH, 1 << 12] {
            assert_eq!(of(&nested(depth)), None, "{depth} lists");
        }
        let long = |name: usize| [b"\x08(t\0".to_vec(), b"n".repeat(name), b"\0\0".to_vec()].concat();
        assert!(of(&long(MAX_SHAPE_BYTES - 6)).is_some());
        assert_eq!(of(&long(MAX_SHAPE_BYTES - 5)), None);
    }

    #[test]
    fn quotes_escape_and_end() {
        assert_eq!(quoted("a\u{1b}[2J\n\u{202e}"), r#""a\u{1b}[2J\n\u{202e}""#);
        assert_eq!(quoted(&"é".repeat(61)), format!("\"{}\"…", "é".repeat(60)));
    }
}
