//! The part of a run's report (`wagather.json`) that the page shows. A report is a file of the archive, so it may be anybody's.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The report. Members that are missing are empty.
#[derive(Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Report {
    /// The version of the program.
    wagather: String,
    /// Whether nothing is missing.
    pub(super) complete: bool,
    /// Where the responses came from.
    source: String,
    gatherers: Vec<Gatherer>,
    narrowed_to: Value,
    obfuscation: Option<Value>,
    gaps: Vec<Gap>,
    gaps_not_named: u64,
    warnings: Vec<String>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
struct Gatherer {
    name: String,
    version: String,
    module: Module,
    status: String,
    reason: String,
    duration_ms: Option<f64>,
    requests: u64,
    retries: u64,
    bytes_received: u64,
    bytes_given: u64,
    items: u64,
    resources: Vec<Resource>,
    gaps: u64,
    items_withheld: u64,
    withheld: Vec<Withheld>,
    objects_reduced: u64,
    hidden: Vec<Hidden>,
    inconsistent_lists: u64,
    duplicates_dropped: u64,
    redacted: std::collections::BTreeMap<String, u64>,
    entries: u64,
    bytes_archived: u64,
    warnings: Vec<String>,
    errors: Vec<String>,
    dropped_lines: u64,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct Module {
    bytes: u64,
    sha256: String,
    reference: String,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
struct Resource {
    resource: String,
    complete: bool,
    absent: bool,
    items: u64,
    gaps: u64,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
struct Gap {
    gatherer: String,
    resource: String,
    asked: String,
    namespace: String,
    status: Option<u16>,
    object: String,
    field: String,
    reason: String,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct Withheld {
    rules: Vec<u64>,
    resource: String,
    items: u64,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
struct Hidden {
    rule: u64,
    resource: String,
    field: String,
    objects: u64,
}

impl Report {
    /// Reads a report.
    pub(super) fn of(report: &Value) -> Result<Report, serde_json::Error> {
        Report::deserialize(report)
    }
}
