//! Fields that change although nothing changed in the cluster. `docs/diff.md` lists them.

use serde_json::Value;

/// Annotations that repeat other fields, or are renewed all the time.
const ANNOTATIONS: &[&str] =
    &["kubectl.kubernetes.io/last-applied-configuration", "control-plane.alpha.kubernetes.io/leader"];

/// Members of `metadata` that the API server keeps for itself.
const METADATA: &[&str] = &["resourceVersion", "managedFields", "generation", "selfLink"];

/// Members of conditions that say when somebody looked, not when something changed.
const CONDITION: &[&str] = &["lastHeartbeatTime", "lastProbeTime"];

/// Members with the generation that a controller has seen.
const OBSERVED: &str = "observedGeneration";

/// The group of measurements, which are never the same twice.
const METRICS: &str = "metrics.k8s.io";

/// Removes what means nothing from an object.
pub(super) fn remove(group: &str, kind: &str, object: &mut Value) {
    let Value::Object(members) = object else { return };
    if let Some(Value::Object(metadata)) = members.get_mut("metadata") {
        METADATA.iter().for_each(|name| drop(metadata.remove(*name)));
        if let Some(Value::Object(annotations)) = metadata.get_mut("annotations") {
            ANNOTATIONS.iter().for_each(|name| drop(annotations.remove(*name)));
            if annotations.is_empty() {
                metadata.remove("annotations");
            }
        }
    }
    if kind == "Lease"
        && let Some(Value::Object(spec)) = members.get_mut("spec")
    {
        spec.remove("renewTime");
    }
    if group == METRICS {
        ["timestamp", "window", "usage", "containers"].iter().for_each(|name| drop(members.remove(*name)));
    }
    if let Some(status) = members.get_mut("status") {
        below_status(status);
    }
}

/// Removes what means nothing from a status, however deep it is: conditions are not only at its top.
fn below_status(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.remove(OBSERVED);
            for (name, value) in members.iter_mut() {
                if let (true, Value::Array(conditions)) = (name.ends_with("onditions"), &mut *value) {
                    for condition in conditions.iter_mut().filter_map(Value::as_object_mut) {
                        CONDITION.iter().for_each(|name| drop(condition.remove(*name)));
                    }
                }
                below_status(value);
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(below_status),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_noise_is_removed() {
        let mut node = json!({
            "metadata": {"name": "a", "resourceVersion": "7", "generation": 2, "managedFields": [], "uid": "u",
                "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}},
            "spec": {"renewTime": "t", "generation": 7, "observedGeneration": 1},
            "status": {"observedGeneration": 2, "conditions": [
                {"type": "Ready", "status": "True", "lastHeartbeatTime": "t", "lastTransitionTime": "t"}],
                "parents": [{"conditions": [{"type": "A", "observedGeneration": 1, "lastProbeTime": null}]}]}
        });
        remove("", "Node", &mut node);
        assert_eq!(
            node,
            json!({
                "metadata": {"name": "a", "uid": "u"},
                "spec": {"renewTime": "t", "generation": 7, "observedGeneration": 1},
                "status": {"conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "t"}],
                    "parents": [{"conditions": [{"type": "A"}]}]}
            })
        );
        let mut lease = json!({"spec": {"holderIdentity": "a", "renewTime": "t"}});
        remove("coordination.k8s.io", "Lease", &mut lease);
        assert_eq!(lease, json!({"spec": {"holderIdentity": "a"}}));
        let mut metrics =
            json!({"metadata": {"name": "a"}, "timestamp": "t", "window": "20s", "usage": {"cpu": "1"}});
        remove("metrics.k8s.io", "NodeMetrics", &mut metrics);
        assert_eq!(metrics, json!({"metadata": {"name": "a"}}));
    }
}
