//! Runs with a compromised sandbox, each beside an honest gatherer.
//!
//! Whatever comes over its channel, a compromised sandbox can only use its own budgets: the run ends in time, the
//! other gatherer is complete, the report describes the compromised one in the host's own words and figures, and the
//! broker's memory stays bounded. `src/bin/forger` has the attacks. Elsewhere: what the sandbox's process could do
//! without its channel (`confinement.rs`).

use std::path::Path;
use std::process::Command;
use std::time::Duration;
use tests::archive::Archive;
use tests::host::{Done, Host, incomplete, left_in};
use tests::server::{List, Running, Seen};
use tests::{forged, guest, objects, place, programs};

/// Time for each gatherer of a run.
const DEADLINE: Duration = Duration::from_secs(2);

/// Time for those that get much done before they end.
const LONG: Duration = Duration::from_secs(20);

/// From the deadline until the one that broke it is gone, on a busy machine. Measured on two processors that had other work: 8 ms at
/// most of a debug build, and 300 ms while something was compiled.
const LATE: Duration = Duration::from_secs(8);

/// What the broker may have at most, whatever is sent to it. Measured in a debug build: 10 MiB with nothing sent, and 15 MiB
/// with an item of 5 MB on its way to one who does not take it.
const MOST_RSS_BYTES: u64 = 32 << 20;

/// What came of a run.
struct Ran {
    done: Done,
    archive: Archive,
    seen: Vec<Seen>,
}

/// A module that says which scenario it stands for; run as it is, it traps.
fn module(folder: &Path, name: &str) -> std::path::PathBuf {
    let fields = r#"(func (export "gather") (result i32) (unreachable))"#;
    guest::write(folder, name, &guest::module(name, &["resource list /v1/pods * *"], fields))
}

fn server() -> Running {
    // One pod of five megabytes, for those who read slowly.
    let item =
        serde_json::json!({"metadata": {"name": "pod-1", "namespace": "shop"}, "data": "x".repeat(5 << 20)});
    objects::server().list(objects::PODS, List::new("v1", "PodList", vec![item])).start()
}

/// Runs compromised sandboxes beside an honest one.
fn run(scenarios: &[&str]) -> Ran {
    run_for(DEADLINE, scenarios)
}

/// Runs them with that time for each, and checks what no scenario may change.
fn run_for(deadline: Duration, scenarios: &[&str]) -> Ran {
    let (place, server) = (place(), server());
    let names: Vec<String> = scenarios.iter().map(|name| format!("{}{name}", forged::PREFIX)).collect();
    let output = place.path().join("out");
    let mut embedder = Command::new(env!("CARGO_BIN_EXE_embedder"));
    embedder.arg(env!("CARGO_BIN_EXE_forger")).arg(server.url()).arg(&output);
    embedder.arg(deadline.as_millis().to_string()).arg(programs::guest("cluster-operators"));
    embedder.args(names.iter().map(|name| module(place.path(), name)));
    let done = Host::of(embedder).wait();
    let code = done.code();
    assert!([0, 3, 7].contains(&code), "the run failed with exit code {code}:\n{}", done.stderr);
    let left: Vec<_> = left_in(place.path()).into_iter().filter(|name| !name.ends_with(".wasm")).collect();
    assert_eq!(left.len(), 1, "more than an archive is left: {left:?}");
    let archive = Archive::read(if code == 0 { output } else { incomplete(&output) });

    let honest = archive.gatherer("cluster-operators");
    assert_eq!((&honest["status"], &honest["entries"]), (&"complete".into(), &3.into()), "{honest:#}");
    let report = archive.report();
    assert_eq!(report["complete"], code == 0);
    assert_eq!(report["gatherers"].as_array().map(Vec::len), Some(1 + names.len()));
    for name in &names {
        let part = archive.gatherer(name);
        let took = Duration::from_secs_f64(part["durationMs"].as_f64().expect("a duration") / 1e3);
        eprintln!("{name}: {took:?}");
        assert!(took < deadline + LATE, "{name} took {took:?}");
        assert!(
            part["memoryBytes"].as_u64() <= Some(64 << 20),
            "{name} has more memory than there is: {part:#}"
        );
        assert!(
            part["reason"].as_str().unwrap_or_default().len() < 8 << 10,
            "{name} has its own words in the report"
        );
    }
    assert!(archive.bytes("wagather.json").len() < 2 << 20, "the report is flooded");
    // A thousand lines of 4096 characters, of which each may be one of three bytes.
    assert!(done.stderr.len() < 16 << 20, "it said {} bytes", done.stderr.len());
    let directs = |c: char| ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c);
    let obeyed = |c: char| (c.is_control() && c != '\n') || directs(c);
    assert!(!done.stderr.contains(obeyed), "a terminal would obey:\n{:?}", &done.stderr);
    let text = |value: &serde_json::Value| value.as_str().is_some_and(|text| text.contains(obeyed));
    for name in &names {
        let part = archive.gatherer(name);
        let lists =
            ["warnings", "errors"].map(|list| part[list].as_array().cloned().unwrap_or_default()).concat();
        assert!(
            !text(&part["reason"]) && !lists.iter().any(text),
            "whoever shows the report would obey: {part:#}"
        );
    }
    let peak: u64 = done.stdout_text().trim().parse().expect("bytes");
    eprintln!("{scenarios:?}: {:?}, broker {} KiB", done.elapsed, peak >> 10);
    assert!(peak < MOST_RSS_BYTES, "the broker had {peak} bytes");
    Ran { done, archive, seen: server.seen() }
}

