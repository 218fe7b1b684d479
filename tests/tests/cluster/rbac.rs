//! The output of `host-min rbac`, applied to a real API server: the gatherers work with that account, fail without
//! it, and the account can do nothing else.
//!
//! Each test has its own account, so tests do not affect each other. The server applies roles shortly after it stores
//! them; a test waits until then.

use super::ask::{Ask, items_in};
use super::{Ran, run, shared};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tests::apiserver::{Client, Server};
use tests::failing::written;
use tests::host::Host;
use tests::kubeconfig::Kubeconfig;
use tests::programs;
use wagather_yaml as yaml;

/// Where the accounts are; one of the namespaces that the server is filled with.
pub(super) const NAMESPACE: &str = "team-meteo";
/// It takes milliseconds.
const LEARNING_LIMIT: Duration = Duration::from_secs(20);

/// The objects that `rbac` prints.
pub(super) fn printed(name: &str, guests: &[PathBuf], words: &[&str]) -> Vec<Value> {
    let host = Host::new(["rbac", "--name", name, "--namespace", NAMESPACE]).args(guests).args(words);
    let text = host.wait().expect_success().stdout_text();
    text.split("---\n").map(|document| yaml::parse(document).expect("YAML").to_json()).collect()
}

/// Where objects of a kind are created.
fn collection(object: &Value) -> String {
    let group = match object["apiVersion"].as_str() {
        Some("v1") => "/api/v1".to_owned(),
        Some(other) => format!("/apis/{other}"),
        None => panic!("no apiVersion: {object}"),
    };
    let place =
        object["metadata"]["namespace"].as_str().map_or(String::new(), |name| format!("/namespaces/{name}"));
    format!("{group}{place}/{}s", object["kind"].as_str().expect("a kind").to_ascii_lowercase())
}

fn path(object: &Value) -> String {
    format!("{}/{}", collection(object), object["metadata"]["name"].as_str().expect("a name"))
}

/// An account that was applied.
pub(super) struct Account<'a> {
    server: &'a Server,
    client: Client,
    place: tempfile::TempDir,
}

