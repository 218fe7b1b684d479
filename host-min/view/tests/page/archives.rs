//! Archives for the tests, in the layout of this host, as a real run would write them.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

/// When the archives were gathered.
const GATHERED: i64 = 1_767_355_445;

/// Numbers that look random and are the same each time.
struct Random(u32);

impl Random {
    fn below(&mut self, most: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) % most
    }

    fn pick<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len() as u32) as usize]
    }

    /// A suffix as controllers make them.
    fn suffix(&mut self, len: usize) -> String {
        (0..len).map(|_| "bcdfghjklmnpqrstvwxz2456789".as_bytes()[self.below(27) as usize] as char).collect()
    }
}

/// A time so many seconds before the gathering.
fn before(seconds: i64) -> String {
    let at = std::time::UNIX_EPOCH + std::time::Duration::from_secs((GATHERED - seconds) as u64);
    humantime::format_rfc3339_seconds(at).to_string()
}

pub(crate) fn write(folder: &Path, path: &str, content: impl AsRef<[u8]>) {
    let file = folder.join(path);
    fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
    fs::write(file, content).expect("a file");
}

/// A list file, as must-gathers have them.
fn write_list(folder: &Path, path: &str, api_version: &str, kind: &str, items: &[Value]) {
    let list = json!({"apiVersion": api_version, "kind": format!("{kind}List"), "items": items});
    write(folder, path, list.to_string());
}

const SPACES: &[&str] = &[
    "shop-frontend",
    "shop-payments",
    "shop-search",
    "team-meteo",
    "edge-vision",
    "edge-telemetry",
    "batch-reports",
    "platform-auth",
    "platform-messaging",
    "openshift-dns",
    "openshift-ingress",
    "openshift-monitoring",
];
const APPS: &[&str] =
    &["web", "api", "worker", "cache", "gateway", "scheduler", "collector", "indexer", "resolver", "mailer"];

/// A cluster with so many objects. Some of it does not work.
pub(crate) fn cluster(folder: &Path, objects: usize) {
    let mut random = Random(7);
    let operators = operators(folder);
    let nodes = 24;
    let list: Vec<Value> = (0..nodes).map(|number| node(number, &mut random)).collect();
    write_list(folder, "cluster-scoped-resources/core/nodes.json", "v1", "Node", &list);
    let version = json!({"apiVersion": "config.openshift.io/v1", "kind": "ClusterVersion", "metadata": {"name": "version", "creationTimestamp": before(9_000_000)},
        "status": {"desired": {"version": "4.21.7"}, "conditions": [{"type": "Available", "status": "True"}]}});
    write(
        folder,
        "cluster-scoped-resources/config.openshift.io/clusterversions/version.json",
        version.to_string(),
    );
    let mut made = operators + nodes + 1;
    let mut broken = Vec::new();
    let mut events = Vec::new();
    let per_space = (objects - made) / SPACES.len();
    for (number, space) in SPACES.iter().enumerate() {
        let wanted = if number + 1 == SPACES.len() { objects - made } else { per_space };
        let (mut pods, mut deployments, mut others) = (Vec::new(), Vec::new(), Vec::new());
        while pods.len() + deployments.len() + others.len() < wanted {
            let left = wanted - pods.len() - deployments.len() - others.len();
            let app = format!("{}-{}", random.pick(APPS), random.suffix(3));
            let hash = random.suffix(10);
            let replicas = (3 + random.below(9) as usize).min(left.saturating_sub(2));
            let fails = random.below(40) == 0;
            let age = i64::from(random.below(4_000_000)) + 3_600;
            for _ in 0..replicas {
                let name = format!("{app}-{hash}-{}", random.suffix(5));
                pods.push(pod(space, &name, &app, fails, age, &mut random));
                if fails {
                    broken.push((space.to_string(), name));
                }
            }
            let ready = if fails { 0 } else { replicas };
            deployments.push(json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": app, "namespace": space, "creationTimestamp": before(age)},
                "spec": {"replicas": replicas}, "status": {"replicas": replicas, "readyReplicas": ready}}));
            if left > replicas + 1 {
                others.push(json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": app, "namespace": space, "creationTimestamp": before(age)},
                    "spec": {"type": "ClusterIP", "clusterIP": format!("172.30.{}.{}", random.below(256), random.below(256))}}));
            }
        }
        made += wanted;
        write_list(folder, &format!("namespaces/{space}/core/pods.json"), "v1", "Pod", &pods);
        write_list(
            folder,
            &format!("namespaces/{space}/apps/deployments.json"),
            "apps/v1",
            "Deployment",
            &deployments,
        );
        write_list(folder, &format!("namespaces/{space}/core/services.json"), "v1", "Service", &others);
        for _ in 0..22 {
            let pod = &pods[random.below(pods.len() as u32) as usize];
            events.push(event(space, pod["metadata"]["name"].as_str().unwrap_or_default(), &mut random));
        }
        write_list(
            folder,
            &format!("namespaces/{space}/core/events.json"),
            "v1",
            "Event",
            &std::mem::take(&mut events),
        );
    }
    let mut found: Vec<Value> = broken.iter().take(14).map(|(space, name)| crash(space, name)).collect();
    found.push(json!({"severity": "warning", "code": "RestartsOften", "message": "a container restarted 46 times in 6 days", "since": before(520_000),
        "object": {"apiVersion": "v1", "kind": "Pod", "namespace": broken[0].0, "name": broken[0].1}}));
    write(folder, "pods/findings.json", json!({"findings": found}).to_string());
    for (space, name) in broken.iter().take(9) {
        write(folder, &format!("crash-logs/{space}/{name}/main.log"), log(&mut random));
    }
    write(folder, "pods/totals.json", json!({"pods": made, "crashLooping": broken.len()}).to_string());
    run(folder, objects);
}

