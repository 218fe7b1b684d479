//! One run, on a thread of its own: the sandbox, the broker, the archive, and what is told of it.

use super::outputs;
use super::source::{OfRun, Told};
use super::state::{Ended, Started};
use super::{Inner, version::Version};
use crate::log::{Entry, Level};
use crate::status::{RunState, RunStatus, Summary};
use std::path::Path;
use std::sync::Arc;
use wagather_abi::LogLevel;
use wagather_archive::Output;
use wagather_base::error::{Class, Failure, Result};
use wagather_broker::{Observer, Silent};
use wagather_deliver::Step;
use wagather_kube::Source;
use wagather_run::{Outcome, Report, run_in};
use wagather_sandbox::process::Sandbox;

/// Writes what a gatherer logs.
struct Logged<'a>(&'a Inner, &'a Started);

impl Observer for Logged<'_> {
    fn log(&self, gatherer: &str, level: LogLevel, text: &str) {
        let Logged(inner, run) = self;
        inner.log(&Entry::logged(level, text).gatherer(gatherer).with("run", run.id.as_str()));
    }
}

/// A run that is under way. If its thread panics, it has failed, and others go on.
struct UnderWay<'a>(&'a Arc<Inner>, &'a Started);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let UnderWay(inner, run) = self;
        if std::thread::panicking() {
            let has_ended = inner.lock().book.get(&run.id).is_none_or(|status| status.state.has_ended());
            let ended = Ended {
                state: RunState::Failed,
                reason: Some("its thread has panicked, which is a fault of this program".to_owned()),
                exit_code: Class::Internal.exit_code(),
                summary: None,
                archive: None,
            };
            match has_ended {
                true => inner.start_waiting(inner.lock()),
                false => inner.finish(&run.id, ended),
            }
        }
    }
}

/// Runs a gatherer, and remembers how it ended.
pub(super) fn execute(inner: &Arc<Inner>, run: &Started) {
    let _under_way = UnderWay(inner, run);
    let outcome = gather(inner, run);
    let is_stopped = inner.lock().is_stopped(&run.id);
    let mut ended = match outcome {
        Ok(outcome) => ended(&outcome),
        Err(failure) => {
            inner.log(&Entry::of(&failure).gatherer(run.version.name()).with("run", run.id.as_str()));
            Ended {
                state: RunState::Failed,
                reason: Some(format!("{}: {}", failure.attempt, failure.reason)),
                exit_code: failure.class.exit_code(),
                summary: None,
                archive: None,
            }
        }
    };
    if is_stopped && ended.state == RunState::Failed {
        let reason = "it was stopped by a newer run or by the end of the service";
        (ended.state, ended.reason) = (RunState::Stopped, Some(reason.to_owned()));
        ended.exit_code = Class::Stopped(15).exit_code();
    }
    if let Some(archive) = ended.archive.as_deref() {
        place(inner, run, archive, matches!(ended.state, RunState::Complete | RunState::Gaps));
    }
    inner.finish(&run.id, ended);
}

fn gather(inner: &Arc<Inner>, run: &Started) -> Result<Outcome> {
    let sandbox = inner.sandboxes.take(&run.version)?;
    // Until the run has sent its first request, preparing the next sandbox would only take the processors from it.
    let (other, taken) = (inner.clone(), run.version.clone());
    let refill = Told::new(move || other.refill(&taken));
    let outcome = gather_in(sandbox, inner, run, &refill);
    refill.tell();
    outcome
}

fn gather_in(sandbox: Sandbox, inner: &Inner, run: &Started, sends: &Arc<Told>) -> Result<Outcome> {
    let (config, version): (_, &Version) = (&run.config, &run.version);
    let of_run = |source| Arc::new(OfRun::new(source, sends.clone())) as Arc<dyn Source>;
    let source = run.source.clone().map(of_run);
    if source.is_none() {
        sends.tell();
    }
    if let Ok(stopper) = sandbox.channel.socket().try_clone() {
        inner.lock().set_stopper(&run.id, stopper);
    }
    outputs::prepare(&config.output, version.name())?;
    let output = outputs::of_run(&config.output, version.name(), &run.id);
    let plan = version.plan(config, source, output, &run.params);
    run_in(&plan, vec![sandbox], &Logged(inner, run))
}