impl<'a> Account<'a> {
    /// Applies the objects, and logs in.
    pub(super) fn apply(server: &'a Server, objects: &[Value]) -> Account<'a> {
        for object in objects {
            server.admin().create(&collection(object), object);
        }
        let request = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}});
        let answer = server.admin().send(
            "POST",
            &format!("{}/token", path(&objects[0])),
            "application/json",
            Some(&request),
        );
        assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
        let token = answer.json()["status"]["token"].as_str().expect("a token").to_owned();
        let place = tests::place();
        Kubeconfig::new(server.url())
            .cluster(format!("certificate-authority: {}", server.text("/ca")))
            .user(format!("token: {token}"))
            .write(place.path());
        Account { server, client: server.admin().with_token(&token), place }
    }

    /// The kubeconfig that logs in as it.
    pub(super) fn kubeconfig(&self) -> PathBuf {
        self.place.path().join("kubeconfig")
    }

    pub(super) fn run(&self, guest: &Path, words: &[&str]) -> Ran {
        let host = Host::run(guest).kubeconfig(self.kubeconfig()).args(words);
        run(self.server, host)
    }

    fn post(&self, collection: &str, kind: &str, spec: &Value) -> Value {
        let object = json!({"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec});
        let target = format!("/apis/authorization.k8s.io/v1/{collection}");
        let answer = self.client.send("POST", &target, "application/json", Some(&object));
        assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
        answer.json()["status"].take()
    }

    /// What the server says that it may do, in a namespace and everywhere.
    fn rules(&self, namespace: &str) -> BTreeSet<String> {
        let status =
            self.post("selfsubjectrulesreviews", "SelfSubjectRulesReview", &json!({"namespace": namespace}));
        let of = |key: &str| status[key].as_array().cloned().unwrap_or_default();
        of("resourceRules").into_iter().chain(of("nonResourceRules")).map(|rule| rule.to_string()).collect()
    }

    pub(super) fn may(&self, attributes: &Value) -> bool {
        let spec = json!({"resourceAttributes": attributes});
        self.post("selfsubjectaccessreviews", "SelfSubjectAccessReview", &spec)["allowed"] == true
    }
}

pub(super) fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(
            begin.elapsed() < LEARNING_LIMIT,
            "the server did not learn within {LEARNING_LIMIT:?} that {what}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A printed rule as a rules review has it, without its comment.
fn reviewed(rule: &Value) -> String {
    let mut rule = rule.clone();
    rule.sort_all_objects();
    rule.to_string()
}

fn list_of(group: &str, resource: &str) -> Value {
    json!({"verb": "list", "group": group, "resource": resource})
}

fn all_guests() -> Vec<PathBuf> {
    programs::examples_that_name().iter().map(|name| programs::guest(name)).collect()
}

#[test]
fn the_examples_work_with_their_account_and_fail_without() {
    let server = shared();
    let objects = printed("rbac-examples", &all_guests(), &[]);
    let [_, role, binding] = &objects[..] else {
        panic!("not an account, a role and a binding: {objects:#?}")
    };
    assert_eq!((&role["kind"], &binding["kind"]), (&json!("ClusterRole"), &json!("ClusterRoleBinding")));
    let account = Account::apply(&server, &objects);
    let (pods, operators) = (list_of("", "pods"), list_of("config.openshift.io", "clusteroperators"));
    wait_until("it is bound", || account.may(&pods) && account.may(&operators));
    for guest in all_guests() {
        account.run(&guest, &[]).gathered();
    }

    // Nothing but its rules, and what any account of the cluster may.
    let other = printed("rbac-nobody", &[programs::guest("hello")], &[]);
    let nobody = Account::apply(&server, &other);
    let (rules, anybody) = (account.rules(NAMESPACE), nobody.rules(NAMESPACE));
    let more: BTreeSet<String> = rules.difference(&anybody).cloned().collect();
    let expected: BTreeSet<String> = role["rules"].as_array().expect("rules").iter().map(reviewed).collect();
    assert_eq!((more, expected.len()), (expected.clone(), 7));
    assert!(anybody.is_subset(&rules));
    for (verb, group, resource) in [
        ("get", "", "pods"),
        ("watch", "", "pods"),
        ("delete", "", "pods"),
        ("list", "", "secrets"),
        ("list", "", "configmaps"),
        ("get", "", "nodes"),
        ("get", "config.openshift.io", "clusteroperators"),
        ("create", "rbac.authorization.k8s.io", "clusterrolebindings"),
    ] {
        assert!(
            !account.may(&json!({"verb": verb, "group": group, "resource": resource})),
            "{verb} {resource}"
        );
    }

    // One rule taken away at a time.
    let put = |role: &Value| {
        let answer = server.admin().send("PUT", &path(role), "application/json", Some(role));
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    };
    let (without_pods, without_operators) = (all_but(role, "pods"), all_but(role, "clusteroperators"));
    put(&without_pods);
    wait_until("the rule for pods is gone", || !account.may(&pods));
    account
        .run(&programs::guest("pods"), &[])
        .expect_failure(9, "list /v1/pods: HTTP 403: pods is forbidden");
    account.run(&programs::guest("degraded-operators"), &[]).gathered();
    put(&without_operators);
    wait_until("the rules were exchanged", || account.may(&pods) && !account.may(&operators));
    let forbidden = "HTTP 403: clusteroperators.config.openshift.io is forbidden";
    for name in ["cluster-operators", "degraded-operators"] {
        account.run(&programs::guest(name), &[]).expect_failure(9, forbidden);
    }
    account.run(&programs::guest("pods"), &[]).gathered();

    // And the binding.
    put(role);
    wait_until("all rules are back", || account.may(&pods) && account.may(&operators));
    server.admin().delete(&path(binding));
    wait_until("it is not bound", || !account.may(&pods));
    account.run(&programs::guest("pods"), &[]).expect_failure(9, "HTTP 403");
    account.run(&programs::guest("cluster-operators"), &[]).expect_failure(9, "HTTP 403");
    account.run(&programs::guest("hello"), &[]).gathered();
}

/// The role without the rule for one resource.
fn all_but(role: &Value, resource: &str) -> Value {
    let mut role = role.clone();
    let rules = role["rules"].as_array_mut().expect("rules");
    let before = rules.len();
    rules.retain(|rule| rule["resources"][0] != resource);
    assert_eq!(rules.len() + 1, before, "no rule for {resource}");
    role
}

/// A grant narrows the printed roles to single namespaces and names; the account then can do no more, grant or not.
#[test]
fn a_grant_narrows_the_account() {
    let server = shared();
    let place = tests::place();
    let grant = written(
        place.path(),
        "grant.yaml",
        &format!(
            "apiVersion: wagather/v1\nkind: Grant\nrules:\n\
             - {{verbs: [list], apiGroups: [''], resources: [pods], namespaces: [{NAMESPACE}]}}\n\
             - {{verbs: [get], apiGroups: [config.openshift.io], resources: ['*'], resourceNames: [metrics]}}\n\
             - {{verbs: [get], apiGroups: [''], resources: [secrets], namespaces: [default], without: [data]}}\n\
             nonResourceURLs: [/metrics]\n"
        ),
    );
    let grant = ["--grant", grant.to_str().expect("a path")];
    let folder = |name: &str| {
        let folder = place.path().join(name);
        std::fs::create_dir(&folder).expect("a folder");
        folder
    };
    let pods = Ask::list("", "v1", "pods").namespace(NAMESPACE).items(&folder("pods"));
    let pods_of_others = Ask::list("", "v1", "pods").namespace("default").items(&folder("pods-of-others"));
    let operator = |name: &str| Ask::get("config.openshift.io", "v1", "clusteroperators", name);
    let one = operator("metrics").items(&folder("one"));
    let another = operator("registry").items(&folder("another"));
    let secret =
        Ask::get("", "v1", "secrets", "gatherer-secret").namespace("default").items(&folder("secret"));
    let metrics = Ask::raw("/metrics").bytes(&folder("metrics"));
    let guests = [pods.clone(), one.clone(), secret.clone(), metrics.clone()];

    let objects = printed("rbac-narrow", &guests, &grant);
    let roles: Vec<String> = objects.iter().filter(|object| object["rules"].is_array()).map(path).collect();
    assert_eq!(
        roles,
        [
            "/apis/rbac.authorization.k8s.io/v1/clusterroles/rbac-narrow",
            "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles/rbac-narrow",
            "/apis/rbac.authorization.k8s.io/v1/namespaces/team-meteo/roles/rbac-narrow",
        ]
    );
    let account = Account::apply(&server, &objects);
    let pods_here = json!({"verb": "list", "resource": "pods", "namespace": NAMESPACE});
    let secret_there = json!({"verb": "get", "resource": "secrets", "namespace": "default"});
    let operator_one = json!({"verb": "get", "group": "config.openshift.io", "resource": "clusteroperators", "name": "metrics"});
    wait_until("it is bound", || {
        account.may(&pods_here) && account.may(&secret_there) && account.may(&operator_one)
    });
    for guest in &guests {
        account.run(guest, &grant).gathered();
    }
    // The Secret that the grant names, without what it removes; `run` looks for its value everywhere.
    let ran = account.run(&secret, &grant);
    let item = items_in(ran.gathered()).remove(0);
    assert_eq!((&item["metadata"]["name"], &item["data"]), (&json!("gatherer-secret"), &Value::Null));
    assert!(
        String::from_utf8_lossy(account.run(&metrics, &grant).gathered().bytes("ask/result"))
            .contains("apiserver_request_total")
    );

    // What the grant refuses, the account could not do either.
    account
        .run(&pods_of_others, &grant)
        .expect_failure(7, "the grant has no rule for v1/pods in the namespace default");
    account.run(&pods_of_others, &[]).expect_failure(9, "HTTP 403");
    account.run(&another, &grant).expect_failure(7, "the grant has no rule for the name registry");
    account.run(&another, &[]).expect_failure(9, "HTTP 403");
    account.run(&programs::guest("pods"), &[]).expect_failure(9, "HTTP 403");
}

/// A gatherer that lists over all namespaces runs with the account that is printed for two of them, as its grant names these.
#[test]
fn the_account_of_a_grant_runs_a_gatherer_that_lists_everything() {
    let server = shared();
    let place = tests::place();
    let grant_of = |name: &str, namespaces: &str| {
        let rule =
            format!("{{verbs: [list], apiGroups: [''], resources: [pods], namespaces: [{namespaces}]}}");
        let text = format!("apiVersion: wagather/v1\nkind: Grant\nrules:\n- {rule}\n");
        let path = written(place.path(), name, &text);
        ["--grant".to_owned(), path.to_str().expect("a path").to_owned()]
    };
    let named = grant_of("named.yaml", &format!("{NAMESPACE}, default"));
    let named = [&*named[0], &*named[1]];
    let pods = Ask::list("", "v1", "pods").items(place.path());
    let account = Account::apply(&server, &printed("rbac-places", std::slice::from_ref(&pods), &named));
    let may =
        |namespace: &str| account.may(&json!({"verb": "list", "resource": "pods", "namespace": namespace}));
    wait_until("it is bound", || may(NAMESPACE) && may("default"));
    assert!(!may(""), "it may list over all namespaces");

    for more in [&[][..], &["--check-access"]] {
        let ran = account.run(&pods, &[&named, more].concat());
        let mut namespaces: Vec<String> = items_in(ran.gathered())
            .iter()
            .map(|item| item["metadata"]["namespace"].as_str().expect("a namespace").to_owned())
            .collect();
        assert!(namespaces.windows(2).all(|two| two[0] <= two[1]), "{namespaces:?}");
        namespaces.dedup();
        // The same as in a list over all namespaces by somebody who may see that.
        let admin = items_in(run(&server, super::host(&server, "token.yaml", [pods.clone()])).gathered());
        let mut expected: Vec<&str> = admin
            .iter()
            .filter_map(|item| item["metadata"]["namespace"].as_str())
            .filter(|name| [NAMESPACE, "default"].contains(name))
            .collect();
        expected.dedup();
        assert_eq!(namespaces, expected);
    }
    // One more namespace than the account has a role in, and a pattern.
    let wider = grant_of("wider.yaml", &format!("{NAMESPACE}, default, kube-system"));
    let wider = [&*wider[0], &*wider[1]];
    let gaps = "list /v1/pods in kube-system: skipped the namespace: HTTP 403";
    account.run(&pods, &wider).expect_failure(8, gaps);
    account
        .run(&pods, &[&wider[..], &["--check-access"]].concat())
        .expect_failure(9, "list v1/pods in the namespace kube-system");
    let pattern = grant_of("pattern.yaml", "'team-*'");
    account.run(&pods, &[&*pattern[0], &*pattern[1]]).expect_failure(9, "name them in the grant");
}

/// Paths that an API server takes for Secrets, whatever resource they seem to be of.
#[test]
fn secrets_have_no_other_name() {
    let server = shared();
    let secrets = |target: &str| {
        let answer = server.admin().get(target);
        assert_eq!(answer.status, 200);
        assert!(
            String::from_utf8_lossy(&answer.body).contains("gatherer-secret"),
            "{target} is not of Secrets"
        );
    };
    secrets("/api/v1/namespaces/default/secrets");
    secrets("/api/v1/watch/secrets?timeoutSeconds=1");
    secrets("/api/v1/watch/namespaces/default/secrets?timeoutSeconds=1");
    let place = tests::place();
    for (ask, why) in [
        (Ask::get("", "v1", "watch", "secrets"), "'watch' is a verb in a path, not a resource"),
        (
            Ask::get("", "v1", "namespaces", "default").subresource("secrets", ""),
            "namespaces/NAME/secrets is a namespaced list, not a resource",
        ),
    ] {
        let guest = ask.bytes(place.path());
        run(&server, super::host(&server, "token.yaml", [guest])).expect_failure(7, why);
    }
}
