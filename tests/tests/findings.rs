//! Findings: the host counts, shows and judges what gatherers write to `findings.json`, and `host-min report` and `diff` read it back.

use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tests::archive::Archive;
use tests::guest::judge;
use tests::host::Host;
use tests::{place, programs, workspace};

fn finding(severity: &str, code: &str, message: &str) -> Value {
    json!({"severity": severity, "code": code, "message": message,
        "object": {"apiVersion": "v1", "kind": "Node", "name": "n1"}})
}

fn file(findings: &[Value]) -> String {
    json!({"findings": findings}).to_string()
}

fn view(words: &[&str]) -> Output {
    Command::new(programs::host_min_view()).args(words).env("NO_COLOR", "1").output().expect("host-min-view")
}

#[test]
fn findings_are_counted_and_shown_the_worst_first() {
    let place = place();
    let many: Vec<Value> = (0..7)
        .map(|number| {
            finding(if number == 6 { "error" } else { "warning" }, &format!("C{number}"), "\u{1b}[2J\n")
        })
        .collect();
    let guests = [judge(place.path(), "many", &file(&many)), judge(place.path(), "none", &file(&[]))];
    let output = place.path().join("out");
    let done = Host::run_all(&guests).output(&output).wait();
    done.expect_success();
    for line in ["many      Complete  1 error, 6 warnings ", "none      Complete  none "] {
        assert!(done.stderr.contains(line), "{}", done.stderr);
    }
    assert!(!done.stderr.contains('\u{1b}'), "{}", done.stderr);
    let shown: Vec<&str> = done.stderr.lines().filter(|line| line.contains("finding (")).collect();
    assert_eq!(shown.len(), 5, "{}", done.stderr);
    assert_eq!(shown[0], "many: finding (error): Node n1: C6: \\u{1b}[2J\\n");
    let archive = Archive::read(&output);
    let gatherers = &archive.report()["gatherers"];
    assert_eq!(gatherers[0]["findings"], json!({"error": 1, "warning": 6, "info": 0}));
    assert_eq!(gatherers[1]["findings"], json!({"error": 0, "warning": 0, "info": 0}));
    assert_eq!(archive.json("many/findings.json")["findings"].as_array().expect("findings").len(), 7);
}

#[test]
fn a_file_in_another_form_is_kept_and_its_mistake_has_a_place() {
    let place = place();
    let mut bad = finding("warning", "A", "m");
    bad["severity"] = json!("fatal");
    let large = file(&[finding("info", "A", &"x".repeat(8 << 20))]);
    let guests = [
        judge(place.path(), "bad", &file(&[finding("error", "A", "m"), bad])),
        judge(place.path(), "list", "[]"),
        judge(place.path(), "large", &large),
    ];
    let output = place.path().join("out");
    let done = Host::run_all(&guests).output(&output).wait();
    done.expect_success();
    for warning in [
        "bad: warning: bad/findings.json is not in the form of findings, so they are not counted: findings[1].severity: 'fatal' is none of error, warning and info",
        "list: warning: list/findings.json is not in the form of findings",
        "large: warning: large/findings.json has 8388",
    ] {
        assert!(done.stderr.contains(warning), "{}", done.stderr);
    }
    let archive = Archive::read(&output);
    assert!(archive.report()["gatherers"][0]["findings"].is_null());
    assert_eq!(archive.bytes("list/findings.json"), b"[]");
    assert_eq!(archive.bytes("large/findings.json"), large.as_bytes());
    assert_eq!(archive.report()["complete"], true, "the file is there");
}

#[test]
fn fail_on_has_an_exit_code_of_its_own() {
    let place = place();
    for (severity, on_warning, on_error) in [("error", 11, 11), ("warning", 11, 0), ("info", 0, 0)] {
        let guest = judge(place.path(), severity, &file(&[finding(severity, "A", "m")]));
        for (least, code) in [("warning", on_warning), ("error", on_error)] {
            let output = place.path().join(format!("{severity}-{least}"));
            let done = Host::run(&guest).output(&output).args(["--fail-on", least]).wait();
            assert_eq!(done.code(), code, "{severity} {least}: {}", done.stderr);
            assert!(output.join("wagather.json").is_file(), "the archive is whole: {}", done.stderr);
        }
    }
    let guest = judge(place.path(), "plain", &file(&[finding("error", "A", "m")]));
    Host::run(&guest).output(place.path().join("plain")).wait().expect_success();
}

#[test]
fn a_check_that_nobody_can_read_has_not_passed() {
    let place = place();
    let good = judge(place.path(), "good", &file(&[finding("info", "A", "m")]));
    let worst = judge(place.path(), "worst", &file(&[finding("error", "A", "m")]));
    let large = file(&[finding("info", "A", &"x".repeat(8 << 20))]);
    for (name, content, reason) in
        [("bad", "[]", "is not in the form of findings"), ("large", &*large, "at most 8388608 are counted")]
    {
        let guest = judge(place.path(), name, content);
        let output = place.path().join(format!("out-{name}"));
        let run = |guests: &[&PathBuf], least| {
            let done = Host::run_all(guests).output(&output).args(["--overwrite", "--fail-on", least]).wait();
            let expected = format!("--fail-on {least}: {name}/findings.json ");
            let line = done.stderr.lines().find(|line| line.contains(&expected)).unwrap_or_default();
            assert!(done.code() == 7 && line.contains(reason), "{}", done.stderr);
        };
        run(&[&guest, &good], "error");
        run(&[&worst, &guest], "warning");
        assert!(output.join("wagather.json").is_file(), "the archive is whole");
    }
}

