//! A service: gatherers, their versions, and their runs.
//!
//! | file | does |
//! |---|---|
//! | `state` | what is known at one moment, behind one lock |
//! | `book` | the runs that are remembered |
//! | `version` | a module with its grant and settings |
//! | `load` | reads modules and grants |
//! | `sandboxes` | sandboxes for runs |
//! | `source` | the source that runs share |
//! | `execute` | one run |
//! | `outputs` | the folders of archives |

mod book;
mod execute;
mod load;
mod outputs;
mod sandboxes;
mod source;
mod state;
mod version;

use crate::config::Config;
use crate::log::{Entry, Level, Log};
use crate::metrics::Metrics;
use crate::status::{GathererStatus, NotAccepted, Readiness, RunId, RunStatus, Trigger};
use sandboxes::Sandboxes;
use state::{Ended, State};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use wagather_base::error::Result;
use wagather_base::stop;

/// A handle of a service. Handles are cheap to clone, and any thread may use one. Only [`wait`](Service::wait),
/// [`reload`](Service::reload) and [`shutdown`](Service::shutdown) block; an asynchronous program calls [`on_end`](Service::on_end) instead of
/// the first, and the others on a thread for blocking calls.
#[derive(Clone)]
pub struct Service(Arc<Inner>);

/// How a service starts its sandboxes, and where it writes its lines.
#[derive(Clone, Debug)]
pub struct Options {
    /// The executable that makes sandboxes: its `main` calls [`run_zygote`](wagather_sandbox::zygote::run_zygote) if it gets `args`.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its lines on stderr.
    pub log: Log,
}

struct Inner {
    options: Options,
    sandboxes: Sandboxes,
    state: Mutex<State>,
    /// A run ended, or the service is ending.
    changed: Condvar,
}

impl Service {
    /// Starts a service: opens the source, and reads and checks all modules. A module that cannot be used is a problem of the service
    /// ([`readiness`](Service::readiness)), and the others are served.
    ///
    /// # Errors
    /// The source cannot be opened, or no module can be used.
    pub fn start(config: Config, options: Options) -> Result<Service> {
        let config = Arc::new(config);
        let (source, warnings) = source::open(&config)?;
        let sandboxes = Sandboxes::new(options.program.clone(), options.args.clone());
        let state = Mutex::new(State::new(config.clone(), source));
        let inner = Arc::new(Inner { options, sandboxes, state, changed: Condvar::new() });
        for warning in warnings {
            inner.log(&Entry::new(Level::Warn, "warning", warning));
        }
        load::at_start(&inner, &config)?;
        inner.lock().has_started = true;
        Ok(Service(inner))
    }

    /// Asks for a run of a gatherer. Parameters that are not given have the values of the configuration, or the gatherer's defaults.
    ///
    /// Returns at once: the run waits for its turn, and gets the version that is served then.
    ///
    /// # Errors
    /// Why no run was accepted.
    pub fn trigger(&self, gatherer: &str, params: Vec<(String, String)>) -> Result<RunId, NotAccepted> {
        self.0.trigger(gatherer, Trigger::Request, params)
    }

    /// The runs that have not ended and the newest others, the newest first.
    pub fn runs(&self) -> Vec<RunStatus> {
        self.0.lock().book.all().cloned().collect()
    }

    /// A run. `None` if it is not known (any more).
    pub fn run(&self, id: &RunId) -> Option<RunStatus> {
        self.0.lock().book.get(id).cloned()
    }

