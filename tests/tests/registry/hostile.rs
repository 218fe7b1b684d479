//! Registries that give something else than was asked for, or something without an end, or that lead in circles.

use super::{MODULE, REFUSED, guest};
use serde_json::json;
use tests::host::Host;
use tests::place;
use tests::registry::{Login, MANIFEST, MODULE as OF_WASM, Registry, Request, Response, digest, refusal};

/// A run of `a:1` must fail, say why, and write nothing.
fn fails(registry: &Registry, reference: &str, code: i32, why: &str) {
    let place = place();
    let done = Host::run(reference).output(place.path().join("out")).wait();
    done.expect_code(code);
    assert!(done.stderr.contains(why), "'{why}' is not in: {}", done.stderr);
    assert!(!done.stderr.contains('\u{1b}'), "{:?}", done.stderr);
    assert_eq!(tests::host::left_in(place.path()), [""; 0]);
    assert!(registry.seen().len() < 20, "{} requests", registry.seen().len());
}

fn wrong(answer: impl Fn(&Request) -> Option<Response> + Send + Sync + 'static) -> (Registry, String) {
    let registry = Registry::with(Login::Nobody, answer);
    registry.module("a:1", &guest());
    let reference = registry.reference("a:1");
    (registry, reference)
}

fn of_blobs(response: Response) -> impl Fn(&Request) -> Option<Response> {
    move |request| request.path.contains("/blobs/").then(|| response.clone())
}

fn of_manifests(response: Response) -> impl Fn(&Request) -> Option<Response> {
    move |request| request.path.contains("/manifests/").then(|| response.clone())
}

#[test]
fn another_content_than_the_digest_says() {
    let (registry, reference) = wrong(|_| None);
    let pinned = format!("{reference}@{}", digest(b"another"));
    fails(&registry, &pinned, MODULE, "answers 404");
    let manifest = json!({"layers": []}).to_string();
    let (registry, reference) = wrong(of_manifests(Response::new(200, manifest)));
    let pinned = format!("{reference}@{}", digest(b"another"));
    fails(&registry, &pinned, MODULE, "another manifest than was asked for");
    let mut other = guest();
    *other.last_mut().expect("bytes") ^= 1;
    let (registry, reference) = wrong(of_blobs(Response::new(200, other)));
    fails(&registry, &reference, MODULE, "another module than was asked for");
    let (registry, reference) = wrong(of_blobs(Response::new(200, &guest()[1..])));
    fails(&registry, &reference, MODULE, "another module than was asked for");
}

/// Of an index, too: the manifest that it leads to has to be that one.
#[test]
fn an_index_that_leads_elsewhere() {
    let (registry, _) = wrong(|request| {
        request
            .path
            .contains("/manifests/sha256:")
            .then(|| Response::new(200, json!({"layers": []}).to_string()))
    });
    let entry = json!({"mediaType": MANIFEST, "digest": digest(b"x"), "size": 13});
    registry.manifest(MANIFEST, "a:index", &json!({"manifests": [entry]}));
    fails(&registry, &registry.reference("a:index"), MODULE, "another manifest than was asked for");
    let entry = json!({"mediaType": MANIFEST, "digest": digest(b"x"), "size": 5 << 20});
    registry.manifest(MANIFEST, "a:large", &json!({"manifests": [entry]}));
    fails(&registry, &registry.reference("a:large"), MODULE, "its manifest has 5242880 bytes");
}

#[test]
fn answers_without_an_end() {
    let endless = Response::new(200, vec![b' '; 1 << 16]).endless();
    let (registry, reference) = wrong(of_manifests(endless.clone()));
    fails(&registry, &reference, MODULE, "has more than 4194304 bytes");
    let (registry, reference) = wrong(of_blobs(endless.clone()));
    fails(&registry, &reference, MODULE, &format!("has more than {} bytes", guest().len()));
    let (registry, reference) = wrong(move |_| Some(Response { status: 500, ..endless.clone() }));
    fails(&registry, &reference, super::CLUSTER, "answers 500");
    let large = Response::new(200, "").with("Content-Length", "99999999999");
    let (registry, reference) = wrong(of_blobs(large));
    fails(&registry, &reference, MODULE, "Content-Length");
}

