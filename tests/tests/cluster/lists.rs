//! Lists: several pages, limits, selectors, namespaces.

use super::ask::{Ask, items_in};
use super::{OPERATORS, PODS, PODS_PATH, Ran, as_given, host, path_of, run, shared};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::apiserver::{Proxy, Server};
use tests::host::Host;

fn ask(server: &Server, make: impl Fn(&std::path::Path) -> std::path::PathBuf) -> Ran {
    let place = tests::place();
    run(server, host(server, "token.yaml", [make(place.path())]))
}

/// What the items of a guest are, and what they should be.
fn assert_items(ran: &Ran, expected: Vec<Value>) {
    let expected: Vec<Value> = expected.into_iter().map(as_given).collect();
    let items = items_in(ran.gathered());
    assert_eq!(items.len(), expected.len());
    assert!(items == expected, "the items differ from the raw listing");
}

#[test]
fn more_pods_than_two_pages_come_once_each_and_in_order() {
    let server = shared();
    let ran = ask(&server, |folder| Ask::list("", "v1", "pods").items(folder));
    assert_items(&ran, server.items(PODS_PATH));
    let gathered = ran.gathered().gatherer("ask");
    assert_eq!([&gathered["requests"], &gathered["items"]], [&json!(3), &json!(PODS)]);
    assert_eq!([&gathered["warnings"], &gathered["errors"]], [&json!([]), &json!([])]);
}

#[test]
fn piped_pods_are_files_that_say_what_they_are() {
    let server = shared();
    let ran = ask(&server, |folder| Ask::list("", "v1", "pods").mask("status(phase)").piped(folder));
    let archive = ran.gathered();
    let pods = server.items(PODS_PATH);
    let paths: BTreeSet<String> = pods.iter().map(|pod| path_of("core", "pods", pod)).collect();
    assert_eq!(archive.gathered().keys().map(|path| path.to_string()).collect::<BTreeSet<_>>(), paths);
    for pod in &pods {
        let metadata = &pod["metadata"];
        let expected = json!({
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": metadata["name"], "namespace": metadata["namespace"]},
            "status": {"phase": pod["status"]["phase"]},
        });
        assert_eq!(archive.json(&path_of("core", "pods", pod)), expected);
    }
}

/// How the pages are asked for can be seen from a proxy: so many items as are wanted, and never with a resource version.
#[test]
fn a_limit_holds_over_all_pages() {
    let server = shared();
    let pods = server.items(PODS_PATH);
    for (limit, pages) in [(1, &["500"][..0]), (7, &[]), (500, &[]), (501, &["1"]), (1_100, &["500", "100"])]
    {
        let proxy = Proxy::start(server.admin(), |_| {});
        let place = tests::place();
        let guest = Ask::list("", "v1", "pods").mask("metadata(name)").limit(limit).items(place.path());
        let ran = run(&server, Host::run(guest).server(&proxy.url()).args(["--chunk-size", "500"]));
        let names: Vec<&Value> =
            pods.iter().take(limit as usize).map(|pod| &pod["metadata"]["name"]).collect();
        let items = items_in(ran.gathered());
        assert_eq!(items.iter().map(|item| &item["metadata"]["name"]).collect::<Vec<_>>(), names);
        let targets = proxy.targets();
        assert_eq!(targets[0], format!("{PODS_PATH}?limit={}", limit.min(500)));
        assert_eq!(targets.len(), 1 + pages.len(), "{limit}: {targets:?}");
        for (target, items) in targets[1..].iter().zip(pages) {
            assert!(target.starts_with(&format!("{PODS_PATH}?limit={items}&continue=")), "{target}");
        }
    }
}

fn label<'a>(pod: &'a Value, name: &str) -> &'a str {
    pod["metadata"]["labels"][name].as_str().unwrap_or_default()
}

/// Which pods a selector should find.
type Wanted<'a> = dyn Fn(&Value) -> bool + 'a;

