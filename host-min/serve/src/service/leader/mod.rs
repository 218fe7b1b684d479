//! The thread that gets the Lease and keeps it, if replicas agree on a leader.
//!
//! Only the leader accepts runs. The others are ready: they look at modules and prepare sandboxes, and keep in mind which of their schedules were due.
//! Whoever takes over starts what was due since the last leader was surely there, so that no due time is lost; it may happen twice.
//!
//! A replica leads until a time that it knows when it sends its request. So it stops in time even if the thread does not run.

mod elector;
#[cfg(test)]
mod tests;

use super::leadership::Leadership;
use super::{Inner, LEASE, clock};
use crate::config::{Config, Input, JITTER, LeaderElection};
use crate::log::{Entry, Level};
use elector::{Elector, Time};
use std::fmt::Write as _;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use wagather_base::error::{Class, Failure, Result};
use wagather_kube::cluster::lease::{LeaseClient, LeaseError};

/// How long giving the Lease back may take. Without it, the others wait for the end of the Lease.
const RELEASE: Duration = Duration::from_secs(3);

/// What gets the Lease.
pub(super) struct Candidate {
    client: LeaseClient,
    election: LeaderElection,
    identity: String,
}

/// A candidate, if the configuration wants an election. Does not connect.
pub(super) fn open(config: &Config) -> Result<Option<Candidate>> {
    let Some(election) = &config.leader_election else { return Ok(None) };
    let options = match (&election.cluster, &config.input) {
        (Some(own), _) => own,
        (None, Input::Cluster(options)) => options,
        (None, Input::Recording(_)) => {
            let attempt = format!("cannot use the Lease {}", election.lease);
            return Err(Failure::new(Class::Config, attempt, "a recording has no Lease")
                .advise("name the cluster of the Lease with 'cluster' in 'leaderElection'"));
        }
    };
    let client = LeaseClient::open(options, election.lease.clone())?;
    Ok(Some(Candidate { client, election: election.clone(), identity: identity() }))
}

/// The name of the machine, which is that of a pod, and a number that no other replica has.
fn identity() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let mut name: String = host.trim().chars().filter(|c| !c.is_control()).take(100).collect();
    for _ in 0..2 {
        let _ = write!(
            name,
            "{}{:016x}",
            if name.contains('_') { "" } else { "_" },
            RandomState::new().build_hasher().finish()
        );
    }
    name
}

impl Candidate {
    pub(super) fn leadership(&self) -> Leadership {
        Leadership::new(self.identity.clone())
    }

    /// Gets the Lease and keeps it, until the service ends.
    pub(super) fn run(self, inner: &Arc<Inner>) {
        let Candidate { client, election, identity } = self;
        for warning in client.warnings() {
            inner.log(&Entry::new(Level::Warn, "warning", warning.clone()));
        }
        let terms = election.terms;
        let mut elector = Elector::new(identity, election.lease.clone(), terms);
        let now = || Time { instant: Instant::now(), of_day: SystemTime::now() };
        let mut led = false;
        loop {
            let until = {
                let state = inner.lock();
                if state.is_ending {
                    break;
                }
                state.leadership.as_ref().and_then(Leadership::until)
            };
            let deadline = until.unwrap_or_else(|| Instant::now() + terms.renew_deadline);
            // Before this replica is the holder.
            let since = elector.renewed();
            let held = elector.try_hold(&client, deadline, &now);
            led = tell(inner, &client, &elector, held, (led, since));
            let wait = match led {
                true => terms.retry_period,
                false => terms.retry_period.mul_f64(1.0 + clock::random() * JITTER),
            };
            inner.election.wait(wait);
        }
        let released = elector.release(&client, Instant::now() + RELEASE, now());
        if let Err(error) = released {
            let text = format!(
                "cannot give the Lease {} back: {error}; the others wait for its end",
                election.lease
            );
            inner.log(&Entry::new(Level::Warn, "warning", text));
        }
        if let Some(leadership) = &mut inner.lock().leadership {
            leadership.release();
        }
        inner.changed.notify_all();
    }
}

/// Remembers and tells what came of an attempt. Says whether this replica leads.
fn tell(
    inner: &Arc<Inner>,
    client: &LeaseClient,
    elector: &Elector,
    held: std::result::Result<Option<Instant>, LeaseError>,
    (led, since): (bool, Option<Instant>),
) -> bool {
    let mut state = inner.lock();
    let failure = held.as_ref().err().map(|error| failure(client, error));
    let is_new = match &failure {
        Some(failure) => {
            let text = format!("{}: {}", failure.attempt, failure.reason);
            state.problems.insert(LEASE.to_owned(), text.clone()) != Some(text)
        }
        None => {
            state.problems.remove(LEASE);
            false
        }
    };
    let Some(leadership) = &mut state.leadership else { return false };
    let was_other = leadership.other();
    let is_first = leadership.tried(elector.holder(), held.ok());
    let leads = leadership.leads();
    let other = leadership.other().filter(|_| leadership.other() != was_other);
    let due = if leads && !led { state.take_over(since, is_first) } else { Vec::new() };
    drop(state);
    if let Some(failure) = failure.filter(|_| is_new) {
        inner.log(&Entry::of(&failure).named("leaderElection"));
    }
    let name = client.name();
    let entry = match (led, leads, other) {
        (false, true, _) => Some(Entry::new(
            Level::Info,
            "leaderElection",
            format!("has the Lease {name} and runs the gatherers"),
        )),
        (true, false, _) => Some(Entry::new(
            Level::Warn,
            "leaderElection",
            format!("has lost the Lease {name}, and runs no gatherers"),
        )),
        (false, false, Some(other)) => {
            let text = format!("{other} has the Lease {name} and runs the gatherers");
            Some(Entry::new(Level::Info, "leaderElection", text).with("leader", other))
        }
        _ => None,
    };
    if let Some(entry) = entry {
        inner.log(&entry);
    }
    for (gatherer, trigger) in due {
        clock::start(inner, &gatherer, trigger);
    }
    leads
}

fn failure(client: &LeaseClient, error: &LeaseError) -> Failure {
    let attempt = format!("cannot get or renew the Lease {}", client.name());
    let (class, advice) = match error {
        LeaseError::Refused(401 | 403, _) => (
            Class::Refused,
            "let the account get and update this Lease, and create the Lease or let the account do that, too; docs/serve.md has the Role",
        ),
        LeaseError::Refused(404, _) => (Class::Config, "create the namespace of the Lease"),
        LeaseError::NoAnswer(why) => (Class::Cluster, why.advice.as_str()),
        _ => (Class::Cluster, ""),
    };
    Failure::new(class, attempt, error).advise(advice)
}
