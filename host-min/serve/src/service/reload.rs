//! A new configuration takes over in one step with its grants, so that no run has the cluster of one and the grant of another.

use super::look::{Grants, Pulled, Why, accepted, is_below, look, new_rights, tell};
use super::version::Version;
use super::{CONFIGURATION, ELECTION, Inner, leader, source};
use crate::config::{Config, Entry};
use crate::log::{self, Level};
use std::path::PathBuf;
use std::sync::Arc;
use wagather_base::error::Result;

/// Reads the configuration again, and looks at everything. One that cannot be used as a whole is refused, and the old one goes on.
pub(super) fn reload(inner: &Arc<Inner>) -> Result<()> {
    let read = inner.options.read_again.as_ref();
    let result = read.map_or(Ok(()), |read| read().and_then(|config| take_over(inner, config)));
    if let Err(failure) = &result {
        let text = format!("{}: {}", failure.attempt, failure.reason);
        let mut state = inner.lock();
        state.metrics.reloads_refused += 1;
        state.problems.insert(CONFIGURATION.to_owned(), text);
        drop(state);
        inner.log(&log::Entry::of(failure).named("refused"));
    }
    let _ = look(inner, Why::Everything, &Pulled::default());
    inner.ask_registries();
    inner.warm();
    inner.clock.wake();
    result
}

/// Replicas agree by the one Lease, with the same times, while they run.
const ANOTHER_ELECTION: &str =
    "leaderElection has changed, which holds from the next start of the service on: restart it";

/// What becomes of a gatherer that is served when another configuration takes over.
enum Fate {
    /// It has another grant, by which it may do more, or not.
    Held { version: Arc<Version>, before: Arc<Version>, new_rights: Vec<String> },
    /// It is served no more.
    Gone { place: PathBuf, gatherer: String, why: &'static str },
}

fn take_over(inner: &Arc<Inner>, config: Config) -> Result<()> {
    let (source, warnings) = source::open(&config)?;
    let lease = leader::reopen(&config, inner.election_of_start.as_ref())?;
    let mut grants = Grants::default();
    config.gatherers.iter().try_for_each(|entry| grants.of(entry, &config).map(drop))?;
    // Until it has taken over, nobody else looks.
    let mut places = inner.places();
    let mut fates = Vec::new();
    for (path, place) in &places.0 {
        let Some(name) = &place.gatherer else { continue };
        let Some(current) = inner.lock().gatherers.get(name).map(|gatherer| gatherer.version.clone()) else {
            continue;
        };
        let gone = |why| Fate::Gone { place: path.clone(), gatherer: name.clone(), why };
        let entry = config.gatherers.iter().find(|entry| entry.module == *path || is_below(path, entry));
        let Some(entry) = entry else {
            fates.push(gone("the configuration does not name it any more"));
            continue;
        };
        let grant = grants.of(entry, &config)?;
        if grant != current.grant {
            // Its other settings are looked at afterwards.
            let settings = Entry { grant: entry.grant.clone(), ..(*current.entry).clone() };
            let held = Version::new(current.guest.clone(), grant, Arc::new(settings));
            fates.push(match held {
                Ok(version) => {
                    let new_rights = new_rights(&version, &current);
                    Fate::Held { version: Arc::new(version), before: current, new_rights }
                }
                Err(_) => gone("the grant does not admit it any more"),
            });
        }
    }
    // How the server of the Lease is reached is not compared: that takes over.
    let is_elected_otherwise = inner.election_of_start != config.leader_election;
    let mut state = inner.lock();
    (state.config, state.source) = (Arc::new(config), source);
    if lease.is_some() {
        state.next_lease = lease;
    }
    state.metrics.reloads += 1;
    state.problems.remove(CONFIGURATION);
    match is_elected_otherwise {
        true => state.problems.insert(ELECTION.to_owned(), ANOTHER_ELECTION.to_owned()),
        false => state.problems.remove(ELECTION),
    };
    for fate in &fates {
        match fate {
            Fate::Held { version, new_rights, .. } => {
                let replacement = accepted(version, new_rights.clone());
                state.install(version.clone(), Some(replacement));
            }
            Fate::Gone { gatherer, .. } => state.remove(gatherer),
        }
    }
    drop(state);
    for fate in fates {
        match fate {
            Fate::Held { version, before, new_rights } => tell(inner, &version, Some(&before), &new_rights),
            Fate::Gone { place, gatherer, why } => {
                places.0.remove(&place);
                inner.removed(&gatherer, why);
            }
        }
    }
    drop(places);
    warnings.into_iter().for_each(|text| inner.log(&log::Entry::new(Level::Warn, "warning", text)));
    if is_elected_otherwise {
        inner.log(&log::Entry::new(Level::Warn, "warning", ANOTHER_ELECTION));
    }
    inner.election.wake();
    Ok(())
}
