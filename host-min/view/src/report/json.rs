//! The report as JSON.

use super::Shown;
use serde_json::{Value, json};

/// All archives.
pub(super) fn report(all: &[Shown]) -> Value {
    json!({"archives": all.iter().map(archive).collect::<Vec<_>>()})
}

fn archive(Shown { path, gathered }: &Shown) -> Value {
    let archive = &gathered.archive;
    let findings: Vec<Value> = gathered
        .findings
        .iter()
        .map(|found| {
            let mut finding = json!(found.finding);
            finding["gatherer"] = found.gatherer.as_str().into();
            finding
        })
        .collect();
    let resources: Vec<Value> = archive
        .resources()
        .map(|of| json!({"group": of.group, "resource": of.plural, "kind": of.kind, "objects": of.objects().len()}))
        .collect();
    let report = gathered.report.as_ref();
    let member = |name: &str| report.map_or(Value::Null, |report| report[name].clone());
    json!({
        "archive": path.to_string_lossy(),
        "layout": archive.layout(),
        "gatheredMillis": archive.gathered_millis(),
        "complete": member("complete"),
        "findings": findings,
        "gaps": member("gaps"),
        "resources": resources,
        "logs": archive.logs().count(),
        "warnings": gathered.warnings,
    })
}
