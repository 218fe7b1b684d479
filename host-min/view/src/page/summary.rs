//! What an object's status says, in a word, and how well it is. The page shows this of every object.
//!
//! This is a judgement for people who look for what is wrong, in the words that `kubectl get` uses. It is not what kubectl prints.

use serde::Serialize;
use serde_json::Value;

use super::times;

/// How well an object is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(into = "u8")]
pub(super) enum Tone {
    /// It does not work.
    Bad,
    /// Somebody should look at it.
    Warn,
    /// It works.
    Good,
    /// Its status does not say.
    #[default]
    None,
}

impl From<Tone> for u8 {
    fn from(tone: Tone) -> u8 {
        tone as u8
    }
}

/// An object in a line.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Summary {
    /// Its status.
    pub(super) status: String,
    /// More about it: replicas, restarts, a version.
    pub(super) note: String,
    /// Its node.
    pub(super) node: String,
    /// How well it is.
    pub(super) tone: Tone,
    /// When it was created, in seconds since the Unix epoch.
    pub(super) created: Option<i64>,
}

/// The summary of an object.
pub(super) fn summary(group: &str, kind: &str, object: &Value) -> Summary {
    let created = text(object, "/metadata/creationTimestamp");
    let mut summary = match (group, kind) {
        ("", "Pod") => pod(object),
        ("", "Node") => node(object),
        ("apps", "Deployment" | "StatefulSet" | "ReplicaSet") | ("", "ReplicationController") => {
            replicas(object, "/spec/replicas", "/status/readyReplicas")
        }
        ("apps", "DaemonSet") => replicas(object, "/status/desiredNumberScheduled", "/status/numberReady"),
        ("batch", "Job") => job(object),
        ("batch", "CronJob") => cron_job(object),
        ("", "Service") => Summary {
            status: text(object, "/spec/type").into(),
            note: text(object, "/spec/clusterIP").into(),
            ..Summary::default()
        },
        ("config.openshift.io", "ClusterOperator" | "ClusterVersion") => operator(object),
        _ => other(object),
    };
    if !text(object, "/metadata/deletionTimestamp").is_empty() && summary.tone != Tone::Bad {
        summary.status = "Terminating".into();
        summary.tone = Tone::Warn;
    }
    summary.created = times::seconds(created);
    summary
}

fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn number(object: &Value, pointer: &str) -> Option<i64> {
    object.pointer(pointer).and_then(Value::as_i64)
}

fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The status of a condition: `True`, `False`, `Unknown`, or nothing.
fn condition<'a>(object: &'a Value, name: &str) -> &'a str {
    let found = list(object, "/status/conditions").iter().find(|condition| text(condition, "/type") == name);
    found.map_or("", |condition| text(condition, "/status"))
}

fn pod(pod: &Value) -> Summary {
    let containers = list(pod, "/status/containerStatuses");
    let ready = containers.iter().filter(|one| one["ready"].as_bool() == Some(true)).count();
    let all = list(pod, "/spec/containers").len().max(containers.len());
    let restarts: i64 = containers
        .iter()
        .filter_map(|one| number(one, "/restartCount"))
        .fold(0, |sum, restarts| sum.saturating_add(restarts));
    let phase = text(pod, "/status/phase");
    let reason = [text(pod, "/status/reason")].into_iter().find(|reason| !reason.is_empty());
    let init = list(pod, "/status/initContainerStatuses").iter().find_map(|one| stopped(one, true));
    let main = containers.iter().find_map(|one| stopped(one, phase == "Failed"));
    let trouble = reason
        .map(str::to_owned)
        .or_else(|| init.map(|reason| format!("Init:{reason}")))
        .or_else(|| main.map(str::to_owned));
    let is_starting =
        trouble.as_deref().is_some_and(|reason| ["ContainerCreating", "PodInitializing"].contains(&reason));
    let tone = match phase {
        "Succeeded" => Tone::Good,
        "Failed" => Tone::Bad,
        "Pending" if trouble.is_some() && !is_starting => Tone::Bad,
        "Pending" | "Unknown" => Tone::Warn,
        _ if trouble.is_some() => Tone::Bad,
        "Running" if ready < all => Tone::Warn,
        "Running" => Tone::Good,
        _ => Tone::None,
    };
    let status = match trouble {
        Some(trouble) if phase != "Succeeded" => trouble,
        _ if phase == "Running" && ready < all => "NotReady".into(),
        _ => phase.to_owned(),
    };
    let mut note = if all > 0 { format!("{ready}/{all} ready") } else { String::new() };
    if restarts > 0 {
        note += &format!(", {restarts} restart{}", if restarts == 1 { "" } else { "s" });
    }
    Summary { status, note, node: text(pod, "/spec/nodeName").into(), tone, created: None }
}

/// Why a container does not run.
fn stopped(container: &Value, has_ended: bool) -> Option<&str> {
    let waiting = text(container, "/state/waiting/reason");
    if !waiting.is_empty() {
        return Some(waiting);
    }
    let is_failure = number(container, "/state/terminated/exitCode").is_some_and(|code| code != 0);
    let reason = text(container, "/state/terminated/reason");
    (has_ended && is_failure && !reason.is_empty()).then_some(reason)
}

