//! `host-min run` with several contexts.

use std::cell::Cell;
use std::time::{Duration, Instant};
use wagather_abi::LogLevel;
use wagather_base::error::Result;
use wagather_broker::{Phase, Progress};
use wagather_cli::clusters::Several;
use wagather_cli::display::{Display, Ended, Event, Fleet, Settings, Subject};
use wagather_cli::ending::fail_with;
use wagather_cli::findings;
use wagather_run::Plan;
use wagather_run::clusters::{Cluster, Gathering, LineKind, Status, Watcher, run};
use wagather_sandbox::process::SingleThreaded;

/// Runs the plan for each cluster.
pub(crate) fn run_all(
    several: &Several,
    plan: &Plan,
    settings: Settings,
    single_threaded: SingleThreaded,
) -> Result<()> {
    let display = Display::new(settings);
    let shown = Shown { display: &display, gatherers: Cell::new(0), shows_debug: settings.shows_debug() };
    let gathering = run(plan, &several.contexts, several.max_parallel, single_threaded, &shown);
    display.finish();
    let gathering = gathering?;
    summarise(&gathering, &display);
    let counts = gathering.clusters.iter().flat_map(|cluster| &cluster.gatherers);
    let found = several.fail_on.and_then(|severity| findings::failure(counts, severity));
    fail_with(gathering.failures().chain(found), &display)
}

/// Prints the result of each gatherer of each cluster, then warnings and gaps, then the location of the output.
fn summarise(gathering: &Gathering, display: &Display) {
    let Gathering { clusters, index } = gathering;
    display.summarise(&clusters.iter().flat_map(Ended::all_of).collect::<Vec<_>>());
    for cluster in clusters {
        let label = cluster.label();
        for warning in &cluster.warnings {
            display.show(&of(&label, ""), &Event::Warning(warning));
        }
        for line in &cluster.lines {
            let event = match line.kind {
                LineKind::Error => Event::Error(&line.text),
                LineKind::Warning => Event::Warning(&line.text),
                LineKind::Finding(severity) => Event::Finding(severity, &line.text),
            };
            display.show(&of(&label, &line.gatherer), &event);
        }
    }
    let complete = clusters.iter().filter(|cluster| cluster.status == Status::Complete).count();
    let index = Fleet::Index { path: index, complete, clusters: clusters.len() };
    display.show(&Subject::default(), &Event::Fleet(index));
}

/// Shows a run of several clusters on the display.
struct Shown<'a> {
    display: &'a Display,
    /// The number of gatherers per cluster.
    gatherers: Cell<usize>,
    shows_debug: bool,
}

impl Watcher for Shown<'_> {
    fn watch(&self, contexts: &[String], gatherers: &[String]) -> bool {
        self.gatherers.set(gatherers.len());
        self.display.watch_all(contexts, gatherers)
    }

    fn log(&self, context: &str, gatherer: &str, level: LogLevel, text: &str) {
        if level != LogLevel::DEBUG || self.shows_debug {
            self.display.show(&of(context, gatherer), &Event::Log(level, text));
        }
    }

    fn stderr(&self, context: &str, line: &str) {
        self.display.show(&of(context, ""), &Event::Fleet(Fleet::Line(line)));
    }

    fn progress(&self, cluster: usize, gatherer: usize, progress: &Progress) {
        if gatherer < self.gatherers.get() {
            self.display.set_progress(cluster * self.gatherers.get() + gatherer, progress.clone());
        }
    }

    fn tick(&self) -> Option<Instant> {
        self.display.tick()
    }

    fn ended(&self, number: usize, cluster: &Cluster) {
        for gatherer in 0..self.gatherers.get() {
            self.progress(number, gatherer, &at_the_end(cluster, gatherer));
        }
        self.display.show(&of(&cluster.label(), ""), &Event::Fleet(Fleet::Ended(cluster)));
    }
}

/// The final progress of a gatherer, for a cluster that is finished.
fn at_the_end(cluster: &Cluster, gatherer: usize) -> Progress {
    let sums = cluster.gatherers.get(gatherer).cloned().unwrap_or_default();
    let millis = sums.duration_ms.unwrap_or(cluster.duration_ms);
    Progress {
        phase: if sums.complete || (sums.gaps > 0 && !sums.failed) { Phase::Complete } else { Phase::Failed },
        requests: sums.requests,
        items: sums.items,
        bytes_received: sums.bytes_received,
        elapsed: Duration::from_secs_f64(millis / 1e3),
        ..Progress::default()
    }
}

fn of(context: &str, gatherer: &str) -> Subject {
    Subject { context: Some(context.into()), gatherer: gatherer.into() }
}
