//! Several clusters in one run: a process and an archive for each, and an index of them all.
//!
//! Each cluster's process is a fork of this one and calls [`run`](crate::run()). The processes share nothing, so a
//! cluster that hangs, crashes or runs out of memory does not affect the others. This process only starts them, a few at a time,
//! reads their messages, kills those that exceed their time, and writes the index. It has no threads, connections or credentials.
//! Each fork has a copy of its memory, so even the kubeconfig's contexts are read in a separate process.
//!
//! ```text
//! this process ──fork──► a cluster's process ──fork──► a sandbox for each gatherer
//!      ▲                      │
//!      └─ messages, stderr ───┘
//! ```
//!
//! `docs/clusters.md` describes the folder and the index.

mod child;
mod index;
mod message;
mod names;
mod reporter;
mod supervise;

pub use index::{ArchiveFacts, Cluster, Line, LineKind, Reason, Status, Sums};

use crate::in_fork::in_fork;
use crate::plan::{Input, Plan};
use std::path::{Path, PathBuf};
use std::time::Instant;
use wagather_abi::LogLevel;
use wagather_archive::{Output, Target, Values, create_folder};
use wagather_base::error::{Class, Failure, Result};
use wagather_broker::{Progress, line};
use wagather_kube::cluster;
use wagather_policy::used;
use wagather_sandbox::process::SingleThreaded;

/// Which contexts of the kubeconfig to gather from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contexts {
    /// All of them.
    All,
    /// These, each once.
    Named(Vec<String>),
}

/// A cluster to gather from, and its archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The context.
    pub context: String,
    /// The URL of its server, as the kubeconfig has it.
    pub server: Option<String>,
    /// The archive's name in the folder.
    pub file: String,
}

/// The results of all clusters.
#[derive(Clone, Debug)]
pub struct Gathering {
    /// The clusters, in the order of the contexts.
    pub clusters: Vec<Cluster>,
    /// Where the index is.
    pub index: PathBuf,
}

/// Watches a run of several clusters. Context names are safe to show on a terminal. All methods are called on the only thread of the
/// process, so they should return quickly.
pub trait Watcher {
    /// Called once, before the first cluster's process starts. Later calls refer to the clusters and gatherers by index. Returns whether
    /// [progress](Watcher::progress) is wanted.
    fn watch(&self, contexts: &[String], gatherers: &[String]) -> bool {
        let _ = (contexts, gatherers);
        false
    }
    /// The progress of a gatherer changed. Called a few times a second at most. A gatherer that ends quickly may cause no call.
    fn progress(&self, cluster: usize, gatherer: usize, progress: &Progress) {
        let _ = (cluster, gatherer, progress);
    }
    /// Called after each event, and at the time that the last call returned.
    fn tick(&self) -> Option<Instant> {
        None
    }
    /// A gatherer of a cluster logged a line.
    fn log(&self, context: &str, gatherer: &str, level: LogLevel, text: &str);
    /// The process of a cluster, or an exec plugin that it runs, wrote a line to its standard error.
    fn stderr(&self, context: &str, line: &str);
    /// The run of the cluster with this index ended.
    fn ended(&self, index: usize, cluster: &Cluster);
}

/// Finds the contexts and names their archives. Creates nothing.
///
/// `plan` has the kubeconfig's [options](cluster::Options), without a context, and the folder. This reads the kubeconfig, and the secrets
/// in it, in this process: it is for programs that start no sandbox.
pub fn destinations(plan: &Plan, contexts: &Contexts) -> Result<Vec<Destination>> {
    let known = cluster::contexts(options_of(plan)?)?;
    names::name_files(names::choose(contexts, known)?, !plan.encrypt.is_empty())
}

/// The same, but another process reads the kubeconfig. This one must have no other thread until this returns.
fn destinations_in_fork(
    plan: &Plan,
    contexts: &Contexts,
    single_threaded: SingleThreaded,
) -> Result<Vec<Destination>> {
    let options = options_of(plan)?;
    let known = in_fork(single_threaded, "read the kubeconfig's contexts", || {
        cluster::contexts(options).map_err(|failure| Reason::of(&failure))
    })?;
    let chosen = names::choose(contexts, known.map_err(Reason::into_failure)?)?;
    names::name_files(chosen, !plan.encrypt.is_empty())
}

