//! Decoding: a value starts as its default, and the decoder fills in the fields that the JSON has.
//!
//! Kubernetes' own types behave the same way (`omitempty`: an absent field is the default). It is also small: a value
//! never moves, and is never partly initialized.

use super::parse::{MALFORMED, Parser};
use super::shape::{self, Append, Place, Read, Shape};
use super::visit;
use crate::Result;
use crate::abi::place::Wanted;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use miniserde::Deserialize;

/// The parts of a value to keep: a [field mask](crate::abi::mask) as a tree, so the masks of nested types can be
/// joined at compile time.
#[derive(Clone, Copy, Debug)]
pub enum Mask {
    /// The whole value.
    Whole,
    /// These fields of an object.
    Object(&'static [(&'static str, Mask)]),
    /// All entries of a map, and these parts of each value.
    Map(&'static Mask),
}

impl Mask {
    /// Whether the mask keeps everything.
    pub const fn is_whole(&self) -> bool {
        match self {
            Mask::Whole => true,
            Mask::Object(fields) => fields.is_empty(),
            Mask::Map(value) => value.is_whole(),
        }
    }
}

/// A type for a field of a resource.
///
/// [`#[derive(Fields)]`](derive@crate::Fields) implements it for structs. These standard types implement it:
/// `String`, `bool`, the integers up to 64 bits, `f32`, `f64`, and `Option`, `Vec`, `Box` and `BTreeMap<String, _>`
/// of such types. So do [`Pairs`](super::Pairs), [`Raw`](super::Raw), [`IntOrString`](super::IntOrString) and
/// [`Quantity`](crate::quantity::Quantity). [`Whole`] wraps a type that only has miniserde's `Deserialize`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a resource",
    note = "these types can: structs with `#[derive(Default, Fields)]`, strings, bools, numbers, and `Option`, `Vec`, `Box` and `BTreeMap<String, _>` of such types"
)]
pub trait Decode: Default {
    /// The parts of it to keep.
    const MASK: Mask = Mask::Whole;

    /// Its layout in memory.
    const SHAPE: Shape<Self>;
}

impl Decode for String {
    const SHAPE: Shape<Self> = Shape::TEXT;
}

impl Decode for bool {
    const SHAPE: Shape<Self> = Shape::BOOL;
}

macro_rules! integers {
    ($($ty:ty)*) => {$(
        impl Decode for $ty {
            const SHAPE: Shape<Self> = Shape::<$ty>::INTEGER;
        }
    )*};
}
integers!(u8 u16 u32 u64 usize i8 i16 i32 i64 isize);

macro_rules! floats {
    ($($ty:ty)*) => {$(
        impl Decode for $ty {
            const SHAPE: Shape<Self> = shape::read();
        }

        impl Read for $ty {
            fn read(&mut self, parser: &mut Parser<'_>, _depth: u32) -> Result<()> {
                parser.wanted = Wanted::NUMBER.0;
                let (float, len) = visit::float(parser.rest()?)?;
                *self = float as $ty;
                parser.skip(len);
                Ok(())
            }
        }
    )*};
}
floats!(f32 f64);

impl<T: Decode> Decode for Option<T> {
    const MASK: Mask = T::MASK;
    const SHAPE: Shape<Self> = shape::read();
}

// The parser skips `null`, so it only reads a value that exists.
impl<T: Decode> Read for Option<T> {
    fn read(&mut self, parser: &mut Parser<'_>, depth: u32) -> Result<()> {
        parser.value(Place::of(self.insert(T::default())), depth)
    }
}

impl<T: Decode> Decode for Box<T> {
    const MASK: Mask = T::MASK;
    const SHAPE: Shape<Self> = shape::read();
}

impl<T: Decode> Read for Box<T> {
    fn read(&mut self, parser: &mut Parser<'_>, depth: u32) -> Result<()> {
        parser.value(Place::of(&mut **self), depth)
    }
}

impl<T: Decode> Decode for Vec<T> {
    const MASK: Mask = T::MASK;
    const SHAPE: Shape<Self> = shape::seq();
}

impl<T: Decode> Append for Vec<T> {
    type Element = T;

    fn append(&mut self, _name: &str) -> &mut T {
        self.push_mut(T::default())
    }
}

impl<T: Decode> Decode for BTreeMap<String, T> {
    const MASK: Mask = Mask::Map(&T::MASK);
    const SHAPE: Shape<Self> = shape::map();
}

impl<T: Decode> Append for BTreeMap<String, T> {
    type Element = T;

    fn append(&mut self, name: &str) -> &mut T {
        self.entry(String::from(name)).or_default()
    }
}

/// Wraps a type that only has miniserde's `Deserialize` or `Serialize`, such as an enum or `miniserde::json::Value`.
/// It contains the whole subtree, or `None` if that is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole<T>(pub Option<T>);

impl<T> Default for Whole<T> {
    fn default() -> Self {
        Whole(None)
    }
}

impl<T: Deserialize> Decode for Whole<T> {
    const SHAPE: Shape<Self> = shape::read();
}

