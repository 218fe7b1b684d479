//! Numbers for people, in one style: SI units, a space before the unit, commas between
//! thousands. Programs get plain numbers, from `event`.

use std::time::Duration;
use wagather_broker::findings::Counts;

/// `999 B`, `1.2 kB`, `33.9 MB`.
pub(super) fn bytes(number: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if number < 1000 {
        return format!("{number} B");
    }
    let mut unit = 1000_u128;
    for name in UNITS {
        let tenths = (u128::from(number) * 10 + unit / 2) / unit;
        // A value that rounds up to a thousand uses the next unit.
        if tenths < 10_000 || name == "EB" {
            return format!("{}.{} {name}", tenths / 10, tenths % 10);
        }
        unit *= 1000;
    }
    String::new()
}

/// `5,000`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 item`, `5,000 items`.
pub(super) fn counted(number: u64, what: &str) -> String {
    format!("{} {what}{}", count(number), if number == 1 { "" } else { "s" })
}

/// `1 error, 2 warnings`, or `none`.
pub fn findings(counts: &Counts) -> String {
    let words = [(counts.error, "error"), (counts.warning, "warning"), (counts.info, "info")];
    let words: Vec<String> = words
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| match what {
            "info" => format!("{} info", count(number)),
            _ => counted(number, what),
        })
        .collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

/// `0.9 ms`, `123 ms`, `12.3 s`, `1m 05s`, `2h 03m`.
pub(super) fn duration(duration: Duration) -> String {
    let micros = duration.as_micros();
    let tenths = |unit: u128| (micros * 10 + unit / 2) / unit;
    match micros {
        0..9_950 => format!("{}.{} ms", tenths(1000) / 10, tenths(1000) % 10),
        9_950..999_500 => format!("{} ms", (micros + 500) / 1000),
        999_500..59_950_000 => {
            let tenths = tenths(1_000_000);
            format!("{}.{} s", tenths / 10, tenths % 10)
        }
        _ => {
            let seconds = (micros + 500_000) / 1_000_000;
            match seconds {
                0..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
                _ => format!("{}h {:02}m", seconds / 3600, seconds / 60 % 60),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (number, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (1049, "1.0 kB"),
            (1050, "1.1 kB"),
            (33_940_000, "33.9 MB"),
            (999_949, "999.9 kB"),
            (999_950, "1.0 MB"),
            (12_345_678_901, "12.3 GB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(bytes(number), text);
        }
    }

    #[test]
    fn counts() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (12_345, "12,345"),
            (123_456, "123,456"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(count(number), text);
        }
        assert_eq!(counted(1, "item"), "1 item");
        assert_eq!(counted(5000, "item"), "5,000 items");
    }

    #[test]
    fn durations() {
        for (micros, text) in [
            (0, "0.0 ms"),
            (912, "0.9 ms"),
            (9_949, "9.9 ms"),
            (9_950, "10 ms"),
            (999_499, "999 ms"),
            (999_500, "1.0 s"),
            (59_949_999, "59.9 s"),
            (59_950_000, "1m 00s"),
            (65_000_000, "1m 05s"),
            (3_600_000_000, "1h 00m"),
            (7_380_000_000, "2h 03m"),
        ] {
            assert_eq!(duration(Duration::from_micros(micros)), text, "{micros}");
        }
    }
}
