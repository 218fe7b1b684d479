//! Tables: what kubectl prints without `-o`. The API server makes them, so that kubectl need not know the resource.
//!
//! | module | has |
//! |---|---|
//! | `built_in` | which columns a resource of the API server has |
//! | `workloads`, `network`, `storage`, `cluster` | these columns |
//! | `pods` | the state of a pod |
//! | `custom`, `json_path` | the columns of custom resources |
//! | `column`, `object`, `age` | what columns are made of |
//!
//! Ages are relative to the time of the gathering: that of an archive that is a year old says how old the object was then.

pub(super) mod age;
mod built_in;
mod cluster;
mod column;
pub(super) mod custom;
mod json_path;
mod network;
mod object;
mod pods;
mod storage;
mod workloads;

use serde_json::{Value, json};

use crate::part::Keep;
use column::Column;
use object::Object;

/// What rows have of the metadata: no client shows who manages which field in a table, and that is most of many objects.
const METADATA: Keep = Keep::But(&[(MANAGED_FIELDS, None)]);
pub(super) const MANAGED_FIELDS: &str = "managedFields";

/// The columns of a resource.
pub(super) enum Columns<'a> {
    BuiltIn(&'static [Column]),
    /// The built-in ones of pods, of which some are done.
    Pods,
    Custom(&'a custom::Columns),
}

impl<'a> Columns<'a> {
    /// Those of the API server itself, else the others.
    pub(super) fn of(group: &str, plural: &str, others: &'a custom::Columns) -> Columns<'a> {
        match (group, plural) {
            ("", "pods") => Columns::Pods,
            _ => built_in::columns(group, plural).map_or(Columns::Custom(others), Columns::BuiltIn),
        }
    }

    /// The part of an object that its row is made of.
    pub(super) fn looked_at(&self) -> Keep {
        match self {
            Columns::BuiltIn(_) => Keep::But(&[("metadata", Some(METADATA))]),
            Columns::Pods => pods::LOOKED_AT,
            // Paths of definitions lead anywhere.
            Columns::Custom(_) => Keep::All,
        }
    }

    /// What a table says of its columns.
    pub(super) fn definitions(&self) -> Value {
        let of_built_in = |column: &Column| {
            let format = if column.is_name { "name" } else { "" };
            definition(column.name, column.kind(), format, i32::from(column.is_wide))
        };
        match self {
            Columns::BuiltIn(columns) => columns.iter().map(of_built_in).collect(),
            Columns::Pods => workloads::PODS.iter().map(of_built_in).collect(),
            Columns::Custom(columns) => {
                [definition("Name", "string", "name", 0)].into_iter().chain(columns.definitions()).collect()
            }
        }
    }

    /// The row of an object, without the object. Ages are relative to the time.
    pub(super) fn row(&self, object: &Value, now_millis: i64) -> serde_json::Map<String, Value> {
        let object = Object::of(object, now_millis);
        let cells: Vec<Value> = match self {
            Columns::BuiltIn(columns) => columns.iter().map(|column| column.cell(&object, None)).collect(),
            Columns::Pods => {
                let summary = pods::Summary::of(&object);
                workloads::PODS.iter().map(|column| column.cell(&object, Some(&summary))).collect()
            }
            Columns::Custom(columns) => {
                let name = Value::from(object.text("/metadata/name"));
                [name].into_iter().chain(columns.cells(&object)).collect()
            }
        };
        let mut row = serde_json::Map::new();
        row.insert("cells".into(), cells.into());
        if let Columns::Pods = self
            && let Some(conditions) = pods::row_conditions(&object)
        {
            row.insert("conditions".into(), conditions);
        }
        row
    }
}

fn definition(name: &str, kind: &str, format: &str, priority: i32) -> Value {
    json!({"name": name, "type": kind, "format": format, "description": "", "priority": priority})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bounded::{parse, parse_part};

    /// Every member that a pod may have by which its row differs, in many states.
    fn pods() -> Vec<Value> {
        let ended = |code: i64| json!({"terminated": {"exitCode": code, "reason": "Error", "signal": 9, "finishedAt": "2026-01-02T03:00:05Z", "message": "m"}});
        let states = [
            json!({"running": {"startedAt": "2026-01-02T03:00:05Z"}}),
            json!({"waiting": {"reason": "CrashLoopBackOff", "message": "m"}}),
            json!({"waiting": {}}),
            ended(0),
            ended(1),
            json!({"terminated": {"exitCode": 3}}),
            json!({"terminated": {"signal": 9}}),
            json!({"terminated": {"reason": "Completed", "exitCode": 0}}),
        ];
        let mut pods = Vec::new();
        for phase in ["Running", "Pending", "Succeeded", "Failed"] {
            for (number, state) in states.iter().enumerate() {
                for init in [None, Some(&states[(number + 3) % states.len()])] {
                    let status = |name: &str, state: &Value| {
                        json!({"name": name, "ready": number % 2 == 0, "started": number % 3 == 0, "restartCount": number, "image": "i",
                            "state": state, "lastState": ended(1), "resources": {"limits": {"cpu": "1"}}})
                    };
                    let mut pod = json!({
                        "apiVersion": "v1", "kind": "Pod",
                        "metadata": {"name": "web", "namespace": "shop", "labels": {"a": "b"}, "creationTimestamp": "2026-01-02T02:00:00Z",
                            "managedFields": [{"manager": "kubelet"}]},
                        "spec": {"nodeName": "edge-1", "containers": [{"name": "a", "env": [{"name": "x"}]}, {"name": "b"}],
                            "initContainers": [{"name": "i"}, {"name": "s", "restartPolicy": "Always"}],
                            "readinessGates": [{"conditionType": "g"}, {"conditionType": "h"}], "volumes": [{"name": "v"}]},
                        "status": {"phase": phase, "nominatedNodeName": "edge-2", "podIPs": [{"ip": "10.0.0.1"}, {"ip": "::1"}],
                            "conditions": [{"type": "Ready", "status": "True"}, {"type": "g", "status": "True", "message": "m"},
                                {"type": "Initialized", "status": if number % 2 == 0 { "True" } else { "False" }}],
                            "containerStatuses": [status("a", state), status("b", &states[0])]},
                    });
                    if let Some(init) = init {
                        pod["status"]["initContainerStatuses"] =
                            json!([status("i", init), status("s", init)]);
                    }
                    match number {
                        1 => pod["metadata"]["deletionTimestamp"] = json!("2026-01-02T03:00:05Z"),
                        2 => pod["status"]["reason"] = json!("Evicted"),
                        3 => pod["status"]["reason"] = json!("NodeLost"),
                        4 => {
                            pod["status"]["conditions"] =
                                json!([{"type": "PodScheduled", "reason": "SchedulingGated"}])
                        }
                        5 => pod["status"]["containerStatuses"] = json!({"odd": 7}),
                        6 => pod["spec"] = json!([1]),
                        _ => {}
                    }
                    pods.push(pod);
                }
            }
        }
        pods.extend([json!(null), json!([]), json!({"status": 7}), json!({"metadata": "x"})]);
        pods
    }

    #[test]
    fn a_row_of_what_is_looked_at_is_that_of_the_whole_object() {
        let others = custom::Columns::default();
        let columns = Columns::of("", "pods", &others);
        let mut rows = std::collections::BTreeSet::new();
        for pod in pods() {
            let json = pod.to_string().into_bytes();
            let [whole, part] =
                [parse(&json), parse_part(&json, columns.looked_at())].map(|value| value.expect("JSON"));
            let [whole, part] = [whole, part].map(|value| columns.row(&value, 1_767_323_045_000));
            assert_eq!(part, whole, "{pod}");
            rows.insert(whole["cells"].to_string());
        }
        assert!(rows.len() > 20, "there are only {} rows that differ", rows.len());
    }
}
