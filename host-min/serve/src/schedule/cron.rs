//! Cron expressions as a CronJob has them: five fields and the shortcuts such as `@daily`, in a time zone.
//!
//! The rules are those of the parser that Kubernetes uses: a day must match both fields of days if one of them is `*`, and one of them otherwise. A
//! time that a change to summer time skips is skipped; one that the end of summer time repeats is used twice. Sunday is 0.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ZonedDateTime};
use std::fmt;

/// A cron expression in a time zone.
#[derive(Clone, PartialEq, Eq)]
pub struct Cron {
    text: String,
    zone: TimeZone,
    minutes: Field,
    hours: Field,
    days: Field,
    months: Field,
    weekdays: Field,
}

/// The numbers that a field matches, as bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Field {
    bits: u64,
    /// Whether it is `*` or `?`.
    is_any: bool,
}

/// Why a text is not a cron expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CronError {
    /// It does not have five fields.
    Fields(usize),
    /// It is a shortcut that does not exist.
    Shortcut(String),
    /// A part of a field is not a number or name that the field can have.
    Part {
        /// The field.
        field: &'static str,
        /// The part.
        part: String,
        /// What the field can have.
        least: u32,
        /// What the field can have.
        most: u32,
    },
    /// A range ends before it begins, or a step is zero.
    Range {
        /// The field.
        field: &'static str,
        /// The part.
        part: String,
    },
    /// There is no such time zone.
    Zone(String),
    /// No day is ever like that.
    Never,
}

impl fmt::Display for CronError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CronError::Fields(count) => {
                write!(f, "expected five fields (minute, hour, day, month, weekday), not {count}")
            }
            CronError::Shortcut(text) if text.starts_with("@every") => {
                f.write_str("write 'every' instead of 'cron' for an interval")
            }
            CronError::Shortcut(_) => {
                f.write_str("the shortcuts are @yearly, @monthly, @weekly, @daily and @hourly")
            }
            CronError::Part { field, part, least, most } => {
                let sunday = if *field == "weekday" && part == "7" { "; Sunday is 0" } else { "" };
                write!(f, "the {field} has '{part}', and not a number from {least} to {most}{sunday}")
            }
            CronError::Range { field, part } => {
                write!(f, "the {field} has '{part}', in which nothing is")
            }
            CronError::Zone(zone) => {
                write!(f, "there is no time zone '{zone}'; expected a name such as Europe/Berlin")
            }
            CronError::Never => f.write_str("no day is ever like that"),
        }
    }
}

impl std::error::Error for CronError {}

const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// How far it is looked for the next time. The 29th of February can be eight years away.
const MAX_YEARS: i16 = 9;

impl Cron {
    /// Reads an expression. Without a zone, its times are UTC.
    pub fn parse(text: &str, zone: Option<&str>) -> Result<Cron, CronError> {
        let zone = match zone {
            None => TimeZone::UTC,
            Some(name) => TimeZone::get(name).map_err(|_| CronError::Zone(name.to_owned()))?,
        };
        let fields = match text.trim() {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            other if other.starts_with('@') => return Err(CronError::Shortcut(other.to_owned())),
            other => other,
        };
        let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields[..] else {
            return Err(CronError::Fields(fields.len()));
        };
        let cron = Cron {
            text: text.trim().to_owned(),
            zone,
            minutes: field("minute", minutes, 0, 59, &[])?,
            hours: field("hour", hours, 0, 23, &[])?,
            days: field("day", days, 1, 31, &[])?,
            months: field("month", months, 1, 12, MONTHS)?,
            weekdays: field("weekday", weekdays, 0, 6, WEEKDAYS)?,
        };
        // A day that never comes is a mistake, and not a gatherer that never runs.
        cron.next_after(0).map(|_| cron.clone()).ok_or(CronError::Never)
    }

