//! Paths and methods that nobody should send.

use super::{Fake, id, run_of};
use crate::status::RunState;
use wagather_http::{Method, Request, header};

#[test]
fn ids_are_no_paths() {
    let fake = Fake::with(vec![run_of(1, "pods", RunState::Complete)]);
    let long = "1-".repeat(4000);
    let name = id(1);
    for target in [
        "/v1/runs/..",
        "/v1/runs/../gatherers",
        "/v1/runs/%2e%2e",
        "/v1/runs/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/v1/runs/..%5c..%5c/archive",
        "/v1/runs/%00/archive",
        "/v1/runs//archive",
        "/v1/runs/",
        "/v1/runs/pods/archive",
        "/v1/runs/%ff",
        "/v1/runs/1-%0d%0aX:%20y",
        &format!("/v1/runs/{long}"),
        &format!("/v1/runs/{name}/"),
        &format!("/v1/runs/{name}/archive/"),
        &format!("/v1/runs/{name}/archive/x"),
        &format!("/v1/runs/{name}%20"),
        &format!("/v1/runs/./{name}"),
        &format!("//v1/runs/{name}"),
        &format!("/V1/runs/{name}"),
        "/v1/gatherers/..",
        "/v1/gatherers/%2e%2e%2fruns",
        "/v1/gatherers/secrets",
        "/",
        "/v1",
        "/healthz/",
        "/metrics/..",
        "*",
    ] {
        fake.get(target).expect_problem(404, "");
    }
    assert_eq!(fake.get(&format!("/v1/runs/{name}")).status.as_u16(), 200);
    // An escape of what needs none names the same.
    assert_eq!(fake.get("/v1/gatherers/p%6fds").status.as_u16(), 200);
}

#[test]
fn methods_are_refused_that_a_path_does_not_take() {
    let fake = Fake::default();
    let run = format!("/v1/runs/{}", id(1));
    for target in
        ["/healthz", "/readyz", "/metrics", "/openapi.json", "/v1/status", "/v1/gatherers", "/v1/runs", &run]
    {
        let allowed = if target == "/v1/runs" { "GET, HEAD, POST" } else { "GET, HEAD" };
        for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "POST", "get", "QUERY", "X"] {
            if (target, method) == ("/v1/runs", "POST") {
                continue;
            }
            let method = Method::from_bytes(method.as_bytes()).expect("a method");
            let got = fake.ask(Request::new(method, target, ""));
            got.expect_problem(405, allowed);
            assert_eq!(got.header(header::ALLOW), allowed);
        }
    }
}

#[test]
fn queries_that_nothing_reads_are_mistakes() {
    let fake = Fake::default();
    fake.lock().is_ready = true;
    for target in [
        "/healthz",
        "/readyz",
        "/metrics",
        "/openapi.json",
        "/v1/status",
        "/v1/gatherers",
        "/v1/gatherers/pods",
    ] {
        assert_eq!(fake.get(target).status.as_u16(), 200, "{target}");
        fake.get(&format!("{target}?verbose")).expect_problem(400, "'verbose'; known here: none");
    }
}

#[test]
fn health_is_that_of_the_program_and_readiness_that_of_the_service() {
    let fake = Fake::default();
    assert_eq!(fake.get("/healthz").text(), "ok\n");
    fake.get("/readyz").expect_problem(503, "takes no runs");
    fake.lock().is_ready = true;
    assert_eq!(fake.get("/readyz").text(), "ok\n");
    // Who needs no token learns nothing of files.
    assert!(!fake.get("/readyz").text().contains("pods.wasm"));
    assert_eq!(fake.get("/v1/status").json()["problems"][0], "pods.wasm: more rights than before");
    fake.lock().broken = Some("its thread 'clock' has panicked".to_owned());
    fake.get("/healthz").expect_problem(500, "has to be started again");
    assert_eq!(fake.get("/v1/status").json()["alive"], false);
}
