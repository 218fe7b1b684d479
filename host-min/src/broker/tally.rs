//! What a gatherer has used so far, and what is worth telling about it.

use crate::error::Class;
use crate::limits::{MAX_ARCHIVE_BYTES, MAX_ENTRIES, MAX_LOG_LINES, MAX_REPORT_LINES, MAX_REQUESTS};
use wagather_abi::{Kind, Status};

/// The figures and the lines of one gatherer.
#[derive(Debug, Default)]
pub struct Tally {
    /// HTTP requests, pages included.
    pub requests: u64,
    /// Items of lists and objects that were read.
    pub items: u64,
    /// Bytes of bodies as the server sent them.
    pub bytes_received: u64,
    /// Bytes that were given to the guest.
    pub bytes_given: u64,
    /// Log lines, those that were dropped included.
    pub log_lines: u64,
    /// Something is odd, but the result is whole.
    pub warnings: Vec<String>,
    /// Something is missing.
    pub errors: Vec<String>,
    /// Lines that did not fit into the report.
    pub dropped_lines: u64,
    /// For each status that was an error the newest reason: to find the one that a guest returns.
    blame: Vec<Blame>,
    entries: u64,
    archived_bytes: u64,
    /// Bytes of entries that are open.
    open_bytes: u64,
}

impl Tally {
    /// One more HTTP request, if the budget allows.
    pub fn request(&mut self) -> Result<(), Status> {
        if self.requests >= MAX_REQUESTS {
            return Err(Status::OUT_OF_BUDGET);
        }
        self.requests += 1;
        Ok(())
    }

    /// So many bytes of a body arrived.
    pub fn received(&mut self, bytes: u64) {
        self.bytes_received += bytes;
    }

    /// So many bytes went to the guest.
    pub fn gave(&mut self, bytes: usize) {
        self.bytes_given += bytes as u64;
    }

    /// An item went to the guest.
    pub fn item(&mut self, bytes: usize) {
        self.items += 1;
        self.gave(bytes);
    }

    /// So many bytes more for an entry that is open, if the budget allows: what is spooled takes up the disk as well.
    pub fn open_more(&mut self, bytes: u64) -> Result<(), Status> {
        let open_bytes = self.open_bytes.saturating_add(bytes);
        if self.archived_bytes.saturating_add(open_bytes) > MAX_ARCHIVE_BYTES {
            return Err(self.archive_is_full());
        }
        self.open_bytes = open_bytes;
        Ok(())
    }

    /// An entry of so many bytes is no longer open.
    pub fn open_less(&mut self, bytes: u64) {
        self.open_bytes = self.open_bytes.saturating_sub(bytes);
    }

    /// One more entry of so many bytes, if the budgets allow.
    pub fn entry(&mut self, bytes: u64) -> Result<(), Status> {
        let archived_bytes = self.archived_bytes.saturating_add(bytes);
        if self.entries >= MAX_ENTRIES || archived_bytes > MAX_ARCHIVE_BYTES {
            return Err(self.archive_is_full());
        }
        self.entries += 1;
        self.archived_bytes = archived_bytes;
        Ok(())
    }

    fn archive_is_full(&mut self) -> Status {
        let reason = format!(
            "it may put {MAX_ENTRIES} files of {MAX_ARCHIVE_BYTES} bytes in all into the archive, and wants more"
        );
        self.error(Status::OUT_OF_BUDGET, reason, "");
        Status::OUT_OF_BUDGET
    }

    /// One more log line: whether it is told.
    pub fn log_line(&mut self) -> bool {
        self.log_lines += 1;
        self.log_lines <= MAX_LOG_LINES
    }

    /// Something is odd.
    pub fn warn(&mut self, line: String) {
        if self.warnings.len() < MAX_REPORT_LINES {
            self.warnings.push(line);
        } else {
            self.dropped_lines += 1;
        }
    }

    /// Something is missing, as the gatherer itself says.
    pub fn error_line(&mut self, line: String) {
        if self.errors.len() < MAX_REPORT_LINES {
            self.errors.push(line);
        } else {
            self.dropped_lines += 1;
        }
    }

    /// A call got a status that is an error: why, and what to do about it.
    pub fn error(&mut self, status: Status, reason: String, advice: &str) {
        let class = match status.kind() {
            Kind::Http(_) | Kind::Unreachable | Kind::BadAnswer | Kind::TooLarge | Kind::TimedOut => {
                Class::Cluster
            }
            Kind::OutputFailed => Class::Output,
            _ => Class::Gatherer,
        };
        self.error_line(reason.clone());
        self.blame.retain(|known| known.status != status);
        self.blame.push(Blame { status, class, reason, advice: advice.to_owned() });
    }

    /// What was last said about a status that a guest returned.
    pub fn blame(&self, status: Status) -> Option<&Blame> {
        self.blame.iter().find(|known| known.status == status)
    }
}

/// Why a call got a status.
#[derive(Debug)]
pub struct Blame {
    status: Status,
    /// Who is to blame.
    pub class: Class,
    /// Why.
    pub reason: String,
    /// What to do about it, or empty.
    pub advice: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_have_a_number_and_bytes_that_are_open_or_closed_count_together() {
        let mut tally = Tally::default();
        assert_eq!(tally.open_more(MAX_ARCHIVE_BYTES), Ok(()));
        assert_eq!(tally.open_more(1), Err(Status::OUT_OF_BUDGET));
        tally.open_less(MAX_ARCHIVE_BYTES);
        assert_eq!(tally.entry(MAX_ARCHIVE_BYTES - 1), Ok(()));
        assert_eq!(tally.open_more(1), Ok(()));
        assert_eq!(tally.open_more(1), Err(Status::OUT_OF_BUDGET));
        for _ in 1..MAX_ENTRIES {
            assert_eq!(tally.entry(0), Ok(()));
        }
        assert_eq!(tally.entry(0), Err(Status::OUT_OF_BUDGET));
        assert!(tally.blame(Status::OUT_OF_BUDGET).is_some_and(|blame| blame.class == Class::Gatherer));
    }
}
