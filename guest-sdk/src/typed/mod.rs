//! Items that the host decodes: structs that borrow their content, without a parser and without a heap in the
//! gatherer.
//!
//! The host decodes a resource with a lifetime directly into the gatherer's memory: strings are `&str`, lists are
//! `&[T]`, maps are [`Map`], and [`Quantity`], [`IntOrString`] and [`Raw`] are Kubernetes' own types. An optional value is
//! an `Option` of one of these or of a number, or `Option<&T>` of a struct. A resource without a lifetime is decoded in the
//! gatherer, by [`json`](crate::json), and owns its content.
//!
//! ```
//! use wagather::{Api, Fields, ListParams, Resource, fake};
//!
//! #[derive(Resource)]
//! #[resource(version = "v1", plural = "pods", namespaced)]
//! struct Pod<'a> {
//!     metadata: Metadata<'a>,
//! }
//!
//! #[derive(Fields)]
//! struct Metadata<'a> {
//!     name: &'a str,
//! }
//!
//! fn gather() -> wagather::Result<()> {
//!     let mut last = None;
//!     for pod in Api::<Pod>::all().list(&ListParams::default())?.items() {
//!         let pod = pod?;
//!         wagather::log::info(pod.get().metadata.name);
//!         last = Some(pod.keep());
//!     }
//!     wagather::log::info(last.map_or("there are none", |pod| pod.metadata.name));
//!     Ok(())
//! }
//!
//! let run = fake::Host::new().list("/api/v1/pods", r#"[{"metadata": {"name": "a"}}, {"metadata": {"name": "b"}}]"#).run(gather);
//! assert_eq!(run.logs.iter().map(|log| &*log.text).collect::<Vec<_>>(), ["a", "b", "b"]);
//! ```
//!
//! The memory of an item is used again when it is dropped, so nothing of it can be had any longer:
//!
//! ```compile_fail,E0597
//! # use wagather::{Api, Fields, ListParams, Resource};
//! # #[derive(Resource)]
//! # #[resource(version = "v1", plural = "pods", namespaced)]
//! # struct Pod<'a> { kind: &'a str }
//! # fn gather() -> wagather::Result<()> {
//! let mut last = "";
//! for pod in Api::<Pod>::all().list(&ListParams::default())?.items() {
//!     let pod = pod?;
//!     last = pod.get().kind; // `pod` does not live long enough
//! }
//! wagather::log::info(last);
//! # Ok(()) }
//! ```

// This module describes, type by type, the layout in which a host writes values.
#![allow(unsafe_code)]

mod dynamic;
mod items;
mod part;
mod scalar;
mod written;

pub use dynamic::{ApiResource, DynamicMeta, DynamicObject};
pub(crate) use items::read_as;
pub(crate) use items::read_one;
pub use items::{BorrowedItems, Item, StrictBorrowedItems};
#[doc(hidden)]
pub use part::line_of;
pub use part::{Bytes, Object, Part};
pub use scalar::{IntOrString, Quantity, Raw};
pub use written::Written;
pub(crate) use written::{
    PART_OF_STRING, optional, part_of_collected, part_of_list, part_of_map, part_of_option, part_of_reference,
};

use crate::json::Mask;

/// A type for a field of a [borrowed](self) struct, with its layout in memory.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a struct that a host decodes",
    note = "texts are `&'a str`, lists `&'a [T]`, maps `Map<'a, T>`, optional structs `Option<&'a T>`; a struct needs `#[derive(Fields)]` and a lifetime"
)]
pub trait Borrowed: Sized {
    /// The parts of it to keep.
    const MASK: Mask = Mask::Whole;

    /// Its part of a shape.
    #[doc(hidden)]
    const PART: Part<Self>;
}

/// A resource whose items the host decodes; [`#[derive(Resource)]`](derive@crate::Resource) implements it for structs
/// with a lifetime.
pub trait Shaped: Borrowed + 'static {
    /// The same type with a shorter lifetime.
    type Of<'a>;

    /// The shape for the host.
    #[doc(hidden)]
    const SHAPE: &'static [u8];

    /// Shortens the lifetime.
    #[doc(hidden)]
    fn shorten<'a>(&'a self) -> &'a Self::Of<'a>;
}

// References to slices and strings must be an address and a length, in this order; otherwise this does not compile.
// (Rust documents that references have the layout of raw pointers, but not the layout of raw pointers to slices.)
const _: () = {
    let pair = core::ptr::slice_from_raw_parts::<u8>(core::ptr::without_provenance(16), 5);
    // SAFETY: a pointer without provenance is a number; if the sizes differ, this does not compile.
    let [address, len] = unsafe { core::mem::transmute::<*const [u8], [usize; 2]>(pair) };
    assert!(address == 16 && len == 5);
    let none: Option<&str> = None;
    // SAFETY: an `Option` of a reference has the reference's size, and the null address is its only `None`.
    assert!(unsafe { core::ptr::from_ref(&none).cast::<*const u8>().read() }.is_null());
};

