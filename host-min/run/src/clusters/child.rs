//! The life of a process that this one makes for a part of its work.

use super::index::{ArchiveFacts, Line, Reason, Sums};
use super::message::{Message, Over, Teller};
use super::told::Told;
use super::witness::Witness;
use crate::plan::{Input, Plan};
use crate::run::Outcome;
use ring::digest;
use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;
use wagather_archive::Output;
use wagather_base::error::{Class, Failure, Result};
use wagather_base::fork;
use wagather_sandbox::process::SingleThreaded;

/// Does something in a process of its own, so that nothing but the result is left of it in this one.
pub(super) fn apart<T: Told>(
    single_threaded: SingleThreaded,
    what: &str,
    work: impl FnOnce() -> T,
) -> Result<T> {
    let failure = |reason: &dyn std::fmt::Display| {
        Failure::new(Class::Internal, format!("cannot {what} in a separate process"), reason)
    };
    let (mut from, mut to) = io::pipe().map_err(|error| failure(&error))?;
    // The pipe's end goes with the life: this process has none, so that the reading below ends with that process.
    let process = fork::fork(single_threaded, move || {
        abort_on_panic();
        let mut bytes = Vec::new();
        work().put(&mut bytes);
        let _ = to.write_all(&bytes);
    });
    let process = process.map_err(|error| failure(&error))?;
    let mut bytes = Vec::new();
    let read = from.read_to_end(&mut bytes);
    let exit = fork::wait(process);
    read.map_err(|error| failure(&error))?;
    T::get(&mut &bytes[..]).ok_or_else(|| match exit.signal {
        Some(signal) => failure(&format_args!("it was killed by signal {signal}")),
        None => failure(&"it exited without a result"),
    })
}

/// A panic ends a process as a crash does, on whatever thread it is, once it was told.
fn abort_on_panic() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tell(panic);
        std::process::abort();
    }));
}

/// The pipes from a cluster's process.
pub(super) struct Ears {
    pub(super) messages: PipeReader,
    pub(super) stderr: PipeReader,
}

/// The same pipes at the process's end.
pub(super) struct Mouth {
    messages: PipeWriter,
    stderr: PipeWriter,
}

/// Both ends.
pub(super) fn pipes() -> io::Result<(Ears, Mouth)> {
    let (messages, to_messages) = io::pipe()?;
    let (stderr, to_stderr) = io::pipe()?;
    Ok((Ears { messages, stderr }, Mouth { messages: to_messages, stderr: to_stderr }))
}

/// Runs a plan for one context in this process, which is made for it, and tells what comes of it; on the way how far it is, if that is
/// wanted.
pub(super) fn live(
    plan: &Plan,
    context: &str,
    output: &Path,
    mouth: Mouth,
    parent: u32,
    wants_progress: bool,
) {
    let Mouth { messages, stderr } = mouth;
    let teller = Arc::new(Teller::new(messages));
    abort_on_panic();
    let outcome = fork::stand_alone(parent, stderr.as_fd())
        .map_err(|error| Failure::new(Class::Internal, "cannot start a cluster's process", error));
    drop(stderr);
    let witness = Witness::new(teller.clone(), wants_progress);
    let outcome = outcome.and_then(|()| crate::run(&plan_of(plan, context, output), &witness));
    let over = match outcome {
        Ok(outcome) => {
            tell_report(&outcome, &teller);
            over(outcome)
        }
        Err(failure) => Over {
            complete: false,
            archive: None,
            failures: vec![Reason::of(&failure)],
            warnings: Vec::new(),
            gatherers: Vec::new(),
        },
    };
    teller.tell(&Message::Over(over));
}

fn plan_of(plan: &Plan, context: &str, output: &Path) -> Plan {
    let mut plan = plan.clone();
    if let Input::Cluster(options) = &mut plan.input {
        options.context = Some(context.into());
    }
    plan.output = Output::TarGz(output.to_owned());
    plan
}

/// The report's lines on what is odd and what is missing; what made a gatherer fail is among the failures.
fn tell_report(outcome: &Outcome, teller: &Teller<PipeWriter>) {
    for gathered in &outcome.report.gatherers {
        let tell = |is_error: bool, text: &str| {
            let line = Line { gatherer: gathered.name.clone(), is_error, text: text.to_owned() };
            teller.tell(&Message::Line(line));
        };
        gathered.warnings.iter().for_each(|warning| tell(false, warning));
        let errors = gathered.errors.iter().filter(|error| gathered.reason.as_ref() != Some(error));
        errors.for_each(|error| tell(true, error));
    }
}

fn over(outcome: Outcome) -> Over {
    let archive = outcome.output.as_deref().map(facts).transpose();
    let gaps = outcome.gaps();
    let mut failures: Vec<Reason> = outcome.failures.iter().chain(&gaps).map(Reason::of).collect();
    let archive = archive.unwrap_or_else(|failure| {
        failures.push(Reason::of(&failure));
        None
    });
    let gatherers = outcome.report.gatherers.iter().map(Sums::of).collect();
    Over { complete: failures.is_empty(), archive, failures, warnings: outcome.report.warnings, gatherers }
}

/// The facts of a file that was written just now.
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
    Ok(ArchiveFacts { file, bytes, sha256: crate::report::hexadecimal(sum.finish().as_ref()) })
}
