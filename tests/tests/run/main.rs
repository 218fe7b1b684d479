//! Normal use of `host-min`, with the examples, against a server with canned answers and its recordings.
//!
//! Elsewhere: errors (`bad_input/`), attacks (`hostile.rs`), and whether a real API server answers like the canned
//! one (the tests of the feature `cluster`).

mod any;
mod audit;
mod bounds;
mod command_line;
mod connection;
mod ended;
mod from;
mod gaps;
mod in_time;
mod layouts;
mod names;
mod obfuscated;
mod open;
mod recordings;
mod requests;
mod watching;

use serde_json::json;
use tests::archive::Archive;
use tests::host::{Host, left_in};
use tests::{objects, place, programs};

#[test]
fn examples_gather_what_their_readme_says() {
    let (place, server) = (place(), objects::server().start());
    // Those that name what they read; `any.rs` has the others.
    let all: Vec<_> = programs::examples_that_name().iter().map(|name| programs::guest(name)).collect();
    let output = place.path().join("out");
    let done = Host::run_all(&all).server(&server.url()).output(&output).wait();
    done.expect_success();
    let archive = Archive::read(&output);
    let operator = |number| {
        format!("cluster-scoped-resources/config.openshift.io/clusteroperators/operator-{number}.json")
    };
    assert_eq!(
        archive.paths(),
        [
            "audit.jsonl",
            &*operator(0),
            &operator(1),
            &operator(2),
            "crash-logs/index.json",
            "crash-logs/shop/pod-4/main.log",
            "degraded-operators/findings.json",
            "events/warnings.json",
            "image-inventory/images.json",
            "nodes/findings.json",
            "nodes/nodes.json",
            "nodes/totals.json",
            "pods/findings.json",
            "pods/totals.json",
            "wagather.json"
        ]
    );
    let mut whole = objects::cluster_operator(1);
    whole["metadata"].as_object_mut().expect("an object").remove("managedFields");
    assert_eq!(archive.json(&operator(1)), whole, "all of it but managedFields");
    assert_eq!(
        archive.json("degraded-operators/findings.json"),
        json!({"findings": [{
            "severity": "warning", "code": "Degraded", "since": "2024-05-02T11:00:00Z",
            "object": {"apiVersion": "config.openshift.io/v1", "kind": "ClusterOperator", "name": "operator-1"},
            "message": "Degraded is said of operator-1",
            "properties": {"reason": "AsExpected", "version": "4.16.0"},
        }]})
    );
    assert_eq!(archive.bytes("crash-logs/shop/pod-4/main.log"), objects::LOGGED.as_bytes());
    let pods = archive.json("pods/totals.json");
    assert_eq!(
        (&pods["pods"], &pods["phases"]["running"], &pods["crashLooping"]),
        (&json!(5), &json!(5), &json!(1))
    );
    assert_eq!(archive.json("pods/findings.json")["findings"][0]["object"]["name"], "pod-4");
    assert!(!archive.mentions(objects::MANAGED), "managedFields are never gathered");
    assert!(done.stderr.contains("hello: info: hello from a gatherer"), "{}", done.stderr);
    assert!(done.stderr.contains("degraded-operators: info: 1 of 3 cluster operators"), "{}", done.stderr);
}

#[test]
fn the_report_says_what_was_done() {
    let (place, server) = (place(), objects::server().start());
    let output = place.path().join("out.tar.gz");
    let (hello, operators) = (programs::guest("hello"), programs::guest("cluster-operators"));
    Host::run_all([&hello, &operators]).server(&server.url()).output(&output).wait().expect_success();
    let report = Archive::read(&output).report();
    assert_eq!(
        (&report["complete"], &report["abi"], &report["source"]),
        (&json!(true), &json!(1), &json!(server.url()))
    );
    let names: Vec<_> =
        report["gatherers"].as_array().expect("gatherers").iter().map(|part| &part["name"]).collect();
    assert_eq!(names, ["hello", "cluster-operators"], "in the order of the command line");
    let part = &report["gatherers"][1];
    for (field, value) in
        [("requests", 1), ("items", 3), ("entries", 3), ("bytesGiven", 0), ("memoryBytes", 65536)]
    {
        assert_eq!(part[field], value, "{field} of {part:#}");
    }
    assert!(part["bytesReceived"].as_u64() > part["bytesArchived"].as_u64(), "{part:#}");
    assert!(
        part["durationMs"].as_f64() > Some(0.0) && part["peakRssBytes"].as_u64() > Some(100_000),
        "{part:#}"
    );
    assert_eq!(part["module"]["bytes"], std::fs::metadata(&operators).expect("a guest").len());
    let sum = std::process::Command::new("sha256sum").arg(&operators).output().expect("sha256sum");
    assert!(sum.stdout.starts_with(part["module"]["sha256"].as_str().expect("a sum").as_bytes()));
}

#[test]
fn hello_needs_no_cluster_and_nothing_else() {
    let place = place();
    let done = Host::run(programs::guest("hello")).current_folder(place.path()).wait();
    done.expect_success();
    let left = left_in(place.path());
    let is_default = |name: &String| name.starts_with("wagather-none-2") && name.ends_with("Z.tar.gz");
    assert!(left.len() == 1 && is_default(&left[0]), "the default output: {left:?}");
    assert!(done.stdout.is_empty() && done.stderr.contains("hello from a gatherer"), "{}", done.stderr);
    let quiet = Host::run(programs::guest("hello")).arg("--quiet").output(place.path().join("quiet")).wait();
    assert_eq!(quiet.expect_success().stderr, "");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let done = Host::run(programs::guest("hello")).args(["--quiet", "--output", "-"]).stdout(writer).wait();
    assert_eq!(done.expect_success().stderr, "");
}
