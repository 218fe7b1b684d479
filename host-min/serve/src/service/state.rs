//! What a service knows at one moment, behind one lock. Nothing here waits, reads files or starts anything.

use super::book::{Book, OnEnd};
use super::clock;
use super::leadership::Leadership;
use super::version::Version;
use crate::config::{Concurrency, Config};
use crate::metrics::{GathererMetrics, Metrics};
use crate::schedule::{Due, Now};
use crate::status::{
    GathererStatus, NotAccepted, Readiness, Replacement, RunId, RunState, RunStatus, Summary, Trigger,
};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wagather_base::time::{clock_millis, rfc3339};
use wagather_kube::Source;
use wagather_kube::cluster::lease::LeaseClient;

/// Runs that may wait for their turn.
const MAX_WAITING: usize = 1000;

/// Gatherers that were removed and whose metrics are kept. Names come with files, so that there may be any number of them.
const MAX_REMOVED: usize = 100;

/// The state of a service.
pub(super) struct State {
    pub(super) config: Arc<Config>,
    /// The source of all runs. `None` for a recording.
    pub(super) source: Option<Arc<dyn Source>>,
    pub(super) gatherers: BTreeMap<String, Gatherer>,
    /// What is wrong with modules and files, by their names.
    pub(super) problems: BTreeMap<String, String>,
    pub(super) book: Book,
    pub(super) metrics: Metrics,
    waiting: VecDeque<Waiting>,
    /// Runs that were stopped before their turn. They are told without the lock.
    pub(super) ended_early: Vec<EndedEarly>,
    running: HashMap<RunId, Running>,
    /// Metrics of gatherers that were removed, the newest last.
    removed: VecDeque<GathererMetrics>,
    /// Who leads, if replicas agree on a leader.
    pub(super) leadership: Option<Leadership>,
    /// How the Lease is reached from now on, until the thread that gets it has taken this.
    pub(super) next_lease: Option<LeaseClient>,
    pub(super) has_started: bool,
    pub(super) is_ending: bool,
    /// Why this service is broken, if it is.
    pub(super) broken: Option<String>,
}

/// A gatherer that is served.
pub(super) struct Gatherer {
    /// The version of the next run.
    pub(super) version: Arc<Version>,
    since: String,
    active: Vec<RunId>,
    last_run: Option<(RunId, RunState)>,
    last_success: Option<String>,
    pub(super) last_replacement: Option<Replacement>,
    due: Option<Due>,
    /// When its schedule was last due while this replica did not lead.
    pub(super) unled: Option<Instant>,
    pub(super) metrics: GathererMetrics,
}

/// A run that waits for its turn.
struct Waiting {
    id: RunId,
    gatherer: String,
    trigger: Trigger,
    accepted: Instant,
}

/// Why a run was stopped before its turn.
const BEFORE_ITS_TURN: &str = "it was stopped before its turn";

/// Why runs that waited for their turn are stopped when another replica may lead.
const LEADS_NO_MORE: &str =
    "this replica lost the Lease before it was this run's turn; ask the replica that leads";

/// A run that is running.
struct Running {
    /// Ends the guest: a copy of the socket to its sandbox.
    stopper: Option<UnixStream>,
    is_stopped: bool,
    begin: Instant,
}

/// A run that ended without having run, and who waits for it.
pub(super) type EndedEarly = (Option<RunStatus>, Vec<OnEnd>);

/// A run that may start.
pub(super) struct Started {
    pub(super) id: RunId,
    pub(super) version: Arc<Version>,
    pub(super) config: Arc<Config>,
    pub(super) source: Option<Arc<dyn Source>>,
    pub(super) params: Vec<(String, String)>,
}

/// How a run ended.
pub(super) struct Ended {
    pub(super) state: RunState,
    pub(super) reason: Option<String>,
    pub(super) exit_code: u8,
    pub(super) summary: Option<Summary>,
    pub(super) archive: Option<std::path::PathBuf>,
}

impl Gatherer {
    pub(super) fn new(version: Arc<Version>, metrics: GathererMetrics) -> Gatherer {
        let metrics = GathererMetrics { gatherer: version.name().to_owned(), ..metrics };
        Gatherer {
            version,
            since: now(),
            active: Vec::new(),
            last_run: None,
            last_success: None,
            last_replacement: None,
            due: None,
            unled: None,
            metrics,
        }
    }

