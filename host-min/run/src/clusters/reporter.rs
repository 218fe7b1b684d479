//! What a cluster's process reports while it runs: log lines at once, and the progress of each gatherer from time to time.
//!
//! As in a run of one cluster, the gauges are not read before one of them wakes its observer, when the first request is out. Progress
//! is sent only if it changed, so a process that waits is silent.

use super::message::{Message, Sender};
use std::io::PipeWriter;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use wagather_abi::LogLevel;
use wagather_base::thread;
use wagather_broker::{Gauge, Observer, Progress};

/// The shortest time between two reports of progress.
const INTERVAL: Duration = Duration::from_millis(200);

/// Observes a run, and reports it to the parent process.
pub(super) struct Reporter {
    sender: Arc<Sender<PipeWriter>>,
    /// `None` if progress is not wanted.
    gauges: Option<Arc<Gauges>>,
}

/// The gauges of a run.
struct Gauges {
    sender: Arc<Sender<PipeWriter>>,
    /// Each gauge with the progress that was sent last, in the order of the command line.
    all: Mutex<Vec<(Arc<Gauge>, Progress)>>,
    is_polled: AtomicBool,
}

impl Reporter {
    /// Reports through `sender`, with progress if that is wanted.
    pub(super) fn new(sender: Arc<Sender<PipeWriter>>, wants_progress: bool) -> Reporter {
        let gauges = || Gauges { sender: sender.clone(), all: Mutex::default(), is_polled: false.into() };
        Reporter { gauges: wants_progress.then(|| Arc::new(gauges())), sender }
    }
}

impl Observer for Reporter {
    fn log(&self, gatherer: &str, level: LogLevel, text: &str) {
        self.sender.send(&Message::Log { gatherer: gatherer.into(), level, text: text.into() });
    }

    fn watch(&self, _: &str) -> Option<Arc<Gauge>> {
        let gauges = self.gauges.as_ref()?;
        let weak = Arc::downgrade(gauges);
        let gauge = Arc::new(Gauge::new(move || {
            if let Some(gauges) = weak.upgrade() {
                gauges.start();
            }
        }));
        gauges.all.lock().unwrap_or_else(PoisonError::into_inner).push((gauge.clone(), Progress::default()));
        Some(gauge)
    }
}

impl Gauges {
    fn start(self: Arc<Self>) {
        if !self.is_polled.swap(true, Ordering::Relaxed) {
            let poll = move || {
                while self.report_changes() {
                    std::thread::sleep(INTERVAL);
                }
            };
            // Without a thread there is no progress to see, and the run goes on. The thread ends with the process.
            let _ = thread::start("progress", Box::new(poll));
        }
    }

    /// Sends what changed. Returns whether anything can still change.
    fn report_changes(&self) -> bool {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        for (gatherer, (gauge, sent)) in (0..).zip(all.iter_mut()) {
            let progress = gauge.read();
            // The receiver has its own clock.
            sent.elapsed = progress.elapsed;
            if *sent != progress {
                sent.clone_from(&progress);
                self.sender.send(&Message::Progress { gatherer, progress });
            }
        }
        all.iter().any(|(_, sent)| !sent.phase.has_ended())
    }
}