fn operators(folder: &Path) -> usize {
    let names = [
        "authentication",
        "cloud-bridge",
        "cluster-dns",
        "console",
        "edge-gateway",
        "image-registry",
        "ingress",
        "kube-scheduler",
        "machine-config",
        "monitoring",
        "network",
        "storage",
    ];
    let mut found = Vec::new();
    for (number, name) in names.iter().enumerate() {
        let (degraded, available) = (matches!(number, 4 | 5), number != 4);
        let word = |is: bool| if is { "True" } else { "False" };
        let message = "dial tcp 10.0.12.7:6443: i/o timeout; 2 of 3 replicas have no endpoints";
        let operator = json!({"apiVersion": "config.openshift.io/v1", "kind": "ClusterOperator", "metadata": {"name": name, "creationTimestamp": before(9_000_000)},
            "status": {"versions": [{"name": "operator", "version": "4.21.7"}], "conditions": [
                {"type": "Available", "status": word(available), "reason": if available { "AsExpected" } else { "GatewayUnreachable" }, "lastTransitionTime": before(13_000)},
                {"type": "Degraded", "status": word(degraded), "reason": if degraded { "EndpointsMissing" } else { "AsExpected" }, "message": if degraded { message } else { "" }, "lastTransitionTime": before(13_000)},
                {"type": "Progressing", "status": word(number == 8), "lastTransitionTime": before(90_000)}]}});
        write(
            folder,
            &format!("cluster-scoped-resources/config.openshift.io/clusteroperators/{name}.json"),
            operator.to_string(),
        );
        if degraded {
            let code = if available { "Degraded" } else { "Unavailable" };
            found.push(json!({"severity": "error", "code": code, "message": message, "since": before(13_000),
                "object": {"apiVersion": "config.openshift.io/v1", "kind": "ClusterOperator", "name": name}, "properties": {"version": "4.21.7"}}));
        }
    }
    found.push(json!({"severity": "info", "code": "Progressing", "message": "machine-config moves to 4.21.7 since 25 hours",
        "object": {"apiVersion": "config.openshift.io/v1", "kind": "ClusterOperator", "name": "machine-config"}, "since": before(90_000)}));
    write(folder, "degraded-operators/findings.json", json!({"findings": found}).to_string());
    names.len()
}

fn node(number: usize, random: &mut Random) -> Value {
    let role = if number < 3 { "control-plane" } else { "worker" };
    let ready = number != 17;
    json!({"apiVersion": "v1", "kind": "Node",
        "metadata": {"name": format!("node-{number:03}"), "creationTimestamp": before(8_000_000 + i64::from(random.below(90_000))), "labels": {format!("node-role.kubernetes.io/{role}"): "", "topology.kubernetes.io/zone": format!("zone-{}", number % 3)}},
        "spec": {"unschedulable": number == 9},
        "status": {"conditions": [{"type": "Ready", "status": if ready { "True" } else { "Unknown" }, "reason": if ready { "KubeletReady" } else { "NodeStatusUnknown" }, "lastTransitionTime": before(7_400)},
            {"type": "DiskPressure", "status": if number == 20 { "True" } else { "False" }, "lastTransitionTime": before(7_400)}],
            "nodeInfo": {"kubeletVersion": "v1.36.3", "osImage": "Edge Linux 10"}}})
}

