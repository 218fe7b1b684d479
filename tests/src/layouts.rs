//! The shipped recording as archives of other programs, in the layouts that these write.

use crate::pipers;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

/// Makes an archive in a folder.
pub type Make = fn(&Path);

/// Those that have all of the recording, by the name that the host gives them.
pub const WHOLE: [(&str, Make); 3] = [
    ("must-gather", must_gather),
    ("support bundle", support_bundle),
    ("crust-gather archive", crust_gather),
];

/// The shipped recording.
struct Recorded {
    /// The lists by group, version and resource.
    lists: BTreeMap<[String; 3], Value>,
    /// Each log by its namespace, pod and container.
    logs: BTreeMap<[String; 3], String>,
}

fn recorded() -> Recorded {
    let har = std::fs::read(pipers::demo()).expect("a recording");
    let har: Value = serde_json::from_slice(&har).expect("JSON");
    let mut recorded = Recorded { lists: BTreeMap::new(), logs: BTreeMap::new() };
    for entry in har["log"]["entries"].as_array().expect("entries") {
        let url = entry["request"]["url"].as_str().expect("a URL");
        let (path, query) = url["https://cluster.invalid/".len()..].split_once('?').expect("a query");
        let text = entry["response"]["content"]["text"].as_str().expect("text");
        let list = || serde_json::from_str(text).expect("JSON");
        let owned = |parts: [&str; 3]| parts.map(str::to_owned);
        match path.split('/').collect::<Vec<_>>()[..] {
            ["api", version, plural] => {
                recorded.lists.insert(owned(["", version, plural]), list());
            }
            ["apis", group, version, plural] => {
                recorded.lists.insert(owned([group, version, plural]), list());
            }
            ["api", "v1", "namespaces", namespace, "pods", pod, "log"] => {
                let container = query.split('&').find_map(|pair| pair.strip_prefix("container="));
                recorded.logs.insert(owned([namespace, pod, container.expect("named")]), text.to_owned());
            }
            _ => panic!("{url}"),
        }
    }
    recorded
}

impl Recorded {
    /// Objects with what they are, by namespace, group and resource. Each namespace has a list of each resource.
    fn by_namespace(&self) -> BTreeMap<(String, String, String), Vec<Value>> {
        let mut sorted: BTreeMap<(String, String, String), Vec<Value>> = BTreeMap::new();
        let (mut namespaces, mut namespaced) = (BTreeSet::new(), BTreeSet::new());
        for ([group, version, plural], list) in &self.lists {
            for item in list["items"].as_array().expect("items") {
                let mut object = item.clone();
                let api_version =
                    if group.is_empty() { version.clone() } else { format!("{group}/{version}") };
                object["apiVersion"] = api_version.into();
                object["kind"] = kind_of(list).into();
                let namespace = item["metadata"]["namespace"].as_str().unwrap_or_default().to_owned();
                if !namespace.is_empty() {
                    namespaces.insert(namespace.clone());
                    namespaced.insert((group.clone(), plural.clone()));
                }
                sorted.entry((namespace, group.clone(), plural.clone())).or_default().push(object);
            }
        }
        for namespace in &namespaces {
            for (group, plural) in &namespaced {
                sorted.entry((namespace.clone(), group.clone(), plural.clone())).or_default();
            }
        }
        sorted
    }

    /// A document of aggregated discovery: of the core group, or of the others.
    fn discovery(&self, of_core: bool) -> Value {
        let mut groups: BTreeMap<&str, BTreeMap<&str, Vec<Value>>> = BTreeMap::new();
        for ([group, version, plural], list) in &self.lists {
            let items = list["items"].as_array().expect("items");
            let is_namespaced = items.iter().any(|item| item["metadata"]["namespace"].is_string());
            let resource = json!({
                "resource": plural,
                "responseKind": {"group": "", "version": "", "kind": kind_of(list)},
                "scope": if is_namespaced { "Namespaced" } else { "Cluster" },
                "verbs": ["get", "list"],
            });
            if group.is_empty() == of_core {
                groups.entry(group).or_default().entry(version).or_default().push(resource);
            }
        }
        let versions = |versions: BTreeMap<&str, Vec<Value>>| -> Vec<Value> {
            let version =
                |(name, resources)| json!({"version": name, "resources": resources, "freshness": "Current"});
            versions.into_iter().map(version).collect()
        };
        let items: Vec<Value> = groups
            .into_iter()
            .map(|(name, of_group)| json!({"metadata": {"name": name}, "versions": versions(of_group)}))
            .collect();
        json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items})
    }
}

fn kind_of(list: &Value) -> String {
    let of_list =
        list["kind"].as_str().and_then(|kind| kind.strip_suffix("List")).filter(|kind| !kind.is_empty());
    let kind = of_list.or_else(|| list["items"][0]["kind"].as_str());
    kind.expect("a kind").to_owned()
}

fn name_of(object: &Value) -> &str {
    object["metadata"]["name"].as_str().expect("a name")
}

fn write(folder: &Path, path: &str, content: &str) {
    let path = folder.join(path);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(path, content).expect("a file");
}

/// A must-gather: lists in namespaces, objects elsewhere.
pub fn must_gather(folder: &Path) {
    let recorded = recorded();
    write(folder, "timestamp", "2026-11-22 23:56:52.539 +0000 UTC m=+0.1\n");
    for ((namespace, group, plural), objects) in recorded.by_namespace() {
        let group = if group.is_empty() { "core".to_owned() } else { group };
        if namespace.is_empty() {
            for object in objects {
                let path = format!("cluster-scoped-resources/{group}/{plural}/{}.yaml", name_of(&object));
                write(folder, &path, &object.to_string());
            }
        } else {
            // As oc writes it: the items say what they are, and so does a list of none.
            let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
            write(folder, &format!("namespaces/{namespace}/{group}/{plural}.yaml"), &list.to_string());
        }
    }
    for ([namespace, pod, container], log) in &recorded.logs {
        let path = format!("namespaces/{namespace}/pods/{pod}/{container}/{container}/logs/previous.log");
        write(folder, &path, log);
    }
}

