//! What two gatherings of an idle cluster differ in: nothing. And findings as objects that the server takes.

use super::{alone, shared};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};
use tests::apiserver::Server;
use tests::host::Host;
use tests::{place, programs};

fn view(words: &[&str]) -> Output {
    Command::new(programs::host_min_view()).args(words).output().expect("host-min-view")
}

fn gather(server: &Server, output: &Path) {
    let guests = ["cluster-operators", "degraded-operators", "pods", "nodes", "events", "image-inventory"]
        .map(programs::guest);
    Host::run_all(guests).kubeconfig(server.kubeconfig("token.yaml")).output(output).wait().expect_success();
}

#[test]
fn two_gatherings_of_an_idle_cluster_differ_in_nothing() {
    let server = shared();
    let place = place();
    let [a, b] = ["a", "b.tar.gz"].map(|name| place.path().join(name));
    gather(&server, &a);
    gather(&server, &b);
    let done = view(&["diff", &a.to_string_lossy(), &b.to_string_lossy()]);
    let text = String::from_utf8_lossy(&done.stdout);
    assert_eq!(done.status.code(), Some(0), "{text}");
    assert!(text.contains("0 added, 0 removed, 0 changed") && !text.contains("not compared"), "{text}");
}

/// What the definitions of the Policy working group and of OpenReports demand of a report: only these members, and these words.
fn definition([group, version]: [&str; 2], kind: &str, plural: &str, scope: &str) -> Value {
    let text = || json!({"type": "string"});
    let words = |words: &[&str]| json!({"type": "string", "enum": words});
    let number = || json!({"type": "integer"});
    let result = json!({"type": "object", "required": ["policy"], "properties": {
        "source": text(), "policy": text(), "rule": text(), "message": text(), "category": text(),
        "result": words(&["pass", "fail", "warn", "error", "skip"]),
        "severity": words(&["critical", "high", "low", "medium", "info"]),
        "scored": {"type": "boolean"},
        "timestamp": {"type": "object", "required": ["seconds", "nanos"],
            "properties": {"seconds": {"type": "integer", "format": "int64"}, "nanos": {"type": "integer", "format": "int32"}}},
        "properties": {"type": "object", "additionalProperties": text()},
        "resources": {"type": "array", "items": {"type": "object", "properties": {
            "apiVersion": text(), "kind": text(), "namespace": text(), "name": text()}}},
    }});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{group}"),
            "annotations": {"api-approved.kubernetes.io": "unapproved, for a test"}},
        "spec": {"group": group, "scope": scope,
            "names": {"kind": kind, "plural": plural, "singular": kind.to_ascii_lowercase(), "listKind": format!("{kind}List")},
            "versions": [{"name": version, "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object",
                "properties": {
                    "results": {"type": "array", "items": result},
                    "summary": {"type": "object", "properties": {
                        "pass": number(), "fail": number(), "warn": number(), "error": number(), "skip": number()}},
                }}}}]},
    })
}

#[test]
fn the_server_takes_findings_as_policy_reports() {
    takes(
        "policy-report",
        ["wgpolicyk8s.io", "v1alpha2"],
        [
            ("PolicyReport", "policyreports", "Namespaced"),
            ("ClusterPolicyReport", "clusterpolicyreports", "Cluster"),
        ],
    );
}

#[test]
fn the_server_takes_findings_as_open_reports() {
    takes(
        "open-reports",
        ["openreports.io", "v1alpha1"],
        [("Report", "reports", "Namespaced"), ("ClusterReport", "clusterreports", "Cluster")],
    );
}

/// A server with the definitions takes every object of the form, and keeps all of it.
fn takes(format: &str, api: [&str; 2], kinds: [(&str, &str, &str); 2]) {
    const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let server = alone();
    let place = place();
    let output = place.path().join("out");
    gather(&server, &output);
    let done = view(&["report", &output.to_string_lossy(), "--format", format]);
    let list: Value = serde_json::from_slice(&done.stdout).expect("JSON");
    let items = list["items"].as_array().expect("items");
    let [group, version] = api;
    for (kind, plural, scope) in kinds {
        server.admin().create(DEFINITIONS, &definition(api, kind, plural, scope));
    }
    let mut made = Vec::new();
    for item in items {
        let (_, plural, _) = kinds.iter().find(|(kind, ..)| item["kind"] == *kind).expect("a kind of ours");
        let collection = match item["metadata"]["namespace"].as_str() {
            Some(namespace) => format!("/apis/{group}/{version}/namespaces/{namespace}/{plural}"),
            None => format!("/apis/{group}/{version}/{plural}"),
        };
        // The server serves a new type a moment after it took it.
        let until = Instant::now() + Duration::from_secs(60);
        let answer = loop {
            let target = format!("{collection}?fieldValidation=Strict");
            let answer = server.admin().send("POST", &target, "application/json", Some(item));
            if answer.status != 404 || Instant::now() > until {
                break answer;
            }
            std::thread::sleep(Duration::from_millis(100));
        };
        assert_eq!(answer.status, 201, "{item:#}\n{}", String::from_utf8_lossy(&answer.body));
        assert_eq!(answer.json()["results"], item["results"], "the server keeps all of it");
        made.push(item["kind"].clone());
    }
    for (kind, plural, _) in kinds {
        assert!(made.contains(&kind.into()), "there is no {kind}: {made:?}");
        server.admin().delete(&format!("{DEFINITIONS}/{plural}.{group}"));
    }
}
