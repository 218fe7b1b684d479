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
fn crash_loops_are_findings_and_all_pods_are_counted() {
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
        run.entry("totals.json"),
        r#"{"pods":5,"phases":{"pending":2,"running":1,"succeeded":1,"failed":1,"unknown":0},"crashLooping":2}"#
    );
    assert_eq!(
        run.entry("findings.json"),
        concat!(
            r#"{"findings":[{"severity":"error","code":"CrashLoopBackOff","#,
            r#""object":{"apiVersion":"v1","kind":"Pod","namespace":"batch","name":"init"},"message":"","#,
            r#""properties":{"container":"wait","restarts":"2","lastReason":"","lastExitCode":"","lastFinishedAt":""}},"#,
            r#"{"severity":"error","code":"CrashLoopBackOff","#,
            r#""object":{"apiVersion":"v1","kind":"Pod","namespace":"shop","name":"web-1"},"message":"back-off","#,
            r#""properties":{"container":"web","restarts":"7","lastReason":"Error","lastExitCode":"1","lastFinishedAt":"2024-05-02T11:00:00Z"}}]}"#
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
    assert!(run.entry("totals.json").ends_with(r#""crashLooping":1}"#), "{}", run.entry("totals.json"));
    assert_eq!(
        run.entry("findings.json"),
        concat!(
            r#"{"findings":[{"severity":"error","code":"CrashLoopBackOff","#,
            r#""object":{"apiVersion":"v1","kind":"Pod","namespace":"shop","name":"web-1"},"message":"","#,
            r#""properties":{"container":"web","restarts":"1","lastReason":"OOMKilled","lastExitCode":"137","lastFinishedAt":"2024-05-02T11:00:09Z"}}]}"#
        )
    );
}

#[test]
fn a_pod_counts_once_and_has_a_finding_for_each_container() {
    let [init, main] = ["a", "b"].map(|name| {
        format!(r#"[{{"name": "{name}", "restartCount": 3, "state": {{"waiting": {{"reason": "CrashLoopBackOff"}}}}}}]"#)
    });
    let pod = format!(
        r#"[{{"metadata": {{"name": "web-1", "namespace": "shop"}}, "status": {{"initContainerStatuses": {init}, "containerStatuses": {main}}}}}]"#
    );
    let run = Host::new().list(PATH, &pod).run(gather);
    assert_eq!(run.result, Ok(()));
    let findings = run.entry("findings.json");
    let containers: Vec<&str> =
        findings.split(r#""container":""#).skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(containers, ["a", "b"]);
    assert!(
        run.entry("totals.json").contains(r#""unknown":1},"crashLooping":1}"#),
        "{}",
        run.entry("totals.json")
    );
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
