//! What `host-min deploy` prints, given to a real API server: it takes each object as it is, a restricted namespace takes the pod,
//! and the account is enough and no more.
//!
//! The server has no controllers, so no pod starts here.

use super::ask::Ask;
use super::rbac::{Account, wait_until};
use super::shared;
use serde_json::{Value, json};
use std::path::PathBuf;
use tests::apiserver::Server;
use tests::certificates::Authority;
use tests::failing::written;
use tests::host::Host;
use tests::{place, programs};
use wagather_yaml as yaml;

/// The objects as they are printed, and what they are.
pub(super) fn printed(guests: &[PathBuf], words: &[&str]) -> Vec<(String, Value)> {
    let host = Host::new(["deploy", "--image", "wagather/host-min:0.1.0"]).args(guests).args(words);
    let text = host.wait().expect_success().stdout_text();
    let parsed = |text: &str| yaml::parse(text).expect("YAML").to_json();
    text.split("\n---\n").map(|text| (text.to_owned(), parsed(text))).collect()
}

/// Where the server keeps an object.
fn path(object: &Value) -> String {
    let group = match object["apiVersion"].as_str().expect("a version") {
        "v1" => "/api/v1".to_owned(),
        other => format!("/apis/{other}"),
    };
    let of = |key: &str| object["metadata"][key].as_str();
    let place = of("namespace").map_or(String::new(), |name| format!("/namespaces/{name}"));
    let kind = object["kind"].as_str().expect("a kind").to_ascii_lowercase();
    let plural = if kind.ends_with('y') { format!("{}ies", &kind[..kind.len() - 1]) } else { kind + "s" };
    format!("{group}{place}/{plural}/{}", of("name").expect("a name"))
}

/// Applies an object as `kubectl apply --server-side` does. A field that the server does not know is an error.
fn apply(server: &Server, text: &str, object: &Value, more: &str) -> Value {
    let target = format!("{}?fieldManager=kubectl&fieldValidation=Strict{more}", path(object));
    let answer = server.admin().apply(&target, text);
    assert!(
        matches!(answer.status, 200 | 201),
        "{target}: {}\n{text}",
        String::from_utf8_lossy(&answer.body)
    );
    answer.json()
}

/// What the server lets a pod be in that namespace, without making it.
fn try_pod(server: &Server, namespace: &str, template: &Value) -> (u16, String) {
    let mut pod = template.clone();
    pod["apiVersion"] = json!("v1");
    pod["kind"] = json!("Pod");
    pod["metadata"]["name"] = json!("tried");
    let target = format!("/api/v1/namespaces/{namespace}/pods?dryRun=All&fieldValidation=Strict");
    let answer = server.admin().send("POST", &target, "application/json", Some(&pod));
    (answer.status, String::from_utf8_lossy(&answer.body).into_owned())
}