    /// The first time after this one, both in milliseconds since the epoch.
    pub(crate) fn next_after(&self, millis: i64) -> Option<i64> {
        let after = Timestamp::from_millisecond(millis).ok()?.to_zoned_datetime(self.zone.clone());
        let seconds = i64::from(after.second());
        let begin = after.timestamp().as_second() - seconds + 60;
        let mut time = self.at(begin)?;
        let last_year = time.year() + MAX_YEARS;
        while time.year() <= last_year {
            if !self.months.has(time.month()) {
                time = time.last_of_month().ok()?.tomorrow().ok()?.start_of_day().ok()?;
            } else if !self.has_day(&time) {
                time = time.tomorrow().ok()?.start_of_day().ok()?;
            } else if !self.hours.has(time.hour()) {
                time = self.later(&time, 60 - i64::from(time.minute()))?;
            } else if !self.minutes.has(time.minute()) {
                time = self.later(&time, 1)?;
            } else {
                return Some(time.timestamp().as_millisecond());
            }
        }
        None
    }

    /// The last time up to this one that is not before the other.
    pub(crate) fn last_until(&self, millis: i64, known: i64) -> i64 {
        // Looks ever further back until there is one.
        let mut back = 60_000;
        while millis - back > known {
            let mut last = None;
            let mut from = millis - back;
            while let Some(next) = self.next_after(from).filter(|next| *next <= millis) {
                (last, from) = (Some(next), next);
            }
            if let Some(last) = last {
                return last;
            }
            back *= 8;
        }
        let mut last = known;
        while let Some(next) = self.next_after(last).filter(|next| *next <= millis) {
            last = next;
        }
        last
    }

    fn at(&self, second: i64) -> Option<ZonedDateTime> {
        Some(Timestamp::from_second(second).ok()?.to_zoned_datetime(self.zone.clone()))
    }

    fn later(&self, time: &ZonedDateTime, minutes: i64) -> Option<ZonedDateTime> {
        time.checked_add(SignedDuration::from_mins(minutes)).ok()
    }

    fn has_day(&self, time: &ZonedDateTime) -> bool {
        let day = self.days.has(time.day());
        let weekday = self.weekdays.has(time.weekday().to_sunday_zero_offset());
        if self.days.is_any || self.weekdays.is_any { day && weekday } else { day || weekday }
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.text, self.zone.iana_name().unwrap_or("UTC"))
    }
}

impl fmt::Debug for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Field {
    fn has(self, number: i8) -> bool {
        u32::try_from(number).is_ok_and(|number| self.bits & (1 << number) != 0)
    }
}

