//! Requests for any resource: what discovery has, what the manifest and the grant leave of it, and what fails of it.

use serde_json::{Value, json};
use std::path::Path;
use tests::archive::Archive;
use tests::guest::{Texts, piping_with};
use tests::host::{Done, Host, incomplete};
use tests::server::{Answer, List, Running, Server};
use tests::{place, programs};
use wagather_abi::Verb;

const ANYTHING: Texts<'static> = Texts {
    version: "",
    resource: "*",
    group: "*",
    namespace: "",
    name: "",
    subresource: "",
    labels: "",
    fields: "",
    mask: "",
    query: "",
};
const EVERYTHING: &str = "resource get,list */*/* * *";

fn object(name: &str, namespace: &str) -> Value {
    match namespace {
        "" => json!({"metadata": {"name": name}}),
        namespace => json!({"metadata": {"name": name, "namespace": namespace}}),
    }
}

fn secret(name: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": "shop"}, "type": "Opaque", "data": {"password": "c2VzYW1l"}})
}

/// A cluster with more than one may read.
fn cluster() -> Server {
    let pods = [object("till", "bank"), object("web-1", "shop"), object("web-2", "shop")];
    Server::new()
        .list(
            "/api/v1/namespaces",
            List::new("v1", "NamespaceList", vec![object("bank", ""), object("shop", "")]),
        )
        .list("/api/v1/nodes", List::new("v1", "NodeList", vec![object("node-1", "")]))
        .list("/api/v1/pods", List::new("v1", "PodList", pods.into()).pages_of(2))
        .list("/api/v1/secrets", List::new("v1", "SecretList", vec![secret("core")]))
        .list(
            "/apis/apps/v1/deployments",
            List::new("apps/v1", "DeploymentList", vec![object("web", "shop")]),
        )
        .list(
            "/apis/evil.example.com/v1/harmless",
            List::new("evil.example.com/v1", "SecretList", vec![secret("alias")]),
        )
}

/// Runs a guest, and reads its archive, which is under its own name or called incomplete.
fn run_guest(folder: &Path, module: &[u8], server: &Running, words: &[&str]) -> (Done, Option<Archive>) {
    let (guest, output) = (folder.join("guest.wasm"), folder.join("out"));
    std::fs::write(&guest, module).expect("a module");
    let done = Host::run(&guest).server(&server.url()).output(&output).args(words).timeout("20s").wait();
    let archive = if done.code() == 0 || done.code() == 8 { output.clone() } else { incomplete(&output) };
    (done, archive.exists().then(|| Archive::read(archive)))
}

/// Runs a guest that pipes one request.
fn pipe(
    server: &Running,
    records: &[&str],
    verb: Verb,
    request: &Texts<'_>,
    words: &[&str],
) -> (Done, Archive) {
    let place = place();
    let module = piping_with("any", records, verb, request);
    let (done, archive) = run_guest(place.path(), &module, server, words);
    let archive = archive.unwrap_or_else(|| panic!("no archive: {}", done.stderr));
    (done, archive)
}

fn objects(archive: &Archive) -> Vec<String> {
    let paths = archive.paths().into_iter().map(str::to_owned);
    paths.filter(|path| path.starts_with("namespaces/") || path.starts_with("cluster-scoped")).collect()
}

