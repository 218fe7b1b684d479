//! A service: gatherers, their versions, and their runs.
//!
//! | file | does |
//! |---|---|
//! | `state` | what is known at one moment, behind one lock |
//! | `book` | the runs that are remembered |
//! | `version` | a module with its grant and settings |
//! | `look` | reads modules and grants, and replaces what has changed |
//! | `reload` | has another configuration take over |
//! | `watch` | notices that something has changed |
//! | `registries` | asks registries whether a tag has moved |
//! | `clock` | starts runs when they are due |
//! | `leader` | gets the Lease, if replicas agree on a leader |
//! | `leadership` | what is known of the leader |
//! | `sandboxes` | sandboxes that are prepared ahead |
//! | `source` | the source that runs share |
//! | `workers` | the threads of runs |
//! | `execute` | one run |
//! | `delivery` | sends archives to a server |
//! | `outputs` | the folders of archives |
//! | `parts` | the threads that a service needs, and what happens if one is gone |

mod book;
mod clock;
mod delivery;
mod execute;
mod leader;
mod leadership;
mod look;
mod outputs;
mod parts;
mod registries;
mod reload;
mod sandboxes;
mod source;
mod state;
mod version;
mod watch;
mod workers;

use crate::config::{Config, LeaderElection};
use crate::log::{Entry, Level, Log};
use crate::metrics::Metrics;
use crate::status::{GathererStatus, NotAccepted, Readiness, RunId, RunStatus, Trigger};
use clock::Clock;
use look::{Places, Pulled, Why, look};
use parts::Alarm;
use sandboxes::Sandboxes;
use state::{Ended, EndedEarly, State};
use std::io::PipeWriter;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use version::Version;
use wagather_base::error::{Class, Failure, Result};
use wagather_base::{recycle, thread};
use workers::Workers;

/// A handle of a service. Handles are cheap to clone, and any thread may use one. Only [`wait`](Service::wait),
/// [`reload`](Service::reload) and [`shutdown`](Service::shutdown) block; an asynchronous program calls [`on_end`](Service::on_end) instead of
/// the first, and the others on a thread for blocking calls. The service ends with its last handle; runs that are running go on to their end.
#[derive(Clone)]
pub struct Service(Arc<Owner>);

/// How a service starts its sandboxes, where it writes its lines, and how it reads its configuration again.
#[derive(Clone)]
pub struct Options {
    /// The executable that makes sandboxes: its `main` calls [`run_zygote`](wagather_sandbox::zygote::run_zygote) if it gets `args`.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its lines on stderr.
    pub log: Log,
    /// Reads the configuration again, for [`reload`](Service::reload) and when its file changes. Without it, the configuration stays, and a
    /// reload only looks at the modules and grants.
    pub read_again: Option<ReadConfig>,
}

/// Reads a configuration.
pub type ReadConfig = Arc<dyn Fn() -> Result<Config> + Send + Sync>;

/// What ends with the last handle.
struct Owner {
    inner: Arc<Inner>,
    /// Closed to end the thread that watches.
    #[expect(dead_code, reason = "dropping it ends the thread")]
    watching: PipeWriter,
}

struct Inner {
    options: Options,
    sandboxes: Sandboxes,
    state: Mutex<State>,
    places: Mutex<Places>,
    workers: Workers,
    clock: Clock,
    /// Wakes the thread that gets the Lease.
    election: Clock,
    refills: Mutex<Option<Sender<Refill>>>,
    /// Wishes that registries be asked.
    asks: Mutex<Option<Sender<()>>>,
    /// Archives to deliver.
    deliveries: Mutex<Option<Sender<delivery::ToDeliver>>>,
    /// A run ended, or the service is ending.
    changed: Condvar,
    /// A part of the service is gone.
    alarm: Alarm,
    /// The election that this service takes part in. Another one needs another start.
    election_of_start: Option<LeaderElection>,
}

