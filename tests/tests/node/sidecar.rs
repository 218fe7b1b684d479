//! The host beside a native sidecar: a proxy that logs in for it.

use super::cell::Namespace;
use super::job::{Job, name};
use serde_json::json;
use tests::archive::Archive;

/// kubectl, which the node has as an image too.
const KUBECTL: &str = "wagather.test/kubectl:test";

/// The Job is complete when the host is, although the proxy would run for ever.
#[test]
fn through_kubectl_proxy() {
    let namespace = Namespace::new("sidecar");
    let archives = namespace.claim("archives");
    namespace.account(&["nodes"]);
    namespace.modules(&["nodes"]);
    let mut job = Job::new(&namespace, "gather", &["/modules", "--server", "http://127.0.0.1:8001"]);
    let security = job.pod()["containers"][0]["securityContext"].clone();
    job.pod()["initContainers"] = json!([{
        "name": "proxy", "image": KUBECTL, "restartPolicy": "Always",
        "args": ["proxy", "--port", "8001"],
        "startupProbe": {"exec": {"command": ["/kubectl", "--server", "http://127.0.0.1:8001", "version"]}, "periodSeconds": 1},
        "securityContext": security,
    }]);
    let ended = job.run();
    let archive = Archive::read(archives.join(format!("{}.tar.gz", name(&ended.expect_complete().pods[0]))));
    assert_eq!(archive.gatherer("nodes")["items"], 1);
    assert_eq!(archive.report()["source"], "http://127.0.0.1:8001");
}
