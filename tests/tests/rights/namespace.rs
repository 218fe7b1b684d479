//! `--namespace`, `--all-namespaces` and `--selector`: a narrowed run requests less, and never sees more.

use super::grant;
use serde_json::json;
use std::path::Path;
use tests::archive::Archive;
use tests::guest::{self, Texts};
use tests::host::{Done, Host, incomplete};
use tests::server::{List, Running, Server};
use tests::{objects, place};

const RECORDS: &[&str] = &[
    "resource get,list /v1/pods * *",
    "resource get,list /v1/nodes * *",
    "resource get,list /v1/namespaces * *",
    "resource get /v1/pods/log * *",
];

fn list(resource: &'static str) -> Texts<'static> {
    Texts { version: "v1", resource, ..Texts::default() }
}

fn item(name: &str, namespace: Option<&str>) -> serde_json::Value {
    match namespace {
        Some(namespace) => json!({"metadata": {"name": name, "namespace": namespace}}),
        None => json!({"metadata": {"name": name}}),
    }
}

/// As an API server: pods at the cluster's scope and in each namespace, nodes and namespaces at the cluster's scope alone.
fn server() -> Running {
    let pods = |namespace: &str| List::new("v1", "PodList", vec![item("pod-4", Some(namespace))]);
    Server::new()
        .list("/api/v1/pods", objects::pods(5))
        .list("/api/v1/namespaces/shop/pods", pods("shop"))
        .list("/api/v1/nodes", List::new("v1", "NodeList", vec![item("node-1", None)]))
        .list(
            "/api/v1/namespaces",
            List::new("v1", "NamespaceList", vec![item("shop", None), item("other", None)]),
        )
        .start()
}

fn run(folder: &Path, request: &Texts<'_>, words: &[&str]) -> (Done, Archive) {
    let module = guest::write(folder, "pipes", &guest::piping("pipes", RECORDS, request));
    let output = folder.join("out");
    let _ = std::fs::remove_dir_all(&output);
    let _ = std::fs::remove_dir_all(incomplete(&output));
    let done = Host::run(module).args(words).output(&output).wait();
    let path = [output.clone(), incomplete(&output)].into_iter().find(|path| path.exists());
    (done, Archive::read(path.expect("an archive")))
}

#[test]
fn a_list_of_all_namespaces_becomes_the_list_of_one() {
    let (place, server) = (place(), server());
    let url = server.url();
    let (done, archive) = run(place.path(), &list("pods"), &["--server", &url, "-n", "shop", "-l", "app!=x"]);
    done.expect_success();
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].path, "/api/v1/namespaces/shop/pods");
    assert_eq!(seen[0].parameter("labelSelector"), Some("app!=x"));
    assert_eq!(archive.gathered().len(), 1);
    assert_eq!(archive.report()["narrowedTo"], json!({"namespace": "shop", "selector": "app!=x"}));
    // As for kubectl, -A takes -n back.
    let (done, archive) = run(place.path(), &list("pods"), &["--server", &url, "-n", "shop", "-A"]);
    done.expect_success();
    assert_eq!(archive.gathered().len(), 5);
    assert!(archive.report().get("narrowedTo").is_none());
}

#[test]
fn what_is_in_no_namespace_is_gathered_as_before() {
    let (place, server) = (place(), server());
    let url = server.url();
    let (done, archive) = run(place.path(), &list("nodes"), &["--server", &url, "-n", "shop"]);
    done.expect_success();
    assert_eq!(archive.gathered().len(), 1, "{:?}", archive.paths());
    let paths: Vec<String> = server.seen().into_iter().map(|seen| seen.path).collect();
    assert_eq!(paths, ["/api/v1/namespaces/shop/nodes", "/api/v1/nodes"]);
    // A Namespace is in itself.
    let (done, archive) = run(place.path(), &list("namespaces"), &["--server", &url, "-n", "shop"]);
    done.expect_success();
    let files: Vec<&str> = archive.gathered().into_keys().collect();
    assert_eq!(files, ["cluster-scoped-resources/core/namespaces/shop.json"]);
}

