//! `host-min run` with several contexts.

use super::display::{Display, Ended, Event, Fleet, Settings, Subject};
use super::typed::{Words, Wrong};
use super::values::{all, one, text, wrong};
use super::{fail_with, findings, rights};
use host_min::{Output, Phase, Plan, Progress, SingleThreaded};
use std::cell::Cell;
use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant};
use wagather_abi::LogLevel;
use wagather_base::error::Result;
use wagather_base::limits::{DEFAULT_PARALLEL_CLUSTERS, MAX_PARALLEL_CLUSTERS};
use wagather_broker::findings::Severity;
use wagather_run::clusters::{Cluster, Contexts, Gathering, LineKind, Status, Watcher, destinations, run};

/// The options for several clusters.
#[derive(Debug)]
pub(super) struct Several {
    pub(super) contexts: Contexts,
    pub(super) max_parallel: usize,
    pub(super) folder: OsString,
    pub(super) fail_on: Option<Severity>,
}

/// The default folder of the archives.
const DEFAULT_FOLDER: &str = "wagather-{time}";

/// Options for a single cluster, and the reason.
const NOT_WITH_SEVERAL: &[(&str, &str)] = &[
    ("server", "--server names one cluster"),
    ("cluster", "each context has its own"),
    ("user", "each context has its own"),
    ("token", "the token would be sent to every cluster"),
    ("token-file", "the token would be sent to every cluster"),
    ("certificate-authority", "each cluster has its own"),
    ("tls-server-name", "each server has its own"),
    ("record", "a recording holds one cluster; record each cluster in a separate run"),
    ("overwrite", "the folder for several clusters must be new"),
    ("force", "the folder for several clusters must be new"),
    ("upload", "upload the archives in the folder afterwards, with 'host-min deliver'"),
    ("spool", "upload the archives in the folder afterwards, with 'host-min deliver'"),
    ("keep", "the folder for several clusters must be new"),
    ("audit", "the file holds one cluster; each archive has its own audit.jsonl"),
];

impl Several {
    /// Parses the options for several clusters; `None` if they are for one.
    pub(super) fn of(words: &Words) -> Result<Option<Several>, Wrong> {
        let fail_on = one(words, "fail-on", findings::severity)?;
        let named = all(words, "context", text)?;
        let max_parallel = one(words, "parallel-clusters", number)?.unwrap_or(DEFAULT_PARALLEL_CLUSTERS);
        let refuse = |reason: String| Err(wrong(words.command, reason));
        let contexts = match (words.has("all-contexts"), named.len()) {
            (true, 0) => Contexts::All,
            (true, _) => return refuse("--all-contexts cannot be used with --context".into()),
            (false, 0 | 1) => return Ok(None),
            (false, _) => Contexts::Named(named),
        };
        if let Contexts::Named(names) = &contexts
            && let Some(twice) = (1..names.len()).find(|&number| names[..number].contains(&names[number]))
        {
            return refuse(format!("--context {:?} is given twice", names[twice]));
        }
        if let Some((other, why)) = NOT_WITH_SEVERAL.iter().find(|(other, _)| words.has(other)) {
            return refuse(format!("--{other} cannot be used with several clusters: {why}"));
        }
        let folder = match words.all("output").next() {
            None => DEFAULT_FOLDER.into(),
            Some(typed) if typed.as_encoded_bytes().windows(9).any(|part| part == b"{context}") => {
                let reason =
                    "{context} differs per cluster; each archive in the folder is named after its context";
                return refuse(format!("invalid value '{}' for --output: {reason}", typed.display()));
            }
            Some(typed) if matches!(Output::parse(typed), Output::Folder(_)) => typed.clone(),
            Some(typed) => {
                let reason =
                    "with several clusters, the output must be a folder; it gets one archive per cluster";
                return refuse(format!("invalid value '{}' for --output: {reason}", typed.display()));
            }
        };
        Ok(Some(Several { contexts, max_parallel, folder, fail_on }))
    }