fn node(node: &Value) -> Summary {
    let ready = condition(node, "Ready");
    let pressure: Vec<&str> = ["MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable"]
        .into_iter()
        .filter(|name| condition(node, name) == "True")
        .collect();
    let is_cordoned = node.pointer("/spec/unschedulable").and_then(Value::as_bool) == Some(true);
    let mut words = vec![match ready {
        "True" => "Ready",
        "" => "",
        _ => "NotReady",
    }];
    words.extend(&pressure);
    words.extend(is_cordoned.then_some("SchedulingDisabled"));
    words.retain(|word| !word.is_empty());
    let tone = match ready {
        "True" if pressure.is_empty() && !is_cordoned => Tone::Good,
        "True" => Tone::Warn,
        "" => Tone::None,
        _ => Tone::Bad,
    };
    let labels = node.pointer("/metadata/labels").and_then(Value::as_object);
    let roles: Vec<&str> = labels
        .into_iter()
        .flat_map(|labels| labels.keys())
        .filter_map(|label| label.strip_prefix("node-role.kubernetes.io/"))
        .collect();
    let version = text(node, "/status/nodeInfo/kubeletVersion");
    let note = [&*roles.join(", "), version].join(" ").trim().to_owned();
    Summary { status: words.join(", "), note, tone, ..Summary::default() }
}

fn replicas(object: &Value, wanted: &str, ready: &str) -> Summary {
    let Some(wanted) = number(object, wanted) else { return other(object) };
    let ready = number(object, ready).unwrap_or(0);
    let (status, tone) = match (wanted, ready) {
        (0, 0) => ("Scaled to 0", Tone::None),
        (wanted, ready) if ready >= wanted => ("Ready", Tone::Good),
        (_, 0) => ("Unavailable", Tone::Bad),
        _ => ("Degraded", Tone::Warn),
    };
    Summary { status: status.into(), note: format!("{ready}/{wanted} ready"), tone, ..Summary::default() }
}

fn job(job: &Value) -> Summary {
    let succeeded = number(job, "/status/succeeded").unwrap_or(0);
    let wanted = number(job, "/spec/completions").unwrap_or(1);
    let (status, tone) = if condition(job, "Failed") == "True" {
        ("Failed", Tone::Bad)
    } else if condition(job, "Complete") == "True" {
        ("Complete", Tone::Good)
    } else if job.pointer("/spec/suspend").and_then(Value::as_bool) == Some(true) {
        ("Suspended", Tone::None)
    } else if number(job, "/status/active").unwrap_or(0) > 0 {
        ("Running", Tone::Good)
    } else {
        ("", Tone::None)
    };
    Summary { status: status.into(), note: format!("{succeeded}/{wanted} done"), tone, ..Summary::default() }
}

fn cron_job(job: &Value) -> Summary {
    let is_suspended = job.pointer("/spec/suspend").and_then(Value::as_bool) == Some(true);
    let status = if is_suspended { "Suspended" } else { "" };
    Summary { status: status.into(), note: text(job, "/spec/schedule").into(), ..Summary::default() }
}

fn operator(operator: &Value) -> Summary {
    let is = |name, status| condition(operator, name) == status;
    let (status, tone) = if is("Available", "False") {
        ("Unavailable", Tone::Bad)
    } else if is("Degraded", "True") || is("Failing", "True") {
        ("Degraded", Tone::Bad)
    } else if is("Progressing", "True") {
        ("Progressing", Tone::Warn)
    } else if is("Available", "True") {
        ("Available", Tone::Good)
    } else {
        ("", Tone::None)
    };
    let version = list(operator, "/status/versions").iter().find(|one| text(one, "/name") == "operator");
    let version =
        version.map_or_else(|| text(operator, "/status/desired/version"), |one| text(one, "/version"));
    Summary { status: status.into(), note: version.into(), tone, ..Summary::default() }
}

/// Conditions that are good if they are true, and what it means if they are not.
const GOOD: [(&str, &str); 5] = [
    ("Ready", "NotReady"),
    ("Available", "Unavailable"),
    ("Established", "NotEstablished"),
    ("Healthy", "Unhealthy"),
    ("Complete", "Incomplete"),
];

/// Conditions that are bad if they are true.
const BAD: [&str; 4] = ["Degraded", "Failed", "Failing", "Stalled"];

