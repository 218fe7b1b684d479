//! How much one gatherer may use.
//!
//! The defaults are the host's limits. A grant can set others. Time and memory are limited elsewhere, by the broker's loop and by the
//! sandbox.

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
    /// Bytes of response bodies from the server.
    pub received_bytes: u64,
    /// Items of lists, and single objects.
    pub items: u64,
    /// Bytes in the archive.
    pub archive_bytes: u64,
    /// Entries in the archive.
    pub entries: u64,
    /// Log lines.
    pub log_lines: u64,
    /// Bytes of answers that wait in the broker's memory until the gatherer takes them.
    pub held_bytes: u64,
    /// Time for one HTTP request, from sending it to the end of its response.
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
    /// Uses the host's limits for what the grant does not limit.
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

/// A budget that is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent {
    /// What it limits.
    pub what: &'static str,
    /// The limit.
    pub most: u64,
}

impl std::error::Error for Spent {}

impl fmt::Display for Spent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the gatherer exceeded its limit of {} {}", self.most, self.what)
    }
}
