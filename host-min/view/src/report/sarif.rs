//! The report as SARIF 2.1.0, the form of static analysis tools: a run for each gatherer, which is the tool.

use super::{Shown, suites};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};
use wagather_findings::{Finding, Severity};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// All archives.
pub(super) fn log(all: &[Shown]) -> Value {
    let runs: Vec<Value> = all.iter().flat_map(runs).collect();
    json!({"$schema": SCHEMA, "version": "2.1.0", "runs": runs})
}

fn runs(shown: &Shown) -> Vec<Value> {
    let archive = shown.path.to_string_lossy();
    let millis = u64::try_from(shown.gathered.archive.gathered_millis()).unwrap_or_default();
    let time = humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_millis(millis)).to_string();
    suites(&shown.gathered)
        .into_iter()
        .map(|suite| {
            let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
            for finding in &suite.findings {
                let next = rules.len();
                rules.entry(&finding.code).or_insert(next);
            }
            let mut ids: Vec<&str> = vec![""; rules.len()];
            rules.iter().for_each(|(code, index)| ids[*index] = code);
            let file = format!("{}/{}", suite.gatherer, wagather_findings::FILE);
            let results: Vec<Value> =
                suite.findings.iter().map(|finding| result(finding, rules[&*finding.code], &file)).collect();
            let unread = suite.unread.map(|reason| json!({"level": "error", "message": {"text": reason}}));
            let gaps: Vec<Value> = suite
                .gaps
                .iter()
                .map(|(asked, reason)| json!({"level": "warning", "message": {"text": format!("{asked}: {reason}")}}))
                .chain(unread)
                .collect();
            let rules: Vec<Value> = ids.iter().map(|id| json!({"id": id})).collect();
            json!({
                "tool": {"driver": {"name": suite.gatherer, "version": suite.version, "rules": rules}},
                "automationDetails": {"id": format!("wagather/{}/", suite.gatherer)},
                "invocations": [{
                    "executionSuccessful": suite.failed.is_none() && suite.unread.is_none(),
                    "startTimeUtc": time,
                    "toolExecutionNotifications": gaps,
                }],
                "results": results,
                "properties": {"archive": archive},
            })
        })
        .collect()
}

fn result(finding: &Finding, index: usize, file: &str) -> Value {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    };
    let mut location = json!({"physicalLocation": {"artifactLocation": {"uri": file}}});
    if let Some(object) = &finding.object {
        let namespace =
            object.namespace.as_ref().map_or_else(String::new, |namespace| format!("{namespace}/"));
        location["logicalLocations"] = json!([{
            "name": object.name,
            "kind": object.kind,
            "fullyQualifiedName": format!("{}/{}/{namespace}{}", object.api_version, object.kind, object.name),
        }]);
    }
    let mut properties = json!(finding.properties);
    if let Some(since) = &finding.since {
        properties["since"] = since.as_str().into();
    }
    let text = if finding.message.is_empty() { &finding.code } else { &finding.message };
    json!({
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": level,
        "message": {"text": text},
        "locations": [location],
        "properties": properties,
    })
}
