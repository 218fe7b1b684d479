use super::*;

const API: &str = r#"{"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "items": [{"versions": [{
    "version": "v1", "freshness": "Current", "resources": [
        {"resource": "pods", "responseKind": {"kind": "Pod"}, "scope": "Namespaced", "verbs": ["get", "list"],
         "subresources": [{"subresource": "log", "verbs": ["get"]}, {"subresource": "proxy", "verbs": ["get"]}]},
        {"resource": "bindings", "responseKind": {"kind": "Binding"}, "scope": "Namespaced", "verbs": ["create"]},
        {"resource": "events", "responseKind": {"kind": "Event"}, "scope": "Namespaced", "verbs": ["list"]}]}]}]}"#;

const APIS: &str = r#"{"kind": "APIGroupDiscoveryList", "items": [
    {"metadata": {"name": "events.k8s.io"}, "versions": [{"version": "v1", "resources": [
        {"resource": "events", "responseKind": {"kind": "Event"}, "scope": "Namespaced", "verbs": ["list"]}]}]},
    {"metadata": {"name": "example.com"}, "versions": [
        {"version": "v2", "resources": [
            {"resource": "widgets", "responseKind": {"kind": "Widget"}, "scope": "Cluster", "verbs": ["list"]}]},
        {"version": "v1", "resources": [
            {"resource": "widgets", "responseKind": {"kind": "Widget"}, "scope": "Cluster", "verbs": ["list"]},
            {"resource": "gadgets", "responseKind": {"kind": "Gadget"}, "scope": "Cluster", "verbs": ["list"]}]}]},
    {"metadata": {"name": "metrics.k8s.io"}, "versions": [{"version": "v1beta1", "freshness": "Stale", "resources": []}]}]}"#;

fn of(documents: &[(&str, &str)]) -> Catalog {
    let mut discovery = Discovery::default();
    let mut paths: Vec<String> = ROOTS.map(String::from).to_vec();
    while let Some(path) = paths.pop() {
        match documents.iter().find(|(known, _)| *known == path) {
            Some((_, body)) => paths.extend(discovery.answered(&path, body.as_bytes()).expect(&path)),
            None => discovery.failed(&path, "HTTP 503"),
        }
    }
    discovery.finish()
}

fn identities<'a>(resources: impl Iterator<Item = &'a ApiResource>) -> Vec<String> {
    resources.map(ApiResource::identity).collect()
}

#[test]
fn one_document_has_everything() {
    let catalog = of(&[("/api", API), ("/apis", APIS)]);
    let mut preferred = identities(catalog.preferred(""));
    preferred.sort_unstable();
    assert_eq!(
        preferred,
        [
            "events.k8s.io/v1/events",
            "example.com/v1/gadgets",
            "example.com/v2/widgets",
            "v1/bindings",
            "v1/events",
            "v1/pods"
        ]
    );
    assert_eq!(identities(catalog.preferred("v2")), ["example.com/v2/widgets"]);
    let pods = catalog.find("", "", "pods").expect("pods");
    assert_eq!((&*pods.version, &*pods.kind, pods.namespaced), ("v1", "Pod", true));
    assert!(pods.can(Verb::LIST) && !catalog.find("", "v1", "bindings").expect("bindings").can(Verb::LIST));
    assert_eq!(catalog.find("example.com", "v1", "widgets").map(|found| &*found.version), Some("v1"));
    assert_eq!(catalog.find("example.com", "", "widgets").map(|found| &*found.version), Some("v2"));
    assert!(catalog.find("", "v1", "log").is_none() && catalog.find("", "", "pods/log").is_none());
    assert!(catalog.unknown("metrics.k8s.io", "").is_some_and(|why| why.contains("does not answer")));
    assert_eq!(catalog.unknown("example.com", ""), None);
}

#[test]
fn aliases_are_known_if_the_original_is_there() {
    let original = |documents: &[(&str, &str)]| {
        let catalog = of(documents);
        let events = catalog.find("events.k8s.io", "", "events").expect("events").clone();
        catalog.original(&events).map(ApiResource::identity)
    };
    assert_eq!(original(&[("/api", API), ("/apis", APIS)]).as_deref(), Some("v1/events"));
    let without = API.replace("events", "others");
    assert_eq!(original(&[("/api", &without), ("/apis", APIS)]), None);
    let catalog = of(&[("/api", API), ("/apis", APIS)]);
    assert_eq!(catalog.original(catalog.find("", "", "events").expect("events")), None);
}