impl<T: Deserialize> Read for Whole<T> {
    fn read(&mut self, parser: &mut Parser<'_>, depth: u32) -> Result<()> {
        let len = visit::parse(parser.rest()?, T::begin(&mut self.0), depth)?;
        parser.skip(len);
        if self.0.is_some() { Ok(()) } else { Err(MALFORMED) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Pairs, from_str, to_string};
    use crate::manifest::{mask_len, mask_text};
    use miniserde::de::Visitor;

    #[derive(Default, Debug, PartialEq, crate::Fields)]
    struct Everything {
        text: String,
        flag: bool,
        small: u8,
        signed: i64,
        ratio: f64,
        maybe: Option<Inner>,
        boxed: Box<Inner>,
        many: Vec<Inner>,
        by_name: BTreeMap<String, Inner>,
        annotations: BTreeMap<String, String>,
        kind: Whole<Kind>,
    }

    #[derive(Default, Debug, PartialEq, crate::Fields)]
    struct Inner {
        #[field(name = "x-y")]
        value: u32,
    }

    #[derive(Debug, PartialEq)]
    enum Kind {
        Known,
        Other,
    }

    impl Deserialize for Kind {
        fn begin(out: &mut Option<Self>) -> &mut dyn Visitor {
            miniserde::make_place!(Slot);
            impl Visitor for Slot<Kind> {
                fn string(&mut self, text: &str) -> miniserde::Result<()> {
                    self.out = Some(if text == "Known" { Kind::Known } else { Kind::Other });
                    Ok(())
                }
            }
            Slot::new(out)
        }
    }

    #[test]
    fn what_is_there_is_filled_in() {
        let json = r#"{"text":"t","flag":true,"small":255,"signed":-5,"ratio":1.5,"maybe":{"x-y":1},"boxed":{"x-y":2},
            "many":[{"x-y":3},{}],"byName":{"a":{"x-y":4}},"annotations":{"k":"v"},"kind":"Known","unknown":[{"a":[]}]}"#;
        let expected = Everything {
            text: "t".into(),
            flag: true,
            small: 255,
            signed: -5,
            ratio: 1.5,
            maybe: Some(Inner { value: 1 }),
            boxed: Box::new(Inner { value: 2 }),
            many: std::vec![Inner { value: 3 }, Inner { value: 0 }],
            by_name: [("a".into(), Inner { value: 4 })].into(),
            annotations: [("k".into(), "v".into())].into(),
            kind: Whole(Some(Kind::Known)),
        };
        assert_eq!(from_str::<Everything>(json), Ok(expected));
    }

    #[test]
    fn what_is_absent_or_null_is_the_default() {
        assert_eq!(from_str::<Everything>("{}"), Ok(<Everything as Default>::default()));
        let nulls = r#"{"text":null,"flag":null,"small":null,"maybe":null,"boxed":null,"many":null,"byName":null,"kind":null}"#;
        assert_eq!(from_str::<Everything>(nulls), Ok(<Everything as Default>::default()));
    }

    #[test]
    fn another_type_is_an_error() {
        for json in [
            r#"{"text":1}"#,
            r#"{"text":{}}"#,
            r#"{"flag":"true"}"#,
            r#"{"small":256}"#,
            r#"{"small":-1}"#,
            r#"{"small":1.5}"#,
            r#"{"many":{}}"#,
            r#"{"maybe":[]}"#,
            "[]",
            "null",
        ] {
            assert!(from_str::<Everything>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn the_mask_is_that_of_the_types() {
        const MASK: Mask = <Everything as Decode>::MASK;
        const TEXT: [u8; mask_len(&MASK)] = mask_text(&MASK);
        let expected =
            "text,flag,small,signed,ratio,maybe(x-y),boxed(x-y),many(x-y),byName(*(x-y)),annotations,kind";
        assert_eq!(core::str::from_utf8(&TEXT), Ok(expected));
    }

    #[derive(Default, Debug, PartialEq, crate::Fields, crate::Serialize)]
    struct Phase(String);

    #[derive(Default, Debug, PartialEq, crate::Fields, crate::Serialize)]
    struct Limit(Option<u16>);

    #[derive(Default, Debug, PartialEq, crate::Fields, crate::Serialize)]
    struct Workload {
        phase: Phase,
        earlier: Vec<Phase>,
        limit: Limit,
        by_name: Pairs<Limit>,
    }

    #[derive(Default, Debug, PartialEq, crate::Resource, crate::Serialize)]
    #[resource(version = "v1", plural = "deployments", cluster)]
    struct Deployment(Workload);

    #[derive(crate::Serialize)]
    struct Borrowed<'a>(&'a [Phase]);

    #[test]
    fn a_struct_with_one_field_without_a_name_is_as_that_field() {
        let json = r#"{"phase":"Running","earlier":["Pending",""],"limit":7,"byName":{"a":1}}"#;
        let deployment: Deployment = from_str(json).expect("JSON of that type");
        let expected = Workload {
            phase: Phase("Running".into()),
            earlier: std::vec![Phase("Pending".into()), Phase("".into())],
            limit: Limit(Some(7)),
            by_name: Pairs(std::vec![("a".into(), Limit(Some(1)))]),
        };
        assert_eq!(deployment, Deployment(expected));
        assert_eq!(to_string(&deployment), json);
        assert_eq!(to_string(&Borrowed(&deployment.0.earlier)), r#"["Pending",""]"#);
        // The default is still left out.
        assert_eq!(to_string(&Deployment::default()), r#"{"phase":"","earlier":[],"byName":{}}"#);
        assert!(from_str::<Phase>("1").is_err());
        assert_eq!(from_str::<Phase>(r#""Failed""#), Ok(Phase("Failed".into())));
        const MASK: Mask = <Deployment as Decode>::MASK;
        const TEXT: [u8; mask_len(&MASK)] = mask_text(&MASK);
        assert_eq!(core::str::from_utf8(&TEXT), Ok("phase,earlier,limit,byName"));
    }
}
