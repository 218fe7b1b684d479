//! Finds the cluster operators that are degraded or unavailable: since when, why, and in which version.
//!
//! Writes `findings.json`, and a line with the count to the log.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

use alloc::string::String;
use alloc::vec::Vec;
use wagather::{Api, Fields, ListParams, Resource, Result, Serialize, gatherer, heap, json, log};

#[derive(Default, Resource)]
#[resource(group = "config.openshift.io", version = "v1", plural = "clusteroperators", cluster)]
struct ClusterOperator {
    metadata: Metadata,
    status: Status,
}

#[derive(Default, Fields)]
struct Metadata {
    name: String,
}

#[derive(Default, Fields)]
struct Status {
    conditions: Vec<Condition>,
    versions: Vec<Version>,
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
struct Version {
    name: String,
    version: String,
}

#[derive(Serialize)]
struct Findings {
    operators: u32,
    findings: Vec<Finding>,
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
    let mut report = Findings { operators: 0, findings: Vec::new() };
    let mut in_trouble = 0;
    for operator in Api::<ClusterOperator>::all().list(&ListParams::default())? {
        let before = report.findings.len();
        report.operators += 1;
        examine(&operator?, &mut report.findings);
        in_trouble += u32::from(report.findings.len() > before);
    }
    log::Line::new()
        .number(in_trouble)
        .text(" of ")
        .number(report.operators)
        .text(" cluster operators are degraded or unavailable")
        .info();
    json::to_entry("findings.json", &report)
}

/// An operator that says nothing of a condition is as good as one that says `Unknown`: no finding.
fn examine(operator: &ClusterOperator, findings: &mut Vec<Finding>) {
    // Of the operands' versions, the one that is the operator's own.
    let version = operator.status.versions.iter().find(|version| version.name == "operator");
    for condition in &operator.status.conditions {
        let problem = match (condition.r#type.as_str(), condition.status.as_str()) {
            ("Degraded", "True") => "degraded",
            ("Available", "False") => "unavailable",
            _ => continue,
        };
        findings.push(Finding {
            operator: operator.metadata.name.clone(),
            version: version.map(|version| version.version.clone()).unwrap_or_default(),
            problem,
            since: condition.last_transition_time.clone(),
            reason: condition.reason.clone(),
            message: condition.message.clone(),
        });
    }
}

#[cfg(test)]
mod tests;
