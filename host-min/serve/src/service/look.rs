//! Looks at the modules, grants and settings of a configuration, and replaces what has changed.
//!
//! A change makes a candidate: a new version, which takes over if its module is valid, the grant admits it, and its rights are no more than
//! before (or somebody allows that). It is prepared in a sandbox for that, and tried if the settings say so. Until then, and if it is refused, the old
//! version goes on. Whoever looks holds the lock of the [`Places`], so that one looks at a time.

use super::version::Version;
use super::{Inner, execute};
use crate::config::{Config, Entry};
use crate::log::{self, Level};
use crate::status::Replacement;
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use wagather_base::error::{Class, Failure, Result};
use wagather_policy::grant::Grant;
use wagather_policy::rights::Rights;
use wagather_run::modules::{Guest, in_folder, in_registry};

/// Why somebody looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The service starts. Nothing is served yet, so that nothing is compared.
    Start,
    /// Files may have changed.
    Files,
    /// Somebody asked for it, or registries were asked. What was refused is tried again.
    Everything,
}

/// What registries gave, by its reference. They are asked without a lock ([`registries`](super::registries)), because one may take its time.
#[derive(Default)]
pub(super) struct Pulled {
    /// The configuration that says how they are reached.
    config: Option<Arc<Config>>,
    guests: BTreeMap<PathBuf, Result<Guest>>,
}

impl Pulled {
    /// Pulls what a configuration names.
    pub(super) fn of(config: Arc<Config>) -> Pulled {
        let modules = config.gatherers.iter().map(|entry| &entry.module);
        let references = modules.filter(|module| in_registry(module).is_some());
        let guests = references.map(|named| (named.clone(), Guest::read(named, &config.registry))).collect();
        Pulled { config: Some(config), guests }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.guests.is_empty()
    }

    /// The module of a reference, if it was pulled. What was asked for under another configuration says nothing: it may be from a registry, or be
    /// believed by an authority, that holds no more. Whoever has a configuration take over has registries asked again.
    fn get(&self, reference: &Path, config: &Arc<Config>) -> Option<Result<Guest>> {
        let is_of_this = self.config.as_ref().is_some_and(|asked| Arc::ptr_eq(asked, config));
        self.guests.get(reference).filter(|_| is_of_this).cloned()
    }
}

/// A file was written a moment ago, and is not valid: it may not be all there yet.
pub(super) struct Unsettled;

/// What was seen of each module, by its path or reference.
#[derive(Default)]
pub(super) struct Places(pub(super) BTreeMap<PathBuf, Place>);

#[derive(Default)]
pub(super) struct Place {
    seen: Option<Seen>,
    /// The gatherer that is served from here.
    pub(super) gatherer: Option<String>,
}

/// What makes a version.
#[derive(Clone, PartialEq)]
struct Seen {
    guest: (Vec<u8>, Option<Vec<u8>>),
    grant: Result<Option<Arc<Grant>>>,
    entry: Arc<Entry>,
}

/// How long a file that is not valid may be incomplete after the last write to it.
const SETTLING: Duration = Duration::from_millis(100);

