//! Whether and when a failed request is sent again.
//!
//! It is pure: the inputs are what happened, how often and for how long, and the result is a wait or a reason to give up. All requests are GETs, which can be
//! repeated (RFC 9110, 9.2.2). The limits here are for the load on the server and for the waits.
//! docs/decisions/0026 has the reasons for the figures.

use std::time::Duration;
use wagather_base::limits::{BACKOFF_BASE, FIRST_CONTACT_TIME, MAX_BACKOFF, MAX_FIRST_TRIES, MAX_TRIES};
use wagather_kube::{Cause, NoAnswer, Response};

/// Why a request is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryReason {
    /// HTTP 429: the server is busy.
    Busy,
    /// HTTP 502, 503 or 504: the server, or something in front of it, is unavailable. Also any other 5xx with `Retry-After`, which API
    /// servers send while they wait for etcd.
    Unavailable,
    /// The connection failed.
    Unreachable,
    /// The connection broke before the head of the response.
    Broken,
    /// No response arrived in time, and the request has more time left.
    Late,
    /// The body of the response broke off.
    Cut,
}

impl RetryReason {
    /// All reasons, in the order of the report.
    pub(super) const ALL: [RetryReason; 6] = [
        RetryReason::Busy,
        RetryReason::Unavailable,
        RetryReason::Unreachable,
        RetryReason::Broken,
        RetryReason::Late,
        RetryReason::Cut,
    ];

    /// The reason in words.
    pub(super) const fn text(self) -> &'static str {
        match self {
            RetryReason::Busy => "the server was busy",
            RetryReason::Unavailable => "the server was unavailable",
            RetryReason::Unreachable => "the connection failed",
            RetryReason::Broken => "the connection broke",
            RetryReason::Late => "no response arrived in time",
            RetryReason::Cut => "the response broke off",
        }
    }

    /// The reason that a response or its absence gives, if any.
    pub(super) fn of(answer: &Result<Response, NoAnswer>) -> Option<RetryReason> {
        match answer {
            Ok(response) => match response.status {
                429 => Some(RetryReason::Busy),
                502..=504 => Some(RetryReason::Unavailable),
                500..=599 if response.retry_after.is_some() => Some(RetryReason::Unavailable),
                _ => None,
            },
            Err(no_answer) => match no_answer.cause {
                Cause::Unreachable => Some(RetryReason::Unreachable),
                Cause::Broken => Some(RetryReason::Broken),
                Cause::Late => Some(RetryReason::Late),
                Cause::Final | Cause::NotGathered => None,
            },
        }
    }
}

/// A request that failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    /// How often it was sent.
    pub(super) tries: u32,
    /// The server's `Retry-After`.
    pub(super) retry_after: Option<Duration>,
    /// The time since it was first sent.
    pub(super) elapsed: Duration,
    /// The time that it has left.
    pub(super) left: Duration,
    /// Whether the run has had a valid response before.
    pub(super) established: bool,
}

/// Why a request is not sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GaveUp {
    /// It was tried often or long enough.
    Tried,
    /// The server asks for a wait that is longer than the time left.
    NoTime(Duration),
    /// The gatherer has no retries or no requests left.
    NoBudget,
}

impl Attempt {
    /// The wait before it is sent again. `random` is a random number.
    pub(super) fn wait(&self, random: u64) -> Result<Duration, GaveUp> {
        // A server that sends `Retry-After` is reachable.
        let persists = self.established || self.retry_after.is_some();
        let most = if persists { MAX_TRIES } else { MAX_FIRST_TRIES };
        if self.tries >= most || (!persists && self.elapsed >= FIRST_CONTACT_TIME) {
            return Err(GaveUp::Tried);
        }
        match self.retry_after.filter(|wait| *wait >= self.left) {
            Some(wait) => Err(GaveUp::NoTime(wait)),
            None => {
                let wait = backoff(self.tries, random).max(self.retry_after.unwrap_or_default());
                if wait >= self.left { Err(GaveUp::Tried) } else { Ok(wait) }
            }
        }
    }
}

