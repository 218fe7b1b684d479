//! Credentials: which a registry gets, and who else does not.

use super::{MODULE, OUTPUT, REFUSED, guest, inspect};
use serde_json::json;
use std::fs;
use std::path::Path;
use tests::certificates::Authority;
use tests::host::{Done, Host};
use tests::memory::{has, is_closed};
use tests::processes::{children, until};
use tests::registry::{Login, Registry, Response, TOKEN};
use tests::server::{Answer, Server};
use tests::{objects, place, programs};

const LOGIN: &str = "robot:hunter2-hunter2";

/// A configuration with a login for a registry.
fn config(folder: &Path, registry: &Registry, login: &str) {
    let auth = wagather_base::base64::encode(login.as_bytes());
    let config = json!({"auths": {registry.host(): {"auth": auth}}});
    fs::write(folder.join("config.json"), config.to_string()).expect("a file");
}

/// Nothing that was said has a credential.
fn says_nothing(done: &Done) {
    let said = format!("{}{}", done.stderr, done.stdout_text());
    let encoded = wagather_base::base64::encode(LOGIN.as_bytes());
    for secret in ["hunter2-hunter2", TOKEN, &encoded] {
        assert!(!said.contains(secret), "{said}");
    }
}

#[test]
fn whoever_is_in_the_configuration_logs_in() {
    let (place, cluster) = (place(), objects::server().start());
    for (login, is_bearer) in [(Login::Basic(LOGIN.into()), false), (Login::Bearer(Some(LOGIN.into())), true)]
    {
        let registry = Registry::with(login, |_| None);
        config(place.path(), &registry, LOGIN);
        let tag = registry.reference("team/a:1");
        let pushed = Host::new(["push"])
            .arg(programs::guest("cluster-operators"))
            .arg(&tag)
            .env("DOCKER_CONFIG", place.path())
            .wait();
        pushed.expect_success();
        let run = Host::run(&tag)
            .server(&cluster.url())
            .env("DOCKER_CONFIG", place.path())
            .output(place.path().join(format!("out-{is_bearer}")))
            .wait();
        run.expect_success();
        says_nothing(&run);
        let queries: Vec<String> =
            registry.seen().into_iter().filter(|seen| seen.path == "/token").map(|seen| seen.query).collect();
        // Only what is needed, whatever the registry proposes; one token for all requests.
        let expected: &[&str] = match is_bearer {
            true => &[
                "service=fake&scope=repository%3Ateam%2Fa%3Apull%2Cpush",
                "service=fake&scope=repository%3Ateam%2Fa%3Apull",
            ],
            false => &[],
        };
        assert_eq!(queries, expected);

        config(place.path(), &registry, "robot:another-password");
        let refused = inspect(&tag).env("DOCKER_CONFIG", place.path()).wait();
        refused.expect_code(REFUSED);
        assert!(refused.stderr.contains("answers 401"), "{}", refused.stderr);
        let nobody = inspect(&tag).wait();
        nobody.expect_code(REFUSED);
        assert!(nobody.stderr.contains("DOCKER_CONFIG"), "{}", nobody.stderr);
    }
    // Others give tokens to everybody, and the home has a configuration, too.
    let open = Registry::with(Login::Bearer(None), |_| None);
    open.module("a:1", &guest());
    inspect(&open.reference("a:1")).wait().expect_success();
}

#[test]
fn what_cannot_be_used_is_said() {
    let place = place();
    let registry = Registry::with(Login::Basic(LOGIN.into()), |_| None);
    let host = registry.host();
    for (config, code, why) in [
        (json!({"credsStore": "desktop"}).to_string(), REFUSED, "a credential helper"),
        (json!({"auths": {&*host: {"identitytoken": "x"}}}).to_string(), REFUSED, "an identity token"),
        ("{\"auths\": hunter2-hunter2".into(), super::CONFIG, "it is not JSON"),
    ] {
        fs::write(place.path().join("config.json"), config).expect("a file");
        let done = inspect(&registry.reference("a:1")).env("DOCKER_CONFIG", place.path()).wait();
        done.expect_code(code);
        assert!(done.stderr.contains(why), "{}", done.stderr);
        says_nothing(&done);
    }
}

