//! The time of day, for guests, the report and the audit.

use std::time::Duration;

/// The system's clock, in milliseconds since the Unix epoch.
pub fn clock_millis() -> i64 {
    match std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        Err(_) => 0,
    }
}

/// A time as the report and the audit write it.
pub fn rfc3339(millis: i64) -> String {
    let since = Duration::from_millis(u64::try_from(millis).unwrap_or(0));
    humantime::format_rfc3339_millis(std::time::UNIX_EPOCH + since).to_string()
}
