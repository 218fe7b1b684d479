//! Several clusters in one run: a process for each, an archive for each, and an index of them all.
//!
//! Each cluster's process is a fork of this one, and does in it what [`run`](crate::run()) does: nothing is shared, so that a
//! cluster which hangs, crashes its process or uses up its memory harms no other. This process only starts them, a few at a time,
//! hears what they say, ends those that outlive their time, and writes the index. It has no thread, no connection and no credential:
//! even the kubeconfig's contexts are read in a process of their own, since each fork has a copy of what this one has in its memory.
//!
//! ```text
//! this process ──fork──► a cluster's process ──fork──► a sandbox for each gatherer
//!      ▲                      │
//!      └─ messages, stderr ───┘
//! ```
//!
//! What the folder and the index look like is in `docs/clusters.md`.

mod child;
mod index;
mod message;
mod names;
mod supervise;
mod told;
mod witness;

pub use index::{ArchiveFacts, Cluster, Line, Reason, Status, Sums};

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

/// Which of the kubeconfig's contexts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contexts {
    /// Every one.
    All,
    /// These, each once.
    Named(Vec<String>),
}

/// A cluster that will be gathered from, and where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The context.
    pub context: String,
    /// The URL of its server, as the kubeconfig has it.
    pub server: Option<String>,
    /// The archive's name in the folder.
    pub file: String,
}

/// What became of all clusters.
#[derive(Clone, Debug)]
pub struct Gathering {
    /// Each of them, in the order of the contexts.
    pub clusters: Vec<Cluster>,
    /// Where the index is.
    pub index: PathBuf,
}

/// Who is told while the run goes on. A context is named as a terminal may show it. All of it is called on the one thread of the
/// process, so that the clusters wait for it.
pub trait Watcher {
    /// The clusters and gatherers, by whose numbers the rest is told; asked once, before the first cluster's process starts. Whether
    /// [progress](Watcher::progress) is wanted.
    fn watch(&self, contexts: &[String], gatherers: &[String]) -> bool {
        let _ = (contexts, gatherers);
        false
    }
    /// How far a gatherer of a cluster is: when that changed, a few times a second at most. Nothing is told of one that is over
    /// at once.
    fn progress(&self, cluster: usize, gatherer: usize, progress: &Progress) {
        let _ = (cluster, gatherer, progress);
    }
    /// Time passes: whenever something was heard, and at the time that the last call returned.
    fn tick(&self) -> Option<Instant> {
        None
    }
    /// A gatherer of a cluster logged a line.
    fn log(&self, context: &str, gatherer: &str, level: LogLevel, text: &str);
    /// The process of a cluster, or an exec plugin that it runs, wrote a line to its standard error.
    fn said(&self, context: &str, line: &str);
    /// A cluster's run is over; `number` is which one it is.
    fn ended(&self, number: usize, cluster: &Cluster);
}

/// Finds the contexts and gives each its file; nothing is made.
///
/// `plan` has the kubeconfig's [options](cluster::Options), without a context, and the folder. The process must have no other thread
/// until this returns.
pub fn destinations(
    plan: &Plan,
    contexts: &Contexts,
    single_threaded: SingleThreaded,
) -> Result<Vec<Destination>> {
    let options = options_of(plan)?;
    let known = child::apart(single_threaded, "read the kubeconfig's contexts", || {
        cluster::contexts(options).map_err(|failure| Reason::of(&failure))
    })?;
    let chosen = names::choose(contexts, known.map_err(Reason::into_failure)?)?;
    names::give_files(chosen)
}

/// Gathers from several clusters as `plan` says, into the folder that is its output, at most so many at once.
///
/// An `Err` means that nothing was gathered, or that there is no index. A cluster that failed is in the result, and in the index. If a
/// signal asks the process to end, what was begun keeps what it has, the rest is not begun, and both is in the index; the signal
/// counts as [asked for](wagather_base::stop::ask).
///
/// The process must have no other thread until this returns.
pub fn run(
    plan: &Plan,
    contexts: &Contexts,
    most_at_once: usize,
    single_threaded: SingleThreaded,
    watcher: &dyn Watcher,
) -> Result<Gathering> {
    let output = plan.output.filled(&Values::now(String::new()))?;
    let folder = folder_of(&output)?;
    // What is wrong for every cluster is told once, before anything starts.
    plan.check()?;
    plan.admit_modules()?;
    let manifests = plan.manifests()?;
    if let Some(grant) = &plan.grant {
        used::check(grant, &manifests)?;
    }
    let gatherers: Vec<String> = manifests.iter().map(|one| one.name.to_string()).collect();
    let destinations = destinations(plan, contexts, single_threaded)?;
    let target = Target::claim(folder, "the archives to")?;
    target.make_folder()?;
    create_folder(folder).map_err(|error| target.failure(&error))?;
    target.sync_folder();
    let mut index = index::Index::begin(folder, most_at_once)?;
    let labels: Vec<String> = destinations.iter().map(|one| label(&one.context)).collect();
    let wants_progress = watcher.watch(&labels, &gatherers);
    let work = supervise::Work { plan, folder, destinations: &destinations, most_at_once, wants_progress };
    index.clusters = supervise::all(&work, single_threaded, watcher)?;
    let path = index.write()?;
    Ok(Gathering { clusters: index.clusters, index: path })
}

/// The kubeconfig's options, unless this plan cannot be for several clusters.
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
        Output::TarGz(_) | Output::Stdout => {
            let attempt = "cannot gather from several clusters into one archive";
            Err(Failure::new(Class::Output, attempt, "each cluster has a separate archive")
                .advise("name a folder"))
        }
    }
}

impl Gathering {
    /// Why clusters failed: each failure with the context that it is of.
    pub fn failures(&self) -> impl Iterator<Item = Failure> {
        self.clusters.iter().flat_map(Cluster::failures)
    }
}

impl Cluster {
    /// Its context, as a terminal may show it.
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
