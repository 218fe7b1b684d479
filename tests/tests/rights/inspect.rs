//! The output of `inspect` for a grant and a signature.

use crate::{NARROW, curious, grant};
use minisign::KeyPair;
use serde_json::{Value, json};
use std::io::Cursor;
use tests::host::Host;
use tests::{golden, guest, place};

fn inspect(folder: &std::path::Path, words: &[&str]) -> String {
    Host::new(["inspect", "curious.wasm"])
        .args(words)
        .current_folder(folder)
        .wait()
        .expect_success()
        .stdout_text()
}

#[test]
fn what_a_grant_leaves() {
    let place = place();
    let folder = place.path();
    curious(folder);
    grant(folder, NARROW);
    golden::check("inspect-grant.txt", &inspect(folder, &["--grant", "grant.yaml"]));
    let told: Value =
        serde_json::from_str(&inspect(folder, &["--grant", "grant.yaml", "--json"])).expect("JSON");
    let grant = &told["grant"];
    assert_eq!((&grant["file"], &grant["admitted"]), (&json!("grant.yaml"), &json!(true)));
    assert_eq!(
        grant["resources"][0],
        json!({
            "verb": "get", "resource": "v1/pods", "granted": "part", "without": ["spec.containers.env"],
            "objects": [
                {"namespaces": ["shop-*", "default"]},
                {"namespaces": ["kube-system"], "resourceNames": ["etcd-*", "coredns"]},
            ],
        })
    );
    let of = |resource: &str| {
        let all = grant["resources"].as_array().expect("resources").iter();
        let mut found: Vec<&Value> = all.filter(|rest| rest["resource"] == resource).collect();
        assert_eq!(found.len(), 1);
        found.remove(0)
    };
    assert_eq!(of("apps/v1/deployments")["granted"], "all");
    assert_eq!(of("apps/v1/deployments")["namespace"], "shop");
    assert_eq!(of("v1/secrets")["granted"], "nothing");
    assert!(of("v1/secrets")["reason"].as_str().is_some_and(|why| why.contains("Secrets are not granted")));
    assert_eq!(grant["paths"][0], json!({"path": "/version", "granted": true}));
    assert_eq!(grant["paths"][1]["granted"], false);
    assert_eq!(
        grant["budgets"],
        json!({"timeMs": 60_000, "memoryBytes": 1 << 20, "requests": 100, "items": 50_000, "archiveBytes": 64 << 20})
    );
    let without: Value = serde_json::from_str(&inspect(folder, &["--json"])).expect("JSON");
    assert!(without["grant"].is_null() && without["signature"].is_null());
    assert_eq!(without["summary"], told["summary"]);
    assert!(told["cannot"].as_array().is_some_and(|all| all.len() > 5));
}

#[test]
fn a_guest_that_logs_structures_writes_log_lines() {
    let place = place();
    let folder = place.path();
    let gather = "(func (export \"gather\") (result i32) (i32.const 0))";
    let log = r#"(import "wagather_v1" "log" (func (param i32 i32 i32) (result i32)))"#;
    let log_as = r#"(import "wagather_v1" "log_as" (func (param i32 i32 i32) (result i32)))"#;
    for (imports, writes) in [("", false), (log, true), (log_as, true)] {
        guest::write(folder, "curious", &guest::module("curious", &[], &format!("{imports} {gather}")));
        let text = inspect(folder, &[]);
        assert_eq!(text.lines().any(|line| line == "  write log lines"), writes, "{text}");
    }
}

#[test]
fn what_a_signature_says() {
    let place = place();
    let folder = place.path();
    let bytes = std::fs::read(curious(folder)).expect("a guest");
    let keys = KeyPair::generate_unencrypted_keypair().expect("keys");
    let sign = |module: &[u8]| {
        let text = minisign::sign(
            Some(&keys.pk),
            &keys.sk,
            Cursor::new(module),
            Some("reviewed\u{9b}for test"),
            None,
        );
        std::fs::write(folder.join("curious.wasm.minisig"), text.expect("a signature").into_string())
            .expect("a file");
    };
    let key = keys.pk.to_base64();
    let last = |words: &[&str]| inspect(folder, words).lines().last().unwrap_or_default().to_owned();
    assert_eq!(last(&[]), "signature  none");
    sign(&bytes);
    let unchecked = "signature  not checked, because no grant names its key as a signer; its comment: reviewed\\u{9b}for test";
    assert_eq!(last(&[]), unchecked);
    grant(folder, &format!("rules: []\nsigners: [{key}]\n"));
    let with_grant = ["--grant", "grant.yaml"];
    assert_eq!(last(&with_grant), format!("signature  valid, by {key}: reviewed\\u{{9b}}for test"));
    sign(b"another module");
    let text = inspect(folder, &with_grant);
    assert!(
        !text.contains("holds, by")
            && text.contains("not  run: its signature curious.wasm.minisig is invalid"),
        "{text}"
    );
    let json: Value =
        serde_json::from_str(&inspect(folder, &["--grant", "grant.yaml", "--json"])).expect("JSON");
    assert_eq!(json["grant"]["admitted"], false);
    assert_eq!(json["signature"]["signedBy"], Value::Null);
    std::fs::write(folder.join("curious.wasm.minisig"), "x").expect("a file");
    assert_eq!(
        last(&[]),
        "signature  cannot be used: it is truncated: a signature has four lines, this has 1"
    );
}
