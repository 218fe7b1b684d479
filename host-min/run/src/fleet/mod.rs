//! A fleet's archives in one run: a process and a sandbox for each, and all results as lines of JSON.
//!
//! Each archive's process is a fork of this one, calls [`run`](crate::run()) with the archive as its source, and sends its results. This
//! process only starts them, as many at a time as it may, and writes the results of each archive together. An archive that is broken, or
//! that breaks its process, does not affect the others.
//!
//! | module | does |
//! |---|---|
//! | `sources` | which archives there are: paths, patterns, lists, shards |
//! | `child` | the work of an archive's process |
//! | `lines` | results as lines of JSON |
//! | `work` | what is the same for every archive |
//! | `supervise` | starts the processes and collects their results |
//!
//! `docs/scale.md` describes the lines.

mod child;
mod lines;
mod sources;
mod supervise;
mod work;

pub use sources::Sources;
pub use work::Fetch;

use crate::plan::Plan;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wagather_archive::{Existing, Partial, Target, Values, begins_with};
use wagather_base::error::{Failure, Result};
use wagather_broker::findings::Counts as Findings;
use wagather_policy::used;
use wagather_sandbox::process::SingleThreaded;

/// How every file of results begins.
const BEGIN: &[u8] = b"{\"archive\":";

/// Where the lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lines {
    /// A new file. It gets its name at the end.
    File(PathBuf),
    /// Standard output, archive by archive.
    Stdout,
}

/// How the run of an archive ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Everything that was asked for was there.
    Complete,
    /// The archive does not have all that was asked for.
    Gaps,
    /// A gatherer failed.
    Incomplete,
    /// The archive could not be read.
    Failed,
}

impl Status {
    /// As the lines have it.
    pub const fn name(self) -> &'static str {
        match self {
            Status::Complete => "complete",
            Status::Gaps => "gaps",
            Status::Incomplete => "incomplete",
            Status::Failed => "failed",
        }
    }
}

/// How many archives ended how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Those that were complete.
    pub complete: u64,
    /// Those with gaps.
    pub gaps: u64,
    /// Those with a gatherer that failed.
    pub incomplete: u64,
    /// Those that could not be read.
    pub failed: u64,
    /// Those of other shards.
    pub of_other_shards: u64,
}

impl Counts {
    /// All that were read, or could not be.
    pub fn all(&self) -> u64 {
        self.complete + self.gaps + self.incomplete + self.failed
    }

    fn count(&mut self, status: Status) {
        *match status {
            Status::Complete => &mut self.complete,
            Status::Gaps => &mut self.gaps,
            Status::Incomplete => &mut self.incomplete,
            Status::Failed => &mut self.failed,
        } += 1;
    }
}

/// What gatherers judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// How much they found, in all archives.
    pub counts: Findings,
    /// The first file of findings that cannot be used, and why.
    pub mistake: Option<String>,
}

/// The results of a fleet.
#[derive(Debug)]
pub struct Gathering {
    /// How the runs ended.
    pub counts: Counts,
    /// The file with the lines, if they are in one.
    pub output: Option<PathBuf>,
    /// What gatherers found.
    pub judged: Judged,
    /// The first failure, or if there is none, the first gap; or what ended the run early.
    pub failure: Option<Failure>,
    /// Whether every archive had its turn. Without a failure, it had not because nobody reads the lines on stdout any more.
    pub is_whole: bool,
}

/// Gets to know what happens. Called on the only thread of the process.
pub trait Watcher {
    /// The run of an archive ended. Without a failure, it is complete.
    fn ended(&self, archive: &str, status: Status, failure: Option<&Failure>);
}

/// Runs the plan's gatherers on every archive, at most `max_parallel` at a time. The plan's input and output are not used.
///
/// # Errors
/// Nothing was gathered, or the lines could not be written. An archive that failed is in the lines and in the result. If a signal ended the
/// run, the lines have what was finished, and the file is called `NAME.incomplete`.
///
/// The process must have no other thread until this returns.
pub fn run(
    plan: &Plan,
    sources: Sources,
    output: &Lines,
    max_parallel: usize,
    single_threaded: SingleThreaded,
    (watcher, fetch): (&dyn Watcher, Fetch<'_>),
) -> Result<Gathering> {
    // Mistakes that concern every archive are reported once, before anything starts.
    plan.check()?;
    plan.admit_modules()?;
    let manifests = plan.manifests()?;
    plan.check_params(&manifests)?;
    if let Some(grant) = &plan.grant {
        used::check(grant, &manifests)?;
    }
    let mut place = Place::open(output, plan.existing)?;
    let work = work::Work { plan, target: place.target.clone(), max_parallel, fetch };
    let ended = supervise::run(&work, sources, &mut place, single_threaded, watcher)?;
    let supervise::FleetEnded { counts, judged, failure, is_whole } = ended;
    let output = place.close(is_whole)?;
    Ok(Gathering { counts, output, judged, failure, is_whole })
}

/// Where the lines are written.
struct Place {
    target: Arc<Target>,
    file: Option<(File, Partial)>,
    existing: Existing,
}

impl Place {
    fn open(output: &Lines, existing: Existing) -> Result<Place> {
        let (target, file) = match output {
            Lines::Stdout => (Target::stream("the results to stdout", std::env::temp_dir()), None),
            Lines::File(path) => {
                let path = Values::now(String::new()).fill(path);
                let target = Target::claim_over(&path, "the results to", existing, is_ours)?;
                let file = target.new_file()?;
                (target, Some(file))
            }
        };
        Ok(Place { target: Arc::new(target), file, existing })
    }

    /// Writes all lines of an archive. `false` if nobody reads them any more.
    fn put(&mut self, lines: &mut dyn io::Read) -> Result<bool> {
        let written = match &mut self.file {
            Some((file, _)) => io::copy(lines, file).map(drop),
            None => {
                let mut stdout = io::stdout().lock();
                io::copy(lines, &mut stdout).and_then(|_| stdout.flush())
            }
        };
        match written {
            Ok(()) => Ok(true),
            Err(error) if self.file.is_none() && error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(self.target.failure(&error)),
        }
    }

    fn close(self, is_whole: bool) -> Result<Option<PathBuf>> {
        let Some((file, partial)) = self.file else { return Ok(None) };
        let fail = |error: io::Error| self.target.failure(&error);
        file.sync_all().map_err(fail)?;
        if !is_whole {
            return self.target.place_incomplete(partial.path(), is_ours).map(Some).map_err(fail);
        }
        self.target.place(partial.path(), self.existing, is_ours).map_err(fail)?;
        Ok(Some(self.target.path().to_owned()))
    }
}

/// Whether a file has such lines.
fn is_ours(path: &Path) -> bool {
    begins_with(path, BEGIN)
}
