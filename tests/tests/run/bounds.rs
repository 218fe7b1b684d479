//! The memory and disk bounds of a run, whatever guests hold and servers send.

use std::time::Duration;
use tests::archive::Archive;
use tests::host::{Host, incomplete, left_in};
use tests::server::{Answer, Server};
use tests::{guest, objects, place};

const MIB: u64 = 1 << 20;

/// A pod of so many bytes.
fn pod(bytes: usize) -> Answer {
    let item = serde_json::json!({"metadata": {"name": "a", "namespace": "b"}, "x": "x".repeat(bytes)});
    Answer::json(&serde_json::json!({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": [item]}))
}

/// Asks for lists, and only for the length of each one's item, until it is refused; then it closes one, and asks for one more.
const HOLDS: &str = r#"
    (import "wagather_v1" "rest_start" (func $rest_start (param i32) (result i32)))
    (import "wagather_v1" "rest_next" (func $rest_next (param i32 i32 i32) (result i32)))
    (import "wagather_v1" "rest_close" (func $rest_close (param i32) (result i32)))
    (import "wagather_v1" "log" (func $log (param i32 i32 i32) (result i32)))
    (data (i32.const 0) "\02\00\00\00" "\00\00\00\00" "\00\01\00\00" "\02\00\00\00" "\02\01\00\00" "\04\00\00\00")
    (data (i32.const 256) "v1pods")
    (data (i32.const 300) "refused, and not for ever")
    (func $ask (result i32) (local $h i32)
        (local.set $h (call $rest_start (i32.const 0)))
        (if (i32.eqz (global.get $first)) (then (global.set $first (local.get $h))))
        (call $rest_next (local.get $h) (i32.const 65536) (i32.const 0)))
    (global $first (mut i32) (i32.const 0))
    (func (export "gather") (result i32) (local $n i32)
        (loop $more
            (local.set $n (i32.add (local.get $n) (i32.const 1)))
            (br_if $more (i32.and (i32.gt_s (call $ask) (i32.const 0)) (i32.lt_u (local.get $n) (i32.const 60)))))
        (if (i32.eq (local.get $n) (i32.const 60)) (then (return (i32.const 1))))
        (drop (call $rest_close (global.get $first)))
        (if (i32.le_s (call $ask) (i32.const 0)) (then (return (i32.const 2))))
        (drop (call $log (i32.const 2) (i32.const 300) (i32.const 25)))
        (i32.const 0))"#;

#[test]
fn a_guest_that_holds_items_and_asks_for_more_is_refused_and_harms_no_other() {
    let place = place();
    let server = objects::server().on("/api/v1/pods", pod(3 << 20)).start();
    let holds = guest::module("holds", &["resource list /v1/pods * *"], HOLDS);
    let mut modules =
        vec![guest::write(place.path(), "holds", &holds), tests::programs::guest("cluster-operators")];
    // As many as may run side by side, each of which has an equal part.
    for number in 0..6 {
        let name = format!("idle{number}");
        let idle = guest::module(&name, &[], r#"(func (export "gather") (result i32) (i32.const 0))"#);
        modules.push(guest::write(place.path(), &name, &idle));
    }
    let output = place.path().join("out");
    let done = Host::run_all(modules).server(&server.url()).output(&output).wait();
    assert!(done.stderr.contains("refused, and not for ever"), "{}", done.stderr);
    let archive = Archive::read(if output.exists() { output } else { incomplete(&output) });
    let holds = archive.gatherer("holds");
    let peak = holds["peakHeldBytes"].as_u64().expect("a number");
    assert!((8 * MIB..=16 * MIB).contains(&peak), "{peak}");
    let refused = "the gatherer exceeded its limit of 16777216 bytes of responses that it has not read";
    assert!(holds["errors"].to_string().contains(refused), "{holds:#}");
    assert_eq!(archive.gatherer("cluster-operators")["status"], "complete");
}

/// Reads a body as long as there is one.
const READS: &str = r#"
    (import "wagather_v1" "rest_start" (func $rest_start (param i32) (result i32)))
    (import "wagather_v1" "rest_read" (func $rest_read (param i32 i32 i32) (result i32)))
    (data (i32.const 0) "\03\00\00\00" "\00\00\00\00" "\00\00\00\00" "\00\00\00\00" "\00\01\00\00" "\08\00\00\00")
    (data (i32.const 256) "/version")
    (func (export "gather") (result i32) (local $h i32) (local $len i32)
        (local.set $h (call $rest_start (i32.const 0)))
        (loop $more
            (local.set $len (call $rest_read (local.get $h) (i32.const 1024) (i32.const 60000)))
            (br_if $more (i32.gt_s (local.get $len) (i32.const 0))))
        (local.get $len))"#;

#[test]
fn a_recording_of_a_body_without_an_end_has_one() {
    let place = place();
    let server =
        Server::new().on("/version", Answer::bytes("text/plain", "").endless(b"x", Duration::ZERO)).start();
    let module = guest::module("reads", &["path /version"], READS);
    let module = guest::write(place.path(), "reads", &module);
    let (output, recording) = (place.path().join("out"), place.path().join("run.har"));
    let host = Host::run(&module).server(&server.url()).output(&output).record(&recording).timeout("1s");
    let done = host.wait();
    assert_ne!(done.code(), 0);
    let kept = std::fs::metadata(&recording).expect("a recording").len();
    assert!(kept < 66 * MIB, "{kept}");
    let report = Archive::read(incomplete(&output)).report();
    let received = report["gatherers"][0]["bytesReceived"].as_u64().expect("a number");
    if received > 64 * MIB {
        assert!(
            report["warnings"].to_string().contains("1 response is truncated or missing in the recording"),
            "{report:#}"
        );
    }
    assert_eq!(left_in(place.path()).len(), 3, "the module, the recording and what is incomplete");
    // A replay has what there is, and is not complete either.
    let again = Host::run(&module).replay(&recording).output(place.path().join("again")).wait();
    assert_ne!(again.code(), 0);
}