/// A sandbox that ended for that reason.
fn fails(scenario: &str, reason: &str) -> Ran {
    let ran = run(&[scenario]);
    let part = ran.part(scenario);
    assert_eq!(part["status"], "failed", "{part:#}");
    let said = part["reason"].as_str().unwrap_or_default();
    assert!(said.contains(reason), "not '{reason}' but '{said}'");
    ran
}

/// A sandbox that got what it must for each of its calls.
fn ends_well(scenario: &str) -> Ran {
    let ran = run_for(LONG, &[scenario]);
    let part = ran.part(scenario);
    assert_eq!(part["status"], "complete", "{part:#}");
    ran
}

impl Ran {
    fn part(&self, scenario: &str) -> serde_json::Value {
        self.archive.gatherer(&format!("{}{scenario}", forged::PREFIX))
    }

    /// Nothing but the honest gatherer's request reached the server.
    fn sent_nothing(&self) {
        let foreign: Vec<_> =
            self.seen.iter().filter(|seen| seen.path != objects::CLUSTER_OPERATORS).collect();
        assert!(foreign.is_empty(), "requests that should not have been sent: {foreign:?}");
    }

    /// Nothing but the honest gatherer's files are there.
    fn wrote_nothing(&self) {
        let paths = self.archive.paths();
        let own = |path: &&str| {
            ["wagather.json", "audit.jsonl"].contains(path)
                || path.starts_with("cluster-scoped-resources/config.openshift.io/")
        };
        assert!(paths.iter().all(own), "{paths:?}");
    }
}

const NO_FRAME: &str = "its sandbox sent an invalid frame";
const DEADLINE_PASSED: &str = "it was stopped at its deadline";

#[test]
fn garbage_is_no_frame() {
    fails("garbage", NO_FRAME).wrote_nothing();
}

#[test]
fn every_malformed_frame_ends_its_sender() {
    let frames = forged::malformed();
    let names: Vec<String> = (0..frames.len()).map(|number| format!("malformed-{number}")).collect();
    // A run takes 64 gatherers, and this machine may have two processors.
    for (names, frames) in names.chunks(16).zip(frames.chunks(16)) {
        let ran = run(&names.iter().map(String::as_str).collect::<Vec<_>>());
        for (name, (what, _)) in names.iter().zip(frames) {
            let reason = ran.part(name)["reason"].as_str().unwrap_or_default().to_owned();
            assert!(reason.starts_with(NO_FRAME), "{what}: '{reason}'");
        }
        ran.wrote_nothing();
        ran.sent_nothing();
    }
}

#[test]
fn a_frame_in_drips_has_no_more_time_than_another() {
    fails("drips", DEADLINE_PASSED);
}

#[test]
fn half_a_frame_and_silence_end_at_the_deadline() {
    let ran = run(&["half-a-length", "half-a-frame", "says-nothing"]);
    for name in ["half-a-length", "half-a-frame", "says-nothing"] {
        let reason = ran.part(name)["reason"].as_str().unwrap_or_default().to_owned();
        assert!(reason.starts_with(DEADLINE_PASSED), "{name}: {reason}");
    }
}

#[test]
fn a_sandbox_that_goes_is_told() {
    fails("hangs-up", "its sandbox exited without a result");
    fails("aborts", "its sandbox aborted (signal 6)");
}

#[test]
fn floods_of_calls_cost_no_memory() {
    fails("calls-for-ever", DEADLINE_PASSED);
}

#[test]
fn floods_of_refusals_cost_no_memory_and_no_report() {
    let ran = fails("refusals-for-ever", DEADLINE_PASSED);
    ran.sent_nothing();
    let part = ran.part("refusals-for-ever");
    assert_eq!(part["errors"].as_array().map(Vec::len), Some(100));
    assert!(part["droppedLines"].as_u64() > Some(1000), "no flood: {part:#}");
}

