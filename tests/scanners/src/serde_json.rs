//! serde_json, with a visitor that follows the mask: dropped values are `IgnoredAny`, kept values `RawValue`.
//!
//! From a reader, it streams with bounded memory. It rewrites keys, and preserves white space within kept values.

use crate::Node;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;
use std::io::BufReader;

/// The page as a whole.
pub fn from_slice(page: &'static [u8], mask: &Node, out: &mut Vec<u8>) -> usize {
    list(&mut serde_json::Deserializer::from_slice(page), mask, out, true)
}

/// The page as it streams.
pub fn from_reader(page: &'static [u8], mask: &Node, out: &mut Vec<u8>) -> usize {
    let reader = BufReader::with_capacity(64 << 10, page);
    list(&mut serde_json::Deserializer::from_reader(reader), mask, out, false)
}

fn list<'de, R: serde_json::de::Read<'de>>(
    deserializer: &mut serde_json::Deserializer<R>,
    mask: &Node,
    out: &mut Vec<u8>,
    can_borrow: bool,
) -> usize {
    let mut kept = 0;
    let list = List { mask, out, can_borrow, kept: &mut kept };
    list.deserialize(&mut *deserializer).expect("a page");
    deserializer.end().expect("the end of the page");
    kept
}

/// A page: an object with items.
struct List<'a> {
    mask: &'a Node,
    out: &'a mut Vec<u8>,
    can_borrow: bool,
    kept: &'a mut usize,
}

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == "items" {
                let List { mask, can_borrow, .. } = self;
                map.next_value_seed(List { mask, out: self.out, can_borrow, kept: self.kept })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        loop {
            self.out.clear();
            let item = Projected { mask: self.mask, out: self.out, can_borrow: self.can_borrow };
            if items.next_element_seed(item)?.is_none() {
                return Ok(());
            }
            *self.kept += std::hint::black_box(self.out.len());
        }
    }
}

/// A value of which some is kept.
struct Projected<'a> {
    mask: &'a Node,
    out: &'a mut Vec<u8>,
    can_borrow: bool,
}

impl<'de> DeserializeSeed<'de> for Projected<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.mask {
            Node::Drop | Node::Hide(_) => IgnoredAny::deserialize(deserializer).map(drop),
            Node::Keep if self.can_borrow => {
                let raw = <&RawValue>::deserialize(deserializer)?;
                self.out.extend_from_slice(raw.get().as_bytes());
                Ok(())
            }
            Node::Keep => {
                let raw = Box::<RawValue>::deserialize(deserializer)?;
                self.out.extend_from_slice(raw.get().as_bytes());
                Ok(())
            }
            Node::Fields(_) => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Projected<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Projected { mask, out, can_borrow } = self;
        out.push(b'{');
        let mut any = false;
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            let mask = mask.get(&key);
            if *mask != Node::Drop {
                if std::mem::replace(&mut any, true) {
                    out.push(b',');
                }
                serde_json::to_writer(&mut *out, &key).map_err(serde::de::Error::custom)?;
                out.push(b':');
            }
            map.next_value_seed(Projected { mask, out, can_borrow })?;
        }
        out.push(b'}');
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Projected { mask, out, can_borrow } = self;
        out.push(b'[');
        loop {
            let before = out.len();
            if before > 0 && out[before - 1] != b'[' {
                out.push(b',');
            }
            if items.next_element_seed(Projected { mask, out, can_borrow })?.is_none() {
                out.truncate(before);
                out.push(b']');
                return Ok(());
            }
        }
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.null()
    }
    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.null()
    }
    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        self.null()
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.null()
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.null()
    }
    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        self.null()
    }
}

impl Projected<'_> {
    /// Fields of a scalar.
    fn null<E>(self) -> Result<(), E> {
        self.out.extend_from_slice(b"null");
        Ok(())
    }
}
