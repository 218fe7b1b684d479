//! Counts of a service, for an exporter. They only grow while the service runs, apart from the gauges that say so.

use crate::status::{RunState, Summary};
use std::time::Duration;

/// The upper bounds of the buckets of [`Histogram`], in seconds. Slower runs are in the last bucket, which has no bound.
pub const BOUNDS_SECONDS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 300.0];

/// Durations, by bucket.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    /// How many are within each bound of [`BOUNDS_SECONDS`] and not within the one before; the last number is of all others.
    pub counts: [u64; BOUNDS_SECONDS.len() + 1],
    /// The sum.
    pub sum_seconds: f64,
}

impl Histogram {
    /// Adds one.
    pub(crate) fn add(&mut self, duration: Duration) {
        let seconds = duration.as_secs_f64();
        let bucket = BOUNDS_SECONDS.iter().position(|bound| seconds <= *bound);
        self.counts[bucket.unwrap_or(BOUNDS_SECONDS.len())] += 1;
        self.sum_seconds += seconds;
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }
}

/// The counts of one gatherer.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct GathererMetrics {
    /// Its name.
    pub gatherer: String,
    /// Runs that ended complete.
    pub complete: u64,
    /// Runs that ended with gaps.
    pub gaps: u64,
    /// Runs that failed.
    pub failed: u64,
    /// Runs that were stopped.
    pub stopped: u64,
    /// Times of the schedule at which no run started, because the one before had not ended.
    pub skipped: u64,
    /// Times of the schedule that passed unused, because the clock jumped or the service was busy.
    pub missed: u64,
    /// The time from start to end of its runs.
    pub durations: Histogram,
    /// The time from the trigger to the start of a run.
    pub waits: Histogram,
    /// The sums of all reports. `memory_bytes` and `peak_rss_bytes` are those of the newest run (gauges).
    pub sums: Summary,
    /// Replacements that took over.
    pub replaced: u64,
    /// Replacements that were refused.
    pub refused: u64,
    /// When a run last ended complete, in milliseconds since the Unix epoch (a gauge).
    pub last_success_millis: Option<i64>,
    /// Runs that have not ended (a gauge).
    pub active: u64,
}

impl GathererMetrics {
    /// Counts a run that ended.
    pub(crate) fn ended(
        &mut self,
        state: RunState,
        took: Duration,
        summary: Option<&Summary>,
        now_millis: i64,
    ) {
        match state {
            RunState::Complete => {
                self.complete += 1;
                self.last_success_millis = Some(now_millis);
            }
            RunState::Gaps => self.gaps += 1,
            RunState::Stopped => self.stopped += 1,
            _ => self.failed += 1,
        }
        self.durations.add(took);
        let Some(summary) = summary else { return };
        let sums = &mut self.sums;
        sums.requests += summary.requests;
        sums.items += summary.items;
        sums.bytes_received += summary.bytes_received;
        sums.entries += summary.entries;
        sums.bytes_archived += summary.bytes_archived;
        sums.redactions += summary.redactions;
        sums.denials += summary.denials;
        sums.gaps += summary.gaps;
        (sums.memory_bytes, sums.peak_rss_bytes) = (summary.memory_bytes, summary.peak_rss_bytes);
    }
}

/// All counts of a service.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Metrics {
    /// Those of each gatherer, by name. The newest of those that were removed stay.
    pub gatherers: Vec<GathererMetrics>,
    /// Reloads of the configuration that took over.
    pub reloads: u64,
    /// Reloads that were refused.
    pub reloads_refused: u64,
    /// Archives that a server took.
    pub delivered: u64,
    /// Deliveries that failed; the archive waits in the spool, if there is one.
    pub undelivered: u64,
    /// Sandboxes that wait for a run (a gauge).
    pub sandboxes_waiting: u64,
    /// Runs that wait for their turn (a gauge).
    pub runs_waiting: u64,
    /// When the service started, in milliseconds since the Unix epoch (a gauge).
    pub started_millis: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_in_the_bucket_of_its_bound() {
        let mut histogram = Histogram::default();
        for millis in [0, 5, 6, 400_000] {
            histogram.add(Duration::from_millis(millis));
        }
        assert_eq!((histogram.counts[0], histogram.counts[1], histogram.counts[12]), (2, 1, 1));
        assert_eq!(histogram.count(), 4);
    }

    #[test]
    fn sums_add_up_and_gauges_are_the_newest() {
        let mut metrics = GathererMetrics::default();
        for memory_bytes in [5, 3] {
            let summary = Summary { items: 2, memory_bytes, ..Summary::default() };
            metrics.ended(RunState::Complete, Duration::ZERO, Some(&summary), 9);
        }
        metrics.ended(RunState::Failed, Duration::ZERO, None, 10);
        assert_eq!((metrics.sums.items, metrics.sums.memory_bytes), (4, 3));
        assert_eq!((metrics.complete, metrics.failed, metrics.last_success_millis), (2, 1, Some(9)));
    }
}
