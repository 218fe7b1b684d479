//! Single objects and raw paths.

use super::ask::{Ask, items_in};
use super::{OPERATORS_PATH, PODS_PATH, Ran, as_given, host, path_of, run, shared};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use tests::apiserver::Server;

fn ask(server: &Server, make: impl Fn(&Path) -> PathBuf) -> Ran {
    let place = tests::place();
    run(server, host(server, "token.yaml", [make(place.path())]))
}

/// The one thing that a guest of `Ask::items` or `Ask::bytes` got.
fn only(ran: &Ran) -> Value {
    let mut items = items_in(ran.gathered());
    assert_eq!(items.len(), 1);
    items.remove(0)
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).expect(pointer)
}

#[test]
fn one_object_in_each_of_the_three_modes() {
    let server = shared();
    let operator = server.get(&format!("{OPERATORS_PATH}/metrics"));
    let pod = server.items(&format!("{PODS_PATH}?labelSelector=wagather.test/state=crash-loop")).remove(0);
    let (namespace, name) = (text(&pod, "/metadata/namespace"), text(&pod, "/metadata/name"));
    let pod = server.get(&format!("/api/v1/namespaces/{namespace}/pods/{name}"));
    let cases = [
        (
            Ask::get("config.openshift.io", "v1", "clusteroperators", "metrics"),
            "config.openshift.io",
            "clusteroperators",
            &operator,
        ),
        (Ask::get("", "v1", "pods", name).namespace(namespace), "core", "pods", &pod),
    ];
    for (request, group, plural, object) in cases {
        let expected = as_given(object.clone());
        assert_eq!(only(&ask(&server, |folder| request.items(folder))), expected);
        assert_eq!(only(&ask(&server, |folder| request.bytes(folder))), expected);
        let ran = ask(&server, |folder| request.piped(folder));
        assert_eq!(ran.gathered().gathered().len(), 1);
        assert_eq!(ran.gathered().json(&path_of(group, plural, object)), expected);
        let masked = request.clone().mask("metadata(uid),kind").declared_mask("metadata,status");
        assert_eq!(
            only(&ask(&server, |folder| masked.items(folder))),
            json!({"metadata": {"uid": object["metadata"]["uid"]}})
        );
    }
}

#[test]
fn an_object_that_is_not_there() {
    let server = shared();
    let operator = Ask::get("config.openshift.io", "v1", "clusteroperators", "absent");
    let said = r#"get config.openshift.io/v1/clusteroperators: HTTP 404: clusteroperators.config.openshift.io "absent" not found"#;
    ask(&server, |folder| operator.items(folder)).expect_failure(5, said);
    ask(&server, |folder| operator.piped(folder)).expect_failure(5, said);
    let pod = Ask::get("", "v1", "pods", "absent").namespace("team-meteo");
    let said = r#"get /v1/pods in team-meteo: HTTP 404: pods "absent" not found"#;
    ask(&server, |folder| pod.items(folder)).expect_failure(5, said);
    // In bytes the guest reads the server's reason itself, and succeeds.
    let status = only(&ask(&server, |folder| pod.bytes(folder)));
    assert_eq!((text(&status, "/kind"), text(&status, "/reason")), ("Status", "NotFound"));
}

#[test]
fn raw_paths() {
    let server = shared();
    let version = server.get("/version");
    assert_eq!(only(&ask(&server, |folder| Ask::raw("/version").bytes(folder))), version);
    let ran = ask(&server, |folder| Ask::raw("/version").piped(folder));
    assert_eq!(ran.gathered().json("ask/result"), version);
    let ran = ask(&server, |folder| Ask::raw("/readyz").bytes(folder));
    assert_eq!(ran.gathered().bytes("ask/result"), b"ok");
    // What anybody may ask needs no credentials.
    let place = tests::place();
    let ran = run(&server, host(&server, "anonymous.yaml", [Ask::raw("/version").bytes(place.path())]));
    assert_eq!(only(&ran), version);
    // What tells more is not granted, whatever the server would say.
    let ran = ask(&server, |folder| Ask::raw("/metrics").bytes(folder));
    ran.expect_failure(7, "the path /metrics is not granted");
}
