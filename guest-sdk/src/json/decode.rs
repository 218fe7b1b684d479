//! Decoding in place: a value starts as its default, and the fields that the JSON has are filled in.
//!
//! That is how Kubernetes' own types behave (`omitempty`: what is absent is the default), and it is small: miniserde's own
//! scheme keeps an `Option` of each field until the object ends, then moves and checks them all.

// A visitor of a value in place is the value itself under another type; see `place`.
#![allow(unsafe_code)]

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use miniserde::de::{Map, Seq, Visitor};
use miniserde::{Deserialize, Error, Result};

/// Which parts of a value are wanted: a [field mask](crate::abi::mask) as a tree, so that nested types' masks can be
/// joined at compile time.
#[derive(Clone, Copy, Debug)]
pub enum Mask {
    /// All of it.
    Whole,
    /// These fields of an object.
    Object(&'static [(&'static str, Mask)]),
    /// All values of a map, and these parts of each.
    Map(&'static Mask),
}

impl Mask {
    /// Whether nothing is left out.
    pub const fn is_whole(&self) -> bool {
        match self {
            Mask::Whole => true,
            Mask::Object(fields) => fields.is_empty(),
            Mask::Map(value) => value.is_whole(),
        }
    }
}

/// A type that a field of a resource can have.
///
/// [`#[derive(Fields)]`](derive@crate::Fields) implements it for structs. Of the standard library these have it: `String`,
/// `bool`, the integers up to 64 bits, `f32`, `f64`, and `Option`, `Vec`, `Box`, `BTreeMap<String, _>` of such, and [`Pairs`](super::Pairs). For a type
/// that has miniserde's `Deserialize` only, there is [`Whole`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a resource",
    note = "a struct can, with `#[derive(Default, Fields)]`; so can strings, bools, numbers, and `Option`, `Vec`, `Box` and `BTreeMap<String, _>` of what can"
)]
pub trait Decode: Default {
    /// Which parts of it are wanted.
    const MASK: Mask = Mask::Whole;

    /// The visitor that fills the value in.
    fn visitor(&mut self) -> &mut dyn Visitor;
}

/// An object with fields; what the derives implement.
pub trait Object {
    /// The visitor of the field of that name in JSON, or `None` if it is not wanted.
    fn field(&mut self, name: &str) -> Option<&mut dyn Visitor>;
}

/// The value as a visitor of itself.
#[repr(transparent)]
pub(super) struct Place<T>(pub(super) T);

pub(super) fn place<T>(value: &mut T) -> &mut Place<T> {
    // SAFETY: `Place<T>` is transparent: it has the layout of `T`, and every `T` is a valid one. The lifetime is the same.
    unsafe { &mut *core::ptr::from_mut(value).cast::<Place<T>>() }
}

/// The visitor of an object in place.
pub fn object<T: Object>(value: &mut T) -> &mut dyn Visitor {
    place(value)
}

/// What a derived `Deserialize` does: the place is filled with the default, and that is filled in.
pub fn decode_into<T: Decode>(out: &mut Option<T>) -> &mut dyn Visitor {
    out.insert(T::default()).visitor()
}

impl<T: Object> Visitor for Place<T> {
    fn map(&mut self) -> Result<Box<dyn Map + '_>> {
        Ok(Box::new(FieldsOf(&mut self.0)))
    }
}

struct FieldsOf<'a>(&'a mut dyn Object);

impl Map for FieldsOf<'_> {
    fn key(&mut self, name: &str) -> Result<&mut dyn Visitor> {
        Ok(self.0.field(name).unwrap_or_else(|| <dyn Visitor>::ignore()))
    }

    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}

impl Decode for String {
    fn visitor(&mut self) -> &mut dyn Visitor {
        place(self)
    }
}

impl Visitor for Place<String> {
    fn string(&mut self, text: &str) -> Result<()> {
        self.0 = String::from(text);
        Ok(())
    }
}

impl Decode for bool {
    fn visitor(&mut self) -> &mut dyn Visitor {
        place(self)
    }
}

impl Visitor for Place<bool> {
    fn boolean(&mut self, value: bool) -> Result<()> {
        self.0 = value;
        Ok(())
    }
}

