//! The items of a list, one by one: memory is that of the largest item, whatever the cluster's size.

use super::InFlight;
use crate::abi::Status;
use crate::error::check;
use crate::{Error, Result, json, sys};
use alloc::vec::Vec;
use core::marker::PhantomData;

/// A list under way: to be [iterated](List::into_iter), [piped](List::pipe) as a whole, or read [as bytes](List::next_into).
///
/// The API server's status is known at the first use.
#[must_use = "a list that is not read is dropped by the host"]
pub struct List<K> {
    handle: InFlight,
    resource: PhantomData<fn() -> K>,
}

impl<K> List<K> {
    #[inline(always)]
    pub(super) const fn new(handle: InFlight) -> Self {
        List { handle, resource: PhantomData }
    }

    /// Writes all items to the archive, at their conventional places, and says how many. Nothing of them passes
    /// through the gatherer, and no heap is needed.
    ///
    /// # Errors
    ///
    /// The server's status, or [`Status::WRONG_MODE`] if items were read before.
    #[inline(always)]
    pub fn pipe(self) -> Result<u32> {
        self.handle.pipe("")
    }

    /// Copies the next item, as JSON, into a buffer of the caller's; `None` after the last. No heap is needed.
    ///
    /// # Errors
    ///
    /// The server's status; [`Status::NO_ROOM`] if the item is larger than `buffer`: it is not lost, call again
    /// with a larger one.
    pub fn next_into<'b>(&mut self, buffer: &'b mut [u8]) -> Result<Option<&'b [u8]>> {
        let len = check(sys::rest_next(self.handle.0, buffer))? as usize;
        match buffer.get(..len) {
            None => Err(Error::new(Status::NO_ROOM)),
            Some([]) => Ok(None),
            item => Ok(item),
        }
    }
}

impl<K: json::Decode> IntoIterator for List<K> {
    type Item = Result<K>;
    type IntoIter = Items<K>;

    /// Decodes the items one by one. Needs the heap, which a list that is only piped does not: that is why the list is not an
    /// iterator itself.
    fn into_iter(self) -> Items<K> {
        Items { texts: Texts { handle: self.handle, item: Vec::new(), over: false }, resource: PhantomData }
    }
}

/// The items of a [`List`], decoded.
///
/// After an error of the host's or the server's it is over. An item that does not fit the type is [`Status::DECODE`],
/// and the next one comes all the same.
pub struct Items<K> {
    texts: Texts,
    resource: PhantomData<fn() -> K>,
}

impl<K: json::Decode> Iterator for Items<K> {
    type Item = Result<K>;

    fn next(&mut self) -> Option<Result<K>> {
        Some(self.texts.next()?.and_then(json::from_checked))
    }
}

impl<K: json::Decode> core::iter::FusedIterator for Items<K> {}

struct Texts {
    handle: InFlight,
    item: Vec<u8>,
    over: bool,
}

impl Texts {
    fn next(&mut self) -> Option<Result<&mut [u8]>> {
        if self.over {
            return None;
        }
        match self.handle.next(&mut self.item) {
            Ok(()) if !self.item.is_empty() => Some(Ok(&mut self.item)),
            end => {
                self.over = true;
                end.err().map(Err)
            }
        }
    }
}
