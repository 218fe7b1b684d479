//! The report shows what a grant withholds and hides, per rule, and the parts of it that had no effect and may be
//! misspelt.

use super::grant;
use serde_json::{Value, json};
use std::path::Path;
use tests::archive::Archive;
use tests::guest::{self, Texts};
use tests::host::{Done, Host};
use tests::objects;
use tests::place;
use tests::server::Running;

const PODS: Texts<'_> = Texts {
    version: "v1",
    resource: "pods",
    group: "",
    namespace: "",
    name: "",
    subresource: "",
    labels: "",
    fields: "",
    mask: "",
    query: "",
};

/// Rules about pods, each with these lines.
fn rules(each: &[&str]) -> String {
    each.iter().fold("rules:\n".to_owned(), |text, more| {
        text + &format!("  - verbs: [list]\n    apiGroups: [\"\"]\n    resources: [pods]\n    {more}\n")
    })
}

/// A run of a guest that pipes all pods, as far as its manifest's mask has them.
fn piped(folder: &Path, server: &Running, mask: &str, rules: &str, words: &[&str]) -> Done {
    let record = format!("resource get,list /v1/pods * {mask}");
    let module = guest::write(folder, "pipes", &guest::piping("pipes", &[&record], &PODS));
    grant(folder, rules);
    let _ = std::fs::remove_dir_all(folder.join("out"));
    Host::run(module)
        .server(&server.url())
        .output("out")
        .args(["--grant", "grant.yaml"])
        .args(words)
        .current_folder(folder)
        .wait()
}

fn report(folder: &Path) -> Value {
    Archive::read(folder.join("out")).report()
}

#[test]
fn what_is_withheld_and_hidden_is_in_the_report_the_table_and_the_lines() {
    let (place, server) = (place(), objects::server().start());
    let folder = place.path();
    let grant = rules(&[
        "namespaces: [\"sh*\"]\n    without: [status.containerStatuses.lastState, metadata.labels]",
        "resourceNames: [\"pod-9*\", \"pod-*0\"]\n    without: [metadata.labels, spec]",
    ]);
    let done = piped(folder, &server, "metadata,status", &grant, &[]);
    done.expect_success();
    let report = report(folder);
    let part = &report["gatherers"][0];
    assert_eq!(
        part["withheld"],
        json!([{"rules": [1, 2], "resource": "v1/pods", "items": part["itemsWithheld"]}])
    );
    let given = part["items"].as_u64().expect("a number");
    assert_eq!(part["itemsWithheld"].as_u64(), Some(5 - given));
    // Each object has its labels; not each has a last state. What the mask leaves out was not hidden.
    let field = |rule: u64, field: &str, objects: &Value| json!({"rule": rule, "resource": "v1/pods", "field": field, "objects": objects});
    let hidden = part["hidden"].as_array().expect("a list");
    let last_states = &hidden.iter().find(|one| one["field"] != "metadata.labels").expect("one")["objects"];
    assert_eq!(
        *hidden,
        [
            field(1, "metadata.labels", &json!(given)),
            field(2, "metadata.labels", &json!(given)),
            field(1, "status.containerStatuses.lastState", last_states),
        ]
    );
    assert_eq!(part["objectsReduced"], given);
    for said in [
        " WITHHELD ",
        " REDUCED ",
        &format!("pipes: the grant withheld {} item", 5 - given),
        "of v1/pods (rules 1, 2)\n",
        &format!("pipes: the grant hid metadata.labels of {given} objects of v1/pods (rule 1)\n"),
    ] {
        assert!(done.stderr.contains(said), "{said}: {}", done.stderr);
    }
    // 'pod-9*' has matched nothing; what matched or hid something is not suspected.
    let warnings = report["warnings"].as_array().expect("a list");
    assert_eq!(
        *warnings,
        [json!(
            "grant.yaml:12:21: rule 2: 'pod-9*' of resourceNames matched nothing: no object of v1/pods has this name"
        )],
        "{warnings:#?}"
    );
    // Where nothing is kept back, nobody is bothered.
    let done = piped(folder, &server, "metadata,status", &rules(&["namespaces: [\"*\"]"]), &[]);
    for unsaid in ["WITHHELD", "REDUCED", "the grant", "warning"] {
        assert!(!done.expect_success().stderr.contains(unsaid), "{unsaid}: {}", done.stderr);
    }
    // For machines it is a line of its own kind, and in the sums.
    let done = piped(folder, &server, "*", &rules(&["namespaces: [\"sh*\"]"]), &["--log-format", "json"]);
    let lines: Vec<Value> =
        done.expect_success().stderr.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let of =
        |event: &str| lines.iter().find(|line| line["event"] == event).unwrap_or_else(|| panic!("{event}"));
    assert_eq!(of("grant")["message"], "the grant withheld 2 items of v1/pods (rule 1)");
    assert_eq!((&of("grant")["level"], &of("summary")["itemsWithheld"]), (&json!("info"), &json!(2)));
}

