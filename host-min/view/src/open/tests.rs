//! The server's answers, without a connection.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use wagather_http::{Body, Method, Request, Response, StatusCode, header};

use super::content::Content;
use super::server::answer;

mod clients;

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

/// Files of an archive: path and content.
type Files<'a> = &'a [(&'a str, &'a str)];

const FILES: Files = &[
    ("timestamp", "2026-01-02 03:04:05 +0000 UTC\n"),
    (
        "namespaces/shop/core/pods.yaml",
        "apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: web-2, namespace: shop, labels: {app: web}, creationTimestamp: '2026-01-02T02:04:05Z'}\n  spec: {nodeName: a, containers: [{name: main}, {name: side}]}\n  status: {phase: Running}\n- metadata: {name: web-1, namespace: shop}\n  spec: {containers: [{name: main}]}\n  status: {phase: Succeeded}\n",
    ),
    (
        "namespaces/bank/core/pods.yaml",
        "apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: till, namespace: bank}\n",
    ),
    ("namespaces/shop/apps/deployments.yaml", "apiVersion: apps/v1\nkind: DeploymentList\nitems: []\n"),
    (
        "namespaces/shop/pods/web-1/main/main/logs/current.log",
        "2026-01-02T03:04:05.1Z one\n2026-01-02T03:04:06.1Z two\n",
    ),
    ("namespaces/shop/pods/web-2/side/side/logs/previous.log", "ended\n"),
    (
        "cluster-scoped-resources/apiextensions.k8s.io/customresourcedefinitions/things.example.com.yaml",
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: things.example.com}\nspec:\n  group: example.com\n  scope: Namespaced\n  names: {plural: things, singular: thing, kind: Thing, shortNames: [th], categories: [all]}\n  versions:\n  - name: v1\n    served: true\n    schema: {openAPIV3Schema: {type: object, description: A thing.}}\n    additionalPrinterColumns:\n    - {name: Size, type: integer, jsonPath: .spec.size}\n    - {name: Ready, type: string, jsonPath: '.status.conditions[?(@.type==\"Ready\")].status'}\n",
    ),
    (
        "namespaces/shop/example.com/things/one.yaml",
        "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: one, namespace: shop}\nspec: {size: 7}\nstatus: {conditions: [{type: Ready, status: 'True'}]}\n",
    ),
    (
        "cluster-scoped-resources/config.openshift.io/clusteroperators/dns.yaml",
        "apiVersion: config.openshift.io/v1\nkind: ClusterOperator\nmetadata: {name: dns}\nstatus: {versions: [{name: operator, version: '4.20'}]}\n",
    ),
];

fn open(files: Files) -> Arc<Content> {
    let place = tempfile::tempdir().expect("a folder");
    for (path, content) in files {
        let path = place.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).expect("a folder");
        std::fs::write(path, content).expect("a file");
    }
    Arc::new(Content::open(place.path()).expect("an archive"))
}

fn send(content: &Arc<Content>, target: &str, accept: &str) -> Response {
    answer(content, &Request::new(Method::GET, target, "").header(header::ACCEPT, accept))
}

fn json_of(body: Body) -> Value {
    serde_json::from_slice(&body.into_bytes().expect("a whole body")).expect("JSON")
}

fn get(content: &Arc<Content>, target: &str) -> Value {
    json_of(send(content, target, "").into_body())
}

fn names(content: &Arc<Content>, target: &str) -> String {
    let list = get(content, target);
    let items = list["items"].as_array().unwrap_or_else(|| panic!("{target}: {list}"));
    items.iter().map(|item| item["metadata"]["name"].as_str().expect("a name")).collect::<Vec<_>>().join(" ")
}

fn refused(content: &Arc<Content>, target: &str) -> (u16, String) {
    let response = send(content, target, "");
    let status = response.get_status().as_u16();
    let body = json_of(response.into_body());
    assert_eq!((&body["kind"], &body["code"]), (&json!("Status"), &json!(status)), "{body}");
    (status, body["message"].as_str().expect("a message").to_owned())
}

