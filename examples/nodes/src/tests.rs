extern crate std;

use super::*;
use std::format;
use wagather::Error;
use wagather::abi::Status as Code;
use wagather::fake::Host;

const PATH: &str = "/api/v1/nodes";

const NODES: &str = r#"[
    {"metadata": {"name": "a", "labels": {"kubernetes.io/os": "linux", "node-role.kubernetes.io/control-plane": "",
                  "node-role.kubernetes.io/worker": "", "x-node-role.kubernetes.io/y": ""}},
     "spec": {"taints": [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]},
     "status": {"conditions": [{"type": "MemoryPressure", "status": "False"}, {"type": "Ready", "status": "True"}],
                "capacity": {"cpu": "8", "memory": "32Gi", "pods": "250", "nvidia.com/gpu": "2"},
                "allocatable": {"cpu": "7500m", "memory": "31Gi", "pods": "250"},
                "nodeInfo": {"kubeletVersion": "v1.36.0", "osImage": "Edge Linux 10", "kernelVersion": "6.12.0",
                             "containerRuntimeVersion": "cri-o://1.36.0", "machineID": "m"}}},
    {"metadata": {"name": "b"},
     "spec": {"unschedulable": true},
     "status": {"conditions": [
                    {"type": "DiskPressure", "status": "True", "lastTransitionTime": "2024-05-02T10:00:00Z",
                     "lastHeartbeatTime": "2024-05-02T12:00:00Z", "reason": "KubeletHasDiskPressure", "message": "full"},
                    {"type": "PIDPressure", "status": "Unknown"},
                    {"type": "Ready", "status": "Unknown", "lastTransitionTime": "2024-05-02T11:00:00Z",
                     "reason": "NodeStatusUnknown", "message": "Kubelet stopped posting node status."}],
                "capacity": {"cpu": "4", "memory": "1.5Gi"},
                "allocatable": {"cpu": "3500m", "memory": "1000001m"}}},
    {"metadata": {"name": "new"}}
]"#;

#[test]
fn nodes_are_described() {
    let run = Host::new().list(PATH, NODES).run(gather);
    assert_eq!(run.result, Ok(()));
    assert_eq!(
        run.entry("nodes.json"),
        concat!(
            r#"[{"name":"a","roles":["control-plane","worker"],"#,
            r#""spec":{"unschedulable":false,"taints":[{"key":"node-role.kubernetes.io/control-plane","value":"","effect":"NoSchedule"}]},"#,
            r#""status":{"conditions":["#,
            r#"{"type":"MemoryPressure","status":"False","lastTransitionTime":"","reason":"","message":""},"#,
            r#"{"type":"Ready","status":"True","lastTransitionTime":"","reason":"","message":""}],"#,
            r#""capacity":{"cpu":"8","memory":"32Gi","nvidia.com/gpu":"2","pods":"250"},"#,
            r#""allocatable":{"cpu":"7500m","memory":"31Gi","pods":"250"},"#,
            r#""nodeInfo":{"kubeletVersion":"v1.36.0","osImage":"Edge Linux 10","kernelVersion":"6.12.0","#,
            r#""containerRuntimeVersion":"cri-o://1.36.0"}}},"#,
            r#"{"name":"b","roles":[],"spec":{"unschedulable":true,"taints":[]},"status":{"conditions":["#,
            r#"{"type":"DiskPressure","status":"True","lastTransitionTime":"2024-05-02T10:00:00Z","#,
            r#""reason":"KubeletHasDiskPressure","message":"full"},"#,
            r#"{"type":"PIDPressure","status":"Unknown","lastTransitionTime":"","reason":"","message":""},"#,
            r#"{"type":"Ready","status":"Unknown","lastTransitionTime":"2024-05-02T11:00:00Z","#,
            r#""reason":"NodeStatusUnknown","message":"Kubelet stopped posting node status."}],"#,
            r#""capacity":{"cpu":"4","memory":"1.5Gi"},"allocatable":{"cpu":"3500m","memory":"1000001m"},"#,
            r#""nodeInfo":{"kubeletVersion":"","osImage":"","kernelVersion":"","containerRuntimeVersion":""}}},"#,
            r#"{"name":"new","roles":[],"spec":{"unschedulable":false,"taints":[]},"status":{"conditions":[],"#,
            r#""capacity":{},"allocatable":{},"#,
            r#""nodeInfo":{"kubeletVersion":"","osImage":"","kernelVersion":"","containerRuntimeVersion":""}}}]"#
        )
    );
    assert_eq!(
        run.entry("findings.json"),
        concat!(
            r#"{"findings":[{"severity":"warning","code":"DiskPressure","object":{"apiVersion":"v1","kind":"Node","name":"b"},"#,
            r#""message":"full","since":"2024-05-02T10:00:00Z"},"#,
            r#"{"severity":"error","code":"NotReady","object":{"apiVersion":"v1","kind":"Node","name":"b"},"#,
            r#""message":"Kubelet stopped posting node status.","since":"2024-05-02T11:00:00Z"},"#,
            r#"{"severity":"error","code":"NotReady","object":{"apiVersion":"v1","kind":"Node","name":"new"},"#,
            r#""message":"its kubelet never reported"}]}"#
        )
    );
    assert_eq!(run.logs[0].text, "2 of 3 nodes are not ready");
}

/// A node that cannot be added exactly is left out of a sum, with both quantities, and counted.
#[test]
fn totals_say_what_they_leave_out() {
    let run = Host::new().list(PATH, NODES).run(gather);
    assert_eq!(
        run.entry("totals.json"),
        concat!(
            r#"{"nodes":3,"notReady":2,"underPressure":1,"unschedulable":1,"#,
            r#""capacity":{"cpuMillicores":8000,"memoryBytes":34359738368,"nodesLeftOut":2},"#,
            r#""allocatable":{"cpuMillicores":11000,"memoryBytes":33285997545,"nodesLeftOut":1}}"#
        )
    );
}

#[test]
fn a_sum_never_wraps() {
    let node = |memory| format!(r#"{{"status": {{"capacity": {{"cpu": "1", "memory": "{memory}"}}}}}}"#);
    let run = Host::new().list(PATH, &format!("[{}, {}]", node("15Ei"), node("2Ei"))).run(gather);
    let first =
        format!(r#""capacity":{{"cpuMillicores":1000,"memoryBytes":{},"nodesLeftOut":1}}"#, 15_u64 << 60);
    assert!(run.entry("totals.json").contains(&first), "{}", run.entry("totals.json"));
}

#[test]
fn it_asks_only_for_what_it_reads() {
    let run = Host::new().list(PATH, "[]").run(gather);
    assert_eq!(run.entry("nodes.json"), "[]");
    assert_eq!(
        run.requests[0].mask,
        "metadata(name,labels),spec(unschedulable,taints(key,value,effect)),\
         status(conditions(type,status,lastTransitionTime,reason,message),capacity,allocatable,\
         nodeInfo(kubeletVersion,osImage,kernelVersion,containerRuntimeVersion))"
    );
}

#[test]
fn half_a_list_is_no_report() {
    let run = Host::new().list(PATH, NODES).break_after(2, Code::UNREACHABLE).run(gather);
    assert_eq!(run.result, Err(Error::new(Code::UNREACHABLE)));
    assert!(run.entries.is_empty());
    let run = Host::new().status(PATH, 403).run(gather);
    assert_eq!(run.result, Err(Error::new(Code::http(403))));
}
