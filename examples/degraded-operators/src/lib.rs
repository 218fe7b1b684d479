//! Finds degraded or unavailable cluster operators, with time, reason and version.
//!
//! It writes `findings.json` incrementally, so memory is bounded, and logs a line with the count.

#![no_std]
#![forbid(unsafe_code)]

mod resources;

use resources::{ClusterOperator, ClusterOperators};
use wagather::findings::{Finding, Findings, Object, Property};
use wagather::{ListParams, Result, gatherer, log};

gatherer!(gather);

fn gather() -> Result<()> {
    let operators = ClusterOperators::all().list(&ListParams::default())?.items();
    let mut findings = Findings::create()?;
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
fn examine(operator: &ClusterOperator<'_>, findings: &mut Findings) -> Result<bool> {
    let ClusterOperator { metadata, status } = operator;
    // The operator's own version among those of its operands.
    let version = status.versions.iter().find(|version| version.name == "operator");
    let object = Object::of::<ClusterOperator>("", metadata.name);
    let mut in_trouble = false;
    for condition in status.conditions {
        let finding = match (condition.r#type, condition.status) {
            ("Degraded", "True") => Finding::warning("Degraded", condition.message),
            ("Available", "False") => Finding::error("Unavailable", condition.message),
            _ => continue,
        };
        in_trouble = true;
        let properties = [
            Property::new("reason", condition.reason),
            Property::new("version", version.map_or("", |version| version.version)),
        ];
        findings.push(&finding.about(&object).since(condition.last_transition_time).with(&properties))?;
    }
    Ok(in_trouble)
}

#[cfg(test)]
mod tests;