    /// Runs the plan for each cluster, or shows what a run would do.
    pub(super) fn run(
        &self,
        plan: &Plan,
        grant_file: Option<&Path>,
        dry_run: bool,
        settings: Settings,
        single_threaded: SingleThreaded,
    ) -> Result<()> {
        let folder = self.folder.display();
        if dry_run {
            let destinations = destinations(plan, &self.contexts, single_threaded)?;
            let lines = destinations.iter().map(|one| {
                let server = one.server.as_deref().unwrap_or("unknown server");
                format!("{server}, of the context {:?}, into {folder}/{}", one.context, one.file)
            });
            return rights::dry_run(plan, grant_file, &lines.collect::<Vec<_>>());
        }
        let display = Display::new(settings);
        let shown = Shown { display: &display, gatherers: Cell::new(0), shows_debug: settings.shows_debug() };
        let gathering = run(plan, &self.contexts, self.max_parallel, single_threaded, &shown);
        display.finish();
        let gathering = gathering?;
        summarise(&gathering, &display);
        let counts = gathering.clusters.iter().flat_map(|cluster| &cluster.gatherers);
        let found = self.fail_on.and_then(|severity| findings::failure(counts, severity));
        fail_with(gathering.failures().chain(found), &display)
    }
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

pub(super) fn number(typed: &str) -> Result<usize, String> {
    let number = typed.parse().ok().filter(|number| (1..=MAX_PARALLEL_CLUSTERS).contains(number));
    number.ok_or_else(|| format!("expected a whole number from 1 to {MAX_PARALLEL_CLUSTERS}"))
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

#[cfg(test)]
mod tests {
    use super::super::typed::{Typed, take_apart};
    use super::*;

    fn of(line: &str) -> Result<Option<Several>, String> {
        match take_apart(line.split_whitespace().map(OsString::from)) {
            Ok(Typed::Command(words)) => Several::of(&words).map_err(|wrong| wrong.reason),
            _ => Err("no run".into()),
        }
    }

    #[test]
    fn several_contexts_are_several_clusters_and_one_is_one() {
        assert!(of("run a").expect("a run").is_none());
        assert!(of("run a --context x --parallel-clusters 2").expect("a run").is_none());
        let several = of("run a --context x --context=y --output z").expect("a run").expect("several");
        assert_eq!(several.contexts, Contexts::Named(vec!["x".into(), "y".into()]));
        assert_eq!((several.max_parallel, several.folder), (DEFAULT_PARALLEL_CLUSTERS, "z".into()));
        let all = of("run a --all-contexts --parallel-clusters 9").expect("a run").expect("several");
        assert_eq!((all.contexts, all.max_parallel), (Contexts::All, 9));
        assert_eq!(all.folder, DEFAULT_FOLDER);
    }

    #[test]
    fn what_is_for_one_cluster_is_refused() {
        for (line, reason) in [
            ("--all-contexts --context x", "--all-contexts cannot be used with --context"),
            ("--context x --context y --context x", "--context \"x\" is given twice"),
            (
                "--all-contexts --server http://127.0.0.1",
                "--server cannot be used with several clusters: --server names one cluster",
            ),
            (
                "--all-contexts -o x.tar.gz",
                "invalid value 'x.tar.gz' for --output: with several clusters, the output must be a folder; it gets one archive per cluster",
            ),
            (
                "--all-contexts --parallel-clusters 0",
                "invalid value '0' for --parallel-clusters: expected a whole number from 1 to 64",
            ),
            (
                "--all-contexts --parallel-clusters x",
                "invalid value 'x' for --parallel-clusters: expected a whole number from 1 to 64",
            ),
        ] {
            assert_eq!(of(&format!("run a {line}")).expect_err(line), reason);
        }
        for (other, _) in NOT_WITH_SEVERAL {
            assert!(of(&format!("run a --all-contexts --{other} x")).is_err(), "{other}");
        }
        assert!(of("run a --all-contexts -o -").is_err());
    }
}