/// Looks at everything. At the start, what was wrong first is the failure if nothing can be served. Modules in registries are those that were pulled;
/// at the start they are pulled here.
pub(super) fn look(inner: &Arc<Inner>, why: Why, pulled: &Pulled) -> Result<(), Unsettled> {
    let mut places = inner.places();
    let config = inner.lock().config.clone();
    let (mut grants, mut found, mut settled) = (Grants::default(), BTreeSet::new(), Ok(()));
    for entry in &config.gatherers {
        let was_folder = places.0.keys().any(|path| is_below(path, entry));
        let paths = match paths(entry, why, was_folder) {
            Ok(paths) => paths,
            Err(failure) => {
                // A folder that cannot be read says nothing about what was in it.
                refuse(inner, &entry.module, None, None, &failure);
                let entry = Arc::new(entry.clone());
                for (path, place) in places.0.iter_mut().filter(|(path, _)| is_below(path, &entry)) {
                    found.insert(path.clone());
                    Looking { inner, config: &config, path, entry: &entry, why, pulled, digest: None }
                        .hold_to_grant(place, &mut grants);
                }
                continue;
            }
        };
        // The folder could be read. A module has its own problem until it is looked at.
        if paths.first() != Some(&entry.module) {
            solve(inner, &entry.module);
        }
        let entry = Arc::new(entry.clone());
        for path in paths {
            found.insert(path.clone());
            let place = places.0.entry(path.clone()).or_default();
            let mut looking =
                Looking { inner, config: &config, path: &path, entry: &entry, why, pulled, digest: None };
            let before = place.seen.clone();
            match looking.at(place, &mut grants) {
                Ok(()) => {}
                // It is looked at again.
                Err(_) if why == Why::Files && is_fresh(&path) => {
                    place.seen = before;
                    settled = Err(Unsettled);
                }
                Err(failure) => {
                    let (gatherer, digest) = (place.gatherer.clone(), looking.digest.take());
                    refuse(inner, &path, gatherer.as_deref(), digest, &failure);
                }
            }
        }
    }
    let gone: Vec<PathBuf> = places.0.keys().filter(|path| !found.contains(*path)).cloned().collect();
    for path in gone {
        // A program may be between removing the file and writing the new one.
        if why == Why::Files && is_fresh(&path) {
            settled = Err(Unsettled);
            continue;
        }
        solve(inner, &path);
        if let Some(Place { gatherer: Some(gatherer), .. }) = places.0.remove(&path) {
            inner.remove(&gatherer, "its module is gone");
        }
    }
    let mut state = inner.lock();
    state.problems.retain(|name, _| {
        let is_known = |path: &PathBuf| path.as_os_str() == name.as_str();
        super::IS_NO_FILE.contains(&name.as_str())
            || places.0.keys().any(is_known)
            || config.gatherers.iter().any(|entry| is_known(&entry.module))
    });
    settled
}

/// Whether a module is directly in the folder of an entry.
pub(super) fn is_below(path: &Path, entry: &Entry) -> bool {
    path.parent() == Some(&entry.module)
}

/// The modules of an entry. A file that does not exist is one, too: that is a problem, not an end. So is a folder that is gone, from which
/// modules are served.
fn paths(entry: &Entry, why: Why, was_folder: bool) -> Result<Vec<PathBuf>> {
    let folder = match entry.module.read_dir() {
        Ok(folder) if entry.module.is_dir() => folder,
        _ if was_folder => return in_folder(&entry.module),
        _ => return Ok(vec![entry.module.clone()]),
    };
    let is_module = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.is_ok_and(|entry| entry.path().extension().is_some_and(|extension| extension == "wasm"))
    };
    // Later, somebody took all modules away.
    if why != Why::Start && !folder.into_iter().any(is_module) {
        return Ok(Vec::new());
    }
    in_folder(&entry.module)
}

/// Whether a file was written a moment ago.
fn is_fresh(path: &Path) -> bool {
    match path.metadata().and_then(|metadata| metadata.modified()) {
        // A clock that was set back makes it no older.
        Ok(modified) => SystemTime::now().duration_since(modified).is_ok_and(|age| age < SETTLING),
        // Between the two steps of a program that removes a file and writes a new one.
        Err(error) => error.kind() == ErrorKind::NotFound && path.parent().is_some_and(is_fresh),
    }
}

/// One look at one module.
struct Looking<'a> {
    inner: &'a Arc<Inner>,
    config: &'a Arc<Config>,
    path: &'a Path,
    entry: &'a Arc<Entry>,
    why: Why,
    pulled: &'a Pulled,
    /// The digest of the candidate's module.
    digest: Option<String>,
}

