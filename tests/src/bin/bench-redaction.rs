//! Measures the speed of projection, with and without redaction: `cargo run --profile dist -p tests --bin
//! bench-redaction [PAGE...]`.
//!
//! Without arguments, it generates pods like those that `tests/apiserver` loads, half of them without variables. With
//! arguments, each is a page of a list from a real API server. It uses one thread and prints the mean of several
//! rounds: for projection, megabytes (10^6) from the server per second; for redaction, megabytes that the projection
//! kept per second. Seconds are CPU time, so other load disturbs the result less.

use serde_json::{Value, json};
use std::io::Write;
use std::time::Duration;
use wagather_json::project::{ListReader, Node};
use wagather_json::redact::{Counts, Redactor, Rules};

/// Many, since the kernel counts a thread's time in ticks.
const ROUNDS: u32 = 30;
const PODS: usize = 5000;
const PODS_OF_A_PAGE: usize = 500;

/// What is kept of a pod, about, and the mask.
const MASKS: [(&str, &str); 4] = [
    ("nothing", "none"),
    ("5 %", "metadata(name,namespace),status(phase,containerStatuses(restartCount))"),
    ("50 %", "metadata(name,labels),spec"),
    ("all but managedFields", "*"),
];

fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let corpora = if paths.is_empty() {
        vec![("pods without variables", pages(false)), ("pods with variables", pages(true))]
    } else {
        vec![("the given pages", paths.iter().map(std::fs::read).collect::<std::io::Result<_>>()?)]
    };
    for (name, pages) in corpora {
        let sent: usize = pages.iter().map(Vec::len).sum();
        writeln!(out, "{name}, {:.1} MB:\n", megabytes(sent))?;
        writeln!(
            out,
            "| mask keeps | of the bytes | projection MB/s | with redaction MB/s | redaction alone MB/s | redacted |"
        )?;
        writeln!(out, "|---|---|---|---|---|---|")?;
        for (keeps, mask) in MASKS {
            let mask = Node::parse(mask).map_err(|_| std::io::Error::other("a mask that is none"))?;
            let measured = measure(&pages, &mask.without(&["metadata", "managedFields"]))?;
            let rate = |bytes: usize, time: Duration| megabytes(bytes) / time.as_secs_f64();
            writeln!(
                out,
                "| {keeps} | {:.0} % | {:.0} | {:.0} | {:.0} | {} |",
                100.0 * measured.kept as f64 / sent as f64,
                rate(sent, measured.projection),
                rate(sent, measured.projection + measured.redaction),
                rate(measured.kept, measured.redaction),
                measured.counts.total(),
            )?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

/// How long this thread had a processor (the first number of schedstat, in nanoseconds).
fn on_cpu() -> std::io::Result<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanos = text.split(' ').next().and_then(|number| number.parse().ok());
    nanos.map(Duration::from_nanos).ok_or_else(|| std::io::Error::other("no time in schedstat"))
}

struct Measured {
    kept: usize,
    projection: Duration,
    redaction: Duration,
    counts: Counts,
}

/// Projects all, then redacts a copy of all that was kept. Both times are of one round.
fn measure(pages: &[Vec<u8>], mask: &Node) -> std::io::Result<Measured> {
    let redactor = Redactor::new(&Rules::default());
    let (mut items, mut ends, mut item) = (Vec::new(), Vec::new(), Vec::new());
    let begin = on_cpu()?;
    for _ in 0..ROUNDS {
        items.clear();
        ends.clear();
        for page in pages {
            let mut reader = ListReader::new(Box::new(std::io::Cursor::new(page.clone())));
            while reader.next(mask, &mut item)?.is_some() {
                items.extend_from_slice(&item);
                ends.push(items.len());
            }
        }
    }
    let projection = on_cpu()?.saturating_sub(begin) / ROUNDS;
    let mut counts = Counts::default();
    let begin = on_cpu()?;
    for _ in 0..ROUNDS {
        let mut from = 0;
        counts = Counts::default();
        for &end in &ends {
            item.clear();
            item.extend_from_slice(&items[from..end]);
            redactor.object(&mut item, false, &mut counts);
            std::hint::black_box(&item);
            from = end;
        }
    }
    let redaction = on_cpu()?.saturating_sub(begin) / ROUNDS;
    Ok(Measured { kept: items.len(), projection, redaction, counts })
}

/// Pages of a list of pods, each of about 7 KB.
fn pages(with_variables: bool) -> Vec<Vec<u8>> {
    let page = |first: usize| {
        let items: Vec<Value> =
            (first..first + PODS_OF_A_PAGE).map(|number| pod(number, with_variables)).collect();
        json!({"kind": "PodList", "apiVersion": "v1", "metadata": {"resourceVersion": "9"}, "items": items})
            .to_string()
            .into_bytes()
    };
    (0..PODS).step_by(PODS_OF_A_PAGE).map(page).collect()
}

fn pod(number: usize, with_variables: bool) -> Value {
    let name = format!("frontend-5d8f7c9b4-{number:05}");
    let container = |container: &str| {
        let mut value = json!({
            "name": container, "image": format!("registry.wagather.test/frontend/{container}:v1.7.3"),
            "imagePullPolicy": "IfNotPresent", "command": ["/usr/bin/frontend"], "args": ["--listen=:8080"],
            "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
            "resources": {"requests": {"cpu": "25m", "memory": "64Mi"}},
            "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
            "volumeMounts": [{"name": "config", "mountPath": "/etc/frontend", "readOnly": true}],
        });
        if with_variables {
            value["env"] = json!([
                {"name": "DB_PASSWORD", "value": format!("hunter-{number}")},
                {"name": "UPSTREAM", "value": "https://frontend-1.wagather.test:8443/?a=1&b=2"},
                {"name": "LOG_LEVEL", "value": "info"},
                {"name": "API_KEY", "valueFrom": {"secretKeyRef": {"name": "gatherer-secret", "key": "password"}}},
                {"name": "DATABASE_URL", "value": format!("postgres://shop:pw{number}@db.shop.svc:5432/shop")},
            ]);
        }
        value
    };
    let condition = |kind: &str| json!({"type": kind, "status": "True", "observedGeneration": 1, "lastProbeTime": null, "lastTransitionTime": "2024-05-02T11:00:00Z"});
    let status = |container: &str| {
        json!({
            "name": container, "ready": true, "started": true, "restartCount": number % 7,
            "image": format!("registry.wagather.test/frontend/{container}:v1.7.3"),
            "imageID": format!("registry.wagather.test/frontend/{container}@sha256:{:064x}", number * 7919),
            "containerID": format!("cri-o://{:064x}", number * 104_729),
            "state": {"running": {"startedAt": "2024-05-02T10:00:00Z"}},
            "lastState": {"terminated": {"reason": "Error", "exitCode": 1, "message": "panic: connection refused\n", "finishedAt": "2024-05-02T11:00:00Z"}},
        })
    };
    let managed = json!({"f:status": {"f:conditions": {"k:{\"type\":\"Ready\"}": {".": {}, "f:lastProbeTime": {}, "f:lastTransitionTime": {}, "f:status": {}, "f:type": {}}}, "f:containerStatuses": {}, "f:hostIP": {}, "f:phase": {}, "f:podIP": {}}});
    json!({
        "metadata": {
            "name": name, "namespace": "shop", "generateName": "frontend-5d8f7c9b4-",
            "uid": format!("6b2b61cd-6a6f-4b5a-8f3f-{number:012}"), "resourceVersion": number.to_string(),
            "creationTimestamp": "2024-05-01T00:00:00Z",
            "labels": {"app.kubernetes.io/name": "frontend", "app.kubernetes.io/part-of": "shop", "pod-template-hash": "5d8f7c9b4"},
            "annotations": {
                "openshift.io/scc": "restricted-v2",
                "k8s.ovn.org/pod-networks": "{\"default\":{\"ip_addresses\":[\"10.128.0.7/23\"],\"mac_address\":\"0a:58:0a:80:00:07\",\"role\":\"primary\"}}",
            },
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "frontend-5d8f7c9b4", "uid": "6b2b61cd-6a6f-4b5a-8f3f-000000000000", "controller": true}],
            "managedFields": [
                {"manager": "kube-controller-manager", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": managed},
                {"manager": "kubelet", "operation": "Update", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": managed, "subresource": "status"},
            ],
        },
        "spec": {
            "nodeName": "worker-3.wagather.test", "serviceAccountName": "default", "restartPolicy": "Always",
            "dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler", "priority": 0, "enableServiceLinks": true,
            "volumes": [{"name": "config", "configMap": {"name": "frontend-config", "defaultMode": 420}}],
            "tolerations": [
                {"key": "node.kubernetes.io/not-ready", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
                {"key": "node.kubernetes.io/unreachable", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300},
            ],
            "containers": [container("main"), container("proxy")],
        },
        "status": {
            "phase": "Running", "qosClass": "Burstable", "hostIP": "192.0.2.7", "podIP": "10.128.0.7", "startTime": "2024-05-02T10:00:00Z",
            "conditions": [condition("Initialized"), condition("Ready"), condition("ContainersReady"), condition("PodScheduled")],
            "containerStatuses": [status("main"), status("proxy")],
        },
    })
}
