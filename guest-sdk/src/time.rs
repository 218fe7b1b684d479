//! The time of the run, and timestamps of objects.

use crate::sys;

/// Milliseconds since the Unix epoch; in a replay, the time of the recording.
pub fn now_millis() -> i64 {
    sys::now()
}

/// The seconds since the Unix epoch of a Kubernetes timestamp: RFC 3339, such as `2024-05-02T11:00:00Z`, with an
/// optional fraction (`MicroTime`) or offset. `None` if the string is not a timestamp, such as the empty string of an
/// absent field.
///
/// It rounds fractions down. A leap second counts as the second after it, because Unix time has none. Sources:
/// <https://www.rfc-editor.org/rfc/rfc3339#section-5.6>,
/// <https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md#primitive-types>.
///
/// ```
/// use wagather::time;
///
/// let started = time::unix_seconds("2024-05-02T11:00:00Z");
/// let finished = time::unix_seconds("2024-05-02T13:01:30.5+02:00");
/// assert_eq!(started.zip(finished).map(|(from, to)| to - from), Some(90));
/// ```
pub fn unix_seconds(text: &str) -> Option<i64> {
    let left = &mut text.as_bytes();
    let year = digits(left, 4)?;
    let month = after(left, b'-')?;
    let day = after(left, b'-')?;
    let hour = after(left, b'T')?;
    let minute = after(left, b':')?;
    let second = after(left, b':')?;
    if left.first() == Some(&b'.') {
        mark(left, b'.')?;
        digits(left, 1)?;
        while digits(left, 1).is_some() {}
    }
    let is_west = left.first() == Some(&b'-');
    let mut offset = 0;
    if mark(left, b'Z').is_none() {
        mark(left, if is_west { b'-' } else { b'+' })?;
        let (hours, minutes) = (digits(left, 2)?, after(left, b':')?);
        if hours > 23 || minutes > 59 {
            return None;
        }
        offset = i64::from(hours * 60 + minutes) * 60;
    }
    // Day and month count from 1; 0 wraps around to a large number.
    if !left.is_empty()
        || month.wrapping_sub(1) >= 12
        || day.wrapping_sub(1) >= days_of(year, month)
        || hour > 23
        || minute > 59
        || second > 60
    {
        return None;
    }
    // Years begin in March here, so a leap day is the last day of its year. Adding 400 years avoids negative numbers.
    let (year, month) = if month < 3 { (year + 399, month + 9) } else { (year + 400, month - 3) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    let local = i64::from(days) - EPOCH_DAYS;
    let local = local * 86_400 + i64::from((hour * 60 + minute) * 60 + second);
    Some(if is_west { local + offset } else { local - offset })
}

/// Days from 1 March of the year -400 to 1 January 1970.
const EPOCH_DAYS: i64 = 719_468 + 146_097;

fn days_of(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Two digits after a separator.
fn after(left: &mut &[u8], expected: u8) -> Option<u32> {
    mark(left, expected)?;
    digits(left, 2)
}

/// Skips a separator. RFC 3339 allows lower-case letters.
fn mark(left: &mut &[u8], expected: u8) -> Option<()> {
    let (byte, rest) = left.split_first()?;
    if byte.to_ascii_uppercase() != expected {
        return None;
    }
    *left = rest;
    Some(())
}

fn digits(left: &mut &[u8], count: u32) -> Option<u32> {
    let mut number = 0;
    for _ in 0..count {
        let (byte, rest) = left.split_first()?;
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + u32::from(digit);
        *left = rest;
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    #[test]
    fn it_is_the_hosts_time() {
        let run = crate::fake::Host::new().now_millis(1_700_000_000_000).run(|| {
            assert_eq!(now_millis(), 1_700_000_000_000);
            Ok(())
        });
        assert_eq!(run.result, Ok(()));
    }

    #[test]
    fn timestamps_are_seconds_since_1970() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1969-12-31T23:59:59Z", -1),
            ("1969-12-31T23:59:58.999999Z", -2),
            ("2024-05-02T11:00:00Z", 1_714_647_600),
            ("2024-05-02T11:00:00.123456Z", 1_714_647_600),
            ("2000-02-29T12:34:56Z", 951_827_696),
            ("1900-03-01T00:00:00Z", -2_203_891_200),
            ("2100-03-01T00:00:00Z", 4_107_542_400),
            ("2038-01-19T03:14:08Z", 1 << 31),
            ("0000-01-01T00:00:00Z", -62_167_219_200),
            ("0001-01-01T00:00:00Z", -62_135_596_800),
            ("9999-12-31T23:59:59Z", 253_402_300_799),
            // RFC 3339, section 5.8.
            ("1985-04-12T23:20:50.52Z", 482_196_050),
            ("1996-12-19T16:39:57-08:00", 851_042_397),
            ("1990-12-31T23:59:60Z", 662_688_000),
            ("1990-12-31T15:59:60-08:00", 662_688_000),
            ("1937-01-01T12:00:27.87+00:20", -1_041_337_173),
            ("2024-01-01T00:30:00+14:00", 1_704_018_600),
            ("1970-01-01t00:00:00z", 0),
            ("1970-01-01T00:00:00-00:00", 0),
            ("1970-01-01T00:00:00+23:59", -86_340),
            ("0000-01-01T00:00:00+23:59", -62_167_305_540),
        ] {
            assert_eq!(unix_seconds(text), Some(seconds), "{text}");
        }
    }

    #[test]
    fn what_is_no_timestamp_is_none() {
        for text in [
            "",
            "2024",
            "2024-05-02",
            "2024-05-02T11:00:00",
            "2024-05-02T11:00Z",
            "2024-05-02 11:00:00Z",
            "2024-5-02T11:00:00Z",
            "02024-05-02T11:00:00Z",
            "+024-05-02T11:00:00Z",
            "-024-05-02T11:00:00Z",
            "2024-00-02T11:00:00Z",
            "2024-13-02T11:00:00Z",
            "2024-05-00T11:00:00Z",
            "2024-05-32T11:00:00Z",
            "2024-04-31T11:00:00Z",
            "2024-02-30T11:00:00Z",
            "2023-02-29T11:00:00Z",
            "1900-02-29T11:00:00Z",
            "2024-05-02T24:00:00Z",
            "2024-05-02T11:60:00Z",
            "2024-05-02T11:00:61Z",
            "2024-05-02T11:00:00.Z",
            "2024-05-02T11:00:00,5Z",
            "2024-05-02T11:00:00+24:00",
            "2024-05-02T11:00:00+02:60",
            "2024-05-02T11:00:00+0200",
            "2024-05-02T11:00:00+02",
            "2024-05-02T11:00:00*02:00",
            "2024-05-02T11:00:00Z+02:00",
            "2024-05-02T11:00:00Z ",
            " 2024-05-02T11:00:00Z",
            "2024-05-02T11:00:00ZZ",
            "2024-05-02T1١:00:00Z",
            "2024-05-02T11:00:0/Z",
            "2024-05-02T11:00:0:Z",
            "1714647600",
        ] {
            assert_eq!(unix_seconds(text), None, "{text}");
        }
        let whole = "2024-05-02T11:00:00.5+02:00";
        for end in 0..whole.len() {
            assert_eq!(unix_seconds(&whole[..end]), None, "{}", &whole[..end]);
        }
    }

    /// Each day is one more than the day before, for six cycles of the calendar.
    #[test]
    #[cfg_attr(miri, ignore = "arithmetic on a million texts: nothing that Miri sees")]
    fn days_follow_each_other() {
        let mut expected = -62_167_219_200;
        for year in 0..2_400u32 {
            let mut days = 0;
            for month in 0..14 {
                for day in 0..34 {
                    if let Some(seconds) = unix_seconds(&format!("{year:04}-{month:02}-{day:02}T00:00:00Z")) {
                        assert_eq!(seconds, expected, "{year}-{month}-{day}");
                        expected += 86_400;
                        days += 1;
                    }
                }
            }
            let is_leap = year % 400 == 0 || year % 4 == 0 && year % 100 != 0;
            assert_eq!(days, if is_leap { 366 } else { 365 }, "{year}");
        }
        assert_eq!(unix_seconds("2400-01-01T00:00:00Z"), Some(expected));
    }
}
