//! How a grant narrows a run: list items, objects, fields, budgets.

use super::grant;
use serde_json::json;
use std::path::Path;
use tests::archive::Archive;
use tests::guest::{self, Texts};
use tests::host::{Done, Host, incomplete};
use tests::objects;
use tests::server::{Answer, Running, Server};
use tests::{place, programs};

const ALL_PODS: Texts<'_> = Texts { version: "v1", resource: "pods", ..NONE };
const NONE: Texts<'_> = Texts {
    version: "",
    resource: "",
    group: "",
    namespace: "",
    name: "",
    subresource: "",
    labels: "",
    fields: "",
    mask: "",
    query: "",
};

fn pipes(folder: &Path, records: &[&str], request: &Texts<'_>) -> std::path::PathBuf {
    guest::write(folder, "pipes", &guest::piping("pipes", records, request))
}

fn run(folder: &Path, server: &Running, rules: &str, request: &Texts<'_>) -> (Done, Option<Archive>) {
    let records = ["resource get,list /v1/pods * *", "resource get,list /v1/secrets * *", "path /version"];
    let output = folder.join("out");
    let _ = std::fs::remove_dir_all(&output);
    let _ = std::fs::remove_dir_all(incomplete(&output));
    let done = Host::run(pipes(folder, &records, request))
        .server(&server.url())
        .output(&output)
        .args(["--grant", &grant(folder, rules).display().to_string()])
        .wait();
    let archive = [output.clone(), incomplete(&output)].into_iter().find(|path| path.exists());
    (done, archive.map(Archive::read))
}

#[test]
fn items_beyond_the_grant_are_withheld_and_counted() {
    let (place, server) = (place(), objects::server().start());
    for (rule, seen, withheld) in [
        // Where each namespace has its name, nothing is asked of the others.
        ("namespaces: [shop]", 3, 0),
        ("namespaces: [\"sh*\", other]", 3, 2),
        ("resourceNames: [\"pod-9*\", pod-1]", 1, 4),
        ("resourceNames: [\"pod-*\"]", 5, 0),
        ("namespaces: [default]\n    resourceNames: [pod-0, pod-4]", 1, 1),
        ("namespaces: [nowhere]", 0, 0),
    ] {
        let rules =
            format!("rules:\n  - verbs: [list]\n    apiGroups: [\"\"]\n    resources: [pods]\n    {rule}\n");
        let (done, archive) = run(place.path(), &server, &rules, &ALL_PODS);
        done.expect_success();
        let archive = archive.expect("an archive");
        assert_eq!(archive.gathered().len(), seen, "{rule}: {:?}", archive.paths());
        let part = archive.gatherer("pipes");
        assert_eq!(part["items"], seen, "{rule}");
        assert_eq!(part["itemsWithheld"].as_u64().unwrap_or(0), withheld, "{rule}");
    }
}

/// A rule for pods that goes on like that.
fn pods_rule(more: &str) -> String {
    format!("rules:\n  - verbs: [list]\n    apiGroups: [\"\"]\n    resources: [pods]\n    {more}\n")
}

/// An account that may list in two namespaces, and not over all.
fn two_namespaces() -> Server {
    let forbidden = |place: &str| Answer::status(403, "Forbidden", &format!("pods is forbidden {place}"));
    let pods = |namespace: &str, count: usize| {
        let pod =
            |number: usize| json!({"metadata": {"name": format!("pod-{number}"), "namespace": namespace}});
        tests::server::List::new("v1", "PodList", (0..count).map(pod).collect())
    };
    Server::new()
        .on(objects::PODS, forbidden("at the cluster scope"))
        .list("/api/v1/namespaces/shop/pods", pods("shop", 3).pages_of(2))
        .list("/api/v1/namespaces/other/pods", pods("other", 2))
        .on("/api/v1/namespaces/third/pods", forbidden("in the namespace \"third\""))
        .on("/api/v1/namespaces/fourth/pods", forbidden("in the namespace \"fourth\""))
}

