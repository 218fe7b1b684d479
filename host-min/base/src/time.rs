//! The time of day, for guests, the report and the audit; and the clock that only runs, for other programs.
#![cfg_attr(target_os = "linux", allow(unsafe_code))] // the clock that std only subtracts

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

/// `CLOCK_MONOTONIC` in microseconds. [`Instant`](std::time::Instant) is of the same clock, and does not say its number, which other programs want.
#[cfg(target_os = "linux")]
pub fn monotonic_micros() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes to a value that lives until the call returns. Linux always has this clock.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    let (seconds, nanos) = (time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs());
    #[allow(clippy::useless_conversion, reason = "they are shorter on some machines")]
    let micros = u64::from(seconds) * 1_000_000 + u64::from(nanos) / 1000;
    micros
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn the_clock_runs_as_instants_do() {
        let (before, begin) = (monotonic_micros(), Instant::now());
        std::thread::sleep(Duration::from_millis(3));
        let (took, after) = (begin.elapsed(), monotonic_micros());
        assert!(u128::from(after - before) + 1 >= took.as_micros() && took.as_micros() >= 3000);
    }
}