#[test]
fn floods_of_lines_cost_no_memory_and_no_report() {
    let ran = fails("logs-for-ever", DEADLINE_PASSED);
    let lines =
        ran.done.stderr.lines().filter(|line| line.starts_with("forged-logs-for-ever: error: ")).count();
    assert_eq!(lines, 1000, "the budget of lines");
}

#[test]
fn floods_of_bad_names_cost_no_memory_and_no_report() {
    fails("bad-names-for-ever", DEADLINE_PASSED).wrote_nothing();
}

#[test]
fn one_that_takes_no_answer_blocks_the_broker_until_the_deadline_at_most() {
    fails("deaf", DEADLINE_PASSED);
}

#[test]
fn one_that_takes_its_answer_in_drips_has_no_more_time_than_another() {
    fails("reads-slowly", DEADLINE_PASSED);
}

#[test]
fn open_entries_count_for_what_the_archive_may_hold() {
    ends_well("fills-the-disk").wrote_nothing();
}

#[test]
fn figures_in_last_words_are_bounded_by_what_the_run_gives() {
    ends_well("wild-memory");
}

#[test]
fn last_words_are_a_line() {
    fails("long-last-words", "it trapped: long long");
    let ran = fails("coloured-last-words", "it trapped: ");
    assert!(
        !ran.done.stderr.lines().any(|line| line.starts_with("error: all is well") || line == "complete")
    );
    let ran = fails("unusable-last-words", "");
    assert!(
        !ran.done.stderr.lines().any(|line| line.starts_with("error: all is well") || line == "complete")
    );
}

#[test]
fn one_that_stays_after_its_end_is_ended() {
    let ran = ends_well("ends-and-stays");
    let took = ran.part("ends-and-stays")["durationMs"].as_f64().expect("a duration");
    assert!(took < 1000.0 * LONG.as_secs_f64(), "an end is an end: {took} ms");
}

#[test]
fn the_first_end_counts() {
    let ran = fails("ends-twice", "it trapped: the first word");
    assert!(!ran.done.stderr.contains("the last word"));
}

#[test]
fn nothing_happens_after_the_end() {
    let ran = ends_well("goes-on-after-its-end");
    ran.wrote_nothing();
    ran.sent_nothing();
    assert!(!ran.done.stderr.contains("said afterwards"));
}

#[test]
fn handles_of_another_gatherer_are_none() {
    ends_well("handles").wrote_nothing();
}

#[test]
fn no_line_plays_with_a_terminal() {
    let ran = ends_well("coloured-lines");
    let said = ran.done.stderr.lines().filter(|line| line.starts_with("forged-coloured-lines: ")).count();
    assert_eq!(said, 9, "one line for each:\n{}", ran.done.stderr);
}

#[test]
fn what_the_manifest_does_not_declare_is_refused_by_the_broker() {
    ends_well("undeclared").sent_nothing();
}

#[test]
fn long_texts_are_refused_by_the_broker() {
    let ran = ends_well("long-texts");
    ran.sent_nothing();
    ran.wrote_nothing();
}

#[test]
fn what_is_no_text_is_refused_by_the_broker() {
    let ran = ends_well("no-text");
    ran.sent_nothing();
    ran.wrote_nothing();
}

#[test]
fn every_field_at_its_extremes_gets_an_answer() {
    let ran = ends_well("extremes");
    ran.sent_nothing();
    ran.wrote_nothing();
}

/// A helper that is no helper, and a job that no socket holds.
#[test]
fn a_helper_that_does_not_take_its_job_is_told_and_ended() {
    let (place, server) = (place(), server());
    let helper = place.path().join("helper");
    std::fs::write(&helper, "#!/bin/sh\nexec sleep 60\n").expect("a file");
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&helper, executable).expect("a file of one's own");
    let fields = r#"(func (export "gather") (result i32) (i32.const 0))"#;
    let module = guest::with_manifest(guest::module("large", &[], fields), &vec![b'x'; 2 << 20]);
    let mut embedder = Command::new(env!("CARGO_BIN_EXE_embedder"));
    embedder.arg(&helper).arg(server.url()).arg(place.path().join("out")).arg("500");
    embedder.arg(guest::write(place.path(), "large", &module));
    let done = Host::of(embedder).wait();
    done.expect_code(1);
    assert!(done.stderr.contains("helper does not accept its job: "), "{}", done.stderr);
    assert!(done.elapsed < Duration::from_millis(500) + LATE, "it took {:?}", done.elapsed);
}
