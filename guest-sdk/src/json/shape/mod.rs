//! Shapes: constants that describe the layout of a type's values in memory. One decoder and one writer interpret
//! them.
//!
//! A derive that generates code costs a gatherer code for each field of each struct. A shape costs twelve bytes of
//! data per field, and its interpreter exists once. Only this folder converts shapes and addresses to references:
//! [`place`] for reading, [`view`] for writing. It does not deal with JSON; [`parse`](super::parse) and
//! [`write`](super::write) do.
//!
//! A [`Shape`] knows its type, and its constructors either prove the layout or are `unsafe`. For the fields of a
//! struct, the macro [`__shape!`](crate::__shape) is the proof: it takes the name of a field, and derives its offset
//! and its type.

// Converts addresses and shapes to references; see above.
#![allow(unsafe_code)]

mod place;
mod view;

pub(crate) use place::Place;
pub(in crate::json) use view::{View, What};

use super::parse::Parser;
use super::write::Writer;
use super::{Decode, Serialize};
use crate::Result;
use alloc::string::String;
use core::marker::PhantomData;

/// The layout of the values of `T`.
pub struct Shape<T> {
    part: Part,
    of: PhantomData<fn(T) -> T>,
}

impl<T> Clone for Shape<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Shape<T> {}

/// A shape without its type, and its offset in a larger one: twelve bytes in a gatherer.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Part {
    name: *const u8,
    more: More,
    offset: u16,
    name_len: u8,
    kind: u8,
}

/// Further data; the kind determines which field is valid.
#[derive(Clone, Copy)]
union More {
    nothing: (),
    /// The first field of a struct. The last one has the bit [`LAST`].
    fields: *const Part,
    grow: *const Grow,
    list: *const List,
    behind: *const Behind,
    read: unsafe fn(&mut Parser<'_>, *mut u8, u32) -> Result<()>,
    write: unsafe fn(&mut Writer<'_>, *const u8),
}

/// Appends a default element to a collection; the name is its key in JSON.
struct Grow {
    append: unsafe fn(*mut u8, &str) -> *mut u8,
    part: Part,
}

/// The elements of a collection: address, stride, and the offset of the name (a `String`) within an element, if any.
struct List {
    elements: unsafe fn(*const u8) -> (*const u8, usize),
    stride: u16,
    name: u16,
    part: Part,
}

/// Finds the actual value; null if there is none.
struct Behind {
    find: unsafe fn(*const u8) -> *const u8,
    part: Part,
}

const SKIP: u8 = 0;
const TEXT: u8 = 1;
const BOOL: u8 = 2;
const OBJECT: u8 = 3;
const SEQ: u8 = 4;
const MAP: u8 = 5;
/// A function reads or writes it; few gatherers need this.
const OTHER: u8 = 6;
const STR: u8 = 7;
const BEHIND: u8 = 8;
/// Plus the binary logarithm of the size in bytes, and [`SIGNED`].
const INTEGER: u8 = 16;
const SIGNED: u8 = 4;
/// For the elements of an array.
const NO_NAME: u16 = u16::MAX;
/// Marks the last field of a struct.
const LAST: u8 = 0x80;

// Kinds have the contract's numbers, because `rest_reject` passes them to the host.
const _: () = {
    use crate::abi::place::Wanted;
    assert!(SKIP as u32 == Wanted::UNSAID.0 && TEXT as u32 == Wanted::STRING.0);
    assert!(BOOL as u32 == Wanted::BOOLEAN.0 && OBJECT as u32 == Wanted::OBJECT.0);
    assert!(SEQ as u32 == Wanted::ARRAY.0 && MAP as u32 == Wanted::MAP.0 && OTHER as u32 == Wanted::OTHER.0);
    assert!(INTEGER as u32 == Wanted::INTEGER.0 && SIGNED as u32 == Wanted::SIGNED);
};

const NOTHING: Part =
    Part { name: core::ptr::null(), more: More { nothing: () }, offset: 0, name_len: 0, kind: SKIP };

const fn short(offset: usize) -> u16 {
    assert!(offset <= u16::MAX as usize, "what is read or written is within 64 KiB, element by element");
    offset as u16
}

impl Part {
    /// The field of `S` at an offset.
    ///
    /// # Safety
    ///
    /// The function returns the field at this offset.
    pub const unsafe fn field<S, F>(
        name: &'static str,
        offset: usize,
        _field: for<'a> fn(&'a mut S) -> &'a mut F,
        shape: Shape<F>,
    ) -> Self {
        let offset = offset + shape.part.offset as usize;
        assert!(name.len() <= u8::MAX as usize, "the name of a field has at most 255 bytes");
        Part { name: name.as_ptr(), name_len: name.len() as u8, offset: short(offset), ..shape.part }
    }

    /// Marks the last of the fields of a struct.
    pub const fn fields<const N: usize>(mut fields: [Part; N]) -> [Part; N] {
        assert!(N > 0, "a struct without fields has nothing that is read or written");
        fields[N - 1].kind |= LAST;
        fields
    }

    fn kind(&self) -> u8 {
        self.kind & !LAST
    }

    fn name(&self) -> &'static str {
        // SAFETY: `field` made both from one `&'static str`. Only fields have names, and only their names are used.
        unsafe {
            core::str::from_utf8_unchecked(core::slice::from_raw_parts(self.name, self.name_len.into()))
        }
    }
}

