//! Jobs that run the host: their objects as a user would write them, and how they ended.

use super::IMAGE;
use super::cell::{Namespace, until};
use serde_json::{Value, json};

/// A Job that is not applied yet. Its pods get the modules of the ConfigMap `modules` as `/modules`, and write to the claim
/// `archives`.
pub(super) struct Job<'a> {
    namespace: &'a Namespace,
    name: String,
    pub(super) object: Value,
}

/// A Job that ended.
pub(super) struct Ended {
    /// The Job.
    pub(super) job: Value,
    /// Its pods, the oldest first.
    pub(super) pods: Vec<Value>,
}

impl<'a> Job<'a> {
    /// `host-min run` with these words, in a pod that `restricted` admits.
    pub(super) fn new(namespace: &'a Namespace, name: &str, words: &[&str]) -> Job<'a> {
        let pod = json!({
            "spec": {
                "serviceAccountName": namespace.name,
                "restartPolicy": "Never",
                // It has no default, and half a minute is long for a test.
                "terminationGracePeriodSeconds": 10,
                "securityContext": {
                    "runAsNonRoot": true, "fsGroup": 65532, "seccompProfile": {"type": "RuntimeDefault"},
                },
                "containers": [container("host-min", &[&["run", "--output", "/archives/{pod}.tar.gz"], words].concat())],
                "volumes": [
                    {"name": "modules", "configMap": {"name": "modules"}},
                    {"name": "archives", "persistentVolumeClaim": {"claimName": "archives"}},
                ],
            },
        });
        let object = json!({
            "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name},
            "spec": {
                "backoffLimit": 3,
                "podFailurePolicy": {"rules": [
                    {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]},
                    {"action": "FailJob", "onExitCodes": {
                        "containerName": "host-min", "operator": "In", "values": [2, 3, 4, 9],
                    }},
                ]},
                "template": pod,
            },
        });
        Job { namespace, name: name.into(), object }
    }

    /// The specification of its pods.
    pub(super) fn pod(&mut self) -> &mut Value {
        &mut self.object["spec"]["template"]["spec"]
    }

    /// Changes what the host's container has.
    pub(super) fn with(mut self, key: &str, value: Value) -> Job<'a> {
        self.pod()["containers"][0][key] = value;
        self
    }

    /// A limit to the memory of the host's container.
    pub(super) fn memory(self, limit: &str) -> Job<'a> {
        self.with("resources", json!({"limits": {"memory": limit}}))
    }

    /// A Secret as a folder in the host's container.
    pub(super) fn secret(mut self, secret: &str, folder: &str) -> Job<'a> {
        push(&mut self.pod()["volumes"], json!({"name": secret, "secret": {"secretName": secret}}));
        let mount = json!({"name": secret, "mountPath": folder, "readOnly": true});
        push(&mut self.pod()["containers"][0]["volumeMounts"], mount);
        self
    }

    /// Applies it.
    pub(super) fn apply(&self) {
        self.namespace.apply(&self.object.to_string());
    }

    /// Applies it and waits until it ends.
    pub(super) fn run(&self) -> Ended {
        self.apply();
        ended(self.namespace, &self.name)
    }
}

fn push(list: &mut Value, item: Value) {
    list.as_array_mut().expect("a list").push(item);
}

/// A container of the host, with these words.
pub(super) fn container(name: &str, words: &[&str]) -> Value {
    json!({
        "name": name,
        "image": IMAGE,
        "args": words,
        "securityContext": {
            "allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true, "capabilities": {"drop": ["ALL"]},
        },
        // The last lines are in the container's status, for whoever looks there first.
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {"name": "modules", "mountPath": "/modules", "readOnly": true},
            {"name": "archives", "mountPath": "/archives"},
        ],
    })
}

/// The pods of a Job, the oldest first.
pub(super) fn pods(namespace: &Namespace, job: &str) -> Vec<Value> {
    let selector = format!("--selector=batch.kubernetes.io/job-name={job}");
    let list = namespace.get(&["pods", &selector, "--sort-by=.metadata.creationTimestamp"]);
    list["items"].as_array().expect("items").clone()
}

/// Waits until a Job is complete or has failed.
pub(super) fn ended(namespace: &Namespace, name: &str) -> Ended {
    let job = until(
        &format!("the end of the Job {name}"),
        || namespace.described(),
        || {
            let job = namespace.get(&["job", name]);
            ["Complete", "Failed"].iter().any(|kind| is(&job, kind)).then_some(job)
        },
    );
    Ended { job, pods: pods(namespace, name) }
}

/// Whether a condition of an object is true.
pub(super) fn is(object: &Value, kind: &str) -> bool {
    let conditions = object["status"]["conditions"].as_array();
    conditions.is_some_and(|all| all.iter().any(|one| one["type"] == kind && one["status"] == "True"))
}

/// The name of a pod.
pub(super) fn name(pod: &Value) -> &str {
    pod["metadata"]["name"].as_str().expect("a name")
}

impl Ended {
    /// Fails unless it is complete.
    pub(super) fn expect_complete(&self) -> &Ended {
        assert!(is(&self.job, "Complete"), "{:#}\n{:#?}", self.job["status"], self.terminations());
        self
    }

    /// Why it failed.
    pub(super) fn failure(&self) -> &Value {
        let conditions = self.job["status"]["conditions"].as_array().expect("conditions");
        conditions
            .iter()
            .find(|one| one["type"] == "Failed")
            .unwrap_or_else(|| panic!("{:#}", self.job["status"]))
    }

    /// How the container of each pod ended: its exit code, its reason, its last lines.
    pub(super) fn terminations(&self) -> Vec<&Value> {
        self.pods.iter().map(|pod| &pod["status"]["containerStatuses"][0]["state"]["terminated"]).collect()
    }

    /// The exit codes of its pods.
    pub(super) fn codes(&self) -> Vec<i64> {
        self.terminations().iter().map(|ended| ended["exitCode"].as_i64().unwrap_or(-1)).collect()
    }
}