    fn status(&self) -> GathererStatus {
        GathererStatus {
            name: self.version.name().to_owned(),
            version: self.version.manifest.version.clone(),
            module: self.version.guest.label.clone(),
            digest: self.version.digest.clone(),
            since: self.since.clone(),
            schedule: self.version.entry.schedule.as_ref().map(ToString::to_string),
            next_run: self.due.as_ref().and_then(|due| due.next_millis(clock::now())).map(rfc3339),
            active: self.active.clone(),
            last_run: self.last_run.as_ref().map(|(id, _)| id.clone()),
            last_state: self.last_run.as_ref().map(|(_, state)| *state),
            last_success: self.last_success.clone(),
            params: self.version.param_statuses(),
            last_replacement: self.last_replacement.clone(),
        }
    }
}

impl State {
    pub(super) fn new(
        config: Arc<Config>,
        source: Option<Arc<dyn Source>>,
        leadership: Option<Leadership>,
    ) -> State {
        State {
            config,
            source,
            gatherers: BTreeMap::new(),
            problems: BTreeMap::new(),
            book: Book::default(),
            metrics: Metrics { started_millis: clock_millis(), ..Metrics::default() },
            waiting: VecDeque::new(),
            ended_early: Vec::new(),
            running: HashMap::new(),
            removed: VecDeque::new(),
            leadership,
            next_lease: None,
            has_started: false,
            is_ending: false,
            broken: None,
        }
    }

    /// Serves a version from now on, beside or instead of what was served under this name.
    pub(super) fn install(&mut self, version: Arc<Version>, replacement: Option<Replacement>) {
        let name = version.name().to_owned();
        let due = version.entry.schedule.clone().map(|schedule| {
            Due::new(schedule, version.entry.starting_deadline, clock::now(), clock::random())
        });
        match self.gatherers.get_mut(&name) {
            Some(gatherer) => {
                let entry = &version.entry;
                let is_same = match (&gatherer.due, &entry.schedule) {
                    (Some(due), Some(schedule)) => due.is(schedule, entry.starting_deadline),
                    (None, None) => true,
                    _ => false,
                };
                // The same schedule goes on.
                if !is_same {
                    gatherer.due = due;
                }
                (gatherer.version, gatherer.since) = (version, now());
                gatherer.metrics.replaced += 1;
                gatherer.last_replacement = replacement;
            }
            None => {
                let known = self.removed.iter().position(|removed| removed.gatherer == name);
                let metrics = known.and_then(|at| self.removed.remove(at)).unwrap_or_default();
                let mut gatherer = Gatherer::new(version, metrics);
                (gatherer.due, gatherer.last_replacement) = (due, replacement);
                // Runs of the one that was removed go on, and are runs of this one.
                gatherer.active = self.book.active(&name);
                self.gatherers.insert(name, gatherer);
            }
        }
    }

    /// Serves a gatherer no more. Its runs that wait end; one that is running goes on.
    pub(super) fn remove(&mut self, name: &str) {
        let Some(gatherer) = self.gatherers.get(name) else { return };
        let waiting: Vec<RunId> =
            gatherer.active.iter().filter(|id| !self.running.contains_key(id)).cloned().collect();
        waiting.iter().for_each(|id| self.stop(id));
        if let Some(gatherer) = self.gatherers.remove(name) {
            self.removed.push_back(gatherer.metrics);
            if self.removed.len() > MAX_REMOVED {
                self.removed.pop_front();
            }
        }
    }

    /// The gatherers that are due now, and how long it is until the next one is.
    pub(super) fn take_due(&mut self, now: Now, random: fn() -> f64) -> (Vec<String>, Option<Duration>) {
        let (mut names, mut wait) = (Vec::new(), None::<Duration>);
        for (name, gatherer) in &mut self.gatherers {
            let Some(due) = &mut gatherer.due else { continue };
            let passed = due.take(now, random());
            gatherer.metrics.missed += passed.missed;
            if passed.is_due {
                names.push(name.clone());
            }
            let next = due.wait(now);
            wait = wait.into_iter().chain(next).min();
        }
        (names, wait)
    }

    /// Whether this replica runs gatherers.
    pub(super) fn leads(&self) -> bool {
        self.leadership.as_ref().is_none_or(Leadership::leads)
    }

    /// Whether nobody waits for the Lease any more: it was given back, or there is none.
    pub(super) fn is_released(&self) -> bool {
        self.leadership.as_ref().is_none_or(Leadership::is_released)
    }

