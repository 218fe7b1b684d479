//! A thousand runs through a proxy that injects faults into the real server's answers.
//!
//! Each run must end in time, either with every object exactly once, or with an error that names what is missing. The
//! proxy's seed is the run's number: `WAGATHER_FAULT_FIRST=17 WAGATHER_FAULT_RUNS=1` repeats one run.

use super::ask::{Ask, items_in};
use super::{PODS_PATH, assert_no_credentials, shared};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tests::apiserver::Server;
use tests::archive::Archive;
use tests::faults::{Fault, FaultyProxy, Upstream, Weather};
use tests::host::{Done, Host, incomplete};

/// Runs at once: most of the time they wait.
const SIDE_BY_SIDE: usize = 6;
/// A run may take its own deadline, and the time that a busy machine needs around it.
const LIMIT: Duration = Duration::from_secs(25);
const DEADLINE: &str = "8s";

/// The namespace whose pods are gathered: enough for a dozen pages.
const NAMESPACE: &str = "team-meteo";

/// How a run asks for the pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// Item by item through the guest.
    Items,
    /// Into the archive.
    Piped,
}

struct Field<'a> {
    server: &'a Server,
    guests: BTreeMap<bool, PathBuf>,
    upstream: Upstream,
    /// Names, in the order of the list.
    expected: Vec<String>,
    page: usize,
}

/// What became of all runs.
#[derive(Debug, Default)]
struct Sum {
    complete: u64,
    failed: u64,
    inconsistent: u64,
    with_faults_and_complete: u64,
    faults: BTreeMap<String, u64>,
    reasons: BTreeMap<String, u64>,
}

fn number(variable: &str, otherwise: u64) -> u64 {
    match std::env::var(variable) {
        Ok(typed) => typed.parse().unwrap_or_else(|_| panic!("{variable} is not a number")),
        Err(_) => otherwise,
    }
}

#[test]
fn a_thousand_runs_in_bad_weather_lose_nothing_and_double_nothing() {
    let server = shared();
    let place = tests::place();
    let ask = Ask::list("", "v1", "pods").namespace(NAMESPACE).mask("metadata(name,namespace)");
    let folder = |name: &str| {
        let folder = place.path().join(name);
        std::fs::create_dir(&folder).expect("a folder");
        folder
    };
    let guests = BTreeMap::from([(false, ask.items(&folder("items"))), (true, ask.piped(&folder("piped")))]);
    let expected: Vec<String> = server
        .items(PODS_PATH)
        .iter()
        .filter(|pod| pod["metadata"]["namespace"] == NAMESPACE)
        .map(|pod| name_of(pod).to_owned())
        .collect();
    assert!(expected.len() > 20, "a list of several pages");
    let page = expected.len().div_ceil(10);
    let client = server.admin().clone();
    let upstream: Upstream = Arc::new(move |target, accept| {
        let answer = client.send("GET", target, accept, None);
        (answer.status, answer.content_type, answer.body)
    });
    let field = Field { server: &server, guests, upstream, expected, page };

    let first = number("WAGATHER_FAULT_FIRST", 0);
    let runs = number("WAGATHER_FAULT_RUNS", 1_000);
    let next = AtomicU64::new(first);
    let sum = Mutex::new(Sum::default());
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= first + runs {
                        return;
                    }
                    field.run(seed, &sum);
                }
            });
        }
    });
    let sum = sum.into_inner().expect("no panic while it was held");
    // For `--nocapture`.
    eprintln!("{sum:#?}");
    assert_eq!(sum.complete + sum.failed, runs);
    if runs >= 100 {
        // Were nothing asked for again, hardly a run with a fault would be complete.
        assert!(sum.with_faults_and_complete * 3 > runs, "{sum:#?}");
        assert!(sum.inconsistent > 0, "no list is marked: {sum:#?}");
        assert!(sum.failed > 0, "weather that does no harm shows nothing: {sum:#?}");
        assert!(sum.faults.len() == 9, "every kind of fault: {sum:#?}");
    }
}

