//! Guests that run ahead of their runs, up to their first call. Nobody can tell from a run that they did, and nothing of an older version runs.

use super::{ENDLESS, LONG, NOTHING, complete, config, ran, start, until};
use std::path::Path;
use std::time::{Duration, Instant};
use tests::archive::Archive;
use tests::guest::{self, Texts};
use tests::{objects, place, programs};
use wagather_base::time::clock_millis;
use wagather_sandbox::Job;
use wagather_sandbox::process::Sandbox;
use wagather_sandbox::zygote::Zygote;
use wagather_serve::Service;
use wagather_serve::status::{RunState, RunStatus};

/// Warns with these words, and then goes on so.
fn warning(words: &str, then: &str) -> String {
    format!(
        r#"(import "wagather_v1" "log" (func $log (param i32 i32 i32) (result i32)))
        (data (i32.const 64) "{words}")
        (func (export "gather") (result i32)
            (drop (call $log (i32.const 2) (i32.const 64) (i32.const {})))
            {then})"#,
        words.len()
    )
}

/// Returns the time of day in tenths of a second, without the higher digits.
const TELLING_TIME: &str = r#"(import "wagather_v1" "now" (func $now (result i64)))
    (func (export "gather") (result i32)
        (i32.wrap_i64 (i64.rem_u (i64.div_u (call $now) (i64.const 100)) (i64.const 1000000000))))"#;

/// Asks for the time once, and then runs until it is stopped.
const ENDLESS_AFTER_A_CALL: &str = r#"(import "wagather_v1" "now" (func $now (result i64)))
    (func (export "gather") (result i32) (drop (call $now)) (loop (br 0)) (i32.const 0))"#;

/// Returns the first byte of the parameter `which`.
const TELLING_PARAM: &str = r#"(import "wagather_v1" "param" (func $param (param i32 i32 i32 i32) (result i32)))
    (data (i32.const 64) "which")
    (func (export "gather") (result i32)
        (drop (call $param (i32.const 64) (i32.const 5) (i32.const 128) (i32.const 8)))
        (i32.load8_u (i32.const 128)))"#;

/// Traps without a call.
const TRAP: &str = r#"(func (export "gather") (result i32) unreachable)"#;

fn serving(place: &Path, records: &[&str], body: &str) -> Service {
    let module = guest::write(place, "ahead", &guest::module("ahead", records, body));
    start(config(place, &module, "http://127.0.0.1:9"))
}

/// The code that the guest returned.
fn code(run: &RunStatus) -> i64 {
    assert_eq!(run.state, RunState::Failed, "{run:?}");
    let reason = run.reason.clone().expect("a reason");
    let mut numbers = reason.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty());
    numbers.next_back().and_then(|digits| digits.parse().ok()).unwrap_or_else(|| panic!("{reason}"))
}

fn warnings(run: &RunStatus) -> String {
    let archive = Archive::read(run.archive.as_ref().expect("an archive"));
    archive.json("wagather.json")["gatherers"][0]["warnings"].to_string()
}

/// Until the next sandbox waits.
fn prepared(service: &Service) {
    until("the next sandbox waits", || service.metrics().sandboxes_waiting == 1);
}

#[test]
fn a_guest_stops_at_its_first_call_or_begins_with_its_run() {
    let zygote = Zygote::new(programs::host_min_serve(), vec!["zygote".into()]);
    let prepare = |body: &str| -> Sandbox {
        let module = guest::module("ahead", &["param which help"], body);
        let (memory_bytes, time) = (1 << 20, LONG);
        let job = Job { module: module.into(), memory_bytes, time, engine: None };
        zygote.prepare(&job, Instant::now() + LONG).unwrap_or_else(|failure| panic!("{failure}"))
    };
    for body in [warning("w", "(i32.const 0)").as_str(), TELLING_TIME, TELLING_PARAM, ENDLESS_AFTER_A_CALL] {
        let mut sandbox = prepare(body);
        assert!(sandbox.run_ahead(LONG) && !sandbox.has_ended(), "{body}");
    }
    // Without a call, the guest has ended, or goes on.
    for body in [NOTHING, TRAP] {
        assert!(!prepare(body).run_ahead(LONG), "{body}");
    }
    assert!(!prepare(ENDLESS).run_ahead(Duration::from_millis(50)));
    let mut killed = prepare(TELLING_TIME);
    assert!(killed.run_ahead(LONG));
    tests::processes::send("KILL", killed.id().expect("a process"));
    until("its end is seen", || killed.has_ended());
}

#[test]
fn what_a_guest_does_before_its_first_request_is_part_of_each_run() {
    let then_traps = warning("before the trap", "unreachable");
    for (body, state, told) in [
        (warning("as ever", "(i32.const 0)"), RunState::Complete, Some("as ever")),
        (then_traps, RunState::Failed, Some("before the trap")),
        (TRAP.to_owned(), RunState::Failed, None),
        (NOTHING.to_owned(), RunState::Complete, None),
    ] {
        let place = place();
        let service = serving(place.path(), &[], &body);
        for round in 0..3 {
            prepared(&service);
            let run = ran(&service, "ahead");
            assert_eq!(run.state, state, "{round}: {run:?}");
            assert!(told.is_none_or(|told| warnings(&run).contains(told)), "{round}: {run:?}");
            let is_trap = run.reason.as_ref().is_some_and(|reason| reason.contains("trap"));
            assert_eq!(is_trap, state == RunState::Failed, "{round}: {run:?}");
        }
    }
}

