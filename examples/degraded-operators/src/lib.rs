//! Finds the cluster operators that are degraded or unavailable: since when, why, and in which version.
//!
//! Writes `findings.json` as it goes, so memory is bounded, and a line with the count to the log.

#![no_std]
#![forbid(unsafe_code)]

mod resources;

use resources::{ClusterOperator, ClusterOperators};
use wagather::json::ArrayEntry;
use wagather::{ListParams, Result, Serialize, gatherer, log};

#[derive(Serialize)]
struct Finding<'a> {
    operator: &'a str,
    version: &'a str,
    problem: &'static str,
    since: &'a str,
    reason: &'a str,
    message: &'a str,
}

gatherer!(gather);

fn gather() -> Result<()> {
    let operators = ClusterOperators::all().list(&ListParams::default())?.items();
    let mut findings = ArrayEntry::create("findings.json")?;
    let mut all = 0;
    let mut in_trouble = 0;
    for operator in operators {
        all += 1;
        in_trouble += u32::from(examine(operator?.get(), &mut findings)?);
    }
    log::info!("{} of {} cluster operators are degraded or unavailable", in_trouble, all);
    findings.close()
}

/// Writes what is wrong with an operator, and says whether anything is. An operator that says nothing of a condition is as
/// good as one that says `Unknown`: no finding.
fn examine(operator: &ClusterOperator<'_>, findings: &mut ArrayEntry) -> Result<bool> {
    let ClusterOperator { metadata, status } = operator;
    // Of the operands' versions, the one that is the operator's own.
    let version = status.versions.iter().find(|version| version.name == "operator");
    let mut in_trouble = false;
    for condition in status.conditions {
        let problem = match (condition.r#type, condition.status) {
            ("Degraded", "True") => "degraded",
            ("Available", "False") => "unavailable",
            _ => continue,
        };
        in_trouble = true;
        findings.push(&Finding {
            operator: metadata.name,
            version: version.map_or("", |version| version.version),
            problem,
            since: condition.last_transition_time,
            reason: condition.reason,
            message: condition.message,
        })?;
    }
    Ok(in_trouble)
}

#[cfg(test)]
mod tests;