impl Looking<'_> {
    fn at(&mut self, place: &mut Place, grants: &mut Grants) -> Result<()> {
        let guest = match self.read() {
            Some(Ok(guest)) => guest,
            Some(Err(failure)) => {
                self.hold_to_grant(place, grants);
                return Err(failure);
            }
            None => {
                self.hold_to_grant(place, grants);
                return Ok(());
            }
        };
        let grant = self.grant(grants);
        let seen = Seen {
            guest: (guest.module.clone(), guest.signature.clone()),
            grant: grant.clone(),
            entry: self.entry.clone(),
        };
        let current = self.current(place);
        let is_known = place.seen.as_ref() == Some(&seen);
        let is_served = current.as_ref().is_some_and(|current| of_version(current) == seen);
        place.seen = Some(seen);
        if is_served {
            solve(self.inner, self.path);
            return Ok(());
        }
        if is_known && self.why == Why::Files {
            return Ok(());
        }
        let grant = grant?;
        self.replace(guest, grant.clone(), current.clone(), place).inspect_err(|_| {
            if let Some(current) = current.filter(|current| current.grant != grant) {
                self.hold(&current, grant, place);
            }
        })
    }

    /// The module as it is now. `None` if it is in a registry that was not asked.
    fn read(&self) -> Option<Result<Guest>> {
        let is_remote = in_registry(self.path).is_some();
        if is_remote && self.why != Why::Start {
            return self.pulled.get(self.path, self.config);
        }
        Some(Guest::read(self.path, &self.config.registry))
    }

    /// The grant of the module.
    fn grant(&self, grants: &mut Grants) -> Result<Option<Arc<Grant>>> {
        grants.of(self.entry, self.config)
    }

    /// The version that is served from here.
    fn current(&self, place: &Place) -> Option<Arc<Version>> {
        let state = self.inner.lock();
        state.gatherers.get(place.gatherer.as_ref()?).map(|gatherer| gatherer.version.clone())
    }

    /// The module cannot be read, or is not read now: it may be in a registry that does not answer. Its grant is here, and holds for the version
    /// that is served. A grant that cannot be read is told with the module.
    fn hold_to_grant(&self, place: &mut Place, grants: &mut Grants) {
        if let (Some(current), Ok(grant)) = (self.current(place), self.grant(grants))
            && current.grant != grant
        {
            self.hold(&current, grant, place);
        }
    }

    /// Has a candidate take over, or says why not.
    fn replace(
        &mut self,
        guest: Guest,
        grant: Option<Arc<Grant>>,
        current: Option<Arc<Version>>,
        place: &mut Place,
    ) -> Result<()> {
        let version = Arc::new(Version::new(guest, grant, self.entry.clone())?);
        self.digest = Some(version.digest.clone());
        self.check_name(&version, current.as_deref())?;
        let new_rights = self.check_rights(&version, current.as_deref())?;
        let sandbox = self.inner.sandboxes.prepare_ahead(&version, self.config)?;
        if self.entry.dry_run && self.why != Why::Start {
            execute::try_out(self.inner, &version)?;
        }
        place.gatherer = Some(version.name().to_owned());
        let replacement = (self.why != Why::Start).then(|| accepted(&version, new_rights.clone()));
        self.inner.lock().install(version.clone(), replacement);
        self.inner.sandboxes.keep(&version, sandbox, self.config.prepared_bytes);
        solve(self.inner, self.path);
        if self.why != Why::Start {
            tell(self.inner, &version, current.as_deref(), &new_rights);
        }
        self.inner.clock.wake();
        Ok(())
    }

    /// A grant holds for the old module, too, if the new one is refused: nobody goes on with what the owner has withdrawn. A module that it does
    /// not admit is served no more.
    fn hold(&self, current: &Version, grant: Option<Arc<Grant>>, place: &mut Place) {
        match Version::new(current.guest.clone(), grant, current.entry.clone()) {
            Ok(version) => {
                let new_rights = new_rights(&version, current);
                tell(self.inner, &version, Some(current), &new_rights);
                let replacement = accepted(&version, new_rights);
                self.inner.lock().install(Arc::new(version), Some(replacement));
            }
            Err(_) => {
                place.gatherer = None;
                self.inner.remove(current.name(), "the grant does not admit it any more");
            }
        }
    }

    /// A module stays the gatherer that it was, and no other is the same.
    fn check_name(&self, version: &Version, current: Option<&Version>) -> Result<()> {
        let failure = |reason: String, advice: &str| {
            let attempt = format!("{} cannot be served", version.guest.label);
            Err(Failure::new(Class::Config, attempt, reason).advise(advice))
        };
        let name = version.name();
        match current {
            Some(current) if current.name() == name => return Ok(()),
            Some(current) => {
                return failure(
                    format!("it is the gatherer '{name}', and '{}' is served from here", current.name()),
                    "give the new gatherer a file of its own",
                );
            }
            None => {}
        }
        let state = self.inner.lock();
        match state.gatherers.get(name).map(|other| other.version.guest.label.clone()) {
            Some(other) => failure(
                format!("{other} is the gatherer '{name}', too"),
                "serve one of them, or build one with another name",
            ),
            None => Ok(()),
        }
    }

    /// What the version may do and the current one may not. More than before needs somebody's word, unless the owner of the grant gave it.
    fn check_rights(&self, version: &Version, current: Option<&Version>) -> Result<Vec<String>> {
        if self.why == Why::Start {
            return Ok(Vec::new());
        }
        let (old, old_under_this_grant) = match current {
            Some(current) => (rights(current, &current.grant), rights(current, &version.grant)),
            None => {
                let nothing =
                    Arc::new(Grant { rules: Vec::new(), non_resource_urls: Vec::new(), ..Grant::default() });
                let none = Rights::new(version.manifest.clone(), nothing);
                (none.clone(), none)
            }
        };
        let new = rights(version, &version.grant);
        let by_the_module = new.beyond(&old_under_this_grant);
        let is_named = version
            .grant
            .as_ref()
            .is_some_and(|grant| !grant.modules.is_empty() || !grant.signers.is_empty());
        if !by_the_module.is_empty() && !self.entry.allow_more && !is_named {
            let attempt = format!("{} may not take over", version.guest.label);
            let than = current
                .map_or("than a gatherer that is not served yet", |_| "than the version that is served");
            let reason = format!("it may do more {than}: {}", by_the_module.join("; "));
            return Err(Failure::new(Class::Config, attempt, reason).advise(
                "allow that with 'allowMore: true' in the configuration, or with the module's digest or signer in the grant",
            ));
        }
        Ok(new.beyond(&old))
    }
}