#[test]
fn label_selectors_are_the_servers() {
    let server = shared();
    let all = server.items(PODS_PATH);
    let cases: [(&str, &Wanted); 4] = [
        ("wagather.test/state=crash-loop", &|pod| label(pod, "wagather.test/state") == "crash-loop"),
        ("wagather.test/state in (oom-killed, evicted)", &|pod| {
            ["oom-killed", "evicted"].contains(&label(pod, "wagather.test/state"))
        }),
        ("wagather.test/state!=running,app.kubernetes.io/name=worker", &|pod| {
            label(pod, "wagather.test/state") != "running" && label(pod, "app.kubernetes.io/name") == "worker"
        }),
        ("no-such-label", &|_| false),
    ];
    for (selector, wanted) in cases {
        let ran = ask(&server, |folder| Ask::list("", "v1", "pods").labels(selector).items(folder));
        assert_items(&ran, all.iter().filter(|pod| wanted(pod)).cloned().collect());
    }
}

#[test]
fn field_selectors_and_namespaces() {
    let server = shared();
    let all = server.items(PODS_PATH);
    let of = |wanted: &Wanted| all.iter().filter(|pod| wanted(pod)).cloned().collect::<Vec<_>>();

    let ran = ask(&server, |folder| Ask::list("", "v1", "pods").fields("status.phase=Failed").items(folder));
    assert_items(&ran, of(&|pod| pod["status"]["phase"] == "Failed"));
    let ran = ask(&server, |folder| {
        Ask::list("", "v1", "pods").fields("spec.nodeName=edge-node-003,status.phase!=Running").items(folder)
    });
    assert_items(
        &ran,
        of(&|pod| pod["spec"]["nodeName"] == "edge-node-003" && pod["status"]["phase"] != "Running"),
    );
    let ran = ask(&server, |folder| Ask::list("", "v1", "pods").namespace("team-meteo").items(folder));
    assert_items(&ran, of(&|pod| pod["metadata"]["namespace"] == "team-meteo"));
    let ran = ask(&server, |folder| {
        Ask::list("", "v1", "pods")
            .namespace("team-meteo")
            .labels("wagather.test/state=succeeded")
            .items(folder)
    });
    assert_items(
        &ran,
        of(&|pod| {
            pod["metadata"]["namespace"] == "team-meteo"
                && pod["metadata"]["labels"]["wagather.test/state"] == "succeeded"
        }),
    );
    // A namespace that is not there has no pods; it is not an error to Kubernetes.
    let ran = ask(&server, |folder| Ask::list("", "v1", "pods").namespace("absent").items(folder));
    assert_items(&ran, Vec::new());
}

#[test]
fn what_the_server_refuses_is_told_in_its_words() {
    let server = shared();
    let ran = ask(&server, |folder| Ask::list("", "v1", "pods").labels("a b c").items(folder));
    ran.expect_failure(5, "list /v1/pods: HTTP 400: ").expect_failure(5, "unable to parse requirement");
    let ran = ask(&server, |folder| Ask::list("", "v1", "pods").fields("spec.absent=1").items(folder));
    ran.expect_failure(5, "HTTP 400: ").expect_failure(5, "field label not supported");
    let ran = ask(&server, |folder| Ask::list("absent.example", "v1", "things").items(folder));
    ran.expect_failure(5, "list absent.example/v1/things: HTTP 404: ")
        .expect_failure(5, "404 page not found");
    let ran = ask(&server, |folder| Ask::list("config.openshift.io", "v2", "clusteroperators").piped(folder));
    ran.expect_failure(5, "list config.openshift.io/v2/clusteroperators: HTTP 404: ");
    // Secrets are refused before a byte leaves the host.
    let proxy = Proxy::start(server.admin(), |_| {});
    let place = tests::place();
    let guest = Ask::list("", "v1", "secrets").items(place.path());
    run(&server, Host::run(guest).server(&proxy.url())).expect_failure(7, "Secrets are not granted");
    assert_eq!(proxy.targets(), [""; 0]);
}

#[test]
fn operators_item_by_item() {
    let server = shared();
    let ran = ask(&server, |folder| Ask::list("config.openshift.io", "v1", "clusteroperators").items(folder));
    assert_items(&ran, server.items(super::OPERATORS_PATH));
    assert_eq!(ran.gathered().gatherer("ask")["items"], OPERATORS);
}
