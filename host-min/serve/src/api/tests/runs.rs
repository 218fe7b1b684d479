//! Starting runs and showing them.

use super::{Fake, id, post, run_of, whole_run};
use crate::status::{NotAccepted, RunState};
use serde_json::json;
use wagather_base::error::{Class, Failure};
use wagather_http::{Method, Request, header};

#[test]
fn a_run_is_accepted_and_shown() {
    let fake = Fake::default();
    let got = fake.post(r#"{"gatherer": "pods", "params": {"namespace": "shop", "b": "2"}}"#);
    assert_eq!((got.status.as_u16(), got.header(header::LOCATION)), (202, &*format!("/v1/runs/{}", id(1))));
    let run = got.json();
    assert_eq!(
        (&run["id"], &run["state"], &run["trigger"]),
        (&json!(id(1)), &json!("waiting"), &json!("request"))
    );
    assert_eq!(run["params"], json!({ "namespace": "shop", "b": "2" }));
    assert_eq!(fake.get(&format!("/v1/runs/{}", id(1))).json(), run);
}

#[test]
fn a_client_may_wait_for_the_end() {
    let fake = Fake::default();
    let answer = fake.handle(post(r#"{"gatherer":"pods","waitSeconds":3600}"#));
    fake.end(&id(1));
    let response = answer.wait().expect("an answer");
    assert_eq!(response.get_status().as_u16(), 200);
    let body = response.into_body().into_bytes().expect("a body");
    assert!(String::from_utf8_lossy(&body).contains("\"state\":\"complete\""));
    // A whole number has several forms in JSON.
    assert_eq!(fake.post(r#"{"gatherer":"pods","waitSeconds":0.0}"#).status.as_u16(), 202);
}

#[test]
fn what_is_no_request_for_a_run_says_what_is_wrong() {
    let fake = Fake::default();
    for (body, words) in [
        ("", "must be a JSON object"),
        ("null", "must be a JSON object"),
        (r#"["pods", {}, 0]"#, "must be a JSON object"),
        ("{", "EOF"),
        ("{}", "missing field `gatherer`"),
        (r#"{"gatherer":1}"#, "expected a string"),
        (r#"{"gatherer":"pods","gatherer":"pods"}"#, "duplicate field"),
        (r#"{"gatherer":"pods","wait":true}"#, "unknown field `wait`"),
        (r#"{"gatherer":"pods","params":[]}"#, "an object whose values are texts"),
        (r#"{"gatherer":"pods","params":{"a":1}}"#, "expected a string"),
        (r#"{"gatherer":"pods","params":{"a":"1","a":"2"}}"#, "the parameter 'a' comes twice"),
        (r#"{"gatherer":"pods","waitSeconds":-1}"#, "expected a whole number"),
        (r#"{"gatherer":"pods","waitSeconds":0.5}"#, "expected a whole number"),
        (r#"{"gatherer":"pods","waitSeconds":-1.0}"#, "expected a whole number"),
        (r#"{"gatherer":"pods","waitSeconds":"1"}"#, "expected a whole number"),
        (r#"{"gatherer":"pods","waitSeconds":null}"#, "expected a whole number"),
        (r#"{"gatherer":"pods","waitSeconds":1e300}"#, "at most 3600"),
        (r#"{"gatherer":"pods","waitSeconds":3601}"#, "at most 3600"),
        (r#"{"gatherer":"pods"} x"#, "trailing characters"),
    ] {
        fake.post(body).expect_problem(400, words);
    }
    let deep = "[".repeat(100_000);
    fake.post(&format!(r#"{{"gatherer":{deep}"#)).expect_problem(400, "cannot be used");
    let untyped = Request::new(Method::POST, "/v1/runs", r#"{"gatherer":"pods"}"#);
    fake.ask(untyped).expect_problem(415, "application/json");
    // What a page of another site can send without asking first.
    for form in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        let request = Request::new(Method::POST, "/v1/runs", r#"{"gatherer":"pods"}"#);
        fake.ask(request.header(header::CONTENT_TYPE, form)).expect_problem(415, "application/json");
    }
    fake.ask(Request::new(Method::POST, "/v1/runs?wait=1", "")).expect_problem(400, "'wait'");
    assert!(fake.lock().runs.is_empty());
}

#[test]
fn a_refusal_says_why_and_whether_to_ask_again() {
    let fake = Fake::default();
    let ask = |reason: NotAccepted| {
        fake.lock().refuses = Some(reason);
        fake.post(r#"{"gatherer":"pods"}"#)
    };
    ask(NotAccepted::UnknownGatherer("x".to_owned())).expect_problem(404, "There is no gatherer 'x'");
    let failure =
        Failure::new(Class::Config, "cannot use the parameter a", "there is none").advise("omit it");
    ask(NotAccepted::Params(failure)).expect_problem(422, "there is none; omit it");
    let active = ask(NotAccepted::Active(id(7)));
    active.expect_problem(409, "concurrencyPolicy is Forbid");
    assert_eq!(active.json()["run"], json!(id(7)));
    let busy = ask(NotAccepted::TooMany);
    busy.expect_problem(429, "Too many runs wait");
    assert_eq!(busy.header(header::RETRY_AFTER), "5");
    ask(NotAccepted::Ending).expect_problem(503, "The service is ending");
    let led = ask(NotAccepted::NotLeader(Some("replica-2".to_owned())));
    led.expect_problem(503, "Another replica has the lease and runs the gatherers: replica-2");
    assert_eq!(led.json()["leader"], "replica-2");
    let unled = ask(NotAccepted::NotLeader(None));
    unled.expect_problem(503, "No replica has the lease now");
    assert_eq!(unled.header(header::RETRY_AFTER), "5");
}

#[test]
fn pages_of_runs_are_complete_and_the_newest_are_first() {
    let runs = (1..=7).map(|number| {
        let (gatherer, state) =
            if number % 2 == 0 { ("pods", RunState::Complete) } else { ("nodes", RunState::Failed) };
        run_of(number, gatherer, state)
    });
    let fake = Fake::with(runs.collect());
    let walk = |query: &str| {
        let (mut ids, mut sizes, mut from) = (Vec::new(), Vec::new(), String::new());
        loop {
            let page = fake.get(&format!("/v1/runs?{query}{from}")).json();
            let runs = page["runs"].as_array().expect("runs").clone();
            sizes.push(runs.len());
            ids.extend(runs.iter().map(|run| run["id"].as_str().expect("an id").to_owned()));
            match page["continue"].as_str() {
                Some(next) => from = format!("&continue={next}"),
                None => return (ids, sizes),
            }
        }
    };
    let all: Vec<String> = (1..=7).rev().map(|number| id(number).to_string()).collect();
    assert_eq!(walk(""), (all.clone(), vec![7]));
    assert_eq!(walk("limit=3"), (all.clone(), vec![3, 3, 1]));
    assert_eq!(walk("limit=7"), (all, vec![7]));
    let even: Vec<String> = [6, 4, 2].map(|number| id(number).to_string()).into();
    assert_eq!(walk("gatherer=pods&limit=2"), (even.clone(), vec![2, 1]));
    assert_eq!(walk("state=complete"), (even, vec![3]));
    assert_eq!(walk("gatherer=none"), (vec![], vec![0]));
    for (query, words) in [
        ("state=done", "one of waiting, running"),
        ("state=", "one of waiting, running"),
        ("limit=0", "from 1 to 500"),
        ("limit=501", "from 1 to 500"),
        ("limit=+1", "from 1 to 500"),
        ("limit=1&limit=2", "'limit' twice"),
        ("continue=..", "'continue'"),
        ("continue=1-1", "'continue'"),
        ("page=2", "'page'; known here: gatherer, state, limit, continue"),
        ("gatherer=%f", "broken escape"),
    ] {
        fake.get(&format!("/v1/runs?{query}")).expect_problem(400, words);
    }
}

/// Paths of the machine are nobody's business.
#[test]
fn the_archive_of_a_run_is_a_path_of_the_api() {
    let fake = Fake::with(vec![whole_run(1, "/var/lib/archives/pods.tar.gz".into())]);
    for target in [format!("/v1/runs/{}", id(1)), "/v1/runs".to_owned()] {
        let text = fake.get(&target).text().to_owned();
        assert!(text.contains(&format!("\"archive\":\"/v1/runs/{}/archive\"", id(1))), "{text}");
        assert!(!text.contains("/var/lib"), "{text}");
    }
}
