//! Prefetched items: the broker sends them before the guest asks, so that the guest need not wait for each.
//!
//! The guest does not notice. It gets what it would get from the broker. This side reports what the guest took before it sends the next
//! request, so that the broker counts what the guest has, and not what waits here.

use super::channel::{Message, Taken};
use wagather_base::limits::{FIRST_BATCH_BYTES, MAX_BATCH_BYTES, MAX_ITEM_BYTES, MAX_PREFETCH_BYTES};

/// The prefetched items of all requests.
#[derive(Default)]
pub(super) struct Prefetched {
    lists: Vec<Items>,
}

/// The prefetched items of one request.
pub(super) struct Items {
    handle: i32,
    /// What the guest took and this side has not reported: as bytes, and decoded.
    taken: [Taken; 2],
    /// The items, each after its length, from `at` on.
    bytes: Vec<u8>,
    at: usize,
    /// The room for the next batch.
    room: usize,
}

const LEN_BYTES: usize = size_of::<u32>();

impl Items {
    /// The next item.
    pub(super) fn front(&self) -> Option<&[u8]> {
        let (len, rest) = self.bytes.get(self.at..)?.split_first_chunk::<LEN_BYTES>()?;
        rest.get(..u32::from_le_bytes(*len) as usize)
    }

    /// Counts a call that the broker does not see.
    pub(super) fn count_call(&mut self, decoded: bool) {
        let calls = &mut self.taken[usize::from(decoded)].calls;
        *calls = calls.saturating_add(1);
    }

    /// The guest takes the next item.
    pub(super) fn advance(&mut self, decoded: bool) {
        if let Some(item) = self.front() {
            self.at += LEN_BYTES + item.len();
            self.taken[usize::from(decoded)].items += 1;
        }
    }

    fn len(&self) -> usize {
        self.bytes.len() - self.at
    }
}

impl Prefetched {
    /// The items of a request, if there are any.
    pub(super) fn get(&mut self, handle: i32) -> Option<&mut Items> {
        self.lists.iter_mut().find(|list| list.handle == handle && list.len() > 0)
    }

    /// The room for the next batch of a request, which has no items left.
    pub(super) fn next_room(&mut self, handle: i32) -> usize {
        let left = MAX_PREFETCH_BYTES.saturating_sub(self.lists.iter().map(Items::len).sum());
        let list = self.list(handle);
        let room = list.room.min(left);
        list.room = (2 * list.room).min(MAX_BATCH_BYTES);
        room
    }

    /// The largest item that can wait here to be decoded. Large items of several lists must not add up.
    pub(super) fn max_item_bytes(&self) -> usize {
        let waiting = self.lists.iter().map(Items::len).sum::<usize>();
        MAX_ITEM_BYTES.saturating_sub(waiting.saturating_sub(MAX_PREFETCH_BYTES))
    }

    /// The buffer for the next batch of a request.
    pub(super) fn buffer(&mut self, handle: i32) -> &mut Vec<u8> {
        let list = self.list(handle);
        list.at = 0;
        list.bytes.clear();
        // Give back the room of a large item.
        list.bytes.shrink_to(MAX_BATCH_BYTES);
        &mut list.bytes
    }

    fn list(&mut self, handle: i32) -> &mut Items {
        let index = match self.lists.iter().position(|list| list.handle == handle) {
            Some(index) => index,
            None => {
                let taken = [false, true].map(|decoded| Taken { handle, decoded, ..Taken::default() });
                self.lists.push(Items { handle, taken, bytes: Vec::new(), at: 0, room: FIRST_BATCH_BYTES });
                self.lists.len() - 1
            }
        };
        &mut self.lists[index]
    }

    /// Appends the frames that report what the guest took.
    pub(super) fn report(&mut self, frame: &mut Vec<u8>) {
        for list in &mut self.lists {
            // Calls that took nothing come first. The broker accepts them only while items wait.
            list.taken.sort_unstable_by_key(|taken| taken.items);
            for taken in &mut list.taken {
                if taken.calls > 0 || taken.items > 0 {
                    frame.extend_from_slice(&Message::Taken(*taken).encode());
                    (taken.calls, taken.items) = (0, 0);
                }
            }
            list.taken.sort_unstable_by_key(|taken| taken.decoded);
        }
    }

    /// Removes a request that was closed or has no more items.
    pub(super) fn remove(&mut self, handle: i32) {
        self.lists.retain(|list| list.handle != handle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_bounded_over_all_lists() {
        let mut prefetched = Prefetched::default();
        let mut waiting = 0;
        for handle in 0..64 {
            let room = prefetched.next_room(handle);
            // A broker that sends as much as it may.
            prefetched.buffer(handle).resize(room, 0);
            waiting += room;
        }
        assert_eq!(waiting, MAX_PREFETCH_BYTES);
        assert_eq!(prefetched.next_room(64), 0, "the other lists have all of it");
        prefetched.remove(0);
        assert_eq!(prefetched.next_room(64), FIRST_BATCH_BYTES, "a list that is closed gives its part back");
    }

    #[test]
    fn batches_grow_with_a_list_that_goes_on() {
        let mut prefetched = Prefetched::default();
        let rooms = [(); 6].map(|()| prefetched.next_room(1));
        assert_eq!(rooms.map(|room| room >> 10), [4, 8, 16, 32, 32, 32]);
    }
}