#[test]
fn names_and_fields_that_do_nothing_are_told_with_their_place() {
    let (place, server) = (place(), objects::server().start());
    let folder = place.path();
    for (mask, rule, said) in [
        (
            "*",
            "namespaces: [shop, shopp]",
            "grant.yaml:7:24: rule 1: 'shopp' of namespaces matched nothing: no object of v1/pods is in such a namespace",
        ),
        (
            "*",
            "namespaces: [\"*op\", \"shp-*\"]",
            "grant.yaml:7:25: rule 1: 'shp-*' of namespaces matched nothing",
        ),
        (
            "*",
            "resourceNames: [\"pod-*\", web]",
            "grant.yaml:7:30: rule 1: 'web' of resourceNames matched nothing",
        ),
        // The name is there, but not where the rule is about it.
        (
            "*",
            "{namespaces: [default], resourceNames: [\"pod-*\", pod-4]}",
            "'pod-4' of resourceNames matched nothing",
        ),
        (
            "*",
            "without: [spec.nodename, metadata.labels]",
            "grant.yaml:7:15: rule 1: spec.nodename hid nothing: none of the 5 objects of v1/pods has it",
        ),
        (
            "spec(nodeName),metadata",
            "without: [spec.nodNam]",
            "spec.nodNam hid nothing in the 5 objects of v1/pods, because no gatherer reads it; did you mean spec.nodeName?",
        ),
    ] {
        let rules = match rule.strip_prefix('{').and_then(|rule| rule.strip_suffix('}')) {
            Some(two) => rules(&[&two.replace("], ", "]\n    ")]),
            None => rules(&[rule]),
        };
        let done = piped(folder, &server, mask, &rules, &[]);
        done.expect_success();
        let report = report(folder);
        let warnings = report["warnings"].as_array().expect("warnings");
        assert_eq!(warnings.len(), 1, "{rule}: {warnings:#?}");
        assert!(warnings[0].as_str().expect("a text").contains(said), "{rule}: {warnings:#?}");
        assert!(done.stderr.contains(&format!("warning: {}", warnings[0].as_str().expect("a text"))));
    }
    for (mask, rule) in [
        // Nothing of that was to be read, and it is like nothing that was.
        ("metadata", "without: [spec.containers.env]"),
        ("spec(nodeName)", "without: [spec.serviceAccount, data]"),
        ("*", "without: [metadata.managedFields, metadata.labels]"),
        // A field within one that is hidden, and one of two names.
        ("*", "without: [spec, spec.containers.env, spec.containers]"),
        ("*", "without: [spec.host, spec.nodeName]"),
    ] {
        piped(folder, &server, mask, &rules(&[rule]), &[]).expect_success();
        assert_eq!(report(folder).get("warnings"), None, "{rule}");
    }
}

#[test]
fn another_case_is_an_error_before_anything_is_asked() {
    let (place, server) = (place(), objects::server().start());
    let grant = rules(&["namespaces: [shop]", "without: [metadata.labels, Spec.nodename]"]);
    for words in [&[][..], &["--dry-run"]] {
        let done = piped(place.path(), &server, "metadata,spec(nodeName)", &grant, words);
        done.expect_code(4);
        for said in [
            "grant.yaml:11:32: rule 2: no gatherer reads Spec.nodename, but one reads spec.nodeName of v1/pods",
            "write the field as in the gatherer's mask",
        ] {
            assert!(done.stderr.contains(said), "{said}: {}", done.stderr);
        }
    }
    assert_eq!(server.seen(), []);
    // Letters may be meant as they are: that is said, and the run goes on.
    let grant = rules(&["without: [spec.nodeNam]"]);
    let done = piped(place.path(), &server, "spec(nodeName)", &grant, &["--dry-run"]);
    let said = "grant.yaml:7:15: rule 1: no gatherer reads spec.nodeNam of v1/pods, so removing it has no effect; did you mean spec.nodeName?";
    assert!(done.expect_success().stdout_text().contains(said), "{}", done.stdout_text());
    let inspected = |words: &[&str]| {
        let host = Host::new(["inspect", "pipes.wasm", "--grant", "grant.yaml"]).args(words);
        host.current_folder(place.path()).wait().expect_success().stdout_text()
    };
    assert!(inspected(&[]).contains(said), "{}", inspected(&[]));
    let json: Value = serde_json::from_str(&inspected(&["--json"])).expect("JSON");
    assert_eq!(json["grant"]["doubts"], json!([said]));
}
