//! `host-min run`.

use super::args::{Cluster, Run};
use super::{rights, say};
use host_min::broker::audit::Live;
use host_min::error::{Class, Failure, Result};
use host_min::report::{Gathered, GatheredStatus};
use host_min::{From, Grant, Isolation, Observer, Outcome, Output, Plan, SingleThreaded, cluster};
use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex};
use wagather_abi::LogLevel;

pub(super) fn run(args: Run, single_threaded: SingleThreaded) -> Result<()> {
    let from = match args.replay {
        Some(path) => From::Recording(path),
        None => From::Cluster(Box::new(cluster_options(args.cluster))),
    };
    let mut plan = Plan::new(from, Output::parse(args.output), Isolation::Fork(single_threaded));
    plan.require_sandbox = args.require_sandbox;
    plan.engine = args.engine;
    plan.timeout = args.timeout;
    plan.request_timeout = args.request_timeout;
    plan.memory_bytes = args.memory;
    plan.params = args.params;
    plan.check_access = args.check_access;
    plan.record = args.record;
    plan.grant = args.grant.as_deref().map(Grant::read).transpose()?.map(Arc::new);
    for guest in &args.guests {
        plan.add_file(guest)?;
    }
    if let Some(several) = args.several {
        return several.run(&plan, args.grant.as_deref(), args.dry_run, args.quiet, single_threaded);
    }
    if args.dry_run {
        return rights::dry_run(&plan, args.grant.as_deref(), &[]);
    }
    plan.audit = args.audit.as_deref().map(open_audit).transpose()?;
    let outcome = host_min::run(&plan, &Terminal { quiet: args.quiet })?;
    if !args.quiet {
        summarise(&outcome);
    }
    fail_with(outcome.failures)
}

/// A new file, readable by its owner alone: it names what was gathered.
fn open_audit(path: &Path) -> Result<Arc<Live>> {
    use std::os::unix::fs::OpenOptionsExt;
    match File::options().append(true).create_new(true).mode(0o600).open(path) {
        Ok(file) => Ok(Arc::new(Mutex::new(Box::new(file)))),
        Err(error) => {
            Err(Failure::new(Class::Output, format!("cannot write the audit {}", path.display()), error))
        }
    }
}

fn cluster_options(args: Cluster) -> cluster::Options {
    cluster::Options {
        kubeconfig: args.kubeconfig,
        context: args.context,
        server: args.server,
        as_user: args.as_user,
        as_groups: args.as_group,
        ..cluster::Options::default()
    }
}

struct Terminal {
    quiet: bool,
}

impl Observer for Terminal {
    fn log(&self, gatherer: &str, level: LogLevel, text: &str) {
        if !self.quiet && level != LogLevel::DEBUG {
            say(&format!("{gatherer}: {}: {text}", level.name()));
        }
    }
}

fn summarise(outcome: &Outcome) {
    for warning in &outcome.report.warnings {
        say(&format!("warning: {warning}"));
    }
    for gathered in &outcome.report.gatherers {
        say(&line(gathered));
        for warning in &gathered.warnings {
            say(&format!("  warning: {warning}"));
        }
        // What made the gatherer fail is told at the end, with what to do about it.
        for error in gathered.errors.iter().filter(|error| gathered.reason.as_ref() != Some(error)) {
            say(&format!("  error: {error}"));
        }
    }
    if let Some(path) = &outcome.recording {
        say(&format!("recorded to {}", path.display()));
    }
    if let Some(path) = &outcome.output {
        say(&format!("{} {}", if outcome.report.complete { "wrote" } else { "incomplete:" }, path.display()));
    }
}

fn line(gathered: &Gathered) -> String {
    let status = match gathered.status {
        GatheredStatus::Complete => "complete",
        GatheredStatus::Failed => "FAILED",
    };
    let duration = gathered.duration_ms.map_or(String::new(), |ms| format!(", {ms:.1} ms"));
    format!(
        "{}: {status}: {}, {}, {}, {} received{duration}",
        gathered.name,
        count(gathered.entries, "file"),
        count(gathered.items, "item"),
        count(gathered.requests, "request"),
        bytes(gathered.bytes_received),
    )
}

pub(super) fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

pub(super) fn bytes(number: u64) -> String {
    match number {
        0..10_000 => format!("{number} B"),
        10_000..10_000_000 => format!("{} KB", number / 1000),
        _ => format!("{} MB", number / 1_000_000),
    }
}

/// The first failure decides the exit code; all are told.
pub(super) fn fail_with(failures: impl IntoIterator<Item = Failure>) -> Result<()> {
    let mut failures = failures.into_iter();
    let Some(first) = failures.next() else { return Ok(()) };
    let rest: Vec<Failure> = failures.collect();
    for failure in rest {
        say(&format!("error: {failure}"));
    }
    Err(first)
}
