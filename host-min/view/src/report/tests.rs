use super::*;
use std::fs;
use std::path::Path;

fn archive(folder: &Path) -> Shown {
    let write = |path: &str, text: &str| {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    write(
        "wagather.json",
        r#"{"time":"2026-01-02T03:04:05Z","gatherers":[{"name":"Edge_nodes","version":"1.2","status":"gaps"},
            {"name":"broken","version":"1","status":"failed","reason":"it \"trapped\""},{"name":"pipes","version":"1","status":"complete"}],
            "gaps":[{"gatherer":"Edge_nodes","asked":"list /v1/nodes","reason":"403 <b>"}]}"#,
    );
    write(
        "Edge_nodes/findings.json",
        r#"{"findings":[
            {"severity":"error","code":"Down","message":"a\u001b & <b> \uffff\n","object":{"apiVersion":"v1","kind":"Node","name":"n1"},
             "since":"2026-01-01T00:00:00.5Z","properties":{"reason":"x"}},
            {"severity":"warning","code":"Slow","message":"m","object":{"apiVersion":"v1","kind":"Pod","namespace":"shop","name":"p"}},
            {"severity":"info","code":"Down","message":""}]}"#,
    );
    Shown { path: "a.tar.gz".into(), gathered: Gathered::open(folder).expect("an archive") }
}

#[test]
fn junit_has_a_suite_for_each_gatherer() {
    let place = tempfile::tempdir().expect("a folder");
    let text = junit::page(&[archive(place.path())]).as_str().to_owned();
    for part in [
        r#"<testsuite name="Edge_nodes" package="wagather" id="0" hostname="localhost" timestamp="2026-01-02T03:04:05" tests="4" failures="1" errors="0" skipped="2" time="0">"#,
        r#"<testcase name="Node n1" classname="Edge_nodes.Down" time="0"><failure type="Down" message="Node n1: Down: a\u{1b} &amp; &lt;b&gt; \u{ffff}\n (since 2026-01-01T00:00:00.5Z)">"#,
        r#"<testcase name="Pod shop/p" classname="Edge_nodes.Slow" time="0"><skipped message="Pod shop/p: Slow: m"/></testcase>"#,
        r#"<testcase name="list /v1/nodes" classname="Edge_nodes.gaps" time="0"><skipped message="403 &lt;b&gt;"/></testcase>"#,
        r#"<testcase name="Down" classname="Edge_nodes.Down" time="0"/>"#,
        r#"<error type="Failed" message="it &quot;trapped&quot;">"#,
        r#"<testcase name="everything was gathered" classname="pipes" time="0"/>"#,
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}

#[test]
fn sarif_has_a_run_for_each_gatherer() {
    let place = tempfile::tempdir().expect("a folder");
    let log = sarif::log(&[archive(place.path())]);
    let run = &log["runs"][0];
    assert_eq!(log["version"], "2.1.0");
    assert_eq!(run["tool"]["driver"]["rules"], serde_json::json!([{"id": "Down"}, {"id": "Slow"}]));
    let levels: Vec<(&str, u64)> = run["results"]
        .as_array()
        .expect("results")
        .iter()
        .map(|result| {
            (result["level"].as_str().expect("a level"), result["ruleIndex"].as_u64().expect("an index"))
        })
        .collect();
    assert_eq!(levels, [("error", 0), ("warning", 1), ("note", 0)]);
    assert_eq!(
        run["results"][1]["locations"][0]["logicalLocations"][0]["fullyQualifiedName"],
        "v1/Pod/shop/p"
    );
    assert_eq!(run["results"][2]["message"]["text"], "Down", "a message is never empty");
    assert_eq!(log["runs"][1]["invocations"][0]["executionSuccessful"], false);
}

#[test]
fn policy_reports_are_in_the_namespaces_of_their_objects() {
    let place = tempfile::tempdir().expect("a folder");
    let shown = archive(place.path());
    for (api, cluster, namespaced) in [
        (policy::Api::PolicyReport, "ClusterPolicyReport", "PolicyReport"),
        (policy::Api::OpenReports, "ClusterReport", "Report"),
    ] {
        let list = policy::list(&shown, api);
        let items = list["items"].as_array().expect("items");
        let kinds: Vec<&str> = items.iter().map(|item| item["kind"].as_str().expect("a kind")).collect();
        assert_eq!(kinds, [cluster, namespaced], "a gatherer that does not judge has none");
        assert_eq!(items[0]["metadata"]["name"], "wagather-edge-nodes");
        assert_eq!(items[1]["metadata"]["namespace"], "shop");
        assert_eq!(
            items[0]["summary"],
            serde_json::json!({"pass": 0, "fail": 1, "warn": 0, "error": 0, "skip": 1})
        );
        let first = &items[0]["results"][0];
        assert_eq!(first["timestamp"], serde_json::json!({"seconds": 1_767_225_600, "nanos": 500_000_000}));
        assert_eq!(
            first["resources"],
            serde_json::json!([{"apiVersion": "v1", "kind": "Node", "name": "n1"}])
        );
        assert_eq!((&first["result"], &first["severity"]), (&"fail".into(), &"high".into()));
        let results = items.iter().flat_map(|item| item["results"].as_array().expect("results"));
        let scored: Vec<(&str, bool)> = results
            .map(|result| {
                (result["result"].as_str().expect("a result"), result["scored"].as_bool().expect("a truth"))
            })
            .collect();
        assert_eq!(scored, [("fail", true), ("skip", false), ("warn", false)]);
    }
}

/// A check that nobody can read has not passed.
#[test]
fn findings_that_cannot_be_read_are_an_error_in_each_form() {
    let place = tempfile::tempdir().expect("a folder");
    let write = |path: &str, text: &str| {
        let path = place.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    write("wagather.json", r#"{"gatherers":[{"name":"odd","version":"1","status":"complete"}]}"#);
    write("odd/findings.json", r#"{"findings":[{"severity":"fatal"}]}"#);
    let gathered = Gathered::open(place.path()).expect("an archive");
    let shown = [Shown { path: "a".into(), gathered }];
    let text = junit::page(&shown).as_str().to_owned();
    assert!(
        text.contains(r#"tests="1" failures="0" errors="1""#)
            && text.contains("none of error, warning and info"),
        "{text}"
    );
    let run = &sarif::log(&shown)["runs"][0];
    assert_eq!(run["invocations"][0]["executionSuccessful"], false);
    assert_eq!(run["invocations"][0]["toolExecutionNotifications"][0]["level"], "error");
    let list = policy::list(&shown[0], policy::Api::OpenReports);
    assert_eq!(list["items"][0]["summary"]["error"], 1);
    assert_eq!(list["items"][0]["results"][0]["result"], "error");
}