impl Field<'_> {
    fn run(&self, seed: u64, sum: &Mutex<Sum>) {
        let weather = Weather::of_seed(seed);
        let how = if seed.is_multiple_of(2) { How::Items } else { How::Piped };
        let proxy = FaultyProxy::start(self.upstream.clone(), weather);
        let place = tests::place();
        let output = place.path().join("out");
        let done = Host::run(&self.guests[&(how == How::Piped)])
            .server(&proxy.url())
            .args(["--chunk-size", &self.page.to_string()])
            .args(["--request-timeout", "2s", "--first-byte-timeout", "500ms", "--idle-timeout", "400ms"])
            .timeout(DEADLINE)
            .output(&output)
            .within(LIMIT)
            .wait();
        let shown = || format!("seed {seed}, {how:?}\n{proxy:?}\n{}", done.stderr);
        assert_no_credentials(self.server, "stderr", done.stderr.as_bytes());
        let faults: Vec<Fault> = proxy.done().into_iter().filter_map(|(_, fault)| fault).collect();
        let archive =
            [output.clone(), incomplete(&output)].iter().find(|path| path.exists()).map(Archive::read);
        let mut marked = 0;
        let complete = match done.status.code() {
            Some(0) => {
                marked = self.assert_whole(&archive.expect("an archive"), how, &faults, &shown);
                true
            }
            // The cluster, or the gatherer's time.
            Some(5 | 7) => {
                self.assert_named(archive.as_ref(), &output, how, &done, &shown);
                false
            }
            other => panic!("it ended with {other:?}: {}", shown()),
        };
        let mut sum = sum.lock().expect("no panic while it was held");
        sum.complete += u64::from(complete);
        sum.failed += u64::from(!complete);
        sum.inconsistent += marked;
        sum.with_faults_and_complete += u64::from(complete && !faults.is_empty());
        for fault in &faults {
            let kind = format!("{fault:?}");
            let kind = kind.split([' ', '(']).next().unwrap_or_default().to_owned();
            *sum.faults.entry(kind).or_default() += 1;
        }
        if !complete {
            let last = done.stderr.lines().rev().find(|line| line.starts_with("error:")).unwrap_or_default();
            let reason: String = last.chars().filter(|c| !c.is_ascii_digit()).take(160).collect();
            *sum.reasons.entry(reason).or_default() += 1;
        }
    }

    /// Everything, once; and a list that is not of one time says so: whether it does.
    fn assert_whole(&self, archive: &Archive, how: How, faults: &[Fault], shown: &dyn Fn() -> String) -> u64 {
        assert_eq!(names(archive, how), self.sorted(how), "{}", shown());
        let gathered = archive.gatherer("ask");
        assert_eq!(gathered["status"], "complete", "{}", shown());
        assert_eq!(gathered["items"], json!(self.expected.len()), "{}", shown());
        assert_eq!(gathered["errors"], json!([]), "{}", shown());
        // After a token expired the list is of another time, unless the same page came again and showed that it is not. Nothing
        // else is, as nothing changes on the server: what breaks off can be shown to be the same.
        let marked = gathered["inconsistentLists"].as_u64().unwrap_or(0);
        assert!(marked <= u64::from(faults.contains(&Fault::Expired)), "{}", shown());
        marked
    }

    /// Not everything, nothing twice, under another name, and with a reason.
    fn assert_named(
        &self,
        archive: Option<&Archive>,
        output: &Path,
        how: How,
        done: &Done,
        shown: &dyn Fn() -> String,
    ) {
        assert!(!output.exists(), "half of it under the final name: {}", shown());
        assert!(done.stderr.lines().any(|line| line.starts_with("error:")), "{}", shown());
        let Some(archive) = archive else { return };
        let gathered = archive.gatherer("ask");
        assert_eq!(gathered["status"], "failed", "{}", shown());
        assert!(gathered["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{}", shown());
        let names = names(archive, how);
        let expected = self.sorted(how);
        let mut once = names.clone();
        once.dedup();
        assert_eq!(once, names, "twice: {}", shown());
        assert!(names.iter().all(|name| expected.contains(name)), "{}", shown());
    }

    /// The items in the order in which they should come; files are sorted.
    fn sorted(&self, how: How) -> Vec<String> {
        let mut names = self.expected.clone();
        if how == How::Piped {
            names.sort();
        }
        names
    }
}

fn name_of(pod: &Value) -> &str {
    pod["metadata"]["name"].as_str().expect("a name")
}

fn names(archive: &Archive, how: How) -> Vec<String> {
    match how {
        // A guest that fails writes no entry.
        How::Items if !archive.paths().contains(&"ask/result") => Vec::new(),
        How::Items => items_in(archive).iter().map(|pod| name_of(pod).to_owned()).collect(),
        How::Piped => {
            let prefix = format!("namespaces/{NAMESPACE}/core/pods/");
            let paths = archive.paths();
            let names = paths.iter().filter_map(|path| path.strip_prefix(&*prefix)?.strip_suffix(".json"));
            let mut names: Vec<String> = names.map(str::to_owned).collect();
            names.sort();
            names
        }
    }
}
