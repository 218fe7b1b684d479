//! `run --dry-run`: shows what a run would do, and does nothing.

use crate::{NARROW, curious, grant};
use tests::failing::written;
use tests::host::{Host, left_in};
use tests::{golden, objects, place, programs};

#[test]
fn it_tells_what_a_run_would_do() {
    let place = place();
    let folder = place.path();
    curious(folder);
    grant(folder, NARROW);
    std::fs::copy(programs::guest("hello"), folder.join("hello.wasm")).expect("a copy");
    let before = left_in(folder);
    let mut text = String::new();
    for words in [
        &["--output", "gathered"][..],
        &["--grant", "grant.yaml", "--replay", "x.har", "--timeout", "5m", "--output", "-"],
        &["--grant", "grant.yaml", "--record", "x.har", "--server", "http://127.0.0.1:1", "--timeout", "10s"],
    ] {
        let host =
            Host::new(["run", "--dry-run", "curious.wasm", "hello.wasm"]).args(words).current_folder(folder);
        let done = host.wait();
        text += &format!("# {}\n{}\n", words.join(" "), done.expect_success().stdout_text());
        assert_eq!(done.stderr, "");
    }
    assert_eq!(left_in(folder), before, "it wrote something");
    golden::check("dry-run.txt", &text);
}

/// What it says that would be asked is what is asked.
#[test]
fn the_requests_are_those_of_the_run() {
    let (place, server) = (place(), objects::server().start());
    for name in programs::examples_that_name() {
        let output = place.path().join(&name);
        let host = || Host::run(programs::guest(&name)).server(&server.url()).output(&output);
        let before = server.seen().len();
        let told = host().arg("--dry-run").wait().expect_success().stdout_text();
        assert_eq!(server.seen().len(), before, "{name} asked in a dry run");
        assert!(!output.exists(), "{name} wrote in a dry run");
        host().wait().expect_success();
        let requests: Vec<&str> = told.lines().filter_map(|line| line.trim().strip_prefix("GET ")).collect();
        let seen = server.seen();
        for seen in &seen[before..] {
            let limit = seen.parameter("limit").map_or(String::new(), |limit| format!("?limit={limit}"));
            let asked = format!("{}{limit}", seen.path);
            assert!(requests.iter().any(|line| is_told(line, &asked)), "{asked} was not told in\n{told}");
        }
        assert_eq!(requests.is_empty(), seen.len() == before, "{told}");
    }
}

/// Whether a request is one of those that a line tells of: `/api/v1[/namespaces/{namespace}]/pods/{name}/log[?…]`.
fn is_told(line: &str, asked: &str) -> bool {
    const NAMESPACE: &str = "[/namespaces/{namespace}]";
    let is_placeholder = |segment: &str| segment.starts_with('{') && segment.ends_with('}');
    [line.replace(NAMESPACE, ""), line.replace(NAMESPACE, "/namespaces/{namespace}")].iter().any(|line| {
        let line = line.split('[').next().unwrap_or_default();
        let (told, asked): (Vec<&str>, Vec<&str>) = (line.split('/').collect(), asked.split('/').collect());
        let pairs = || told.iter().zip(&asked);
        told.len() == asked.len() && pairs().all(|(told, asked)| is_placeholder(told) || told == asked)
    })
}

#[test]
fn a_request_is_told_only_by_its_own_line() {
    let log = "/api/v1[/namespaces/{namespace}]/pods/{name}/log[?…]";
    assert!(is_told(log, "/api/v1/namespaces/shop/pods/web/log"));
    assert!(!is_told(log, "/api/v1/namespaces/shop/pods/web"));
    let list =
        "/api/v1[/namespaces/{namespace}]/pods?limit=500[&labelSelector=…], and its pages by &continue=…";
    assert!(is_told(list, "/api/v1/pods?limit=500") && is_told(list, "/api/v1/namespaces/a/pods?limit=500"));
    assert!(!is_told(list, "/api/v1/pods?limit=50") && !is_told(list, "/api/v1/secrets?limit=500"));
}

/// What would keep a run from starting is found, with the same code and words.
#[test]
fn it_finds_what_a_run_would_find() {
    let (place, server) = (place(), objects::server().start());
    let folder = place.path();
    let pinned = grant(folder, &format!("rules: []\nmodules: [{{sha256: {}}}]\n", "0".repeat(64)));
    let taken = written(folder, "taken", "");
    let hello = || Host::run(programs::guest("hello")).server(&server.url());
    let broken = written(folder, "broken.wasm", "no module");
    let cases: [(i32, &dyn Fn() -> Host); 5] = [
        (3, &|| hello().arg("--grant").arg(&pinned).output(folder.join("out"))),
        (3, &|| Host::run(&broken).output(folder.join("out"))),
        (3, &|| {
            Host::run_all([programs::guest("hello"), programs::guest("hello")]).output(folder.join("out"))
        }),
        (4, &|| hello().args(["--memory", "1Ki"]).output(folder.join("out"))),
        (6, &|| hello().output(&taken)),
    ];
    for (code, host) in cases {
        let (dry, real) = (host().arg("--dry-run").wait(), host().wait());
        dry.expect_code(code);
        real.expect_code(code);
        assert_eq!(dry.stderr, real.stderr);
        assert!(dry.stdout.is_empty());
    }
}
