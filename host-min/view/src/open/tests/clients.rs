//! What clients other than kubectl ask, and what they make of the answers.

use super::*;
use std::time::{Duration, Instant};

/// The status of a review, sent by a client.
fn review(content: &Arc<Content>, target: &str, agent: &str, body: &[u8]) -> (u16, Value) {
    let request = Request::new(Method::POST, target, body.to_vec()).header(header::USER_AGENT, agent);
    let response = answer(content, &request);
    let status = response.get_status().as_u16();
    (status, json_of(response.into_body())["status"].clone())
}

const ACCESS: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

#[test]
fn nobody_may_read_what_was_not_gathered() {
    let content = open(FILES);
    let attributes = |words: &str| {
        let mut attributes = serde_json::Map::new();
        for (name, value) in words.split(' ').filter_map(|word| word.split_once('=')) {
            attributes.insert(name.into(), value.into());
        }
        json!({"spec": {"resourceAttributes": attributes}}).to_string()
    };
    for (words, reason) in [
        ("verb=list resource=pods", ""),
        ("verb=list resource=pods version=* namespace=shop", ""),
        ("verb=watch resource=things group=example.com version=v1", ""),
        ("verb=get resource=pods namespace=shop name=web-1", ""),
        // The list is known, so it is known that there is none.
        ("verb=get resource=pods namespace=shop name=absent", ""),
        ("verb=get resource=pods namespace=shop name=web-1 subresource=status", ""),
        ("verb=get resource=pods namespace=shop name=web-1 subresource=log", ""),
        ("verb=list resource=clusteroperators group=config.openshift.io namespace=shop", ""),
        ("verb=list resource=nothings", ""),
        ("verb=list resource=*", ""),
        ("verb=delete resource=pods", "an archive can only be read"),
        ("verb=* resource=pods", "an archive can only be read"),
        ("verb=create resource=pods subresource=exec", "an archive can only be read"),
        ("verb=list resource=services", "services were not gathered"),
        ("verb=list resource=namespaces", "namespaces were not gathered"),
        ("verb=list resource=pods namespace=other", "pods of the namespace other were not gathered"),
        ("verb=get resource=pods namespace=other name=web", "pods \"web\" was not gathered"),
        ("verb=get resource=deployments group=apps namespace=shop subresource=scale", "\"scale\" of"),
    ] {
        let (status, review) = review(&content, ACCESS, "kubectl/v1", attributes(words).as_bytes());
        let said = review["reason"].as_str().unwrap_or_else(|| panic!("{words}: {review}"));
        assert_eq!((status, &review["allowed"]), (201, &json!(reason.is_empty())), "{words}: {review}");
        assert!(said.starts_with(reason) && said.is_empty() == reason.is_empty(), "{words}: {said}");
    }
    let path = br#"{"spec":{"nonResourceAttributes":{"verb":"get","path":"/version"}}}"#;
    assert_eq!(review(&content, ACCESS, "", path).1["allowed"], true);
    // As kubectl sends it: in the namespace `shop`, list pods, or services of the version `v1`.
    for (body, is_allowed) in [
        (&b"k8s\0\x12\x16\x12\x14\x0a\x12\x0a\x04shop\x12\x04list\x2a\x04pods"[..], true),
        (b"k8s\0\x12\x1e\x12\x1c\x0a\x1a\x0a\x04shop\x12\x04list\x22\x02v1\x2a\x08services", false),
        (b"k8s\0\x12\x0b\x12\x09\x12\x07\x0a\x00\x12\x03get", true),
    ] {
        let (status, review) = review(&content, ACCESS, "", body);
        assert_eq!((status, &review["allowed"]), (201, &json!(is_allowed)), "{review}");
    }
    assert_eq!(review(&content, ACCESS, "", b"?").0, 400);
    // Its key for all namespaces depends on this.
    let body = attributes("verb=list resource=namespaces");
    assert_eq!(review(&content, ACCESS, "k9s/v0.50", body.as_bytes()).1["allowed"], true);
    let body = attributes("verb=list resource=services");
    assert_eq!(review(&content, ACCESS, "k9s/v0.50", body.as_bytes()).1["allowed"], false);
}

