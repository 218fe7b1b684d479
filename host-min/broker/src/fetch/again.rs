//! Whether a request that came to nothing is sent again, and when.
//!
//! Pure: what happened, how often and for how long go in, a wait or a reason comes out. All that is sent is a GET, which may be
//! sent any number of times (RFC 9110, 9.2.2); what is bounded here is how much of a burden and of a wait that is.
//! docs/decisions/0026 has the reasons for the figures.

use std::time::Duration;
use wagather_base::limits::{BACKOFF_BASE, FIRST_CONTACT_TIME, MAX_BACKOFF, MAX_FIRST_TRIES, MAX_TRIES};
use wagather_kube::{Cause, NoAnswer, Response};

/// Why a request is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// HTTP 429: the server has enough to do.
    Busy,
    /// HTTP 502, 503 or 504: what stands before the server, or the server itself for now. Any other 5xx that says when to come
    /// back is one too: API servers answer 500 with `Retry-After` while they wait for etcd.
    Unavailable,
    /// No connection.
    Unreachable,
    /// A connection that broke before the head of the answer.
    Broken,
    /// No answer in the time for one, with more of the request's time left.
    Late,
    /// The body of an answer broke off.
    Cut,
}

impl Why {
    /// Each of them, in the order of the report.
    pub(super) const ALL: [Why; 6] =
        [Why::Busy, Why::Unavailable, Why::Unreachable, Why::Broken, Why::Late, Why::Cut];

    /// In words.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Why::Busy => "the server was busy",
            Why::Unavailable => "the server was unavailable",
            Why::Unreachable => "the connection failed",
            Why::Broken => "the connection broke",
            Why::Late => "no response arrived in time",
            Why::Cut => "the response broke off",
        }
    }

    /// What an answer gives reason for, if it does.
    pub(super) fn of(answer: &Result<Response, NoAnswer>) -> Option<Why> {
        match answer {
            Ok(response) => match response.status {
                429 => Some(Why::Busy),
                502..=504 => Some(Why::Unavailable),
                500..=599 if response.retry_after.is_some() => Some(Why::Unavailable),
                _ => None,
            },
            Err(no_answer) => match no_answer.cause {
                Cause::Unreachable => Some(Why::Unreachable),
                Cause::Broken => Some(Why::Broken),
                Cause::Late => Some(Why::Late),
                Cause::Final => None,
            },
        }
    }
}

/// What is known of a request that came to nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempt {
    /// How often it was sent.
    pub(super) tries: u32,
    /// How long the server wants us to wait.
    pub(super) retry_after: Option<Duration>,
    /// Time since it was sent first.
    pub(super) elapsed: Duration,
    /// What is left of its time.
    pub(super) left: Duration,
    /// Whether the run has had an answer that is to be believed.
    pub(super) established: bool,
}

/// Why it is not sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GaveUp {
    /// It was often enough, or for long enough.
    Tried,
    /// The wait that the server wants does not fit into its time.
    NoTime(Duration),
    /// The gatherer has sent too many again, or has no requests left.
    NoBudget,
}

impl Attempt {
    /// The wait until it is sent again. `random` is any number.
    pub(super) fn wait(&self, random: u64) -> Result<Duration, GaveUp> {
        // A server that says when to come back is there.
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

/// A random part of what doubles with each try: requests that failed together do not come back together.
pub(super) fn backoff(tries: u32, random: u64) -> Duration {
    let most = BACKOFF_BASE.saturating_mul(1_u32.checked_shl(tries.saturating_sub(1)).unwrap_or(u32::MAX));
    let nanos = u64::try_from(most.min(MAX_BACKOFF).as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(((u128::from(nanos) * u128::from(random)) >> 64) as u64)
}

impl GaveUp {
    /// What a person is told of a request that was sent so often; nothing if there is nothing to tell.
    pub(super) fn text(self, tries: u32) -> String {
        let times = match tries {
            1 => "tried once".to_owned(),
            _ => format!("tried {tries} times"),
        };
        match self {
            GaveUp::Tried if tries == 1 => String::new(),
            GaveUp::Tried => times,
            GaveUp::NoTime(wait) => {
                let wait = humantime::format_duration(wait);
                format!("{times}; the server asks to wait {wait}, which is longer than the time that is left")
            }
            GaveUp::NoBudget => format!("{times}; the gatherer has no retries left"),
        }
    }
}

/// Numbers that nobody needs to foresee: xorshift, by Marsaglia.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    /// Another sequence for each run, more or less.
    pub(super) fn of_clock() -> Random {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Random::new(since.as_nanos() as u64)
    }

    /// The sequence of a seed.
    pub(super) fn new(seed: u64) -> Random {
        // Neighbouring seeds must not begin alike, and 0 would stay 0.
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// The next one.
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
            // The server's word is the least.
            (Attempt { retry_after: Some(seconds(3)), ..ONCE }, Ok(seconds(3))),
            (Attempt { retry_after: Some(Duration::ZERO), ..ONCE }, Ok(millis(50))),
            (Attempt { retry_after: Some(seconds(300)), ..ONCE }, Err(GaveUp::NoTime(seconds(300)))),
        ] {
            assert_eq!(of(attempt), expected, "{attempt:?}");
        }
    }

    #[test]
    fn before_the_first_answer_little_is_tried() {
        let first = Attempt { established: false, ..ONCE };
        for (attempt, goes_on) in [
            (first, true),
            (Attempt { tries: MAX_FIRST_TRIES - 1, ..first }, true),
            (Attempt { tries: MAX_FIRST_TRIES, ..first }, false),
            (Attempt { elapsed: FIRST_CONTACT_TIME, ..first }, false),
            // It has something to say, so it is there.
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
        let told_when =
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
            (response(429), Some(Why::Busy)),
            (response(500), None),
            (response(501), None),
            (response(502), Some(Why::Unavailable)),
            (response(503), Some(Why::Unavailable)),
            (response(504), Some(Why::Unavailable)),
            (response(505), None),
            (told_when(400), None),
            (told_when(500), Some(Why::Unavailable)),
            (told_when(507), Some(Why::Unavailable)),
            (told_when(599), Some(Why::Unavailable)),
            (no_answer(Cause::Final), None),
            (no_answer(Cause::Unreachable), Some(Why::Unreachable)),
            (no_answer(Cause::Broken), Some(Why::Broken)),
            (no_answer(Cause::Late), Some(Why::Late)),
        ] {
            assert_eq!(Why::of(&answer), why);
        }
        assert!(Why::ALL.iter().enumerate().all(|(index, why)| *why as usize == index));
    }
}