#[test]
fn parameters_and_the_time_are_those_of_the_run() {
    let place = place();
    let service = serving(place.path(), &["param which help"], TELLING_PARAM);
    for which in ["a", "b", "c"] {
        prepared(&service);
        let id = service.trigger("ahead", vec![("which".into(), which.into())]).expect("a run");
        let run = service.wait(&id, LONG).expect("a run");
        assert_eq!(code(&run), i64::from(which.as_bytes()[0]), "{run:?}");
    }
    let place = tests::place();
    let service = serving(place.path(), &[], TELLING_TIME);
    for _ in 0..2 {
        prepared(&service);
        std::thread::sleep(Duration::from_millis(300));
        let before = clock_millis() / 100 % 1_000_000_000;
        let told = code(&ran(&service, "ahead"));
        assert!(told >= before, "{told}, and it was {before} before the run");
    }
}

#[test]
fn the_time_of_a_run_begins_with_it() {
    let place = place();
    let module = guest::write(place.path(), "ahead", &guest::module("ahead", &[], ENDLESS_AFTER_A_CALL));
    let mut config = config(place.path(), &module, "http://127.0.0.1:9");
    let timeout = Duration::from_millis(500);
    let mut entry = wagather_serve::config::Entry::new(module);
    entry.timeout = timeout;
    config.gatherers = vec![entry];
    let service = start(config);
    prepared(&service);
    std::thread::sleep(2 * timeout);
    let run = ran(&service, "ahead");
    assert_eq!(run.state, RunState::Failed, "{run:?}");
    let took = run.duration_ms.expect("a duration");
    assert!(took >= 500.0, "{run:?}");
}

#[test]
fn no_run_has_the_guest_of_an_older_version() {
    let place = place();
    let version =
        |number: u32| guest::module("ahead", &[], &warning(&format!("version {number}"), "(i32.const 0)"));
    let file = guest::write(place.path(), "ahead", &version(0));
    let service = start(config(place.path(), &file, "http://127.0.0.1:9"));
    for number in 1..10 {
        prepared(&service);
        std::fs::write(place.path().join(".next"), version(number)).expect("a file");
        std::fs::rename(place.path().join(".next"), &file).expect("a file");
        let digest = wagather_run::report::ModuleFacts::of(&version(number)).sha256;
        until("it is served", || service.gatherer("ahead").is_some_and(|now| now.digest == digest));
        let run = complete(&service, "ahead");
        assert!(warnings(&run).contains(&format!("version {number}")), "{}", warnings(&run));
    }
}

/// The call that waits is judged when the run has it.
#[test]
fn no_run_has_the_rights_of_an_older_grant() {
    let (place, server) = (place(), objects::server().start());
    let records = ["resource list /v1/pods * *"];
    let request = Texts { version: "v1", resource: "pods", ..Texts::default() };
    let module = guest::write(place.path(), "ahead", &guest::piping("ahead", &records, &request));
    let grant = place.path().join("grant.yaml");
    let allow = |resources: &str| {
        let rule = format!("rules:\n- apiGroups: [\"\"]\n  resources: [{resources}]\n  verbs: [list]\n");
        std::fs::write(&grant, format!("apiVersion: wagather/v1\nkind: Grant\n{rule}")).expect("a file");
    };
    allow("pods");
    let mut config = config(place.path(), &module, &server.url());
    config.grant = Some(grant.clone());
    let service = start(config);
    prepared(&service);
    assert_eq!(complete(&service, "ahead").summary.expect("a summary").requests, 1);
    prepared(&service);
    let seen = server.seen().len();
    allow("events");
    until("the grant is in force", || {
        service.gatherer("ahead").and_then(|now| now.last_replacement).is_some_and(|last| last.accepted)
    });
    let run = ran(&service, "ahead");
    let summary = run.summary.clone().expect("a summary");
    assert_eq!((summary.requests, summary.denials), (0, 1), "{run:?}");
    assert_eq!(server.seen().len(), seen, "nothing was sent");
}

/// A connection that the server has closed is noticed, and a server that wants a pause gets it, as by a request of a thread.
#[test]
fn requests_that_are_written_at_once_are_sent_again_as_others_are() {
    let refusals = std::sync::atomic::AtomicUsize::new(0);
    let server = objects::server().instead(move |seen, answer| {
        let is_second = seen.path.contains("clusteroperators")
            && refusals.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 1;
        if is_second {
            tests::server::Answer::status(429, "TooManyRequests", "later").retry_after("0")
        } else {
            answer
        }
    });
    let (place, server) = (place(), server.start());
    let module = programs::guest("cluster-operators");
    let service = start(config(place.path(), &module, &server.url()));
    for run in 0..4 {
        prepared(&service);
        let run = (run, complete(&service, "cluster-operators"));
        assert_eq!(run.1.summary.as_ref().expect("a summary").items, 3, "{run:?}");
    }
    assert_eq!(server.seen().iter().filter(|seen| seen.path.contains("clusteroperators")).count(), 5);
}
