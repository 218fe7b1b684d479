//! `openapi.json` says what the code does. `make test-serve` tries it with requests that it generates.

use super::{Fake, gatherer, id, led_by, whole_run};
use crate::api::runs::shown;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use wagather_http::{Method, Request};

fn document() -> Value {
    Fake::default().get("/openapi.json").json()
}

fn keys(value: &Value) -> BTreeSet<String> {
    value.as_object().expect("an object").keys().cloned().collect()
}

/// Each path answers, and takes the methods that the document says, and no others.
#[test]
fn the_document_has_every_route() {
    let fake = Fake::with(vec![whole_run(1, "none".into())]);
    fake.lock().is_ready = true;
    let document = document();
    let paths = keys(&document["paths"]);
    let routes = [
        "/healthz",
        "/metrics",
        "/openapi.json",
        "/readyz",
        "/v1/gatherers",
        "/v1/gatherers/{name}",
        "/v1/gatherers/{name}/archive",
        "/v1/runs",
        "/v1/runs/{id}",
        "/v1/runs/{id}/archive",
        "/v1/status",
    ];
    assert_eq!(paths, routes.map(String::from).into());
    for path in paths {
        let target = path.replace("{id}", id(1).as_str()).replace("{name}", "pods");
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            let operation = &document["paths"][&path][method.as_str().to_lowercase()];
            let status = fake.ask(Request::new(method.clone(), &target, "")).status;
            assert_eq!(status.as_u16() == 405, operation.is_null(), "{method} {path}: {status}");
            if !operation.is_null() {
                let said = keys(&operation["responses"]);
                assert!(
                    said.contains(status.as_str()),
                    "{method} {path} gives {status}, which is not in {said:?}"
                );
            }
        }
    }
}

/// The schemas have the members of the values that are sent, and no others.
#[test]
fn the_document_has_every_member() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    let run = shown(&whole_run(1, "x".into()));
    let gatherer = json!(gatherer());
    let fake = Fake::default();
    fake.lock().leader_election = Some(led_by(Some("replica-2")));
    let status = fake.get("/v1/status").json();
    for (schema, value) in [
        ("Run", &run),
        ("Summary", &run["summary"]),
        ("Gatherer", &gatherer),
        ("Param", &gatherer["params"][0]),
        ("Replacement", &gatherer["lastReplacement"]),
        ("Status", &status),
        ("LeaderElection", &status["leaderElection"]),
    ] {
        let schema = &schemas[schema];
        assert_eq!(keys(&schema["properties"]), keys(value), "{schema}");
        for required in schema["required"].as_array().expect("names") {
            assert!(!value[required.as_str().expect("a name")].is_null(), "{required}");
        }
    }
    // Each reference leads somewhere.
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let pointer = reference.split('"').next().expect("a pointer");
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
}