/// What is remembered of a version that takes over now.
pub(super) fn accepted(version: &Version, new_rights: Vec<String>) -> Replacement {
    let (time, digest) = (super::state::now(), Some(version.digest.clone()));
    Replacement { time, digest, accepted: true, new_rights, refusal: None }
}

/// What a version may do and the one before may not.
pub(super) fn new_rights(version: &Version, before: &Version) -> Vec<String> {
    rights(version, &version.grant).beyond(&rights(before, &before.grant))
}

fn rights(version: &Version, grant: &Option<Arc<Grant>>) -> Rights {
    Rights::new(version.manifest.clone(), grant.clone().unwrap_or_default())
}

/// Tells that a version has taken over, and what it may do that the one before could not.
pub(super) fn tell(inner: &Inner, version: &Version, current: Option<&Version>, new_rights: &[String]) {
    let message = match current {
        Some(current) if current.digest == version.digest => "its grant or settings were replaced".to_owned(),
        Some(current) => format!("{} replaces {}", short(&version.digest), short(&current.digest)),
        None => format!("{} is served", short(&version.digest)),
    };
    let mut entry = log::Entry::new(Level::Info, "replaced", message).gatherer(version.name());
    entry = entry.with("digest", version.digest.as_str());
    if let Some(current) = current {
        entry = entry.with("was", current.digest.as_str());
    }
    inner.log(&entry);
    for right in new_rights {
        let entry =
            log::Entry::new(Level::Warn, "newRight", format!("may do what it could not before: {right}"));
        inner.log(&entry.gatherer(version.name()).with("right", right.as_str()));
    }
}

/// The first digits of a digest, for people.
fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

fn of_version(version: &Version) -> Seen {
    Seen {
        guest: (version.guest.module.clone(), version.guest.signature.clone()),
        grant: Ok(version.grant.clone()),
        entry: version.entry.clone(),
    }
}

/// Remembers and tells that a candidate was refused.
fn refuse(inner: &Inner, path: &Path, gatherer: Option<&str>, digest: Option<String>, failure: &Failure) {
    let mut state = inner.lock();
    let text = format!("{}: {}", failure.attempt, failure.reason);
    let is_new = state.problems.insert(path.display().to_string(), text.clone()) != Some(text.clone());
    if let Some(known) = gatherer.and_then(|name| state.gatherers.get_mut(name))
        && is_new
    {
        known.metrics.refused += 1;
        let (time, refusal) = (super::state::now(), Some(text));
        known.last_replacement =
            Some(Replacement { time, digest, accepted: false, new_rights: Vec::new(), refusal });
    }
    drop(state);
    if is_new {
        inner.log(&log::Entry::of(failure).gatherer(gatherer.unwrap_or_default()).named("refused"));
    }
}

/// Forgets what was wrong with a module.
fn solve(inner: &Inner, path: &Path) {
    inner.lock().problems.remove(&path.display().to_string());
}

/// Grants that were read, so that each file is read once.
#[derive(Default)]
pub(super) struct Grants(BTreeMap<PathBuf, Result<Arc<Grant>>>);

impl Grants {
    /// The grant of an entry.
    pub(super) fn of(&mut self, entry: &Entry, config: &Config) -> Result<Option<Arc<Grant>>> {
        let grant = entry.grant.as_ref().or(config.grant.as_ref());
        grant.map(|path| self.read(path)).transpose()
    }

    fn read(&mut self, path: &Path) -> Result<Arc<Grant>> {
        let read = || Grant::read(path).map(Arc::new);
        self.0.entry(path.to_owned()).or_insert_with(read).clone()
    }
}
