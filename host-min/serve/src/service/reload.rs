//! A new configuration takes over in one step with its grants, so that no run has the cluster of one and the grant of another.

use super::look::{Grants, Pulled, Why, is_below, look};
use super::version::Version;
use super::{CONFIGURATION, Inner, source};
use crate::config::Config;
use crate::log::{Entry, Level};
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
        inner.log(&Entry::of(failure).named("refused"));
    }
    let _ = look(inner, Why::Everything, &Pulled::new());
    inner.ask_registries();
    inner.warm();
    inner.clock.wake();
    result
}

/// What becomes of a gatherer that is served when another configuration takes over.
enum Fate {
    /// It has another grant.
    Held(Arc<Version>),
    /// It is served no more.
    Gone { place: PathBuf, gatherer: String, why: &'static str },
}

fn take_over(inner: &Arc<Inner>, config: Config) -> Result<()> {
    let (source, warnings) = source::open(&config)?;
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
            let held = Version::new(current.guest.clone(), grant, current.entry.clone());
            fates.push(match held {
                Ok(version) => Fate::Held(Arc::new(version)),
                Err(_) => gone("the grant does not admit it any more"),
            });
        }
    }
    let mut state = inner.lock();
    let is_elected_otherwise = state.config.leader_election != config.leader_election;
    (state.config, state.source) = (Arc::new(config), source);
    state.metrics.reloads += 1;
    state.problems.remove(CONFIGURATION);
    for fate in &fates {
        match fate {
            Fate::Held(version) => state.install(version.clone(), None),
            Fate::Gone { gatherer, .. } => state.remove(gatherer),
        }
    }
    drop(state);
    for fate in fates {
        if let Fate::Gone { place, gatherer, why } = fate {
            places.0.remove(&place);
            inner.removed(&gatherer, why);
        }
    }
    drop(places);
    warnings.into_iter().for_each(|text| inner.log(&Entry::new(Level::Warn, "warning", text)));
    if is_elected_otherwise {
        let text = "leaderElection has changed, which holds from the next start of the service on";
        inner.log(&Entry::new(Level::Warn, "warning", text));
    }
    Ok(())
}