    /// Waits until a run has ended, at most for this time. The result says how far it is. `None` if it is not known.
    pub fn wait(&self, id: &RunId, time: Duration) -> Option<RunStatus> {
        let deadline = Instant::now() + time;
        let mut state = self.0.lock();
        loop {
            let run = state.book.get(id)?;
            let left = deadline.saturating_duration_since(Instant::now());
            if run.state.has_ended() || left.is_zero() {
                return Some(run.clone());
            }
            state = self.0.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Calls a function with a run when it has ended: on the thread of the run, or on this one if it has ended already. Returns false if
    /// the run is not known. The function must return quickly and must not call the service; it is meant to wake somebody.
    pub fn on_end(&self, id: &RunId, call: impl FnOnce(&RunStatus) + Send + 'static) -> bool {
        let mut state = self.0.lock();
        if let Some(call) = state.book.on_end(id, Box::new(call)) {
            let Some(run) = state.book.get(id).cloned() else { return false };
            drop(state);
            call(&run);
        }
        true
    }

    /// The gatherers that are served, by name.
    pub fn gatherers(&self) -> Vec<GathererStatus> {
        self.0.lock().gatherer_statuses()
    }

    /// A gatherer.
    pub fn gatherer(&self, name: &str) -> Option<GathererStatus> {
        self.0.lock().gatherer_status(name)
    }

    /// The file of the newest complete archive of a gatherer, if there is one; it may be older than the service. `None` if there is no such
    /// gatherer. It reads the folder.
    pub fn latest(&self, name: &str) -> Option<PathBuf> {
        let config = {
            let state = self.0.lock();
            state.gatherers.contains_key(name).then(|| state.config.clone())?
        };
        Some(outputs::latest(&config.output, name))
    }

    /// The counts.
    pub fn metrics(&self) -> Metrics {
        self.0.lock().metrics()
    }

    /// Whether the service takes runs, and whether something needs attention.
    pub fn readiness(&self) -> Readiness {
        self.0.lock().readiness()
    }

    /// Ends the service. No run is accepted any more. Runs that were accepted have the configured time to end; after it they are stopped,
    /// and what they gathered is kept as an incomplete archive. Returns when all have ended.
    pub fn shutdown(&self) {
        let mut state = self.0.lock();
        state.is_ending = true;
        let deadline = Instant::now() + state.config.grace;
        let mut is_stopped = false;
        while !state.is_idle() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() && !is_stopped {
                is_stopped = true;
                stop::ask(SIGTERM);
                state.stop_all();
            }
            // What was stopped ends soon: its guest is gone.
            let left = if is_stopped { LAST_WAIT } else { left };
            state = self.0.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// The number of SIGTERM on Linux.
const SIGTERM: i32 = 15;

/// How long to wait for runs that were stopped before looking again.
const LAST_WAIT: Duration = Duration::from_millis(100);

/// The stack of a run's thread: the broker decodes and redacts there. What is not used costs nothing.
const STACK_BYTES: usize = 2 << 20;

fn start_thread(work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    std::thread::Builder::new().name("run".into()).stack_size(STACK_BYTES).spawn(work).map(drop)
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn log(&self, entry: &Entry) {
        self.options.log.write(entry);
    }

    fn trigger(
        self: &Arc<Self>,
        gatherer: &str,
        trigger: Trigger,
        params: Vec<(String, String)>,
    ) -> Result<RunId, NotAccepted> {
        let mut state = self.lock();
        let id = state.accept(gatherer, trigger, params)?;
        self.start_waiting(state);
        Ok(id)
    }

    /// Starts the runs whose turn it is.
    fn start_waiting<'a>(self: &'a Arc<Self>, mut state: MutexGuard<'a, State>) {
        while let Some(run) = state.start_next() {
            let (inner, id) = (self.clone(), run.id.clone());
            if let Err(error) = start_thread(move || execute::execute(&inner, &run)) {
                let reason = format!("cannot start a thread for the run: {error}");
                let ended = Ended {
                    state: crate::status::RunState::Failed,
                    reason: Some(reason),
                    exit_code: wagather_base::error::Class::Internal.exit_code(),
                    summary: None,
                    archive: None,
                };
                drop(state);
                self.tell_end(&id, ended);
                state = self.lock();
            }
        }
    }

    /// Remembers how a run ended, tells who waits for it, and starts the next one.
    fn finish(self: &Arc<Self>, id: &RunId, ended: Ended) {
        self.tell_end(id, ended);
        self.start_waiting(self.lock());
    }

    fn tell_end(&self, id: &RunId, ended: Ended) {
        let (status, waiters) = self.lock().end(id, ended);
        self.changed.notify_all();
        let Some(status) = status else { return };
        waiters.into_iter().for_each(|call| call(&status));
        self.log(&execute::line(&status));
    }
}
