//! What reaches the server, and what of its answers reaches the archive.

use serde_json::json;
use tests::archive::Archive;
use tests::host::Host;
use tests::kubeconfig::Kubeconfig;
use tests::objects::{self, CLUSTER_OPERATORS};
use tests::server::{Expiry, Server};
use tests::{guest, place, programs};

#[test]
fn lists_of_many_pages_are_one_list() {
    let place = place();
    for (name, list) in [
        ("pages", objects::cluster_operators(7).pages_of(3)),
        ("expired", objects::cluster_operators(7).pages_of(3).expiring(Expiry::FreshToken)),
    ] {
        let server = Server::new().list(CLUSTER_OPERATORS, list).start();
        let output = place.path().join(name);
        let done =
            Host::run(programs::guest("cluster-operators")).server(&server.url()).output(&output).wait();
        done.expect_success();
        let archive = Archive::read(&output);
        assert_eq!(archive.gathered().len(), 7, "{name}: {:?}", archive.paths());
        let warned = archive.gatherer("cluster-operators")["warnings"].as_array().map_or(0, Vec::len);
        assert_eq!(warned, usize::from(name == "expired"), "pages of different times are told");
        let seen = server.seen();
        assert!(seen.iter().all(
            |seen| seen.parameter("limit") == Some("500") && seen.parameter("resourceVersion").is_none()
        ));
        assert_eq!(seen[0].parameter("continue"), None);
        assert_eq!(seen[1].parameter("continue"), Some("from-3"));
    }
}

#[test]
fn an_empty_list_is_complete() {
    let (place, server) =
        (place(), Server::new().list(CLUSTER_OPERATORS, objects::cluster_operators(0)).start());
    let output = place.path().join("out");
    Host::run(programs::guest("cluster-operators"))
        .server(&server.url())
        .output(&output)
        .wait()
        .expect_success();
    assert_eq!(Archive::read(&output).paths(), ["audit.jsonl", "wagather.json"]);
}

/// A guest that lists pods of a namespace with selectors, a limit and a mask, and pipes them.
pub(crate) fn selective() -> Vec<u8> {
    guest::module(
        "selective",
        &["resource list /v1/pods * metadata(name,namespace,labels),status"],
        r#"(import "wagather_v1" "rest_start" (func $rest_start (param i32) (result i32)))
        (import "wagather_v1" "archive_pipe" (func $archive_pipe (param i32 i32 i32) (result i32)))
        (data (i32.const 0) "\02\00\00\00" "\02\00\00\00"
            "\00\01\00\00" "\02\00\00\00" "\02\01\00\00" "\04\00\00\00" "\00\00\00\00" "\00\00\00\00" "\06\01\00\00" "\04\00\00\00"
            "\00\00\00\00" "\00\00\00\00" "\00\00\00\00" "\00\00\00\00" "\0a\01\00\00" "\0f\00\00\00" "\19\01\00\00" "\14\00\00\00"
            "\2d\01\00\00" "\2f\00\00\00" "\00\00\00\00" "\00\00\00\00")
        (data (i32.const 256) "v1" "pods" "shop" "app in (a,b),!c" "status.phase=Running" "metadata(name,managedFields),spec,status(phase)" )
        (func (export "gather") (result i32) (local $piped i32)
            (local.set $piped (call $archive_pipe (call $rest_start (i32.const 0)) (i32.const 0) (i32.const 0)))
            (select (local.get $piped) (i32.const 0) (i32.ne (local.get $piped) (i32.const 2))))"#,
    )
}

#[test]
fn selectors_limits_and_masks() {
    let place = place();
    let server = Server::new().list("/api/v1/namespaces/shop/pods", objects::pods(5)).start();
    let module = guest::write(place.path(), "selective", &selective());
    let output = place.path().join("out");
    Host::run(module).server(&server.url()).output(&output).wait().expect_success();
    let seen = &server.seen()[0];
    assert_eq!(seen.parameter("labelSelector"), Some("app in (a,b),!c"));
    assert_eq!(seen.parameter("fieldSelector"), Some("status.phase=Running"));
    assert_eq!(seen.parameter("limit"), Some("2"));
    assert_eq!(server.seen().len(), 1, "a limit that one page fulfils needs no other page");
    let archive = Archive::read(&output);
    // What the mask and the manifest both have, and what a file needs to say what it is.
    assert_eq!(
        archive.json("namespaces/default/core/pods/pod-0.json"),
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod-0", "namespace": "default"}, "status": {"phase": "Running"}})
    );
}

#[test]
fn parameters_reach_the_guest() {
    let place = place();
    let module = guest::module(
        "echo",
        &[],
        r#"(import "wagather_v1" "param" (func $param (param i32 i32 i32 i32) (result i32)))
        (import "wagather_v1" "log" (func $log (param i32 i32 i32) (result i32)))
        (data (i32.const 0) "greeting")
        (func (export "gather") (result i32)
            (call $log (i32.const 1) (i32.const 64) (call $param (i32.const 0) (i32.const 8) (i32.const 64) (i32.const 99))))"#,
    );
    let module = guest::write(place.path(), "echo", &module);
    let words = ["--param", "other=x", "--param", "greeting=good day = ä"];
    let done = Host::run(module).args(words).output(place.path().join("out")).wait();
    done.expect_success();
    assert!(done.stderr.contains("echo: info: good day = ä"), "{}", done.stderr);
}

#[test]
fn a_kubeconfig_is_found_as_kubectl_finds_it() {
    let (place, server) = (place(), objects::server().start());
    let kubeconfig = Kubeconfig::new(&server.url()).write(place.path());
    let run = |name: &str| Host::run(programs::guest("cluster-operators")).output(place.path().join(name));
    run("a").env("KUBECONFIG", &kubeconfig).wait().expect_success();
    std::fs::create_dir(place.path().join(".kube")).expect("a folder");
    std::fs::rename(&kubeconfig, place.path().join(".kube/config")).expect("a kubeconfig");
    run("b").env("HOME", place.path()).wait().expect_success();
    let as_someone =
        run("c").env("HOME", place.path()).args(["--as", "someone", "--as-group", "a", "--as-group", "b"]);
    as_someone.wait().expect_success();
    let last = server.seen().pop().expect("a request");
    assert_eq!(last.header("impersonate-user"), Some("someone"));
    assert_eq!(last.headers.iter().filter(|(name, _)| name == "impersonate-group").count(), 2);
    assert_eq!(last.header("accept"), Some("application/json"));
}
