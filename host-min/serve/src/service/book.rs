//! The runs that a service remembers: all that have not ended, and the newest of those that have.

use crate::status::{RunId, RunStatus};
use std::collections::{BTreeMap, VecDeque};

/// Runs that ended and are remembered.
const MAX_ENDED: usize = 500;

/// What is called with a run that has ended.
pub(super) type OnEnd = Box<dyn FnOnce(&RunStatus) + Send>;

/// The runs.
#[derive(Default)]
pub(super) struct Book {
    runs: BTreeMap<RunId, Run>,
    ended: VecDeque<RunId>,
    accepted: u64,
}

struct Run {
    status: RunStatus,
    on_end: Vec<OnEnd>,
}

impl Book {
    /// The id of the next run.
    pub(super) fn next_id(&mut self, time: &str) -> RunId {
        self.accepted += 1;
        RunId::new(time, self.accepted)
    }

    pub(super) fn add(&mut self, status: RunStatus) {
        self.runs.insert(status.id.clone(), Run { status, on_end: Vec::new() });
    }

    pub(super) fn get(&self, id: &RunId) -> Option<&RunStatus> {
        self.runs.get(id).map(|run| &run.status)
    }

    /// Changes a run that has not ended.
    pub(super) fn change(&mut self, id: &RunId, change: impl FnOnce(&mut RunStatus)) {
        if let Some(run) = self.runs.get_mut(id) {
            change(&mut run.status);
        }
    }

    /// Remembers that a run ended. Gives who waits for that, and forgets older runs.
    pub(super) fn end(&mut self, id: &RunId) -> Vec<OnEnd> {
        let on_end = self.runs.get_mut(id).map(|run| std::mem::take(&mut run.on_end)).unwrap_or_default();
        self.ended.push_back(id.clone());
        if self.ended.len() > MAX_ENDED
            && let Some(oldest) = self.ended.pop_front()
        {
            self.runs.remove(&oldest);
        }
        on_end
    }

    /// Calls a function when the run ends. Gives it back if the run has ended or is not known.
    pub(super) fn on_end(&mut self, id: &RunId, call: OnEnd) -> Option<OnEnd> {
        match self.runs.get_mut(id).filter(|run| !run.status.state.has_ended()) {
            Some(run) => {
                run.on_end.push(call);
                None
            }
            None => Some(call),
        }
    }

    /// The runs of a gatherer that have not ended, the oldest first.
    pub(super) fn active(&self, gatherer: &str) -> Vec<RunId> {
        let runs = self.runs.values().map(|run| &run.status);
        let active = runs.filter(|run| run.gatherer == gatherer && !run.state.has_ended());
        active.map(|run| run.id.clone()).collect()
    }

    /// All runs, the newest first.
    pub(super) fn all(&self) -> impl Iterator<Item = &RunStatus> {
        self.runs.values().rev().map(|run| &run.status)
    }
}
