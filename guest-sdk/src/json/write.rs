//! The writer: it writes values as JSON directly into an archive entry.

use super::decode::Whole;
use super::shape::{self, Find, Shape, Slice, View, What, Write};
use crate::archive::Entry;
use crate::arena;
use crate::decimal::Decimal;
use crate::error::Result;
use crate::typed::{self, Borrowed, Map, Part, Written};
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use miniserde::ser::Fragment;

/// The bytes of one write to an entry: few calls of the host, little memory.
const CHUNK_BYTES: usize = 1024;

/// A type that can be written as JSON.
///
/// [`#[derive(Serialize)]`](derive@crate::Serialize) implements it for structs. These standard types implement it:
/// strings, `bool`, the integers up to 64 bits, `f32`, `f64`, and `Option`, `Vec`, slices, arrays, `Box`, references
/// and `BTreeMap<String, _>` of such types. So do [`Pairs`](super::Pairs), [`Raw`](super::Raw),
/// [`IntOrString`](super::IntOrString) and [`Quantity`](crate::quantity::Quantity). [`Whole`] wraps a type that only
/// has miniserde's `Serialize`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be written as JSON",
    note = "these types can: structs with `#[derive(Serialize)]`, strings, bools, numbers, and `Option`, `Vec`, `&[_]`, `Box` and `BTreeMap<String, _>` of such types"
)]
pub trait Serialize: Sized {
    /// Its layout in memory.
    const SHAPE: Shape<Self>;

    /// Its part of a shape, if the host can write it.
    #[doc(hidden)]
    const PART: Option<Part<Self>> = None;

    /// The same for `Option<Self>`.
    #[doc(hidden)]
    const OPTIONAL: Option<Part<Option<Self>>> = None;

    /// Its shape, if the host can write it.
    #[doc(hidden)]
    const WRITTEN: Option<Written<Self>> = None;
}

/// Writes a value as an entry of the archive: creates it, writes and closes it.
///
/// # Errors
///
/// Those of [`Entry`].
#[inline(always)]
pub fn to_entry<T: Serialize>(name: &str, value: &T) -> Result<()> {
    match const { T::WRITTEN } {
        Some(shape) => {
            let mut entry = Entry::create(name)?;
            entry.append_as(shape, value, 0)?;
            entry.close()
        }
        None => entry_of(name, View::of(value)),
    }
}

fn entry_of(name: &str, view: Option<View<'_>>) -> Result<()> {
    let mut entry = Entry::create(name)?;
    write_to(&mut entry, view)?;
    entry.close()
}

/// Appends a value to an entry.
///
/// # Errors
///
/// Those of [`Entry::append`].
#[inline(always)]
pub fn write<T: Serialize>(entry: &mut Entry, value: &T) -> Result<()> {
    match const { T::WRITTEN } {
        Some(shape) => entry.append_as(shape, value, 0),
        None => write_to(entry, View::of(value)),
    }
}

fn write_to(entry: &mut Entry, view: Option<View<'_>>) -> Result<()> {
    let mut chunk = Chunk::new();
    let mut writer = Writer { chunk: &mut chunk, sink: entry, result: Ok(()) };
    writer.value(view);
    writer.flush();
    writer.result
}

/// Converts a value to a JSON string.
pub fn to_string<T: Serialize>(value: &T) -> String {
    let mut bytes = Vec::new();
    let mut chunk = Chunk::new();
    let mut writer = Writer { chunk: &mut chunk, sink: &mut bytes, result: Ok(()) };
    writer.value(View::of(value));
    writer.flush();
    // The bytes are a concatenation of strings.
    String::from_utf8(bytes).unwrap_or_default()
}

/// An entry that contains a JSON array, written element by element. It needs the memory of one element, whatever
/// their number.
///
/// ```
/// use wagather::json::ArrayEntry;
/// # let run = wagather::fake::Host::new().run(|| {
/// let mut squares = ArrayEntry::create("squares.json")?;
/// for number in 0..4u32 {
///     squares.push(&(number * number))?;
/// }
/// squares.close()
/// # });
/// # assert_eq!(run.entry("squares.json"), "[0,1,4,9]");
/// ```
#[must_use = "an entry that is not closed is left out of the archive"]
pub struct ArrayEntry {
    entry: Entry,
    separator: u8,
}

