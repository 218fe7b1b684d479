//! How much of everything one gatherer may use, and the refusal to use more.
//!
//! The defaults are the host's own limits; a grant sets others. Time and memory are not here: the broker's loop and the
//! sandbox hold those.

use crate::grant::Budgets;
use crate::limits::{DEFAULT_REQUEST_TIMEOUT, MAX_ARCHIVE_BYTES, MAX_ENTRIES, MAX_LOG_LINES, MAX_REQUESTS};
use std::fmt;
use std::time::Duration;

/// What one gatherer may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// HTTP requests, pages included.
    pub requests: u64,
    /// Bytes of bodies that the server sends.
    pub received_bytes: u64,
    /// Items of lists, and objects.
    pub items: u64,
    /// Bytes that it puts into the archive.
    pub archive_bytes: u64,
    /// Entries that it puts into the archive.
    pub entries: u64,
    /// Log lines.
    pub log_lines: u64,
    /// Time for one HTTP request, from its sending to the end of its answer.
    pub request_time: Duration,
}

impl Default for Budget {
    fn default() -> Self {
        Budget {
            requests: MAX_REQUESTS,
            received_bytes: u64::MAX,
            items: u64::MAX,
            archive_bytes: MAX_ARCHIVE_BYTES,
            entries: MAX_ENTRIES,
            log_lines: MAX_LOG_LINES,
            request_time: DEFAULT_REQUEST_TIMEOUT,
        }
    }
}

impl Budget {
    /// The smaller of this and what a grant allows.
    pub fn within(self, granted: &Budgets) -> Budget {
        let least = |own: u64, granted: Option<u64>| granted.map_or(own, |granted| own.min(granted));
        Budget {
            requests: least(self.requests, granted.requests),
            received_bytes: least(self.received_bytes, granted.received_bytes),
            items: least(self.items, granted.items),
            archive_bytes: least(self.archive_bytes, granted.archive_bytes),
            entries: least(self.entries, granted.entries),
            log_lines: least(self.log_lines, granted.log_lines),
            request_time: granted.request_time.map_or(self.request_time, |time| self.request_time.min(time)),
        }
    }
}

/// A budget that is used up: which, and how much it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// What there is no more of.
    pub what: &'static str,
    /// How much of it there was.
    pub most: u64,
}

impl fmt::Display for Spent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the gatherer may have {} {}, and wants more", self.most, self.what)
    }
}
