//! Items in the gatherer's memory, which is freed when they are dropped.

use super::Shaped;
use crate::abi::Status;
use crate::rest::InFlight;
use crate::{Error, Result, sys};
use core::marker::PhantomData;

/// The items of a [`List`](crate::List), decoded by the host. See [`List::items`](crate::List::items).
///
/// It skips an item that does not match the type, as [`Items`](crate::rest::Items) does.
pub struct BorrowedItems<K> {
    handle: InFlight,
    resource: PhantomData<fn() -> K>,
}

impl<K> BorrowedItems<K> {
    #[inline(always)]
    pub(crate) fn new(handle: InFlight) -> Self {
        BorrowedItems { handle, resource: PhantomData }
    }

    /// Stops at the first item that does not fit the type, with [`Status::DECODE`], instead of skipping it. The host still
    /// reports the object.
    #[inline(always)]
    pub fn strict(self) -> StrictBorrowedItems<K> {
        StrictBorrowedItems { items: self, is_over: false }
    }
}

impl<K: Shaped> Iterator for BorrowedItems<K> {
    type Item = Result<Item<K>>;

    #[inline(always)]
    fn next(&mut self) -> Option<Result<Item<K>>> {
        let room = next_room(self.handle.handle(), K::SHAPE);
        room.map(|room| room.map(Item::new))
    }
}

#[inline]
fn next_room(handle: i32, shape: &'static [u8]) -> Option<Result<sys::Room>> {
    loop {
        match sys::rest_next_as(handle, shape) {
            Ok(room) => return room.map(Ok),
            // The host has reported it.
            Err(status) if status == Status::DECODE.0 => {}
            Err(status) => return Some(Err(Error::new(Status(status)))),
        }
    }
}

/// The items of a [`List`](crate::List), decoded by the host, up to the first that does not fit. See [`BorrowedItems::strict`].
pub struct StrictBorrowedItems<K> {
    items: BorrowedItems<K>,
    is_over: bool,
}

impl<K: Shaped> Iterator for StrictBorrowedItems<K> {
    type Item = Result<Item<K>>;

    fn next(&mut self) -> Option<Result<Item<K>>> {
        if self.is_over {
            return None;
        }
        let room = sys::rest_next_as(self.items.handle.handle(), K::SHAPE);
        self.is_over = room.is_err();
        Some(room.map_err(|status| Error::new(Status(status))).transpose()?.map(Item::new))
    }
}

/// The object of a `get` request.
#[inline(always)]
pub(crate) fn read_one<K: Shaped>(request: &InFlight) -> Result<Item<K>> {
    one(sys::rest_next_as(request.handle(), K::SHAPE)).map(Item::new)
}

/// The host returns a value or an error here, never the end of a list.
#[inline]
fn one(room: core::result::Result<Option<sys::Room>, i32>) -> Result<sys::Room> {
    room.map_err(|status| Error::new(Status(status)))?.ok_or(Error::new(Status::DECODE))
}

/// Decodes JSON that the gatherer has, by the host: the body of an answer, or a document within a string. See
/// [`json::read_as`](crate::json::read_as).
#[inline(always)]
pub(crate) fn read_as<T: Shaped>(json: &[u8]) -> Result<Item<T>> {
    one(sys::json_read_as(json, T::SHAPE)).map(Item::new)
}

/// An item that the host decoded. Dropping it frees its memory for the next item.
pub struct Item<K> {
    room: sys::Room,
    resource: PhantomData<fn() -> K>,
}

impl<K> Item<K> {
    #[inline(always)]
    fn new(room: sys::Room) -> Self {
        Item { room, resource: PhantomData }
    }
}

impl<K: Shaped> Item<K> {
    /// The item, valid as long as `self`.
    #[inline(always)]
    pub fn get(&self) -> &K::Of<'_> {
        self.whole().shorten()
    }

    /// Keeps the item for the rest of the run. Its memory is not freed.
    #[inline(always)]
    pub fn keep(self) -> &'static K {
        let item: *const K = self.whole();
        self.room.keep();
        // SAFETY: the memory is never freed from here on.
        unsafe { &*item }
    }

    #[inline(always)]
    fn whole(&self) -> &K {
        // SAFETY: the host wrote a `K` there, as its shape describes, and nothing writes to it while the room exists.
        // What the item points to is in the same room; `shorten` limits its lifetime to that of the room.
        unsafe { &*self.room.start().cast() }
    }
}