impl ArrayEntry {
    /// Opens the entry.
    ///
    /// # Errors
    ///
    /// Those of [`Entry::create`].
    #[inline(always)]
    pub fn create(name: &str) -> Result<Self> {
        Ok(ArrayEntry { entry: Entry::create(name)?, separator: b'[' })
    }

    /// Opens an entry in which something comes before the list.
    #[inline(always)]
    pub(crate) fn create_after(name: &str, before: &[u8]) -> Result<Self> {
        let mut array = ArrayEntry::create(name)?;
        array.entry.append(before)?;
        Ok(array)
    }

    /// Appends an element.
    ///
    /// # Errors
    ///
    /// Those of [`Entry::append`].
    #[inline(always)]
    pub fn push<T: Serialize>(&mut self, element: &T) -> Result<()> {
        match const { T::WRITTEN } {
            Some(shape) => {
                let separator = core::mem::replace(&mut self.separator, b',');
                self.entry.append_as(shape, element, separator)
            }
            None => self.push_view(View::of(element)),
        }
    }

    fn push_view(&mut self, view: Option<View<'_>>) -> Result<()> {
        let mut chunk = Chunk::new();
        let mut writer = Writer { chunk: &mut chunk, sink: &mut self.entry, result: Ok(()) };
        writer.put(self.separator);
        self.separator = b',';
        writer.value(view);
        writer.flush();
        writer.result
    }

    /// Completes the entry.
    ///
    /// # Errors
    ///
    /// Those of [`Entry::close`].
    #[inline(always)]
    pub fn close(self) -> Result<()> {
        self.close_before(b"[]")
    }

    /// Completes an entry that ends in this if the list is empty.
    #[inline(always)]
    pub(crate) fn close_before(mut self, empty: &[u8]) -> Result<()> {
        let end = if self.separator == b'[' { empty } else { empty.get(1..).unwrap_or(empty) };
        self.entry.append(end)?;
        self.entry.close()
    }
}

/// The destination of chunks.
trait Sink {
    fn append(&mut self, bytes: &[u8]) -> Result<()>;
}

impl Sink for Entry {
    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        Entry::append(self, bytes)
    }
}

impl Sink for Vec<u8> {
    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.extend_from_slice(bytes);
        Ok(())
    }
}

type Chunk = heapless::Vec<u8, CHUNK_BYTES>;

pub(super) struct Writer<'a> {
    chunk: &'a mut Chunk,
    sink: &'a mut dyn Sink,
    /// The first failure. After it, nothing is written.
    result: Result<()>,
}

