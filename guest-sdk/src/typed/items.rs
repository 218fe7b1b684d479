//! Items in the gatherer's memory, as long as somebody has them.

use super::Shaped;
use crate::abi::Status;
use crate::rest::InFlight;
use crate::{Error, Result, sys};
use core::marker::PhantomData;

/// The items of a [`List`](crate::List), decoded by the host. See [`List::items`](crate::List::items).
///
/// An item that does not fit the type is skipped, as [`Items`](crate::rest::Items) does.
pub struct BorrowedItems<K> {
    handle: InFlight,
    resource: PhantomData<fn() -> K>,
}

impl<K> BorrowedItems<K> {
    #[inline(always)]
    pub(crate) fn new(handle: InFlight) -> Self {
        BorrowedItems { handle, resource: PhantomData }
    }
}

impl<K: Shaped> Iterator for BorrowedItems<K> {
    type Item = Result<Item<K>>;

    #[inline(always)]
    fn next(&mut self) -> Option<Result<Item<K>>> {
        let room = next_room(self.handle.0, K::SHAPE);
        room.map(|room| room.map(|room| Item { room, resource: PhantomData }))
    }
}

#[inline]
fn next_room(handle: i32, shape: &'static [u8]) -> Option<Result<sys::Room>> {
    loop {
        match sys::rest_next_as(handle, shape) {
            Ok(room) => return room.map(Ok),
            // The host has named it.
            Err(status) if status == Status::DECODE.0 => {}
            Err(status) => return Some(Err(Error::new(Status(status)))),
        }
    }
}

/// JSON that the gatherer has, decoded by the host: the body of an answer, or a document within a text. See [`json::read_as`](crate::json::read_as).
#[inline(always)]
pub(crate) fn read_as<T: Shaped>(json: &[u8]) -> Result<Item<T>> {
    let room = sys::json_read_as(json, T::SHAPE).map_err(|status| Error::new(Status(status)))?;
    // There is always something.
    let room = room.ok_or(Error::new(Status::DECODE))?;
    Ok(Item { room, resource: PhantomData })
}

/// An item that the host decoded. Its memory is used again when it is dropped.
pub struct Item<K> {
    room: sys::Room,
    resource: PhantomData<fn() -> K>,
}

impl<K: Shaped> Item<K> {
    /// The item, as long as this lives.
    #[inline(always)]
    pub fn get(&self) -> &K::Of<'_> {
        self.whole().shorten()
    }

    /// The item, for ever: its memory is not used again.
    #[inline(always)]
    pub fn keep(self) -> &'static K {
        let item: *const K = self.whole();
        self.room.keep();
        // SAFETY: the memory stays from now on.
        unsafe { &*item }
    }

    #[inline(always)]
    fn whole(&self) -> &K {
        // SAFETY: the host wrote a `K` there, as its shape says, and nobody writes there as long as the room lives. What the
        // item points to is in the same room; that it lives no longer is what `shorten` says of it.
        unsafe { &*self.room.start().cast() }
    }
}
