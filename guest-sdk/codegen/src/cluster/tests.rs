use super::*;
use std::sync::Mutex;
use wagather_kube::{Cause, NoAnswer, Response};

/// A fake API server that records its requests.
struct Server {
    answers: Vec<(&'static str, u16, String)>,
    asked: Mutex<Vec<String>>,
}

impl Server {
    fn of(answers: &[(&'static str, u16, &str)]) -> Server {
        let answers =
            answers.iter().map(|(path, status, body)| (*path, *status, (*body).to_owned())).collect();
        Server { answers, asked: Mutex::default() }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic").clone()
    }
}

impl Source for Server {
    fn send(&self, call: &Call) -> Result<Response, NoAnswer> {
        let path = call.path_and_query.clone();
        self.asked.lock().expect("no panic").push(path.clone());
        if path == "/openapi/v3/apis/far/v1" {
            let advice = "Try a nearer one.".into();
            return Err(NoAnswer { cause: Cause::Unreachable, reason: "cannot connect".into(), advice });
        }
        let found = self.answers.iter().find(|(known, ..)| *known == path);
        let (status, body) = found.map_or((404, String::new()), |(_, status, body)| (*status, body.clone()));
        let body: Box<dyn Read + Send> = match &*body {
            "endless" => Box::new(std::io::repeat(b' ')),
            "broken" => Box::new(std::io::empty().chain(Broken)),
            _ => Box::new(std::io::Cursor::new(body)),
        };
        Ok(Response { status, content_type: None, retry_after: None, body })
    }

    fn now_millis(&self) -> i64 {
        0
    }

    fn is_recording(&self) -> bool {
        false
    }

    fn describe(&self) -> String {
        "https://example.com".to_owned()
    }
}

struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "the connection was closed"))
    }
}

const LISTED: &str = r#"{"paths": {
    "api/v1": {"serverRelativeURL": "/openapi/v3/api/v1?hash=1"},
    "apis/apps/v1": {"serverRelativeURL": "/openapi/v3/apis/apps/v1?hash=2"},
    "apis/apps/v1beta1": {"serverRelativeURL": "/openapi/v3/apis/apps/v1beta1?hash=3"},
    "apis/gone/v1": {"serverRelativeURL": "/openapi/v3/apis/gone/v1"},
    "version": {"serverRelativeURL": "/openapi/v3/version?hash=4"}}}"#;

fn document(path: &str, group: &str, version: &str, kind: &str) -> String {
    let kind = format!(r#"{{"group": "{group}", "version": "{version}", "kind": "{kind}"}}"#);
    format!(
        r#"{{"openapi": "3.0.0", "info": {{"title": "Kubernetes", "version": "1.36"}},
        "paths": {{"{path}": {{"get": {{"x-kubernetes-action": "list", "x-kubernetes-group-version-kind": {kind}}}}}}},
        "components": {{"schemas": {{"It": {{"type": "object", "x-kubernetes-group-version-kind": [{kind}]}}}}}}}}"#
    )
}

