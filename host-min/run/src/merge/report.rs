//! One report of those of the shards: numbers are sums, peaks are peaks, and lists have everything once.

use serde::Serializer as _;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Values of which the largest counts.
const PEAKS: &[&str] = &["durationMs", "memoryBytes", "peakRssBytes", "peakHeldBytes"];

/// What identifies an element about a resource, so that its other numbers are added up.
const KEYS: &[&str] = &["resource", "rules", "rule", "field"];

/// Adds the gatherers of another shard to those of the first.
pub(super) fn add_gatherers(all: &mut [Value], others: Vec<Value>) {
    for (one, other) in all.iter_mut().zip(others) {
        add(one, other, "");
    }
}

/// Adds a value of the same place in another report.
pub(super) fn add(to: &mut Value, other: Value, key: &str) {
    match (to, other) {
        (Value::Number(a), Value::Number(b)) if !KEYS.contains(&key) => {
            *a = number(a, &b, PEAKS.contains(&key))
        }
        // A module, its engine and its sandbox are the same in all.
        (Value::Object(_), Value::Object(_)) if ["module", "engine", "sandbox"].contains(&key) => {}
        (Value::Object(a), Value::Object(b)) => add_members(a, b),
        (Value::Array(a), Value::Array(b)) if !KEYS.contains(&key) => {
            b.into_iter().for_each(|element| add_element(a, element))
        }
        (Value::Bool(a), Value::Bool(b)) => *a &= b,
        // The worst status is that of all.
        (Value::String(a), Value::String(b)) if key == "status" => {
            let rank =
                |status: &str| ["complete", "gaps", "failed"].iter().position(|known| *known == status);
            if rank(&b) > rank(a) {
                *a = b;
            }
        }
        _ => {}
    }
}

fn add_members(to: &mut Map<String, Value>, other: Map<String, Value>) {
    for (key, value) in other {
        match to.get_mut(&key) {
            Some(known) => add(known, value, &key),
            None => _ = to.insert(key, value),
        }
    }
}

fn add_element(to: &mut Vec<Value>, element: Value) {
    let is_same = |known: &Value| {
        known.get(KEYS[0]).is_some() && KEYS.iter().all(|key| known.get(key) == element.get(key))
    };
    match to.iter().position(is_same) {
        Some(at) => add(&mut to[at], element, ""),
        None if to.contains(&element) => {}
        None => to.push(element),
    }
}

fn number(a: &serde_json::Number, b: &serde_json::Number, is_peak: bool) -> serde_json::Number {
    if let (Some(a), Some(b)) = (a.as_u64(), b.as_u64()) {
        return if is_peak { a.max(b) } else { a.saturating_add(b) }.into();
    }
    let (a, b) = (a.as_f64().unwrap_or_default(), b.as_f64().unwrap_or_default());
    let number = serde_json::Number::from_f64(if is_peak { a.max(b) } else { a + b });
    number.unwrap_or_else(|| 0.into())
}

/// The members of a report that come first, as in that of a run.
const FIRST: &[&str] = &["wagather", "abi", "complete", "source", "time", "merged", "gatherers"];

/// How many findings gatherers have in the merged archive, where that is not the sum.
pub(super) type Found = BTreeMap<String, Value>;

/// How many findings a report says that a gatherer has.
pub(super) fn findings_of(report: &Value, gatherer: &str) -> Value {
    let mut all = report["gatherers"].as_array().into_iter().flatten();
    all.find(|gathered| gathered["name"] == gatherer)
        .map_or(Value::Null, |gathered| gathered["findings"].clone())
}

/// Sets these numbers.
pub(super) fn set_findings(report: &mut Value, found: &Found) {
    for gathered in report["gatherers"].as_array_mut().into_iter().flatten() {
        let known =
            gathered["name"].as_str().and_then(|name| found.get(name)).filter(|known| !known.is_null());
        if let Some(known) = known {
            gathered["findings"] = known.clone();
        }
    }
}

/// A report as it is written: indented JSON, whose first members tell what it is.
pub(super) fn to_json(mut members: Map<String, Value>) -> Vec<u8> {
    let first = FIRST.iter().filter_map(|name| members.remove_entry(*name)).collect::<Vec<_>>();
    let mut text = Vec::new();
    let mut pretty = serde_json::Serializer::pretty(&mut text);
    let written = pretty.collect_map(first.into_iter().chain(members));
    if written.is_ok() {
        text.push(b'\n');
    }
    text
}

/// Whether nothing in a report says that something is missing.
pub(super) fn is_whole(report: &Value) -> bool {
    let has_none = |key: &str| match &report[key] {
        Value::Null => true,
        Value::Array(all) => all.is_empty(),
        other => *other == 0,
    };
    let is_whole = |gathered: &Value| gathered["status"] == "complete";
    report["complete"] == true
        && has_none("gaps")
        && has_none("gapsNotNamed")
        && report["gatherers"].as_array().is_some_and(|all| all.iter().all(is_whole))
}

/// What identifies the gatherers of a report.
pub(super) fn identity(report: &Value) -> Value {
    let of = |gathered: &Value| json!([gathered["name"], gathered["version"], gathered["module"]["sha256"]]);
    report["gatherers"].as_array().map(|all| all.iter().map(of).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_that_contradicts_itself_is_not_whole() {
        let whole = json!({"complete": true, "gatherers": [{"status": "complete"}]});
        assert!(is_whole(&whole));
        for (key, value) in [
            ("complete", json!(false)),
            ("complete", json!("true")),
            ("gatherers", json!(null)),
            ("gatherers", json!([{"status": "complete"}, {"status": "gaps"}])),
            ("gatherers", json!([{"status": "failed"}])),
            ("gatherers", json!([{}])),
            ("gaps", json!(["list /v1/pods: HTTP 403"])),
            ("gapsNotNamed", json!(3)),
        ] {
            let mut report = whole.clone();
            report[key] = value;
            assert!(!is_whole(&report), "{report}");
        }
    }

    #[test]
    fn reports_add_up() {
        let mut one = json!([{
            "name": "a", "status": "complete", "requests": 3, "durationMs": 1.5, "memoryBytes": 10, "module": {"bytes": 7},
            "resources": [{"resource": "v1/pods", "complete": true, "items": 2}], "warnings": ["w"], "redacted": {"keys": 1},
            "hidden": [{"rule": 2, "resource": "v1/pods", "field": "spec", "objects": 1}]
        }]);
        let other = json!([{
            "name": "a", "status": "gaps", "requests": 4, "retries": 1, "durationMs": 1.25, "memoryBytes": 12, "module": {"bytes": 7},
            "resources": [{"resource": "v1/pods", "complete": false, "items": 5}, {"resource": "v1/nodes", "items": 1}], "warnings": ["w", "x"],
            "redacted": {"keys": 2, "tokens": 1}, "hidden": [{"rule": 2, "resource": "v1/pods", "field": "spec", "objects": 3}]
        }]);
        let (Value::Array(all), Value::Array(others)) = (&mut one, other) else { panic!("lists") };
        add_gatherers(all, others);
        assert_eq!(
            one,
            json!([{
                "name": "a", "status": "gaps", "requests": 7, "retries": 1, "durationMs": 1.5, "memoryBytes": 12, "module": {"bytes": 7},
                "resources": [{"resource": "v1/pods", "complete": false, "items": 7}, {"resource": "v1/nodes", "items": 1}], "warnings": ["w", "x"],
                "redacted": {"keys": 3, "tokens": 1}, "hidden": [{"rule": 2, "resource": "v1/pods", "field": "spec", "objects": 4}]
            }])
        );
    }
}
