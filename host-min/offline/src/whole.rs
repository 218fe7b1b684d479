//! Which lists an archive of this host has as a whole, as its audit and its report say: whatever is not in such a list did not exist.
//!
//! A list is whole if a gatherer piped it into the archive, without a selector and without a limit, if nothing of it is missing, and if
//! neither the grant nor the run kept anything back. Of a list that was read namespace by namespace, the namespaces are whole that the
//! server answered. Of a list of any resource, each list is a list of its own.

use std::collections::HashMap;

use serde_json::value::RawValue;

use crate::members::{Members, elements};
use crate::place::OUR_ROOTS;
use crate::request::Wanted;
use crate::told::Told;

/// Lists that are remembered. A run has a few hundred.
const MAX_LISTS: usize = 100_000;

/// Longer words of a gatherer are cut in the audit, and a selector may be what is cut off.
const MAX_SHOWN_BYTES: usize = 300;

/// The lists that are whole.
#[derive(Default)]
pub(crate) struct Whole {
    /// By resource (`apps/v1/deployments`), the namespaces; empty for all of them.
    lists: HashMap<String, HashMap<String, List>>,
    count: usize,
    /// In how many shards a gatherer piped its part of a list of all namespaces.
    parts: HashMap<(String, String), usize>,
    /// Whether the archive says it at all. Archives of other programs do not.
    is_told: bool,
}

/// What is known of a whole list.
#[derive(Clone, Copy)]
struct List {
    /// Whether there were items. If the archive has none of them, somebody took them out.
    had_items: bool,
    /// Whether names may be others than in the cluster.
    is_obfuscated: bool,
}

/// A line of the audit.
struct Line {
    gatherer: String,
    call: String,
    what: String,
    handle: i64,
    result: String,
}

impl Line {
    fn of(line: &[u8]) -> Option<Line> {
        let line = Members::of(std::str::from_utf8(line).ok()?).ok()?;
        let text = |name| line.text(name).unwrap_or_default();
        let handle = line.json("handle")?.parse().ok()?;
        let [gatherer, call, what, result] = ["gatherer", "call", "what", "result"].map(text);
        Some(Line { gatherer, call, what, handle, result })
    }
}

/// A request, from its start on.
struct Sent {
    /// In the words of the gatherer: they say everything that it asked for.
    what: String,
    /// The lists that were asked for one by one, by resource.
    lists: HashMap<String, Vec<Part>>,
}

/// One of several lists.
struct Part {
    /// `None` for a list of all namespaces.
    namespace: Option<String>,
    is_answered: bool,
}

/// What a report says of a resource.
struct Row {
    items: u64,
    gaps: usize,
    namespaces: HashMap<String, InNamespace>,
}

/// What it says of a namespace of it.
struct InNamespace {
    is_complete: bool,
    items: u64,
}

/// A number; 0 if it is not there.
fn number(of: &Members, name: &str) -> u64 {
    of.json(name).and_then(|json| json.parse().ok()).unwrap_or_default()
}

impl Row {
    /// A row, and the resource.
    fn of(row: &Members) -> Option<(String, Row)> {
        let namespaces = row.objects("namespaces").filter_map(|row| {
            let is_complete = row.text("status").as_deref() == Some("complete");
            Some((row.text("namespace")?, InNamespace { is_complete, items: number(&row, "items") }))
        });
        let gaps = usize::try_from(number(row, "gaps")).unwrap_or(usize::MAX);
        let (items, namespaces) = (number(row, "items"), namespaces.collect());
        Some((row.text("resource")?, Row { items, gaps, namespaces }))
    }
}

/// What holds for all lists of a run.
struct Run {
    /// The rows of each gatherer from which nothing was withheld, by resource.
    gatherers: HashMap<String, HashMap<String, Row>>,
    /// The namespace that the run was narrowed to.
    only: Option<String>,
    /// How many shards it had; 0 if it had none.
    shards: usize,
    is_obfuscated: bool,
}

