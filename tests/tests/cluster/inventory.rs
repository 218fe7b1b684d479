//! The inventory examples on a real server: their results equal those of a simple reader, which does not use the SDK
//! and computes them differently.

use super::{EVENTS, NODES, PODS, PODS_PATH, WORKLOADS, host, run, shared};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tests::apiserver::Server;
use tests::programs;

/// What a gatherer wrote.
fn written(server: &Server, gatherer: &str, files: &[&str]) -> Vec<Value> {
    let ran = run(server, host(server, "token.yaml", [programs::guest(gatherer)]));
    let archive = ran.gathered();
    assert_eq!(archive.gathered().len(), files.len(), "{:?}", archive.paths());
    files.iter().map(|file| archive.json(&format!("{gatherer}/{file}"))).collect()
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The fields of an object by these names, and what is there if they are not.
fn only(object: &Value, names: &[&str], otherwise: &Value) -> Value {
    let field = |name: &&str| ((*name).to_owned(), object.get(*name).unwrap_or(otherwise).clone());
    Value::Object(names.iter().map(field).collect::<Map<_, _>>())
}

/// A quantity in thousandths. Only the suffixes that the objects have; another one fails the test.
fn thousandths(quantity: &str) -> u128 {
    let digits = quantity.find(|c: char| !c.is_ascii_digit()).unwrap_or(quantity.len());
    let factor = match &quantity[digits..] {
        "m" => 1,
        "" => 1_000,
        "Ki" => 1_000 << 10,
        "Mi" => 1_000 << 20,
        "Gi" => 1_000 << 30,
        other => panic!("the suffix {other} of {quantity}"),
    };
    quantity[..digits].parse::<u128>().expect("digits") * factor
}

fn sum(nodes: &[Value], of: &str) -> Value {
    let quantity = |node: &Value, name: &str| thousandths(text(node, &format!("/status/{of}/{name}")));
    let cpu: u128 = nodes.iter().map(|node| quantity(node, "cpu")).sum();
    // Each node's memory is rounded up, as Kubernetes does.
    let memory: u128 = nodes.iter().map(|node| quantity(node, "memory").div_ceil(1_000)).sum();
    json!({
        "cpuMillicores": u64::try_from(cpu).expect("64 bits"),
        "memoryBytes": u64::try_from(memory).expect("64 bits"),
        "nodesLeftOut": 0,
    })
}

#[test]
fn nodes_are_described_as_the_api_has_them() {
    let server = shared();
    let nodes = server.items("/api/v1/nodes");
    assert_eq!(nodes.len(), NODES);
    let is = |condition: &Value, kind: &str, status: &str| {
        condition["type"] == kind && condition["status"] == status
    };
    let is_ready = |node: &Value| {
        list(node, "/status/conditions").iter().any(|condition| is(condition, "Ready", "True"))
    };
    let has_pressure = |node: &Value| {
        let kinds = ["MemoryPressure", "DiskPressure", "PIDPressure"];
        list(node, "/status/conditions")
            .iter()
            .any(|condition| kinds.iter().any(|kind| is(condition, kind, "True")))
    };
    let is_cordoned = |node: &Value| node["spec"]["unschedulable"] == true;
    let condition_of = |condition: &Value| {
        only(condition, &["type", "status", "lastTransitionTime", "reason", "message"], &json!(""))
    };
    let described: Vec<Value> = nodes
        .iter()
        .map(|node| {
            let labels = node["metadata"]["labels"].as_object().expect("labels");
            let roles: Vec<&str> =
                labels.keys().filter_map(|label| label.strip_prefix("node-role.kubernetes.io/")).collect();
            let conditions: Vec<Value> = list(node, "/status/conditions").iter().map(condition_of).collect();
            let taints: Vec<Value> = list(node, "/spec/taints")
                .iter()
                .map(|taint| only(taint, &["key", "value", "effect"], &json!("")))
                .collect();
            let info = ["kubeletVersion", "osImage", "kernelVersion", "containerRuntimeVersion"];
            json!({
                "name": node["metadata"]["name"],
                "roles": roles,
                "spec": {"unschedulable": is_cordoned(node), "taints": taints},
                "status": {
                    "conditions": conditions,
                    "capacity": node["status"]["capacity"],
                    "allocatable": node["status"]["allocatable"],
                    "nodeInfo": only(&node["status"]["nodeInfo"], &info, &json!("")),
                },
            })
        })
        .collect();
    let count = |is: &dyn Fn(&Value) -> bool| nodes.iter().filter(|node| is(node)).count();
    let totals = json!({
        "nodes": NODES,
        "notReady": count(&|node| !is_ready(node)),
        "underPressure": count(&has_pressure),
        "unschedulable": count(&is_cordoned),
        "capacity": sum(&nodes, "capacity"),
        "allocatable": sum(&nodes, "allocatable"),
    });
    // The server's objects have some of each, or the comparison says nothing.
    assert_eq!([&totals["notReady"], &totals["underPressure"], &totals["unschedulable"]], [4, 4, 2]);
    assert!(nodes.iter().any(|node| list(node, "/spec/taints").len() > 1));
    let files = written(&server, "nodes", &["nodes.json", "totals.json", "findings.json"]);
    assert_eq!(files[..2], [Value::Array(described), totals]);
    // `Ready` that is not true, and any other condition that is.
    let wrong: Vec<[&str; 3]> = nodes
        .iter()
        .flat_map(|node| list(node, "/status/conditions").iter().map(move |condition| (node, condition)))
        .filter(|(_, condition)| match text(condition, "/type") {
            "Ready" => condition["status"] != "True",
            _ => condition["status"] == "True",
        })
        .map(|(node, condition)| {
            let code = match text(condition, "/type") {
                "Ready" => "NotReady",
                problem => problem,
            };
            [text(node, "/metadata/name"), code, text(condition, "/message")]
        })
        .collect();
    let found: Vec<[&str; 3]> = list(&files[2], "/findings")
        .iter()
        .map(|finding| ["/object/name", "/code", "/message"].map(|pointer| text(finding, pointer)))
        .collect();
    assert!(wrong.len() > 4 && found == wrong, "{found:#?}\n{wrong:#?}");
}

/// One row, as it should be: the sums, and the latest event of those that have come so far.
fn row_of(events: &[&Value]) -> Value {
    let or = |event: &Value, pointers: &[&str]| {
        pointers
            .iter()
            .map(|pointer| text(event, pointer).to_owned())
            .find(|time| !time.is_empty())
            .expect("a time")
    };
    let first = |event: &Value| or(event, &["/firstTimestamp", "/eventTime", "/metadata/creationTimestamp"]);
    let last = |event: &Value| {
        or(
            event,
            &[
                "/series/lastObservedTime",
                "/lastTimestamp",
                "/firstTimestamp",
                "/eventTime",
                "/metadata/creationTimestamp",
            ],
        )
    };
    // Of equals, `max_by_key` takes the last one.
    let latest = events.iter().max_by_key(|event| last(event)).expect("an event");
    json!({
        "reason": latest["reason"],
        "kind": latest["involvedObject"]["kind"],
        "namespace": text(latest, "/involvedObject/namespace"),
        "name": latest["involvedObject"]["name"],
        "message": latest["message"],
        "count": events.iter().map(|event| times(event)).sum::<u64>(),
        "overcount": 0,
        "events": events.len(),
        "firstSeen": events.iter().map(|event| first(event)).min(),
        "lastSeen": last(latest),
    })
}

/// How often an event happened.
fn times(event: &Value) -> u64 {
    [&event["count"], &event["series"]["count"]].into_iter().filter_map(Value::as_u64).fold(1, u64::max)
}

fn table_of<'a>(events: &'a [Value], key: impl Fn(&'a Value) -> [&'a str; 3]) -> Vec<Value> {
    let mut groups: BTreeMap<[&str; 3], Vec<&Value>> = BTreeMap::new();
    for event in events {
        groups.entry(key(event)).or_default().push(event);
    }
    groups.into_values().map(|events| row_of(&events)).collect()
}