/// Runs a version once, and keeps nothing of it. Fails if the gatherer does.
pub(super) fn try_out(inner: &Inner, version: &Arc<Version>) -> Result<()> {
    let (config, source) = {
        let state = inner.lock();
        (state.config.clone(), state.source.clone())
    };
    let folder = outputs::prepare(&config.output, version.name())?;
    let plan = version.plan(&config, source, Output::Nameless(folder), &[]);
    let outcome = run_in(&plan, vec![inner.sandboxes.prepare(version)?], &Silent)?;
    match outcome.failures.into_iter().next() {
        None => Ok(()),
        Some(failure) => {
            let attempt = format!("{} failed its dry run", version.guest.label);
            Err(Failure { reason: format!("{}: {}", failure.attempt, failure.reason), attempt, ..failure })
        }
    }
}

/// What becomes of an archive. A failure is logged, and the run stays what it is.
fn place(inner: &Inner, run: &Started, archive: &Path, is_complete: bool) {
    let name = run.version.name();
    let tell = |step: &Step<'_>| {
        if let Step::Warning(text) = step {
            inner.log(&Entry::new(Level::Warn, "warning", *text).gatherer(name));
        }
    };
    if !is_complete {
        outputs::keep_incomplete(&run.config.output, name, archive, &tell);
        return;
    }
    inner.deliver(archive);
    if let Err(failure) = outputs::publish(&run.config.output, name, archive, &tell) {
        inner.log(&Entry::of(&failure).gatherer(name).with("run", run.id.as_str()));
    }
}

fn ended(outcome: &Outcome) -> Ended {
    let class = outcome.class();
    let failure = outcome.failures.first().cloned().or_else(|| outcome.gaps());
    Ended {
        state: match (outcome.failures.is_empty(), outcome.report.complete) {
            (false, _) => RunState::Failed,
            (true, false) => RunState::Gaps,
            (true, true) => RunState::Complete,
        },
        reason: failure.map(|Failure { attempt, reason, .. }| format!("{attempt}: {reason}")),
        exit_code: class.map_or(0, Class::exit_code),
        summary: Some(summary(&outcome.report)),
        archive: outcome.output.clone(),
    }
}

fn summary(report: &Report) -> Summary {
    let mut sums = Summary::default();
    for gathered in &report.gatherers {
        sums.requests += gathered.requests;
        sums.items += gathered.items;
        sums.bytes_received += gathered.bytes_received;
        sums.entries += gathered.entries;
        sums.bytes_archived += gathered.bytes_archived;
        sums.redactions += gathered.redacted.total();
        sums.denials += gathered.denials;
        sums.gaps += gathered.gaps;
        sums.memory_bytes = sums.memory_bytes.max(gathered.memory_bytes);
        sums.peak_rss_bytes = sums.peak_rss_bytes.max(gathered.peak_rss_bytes.unwrap_or(0));
    }
    sums
}

/// The line about a run that ended.
pub(super) fn line(run: &RunStatus) -> Entry {
    let level = match run.state {
        RunState::Complete => Level::Info,
        RunState::Gaps | RunState::Stopped => Level::Warn,
        _ => Level::Error,
    };
    let mut message = run.state.name().to_owned();
    if let Some(summary) = &run.summary {
        let took = run.duration_ms.unwrap_or_default();
        message += &format!(", {} items, {} requests, {took:.1} ms", summary.items, summary.requests);
    }
    if let Some(reason) = &run.reason {
        message += &format!(": {reason}");
    }
    let mut entry = Entry::new(level, "run", message).gatherer(&run.gatherer).with("run", run.id.as_str());
    entry = entry.with("digest", run.digest.as_str()).with("state", run.state.name());
    entry = entry.with("durationMs", run.duration_ms.unwrap_or_default());
    match &run.archive {
        Some(path) => entry.with("path", path.to_string_lossy()),
        None => entry,
    }
}
