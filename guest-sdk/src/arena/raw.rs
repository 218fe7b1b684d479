//! Memory that grows, as values of a type.
//!
//! This file alone of the module makes values of memory. A list and a text are safe code on top of it.

// See above.
#![allow(unsafe_code)]

use crate::abi::Status;
use crate::{Error, Result, sys};
use core::marker::PhantomData;

/// The address of what has no elements: aligned for everything, and not 0, as a host has it.
const EMPTY: *mut u8 = core::ptr::without_provenance_mut(8);

/// More is no memory of a gatherer.
pub(super) const MAX_BYTES: usize = 1 << 30;

/// Elements one behind the other: their address and number, as a host reads lists and texts, and how much room there is.
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
    /// Makes room for so many bytes in all.
    #[inline(never)]
    fn reserve(&mut self, bytes: usize) -> Result<()> {
        if bytes < MAX_BYTES {
            let bytes = (bytes + 7) & !7;
            // SAFETY: so many bytes are there, because all of this was made here, and who has `self` alone has them alone.
            let at = unsafe { sys::resize(self.at, self.bytes, bytes) };
            if !at.is_null() {
                (self.at, self.bytes) = (at, bytes);
                return Ok(());
            }
        }
        Err(Error::new(Status::NO_ROOM))
    }

    /// More bytes, where elements are bytes.
    #[inline(never)]
    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let len = self.len + bytes.len();
        if len > self.bytes {
            // Twice as much, so that what grows bit by bit does not leave more behind than it has.
            self.reserve(len.max(self.bytes * 2))?;
        }
        // SAFETY: there is room for them, and who has `self` alone has the room alone.
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

    /// Makes room for so many elements in all.
    #[inline(always)]
    pub(super) fn reserve(&mut self, elements: usize) -> Result<()> {
        self.room.reserve(elements.saturating_mul(Self::SIZE))
    }

    /// One more element.
    #[inline(always)]
    pub(super) fn push(&mut self, element: T) -> Result<()> {
        let end = self.room.len * Self::SIZE;
        if end + Self::SIZE > self.room.bytes {
            self.room.reserve(self.room.bytes * 2 + 4 * Self::SIZE)?;
        }
        // SAFETY: there is room for it, and who has the list alone has the room alone.
        unsafe { self.room.at.add(end).cast::<T>().write(element) };
        self.room.len += 1;
        Ok(())
    }

    /// No elements any more.
    #[inline(always)]
    pub(super) fn clear(&mut self) {
        self.room.len = 0;
    }

    #[inline(always)]
    pub(super) fn slice(&self) -> &[T] {
        // SAFETY: so many elements are there.
        unsafe { core::slice::from_raw_parts(self.room.at.cast(), self.room.len) }
    }

    #[inline(always)]
    pub(super) fn slice_mut(&mut self) -> &mut [T] {
        // SAFETY: so many elements are there, and who has the list alone has them alone.
        unsafe { core::slice::from_raw_parts_mut(self.room.at.cast(), self.room.len) }
    }

    /// The elements, for ever: nobody else has them.
    #[inline(always)]
    pub(super) fn keep<'a>(self) -> &'a mut [T]
    where
        T: 'a,
    {
        // SAFETY: so many elements are there, they stay, and nobody else has them.
        unsafe { core::slice::from_raw_parts_mut(self.room.at.cast(), self.room.len) }
    }

    /// Gives the room back if it is the last that was made.
    #[inline(always)]
    pub(super) fn free(self) {
        // SAFETY: it was made by `reserve`, and nobody refers to it any more.
        unsafe { sys::give_back(self.room.at, self.room.bytes) };
    }
}

impl Raw<u8> {
    #[inline(always)]
    pub(super) fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.room.append(bytes)
    }
}

/// A text: bytes that only texts are appended to.
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
        self.0.clear();
    }

    #[inline(always)]
    pub(super) fn as_str(&self) -> &str {
        // SAFETY: these are texts, one behind the other.
        unsafe { core::str::from_utf8_unchecked(self.0.slice()) }
    }
}
