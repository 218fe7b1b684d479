//! The report as objects that a cluster can hold, and its dashboards show: `PolicyReport` and `ClusterPolicyReport` of the Kubernetes Policy
//! working group, or `Report` and `ClusterReport` of OpenReports, which continue them.

use super::{Shown, suites};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use wagather_findings::{Finding, Severity};

/// The most results of an object. An object of the API server has at most 1.5 MB.
const MAX_RESULTS: usize = 500;

/// Which API the objects are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Api {
    /// `wgpolicyk8s.io/v1alpha2`.
    PolicyReport,
    /// `openreports.io/v1alpha1`.
    OpenReports,
}

impl Api {
    const fn version(self) -> &'static str {
        match self {
            Api::PolicyReport => "wgpolicyk8s.io/v1alpha2",
            Api::OpenReports => "openreports.io/v1alpha1",
        }
    }

    const fn kind(self, is_namespaced: bool) -> &'static str {
        match (self, is_namespaced) {
            (Api::PolicyReport, true) => "PolicyReport",
            (Api::PolicyReport, false) => "ClusterPolicyReport",
            (Api::OpenReports, true) => "Report",
            (Api::OpenReports, false) => "ClusterReport",
        }
    }
}

/// The objects of an archive, as a list that can be applied.
pub(super) fn list(shown: &Shown, api: Api) -> Value {
    let mut items = Vec::new();
    for suite in suites(&shown.gathered).iter().filter(|suite| suite.judges) {
        let mut by_namespace: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
        // Without findings, an object says that there are none.
        by_namespace.entry("").or_default();
        for finding in &suite.findings {
            let namespace = finding.object.as_ref().and_then(|object| object.namespace.as_deref());
            by_namespace.entry(namespace.unwrap_or_default()).or_default().push(finding);
        }
        for (namespace, findings) in by_namespace {
            let mut pieces: Vec<&[&Finding]> = findings.chunks(MAX_RESULTS).collect();
            if pieces.is_empty() {
                pieces.push(&[]);
            }
            for (number, findings) in pieces.into_iter().enumerate() {
                let unread = suite.unread.filter(|_| namespace.is_empty() && number == 0);
                items.push(object(api, suite.gatherer, namespace, number, findings, unread));
            }
        }
    }
    json!({"apiVersion": "v1", "kind": "List", "items": items})
}

fn object(
    api: Api,
    gatherer: &str,
    namespace: &str,
    number: usize,
    findings: &[&Finding],
    unread: Option<&str>,
) -> Value {
    // What a name may have: a gatherer's may have capitals and underscores.
    let name: String = gatherer
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .collect();
    let name = format!("wagather-{}", name.trim_matches('-'));
    let name = if number == 0 { name } else { format!("{name}-{}", number + 1) };
    let mut metadata = json!({"name": name, "labels": {"app.kubernetes.io/managed-by": "wagather"}});
    if !namespace.is_empty() {
        metadata["namespace"] = namespace.into();
    }
    let count = |severity: Severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let error = unread.map(|reason| {
        let file = wagather_findings::FILE;
        json!({"source": "wagather", "policy": gatherer, "rule": file, "result": "error", "scored": true, "message": reason})
    });
    let errors = usize::from(error.is_some());
    json!({
        "apiVersion": api.version(),
        "kind": api.kind(!namespace.is_empty()),
        "metadata": metadata,
        "results": error.into_iter().chain(findings.iter().map(|finding| result(gatherer, finding))).collect::<Vec<_>>(),
        "summary": {
            "pass": 0,
            "fail": count(Severity::Error),
            "warn": count(Severity::Warning),
            "error": errors,
            "skip": count(Severity::Info),
        },
    })
}

fn result(gatherer: &str, finding: &Finding) -> Value {
    let (result, severity) = match finding.severity {
        Severity::Error => ("fail", "high"),
        Severity::Warning => ("warn", "medium"),
        Severity::Info => ("skip", "info"),
    };
    let mut out = json!({
        "source": "wagather",
        "policy": gatherer,
        "rule": finding.code,
        "result": result,
        "severity": severity,
        // As the API has it: what is against a policy that is not scored is a warning.
        "scored": finding.severity == Severity::Error,
        "message": finding.message,
    });
    if let Some(object) = &finding.object {
        out["resources"] = json!([object]);
    }
    let since = finding.since.as_deref().and_then(|since| humantime::parse_rfc3339(since).ok());
    if let Some(since) = since.and_then(|since| since.duration_since(std::time::UNIX_EPOCH).ok()) {
        out["timestamp"] = json!({"seconds": since.as_secs(), "nanos": since.subsec_nanos()});
    }
    if !finding.properties.is_empty() {
        out["properties"] = json!(finding.properties);
    }
    out
}
