use super::*;
use std::fs;
use std::path::Path;

/// Writes an archive as a folder.
fn archive(folder: &Path, files: &[(&str, &str)]) -> Side {
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    Side::open(folder).expect("an archive")
}

fn differences(before: &Side, after: &Side, all: bool) -> (Vec<String>, compare::Summary) {
    let mut shown = Vec::new();
    let summary = compare::compare(before, after, all, &mut |change| {
        let how = match &change.how {
            compare::How::Added => "+".to_owned(),
            compare::How::Removed => "-".to_owned(),
            compare::How::Changed(fields) => {
                fields.iter().map(|field| field.path.clone()).collect::<Vec<_>>().join(" ")
            }
        };
        let what = match change.what {
            compare::What::Object { kind, namespace, name, .. } => format!("{kind} {namespace}/{name}"),
            compare::What::Finding { gatherer, finding } => format!("{gatherer} {}", finding.code),
            compare::What::File { path } => path.to_owned(),
        };
        shown.push(format!("{how} {what}"));
        Ok(())
    });
    (shown, summary.expect("a comparison"))
}

const REPORT: &str = r#"{"time":"2026-01-02T03:04:05Z","gatherers":[{"name":"g","resources":[
    {"resource":"v1/configmaps","complete":true,"items":0},{"resource":"apps/v1/deployments","complete":false}]}]}"#;

#[test]
fn archives_of_two_layouts_are_compared() {
    let place = tempfile::tempdir().expect("a folder");
    let pod = |more: &str| {
        format!(
            r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"web","namespace":"shop"{more}}},"spec":{{"nodeName":"n1"}}}}"#
        )
    };
    let before = archive(
        &place.path().join("a"),
        &[
            ("wagather.json", REPORT),
            ("namespaces/shop/core/pods/web.json", &pod(r#","resourceVersion":"1""#)),
            (
                "namespaces/shop/core/secrets/s.json",
                r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s","namespace":"shop"}}"#,
            ),
            (
                "g/findings.json",
                r#"{"findings":[{"severity":"info","code":"A","message":"m"},{"severity":"info","code":"B","message":"m"}]}"#,
            ),
            ("g/list.json", r#"[{"name":"a","n":1},{"name":"b"}]"#),
            ("h/list.json", "[]"),
        ],
    );
    // The list of a must-gather, whose items do not say what they are.
    let list = r#"{"apiVersion":"v1","kind":"PodList","items":[
        {"metadata":{"name":"web","namespace":"shop","resourceVersion":"2","managedFields":[]},"spec":{"nodeName":"n1"}},
        {"metadata":{"name":"web-2","namespace":"shop"}}]}"#;
    let other = archive(
        &place.path().join("b"),
        &[
            ("must-gather/namespaces/shop/core/pods.yaml", list),
            ("must-gather/namespaces/shop/apps/deployments.yaml", "apiVersion: v1\nkind: List\nitems: []\n"),
        ],
    );
    let (shown, summary) = differences(&before, &other, false);
    assert_eq!(shown, ["+ Pod shop/web-2"]);
    assert_eq!((summary.added, summary.removed, summary.changed, summary.same), (1, 0, 0, 1));
    let left = |of: bool| {
        summary
            .not_compared
            .iter()
            .filter(|(_, is_before)| *is_before == of)
            .map(|(name, _)| &**name)
            .collect::<Vec<_>>()
    };
    assert!(
        left(true).contains(&"secrets")
            && left(true).contains(&"findings of g")
            && left(true).contains(&"g/"),
        "{:?}",
        summary.not_compared
    );
    let (shown, _) = differences(&before, &other, true);
    assert!(shown.contains(&"metadata.resourceVersion Pod shop/web".to_owned()), "{shown:?}");
}