/// A support bundle: a list of each resource in each namespace.
pub fn support_bundle(folder: &Path) {
    let recorded = recorded();
    for ((namespace, group, plural), objects) in recorded.by_namespace() {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects}).to_string();
        let path = match (group.contains("openshift"), namespace.is_empty()) {
            (true, true) => format!("custom-resources/{plural}.{group}.json"),
            (true, false) => format!("custom-resources/{plural}.{group}/{namespace}.json"),
            (false, true) => format!("{plural}.json"),
            (false, false) => format!("{plural}/{namespace}.json"),
        };
        write(folder, &format!("bundle/cluster-resources/{path}"), &list);
    }
    for ([namespace, pod, container], log) in &recorded.logs {
        let path = format!("bundle/cluster-resources/pods/logs/{namespace}/{pod}/{container}-previous.log");
        write(folder, &path, log);
    }
}

/// An archive of crust-gather: a file of YAML for each object, in folders that are named after group, version and kind.
pub fn crust_gather(folder: &Path) {
    let recorded = recorded();
    for (name, of_core) in [("api.json", true), ("apis.json", false)] {
        write(folder, name, &recorded.discovery(of_core).to_string());
    }
    write(folder, "version.yaml", "major: \"1\"\nminor: \"36\"\ngitVersion: v1.36.0\n");
    for ((namespace, ..), objects) in recorded.by_namespace() {
        for object in objects {
            let text = |key: &str| object[key].as_str().expect("text");
            let (group_version, kind) = (text("apiVersion").replace('/', "-"), text("kind").to_lowercase());
            let place =
                if namespace.is_empty() { "cluster".to_owned() } else { format!("namespaces/{namespace}") };
            let path = format!("{place}/{group_version}/{kind}/{}.yaml", name_of(&object));
            write(folder, &path, &block(&object));
        }
    }
    for ([namespace, pod, container], log) in &recorded.logs {
        write(folder, &format!("namespaces/{namespace}/v1/pod/{pod}/{container}/previous.log"), log);
    }
}

/// An archive of the Insights operator: nodes, pods and cluster operators, of which the first two do not say what they are, and events
/// without names.
pub fn insights(folder: &Path) {
    let recorded = recorded();
    write(folder, "insights-operator/gathers.json", r#"{"status_reports":[]}"#);
    write(folder, "config/id", "8a2f5c1e-0000-4000-8000-000000000000");
    for ((namespace, _, plural), objects) in recorded.by_namespace() {
        match &*plural {
            "nodes" | "pods" => {
                let kind = plural.trim_end_matches('s');
                for mut object in objects {
                    for key in ["apiVersion", "kind"] {
                        object.as_object_mut().expect("an object").remove(key);
                    }
                    let place = if namespace.is_empty() { String::new() } else { format!("{namespace}/") };
                    let path = format!("config/{kind}/{place}{}.json", name_of(&object));
                    write(folder, &path, &object.to_string());
                }
            }
            "clusteroperators" => {
                for object in objects {
                    let path = format!("config/clusteroperator/{}.json", name_of(&object));
                    write(folder, &path, &object.to_string());
                }
            }
            "events" => {
                let part = |event: &Value| {
                    let kept = ["lastTimestamp", "reason", "message", "type"];
                    let mut part = json!({"namespace": namespace});
                    kept.iter().for_each(|key| part[key] = event[key].clone());
                    part
                };
                let items: Vec<Value> = objects.iter().map(part).collect();
                write(folder, &format!("events/{namespace}.json"), &json!({"items": items}).to_string());
            }
            _ => {}
        }
    }
    for ([namespace, pod, container], log) in &recorded.logs {
        write(folder, &format!("config/pod/{namespace}/logs/{pod}/{container}_previous.log"), log);
    }
}

/// YAML in the style that people know: a line for each key and each scalar.
fn block(value: &Value) -> String {
    let mut out = String::new();
    put(value, 0, &mut out);
    out
}

fn put(value: &Value, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    let mut child = |head: String, value: &Value| {
        let is_nested = match value {
            Value::Object(members) => !members.is_empty(),
            Value::Array(elements) => !elements.is_empty(),
            _ => false,
        };
        if is_nested {
            let _ = writeln!(out, "{indent}{head}");
            put(value, depth + 1, out);
        } else {
            let _ = writeln!(out, "{indent}{head} {}", scalar(value));
        }
    };
    match value {
        Value::Object(members) => {
            members
                .iter()
                .for_each(|(key, value)| child(format!("{}:", scalar(&key.as_str().into())), value));
        }
        Value::Array(elements) => elements.iter().for_each(|value| child("-".to_owned(), value)),
        _ => unreachable!("an object is nested"),
    }
}

/// Words as they are, and other text in quotation marks.
fn scalar(value: &Value) -> String {
    let is_word = |text: &str| {
        text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text.chars().all(|character| character.is_ascii_alphanumeric() || "-./".contains(character))
            && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&&*text.to_lowercase())
    };
    match value {
        Value::String(text) if is_word(text) => text.clone(),
        // Raw, these two end a line.
        other => other.to_string().replace('\u{2028}', r"\L").replace('\u{2029}', r"\P"),
    }
}
