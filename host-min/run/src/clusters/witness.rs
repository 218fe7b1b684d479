//! What a cluster's process tells of its run while that goes on: lines as they come, and now and then how far each gatherer is.
//!
//! As in a run of one cluster, nobody looks at a gauge before one of them wakes whoever watches: then the first request is out. What
//! did not change is not told again, so that a process that waits is silent.

use super::message::{Message, Teller};
use std::io::PipeWriter;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use wagather_abi::LogLevel;
use wagather_base::thread;
use wagather_broker::{Gauge, Observer, Progress};

/// How often progress is told at most.
const EVERY: Duration = Duration::from_millis(200);

/// Sees a run, and tells it.
pub(super) struct Witness {
    teller: Arc<Teller<PipeWriter>>,
    /// None if nobody wants to know.
    gauges: Option<Arc<Gauges>>,
}

/// The gauges of a run.
struct Gauges {
    teller: Arc<Teller<PipeWriter>>,
    /// Each with what was told of it last, in the order of the command line.
    all: Mutex<Vec<(Arc<Gauge>, Progress)>>,
    is_followed: AtomicBool,
}

impl Witness {
    /// One that tells it so, progress too if that is wanted.
    pub(super) fn new(teller: Arc<Teller<PipeWriter>>, wants_progress: bool) -> Witness {
        let gauges = || Gauges { teller: teller.clone(), all: Mutex::default(), is_followed: false.into() };
        Witness { gauges: wants_progress.then(|| Arc::new(gauges())), teller }
    }
}

impl Observer for Witness {
    fn log(&self, gatherer: &str, level: LogLevel, text: &str) {
        self.teller.tell(&Message::Log { gatherer: gatherer.into(), level, text: text.into() });
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
        if !self.is_followed.swap(true, Ordering::Relaxed) {
            let look = move || {
                while self.look() {
                    std::thread::sleep(EVERY);
                }
            };
            // Without a thread there is no progress to see; the run does not suffer. With one, it ends with the process.
            let _ = thread::start("progress", Box::new(look));
        }
    }

    /// Tells what has changed; whether anything can change any more.
    fn look(&self) -> bool {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        for (gatherer, (gauge, told)) in (0..).zip(all.iter_mut()) {
            let progress = gauge.read();
            // Time passes for whoever listens, too.
            told.elapsed = progress.elapsed;
            if *told != progress {
                told.clone_from(&progress);
                self.teller.tell(&Message::Progress { gatherer, progress });
            }
        }
        all.iter().any(|(_, told)| !told.phase.has_ended())
    }
}
