//! Durations and sizes as people write them on the command line and in a grant file.

use std::fmt;
use std::time::Duration;

/// Why a text is not a duration or a size.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum QuantityError {
    /// It is not a duration.
    Duration(humantime::DurationError),
    /// It is a duration of zero.
    Zero,
    /// It is not a size.
    Size,
    /// It is a size with another unit.
    Unit,
    /// It is a size of more bytes than 64 bits can count.
    TooLarge,
}

impl fmt::Display for QuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            QuantityError::Duration(error) => {
                return write!(f, "expected a duration such as 90s, 5m or 1m30s ({error})");
            }
            QuantityError::Zero => "it must not be zero",
            QuantityError::Size => "expected a size such as 512Ki or 64Mi",
            QuantityError::Unit => "the supported units are Ki, Mi, Gi, k, M and G",
            QuantityError::TooLarge => "it is too large",
        })
    }
}

impl std::error::Error for QuantityError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            QuantityError::Duration(error) => Some(error),
            _ => None,
        }
    }
}

/// A duration as Go and kubectl write it (`90s`, `1m30s`, `500ms`, `1.5h`; a number alone means seconds), or `5min`. It must not be zero.
pub fn duration(text: &str) -> Result<Duration, QuantityError> {
    let duration = any_duration(text)?;
    if duration.is_zero() { Err(QuantityError::Zero) } else { Ok(duration) }
}

/// The same for a limit. As in kubectl, zero means no limit: [`Duration::MAX`].
pub fn limit(text: &str) -> Result<Duration, QuantityError> {
    let duration = any_duration(text)?;
    Ok(if duration.is_zero() { Duration::MAX } else { duration })
}

fn any_duration(text: &str) -> Result<Duration, QuantityError> {
    if text.bytes().all(|byte| byte.is_ascii_digit())
        && let Ok(seconds) = text.parse()
    {
        return Ok(Duration::from_secs(seconds));
    }
    if let Some(duration) = of_go(text) {
        return Ok(duration);
    }
    humantime::parse_duration(text).map_err(QuantityError::Duration)
}

/// The format of Go's `time.ParseDuration`: numbers with or without a fraction, each with a unit.
fn of_go(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut sum = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, behind) = rest.split_at(digits);
        let unit = behind.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(unit);
        let nanos: u64 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return None;
        }
        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        // Digits after the ninth are less than a nanosecond.
        let mut share = nanos;
        let mut part = 0;
        for digit in fraction.bytes() {
            share /= 10;
            part += u64::from(digit - b'0') * share;
        }
        sum = sum.checked_add(Duration::from_nanos(whole.checked_mul(nanos)?.checked_add(part)?))?;
        rest = behind;
    }
    (!text.is_empty()).then_some(sum)
}

/// A size as Kubernetes writes it: a number with Ki, Mi or Gi, or a number of bytes.
pub fn size(text: &str) -> Result<u64, QuantityError> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| QuantityError::Size)?;
    let unit: u64 = match &text[digits.len()..] {
        "" => 1,
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        "k" => 1_000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        _ => return Err(QuantityError::Unit),
    };
    number.checked_mul(unit).ok_or(QuantityError::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_durations() {
        assert_eq!(size("64Mi"), Ok(64 << 20));
        assert_eq!(size("65536"), Ok(65536));
        for bad in ["64MB", "", "-1", "+", "99999999999Gi", "1 Ki"] {
            assert!(size(bad).is_err(), "{bad}");
        }
        for (text, millis) in [
            ("5m", 300_000),
            ("30", 30_000),
            ("1m30s", 90_000),
            ("500ms", 500),
            ("1.5h", 5_400_000),
            (".5s", 500),
            ("1h0m0.25s", 3_600_250),
            ("2min", 120_000),
            ("1h 30m", 5_400_000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
            assert_eq!(limit(text), duration(text));
        }
        for zero in ["0", "0s", "0h0m"] {
            assert_eq!(duration(zero), Err(QuantityError::Zero), "{zero}");
            assert_eq!(limit(zero), Ok(Duration::MAX), "{zero}");
        }
        for bad in ["", "x", "-1", "-1s", "s", ".s", "1.2.3s", "1.5", "99999999999999999999h"] {
            assert!(duration(bad).is_err() && limit(bad).is_err(), "{bad}");
        }
        let error = duration("1 parsec").expect_err("no unit");
        let source = std::error::Error::source(&error).expect("why").to_string();
        assert_eq!(error.to_string(), format!("expected a duration such as 90s, 5m or 1m30s ({source})"));
    }
}
