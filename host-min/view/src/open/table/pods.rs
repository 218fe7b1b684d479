//! The state of a pod, as the API server sums it up from the states of its containers.

use serde_json::{Value, json};

use super::METADATA;
use super::age::millis_of;
use super::object::{NONE, Object};
use crate::part::Keep;

/// What several columns of a pod show.
pub(super) struct Summary {
    ready: usize,
    containers: usize,
    pub(super) reason: String,
    restarts: i64,
    /// When a container ended last, and the text of that time.
    last_restart: Option<(i64, String)>,
}

impl Summary {
    pub(super) fn of(pod: &Object) -> Summary {
        let phase = pod.text("/status/phase");
        let mut summary = Summary {
            ready: 0,
            containers: pod.all("/spec/containers").len(),
            reason: pod.text_or("/status/reason", phase),
            restarts: 0,
            last_restart: None,
        };
        let is_gated = |condition: Object| {
            condition.text("/type") == "PodScheduled" && condition.text("/reason") == "SchedulingGated"
        };
        if pod.all("/status/conditions").any(is_gated) {
            summary.reason = "SchedulingGated".into();
        }
        let sidecars: Vec<&str> = pod
            .all("/spec/initContainers")
            .filter(|container| container.text("/restartPolicy") == "Always")
            .map(|container| container.text("/name"))
            .collect();
        summary.containers += sidecars.len();
        let is_initializing = summary.initialize(pod, &sidecars);
        let is_initialized = pod.condition("Initialized").is_some_and(|is| is.text("/status") == "True");
        if !is_initializing || is_initialized {
            summary.run(pod, &sidecars);
        }
        if pod.has("/metadata/deletionTimestamp") {
            if pod.text("/status/reason") == "NodeLost" {
                summary.reason = "Unknown".into();
            } else if !matches!(phase, "Succeeded" | "Failed") {
                summary.reason = "Terminating".into();
            }
        }
        summary
    }

    fn count(&mut self, container: &Object) {
        self.restarts += container.number("/restartCount");
        let ended = container.text("/lastState/terminated/finishedAt");
        if let Some(millis) = millis_of(ended)
            && self.last_restart.as_ref().is_none_or(|(last, _)| *last < millis)
        {
            self.last_restart = Some((millis, ended.to_owned()));
        }
    }

    /// Looks at the init containers, up to the first that is not done. Returns whether there is one.
    fn initialize(&mut self, pod: &Object, sidecars: &[&str]) -> bool {
        for (number, container) in pod.all("/status/initContainerStatuses").enumerate() {
            self.count(&container);
            let is_sidecar = sidecars.contains(&container.text("/name"));
            let (ended, waiting) =
                (container.get("/state/terminated"), container.text("/state/waiting/reason"));
            match ended {
                Some(ended) if ended.number("/exitCode") == 0 => continue,
                _ if is_sidecar && container.is("/started") => {
                    self.ready += usize::from(container.is("/ready"));
                    continue;
                }
                Some(ended) => self.reason = format!("Init:{}", end_of(&ended)),
                None if !waiting.is_empty() && waiting != "PodInitializing" => {
                    self.reason = format!("Init:{waiting}");
                }
                None => self.reason = format!("Init:{number}/{}", pod.all("/spec/initContainers").len()),
            }
            return true;
        }
        false
    }

    /// Looks at the containers. Restarts of init containers that are done do not count, except those of sidecars.
    fn run(&mut self, pod: &Object, sidecars: &[&str]) {
        (self.restarts, self.last_restart) = (0, None);
        for container in pod.all("/status/initContainerStatuses") {
            if sidecars.contains(&container.text("/name")) {
                self.count(&container);
            }
        }
        let (mut is_running, mut failure) = (false, None);
        for container in pod.all("/status/containerStatuses").rev() {
            self.count(&container);
            let waiting = container.text("/state/waiting/reason");
            if !waiting.is_empty() {
                self.reason = waiting.to_owned();
            } else if let Some(ended) = container.get("/state/terminated") {
                self.reason = end_of(&ended);
                if ended.number("/exitCode") != 0 {
                    failure = Some(self.reason.clone());
                }
            } else if container.is("/ready") && container.has("/state/running") {
                is_running = true;
                self.ready += 1;
            }
        }
        if self.reason == "Completed" {
            match failure {
                _ if is_running && pod.has_condition("Ready") => self.reason = "Running".into(),
                Some(failure) => self.reason = failure,
                None if is_running => self.reason = "NotReady".into(),
                None => {}
            }
        }
    }

    pub(super) fn ready(&self) -> String {
        format!("{}/{}", self.ready, self.containers)
    }

    pub(super) fn restarts(&self, pod: &Object) -> String {
        match &self.last_restart {
            Some((_, ended)) if self.restarts != 0 => {
                let ended = Value::from(ended.as_str());
                format!("{} ({} ago)", self.restarts, pod.with(&ended).since(""))
            }
            _ => self.restarts.to_string(),
        }
    }
}