impl Borrowed for &str {
    // SAFETY: an address and a length, see above; the host has checked that it is UTF-8.
    const PART: Part<Self> = unsafe { Part::plain(b't') };
}

macro_rules! plain {
    ($($ty:ty, $kind:expr;)*) => {$(
        impl Borrowed for $ty {
            // SAFETY: a little-endian number of this size, as on this target; for `bool`, a byte that is 0 or 1.
            const PART: Part<Self> = unsafe { Part::plain($kind) };
        }
    )*};
}
plain! {
    bool, b'y';
    i8, b'b'; i16, b'h'; i32, b'i'; i64, b'q';
    u8, b'B'; u16, b'H'; u32, b'I'; u64, b'Q';
    isize, if size_of::<isize>() == 4 { b'i' } else { b'q' };
    usize, if size_of::<usize>() == 4 { b'I' } else { b'Q' };
    f64, b'd';
}

macro_rules! texts {
    ($($ty:ident, $kind:literal;)*) => {$(
        impl Borrowed for $ty<'_> {
            // SAFETY: it is transparent around a string, an address and a length; the host has checked the text.
            const PART: Part<Self> = unsafe { Part::plain($kind) };
        }
    )*};
}
texts! {
    IntOrString, b'v';
    Quantity, b'v';
    Raw, b'j';
}

#[cfg(target_endian = "big")]
compile_error!("what a host writes into memory is little-endian");

impl<T: Borrowed> Borrowed for &[T] {
    const MASK: Mask = T::MASK;
    // SAFETY: an address and a number of elements, see above.
    const PART: Part<Self> = unsafe { Part::list(T::PART) };
}

/// A type whose `Option` the host can decode: strings, lists, maps, numbers, and references to structs.
#[diagnostic::on_unimplemented(
    message = "`Option<{Self}>` cannot be a field of a struct that the host decodes",
    note = "write an optional struct as `Option<&'a T>`, and an optional string, list, map or number as `Option<T>`"
)]
pub trait Optional: Sized {
    /// Which parts of it are wanted.
    const MASK: Mask = Mask::Whole;

    /// Its part of a shape, if it has one.
    #[doc(hidden)]
    const MAYBE: Option<Part<Option<Self>>>;
}

impl<T: Optional> Borrowed for Option<T> {
    const MASK: Mask = T::MASK;
    const PART: Part<Self> = match T::MAYBE {
        Some(part) => part,
        None => panic!("the host cannot say that a value of this type is absent"),
    };
}

macro_rules! optional {
    ($([$($generics:tt)*] $ty:ty;)*) => {$(
        impl<$($generics)*> Optional for $ty {
            const MASK: Mask = <$ty as Borrowed>::MASK;
            const MAYBE: Option<Part<Option<Self>>> = <$ty as Borrowed>::PART.optional();
        }
    )*};
}
optional! {
    [] &str; [] bool; [] i8; [] i16; [] i32; [] i64; [] isize; [] u8; [] u16; [] u32; [] u64; [] usize; [] f64;
    [T: Borrowed] &[T]; [T: Borrowed] Map<'_, T>;
    [] IntOrString<'_>; [] Quantity<'_>; [] Raw<'_>;
}

impl<T: Borrowed> Optional for &T {
    const MASK: Mask = T::MASK;
    // SAFETY: `None` is the address 0, as std documents.
    const MAYBE: Option<Part<Option<Self>>> = Some(unsafe { Part::away(T::PART) });
}

/// The entries of a JSON object with arbitrary keys, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Map<'a, V>(&'a [Pair<'a, V>]);

/// An entry of a [`Map`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Pair<'a, V> {
    key: &'a str,
    value: V,
}

impl<'a, V> Pair<'a, V> {
    /// Makes an entry.
    #[inline(always)]
    pub const fn new(key: &'a str, value: V) -> Self {
        Pair { key, value }
    }
}

impl<V> Default for Map<'_, V> {
    fn default() -> Self {
        Map(&[])
    }
}

impl<'a, V> Map<'a, V> {
    /// The map with these entries.
    #[inline(always)]
    pub const fn of(entries: &'a [Pair<'a, V>]) -> Self {
        Map(entries)
    }

    /// Iterates over the entries.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a V)> + use<'a, V> {
        self.0.iter().map(|pair| (pair.key, &pair.value))
    }

    /// The value of a key; if a key occurs twice, its last value.
    pub fn get(&self, key: &str) -> Option<&'a V> {
        self.0.iter().rev().find(|pair| pair.key == key).map(|pair| &pair.value)
    }

    /// The number of entries.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no entries.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<V: Borrowed> Borrowed for Map<'_, V> {
    const MASK: Mask = Mask::Map(&V::MASK);
    // SAFETY: an address and a number of pairs, which begin with their key and have the value at this offset.
    const PART: Part<Self> =
        unsafe { Part::map::<Pair<'_, V>, V>(core::mem::offset_of!(Pair<'_, V>, value), V::PART) };
}

