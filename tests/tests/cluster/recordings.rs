//! A recording of a real server, and its replays.

use super::ask::Ask;
use super::{PASSWORD_MARKER, PODS, Ran, assert_no_credentials, host, run, shared};
use serde_json::Value;
use std::path::{Path, PathBuf};
use tests::apiserver::Server;
use tests::archive::Archive;
use tests::host::Host;
use tests::programs;

fn examples() -> Vec<PathBuf> {
    // What the others read changes while other tests run.
    programs::examples_that_name().iter().map(|name| programs::guest(name)).collect()
}

/// The report without what a replay cannot have in common with its recording: where the answers came from, how long it
/// took, how much physical memory it took.
fn report_in_common(archive: &Archive) -> Value {
    let mut report = archive.report();
    let gatherers = report["gatherers"].as_array_mut().expect("a list");
    for gatherer in gatherers {
        for key in ["durationMs", "peakHeldBytes", "peakRssBytes"] {
            gatherer.as_object_mut().expect("an object").remove(key);
        }
    }
    report.as_object_mut().expect("an object").remove("source");
    // A recording is redacted already, and the shorter for it.
    for gatherer in report["gatherers"].as_array_mut().expect("a list") {
        let gatherer = gatherer.as_object_mut().expect("an object");
        gatherer.remove("redacted");
        gatherer.remove("bytesReceived");
    }
    report
}

fn replay(server: &Server, guests: &[PathBuf], recording: &Path) -> Ran {
    run(server, Host::run_all(guests).replay(recording))
}

#[test]
fn a_replay_gives_the_same_archive() {
    let server = shared();
    let place = tests::place();
    let recording = place.path().join("run.har");
    let mut guests = examples();
    // And one whose list has several pages of whole pods, which goes through the guest.
    guests.push(
        Ask::list("", "v1", "pods")
            .labels("wagather.test/state!=running")
            .mask("metadata,status")
            .items(place.path()),
    );
    let live = run(&server, host(&server, "exec.yaml", guests.clone()).record(&recording));
    live.gathered();
    let first = replay(&server, &guests, &recording);
    let second = replay(&server, &guests, &recording);
    assert!(live.gathered().gathered() == first.gathered().gathered(), "a file differs from the live run's");
    assert_eq!(report_in_common(live.gathered()), report_in_common(first.gathered()));
    assert_eq!(first.gathered().report()["source"], "recording");
    assert!(first.gathered() == second.gathered(), "two replays differ");
}

#[test]
fn an_archive_in_one_file_is_the_same_and_replays_to_the_byte() {
    let server = shared();
    let place = tests::place();
    let at = |name: &str| place.path().join(name);
    let live = host(&server, "token.yaml", examples()).record(at("run.har")).output(at("live.tar.gz")).wait();
    live.expect_success();
    for name in ["a.tar.gz", "b.tar.gz"] {
        Host::run_all(examples()).replay(at("run.har")).output(at(name)).wait().expect_success();
    }
    let read = |name: &str| std::fs::read(at(name)).expect("an archive");
    assert!(read("a.tar.gz") == read("b.tar.gz"), "two replays differ");
    let (live, replayed) = (Archive::read(at("live.tar.gz")), Archive::read(at("a.tar.gz")));
    assert!(live.gathered() == replayed.gathered());
    let to_stdout = Host::run_all(examples()).replay(at("run.har")).output("-").wait();
    to_stdout.expect_success();
    assert!(to_stdout.stdout == read("a.tar.gz"), "stdout differs from the file");
}

/// A refusal is part of a recording, and is refused again.
#[test]
fn a_refusal_is_replayed() {
    let server = shared();
    let place = tests::place();
    let recording = place.path().join("run.har");
    let guests = ["cluster-operators", "pods"].map(programs::guest);
    let live = run(&server, host(&server, "restricted.yaml", guests.clone()).record(&recording));
    live.done.expect_code(9);
    let again = replay(&server, &guests, &recording);
    again.done.expect_code(9);
    let (live, again) = (live.archive.expect("an archive"), again.archive.expect("an archive"));
    assert!(live.gathered() == again.gathered());
    assert_eq!(report_in_common(&live), report_in_common(&again));
}

/// A recording has whole objects, but neither how we logged in nor what was secret in them.
#[test]
fn a_recording_has_what_was_sent_and_no_secrets() {
    let server = shared();
    for kubeconfig in ["token.yaml", "token-file.yaml", "client-cert.yaml", "exec.yaml", "exec-cert.yaml"] {
        let place = tests::place();
        let recording = place.path().join("run.har");
        let ran = run(&server, host(&server, kubeconfig, examples()).record(&recording));
        assert!(!ran.gathered().mentions(PASSWORD_MARKER) && !ran.done.stderr.contains(PASSWORD_MARKER));

        let bytes = std::fs::read(&recording).expect("a recording");
        assert_no_credentials(&server, "the recording", &bytes);
        let text = String::from_utf8(bytes).expect("UTF-8");
        for word in ["Bearer", "Authorization", "authorization", "PRIVATE KEY", "127.0.0.1"] {
            assert!(!text.contains(word), "{kubeconfig}: the recording has the word {word}");
        }
        assert!(text.contains("<redacted>") && text.contains("managedFields"));
        let recording: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(recording["log"]["version"], "1.2");
        let entries = recording["log"]["entries"].as_array().expect("a list");
        // Each page of a list and each log, as often as it was asked for.
        let report = ran.gathered().report();
        let gatherers = report["gatherers"].as_array().expect("a list");
        let asked = gatherers.iter().map(|gatherer| gatherer["requests"].as_u64().expect("a number"));
        assert_eq!(entries.len() as u64, asked.sum::<u64>());
        assert!(entries.len() > 2 + 2 * PODS.div_ceil(500), "{} requests", entries.len());
        for entry in entries {
            let names: Vec<&Value> = entry["request"]["headers"]
                .as_array()
                .expect("a list")
                .iter()
                .map(|header| &header["name"])
                .collect();
            assert_eq!(names, ["Accept"]);
            assert_eq!(entry["request"]["cookies"], Value::Array(Vec::new()));
        }
    }
}