#[test]
fn a_list_is_asked_for_in_each_namespace_that_the_grant_names() {
    let (place, server) = (place(), two_namespaces().start());
    let (done, archive) = run(place.path(), &server, &pods_rule("namespaces: [shop, other]"), &ALL_PODS);
    done.expect_success();
    let archive = archive.expect("an archive");
    assert_eq!(archive.gathered().len(), 5, "{:?}", archive.paths());
    let asked: Vec<(String, Option<String>)> = server
        .seen()
        .iter()
        .map(|seen| (seen.path.clone(), seen.parameter("continue").map(str::to_owned)))
        .collect();
    let [other, shop] = ["other", "shop"].map(|name| format!("/api/v1/namespaces/{name}/pods"));
    assert_eq!(asked, [(other, None), (shop.clone(), None), (shop, Some("from-2".into()))]);
    // The audit has the list as the gatherer asked, and what the host made of it.
    let starts: Vec<(String, String)> = archive
        .audit()
        .iter()
        .filter(|line| line["call"] == "rest_start")
        .map(|line| {
            (line["what"].as_str().expect("words").into(), line["result"].as_str().expect("words").into())
        })
        .collect();
    let expected = [
        ("list /v1/pods", "ok"),
        ("list /v1/pods in other", "HTTP 200"),
        ("list /v1/pods in shop", "HTTP 200"),
    ];
    assert_eq!(starts, expected.map(|(what, result)| (what.to_owned(), result.to_owned())));
    // A recording of the list over all namespaces is as good: what may be seen of it is the same.
    let (recording, output) = (place.path().join("all.har"), place.path().join("all"));
    let all = objects::server().start();
    let module = || pipes(place.path(), &["resource list /v1/pods * *"], &ALL_PODS);
    Host::run(module()).server(&all.url()).output(&output).record(&recording).wait().expect_success();
    let replayed = place.path().join("replayed");
    let narrowed = grant(place.path(), &pods_rule("namespaces: [shop]"));
    let host = Host::run(module()).replay(&recording).output(&replayed);
    host.args(["--grant", &narrowed.display().to_string()]).wait().expect_success();
    assert_eq!(Archive::read(&replayed).gathered().len(), 3);
}

#[test]
fn a_namespace_that_refuses_is_a_gap_and_the_others_arrive() {
    let (place, server) = (place(), two_namespaces().start());
    let rules = pods_rule("namespaces: [shop, third, other]");
    let (done, archive) = run(place.path(), &server, &rules, &ALL_PODS);
    done.expect_code(8);
    let archive = archive.expect("an archive");
    assert_eq!(archive.gathered().len(), 5, "{:?}", archive.paths());
    let said = "list /v1/pods in third: skipped the namespace: HTTP 403: pods is forbidden in the namespace";
    assert!(done.stderr.contains(said), "{}", done.stderr);
    let report = archive.report();
    let gap = json!({
        "gatherer": "pipes", "resource": "v1/pods", "asked": "list /v1/pods in third", "namespace": "third", "status": 403,
        "reason": "HTTP 403: pods is forbidden in the namespace \"third\"",
    });
    assert_eq!((&report["complete"], &report["gaps"]), (&json!(false), &json!([gap])));
    let part = archive.gatherer("pipes");
    assert_eq!((&part["status"], &part["items"], &part["gaps"]), (&json!("gaps"), &json!(5), &json!(1)));
    let of = |namespace: &str, status: &str, items: u32, requests: u32| json!({"namespace": namespace, "status": status, "items": items, "requests": requests});
    assert_eq!(
        part["resources"],
        json!([{"resource": "v1/pods", "complete": false, "status": "gaps", "items": 5, "requests": 4, "gaps": 1, "namespaces": [
            of("other", "complete", 2, 1), of("shop", "complete", 3, 2), of("third", "forbidden", 0, 1)]}])
    );
    // A recording of it is replayed with the same gap.
    let (recording, output) = (place.path().join("r.har"), place.path().join("out"));
    let rules = grant(place.path(), &rules).display().to_string();
    let module = || pipes(place.path(), &["resource list /v1/pods * *"], &ALL_PODS);
    for (number, replays) in [false, true].into_iter().enumerate() {
        let host = Host::run(module()).output(output.with_extension(number.to_string()));
        let host = match replays {
            false => host.server(&server.url()).record(&recording),
            true => host.replay(&recording),
        };
        host.args(["--grant", &rules]).wait().expect_code(8);
    }
    let [live, again] = [0, 1].map(|number| Archive::read(output.with_extension(number.to_string())));
    assert_eq!((live.gathered(), &live.report()["gaps"]), (again.gathered(), &again.report()["gaps"]));
}

#[test]
fn a_refusal_says_how_it_was_asked_for() {
    let place = place();
    for (rule, said) in [
        (
            "namespaces: [third, fourth]",
            &["list /v1/pods in fourth: HTTP 403", "the host lists each namespace that the grant names"][..],
        ),
        ("namespaces: ['shop*']", &["list /v1/pods: HTTP 403", "the grant does not name each namespace"]),
        ("resourceNames: ['pod-*']", &["list /v1/pods: HTTP 403", "the grant does not name each namespace"]),
    ] {
        let server = two_namespaces().start();
        let (done, _) = run(place.path(), &server, &pods_rule(rule), &ALL_PODS);
        done.expect_code(9);
        said.iter().for_each(|said| assert!(done.stderr.contains(said), "{rule}: {said}: {}", done.stderr));
    }
    // What is in no namespace is in none of those that the grant names.
    let server = objects::server().start();
    let nodes = Texts { resource: "nodes", ..ALL_PODS };
    let module = pipes(place.path(), &["resource list /v1/nodes * *"], &nodes);
    let rule = grant(place.path(), &pods_rule("namespaces: [shop]").replace("[pods]", "[nodes]"));
    let host = Host::run(module).server(&server.url()).output(place.path().join("nodes"));
    let done = host.args(["--grant", &rule.display().to_string()]).wait();
    done.expect_code(5);
    assert!(done.stderr.contains("the resource is cluster-scoped"), "{}", done.stderr);
}