/// Blobs are often elsewhere, behind a URL that is a credential itself.
#[test]
fn a_redirect_to_another_host_gets_no_credential() {
    let place = place();
    let store = Registry::with(Login::Nobody, |request| {
        (request.path == "/store").then(|| Response::new(200, guest()))
    });
    let location = format!("http://{}/store?signature=s", store.host());
    let registry = Registry::with(Login::Bearer(Some(LOGIN.into())), move |request| {
        let is_module = request.path.contains("/blobs/") && request.header("authorization").is_some();
        is_module.then(|| Response::new(307, "").with("Location", location.clone()))
    });
    registry.module("a:1", &guest());
    config(place.path(), &registry, LOGIN);
    let done = inspect(&registry.reference("a:1")).env("DOCKER_CONFIG", place.path()).wait();
    done.expect_success();
    let seen = store.seen();
    let [request] = seen.as_slice() else { panic!("{seen:?}") };
    assert_eq!((&*request.path, &*request.query), ("/store", "signature=s"));
    assert_eq!(request.header("authorization"), None);
}

/// A registry says where tokens are given, and where a blob goes. Without TLS, others could listen.
#[test]
fn a_registry_with_tls_leads_to_nothing_without_it() {
    let (place, authority, plain) = (place(), Authority::new("ours"), Registry::start());
    let file = place.path().join("ca.pem");
    fs::write(&file, authority.pem()).expect("a file");
    for (field, status, value) in [
        ("WWW-Authenticate", 401, format!("Bearer realm=\"http://{}/token\"", plain.host())),
        ("Location", 302, format!("http://{}/elsewhere", plain.host())),
    ] {
        let registry = Registry::with_tls(&authority.server("127.0.0.1"), Login::Nobody, move |_| {
            Some(Response::new(status, "").with(field, value.clone()))
        });
        config(place.path(), &registry, LOGIN);
        let done = inspect(&registry.reference("a:1"))
            .env("DOCKER_CONFIG", place.path())
            .arg("--registry-ca")
            .arg(&file)
            .wait();
        done.expect_code(MODULE);
        assert!(done.stderr.contains("which has no TLS"), "{}", done.stderr);
    }
    assert!(plain.seen().is_empty(), "{:?}", plain.seen());
}

#[test]
fn an_upload_elsewhere_gets_no_credential() {
    let (place, other) = (place(), Registry::start());
    let location = format!("http://{}/v2/a/blobs/uploads/1?state=a%2Fb", other.host());
    let registry = Registry::with(Login::Basic(LOGIN.into()), move |request| {
        let is_upload = request.method == "POST" && request.header("authorization").is_some();
        is_upload.then(|| Response::new(202, "").with("Location", location.clone()))
    });
    config(place.path(), &registry, LOGIN);
    let push = |reference: String| {
        let host = Host::new(["push"]).arg(programs::guest("hello")).arg(reference);
        host.env("DOCKER_CONFIG", place.path()).wait()
    };
    push(registry.reference("a:1")).expect_success();
    assert!(other.seen().iter().all(|seen| seen.method == "PUT" && seen.header("authorization").is_none()));
    assert_eq!(other.seen().len(), 2);
    let pinned = registry.reference(&format!("a:1@sha256:{}", "0".repeat(64)));
    push(pinned).expect_code(super::CONFIG);
    let refusing = Registry::with(Login::Nobody, |request| {
        (request.method != "HEAD").then(|| tests::registry::refusal(405, "UNSUPPORTED", "read only"))
    });
    let done = push(refusing.reference("a:1"));
    done.expect_code(OUTPUT);
    assert!(done.stderr.contains("answers 405: read only"), "{}", done.stderr);
}

/// Sandboxes are copies of the process that starts them.
#[test]
fn the_process_that_sandboxes_are_copies_of_has_no_credentials() {
    let place = place();
    let registry = Registry::with(Login::Bearer(Some(LOGIN.into())), |_| None);
    registry.module("a:1", &guest());
    config(place.path(), &registry, LOGIN);
    let cluster = Server::new().on(objects::CLUSTER_OPERATORS, Answer::silence()).start();
    let started = Host::run(registry.reference("a:1"))
        .server(&cluster.url())
        .env("DOCKER_CONFIG", place.path())
        .output(place.path().join("out"))
        .timeout("5s")
        .call();
    until("the gatherer asked", || !cluster.seen().is_empty());
    let (ours, sandboxes) = (started.id(), children(started.id()));
    assert_eq!(sandboxes.len(), 1, "the process that pulled is still there");
    let encoded = wagather_base::base64::encode(LOGIN.as_bytes());
    for secret in ["hunter2-hunter2", TOKEN, &encoded] {
        assert!(!has(ours, secret), "a sandbox could be a copy of this");
        assert!(sandboxes.iter().all(|sandbox| is_closed(*sandbox) || !has(*sandbox, secret)));
    }
    assert!(has(ours, &registry.host()), "what is there is found");
    started.wait().expect_code(super::CLUSTER);
}
