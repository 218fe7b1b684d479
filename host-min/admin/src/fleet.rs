//! `host-min run` on many archives.

use std::fs::File;
use wagather_base::error::{Class, Failure, Result};
use wagather_cli::display::{Display, Event, Fleet, Settings, Subject};
use wagather_cli::ending::fail_with;
use wagather_cli::findings;
use wagather_cli::fleet::Archives;
use wagather_run::Plan;
use wagather_run::fleet::{Fetch, Sources, Status, Watcher, run};
use wagather_sandbox::process::{Isolation, SingleThreaded};

/// Runs the plan's gatherers on all archives.
pub(crate) fn run_all(
    archives: Archives,
    plan: &Plan,
    settings: Settings,
    single_threaded: SingleThreaded,
) -> Result<()> {
    let display = Display::new(settings);
    let sources = Sources::new(archives.named, archives.shard);
    let shown = Shown { display: &display };
    let get = |url: &str, into: &mut File| archives.download.fetch(url, into);
    let program = std::env::current_exe().unwrap_or_else(|_| "/proc/self/exe".into());
    let isolation = Isolation::Helper { program, args: vec!["sandbox".into()] };
    let fetch = Fetch { get: &get, time: archives.download.timeout, isolation: &isolation };
    let (output, most) = (&archives.output, archives.max_parallel);
    let done = run(plan, sources, output, most, single_threaded, (&shown, fetch));
    display.finish();
    let done = done?;
    let counts = Fleet::Archives { path: done.output.as_deref(), counts: &done.counts };
    display.show(&Subject::default(), &Event::Fleet(counts));
    let advice = "the lines with the entry findings.json have them";
    let found = archives.fail_on.and_then(|least| findings::failure_of(&done.judged, least, advice));
    // What was not judged has not passed.
    let unjudged = archives.fail_on.filter(|_| !done.is_whole && done.failure.is_none()).map(|least| {
        let reason = "stdout was closed before all archives were judged";
        Failure::new(Class::Output, format!("--fail-on {}", least.name()), reason)
            .advise("read stdout to its end, or name a file with --output")
    });
    // As in a run on one archive: failures come before findings, and gaps after them.
    let (gap, failure) = match done.failure {
        Some(gap) if gap.class == Class::Gaps => (Some(gap), None),
        other => (None, other),
    };
    fail_with(failure.into_iter().chain(unjudged).chain(found).chain(gap), &display)
}

/// Shows the archives that are not complete.
struct Shown<'a> {
    display: &'a Display,
}

impl Watcher for Shown<'_> {
    fn ended(&self, archive: &str, status: Status, failure: Option<&Failure>) {
        if let Some(failure) = failure {
            let event = Fleet::Archive { archive, status, failure };
            self.display.show(&Subject::default(), &Event::Fleet(event));
        }
    }
}