fn pod(space: &str, name: &str, app: &str, fails: bool, age: i64, random: &mut Random) -> Value {
    let restarts = if fails { 3 + random.below(60) } else { random.below(12) / 11 };
    let id =
        |random: &mut Random| (0..4).map(|_| format!("{:08x}", random.below(u32::MAX))).collect::<String>();
    let state = match fails {
        true => {
            json!({"waiting": {"reason": "CrashLoopBackOff", "message": format!("back-off 5m0s restarting failed container=main pod={name}")}})
        }
        false => json!({"running": {"startedAt": before(age - 60)}}),
    };
    let last = if fails {
        json!({"terminated": {"exitCode": 1, "reason": "Error", "finishedAt": before(190)}})
    } else {
        json!({})
    };
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": space, "uid": id(random), "creationTimestamp": before(age - i64::from(random.below(20))),
            "labels": {"app.kubernetes.io/name": app, "app.kubernetes.io/part-of": space}, "managedFields": [{"manager": "kubelet"}],
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": app}]},
        "spec": {"nodeName": format!("node-{:03}", random.below(24)), "containers": [{"name": "main", "image": format!("registry.example.com/{app}:v1.7.3"), "args": ["--listen=:8080"]}]},
        "status": {"phase": "Running", "podIP": format!("10.128.{}.{}", random.below(64), random.below(256)), "conditions": [{"type": "Ready", "status": if fails { "False" } else { "True" }, "lastTransitionTime": before(190)}],
            "containerStatuses": [{"name": "main", "ready": !fails, "restartCount": restarts, "state": state, "lastState": last, "containerID": format!("cri-o://{}", id(random))}]}})
}

fn event(space: &str, pod: &str, random: &mut Random) -> Value {
    let kinds = [
        ("Normal", "Pulled", "Container image already present on machine"),
        ("Normal", "Scheduled", "Successfully assigned to a node"),
        ("Normal", "Started", "Started container main"),
        ("Warning", "BackOff", "Back-off restarting failed container main"),
        ("Warning", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503"),
        (
            "Warning",
            "FailedMount",
            "MountVolume.SetUp failed for volume \"config\": configmap \"app-config\" not found",
        ),
    ];
    let (sort, reason, message) = kinds[random.below(6) as usize];
    let last = i64::from(random.below(300) * random.below(300) / 8);
    json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": format!("{pod}.{}", random.suffix(16)), "namespace": space}, "type": sort, "reason": reason,
        "message": format!("{message} (pod {pod})"), "count": 1 + random.below(30) * u32::from(sort == "Warning"), "firstTimestamp": before(last + 700), "lastTimestamp": before(last),
        "involvedObject": {"apiVersion": "v1", "kind": "Pod", "namespace": space, "name": pod}, "source": {"component": "kubelet"}})
}

fn crash(space: &str, name: &str) -> Value {
    json!({"severity": "error", "code": "CrashLoopBackOff", "message": "main ends with exit code 1 (Error) shortly after each start", "since": before(190),
        "object": {"apiVersion": "v1", "kind": "Pod", "namespace": space, "name": name}})
}

fn log(random: &mut Random) -> String {
    let mut log = String::new();
    for number in 0..160 {
        let (level, text) = match random.below(12) {
            0 => ("error", "cannot reach the database: dial tcp 10.0.3.14:5432: connect: connection refused"),
            1 => ("warning", "the queue holds 512 messages, which is more than half of its limit"),
            _ => ("info", "handled a request"),
        };
        log.push_str(&format!(
            "{} level={level} n={number} took={}ms msg=\"{text}\"\n",
            before(400 - number),
            random.below(900)
        ));
    }
    log + "\u{1b}[31mfatal\u{1b}[0m: giving up after 5 tries\n"
}

