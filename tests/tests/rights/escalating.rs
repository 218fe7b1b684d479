//! Escalating resources are refused unless a grant names them; granted ones arrive without their secrets, live and
//! recorded; and selectors do not reveal what a grant removes.

use crate::grant;
use serde_json::{Value, json};
use std::path::Path;
use tests::archive::Archive;
use tests::guest::{self, Texts};
use tests::host::{Done, Host, incomplete};
use tests::place;
use tests::server::{Answer, Running, Server};

const NONE: Texts<'_> = Texts {
    version: "v1",
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

const IMAGE_STREAM_SECRETS: Texts<'_> = Texts {
    resource: "imagestreams",
    group: "image.openshift.io",
    namespace: "shop",
    name: "app",
    subresource: "secrets",
    ..NONE
};

const PATH: &str = "/apis/image.openshift.io/v1/namespaces/shop/imagestreams/app/secrets";

/// As the API server writes it: the items do not say what they are.
fn secret_list() -> Value {
    let secret = |name: &str| json!({"metadata": {"name": name, "namespace": "shop"}, "data": {"password": "Y2FuYXJ5"}, "type": "Opaque"});
    json!({"kind": "SecretList", "apiVersion": "v1", "metadata": {"name": "app", "namespace": "shop"}, "items": [secret("a"), secret("b")]})
}

fn run(
    folder: &Path,
    server: &Running,
    record: &str,
    request: &Texts<'_>,
    rules: Option<&str>,
) -> (Done, Option<Archive>) {
    let module = guest::write(folder, "door", &guest::piping("door", &[record], request));
    let output = folder.join("out");
    let left = [output.clone(), incomplete(&output), folder.join("door.har")];
    for path in &left {
        let _ = std::fs::remove_dir_all(path);
        let _ = std::fs::remove_file(path);
    }
    let mut host = Host::run(module).server(&server.url()).output(&output).record(folder.join("door.har"));
    if let Some(rules) = rules {
        host = host.args(["--grant", &grant(folder, rules).display().to_string()]);
    }
    let done = host.wait();
    (done, left[..2].iter().find(|path| path.exists()).map(Archive::read))
}

const RECORD: &str = "resource get image.openshift.io/v1/imagestreams/secrets * *";

#[test]
fn secrets_by_another_name_need_a_grant_that_names_them() {
    let place = place();
    let server = Server::new().on(PATH, Answer::json(&secret_list())).start();
    let all =
        "rules:\n  - verbs: [get, list]\n    apiGroups: [\"*\"]\n    resources: [\"*\", \"*/secrets\"]\n";
    for rules in [None, Some(all)] {
        let (done, _) = run(place.path(), &server, RECORD, &IMAGE_STREAM_SECRETS, rules);
        assert!(done.stderr.contains("reveals Secrets: a grant must name it"), "{}", done.stderr);
        done.expect_code(7);
    }
    assert_eq!(server.seen(), [], "something was asked");
}