/// The part of a struct, from the names of its fields. It spares the derives `unsafe` code.
#[doc(hidden)]
#[macro_export]
macro_rules! __part {
    ({ $($field:tt $name:literal)* }) => {{
        let fields = $crate::__private::Object::NEW$(.with(
            $name,
            ::core::mem::offset_of!(Self, $field),
            $crate::__part!(@of $field),
        ))*;
        // SAFETY: each of them is a field of `Self`.
        unsafe { $crate::__private::BorrowedPart::<Self>::object(fields) }
    }};
    ($field:tt) => {{
        // SAFETY: both name one field of `Self`.
        unsafe {
            $crate::__private::BorrowedPart::<Self>::only(::core::mem::offset_of!(Self, $field), $crate::__part!(@of $field))
        }
    }};
    (@of $field:tt) => {{
        const fn part_of<S, F: $crate::__private::Borrowed>(
            _: for<'x> fn(&'x S) -> &'x F,
        ) -> $crate::__private::BorrowedPart<F> {
            <F as $crate::__private::Borrowed>::PART
        }
        part_of(|whole: &Self| &whole.$field)
    }};
}

/// The part of a struct for writing, if each of its fields has one.
#[doc(hidden)]
#[macro_export]
macro_rules! __written_part {
    ({ $($field:tt $name:literal)* }) => {{
        let fields = Some($crate::__private::Object::NEW);
        $(
            let fields = match (fields, $crate::__written_part!(@of $field)) {
                (Some(fields), Some(part)) => Some(fields.with($name, ::core::mem::offset_of!(Self, $field), part)),
                _ => None,
            };
        )*
        match fields {
            // SAFETY: each of them is a field of `Self`.
            Some(fields) => Some(unsafe { $crate::__private::BorrowedPart::<Self>::object(fields) }),
            None => None,
        }
    }};
    ($field:tt) => {
        match $crate::__written_part!(@of $field) {
            // SAFETY: both name one field of `Self`.
            Some(part) => Some(unsafe {
                $crate::__private::BorrowedPart::<Self>::only(::core::mem::offset_of!(Self, $field), part)
            }),
            None => None,
        }
    };
    (@of $field:tt) => {{
        const fn part_of<S, F: $crate::__private::Serialize>(
            _: for<'x> fn(&'x S) -> &'x F,
        ) -> Option<$crate::__private::BorrowedPart<F>> {
            <F as $crate::__private::Serialize>::PART
        }
        part_of(|whole: &Self| &whole.$field)
    }};
}

/// The shape of a struct for writing, from its part: `$whole` is the struct with static lifetimes.
#[doc(hidden)]
#[macro_export]
macro_rules! __written {
    ($whole:ty) => {{
        const WHOLE: Option<$crate::__private::Bytes> = match <$whole as $crate::__private::Serialize>::PART {
            Some(part) => part.shape(),
            None => None,
        };
        const LEN: usize = match WHOLE {
            Some(whole) => whole.size(),
            None => 0,
        };
        const SHAPE: [u8; LEN] = match WHOLE {
            Some(whole) => whole.trimmed(),
            None => [0; LEN],
        };
        if LEN > 0 {
            // SAFETY: the shape is that of `Self`, and does not depend on lifetimes.
            Some(unsafe { $crate::__private::Written::<Self>::new(&SHAPE) })
        } else {
            None
        }
    }};
}

/// Writes a log line by its shape. The macros of the levels are in [`log`](mod@crate::log).
#[doc(hidden)]
#[macro_export]
macro_rules! __log_line {
    (@none $number:expr) => {
        ()
    };
    ($level:ident, $format:literal $(, $number:expr)* $(,)?) => {{
        const NUMBERS: usize = <[()]>::len(&[$($crate::__log_line!(@none $number)),*]);
        const LINE: $crate::__private::Bytes = $crate::__private::line_of($format, NUMBERS);
        const SHAPE: [u8; LINE.size()] = LINE.trimmed();
        // SAFETY: the shape is that of an array of this many numbers.
        let line = unsafe { $crate::__private::Written::<[u32; NUMBERS]>::new(&SHAPE) };
        line.log($crate::abi::LogLevel::$level, &[$($number),*]);
    }};
}

#[cfg(test)]
mod tests;
