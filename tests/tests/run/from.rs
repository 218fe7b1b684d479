//! Archives that were gathered earlier, as a source.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use tests::archive::Archive;
use tests::host::Host;
use tests::{place, programs, workspace};

/// The shipped recording.
struct Recorded {
    /// The lists by group, version and resource.
    lists: BTreeMap<[String; 3], Value>,
    /// Each log by its namespace, pod and container.
    logs: BTreeMap<[String; 3], String>,
}

fn demo() -> std::path::PathBuf {
    workspace::root().join("examples/demo.har")
}

fn recorded() -> Recorded {
    let har: Value = serde_json::from_slice(&std::fs::read(demo()).expect("a recording")).expect("JSON");
    let mut recorded = Recorded { lists: BTreeMap::new(), logs: BTreeMap::new() };
    for entry in har["log"]["entries"].as_array().expect("entries") {
        let url = entry["request"]["url"].as_str().expect("a URL");
        let (path, query) = url["https://cluster.invalid/".len()..].split_once('?').expect("a query");
        let text = entry["response"]["content"]["text"].as_str().expect("text");
        let owned = |parts: [&str; 3]| parts.map(str::to_owned);
        match path.split('/').collect::<Vec<_>>()[..] {
            ["api", version, plural] => {
                recorded
                    .lists
                    .insert(owned(["", version, plural]), serde_json::from_str(text).expect("JSON"));
            }
            ["apis", group, version, plural] => {
                recorded
                    .lists
                    .insert(owned([group, version, plural]), serde_json::from_str(text).expect("JSON"));
            }
            ["api", "v1", "namespaces", namespace, "pods", pod, "log"] => {
                let container = query.split('&').find_map(|pair| pair.strip_prefix("container="));
                recorded.logs.insert(owned([namespace, pod, container.expect("named")]), text.to_owned());
            }
            _ => panic!("{url}"),
        }
    }
    recorded
}

impl Recorded {
    /// Objects with what they are, by namespace, group and resource. Each namespace has a list of each resource.
    fn by_namespace(&self) -> BTreeMap<(String, String, String), Vec<Value>> {
        let mut sorted: BTreeMap<(String, String, String), Vec<Value>> = BTreeMap::new();
        let (mut namespaces, mut namespaced) = (BTreeSet::new(), BTreeSet::new());
        for ([group, version, plural], list) in &self.lists {
            let kind = list["kind"].as_str().and_then(|kind| kind.strip_suffix("List"));
            for item in list["items"].as_array().expect("items") {
                let mut object = item.clone();
                let api_version =
                    if group.is_empty() { version.clone() } else { format!("{group}/{version}") };
                object["apiVersion"] = api_version.into();
                object["kind"] = kind.map_or_else(|| item["kind"].clone(), Value::from);
                let namespace = item["metadata"]["namespace"].as_str().unwrap_or_default().to_owned();
                if !namespace.is_empty() {
                    namespaces.insert(namespace.clone());
                    namespaced.insert((group.clone(), plural.clone()));
                }
                sorted.entry((namespace, group.clone(), plural.clone())).or_default().push(object);
            }
        }
        for namespace in &namespaces {
            for (group, plural) in &namespaced {
                sorted.entry((namespace.clone(), group.clone(), plural.clone())).or_default();
            }
        }
        sorted
    }
}

fn write(folder: &Path, path: &str, content: &str) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(path, content).expect("a file");
}

/// A must-gather: lists in namespaces, objects elsewhere.
pub(super) fn must_gather(folder: &Path) {
    let recorded = recorded();
    write(folder, "timestamp", "2026-11-22 23:56:52.539 +0000 UTC m=+0.1\n");
    for ((namespace, group, plural), objects) in recorded.by_namespace() {
        let group = if group.is_empty() { "core".to_owned() } else { group };
        if namespace.is_empty() {
            for object in objects {
                let name = object["metadata"]["name"].as_str().expect("a name");
                let path = format!("cluster-scoped-resources/{group}/{plural}/{name}.yaml");
                write(folder, &path, &object.to_string());
            }
        } else {
            // As oc writes it: the items say what they are, and so does a list of none.
            let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
            write(folder, &format!("namespaces/{namespace}/{group}/{plural}.yaml"), &list.to_string());
        }
    }
    for ([namespace, pod, container], log) in &recorded.logs {
        let path = format!("namespaces/{namespace}/pods/{pod}/{container}/{container}/logs/previous.log");
        write(folder, &path, log);
    }
}