impl<T> Shape<T> {
    const fn new(kind: u8, more: More) -> Self {
        Shape { part: Part { kind, more, ..NOTHING }, of: PhantomData }
    }

    /// The shape of a struct.
    ///
    /// # Safety
    ///
    /// The fields are those of `T`, and [`Part::fields`] made the array.
    pub const unsafe fn object<const N: usize>(fields: &'static [Part; N]) -> Self {
        Shape::new(OBJECT, More { fields: fields.as_ptr() })
    }

    /// The shape of a struct that has the JSON of its only field.
    ///
    /// # Safety
    ///
    /// The field is one of `T`.
    pub const unsafe fn only(field: Part) -> Self {
        Shape { part: field, of: PhantomData }
    }
}

/// The shape of a struct, from the names of its fields. It spares the derives `unsafe` code.
#[doc(hidden)]
#[macro_export]
macro_rules! __shape {
    ($trait:ident { $($field:tt $name:literal)* }) => {{
        let fields = const { &$crate::__private::Part::fields([
            $($crate::__shape_field!($trait $field $name)),*
        ]) };
        // SAFETY: each of them is a field of `Self`.
        unsafe { $crate::__private::Shape::object(fields) }
    }};
    ($trait:ident $field:tt) => {{
        let field = $crate::__shape_field!($trait $field "");
        // SAFETY: it is a field of `Self`.
        unsafe { $crate::__private::Shape::only(field) }
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __shape_field {
    ($trait:ident $field:tt $name:literal) => {{
        const fn shape_of<S, F: $crate::__private::$trait>(
            _: for<'a> fn(&'a mut S) -> &'a mut F,
        ) -> $crate::__private::Shape<F> {
            <F as $crate::__private::$trait>::SHAPE
        }
        let shape = shape_of(|whole: &mut Self| &mut whole.$field);
        // SAFETY: both name the same field. (A field that is only reachable by `Deref` has no offset, and does not
        // compile.)
        unsafe {
            $crate::__private::Part::field(
                $name,
                ::core::mem::offset_of!(Self, $field),
                |whole: &mut Self| &mut whole.$field,
                shape,
            )
        }
    }};
}

impl Shape<String> {
    pub(super) const TEXT: Self = Shape::new(TEXT, More { nothing: () });
}

impl Shape<&str> {
    pub(super) const STR: Self = Shape::new(STR, More { nothing: () });
}

impl Shape<bool> {
    pub(super) const BOOL: Self = Shape::new(BOOL, More { nothing: () });
}

macro_rules! integers {
    ($($ty:ty, $is_signed:literal;)*) => {$(
        impl Shape<$ty> {
            pub(super) const INTEGER: Self = Shape::new(
                INTEGER | size_of::<$ty>().trailing_zeros() as u8 | if $is_signed { SIGNED } else { 0 },
                More { nothing: () },
            );
        }
    )*};
}
integers! {
    u8, false; u16, false; u32, false; u64, false; usize, false;
    i8, true; i16, true; i32, true; i64, true; isize, true;
}

/// A collection that can be read.
pub(super) trait Append {
    type Element: Decode;

    /// Appends a default element.
    fn append(&mut self, name: &str) -> &mut Self::Element;
}

/// The shape of a JSON array.
pub(super) const fn seq<A: Append>() -> Shape<A> {
    Shape::new(SEQ, More { grow: grow::<A>() })
}

/// The shape of a JSON object with arbitrary keys.
pub(super) const fn map<A: Append>() -> Shape<A> {
    Shape::new(MAP, More { grow: grow::<A>() })
}

const fn grow<A: Append>() -> &'static Grow {
    unsafe fn append<A: Append>(at: *mut u8, name: &str) -> *mut u8 {
        // SAFETY: the caller is a `Place`, with the address of a value of its shape.
        let all = unsafe { &mut *at.cast::<A>() };
        core::ptr::from_mut(all.append(name)).cast()
    }
    const { &Grow { append: append::<A>, part: <A::Element as Decode>::SHAPE.part } }
}

/// A type with its own function for reading.
pub(super) trait Read {
    fn read(&mut self, parser: &mut Parser<'_>, depth: u32) -> Result<()>;
}

/// The shape of such a type.
pub(super) const fn read<R: Read>() -> Shape<R> {
    unsafe fn read<R: Read>(parser: &mut Parser<'_>, at: *mut u8, depth: u32) -> Result<()> {
        // SAFETY: the caller is a `Place`, with the address of a value of its shape.
        unsafe { &mut *at.cast::<R>() }.read(parser, depth)
    }
    Shape::new(OTHER, More { read: read::<R> })
}

/// A type that is written as another value that it contains, or not at all.
pub(super) trait Find {
    type Target: Serialize;

    fn find(&self) -> Option<&Self::Target>;
}

/// The shape of such a type.
pub(super) const fn behind<F: Find>() -> Shape<F> {
    unsafe fn find<F: Find>(at: *const u8) -> *const u8 {
        // SAFETY: the caller is a `View`, with the address of a value of its shape.
        match unsafe { &*at.cast::<F>() }.find() {
            Some(target) => core::ptr::from_ref(target).cast(),
            None => core::ptr::null(),
        }
    }
    let behind = const { &Behind { find: find::<F>, part: <F::Target as Serialize>::SHAPE.part } };
    Shape::new(BEHIND, More { behind })
}

/// A collection that can be written.
pub(super) trait Slice {
    type Element;

    fn slice(&self) -> &[Self::Element];
}

unsafe fn elements<S: Slice>(at: *const u8) -> (*const u8, usize) {
    // SAFETY: the caller is a `View`, with the address of a value of its shape.
    let slice = unsafe { &*at.cast::<S>() }.slice();
    (slice.as_ptr().cast(), slice.len())
}

/// The shape of a collection that is written as a JSON array.
pub(super) const fn array<S: Slice<Element: Serialize>>() -> Shape<S> {
    let list = const {
        &List {
            elements: elements::<S>,
            stride: short(size_of::<S::Element>()),
            name: NO_NAME,
            part: <S::Element as Serialize>::SHAPE.part,
        }
    };
    Shape::new(SEQ, More { list })
}

/// The shape of a collection of names and values that is written as a JSON object.
pub(super) const fn pairs<S: Slice<Element = (String, T)>, T: Serialize>() -> Shape<S> {
    let list = const {
        let part = T::SHAPE.part;
        let offset = part.offset as usize + core::mem::offset_of!((String, T), 1);
        &List {
            elements: elements::<S>,
            stride: short(size_of::<(String, T)>()),
            name: short(core::mem::offset_of!((String, T), 0)),
            part: Part { offset: short(offset), ..part },
        }
    };
    Shape::new(MAP, More { list })
}

/// A type with its own function for writing.
pub(super) trait Write {
    fn write(&self, writer: &mut Writer<'_>);

    /// Whether objects leave it out.
    fn is_null(&self) -> bool {
        false
    }
}

/// The shape of such a type.
pub(super) const fn write<W: Write>() -> Shape<W> {
    unsafe fn write<W: Write>(writer: &mut Writer<'_>, at: *const u8) {
        // SAFETY: the caller is a `View`, with the address of a value of its shape.
        unsafe { &*at.cast::<W>() }.write(writer);
    }
    Shape::new(OTHER, More { write: write::<W> })
}

/// The shape of such a type if it may be `null`.
pub(super) const fn write_if<W: Write>() -> Shape<W> {
    unsafe fn find<W: Write>(at: *const u8) -> *const u8 {
        // SAFETY: the caller is a `View`, with the address of a value of its shape.
        if unsafe { &*at.cast::<W>() }.is_null() { core::ptr::null() } else { at }
    }
    Shape::new(BEHIND, More { behind: const { &Behind { find: find::<W>, part: write::<W>().part } } })
}
