extern crate std;

use super::*;
use std::format;
use std::string::String;
use std::vec::Vec;
use wagather::Error;
use wagather::abi::Status;
use wagather::fake::Host;

const PATH: &str = "/api/v1/pods";

fn crash_looping(namespace: &str, name: &str) -> String {
    format!(
        r#"{{"metadata": {{"name": "{name}", "namespace": "{namespace}"}}, "status": {{"phase": "Running",
            "containerStatuses": [
                {{"name": "web", "restartCount": 7, "state": {{"waiting": {{"reason": "CrashLoopBackOff", "message": "back-off"}}}},
                  "lastState": {{"terminated": {{"reason": "Error", "exitCode": 1, "finishedAt": "2024-05-02T11:00:00Z"}}}}}},
                {{"name": "sidecar", "restartCount": 1, "state": {{"running": {{}}}}}}]}}}}"#
    )
}

#[test]
fn crash_loops_are_described_by_namespace() {
    let pods = format!(
        r#"[{}, {}, {}, {}, {}]"#,
        r#"{"metadata": {"name": "init", "namespace": "batch"}, "status": {"phase": "Pending", "initContainerStatuses":
            [{"name": "wait", "restartCount": 2, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]}}"#,
        r#"{"metadata": {"name": "done", "namespace": "batch"}, "status": {"phase": "Succeeded"}}"#,
        r#"{"metadata": {"name": "pull", "namespace": "batch"}, "status": {"phase": "Pending", "containerStatuses":
            [{"name": "a", "state": {"waiting": {"reason": "ImagePullBackOff"}}}]}}"#,
        r#"{"metadata": {"name": "lost", "namespace": "batch"}, "status": {"phase": "Failed", "reason": "NodeLost"}}"#,
        crash_looping("shop", "web-1"),
    );
    let run = Host::new().list(PATH, &pods).run(gather);
    assert_eq!(run.result, Ok(()));
    assert_eq!(
        run.entry("crash-looping.json"),
        concat!(
            r#"{"pods":5,"phases":{"pending":2,"running":1,"succeeded":1,"failed":1,"unknown":0},"#,
            r#""crashLooping":2,"notDescribed":0,"namespaces":["#,
            r#"{"namespace":"batch","pods":[{"pod":"init","containers":[{"name":"wait","restarts":2,"lastReason":"","lastExitCode":0,"#,
            r#""lastFinishedAt":""}]}]},"#,
            r#"{"namespace":"shop","pods":[{"pod":"web-1","containers":[{"name":"web","restarts":7,"lastReason":"Error","lastExitCode":1,"#,
            r#""lastFinishedAt":"2024-05-02T11:00:00Z"}]}]}]}"#
        )
    );
    assert_eq!(
        run.entry("findings.json"),
        concat!(
            r#"{"findings":[{"severity":"error","code":"CrashLoopBackOff","#,
            r#""object":{"apiVersion":"v1","kind":"Pod","namespace":"batch","name":"init"},"message":"","#,
            r#""properties":{"container":"wait","lastReason":""}},"#,
            r#"{"severity":"error","code":"CrashLoopBackOff","#,
            r#""object":{"apiVersion":"v1","kind":"Pod","namespace":"shop","name":"web-1"},"message":"back-off","#,
            r#""properties":{"container":"web","lastReason":"Error"}}]}"#
        )
    );
    assert_eq!(run.logs[0].text, "2 of 5 pods crash-loop");
}

/// The kubelet has seen the crash, and has not delayed the restart yet.
#[test]
fn a_young_crash_loop() {
    let down = |name: &str, restarts: u32, exit_code: u8| {
        format!(
            r#"{{"name": "{name}", "restartCount": {restarts}, "state": {{"terminated":
                {{"reason": "OOMKilled", "exitCode": {exit_code}, "finishedAt": "2024-05-02T11:00:09Z"}}}},
                "lastState": {{"terminated": {{"reason": "Error", "exitCode": 1, "finishedAt": "2024-05-02T11:00:00Z"}}}}}}"#
        )
    };
    // The first crash of `once` is no loop, and `done` ended well after a restart.
    let containers = [down("once", 0, 137), down("web", 1, 137), down("done", 2, 0)].join(",");
    let pod = format!(
        r#"[{{"metadata": {{"name": "web-1", "namespace": "shop"}}, "status": {{"phase": "Running", "containerStatuses": [{containers}]}}}}]"#
    );
    let run = Host::new().list(PATH, &pod).run(gather);
    assert_eq!(run.result, Ok(()));
    assert!(
        run.entry("crash-looping.json").ends_with(concat!(
            r#""crashLooping":1,"notDescribed":0,"namespaces":[{"namespace":"shop","pods":[{"pod":"web-1","containers":["#,
            r#"{"name":"web","restarts":1,"lastReason":"OOMKilled","lastExitCode":137,"lastFinishedAt":"2024-05-02T11:00:09Z"}]}]}]}"#
        )),
        "{}",
        run.entry("crash-looping.json")
    );
    assert_eq!(
        run.entry("findings.json"),
        concat!(
            r#"{"findings":[{"severity":"error","code":"CrashLoopBackOff","#,
            r#""object":{"apiVersion":"v1","kind":"Pod","namespace":"shop","name":"web-1"},"message":"","#,
            r#""properties":{"container":"web","lastReason":"OOMKilled"}}]}"#
        )
    );
}

#[test]
fn what_is_described_is_bounded_and_the_totals_are_not() {
    let pods: Vec<String> =
        (0..MAX_PODS + 3).map(|number| crash_looping("shop", &format!("web-{number}"))).collect();
    let run = Host::new().list(PATH, &format!("[{}]", pods.join(","))).run(gather);
    assert_eq!(run.result, Ok(()));
    let entry = run.entry("crash-looping.json");
    assert!(entry.starts_with(r#"{"pods":503,"#), "{entry}");
    assert!(entry.contains(r#""crashLooping":503,"notDescribed":3,"#), "{entry}");
    assert_eq!(entry.matches(r#""pod":"#).count(), 500);
    // Findings take no memory, so there is one for each.
    assert_eq!(run.entry("findings.json").matches(r#""code":"#).count(), 503);
}

#[test]
fn it_asks_only_for_what_it_reads() {
    let run = Host::new().list(PATH, "[]").run(gather);
    let mask = &run.requests[0].mask;
    assert!(
        mask.starts_with("metadata(name,namespace),status(phase,initContainerStatuses(name,restartCount,"),
        "{mask}"
    );
    assert!(
        mask.contains(
            "terminated(reason,exitCode,finishedAt)),lastState(terminated(reason,exitCode,finishedAt))"
        ),
        "{mask}"
    );
}

#[test]
fn half_a_list_is_no_report() {
    let run = Host::new().list(PATH, "[{}]").break_after(1, Status::TIMED_OUT).run(gather);
    assert_eq!(run.result, Err(Error::new(Status::TIMED_OUT)));
    assert!(run.entries.is_empty());
}