/// A support bundle: a list of each resource in each namespace.
pub(super) fn support_bundle(folder: &Path) {
    let recorded = recorded();
    for ((namespace, group, plural), objects) in recorded.by_namespace() {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string();
        let path = match (group.contains("openshift"), namespace.is_empty()) {
            (true, true) => format!("custom-resources/{plural}.{group}.json"),
            (true, false) => format!("custom-resources/{plural}.{group}/{namespace}.json"),
            (false, true) => format!("{plural}.json"),
            (false, false) => format!("{plural}/{namespace}.json"),
        };
        write(folder, &format!("bundle/cluster-resources/{path}"), &list);
    }
    for ([namespace, pod, container], log) in &recorded.logs {
        let path = format!("bundle/cluster-resources/pods/logs/{namespace}/{pod}/{container}-previous.log");
        write(folder, &path, log);
    }
}

/// What `everything` finds is what its source happens to have.
pub(super) fn examples() -> Vec<std::path::PathBuf> {
    let names = programs::examples();
    names.iter().filter(|name| *name != "everything").map(|name| programs::guest(name)).collect()
}

#[test]
fn gatherers_find_in_an_archive_what_they_find_in_the_cluster() {
    let place = place();
    let path = |name: &str| place.path().join(name);
    Host::run_all(examples()).replay(demo()).output(path("replayed")).wait().expect_success();
    let replayed = Archive::read(path("replayed"));
    for (layout, make) in [("must-gather", must_gather as fn(&Path)), ("support bundle", support_bundle)] {
        make(&path(layout));
        let done = Host::run_all(examples()).arg("--from").arg(path(layout)).output(path("found")).wait();
        done.expect_success();
        assert!(done.stderr.contains(&format!("warning: the source is the {layout} ")), "{}", done.stderr);
        let found = Archive::read(path("found"));
        assert_eq!(found.gathered(), replayed.gathered(), "{layout}");
        assert_eq!(found.report()["source"], format!("{layout}, partial"));
        std::fs::remove_dir_all(path("found")).expect("ours");
    }
}

#[test]
fn what_was_not_gathered_is_a_gap() {
    let place = place();
    let path = |name: &str| place.path().join(name);
    must_gather(&path("all"));
    for file in workspace::walk(&path("all"), &|_| true) {
        if file.contains("/previous.log") || file.contains("/batch/") {
            std::fs::remove_file(path("all").join(file)).expect("ours");
        }
    }
    let run = |guest: &str, output: &str| {
        Host::run(programs::guest(guest)).arg("--from").arg(path("all")).output(path(output)).wait()
    };
    // It goes on without the logs.
    let done = run("crash-logs", "logs");
    assert_eq!(done.status.code(), Some(8), "{}", done.stderr);
    let report = Archive::read(path("logs")).report();
    assert_eq!(report["complete"], false);
    assert_eq!(report["gaps"].as_array().map(Vec::len), Some(3), "{report:#}");
    let reason = report["gaps"][0]["reason"].as_str().expect("a reason");
    assert!(reason.contains("the previous log of the container main of the pod "), "{reason}");
    // It does not go on without the jobs.
    let done = run("image-inventory", "images");
    assert!(done.stderr.contains("jobs.batch were not gathered"), "{}", done.stderr);
    assert_eq!(done.status.code(), Some(9), "{}", done.stderr);
    assert!(path("images.incomplete").is_dir() && !path("images").exists());
}

#[test]
fn the_grant_holds_for_an_archive_as_for_a_cluster() {
    let place = place();
    let path = |name: &str| place.path().join(name);
    must_gather(&path("all"));
    std::fs::write(
        path("grant.yaml"),
        "apiVersion: wagather/v1\nkind: Grant\nrules:\n  - verbs: [list]\n    apiGroups: ['']\n    resources: [pods]\n    namespaces: [team-meteo]\n",
    )
    .expect("a file");
    let done = Host::run(programs::guest("pods"))
        .args(["--grant"])
        .arg(path("grant.yaml"))
        .arg("--from")
        .arg(path("all"))
        .output(path("out"))
        .wait();
    done.expect_success();
    let report = Archive::read(path("out")).gatherer("pods");
    assert_eq!(report["items"], 6, "{report:#}");
}