#[test]
fn lists_have_their_selectors_and_pages() {
    let content = open(FILES);
    for (target, expected) in [
        ("/api/v1/pods", "till web-1 web-2"),
        ("/api/v1/namespaces/shop/pods", "web-1 web-2"),
        ("/api/v1/pods?labelSelector=app%3Dweb", "web-2"),
        ("/api/v1/pods?fieldSelector=status.phase%3DRunning%2Cspec.nodeName%3Da", "web-2"),
        ("/api/v1/namespaces/shop/pods?fieldSelector=metadata.name%3Dweb-1", "web-1"),
        ("/apis/apps/v1/deployments", ""),
        ("/apis/example.com/v1/things", "one"),
        ("/api/v1/pods?limit=2", "till web-1"),
        ("/api/v1/pods?limit=2&continue=archive-2", "web-2"),
        ("/api/v1/namespaces/shop/pods?limit=1&continue=archive-2", "web-2"),
    ] {
        assert_eq!(names(&content, target), expected, "{target}");
    }
    let page = get(&content, "/api/v1/pods?limit=1");
    assert_eq!(
        page["metadata"],
        json!({"resourceVersion": "1", "continue": "archive-1", "remainingItemCount": 2})
    );
    assert_eq!((&page["kind"], &page["apiVersion"]), (&json!("PodList"), &json!("v1")));
    let page = get(&content, "/api/v1/pods?limit=1&labelSelector=!none");
    assert_eq!(page["metadata"], json!({"resourceVersion": "1", "continue": "archive-1"}));
}

/// kubectl asks for the events of the core group, k9s for those of `events.k8s.io`: a cluster has them in both.
#[test]
fn events_are_in_both_groups() {
    let core = "apiVersion: v1\nkind: EventList\nitems:\n- metadata: {name: web.1, namespace: shop}\n  involvedObject: {kind: Pod, name: web, fieldPath: 'spec.containers{main}'}\n  reason: BackOff\n  message: again\n  type: Warning\n  count: 3\n  source: {component: kubelet, host: edge-1}\n  firstTimestamp: '2026-01-02T02:04:05Z'\n  lastTimestamp: '2026-01-02T03:03:05Z'\n";
    let events = "apiVersion: events.k8s.io/v1\nkind: EventList\nitems:\n- metadata: {name: web.1, namespace: shop}\n  regarding: {kind: Pod, name: web, fieldPath: 'spec.containers{main}'}\n  reason: BackOff\n  note: again\n  type: Warning\n  deprecatedCount: 3\n  deprecatedSource: {component: kubelet, host: edge-1}\n  deprecatedFirstTimestamp: '2026-01-02T02:04:05Z'\n  deprecatedLastTimestamp: '2026-01-02T03:03:05Z'\n";
    // Some programs leave the group out, so nobody knows the form.
    let unsaid = core.replace("apiVersion: v1\n", "");
    let cells = json!([
        "60s",
        "Warning",
        "BackOff",
        "pod/web",
        "spec.containers{main}",
        "kubelet, edge-1",
        "again",
        "60m",
        3,
        "web.1"
    ]);
    for (path, file) in [
        ("namespaces/shop/core/events.yaml", core),
        ("namespaces/shop/events.k8s.io/events.yaml", events),
        ("namespaces/shop/core/events.yaml", &*unsaid),
    ] {
        let content = open(&[FILES[0], (path, file)]);
        for (api, about, message, selector) in [
            ("/api/v1", "involvedObject", "message", "source%3Dkubelet"),
            ("/apis/events.k8s.io/v1", "regarding", "note", "regarding.name%3Dweb"),
        ] {
            let target = format!("{api}/namespaces/shop/events");
            for query in
                ["", "?limit=1", "?fieldSelector=type%3DWarning", &format!("?fieldSelector={selector}")]
            {
                assert_eq!(names(&content, &format!("{target}{query}")), "web.1", "{path} {target}{query}");
            }
            assert_eq!(names(&content, &format!("{target}?fieldSelector=type%3DNormal")), "", "{target}");
            let list = get(&content, &format!("{api}/events"));
            let object = get(&content, &format!("{target}/web.1"));
            let version = api.trim_start_matches("/apis/").trim_start_matches("/api/");
            assert_eq!((&list["apiVersion"], &object["apiVersion"]), (&json!(version), &json!(version)));
            for object in [&list["items"][0], &object] {
                assert_eq!(
                    (&object[about]["name"], &object[message]),
                    (&json!("web"), &json!("again")),
                    "{path}"
                );
                assert!(
                    object.get("regarding").is_none() || object.get("involvedObject").is_none(),
                    "{object}"
                );
            }
            let table = json_of(send(&content, &target, TABLE).into_body());
            assert_eq!(table["rows"][0]["cells"], cells, "{path} {target}");
        }
        let (status, message) = refused(&content, "/apis/events.k8s.io/v1/namespaces/bank/events");
        assert_eq!(status, 403, "{message}");
    }
    let content = open(FILES);
    assert_eq!(
        refused(&content, "/apis/events.k8s.io/v1/events").1,
        "events.events.k8s.io were not gathered; what an archive does not have may exist in the cluster"
    );
}

