//! When a gatherer runs: in intervals, or at the times of a cron expression in a time zone.
//!
//! These are pure computations over times that are passed in. `Due` is the schedule of one gatherer as it goes on. Intervals use the monotonic
//! clock, so that a change of the time of day does not move them. Cron expressions use the time of day, as a CronJob does.

mod cron;

pub use cron::{Cron, CronError};

use std::fmt;
use std::time::{Duration, Instant};

/// A schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// In intervals.
    Every {
        /// From one time to the next.
        period: Duration,
        /// Each run starts at its time or up to this much later, at random, so that many services do not ask a server at once.
        jitter: Duration,
    },
    /// At times of the day.
    Cron(Cron),
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Schedule::Every { period, .. } => write!(f, "every {}", Seconds(*period)),
            Schedule::Cron(cron) => cron.fmt(f),
        }
    }
}

/// A duration in the largest unit that divides it.
struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        match (self.0.subsec_nanos(), seconds % 60, seconds % 3600) {
            (0, 0, 0) => write!(f, "{}h", seconds / 3600),
            (0, 0, _) => write!(f, "{}m", seconds / 60),
            (0, ..) => write!(f, "{seconds}s"),
            _ => write!(f, "{}ms", self.0.as_millis()),
        }
    }
}

/// The time now, on both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    /// The monotonic clock.
    pub(crate) instant: Instant,
    /// The time of day, in milliseconds since the Unix epoch.
    pub(crate) millis: i64,
}

/// The schedule of a gatherer as it goes on.
#[derive(Clone, Debug)]
pub(crate) struct Due {
    schedule: Schedule,
    /// How late a run of a cron expression may start.
    deadline: Option<Duration>,
    next: Next,
}

#[derive(Clone, Copy, Debug)]
enum Next {
    /// The next time of the interval, and when its run starts.
    Every { time: Instant, start: Instant },
    /// All times up to this one are over (milliseconds since the epoch).
    Cron { last_millis: i64 },
}

/// What is due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Passed {
    /// Whether a run is due.
    pub(crate) is_due: bool,
    /// Further times that have passed, for which there is no run.
    pub(crate) missed: u64,
}

/// A clock that is set back further was wrong before. Within this, times that were used are not used again.
const LARGEST_SET_BACK_MILLIS: i64 = 3 * 3600 * 1000;

/// Missed times are not counted further, as in a CronJob.
const MAX_COUNTED: u64 = 100;

impl Due {
    /// A schedule that begins now. `random` is between 0 and 1.
    pub(crate) fn new(schedule: Schedule, deadline: Option<Duration>, now: Now, random: f64) -> Due {
        let next = match &schedule {
            Schedule::Every { period, jitter } => every(now.instant + *period, *jitter, random),
            Schedule::Cron(_) => Next::Cron { last_millis: now.millis },
        };
        Due { schedule, deadline, next }
    }

    /// The schedule and the deadline.
    pub(crate) fn is(&self, schedule: &Schedule, deadline: Option<Duration>) -> bool {
        self.schedule == *schedule && self.deadline == deadline
    }

    /// Takes what is due now. Of several times that have passed, the last one counts.
    pub(crate) fn take(&mut self, now: Now, random: f64) -> Passed {
        match (&self.schedule, &mut self.next) {
            (Schedule::Every { period, jitter }, Next::Every { time, start }) => {
                if now.instant < *start {
                    return Passed::default();
                }
                let behind = now.instant.duration_since(*time).as_nanos() / period.as_nanos().max(1);
                let behind = u32::try_from(behind).unwrap_or(u32::MAX);
                let next = time.checked_add(period.saturating_mul(behind.saturating_add(1)));
                self.next = every(next.unwrap_or(now.instant + *period), *jitter, random);
                Passed { is_due: true, missed: behind.into() }
            }
            (Schedule::Cron(cron), Next::Cron { last_millis }) => {
                if *last_millis - now.millis > LARGEST_SET_BACK_MILLIS {
                    *last_millis = now.millis;
                }
                let mut times = 0;
                while let Some(time) = cron.next_after(*last_millis).filter(|time| *time <= now.millis) {
                    *last_millis = time;
                    times += 1;
                    if times > MAX_COUNTED {
                        // Too many to look at each: the clock was wrong, or the machine slept.
                        *last_millis = cron.last_until(now.millis, time);
                        break;
                    }
                }
                let late = Duration::from_millis(now.millis.abs_diff(*last_millis));
                let is_due = times > 0 && self.deadline.is_none_or(|deadline| late <= deadline);
                Passed { is_due, missed: times - u64::from(is_due) }
            }
            _ => Passed::default(),
        }
    }

