//! Finds the __plural__ that are not ready.
//!
//! Writes `not-ready.json`: those whose condition `Ready` is not `True`, and a line with the count to the log.

// Tests run natively, with std.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

// Generated from gather.yaml by `codegen generate`.
mod resources;

use resources::__Kind__;
use wagather::json::ArrayEntry;
use wagather::{Api, ListParams, Result, Serialize, gatherer, log};

#[derive(Serialize)]
struct Finding<'a> {
    namespace: &'a str, // namespaced
    name: &'a str,
    /// `False`, `Unknown`, or nothing if there is no such condition yet.
    ready: &'a str,
}

gatherer!(gather);

fn gather() -> Result<()> {
    let mut findings = ArrayEntry::create("not-ready.json")?;
    let (mut all, mut not_ready) = (0, 0);
    let api = Api::<__Kind__>::all();
    for object in api.list(&ListParams::default())?.items() {
        let object = object?;
        let __Kind__ { metadata, status } = object.get();
        all += 1;
        let mut ready = "";
        for condition in status.conditions {
            if condition.r#type__of_type__ == "Ready" {
                ready = condition.status__of_status__;
            }
        }
        if ready == "True" {
            continue;
        }
        not_ready += 1;
        findings.push(&Finding {
            namespace: metadata.namespace, // namespaced
            name: metadata.name,
            // Add further fields here.
            ready,
        })?;
    }
    log::info!("{} of {} are not ready", not_ready, all);
    findings.close()
}

#[cfg(test)]
mod tests;