#[test]
fn manifests_that_take_more_than_their_bytes() {
    let many = format!("{{\"layers\":[{}{{}}]}}", "{},".repeat(1_000_000));
    let deep = "[".repeat(1 << 20);
    let large =
        json!({"layers": [{"mediaType": OF_WASM, "digest": digest(b""), "size": 1_u64 << 40}]}).to_string();
    let odd = json!({"layers": [{"mediaType": OF_WASM, "digest": "sha256:../../../secret", "size": 1}]})
        .to_string();
    for (manifest, why) in [
        (many, "more than 50000 values"),
        (deep, "more than 50000 values"),
        ("[".repeat(10_000), "not JSON"),
        (large, "its module has 1099511627776 bytes; the limit is 16777216"),
        (odd, "without a SHA-256 digest"),
    ] {
        let (registry, reference) = wrong(of_manifests(Response::new(200, manifest)));
        fails(&registry, &reference, MODULE, why);
    }
}

#[test]
fn circles() {
    let challenge = |_: &Request| {
        Some(
            refusal(401, "UNAUTHORIZED", "again")
                .with("WWW-Authenticate", "Bearer realm=\"http://127.0.0.1:1/\""),
        )
    };
    let (registry, reference) = wrong(challenge);
    fails(&registry, &reference, super::CLUSTER, "cannot connect");
    // A token is given, and never enough.
    let registry = Registry::with(Login::Bearer(None), |request| {
        let is_asked = request.header("authorization").is_some();
        is_asked.then(|| refusal(401, "UNAUTHORIZED", "again").with("WWW-Authenticate", "Bearer realm=\"/\""))
    });
    fails(&registry, &registry.reference("a:1"), REFUSED, "answers 401: again");
    assert_eq!(registry.seen().len(), 3);
    let (registry, reference) = wrong(|_| Some(refusal(401, "UNAUTHORIZED", "no way")));
    fails(&registry, &reference, REFUSED, "answers 401: no way");
    let (registry, reference) = wrong(|_| Some(Response::new(302, "").with("Location", "/again")));
    fails(&registry, &reference, MODULE, "redirects more than 5 times");
}

#[test]
fn urls_that_nobody_should_follow() {
    for (location, why) in [
        ("http://a:b@127.0.0.1:1/", "which has a password"),
        ("http://registry.example.com/", "which has no TLS"),
        ("file:///etc/passwd", "cannot be used"),
        ("//", "cannot be used"),
        ("elsewhere", "neither a URL nor an absolute path"),
        ("http://127.0.0.1:1/\u{e9}", "cannot be used"),
        ("http://127.0.0.1:1/\u{7f}", "it does not speak HTTP"),
    ] {
        let (registry, reference) = wrong(move |_| Some(Response::new(302, "").with("Location", location)));
        fails(&registry, &reference, MODULE, why);
    }
    for token in ["", "a b", "a\r\nX: y", "\u{1b}[2J"] {
        let registry = Registry::with(Login::Bearer(None), move |request| {
            (request.path == "/token").then(|| Response::new(200, json!({"token": token}).to_string()))
        });
        fails(&registry, &registry.reference("a:1"), MODULE, "gave no token");
    }
}

#[test]
fn texts_that_would_control_a_terminal() {
    let evil = "\u{1b}[2J\u{1b}]0;owned\u{7}\nerror: forged";
    let (registry, reference) = wrong(move |_| Some(refusal(403, "DENIED", evil)));
    fails(&registry, &reference, REFUSED, "answers 403: \\u{1b}[2J");
    let (registry, reference) = wrong(move |_| Some(Response::new(404, evil)));
    fails(&registry, &reference, MODULE, "answers 404: \\u{1b}[2J");
    let manifest = json!({"layers": [{"mediaType": evil}]}).to_string();
    let (registry, reference) = wrong(of_manifests(Response::new(200, manifest)));
    fails(&registry, &reference, MODULE, "only: \\u{1b}[2J");
    let long = "x".repeat(100_000);
    let (registry, reference) = wrong(move |_| Some(Response::new(404, long.clone())));
    let done = Host::new(["inspect", &reference]).wait();
    assert!(done.stderr.len() < 1_000, "{}", done.stderr);
    assert_eq!(registry.seen().len(), 1);
}