/// Conditions and phases mean much the same in most resources.
fn other(object: &Value) -> Summary {
    let mut summary = Summary { note: note(object).into(), ..Summary::default() };
    let phase = text(object, "/status/phase");
    if let Some(bad) = BAD.into_iter().find(|name| condition(object, name) == "True") {
        (summary.status, summary.tone) = (bad.into(), Tone::Bad);
    } else if let Some((good, not)) = GOOD.into_iter().find(|(name, _)| !condition(object, name).is_empty()) {
        (summary.status, summary.tone) = match condition(object, good) {
            "True" => (good.into(), Tone::Good),
            "False" => (not.into(), Tone::Bad),
            _ => (format!("{good} unknown"), Tone::Warn),
        };
    } else if !phase.is_empty() {
        summary.status = phase.into();
        summary.tone = match phase {
            "Active" | "Bound" | "Running" | "Succeeded" | "Ready" | "Available" | "Complete"
            | "Completed" => Tone::Good,
            "Failed" | "Lost" | "Error" | "Degraded" => Tone::Bad,
            "Pending" | "Terminating" | "Released" | "Unknown" => Tone::Warn,
            _ => Tone::None,
        };
    }
    summary
}

/// The most telling line of a resource without a status.
fn note(object: &Value) -> &str {
    ["/type", "/spec/host", "/provisioner", "/spec/storageClassName", "/spec/version", "/status/version"]
        .into_iter()
        .map(|pointer| text(object, pointer))
        .find(|text| !text.is_empty() && text.len() < 100)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn pods_are_what_their_containers_are() {
        let pod = |phase: &str, statuses: Value| {
            let pod = json!({"spec": {"containers": [{}, {}], "nodeName": "n"}, "status": {"phase": phase, "containerStatuses": statuses}});
            let Summary { status, note, tone, .. } = summary("", "Pod", &pod);
            (status, note, tone)
        };
        let ready = json!({"ready": true, "restartCount": 1, "state": {"running": {}}});
        let crashing =
            json!({"ready": false, "restartCount": 6, "state": {"waiting": {"reason": "CrashLoopBackOff"}}});
        let ended = json!({"ready": false, "state": {"terminated": {"exitCode": 1, "reason": "Error"}}});
        let creating = json!({"ready": false, "state": {"waiting": {"reason": "ContainerCreating"}}});
        for (phase, statuses, (status, note, tone)) in [
            ("Running", json!([ready, ready]), ("Running", "2/2 ready, 2 restarts", Tone::Good)),
            ("Running", json!([ready, crashing]), ("CrashLoopBackOff", "1/2 ready, 7 restarts", Tone::Bad)),
            ("Running", json!([ready, ended]), ("NotReady", "1/2 ready, 1 restart", Tone::Warn)),
            ("Succeeded", json!([ended]), ("Succeeded", "0/2 ready", Tone::Good)),
            ("Failed", json!([ended]), ("Error", "0/2 ready", Tone::Bad)),
            ("Pending", json!([creating]), ("ContainerCreating", "0/2 ready", Tone::Warn)),
            ("Pending", json!(null), ("Pending", "0/2 ready", Tone::Warn)),
        ] {
            assert_eq!(pod(phase, statuses), (status.into(), note.into(), tone), "{phase}");
        }
    }

    #[test]
    fn other_objects_are_what_their_conditions_are() {
        let with = |conditions: &[(&str, &str)]| {
            let conditions: Vec<Value> =
                conditions.iter().map(|(name, status)| json!({"type": name, "status": status})).collect();
            json!({"status": {"conditions": conditions}})
        };
        let operators = "config.openshift.io";
        for (group, kind, object, status, tone) in [
            ("", "Node", with(&[("Ready", "True")]), "Ready", Tone::Good),
            (
                "",
                "Node",
                with(&[("Ready", "True"), ("DiskPressure", "True")]),
                "Ready, DiskPressure",
                Tone::Warn,
            ),
            ("", "Node", with(&[("Ready", "Unknown")]), "NotReady", Tone::Bad),
            (
                operators,
                "ClusterOperator",
                with(&[("Available", "True"), ("Degraded", "True")]),
                "Degraded",
                Tone::Bad,
            ),
            (
                operators,
                "ClusterOperator",
                with(&[("Available", "True"), ("Degraded", "False")]),
                "Available",
                Tone::Good,
            ),
            ("example.com", "Widget", with(&[("Ready", "False")]), "NotReady", Tone::Bad),
            ("example.com", "Widget", with(&[("Ready", "Unknown")]), "Ready unknown", Tone::Warn),
            ("", "Namespace", json!({"status": {"phase": "Active"}}), "Active", Tone::Good),
            (
                "",
                "Namespace",
                json!({"metadata": {"deletionTimestamp": "x"}, "status": {"phase": "Active"}}),
                "Terminating",
                Tone::Warn,
            ),
            (
                "apps",
                "Deployment",
                json!({"spec": {"replicas": 3}, "status": {"readyReplicas": 1}}),
                "Degraded",
                Tone::Warn,
            ),
            ("apps", "DaemonSet", json!({"status": {"desiredNumberScheduled": 2}}), "Unavailable", Tone::Bad),
            ("batch", "Job", with(&[("Failed", "True")]), "Failed", Tone::Bad),
            ("", "ConfigMap", json!({"data": {}}), "", Tone::None),
            ("", "Pod", json!([1, "odd"]), "", Tone::None),
        ] {
            let Summary { status: found, tone: is, .. } = summary(group, kind, &object);
            assert_eq!((&*found, is), (status, tone), "{kind} {object}");
        }
    }
}