fn field(field: &'static str, text: &str, least: u32, most: u32, names: &[&str]) -> Result<Field, CronError> {
    let mut all = Field { bits: 0, is_any: false };
    for part in text.split(',') {
        let number = |text: &str| {
            let named = names.iter().position(|name| text.eq_ignore_ascii_case(name));
            let named = named.and_then(|at| u32::try_from(at).ok()).map(|at| at + least);
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let number = named.or_else(|| text.parse().ok().filter(|_| is_number));
            number.filter(|number| (least..=most).contains(number)).ok_or_else(|| CronError::Part {
                field,
                part: text.to_owned(),
                least,
                most,
            })
        };
        let empty = || CronError::Range { field, part: part.to_owned() };
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step.parse::<u32>().map_err(|_| empty())?)),
            None => (part, None),
        };
        let (from, to) = match range.split_once('-') {
            _ if matches!(range, "*" | "?") => {
                all.is_any |= step.is_none_or(|step| step == 1);
                (least, most)
            }
            Some((from, to)) => (number(from)?, number(to)?),
            // With a step, a number is the beginning.
            None if step.is_some() => (number(range)?, most),
            None => (number(range)?, number(range)?),
        };
        let step = step.unwrap_or(1);
        if from > to || step == 0 {
            return Err(empty());
        }
        all.bits |= (from..=to).step_by(step as usize).fold(0, |bits, number| bits | 1 << number);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> i64 {
        text.parse::<Timestamp>().expect(text).as_millisecond()
    }

    /// The next three times after one.
    fn next(cron: &str, zone: Option<&str>, after: &str) -> Vec<String> {
        let cron = Cron::parse(cron, zone).expect(cron);
        let mut time = millis(after);
        let times = std::iter::from_fn(|| {
            time = cron.next_after(time)?;
            Some(Timestamp::from_millisecond(time).expect("a time").to_string())
        });
        times.take(3).collect()
    }

    #[test]
    fn times_in_utc() {
        let after = "2026-01-30T10:07:30Z";
        for (cron, expected) in [
            ("* * * * *", ["2026-01-30T10:08:00Z", "2026-01-30T10:09:00Z", "2026-01-30T10:10:00Z"]),
            ("*/20 * * * *", ["2026-01-30T10:20:00Z", "2026-01-30T10:40:00Z", "2026-01-30T11:00:00Z"]),
            ("7 10 * * *", ["2026-01-31T10:07:00Z", "2026-02-01T10:07:00Z", "2026-02-02T10:07:00Z"]),
            ("5/25 3,4 * * *", ["2026-01-31T03:05:00Z", "2026-01-31T03:30:00Z", "2026-01-31T03:55:00Z"]),
            ("0 0 31 * *", ["2026-01-31T00:00:00Z", "2026-03-31T00:00:00Z", "2026-05-31T00:00:00Z"]),
            ("0 0 29 feb *", ["2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z", "2036-02-29T00:00:00Z"]),
            ("0 0 * * Mon-Tue", ["2026-02-02T00:00:00Z", "2026-02-03T00:00:00Z", "2026-02-09T00:00:00Z"]),
            // One of both, because neither is a star.
            ("0 0 1 * 0", ["2026-02-01T00:00:00Z", "2026-02-08T00:00:00Z", "2026-02-15T00:00:00Z"]),
            // Both, because one is.
            ("0 0 ? * sat", ["2026-01-31T00:00:00Z", "2026-02-07T00:00:00Z", "2026-02-14T00:00:00Z"]),
            ("@monthly", ["2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z"]),
            ("@weekly", ["2026-02-01T00:00:00Z", "2026-02-08T00:00:00Z", "2026-02-15T00:00:00Z"]),
        ] {
            assert_eq!(next(cron, None, after), expected, "{cron}");
        }
    }

    #[test]
    fn summer_time_skips_and_repeats() {
        let zone = Some("Europe/Berlin");
        // At 02:00 on March 29th 2026 it is 03:00.
        let skipped = next("30 2 * * *", zone, "2026-03-28T00:00:00Z");
        assert_eq!(skipped, ["2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z", "2026-03-31T00:30:00Z"]);
        // At 03:00 on October 25th it is 02:00 again.
        let repeated = next("30 2 * * *", zone, "2026-10-24T12:00:00Z");
        assert_eq!(repeated, ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"]);
        // Half an hour, on Lord Howe Island.
        let half = next("0 2 * * *", Some("Australia/Lord_Howe"), "2026-10-03T00:00:00Z");
        assert_eq!(half, ["2026-10-04T15:00:00Z", "2026-10-05T15:00:00Z", "2026-10-06T15:00:00Z"]);
    }

    #[test]
    fn mistakes_say_what_is_wrong() {
        for (cron, zone, message) in [
            ("* * * *", None, "expected five fields (minute, hour, day, month, weekday), not 4"),
            ("60 * * * *", None, "the minute has '60', and not a number from 0 to 59"),
            ("* * 0 * *", None, "the day has '0', and not a number from 1 to 31"),
            ("* * * * 7", None, "the weekday has '7', and not a number from 0 to 6; Sunday is 0"),
            ("5-1 * * * *", None, "the minute has '5-1', in which nothing is"),
            ("*/0 * * * *", None, "the minute has '*/0', in which nothing is"),
            ("* * * foo *", None, "the month has 'foo', and not a number from 1 to 12"),
            ("+1 * * * *", None, "the minute has '+1', and not a number from 0 to 59"),
            ("@every 1h", None, "write 'every' instead of 'cron' for an interval"),
            ("@often", None, "the shortcuts are @yearly, @monthly, @weekly, @daily and @hourly"),
            ("0 0 31 2 *", None, "no day is ever like that"),
            (
                "* * * * *",
                Some("Mars"),
                "there is no time zone 'Mars'; expected a name such as Europe/Berlin",
            ),
        ] {
            assert_eq!(Cron::parse(cron, zone).expect_err(cron).to_string(), message);
        }
    }

    #[test]
    fn the_last_time_until_now() {
        let cron = Cron::parse("0 0 1 1 *", None).expect("cron");
        let known = millis("2001-01-01T00:00:00Z");
        assert_eq!(cron.last_until(millis("2026-06-01T00:00:00Z"), known), millis("2026-01-01T00:00:00Z"));
        assert_eq!(cron.last_until(millis("2001-06-01T00:00:00Z"), known), known);
    }
}
