//! The configuration of a service: a YAML file, or a folder of modules with the defaults.
//!
//! It is data. `parse` reads it and reports every mistake with its place; `docs/serve.md` describes the file for people. Paths in a file
//! are relative to the file's folder.

mod api;
mod leader;
mod parse;
#[cfg(test)]
mod tests;

use crate::schedule::Schedule;
pub use api::Api;
pub(crate) use leader::JITTER;
pub use leader::{LeaderElection, Terms};
use std::path::{Path, PathBuf};
use std::time::Duration;
use wagather_base::error::{Class, Failure, Result};
use wagather_base::file;
use wagather_base::limits::{DEFAULT_MEMORY_BYTES, DEFAULT_REQUEST_TIMEOUT, DEFAULT_TIMEOUT};
use wagather_deliver::Destination;
use wagather_kube::cluster;

/// The largest configuration.
const MAX_CONFIG_BYTES: u64 = 1 << 20;

/// Runs that may be running at once.
pub const DEFAULT_PARALLEL: usize = 4;

/// Archives of each gatherer that stay.
pub const DEFAULT_KEEP: usize = 10;

/// How long runs may take to end once the service is asked to end. A pod has 30 s from SIGTERM to SIGKILL.
pub const DEFAULT_GRACE: Duration = Duration::from_secs(25);

/// The memory of sandboxes that wait for a run. One of a small gatherer has about 200 KB.
pub const DEFAULT_PREPARED_BYTES: u64 = 2 << 20;

/// How often registries are asked whether a tag has moved.
pub const DEFAULT_POLL: Duration = Duration::from_secs(300);

/// A configuration.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The file that it was read from. `None` for a folder of modules.
    pub file: Option<PathBuf>,
    /// Where responses come from.
    pub input: Input,
    /// The grant of gatherers that name no other.
    pub grant: Option<PathBuf>,
    /// What is served.
    pub gatherers: Vec<Entry>,
    /// What becomes of archives.
    pub output: Outputs,
    /// Where archives are delivered to.
    pub delivery: Option<Delivery>,
    /// Runs that may be running at once. The others wait.
    pub parallel: usize,
    /// Whether to refuse to run a gatherer unless its sandbox is complete.
    pub require_sandbox: bool,
    /// How long runs may take to end once the service is asked to end.
    pub grace: Duration,
    /// The memory of sandboxes that wait for a run.
    pub prepared_bytes: u64,
    /// How often registries are asked whether a tag has moved.
    pub poll: Duration,
    /// How the registries of modules are reached.
    pub registry: wagather_registry::Options,
    /// The HTTP API.
    pub api: Api,
    /// How replicas agree on the one that runs the gatherers. Without it, each one does.
    pub leader_election: Option<LeaderElection>,
}

/// Where responses come from.
#[derive(Clone, Debug)]
pub enum Input {
    /// A live API server.
    Cluster(Box<cluster::Options>),
    /// A recording.
    Recording(PathBuf),
}

/// A module to serve, or a folder of them, with its settings.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// A file, a folder, or `oci://…`.
    pub module: PathBuf,
    /// Its grant; without one, that of the service.
    pub grant: Option<PathBuf>,
    /// Parameters of each run. A run that is requested may give others.
    pub params: Vec<(String, String)>,
    /// Time for a run.
    pub timeout: Duration,
    /// Time for each HTTP request.
    pub request_timeout: Duration,
    /// The linear memory of the guest.
    pub memory_bytes: u64,
    /// What happens when a run is due and another one of the gatherer has not ended.
    pub concurrency: Concurrency,
    /// When it runs. Without a schedule, on request only.
    pub schedule: Option<Schedule>,
    /// How late a run of a cron expression may start.
    pub starting_deadline: Option<Duration>,
    /// Whether it runs when the service starts.
    pub at_start: bool,
    /// Whether a new module may do more than the old one. The grant holds for both.
    pub allow_more: bool,
    /// Whether a new version runs once, with its archive thrown away, before it takes over.
    pub dry_run: bool,
}

/// What happens when a run is due and another one of the same gatherer has not ended, as in a CronJob.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Concurrency {
    /// The new one is left out.
    #[default]
    Forbid,
    /// Both run.
    Allow,
    /// The old one is stopped.
    Replace,
}

/// What becomes of archives.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outputs {
    /// The folder. Each gatherer has a folder of its own in it.
    pub folder: PathBuf,
    /// How many archives of a gatherer stay.
    pub keep: usize,
    /// How many bytes the archives of a gatherer may have together. The newest stays.
    pub keep_bytes: Option<u64>,
    /// How old they may become. The newest stays.
    pub keep_age: Option<Duration>,
}

/// Where archives are delivered to.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The server.
    pub to: Destination,
    /// The folder in which they wait, and how many bytes may be there.
    pub spool: Option<(PathBuf, u64)>,
}

impl Entry {
    /// A module, or a folder of them, with the default settings.
    pub fn new(module: PathBuf) -> Entry {
        Entry {
            module,
            grant: None,
            params: Vec::new(),
            timeout: DEFAULT_TIMEOUT,
            request_timeout: DEFAULT_REQUEST_TIMEOUT,
            memory_bytes: DEFAULT_MEMORY_BYTES,
            concurrency: Concurrency::default(),
            schedule: None,
            starting_deadline: None,
            at_start: false,
            allow_more: false,
            dry_run: false,
        }
    }
}

impl Config {
    /// Serves these modules with the default settings.
    pub fn new(gatherers: Vec<Entry>) -> Config {
        Config {
            file: None,
            input: Input::Cluster(Box::default()),
            grant: None,
            gatherers,
            output: Outputs {
                folder: PathBuf::from("archives"),
                keep: DEFAULT_KEEP,
                keep_bytes: None,
                keep_age: None,
            },
            delivery: None,
            parallel: DEFAULT_PARALLEL,
            require_sandbox: false,
            grace: DEFAULT_GRACE,
            prepared_bytes: DEFAULT_PREPARED_BYTES,
            poll: DEFAULT_POLL,
            registry: wagather_registry::Options::default(),
            api: Api::default(),
            leader_election: None,
        }
    }

    /// Reads a configuration: a YAML file, or a folder of modules.
    pub fn read(path: &Path) -> Result<Config> {
        if path.is_dir() {
            return Ok(Config::new(vec![Entry::new(path.to_owned())]));
        }
        let attempt = || format!("cannot read the configuration {}", path.display());
        let text = file::read_text(path, MAX_CONFIG_BYTES)
            .map_err(|error| Failure::new(Class::Config, attempt(), error))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let config = parse::config(&text, folder).map_err(|mistakes| {
            let lines = mistakes.iter().map(|mistake| mistake.in_file(path.display()));
            Failure::of_many(Class::Config, "cannot use the configuration", lines)
        })?;
        Ok(Config { file: Some(path.to_owned()), ..config })
    }
}