/// Without an order among rows of one count, which the README does not promise.
fn by_text(mut rows: Vec<Value>) -> Vec<Value> {
    rows.sort_by_key(Value::to_string);
    rows
}

#[test]
fn warnings_are_summed_up() {
    let server = shared();
    let all = server.items("/api/v1/events");
    assert!(all.len() >= EVENTS);
    let events: Vec<Value> = all.into_iter().filter(|event| event["type"] == "Warning").collect();
    let is_of = |field: &'static str| events.iter().filter(|event| event[field].is_object()).count();
    assert!(events.len() > 150 && is_of("series") > 15, "{} events", events.len());
    assert!(events.iter().any(|event| event["eventTime"].is_null() && event["firstTimestamp"].is_null()));

    let [report] = &written(&server, "events", &["warnings.json"])[..] else { panic!("one file") };
    assert_eq!(report["events"], events.len());
    assert_eq!(report["count"], events.iter().map(times).sum::<u64>());
    let (kind, namespace) = ("/involvedObject/kind", "/involvedObject/namespace");
    let by_reason =
        table_of(&events, |event| [text(event, "/reason"), text(event, kind), text(event, namespace)]);
    let by_object = table_of(&events, |event| {
        [text(event, kind), text(event, namespace), text(event, "/involvedObject/name")]
    });
    assert!(by_reason.len() > 20 && by_object.len() > 80);
    for (name, expected) in [("byReason", by_reason), ("byObject", by_object)] {
        let table = &report[name];
        assert_eq!(table["replaced"], 0);
        let rows = list(table, "/rows");
        let counts: Vec<u64> = rows.iter().filter_map(|row| row["count"].as_u64()).collect();
        assert!(counts.is_sorted_by(|above, below| above >= below), "{name}: {counts:?}");
        assert_eq!(by_text(rows.to_vec()), by_text(expected), "{name}");
    }
}

