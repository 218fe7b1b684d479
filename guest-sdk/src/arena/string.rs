//! Strings.

use super::raw::Text;
use crate::Result;
use core::cmp::Ordering;
use core::fmt;
use core::ops::Deref;

/// A growable string without a heap. It dereferences to `str`. See [the module](super).
#[repr(transparent)]
pub struct String(Text);

impl String {
    /// An empty string, without memory.
    #[inline(always)]
    pub const fn new() -> Self {
        String(Text::EMPTY)
    }

    /// Appends a string.
    ///
    /// # Errors
    ///
    /// [`Status::NO_ROOM`](crate::abi::Status::NO_ROOM) if there is no memory; then nothing is appended.
    pub fn push_str(&mut self, text: &str) -> Result<()> {
        self.0.push_str(text)
    }

    /// Replaces the content. It reuses the memory.
    ///
    /// # Errors
    ///
    /// Those of [`push_str`](Self::push_str); the string is empty then.
    pub fn set(&mut self, text: &str) -> Result<()> {
        self.0.clear();
        self.0.push_str(text)
    }

    /// Removes the content, and keeps the memory.
    #[inline(always)]
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The content, as a reference that stays valid for the rest of the run.
    #[inline(always)]
    pub fn keep<'a>(self) -> &'a str {
        self.0.keep()
    }

    /// The content.
    #[inline(always)]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl Default for String {
    #[inline(always)]
    fn default() -> Self {
        String::new()
    }
}

impl Deref for String {
    type Target = str;

    #[inline(always)]
    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq<str> for String {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for String {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialOrd<str> for String {
    fn partial_cmp(&self, other: &str) -> Option<Ordering> {
        self.as_str().partial_cmp(other)
    }
}

impl fmt::Debug for String {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}
