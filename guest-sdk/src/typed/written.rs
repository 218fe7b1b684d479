//! Values that the host writes: structs of strings, numbers, lists and structs.

use super::{Map, Pair, Part};
use crate::abi::LogLevel;
use crate::archive::Entry;
use crate::arena::{self, String};
use crate::error::check;
use crate::{Result, sys};
use core::marker::PhantomData;

/// The shape with which the host writes a `T`.
#[doc(hidden)]
pub struct Written<T> {
    shape: &'static [u8],
    of: PhantomData<fn(T)>,
}

impl<T> Written<T> {
    /// Makes it from the bytes of a shape.
    ///
    /// # Safety
    ///
    /// It is the shape of `T`.
    pub const unsafe fn new(shape: &'static [u8]) -> Self {
        Written { shape, of: PhantomData }
    }
}

impl Entry {
    /// Lets the host append a value.
    #[inline(always)]
    pub(crate) fn append_as<T>(&mut self, written: Written<T>, value: &T, before: u8) -> Result<()> {
        // SAFETY: the reference points to a `T`, whose shape this is.
        check(unsafe {
            sys::archive_write_as(self.handle(), written.shape, core::ptr::from_ref(value).cast(), before)
        })
        .map(|_| ())
    }
}

impl<T> Written<T> {
    /// Writes a value as a line of the log.
    #[inline(always)]
    pub fn log(self, level: LogLevel, value: &T) {
        // A full log is no reason to stop gathering, so the status is ignored.
        // SAFETY: the reference points to a `T`, whose shape this is.
        unsafe { sys::log_as(level.0, self.shape, core::ptr::from_ref(value).cast()) };
    }
}

/// The part of a reference to a struct.
pub(crate) const fn part_of_reference<'a, T>(part: Option<Part<T>>) -> Option<Part<&'a T>> {
    match part {
        // SAFETY: a reference is an address.
        Some(part) if part.is_struct() => Some(unsafe { Part::away(part) }),
        _ => None,
    }
}

/// The part of an optional reference to a struct.
pub(crate) const fn part_of_option<'a, T>(part: Option<Part<T>>) -> Option<Part<Option<&'a T>>> {
    match part {
        // SAFETY: `None` is the address 0, as std documents.
        Some(part) if part.is_struct() => Some(unsafe { Part::away(part) }),
        _ => None,
    }
}

/// The part of a list.
pub(crate) const fn part_of_list<'a, T>(part: Option<Part<T>>) -> Option<Part<&'a [T]>> {
    match part {
        // SAFETY: an address and a number of elements, as for `Borrowed`.
        Some(part) if part.is_in_place() => Some(unsafe { Part::list(part) }),
        _ => None,
    }
}

/// The part of an optional value, if the host can tell that it is absent.
pub(crate) const fn optional<T>(part: Option<Part<T>>) -> Option<Part<Option<T>>> {
    match part {
        Some(part) => part.optional(),
        None => None,
    }
}

/// The part of an `arena::Vec`.
pub(crate) const fn part_of_collected<T>(part: Option<Part<T>>) -> Option<Part<arena::Vec<T>>> {
    match part {
        // SAFETY: it begins with an address and a number of elements.
        Some(part) if part.is_in_place() => Some(unsafe { Part::list(part) }),
        _ => None,
    }
}

/// The part of an `arena::String`.
// SAFETY: it begins with an address and a length.
pub(crate) const PART_OF_STRING: Part<String> = unsafe { Part::plain(b't') };

/// The part of a map.
pub(crate) const fn part_of_map<'a, T>(part: Option<Part<T>>) -> Option<Part<Map<'a, T>>> {
    match part {
        Some(part) if part.is_in_place() => {
            // SAFETY: an address and a number of pairs, as for `Borrowed`.
            Some(unsafe { Part::map::<Pair<'a, T>, T>(core::mem::offset_of!(Pair<'a, T>, value), part) })
        }
        _ => None,
    }
}
