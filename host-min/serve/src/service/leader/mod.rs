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
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant, SystemTime};
use wagather_base::error::{Class, Failure, Result};
use wagather_kube::cluster::lease::{LeaseClient, LeaseError, LeaseName};

/// How long giving the Lease back may take. Without it, the others wait for the end of the Lease.
const RELEASE: Duration = Duration::from_secs(3);

/// How often to look whether runs still wait for their turn, if no run ends.
const DRAINED: Duration = Duration::from_millis(100);

/// What gets the Lease.
pub(super) struct Candidate {
    client: LeaseClient,
    election: LeaderElection,
    identity: String,
}

/// A candidate, if the configuration wants an election. Does not connect.
pub(super) fn open(config: &Config) -> Result<Option<Candidate>> {
    let Some(election) = &config.leader_election else { return Ok(None) };
    let client = client(config, election, election.lease.clone())?;
    Ok(Some(Candidate { client, election: election.clone(), identity: identity() }))
}

/// How another configuration reaches the Lease of the election that goes on. `None` if there is none, or the configuration has none.
pub(super) fn reopen(config: &Config, goes_on: Option<&LeaderElection>) -> Result<Option<LeaseClient>> {
    let elections = config.leader_election.as_ref().zip(goes_on);
    elections.map(|(election, goes_on)| client(config, election, goes_on.lease.clone())).transpose()
}

fn client(config: &Config, election: &LeaderElection, lease: LeaseName) -> Result<LeaseClient> {
    let options = match (&election.cluster, &config.input) {
        (Some(own), _) => own,
        (None, Input::Cluster(options)) => options,
        (None, Input::Recording(_)) => {
            let attempt = format!("cannot use the Lease {lease}");
            return Err(Failure::new(Class::Config, attempt, "a recording has no Lease")
                .advise("name the cluster of the Lease with 'cluster' in 'leaderElection'"));
        }
    };
    LeaseClient::open(options, lease)
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
        let Candidate { mut client, election, identity } = self;
        warn(inner, &client);
        let terms = election.terms;
        let mut elector = Elector::new(identity.clone(), election.lease.clone(), terms);
        let now = || Time { instant: Instant::now(), of_day: SystemTime::now() };
        let mut led = false;
        loop {
            let (until, next) = {
                let mut state = inner.lock();
                if state.is_ending || state.broken.is_some() {
                    break;
                }
                (state.leadership.as_ref().and_then(Leadership::until), state.next_lease.take())
            };
            if let Some(next) = next {
                warn(inner, &next);
                if next.server() != client.server() {
                    // There, it is another Lease. This one is for whoever stays with it.
                    give_back(inner, &client, &mut elector);
                    elector = Elector::new(identity.clone(), election.lease.clone(), terms);
                    let none = Ok(None);
                    led = tell(inner, &client, &elector, none, (led, None));
                }
                client = next;
                // Until then, it leads by the old one, or does not.
                continue;
            }
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
        drain(inner);
        give_back(inner, &client, &mut elector);
        let mut state = inner.lock();
        if let Some(leadership) = &mut state.leadership {
            leadership.release();
        }
        state.stop_waiting();
        drop(state);
        inner.tell_early();
        inner.changed.notify_all();
    }
}

/// Waits while runs that were accepted wait for their turn: on a replica that does not lead, none starts. The Lease is not renewed meanwhile, so that
/// whoever takes over starts what is due from now on.
fn drain(inner: &Inner) {
    let mut state = inner.lock();
    while state.has_waiting() && state.leads() {
        state = inner.changed.wait_timeout(state, DRAINED).unwrap_or_else(PoisonError::into_inner).0;
    }
}

fn give_back(inner: &Inner, client: &LeaseClient, elector: &mut Elector) {
    let now = Time { instant: Instant::now(), of_day: SystemTime::now() };
    if let Err(error) = elector.release(client, Instant::now() + RELEASE, now) {
        let lease = client.name();
        let text = format!("cannot give the Lease {lease} back: {error}; the others wait for its end");
        inner.log(&Entry::new(Level::Warn, "warning", text));
    }
}

fn warn(inner: &Inner, client: &LeaseClient) {
    for warning in client.warnings() {
        inner.log(&Entry::new(Level::Warn, "warning", warning.clone()));
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
    if !leads {
        state.stop_waiting();
    }
    drop(state);
    inner.tell_early();
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
