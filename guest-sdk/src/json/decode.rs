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
/// `bool`, the integers up to 64 bits, `f32`, `f64`, and `Option`, `Vec`, `Box`, `BTreeMap<String, _>` of such. For a type
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
    /// The names in JSON of the fields.
    fn names(&self) -> &'static [&'static str];

    /// The visitor of the field whose name has that index.
    fn field(&mut self, index: usize) -> Option<&mut dyn Visitor>;
}

/// The value as a visitor of itself.
#[repr(transparent)]
struct Place<T>(T);

fn place<T>(value: &mut T) -> &mut Place<T> {
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
        // One search for all types, instead of a chain of comparisons in each.
        let index = self.0.names().iter().position(|known| *known == name).unwrap_or(usize::MAX);
        Ok(self.0.field(index).unwrap_or_else(|| <dyn Visitor>::ignore()))
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