macro_rules! integers {
    ($($ty:ty)*) => {$(
        impl Decode for $ty {
            fn visitor(&mut self) -> &mut dyn Visitor {
                place(self)
            }
        }

        impl Visitor for Place<$ty> {
            fn nonnegative(&mut self, value: u64) -> Result<()> {
                self.0 = value.try_into().map_err(|_| Error)?;
                Ok(())
            }

            fn negative(&mut self, value: i64) -> Result<()> {
                self.0 = value.try_into().map_err(|_| Error)?;
                Ok(())
            }
        }
    )*};
}
integers!(u8 u16 u32 u64 usize i8 i16 i32 i64 isize);

macro_rules! floats {
    ($($ty:ty)*) => {$(
        impl Decode for $ty {
            fn visitor(&mut self) -> &mut dyn Visitor {
                place(self)
            }
        }

        impl Visitor for Place<$ty> {
            fn nonnegative(&mut self, value: u64) -> Result<()> {
                self.0 = value as $ty;
                Ok(())
            }

            fn negative(&mut self, value: i64) -> Result<()> {
                self.0 = value as $ty;
                Ok(())
            }

            fn float(&mut self, value: f64) -> Result<()> {
                self.0 = value as $ty;
                Ok(())
            }
        }
    )*};
}
floats!(f32 f64);

// The parser skips `null`, so a visitor is only asked for where there is something.
impl<T: Decode> Decode for Option<T> {
    const MASK: Mask = T::MASK;

    fn visitor(&mut self) -> &mut dyn Visitor {
        decode_into(self)
    }
}

impl<T: Decode> Decode for Box<T> {
    const MASK: Mask = T::MASK;

    fn visitor(&mut self) -> &mut dyn Visitor {
        (**self).visitor()
    }
}

impl<T: Decode> Decode for Vec<T> {
    const MASK: Mask = T::MASK;

    fn visitor(&mut self) -> &mut dyn Visitor {
        place(self)
    }
}

impl<T: Decode> Visitor for Place<Vec<T>> {
    fn seq(&mut self) -> Result<Box<dyn Seq + '_>> {
        Ok(Box::new(Elements(&mut self.0)))
    }
}

struct Elements<'a, T>(&'a mut Vec<T>);

impl<T: Decode> Seq for Elements<'_, T> {
    fn element(&mut self) -> Result<&mut dyn Visitor> {
        self.0.push(T::default());
        self.0.last_mut().map(T::visitor).ok_or(Error)
    }

    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}

impl<T: Decode> Decode for BTreeMap<String, T> {
    const MASK: Mask = Mask::Map(&T::MASK);

    fn visitor(&mut self) -> &mut dyn Visitor {
        place(self)
    }
}

impl<T: Decode> Visitor for Place<BTreeMap<String, T>> {
    fn map(&mut self) -> Result<Box<dyn Map + '_>> {
        Ok(Box::new(Values(&mut self.0)))
    }
}

struct Values<'a, T>(&'a mut BTreeMap<String, T>);

impl<T: Decode> Map for Values<'_, T> {
    fn key(&mut self, name: &str) -> Result<&mut dyn Visitor> {
        Ok(self.0.entry(String::from(name)).or_default().visitor())
    }

    fn finish(&mut self) -> Result<()> {
        Ok(())
    }
}

/// A field of a type that only has miniserde's `Deserialize`, such as an enum or `miniserde::json::Value`: all of the
/// subtree, or `None` if it is absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole<T>(pub Option<T>);

impl<T> Default for Whole<T> {
    fn default() -> Self {
        Whole(None)
    }
}

impl<T: Deserialize> Decode for Whole<T> {
    fn visitor(&mut self) -> &mut dyn Visitor {
        T::begin(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::from_str;
    use crate::manifest::{mask_len, mask_text};

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
                fn string(&mut self, text: &str) -> Result<()> {
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

    #[test]
    fn miniserdes_own_parser_decodes_it_too() {
        let inner: Inner = miniserde::json::from_str(r#"{"x-y":7,"z":null}"#).expect("an object");
        assert_eq!(inner, Inner { value: 7 });
    }
}