/// The report and the audit.
fn run(folder: &Path, objects: usize) {
    let redacted = json!({"secretData": 0, "env": 31, "tokens": 4, "privateKeys": 0, "urlCredentials": 2, "lastApplied": 118});
    let gatherer = |name: &str, status: &str, requests: u64, items: usize, ms: f64| {
        json!({"name": name, "version": "0.1.0", "module": {"bytes": 1877, "sha256": "5055f07c9f5187c29ebf73e90d9cbe43a1571004e53ab30416c9da5a3c602f47"}, "status": status,
            "durationMs": ms, "requests": requests, "retries": u64::from(name == "crash-logs") * 3, "bytesReceived": items * 6_800, "bytesGiven": items * 240, "items": items,
            "resources": [{"resource": "v1/pods", "complete": status == "complete", "items": items, "gaps": u64::from(status != "complete")}],
            "gaps": if status == "gaps" { 2 } else { 0 }, "redacted": redacted, "entries": 3, "bytesArchived": items * 96, "warnings": [], "errors": [],
            "withheld": if name == "pods" { json!([{"rules": [2], "resource": "v1/pods", "items": 41}]) } else { json!([]) }, "itemsWithheld": if name == "pods" { 41 } else { 0 }})
    };
    let gatherers = [
        gatherer("everything", "gaps", 71, objects, 1_912.4),
        gatherer("degraded-operators", "complete", 1, 12, 24.1),
        gatherer("pods", "complete", 10, objects * 7 / 10, 803.9),
        gatherer("crash-logs", "gaps", 22, 9, 1_204.6),
        gatherer("nodes", "complete", 1, 24, 31.0),
    ];
    let gap = |gatherer: &str, resource: &str, status: u16, reason: &str| json!({"gatherer": gatherer, "resource": resource, "asked": format!("list {resource}"), "status": status, "reason": reason});
    let report = json!({"wagather": "0.1.0", "abi": 1, "complete": false, "source": "https://api.edge-7.example.com:6443", "time": before(0), "gatherers": gatherers,
    "gaps": [
        gap("everything", "v1/configmaps", 403, "the API server answered 403: configmaps is forbidden: User \"gatherer\" cannot list resource \"configmaps\" at the cluster scope"),
        gap("everything", "metrics.k8s.io/v1beta1/pods", 503, "the API server answered 503: the server is currently unable to handle the request"),
        {"gatherer": "crash-logs", "resource": "v1/pods/log", "asked": "get v1/pods/log in shop-search", "namespace": "shop-search", "status": 500, "object": "shop-search/indexer-7x", "reason": "the kubelet of node-017 did not answer within 30 s"},
    ]});
    write(folder, "wagather.json", report.to_string());
    let mut random = Random(3);
    let mut audit = String::new();
    let start = GATHERED * 1000;
    let mut at = 0;
    let mut put = |line: Value| audit.push_str(&(line.to_string() + "\n"));
    let resources = [
        "v1/pods",
        "apps/v1/deployments",
        "v1/services",
        "v1/nodes",
        "v1/events",
        "v1/configmaps",
        "batch/v1/jobs",
        "config.openshift.io/v1/clusteroperators",
    ];
    for (number, gatherer) in
        ["everything", "degraded-operators", "pods", "crash-logs", "nodes"].iter().enumerate()
    {
        at = at / 2 + 7 * number as i64;
        for (handle, resource) in (64..).zip(resources.iter().take(if number == 0 { 8 } else { 3 })) {
            let took = 12 + i64::from(random.below(420));
            let what = format!("list {resource}");
            let time = |ms: i64| {
                humantime::format_rfc3339_millis(
                    std::time::UNIX_EPOCH + std::time::Duration::from_millis((start + ms) as u64),
                )
                .to_string()
            };
            let refused = *resource == "v1/configmaps";
            let line = |call: &str, from: i64, ms: i64, bytes: u32, result: &str| json!({"time": time(from), "gatherer": gatherer, "call": call, "what": what, "handle": handle, "verdict": "allowed", "result": result, "count": 1, "bytes": bytes, "durationMs": ms});
            put(line("rest_start", at, 1, 0, "ok"));
            put(line("rest_status", at + took / 3, 0, 0, if refused { "HTTP 403" } else { "HTTP 200" }));
            if !refused {
                put(line("archive_pipe", at + took / 3, took * 2 / 3, 900 + random.below(4_000_000), "ok"));
            }
            put(line("rest_close", at + took, 0, 0, "ok"));
            at += took + i64::from(random.below(20));
        }
    }
    put(
        json!({"gatherer": "everything", "call": "rest_start", "what": "list /v1/secrets", "verdict": "denied", "reason": "the grant has no rule for secrets", "result": "denied", "count": 2, "bytes": 0}),
    );
    write(folder, "audit.jsonl", audit);
}

