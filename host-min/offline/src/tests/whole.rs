//! Lists that are whole, as the report and the audit of this host say.

use super::*;

/// The audit of a gatherer that piped these lists: in its words, in those of the host if they differ, and those that the host asked for in
/// its stead.
fn audit_of(lists: &[(&str, &str, &[&str])]) -> String {
    let line = |call: &str, what: &str, result: &str| {
        let line =
            serde_json::json!({"gatherer": "g", "call": call, "what": what, "handle": 64, "result": result});
        format!("{line}\n")
    };
    let piped = lists.iter().map(|(asked, shown, answered)| {
        let answered: String = answered.iter().map(|list| line("rest_start", list, "HTTP 200")).collect();
        let shown = if shown.is_empty() { asked } else { shown };
        format!("{}{answered}{}", line("rest_start", asked, "ok"), line("archive_pipe", shown, "ok"))
    });
    piped.collect()
}

const REPORT: &str = r#"{"time":"2026-01-02T03:04:05Z","gatherers":[{"name":"g"}]}"#;
const POD: (&str, &str) = (
    "namespaces/shop/core/pods/web.json",
    r#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"web","namespace":"shop"}}"#,
);

/// Reads an archive in each way that there is.
fn in_each_way(files: Files) -> Vec<Archive> {
    let place = tempfile::tempdir().expect("a folder");
    for (path, content) in files {
        let path = place.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, content).expect("a file");
    }
    let bytes = gzip(&tar_of(files));
    let tar = place.path().join("archive.tar.gz");
    std::fs::write(&tar, &bytes).expect("a file");
    let read = [
        Archive::open(&tar),
        Archive::read("archive.tar.gz".into(), &*bytes),
        Archive::open_and_look(&tar, &|path| path.ends_with("audit.jsonl"), &mut |_, _| {}),
        std::fs::remove_file(&tar).map_or_else(|error| panic!("{error}"), |()| Archive::open(place.path())),
    ];
    read.into_iter().map(|archive| archive.expect("an archive")).collect()
}

