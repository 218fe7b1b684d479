//! Lists.

use super::raw::Raw;
use crate::Result;
use core::fmt;
use core::ops::{Deref, DerefMut};

/// A growable list without a heap. It dereferences to a slice.
///
/// See [the module](super). Elements are never dropped, so their type must not need drop.
#[repr(transparent)]
pub struct Vec<T>(Raw<T>);

impl<T> Vec<T> {
    /// An empty list, without memory.
    #[inline(always)]
    pub const fn new() -> Self {
        Vec(Raw::EMPTY)
    }

    /// An empty list with this capacity.
    ///
    /// # Errors
    ///
    /// [`Status::NO_ROOM`](crate::abi::Status::NO_ROOM) if there is no memory.
    #[inline(always)]
    pub fn with_capacity(elements: usize) -> Result<Self> {
        let mut vec = Vec::new();
        vec.0.reserve(elements)?;
        Ok(vec)
    }

    /// Appends an element.
    ///
    /// # Errors
    ///
    /// [`Status::NO_ROOM`](crate::abi::Status::NO_ROOM) if there is no memory.
    #[inline(always)]
    pub fn push(&mut self, element: T) -> Result<()> {
        self.0.push(element)
    }

    /// Removes all elements, and keeps the memory.
    #[inline(always)]
    pub fn clear(&mut self) {
        self.0.truncate(0);
    }

    /// Removes all elements after this many, and keeps the memory.
    #[inline(always)]
    pub fn truncate(&mut self, elements: usize) {
        self.0.truncate(elements);
    }

    /// The elements, as a reference that stays valid for the rest of the run.
    #[inline(always)]
    pub fn keep<'a>(self) -> &'a mut [T]
    where
        T: 'a,
    {
        self.0.keep()
    }

    /// Frees the memory, if no other list or string allocated any since. Use it for collections that are needed for
    /// one item only: then they take no memory in total.
    #[inline(always)]
    pub fn free(self) {
        self.0.free();
    }
}

impl Vec<u8> {
    /// Appends bytes.
    ///
    /// # Errors
    ///
    /// [`Status::NO_ROOM`](crate::abi::Status::NO_ROOM) if there is no memory; then nothing is appended.
    #[inline(always)]
    pub fn extend_from_slice(&mut self, bytes: &[u8]) -> Result<()> {
        self.0.append(bytes)
    }
}

impl<T> Default for Vec<T> {
    #[inline(always)]
    fn default() -> Self {
        Vec::new()
    }
}

impl<T> Deref for Vec<T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        self.0.slice()
    }
}

impl<T> DerefMut for Vec<T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [T] {
        self.0.slice_mut()
    }
}

impl<'a, T> IntoIterator for &'a Vec<T> {
    type Item = &'a T;
    type IntoIter = core::slice::Iter<'a, T>;

    #[inline(always)]
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T: fmt::Debug> fmt::Debug for Vec<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}
