//! Objects for the inventory gatherers besides pods: a few nodes, events, and workloads of five kinds.

use super::metadata;
use crate::server::List;
use serde_json::{Value, json};

/// Where each list is, and the list.
pub(super) fn lists() -> Vec<(&'static str, List)> {
    let template = |image: &str| json!({"spec": {"containers": [{"name": "main", "image": image}]}});
    let workload = |name: &str, image: &str| {
        let spec = json!({"replicas": 0, "template": template(image)});
        json!({"metadata": metadata(name, Some("shop")), "spec": spec})
    };
    let cron_job = json!({
        "metadata": metadata("night", Some("shop")),
        "spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": template("registry/night:v2")}}},
    });
    vec![
        ("/api/v1/nodes", List::new("v1", "NodeList", (0..3).map(node).collect())),
        ("/api/v1/events", List::new("v1", "EventList", (0..2).map(event).collect())),
        (
            "/apis/apps/v1/deployments",
            List::new("apps/v1", "DeploymentList", vec![workload("web", "registry/image")]),
        ),
        ("/apis/apps/v1/statefulsets", List::new("apps/v1", "StatefulSetList", vec![])),
        ("/apis/apps/v1/daemonsets", List::new("apps/v1", "DaemonSetList", vec![])),
        ("/apis/batch/v1/jobs", List::new("batch/v1", "JobList", vec![workload("once", "registry/once:v1")])),
        ("/apis/batch/v1/cronjobs", List::new("batch/v1", "CronJobList", vec![cron_job])),
    ]
}

/// The second is under pressure and the third is not ready.
fn node(number: usize) -> Value {
    let role =
        if number == 0 { "node-role.kubernetes.io/control-plane" } else { "node-role.kubernetes.io/worker" };
    let mut object = metadata(&format!("node-{number}"), None);
    object["labels"] = json!({"kubernetes.io/os": "linux", role: ""});
    let condition = |kind: &str, is_true: bool, reason: &str, message: &str| {
        json!({
            "type": kind, "status": if is_true { "True" } else { "False" }, "reason": reason, "message": message,
            "lastTransitionTime": "2024-05-02T11:00:00Z", "lastHeartbeatTime": "2024-05-02T12:00:00Z",
        })
    };
    let taints = if number == 0 { json!([{"key": role, "effect": "NoSchedule"}]) } else { json!(null) };
    json!({
        "metadata": object,
        "spec": {"unschedulable": number == 2, "taints": taints},
        "status": {
            "conditions": [
                condition("DiskPressure", number == 1, "KubeletHasDiskPressure", "kubelet has disk pressure"),
                condition("Ready", number != 2, "KubeletNotReady", "container runtime is down"),
            ],
            "capacity": {"cpu": "8", "ephemeral-storage": "100Gi", "memory": "32Gi", "pods": "250"},
            "allocatable": {"cpu": "7500m", "ephemeral-storage": "92Gi", "memory": "31616Mi", "pods": "250"},
            "nodeInfo": {
                "kubeletVersion": "v1.30.1", "osImage": "Edge Linux 10", "kernelVersion": "6.12.0",
                "containerRuntimeVersion": "cri-o://1.30.0", "machineID": "0123456789abcdef",
            },
        },
    })
}

/// Two warnings of one reason; the second is written as through `events.k8s.io`. All are warnings: this server does not select.
fn event(number: usize) -> Value {
    let mut event = json!({
        "metadata": metadata(&format!("event-{number}"), Some("shop")),
        "involvedObject": {"kind": "Pod", "namespace": "shop", "name": format!("pod-{}", number + 2)},
        "type": "Warning",
        "reason": "BackOff",
        "message": format!("Back-off restarting failed container main in pod pod-{}", number + 2),
    });
    if number == 1 {
        event["eventTime"] = json!("2024-05-02T10:30:00.250000Z");
        event["series"] = json!({"count": 4, "lastObservedTime": "2024-05-02T11:15:00.500000Z"});
    } else {
        event["count"] = json!(41);
        event["firstTimestamp"] = json!("2024-05-02T09:00:00Z");
        event["lastTimestamp"] = json!("2024-05-02T11:00:00Z");
    }
    event
}