#[test]
fn an_older_server_has_a_document_for_each_version() {
    let catalog = of(&[
        ("/api", r#"{"kind": "APIVersions", "versions": ["v1"]}"#),
        (
            "/apis",
            r#"{"kind": "APIGroupList", "groups": [
                {"name": "apps", "preferredVersion": {"groupVersion": "apps/v1", "version": "v1"},
                 "versions": [{"groupVersion": "apps/v1beta1", "version": "v1beta1"}, {"groupVersion": "apps/v1", "version": "v1"}]},
                {"name": "custom.example.com", "versions": [{"version": "v1"}]}]}"#,
        ),
        (
            "/api/v1",
            r#"{"kind": "APIResourceList", "groupVersion": "v1", "resources": [
                {"name": "pods", "kind": "Pod", "namespaced": true, "verbs": ["list"]},
                {"name": "pods/log", "kind": "Pod", "namespaced": true, "verbs": ["get"]}]}"#,
        ),
        (
            "/apis/apps/v1",
            r#"{"kind": "APIResourceList", "resources": [{"name": "deployments", "kind": "Deployment", "namespaced": true, "verbs": ["list"]}]}"#,
        ),
        (
            "/apis/apps/v1beta1",
            r#"{"kind": "APIResourceList", "resources": [{"name": "deployments", "kind": "Deployment", "namespaced": true, "verbs": ["list"]}]}"#,
        ),
    ]);
    let mut preferred = identities(catalog.preferred(""));
    preferred.sort_unstable();
    assert_eq!(preferred, ["apps/v1/deployments", "v1/pods"]);
    assert_eq!(catalog.unknown("custom.example.com", "v1"), Some("HTTP 503"));
}

#[test]
fn names_that_leave_their_segment_are_none() {
    for plural in ["../secrets", "pods/log", "", "Pods", "a%2fb", "secrets?x", "*"] {
        let body = format!(
            r#"{{"kind": "APIGroupDiscoveryList", "items": [{{"metadata": {{"name": "a.example"}}, "versions": [{{"version": "v1", "resources": [
                {{"resource": "{plural}", "responseKind": {{"kind": "A"}}, "scope": "Cluster", "verbs": ["list"]}}]}}]}}]}}"#
        );
        assert_eq!(of(&[("/api", &body), ("/apis", &body)]).preferred("").count(), 0, "{plural}");
    }
    let body = API.replace("\"v1\"", "\"v1/../..\"");
    assert!(of(&[("/api", &body), ("/apis", APIS)]).find("", "", "pods").is_none());
    let body = API.replace("\"Pod\"", "\"\\u001b[2J\"");
    assert!(of(&[("/api", &body), ("/apis", APIS)]).find("", "", "pods").is_none());
}

#[test]
fn what_is_no_discovery_is_an_error() {
    for body in
        ["", "[]", "{}", r#"{"kind": "Status"}"#, "<html>", r#"{"kind": "APIResourceList", "resources": []}"#]
    {
        assert!(Discovery::default().answered("/api", body.as_bytes()).is_err(), "{body}");
    }
    let many = format!(
        r#"{{"kind": "APIVersions", "versions": [{}]}}"#,
        vec![r#""v1""#; MAX_VERSIONS + 1].join(",")
    );
    let error = Discovery::default().answered("/api", many.as_bytes()).expect_err("too many");
    assert!(error.to_string().contains("more than"), "{error}");
}

#[test]
fn a_document_that_takes_too_much_memory_is_an_error() {
    let items = |many: usize| {
        format!(r#"{{"kind": "APIGroupDiscoveryList", "items": [{}0]}}"#, r#"{"":0},"#.repeat(many))
    };
    let read = |many: usize| Discovery::default().answered("/api", items(many).as_bytes());
    assert_eq!(read(document::MAX_VALUES / 3 - 2), Ok(Vec::new()));
    let error = read(document::MAX_VALUES / 3).expect_err("too many").to_string();
    assert!(items(document::MAX_VALUES / 3).len() < MAX_DOCUMENT_BYTES);
    assert!(error.contains("more than 400000 values"), "{error}");
}

#[test]
fn a_position_leads_to_its_resource() {
    let catalog = of(&[("/api", API), ("/apis", APIS)]);
    for found in catalog.preferred("") {
        let position = catalog.position(found).expect("a position");
        assert!(std::ptr::eq(catalog.at(position).expect("a resource"), found));
    }
    assert_eq!(catalog.position(&catalog.find("", "", "pods").expect("pods").clone()), None);
}

#[test]
fn a_resource_holds_few_verbs() {
    let verbs = |verbs: &[&str]| {
        let document = serde_json::json!({"kind": "APIGroupDiscoveryList", "items": [{"versions": [{"version": "v1", "resources": [
            {"resource": "pods", "responseKind": {"kind": "Pod"}, "scope": "Namespaced", "verbs": verbs}]}]}]});
        let catalog = of(&[("/api", &document.to_string())]);
        catalog.versions()[0].resources[0].verbs.clone()
    };
    // A server with an old form of discovery has thousands of documents, so what is held of each has a bound.
    assert_eq!(verbs(&vec!["list"; 100_000]).len(), 16);
    assert_eq!(verbs(&["deletecollection", &"a".repeat(21), "LIST", "list"]), ["deletecollection", "list"]);
}
