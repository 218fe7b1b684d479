//! Reads the modules and grants of a configuration.

use super::Inner;
use super::version::Version;
use crate::config::{Config, Entry};
use crate::log;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wagather_base::error::{Class, Failure, Result};
use wagather_policy::grant::Grant;
use wagather_run::modules::Guest;

/// Reads everything, and serves what can be used. Fails if that is nothing.
pub(super) fn at_start(inner: &Arc<Inner>, config: &Config) -> Result<()> {
    let mut grants = Grants::default();
    let mut first = None;
    for entry in &config.gatherers {
        let entry = Arc::new(entry.clone());
        let guests = match Guest::read_all(&entry.module, &config.registry) {
            Ok(guests) => guests,
            Err(failure) => {
                problem(inner, &entry.module.display().to_string(), &failure);
                first.get_or_insert(failure);
                continue;
            }
        };
        for guest in guests {
            let label = guest.label.clone();
            if let Err(failure) = serve(inner, guest, &mut grants, config, &entry) {
                problem(inner, &label, &failure);
                first.get_or_insert(failure);
            }
        }
    }
    match first {
        Some(failure) if inner.lock().gatherers.is_empty() => Err(failure),
        _ => Ok(()),
    }
}

fn serve(
    inner: &Arc<Inner>,
    guest: Guest,
    grants: &mut Grants,
    config: &Config,
    entry: &Arc<Entry>,
) -> Result<()> {
    let grant = match entry.grant.as_ref().or(config.grant.as_ref()) {
        Some(path) => Some(grants.read(path)?),
        None => None,
    };
    let version = Arc::new(Version::new(guest, grant, entry.clone())?);
    let mut state = inner.lock();
    if let Some(other) = state.gatherers.get(version.name()) {
        let (name, other) = (version.name(), &other.version.guest.label);
        let attempt = format!("{} cannot be served", version.guest.label);
        return Err(Failure::new(Class::Config, attempt, format!("{other} is the gatherer '{name}', too"))
            .advise("serve one of them, or build one with another name"));
    }
    state.install(version);
    Ok(())
}

fn problem(inner: &Inner, label: &str, failure: &Failure) {
    inner.log(&log::Entry::of(failure));
    inner.lock().problems.insert(label.to_owned(), format!("{}: {}", failure.attempt, failure.reason));
}

/// Grants that were read, so that each file is read once.
#[derive(Default)]
pub(super) struct Grants(BTreeMap<PathBuf, Result<Arc<Grant>>>);

impl Grants {
    pub(super) fn read(&mut self, path: &Path) -> Result<Arc<Grant>> {
        let read = || Grant::read(path).map(Arc::new);
        self.0.entry(path.to_owned()).or_insert_with(read).clone()
    }
}