#[test]
fn what_a_whole_list_does_not_have_did_not_exist() {
    let audit = audit_of(&[
        ("list /v1/pods", "", &[]),
        ("list apps/*/statefulsets in shop", "list apps/v1/statefulsets in shop", &[]),
        ("list /v1/services with labels a=b", "list /v1/services", &[]),
        ("list batch/v1/jobs with limit 5", "list batch/v1/jobs", &[]),
        (
            "list */*/*",
            "",
            &["list autoscaling/v2/horizontalpodautoscalers", "list example.com/v1/mice in shop"],
        ),
    ]);
    for archive in in_each_way(&[POD, ("audit.jsonl", &audit), ("wagather.json", REPORT)]) {
        assert_eq!(archive.describe(), "wagather archive, partial");
        for (asked, expected) in [
            ("/api/v1/pods", vec!["web"]),
            ("/api/v1/namespaces/bank/pods?limit=5", vec![]),
            ("/apis/apps/v1/namespaces/shop/statefulsets?labelSelector=a%3Db", vec![]),
            ("/apis/autoscaling/v2/horizontalpodautoscalers", vec![]),
            ("/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers", vec![]),
            ("/apis/example.com/v1/namespaces/shop/mice", vec![]),
        ] {
            assert!(archive.knows(asked), "{asked}");
            assert_eq!(
                names(&archive, asked),
                Ok(expected.into_iter().map(String::from).collect()),
                "{asked}"
            );
        }
        assert_eq!(
            get(&archive, "/apis/autoscaling/v2/horizontalpodautoscalers").expect("a list"),
            "{\"kind\":\"HorizontalPodAutoscalerList\",\"apiVersion\":\"autoscaling/v2\",\"metadata\":{\"resourceVersion\":\"\"},\"items\":[]}\n"
        );
        for (asked, message, details) in [
            (
                "/api/v1/namespaces/shop/pods/gone",
                r#"pods \"gone\" not found"#,
                r#"{"kind":"pods","name":"gone"}"#,
            ),
            (
                "/api/v1/namespaces/shop/pods/gone/log?container=main",
                r#"pods \"gone\" not found"#,
                r#"{"kind":"pods","name":"gone"}"#,
            ),
            (
                "/apis/apps/v1/namespaces/shop/statefulsets/gone",
                r#"statefulsets.apps \"gone\" not found"#,
                r#"{"group":"apps","kind":"statefulsets","name":"gone"}"#,
            ),
        ] {
            let status = format!(
                r#"{{"apiVersion":"v1","code":404,"details":{details},"kind":"Status","message":"{message}","metadata":{{}},"reason":"NotFound","status":"Failure"}}"#
            );
            let (code, media_type, body) = send(&archive, asked).expect(asked);
            let [body, status] =
                [body, status].map(|text| serde_json::from_str::<serde_json::Value>(&text).expect("JSON"));
            assert_eq!((code, &*media_type, body), (404, "application/json", status), "{asked}");
        }
        for (asked, reason) in [
            ("/apis/apps/v1/statefulsets", "statefulsets.apps were not gathered"),
            ("/apis/apps/v1/namespaces/bank/statefulsets/gone", "statefulsets.apps were not gathered"),
            ("/apis/apps/v1beta1/namespaces/shop/statefulsets", "statefulsets.apps were not gathered"),
            ("/api/v1/services", "services were not gathered"),
            ("/api/v1/namespaces/shop/services/gone", "services were not gathered"),
            ("/apis/batch/v1/jobs", "jobs.batch were not gathered"),
            ("/apis/example.com/v1/mice", "mice.example.com were not gathered"),
            (
                "/api/v1/namespaces/shop/pods/web/log?container=main",
                "the log of the container main of the pod shop/web was not gathered",
            ),
        ] {
            let told = send(&archive, asked).expect_err(asked);
            assert!(told.ends_with(reason), "{asked}: {told}");
        }
        assert_eq!(discovered(&archive, "/api"), ["/v1/pods Pod Namespaced"]);
        assert_eq!(
            discovered(&archive, "/apis"),
            [
                "apps/v1/statefulsets StatefulSet Namespaced",
                "autoscaling/v2/horizontalpodautoscalers HorizontalPodAutoscaler Namespaced",
                "example.com/v1/mice Mice Cluster",
            ]
        );
        let extent = |group, version, plural, namespace| archive.extent(group, version, plural, namespace);
        assert_eq!(extent("", "v1", "pods", None), Extent::Whole);
        assert_eq!(extent("apps", "v1", "statefulsets", Some("shop")), Extent::Whole);
        assert_eq!(extent("apps", "v1", "statefulsets", None), Extent::Part);
        assert_eq!(extent("", "v1", "services", Some("shop")), Extent::Part);
    }
}

/// Events are the same objects in two groups.
#[test]
fn events_that_did_not_exist_are_in_neither_group() {
    let event = |folder: &str, version: &str| {
        let json = format!(
            r#"{{"kind":"Event","apiVersion":"{version}","metadata":{{"name":"{folder}","namespace":"shop"}}}}"#
        );
        (format!("namespaces/shop/{folder}/events/{folder}.json"), json)
    };
    let [core, other] = [event("core", "v1"), event("events.k8s.io", "events.k8s.io/v1")];
    let audit = audit_of(&[("list events.k8s.io/v1/events", "", &[])]);
    let told = [("audit.jsonl", &*audit), ("wagather.json", REPORT)];
    // Nothing, whole lists of one group, and some objects of the other besides: they may be a part.
    for (objects, other_group) in
        [(vec![], Some(404)), (vec![&other], Some(404)), (vec![&other, &core], None)]
    {
        let objects = objects.iter().map(|(path, json)| (&**path, &**json));
        let files: Vec<(&str, &str)> = objects.chain(told).collect();
        for archive in in_each_way(&files) {
            let status = |path: &str| send(&archive, path).ok().map(|(status, ..)| status);
            assert_eq!(status("/apis/events.k8s.io/v1/namespaces/shop/events/gone"), Some(404));
            assert_eq!(status("/api/v1/namespaces/shop/events/gone"), other_group, "{}", files.len());
            assert_eq!(status("/api/v1/events"), Some(200));
        }
    }
}