impl Writer<'_> {
    fn flush(&mut self) {
        if self.result.is_ok() {
            self.result = self.sink.append(self.chunk);
        }
        self.chunk.clear();
    }

    fn put(&mut self, byte: u8) {
        if self.chunk.push(byte).is_err() {
            self.flush();
            // There is space now.
            let _ = self.chunk.push(byte);
        }
    }

    pub(super) fn text(&mut self, text: &[u8]) {
        for byte in text {
            self.put(*byte);
        }
    }

    pub(super) fn value(&mut self, view: Option<View<'_>>) {
        let Some(view) = view else { return self.text(b"null") };
        let (mut elements, open) = match view.what(self) {
            What::Text(text) => return self.string(text),
            What::Bool(value) => return self.text(if value { b"true" } else { b"false" }),
            What::Integer(negative, magnitude) => {
                return self.text(Decimal::new(negative, magnitude).as_bytes());
            }
            What::Array(elements) => (elements, b'['),
            What::Object(elements) => (elements, b'{'),
            What::Written => return,
        };
        let mut separator = open;
        for (name, view) in &mut elements {
            if open == b'{' {
                // A `null` field is left out.
                if view.is_none() {
                    continue;
                }
                self.put(separator);
                self.string(name);
                self.put(b':');
            } else {
                self.put(separator);
            }
            separator = b',';
            self.value(view);
        }
        self.end(separator, open);
    }

    /// Writes the closing bracket, and before it the opening one if that was not written yet.
    fn end(&mut self, separator: u8, open: u8) {
        if separator == open {
            self.put(open);
        }
        // In both cases, the closing bracket is the opening one plus 2.
        self.put(open + 2);
    }

    fn string(&mut self, text: &str) {
        self.put(b'"');
        for &byte in text.as_bytes() {
            let escaped = match byte {
                b'"' | b'\\' => byte,
                b'\n' => b'n',
                b'\t' => b't',
                b'\r' => b'r',
                0..0x20 => {
                    self.text(b"\\u00");
                    self.put(b'0' + (byte >> 4));
                    let low = byte & 15;
                    self.put(if low < 10 { b'0' + low } else { b'a' - 10 + low });
                    continue;
                }
                _ => {
                    self.put(byte);
                    continue;
                }
            };
            self.put(b'\\');
            self.put(escaped);
        }
        self.put(b'"');
    }

    /// A float with 15 significant digits; `null` if it is not finite. The text is neither the shortest nor exact to
    /// the last bit, because exact conversion takes 10 KB of tables, and gatherers mainly write counts.
    fn float(&mut self, number: f64) {
        if !number.is_finite() {
            self.text(b"null");
            return;
        }
        let negative = number < 0.0;
        // A larger value would round up to a number outside the range.
        let mut magnitude = (if negative { -number } else { number }).min(1.797_693_134_862_31e308);
        let mut exponent = 0i64;
        if magnitude != 0.0 {
            while magnitude >= 1e15 {
                magnitude /= 10.0;
                exponent += 1;
            }
            while magnitude < 1e14 {
                magnitude *= 10.0;
                exponent -= 1;
            }
        }
        let mut digits = (magnitude + 0.5) as u64;
        while exponent < 0 && digits.is_multiple_of(10) {
            digits /= 10;
            exponent += 1;
        }
        self.text(Decimal::new(negative, digits).as_bytes());
        if exponent != 0 {
            self.put(b'e');
            self.text(Decimal::new(exponent < 0, exponent.unsigned_abs()).as_bytes());
        }
    }

    /// Writes a fragment of miniserde's `Serialize`.
    fn fragment(&mut self, fragment: Fragment<'_>) {
        match fragment {
            Fragment::Null => self.text(b"null"),
            Fragment::Bool(value) => self.text(if value { b"true" } else { b"false" }),
            Fragment::Str(text) => self.string(&text),
            Fragment::U64(number) => self.text(Decimal::new(false, number).as_bytes()),
            Fragment::I64(number) => self.text(Decimal::new(number < 0, number.unsigned_abs()).as_bytes()),
            Fragment::F64(number) => self.float(number),
            Fragment::Seq(mut seq) => {
                let mut separator = b'[';
                while let Some(element) = seq.next() {
                    self.put(separator);
                    separator = b',';
                    self.fragment(element.begin());
                }
                self.end(separator, b'[');
            }
            Fragment::Map(mut map) => {
                let mut separator = b'{';
                while let Some((key, value)) = map.next() {
                    let value = value.begin();
                    if matches!(value, Fragment::Null) {
                        continue;
                    }
                    self.put(separator);
                    separator = b',';
                    self.string(&key);
                    self.put(b':');
                    self.fragment(value);
                }
                self.end(separator, b'{');
            }
        }
    }
}

impl Serialize for String {
    const SHAPE: Shape<Self> = Shape::TEXT;
}

impl Serialize for &str {
    const SHAPE: Shape<Self> = Shape::STR;
    const PART: Option<Part<Self>> = Some(<Self as Borrowed>::PART);
    const OPTIONAL: Option<Part<Option<Self>>> = typed::optional(<Self as Serialize>::PART);
}

impl Serialize for bool {
    const SHAPE: Shape<Self> = Shape::BOOL;
    const PART: Option<Part<Self>> = Some(<Self as Borrowed>::PART);
    const OPTIONAL: Option<Part<Option<Self>>> = typed::optional(<Self as Serialize>::PART);
}

macro_rules! integers {
    ($($ty:ty)*) => {$(
        impl Serialize for $ty {
            const SHAPE: Shape<Self> = Shape::<$ty>::INTEGER;
            const PART: Option<Part<Self>> = Some(<Self as Borrowed>::PART);
            const OPTIONAL: Option<Part<Option<Self>>> = typed::optional(<Self as Serialize>::PART);
        }
    )*};
}
integers!(u8 u16 u32 u64 usize i8 i16 i32 i64 isize);

