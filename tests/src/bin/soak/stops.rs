//! Times in which this process did not run: somebody stopped it (SIGSTOP), or the machine had no time for it. The service stood still then, too,
//! or went on alone: what fails meanwhile says nothing of it, and is tried again.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often this process looks whether it runs.
const BEAT: Duration = Duration::from_millis(100);

/// A longer time between two looks is a stop.
const LONG: Duration = Duration::from_secs(2);

/// When each began and ended.
static STOPS: Mutex<Vec<(Instant, Instant)>> = Mutex::new(Vec::new());

fn stops() -> std::sync::MutexGuard<'static, Vec<(Instant, Instant)>> {
    STOPS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks, until the process ends.
pub(crate) fn watch() {
    std::thread::spawn(|| {
        loop {
            let begin = Instant::now();
            std::thread::sleep(BEAT);
            let end = Instant::now();
            if end - begin > LONG {
                stops().push((begin, end));
            }
        }
    });
}

/// Whether this process was stopped after this time.
pub(crate) fn since(time: Instant) -> bool {
    // The stop that has just ended is not noticed yet.
    std::thread::sleep(2 * BEAT);
    stops().last().is_some_and(|(_, end)| *end >= time)
}

/// How many there were, and how long all took.
pub(crate) fn all() -> (usize, Duration) {
    let stops = stops();
    (stops.len(), stops.iter().map(|(begin, end)| *end - *begin).sum())
}
