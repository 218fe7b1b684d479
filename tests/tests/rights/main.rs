//! What a cluster's owner allows, tested from outside: grant files, pins, signatures, and the output of `inspect`,
//! `rbac` and `run --dry-run`.
//!
//! Elsewhere: the evaluation of each rule (the unit tests of `policy`), the narrowing of lists, and whether a real
//! API server accepts the printed roles (`cluster/rbac.rs`).

mod bad_grants;
mod certificates;
mod dry_run;
mod escalating;
mod hidden;
mod inspect;
mod modules;
mod namespace;
mod narrowed;
mod rbac;
mod reference;
mod visible;

use std::path::{Path, PathBuf};
use tests::failing::written;
use tests::guest;

/// A grant file with that body.
fn grant(folder: &Path, body: &str) -> PathBuf {
    written(folder, "grant.yaml", &format!("apiVersion: wagather/v1\nkind: Grant\n{body}"))
}

/// A guest that declares a little of everything, and asks for nothing.
fn curious(folder: &Path) -> PathBuf {
    let records = [
        "resource get,list /v1/pods * metadata(name,labels),spec(containers(name,env)),status",
        "resource get /v1/pods/log * *",
        "resource list apps/v1/deployments shop *",
        "resource get /v1/secrets * *",
        "path /version",
        "path /metrics",
    ];
    let fields = "(func (export \"gather\") (result i32) (i32.const 0))";
    guest::write(folder, "curious", &guest::module("curious", &records, fields))
}

/// Allows a part of what that guest declares.
const NARROW: &str = r#"rules:
  - verbs: [get, list]
    apiGroups: [""]
    resources: [pods]
    namespaces: ["shop-*", default]
    without: [spec.containers.env, metadata.annotations]
  - verbs: [get]
    apiGroups: [""]
    resources: [pods, pods/log]
    namespaces: [kube-system]
    resourceNames: ["etcd-*", coredns]
  - verbs: [list]
    apiGroups: ["*"]
    resources: ["*"]
    namespaces: [shop]
nonResourceURLs: [/version]
budgets: { time: 60s, memory: 1Mi, requests: 100, items: 50000, archive: 64Mi }
"#;