    /// What to start now that this replica leads: what was due since the last leader was surely there, and at the first time, what runs at the
    /// start.
    pub(super) fn take_over(&mut self, since: Option<Instant>, is_first: bool) -> Vec<(String, Trigger)> {
        let mut due = Vec::new();
        for (name, gatherer) in &mut self.gatherers {
            let unled = gatherer.unled.take();
            if is_first && gatherer.version.entry.at_start {
                due.push((name.clone(), Trigger::Start));
            } else if unled.is_some_and(|unled| since.is_none_or(|since| unled >= since)) {
                due.push((name.clone(), Trigger::Schedule));
            }
        }
        due
    }

    /// Remembers that schedules were due while this replica did not lead: a leader that takes over may have to start them. Nothing is left to start.
    pub(super) fn keep_in_mind(&mut self, due: &[String]) -> Vec<String> {
        for name in due {
            if let Some(gatherer) = self.gatherers.get_mut(name) {
                gatherer.unled = Some(Instant::now());
            }
        }
        Vec::new()
    }

    /// Accepts a run, which waits for its turn. Runs of `Replace` gatherers stop the older ones.
    pub(super) fn accept(
        &mut self,
        gatherer: &str,
        trigger: Trigger,
        params: Vec<(String, String)>,
    ) -> Result<RunId, NotAccepted> {
        if self.broken.is_some() {
            return Err(NotAccepted::Broken);
        }
        if self.is_ending {
            return Err(NotAccepted::Ending);
        }
        if let Some(leadership) = self.leadership.as_ref().filter(|_| !self.leads()) {
            return Err(NotAccepted::NotLeader(leadership.other()));
        }
        let Some(known) = self.gatherers.get_mut(gatherer) else {
            return Err(NotAccepted::UnknownGatherer(gatherer.to_owned()));
        };
        known.version.check_params(&params).map_err(NotAccepted::Params)?;
        let active = known.active.clone();
        match (known.version.entry.concurrency, active.last()) {
            (Concurrency::Forbid, Some(active)) => return Err(NotAccepted::Active(active.clone())),
            _ if self.waiting.len() >= MAX_WAITING => return Err(NotAccepted::TooMany),
            _ => {}
        }
        let time = now();
        let id = self.book.next_id(&time);
        known.active.push(id.clone());
        let replaces = known.version.entry.concurrency == Concurrency::Replace;
        self.book.add(RunStatus {
            id: id.clone(),
            gatherer: gatherer.to_owned(),
            digest: known.version.digest.clone(),
            trigger,
            state: RunState::Waiting,
            params,
            accepted: time,
            started: None,
            ended: None,
            duration_ms: None,
            reason: None,
            exit_code: None,
            summary: None,
            archive: None,
        });
        if replaces {
            active.iter().for_each(|old| self.stop(old));
        }
        let (gatherer, accepted) = (gatherer.to_owned(), Instant::now());
        self.waiting.push_back(Waiting { id: id.clone(), gatherer, trigger, accepted });
        Ok(id)
    }

    /// The next run that may start now. The version that it gets is its version until it ends. On a replica that does not lead any more, none
    /// may, and those that wait are stopped.
    pub(super) fn start_next(&mut self) -> Option<Started> {
        if !self.leads() {
            self.stop_waiting();
        }
        if self.running.len() >= self.config.parallel {
            return None;
        }
        loop {
            let Waiting { id, gatherer, accepted, .. } = self.waiting.pop_front()?;
            // Its gatherer may have been removed meanwhile.
            let Some(known) = self.gatherers.get_mut(&gatherer) else { continue };
            let version = known.version.clone();
            known.metrics.waits.add(accepted.elapsed());
            let mut params = Vec::new();
            self.book.change(&id, |run| {
                run.state = RunState::Running;
                run.started = Some(now());
                run.digest.clone_from(&version.digest);
                params.clone_from(&run.params);
            });
            let running = Running { stopper: None, is_stopped: false, begin: Instant::now() };
            self.running.insert(id.clone(), running);
            let (config, source) = (self.config.clone(), self.source.clone());
            return Some(Started { id, version, config, source, params });
        }
    }

    /// Remembers how to stop a run. It is stopped now if that was asked for before.
    pub(super) fn set_stopper(&mut self, id: &RunId, stopper: UnixStream) {
        let Some(running) = self.running.get_mut(id) else { return };
        if running.is_stopped {
            let _ = stopper.shutdown(Shutdown::Both);
        }
        running.stopper = Some(stopper);
    }

    /// Stops a run. One that waits ends at once, and one that runs ends when its broker notices that the guest is gone.
    pub(super) fn stop(&mut self, id: &RunId) {
        if let Some(running) = self.running.get_mut(id) {
            running.is_stopped = true;
            if let Some(stopper) = &running.stopper {
                let _ = stopper.shutdown(Shutdown::Both);
            }
            return;
        }
        if let Some(at) = self.waiting.iter().position(|waiting| waiting.id == *id) {
            self.waiting.remove(at);
            self.end_early(id, BEFORE_ITS_TURN);
        }
    }

