use super::*;
use wagather::Error;
use wagather::fake::{Host, Run};

const PODS: &str = r#"[
    {"metadata": {"name": "web", "namespace": "shop", "uid": "u-1"}, "status": {
        "initContainerStatuses": [{"name": "setup", "containerID": "c://1"}],
        "containerStatuses": [
            {"name": "main", "containerID": "c://2", "lastState": {"terminated": {"containerID": "c://0"}}},
            {"name": "waits"}],
        "ephemeralContainerStatuses": [{"name": "debug", "containerID": "c://3"}]}},
    {"metadata": {"name": "till", "namespace": "bank", "uid": "u-2"}, "status": {
        "containerStatuses": [{"name": "main", "containerID": "c://4"}]}}]"#;

fn host() -> Host {
    let log = |pod: &str| {
        let (namespace, name) = pod.split_once('/').expect("a pod");
        ["/api/v1/namespaces/", namespace, "/pods/", name, "/log"].concat()
    };
    Host::new()
        .resource("/api/v1/pods", "Pod", true)
        .resource("/api/v1/namespaces", "Namespace", false)
        .resource("/api/v1/secrets", "Secret", true)
        .resource("/api/v1/configmaps", "ConfigMap", true)
        .list("/api/v1/pods", PODS)
        .list("/api/v1/namespaces", r#"[{"metadata": {"name": "shop"}}, {"metadata": {"name": "bank"}}]"#)
        .list("/api/v1/secrets", r#"[{"metadata": {"name": "db", "namespace": "shop"}}]"#)
        .list("/api/v1/configmaps", r#"[{"metadata": {"name": "web", "namespace": "shop"}}]"#)
        .body(&(log("shop/web") + "?container=setup"), b"ready\n")
        .body(&(log("shop/web") + "?container=main"), b"hello\n")
        .body(&(log("shop/web") + "?container=main&previous=true"), b"panic\n")
        .body(&(log("shop/web") + "?container=debug"), b"$\n")
        .body(&(log("bank/till") + "?container=main"), b"open\n")
}

extern crate std;
use std::vec::Vec;

fn names(run: &Run) -> Vec<&str> {
    run.piped.iter().map(|piped| &*piped.name).collect()
}

#[test]
fn a_namespace_with_all_of_its_logs() {
    let run = host().param("namespaces", "shop").run(gather);
    assert_eq!((run.result, run.in_flight), (Ok(()), 0));
    assert_eq!(
        names(&run),
        [
            "cluster-scoped-resources/core/namespaces/shop.json",
            "namespaces/shop/core/pods/web.json",
            "namespaces/shop/core/configmaps/web.json",
            "shop/web/setup/current.log",
            "shop/web/main/current.log",
            "shop/web/main/previous.log",
            "shop/web/debug/current.log",
        ]
    );
    assert_eq!(run.piped[5].text(), "panic\n");
}

#[test]
fn several_namespaces_of_which_one_does_not_exist() {
    let run = host().param("namespaces", "none,shop,bank").run(gather);
    assert_eq!((run.result, run.in_flight), (Ok(()), 0));
    assert_eq!(names(&run).len(), 10);
    assert!(names(&run).contains(&"bank/till/main/current.log"));
}

/// The empty name would be all namespaces.
#[test]
fn blanks_and_commas_at_the_end_are_no_namespaces() {
    for namespaces in ["bank,", " bank", ",bank , ,"] {
        let run = host().param("namespaces", namespaces).run(gather);
        assert_eq!((run.result, run.in_flight), (Ok(()), 0));
        assert!(names(&run).contains(&"bank/till/main/current.log"));
        assert!(!names(&run).iter().any(|name| name.contains("shop")), "{namespaces}: {:?}", names(&run));
    }
}

#[test]
fn what_is_no_name_is_a_mistake() {
    let run = host().param("namespaces", "shop-*,bank").run(gather);
    assert_eq!(run.result, Err(Error::new(Status::BAD_REQUEST)));
    assert!(names(&run).contains(&"bank/till/main/current.log"), "the others are inspected");
}

#[test]
fn what_fails_leaves_the_rest() {
    let run = host()
        .param("namespaces", "shop,bank")
        .fail("/api/v1/namespaces/shop/pods", Status::TIMED_OUT)
        .status("/api/v1/namespaces/bank/pods/till/log", 500)
        .run(gather);
    assert_eq!((run.result, run.in_flight), (Ok(()), 0));
    assert!(names(&run).contains(&"namespaces/shop/core/configmaps/web.json"));
    assert!(names(&run).contains(&"namespaces/bank/core/pods/till.json"));
}

#[test]
fn a_long_name_gives_way_to_the_uid() {
    let long = "x".repeat(170);
    let run = host()
        .list("/api/v1/pods", &PODS.replace("\"name\": \"web\"", &(std::format!("\"name\": \"{long}\""))))
        .body(&(std::format!("/api/v1/namespaces/shop/pods/{long}/log")), b"long\n")
        .param("namespaces", "shop")
        .run(gather);
    assert!(names(&run).contains(&"shop/u-1/main/previous.log"), "{:?}", names(&run));
}

#[test]
fn without_a_namespace_it_says_so() {
    let run = host().run(gather);
    assert_eq!((run.result, run.piped.len(), run.logs.len()), (Ok(()), 0, 1));
}