impl Run {
    /// Reads a report. `None` if the run had a part of each list.
    fn of(report: &[u8]) -> Option<Run> {
        let report = Members::of(std::str::from_utf8(report).ok()?).ok()?;
        let narrowed = report.object("narrowedTo");
        let is_narrowed = |name| narrowed.as_ref().is_some_and(|narrowed| narrowed.json(name).is_some());
        if is_narrowed("selector") || is_narrowed("shard") {
            return None;
        }
        let shards = match report.json("merged") {
            Some(merged) => shards_of(&Members::of(merged).ok()?)?,
            None => 0,
        };
        let gatherers = report.objects("gatherers").filter_map(|gatherer| {
            // In a shard where it failed, it may have asked for nothing.
            let has_run = shards == 0 || gatherer.text("status").as_deref() != Some("failed");
            let is_all = number(&gatherer, "itemsWithheld") == 0 && has_run;
            let rows = gatherer.objects("resources").filter_map(|row| Row::of(&row));
            is_all.then(|| Some((gatherer.text("name")?, rows.collect())))?
        });
        Some(Run {
            gatherers: gatherers.collect(),
            only: narrowed.as_ref().and_then(|narrowed| narrowed.text("namespace")),
            shards,
            is_obfuscated: report.json("obfuscation").is_some(),
        })
    }
}

/// How many shards were merged. `None` if the archive does not have the objects of all of them, each in its place.
fn shards_of(merged: &Members) -> Option<usize> {
    let elements = |name| merged.json(name).and_then(|json| elements(json).ok());
    let is_object = |path: &&RawValue| {
        let path = serde_json::from_str::<String>(path.get()).unwrap_or_default();
        path.split('/').next().is_some_and(|root| OUR_ROOTS.contains(&root))
    };
    let has_all = elements("missing")?.is_empty() && !elements("apart")?.iter().any(is_object);
    let count = usize::try_from(number(merged, "count")).ok();
    count.filter(|_| has_all)
}

impl Whole {
    /// Reads what an archive says.
    pub(crate) fn of(told: &Told) -> Whole {
        let mut whole = Whole { is_told: told.has_report(), ..Whole::default() };
        for (report, audit) in told.outermost() {
            if let Some(run) = Run::of(report) {
                whole.add_audit(audit, &run);
            }
        }
        whole
    }

    fn add_audit(&mut self, audit: &[u8], run: &Run) {
        let mut open: HashMap<(String, i64), Sent> = HashMap::new();
        for line in audit.split(|byte| *byte == b'\n') {
            let Some(Line { gatherer, call, what, handle, result }) = Line::of(line) else { continue };
            let key = (gatherer, handle);
            match (&*call, &*result) {
                ("rest_start", "ok") => _ = open.insert(key, Sent { what, lists: HashMap::new() }),
                ("rest_start", result) => {
                    if let Some((sent, (resource, namespace))) = open.get_mut(&key).zip(list_of(&what)) {
                        let part = Part {
                            namespace: namespace.map(str::to_owned),
                            is_answered: result == "HTTP 200",
                        };
                        sent.lists.entry(resource.to_owned()).or_default().push(part);
                    }
                }
                ("archive_pipe", "ok") => {
                    if let Some(sent) = open.remove(&key)
                        && let Some(rows) = run.gatherers.get(&key.0)
                    {
                        self.add_lists(&key.0, &sent, &what, rows, run);
                    }
                }
                ("rest_close", _) => drop(open.remove(&key)),
                _ => {}
            }
        }
    }

