//! Times of objects and reports, as seconds or milliseconds since the Unix epoch.

use std::time::{SystemTime, UNIX_EPOCH};

/// A time as Kubernetes and this host write it (RFC 3339, in UTC). Times before 1970 are none.
pub(super) fn millis(text: &str) -> Option<i64> {
    let time: SystemTime = humantime::parse_rfc3339_weak(text).ok()?;
    time.duration_since(UNIX_EPOCH).ok()?.as_millis().try_into().ok()
}

/// The same in seconds.
pub(super) fn seconds(text: &str) -> Option<i64> {
    millis(text).map(|millis| millis / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_those_of_kubernetes() {
        assert_eq!(seconds("2026-01-02T03:04:05Z"), Some(1_767_323_045));
        assert_eq!(millis("2026-01-02T03:04:05.678901Z"), Some(1_767_323_045_678));
        for text in ["", "yesterday", "0001-01-01T00:00:00Z", "2026-01-02T03:04:05+07:00"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