    /// How long it is until the next run, at most.
    pub(crate) fn wait(&self, now: Now) -> Option<Duration> {
        match self.next {
            Next::Every { start, .. } => Some(start.saturating_duration_since(now.instant)),
            Next::Cron { .. } => {
                let until = self.next_millis(now)? - now.millis;
                Some(Duration::from_millis(u64::try_from(until).unwrap_or(0)))
            }
        }
    }

    /// When the next run starts, in milliseconds since the epoch.
    pub(crate) fn next_millis(&self, now: Now) -> Option<i64> {
        match (&self.schedule, self.next) {
            (Schedule::Cron(cron), Next::Cron { last_millis }) => cron.next_after(last_millis),
            (_, Next::Every { start, .. }) => {
                let wait = start.saturating_duration_since(now.instant).as_millis();
                Some(now.millis.saturating_add(i64::try_from(wait).unwrap_or(i64::MAX)))
            }
            _ => None,
        }
    }
}

fn every(time: Instant, jitter: Duration, random: f64) -> Next {
    Next::Every { time, start: time + jitter.mul_f64(random) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(begin: Instant, seconds: u64) -> Now {
        Now { instant: begin + SECOND * seconds as u32, millis: 1_767_225_600_000 + seconds as i64 * 1000 }
    }

    fn due(missed: u64) -> Passed {
        Passed { is_due: true, missed }
    }

    #[test]
    fn an_interval_keeps_its_pace_and_drops_what_passed() {
        let begin = Instant::now();
        let schedule = Schedule::Every { period: SECOND * 10, jitter: SECOND * 4 };
        let mut every = Due::new(schedule, None, at(begin, 0), 0.5);
        assert_eq!(every.take(at(begin, 11), 0.0), Passed::default(), "the jitter is not over");
        assert_eq!(every.wait(at(begin, 11)), Some(SECOND));
        assert_eq!(every.take(at(begin, 12), 0.0), due(0));
        // The jitter does not add up: the next time is 20, not 22.
        assert_eq!(every.take(at(begin, 19), 0.0), Passed::default());
        assert_eq!(every.take(at(begin, 20), 0.0), due(0));
        assert_eq!(every.take(at(begin, 65), 0.0), due(3));
        assert_eq!(every.wait(at(begin, 65)), Some(SECOND * 5));
        // The time of day does not matter.
        let set_back = Now { millis: 0, ..at(begin, 70) };
        assert_eq!(every.take(set_back, 0.0), due(0));
    }

    fn hourly(deadline: Option<Duration>, now: Now) -> Due {
        Due::new(Schedule::Cron(Cron::parse("0 * * * *", None).expect("cron")), deadline, now, 0.0)
    }

    #[test]
    fn of_several_times_that_passed_the_last_one_counts() {
        let begin = Instant::now();
        let mut cron = hourly(None, at(begin, 1));
        assert_eq!(cron.take(at(begin, 3599), 0.0), Passed::default());
        assert_eq!(cron.take(at(begin, 3600), 0.0), due(0));
        assert_eq!(cron.take(at(begin, 3601), 0.0), Passed::default());
        assert_eq!(cron.take(at(begin, 4 * 3600 + 5), 0.0), due(2));
        // Years.
        assert_eq!(cron.take(at(begin, 100_000_000), 0.0), due(100));
        assert_eq!(cron.next_millis(at(begin, 100_000_000)), Some(at(begin, 100_000_800).millis));
    }

    #[test]
    fn a_late_run_is_left_out_if_there_is_a_deadline() {
        let begin = Instant::now();
        let mut cron = hourly(Some(SECOND * 60), at(begin, 1));
        assert_eq!(cron.take(at(begin, 3660), 0.0), due(0));
        assert_eq!(cron.take(at(begin, 7261), 0.0), Passed { is_due: false, missed: 1 });
    }

    #[test]
    fn a_clock_that_is_set_back_repeats_nothing() {
        let begin = Instant::now();
        let mut cron = hourly(None, at(begin, 1));
        assert_eq!(cron.take(at(begin, 3600), 0.0), due(0));
        assert_eq!(cron.take(at(begin, 10), 0.0), Passed::default());
        assert_eq!(cron.take(at(begin, 3600), 0.0), Passed::default());
        assert_eq!(cron.take(at(begin, 7200), 0.0), due(0));
        // It was wrong by days before.
        let now = Now { instant: begin, millis: at(begin, 0).millis - 86_400_000 * 30 + 1 };
        assert_eq!(cron.take(now, 0.0), Passed::default());
        assert_eq!(cron.take(Now { millis: now.millis + 3_600_000, ..now }, 0.0), due(0));
    }

    #[test]
    fn schedules_in_words() {
        let every = |period| Schedule::Every { period, jitter: SECOND }.to_string();
        assert_eq!(every(SECOND * 600), "every 10m");
        assert_eq!(every(SECOND * 7200), "every 2h");
        assert_eq!(every(SECOND * 90), "every 90s");
        assert_eq!(every(Duration::from_millis(1500)), "every 1500ms");
    }
}
