//! Finds degraded or unavailable cluster operators, like `degraded-operators`, but decodes them in the module.
//!
//! The host decodes the items of `degraded-operators`, so little of its code runs in an engine. This gatherer gets
//! items as JSON and needs a heap, so it also compares how fast engines execute code.

#![no_std]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;
use wagather::json::ArrayEntry;
use wagather::{Api, Fields, ListParams, Resource, Result, Serialize, gatherer, heap, log};

#[derive(Default, Resource)]
#[resource(group = "config.openshift.io", version = "v1", plural = "clusteroperators", cluster)]
struct ClusterOperator {
    metadata: ObjectMeta,
    status: ClusterOperatorStatus,
}

#[derive(Default, Fields)]
struct ObjectMeta {
    name: String,
}

#[derive(Default, Fields)]
struct ClusterOperatorStatus {
    conditions: Vec<Condition>,
    versions: Vec<OperandVersion>,
}

#[derive(Default, Fields)]
struct Condition {
    r#type: String,
    status: String,
    reason: String,
    message: String,
    last_transition_time: String,
}

#[derive(Default, Fields)]
struct OperandVersion {
    name: String,
    version: String,
}

#[derive(Serialize)]
struct Finding {
    operator: String,
    version: String,
    problem: &'static str,
    since: String,
    reason: String,
    message: String,
}

gatherer!(gather);
heap!();

fn gather() -> Result<()> {
    let operators = Api::<ClusterOperator>::all().list(&ListParams::default())?;
    let mut findings = ArrayEntry::create("findings.json")?;
    let (mut all, mut in_trouble) = (0, 0);
    for operator in operators {
        all += 1;
        in_trouble += u32::from(examine(operator?, &mut findings)?);
    }
    log::Line::new()
        .number(in_trouble)
        .text(" of ")
        .number(all)
        .text(" cluster operators are degraded or unavailable")
        .info();
    findings.close()
}

/// Writes what is wrong with an operator, and says whether anything is.
fn examine(operator: ClusterOperator, findings: &mut ArrayEntry) -> Result<bool> {
    let ClusterOperator { metadata, status } = operator;
    let version = status.versions.into_iter().find(|version| version.name == "operator").unwrap_or_default();
    let mut in_trouble = false;
    for condition in status.conditions {
        let problem = match (&*condition.r#type, &*condition.status) {
            ("Degraded", "True") => "degraded",
            ("Available", "False") => "unavailable",
            _ => continue,
        };
        in_trouble = true;
        findings.push(&Finding {
            operator: metadata.name.clone(),
            version: version.version.clone(),
            problem,
            since: condition.last_transition_time,
            reason: condition.reason,
            message: condition.message,
        })?;
    }
    Ok(in_trouble)
}