/// What tables look at, of a pod.
pub(super) const LOOKED_AT: Keep = Keep::Only(&[
    ("metadata", METADATA),
    (
        "spec",
        Keep::Only(&[
            ("containers", Keep::Only(&[("name", Keep::All)])),
            ("initContainers", Keep::Only(&[("name", Keep::All), ("restartPolicy", Keep::All)])),
            ("nodeName", Keep::All),
            ("readinessGates", Keep::All),
        ]),
    ),
    (
        "status",
        Keep::Only(&[
            ("conditions", Keep::Only(CONDITION)),
            ("containerStatuses", Keep::Only(CONTAINER)),
            ("initContainerStatuses", Keep::Only(CONTAINER)),
            ("nominatedNodeName", Keep::All),
            ("phase", Keep::All),
            ("podIPs", Keep::All),
            ("reason", Keep::All),
        ]),
    ),
]);

const CONDITION: &[(&str, Keep)] = &[("type", Keep::All), ("status", Keep::All), ("reason", Keep::All)];

const CONTAINER: &[(&str, Keep)] = &[
    ("lastState", Keep::Only(&[("terminated", Keep::Only(&[("finishedAt", Keep::All)]))])),
    ("name", Keep::All),
    ("ready", Keep::All),
    ("restartCount", Keep::All),
    ("started", Keep::All),
    ("state", Keep::All),
];

/// How a container ended.
fn end_of(ended: &Object) -> String {
    let (reason, signal) = (ended.text("/reason"), ended.number("/signal"));
    match (reason, signal) {
        ("", 0) => format!("ExitCode:{}", ended.number("/exitCode")),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

pub(super) fn readiness_gates(pod: &Object) -> String {
    let gates = pod.all("/spec/readinessGates");
    let all = gates.len();
    let open = gates.filter(|gate| pod.has_condition(gate.text("/conditionType"))).count();
    if all == 0 { NONE.into() } else { format!("{open}/{all}") }
}

/// What a row says of a pod that is done: kubectl hides such rows on demand.
pub(super) fn row_conditions(pod: &Object) -> Option<Value> {
    let (reason, message) = match pod.text("/status/phase") {
        "Succeeded" => ("Succeeded", "The pod has completed successfully."),
        "Failed" => ("Failed", "The pod failed."),
        _ => return None,
    };
    Some(json!([{"type": "Completed", "status": "True", "reason": reason, "message": message}]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(pod: Value) -> [String; 3] {
        let pod = Object::of(&pod, 1_767_323_045_000);
        let summary = Summary::of(&pod);
        [summary.ready(), summary.reason.clone(), summary.restarts(&pod)]
    }

    #[test]
    fn states_are_summed_up() {
        let containers = json!({"containers": [{"name": "a"}, {"name": "b"}]});
        let status = |phase: &str, statuses: Value| json!({"spec": containers, "status": {"phase": phase, "containerStatuses": statuses}});
        let running = json!({"ready": true, "state": {"running": {}}});
        let crashing = json!({
            "ready": false, "restartCount": 7, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"finishedAt": "2026-01-02T03:00:05Z", "exitCode": 1}},
        });
        let completed = json!({"state": {"terminated": {"reason": "Completed", "exitCode": 0}}});
        let killed = json!({"state": {"terminated": {"signal": 9, "exitCode": 137}}});
        for (statuses, expected) in [
            (json!([running, running]), ["2/2", "Running", "0"]),
            (json!([running, crashing]), ["1/2", "CrashLoopBackOff", "7 (4m ago)"]),
            (json!([completed, completed]), ["0/2", "Completed", "0"]),
            (json!([completed, running]), ["1/2", "NotReady", "0"]),
            (json!([completed, killed]), ["0/2", "Signal:9", "0"]),
        ] {
            assert_eq!(summary(status("Running", statuses.clone())), expected, "{statuses}");
        }
        assert_eq!(
            summary(json!({"status": {"phase": "Failed", "reason": "Evicted"}})),
            ["0/0", "Evicted", "0"]
        );
        assert_eq!(
            summary(
                json!({"metadata": {"deletionTimestamp": "2026-01-02T03:00:05Z"}, "status": {"phase": "Running"}})
            ),
            ["0/0", "Terminating", "0"]
        );
    }

    #[test]
    fn init_containers_come_first() {
        let pod = |first: Value| {
            json!({
                "spec": {
                    "containers": [{"name": "a"}],
                    "initContainers": [{"name": "i"}, {"name": "s", "restartPolicy": "Always"}],
                },
                "status": {"phase": "Pending", "initContainerStatuses": [first]},
            })
        };
        for (status, reason) in [
            (json!({"name": "i", "state": {"waiting": {"reason": "PodInitializing"}}}), "Init:0/2"),
            (json!({"name": "i", "state": {"waiting": {"reason": "ErrImagePull"}}}), "Init:ErrImagePull"),
            (json!({"name": "i", "state": {"terminated": {"exitCode": 3}}}), "Init:ExitCode:3"),
            (json!({"name": "i", "state": {"terminated": {"exitCode": 0}}}), "Pending"),
        ] {
            assert_eq!(summary(pod(status))[..2], ["0/2", reason].map(String::from));
        }
        let sidecar = json!({"name": "s", "started": true, "ready": true, "restartCount": 2});
        assert_eq!(summary(pod(sidecar)), ["1/2", "Pending", "2"]);
    }

    #[test]
    fn objects_of_any_shape_have_a_state() {
        for odd in
            [json!(null), json!([]), json!({"status": 7}), json!({"status": {"containerStatuses": {"a": 1}}})]
        {
            assert_eq!(summary(odd), ["0/0", "", "0"]);
        }
    }
}