fn server() -> Server {
    Server::of(&[
        ("/openapi/v3", 200, LISTED),
        ("/openapi/v3/api/v1?hash=1", 200, &document("/api/v1/pods", "", "v1", "Pod")),
        (
            "/openapi/v3/apis/apps/v1?hash=2",
            200,
            &document("/apis/apps/v1/deployments", "apps", "v1", "Deployment"),
        ),
        (
            "/openapi/v3/apis/apps/v1beta1?hash=3",
            200,
            &document("/apis/apps/v1beta1/scales", "apps", "v1beta1", "Scale"),
        ),
        ("/openapi/v3/version?hash=4", 200, r#"{"openapi": "3.0.0"}"#),
    ])
}

#[test]
fn only_what_has_the_resources_is_asked_for() {
    const CORE: &str = "/openapi/v3/api/v1";
    const APPS: &str = "/openapi/v3/apis/apps/v1";
    const BETA: &str = "/openapi/v3/apis/apps/v1beta1";
    const VERSION: &str = "/openapi/v3/version";
    for (names, read) in [
        (&["pods"][..], &[CORE][..]),
        (&["pods.v1"], &[CORE]),
        (&["deployments.apps"], &[APPS, BETA]),
        (&["deployments.v1.apps"], &[APPS]),
        (&["pods", "scales.v1beta1.apps"], &[CORE, BETA]),
        // Without a group, or with an unknown one.
        (&["deployments"], &[CORE, APPS, BETA, VERSION]),
        (&["pods.nowhere"], &[CORE, APPS, BETA, VERSION]),
        (&[], &[]),
    ] {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let server = server();
        let documents = super::read(&server, Which::Of(&names)).expect("documents");
        let shown: Vec<&str> = documents.iter().map(|document| &*document.name).collect();
        assert_eq!(shown, read, "{names:?}");
        let asked = server.asked();
        let once: std::collections::BTreeSet<&String> = asked.iter().collect();
        assert_eq!(asked.len(), once.len(), "each is asked for once: {asked:?}");
    }
    let documents = super::read(&server(), Which::All).expect("documents");
    assert_eq!(documents.len(), 4, "what is gone meanwhile is left out");
    let schemas = Schemas::of(&documents).expect("schemas");
    let pods = schemas.find("pods").expect("pods");
    let document = schemas.document_of(pods);
    assert_eq!((&*document.name, &*document.title), ("/openapi/v3/api/v1", "Kubernetes 1.36"));
}

#[test]
fn version_2_is_read_where_there_is_no_other() {
    let server = Server::of(&[("/openapi/v2", 200, r#"{"swagger": "2.0"}"#)]);
    let documents = super::read(&server, Which::Of(&["pods".to_owned()])).expect("a document");
    assert_eq!(documents[0].name, "/openapi/v2");
    assert_eq!(server.asked(), ["/openapi/v3", "/openapi/v2"]);
}

#[test]
fn what_goes_wrong_says_what_to_do() {
    let forbidden =
        r#"{"kind": "Status", "message": "User \"bob\" cannot get path \"/openapi/v3\"", "code": 403}"#;
    for (answers, why) in [
        (
            &[("/openapi/v3", 403, forbidden)][..],
            "cannot read /openapi/v3: it answers 403 (User \"bob\" cannot get path \"/openapi/v3\"): this account needs the \
             verb 'get' on the nonResourceURLs /openapi/v3 and /openapi/v3/*",
        ),
        (&[("/openapi/v3", 401, "")], "it answers 401: log in again"),
        (&[("/openapi/v3", 503, "<html>")], "it answers 503: the server is busy or restarting: try again"),
        (&[("/openapi/v3", 302, "")], "it answers 302: is this an API server?"),
        (&[("/openapi/v3", 200, "<html>")], "cannot read /openapi/v3: the response is not JSON"),
        (&[("/openapi/v3", 200, "{}")], "the response has no 'paths'"),
        (&[("/openapi/v3", 200, "endless")], "the response is larger than 128 MiB"),
        (&[("/openapi/v3", 200, "broken")], "the response broke off: the connection was closed; try again"),
        (&[], "cannot read /openapi/v2: 404: it publishes neither OpenAPI v3 nor v2"),
        (&[("/openapi/v2", 403, "{}")], "cannot read /openapi/v2: it answers 403: this account needs"),
        (
            &[("/openapi/v3", 200, r#"{"paths": {"api/v1": {"serverRelativeURL": "https://elsewhere/"}}}"#)],
            "the index has no path for 'api/v1'",
        ),
        (
            &[(
                "/openapi/v3",
                200,
                "{\"paths\": {\"api/v1\\n\": {\"serverRelativeURL\": \"/openapi/v3/api/v1\"}}}",
            )],
            "the index has no path for 'api/v1\\n'",
        ),
        (
            &[(
                "/openapi/v3",
                200,
                r#"{"paths": {"apis/far/v1": {"serverRelativeURL": "/openapi/v3/apis/far/v1"}}}"#,
            )],
            "cannot read /openapi/v3/apis/far/v1: cannot connect (Try a nearer one.)",
        ),
    ] {
        let why_told = super::read(&Server::of(answers), Which::All).expect_err(why).to_string();
        assert!(
            why_told.starts_with("https://example.com: cannot read ") && why_told.contains(why),
            "{why_told}"
        );
    }
}
