//! Items that the host decodes: structs that borrow what is in them, without a parser and without a heap.
//!
//! A struct with a lifetime is decoded by the host, straight into the gatherer's memory: texts are `&str`, lists are `&[T]`, maps are [`Map`],
//! and what may be absent is `Option<&str>`, `Option<&[T]>` or `Option<&T>` of a struct. A struct without a lifetime is decoded here, by
//! [`json`](crate::json), and owns what is in it.
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

// What lies in memory as a host writes it is said here, type by type.
#![allow(unsafe_code)]

mod items;
mod part;
mod written;

pub(crate) use items::read_as;
pub use items::{BorrowedItems, Item};
#[doc(hidden)]
pub use part::line_of;
pub use part::{Bytes, Object, Part};
pub use written::Written;
pub(crate) use written::{
    PART_OF_STRING, part_of_collected, part_of_list, part_of_map, part_of_option, part_of_optional_list,
    part_of_reference,
};

use crate::json::Mask;

/// How a type that borrows lies in memory: what a field of a [borrowed](self) struct can be.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a struct that a host decodes",
    note = "texts are `&'a str`, lists `&'a [T]`, maps `Map<'a, T>`, optional structs `Option<&'a T>`; a struct needs `#[derive(Fields)]` and a lifetime"
)]
pub trait Borrowed: Sized {
    /// Which parts of it are wanted.
    const MASK: Mask = Mask::Whole;

    /// Its part of a shape.
    #[doc(hidden)]
    const PART: Part<Self>;
}

/// A resource whose items a host decodes; [`#[derive(Resource)]`](derive@crate::Resource) implements it for structs with a lifetime.
pub trait Shaped: Borrowed + 'static {
    /// The same with a shorter life.
    type Of<'a>;

    /// The shape that a host is given.
    #[doc(hidden)]
    const SHAPE: &'static [u8];

    /// With a shorter life.
    #[doc(hidden)]
    fn shorten<'a>(&'a self) -> &'a Self::Of<'a>;
}

// References to slices and to texts are an address and a length, in this order, or this does not compile. (That references are as raw
// pointers is documented, and that those are so is not.)
const _: () = {
    let pair = core::ptr::slice_from_raw_parts::<u8>(core::ptr::without_provenance(16), 5);
    // SAFETY: a pointer without provenance is a number, and if the sizes differ this does not compile.
    let [address, len] = unsafe { core::mem::transmute::<*const [u8], [usize; 2]>(pair) };
    assert!(address == 16 && len == 5);
    let none: Option<&str> = None;
    // SAFETY: an `Option` of a reference has the reference's size, and a null address is its only value that is none.
    assert!(unsafe { core::ptr::from_ref(&none).cast::<*const u8>().read() }.is_null());
};

impl Borrowed for &str {
    // SAFETY: an address and a length, see above; the host has checked the text.
    const PART: Part<Self> = unsafe { Part::plain(b't') };
}

impl Borrowed for bool {
    // SAFETY: a byte that is 0 or 1.
    const PART: Part<Self> = unsafe { Part::plain(b'y') };
}

macro_rules! numbers {
    ($($ty:ty, $kind:expr;)*) => {$(
        impl Borrowed for $ty {
            // SAFETY: a number of that size, as this target has them: little-endian.
            const PART: Part<Self> = unsafe { Part::plain($kind) };
        }
    )*};
}
numbers! {
    i8, b'b'; i16, b'h'; i32, b'i'; i64, b'q';
    u8, b'B'; u16, b'H'; u32, b'I'; u64, b'Q';
    isize, if size_of::<isize>() == 4 { b'i' } else { b'q' };
    usize, if size_of::<usize>() == 4 { b'I' } else { b'Q' };
    f64, b'd';
}

#[cfg(target_endian = "big")]
compile_error!("what a host writes into memory is little-endian");

impl<T: Borrowed> Borrowed for &[T] {
    const MASK: Mask = T::MASK;
    // SAFETY: an address and a number of elements, see above.
    const PART: Part<Self> = unsafe { Part::list(T::PART) };
}

impl Borrowed for Option<&str> {
    // SAFETY: a text whose address is 0 is none, see above.
    const PART: Part<Self> = unsafe { Part::or_null(<&str>::PART) };
}

impl<T: Borrowed> Borrowed for Option<&[T]> {
    const MASK: Mask = T::MASK;
    // SAFETY: a list whose address is 0 is none, as of texts.
    const PART: Part<Self> = unsafe { Part::or_null(<&[T]>::PART) };
}

impl<T: Borrowed> Borrowed for Option<&T> {
    const MASK: Mask = T::MASK;
    // SAFETY: `None` is the address 0, which std documents.
    const PART: Part<Self> = unsafe { Part::away(T::PART) };
}

/// The pairs of a JSON object whose keys are not known, in their order.
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct Map<'a, V>(&'a [Pair<'a, V>]);

#[derive(Clone, Copy, Debug)]
#[repr(C)]
struct Pair<'a, V> {
    key: &'a str,
    value: V,
}

impl<V> Default for Map<'_, V> {
    fn default() -> Self {
        Map(&[])
    }
}

impl<'a, V> Map<'a, V> {
    /// The pairs.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a V)> + use<'a, V> {
        self.0.iter().map(|pair| (pair.key, &pair.value))
    }

    /// The value of a key; of one that came twice the last.
    pub fn get(&self, key: &str) -> Option<&'a V> {
        self.0.iter().rev().find(|pair| pair.key == key).map(|pair| &pair.value)
    }

    /// How many pairs there are.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<V: Borrowed> Borrowed for Map<'_, V> {
    const MASK: Mask = Mask::Map(&V::MASK);
    // SAFETY: an address and a number of pairs, which begin with their key and have the value where it is.
    const PART: Part<Self> =
        unsafe { Part::map::<Pair<'_, V>, V>(core::mem::offset_of!(Pair<'_, V>, value), V::PART) };
}

/// The part of a struct by the names of its fields, for the derives: their code then has no `unsafe` of its own.
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

/// The part of a struct that is written, if each of its fields has one.
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

/// The shape of a struct that is written, by its part: `$whole` is the struct with lifetimes that are static.
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
            // SAFETY: it is that of `Self`, whose lifetimes have no part in it.
            Some(unsafe { $crate::__private::Written::<Self>::new(&SHAPE) })
        } else {
            None
        }
    }};
}

/// A line of the log, by its shape. The levels' macros are in [`log`](mod@crate::log).
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
        // SAFETY: it is that of so many numbers.
        let line = unsafe { $crate::__private::Written::<[u32; NUMBERS]>::new(&SHAPE) };
        line.log($crate::abi::LogLevel::$level, &[$($number),*]);
    }};
}

#[cfg(test)]
mod tests;
