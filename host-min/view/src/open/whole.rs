//! Which lists an archive of this host has as a whole, as its audit and its report say: whatever is not in such a list did not exist.
//!
//! A list is whole if a gatherer piped it into the archive, without a selector, and the grant kept nothing back. A gatherer that asks for
//! any resource has what its report calls complete.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use super::target::Target;

/// The file with the requests of all gatherers.
pub(super) const AUDIT: &str = "audit.jsonl";
/// The file with their results.
pub(super) const REPORT: &str = "wagather.json";

/// Lists that are remembered. A run has a few hundred.
const MAX_LISTS: usize = 100_000;

/// The lists that are whole.
#[derive(Default)]
pub(super) struct Whole {
    /// By resource (`apps/v1/deployments`), the namespaces; empty for all of them.
    lists: HashMap<String, HashSet<String>>,
    count: usize,
}

/// A line of the audit.
#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    gatherer: String,
    call: String,
    #[serde(default)]
    what: String,
    result: String,
}

/// What is read of a report.
#[derive(Deserialize)]
struct Report {
    gatherers: Vec<Gatherer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Gatherer {
    name: String,
    #[serde(default)]
    items_withheld: u64,
    #[serde(default)]
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
struct Resource {
    resource: String,
    #[serde(default)]
    complete: bool,
    #[serde(default)]
    absent: bool,
    #[serde(default)]
    namespaces: Vec<InNamespace>,
}

#[derive(Deserialize)]
struct InNamespace {
    namespace: String,
    status: String,
}

impl Whole {
    /// Reads the files of an archive that say it, in any order.
    pub(super) fn read(files: &[(String, Vec<u8>)]) -> Whole {
        let mut whole = Whole::default();
        let in_folder = |path: &str| path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let named =
            |name: &'static str| files.iter().filter(move |(path, _)| path.rsplit('/').next() == Some(name));
        for (path, report) in named(REPORT) {
            let Ok(Report { gatherers }) = serde_json::from_slice(report) else { continue };
            let audit = named(AUDIT).find(|(audit, _)| in_folder(audit) == in_folder(path));
            let Some((_, audit)) = audit else { continue };
            let gatherers: HashMap<&str, &Gatherer> = gatherers
                .iter()
                .filter(|gatherer| gatherer.items_withheld == 0)
                .map(|gatherer| (&*gatherer.name, gatherer))
                .collect();
            for line in audit.split(|byte| *byte == b'\n') {
                let Ok(line) = serde_json::from_slice::<Line>(line) else { continue };
                if line.call == "archive_pipe"
                    && line.result == "ok"
                    && let Some(gatherer) = gatherers.get(&*line.gatherer)
                    && let Some(list) = line.what.strip_prefix("list ")
                {
                    whole.add_list(list, gatherer);
                }
            }
        }
        whole
    }

    /// Adds `apps/v1/deployments`, `/v1/pods in shop`, or what `*/*/*` came to.
    fn add_list(&mut self, list: &str, gatherer: &Gatherer) {
        let (resource, namespace) = list.split_once(" in ").unwrap_or((list, ""));
        let resource = resource.strip_prefix('/').unwrap_or(resource);
        if resource.contains(' ') || namespace.contains(' ') {
            return;
        }
        if !resource.contains('*') {
            return self.add(resource, namespace);
        }
        for each in &gatherer.resources {
            if !each.namespaces.is_empty() {
                let complete = each.namespaces.iter().filter(|list| list.status == "complete");
                complete.for_each(|list| self.add(&each.resource, &list.namespace));
            } else if each.complete && !each.absent {
                self.add(&each.resource, namespace);
            }
        }
    }

    fn add(&mut self, resource: &str, namespace: &str) {
        if self.count < MAX_LISTS
            && self.lists.entry(resource.to_owned()).or_default().insert(namespace.to_owned())
        {
            self.count += 1;
        }
    }

    /// Whether the list of a target is whole.
    pub(super) fn has(&self, target: &Target) -> bool {
        let resource = format!("{}/{}", target.api_version(), target.plural);
        let Some(namespaces) = self.lists.get(&resource) else { return false };
        namespaces.contains("")
            || target.namespace.as_ref().is_some_and(|namespace| namespaces.contains(namespace))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn whole(report: Value, audit: &[Value]) -> Whole {
        let lines: Vec<String> = audit.iter().map(Value::to_string).collect();
        let files = [
            ("a/audit.jsonl".to_owned(), lines.join("\n").into_bytes()),
            ("b/audit.jsonl".to_owned(), b"{}".to_vec()),
            ("a/wagather.json".to_owned(), report.to_string().into_bytes()),
        ];
        Whole::read(&files)
    }

    fn has(whole: &Whole, group: &str, plural: &str, namespace: Option<&str>) -> bool {
        let [group, version, plural] = [group, "v1", plural].map(String::from);
        whole.has(&Target { group, version, plural, namespace: namespace.map(String::from) })
    }

    fn line(gatherer: &str, call: &str, what: &str, result: &str) -> Value {
        json!({"gatherer": gatherer, "call": call, "what": what, "result": result})
    }

    #[test]
    fn what_was_piped_whole_is_whole() {
        let whole = whole(
            json!({"gatherers": [{"name": "g"}, {"name": "h", "itemsWithheld": 1}]}),
            &[
                line("g", "archive_pipe", "list /v1/pods", "ok"),
                line("g", "archive_pipe", "list /v1/services in shop", "ok"),
                line("g", "archive_pipe", "list /v1/events with fields type=Warning", "ok"),
                line("g", "archive_pipe", "list apps/v1/deployments", "ok"),
                line("g", "archive_pipe", "list apps/v1/daemonsets", "forbidden"),
                line("g", "rest_start", "list apps/v1/replicasets", "ok"),
                line("g", "archive_pipe", "get /v1/nodes", "ok"),
                line("h", "archive_pipe", "list batch/v1/jobs", "ok"),
                line("unknown", "archive_pipe", "list batch/v1/cronjobs", "ok"),
            ],
        );
        assert!(has(&whole, "", "pods", None) && has(&whole, "", "pods", Some("any")));
        assert!(has(&whole, "", "services", Some("shop")) && !has(&whole, "", "services", None));
        assert!(has(&whole, "apps", "deployments", None));
        for (group, plural) in [
            ("", "events"),
            ("apps", "daemonsets"),
            ("apps", "replicasets"),
            ("", "nodes"),
            ("batch", "jobs"),
            ("batch", "cronjobs"),
        ] {
            assert!(!has(&whole, group, plural, None), "{plural}");
        }
    }

    #[test]
    fn any_resource_is_what_the_report_says() {
        let whole = whole(
            json!({"gatherers": [{"name": "everything", "resources": [
                {"resource": "v1/pods", "complete": true, "items": 3},
                {"resource": "v1/services", "complete": false, "items": 3},
                {"resource": "v1/absents", "complete": true, "absent": true, "items": 0},
                {"resource": "apps/v1/deployments", "complete": false, "namespaces": [
                    {"namespace": "shop", "status": "complete"}, {"namespace": "bank", "status": "forbidden"},
                ]},
            ]}]}),
            &[line("everything", "archive_pipe", "list */*/*", "ok")],
        );
        assert!(has(&whole, "", "pods", None));
        assert!(!has(&whole, "", "services", None) && !has(&whole, "", "absents", None));
        assert!(has(&whole, "apps", "deployments", Some("shop")));
        assert!(
            !has(&whole, "apps", "deployments", Some("bank")) && !has(&whole, "apps", "deployments", None)
        );
    }

    #[test]
    fn broken_files_say_nothing() {
        let whole = whole(json!({"gatherers": 7}), &[json!([]), json!({"call": "archive_pipe"})]);
        assert!(!has(&whole, "", "pods", None));
    }
}