#[test]
fn they_come_without_their_values_however_the_list_is_written() {
    let place = place();
    let named = "rules:\n  - verbs: [get]\n    apiGroups: [image.openshift.io]\n    resources: [imagestreams/secrets]\n";
    let whole = secret_list();
    let (items, metadata) = (&whole["items"], &whole["metadata"]);
    let kind_last = format!(r#"{{"metadata":{metadata},"items":{items},"kind":"SecretList"}}"#);
    let untold = format!(r#"{{"items":{items},"metadata":{metadata}}}"#);
    for body in [whole.to_string(), kind_last, untold] {
        let answer = Answer::bytes("application/json", body.clone());
        let server = Server::new().on(PATH, answer).start();
        let (done, archive) = run(place.path(), &server, RECORD, &IMAGE_STREAM_SECRETS, Some(named));
        done.expect_success();
        let archive = archive.expect("an archive");
        assert_eq!(archive.gatherer("door")["redacted"]["secretData"], 2, "{body}");
        let paths = archive.paths().into_iter().filter(|path| path.starts_with("namespaces/"));
        let kept: Vec<Value> = paths.map(|path| archive.json(path)).collect();
        assert_eq!(kept[0]["items"][1]["data"]["password"], "cmVkYWN0ZWQ=", "{kept:?}");
        let recording = std::fs::read_to_string(place.path().join("door.har")).expect("a recording");
        assert!(recording.contains("cmVkYWN0ZWQ=") && !recording.contains("Y2FuYXJ5"), "{recording}");
    }
}

/// Any list may be one of Secrets, and another object may have one within.
#[test]
fn lists_of_secrets_are_known_wherever_they_are() {
    let place = place();
    let items = &secret_list()["items"];
    let bundle = |name: &str| json!({"kind": "Bundle", "apiVersion": "example.com/v1", "metadata": {"name": name, "namespace": "shop"}, "spec": {"of": secret_list()}});
    for (body, redacted) in [
        (json!({"kind": "SecretList", "apiVersion": "v1", "items": items}).to_string(), 2),
        (format!(r#"{{"items":{items},"kind":"SecretList","metadata":{{}}}}"#), 2),
        (json!({"kind": "BundleList", "items": [bundle("a"), bundle("b")]}).to_string(), 4),
    ] {
        let answer = Answer::bytes("application/json", body.clone());
        let server = Server::new().on("/apis/example.com/v1/bundles", answer).start();
        let bundles = Texts { resource: "bundles", group: "example.com", ..NONE };
        for mask in ["", "spec(of(items(data))),data"] {
            let record = "resource list example.com/v1/bundles * *";
            let (done, archive) = run(place.path(), &server, record, &Texts { mask, ..bundles }, None);
            done.expect_success();
            let archive = archive.expect("an archive");
            assert_eq!(archive.gatherer("door")["redacted"]["secretData"], redacted, "{mask} {body}");
            let kept = archive.paths().into_iter().filter(|path| path.ends_with(".json"));
            assert!(!kept.map(|path| archive.json(path).to_string()).any(|text| text.contains("Y2FuYXJ5")));
            let recording = std::fs::read_to_string(place.path().join("door.har")).expect("a recording");
            assert!(!recording.contains("Y2FuYXJ5"), "{recording}");
        }
    }
}

#[test]
fn inspect_says_what_a_module_could_read() {
    let place = place();
    let inspect = |records: &[&str], words: &[&str]| {
        guest::write(place.path(), "door", &guest::piping("door", records, &NONE));
        let told = Host::new(["inspect", "door.wasm"]).args(words).current_folder(place.path()).wait();
        told.expect_success().stdout_text()
    };
    let honest =
        inspect(&["resource list /v1/pods * *", "resource get image.openshift.io/v1/imagestreams * *"], &[]);
    assert!(honest.contains("  read Secrets\n"), "{honest}");
    let records = [
        RECORD,
        "resource list apps.openshift.io/v1/secrets * *",
        "resource get,list oauth.openshift.io/v1/oauthclients * *",
        "resource get /v1/serviceaccounts/token * *",
        "resource get /v1/pods * *",
    ];
    let told = inspect(&records, &[]);
    assert!(!told.contains("  read Secrets\n"), "{told}");
    for line in [
        "  read the Secrets that it declares (image.openshift.io/v1/imagestreams/secrets, apps.openshift.io/v1/secrets), unless a grant names them\n",
        "  read oauth.openshift.io/v1/oauthclients, which reveals passwords of OAuth clients, unless a grant names it\n",
        "  read v1/serviceaccounts/token, which reveals tokens of service accounts, unless a grant names it\n",
    ] {
        assert!(told.contains(line), "{line} is not in\n{told}");
    }
    let json: Value = serde_json::from_str(&inspect(&records, &["--json"])).expect("JSON");
    let gives: Vec<&Value> =
        json["reads"].as_array().expect("reads").iter().map(|read| &read["escalating"]).collect();
    assert_eq!(
        gives,
        [
            &json!("Secrets"),
            &json!("Secrets"),
            &json!("passwords of OAuth clients"),
            &json!("tokens of service accounts"),
            &Value::Null
        ]
    );
}

#[test]
fn selectors_by_other_names_do_not_tell_what_is_removed() {
    let place = place();
    let rules = "rules:\n  - verbs: [get, list]\n    apiGroups: [\"*\"]\n    resources: [pods, events, builds]\n    without: [spec.nodeName, source.component, reportingComponent, status.phase]\n";
    let empty = |kind: &str| Answer::json(&json!({"kind": kind, "metadata": {}, "items": []}));
    for (group, resource, path, fields) in [
        ("", "pods", "/api/v1/pods", "spec.host=x"),
        ("", "pods", "/api/v1/pods", "metadata.name!=a,spec.host!=x"),
        ("", "events", "/api/v1/events", "source=kubelet"),
        ("", "events", "/api/v1/events", "reportingComponent=kubelet"),
        ("events.k8s.io", "events", "/apis/events.k8s.io/v1/events", "reportingController=kubelet"),
        ("build.openshift.io", "builds", "/apis/build.openshift.io/v1/builds", "status=Failed"),
    ] {
        let server = Server::new().on(path, empty("List")).start();
        let record = format!("resource list {group}/v1/{resource} * *");
        let request = Texts { resource, group, fields, ..NONE };
        let (done, _) = run(place.path(), &server, &record, &request, Some(rules));
        assert!(done.stderr.contains("a selector that could reveal"), "{fields}: {}", done.stderr);
        assert_eq!(server.seen(), [], "{fields} was asked");
        // What tells nothing of it is asked.
        let request = Texts { fields: "metadata.namespace=shop", ..request };
        let (done, _) = run(place.path(), &server, &record, &request, Some(rules));
        done.expect_success();
        assert_eq!(server.seen().len(), 1);
    }
}

/// Whatever the objects say that they are, in a list and alone; and counted.
#[test]
fn oauth_clients_come_without_their_secrets() {
    let place = place();
    let rules = "rules:\n  - verbs: [get, list]\n    apiGroups: [oauth.openshift.io]\n    resources: [oauthclients]\n";
    let client = json!({"metadata": {"name": "console"}, "secret": "canary-1", "additionalSecrets": ["canary-2"], "grantMethod": "auto"});
    let path = "/apis/oauth.openshift.io/v1/oauthclients";
    for kind in ["OAuthClient", "Thing", ""] {
        let mut client = client.clone();
        if !kind.is_empty() {
            client["kind"] = kind.into();
        }
        let list = json!({"kind": format!("{kind}List"), "metadata": {}, "items": [client]});
        let server =
            Server::new().on(path, Answer::json(&list)).on(&format!("{path}/console"), Answer::json(&client));
        let server = server.start();
        for (name, mask) in [
            ("", ""),
            ("console", ""),
            ("", "secret,additionalSecrets"),
            ("console", "secret,additionalSecrets"),
        ] {
            let request = Texts { resource: "oauthclients", group: "oauth.openshift.io", name, mask, ..NONE };
            let record = "resource get,list oauth.openshift.io/v1/oauthclients * *";
            let (done, _) = run(place.path(), &server, record, &request, None);
            done.expect_code(7);
            let (done, archive) = run(place.path(), &server, record, &request, Some(rules));
            done.expect_success();
            let archive = archive.expect("an archive");
            assert!(!archive.mentions("canary"), "{kind} {name} {mask}: {archive:?}");
            assert_eq!(archive.gatherer("door")["redacted"]["secretData"], 2);
            let kept = archive.json("cluster-scoped-resources/oauth.openshift.io/oauthclients/console.json");
            assert_eq!(
                (&kept["secret"], &kept["additionalSecrets"]),
                (&json!("<redacted>"), &json!(["<redacted>"]))
            );
            let recording = std::fs::read_to_string(place.path().join("door.har")).expect("a recording");
            assert!(recording.contains("console") && !recording.contains("canary"), "{recording}");
        }
    }
}

#[test]
fn an_oauth_token_that_is_its_objects_name_is_nowhere() {
    let place = place();
    let rules = "rules:\n  - verbs: [get, list]\n    apiGroups: [oauth.openshift.io]\n    resources: [oauthaccesstokens]\n";
    let token =
        |name: &str| json!({"metadata": {"name": name}, "authorizeToken": "canary-2", "userName": "kim"});
    let hashed = "sha256~kFzzX6qY0nI1mQ4v7bJ2pR9sT3uV5wX8yZ0aB2cD4eF";
    let path = "/apis/oauth.openshift.io/v1/oauthaccesstokens";
    let list =
        json!({"kind": "OAuthAccessTokenList", "metadata": {}, "items": [token("canary-1"), token(hashed)]});
    let server = Server::new().on(path, Answer::json(&list)).start();
    let request = Texts { resource: "oauthaccesstokens", group: "oauth.openshift.io", ..NONE };
    let record = "resource get,list oauth.openshift.io/v1/oauthaccesstokens * *";
    let (done, archive) = run(place.path(), &server, record, &request, Some(rules));
    done.expect_code(8);
    let archive = archive.expect("an archive");
    assert!(!archive.mentions("canary") && !done.stderr.contains("canary"), "{archive:?}\n{}", done.stderr);
    let gap = &archive.report()["gaps"][0];
    assert_eq!((&gap["object"], &gap["field"]), (&json!("<redacted>"), &json!("metadata.name")), "{gap:#}");
    assert!(gap["reason"].as_str().is_some_and(|why| why.contains("is a token")), "{gap:#}");
    // That of a hash is given; it gives no rights.
    assert_eq!(archive.gathered().len(), 1);
    let recording = std::fs::read_to_string(place.path().join("door.har")).expect("a recording");
    assert!(!recording.contains("canary"), "{recording}");
    // By its name it is not asked for.
    let (done, _) = run(place.path(), &server, record, &Texts { name: "canary-1", ..request }, Some(rules));
    done.expect_code(7);
    assert!(done.stderr.contains("the object's name is a token"), "{}", done.stderr);
    assert_eq!(server.seen().len(), 1);
}
