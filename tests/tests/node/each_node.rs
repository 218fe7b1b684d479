//! A DaemonSet of `host-min deploy --daemon-set`: each pod gathers what is of its node, and waits.

use super::IMAGE;
use super::cell::{Namespace, kubectl_given, until};
use serde_json::json;
use tests::archive::Archive;
use tests::guest;
use tests::host::{Host, left_in};
use tests::place;
use wagather_abi::Verb;

/// Lists the pods of the node that its parameter names.
fn pods_of_a_node() -> Vec<u8> {
    let list = Verb::LIST.0;
    let fields = format!(
        r#"(import "wagather_v1" "param" (func $param (param i32 i32 i32 i32) (result i32)))
        (import "wagather_v1" "rest_start" (func $rest_start (param i32) (result i32)))
        (import "wagather_v1" "archive_pipe" (func $archive_pipe (param i32 i32 i32) (result i32)))
        (data (i32.const 256) "v1pods")
        (data (i32.const 512) "node")
        (data (i32.const 1024) "spec.nodeName=")
        (func (export "gather") (result i32) (local $got i32)
            (local.set $got (call $param (i32.const 512) (i32.const 4) (i32.const 1038) (i32.const 253)))
            (if (i32.lt_s (local.get $got) (i32.const 1)) (then (return (i32.const 1))))
            (i32.store (i32.const 0) (i32.const {list}))
            (i32.store (i32.const 8) (i32.const 256)) (i32.store (i32.const 12) (i32.const 2))
            (i32.store (i32.const 16) (i32.const 258)) (i32.store (i32.const 20) (i32.const 4))
            (i32.store (i32.const 64) (i32.const 1024))
            (i32.store (i32.const 68) (i32.add (local.get $got) (i32.const 14)))
            (local.set $got (call $rest_start (i32.const 0)))
            (if (i32.gt_s (local.get $got) (i32.const 0))
                (then (local.set $got (call $archive_pipe (local.get $got) (i32.const 0) (i32.const 0)))))
            (select (local.get $got) (i32.const 0) (i32.lt_s (local.get $got) (i32.const 0))))"#
    );
    guest::module("node-pods", &["resource list /v1/pods * *", "param node Whose pods"], &fields)
}

#[test]
fn a_pod_on_each_node_gathers_what_is_of_it() {
    let namespace = Namespace::of_deployment("each-node");
    let archives = namespace.volume(&format!("{}-archives", namespace.name));
    let place = place();
    let module = guest::write(place.path(), "node-pods", &pods_of_a_node());
    let host =
        Host::new(["deploy"]).arg(module).args(["--name", namespace.name, "--namespace", namespace.name]);
    let host = host.args(["--create-namespace", "--image", IMAGE, "--daemon-set"]);
    let objects = host.wait().expect_success().stdout_text();
    let said = kubectl_given(&objects, &["apply", "--server-side", "--filename", "-"]);
    assert!(said.succeeded && said.stderr.is_empty(), "{}", said.stderr);
    // It is on no node, so it is in no archive.
    let nowhere = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "nowhere"},
        "spec": {
            "schedulerName": "nobody", "automountServiceAccountToken": false,
            "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [{
                "name": "main", "image": IMAGE,
                "securityContext": {"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}},
            }],
        },
    });
    namespace.until_account();
    namespace.apply(&nowhere.to_string());
    let whole = || -> Vec<String> {
        left_in(&archives).into_iter().filter(|file| file.ends_with(".tar.gz")).collect()
    };
    let of_round = |round: usize| {
        until("an archive", || namespace.described(), || (whole().len() >= round).then_some(()));
        let files = whole();
        assert!(files.iter().all(|file| file.starts_with("node-2")), "the node is called node: {files:?}");
        let archive = Archive::read(archives.join(files.last().expect("an archive")));
        assert_eq!(archive.report()["complete"], true, "{:#}", archive.report());
        let gathered = archive.gathered();
        assert!(!gathered.is_empty());
        for object in gathered.values() {
            let object: serde_json::Value = serde_json::from_slice(object).expect("JSON");
            assert_eq!(object["spec"]["nodeName"], "node", "{object:#}");
        }
    };
    of_round(1);
    // It stays, and gathers no second time by itself.
    std::thread::sleep(std::time::Duration::from_secs(3));
    let pods = namespace.get(&["pods", &format!("--selector=app.kubernetes.io/instance={}", namespace.name)]);
    let status = &pods["items"][0]["status"]["containerStatuses"][0];
    assert_eq!(
        (&status["restartCount"], status["state"]["running"].is_object()),
        (&json!(0), true),
        "{status:#}"
    );
    assert_eq!(whole().len(), 1);
    namespace.kubectl(&["rollout", "restart", &format!("daemonset/{}", namespace.name)]);
    of_round(2);
}
