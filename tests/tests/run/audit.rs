//! The audit: it contains every request and every decision.

use serde_json::{Value, json};
use tests::archive::Archive;
use tests::host::{Host, incomplete};
use tests::hostile::Hostile;
use tests::{guest, objects, place, programs};

fn by_call<'a>(audit: &'a [Value], gatherer: &str, call: &str) -> Vec<&'a Value> {
    audit.iter().filter(|line| line["gatherer"] == gatherer && line["call"] == call).collect()
}

#[test]
fn every_call_is_in_a_record_and_the_file_has_what_the_archive_has() {
    let (place, server) = (place(), objects::server().start());
    let (output, file) = (place.path().join("out"), place.path().join("audit.jsonl"));
    Host::run_all(["cluster-operators", "degraded-operators"].map(programs::guest))
        .server(&server.url())
        .output(&output)
        .args(["--audit", &file.display().to_string()])
        .wait()
        .expect_success();
    let archive = Archive::read(&output);
    let audit = archive.audit();
    let started = by_call(&audit, "cluster-operators", "rest_start");
    assert_eq!(started.len(), 1);
    assert_eq!(started[0]["what"], "list config.openshift.io/v1/clusteroperators");
    assert_eq!((&started[0]["verdict"], &started[0]["result"]), (&json!("allowed"), &json!("ok")));
    assert!(started[0]["time"].is_string() && started[0]["durationMs"].is_number());
    let piped = by_call(&audit, "cluster-operators", "archive_pipe");
    assert_eq!(piped[0]["bytes"], archive.gatherer("cluster-operators")["bytesArchived"]);
    let next = by_call(&audit, "degraded-operators", "rest_next_as");
    assert_eq!(next.len(), 1, "the calls on one handle are one record");
    assert!(next[0]["count"].as_u64() >= Some(3));
    assert_eq!(next[0]["bytes"], archive.gatherer("degraded-operators")["bytesGiven"]);
    // Two gatherers at once: the file's lines come in another order.
    let mut live: Vec<String> =
        std::fs::read_to_string(&file).expect("the audit").lines().map(str::to_owned).collect();
    let mut kept: Vec<String> =
        String::from_utf8_lossy(archive.bytes("audit.jsonl")).lines().map(str::to_owned).collect();
    live.sort();
    kept.sort();
    assert_eq!(live, kept);
}

#[test]
fn a_denial_is_told_with_its_reason() {
    let (place, server) = (place(), objects::server().start());
    let hostile = Hostile::read("undeclared");
    let output = place.path().join("out");
    Host::run(guest::write(place.path(), &hostile.name, &hostile.module))
        .server(&server.url())
        .output(&output)
        .wait()
        .expect_code(hostile.end.exit_code());
    let archive = match hostile.end.exit_code() {
        0 => Archive::read(&output),
        _ => Archive::read(incomplete(&output)),
    };
    let audit = archive.audit();
    let denied: Vec<_> = audit.iter().filter(|line| line["verdict"] == "denied").collect();
    assert!(!denied.is_empty());
    for line in denied {
        assert!(line["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{line}");
        assert_ne!(line["result"], "ok");
    }
}

#[test]
fn two_replays_give_the_same_audit_and_a_file_that_exists_is_refused() {
    let place = place();
    let run = |name: &str| {
        Host::run(programs::guest("pods"))
            .replay(tests::workspace::root().join("examples/demo.har"))
            .output(place.path().join(name))
            .wait()
            .expect_success();
        Archive::read(place.path().join(name)).bytes("audit.jsonl").to_vec()
    };
    let first = run("first");
    assert!(!first.is_empty());
    assert_eq!(first, run("second"));
    let taken = place.path().join("taken");
    std::fs::write(&taken, "mine").expect("a file");
    let done = Host::run(programs::guest("hello"))
        .output(place.path().join("out"))
        .args(["--audit", &taken.display().to_string()])
        .wait();
    done.expect_code(6);
    assert!(done.stderr.contains("cannot write the audit"), "{}", done.stderr);
    assert_eq!(std::fs::read_to_string(&taken).expect("still there"), "mine");
}
