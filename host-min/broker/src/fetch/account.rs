//! How many requests one gatherer has sent, and may still send. Its broker and the fetch threads share it.

use super::retry::RetryReason;
use std::sync::atomic::{AtomicU64, Ordering};
use wagather_base::limits::{MAX_REQUESTS, REQUESTS_PER_RETRY, RETRY_FLOOR};

/// The requests of one gatherer.
#[derive(Debug)]
pub struct Account {
    most: u64,
    /// Requests that were sent or are about to be, including retries.
    sent: AtomicU64,
    /// The number of retries for each reason.
    retries: [AtomicU64; RetryReason::ALL.len()],
}

impl Default for Account {
    fn default() -> Self {
        Account::new(MAX_REQUESTS)
    }
}

impl Account {
    /// At most this many requests.
    pub fn new(most: u64) -> Account {
        Account { most, sent: AtomicU64::new(0), retries: Default::default() }
    }

    /// Counts a request, if one more is allowed.
    pub(crate) fn take(&self) -> bool {
        let more = |sent: u64| (sent < self.most).then(|| sent + 1);
        self.sent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    /// Counts a retry, if one more is allowed. Retries must not become the main load of a failing server.
    pub(super) fn take_retry(&self, why: RetryReason) -> bool {
        let may = self.retries() < RETRY_FLOOR + self.sent() / REQUESTS_PER_RETRY && self.take();
        if may {
            self.retries[why as usize].fetch_add(1, Ordering::Relaxed);
        }
        may
    }

    /// How many requests were sent.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// How many of these were retries.
    pub(crate) fn retries(&self) -> u64 {
        self.retries.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// The retries and their reasons, in one line. `None` without retries.
    pub(crate) fn retry_summary(&self) -> Option<String> {
        let counts =
            RetryReason::ALL.iter().map(|why| (why, self.retries[*why as usize].load(Ordering::Relaxed)));
        let parts: Vec<String> = counts
            .filter(|(_, count)| *count > 0)
            .map(|(why, count)| format!("{} ({count})", why.text()))
            .collect();
        let retries = self.retries();
        let were = if retries == 1 { "request was" } else { "requests were" };
        (retries > 0).then(|| format!("{retries} {were} retried: {}", parts.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_limited() {
        let account = Account::new(3);
        assert_eq!([(); 4].map(|()| account.take()), [true, true, true, false]);
        assert!(!account.take_retry(RetryReason::Busy), "a request that is sent again is a request");
        assert_eq!((account.sent(), account.retries(), account.retry_summary()), (3, 0, None));
    }

    #[test]
    fn retries_are_a_floor_and_a_fifth() {
        for asked in [0, 1, 100, 1_000] {
            let account = Account::new(u64::MAX);
            assert!((0..asked).all(|_| account.take()));
            let again =
                (0..10_000).take_while(|_| account.take_retry(RetryReason::Unavailable)).count() as u64;
            // Those that are sent again count among those that were sent: a fifth of all is a quarter of the others.
            let most = RETRY_FLOOR + (asked + again) / REQUESTS_PER_RETRY;
            assert_eq!(again, most, "{asked}");
            assert_eq!(account.sent(), asked + again);
        }
    }

    #[test]
    fn the_summary_names_the_reasons() {
        let account = Account::new(10);
        assert!(account.take_retry(RetryReason::Cut));
        assert_eq!(
            account.retry_summary().as_deref(),
            Some("1 request was retried: the response broke off (1)")
        );
        assert!(account.take_retry(RetryReason::Busy) && account.take_retry(RetryReason::Busy));
        assert_eq!(
            account.retry_summary().as_deref(),
            Some("3 requests were retried: the server was busy (2), the response broke off (1)")
        );
    }
}