#[test]
fn what_was_looked_for_and_not_found_is_gone() {
    let place = tempfile::tempdir().expect("a folder");
    let map = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","namespace":"shop"}}"#;
    let web = r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"w","namespace":"shop"}}"#;
    let with = archive(
        &place.path().join("a"),
        &[
            ("wagather.json", REPORT),
            ("namespaces/shop/core/configmaps/c.json", map),
            ("namespaces/shop/apps/deployments/w.json", web),
            ("g/list.json", r#"[{"name":"a","n":1},{"name":"b"}]"#),
            ("g/findings.json", r#"{"findings":[{"severity":"info","code":"A","message":"one"}]}"#),
        ],
    );
    let without = archive(
        &place.path().join("b"),
        &[
            ("wagather.json", REPORT),
            ("g/list.json", r#"[{"name":"b"},{"name":"a","n":2}]"#),
            ("g/old-findings.json", "[]"),
            ("g/findings.json", r#"{"findings":[{"severity":"info","code":"A","message":"two"}]}"#),
        ],
    );
    let (shown, summary) = differences(&with, &without, false);
    let expected = ["message g A", "- ConfigMap shop/c", "[name=a].n g/list.json", "+ g/old-findings.json"];
    assert_eq!(shown, expected);
    assert_eq!(summary.not_compared, [("deployments.apps".to_owned(), true)]);
    assert!(summary.is_different());
    let (shown, summary) = differences(&with, &with, true);
    assert!(shown.is_empty() && !summary.is_different() && summary.same == 4, "{shown:?}");
}

/// Objects of the core group, in the folders of this host.
fn pods(report: &str, of: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = Vec::new();
    if !report.is_empty() {
        files.push(("wagather.json".into(), report.into()));
    }
    for (namespace, name) in of {
        let place = match *namespace {
            "" => format!("cluster-scoped-resources/core/nodes/{name}.json"),
            namespace => format!("namespaces/{namespace}/core/pods/{name}.json"),
        };
        let kind = if namespace.is_empty() { "Node" } else { "Pod" };
        let object = serde_json::json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": namespace}});
        files.push((place, object.to_string()));
    }
    files
}

/// A report of a run with one gatherer.
fn report(narrowed: &str, resources: &str, more: &str) -> String {
    format!(
        r#"{{"time":"2026-01-02T03:04:05Z","narrowedTo":{narrowed},"gatherers":[{{"name":"g","resources":[{resources}]{more}}}]}}"#
    )
}

#[test]
fn what_was_not_looked_for_is_not_gone() {
    const ALL: &str = r#"{"resource":"v1/pods","complete":true,"status":"complete"},{"resource":"v1/nodes","complete":true,"status":"complete"}"#;
    let rows = |status: &str, rows: &[(&str, &str)]| {
        let rows =
            rows.iter().map(|(name, status)| format!(r#"{{"namespace":"{name}","status":"{status}"}}"#));
        let rows = rows.collect::<Vec<_>>().join(",");
        format!(
            r#"{{"resource":"v1/pods","complete":{},"status":"{status}","namespaces":[{rows}]}}"#,
            status == "complete"
        )
    };
    let selected = report(r#"{"selector":"app=web"}"#, ALL, "");
    let kept_back = r#","withheld":[{"resource":"v1/pods","items":1}]"#;
    let (shop_and_bank, forbidden) = (
        rows("complete", &[("shop", "complete"), ("bank", "complete")]),
        rows("gaps", &[("shop", "complete"), ("bank", "forbidden")]),
    );
    let gap = |object: &str| {
        let gaps = format!(r#"],"gaps":[{{"resource":"v1/pods","asked":"list v1/pods"{object}}}],"x":["#);
        report("{}", r#"{"resource":"v1/pods","complete":false,"status":"gaps","items":1}"#, "")
            .replace("]}]}", &format!("]}}{gaps}]}}"))
    };
    let before = pods(
        &report("{}", ALL, ""),
        &[("bank", "till"), ("shop", "a"), ("shop", "b"), ("", "n1"), ("", "n2")],
    );
    // What a second archive has beside the pod `shop/a` and the node `n1`, what is gone, and what cannot be compared.
    for (what, report, gone, not_compared) in [
        ("all of it", report("{}", ALL, ""), &["Node /n2", "Pod bank/till", "Pod shop/b"][..], &[][..]),
        ("another namespace", report("{}", &shop_and_bank, ""), &["Pod bank/till", "Pod shop/b"], &[]),
        (
            "one namespace",
            report("{}", &rows("complete", &[("shop", "complete")]), ""),
            &["Pod shop/b"],
            &["pods in bank (1)"],
        ),
        ("one is refused", report("{}", &forbidden, ""), &["Pod shop/b"], &["pods in bank (1)"]),
        ("a selection", selected, &[], &["nodes (1)", "pods in 2 namespaces (2)"]),
        ("the grant's", report("{}", ALL, kept_back), &["Node /n2"], &["pods in 2 namespaces (2)"]),
        (
            "broken off",
            report("{}", &ALL.replace(r#"true,"status":"complete"#, r#"false,"status":"failed"#), ""),
            &[],
            &["nodes (1)", "pods in 2 namespaces (2)"],
        ),
        ("a skipped one", gap(r#","object":"shop/b""#), &["Pod bank/till"], &["pods in shop (1)"]),
        ("nobody knows which", gap(""), &[], &["pods in 2 namespaces (2)"]),
        ("another program's", String::new(), &["Pod shop/b"], &["pods in bank (1)"]),
    ] {
        let place = tempfile::tempdir().expect("a folder");
        let side = |name: &str, files: &[(String, String)]| {
            let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (&**path, &**text)).collect();
            archive(&place.path().join(name), &files)
        };
        let (before, after) = (side("a", &before), side("b", &pods(&report, &[("shop", "a"), ("", "n1")])));
        for (one, two, mark, is_before) in [(&before, &after, "- ", true), (&after, &before, "+ ", false)] {
            let (shown, summary) = differences(one, two, false);
            let nodes_are_told =
                what == "all of it" || what == "the grant's" || what == "a selection" || what == "broken off";
            let shown: Vec<&str> = shown
                .iter()
                .map(|line| line.strip_prefix(mark).expect(what))
                .filter(|line| nodes_are_told || !line.starts_with("Node"))
                .collect();
            assert_eq!(shown, gone, "{what}");
            let named: Vec<&str> = summary
                .not_compared
                .iter()
                .map(|(name, of)| {
                    assert_eq!(*of, is_before);
                    &**name
                })
                .collect();
            assert_eq!(named, not_compared, "{what}");
        }
    }
}

/// A gatherer that got objects by their names did not look for others.
#[test]
fn an_object_that_was_got_says_nothing_of_others() {
    const ALL: &str = r#"{"resource":"v1/pods","complete":true,"status":"complete"}"#;
    let place = tempfile::tempdir().expect("a folder");
    let side = |name: &str, what: &str, pod: &str| {
        let call = |call: &str, what: &str| {
            format!("{{\"gatherer\":\"g\",\"call\":\"{call}\",\"what\":\"{what}\"}}\n")
        };
        let audit = call("rest_start", what) + &call("archive_write", "list /v1/pods") + "odd\n";
        let mut files = pods(&report("{}", ALL, ""), &[("shop", pod)]);
        files.push(("audit.jsonl".into(), audit));
        let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (&**path, &**text)).collect();
        archive(&place.path().join(name), &files)
    };
    let (got, also_got) = (side("a", "get /v1/pods in shop", "a"), side("b", "get /v1/pods in shop", "b"));
    let listed = side("c", "list /v1/pods", "b");
    let (shown, summary) = differences(&got, &also_got, false);
    assert_eq!((shown.len(), summary.not_compared.len()), (0, 2), "{shown:?}");
    let (shown, summary) = differences(&got, &listed, false);
    assert_eq!(shown, ["- Pod shop/a"]);
    assert_eq!(summary.not_compared, [("pods in shop (1)".to_owned(), false)]);
}

#[test]
fn what_a_broken_file_has_is_not_gone() {
    let place = tempfile::tempdir().expect("a folder");
    let files = pods("", &[("shop", "a"), ("shop", "b"), ("bank", "c")]);
    let of = |name: &str, broken: &str| {
        let cut = |path: &str, text: &'static str| if path.contains(broken) { "{" } else { text };
        let files: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (&**path, cut(path, String::leak(text.clone())))).collect();
        archive(&place.path().join(name), &files)
    };
    let (shown, summary) = differences(&of("whole", "nothing"), &of("broken", "/b.json"), false);
    assert_eq!((shown, summary.not_compared), (Vec::new(), vec![("pods in shop (1)".to_owned(), true)]));
}

/// By the time that counting from the first one would take: minutes.
#[test]
fn many_findings_that_are_alike_are_told_apart() {
    const MANY: usize = 100_000;
    let place = tempfile::tempdir().expect("a folder");
    let findings = |many: usize| {
        let one = r#"{"severity":"info","code":"A","message":"m"}"#;
        format!(r#"{{"findings":[{}]}}"#, vec![one; many].join(","))
    };
    let side = |name: &str, many: usize| {
        archive(&place.path().join(name), &[("wagather.json", REPORT), ("g/findings.json", &findings(many))])
    };
    let (before, after) = (side("a", MANY), side("b", MANY - 2));
    let begin = std::time::Instant::now();
    let (shown, summary) = differences(&before, &after, false);
    assert_eq!((shown.len(), summary.removed, summary.same), (2, 2, MANY - 2));
    assert!(begin.elapsed().as_secs() < 60, "{:?}", begin.elapsed());
}
