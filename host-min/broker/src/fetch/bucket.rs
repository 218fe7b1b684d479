//! A token bucket that limits the rate and the burst of a run's requests.
//!
//! It is pure: the time is an argument. The algorithm is GCRA. Instead of a number of tokens, it keeps the time at
//! which the bucket is full again, so nothing has to be refilled or rounded between two requests.

use std::time::{Duration, Instant};

/// A token bucket.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    /// The time in which one token arrives.
    interval: Duration,
    /// The time in which all but one of a full bucket's tokens arrive.
    depth: Duration,
    /// When the bucket is full again. It starts full.
    full_at: Option<Instant>,
}

impl Bucket {
    /// A bucket for this rate and burst.
    pub(super) fn new(per_second: u32, at_once: u32) -> Bucket {
        let interval = Duration::from_secs(1) / per_second.max(1);
        Bucket { interval, depth: interval * at_once.saturating_sub(1), full_at: None }
    }

    /// Takes a token, or returns the time at which there is one.
    pub(super) fn take(&mut self, now: Instant) -> Result<(), Instant> {
        let full_at = self.full_at.map_or(now, |full_at| full_at.max(now));
        if full_at > now + self.depth {
            return Err(full_at - self.depth);
        }
        self.full_at = Some(full_at + self.interval);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many requests that come as fast as they may are let through until each of these times, in milliseconds.
    fn let_through(per_second: u32, at_once: u32, until_millis: &[u64]) -> Vec<u32> {
        let (mut bucket, begin) = (Bucket::new(per_second, at_once), Instant::now());
        let (mut now, mut number) = (begin, 0);
        let mut counts = Vec::new();
        for millis in until_millis {
            let until = begin + Duration::from_millis(*millis);
            loop {
                match bucket.take(now) {
                    Ok(()) => number += 1,
                    Err(at) if at <= until => {
                        assert!(at > now, "a wait that is over");
                        now = at;
                    }
                    Err(_) => break,
                }
            }
            counts.push(number);
        }
        counts
    }

    #[test]
    fn a_burst_and_then_the_rate() {
        for (per_second, at_once, expected) in [
            (50, 300, [300, 350, 800]),
            (1, 1, [1, 2, 11]),
            (5, 10, [10, 15, 60]),
            (3, 1, [1, 3, 30]),
            (1_000_000, 1, [1, 1_000_001, 10_000_001]),
        ] {
            let counts = let_through(per_second, at_once, &[0, 1_000, 10_000]);
            for (count, expected) in counts.iter().zip(expected) {
                // A third of a second is no whole number of nanoseconds.
                assert!(count.abs_diff(expected) <= 1, "{per_second}/s, {at_once} at once: {counts:?}");
            }
        }
    }

    #[test]
    fn what_is_not_used_is_kept_up_to_a_full_bucket() {
        let (mut bucket, begin) = (Bucket::new(10, 3), Instant::now());
        let take = |bucket: &mut Bucket, millis: u64| {
            let now = begin + Duration::from_millis(millis);
            bucket.take(now).map_err(|at| at.duration_since(now).as_millis())
        };
        assert_eq!([0; 4].map(|at| take(&mut bucket, at)), [Ok(()), Ok(()), Ok(()), Err(100)]);
        assert_eq!(take(&mut bucket, 40), Err(60));
        assert_eq!([100; 2].map(|at| take(&mut bucket, at)), [Ok(()), Err(100)]);
        assert_eq!([60_000; 4].map(|at| take(&mut bucket, at)), [Ok(()), Ok(()), Ok(()), Err(100)]);
    }
}
