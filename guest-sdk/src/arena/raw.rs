//! Growable memory as typed values.
//!
//! Only this file of the module contains unsafe code. `Vec` and `String` are safe code on top of it.

#![allow(unsafe_code)]

use crate::abi::Status;
use crate::{Error, Result, sys};
use core::marker::PhantomData;

/// The address of an empty collection: aligned for every type and not 0, as a host expects it.
const EMPTY: *mut u8 = core::ptr::without_provenance_mut(8);

/// A limit above the memory of any gatherer.
pub(super) const MAX_BYTES: usize = 1 << 30;

/// Consecutive elements: address and number, which a host reads for lists and strings, and the capacity.
#[repr(C)]
pub(super) struct Raw<T> {
    room: Room,
    of: PhantomData<T>,
}

#[derive(Clone, Copy)]
#[repr(C)]
struct Room {
    at: *mut u8,
    len: usize,
    bytes: usize,
}

impl Room {
    /// Reserves capacity for this many bytes in total.
    #[inline(never)]
    fn reserve(&mut self, bytes: usize) -> Result<()> {
        if bytes < MAX_BYTES {
            let bytes = (bytes + 7) & !7;
            // SAFETY: `self.bytes` bytes are allocated at `self.at` by this function, and `&mut self` is the only
            // reference to them.
            let at = unsafe { sys::resize(self.at, self.bytes, bytes) };
            if !at.is_null() {
                (self.at, self.bytes) = (at, bytes);
                return Ok(());
            }
        }
        Err(Error::new(Status::NO_ROOM))
    }

    /// Appends bytes to a collection of bytes.
    #[inline(never)]
    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let len = self.len + bytes.len();
        if len > self.bytes {
            // Double the capacity, so the buffers left behind are together no larger than the current one.
            self.reserve(len.max(self.bytes * 2))?;
        }
        // SAFETY: the capacity is reserved, and `&mut self` is the only reference to it.
        unsafe { self.at.add(self.len).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        self.len = len;
        Ok(())
    }
}

impl<T> Raw<T> {
    pub(super) const SIZE: usize = {
        assert!(!core::mem::needs_drop::<T>(), "an element that has to be dropped needs a heap");
        assert!(size_of::<T>() > 0 && align_of::<T>() <= 8);
        size_of::<T>()
    };

    pub(super) const EMPTY: Self = Raw { room: Room { at: EMPTY, len: 0, bytes: 0 }, of: PhantomData };

    /// Reserves capacity for this many elements in total.
    #[inline(always)]
    pub(super) fn reserve(&mut self, elements: usize) -> Result<()> {
        self.room.reserve(elements.saturating_mul(Self::SIZE))
    }

    /// Appends an element.
    #[inline(always)]
    pub(super) fn push(&mut self, element: T) -> Result<()> {
        let end = self.room.len * Self::SIZE;
        if end + Self::SIZE > self.room.bytes {
            self.room.reserve(self.room.bytes * 2 + 4 * Self::SIZE)?;
        }
        // SAFETY: the capacity is reserved, and `&mut self` is the only reference to it.
        unsafe { self.room.at.add(end).cast::<T>().write(element) };
        self.room.len += 1;
        Ok(())
    }

    /// Removes all elements after this many.
    #[inline(always)]
    pub(super) fn truncate(&mut self, elements: usize) {
        self.room.len = self.room.len.min(elements);
    }

    #[inline(always)]
    pub(super) fn slice(&self) -> &[T] {
        // SAFETY: `len` elements are initialized.
        unsafe { core::slice::from_raw_parts(self.room.at.cast(), self.room.len) }
    }

    #[inline(always)]
    pub(super) fn slice_mut(&mut self) -> &mut [T] {
        // SAFETY: `len` elements are initialized, and `&mut self` is the only reference to them.
        unsafe { core::slice::from_raw_parts_mut(self.room.at.cast(), self.room.len) }
    }

    /// The elements, as a reference that stays valid for the rest of the run.
    #[inline(always)]
    pub(super) fn keep<'a>(self) -> &'a mut [T]
    where
        T: 'a,
    {
        // SAFETY: `len` elements are initialized, they are never freed, and `self` is consumed, so no other reference
        // exists.
        unsafe { core::slice::from_raw_parts_mut(self.room.at.cast(), self.room.len) }
    }

    /// Frees the memory if it was allocated last.
    #[inline(always)]
    pub(super) fn free(self) {
        // SAFETY: `reserve` allocated it, and `self` is consumed, so nothing refers to it.
        unsafe { sys::give_back(self.room.at, self.room.bytes) };
    }
}

impl Raw<u8> {
    #[inline(always)]
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.room.append(bytes)
    }
}

/// A string: bytes to which only strings are appended.
#[repr(transparent)]
pub(super) struct Text(Raw<u8>);

impl Text {
    pub(super) const EMPTY: Self = Text(Raw::EMPTY);

    #[inline(always)]
    pub(super) fn push_str(&mut self, text: &str) -> Result<()> {
        self.0.append(text.as_bytes())
    }

    #[inline(always)]
    pub(super) fn clear(&mut self) {
        self.0.truncate(0);
    }

    /// The string, as a reference that stays valid for the rest of the run.
    #[inline(always)]
    pub(super) fn keep<'a>(self) -> &'a str {
        // SAFETY: the bytes are a concatenation of strings.
        unsafe { core::str::from_utf8_unchecked(self.0.keep()) }
    }

    #[inline(always)]
    pub(super) fn as_str(&self) -> &str {
        // SAFETY: the bytes are a concatenation of strings.
        unsafe { core::str::from_utf8_unchecked(self.0.slice()) }
    }
}
