//! Kubernetes objects to serve: enough for the examples, with everything that a host must remove.

mod inventory;

use crate::server::{Answer, List, Server};
use serde_json::{Value, json};

/// Where cluster operators are listed.
pub const CLUSTER_OPERATORS: &str = "/apis/config.openshift.io/v1/clusteroperators";

/// Where the pods of all namespaces are listed.
pub const PODS: &str = "/api/v1/pods";

/// Where the log of the last of five pods is.
pub const LOG: &str = "/api/v1/namespaces/shop/pods/pod-4/log";

/// What that pod has logged.
pub const LOGGED: &str = "starting\ncannot reach the database, giving up\n";

/// A word that is in `managedFields` of every object, and may be in no archive.
pub const MANAGED: &str = "managed-by-a-controller";

/// A server that has what the examples ask for.
pub fn server() -> Server {
    let server = Server::new()
        .list(CLUSTER_OPERATORS, cluster_operators(3))
        .list(PODS, pods(5))
        .on(LOG, Answer::bytes("text/plain", LOGGED));
    inventory::lists().into_iter().fold(server, |server, (path, list)| server.list(path, list))
}

/// So many cluster operators; every third from the second is degraded.
pub fn cluster_operators(count: usize) -> List {
    List::new("config.openshift.io/v1", "ClusterOperatorList", (0..count).map(cluster_operator).collect())
}

/// So many of them, each with so many bytes that no compression makes small.
pub fn incompressible(count: usize, bytes: usize) -> List {
    // A linear congruential generator: any noise will do, as long as it is the same each time.
    let mut state = 1_u64;
    let mut noise = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'!' + ((state >> 33) % 90) as u8)
    };
    let items = (0..count).map(|number| {
        let mut item = cluster_operator(number);
        item["status"]["extension"] = json!((0..bytes).map(|_| noise()).collect::<String>());
        item
    });
    List::new("config.openshift.io/v1", "ClusterOperatorList", items.collect())
}

/// A whole list of cluster operators as a server sends it.
pub fn list_text(count: usize) -> String {
    let items: Vec<Value> = (0..count).map(cluster_operator).collect();
    json!({"apiVersion": "config.openshift.io/v1", "kind": "ClusterOperatorList", "metadata": {"resourceVersion": "1"}, "items": items})
        .to_string()
}

/// One of them.
pub fn cluster_operator(number: usize) -> Value {
    let is_degraded = number % 3 == 1;
    let condition = |kind: &str, is_true: bool| {
        json!({
            "type": kind, "status": if is_true { "True" } else { "False" }, "reason": "AsExpected",
            "message": format!("{kind} is said of operator-{number}"), "lastTransitionTime": "2024-05-02T11:00:00Z",
        })
    };
    json!({
        "apiVersion": "config.openshift.io/v1",
        "kind": "ClusterOperator",
        "metadata": metadata(&format!("operator-{number}"), None),
        "spec": {},
        "status": {
            "conditions": [condition("Available", true), condition("Degraded", is_degraded)],
            "versions": [{"name": "operator", "version": "4.16.0"}],
            "relatedObjects": [{"group": "", "resource": "namespaces", "name": "openshift"}],
        },
    })
}

/// So many pods in two namespaces, the last of which crash-loops. As in a real list, the items of a built-in type do not
/// say their kind.
pub fn pods(count: usize) -> List {
    List::new("v1", "PodList", (0..count).map(|number| pod(number, number + 1 == count)).collect())
}

fn pod(number: usize, is_crash_looping: bool) -> Value {
    let state = if is_crash_looping {
        json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container"}})
    } else {
        json!({"running": {"startedAt": "2024-05-02T10:00:00Z"}})
    };
    let namespace = if number < 2 { "default" } else { "shop" };
    json!({
        "metadata": metadata(&format!("pod-{number}"), Some(namespace)),
        "spec": {"nodeName": "node-1", "containers": [{"name": "main", "image": "registry/image", "env": []}]},
        "status": {
            "phase": "Running",
            "containerStatuses": [{
                "name": "main", "imageID": format!("registry/image@sha256:{}", "ab".repeat(32)), "restartCount": 7, "state": state, "ready": !is_crash_looping,
                "lastState": {"terminated": {"reason": "Error", "exitCode": 1, "finishedAt": "2024-05-02T11:00:00Z"}},
            }],
        },
    })
}

fn metadata(name: &str, namespace: Option<&str>) -> Value {
    let mut metadata = json!({
        "name": name,
        "uid": "6b2b61cd-6a6f-4b5a-8f3f-000000000000",
        "resourceVersion": "42",
        "creationTimestamp": "2024-05-01T00:00:00Z",
        "labels": {"app": name},
        "managedFields": [{"manager": MANAGED, "operation": "Update", "fieldsType": "FieldsV1", "fieldsV1": {"f:status": {}}}],
    });
    if let Some(namespace) = namespace {
        metadata["namespace"] = json!(namespace);
    }
    metadata
}