/// The containers of a pod or of a template, with the status of each.
fn containers<'a>(spec: &'a Value, status: &'a Value) -> Vec<(&'a str, &'a str)> {
    let kinds = [
        ("initContainers", "initContainerStatuses"),
        ("containers", "containerStatuses"),
        ("ephemeralContainers", "ephemeralContainerStatuses"),
    ];
    let mut found = Vec::new();
    for (containers, statuses) in kinds {
        for container in spec[containers].as_array().into_iter().flatten() {
            let status = status[statuses].as_array().into_iter().flatten();
            let id = status
                .filter(|status| status["name"] == container["name"])
                .map(|status| text(status, "/imageID"))
                .next();
            let digest = id.and_then(|id| id.find("sha256:").map(|at| &id[at..])).unwrap_or_default();
            found.push((text(container, "/image"), digest));
        }
    }
    found
}

#[test]
fn images_are_counted() {
    let server = shared();
    let pods = server.items(PODS_PATH);
    assert_eq!(pods.len(), PODS);
    #[derive(Default)]
    struct Seen {
        containers: usize,
        pods: BTreeSet<String>,
        namespaces: BTreeSet<String>,
    }
    let mut images: BTreeMap<(String, String), Seen> = BTreeMap::new();
    for pod in &pods {
        for (image, digest) in containers(&pod["spec"], &pod["status"]) {
            let seen = images.entry((image.to_owned(), digest.to_owned())).or_default();
            seen.containers += 1;
            seen.pods.insert(format!("{}/{}", pod["metadata"]["namespace"], pod["metadata"]["name"]));
            seen.namespaces.insert(pod["metadata"]["namespace"].to_string());
        }
    }
    let running: BTreeSet<String> = images.keys().map(|(image, _)| image.clone()).collect();
    let debugged = pods.iter().filter(|pod| !list(pod, "/spec/ephemeralContainers").is_empty()).count();
    let init = pods.iter().filter(|pod| !list(pod, "/spec/initContainers").is_empty()).count();
    assert!(debugged == 3 && init > 100 && images.len() > 30, "{debugged}, {init}, {}", images.len());

    let mut workloads: BTreeMap<String, usize> = BTreeMap::new();
    let mut count = 0;
    for (path, template) in [
        ("/apis/apps/v1/deployments", "/spec/template/spec"),
        ("/apis/apps/v1/statefulsets", "/spec/template/spec"),
        ("/apis/apps/v1/daemonsets", "/spec/template/spec"),
        ("/apis/batch/v1/jobs", "/spec/template/spec"),
        ("/apis/batch/v1/cronjobs", "/spec/jobTemplate/spec/template/spec"),
    ] {
        let items = server.items(path);
        assert_eq!(items.len(), WORKLOADS / 5, "{path}");
        count += items.len();
        for item in &items {
            let spec = item.pointer(template).expect("a template");
            let names: BTreeSet<&str> =
                containers(spec, &Value::Null).into_iter().map(|(image, _)| image).collect();
            for name in names {
                *workloads.entry(name.to_owned()).or_default() += 1;
            }
        }
    }
    for image in workloads.keys().filter(|image| !running.contains(*image)) {
        images.insert((image.clone(), String::new()), Seen::default());
    }
    assert!(images.len() > running.len() + 10, "{} images, {} running", images.len(), running.len());
    let rows: Vec<Value> = images
        .iter()
        .map(|((image, digest), seen)| {
            json!({
                "image": image,
                "digest": digest,
                "containers": seen.containers,
                "pods": seen.pods.len(),
                "namespaces": seen.namespaces.len(),
                "workloads": workloads.get(image).copied().unwrap_or(0),
            })
        })
        .collect();
    let expected = json!({"pods": PODS, "namespaces": 10, "workloads": count, "leftOut": 0, "images": rows});
    let ran = run(&server, host(&server, "token.yaml", [programs::guest("image-inventory")]));
    assert_eq!(ran.gathered().json("image-inventory/images.json"), expected);
    // Three pages of pods, and one of each kind of workload.
    assert_eq!(ran.gathered().gatherer("image-inventory")["requests"], 8);
}
