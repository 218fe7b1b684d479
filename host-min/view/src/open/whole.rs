//! Which lists an archive of this host has as a whole, as its audit and its report say: whatever is not in such a list did not exist.
//!
//! A list is whole if a gatherer piped it into the archive, without a selector and without a limit, if nothing of it is missing, and if
//! neither the grant nor the run kept anything back. Of a list that was read namespace by namespace, the namespaces are whole that the
//! server answered. A gatherer that asks for any resource has what its report calls complete.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use serde::de::IgnoredAny;

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
    /// Whether the archive says it at all. Archives of other programs do not.
    is_told: bool,
}

/// A line of the audit.
#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    gatherer: String,
    call: String,
    #[serde(default)]
    what: String,
    handle: Option<i64>,
    result: String,
}

/// A request, from its start on.
struct Sent {
    /// In the words of the gatherer: they say everything that it asked for.
    what: String,
    /// The namespaces that were asked for one by one, and whether the server answered.
    namespaces: Vec<(String, bool)>,
}

/// What is read of a report.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    gatherers: Vec<Gatherer>,
    #[serde(default)]
    narrowed_to: Narrowed,
}

/// What the run was narrowed to.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Narrowed {
    namespace: Option<String>,
    selector: Option<IgnoredAny>,
    shard: Option<IgnoredAny>,
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
    /// `denied`, `alias` or `notListable`, for example, if a list of any resource left it out. That is no gap.
    #[serde(default)]
    status: String,
    #[serde(default)]
    gaps: usize,
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
        // A gatherer may write files of such names below its folder: only the outermost ones are the host's.
        let depth = |path: &str| path.split('/').count();
        let outermost = named(REPORT).map(|(path, _)| depth(path)).min();
        for (path, report) in named(REPORT).filter(|(path, _)| Some(depth(path)) == outermost) {
            let Ok(Report { gatherers, narrowed_to }) = serde_json::from_slice(report) else { continue };
            let audit = named(AUDIT).find(|(audit, _)| in_folder(audit) == in_folder(path));
            let Some((_, audit)) = audit else { continue };
            whole.is_told = true;
            // Such a run has a part of each list.
            if narrowed_to.selector.is_some() || narrowed_to.shard.is_some() {
                continue;
            }
            let gatherers: HashMap<&str, &Gatherer> = gatherers
                .iter()
                .filter(|gatherer| gatherer.items_withheld == 0)
                .map(|gatherer| (&*gatherer.name, gatherer))
                .collect();
            whole.add_audit(audit, &gatherers, narrowed_to.namespace.as_deref());
        }
        whole
    }

    fn add_audit(&mut self, audit: &[u8], gatherers: &HashMap<&str, &Gatherer>, only: Option<&str>) {
        let mut open: HashMap<(String, i64), Sent> = HashMap::new();
        for line in audit.split(|byte| *byte == b'\n') {
            let Ok(Line { gatherer, call, what, handle: Some(handle), result }) =
                serde_json::from_slice(line)
            else {
                continue;
            };
            let key = (gatherer, handle);
            match (&*call, &*result) {
                ("rest_start", "ok") => _ = open.insert(key, Sent { what, namespaces: Vec::new() }),
                ("rest_start", result) => {
                    let namespace = what.rsplit_once(" in ").map(|(_, namespace)| namespace.to_owned());
                    if let Some((sent, namespace)) = open.get_mut(&key).zip(namespace) {
                        sent.namespaces.push((namespace, result == "HTTP 200"));
                    }
                }
                ("archive_pipe", "ok") => {
                    if let Some(sent) = open.remove(&key)
                        && let Some(gatherer) = gatherers.get(&*key.0)
                    {
                        self.add_list(&sent, &what, gatherer, only);
                    }
                }
                _ => {}
            }
        }
    }

    /// Adds `apps/v1/deployments`, `/v1/pods in shop`, or what `*/*/*` came to. `only` is the namespace that the run was narrowed to.
    fn add_list(&mut self, sent: &Sent, shown: &str, gatherer: &Gatherer, only: Option<&str>) {
        let Some(list) = sent.what.strip_prefix("list ") else { return };
        let (resource, namespace) = list.split_once(" in ").unwrap_or((list, only.unwrap_or_default()));
        let resource = resource.strip_prefix('/').unwrap_or(resource);
        if resource.contains(' ') || namespace.contains(' ') {
            return;
        }
        if resource.contains('*') {
            for each in &gatherer.resources {
                if !each.namespaces.is_empty() {
                    let complete = each.namespaces.iter().filter(|list| list.status == "complete");
                    complete.for_each(|list| self.add(&each.resource, &list.namespace));
                } else if each.complete && !each.absent && matches!(&*each.status, "" | "complete") {
                    self.add(&each.resource, namespace);
                }
            }
            return;
        }
        // A gatherer that leaves the version to the server: the host's words have it.
        let shown =
            shown.strip_prefix("list ").and_then(|list| list.split(" in ").next()).unwrap_or_default();
        let resource = match resource.split('/').any(str::is_empty) {
            true => shown.strip_prefix('/').unwrap_or(shown),
            false => resource,
        };
        let refused = sent.namespaces.iter().filter(|(_, is_answered)| !is_answered).count();
        // The report has a line for resources beyond its limit together.
        let result = ["others", resource]
            .into_iter()
            .rev()
            .find_map(|name| gatherer.resources.iter().find(|each| each.resource == name));
        if result.is_some_and(|result| result.gaps > refused) {
            return;
        }
        if sent.namespaces.is_empty() {
            return self.add(resource, namespace);
        }
        let answered = sent.namespaces.iter().filter(|(_, is_answered)| *is_answered);
        answered.for_each(|(namespace, _)| self.add(resource, namespace));
    }

    fn add(&mut self, resource: &str, namespace: &str) {
        if self.count < MAX_LISTS
            && self.lists.entry(resource.to_owned()).or_default().insert(namespace.to_owned())
        {
            self.count += 1;
        }
    }

    /// Whether the archive says which lists are whole.
    pub(super) fn is_told(&self) -> bool {
        self.is_told
    }

    /// Whether the list of a target is whole.
    pub(super) fn has(&self, target: &Target) -> bool {
        let Target { group, version, plural, namespace } = target;
        let has = |group: &str| {
            let qualified = if group.is_empty() { String::new() } else { format!("{group}/") };
            let namespaces = self.lists.get(&format!("{qualified}{version}/{plural}"));
            namespaces.is_some_and(|namespaces| {
                namespaces.contains("")
                    || namespace.as_ref().is_some_and(|namespace| namespaces.contains(namespace))
            })
        };
        // Events are in two groups. A list of one has those of the other.
        has(group) || wagather_offline::other_group(group, version, plural).is_some_and(has)
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

    fn line(gatherer: &str, call: &str, what: &str, handle: i64, result: &str) -> Value {
        json!({"gatherer": gatherer, "call": call, "what": what, "handle": handle, "result": result})
    }

    /// The lines of a request that is piped. The last one has the host's words.
    fn piped(gatherer: &str, handle: i64, what: &str, result: &str) -> [Value; 2] {
        let shown = what.split(" with ").next().expect("words");
        [
            line(gatherer, "rest_start", what, handle, "ok"),
            line(gatherer, "archive_pipe", shown, handle, result),
        ]
    }

    #[test]
    fn what_was_piped_whole_is_whole() {
        let mut lines: Vec<Value> = [
            ("g", "list /v1/pods", "ok"),
            ("g", "list /v1/services in shop", "ok"),
            ("g", "list /v1/events with fields type=Warning", "ok"),
            ("g", "list /v1/configmaps with limit 5", "ok"),
            ("g", "list apps/v1/deployments", "ok"),
            ("g", "list apps/v1/daemonsets", "forbidden"),
            ("g", "list apps/v1/statefulsets", "ok"),
            ("g", "get /v1/nodes named a", "ok"),
            ("h", "list batch/v1/jobs", "ok"),
            ("unknown", "list batch/v1/cronjobs", "ok"),
        ]
        .into_iter()
        .zip(64..)
        .flat_map(|((gatherer, what, result), handle)| piped(gatherer, handle, what, result))
        .collect();
        lines.push(line("g", "rest_start", "list apps/v1/replicasets", 99, "ok"));
        // The host's words alone do not say whether there was a selector.
        lines.push(line("g", "archive_pipe", "list policy/v1/poddisruptionbudgets", 100, "ok"));
        let broken = json!([{"resource": "apps/v1/statefulsets", "complete": false, "gaps": 1}]);
        let whole = whole(
            json!({"gatherers": [{"name": "g", "resources": broken}, {"name": "h", "itemsWithheld": 1}]}),
            &lines,
        );
        assert!(whole.is_told());
        assert!(has(&whole, "", "pods", None) && has(&whole, "", "pods", Some("any")));
        assert!(has(&whole, "", "services", Some("shop")) && !has(&whole, "", "services", None));
        assert!(has(&whole, "apps", "deployments", None));
        for (group, plural) in [
            ("", "events"),
            ("", "configmaps"),
            ("apps", "daemonsets"),
            ("apps", "statefulsets"),
            ("apps", "replicasets"),
            ("policy", "poddisruptionbudgets"),
            ("", "nodes"),
            ("batch", "jobs"),
            ("batch", "cronjobs"),
        ] {
            assert!(!has(&whole, group, plural, None), "{plural}");
        }
    }

    #[test]
    fn namespaces_that_the_server_refused_are_not_whole() {
        let lines = [
            line("g", "rest_start", "list /v1/pods", 64, "ok"),
            line("g", "rest_start", "list /v1/pods in shop", 64, "HTTP 200"),
            line("g", "rest_start", "list /v1/pods in third", 64, "HTTP 403"),
            line("g", "archive_pipe", "list /v1/pods in third", 64, "ok"),
        ];
        for (gaps, shop) in [(1, true), (2, false)] {
            let resources = json!([{"resource": "v1/pods", "complete": false, "gaps": gaps}]);
            let whole = whole(json!({"gatherers": [{"name": "g", "resources": resources}]}), &lines);
            assert_eq!(has(&whole, "", "pods", Some("shop")), shop);
            assert!(!has(&whole, "", "pods", Some("third")) && !has(&whole, "", "pods", None));
        }
    }

    #[test]
    fn a_narrowed_run_has_parts_of_lists() {
        for (narrowed, shop) in [
            (json!({"namespace": "shop"}), true),
            (json!({"selector": "a=b"}), false),
            (json!({"shard": {"index": 0, "count": 2}}), false),
        ] {
            let report = json!({"gatherers": [{"name": "g"}], "narrowedTo": narrowed});
            let whole = whole(report, &piped("g", 64, "list /v1/pods", "ok"));
            assert_eq!(has(&whole, "", "pods", Some("shop")), shop);
            assert!(!has(&whole, "", "pods", None) && !has(&whole, "", "pods", Some("bank")));
        }
    }

    #[test]
    fn any_resource_is_what_the_report_says() {
        let whole = whole(
            json!({"gatherers": [{"name": "everything", "resources": [
                {"resource": "v1/pods", "complete": true, "items": 3},
                {"resource": "v1/services", "complete": false, "items": 3},
                {"resource": "v1/absents", "complete": true, "absent": true, "items": 0},
                {"resource": "v1/nodes", "complete": true, "status": "complete", "items": 3},
                {"resource": "v1/secrets", "complete": true, "status": "denied", "items": 0},
                {"resource": "events.k8s.io/v1/events", "complete": true, "status": "alias", "items": 0},
                {"resource": "v1/bindings", "complete": true, "status": "notListable", "items": 0},
                {"resource": "apps/v1/deployments", "complete": false, "namespaces": [
                    {"namespace": "shop", "status": "complete"}, {"namespace": "bank", "status": "forbidden"},
                ]},
            ]}]}),
            &piped("everything", 64, "list *//*", "ok"),
        );
        assert!(has(&whole, "", "pods", None) && has(&whole, "", "nodes", None));
        for (group, plural) in [
            ("", "services"),
            ("", "absents"),
            ("", "secrets"),
            ("events.k8s.io", "events"),
            ("", "events"),
            ("", "bindings"),
        ] {
            assert!(!has(&whole, group, plural, None), "{plural}");
        }
        assert!(has(&whole, "apps", "deployments", Some("shop")));
        assert!(
            !has(&whole, "apps", "deployments", Some("bank")) && !has(&whole, "apps", "deployments", None)
        );
    }

    /// A list of any resource asks for one of the two.
    #[test]
    fn events_of_one_group_are_those_of_the_other() {
        for (listed, left_out) in
            [("v1/events", "events.k8s.io/v1/events"), ("events.k8s.io/v1/events", "v1/events")]
        {
            let whole = whole(
                json!({"gatherers": [{"name": "everything", "resources": [
                    {"resource": listed, "complete": true, "status": "complete", "items": 3},
                    {"resource": left_out, "complete": true, "status": "alias", "items": 0},
                ]}]}),
                &piped("everything", 64, "list *//*", "ok"),
            );
            assert!(has(&whole, "", "events", None) && has(&whole, "events.k8s.io", "events", Some("shop")));
            assert!(!has(&whole, "apps", "events", None));
        }
    }

    #[test]
    fn a_gatherer_cannot_say_it() {
        let lines: Vec<String> = piped("g", 64, "list /v1/pods", "ok").iter().map(Value::to_string).collect();
        let report = json!({"gatherers": [{"name": "g"}]}).to_string().into_bytes();
        let files = [
            ("attacker/audit.jsonl".to_owned(), lines.join("\n").into_bytes()),
            ("attacker/wagather.json".to_owned(), report.clone()),
            ("audit.jsonl".to_owned(), Vec::new()),
            ("wagather.json".to_owned(), report),
        ];
        assert!(!has(&Whole::read(&files), "", "pods", None));
        assert!(has(&Whole::read(&files[..2]), "", "pods", None));
    }

    #[test]
    fn broken_files_say_nothing() {
        let whole = whole(json!({"gatherers": 7}), &[json!([]), json!({"call": "archive_pipe"})]);
        assert!(!has(&whole, "", "pods", None));
    }
}
