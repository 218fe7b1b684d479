//! Columns of resources of OpenShift, for archives without their CustomResourceDefinitions: few gatherers read those.

use serde_json::{Value, json};

use super::table::custom::Columns;

const AGE: (&str, &str, &str) = ("Age", "date", ".metadata.creationTimestamp");

/// The columns of a resource, if they are known: name, type and path of each.
pub(super) fn columns(group: &str, plural: &str) -> Option<Columns> {
    let columns: &[(&str, &str, &str)] = match (group, plural) {
        ("config.openshift.io", "clusteroperators") => &[
            ("Version", "string", r#".status.versions[?(@.name=="operator")].version"#),
            ("Available", "string", r#".status.conditions[?(@.type=="Available")].status"#),
            ("Progressing", "string", r#".status.conditions[?(@.type=="Progressing")].status"#),
            ("Degraded", "string", r#".status.conditions[?(@.type=="Degraded")].status"#),
            ("Since", "date", r#".status.conditions[?(@.type=="Available")].lastTransitionTime"#),
        ],
        ("config.openshift.io", "clusterversions") => &[
            ("Version", "string", r#".status.history[?(@.state=="Completed")].version"#),
            ("Available", "string", r#".status.conditions[?(@.type=="Available")].status"#),
            ("Progressing", "string", r#".status.conditions[?(@.type=="Progressing")].status"#),
            ("Since", "date", r#".status.conditions[?(@.type=="Progressing")].lastTransitionTime"#),
            ("Status", "string", r#".status.conditions[?(@.type=="Progressing")].message"#),
        ],
        ("machineconfiguration.openshift.io", "machineconfigpools") => &[
            ("Config", "string", ".status.configuration.name"),
            ("Updated", "string", r#".status.conditions[?(@.type=="Updated")].status"#),
            ("Updating", "string", r#".status.conditions[?(@.type=="Updating")].status"#),
            ("Degraded", "string", r#".status.conditions[?(@.type=="Degraded")].status"#),
            ("MachineCount", "number", ".status.machineCount"),
            ("ReadyMachineCount", "number", ".status.readyMachineCount"),
            ("UpdatedMachineCount", "number", ".status.updatedMachineCount"),
            ("DegradedMachineCount", "number", ".status.degradedMachineCount"),
            AGE,
        ],
        ("machine.openshift.io", "machinesets") => &[
            ("Desired", "integer", ".spec.replicas"),
            ("Current", "integer", ".status.replicas"),
            ("Ready", "integer", ".status.readyReplicas"),
            ("Available", "integer", ".status.availableReplicas"),
            AGE,
        ],
        ("machine.openshift.io", "machines") => &[("Phase", "string", ".status.phase"), AGE],
        ("operators.coreos.com", "clusterserviceversions") => &[
            ("Display", "string", ".spec.displayName"),
            ("Version", "string", ".spec.version"),
            ("Replaces", "string", ".spec.replaces"),
            ("Phase", "string", ".status.phase"),
        ],
        _ => return None,
    };
    let columns: Value = columns
        .iter()
        .map(|(name, kind, path)| json!({"name": name, "type": kind, "jsonPath": path}))
        .collect();
    Some(Columns::of(&columns))
}