#[test]
fn objects_and_verbs_beyond_the_grant_are_denied_and_not_sent() {
    let place = place();
    for rule in [
        "verbs: [get]\n    apiGroups: [\"\"]\n    resources: [pods]",
        "verbs: [list]\n    apiGroups: [apps]\n    resources: [pods]",
        "verbs: [list]\n    apiGroups: [\"\"]\n    resources: [nodes]",
    ] {
        let server = objects::server().start();
        let (done, archive) = run(place.path(), &server, &format!("rules:\n  - {rule}\n"), &ALL_PODS);
        done.expect_code(7);
        assert!(done.stderr.contains("the grant "), "{}", done.stderr);
        assert_eq!(server.seen(), [], "{rule}");
        let audit = archive.expect("an archive").audit();
        assert_eq!(
            (&audit[0]["verdict"], &audit[0]["result"]),
            (&json!("denied"), &json!("not declared in the manifest or not granted")),
            "{}",
            audit[0]
        );
    }
}

#[test]
fn fields_are_removed_whatever_the_manifest_says() {
    let (place, server) = (place(), objects::server().start());
    let rules = "rules:\n  - verbs: [list]\n    apiGroups: [\"\"]\n    resources: [pods]\n    without: [status.containerStatuses.lastState, metadata.labels]\n";
    let (done, archive) = run(place.path(), &server, rules, &ALL_PODS);
    done.expect_success();
    let pod = archive.expect("an archive").json("namespaces/shop/core/pods/pod-3.json");
    assert!(pod["metadata"].get("labels").is_none() && pod["metadata"]["uid"].is_string(), "{pod:#}");
    let status = &pod["status"]["containerStatuses"][0];
    assert!(status.get("lastState").is_none() && status["restartCount"] == 7, "{pod:#}");
}

#[test]
fn secrets_that_are_granted_come_without_their_values() {
    let place = place();
    let secret = json!({"metadata": {"name": "a", "namespace": "shop"}, "type": "Opaque", "data": {"password": "Y2FuYXJ5"}});
    let server = objects::server()
        .list("/api/v1/secrets", tests::server::List::new("v1", "SecretList", vec![secret]))
        .start();
    let rules = "rules:\n  - verbs: [list]\n    apiGroups: [\"\"]\n    resources: [secrets]\n";
    let secrets = Texts { resource: "secrets", ..ALL_PODS };
    let (done, archive) = run(place.path(), &server, rules, &secrets);
    done.expect_success();
    let archive = archive.expect("an archive");
    let kept = archive.json("namespaces/shop/core/secrets/a.json");
    assert_eq!((&kept["type"], &kept["data"]["password"]), (&json!("Opaque"), &json!("cmVkYWN0ZWQ=")));
    assert_eq!(archive.gatherer("pipes")["redacted"]["secretData"], 1);
    // Every resource is not every resource: Secrets have to be named.
    let rules = "rules:\n  - verbs: [list]\n    apiGroups: [\"*\"]\n    resources: [\"*\"]\n";
    let (done, _) = run(place.path(), &server, rules, &secrets);
    done.expect_code(7);
    assert!(done.stderr.contains("Secrets are not granted"), "{}", done.stderr);
}

