//! Shapes: how values of a type lie in memory, as constants that one decoder and one writer walk through.
//!
//! A derive that writes code costs a gatherer code for each field of each struct. A shape costs twelve bytes of data for a
//! field, and what walks through it is there once. This file is the door between the two: it alone makes references of
//! shapes and addresses. What the JSON is like is not its business; that is [`parse`](super::parse) and [`write`](super::write).
//!
//! A [`Shape`] knows its type, and what makes one either proves what it says or is `unsafe`. For the fields of a struct the
//! proof is the macro [`__shape!`](crate::__shape): it takes the name of a field, and finds its place and its type itself.

// Addresses and shapes become references; see above.
#![allow(unsafe_code)]

use super::Decode;
use super::parse::Parser;
use crate::abi::Status;
use crate::{Error, Result};
use alloc::string::String;
use core::marker::PhantomData;

/// How values of `T` lie in memory.
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

/// A shape that has forgotten its type, and where it lies in a larger one: twelve bytes in a gatherer.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Part {
    name: *const u8,
    more: More,
    offset: u16,
    name_len: u8,
    kind: u8,
}

/// What there is to know beyond the kind; which of them, the kind says.
#[derive(Clone, Copy)]
union More {
    nothing: (),
    /// The first field of a struct. The last has the bit [`LAST`].
    fields: *const Part,
    elements: *const Elements,
    read: unsafe fn(&mut Parser<'_>, *mut u8, u32) -> Result<()>,
}

/// How a collection grows by a default, whose name is that of its key in JSON.
struct Elements {
    append: unsafe fn(*mut u8, &str) -> *mut u8,
    part: Part,
}

const SKIP: u8 = 0;
const TEXT: u8 = 1;
const BOOL: u8 = 2;
const OBJECT: u8 = 3;
const SEQ: u8 = 4;
const MAP: u8 = 5;
/// By a function of its own: what few gatherers need.
const OTHER: u8 = 6;
/// And the binary logarithm of its bytes, and [`SIGNED`].
const INTEGER: u8 = 16;
const SIGNED: u8 = 4;
/// Of a struct's fields.
const LAST: u8 = 0x80;

const NOTHING: Part =
    Part { name: core::ptr::null(), more: More { nothing: () }, offset: 0, name_len: 0, kind: SKIP };

impl Part {
    /// The field of `S` at an offset.
    ///
    /// # Safety
    ///
    /// At the offset is the field that the function gives.
    pub const unsafe fn field<S, F>(
        name: &'static str,
        offset: usize,
        _field: for<'a> fn(&'a mut S) -> &'a mut F,
        shape: Shape<F>,
    ) -> Self {
        let offset = offset + shape.part.offset as usize;
        assert!(offset <= u16::MAX as usize, "a field that is read or written is within the first 64 KiB");
        assert!(name.len() <= u8::MAX as usize, "the name of a field has at most 255 bytes");
        Part { name: name.as_ptr(), name_len: name.len() as u8, offset: offset as u16, ..shape.part }
    }

    /// The fields of one struct, the last of them marked.
    pub const fn fields<const N: usize>(mut fields: [Part; N]) -> [Part; N] {
        assert!(N > 0, "a struct without fields has nothing that is read or written");
        fields[N - 1].kind |= LAST;
        fields
    }

    fn kind(&self) -> u8 {
        self.kind & !LAST
    }

    fn name(&self) -> &'static str {
        // SAFETY: `field` made both of one `&'static str`. Where there is no name, nobody asks: only fields are named.
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
    /// The fields are of `T`, and [`Part::fields`] made them.
    pub const unsafe fn object<const N: usize>(fields: &'static [Part; N]) -> Self {
        Shape::new(OBJECT, More { fields: fields.as_ptr() })
    }

    /// The shape of a struct that is as one of its fields.
    ///
    /// # Safety
    ///
    /// The field is of `T`.
    pub const unsafe fn only(field: Part) -> Self {
        Shape { part: field, of: PhantomData }
    }
}

/// The shape of a struct by the names of its fields, for the derives: their code then has no `unsafe` of its own.
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
        // SAFETY: both name one field. (One that comes by `Deref` only has no offset, and does not compile.)
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

/// A collection to be read.
pub(super) trait Append {
    type Element: Decode;

    /// The default, appended.
    fn append(&mut self, name: &str) -> &mut Self::Element;
}

/// The shape of a JSON array.
pub(super) const fn seq<A: Append>() -> Shape<A> {
    Shape::new(SEQ, More { elements: elements::<A>() })
}

/// The shape of a JSON object whose keys are not known.
pub(super) const fn map<A: Append>() -> Shape<A> {
    Shape::new(MAP, More { elements: elements::<A>() })
}

const fn elements<A: Append>() -> &'static Elements {
    unsafe fn append<A: Append>(at: *mut u8, name: &str) -> *mut u8 {
        // SAFETY: a `Place` calls it, with the address of a value of its shape.
        let all = unsafe { &mut *at.cast::<A>() };
        core::ptr::from_mut(all.append(name)).cast()
    }
    const { &Elements { append: append::<A>, part: <A::Element as Decode>::SHAPE.part } }
}

