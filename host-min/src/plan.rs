//! What a run is to do: which guests, against which source, into which output, within which limits.
//!
//! A plan is data; nothing is opened until [`run`](crate::run()) is called.

use crate::archive::Output;
use crate::error::{Class, Failure, Result};
use crate::limits::{
    DEFAULT_MEMORY_BYTES, DEFAULT_TIMEOUT, MAX_GATHERERS, MAX_MEMORY_BYTES, MAX_MODULE_BYTES,
    MAX_PARAMS_BYTES, MIN_MEMORY_BYTES,
};
use crate::manifest::Manifest;
use crate::sandbox::engine;
use crate::sandbox::process::Isolation;
use crate::source::{Source, cluster};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Where the answers come from.
#[derive(Clone)]
pub enum From {
    /// A live API server.
    Cluster(Box<cluster::Options>),
    /// A recording.
    Recording(PathBuf),
    /// A source of the embedder's own.
    Source(Arc<dyn Source>),
}

/// A module to run.
#[derive(Clone, Debug)]
pub struct Guest {
    /// What it is called in messages: mostly its file.
    pub label: String,
    /// Its bytes.
    pub module: Vec<u8>,
}

/// A run.
#[derive(Clone)]
pub struct Plan {
    /// The gatherers, in the order of the report.
    pub guests: Vec<Guest>,
    /// Where the answers come from.
    pub from: From,
    /// Where the archive goes.
    pub output: Output,
    /// How guests are kept apart.
    pub isolation: Isolation,
    /// Whether a gatherer may only run in a sandbox that has every [mechanism](crate::sandbox::in_force::Mechanism).
    pub require_sandbox: bool,
    /// Which engine runs them.
    pub engine: engine::Kind,
    /// Time for each gatherer.
    pub timeout: Duration,
    /// Linear memory for each guest.
    pub memory_bytes: u64,
    /// Parameters that guests may read.
    pub params: Vec<(String, String)>,
    /// Where to record the answers, if at all.
    pub record: Option<PathBuf>,
}

impl Plan {
    /// A plan with the default limits and no guests yet.
    pub fn new(from: From, output: Output, isolation: Isolation) -> Plan {
        Plan {
            guests: Vec::new(),
            from,
            output,
            isolation,
            require_sandbox: false,
            engine: engine::Kind::default(),
            timeout: DEFAULT_TIMEOUT,
            memory_bytes: DEFAULT_MEMORY_BYTES,
            params: Vec::new(),
            record: None,
        }
    }

    /// Adds a guest from a file.
    pub fn add_file(&mut self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let module = read_module(path)?;
        self.guests.push(Guest { label: path.display().to_string(), module });
        Ok(())
    }

    /// Checks the plan's figures, before anything starts.
    pub(crate) fn check(&self) -> Result<()> {
        let config = |attempt: &str, reason: String| Failure::new(Class::Config, attempt, reason);
        if self.guests.is_empty() || self.guests.len() > MAX_GATHERERS {
            return Err(config(
                "cannot run",
                format!("a run takes 1 to {MAX_GATHERERS} gatherers, not {}", self.guests.len()),
            ));
        }
        if !(MIN_MEMORY_BYTES..=MAX_MEMORY_BYTES).contains(&self.memory_bytes) {
            return Err(config(
                "cannot give guests that memory",
                format!("{} bytes; 64Ki to 4194240Ki is possible", self.memory_bytes),
            ));
        }
        if self.timeout.is_zero() {
            return Err(config("cannot give gatherers that time", "it is zero".into()));
        }
        if Instant::now().checked_add(self.timeout).is_none() {
            return Err(config(
                "cannot give gatherers that time",
                "it is longer than a clock can count".into(),
            ));
        }
        if self.params.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > MAX_PARAMS_BYTES
        {
            return Err(config(
                "cannot pass the parameters",
                format!("together they are above {MAX_PARAMS_BYTES} bytes"),
            ));
        }
        Ok(())
    }

    /// The guests' manifests, which must name different gatherers.
    pub(crate) fn manifests(&self) -> Result<Vec<Manifest>> {
        let mut manifests: Vec<Manifest> = Vec::with_capacity(self.guests.len());
        for guest in &self.guests {
            let manifest =
                Manifest::of_module(&guest.module).map_err(|reason| unusable(&guest.label, reason))?;
            if let Some(index) = manifests.iter().position(|other| other.name == manifest.name) {
                return Err(unusable(
                    &guest.label,
                    format!(
                        "{} is a gatherer of the same name, '{}'",
                        self.guests[index].label, manifest.name
                    ),
                ));
            }
            manifests.push(manifest);
        }
        Ok(manifests)
    }
}

/// A module that cannot be used.
pub(crate) fn unusable(label: &str, reason: impl std::fmt::Display) -> Failure {
    Failure::new(Class::Module, format!("{label} cannot be used"), reason)
}

/// Reads a module's file, up to the limit for modules.
pub fn read_module(path: &Path) -> Result<Vec<u8>> {
    let failure = |reason: &dyn std::fmt::Display| {
        Failure::new(Class::Module, format!("cannot read the module {}", path.display()), reason)
    };
    let file = File::open(path).map_err(|error| failure(&error))?;
    let mut module =
        Vec::with_capacity(file.metadata().map_or(0, |meta| meta.len().min(MAX_MODULE_BYTES) as usize));
    file.take(MAX_MODULE_BYTES + 1).read_to_end(&mut module).map_err(|error| failure(&error))?;
    if module.len() as u64 > MAX_MODULE_BYTES {
        return Err(failure(&format_args!("it is larger than {MAX_MODULE_BYTES} bytes")));
    }
    Ok(module)
}
