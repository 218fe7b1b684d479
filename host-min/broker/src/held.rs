//! What the broker holds for a gatherer that has not taken it yet, and the refusal to hold more.
//!
//! An item that a guest only asked the length of, and an object that it reads in pieces, wait in the broker's memory. Each is at most
//! [`MAX_ITEM_BYTES`](wagather_base::limits::MAX_ITEM_BYTES), but a guest may have many of them open. So they are counted, and what is beyond the
//! gatherer's part of the run's memory is a status for it. Nothing waits for room: a guest that holds some itself would wait for ever.

use super::budget::Spent;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use wagather_base::limits::{MAX_HELD_BYTES, MIN_HELD_BYTES};

/// The memory of one gatherer's answers.
#[derive(Debug)]
pub(super) struct Held {
    most: u64,
    used: AtomicU64,
    peak: AtomicU64,
}

/// Some of it, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Hold {
    held: Arc<Held>,
    bytes: u64,
}

/// The part of a gatherer, of so many that run side by side.
pub fn part_of(side_by_side: usize) -> u64 {
    (MAX_HELD_BYTES / side_by_side.max(1) as u64).max(MIN_HELD_BYTES)
}

impl Held {
    /// Nothing is held yet, of so much.
    pub(super) fn new(most: u64) -> Arc<Held> {
        Arc::new(Held { most, ..Held::default() })
    }

    /// Holds so many bytes, if there is room.
    pub(super) fn hold(self: &Arc<Held>, bytes: usize) -> Result<Hold, Spent> {
        let bytes = bytes as u64;
        let used = self.used.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let hold = Hold { held: self.clone(), bytes };
        if used > self.most {
            return Err(Spent { what: "bytes of responses that it has not read", most: self.most });
        }
        self.peak.fetch_max(used, Ordering::Relaxed);
        Ok(hold)
    }

    /// The most that was held at one time.
    pub(super) fn peak(&self) -> u64 {
        self.peak.load(Ordering::Relaxed)
    }
}

impl Default for Held {
    fn default() -> Held {
        Held { most: MAX_HELD_BYTES, used: AtomicU64::new(0), peak: AtomicU64::new(0) }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.held.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_bounded_and_given_back() {
        let held = Held::new(10);
        let (six, four) = (held.hold(6).expect("room"), held.hold(4).expect("room"));
        assert_eq!(held.hold(1).expect_err("no room").most, 10);
        drop(four);
        assert!(held.hold(5).is_err());
        assert!(held.hold(4).is_ok(), "what was refused takes no room");
        drop(six);
        assert_eq!((held.used.load(Ordering::Relaxed), held.peak()), (0, 10));
    }

    #[test]
    fn each_gatherer_can_hold_an_item_and_read_another() {
        for side_by_side in [0, 1, 2, 8, 64] {
            assert!(part_of(side_by_side) >= 2 * wagather_base::limits::MAX_ITEM_BYTES as u64);
        }
        assert_eq!((part_of(1), part_of(8)), (MAX_HELD_BYTES, MAX_HELD_BYTES / 8));
    }
}