/// What is read by a function of its own.
pub(super) trait Read {
    fn read(&mut self, parser: &mut Parser<'_>, depth: u32) -> Result<()>;
}

/// The shape of what is read so.
pub(super) const fn read<R: Read>() -> Shape<R> {
    unsafe fn read<R: Read>(parser: &mut Parser<'_>, at: *mut u8, depth: u32) -> Result<()> {
        // SAFETY: a `Place` calls it, with the address of a value of its shape.
        unsafe { &mut *at.cast::<R>() }.read(parser, depth)
    }
    Shape::new(OTHER, More { read: read::<R> })
}

/// Where a value is, while it is read: it is valid at any time.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    part: &'static Part,
    at: *mut u8,
    value: PhantomData<&'a mut ()>,
}

const MISFIT: Error = Error::new(Status::DECODE);

impl<'a> Place<'a> {
    /// The place of a value.
    #[inline(always)]
    pub(super) fn of<T: Decode>(value: &'a mut T) -> Self {
        let part = const { &T::SHAPE.part };
        Place { part, at: core::ptr::from_mut(value).cast(), value: PhantomData }.below(part)
    }

    /// What is read and not wanted.
    const NOWHERE: Self = Place { part: &NOTHING, at: core::ptr::null_mut(), value: PhantomData };

    fn below(self, part: &'static Part) -> Self {
        // SAFETY: the offset is that of a field of the value, or 0, so it stays within.
        Place { part, at: unsafe { self.at.add(part.offset.into()) }, value: PhantomData }
    }

    /// Whether a value that begins with this bracket can be here.
    pub(super) fn takes(&self, open: u8) -> bool {
        match self.part.kind() {
            SKIP => true,
            SEQ => open == b'[',
            OBJECT | MAP => open == b'{',
            _ => false,
        }
    }

    /// Reads it with a function of its own, if it has one.
    pub(super) fn read(&mut self, parser: &mut Parser<'_>, depth: u32) -> Option<Result<()>> {
        if self.part.kind() != OTHER {
            return None;
        }
        // SAFETY: a part of this kind that is read has this, and its address is that of a value of the type.
        Some(unsafe { (self.part.more.read)(parser, self.at, depth) })
    }

    pub(super) fn text(&mut self, text: &str) -> Result<()> {
        match self.part.kind() {
            // SAFETY: what has this kind is a `String`, borrowed mutably.
            TEXT => unsafe { *self.at.cast::<String>() = String::from(text) },
            SKIP => {}
            _ => return Err(MISFIT),
        }
        Ok(())
    }

    pub(super) fn boolean(&mut self, value: bool) -> Result<()> {
        match self.part.kind() {
            // SAFETY: what has this kind is a `bool`, borrowed mutably.
            BOOL => unsafe { *self.at.cast::<bool>() = value },
            SKIP => {}
            _ => return Err(MISFIT),
        }
        Ok(())
    }

    /// Whether nobody wants it.
    pub(super) fn is_nowhere(&self) -> bool {
        self.part.kind() == SKIP
    }

    pub(super) fn integer(&mut self, negative: bool, magnitude: u64) -> Result<()> {
        let kind = self.part.kind();
        if kind == SKIP {
            return Ok(());
        }
        if kind < INTEGER {
            return Err(MISFIT);
        }
        let (log, is_signed) = (kind & 3, kind & SIGNED != 0);
        let most = u64::MAX >> (64 - (8 << log) + u32::from(is_signed));
        let most = match (negative, is_signed) {
            (false, _) => most,
            (true, true) => most + 1,
            (true, false) => 0,
        };
        if magnitude > most {
            return Err(MISFIT);
        }
        let value = if negative { magnitude.wrapping_neg() } else { magnitude };
        // SAFETY: what has this kind is an integer of that many bytes, borrowed mutably.
        unsafe {
            match log {
                0 => *self.at = value as u8,
                1 => *self.at.cast::<u16>() = value as u16,
                2 => *self.at.cast::<u32>() = value as u32,
                _ => *self.at.cast::<u64>() = value,
            }
        }
        Ok(())
    }

    /// Where an element belongs: to the end of a collection, or to the field of that name.
    pub(super) fn element(&mut self, name: &str) -> Place<'_> {
        match self.part.kind() {
            OBJECT => {
                // SAFETY: what has this kind has fields of a struct, of which one is the last.
                let mut field = unsafe { &*self.part.more.fields };
                while field.name() != name {
                    if field.kind & LAST != 0 {
                        return Place::NOWHERE;
                    }
                    // SAFETY: not the last, so the next is in the same array.
                    field = unsafe { &*core::ptr::from_ref(field).add(1) };
                }
                self.below(field)
            }
            SEQ | MAP => {
                // SAFETY: what has this kind has this, and is a collection of that type, borrowed mutably.
                let elements = unsafe { &*self.part.more.elements };
                // SAFETY: as above.
                let at = unsafe { (elements.append)(self.at, name) };
                Place { at, ..*self }.below(&elements.part)
            }
            _ => Place::NOWHERE,
        }
    }
}