#[test]
fn the_server_takes_every_object_and_a_restricted_namespace_the_pod() {
    let server = shared();
    let place = place();
    let grant = written(
        place.path(),
        "grant.yaml",
        "apiVersion: wagather/v1\nkind: Grant\nrules:\n- {verbs: [list], apiGroups: [''], resources: [pods], namespaces: [default, team-meteo]}\n",
    );
    let grant = grant.to_str().expect("a path");
    let fields = written(place.path(), "headers", "Authorization: Bearer hunter2-hunter2\n");
    let authority = written(place.path(), "ca.crt", &Authority::new("of uploads").pem());
    let (fields, authority) = (fields.to_str().expect("a path"), authority.to_str().expect("a path"));
    let pods = [programs::guest("pods")];
    let all: Vec<PathBuf> = programs::examples_that_name().iter().map(|name| programs::guest(name)).collect();
    for (number, (guests, words)) in [
        (&pods[..], &["--schedule", "0 * * * *"][..]),
        (&pods, &["--indexed", "16", "--storage-class", "shared"]),
        (
            &all,
            &[
                "--schedule",
                "*/5 1-4 * jan MON",
                "--indexed",
                "2",
                "--time-zone",
                "Europe/Vienna",
                "--openshift",
            ],
        ),
        (&pods, &["--job", "--grant", grant, "--storage-class", "fast", "--storage", "20Gi", "--ttl", "1h"]),
        (
            &pods,
            &[
                "--job",
                "--modules-image",
                "mirror/gatherers:1",
                "--grant",
                grant,
                "--image-pull-policy",
                "Never",
            ],
        ),
        (
            &pods,
            &[
                "--schedule",
                "@daily",
                "--volume-claim",
                "archives",
                "--image-pull-secret",
                "mirror",
                "--api-server-cidr",
                "10.0.0.1",
                "--api-server-cidr",
                "fd00::/64",
                "--api-server-port",
                "16443",
                "--memory",
                "4Mi",
            ],
        ),
        (
            &pods,
            &[
                "--schedule",
                "@daily",
                "--upload",
                "https://archives.example.com/{name}",
                "--upload-headers",
                fields,
                "--upload-ca",
                authority,
                "--spool",
                "--keep",
                "14",
            ],
        ),
        (
            &pods,
            &[
                "--indexed",
                "2",
                "--upload",
                "https://10.0.0.9/?signature=hunter2",
                "--upload-cidr",
                "10.0.0.9",
                "--upload-port",
                "8443",
                "--modules-image",
                "mirror/gatherers:1",
                "--upload-ca",
                authority,
            ],
        ),
        (&pods, &["--job", "--upload", "http://archives.example.com/", "--openshift"]),
    ]
    .into_iter()
    .enumerate()
    {
        let namespace = format!("deploy-{number}");
        let words = [words, &["--namespace", &namespace, "--create-namespace"]].concat();
        let objects = printed(guests, &words);
        let (text, of_namespace) = &objects[0];
        apply(&server, text, of_namespace, "");
        for (text, object) in &objects[1..] {
            apply(&server, text, object, "&dryRun=All");
        }
        let (_, job) = objects.last().expect("a Job");
        let spec = if job["kind"] == "CronJob" { &job["spec"]["jobTemplate"]["spec"] } else { &job["spec"] };
        let template = &spec["template"];
        let (status, said) = try_pod(&server, &namespace, template);
        assert_eq!(status, 201, "{words:?}: {said}");
        // The namespace does refuse what is not restricted.
        for (pointer, value) in [
            ("/spec/containers/0/securityContext/allowPrivilegeEscalation", json!(true)),
            ("/spec/containers/0/securityContext/capabilities/drop", json!([])),
            ("/spec/securityContext/seccompProfile/type", json!("Unconfined")),
            ("/spec/securityContext/runAsNonRoot", json!(false)),
        ] {
            let mut other = template.clone();
            *other.pointer_mut(pointer).expect(pointer) = value;
            let (status, said) = try_pod(&server, &namespace, &other);
            assert!(status == 403 && said.contains("violates PodSecurity"), "{pointer}: {status} {said}");
        }
        server.admin().delete(&path(of_namespace));
    }
}

/// Two deployments of one name in two namespaces do not take each other's rights away; and one rule less is one too few.
#[test]
fn the_account_is_enough_and_no_more() {
    let server = shared();
    let place = place();
    let guests = [Ask::list("", "v1", "pods").items(place.path()), programs::guest("hello")];
    let account = |namespace: &str| {
        let words = ["--job", "--name", "deployed", "--namespace", namespace];
        let of_account = ["ServiceAccount", "ClusterRole", "ClusterRoleBinding"].map(Value::from);
        let mut objects = printed(&guests, &words).into_iter().map(|(_, object)| object).collect::<Vec<_>>();
        objects.retain(|object| of_account.contains(&object["kind"]));
        assert_eq!(objects.len(), 3);
        objects
    };
    let here = account("team-meteo");
    let one = Account::apply(&server, &here);
    let other = Account::apply(&server, &account("default"));
    let pods = json!({"verb": "list", "resource": "pods"});
    wait_until("both are bound", || one.may(&pods) && other.may(&pods));
    for (account, guest) in [(&one, &guests[0]), (&other, &guests[0]), (&one, &guests[1])] {
        account.run(guest, &[]).gathered();
    }
    assert!(
        !one.may(&json!({"verb": "delete", "resource": "pods"}))
            && !one.may(&json!({"verb": "list", "resource": "nodes"}))
    );
    let mut role = here[1].clone();
    role["rules"] = json!([]);
    let answer = server.admin().send("PUT", &path(&role), "application/json", Some(&role));
    assert_eq!(answer.status, 200);
    wait_until("the rule is gone", || !one.may(&pods));
    one.run(&guests[0], &[]).expect_failure(9, "HTTP 403: pods is forbidden");
    other.run(&guests[0], &[]).gathered();
}
