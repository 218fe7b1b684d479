//! Durations and sizes as people write them, on the command line and in a grant file.

use std::time::Duration;

/// A time, such as `90s` or `5m`; not zero.
pub fn duration(text: &str) -> Result<Duration, String> {
    let duration =
        humantime::parse_duration(text).map_err(|error| format!("{error}; write it as 90s or 5m"))?;
    if duration.is_zero() { Err("it is zero".into()) } else { Ok(duration) }
}

/// Kubernetes' way to write sizes: a number with Ki, Mi or Gi, or bytes.
pub fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| "write it as 512Ki or 64Mi")?;
    let unit: u64 = match &text[digits.len()..] {
        "" => 1,
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        "k" => 1_000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        _ => return Err("the units are Ki, Mi, Gi, k, M and G".into()),
    };
    number.checked_mul(unit).ok_or_else(|| "it is too large".into())
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
        assert_eq!(duration("5m"), Ok(Duration::from_secs(300)));
        assert!(duration("0s").is_err() && duration("x").is_err() && duration("5").is_err());
    }
}
