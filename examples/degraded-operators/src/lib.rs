//! Finds degraded or unavailable cluster operators, with time, reason and version.
//!
//! It writes `findings.json` incrementally, so memory is bounded, and logs a line with the count.

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

/// Writes the problems of an operator, and returns whether there are any. A missing condition counts as `Unknown`,
/// which is not a problem.
fn examine(operator: &ClusterOperator<'_>, findings: &mut ArrayEntry) -> Result<bool> {
    let ClusterOperator { metadata, status } = operator;
    // The operator's own version among those of its operands.
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
