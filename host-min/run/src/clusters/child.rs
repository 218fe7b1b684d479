//! Processes that this one forks for a part of its work.

use super::index::{ArchiveFacts, Line, LineKind, Reason, Sums};
use super::message::{Ended, Message, Sender};
use super::reporter::Reporter;
use crate::in_fork::abort_on_panic;
use crate::plan::{Input, Plan};
use crate::run::Outcome;
use ring::digest;
use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use wagather_archive::Output;
use wagather_base::error::{Class, Failure, Result};
use wagather_base::fork;

/// The pipes from a cluster's process, at this process's end.
pub(super) struct Receivers {
    pub(super) messages: PipeReader,
    pub(super) stderr: PipeReader,
}

/// The same pipes, at the cluster's process's end.
pub(super) struct Senders {
    messages: PipeWriter,
    stderr: PipeWriter,
}

/// Makes the pipes.
pub(super) fn pipes() -> io::Result<(Receivers, Senders)> {
    let (messages, to_messages) = io::pipe()?;
    let (stderr, to_stderr) = io::pipe()?;
    Ok((Receivers { messages, stderr }, Senders { messages: to_messages, stderr: to_stderr }))
}

/// The work of a cluster's process: runs the plan for one context, and sends the result, with progress on the way if that is wanted.
pub(super) fn run(
    plan: &Plan,
    context: &str,
    output: &Path,
    senders: Senders,
    parent: u32,
    wants_progress: bool,
) {
    let Senders { messages, stderr } = senders;
    let sender = Arc::new(Sender::new(messages));
    abort_on_panic();
    let outcome = fork::stand_alone(parent, stderr.as_fd())
        .map_err(|error| Failure::new(Class::Internal, "cannot start a cluster's process", error));
    drop(stderr);
    let reporter = Reporter::new(sender.clone(), wants_progress);
    let outcome = outcome.and_then(|()| crate::run(&plan_of(plan, context, output), &reporter));
    let ended = match outcome {
        Ok(outcome) => {
            send_report(&outcome, &sender);
            result_of(outcome)
        }
        Err(failure) => Ended::failed(&failure),
    };
    sender.send(&Message::Ended(ended));
}

fn plan_of(plan: &Plan, context: &str, output: &Path) -> Plan {
    let mut plan = plan.clone();
    if let Input::Cluster(options) = &mut plan.input {
        options.context = Some(context.into());
    }
    plan.output = Output::TarGz(output.to_owned());
    plan
}

/// Sends the report's warnings and errors, except the errors that made a gatherer fail: those are among the failures.
fn send_report(outcome: &Outcome, sender: &Sender<PipeWriter>) {
    for gathered in &outcome.report.gatherers {
        let send = |kind: LineKind, text: &str| {
            let line = Line { gatherer: gathered.name.clone(), kind, text: text.to_owned() };
            sender.send(&Message::Line(line));
        };
        gathered.warnings.iter().for_each(|warning| send(LineKind::Warning, warning));
        let errors = gathered.errors.iter().filter(|error| gathered.reason.as_ref() != Some(error));
        gathered.worst_findings.iter().for_each(|shown| send(LineKind::Finding(shown.severity), &shown.text));
        errors.for_each(|error| send(LineKind::Error, error));
    }
}

fn result_of(outcome: Outcome) -> Ended {
    let archive = outcome.output.as_deref().map(facts).transpose();
    let gaps = outcome.gaps();
    let mut failures: Vec<Reason> = outcome.failures.iter().chain(&gaps).map(Reason::of).collect();
    let archive = archive.unwrap_or_else(|failure| {
        failures.push(Reason::of(&failure));
        None
    });
    let gatherers = outcome.report.gatherers.iter().map(Sums::of).collect();
    Ended { complete: failures.is_empty(), archive, failures, warnings: outcome.report.warnings, gatherers }
}

/// The facts of an archive that was just written.
fn facts(path: &Path) -> Result<ArchiveFacts> {
    let failure = |error: io::Error| {
        Failure::new(Class::Output, format!("cannot reopen the archive {}", path.display()), error)
    };
    let mut file = File::open(path).map_err(failure)?;
    let (mut sum, mut bytes) = (digest::Context::new(&digest::SHA256), 0);
    let mut piece = vec![0; 64 << 10];
    loop {
        match file.read(&mut piece).map_err(failure)? {
            0 => break,
            len => {
                sum.update(&piece[..len]);
                bytes += len as u64;
            }
        }
    }
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(ArchiveFacts { file, bytes, sha256: wagather_base::hex::encode(sum.finish().as_ref()) })
}
