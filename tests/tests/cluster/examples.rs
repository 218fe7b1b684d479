//! The examples on a real server: their results equal those of a simple reader of the same objects.

use super::{OPERATORS, OPERATORS_PATH, PODS, PODS_PATH, as_given, host, path_of, run, shared};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::programs;

#[test]
fn every_operator_becomes_a_file() {
    let server = shared();
    let ran = run(&server, host(&server, "token.yaml", [programs::guest("cluster-operators")]));
    let archive = ran.gathered();
    let operators = server.items(OPERATORS_PATH);
    assert_eq!(operators.len(), OPERATORS);

    let expected: BTreeSet<String> = operators
        .iter()
        .map(|operator| path_of("config.openshift.io", "clusteroperators", operator))
        .collect();
    assert_eq!(archive.gathered().keys().map(|path| path.to_string()).collect::<BTreeSet<_>>(), expected);
    for operator in operators {
        let path = path_of("config.openshift.io", "clusteroperators", &operator);
        assert!(operator["metadata"]["managedFields"].is_array());
        assert_eq!(archive.json(&path), as_given(operator), "{path}");
    }

    let report = archive.report();
    assert_eq!(report["complete"], true);
    assert_eq!(report["source"], server.url());
    let gathered = archive.gatherer("cluster-operators");
    assert_eq!(gathered["status"], "complete");
    assert_eq!(
        [&gathered["requests"], &gathered["items"], &gathered["entries"]],
        [&json!(1), &json!(OPERATORS), &json!(OPERATORS)]
    );
    assert_eq!([&gathered["warnings"], &gathered["errors"]], [&json!([]), &json!([])]);
    assert_eq!(gathered["bytesGiven"], 0);
}

#[test]
fn the_findings_are_what_a_plain_reading_finds() {
    let server = shared();
    let ran = run(&server, host(&server, "token.yaml", [programs::guest("degraded-operators")]));
    let mut expected = Vec::new();
    let mut in_trouble = BTreeSet::new();
    for operator in server.items(OPERATORS_PATH) {
        let versions = operator["status"]["versions"].as_array().expect("versions");
        let version = versions.iter().find(|version| version["name"] == "operator").expect("a version");
        for condition in operator["status"]["conditions"].as_array().expect("conditions") {
            let (severity, code) = match (condition["type"].as_str(), condition["status"].as_str()) {
                (Some("Degraded"), Some("True")) => ("warning", "Degraded"),
                (Some("Available"), Some("False")) => ("error", "Unavailable"),
                _ => continue,
            };
            in_trouble.insert(operator["metadata"]["name"].to_string());
            expected.push(json!({
                "severity": severity,
                "code": code,
                "object": {
                    "apiVersion": "config.openshift.io/v1",
                    "kind": "ClusterOperator",
                    "name": operator["metadata"]["name"],
                },
                "message": condition["message"],
                "since": condition["lastTransitionTime"],
                "properties": {"reason": condition["reason"], "version": version["version"]},
            }));
        }
    }
    assert!(expected.len() >= 4, "{expected:#?}");
    assert_eq!(ran.gathered().json("degraded-operators/findings.json"), json!({"findings": expected}));
    let line =
        format!("info: {} of {OPERATORS} cluster operators are degraded or unavailable", in_trouble.len());
    assert!(ran.done.stderr.contains(&line), "{}", ran.done.stderr);
}

#[test]
fn the_summary_of_pods_is_what_a_plain_reading_gives() {
    let server = shared();
    let ran = run(&server, host(&server, "token.yaml", [programs::guest("pods")]));
    let pods = server.items(PODS_PATH);
    assert_eq!(pods.len(), PODS);

    let phase = |phase: &str| pods.iter().filter(|pod| pod["status"]["phase"] == phase).count();
    let mut findings: Vec<Value> = Vec::new();
    let mut crash_looping = 0;
    for pod in &pods {
        let containers = ["initContainerStatuses", "containerStatuses"]
            .iter()
            .filter_map(|kind| pod["status"][kind].as_array())
            .flatten()
            .filter(|container| container["state"]["waiting"]["reason"] == "CrashLoopBackOff");
        let before = findings.len();
        findings.extend(containers.map(|container| {
            let last = &container["lastState"]["terminated"];
            json!({
                "severity": "error",
                "code": "CrashLoopBackOff",
                "object": {
                    "apiVersion": "v1",
                    "kind": "Pod",
                    "namespace": pod["metadata"]["namespace"],
                    "name": pod["metadata"]["name"],
                },
                "message": container["state"]["waiting"]["message"],
                "properties": {
                    "container": container["name"],
                    "restarts": container["restartCount"].to_string(),
                    "lastReason": last["reason"],
                    "lastExitCode": last["exitCode"].to_string(),
                    "lastFinishedAt": last["finishedAt"],
                },
            })
        }));
        let labelled = pod["metadata"]["labels"]["wagather.test/state"] == "crash-loop";
        assert_eq!(labelled, findings.len() > before);
        crash_looping += usize::from(labelled);
    }
    let expected = json!({
        "pods": PODS,
        "phases": {
            "pending": phase("Pending"),
            "running": phase("Running"),
            "succeeded": phase("Succeeded"),
            "failed": phase("Failed"),
            "unknown": 0,
        },
        "crashLooping": crash_looping,
    });
    assert_eq!(crash_looping, PODS / 20);
    assert_eq!(ran.gathered().json("pods/totals.json"), expected);
    assert_eq!(ran.gathered().json("pods/findings.json"), json!({"findings": findings}));
}

#[test]
fn all_examples_side_by_side() {
    let server = shared();
    // What the others read changes while other tests run.
    let names = programs::examples_that_name();
    let ran = run(&server, host(&server, "client-cert.yaml", names.iter().map(|name| programs::guest(name))));
    let report = ran.gathered().report();
    let told: Vec<&str> = report["gatherers"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|one| one["name"].as_str())
        .collect();
    assert_eq!(told, names);
    for name in &names {
        assert_eq!(ran.gathered().gatherer(name)["status"], "complete", "{name}");
    }
    assert!(ran.done.stderr.contains("hello: info: hello from a gatherer"), "{}", ran.done.stderr);
}