macro_rules! written {
    ($([$($generics:tt)*] $ty:ty, $part:expr, $optional:expr, |$value:ident, $writer:ident| $write:expr;)*) => {$(
        impl<$($generics)*> Serialize for $ty {
            const SHAPE: Shape<Self> = shape::write();
            const PART: Option<Part<Self>> = $part;
            const OPTIONAL: Option<Part<Option<Self>>> = $optional;
        }

        impl<$($generics)*> Write for $ty {
            fn write(&self, $writer: &mut Writer<'_>) {
                let $value = self;
                $write
            }
        }
    )*};
}
written! {
    [] f32, None, None, |value, writer| writer.float(f64::from(*value));
    [] f64, Some(<Self as Borrowed>::PART), typed::optional(<Self as Serialize>::PART), |value, writer| writer.float(*value);
    [] Cow<'_, str>, None, None, |value, writer| writer.string(value);
    [] arena::String, Some(typed::PART_OF_STRING), None, |value, writer| writer.string(value);
    [T: Serialize] Map<'_, T>, typed::part_of_map(T::PART), typed::optional(<Self as Serialize>::PART), |value, writer| {
        let mut separator = b'{';
        for (name, value) in value.iter() {
            let Some(view) = View::of(value) else { continue };
            writer.put(separator);
            separator = b',';
            writer.string(name);
            writer.put(b':');
            writer.value(Some(view));
        }
        writer.end(separator, b'{');
    };
    [T: Serialize] BTreeMap<String, T>, None, None, |value, writer| {
        let mut separator = b'{';
        for (name, value) in value {
            let Some(view) = View::of(value) else { continue };
            writer.put(separator);
            separator = b',';
            writer.string(name);
            writer.put(b':');
            writer.value(Some(view));
        }
        writer.end(separator, b'{');
    };
}

macro_rules! behind {
    ($([$($generics:tt)*] $ty:ty => $target:ty, $part:expr, $optional:expr, |$value:ident| $find:expr;)*) => {$(
        impl<$($generics)*> Serialize for $ty {
            const SHAPE: Shape<Self> = shape::behind();
            const PART: Option<Part<Self>> = $part;
            const OPTIONAL: Option<Part<Option<Self>>> = $optional;
        }

        impl<$($generics)*> Find for $ty {
            type Target = $target;

            fn find(&self) -> Option<&$target> {
                let $value = self;
                $find
            }
        }
    )*};
}
behind! {
    [T: Serialize] &T => T, typed::part_of_reference(T::PART), typed::part_of_option(T::PART), |value| Some(value);
    [T: Serialize] Box<T> => T, None, None, |value| Some(value);
    [T: Serialize] Option<T> => T, T::OPTIONAL, None, |value| value.as_ref();
    ['a] typed::Quantity<'a> => &'a str, Some(<Self as Borrowed>::PART), typed::optional(<Self as Serialize>::PART), |value| Some(&value.0);
    ['a] typed::IntOrString<'a> => &'a str, Some(<Self as Borrowed>::PART), typed::optional(<Self as Serialize>::PART), |value| Some(&value.0);
}

impl<T: miniserde::Serialize> Serialize for Whole<T> {
    const SHAPE: Shape<Self> = shape::write_if();
}

impl<T: miniserde::Serialize> Write for Whole<T> {
    fn write(&self, writer: &mut Writer<'_>) {
        writer.fragment(miniserde::Serialize::begin(&self.0));
    }

    fn is_null(&self) -> bool {
        matches!(miniserde::Serialize::begin(&self.0), Fragment::Null)
    }
}

macro_rules! arrays {
    ($([$($generics:tt)*] $ty:ty, $part:expr, $optional:expr;)*) => {$(
        impl<$($generics)*> Serialize for $ty {
            const SHAPE: Shape<Self> = shape::array();
            const PART: Option<Part<Self>> = $part;
            const OPTIONAL: Option<Part<Option<Self>>> = $optional;
        }

        impl<$($generics)*> Slice for $ty {
            type Element = T;

            fn slice(&self) -> &[T] {
                self
            }
        }
    )*};
}
arrays! {
    [T: Serialize] Vec<T>, None, None;
    [T: Serialize] &[T], typed::part_of_list(T::PART), typed::optional(<Self as Serialize>::PART);
    [T: Serialize] arena::Vec<T>, typed::part_of_collected(T::PART), None;
    [T: Serialize, const N: usize] [T; N], None, None;
}

#[cfg(test)]
mod tests;
