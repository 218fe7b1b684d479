//! The thread that starts runs when they are due.

use super::Inner;
use crate::log::{Entry, Level};
use crate::schedule::Now;
use crate::status::{NotAccepted, Trigger};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};
use wagather_base::time::clock_millis;

/// How long a change of the time of day may stay unnoticed.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Wakes the thread.
#[derive(Default)]
pub(super) struct Clock {
    is_woken: Mutex<bool>,
    woken: Condvar,
}

impl Clock {
    /// Has the thread look again: a schedule has changed, or the service is ending.
    pub(super) fn wake(&self) {
        *self.is_woken.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.woken.notify_all();
    }

    pub(super) fn wait(&self, time: Duration) {
        let is_woken = self.is_woken.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.woken.wait_timeout_while(is_woken, time, |is_woken| !*is_woken);
        *waited.unwrap_or_else(PoisonError::into_inner).0 = false;
    }
}

/// The time now.
pub(super) fn now() -> Now {
    Now { instant: Instant::now(), millis: clock_millis() }
}

/// Between 0 and 1. Two services that start at once get different numbers.
pub(super) fn random() -> f64 {
    let random = RandomState::new().build_hasher().finish();
    f64::from((random >> 32) as u32) / f64::from(u32::MAX)
}

/// Starts runs until the service ends.
pub(super) fn run(inner: &Arc<Inner>) {
    loop {
        let (due, wait) = {
            let mut state = inner.lock();
            if state.is_ending {
                return;
            }
            let (due, wait) = state.take_due(now(), random);
            (if state.leads() { due } else { state.keep_in_mind(&due) }, wait)
        };
        for gatherer in due {
            start(inner, &gatherer, Trigger::Schedule);
        }
        inner.clock.wait(wait.map_or(Duration::from_secs(3600), |wait| wait.min(LONGEST_WAIT)));
    }
}

/// Starts a run that nobody asked for. What keeps it from starting is told.
pub(super) fn start(inner: &Arc<Inner>, gatherer: &str, trigger: Trigger) {
    let Err(why) = inner.trigger(gatherer, trigger, Vec::new()) else { return };
    if let Some(known) = inner.lock().gatherers.get_mut(gatherer) {
        match &why {
            NotAccepted::Active(_) => known.metrics.skipped += 1,
            _ => known.metrics.missed += 1,
        }
    }
    let text = format!("no run at its time: {why}");
    inner.log(&Entry::new(Level::Warn, "skipped", text).gatherer(gatherer));
}
