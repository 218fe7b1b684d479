//! From a grant file's text to a [`Grant`]: the schema, key by key.

use super::module::{Digest, PublicKey};
use super::pattern::{FieldPath, Glob, PathPattern, ResourcePattern};
use super::{Budgets, Grant, Places, Rule};
use crate::quantity;
use std::convert::Infallible;
use std::fmt::Display;
use wagather_abi::manifest::{Verbs, is_name};
use wagather_base::limits::{MAX_MEMORY_BYTES, MIN_MEMORY_BYTES};
use wagather_json::redact;
use wagather_yaml::{self as yaml, Map, Mistakes, Node, Value, listed, nearest};

const API_VERSION: &str = "wagather/v1";
const KIND: &str = "Grant";

/// Keys that a grant does not have, and what to write instead. Grants had `groups`, `names` and `paths` before they followed RBAC.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("paths", "nonResourceURLs"),
    ("path", "nonResourceURLs"),
    ("timeout", "time"),
    ("pins", "modules"),
    ("keys", "signers"),
    ("limits", "budgets"),
];

/// The same within a rule.
const OTHER_WORDS_OF_RULES: &[(&str, &str)] = &[
    ("groups", "apiGroups"),
    ("group", "apiGroups"),
    ("names", "resourceNames"),
    ("name", "resourceNames"),
    ("fields", "without"),
    ("nonResourceURLs", "write nonResourceURLs beside rules, not in a rule"),
    ("paths", "write nonResourceURLs beside rules, not in a rule"),
];

/// Kubernetes' other verbs, so that they are not taken for misspelt ones.
const VERBS_OF_OTHERS: &[&str] =
    &["watch", "create", "update", "patch", "delete", "deletecollection", "impersonate", "bind", "escalate"];

pub(super) fn grant(text: &str) -> Result<Grant, Vec<yaml::Error>> {
    let root = yaml::parse(text).map_err(|error| vec![error])?;
    if root.is_null() {
        return Err(vec![root.error(format!(
            "the file is empty; a grant begins with 'apiVersion: {API_VERSION}' and 'kind: {KIND}'"
        ))]);
    }
    let mut mistakes = Mistakes::default();
    let grant = whole(&root, &mut mistakes);
    let mistakes = mistakes.all();
    match grant {
        Some(grant) if mistakes.is_empty() => Ok(grant),
        _ => Err(mistakes),
    }
}

fn whole(root: &Node, mistakes: &mut Mistakes) -> Option<Grant> {
    let map = mistakes.map(
        root,
        "a grant",
        &["apiVersion", "kind"],
        &["modules", "signers", "wasi", "rules", "nonResourceURLs", "budgets", "redact"],
        OTHER_WORDS,
    )?;
    for (key, expected) in [("apiVersion", API_VERSION), ("kind", KIND)] {
        if let Some(node) = map.get(key) {
            mistakes.text(node, key, |text| {
                if text == expected { Ok(()) } else { Err(format!("the {key} of a grant is {expected}")) }
            });
        }
    }
    if map.get("rules").is_none() && map.get("nonResourceURLs").is_none() {
        mistakes.tell(
            root.place,
            "this grant allows nothing: it has neither rules nor nonResourceURLs; write 'rules: []' if you mean that",
        );
    }
    let items = |mistakes: &mut Mistakes, key: &str| -> &[Node] {
        map.get(key).map_or(&[], |node| mistakes.items(node, key, None))
    };
    Some(Grant {
        file: String::new(),
        rules: items(mistakes, "rules").iter().filter_map(|node| rule(node, mistakes)).collect(),
        non_resource_urls: items(mistakes, "nonResourceURLs")
            .iter()
            .filter_map(|node| mistakes.item(node, "nonResourceURLs", PathPattern::parse))
            .collect(),
        modules: map.get("modules").map_or(Vec::new(), |node| modules(node, mistakes)),
        signers: map.get("signers").map_or(Vec::new(), |node| {
            mistakes.texts(node, "signers", "omit it if no signature is required", PublicKey::parse)
        }),
        wasi: map.get("wasi").and_then(|node| mistakes.text(node, "wasi", truth)).unwrap_or(true),
        budgets: map.get("budgets").map_or(Budgets::default(), |node| budgets(node, mistakes)),
        redact: map.get("redact").map_or(redact::Rules::default(), |node| redact(node, mistakes)),
    })
}

fn truth(text: &str) -> Result<bool, String> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("it is true or false".into()),
    }
}