/// The schema's words and the reader's are the same.
#[test]
fn the_schema_has_what_the_reader_knows() {
    let schema: Value = serde_json::from_str(&workspace::read("docs/findings.schema.json")).expect("JSON");
    let finding = &schema["$defs"]["finding"];
    assert_eq!(finding["properties"]["severity"]["enum"], json!(["error", "warning", "info"]));
    assert_eq!(finding["required"], json!(["severity", "code", "message"]));
    let members: Vec<&String> = finding["properties"].as_object().expect("members").keys().collect();
    assert_eq!(members, ["code", "message", "object", "properties", "severity", "since"]);
    assert_eq!(schema["$defs"]["object"]["required"], json!(["apiVersion", "kind", "name"]));
}

#[test]
fn two_replays_of_a_recording_differ_in_nothing() {
    let place = place();
    let guests: Vec<PathBuf> =
        ["cluster-operators", "degraded-operators", "pods", "nodes", "events", "crash-logs"]
            .iter()
            .map(|name| programs::guest(name))
            .collect();
    let outputs = ["a", "b.tar.gz"].map(|name| place.path().join(name).display().to_string());
    for output in &outputs {
        let done =
            Host::run_all(&guests).replay(workspace::root().join("examples/demo.har")).output(output).wait();
        done.expect_success();
    }
    let [a, b] = &outputs;
    let same = view(&["diff", a, b]);
    assert_eq!(same.status.code(), Some(0), "{}", String::from_utf8_lossy(&same.stdout));
    let all = view(&["diff", "--all", a, b]);
    assert_eq!(all.status.code(), Some(0), "{}", String::from_utf8_lossy(&all.stdout));

    // A field, a condition whose list has another order, and noise.
    let operators = Path::new(a).join("cluster-scoped-resources/config.openshift.io/clusteroperators");
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(operators).expect("a folder").map(|entry| entry.expect("a file").path()).collect();
    paths.sort();
    let edit = |path: &Path, edit: &dyn Fn(&mut Value)| {
        let mut object: Value = serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("JSON");
        edit(&mut object);
        std::fs::write(path, object.to_string()).expect("a file");
    };
    edit(&paths[0], &|object| object["metadata"]["resourceVersion"] = json!("999999"));
    edit(&paths[1], &|object| object["status"]["conditions"].as_array_mut().expect("conditions").reverse());
    assert_eq!(view(&["diff", a, b]).status.code(), Some(0));
    assert_eq!(view(&["diff", "--all", a, b]).status.code(), Some(1));
    edit(&paths[2], &|object| object["metadata"]["labels"] = json!({"a.b/c": "\u{1b}[2J"}));
    std::fs::remove_file(&paths[3]).expect("a file");
    let differs = view(&["diff", b, a]);
    let text = String::from_utf8(differs.stdout).expect("text");
    assert_eq!(differs.status.code(), Some(1), "{text}");
    assert!(text.contains("  + metadata.labels: {\"a.b/c\":\"\\u001b[2J\"}\n"), "{text}");
    assert!(
        text.contains("\n- ClusterOperator.config.openshift.io ")
            && text.contains("0 added, 1 removed, 1 changed"),
        "{text}"
    );
    let json = view(&["diff", "--format", "json", b, a]);
    let json: Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(json["summary"]["changed"], 1, "{json}");
    assert_eq!(json["changes"].as_array().expect("changes").len(), 2);

    let missing = view(&["diff", a, "/nonexistent"]);
    assert_eq!(missing.status.code(), Some(4));
}

/// In every form, what gatherers wrote stays text.
#[test]
fn reports_are_printable_in_every_form() {
    let place = place();
    let evil = "\u{1b}[2J\u{202e}\r\n<b>&\"]]>";
    let mut findings: Vec<Value> =
        ["error", "warning", "info"].iter().map(|severity| finding(severity, "A", evil)).collect();
    findings[0]["object"]["name"] = evil.into();
    findings[0]["properties"] = json!({ evil: evil });
    let guest = judge(place.path(), "evil", &file(&findings));
    let output = place.path().join("out");
    Host::run(&guest).output(&output).wait().expect_success();
    let output = output.to_string_lossy().into_owned();
    for format in ["text", "json", "junit", "sarif", "policy-report", "open-reports"] {
        let done = view(&["report", &output, "--format", format]);
        let text = String::from_utf8(done.stdout).expect("text");
        assert!(done.status.success(), "{format}: {}", String::from_utf8_lossy(&done.stderr));
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\r']), "{format}: {text}");
        match format {
            "text" => {}
            "junit" => {
                assert!(text.contains("&lt;b&gt;&amp;&quot;]]&gt;") && !text.contains("<b>"), "{text}")
            }
            _ => {
                let value: Value = serde_json::from_str(&text).expect(format);
                assert!(value.to_string().contains("\u{202e}"), "{format} keeps all: {value}");
            }
        }
    }
    let two = view(&["report", &output, &output, "--format", "policy-report"]);
    assert_eq!(two.status.code(), Some(4));
    let two = view(&["report", &output, &output, "--format", "junit"]);
    assert_eq!(String::from_utf8_lossy(&two.stdout).matches("<testsuite ").count(), 2);
}
