//! How much the broker holds in memory for a gatherer that has not taken it yet, and the limit for it.
//!
//! An item waits in the broker's memory after a guest has asked only for its length, and an object while a guest reads it in pieces. Each has at most
//! [`MAX_ITEM_BYTES`](wagather_base::limits::MAX_ITEM_BYTES), but a guest can have many of them open. So their bytes are counted. Beyond the
//! gatherer's share of the run's memory, a call returns a status. It does not wait for room, because the guest that waits may itself be
//! the one that holds the memory.

use super::budget::Spent;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use wagather_base::limits::{MAX_HELD_BYTES, MIN_HELD_BYTES};

/// The memory for one gatherer's answers.
#[derive(Debug)]
pub(super) struct Held {
    most: u64,
    used: AtomicU64,
    peak: AtomicU64,
}

/// A part of that memory. Dropping it gives it back.
#[derive(Debug)]
pub(super) struct Hold {
    held: Arc<Held>,
    bytes: u64,
}

/// The share of one gatherer, if this many run in parallel.
pub fn share_of(parallel: usize) -> u64 {
    (MAX_HELD_BYTES / parallel.max(1) as u64).max(MIN_HELD_BYTES)
}

impl Held {
    /// At most this many bytes, and none yet.
    pub(super) fn new(most: u64) -> Arc<Held> {
        Arc::new(Held { most, ..Held::default() })
    }

    /// Holds bytes, if there is room.
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

    /// The peak.
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
        for parallel in [0, 1, 2, 8, 64] {
            assert!(share_of(parallel) >= 2 * wagather_base::limits::MAX_ITEM_BYTES as u64);
        }
        assert_eq!((share_of(1), share_of(8)), (MAX_HELD_BYTES, MAX_HELD_BYTES / 8));
    }
}