/// Gathers from several clusters into the folder that is the plan's output, from at most `max_parallel` at a time.
///
/// An `Err` means that nothing was gathered, or that there is no index. A cluster that failed is in the result and in the index. If a
/// signal asks the process to stop, the running clusters keep what they have, the others do not start, and the index lists both. The signal
/// then counts as [asked for](wagather_base::stop::ask).
///
/// The process must have no other thread until this returns.
pub fn run(
    plan: &Plan,
    contexts: &Contexts,
    max_parallel: usize,
    single_threaded: SingleThreaded,
    watcher: &dyn Watcher,
) -> Result<Gathering> {
    let output = plan.output.filled(&Values::now(String::new()))?;
    let folder = folder_of(&output)?;
    // Errors that concern every cluster are reported once, before anything starts.
    plan.check()?;
    plan.admit_modules()?;
    let manifests = plan.manifests()?;
    if let Some(grant) = &plan.grant {
        used::check(grant, &manifests)?;
    }
    let gatherers: Vec<String> = manifests.iter().map(|one| one.name.to_string()).collect();
    let destinations = destinations_in_fork(plan, contexts, single_threaded)?;
    let target = Target::claim(folder, "the archives to")?;
    target.make_folder()?;
    create_folder(folder).map_err(|error| target.failure(&error))?;
    target.sync_folder();
    let mut index = index::Index::begin(folder, max_parallel)?;
    let labels: Vec<String> = destinations.iter().map(|one| label(&one.context)).collect();
    let wants_progress = watcher.watch(&labels, &gatherers);
    let work = supervise::Work { plan, folder, destinations: &destinations, max_parallel, wants_progress };
    index.clusters = supervise::run(&work, single_threaded, watcher)?;
    let path = index.write()?;
    Ok(Gathering { clusters: index.clusters, index: path })
}

/// The kubeconfig's options. Fails if the plan cannot be run for several clusters.
fn options_of(plan: &Plan) -> Result<&cluster::Options> {
    let refuse = |why: &str| Err(Failure::new(Class::Config, "cannot gather from several clusters", why));
    let Input::Cluster(options) = &plan.input else {
        return refuse("the source is not a kubeconfig");
    };
    if options.context.is_some() || options.server.is_some() || options.cluster.is_some() {
        return refuse("one context, cluster or server is set for all clusters");
    }
    if options.user.is_some() || options.token.is_some() || options.token_file.is_some() {
        return refuse("one user or token is set for all clusters");
    }
    if plan.record.is_some() || plan.audit.is_some() {
        return refuse("a recording or audit file holds one cluster");
    }
    if let Some(path) = options.kubeconfig.as_deref().filter(|path| path.exists() && !path.is_file()) {
        let attempt = format!("cannot read the kubeconfig {}", path.display());
        let reason = "it is not a regular file, and the process of each cluster must read it again";
        return Err(Failure::new(Class::Config, attempt, reason).advise("write it to a file first"));
    }
    Ok(options)
}

fn folder_of(output: &Output) -> Result<&Path> {
    match output {
        Output::Folder(path) => Ok(path),
        _ => {
            let attempt = "cannot gather from several clusters into one archive";
            Err(Failure::new(Class::Output, attempt, "each cluster has a separate archive")
                .advise("name a folder"))
        }
    }
}

impl Gathering {
    /// The failures of all clusters, each with its context.
    pub fn failures(&self) -> impl Iterator<Item = Failure> {
        self.clusters.iter().flat_map(Cluster::failures)
    }
}

impl Cluster {
    /// Its context, safe to show on a terminal.
    pub fn label(&self) -> String {
        label(&self.context)
    }

    fn failures(&self) -> impl Iterator<Item = Failure> {
        self.failures.iter().map(|reason| {
            let failure = reason.clone().into_failure();
            Failure { attempt: format!("{}: {}", self.label(), failure.attempt), ..failure }
        })
    }
}

fn label(context: &str) -> String {
    line::of(context.as_bytes())
}
