//! The effects of a gatherer's endless loops on other gatherers and on the duration of the run.
//!
//! A loop is ended from outside, at or soon after its deadline. The others have their files by then.

use super::{neighbour_is_unharmed, server};
use std::time::Duration;
use tests::archive::Archive;
use tests::host::{Done, Host, incomplete};
use tests::hostile::Hostile;
use tests::{guest, programs};

const DEADLINE: Duration = Duration::from_secs(4);

/// From the deadline until a loop is gone. Measured on two processors that had other work: 32 ms at most, for eight loops at once.
const LATE: Duration = Duration::from_secs(8);

/// What starting the processes and writing the archive takes. Measured there: 110 ms.
const AROUND: Duration = Duration::from_secs(8);

/// A gatherer that does nothing for half a second and then asks: by then all that a neighbour does to it has begun.
fn late(name: &str) -> Vec<u8> {
    let fields = r#"
        (import "wagather_v1" "now" (func $now (result i64)))
        (import "wagather_v1" "rest_start" (func $rest_start (param i32) (result i32)))
        (import "wagather_v1" "rest_status" (func $rest_status (param i32) (result i32)))
        (data (i32.const 0) "\03\00\00\00" "\00\00\00\00" "\00\00\00\00" "\00\00\00\00" "\00\01\00\00" "\08\00\00\00")
        (data (i32.const 256) "/version")
        (func (export "gather") (result i32) (local $until i64)
            (local.set $until (i64.add (call $now) (i64.const 500)))
            (loop $wait (br_if $wait (i64.lt_s (call $now) (local.get $until))))
            (i32.ne (call $rest_status (call $rest_start (i32.const 0))) (i32.const 200)))"#;
    guest::module(name, &["path /version"], fields)
}

/// Runs hostile guests, each under a name of its own, beside three that work.
fn run(hostile: &[(&str, Vec<u8>)]) -> (Done, Archive) {
    let (place, server) = (tests::place(), server());
    let output = place.path().join("out");
    let mut modules: Vec<_> =
        hostile.iter().map(|(name, module)| guest::write(place.path(), name, module)).collect();
    modules.extend(["cluster-operators", "degraded-operators"].map(programs::guest));
    modules.push(guest::write(place.path(), "late", &late("late")));
    let done = Host::run_all(modules)
        .server(&server.url())
        .output(&output)
        .timeout(&format!("{}ms", DEADLINE.as_millis()))
        .wait();
    done.expect_code(7);
    let archive = Archive::read(incomplete(&output));
    neighbour_is_unharmed(&archive);
    for name in ["degraded-operators", "late"] {
        let part = archive.gatherer(name);
        assert_eq!(part["status"], "complete", "{name} was harmed: {part:#}");
    }
    assert!(done.elapsed < DEADLINE + LATE + AROUND, "it took {:?}", done.elapsed);
    for (name, _) in hostile {
        let part = archive.gatherer(name);
        assert_eq!(part["reason"], "it was stopped at its deadline", "{part:#}");
        let took = Duration::from_secs_f64(part["durationMs"].as_f64().expect("a duration") / 1e3);
        eprintln!("{name}: {took:?} of {:?}", done.elapsed);
        assert!((DEADLINE..DEADLINE + LATE).contains(&took), "{name} was stopped after {took:?}");
    }
    (done, archive)
}

#[test]
fn a_loop_costs_three_others_nothing() {
    run(&[("loop", Hostile::read("loop").module)]);
}

#[test]
fn a_loop_of_calls_costs_three_others_nothing() {
    run(&[("loop-with-calls", Hostile::read("loop-with-calls").module)]);
}

#[test]
fn several_loops_at_once_cost_three_others_nothing() {
    let names: Vec<String> = (0..8).map(|number| format!("loop-{number}")).collect();
    let loops: Vec<_> = names
        .iter()
        .map(|name| {
            let fields =
                r#"(func (export "gather") (result i32) (loop $for_ever (br $for_ever)) (i32.const 0))"#;
            (&**name, guest::module(name, &[], fields))
        })
        .collect();
    run(&loops);
}

/// Requests on their way are shared by the gatherers of a run: one that has many, which nobody answers, must leave room.
#[test]
fn requests_without_an_answer_cost_three_others_nothing() {
    run(&[("starves-others", Hostile::read("starves-others").module)]);
}
