//! `host-min run`.

use super::args::Run;
use super::display::{self, Completeness, Display, Ended, Event, Subject};
use super::{fail_with, findings, rights};
use host_min::{Class, Existing, Failure, Grant, Input, Isolation, Outcome, Output, Plan, SingleThreaded};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use wagather_abi::LogLevel;
use wagather_base::error::Result;
use wagather_base::file::reading_until;
use wagather_base::stop;
use wagather_broker::audit::Sink;
use wagather_broker::findings::Shown;
use wagather_policy::used;
use wagather_run::clusters::Sums;

pub(super) fn run(args: Run, single_threaded: SingleThreaded) -> Result<()> {
    stop::heed_signals();
    let input = match (args.replay, args.from) {
        (Some(path), _) => Input::Recording(path),
        (None, Some(path)) => Input::Archive(path),
        (None, None) if args.archives.is_some() => Input::Archive(PathBuf::new()),
        (None, None) => Input::Cluster(Box::new(args.cluster)),
    };
    let mut plan = Plan::new(input, Output::parse(args.output), Isolation::Fork(single_threaded));
    plan.layout = args.layout;
    plan.registry = args.registry;
    plan.existing = if args.overwrite { Existing::Replace } else { Existing::Keep };
    plan.require_sandbox = args.require_sandbox;
    plan.engine = args.engine;
    plan.timeout = args.timeout;
    plan.request_timeout = args.request_timeout;
    plan.memory_bytes = args.memory;
    plan.parallel = args.parallel as usize;
    plan.chunk_items = args.chunk_items;
    plan.qps = args.qps;
    plan.burst = args.burst;
    plan.params = args.params;
    plan.check_access = args.check_access;
    plan.record = args.record;
    plan.narrowing = args.narrowing;
    plan.obfuscate = args.obfuscate;
    plan.encrypt = args.encrypt;
    let until = Instant::now().checked_add(args.timeout);
    reading_until(until.unwrap_or_else(Instant::now), || {
        plan.grant = args.grant.as_deref().map(Grant::read).transpose()?.map(Arc::new);
        args.guests.iter().try_for_each(|guest| plan.add_file(guest))
    })?;
    if let Some(several) = args.several {
        if args.display.shows_requests() {
            // With several clusters, each process writes to its own stderr, and the parent adds the context to each
            // line.
            plan.trace = Some(Arc::new(display::show_request));
        }
        return several.run(&plan, args.grant.as_deref(), args.dry_run, args.display, single_threaded);
    }
    if let Some(archives) = args.archives.filter(|_| !args.dry_run) {
        return archives.run(&plan, args.display, single_threaded);
    }
    if args.dry_run {
        return rights::dry_run(&plan, args.grant.as_deref(), &[]);
    }
    args.delivery.check()?;
    plan.audit = args.audit.as_deref().map(open_audit).transpose()?;
    let display = Arc::new(Display::new(args.display));
    for reference in plan.guests.iter().filter_map(|guest| guest.reference()) {
        display.show(&Subject::default(), &Event::Pulled(reference));
    }
    if args.display.shows_requests() {
        let display = display.clone();
        plan.trace = Some(Arc::new(move |line| {
            display.show(&Subject::default(), &Event::Log(LogLevel::DEBUG, line));
        }));
    }
    let outcome = host_min::run(&plan, &*display);
    display.finish();
    let outcome = outcome?;
    summarise(&outcome, &display);
    let gaps = outcome.gaps();
    let archive = outcome.output.as_deref().filter(|_| outcome.failures.is_empty());
    // Whoever asked for the end does not wait for a server.
    let undelivered = match stop::asked() {
        Some(_) => None,
        None => args.delivery.deliver(archive, &display),
    };
    let sums: Vec<Sums> = outcome.report.gatherers.iter().map(Sums::of).collect();
    let found = args.fail_on.and_then(|severity| findings::failure(&sums, severity));
    fail_with(outcome.failures.into_iter().chain(undelivered).chain(found).chain(gaps), &display)
}

/// Creates a new file that only its owner can read, because it names what was gathered.
fn open_audit(path: &Path) -> Result<Arc<Sink>> {
    use std::os::unix::fs::OpenOptionsExt;
    match File::options().append(true).create_new(true).mode(0o600).open(path) {
        Ok(file) => Ok(Arc::new(Mutex::new(Box::new(file)))),
        Err(error) => {
            Err(Failure::new(Class::Output, format!("cannot write the audit {}", path.display()), error))
        }
    }
}

/// Prints the result of each gatherer, then warnings and gaps, then the location of the output.
fn summarise(outcome: &Outcome, display: &Display) {
    let run = Subject::default();
    let gatherers = &outcome.report.gatherers;
    let ended: Vec<Ended> = gatherers.iter().map(|gathered| Ended::of(None, Sums::of(gathered))).collect();
    display.summarise(&ended);
    for warning in &outcome.report.warnings {
        display.show(&run, &Event::Warning(warning));
    }
    for (gathered, Ended { who, .. }) in gatherers.iter().zip(&ended) {
        for line in used::describe(&gathered.withheld, &gathered.hidden) {
            display.show(who, &Event::Grant(&line));
        }
        for Shown { severity, text } in &gathered.worst_findings {
            display.show(who, &Event::Finding(*severity, text));
        }
        for warning in &gathered.warnings {
            display.show(who, &Event::Warning(warning));
        }
        // The reason of a gatherer's failure comes last, with advice.
        for error in gathered.errors.iter().filter(|error| gathered.reason.as_ref() != Some(error)) {
            display.show(who, &Event::Error(error));
        }
    }
    if let Some(path) = &outcome.recording {
        display.show(&run, &Event::Recording(path));
    }
    if let Some(path) = &outcome.output {
        let wholeness = match (outcome.report.complete, outcome.failures.is_empty()) {
            (true, _) => Completeness::Complete,
            (false, true) => Completeness::Gaps,
            (false, false) => Completeness::Incomplete,
        };
        display.show(&run, &Event::Archive(path, wholeness));
    }
    if let (Some(path), Some(counts)) = (&outcome.obfuscation_map, outcome.report.obfuscation) {
        display.show(&run, &Event::Obfuscated(path, counts));
    }
}
