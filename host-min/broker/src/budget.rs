//! How much of everything one gatherer may use, and the refusal to use more.
//!
//! The defaults are the host's own limits; a grant sets others. Time and memory are not here: the broker's loop and the
//! sandbox hold those.

use std::fmt;
use std::time::Duration;
use wagather_base::limits::{
    DEFAULT_REQUEST_TIMEOUT, MAX_ARCHIVE_BYTES, MAX_ENTRIES, MAX_HELD_BYTES, MAX_LOG_LINES, MAX_REQUESTS,
};
use wagather_policy::grant::Budgets;

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
    /// Bytes of answers that the broker holds for it at once, because it has not taken them.
    pub held_bytes: u64,
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
            held_bytes: MAX_HELD_BYTES,
            request_time: DEFAULT_REQUEST_TIMEOUT,
        }
    }
}

impl From<&Budgets> for Budget {
    /// What nobody bounds has the host's bound, or none.
    fn from(budgets: &Budgets) -> Budget {
        let host = Budget::default();
        Budget {
            requests: budgets.requests.unwrap_or(host.requests),
            received_bytes: budgets.received_bytes.unwrap_or(host.received_bytes),
            items: budgets.items.unwrap_or(host.items),
            archive_bytes: budgets.archive_bytes.unwrap_or(host.archive_bytes),
            entries: budgets.entries.unwrap_or(host.entries),
            log_lines: budgets.log_lines.unwrap_or(host.log_lines),
            held_bytes: host.held_bytes,
            request_time: budgets.request_time.unwrap_or(host.request_time),
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
        write!(f, "the gatherer exceeded its limit of {} {}", self.most, self.what)
    }
}