    /// Adds `apps/v1/deployments`, `/v1/pods in shop`, or what `*/*/*` came to. `shown` is the request in the host's words.
    fn add_lists(
        &mut self,
        gatherer: &str,
        sent: &Sent,
        shown: &str,
        rows: &HashMap<String, Row>,
        run: &Run,
    ) {
        let Some((asked, namespace)) = list_of(&sent.what) else { return };
        let namespace = namespace.or(run.only.as_deref()).unwrap_or_default();
        // The report has a line for resources beyond its limit together.
        let row = |resource: &str| match rows.get(resource) {
            Some(row) => (Some(row), true),
            None => (rows.get("others"), false),
        };
        let parts: Vec<&str> = asked.split('/').collect();
        if parts.last() == Some(&"*") {
            for (resource, lists) in &sent.lists {
                self.add_list([gatherer, resource, namespace], lists, row(resource), run);
            }
            return;
        }
        let Some((shown, _)) = list_of(shown) else { return };
        // A gatherer may leave the version to the server: the host's words have it.
        let is_asked = |(asked, shown): (&str, &str)| asked == shown || matches!(asked, "" | "*");
        let shown_parts: Vec<&str> = shown.split('/').collect();
        if parts.len() == shown_parts.len() && parts.into_iter().zip(shown_parts).all(is_asked) {
            let one = [Part { namespace: None, is_answered: true }];
            let lists = sent.lists.get(shown).map_or(&one[..], Vec::as_slice);
            self.add_list([gatherer, shown, namespace], lists, row(shown), run);
        }
    }

    /// Adds the list of a resource, or those of its namespaces that the server answered.
    fn add_list(
        &mut self,
        [gatherer, resource, only]: [&str; 3],
        lists: &[Part],
        (row, is_own): (Option<&Row>, bool),
        run: &Run,
    ) {
        let is_obfuscated = run.is_obfuscated;
        let in_namespaces =
            || lists.iter().filter_map(|list| Some((list.namespace.as_deref()?, list.is_answered)));
        let refused = in_namespaces().filter(|(_, is_answered)| !is_answered).count();
        if row.is_some_and(|row| row.gaps > refused) {
            return;
        }
        // Of a list of all namespaces, each shard has a part.
        let is_part = only.is_empty() && run.shards > 0;
        if lists.iter().all(|list| list.is_answered) && (is_part || in_namespaces().next().is_none()) {
            let had_items = is_own && row.is_some_and(|row| row.items > 0);
            let of_gatherer = [gatherer, resource].map(str::to_owned).into();
            if !is_part || self.add_part(of_gatherer, run.shards) {
                self.add(resource, only, List { had_items, is_obfuscated });
            }
        }
        for (namespace, _) in in_namespaces().filter(|(_, is_answered)| *is_answered) {
            let row = row.and_then(|row| row.namespaces.get(namespace));
            if row.is_none_or(|row| row.is_complete) {
                let had_items = row.is_some_and(|row| row.items > 0);
                self.add(resource, namespace, List { had_items, is_obfuscated });
            }
        }
    }

    /// Whether the parts are all that there are.
    fn add_part(&mut self, of_gatherer: (String, String), shards: usize) -> bool {
        let parts = self.parts.entry(of_gatherer).or_default();
        *parts += 1;
        *parts >= shards
    }

    fn add(&mut self, resource: &str, namespace: &str, list: List) {
        if self.count < MAX_LISTS {
            let namespaces = self.lists.entry(resource.to_owned()).or_default();
            self.count += usize::from(namespaces.insert(namespace.to_owned(), list).is_none());
        }
    }

    /// Whether the archive says which lists are whole.
    pub(crate) fn is_told(&self) -> bool {
        self.is_told
    }

    /// Whether no list is whole.
    pub(crate) fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    /// Whether a list is whole. `has_objects` says whether the archive has objects of the resource in a namespace, or in any.
    pub(crate) fn has(&self, wanted: &Wanted, has_objects: impl Fn(Option<&str>) -> bool) -> bool {
        let Some(namespaces) = self.lists.get(&name_of(wanted)) else { return false };
        let own = wanted.namespace.as_deref().filter(|namespace| !namespace.is_empty());
        [None, own].into_iter().any(|namespace| {
            namespaces.get(namespace.unwrap_or_default()).is_some_and(|list| {
                // Under another name, it may be among the others.
                let may_be_another = list.is_obfuscated && has_objects(None);
                !may_be_another && (!list.had_items || has_objects(namespace))
            })
        })
    }