#[test]
fn another_namespace_is_refused_and_not_asked_for() {
    let (place, server) = (place(), server());
    let url = server.url();
    for request in [
        Texts { namespace: "other", ..list("pods") },
        Texts { namespace: "other", name: "pod-1", ..list("pods") },
        Texts { namespace: "other", name: "pod-1", subresource: "log", ..list("pods") },
        Texts { name: "other", ..list("namespaces") },
    ] {
        let (done, _) = run(place.path(), &request, &["--server", &url, "-n", "shop"]);
        done.expect_code(7);
        let said = "--namespace limits the run to the namespace shop, and this request is for other";
        assert!(done.stderr.contains(said), "{}", done.stderr);
    }
    assert_eq!(server.seen(), []);
}

#[test]
fn it_never_widens_a_grant() {
    let (place, server) = (place(), server());
    let url = server.url();
    for (rule, resource, seen) in [
        ("namespaces: [shop]", "pods", Some(1)),
        ("namespaces: [other]", "pods", None),
        ("resourceNames: [pod-0]", "pods", Some(0)),
        // Nodes are in no namespace, and a rule about namespaces is not about them.
        ("namespaces: [\"*\"]", "nodes", None),
    ] {
        let rules =
            format!("rules:\n  - verbs: [list]\n    apiGroups: [\"\"]\n    resources: [\"*\"]\n    {rule}\n");
        let grant = grant(place.path(), &rules).display().to_string();
        let words = ["--server", &url, "-n", "shop", "--grant", &grant];
        let (done, archive) = run(place.path(), &list(resource), &words);
        match seen {
            Some(seen) => {
                done.expect_success();
                assert_eq!(archive.gathered().len(), seen, "{rule}");
            }
            None => assert_ne!(done.code(), 0, "{rule}"),
        }
    }
    assert!(server.seen().iter().all(|seen| seen.path.starts_with("/api/v1/namespaces/shop/")));
}

#[test]
fn a_recording_of_everything_is_narrowed_too() {
    let (place, server) = (place(), server());
    let recording = place.path().join("r.har").display().to_string();
    let url = server.url();
    run(place.path(), &list("pods"), &["--server", &url, "--record", &recording]).0.expect_success();
    let (done, archive) = run(place.path(), &list("pods"), &["--replay", &recording, "-n", "shop"]);
    done.expect_success();
    assert_eq!(archive.gathered().len(), 3, "{:?}", archive.paths());
    assert!(archive.gathered().keys().all(|path| path.starts_with("namespaces/shop/")));
    // And one that was narrowed when it was made is answered as it was.
    let narrowed = place.path().join("n.har").display().to_string();
    let words = ["--server", &url, "--record", &narrowed, "-n", "shop"];
    let (_, first) = run(place.path(), &list("nodes"), &words);
    let (done, again) = run(place.path(), &list("nodes"), &["--replay", &narrowed, "-n", "shop"]);
    done.expect_success();
    assert_eq!(first.gathered(), again.gathered());
}

#[test]
fn a_dry_run_tells_what_is_left() {
    let place = place();
    let module = guest::write(place.path(), "pipes", &guest::piping("pipes", RECORDS, &list("pods")));
    let told = Host::run(module).args(["--dry-run", "-n", "shop", "-l", "app=web"]).wait();
    let told = told.expect_success().stdout_text();
    for line in [
        "  may  list v1/pods: in namespaces shop or cluster-scoped",
        "GET /api/v1[/namespaces/shop]/pods?limit=500&labelSelector=app=web[,…]",
        "narrowed to the namespace shop, lists to objects that match app=web",
    ] {
        assert!(told.contains(line), "{line} is not in\n{told}");
    }
    let done = Host::new(["run", "x.wasm", "-l", "app in (a"]).wait();
    done.expect_code(2);
    assert!(done.stderr.contains("its parentheses do not match"), "{}", done.stderr);
}