impl Service {
    /// Starts a service: opens the source, reads and checks all modules, and prepares a sandbox for each. A module that cannot be used is a
    /// problem of the service ([`readiness`](Service::readiness)), and the others are served.
    ///
    /// # Errors
    /// The source cannot be opened, or no module can be used.
    pub fn start(config: Config, options: Options) -> Result<Service> {
        recycle::keep();
        let Made { inner, candidate, to_refill, to_deliver, asked } = Inner::make(config, options)?;
        let _ = look(&inner, Why::Start, &Pulled::default());
        let at_start = inner.check_start()?;
        let failure = |error| Failure::new(Class::Internal, "cannot start the service", error);
        let (end, watching) = std::io::pipe().map_err(failure)?;
        parts::start(&inner, "watch", move |inner| watch::run(inner, &end)).map_err(failure)?;
        parts::start(&inner, "clock", clock::run).map_err(failure)?;
        parts::start(&inner, "refill", move |inner| inner.refill_all(&to_refill)).map_err(failure)?;
        parts::start(&inner, "deliver", move |inner| delivery::run(inner, &to_deliver)).map_err(failure)?;
        parts::start(&inner, "registries", move |inner| registries::run(inner, &asked)).map_err(failure)?;
        inner.warm();
        match candidate {
            Some(candidate) => {
                parts::start(&inner, parts::LEADER, move |inner| candidate.run(inner)).map_err(failure)?;
            }
            None => at_start.iter().for_each(|gatherer| clock::start(&inner, gatherer, Trigger::Start)),
        }
        Ok(Service(Arc::new(Owner { inner, watching })))
    }

    /// Checks a configuration: its source can be opened, and all of its modules can be used. Nothing runs, and nothing is delivered. Gives the names
    /// of the gatherers.
    ///
    /// # Errors
    /// The source cannot be opened, or not all modules can be used. Lines on stderr say what is wrong with each of them.
    pub fn check(config: Config, options: Options) -> Result<Vec<String>> {
        let Made { inner, .. } = Inner::make(config, options)?;
        let _ = look(&inner, Why::Start, &Pulled::default());
        inner.check_start()?;
        let state = inner.lock();
        match state.problems.len() {
            0 => Ok(state.gatherers.keys().cloned().collect()),
            1 => Err(Failure::new(
                Class::Module,
                "cannot serve everything",
                "a module or folder cannot be used",
            )),
            many => {
                let reason = format!("{many} modules or folders cannot be used");
                Err(Failure::new(Class::Module, "cannot serve everything", reason))
            }
        }
    }

    /// Asks for a run of a gatherer. Parameters that are not given have the values of the configuration, or the gatherer's defaults.
    ///
    /// Returns at once: the run waits for its turn, and gets the version that is served then.
    ///
    /// # Errors
    /// Why no run was accepted.
    pub fn trigger(&self, gatherer: &str, params: Vec<(String, String)>) -> Result<RunId, NotAccepted> {
        self.0.inner.trigger(gatherer, Trigger::Request, params)
    }

    /// The runs that have not ended and the newest others, the newest first.
    pub fn runs(&self) -> Vec<RunStatus> {
        self.0.inner.lock().book.all().cloned().collect()
    }

    /// A run. `None` if it is not known (any more).
    pub fn run(&self, id: &RunId) -> Option<RunStatus> {
        self.0.inner.lock().book.get(id).cloned()
    }