#[test]
fn what_is_beyond_a_part_of_a_list_is_not_missing() {
    let audit = |what: &str| {
        let line = |call: &str, what: &str| {
            json!({"gatherer": "g", "call": call, "what": what, "handle": 64, "result": "ok"}).to_string()
        };
        format!("{}\n{}\n", line("rest_start", what), line("archive_pipe", "list /v1/pods"))
    };
    for (what, status) in [
        ("list /v1/pods", 404),
        ("list /v1/pods with labels app=web", 403),
        ("list /v1/pods with limit 2", 403),
    ] {
        let audit = audit(what);
        let told = [("wagather.json", r#"{"gatherers":[{"name":"g"}]}"#), ("audit.jsonl", &*audit)];
        let content = open(&[FILES, &told].concat());
        assert_eq!(refused(&content, "/api/v1/namespaces/shop/pods/absent").0, status, "{what}");
        assert_eq!(names(&content, "/api/v1/namespaces/shop/pods"), "web-1 web-2");
    }
}

#[test]
fn what_was_not_gathered_is_not_missing() {
    let content = open(FILES);
    for (target, status, message) in [
        ("/api/v1/services", 403, "services were not gathered"),
        ("/api/v1/namespaces/other/pods", 403, "pods of the namespace other were not gathered"),
        (
            "/apis/apps/v1/namespaces/bank/deployments",
            403,
            "deployments.apps of the namespace bank were not gathered",
        ),
        ("/api/v1/namespaces/other/pods/web", 403, "pods \"web\" was not gathered"),
        ("/api/v1/namespaces/shop/pods/absent", 404, "pods \"absent\" not found"),
        ("/apis/apps/v1/namespaces/shop/deployments/absent", 404, "deployments.apps \"absent\" not found"),
        ("/api/v1/nothings", 404, "the server could not find the requested resource"),
        ("/api/v2/pods", 404, "the server could not find the requested resource"),
        ("/api/v1/namespaces/shop/nodes", 404, "the server could not find the requested resource"),
        ("/api/v1/pods/web-1", 404, "the server could not find the requested resource"),
        ("/../../etc/passwd", 404, "the server could not find the requested resource"),
        ("/api/v1/pods?limit=many", 400, "the parameter limit=many is no number"),
        ("/api/v1/pods?continue=x", 400, "continue key is not valid"),
        ("/api/v1/pods?labelSelector=a+b", 400, "the label selector 'a b' cannot be read"),
        ("/api/v1/pods?fieldSelector=spec.foo%3Dx", 400, "field label not supported: spec.foo"),
        ("/api/v1/namespaces/shop/pods/web-2/log", 400, "choose one of: [main side]"),
        ("/api/v1/namespaces/shop/pods/web-2/log?container=x", 400, "container x is not valid for pod web-2"),
        ("/api/v1/namespaces/shop/pods/web-2/log?container=side", 403, "the log of container \"side\""),
        ("/api/v1/namespaces/shop/pods/absent/log", 403, "the pod \"absent\" was not gathered"),
        (
            "/apis/apps/v1/namespaces/shop/deployments/absent/scale",
            404,
            "deployments.apps \"absent\" not found",
        ),
        (
            "/apis/example.com/v1/namespaces/shop/things/one/scale",
            403,
            "\"scale\" of things.example.com \"one\" was not gathered",
        ),
        ("/api/v1/nodes/a/proxy/stats/summary", 403, "nodes \"a\" was not gathered"),
        (
            "/api/v1/namespaces/shop/pods/web-1/exec",
            405,
            "this server shows an archive, which nothing can change",
        ),
        ("/api/v1/namespaces/shop/nothings/a/b", 404, "the server could not find the requested resource"),
    ] {
        let (code, said) = refused(&content, target);
        assert!(code == status && said.contains(message), "{target}: {code} {said}");
    }
}

#[test]
fn nothing_can_be_changed() {
    let content = open(FILES);
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        for target in ["/api/v1/namespaces/shop/pods", "/api/v1/namespaces/shop/pods/web-1", "/version"] {
            let response = answer(&content, &Request::new(method.clone(), target, "{}"));
            assert_eq!(response.get_status(), StatusCode::METHOD_NOT_ALLOWED, "{method} {target}");
        }
    }
}

#[test]
fn tables_have_the_columns_of_their_resources() {
    let content = open(FILES);
    let table = |target: &str| json_of(send(&content, target, TABLE).into_body());
    let header = |table: &Value| {
        let columns = table["columnDefinitions"].as_array().expect("columns");
        columns.iter().map(|column| column["name"].as_str().expect("a name")).collect::<Vec<_>>().join("|")
    };
    let pods = table("/api/v1/namespaces/shop/pods");
    assert_eq!(header(&pods), "Name|Ready|Status|Restarts|Age|IP|Node|Nominated Node|Readiness Gates");
    assert_eq!(
        pods["rows"][1]["cells"],
        json!(["web-2", "0/2", "Running", "0", "60m", "<none>", "a", "<none>", "<none>"])
    );
    assert_eq!(pods["rows"][0]["conditions"][0]["reason"], "Succeeded");
    assert_eq!(
        pods["rows"][1]["object"]["metadata"]["labels"],
        json!({"app": "web"}),
        "kubectl shows labels and namespaces from the row"
    );
    let things = table("/apis/example.com/v1/things");
    assert_eq!(header(&things), "Name|Size|Ready");
    assert_eq!(things["rows"][0]["cells"], json!(["one", 7, "True"]));
    let operators = table("/apis/config.openshift.io/v1/clusteroperators/dns");
    assert_eq!(header(&operators), "Name|Version|Available|Progressing|Degraded|Since");
    assert_eq!(operators["rows"][0]["cells"], json!(["dns", "4.20", null, null, null, null]));
    let bare = table("/api/v1/pods?includeObject=None");
    assert_eq!(bare["rows"][0]["object"], Value::Null);
    let metadata =
        send(&content, "/api/v1/pods", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1");
    let metadata = json_of(metadata.into_body());
    assert_eq!(metadata["kind"], "PartialObjectMetadataList");
    assert_eq!(metadata["items"][0]["metadata"]["name"], "till");
    assert_eq!(metadata["items"][0]["status"], Value::Null);
    let refused = send(&content, "/api/v1/pods", "application/vnd.kubernetes.protobuf");
    assert_eq!(refused.get_status(), StatusCode::NOT_ACCEPTABLE);
}

#[test]
fn discovery_has_what_there_is_and_what_is_known() {
    let content = open(FILES);
    let accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
    let response = send(&content, "/apis", accept);
    let media_type = response.get_headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    assert_eq!(media_type, Some("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"));
    let groups = json_of(response.into_body());
    let group = |name: &str| {
        let groups = groups["items"].as_array().expect("groups");
        groups.iter().find(|group| group["metadata"]["name"] == name).unwrap_or_else(|| panic!("{name}"))
    };
    assert_eq!(
        group("example.com")["versions"][0]["resources"][0],
        json!({
            "resource": "things", "responseKind": {"group": "example.com", "version": "v1", "kind": "Thing"},
            "scope": "Namespaced", "singularResource": "thing", "verbs": ["get", "list", "watch"],
            "shortNames": ["th"], "categories": ["all"],
        })
    );
    assert_eq!(group("config.openshift.io")["versions"][0]["resources"][0]["shortNames"], json!(["co"]));
    group("batch");
    assert_eq!(get(&content, "/api")["versions"], json!(["v1"]));
    let older = get(&content, "/apis/apps/v1");
    assert_eq!((&older["kind"], &older["groupVersion"]), (&json!("APIResourceList"), &json!("apps/v1")));
    assert_eq!(get(&content, "/apis/apps")["preferredVersion"]["version"], "v1");
    assert_eq!(get(&content, "/version")["gitVersion"], "v0.0.0-not-gathered");
    assert!(send(&content, "/version", "").get_headers().get(header::WARNING).is_some());
    assert!(get(&content, "/")["paths"].as_array().expect("paths").contains(&json!("/apis/apps/v1")));
    let document = get(&content, "/openapi/v3/apis/example.com/v1");
    assert_eq!(document["components"]["schemas"]["example.com.v1.Thing"]["description"], "A thing.");
    assert_eq!(get(&content, "/openapi/v3")["paths"]["api/v1"]["serverRelativeURL"], "/openapi/v3/api/v1");
    let pods = &get(&content, "/openapi/v3/api/v1")["components"]["schemas"]["core.v1.Pod"];
    for schema in [pods, &pods["properties"]["spec"]] {
        assert_eq!(schema["description"], "Pod: the archive has no description of its fields.");
    }
}

#[test]
fn documents_of_the_archive_decide_what_there_is() {
    let files: Files = &[
        (
            "api.json",
            r#"{"items":[{"metadata":{"name":""},"versions":[{"version":"v1","resources":[{"resource":"pods","responseKind":{"kind":"Pod"},"scope":"Namespaced","singularResource":"pod","shortNames":["po"],"verbs":["create","get","list","watch"]},{"resource":"namespaces","responseKind":{"kind":"Namespace"},"scope":"Cluster","verbs":["get","list"]}]}]}]}"#,
        ),
        (
            "apis.json",
            r#"{"items":[{"metadata":{"name":"scale.example.com"},"versions":[{"version":"v2","resources":[{"resource":"scalers","responseKind":{"kind":"Scaler"},"scope":"Namespaced","verbs":["list"]}]},{"version":"v1","resources":[{"resource":"scalers","responseKind":{"kind":"Scaler"},"scope":"Namespaced","verbs":["list"]}]}]}]}"#,
        ),
        ("version.yaml", r#"{"gitVersion":"v1.36.3"}"#),
        (
            "namespaces/shop/scale.example.com-v1/scaler/one.yaml",
            r#"{"apiVersion":"scale.example.com/v1","kind":"Scaler","metadata":{"name":"one","namespace":"shop"}}"#,
        ),
    ];
    let content = open(files);
    assert_eq!(get(&content, "/api/v1")["resources"][0]["verbs"], json!(["get", "list", "watch"]));
    assert_eq!(refused(&content, "/api/v1/services").0, 404, "the cluster had none");
    assert_eq!(refused(&content, "/api/v1/pods").0, 403, "the cluster had some");
    // The preferred version has no answer, so clients are led to the one that has.
    let versions = get(&content, "/apis/scale.example.com");
    assert_eq!(versions["versions"], json!([{"groupVersion": "scale.example.com/v1", "version": "v1"}]));
    assert_eq!(names(&content, "/apis/scale.example.com/v1/scalers"), "one");
    assert_eq!(get(&content, "/version")["gitVersion"], "v1.36.3");
}

/// As other programs make them, for the resources that they have.
#[test]
fn documents_of_a_part_of_the_resources_do_not_say_what_there_was_not() {
    let files: Files = &[
        (
            "cluster-resources/resources.json",
            r#"[{"kind":"APIResourceList","groupVersion":"v1","resources":[{"name":"pods","singularName":"pod","namespaced":true,"kind":"Pod","verbs":["get","list"]}]},{"groupVersion":"config.openshift.io/v1","resources":[{"name":"clusteroperators","namespaced":false,"kind":"ClusterOperator","verbs":["list"]}]}]"#,
        ),
        (
            "cluster-resources/pods/shop.json",
            r#"{"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"web-1","namespace":"shop"}}]}"#,
        ),
    ];
    let content = open(files);
    let names = |path: &str, plural: &str| {
        let list = get(&content, path);
        let resources = list["resources"].as_array().expect("resources").clone();
        resources.iter().find(|resource| resource["name"] == plural).expect(plural)["shortNames"].clone()
    };
    assert_eq!(names("/api/v1", "pods"), json!(["po"]));
    assert_eq!(names("/api/v1", "services"), json!(["svc"]));
    assert_eq!(names("/apis/config.openshift.io/v1", "clusteroperators"), json!(["co"]));
    // kubectl asks for the namespace, too, and shows that answer.
    for path in ["/api/v1/namespaces/shop", "/api/v1/services", "/apis/apps/v1/deployments"] {
        assert_eq!(refused(&content, path).0, 403, "{path}");
    }
    assert_eq!(
        refused(&content, "/api/v1/namespaces/shop/pods/absent"),
        (404, "pods \"absent\" not found".into())
    );
    assert_eq!(refused(&content, "/apis/example.com/v1/things").0, 404);
}

#[test]
fn an_object_says_what_it_is() {
    let content = open(FILES);
    let pod = get(&content, "/api/v1/namespaces/shop/pods/web-1");
    assert_eq!((&pod["kind"], &pod["apiVersion"]), (&json!("Pod"), &json!("v1")));
    assert_eq!(get(&content, "/api/v1/namespaces/shop/pods/web-1/status"), pod);
}

#[test]
fn logs_are_text() {
    let content = open(FILES);
    let log = |query: &str| {
        let response = send(&content, &format!("/api/v1/namespaces/shop/pods/{query}"), "");
        assert_eq!(response.get_status(), StatusCode::OK, "{query}");
        String::from_utf8(response.into_body().into_bytes().expect("whole").to_vec()).expect("text")
    };
    assert_eq!(log("web-1/log"), "one\ntwo\n");
    assert_eq!(log("web-1/log?follow=true&tailLines=1"), "two\n");
    assert_eq!(log("web-1/log?timestamps=true&tailLines=1"), "2026-01-02T03:04:06.1Z two\n");
    assert_eq!(log("web-1/log?sinceTime=2026-01-02T03%3A04%3A06Z"), "two\n");
    assert_eq!(log("web-2/log?container=side&previous=true"), "ended\n");
}

#[test]
fn a_watch_begins_with_what_there_is() {
    let content = open(FILES);
    let events = |query: &str, accept: &str| -> Vec<Value> {
        let body = send(&content, &format!("/api/v1/pods?watch=true{query}"), accept).into_body();
        let bytes = body.into_bytes().expect("what there is");
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| serde_json::from_slice(line).expect("JSON")).collect()
    };
    let all = events("", "");
    assert_eq!(all.len(), 3);
    assert_eq!((&all[0]["type"], &all[0]["object"]["kind"]), (&json!("ADDED"), &json!("Pod")));
    assert_eq!(events("&resourceVersion=1", "").len(), 0);
    assert_eq!(events("&labelSelector=app%3Dweb", "").len(), 1);
    let streamed = events("&resourceVersion=1&sendInitialEvents=true&allowWatchBookmarks=true", "");
    assert_eq!(streamed.len(), 4);
    assert_eq!(streamed[3]["type"], "BOOKMARK");
    assert_eq!(streamed[3]["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
    let tables = events("", TABLE);
    assert_eq!(tables[0]["object"]["rows"][0]["cells"][0], "till");
    assert_ne!(tables[0]["object"]["columnDefinitions"], json!([]));
    assert_eq!(tables[1]["object"]["columnDefinitions"], json!([]));
}

#[test]
fn a_large_list_is_sent_in_pieces() {
    let pods: Vec<Value> = (0..3_000)
        .map(|number| json!({"metadata": {"name": format!("pod-{number:05}"), "namespace": "shop", "note": "x".repeat(1_000)}}))
        .collect();
    let list = json!({"apiVersion": "v1", "kind": "PodList", "items": pods}).to_string();
    let content = open(&[("namespaces/shop/core/pods.json", &list)]);
    let all = names(&content, "/api/v1/pods");
    assert_eq!((all.split(' ').count(), &all[..9]), (3_000, "pod-00000"));
    let table = json_of(send(&content, "/api/v1/pods", TABLE).into_body());
    assert_eq!(table["rows"].as_array().expect("rows").len(), 3_000);
}

#[test]
fn odd_objects_are_shown_by_their_names() {
    let deep = format!(
        r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"deep","namespace":"shop"}},"spec":{}{}}}"#,
        r#"{"a":"#.repeat(200) + "1",
        "}".repeat(200)
    );
    let files: Files = &[
        ("namespaces/shop/core/pods/deep.json", &deep),
        (
            "namespaces/shop/core/pods/odd.json",
            r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"odd","labels":7},"spec":[],"status":"x"}"#,
        ),
        (
            "namespaces/shop/core/pods/odd-again.json",
            r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"odd"}}"#,
        ),
        (
            "cluster-scoped-resources/apiextensions.k8s.io/customresourcedefinitions/a.json",
            r#"{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"a"},"spec":7}"#,
        ),
        ("apis.json", r#"{"items":[7,{"versions":[{"version":"v1","resources":[7,{"resource":"a/b"}]}]}]}"#),
    ];
    let content = open(files);
    let table = json_of(send(&content, "/api/v1/pods", TABLE).into_body());
    let names: Vec<&Value> =
        table["rows"].as_array().expect("rows").iter().map(|row| &row["cells"][0]).collect();
    assert_eq!(names, ["deep", "odd"], "{table}");
    assert_eq!(get(&content, "/api/v1/pods?labelSelector=a")["items"], json!([]));
}

#[test]
fn a_selection_is_told() {
    let content = open(&[
        ("insights-operator/gathers.json", "{}"),
        ("config/pod/shop/web.json", r#"{"metadata":{"name":"web","namespace":"shop"}}"#),
        ("config/clusteroperator/dns.json", r#"{"metadata":{"name":"dns"}}"#),
    ]);
    let response = send(&content, "/api/v1/pods", "");
    let warning = response.get_headers().get(header::WARNING).and_then(|value| value.to_str().ok());
    assert_eq!(warning, Some("299 - \"the Insights archive has only some of the cluster's objects\""));
    assert_eq!(refused(&content, "/api/v1/namespaces/shop/pods/other").0, 403);
    // Nothing in the archive says its group.
    assert_eq!(names(&content, "/apis/config.openshift.io/v1/clusteroperators"), "dns");
}
