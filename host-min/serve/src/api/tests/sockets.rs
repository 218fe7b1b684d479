//! The API on its sockets.

use super::{Fake, id};
use crate::api::Api;
use crate::config;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use wagather_http::Address;

const TOKEN: &str = "0123456789abcdef";

fn talk(mut stream: impl Read + Write, request: &str) -> String {
    stream.write_all(request.as_bytes()).expect("a server");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("a response");
    response
}

fn get(target: &str, more: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{more}\r\n")
}

fn tcp(api: &Api, request: &str) -> String {
    let Address::Tcp(address) = api.addresses()[0] else { panic!("no TCP: {:?}", api.addresses()) };
    talk(TcpStream::connect(address).expect("a server"), request)
}

fn start(fake: &Fake, settings: &config::Api, folder: &Path) -> wagather_base::error::Result<Api> {
    Api::check(settings)?;
    Api::open(settings, Vec::new(), folder)?.serve(fake.clone(), |warning| panic!("{warning}"))
}

#[test]
fn without_an_address_it_is_a_socket_beside_the_archives() {
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path().join("archives");
    let api = start(&Fake::default(), &config::Api::default(), &folder).expect("an API");
    let path = folder.join("api.sock");
    assert_eq!(api.addresses(), [Address::Unix(path.clone())]);
    let body = r#"{"gatherer":"pods"}"#;
    let post = format!(
        "POST /v1/runs HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let response = talk(UnixStream::connect(&path).expect("a server"), &post);
    assert!(response.starts_with("HTTP/1.1 202 ") && response.contains(id(1).as_str()), "{response}");
    api.stop();
    assert!(!path.exists());
}

#[test]
fn a_token_is_needed_for_all_but_probes() {
    let place = tempfile::tempdir().expect("a folder");
    let file = place.path().join("token");
    fs::write(&file, TOKEN).expect("a file");
    let listen = Some(vec!["127.0.0.1:0".parse().expect("an address")]);
    let settings = config::Api { listen, token_file: Some(file), ..config::Api::default() };
    let api = start(&Fake::default(), &settings, place.path()).expect("an API");
    for path in ["/healthz", "/readyz"] {
        assert!(!tcp(&api, &get(path, "")).starts_with("HTTP/1.1 401 "), "{path}");
    }
    for path in ["/metrics", "/openapi.json", "/v1/status", "/v1/gatherers", "/v1/runs"] {
        assert!(tcp(&api, &get(path, "")).starts_with("HTTP/1.1 401 "), "{path}");
        let response = tcp(&api, &get(path, &format!("Authorization: Bearer {TOKEN}\r\n")));
        assert!(response.starts_with("HTTP/1.1 200 "), "{path}: {response}");
    }
    api.stop();
}

#[test]
fn other_machines_are_served_only_if_they_say_who_they_are() {
    let place = tempfile::tempdir().expect("a folder");
    let file = place.path().join("token");
    fs::write(&file, TOKEN).expect("a file");
    let listen = || Some(vec!["0.0.0.0:0".parse().expect("an address")]);
    let open = config::Api { listen: listen(), ..config::Api::default() };
    let readable = config::Api { token_file: Some(file), ..open.clone() };
    for (settings, words) in [
        (open, "neither a token nor client certificates are required"),
        (readable, "without TLS the token can be read on the way"),
    ] {
        let failure = start(&Fake::default(), &settings, place.path()).expect_err(words);
        assert!(failure.to_string().contains(words) && !failure.advice.is_empty(), "{failure}");
    }
}

/// Programs of the same machine, but not what its browser shows.
#[test]
fn pages_of_other_sites_start_no_runs() {
    let place = tempfile::tempdir().expect("a folder");
    let listen = Some(vec!["127.0.0.1:0".parse().expect("an address")]);
    let fake = Fake::default();
    let api = start(&fake, &config::Api { listen, ..config::Api::default() }, place.path()).expect("an API");
    let body = r#"{"gatherer":"pods"}"#;
    let post = |host: &str, more: &str| {
        let len = body.len();
        let head = format!(
            "POST /v1/runs HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {len}\r\n"
        );
        tcp(&api, &format!("{head}{more}\r\n{body}"))
    };
    let typed = "Content-Type: application/json\r\n";
    assert!(post("evil.example", typed).starts_with("HTTP/1.1 421 "));
    assert!(
        post("localhost", &format!("{typed}Origin: http://evil.example\r\n")).starts_with("HTTP/1.1 403 ")
    );
    assert!(post("localhost", "Content-Type: text/plain\r\n").starts_with("HTTP/1.1 415 "));
    assert!(fake.lock().runs.is_empty());
    assert!(post("localhost", typed).starts_with("HTTP/1.1 202 "));
    api.stop();
}

/// What a run was asked for with is remembered with the run.
#[test]
fn a_run_with_large_parameters_is_not_remembered() {
    let place = tempfile::tempdir().expect("a folder");
    let fake = Fake::default();
    let api = start(&fake, &config::Api::default(), place.path()).expect("an API");
    for (bytes, status) in [(15 << 10, "202"), (17 << 10, "413")] {
        let body = format!(r#"{{"gatherer":"pods","params":{{"name":"{}"}}}}"#, "x".repeat(bytes));
        let post = format!(
            "POST /v1/runs HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = UnixStream::connect(place.path().join("api.sock")).expect("a server");
        // The server may close the connection before it has read all.
        let _ = stream.write_all(post.as_bytes());
        let mut head = [0; 12];
        stream.read_exact(&mut head).expect("a response");
        assert_eq!(head, format!("HTTP/1.1 {status}").as_bytes());
    }
    api.stop();
}
