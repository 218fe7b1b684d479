//! A run on one cluster, recording or archive.

use crate::args::Run;
use crate::display::{Completeness, Display, Ended, Event, Subject};
use crate::ending::fail_with;
use crate::findings;
use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex};
use wagather_abi::LogLevel;
use wagather_base::error::{Class, Failure, Result};
use wagather_base::stop;
use wagather_broker::audit::Sink;
use wagather_broker::findings::Shown;
use wagather_policy::used;
use wagather_run::clusters::Sums;
use wagather_run::{Outcome, Plan};

/// Runs the plan of these options, and shows and delivers what came of it.
pub fn run(args: Run, mut plan: Plan) -> Result<()> {
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
    let outcome = wagather_run::run(&plan, &*display);
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