/// The result of each resource of the report.
fn results(archive: &Archive, gatherer: &str) -> Vec<String> {
    let gathered = archive.gatherer(gatherer);
    let resources = gathered["resources"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    resources
        .iter()
        .map(|known| format!("{} {} {}", text(&known["resource"]), text(&known["status"]), known["items"]))
        .collect()
}

fn asked(server: &Running) -> Vec<String> {
    server.seen().into_iter().map(|seen| seen.path).collect()
}

const HARMLESS: [&str; 7] = [
    "cluster-scoped-resources/core/namespaces/bank.json",
    "cluster-scoped-resources/core/namespaces/shop.json",
    "cluster-scoped-resources/core/nodes/node-1.json",
    "namespaces/bank/core/pods/till.json",
    "namespaces/shop/apps/deployments/web.json",
    "namespaces/shop/core/pods/web-1.json",
    "namespaces/shop/core/pods/web-2.json",
];

#[test]
fn everything_but_secrets_whatever_they_are_called() {
    let server = cluster().start();
    let (place, output) = (place(), "out");
    let output = place.path().join(output);
    let done = Host::run(programs::guest("everything")).server(&server.url()).output(&output).wait();
    done.expect_success();
    let archive = Archive::read(&output);
    assert_eq!(objects(&archive), HARMLESS);
    assert_eq!(
        results(&archive, "everything"),
        [
            "v1/secrets denied 0",
            "evil.example.com/v1/harmless denied 0",
            "v1/namespaces complete 2",
            "v1/nodes complete 1",
            "v1/pods complete 3",
            "apps/v1/deployments complete 1",
        ]
    );
    assert_eq!(archive.json("namespaces/shop/apps/deployments/web.json")["kind"], "Deployment");
    assert!(!archive.mentions("c2VzYW1l") && !archive.mentions("sesame"));
    let paths = asked(&server);
    assert!(!paths.iter().any(|path| path.contains("secrets") || path.contains("harmless")), "{paths:?}");
    let discovery = archive.json("everything/discovery.json");
    assert_eq!(discovery["items"][0]["versions"][0]["resources"][0]["resource"], "namespaces");
    assert!(!discovery.to_string().contains("secret") && !discovery.to_string().contains("harmless"));
    // The audit has each request, and what the whole came to.
    let what: Vec<String> =
        archive.audit().iter().map(|line| line["what"].as_str().unwrap_or_default().to_owned()).collect();
    for line in ["list */*/*", "discover /api", "discover /apis", "list /v1/pods", "list apps/v1/deployments"]
    {
        assert!(what.iter().any(|known| known == line), "{line} in {what:?}");
    }
}

/// A server may say another kind in discovery than in its answers.
#[test]
fn an_answer_that_has_secrets_is_not_for_a_wildcard() {
    let discovery = |kind: &str| {
        json!({"kind": "APIGroupDiscoveryList", "items": [{"metadata": {"name": "evil.example.com"}, "versions": [{"version": "v1",
            "resources": [{"resource": "harmless", "responseKind": {"kind": kind}, "scope": "Namespaced", "verbs": ["get", "list"]}]}]}]})
    };
    let nothing = json!({"kind": "APIGroupDiscoveryList", "items": []});
    let item = |more: Value| {
        let mut item = secret("alias");
        item.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        item
    };
    let lists = [
        json!({"kind": "SecretList", "apiVersion": "v1", "items": [secret("alias")]}),
        json!({"kind": "HarmlessList", "items": [item(json!({"kind": "Secret", "apiVersion": "v1"}))]}),
        json!({"kind": "List", "items": [secret("alias")]}),
        json!({"items": [secret("alias")]}),
        json!({"kind": "OAuthAccessTokenList", "items": [secret("alias")]}),
        json!({"kind": "OAuthClientList", "items": [secret("alias")]}),
        json!({"kind": "TokenRequestList", "items": [secret("alias")]}),
    ];
    for list in &lists {
        let text = match list["kind"].as_str() {
            // The kind of the list comes last, as in lists of custom resources.
            Some(kind) if kind == "SecretList" => {
                format!(r#"{{"items":{},"kind":"{kind}"}}"#, list["items"])
            }
            _ => list.to_string(),
        };
        let server = Server::new()
            .on("/api", Answer::json(&nothing))
            .on("/apis", Answer::json(&discovery("Harmless")))
            .on("/apis/evil.example.com/v1/harmless", Answer::bytes("application/json", text.clone()))
            .start();
        let (done, archive) = pipe(&server, &[EVERYTHING], Verb::LIST, &ANYTHING, &[]);
        done.expect_code(8);
        assert_eq!(objects(&archive), Vec::<String>::new(), "{text}");
        assert!(
            !archive.mentions("c2VzYW1l") && done.stderr.contains("wildcards do not cover"),
            "{}",
            done.stderr
        );
        // By name it is no better, as long as the manifest has only a wildcard.
        let by_name = Texts { version: "v1", resource: "harmless", group: "evil.example.com", ..ANYTHING };
        let (done, archive) = pipe(&server, &[EVERYTHING], Verb::LIST, &by_name, &[]);
        assert!(objects(&archive).is_empty() && !archive.mentions("c2VzYW1l"), "{}", done.stderr);
    }
    let whole = json!({"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "alias", "namespace": "shop"}, "data": {"a": "c2VzYW1l"}});
    let server = Server::new()
        .on("/api", Answer::json(&nothing))
        .on("/apis", Answer::json(&discovery("Harmless")))
        .on("/apis/evil.example.com/v1/namespaces/shop/harmless/alias", Answer::json(&whole))
        .start();
    let get = Texts {
        resource: "harmless",
        group: "evil.example.com",
        namespace: "shop",
        name: "alias",
        ..ANYTHING
    };
    let (done, archive) = pipe(&server, &[EVERYTHING], Verb::GET, &get, &[]);
    assert!(
        objects(&archive).is_empty() && done.stderr.contains("wildcards do not cover"),
        "{}",
        done.stderr
    );
    // Discovery that says so is enough for a request not to be sent.
    let told = Server::new()
        .on("/api", Answer::json(&nothing))
        .on("/apis", Answer::json(&discovery("Secret")))
        .start();
    pipe(&told, &[EVERYTHING], Verb::GET, &get, &[]);
    let mut sent = asked(&told);
    sent.sort();
    assert_eq!(sent, ["/api", "/apis"]);
}

#[test]
fn what_fails_is_told_and_the_rest_is_there() {
    let cluster = || {
        let refused = |code, reason| Answer::status(code, reason, "as the test wants it");
        let lists = ["configmaps", "services", "endpoints"].map(|plural| format!("/api/v1/{plural}"));
        let fails = List::new("v1", "ConfigMapList", vec![object("x", "shop")]);
        let gone = List::new("v1", "ServiceList", vec![object("x", "shop")]);
        cluster()
            .list(&lists[0], fails.page_is(1, refused(405, "MethodNotAllowed")))
            .list(&lists[1], gone.page_is(1, refused(404, "NotFound")))
    };
    let (done, archive) = pipe(&cluster().start(), &[EVERYTHING], Verb::LIST, &ANYTHING, &[]);
    done.expect_code(8);
    assert_eq!(objects(&archive), HARMLESS);
    let results = results(&archive, "any");
    for result in ["v1/configmaps gaps 0", "v1/services absent 0", "v1/pods complete 3"] {
        assert!(results.iter().any(|known| known == result), "{result} in {results:?}");
    }
    let gaps = archive.report()["gaps"].clone();
    assert_eq!(
        (gaps[0]["asked"].as_str(), gaps[0]["status"].as_u64()),
        (Some("list /v1/configmaps"), Some(405))
    );
    // An error that may pass: the archive is incomplete, and has the rest.
    let broken = List::new("v1", "ConfigMapList", vec![object("x", "shop")]);
    let broken = broken.page_is(1, Answer::bytes("application/json", "{\"kind\": 7"));
    let server = cluster().list("/api/v1/configmaps", broken).start();
    let (done, archive) = pipe(&server, &[EVERYTHING], Verb::LIST, &ANYTHING, &[]);
    done.expect_code(5);
    assert_eq!(objects(&archive), HARMLESS);
}

#[test]
fn an_older_server_and_a_stale_group() {
    let groups = json!({"kind": "APIGroupList", "groups": [
        {"name": "apps", "preferredVersion": {"version": "v1"}, "versions": [{"version": "v1"}]},
        {"name": "metrics.k8s.io", "versions": [{"version": "v1beta1"}]}]});
    let resources =
        |resources: Value| Answer::json(&json!({"kind": "APIResourceList", "resources": resources}));
    let core = json!([
        {"name": "nodes", "kind": "Node", "namespaced": false, "verbs": ["list"]},
        {"name": "nodes/proxy", "kind": "NodeProxyOptions", "namespaced": false, "verbs": ["get", "list"]},
        {"name": "bindings", "kind": "Binding", "namespaced": true, "verbs": ["create"]},
        {"name": "secrets", "kind": "Secret", "namespaced": true, "verbs": ["list"]}]);
    let apps = json!([{"name": "deployments", "kind": "Deployment", "namespaced": true, "verbs": ["list"]}]);
    let server = cluster()
        .on("/api", Answer::json(&json!({"kind": "APIVersions", "versions": ["v1"]})))
        .on("/apis", Answer::json(&groups))
        .on("/api/v1", resources(core))
        .on("/apis/apps/v1", resources(apps))
        .on("/apis/metrics.k8s.io/v1beta1", Answer::status(404, "NotFound", "no such server"))
        .start();
    let (done, archive) = pipe(&server, &[EVERYTHING], Verb::LIST, &ANYTHING, &[]);
    done.expect_code(8);
    assert_eq!(objects(&archive), [HARMLESS[2], HARMLESS[4]]);
    assert_eq!(
        results(&archive, "any"),
        [
            "v1/bindings notListable 0",
            "v1/secrets denied 0",
            "metrics.k8s.io/v1beta1/* gaps 0",
            "v1/nodes complete 1",
            "apps/v1/deployments complete 1"
        ]
    );
    assert!(!asked(&server).iter().any(|path| path.contains("proxy") || path.contains("secrets")));
}

#[test]
fn without_discovery_there_is_nothing() {
    let server = cluster().on("/api", Answer::status(403, "Forbidden", "no discovery for you")).start();
    let (done, archive) = pipe(&server, &[EVERYTHING], Verb::LIST, &ANYTHING, &[]);
    done.expect_code(9);
    assert!(
        done.stderr.contains("no discovery for you") && done.stderr.contains("system:discovery"),
        "{}",
        done.stderr
    );
    assert!(objects(&archive).is_empty());
}

/// The account may list in one of two namespaces. It is asked for both, after the list over all of them.
#[test]
fn a_refused_list_is_asked_for_in_each_namespace() {
    let forbidden = || Answer::status(403, "Forbidden", "not over all of them");
    let of_shop = List::new("v1", "PodList", vec![object("web-1", "shop"), object("web-2", "shop")]);
    let over_all = List::new("v1", "PodList", vec![object("x", "shop")]).page_is(1, forbidden());
    let server = Server::new()
        .list(
            "/api/v1/namespaces",
            List::new("v1", "NamespaceList", vec![object("bank", ""), object("shop", "")]),
        )
        .list("/api/v1/pods", over_all)
        .on("/api/v1/namespaces/bank/pods", forbidden())
        .list("/api/v1/namespaces/shop/pods", of_shop)
        .start();
    let (done, archive) = pipe(&server, &[EVERYTHING], Verb::LIST, &ANYTHING, &[]);
    done.expect_code(8);
    assert_eq!(objects(&archive), [HARMLESS[0], HARMLESS[1], HARMLESS[5], HARMLESS[6]]);
    let pods = archive.gatherer("any")["resources"]
        .as_array()
        .expect("resources")
        .iter()
        .find(|known| known["resource"] == "v1/pods")
        .cloned()
        .expect("pods");
    assert_eq!((&pods["status"], &pods["items"], &pods["requests"]), (&json!("gaps"), &json!(2), &json!(3)));
    assert_eq!(
        pods["namespaces"],
        json!([
            {"namespace": "bank", "status": "forbidden", "items": 0, "requests": 1},
            {"namespace": "shop", "status": "complete", "items": 2, "requests": 1}])
    );
    let gaps = archive.report()["gaps"].clone();
    assert_eq!((gaps[0]["namespace"].as_str(), gaps.as_array().map(Vec::len)), (Some("bank"), Some(1)));
}

#[test]
fn a_grant_narrows_it() {
    let place = place();
    let grant = place.path().join("grant.yaml");
    let rule = "apiVersion: wagather/v1\nkind: Grant\nrules:\n- {verbs: [list], apiGroups: ['*'], resources: ['*'], namespaces: [shop]}\n";
    std::fs::write(&grant, rule).expect("a grant");
    let server = cluster().start();
    let words = ["--grant", grant.to_str().expect("a path")];
    let (done, archive) = pipe(&server, &[EVERYTHING], Verb::LIST, &ANYTHING, &words);
    done.expect_success();
    assert_eq!(objects(&archive), [HARMLESS[1], HARMLESS[4], HARMLESS[5], HARMLESS[6]]);
    let paths = asked(&server);
    assert!(paths.contains(&"/api/v1/namespaces/shop/pods".into()), "{paths:?}");
    assert!(!paths.contains(&"/api/v1/pods".into()) && !paths.contains(&"/api/v1/nodes".into()), "{paths:?}");
}

#[test]
fn a_pattern_in_the_manifest_and_a_namespace_in_the_request_narrow_it() {
    let server = cluster().start();
    let (done, archive) = pipe(&server, &["resource list */*/* sh* *"], Verb::LIST, &ANYTHING, &[]);
    done.expect_success();
    assert_eq!(objects(&archive), [HARMLESS[1], HARMLESS[4], HARMLESS[5], HARMLESS[6]]);
    assert_eq!(archive.gatherer("any")["withheld"], Value::Null);
    let in_bank = Texts { namespace: "bank", ..ANYTHING };
    let (done, archive) = pipe(&server, &[EVERYTHING], Verb::LIST, &in_bank, &[]);
    done.expect_success();
    assert_eq!(objects(&archive), [HARMLESS[3]]);
}

#[test]
fn a_resource_without_a_version_is_the_preferred_one() {
    let server = cluster()
        .on("/apis/apps/v1/namespaces/shop/deployments/web", Answer::json(&object("web", "shop")))
        .start();
    let get = Texts { resource: "deployments", group: "apps", namespace: "shop", name: "web", ..ANYTHING };
    let (done, archive) = pipe(&server, &["resource get apps/*/deployments * *"], Verb::GET, &get, &[]);
    done.expect_success();
    assert_eq!(objects(&archive), [HARMLESS[4]]);
    let mut sent = asked(&server);
    // Both are on their way at once.
    sent.sort();
    assert_eq!(sent, ["/api", "/apis", "/apis/apps/v1/namespaces/shop/deployments/web"]);
    // What the cluster does not have is absent, and no byte is sent for it.
    let (done, archive) = pipe(&server, &[EVERYTHING], Verb::GET, &Texts { resource: "widgets", ..get }, &[]);
    assert!(objects(&archive).is_empty() && done.code() != 0, "{}", done.stderr);
}

#[test]
fn a_recording_gives_the_same() {
    let (place, server) = (place(), cluster().start());
    let path = |name: &str| place.path().join(name);
    let guest = programs::guest("everything");
    Host::run(&guest)
        .server(&server.url())
        .record(path("r.har"))
        .output(path("live"))
        .wait()
        .expect_success();
    for again in ["one.tar.gz", "two.tar.gz"] {
        Host::run(&guest).replay(path("r.har")).output(path(again)).wait().expect_success();
    }
    let read = |name: &str| std::fs::read(path(name)).expect(name);
    assert_eq!(read("one.tar.gz"), read("two.tar.gz"));
    assert_eq!(objects(&Archive::read(path("live"))), objects(&Archive::read(path("one.tar.gz"))));
    // The archive has what was gathered.
    Host::run(&guest).arg("--from").arg(path("live")).output(path("from")).wait().expect_success();
    assert_eq!(objects(&Archive::read(path("from"))), HARMLESS);
}

#[test]
fn an_account_for_wildcards_names_what_the_cluster_has() {
    let (place, server) = (place(), cluster().start());
    let recording = place.path().join("r.har");
    let guest = programs::guest("everything");
    let output = place.path().join("out");
    Host::run(&guest).server(&server.url()).record(&recording).output(output).wait().expect_success();
    let rbac =
        |words: &[&str]| Host::new(["rbac"]).arg(&guest).args(words).env("KUBECONFIG", "/nonexistent").wait();
    let text = rbac(&["--replay", recording.to_str().expect("a path")]).expect_success().stdout_text();
    for line in [
        "resources: [\"deployments\"]",
        "resources: [\"namespaces\", \"nodes\", \"pods\"]",
        "nonResourceURLs",
    ] {
        assert!(text.replace('"', "").contains(&line.replace('"', "")), "{line} in {text}");
    }
    for word in ["secrets", "harmless", "'*'", "\"*\""] {
        assert!(!text.contains(word), "{word} in {text}");
    }
    let deploy = |words: &[&str]| {
        let host = Host::new(["deploy", "--job", "--image", "host-min:1"]).arg(&guest).args(words);
        host.env("KUBECONFIG", "/nonexistent").wait()
    };
    let deployed = deploy(&["--replay", recording.to_str().expect("a path")]).expect_success().stdout_text();
    let rules = |text: &str| -> Vec<String> {
        text.lines().filter(|line| line.contains("resources: [")).map(|line| line.trim().to_owned()).collect()
    };
    assert_eq!(rules(&deployed), rules(&text), "what is deployed has the rights that rbac prints");
    assert!(!rules(&text).is_empty());
    // The pod runs at the cluster.
    assert!(!deployed.contains("replay") && !deployed.contains("r.har"), "{deployed}");
    for without in [rbac(&[]), deploy(&[])] {
        assert_ne!(without.code(), 0);
        assert!(without.stderr.contains("RBAC's '*' would include Secrets"), "{}", without.stderr);
        assert_eq!(without.stdout_text(), "");
    }
}