fn rule(node: &Node, mistakes: &mut Mistakes) -> Option<Rule> {
    let map = mistakes.map(
        node,
        "a rule",
        &["verbs", "apiGroups", "resources"],
        &["namespaces", "resourceNames", "without"],
        OTHER_WORDS_OF_RULES,
    )?;
    let mut verbs = Verbs::default();
    if let Some(node) = map.get("verbs") {
        for verb in mistakes.texts(node, "verbs", "it grants nothing", verb) {
            match verb {
                "get" => verbs.get = true,
                _ => verbs.list = true,
            }
        }
    }
    let all = "it matches nothing; omit it to match all";
    Some(Rule {
        verbs,
        api_groups: map.get("apiGroups").map_or(Vec::new(), |node| {
            mistakes.texts(node, "apiGroups", r#"the core group is "", and "*" is any group"#, group)
        }),
        resources: map.get("resources").map_or(Vec::new(), |node| {
            mistakes.texts(node, "resources", "it grants nothing", ResourcePattern::parse)
        }),
        namespaces: map
            .get("namespaces")
            .map(|node| mistakes.texts(node, "namespaces", all, Glob::of_namespaces)),
        resource_names: map
            .get("resourceNames")
            .map(|node| mistakes.texts(node, "resourceNames", all, Glob::of_objects)),
        without: map.get("without").map_or(Vec::new(), |node| {
            mistakes.texts(node, "without", "omit it if no field is removed", FieldPath::parse)
        }),
        places: Places {
            namespaces: places(map.get("namespaces")),
            resource_names: places(map.get("resourceNames")),
            without: places(map.get("without")),
        },
    })
}

/// Where the items of a list are; each of them is something, or the grant is not used.
fn places(node: Option<&Node>) -> Vec<yaml::Place> {
    match node.map(|node| &node.value) {
        Some(Value::List(items)) => items.iter().map(|item| item.place).collect(),
        _ => Vec::new(),
    }
}

fn verb(text: &str) -> Result<&'static str, String> {
    match text {
        "get" => Ok("get"),
        "list" => Ok("list"),
        "*" => Err("write [get, list]: version 1 has no other verbs".into()),
        other if VERBS_OF_OTHERS.contains(&other) => Err("version 1 has only get and list".into()),
        other => Err(match nearest(other, &["get", "list"]) {
            Some(meant) => format!("did you mean '{meant}'?"),
            None => "the verbs are get and list".into(),
        }),
    }
}

fn group(text: &str) -> Result<String, String> {
    match text {
        "" | "*" => Ok(text.into()),
        "core" | "v1" => Err(r#"the core group is """#.into()),
        _ if text.contains('/') => Err("write the group without its version".into()),
        _ if is_name(text) => Ok(text.into()),
        _ => {
            Err(r#"not an API group such as apps or config.openshift.io; the core group is "", and "*" is any group"#
                .into())
        }
    }
}

fn modules(node: &Node, mistakes: &mut Mistakes) -> Vec<Digest> {
    let items = mistakes.items(node, "modules", Some("no module could run; omit it to allow any module"));
    items.iter().filter_map(|item| module(item, mistakes)).collect()
}

fn module(node: &Node, mistakes: &mut Mistakes) -> Option<Digest> {
    let map =
        mistakes.map(node, "a module", &["sha256"], &["name"], &[("digest", "sha256"), ("sha", "sha256")])?;
    let name = map
        .get("name")
        .and_then(|node| mistakes.text(node, "name", |text| Ok::<_, Infallible>(text.to_owned())));
    let name: String = name.unwrap_or_default().chars().filter(|c| !c.is_control()).collect();
    map.get("sha256").and_then(|node| mistakes.text(node, "sha256", |text| Digest::parse(text, &name)))
}

fn budgets(node: &Node, mistakes: &mut Mistakes) -> Budgets {
    let keys =
        ["time", "requestTime", "memory", "requests", "received", "items", "archive", "entries", "logLines"];
    let Some(map) = mistakes.map(node, "budgets", &[], &keys, OTHER_WORDS) else { return Budgets::default() };
    Budgets {
        time: value(&map, "time", mistakes, quantity::duration),
        request_time: value(&map, "requestTime", mistakes, quantity::duration),
        memory_bytes: value(&map, "memory", mistakes, memory),
        requests: value(&map, "requests", mistakes, count),
        received_bytes: value(&map, "received", mistakes, quantity::size),
        items: value(&map, "items", mistakes, count),
        archive_bytes: value(&map, "archive", mistakes, quantity::size),
        entries: value(&map, "entries", mistakes, count),
        log_lines: value(&map, "logLines", mistakes, count),
    }
}

fn value<T, E: Display>(
    map: &Map<'_>,
    key: &str,
    mistakes: &mut Mistakes,
    read: fn(&str) -> Result<T, E>,
) -> Option<T> {
    map.get(key).and_then(|node| mistakes.text(node, key, read))
}

fn memory(text: &str) -> Result<u64, String> {
    let bytes = quantity::size(text).map_err(|error| error.to_string())?;
    if (MIN_MEMORY_BYTES..=MAX_MEMORY_BYTES).contains(&bytes) {
        Ok(bytes)
    } else {
        Err("expected 64Ki to 4194240Ki".into())
    }
}

fn count(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "expected a number without a unit".into())
}

fn redact(node: &Node, mistakes: &mut Mistakes) -> redact::Rules {
    let Some(map) = mistakes.map(node, "redact", &[], &["env", "tokens", "except"], &[]) else {
        return redact::Rules::default();
    };
    let none = "omit it if it has no entries";
    let env = map.get("env").map_or(Vec::new(), |node| mistakes.texts(node, "env", none, env_pattern));
    let tokens =
        map.get("tokens").map_or(Vec::new(), |node| mistakes.texts(node, "tokens", none, token_prefix));
    let except = map.get("except").map_or(Vec::new(), |node| mistakes.texts(node, "except", none, exception));
    redact::Rules { env, tokens, except }
}

fn env_pattern(text: &str) -> Result<String, String> {
    if text.is_empty() { Err("the name of a variable is empty".into()) } else { Ok(text.into()) }
}

fn token_prefix(text: &str) -> Result<String, String> {
    let fits = (4..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\');
    if fits {
        Ok(text.into())
    } else {
        Err("expected 4 to 64 printable ASCII characters without quotes and backslashes".into())
    }
}

fn exception(text: &str) -> Result<redact::Kind, String> {
    redact::Kind::by_name(text)
        .ok_or_else(|| format!("possible values are {}", listed(&redact::Kind::ALL.map(redact::Kind::name))))
}