    /// Waits until a run has ended, at most for this time. The result says how far it is. `None` if it is not known.
    pub fn wait(&self, id: &RunId, time: Duration) -> Option<RunStatus> {
        let deadline = Instant::now() + time;
        let mut state = self.0.inner.lock();
        loop {
            let run = state.book.get(id)?;
            let left = deadline.saturating_duration_since(Instant::now());
            if run.state.has_ended() || left.is_zero() {
                return Some(run.clone());
            }
            state = self.0.inner.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Calls a function with a run when it has ended: on the thread of the run, or on this one if it has ended already. Returns false if
    /// the run is not known. The function must return quickly and must not call the service; it is meant to wake somebody.
    pub fn on_end(&self, id: &RunId, call: impl FnOnce(&RunStatus) + Send + 'static) -> bool {
        let mut state = self.0.inner.lock();
        if let Some(call) = state.book.on_end(id, Box::new(call)) {
            let Some(run) = state.book.get(id).cloned() else { return false };
            drop(state);
            call(&run);
        }
        true
    }

    /// The gatherers that are served, by name.
    pub fn gatherers(&self) -> Vec<GathererStatus> {
        self.0.inner.lock().gatherer_statuses()
    }

    /// A gatherer.
    pub fn gatherer(&self, name: &str) -> Option<GathererStatus> {
        self.0.inner.lock().gatherer_status(name)
    }

    /// The file of the newest complete archive of a gatherer, if there is one; it may be older than the service. `None` if there is no such
    /// gatherer. It reads the folder.
    pub fn latest(&self, name: &str) -> Option<PathBuf> {
        let config = {
            let state = self.0.inner.lock();
            state.gatherers.contains_key(name).then(|| state.config.clone())?
        };
        Some(outputs::latest(&config.output, name))
    }

    /// The counts.
    pub fn metrics(&self) -> Metrics {
        let metrics = self.0.inner.lock().metrics();
        Metrics { sandboxes_waiting: self.0.inner.sandboxes.waiting(), ..metrics }
    }

    /// Whether the service takes runs, and whether something needs attention.
    pub fn readiness(&self) -> Readiness {
        self.0.inner.lock().readiness()
    }

    /// Readable as soon as the service is [broken](Service::broken), for `poll`. Nothing is to be read from it.
    pub fn breakdown(&self) -> BorrowedFd<'_> {
        self.0.inner.alarm.as_fd()
    }

    /// Why the service is broken: one of its threads has panicked. It takes no runs any more, and those that it has go on. The program should
    /// [end it](Service::shutdown) and start another one.
    pub fn broken(&self) -> Option<String> {
        self.0.inner.lock().broken.clone()
    }

    /// Somebody who serves it is gone.
    pub(crate) fn breaks(&self, why: &str) {
        self.0.inner.breaks(why);
    }

    /// Reads the configuration again, and looks at all modules and grants. What was refused is tried again. Registries are asked, too, and this does
    /// not wait for them.
    ///
    /// # Errors
    /// Why the configuration cannot be used, or one of its grants. The old one goes on. What is wrong with a module is not an error here, but a
    /// problem of the service.
    pub fn reload(&self) -> Result<()> {
        reload::reload(&self.0.inner)
    }

    /// Ends the service. No run is accepted any more. Runs that were accepted have the configured time to end; after it they are stopped,
    /// and what they gathered is kept as an incomplete archive. Returns when all have ended.
    pub fn shutdown(&self) {
        let inner = &self.0.inner;
        let mut state = inner.lock();
        state.is_ending = true;
        inner.clock.wake();
        // Another replica leads from now on, while the runs of this one end.
        inner.election.wake();
        let deadline = Instant::now() + state.config.grace;
        let mut is_stopped = false;
        while !(state.is_idle() && state.is_released()) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() && !is_stopped {
                is_stopped = true;
                state.stop_all();
                drop(state);
                inner.tell_early();
                state = inner.lock();
                continue;
            }
            // What was stopped ends soon: its guest is gone.
            let left = if is_stopped { LAST_WAIT } else { left };
            state = inner.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.inner.lock().is_ending = true;
        self.inner.workers.end();
        self.inner.clock.wake();
        self.inner.election.wake();
        *self.inner.refills.lock().unwrap_or_else(PoisonError::into_inner) = None;
        *self.inner.asks.lock().unwrap_or_else(PoisonError::into_inner) = None;
        *self.inner.deliveries.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// A version whose next sandbox is to be prepared.
type Refill = Arc<Version>;

/// A service that has started no run for this time rests.
const REST: Duration = Duration::from_millis(200);

/// How long to wait for runs that were stopped before looking again.
const LAST_WAIT: Duration = Duration::from_millis(100);

/// The stack of a run's thread: the broker decodes and redacts there. What is not used costs nothing.
const STACK_BYTES: usize = 2 << 20;

pub(crate) fn start_thread(name: &str, work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    std::thread::Builder::new().name(name.into()).stack_size(STACK_BYTES).spawn(work).map(drop)
}

/// A service that does nothing yet, and what comes to its threads.
struct Made {
    inner: Arc<Inner>,
    candidate: Option<leader::Candidate>,
    to_refill: Receiver<Refill>,
    to_deliver: Receiver<delivery::ToDeliver>,
    asked: Receiver<()>,
}

impl Inner {
    /// Opens the source.
    fn make(config: Config, options: Options) -> Result<Made> {
        let config = Arc::new(config);
        let (source, warnings) = source::open(&config)?;
        let candidate = leader::open(&config)?;
        let election_of_start = config.leader_election.clone();
        let alarm =
            Alarm::new().map_err(|error| Failure::new(Class::Internal, "cannot start the service", error))?;
        let leadership = candidate.as_ref().map(leader::Candidate::leadership);
        let (refills, to_refill) = channel();
        let (deliveries, to_deliver) = channel();
        let (asks, asked) = channel();
        let inner = Arc::new(Inner {
            sandboxes: Sandboxes::new(options.program.clone(), options.args.clone()),
            options,
            state: Mutex::new(State::new(config, source, leadership)),
            places: Mutex::default(),
            workers: Workers::default(),
            clock: Clock::default(),
            election: Clock::default(),
            refills: Mutex::new(Some(refills)),
            asks: Mutex::new(Some(asks)),
            deliveries: Mutex::new(Some(deliveries)),
            changed: Condvar::new(),
            alarm,
            election_of_start,
        });
        warnings.into_iter().for_each(|warning| inner.log(&Entry::new(Level::Warn, "warning", warning)));
        Ok(Made { inner, candidate, to_refill, to_deliver, asked })
    }

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
        self.tell_early();
        Ok(id)
    }

    /// Starts the runs whose turn it is.
    fn start_waiting<'a>(self: &'a Arc<Self>, mut state: MutexGuard<'a, State>) {
        while let Some(run) = state.start_next() {
            let (inner, id) = (self.clone(), run.id.clone());
            if let Err(error) = self.workers.start(Box::new(move || execute::execute(&inner, &run))) {
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
        self.tell_early();
    }

    fn tell_end(&self, id: &RunId, ended: Ended) {
        let ended = self.lock().end(id, ended);
        self.changed.notify_all();
        self.tell(ended);
    }

    fn tell(&self, (status, waiters): EndedEarly) {
        let Some(status) = status else { return };
        waiters.into_iter().for_each(|call| call(&status));
        self.log(&execute::line(&status));
    }

    /// Tells of runs that were stopped before their turn.
    fn tell_early(&self) {
        let early = std::mem::take(&mut self.lock().ended_early);
        if !early.is_empty() {
            self.changed.notify_all();
            early.into_iter().for_each(|ended| self.tell(ended));
        }
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// After the first look: the gatherers that run at the start. Fails if none is served.
    fn check_start(&self) -> Result<Vec<String>> {
        let mut state = self.lock();
        state.has_started = true;
        if state.gatherers.is_empty() {
            let problems = state.problems.values().cloned();
            return Err(Failure::of_many(Class::Module, "there is nothing to serve", problems));
        }
        let at_start = state.gatherers.iter().filter(|(_, gatherer)| gatherer.version.entry.at_start);
        Ok(at_start.map(|(name, _)| name.clone()).collect())
    }

    /// Serves a gatherer no more, because its module is gone.
    fn remove(&self, gatherer: &str, why: &str) {
        self.lock().remove(gatherer);
        self.removed(gatherer, why);
    }

    /// Clears up after a gatherer that is served no more, and tells that.
    fn removed(&self, gatherer: &str, why: &str) {
        self.sandboxes.forget(gatherer);
        self.tell_early();
        let text = format!("is served no more: {why}");
        self.log(&Entry::new(Level::Warn, "removed", text).gatherer(gatherer));
    }

    /// Connects to the source ahead, on a thread.
    fn warm(&self) {
        let Some(source) = self.lock().source.clone() else { return };
        let deadline = Instant::now() + CONNECTION;
        // Without a thread, the first run connects.
        let _ = thread::start("warm", Box::new(move || source.warm(deadline)));
    }

    /// Has a sandbox prepared for the next run of a version.
    fn refill(&self, version: &Arc<Version>) {
        if let Some(refills) = &*self.refills.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = refills.send(version.clone());
        }
    }

    /// Has registries asked soon.
    fn ask_registries(&self) {
        if let Some(asks) = &*self.asks.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = asks.send(());
        }
    }

    /// Has an archive delivered, if archives are.
    fn deliver(&self, archive: &Path) {
        let config = self.lock().config.clone();
        let Some(delivery) = &config.delivery else { return };
        let accepted = delivery::accept(self, delivery, archive);
        if let Some(deliveries) = &*self.deliveries.lock().unwrap_or_else(PoisonError::into_inner) {
            let _ = deliveries.send(accepted);
        }
    }

    /// Prepares sandboxes until the service ends.
    fn refill_all(&self, refills: &Receiver<Refill>) {
        let mut is_at_rest = false;
        loop {
            let next = match is_at_rest {
                true => refills.recv().map_err(|_| RecvTimeoutError::Disconnected),
                false => refills.recv_timeout(REST),
            };
            let version = match next {
                Ok(version) => version,
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    recycle::give_back();
                    is_at_rest = true;
                    continue;
                }
            };
            is_at_rest = false;
            let state = self.lock();
            let is_served = state
                .gatherers
                .get(version.name())
                .is_some_and(|gatherer| Arc::ptr_eq(&gatherer.version, &version));
            let config = state.config.clone();
            drop(state);
            // What fails here fails again when a run needs it, and is told then.
            let _ = is_served.then(|| self.sandboxes.refill(&version, &config));
        }
    }
}

/// The name of the configuration among the problems.
const CONFIGURATION: &str = "the configuration";

/// The name of the lease among the problems.
const LEASE: &str = "the lease";

/// The name of an election that needs another start among the problems.
const ELECTION: &str = "leaderElection";

/// The names of problems that are of no file.
const IS_NO_FILE: [&str; 4] = [CONFIGURATION, LEASE, ELECTION, parts::PROGRAM];

/// How long a connection that is made ahead may take.
const CONNECTION: Duration = Duration::from_secs(10);