/// A random part of a time that doubles with each try, so that requests that failed together are not repeated together.
pub(super) fn backoff(tries: u32, random: u64) -> Duration {
    let most = BACKOFF_BASE.saturating_mul(1_u32.checked_shl(tries.saturating_sub(1)).unwrap_or(u32::MAX));
    let nanos = u64::try_from(most.min(MAX_BACKOFF).as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(((u128::from(nanos) * u128::from(random)) >> 64) as u64)
}

impl GaveUp {
    /// The explanation for people. Empty for a request that was sent once and is not worth a word.
    pub(crate) fn text(self, tries: u32) -> String {
        let times = match tries {
            1 => "tried once".to_owned(),
            _ => format!("tried {tries} times"),
        };
        match self {
            GaveUp::Tried if tries == 1 => String::new(),
            GaveUp::Tried => times,
            GaveUp::NoTime(wait) => {
                // A date is less than a second off a whole number.
                let whole = if wait.subsec_nanos() > 0 { wait.as_secs() + 1 } else { wait.as_secs() };
                let wait = humantime::format_duration(Duration::from_secs(whole));
                format!("{times}; the server asks to wait {wait}, which is longer than the time that is left")
            }
            GaveUp::NoBudget => format!("{times}; the gatherer has no retries left"),
        }
    }
}

/// Random numbers for waits: Marsaglia's xorshift. They are not for cryptography.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    /// A sequence seeded by the clock.
    pub(super) fn of_clock() -> Random {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Random::new(since.as_nanos() as u64)
    }

    /// The sequence for a seed.
    pub(super) fn new(seed: u64) -> Random {
        // Similar seeds must not begin alike, and a state of 0 would stay 0.
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next number.
    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    const ONCE: Attempt = Attempt {
        tries: 1,
        retry_after: None,
        elapsed: Duration::ZERO,
        left: seconds(60),
        established: true,
    };

    #[test]
    fn the_wait_is_a_part_of_what_doubles_up_to_ten_seconds() {
        for (tries, most_millis) in
            [(1, 100), (2, 200), (3, 400), (4, 800), (7, 6_400), (8, 10_000), (9, 10_000), (99, 10_000)]
        {
            assert_eq!(backoff(tries, 0), Duration::ZERO);
            let most = backoff(tries, u64::MAX);
            assert_eq!(most.as_nanos().div_ceil(1_000_000), most_millis, "{tries}");
            assert_eq!(backoff(tries, 1 << 63).as_millis(), most_millis / 2);
        }
        let mut random = Random::new(7);
        let waits: Vec<u128> = (0..2_000).map(|_| backoff(4, random.next()).as_millis()).collect();
        for fifth in 0..5 {
            let within = waits.iter().filter(|wait| (fifth * 160..(fifth + 1) * 160).contains(*wait)).count();
            assert!((320..480).contains(&within), "{within} of 2000 in the fifth {fifth}");
        }
    }

    #[test]
    fn a_request_is_sent_again_so_often_and_as_long_as_its_time_allows() {
        let half = 1 << 63;
        let of = |attempt: Attempt| attempt.wait(half);
        let millis = Duration::from_millis;
        for (attempt, expected) in [
            (ONCE, Ok(millis(50))),
            (Attempt { tries: 4, ..ONCE }, Ok(millis(400))),
            (Attempt { tries: MAX_TRIES - 1, ..ONCE }, Ok(seconds(5))),
            (Attempt { tries: MAX_TRIES, ..ONCE }, Err(GaveUp::Tried)),
            (Attempt { tries: 4, left: millis(400), ..ONCE }, Err(GaveUp::Tried)),
            (Attempt { tries: 4, left: millis(401), ..ONCE }, Ok(millis(400))),
            (Attempt { left: Duration::ZERO, ..ONCE }, Err(GaveUp::Tried)),
            // `Retry-After` is the minimum.
            (Attempt { retry_after: Some(seconds(3)), ..ONCE }, Ok(seconds(3))),
            (Attempt { retry_after: Some(Duration::ZERO), ..ONCE }, Ok(millis(50))),
            (Attempt { retry_after: Some(seconds(300)), ..ONCE }, Err(GaveUp::NoTime(seconds(300)))),
        ] {
            assert_eq!(of(attempt), expected, "{attempt:?}");
        }
    }

    #[test]
    fn before_the_first_answer_few_tries_are_made() {
        let first = Attempt { established: false, ..ONCE };
        for (attempt, goes_on) in [
            (first, true),
            (Attempt { tries: MAX_FIRST_TRIES - 1, ..first }, true),
            (Attempt { tries: MAX_FIRST_TRIES, ..first }, false),
            (Attempt { elapsed: FIRST_CONTACT_TIME, ..first }, false),
            // A server that sends `Retry-After` is reachable.
            (Attempt { elapsed: seconds(9), retry_after: Some(seconds(1)), ..first }, true),
            (Attempt { tries: MAX_TRIES, retry_after: Some(seconds(1)), ..first }, false),
        ] {
            assert_eq!(attempt.wait(0).is_ok(), goes_on, "{attempt:?}");
        }
    }

    #[test]
    fn what_is_sent_again() {
        let response = |status| {
            Ok(Response { status, content_type: None, retry_after: None, body: Box::new(std::io::empty()) })
        };
        let with_retry_after =
            |status| response(status).map(|response| Response { retry_after: Some(seconds(1)), ..response });
        let no_answer = |cause| Err(NoAnswer { cause, reason: String::new(), advice: String::new() });
        for (answer, why) in [
            (response(200), None),
            (response(400), None),
            (response(401), None),
            (response(403), None),
            (response(404), None),
            (response(408), None),
            (response(410), None),
            (response(429), Some(RetryReason::Busy)),
            (response(500), None),
            (response(501), None),
            (response(502), Some(RetryReason::Unavailable)),
            (response(503), Some(RetryReason::Unavailable)),
            (response(504), Some(RetryReason::Unavailable)),
            (response(505), None),
            (with_retry_after(400), None),
            (with_retry_after(500), Some(RetryReason::Unavailable)),
            (with_retry_after(507), Some(RetryReason::Unavailable)),
            (with_retry_after(599), Some(RetryReason::Unavailable)),
            (no_answer(Cause::Final), None),
            (no_answer(Cause::Unreachable), Some(RetryReason::Unreachable)),
            (no_answer(Cause::Broken), Some(RetryReason::Broken)),
            (no_answer(Cause::Late), Some(RetryReason::Late)),
        ] {
            assert_eq!(RetryReason::of(&answer), why);
        }
        assert!(RetryReason::ALL.iter().enumerate().all(|(index, why)| *why as usize == index));
    }
}
