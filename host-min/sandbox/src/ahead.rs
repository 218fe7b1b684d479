//! Items that came before the guest asked for them, so that it need not wait for the broker with each.
//!
//! Nothing of it is seen by the guest: it gets what it would get from the broker. How much it took is told to the broker before
//! anything else is asked of it, so that the broker counts what the guest has, and not what waits here.

use super::channel::{Request, Took};
use wagather_base::limits::{FIRST_BATCH_BYTES, MAX_AHEAD_BYTES, MAX_BATCH_BYTES, MAX_ITEM_BYTES};

/// The items of all requests.
#[derive(Default)]
pub(super) struct Ahead {
    lists: Vec<Waiting>,
}

/// The items of one request.
pub(super) struct Waiting {
    handle: i32,
    /// As they are, and decoded.
    took: [Took; 2],
    /// Each after its length, from `at` on.
    bytes: Vec<u8>,
    at: usize,
    /// The room of the next batch.
    room: usize,
}

const LEN_BYTES: usize = size_of::<u32>();

impl Waiting {
    /// The item that comes next, if there is one.
    pub(super) fn front(&self) -> Option<&[u8]> {
        let (len, rest) = self.bytes.get(self.at..)?.split_first_chunk::<LEN_BYTES>()?;
        rest.get(..u32::from_le_bytes(*len) as usize)
    }

    /// The guest made a call that the broker has not seen.
    pub(super) fn asked(&mut self, decoded: bool) {
        let calls = &mut self.took[usize::from(decoded)].calls;
        *calls = calls.saturating_add(1);
    }

    /// The guest took the next item.
    pub(super) fn pass(&mut self, decoded: bool) {
        if let Some(item) = self.front() {
            self.at += LEN_BYTES + item.len();
            self.took[usize::from(decoded)].items += 1;
        }
    }

    fn len(&self) -> usize {
        self.bytes.len() - self.at
    }
}

impl Ahead {
    /// The items of a request, if there are any.
    pub(super) fn of(&mut self, handle: i32) -> Option<&mut Waiting> {
        self.lists.iter_mut().find(|list| list.handle == handle && list.len() > 0)
    }

    /// The room for the next items of a request, which has none.
    pub(super) fn room(&mut self, handle: i32) -> usize {
        let left = MAX_AHEAD_BYTES.saturating_sub(self.lists.iter().map(Waiting::len).sum());
        let list = self.list(handle);
        let room = list.room.min(left);
        list.room = (2 * list.room).min(MAX_BATCH_BYTES);
        room
    }

    /// The most that an item may have that waits here to be decoded: large ones of several lists may not add up.
    pub(super) fn most(&self) -> usize {
        let waiting = self.lists.iter().map(Waiting::len).sum::<usize>();
        MAX_ITEM_BYTES.saturating_sub(waiting.saturating_sub(MAX_AHEAD_BYTES))
    }

    /// Where the next items of a request go.
    pub(super) fn batch(&mut self, handle: i32) -> &mut Vec<u8> {
        let list = self.list(handle);
        list.at = 0;
        list.bytes.clear();
        // One large item does not keep its room for all of the list.
        list.bytes.shrink_to(MAX_BATCH_BYTES);
        &mut list.bytes
    }

    fn list(&mut self, handle: i32) -> &mut Waiting {
        let index = match self.lists.iter().position(|list| list.handle == handle) {
            Some(index) => index,
            None => {
                let took = [false, true].map(|decoded| Took { handle, decoded, ..Took::default() });
                self.lists.push(Waiting { handle, took, bytes: Vec::new(), at: 0, room: FIRST_BATCH_BYTES });
                self.lists.len() - 1
            }
        };
        &mut self.lists[index]
    }

    /// Puts what was taken and not told yet before a frame.
    pub(super) fn tell(&mut self, frame: &mut Vec<u8>) {
        for list in &mut self.lists {
            // Calls that took nothing first: they were made while items waited, which is how the broker knows that they can have been.
            list.took.sort_unstable_by_key(|took| took.items);
            for took in &mut list.took {
                if took.calls > 0 || took.items > 0 {
                    frame.extend_from_slice(&Request::Took(*took).encode());
                    (took.calls, took.items) = (0, 0);
                }
            }
            list.took.sort_unstable_by_key(|took| took.decoded);
        }
    }

    /// A request is closed, or has no more items.
    pub(super) fn forget(&mut self, handle: i32) {
        self.lists.retain(|list| list.handle != handle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_bounded_over_all_lists() {
        let mut ahead = Ahead::default();
        let mut waiting = 0;
        for handle in 0..64 {
            let room = ahead.room(handle);
            // A broker that sends as much as it may.
            ahead.batch(handle).resize(room, 0);
            waiting += room;
        }
        assert_eq!(waiting, MAX_AHEAD_BYTES);
        assert_eq!(ahead.room(64), 0, "the other lists have all of it");
        ahead.forget(0);
        assert_eq!(ahead.room(64), FIRST_BATCH_BYTES, "a list that is closed gives its part back");
    }

    #[test]
    fn batches_grow_with_a_list_that_goes_on() {
        let mut ahead = Ahead::default();
        let rooms = [(); 6].map(|()| ahead.room(1));
        assert_eq!(rooms.map(|room| room >> 10), [4, 8, 16, 32, 32, 32]);
    }
}
