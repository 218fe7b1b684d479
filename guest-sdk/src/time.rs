//! The time of the run.

use crate::sys;

/// Milliseconds since the Unix epoch; in a replay, the time of the recording.
pub fn now_millis() -> i64 {
    sys::now()
}

#[cfg(test)]
mod tests {
    #[test]
    fn it_is_the_hosts_time() {
        let run = crate::fake::Host::new().now_millis(1_700_000_000_000).run(|| {
            assert_eq!(super::now_millis(), 1_700_000_000_000);
            Ok(())
        });
        assert_eq!(run.result, Ok(()));
    }
}
