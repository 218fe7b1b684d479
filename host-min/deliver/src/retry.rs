//! What an answer means, and how long to wait before the next request. It is pure.
//!
//! Not the retries of the broker: those are many small GETs of many gatherers within a budget of a server's load. Here one file is
//! to arrive, however long that takes within its time.

use std::time::Duration;

/// The waits between requests.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// The wait after the first request is a random part of this, which doubles with each request…
    pub first: Duration,
    /// …up to this.
    pub most: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Pace { first: Duration::from_secs(1), most: Duration::from_secs(60) }
    }
}

/// What a status means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The server has the archive.
    Delivered,
    /// The same request may do better later.
    Again,
    /// The server does not want this archive. It may want others.
    Refused,
    /// The server does not want any archive that is sent so: it is the URL, a credential, or a redirect.
    Unwilling,
}

impl Verdict {
    pub(crate) const fn of(status: u16) -> Verdict {
        match status {
            200..=299 => Verdict::Delivered,
            408 | 425 | 429 | 500..=599 => Verdict::Again,
            400 | 406 | 409 | 412 | 413 | 415 | 422 => Verdict::Refused,
            _ => Verdict::Unwilling,
        }
    }
}

impl Pace {
    /// The wait after so many requests. `random` is a random number.
    pub(crate) fn wait(&self, requests: u32, random: u64) -> Duration {
        let doubled = self.first.saturating_mul(1 << requests.saturating_sub(1).min(20)).min(self.most);
        let nanos = u64::try_from(doubled.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(((u128::from(nanos) * u128::from(random)) >> 64) as u64)
    }
}

/// A random number.
pub(crate) fn random() -> u64 {
    let bytes: Result<ring::rand::Random<[u8; 8]>, _> =
        ring::rand::generate(&ring::rand::SystemRandom::new());
    // Without randomness, the whole wait.
    bytes.map_or(u64::MAX, |bytes| u64::from_ne_bytes(bytes.expose()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses() {
        for (status, verdict) in [
            (200, Verdict::Delivered),
            (204, Verdict::Delivered),
            (301, Verdict::Unwilling),
            (307, Verdict::Unwilling),
            (400, Verdict::Refused),
            (401, Verdict::Unwilling),
            (403, Verdict::Unwilling),
            (404, Verdict::Unwilling),
            (408, Verdict::Again),
            (413, Verdict::Refused),
            (425, Verdict::Again),
            (429, Verdict::Again),
            (500, Verdict::Again),
            (503, Verdict::Again),
        ] {
            assert_eq!(Verdict::of(status), verdict, "{status}");
        }
    }

    #[test]
    fn waits_double_up_to_the_most() {
        let pace = Pace { first: Duration::from_secs(1), most: Duration::from_secs(60) };
        let waits: Vec<u64> =
            (1..=9).map(|requests| pace.wait(requests, u64::MAX).as_millis() as u64 + 1).collect();
        assert_eq!(waits, [1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000]);
        assert_eq!(pace.wait(u32::MAX, 0), Duration::ZERO);
        assert!((0..100).map(|_| random()).any(|number| number != random()));
    }
}