/// A text that would do much if it were markup, or if its marks counted.
pub(crate) const HOSTILE: &str = "</script><script>window.owned=1</script><img src=x onerror=\"window.owned=2\">'\"&amp;\u{202e}gnp.\u{2066}\u{0}\u{1b}[2J";

/// The same as a word that fits into JSON as it is.
pub(crate) const HOSTILE_WORD: &str = "<img/src=x/onerror=window.owned=6>";

/// An archive that a hostile gatherer or cluster made, with so many events.
pub(crate) fn hostile(folder: &Path, events: usize) {
    let name = |what: &str| format!("{what}{HOSTILE}");
    let pods: Vec<Value> = (0..40)
        .map(|number| {
            json!({"metadata": {"name": name(&number.to_string()), "namespace": name("ns"), "labels": {"__proto__": {"polluted": 1}, name("l"): name("v")}, "creationTimestamp": HOSTILE},
                "spec": {"nodeName": name("node")},
                "status": {"phase": name("phase"), "conditions": [{"type": name("type"), "status": HOSTILE, "message": name("m")}, 7, null], "containerStatuses": {"odd": true}}})
        })
        .collect();
    write_list(folder, "namespaces/a/core/pods.json", "v1", "Pod", &pods);
    let proto = r#"{"apiVersion":"v1","kind":"__proto__","metadata":{"name":"constructor","namespace":"__proto__"},"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"deep":"#;
    write(
        folder,
        "namespaces/a/example.com/widgets/a.json",
        format!("{proto}{}1{}}}", "[".repeat(90), "]".repeat(90)),
    );
    write(
        folder,
        "namespaces/a/example.com/widgets/too-deep.json",
        format!("{proto}{}1{}}}", "[".repeat(200_000), "]".repeat(200_000)),
    );
    let long = "x".repeat(3_000_000);
    write(folder, "namespaces/a/core/configmaps/long.json", json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "long", "namespace": "a"}, "data": {"long": long, "lines": "\n".repeat(100_000)}}).to_string());
    let list: Vec<Value> = (0..events)
        .map(|number| json!({"metadata": {"name": format!("e{number}"), "namespace": "a"}, "type": if number % 3 == 0 { "Warning" } else { HOSTILE }, "reason": HOSTILE, "message": name(&number.to_string()), "count": number, "lastTimestamp": before(number as i64), "involvedObject": {"kind": HOSTILE, "name": HOSTILE}}))
        .collect();
    write_list(folder, "namespaces/a/core/events.json", "v1", "Event", &list);
    write(
        folder,
        "namespaces/a/pods/0/main/main/logs/current.log",
        format!("{HOSTILE}\n{}\n\u{1b}]0;title\u{7}\r\n", "y".repeat(200_000)),
    );
    let finding = json!({"severity": "error", "code": "Hostile", "message": HOSTILE, "object": {"apiVersion": HOSTILE, "kind": "Pod", "namespace": name("ns"), "name": name("0")}});
    write(folder, "g/findings.json", json!({"findings": [finding]}).to_string());
    write(folder, "g/__proto__.json", r#"{"__proto__": {"polluted": 1}}"#);
    write(folder, &format!("g/{}.json", "a\u{202e}<b>"), json!({HOSTILE: HOSTILE}).to_string());
    let report = json!({"wagather": HOSTILE, "complete": false, "source": HOSTILE, "time": before(0), "narrowedTo": {"namespace": HOSTILE},
        "gatherers": [{"name": HOSTILE, "status": HOSTILE, "reason": HOSTILE, "warnings": [HOSTILE], "errors": [HOSTILE], "redacted": {"__proto__": 1, HOSTILE: 2}, "resources": [{"resource": HOSTILE}], "withheld": [{"resource": HOSTILE, "items": 1}], "hidden": [{"field": HOSTILE}]}],
        "gaps": [{"gatherer": HOSTILE, "asked": HOSTILE, "reason": HOSTILE, "object": HOSTILE, "field": HOSTILE}], "warnings": [HOSTILE]});
    write(folder, "wagather.json", report.to_string());
    let line = json!({"gatherer": HOSTILE, "call": "rest_start", "what": HOSTILE, "handle": 1, "verdict": "allowed", "result": HOSTILE, "count": 1, "bytes": 1});
    let denied = json!({"gatherer": HOSTILE, "call": HOSTILE, "what": HOSTILE, "verdict": "denied", "reason": HOSTILE, "result": HOSTILE, "count": 1, "bytes": 1});
    write(folder, "audit.jsonl", format!("{line}\n{denied}\nno json\n"));
}