    /// Stops the runs that wait for their turn, because this replica leads no more. If it leads again before another one does, it starts those
    /// that were due.
    pub(super) fn stop_waiting(&mut self) {
        for Waiting { id, gatherer, trigger, .. } in std::mem::take(&mut self.waiting) {
            self.end_early(&id, LEADS_NO_MORE);
            if trigger != Trigger::Request {
                self.keep_in_mind(&[gatherer]);
            }
        }
    }

    /// Ends a run that has not started, and waits no more.
    fn end_early(&mut self, id: &RunId, reason: &str) {
        let reason = Some(reason.to_owned());
        let exit_code = wagather_base::error::Class::Stopped(15).exit_code();
        let (state, summary, archive) = (RunState::Stopped, None, None);
        let ended = self.end(id, Ended { state, reason, exit_code, summary, archive });
        self.ended_early.push(ended);
    }

    /// Whether runs wait for their turn.
    pub(super) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether a run was asked to stop.
    pub(super) fn is_stopped(&self, id: &RunId) -> bool {
        self.running.get(id).is_some_and(|running| running.is_stopped)
    }

    /// Remembers how a run ended. Gives its final status, and who waits for it.
    pub(super) fn end(&mut self, id: &RunId, ended: Ended) -> (Option<RunStatus>, Vec<OnEnd>) {
        let took = self.running.remove(id).map_or(Duration::ZERO, |running| running.begin.elapsed());
        let Ended { state, reason, exit_code, summary, archive } = ended;
        let time = now();
        let gatherer = self.book.get(id).map(|run| run.gatherer.clone()).unwrap_or_default();
        if let Some(gatherer) = self.gatherers.get_mut(&gatherer) {
            gatherer.active.retain(|active| active != id);
            gatherer.last_run = Some((id.clone(), state));
            if state == RunState::Complete {
                gatherer.last_success = Some(time.clone());
            }
            gatherer.metrics.ended(state, took, summary.as_ref(), clock_millis());
        } else if let Some(removed) = self.removed.iter_mut().find(|removed| removed.gatherer == gatherer) {
            removed.ended(state, took, summary.as_ref(), clock_millis());
        }
        self.book.change(id, |run| {
            run.state = state;
            run.ended = Some(time);
            run.duration_ms = run.started.as_ref().map(|_| (took.as_secs_f64() * 1e6).round() / 1e3);
            run.reason = reason;
            run.exit_code = Some(exit_code);
            run.summary = summary;
            run.archive = archive;
        });
        let status = self.book.get(id).cloned();
        (status, self.book.end(id))
    }

    /// Whether no run waits or runs.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.running.is_empty()
    }

    /// Stops all runs.
    pub(super) fn stop_all(&mut self) {
        let waiting = self.waiting.iter().map(|waiting| waiting.id.clone());
        let all: Vec<RunId> = waiting.chain(self.running.keys().cloned()).collect();
        all.iter().for_each(|id| self.stop(id));
    }

    pub(super) fn gatherer_statuses(&self) -> Vec<GathererStatus> {
        self.gatherers.values().map(Gatherer::status).collect()
    }

    pub(super) fn gatherer_status(&self, name: &str) -> Option<GathererStatus> {
        self.gatherers.get(name).map(Gatherer::status)
    }

    pub(super) fn metrics(&self) -> Metrics {
        let of_served = self.gatherers.values().map(|gatherer| GathererMetrics {
            active: gatherer.active.len() as u64,
            ..gatherer.metrics.clone()
        });
        let mut gatherers: Vec<GathererMetrics> = of_served.chain(self.removed.iter().cloned()).collect();
        gatherers.sort_by(|a, b| a.gatherer.cmp(&b.gatherer));
        Metrics { gatherers, runs_waiting: self.waiting.len() as u64, ..self.metrics.clone() }
    }

    pub(super) fn readiness(&self) -> Readiness {
        Readiness {
            alive: self.broken.is_none(),
            ready: self.has_started && !self.is_ending && self.broken.is_none(),
            healthy: self.problems.is_empty(),
            problems: self.problems.values().cloned().collect(),
            leader_election: self.leadership.as_ref().map(Leadership::status),
        }
    }
}

/// The time of day, RFC 3339.
pub(super) fn now() -> String {
    rfc3339(clock_millis())
}