#[test]
fn rules_are_for_what_was_gathered() {
    let content = open(FILES);
    let rules = |body: &[u8]| {
        let target = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";
        let (status, review) = review(&content, target, "", body);
        assert_eq!((status, &review["incomplete"]), (201, &json!(false)));
        let rules = review["resourceRules"].as_array().expect("rules").clone();
        let of = |rule: &Value| format!("{}/{} {}", rule["apiGroups"], rule["resources"], rule["verbs"]);
        rules.iter().map(of).collect::<Vec<_>>().join("; ").replace('"', "")
    };
    let reading = "[get,list,watch]";
    let in_shop = format!(
        "[]/[pods] {reading}; [apiextensions.k8s.io]/[customresourcedefinitions] {reading}; [apps]/[deployments] {reading}; \
         [config.openshift.io]/[clusteroperators] {reading}; [example.com]/[things] {reading}; []/[pods/log] [get]"
    );
    let mut ordered: Vec<String> =
        rules(br#"{"spec":{"namespace":"shop"}}"#).split("; ").map(String::from).collect();
    ordered.sort_unstable();
    let mut expected: Vec<&str> = in_shop.split("; ").collect();
    expected.sort_unstable();
    assert_eq!(ordered, expected);
    let in_bank = rules(b"k8s\0\x12\x08\x12\x06\x0a\x04bank");
    assert!(in_bank.contains("[pods]") && !in_bank.contains("deployments"), "{in_bank}");
    let (status, user) = review(&content, "/apis/authentication.k8s.io/v1/selfsubjectreviews", "", b"");
    assert_eq!((status, &user["userInfo"]["username"]), (201, &json!("archive-reader")));
}

#[test]
fn lines_without_times_have_one_that_says_so() {
    let content = open(
        &[
            FILES,
            &[(
                "namespaces/shop/pods/web-2/main/main/logs/current.log",
                "a\n\n2026-01-02T03:04:05.1Z b\nc d",
            )],
        ]
        .concat(),
    );
    let log = |query: &str| {
        let path = format!("/api/v1/namespaces/shop/pods/web-2/log?{query}");
        let response = send(&content, &path, "");
        let warning = response.get_headers().get(header::WARNING).is_some();
        let bytes = response.into_body().into_bytes().expect("whole");
        (String::from_utf8(bytes.to_vec()).expect("text"), warning)
    };
    let none = "0001-01-01T00:00:00Z ";
    assert_eq!(
        log("container=main&timestamps=true"),
        (format!("{none}a\n{none}\n{none}2026-01-02T03:04:05.1Z b\n{none}c d"), true)
    );
    assert_eq!(log("container=main&timestamps=true&tailLines=1"), (format!("{none}c d"), true));
    assert_eq!(log("container=main&timestamps=true&limitBytes=5"), ("0001-".into(), true));
    assert_eq!(log("container=side&previous=true&timestamps=1"), (format!("{none}ended\n"), true));
    assert_eq!(log("container=side&previous=true&timestamps=1&tailLines=0"), (String::new(), false));
    assert_eq!(log("container=main&tailLines=1"), ("c d".into(), false));
}

/// Bodies are read in pieces of any size.
#[test]
fn a_long_log_without_times_is_whole() {
    let text: String = (0..20_000).map(|number| format!("line {number}\n")).collect();
    let content =
        open(&[FILES, &[("namespaces/shop/pods/web-2/main/main/logs/current.log", &*text)]].concat());
    let response =
        send(&content, "/api/v1/namespaces/shop/pods/web-2/log?container=main&timestamps=true", "");
    let bytes = response.into_body().into_bytes().expect("whole");
    let lines = std::str::from_utf8(&bytes).expect("text").lines();
    assert_eq!(lines.clone().count(), 20_000);
    for (number, line) in lines.enumerate() {
        assert_eq!(line, format!("0001-01-01T00:00:00Z line {number}"));
    }
}

#[test]
fn a_pod_says_which_logs_there_were_not() {
    let status = |name: &str, more: &str| format!("{{name: {name}, {more}}}");
    let statuses = [
        status("pulls", "lastState: {}, state: {waiting: {reason: ImagePullBackOff}}"),
        status("makes", "lastState: {}, state: {waiting: {reason: ContainerCreating}}"),
        status("runs", "lastState: {}, state: {running: {}}"),
        status(
            "crashed",
            "lastState: {terminated: {exitCode: 1}}, state: {waiting: {reason: CrashLoopBackOff}}",
        ),
        status("partial", "state: {waiting: {reason: ContainerCreating}}"),
    ]
    .join(", ");
    let names =
        ["pulls", "makes", "runs", "crashed", "partial", "unknown"].map(|name| format!("{{name: {name}}}"));
    let pods = format!(
        "apiVersion: v1\nkind: PodList\nitems:\n- metadata: {{name: web, namespace: shop}}\n  spec: {{containers: [{}]}}\n  status: {{containerStatuses: [{statuses}]}}\n",
        names.join(", ")
    );
    let content = open(&[("namespaces/shop/core/pods.yaml", &pods)]);
    for (query, status, message) in [
        (
            "container=pulls",
            400,
            "\"pulls\" in pod \"web\" is waiting to start: trying and failing to pull image",
        ),
        ("container=makes", 400, "\"makes\" in pod \"web\" is waiting to start: ContainerCreating"),
        ("container=runs", 403, "the log of container \"runs\""),
        (
            "container=runs&previous=true",
            400,
            "previous terminated container \"runs\" in pod \"web\" not found",
        ),
        ("container=crashed", 403, "the log of container \"crashed\""),
        ("container=crashed&previous=true", 403, "the previous log of container \"crashed\""),
        ("container=partial", 403, "the log of container \"partial\""),
        ("container=unknown&previous=true", 403, "the previous log of container \"unknown\""),
    ] {
        let (code, said) = refused(&content, &format!("/api/v1/namespaces/shop/pods/web/log?{query}"));
        assert!(code == status && said.contains(message), "{query}: {code} {said}");
    }
}

#[test]
fn k9s_shows_why_there_is_no_log() {
    let content = open(FILES);
    let log = |path: &str, agent: &str| {
        let target = format!("/api/v1/namespaces/shop/pods/{path}");
        let request = Request::new(Method::GET, &target, "").header(header::USER_AGENT, agent);
        let response = answer(&content, &request);
        let status = response.get_status().as_u16();
        (status, response.into_body().into_bytes().expect("whole").to_vec())
    };
    let path = "web-2/log?container=side&follow=true&timestamps=true&tailLines=100";
    let (status, text) = log(path, "k9s/v0.50.16 (linux/amd64) kubernetes/$Format");
    let expected = "2026-01-02T03:04:05.000Z the log of container \"side\" in pod \"web-2\" was not gathered; \
                    what an archive does not have may exist in the cluster\n";
    assert_eq!((status, &*String::from_utf8_lossy(&text)), (200, expected));
    for agent in ["kubectl/v1.36", "stern/1", "", "not-k9s/1"] {
        assert_eq!(log(path, agent).0, 403, "{agent}");
    }
    // It drops lines that come faster than it takes them.
    let long: String = (0..200).map(|number| format!("line {number}\n")).collect();
    let files = [FILES, &[("namespaces/shop/pods/web-2/main/main/logs/current.log", &*long)]].concat();
    let content_of_long = open(&files);
    let target = "/api/v1/namespaces/shop/pods/web-2/log?container=main&timestamps=true";
    let read = |agent: &str| {
        let request = Request::new(Method::GET, target, "").header(header::USER_AGENT, agent);
        let begin = Instant::now();
        let bytes = answer(&content_of_long, &request).into_body().into_bytes().expect("whole");
        (bytes, begin.elapsed())
    };
    let (slow, time) = read("k9s/v0.50");
    assert_eq!(slow, read("kubectl/v1").0);
    assert!(time >= Duration::from_millis(100), "{time:?}");
    let path = "web-1/log?container=main&follow=true&timestamps=true&tailLines=1";
    assert_eq!(log(path, "k9s/v0.50"), (200, b"2026-01-02T03:04:06.1Z two\n".to_vec()));
    let request = Request::new(Method::GET, "/api/v1/services", "").header(header::USER_AGENT, "k9s/v0.50");
    assert_eq!(answer(&content, &request).get_status(), StatusCode::FORBIDDEN);
}

#[test]
fn a_slash_may_follow_a_path() {
    let content = open(FILES);
    for path in ["/version/", "/api/", "/apis/", "/apis/apps/", "/apis/apps/v1/"] {
        assert_eq!(get(&content, path), get(&content, path.trim_end_matches('/')), "{path}");
    }
    assert_eq!(names(&content, "/api/v1/namespaces/shop/pods/"), "web-1 web-2");
    assert_eq!(get(&content, "/api/v1/namespaces/shop/pods/web-1/")["kind"], "Pod");
    for path in ["/healthz/", "/openapi/v3/", "/api/v1/pods//", "//api/v1/pods"] {
        assert_eq!(refused(&content, path).0, 404, "{path}");
    }
}

/// A gatherer that asks for any resource has what it may read. The report says what it may not, and that is no gap.
#[test]
fn what_a_list_of_any_resource_left_out_was_not_gathered() {
    let line = |call: &str, what: &str, result: &str| {
        json!({"gatherer": "everything", "call": call, "what": what, "handle": 64, "result": result})
            .to_string()
    };
    let audit = [
        line("rest_start", "list *//*", "ok"),
        line("rest_start", "list /v1/services", "HTTP 200"),
        line("archive_pipe", "list *//*", "ok"),
    ]
    .join("\n");
    let report = json!({"gatherers": [{"name": "everything", "resources": [
        {"resource": "v1/services", "complete": true, "status": "complete", "items": 0},
        {"resource": "v1/secrets", "complete": true, "status": "denied", "items": 0},
        {"resource": "v1/componentstatuses", "complete": true, "status": "notListable", "items": 0},
    ]}]})
    .to_string();
    let content = open(&[FILES, &[("wagather.json", &*report), ("audit.jsonl", &*audit)]].concat());
    assert_eq!(names(&content, "/api/v1/services"), "");
    for (path, message) in [
        ("/api/v1/secrets", "secrets were not gathered"),
        ("/api/v1/namespaces/shop/secrets/token", "secrets \"token\" was not gathered"),
        ("/api/v1/componentstatuses", "componentstatuses were not gathered"),
    ] {
        let (status, said) = refused(&content, path);
        assert!(status == 403 && said.starts_with(message), "{path}: {status} {said}");
    }
}

/// `kubectl describe` shows `Events: <none>` for an error, and prints warnings.
#[test]
fn an_error_that_kubectl_does_not_show_is_a_warning_too() {
    let content = open(FILES);
    for (target, message) in [
        ("/api/v1/namespaces/shop/events?fieldSelector=involvedObject.name%3Dweb-1", "events"),
        (
            "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dweb",
            "endpointslices.discovery.k8s.io",
        ),
    ] {
        let message =
            format!("{message} were not gathered; what an archive does not have may exist in the cluster");
        let response = send(&content, target, "");
        let warning = response.get_headers().get(header::WARNING).and_then(|value| value.to_str().ok());
        assert_eq!(warning, Some(&*format!("299 - \"{message}\"")));
        assert_eq!(refused(&content, target), (403, message));
    }
    for target in ["/api/v1/events", "/api/v1/events?fieldSelector=type%3DWarning", "/api/v1/services"] {
        let response = send(&content, target, "");
        assert_eq!(response.get_status(), StatusCode::FORBIDDEN);
        assert!(response.get_headers().get(header::WARNING).is_none(), "{target}");
    }
}

/// kubectl reads it before it sends a `List`, such as what `kubectl get -o yaml` printed.
#[test]
fn the_older_document_is_there_and_empty() {
    let content = open(FILES);
    let of = |accept: &str| {
        let response = send(&content, "/openapi/v2?timeout=32s", accept);
        let media_type =
            response.get_headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = media_type.expect("a type").to_owned();
        (
            response.get_status().as_u16(),
            media_type,
            response.into_body().into_bytes().expect("whole").to_vec(),
        )
    };
    for accept in [
        "application/com.github.proto-openapi.spec.v2@v1.0+protobuf",
        "application/json;q=0.5, application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
    ] {
        let (status, media_type, body) = of(accept);
        assert_eq!((status, &*body), (200, &b"\x0a\x032.0"[..]));
        assert_eq!(media_type, "application/com.github.proto-openapi.spec.v2.v1.0+protobuf");
    }
    let (status, media_type, body) = of("application/json, */*");
    assert_eq!((status, &*media_type), (200, "application/json"));
    assert_eq!(serde_json::from_slice::<Value>(&body).expect("JSON")["swagger"], "2.0");
}
