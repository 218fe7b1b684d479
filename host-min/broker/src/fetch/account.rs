//! What one gatherer has sent, and what it may still send: shared by its broker, which asks, and the threads that ask again.

use super::again::Why;
use std::sync::atomic::{AtomicU64, Ordering};
use wagather_base::limits::{MAX_REQUESTS, REQUESTS_PER_RETRY, RETRY_FLOOR};

/// The requests of one gatherer.
#[derive(Debug)]
pub struct Account {
    most: u64,
    /// Requests that were sent or are about to be, those that were sent again included.
    sent: AtomicU64,
    /// For each reason how many were sent again.
    again: [AtomicU64; Why::ALL.len()],
}

impl Default for Account {
    fn default() -> Self {
        Account::new(MAX_REQUESTS)
    }
}

impl Account {
    /// So many requests may be sent.
    pub fn new(most: u64) -> Account {
        Account { most, sent: AtomicU64::new(0), again: Default::default() }
    }

    /// One more request, if there may be one.
    pub(crate) fn take(&self) -> bool {
        let more = |sent: u64| (sent < self.most).then(|| sent + 1);
        self.sent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// One more that is sent again, if there may be one: asking again must not become the greater part of what a server that
    /// fails has to do.
    pub(super) fn take_again(&self, why: Why) -> bool {
        let may = self.again() < RETRY_FLOOR + self.sent() / REQUESTS_PER_RETRY && self.take();
        if may {
            self.again[why as usize].fetch_add(1, Ordering::Relaxed);
        }
        may
    }

    /// How many requests were sent.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// How many of these were sent again.
    pub(crate) fn again(&self) -> u64 {
        self.again.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// Why requests were sent again, in a line; nothing if none was.
    pub(crate) fn told(&self) -> Option<String> {
        let counts = Why::ALL.iter().map(|why| (why, self.again[*why as usize].load(Ordering::Relaxed)));
        let parts: Vec<String> = counts
            .filter(|(_, count)| *count > 0)
            .map(|(why, count)| format!("{} ({count})", why.words()))
            .collect();
        let again = self.again();
        let were = if again == 1 { "request was" } else { "requests were" };
        (again > 0).then(|| format!("{again} {were} retried: {}", parts.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_requests_and_no_more() {
        let account = Account::new(3);
        assert_eq!([(); 4].map(|()| account.take()), [true, true, true, false]);
        assert!(!account.take_again(Why::Busy), "a request that is sent again is a request");
        assert_eq!((account.sent(), account.again(), account.told()), (3, 0, None));
    }

    #[test]
    fn a_floor_and_a_fifth_may_be_sent_again() {
        for asked in [0, 1, 100, 1_000] {
            let account = Account::new(u64::MAX);
            assert!((0..asked).all(|_| account.take()));
            let again = (0..10_000).take_while(|_| account.take_again(Why::Unavailable)).count() as u64;
            // Those that are sent again count among those that were sent: a fifth of all is a quarter of the others.
            let most = RETRY_FLOOR + (asked + again) / REQUESTS_PER_RETRY;
            assert_eq!(again, most, "{asked}");
            assert_eq!(account.sent(), asked + again);
        }
    }

    #[test]
    fn reasons_are_told_in_a_line() {
        let account = Account::new(10);
        assert!(account.take_again(Why::Cut));
        assert_eq!(account.told().as_deref(), Some("1 request was retried: the response broke off (1)"));
        assert!(account.take_again(Why::Busy) && account.take_again(Why::Busy));
        assert_eq!(
            account.told().as_deref(),
            Some("3 requests were retried: the server was busy (2), the response broke off (1)")
        );
    }
}