#[test]
fn an_archive_of_empty_lists_is_one() {
    let audit = audit_of(&[("list apps/v1/statefulsets", "", &[])]);
    for archive in in_each_way(&[("audit.jsonl", &audit), ("wagather.json", REPORT)]) {
        assert!(!archive.is_empty());
        assert_eq!(names(&archive, "/apis/apps/v1/statefulsets"), Ok(Vec::new()));
    }
    let audit = audit_of(&[("list apps/v1/statefulsets with limit 1", "list apps/v1/statefulsets", &[])]);
    assert!(open_bytes(&gzip(&tar_of(&[("audit.jsonl", &audit), ("wagather.json", REPORT)]))).is_err());
}

#[test]
fn archives_of_other_programs_do_not_say_what_is_whole() {
    let audit = audit_of(&[("list /v1/pods", "", &[]), ("list /v1/services", "", &[])]);
    let must_gather = open(MUST_GATHER);
    assert_eq!(must_gather.extent("", "v1", "pods", None), Extent::Untold);
    // The operator gathers ConfigMaps, whose keys are the names of files.
    let insights = open(&[
        ("insights-operator/gathers.json", "{}"),
        ("config/pod/shop/web.json", POD.1),
        ("config/configmaps/openshift-config/x/audit.jsonl", &audit),
        ("config/configmaps/openshift-config/x/wagather.json", REPORT),
    ]);
    assert_eq!(insights.describe(), "Insights archive, partial");
    assert_eq!(insights.extent("", "v1", "pods", None), Extent::Part);
    assert!(send(&insights, "/api/v1/namespaces/shop/pods/gone").is_err());
    assert!(send(&insights, "/api/v1/services").is_err());
}

/// What cannot be used may be what is asked for.
#[test]
fn nothing_is_whole_beside_what_cannot_be_used() {
    let audit = audit_of(&[("list /v1/pods", "", &[]), ("list /v1/services", "", &[])]);
    for (path, is_whole) in [("notes/a.json", true), ("namespaces/shop/core/pods/torn.json", false)] {
        let files = [POD, (path, r#"{"kind":"#), ("audit.jsonl", &audit), ("wagather.json", REPORT)];
        for archive in in_each_way(&files) {
            assert_eq!(send(&archive, "/api/v1/namespaces/shop/pods/torn").is_ok(), is_whole, "{path}");
            assert_eq!(send(&archive, "/api/v1/services").is_ok(), is_whole, "{path}");
            assert_eq!(discovered(&archive, "/api").len(), 1 + usize::from(is_whole));
        }
    }
}

/// An object may be called as one of the host's own files is.
#[test]
fn an_object_may_have_any_name() {
    let names_of_files = ["wagather", "api", "groups", "version"];
    let pods = names_of_files.map(|name| {
        let json = format!(
            r#"{{"kind":"Pod","apiVersion":"v1","metadata":{{"name":"{name}","namespace":"shop"}}}}"#
        );
        (format!("namespaces/shop/core/pods/{name}.json"), json)
    });
    let mut files: Vec<(&str, &str)> = pods.iter().map(|(path, json)| (&**path, &**json)).collect();
    let audit = audit_of(&[("list /v1/pods", "", &[])]);
    files.extend([("audit.jsonl", &*audit), ("wagather.json", REPORT)]);
    for archive in in_each_way(&files) {
        for name in names_of_files {
            let (code, ..) = send(&archive, &format!("/api/v1/namespaces/shop/pods/{name}")).expect(name);
            assert_eq!(code, 200, "{name}");
        }
        assert_eq!(archive.now_millis(), 1_767_323_045_000);
    }
}

#[test]
fn the_kind_and_the_scope_of_nothing_are_those_of_its_definition() {
    let definition = r#"{"kind":"CustomResourceDefinition","apiVersion":"apiextensions.k8s.io/v1","metadata":{"name":"mice.example.com"},"spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"mice","kind":"Mouse"}}}"#;
    let audit = audit_of(&[("list example.com/v1/mice", "", &[])]);
    let path =
        "cluster-scoped-resources/apiextensions.k8s.io/customresourcedefinitions/mice.example.com.json";
    for archive in in_each_way(&[(path, definition), ("audit.jsonl", &audit), ("wagather.json", REPORT)]) {
        let found = discovered(&archive, "/apis");
        assert!(found.iter().any(|line| line == "example.com/v1/mice Mouse Namespaced"), "{found:?}");
    }
}