    /// The resources of which a list is whole: group, version and name, in no order.
    pub(crate) fn resources(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.lists.keys().filter_map(|resource| {
            let parts: Vec<&str> = resource.split('/').collect();
            match parts[..] {
                [version, plural] => Some(("", version, plural)),
                [group, version, plural] => Some((group, version, plural)),
                _ => None,
            }
        })
    }
}

/// The resource, and the namespace if there is one, of `list apps/v1/deployments in shop`; of `list /v1/pods` without the slash. Words
/// that say more are those of a part of a list.
fn list_of(what: &str) -> Option<(&str, Option<&str>)> {
    let list = what.strip_prefix("list ").filter(|_| what.len() < MAX_SHOWN_BYTES)?;
    let (resource, namespace) = match list.split_once(" in ") {
        Some((resource, namespace)) => (resource, Some(namespace)),
        None => (list, None),
    };
    let is_word = |text: &str| !text.contains(' ');
    (is_word(resource) && namespace.is_none_or(is_word))
        .then(|| (resource.strip_prefix('/').unwrap_or(resource), namespace))
}

/// What reports call a resource.
fn name_of(wanted: &Wanted) -> String {
    format!("{}/{}", wanted.api_version(), wanted.plural)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::told::File;
    use serde_json::{Value, json};

    /// What the files of an archive say, which are given by their folders.
    fn read(files: &[(&str, Value, &[Value])]) -> Whole {
        let mut told = Told::default();
        for (folder, report, audit) in files {
            let lines: Vec<String> = audit.iter().map(Value::to_string).collect();
            let content = Some(lines.join("\n").into_bytes());
            told.add(&format!("{folder}audit.jsonl"), File::Audit, content);
            told.add(&format!("{folder}wagather.json"), File::Report, Some(report.to_string().into_bytes()));
        }
        Whole::of(&told)
    }

    fn whole(report: Value, audit: &[Value]) -> Whole {
        read(&[("a/", report, audit), ("c/b/", json!({}), &[])])
    }

    fn wanted(group: &str, plural: &str, namespace: Option<&str>) -> Wanted {
        let [group, version, plural] = [group, "v1", plural].map(String::from);
        Wanted { group, version, plural, namespace: namespace.map(String::from) }
    }

    fn has(whole: &Whole, group: &str, plural: &str, namespace: Option<&str>) -> bool {
        whole.has(&wanted(group, plural, namespace), |_| true)
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
    fn a_list_of_any_resource_is_what_it_was_answered() {
        let answered = |what: &str, result: &str| line("everything", "rest_start", what, 64, result);
        let [start, pipe] = piped("everything", 64, "list */*/*", "ok");
        let lines = [
            start,
            answered("discover /apis", "HTTP 200"),
            answered("list /v1/pods", "HTTP 200"),
            answered("list /v1/services", "HTTP 200"),
            answered("list /v1/absents", "HTTP 404"),
            answered("list apps/v1/deployments in shop", "HTTP 200"),
            answered("list apps/v1/deployments in bank", "HTTP 403"),
            answered("list apps/v1/deployments in torn", "HTTP 200"),
            pipe,
        ];
        let resources = json!([
            {"resource": "v1/secrets", "complete": true, "status": "denied", "items": 0},
            {"resource": "v1/pods", "complete": true, "items": 3},
            {"resource": "v1/services", "complete": false, "items": 3, "gaps": 1},
            {"resource": "v1/absents", "complete": true, "absent": true, "items": 0},
            {"resource": "apps/v1/deployments", "complete": false, "gaps": 1, "namespaces": [
                {"namespace": "shop", "status": "complete"}, {"namespace": "bank", "status": "forbidden"},
                {"namespace": "torn", "status": "failed"},
            ]},
            // Another request had these, with a selector.
            {"resource": "v1/configmaps", "complete": true, "items": 1},
        ]);
        let whole = whole(json!({"gatherers": [{"name": "everything", "resources": resources}]}), &lines);
        assert!(has(&whole, "", "pods", None));
        for plural in ["secrets", "services", "absents", "configmaps"] {
            assert!(!has(&whole, "", plural, None), "{plural}");
        }
        assert!(has(&whole, "apps", "deployments", Some("shop")));
        for namespace in [Some("bank"), Some("torn"), None] {
            assert!(!has(&whole, "apps", "deployments", namespace), "{namespace:?}");
        }
        let mut resources: Vec<_> = whole.resources().collect();
        resources.sort_unstable();
        assert_eq!(resources, [("", "v1", "pods"), ("apps", "v1", "deployments")]);
        // A part of each list.
        for more in [" with limit 5", " with labels a=b"] {
            let mut lines = lines.clone();
            lines[0] = line("everything", "rest_start", &format!("list */*/*{more}"), 64, "ok");
            let report = json!({"gatherers": [{"name": "everything"}]});
            assert!(read(&[("", report, &lines)]).is_empty(), "{more}");
        }
    }

    /// Whoever asks for a version that the server prefers is not told of other resources.
    #[test]
    fn a_version_of_the_server_is_that_of_the_answer() {
        for (asked, shown, plural) in [
            ("list apps/*/deployments", "list apps/v1/deployments", "deployments"),
            ("list apps//deployments", "list apps/v1/deployments", "deployments"),
            ("list apps/v1/deployments", "list apps/v1/daemonsets", ""),
            // The manifest declares patterns of namespaces.
            ("list apps/v1/deployments", "list apps/v1/deployments of some namespaces", ""),
            ("list apps/*/deployments with labels a=b", "list apps/v1/deployments", ""),
        ] {
            let lines =
                [line("g", "rest_start", asked, 64, "ok"), line("g", "archive_pipe", shown, 64, "ok")];
            let resources = json!([
                {"resource": "v1/pods", "complete": true, "items": 3}, {"resource": "apps/v1/deployments", "complete": true},
            ]);
            let whole = whole(json!({"gatherers": [{"name": "g", "resources": resources}]}), &lines);
            assert_eq!(has(&whole, "apps", "deployments", None), !plural.is_empty(), "{asked}");
            assert!(!has(&whole, "", "pods", None) && !has(&whole, "apps", "daemonsets", None));
        }
        // A request may be so long that the audit does not have all of its words.
        let resource = format!("{}/v1/things", "g".repeat(MAX_SHOWN_BYTES - "list /v1/things".len()));
        let lines = piped("g", 64, &format!("list {resource}"), "ok");
        assert!(whole(json!({"gatherers": [{"name": "g"}]}), &lines).is_empty());
    }

    #[test]
    fn handles_are_used_again() {
        let [start, pipe] = piped("g", 64, "list /v1/pods", "ok");
        let lines = [start, line("g", "rest_close", "list /v1/pods", 64, "ok"), pipe];
        assert!(whole(json!({"gatherers": [{"name": "g"}]}), &lines).is_empty());
    }

    /// Somebody took the objects out of the archive, or has only a part of it.
    #[test]
    fn a_list_that_had_items_has_some() {
        let resources = json!([{"resource": "v1/pods", "items": 3}, {"resource": "v1/services", "namespaces": [
            {"namespace": "shop", "status": "complete", "items": 2}, {"namespace": "bank", "status": "complete", "items": 0},
        ]}]);
        let lines = [
            piped("g", 64, "list /v1/pods", "ok").to_vec(),
            vec![
                line("g", "rest_start", "list /v1/services", 65, "ok"),
                line("g", "rest_start", "list /v1/services in shop", 65, "HTTP 200"),
                line("g", "rest_start", "list /v1/services in bank", 65, "HTTP 200"),
                line("g", "archive_pipe", "list /v1/services in bank", 65, "ok"),
            ],
        ]
        .concat();
        let report = |obfuscation: Value| json!({"gatherers": [{"name": "g", "resources": resources}], "obfuscation": obfuscation});
        let plain = whole(report(Value::Null), &lines);
        for (plural, namespace, if_empty) in [
            ("pods", None, false),
            ("pods", Some("shop"), false),
            ("services", Some("shop"), false),
            ("services", Some("bank"), true),
        ] {
            let wanted = wanted("", plural, namespace);
            assert_eq!(plain.has(&wanted, |_| false), if_empty, "{plural} {namespace:?}");
            assert!(plain.has(&wanted, |_| true));
        }
        // What is asked for may be there under a placeholder.
        let obfuscated = whole(report(json!({"ipv4": 1})), &lines);
        assert!(!obfuscated.has(&wanted("", "services", Some("bank")), |_| true));
        assert!(obfuscated.has(&wanted("", "services", Some("bank")), |_| false));
    }

    #[test]
    fn an_archive_of_some_shards_is_not_whole() {
        let lines = piped("g", 64, "list /v1/pods", "ok");
        for (merged, is_whole) in [
            (json!({"missing": [], "apart": ["g/notes.json"]}), true),
            (json!({"missing": [1], "apart": []}), false),
            (json!({"missing": [], "apart": ["namespaces/shop/core/pods/a.json"]}), false),
        ] {
            let report = json!({"gatherers": [{"name": "g"}], "merged": merged});
            assert_eq!(has(&whole(report, &lines), "", "pods", None), is_whole);
        }
    }

    #[test]
    fn each_shard_has_its_part() {
        let of_shard = |gatherer: &str, namespaces: &[&str]| {
            let [start, pipe] = piped(gatherer, 64, "list /v1/pods", "ok");
            let lists = namespaces.iter().map(|namespace| {
                line(gatherer, "rest_start", &format!("list /v1/pods in {namespace}"), 64, "HTTP 200")
            });
            [start].into_iter().chain(lists).chain([pipe]).collect::<Vec<_>>()
        };
        let merged = json!({"count": 2, "missing": [], "apart": []});
        for (lines, status, in_shop, everywhere) in [
            ([of_shard("g", &["shop"]), of_shard("g", &["bank"])], "complete", true, true),
            // A shard may have no namespaces, or all that it has may be read at once.
            ([of_shard("g", &["shop"]), of_shard("g", &[])], "complete", true, true),
            ([of_shard("g", &["shop"]), Vec::new()], "complete", true, false),
            ([of_shard("g", &[]), Vec::new()], "complete", false, false),
            ([of_shard("g", &["shop"]), of_shard("h", &["bank"])], "complete", true, false),
            ([of_shard("g", &["shop"]), of_shard("g", &["bank"])], "failed", false, false),
        ] {
            let gatherers = ["g", "h"].map(|name| json!({"name": name, "status": status}));
            let whole = whole(json!({"gatherers": gatherers, "merged": merged}), &lines.concat());
            assert_eq!(has(&whole, "", "pods", Some("shop")), in_shop, "{lines:?}");
            assert_eq!(has(&whole, "", "pods", None), everywhere, "{lines:?}");
        }
    }

    #[test]
    fn a_gatherer_cannot_say_it() {
        let report = json!({"gatherers": [{"name": "g"}]});
        let lines = piped("g", 64, "list /v1/pods", "ok");
        let forged = ("attacker/", report.clone(), &lines[..]);
        assert!(!has(&read(&[forged.clone(), ("", report, &[])]), "", "pods", None));
        assert!(has(&read(&[forged]), "", "pods", None));
    }

    #[test]
    fn broken_files_say_nothing() {
        let whole = whole(json!({"gatherers": 7}), &[json!([]), json!({"call": "archive_pipe"})]);
        assert!(whole.is_told() && whole.is_empty() && !has(&whole, "", "pods", None));
    }
}