#[test]
fn each_budget_holds_and_says_its_name() {
    let place = place();
    // Pages of two, so that five pods take three requests.
    let server = Server::new().list(objects::PODS, objects::pods(5).pages_of(2)).start();
    let all = "rules:\n  - verbs: [get, list]\n    apiGroups: [\"*\"]\n    resources: [\"*\"]\n";
    for (budget, said) in [
        ("requests: 2", "the gatherer exceeded its limit of 2 requests"),
        ("items: 3", "the gatherer exceeded its limit of 3 items"),
        ("received: 1Ki", "the gatherer exceeded its limit of 1024 bytes from the server"),
        ("archive: 1Ki", "the gatherer exceeded its limit of 1024 bytes in the archive"),
        ("entries: 2", "the gatherer exceeded its limit of 2 files in the archive"),
    ] {
        let (done, archive) =
            run(place.path(), &server, &format!("{all}budgets: {{ {budget} }}\n"), &ALL_PODS);
        let archive = archive.expect("an archive");
        done.expect_code(7);
        assert!(done.stderr.contains(said), "{budget}: {}", done.stderr);
        assert_eq!(archive.report()["complete"], false);
        assert!(archive.gathered().len() < 5, "{budget}: {:?}", archive.paths());
    }
    let silent = objects::server().on("/version", Answer::silence()).start();
    let version = Texts { version: "", resource: "/version", ..NONE };
    for budget in ["time: 300ms", "requestTime: 300ms"] {
        let begin = std::time::Instant::now();
        let records = ["path /version"];
        let module = guest::piping("waits", &records, &version);
        let module = guest::write(place.path(), "waits", &module);
        let output = place.path().join(budget.replace([':', ' '], ""));
        let done = Host::run(module)
            .server(&silent.url())
            .output(&output)
            .args([
                "--grant",
                &grant(place.path(), &format!("{all}nonResourceURLs: [/version]\nbudgets: {{ {budget} }}\n"))
                    .display()
                    .to_string(),
            ])
            .wait();
        assert_ne!(done.code(), 0, "{budget}");
        assert!(begin.elapsed() < std::time::Duration::from_secs(10), "{budget}: {:?}", begin.elapsed());
    }
}

#[test]
fn env_values_and_tokens_are_redacted_in_archive_report_and_recording() {
    let place = place();
    let pod = json!({
        "metadata": {
            "name": "a", "namespace": "shop",
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{\"canary\":5}", "url": "https://me:canary@example.com/x"},
        },
        "spec": {"containers": [{"name": "c", "env": [
            {"name": "DB_PASSWORD", "value": "canary-1"}, {"value": "canary-2", "name": "API_TOKEN"}, {"name": "MODE", "value": "fast"},
        ]}]},
        "status": {"message": "Authorization: Bearer canary-0123456789abcdef"},
    });
    let server =
        objects::server().list("/api/v1/pods", tests::server::List::new("v1", "PodList", vec![pod])).start();
    let (output, recording) = (place.path().join("out"), place.path().join("r.har"));
    let done = Host::run(pipes(place.path(), &["resource list /v1/pods * *"], &ALL_PODS))
        .server(&server.url())
        .output(&output)
        .record(&recording)
        .wait();
    done.expect_success();
    let archive = Archive::read(&output);
    assert!(!archive.mentions("canary"), "{archive:?}");
    assert!(!std::fs::read_to_string(&recording).expect("a recording").contains("canary"));
    let pod = archive.json("namespaces/shop/core/pods/a.json");
    assert_eq!(pod["spec"]["containers"][0]["env"][2]["value"], "fast");
    assert_eq!(pod["metadata"]["annotations"]["url"], "https://<redacted>@example.com/x");
    let redacted = &archive.gatherer("pipes")["redacted"];
    assert_eq!(
        *redacted,
        json!({"secretData": 0, "env": 2, "tokens": 1, "privateKeys": 0, "urlCredentials": 1, "lastApplied": 1})
    );
    // A replay of it gives the same archive; nothing is left to be redacted.
    let again = place.path().join("again");
    Host::run(pipes(place.path(), &["resource list /v1/pods * *"], &ALL_PODS))
        .replay(&recording)
        .output(&again)
        .wait()
        .expect_success();
    assert_eq!(Archive::read(&again).gathered(), archive.gathered());
    // A mask that hides the names does not bring the values.
    let tricks = Texts { mask: "metadata(name,namespace),spec(containers(env(value)))", ..ALL_PODS };
    let tricky = place.path().join("tricky");
    Host::run(pipes(place.path(), &["resource list /v1/pods * *"], &tricks))
        .server(&server.url())
        .output(&tricky)
        .wait()
        .expect_success();
    assert!(!Archive::read(&tricky).mentions("canary"), "{:?}", Archive::read(&tricky));
}

#[test]
fn a_pinned_module_runs_and_another_does_not() {
    let (place, server) = (place(), objects::server().start());
    let output = place.path().join("out");
    let bytes = std::fs::read(programs::guest("cluster-operators")).expect("a module");
    let all = "rules:\n  - verbs: [get, list]\n    apiGroups: [\"*\"]\n    resources: [\"*\"]\n";
    let sha256 = host_min::ModuleFacts::of(&bytes).sha256;
    let pinned = grant(place.path(), &format!("{all}modules:\n  - sha256: {sha256}\n"));
    let run = |guest: &str, output: &Path| {
        Host::run(programs::guest(guest))
            .server(&server.url())
            .output(output)
            .args(["--grant", &pinned.display().to_string()])
            .wait()
    };
    run("cluster-operators", &output).expect_success();
    let done = run("pods", &place.path().join("no"));
    done.expect_code(3);
    assert!(done.stderr.contains("may not run") && !place.path().join("no").exists(), "{}", done.stderr);
}
