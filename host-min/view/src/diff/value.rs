//! What differs between two JSON values.
//!
//! The elements of a list are matched by their keys, as in server-side apply: containers by name, conditions by type. The order of such a
//! list means nothing. Of other lists, the order matters.

use super::quantity;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The members that can identify the elements of a list: the first that all elements have, each with another value. The first ones are
/// those of Kubernetes' lists that server-side apply merges; a later one is only reached by lists without the earlier ones.
const KEYS: &[&[&str]] = &[
    &["containerPort", "protocol"],
    &["port", "protocol"],
    &["uid"],
    &["mountPath"],
    &["devicePath"],
    &["topologyKey", "whenUnsatisfiable"],
    &["namespace", "pod", "container"],
    &["apiGroup", "kind", "namespace", "name"],
    &["namespace", "name"],
    &["name"],
    &["type"],
    &["type", "address"],
    &["ip"],
    &["key"],
    &["port"],
    &["image", "digest"],
    &["namespace"],
    &["pod"],
    &["operator"],
    &["id"],
];

/// Members of keys that have a default, so that they may be absent.
const MAY_BE_ABSENT: &[&str] = &["protocol", "apiGroup", "namespace", "digest"];

/// Lists of strings that are sets.
const SETS: &[&str] = &["finalizers", "accessModes", "shortNames", "categories"];

/// What the host writes in place of what it redacts. What it was is not known, so it is not compared.
const REDACTED: &str = "<redacted>";

/// A field that differs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    /// Its path: `spec.containers[name=web].image`.
    pub(crate) path: String,
    /// Its earlier value, if it was there.
    pub(crate) before: Option<Value>,
    /// Its later value, if it is there.
    pub(crate) after: Option<Value>,
}

/// The most fields of one object that are told, and the most bytes of their paths. Beyond that, they are counted.
const MAX_FIELDS: usize = 10_000;
const MAX_PATH_BYTES: usize = 16 << 20;

/// The fields that were found.
#[derive(Default)]
struct Found {
    all: Vec<Field>,
    /// How many lists the fields are in that are compared now.
    lists: usize,
    path_bytes: usize,
    more: usize,
}

impl Found {
    fn push(&mut self, path: &str, before: Option<&Value>, after: Option<&Value>) {
        if self.all.len() == MAX_FIELDS || self.path_bytes + path.len() > MAX_PATH_BYTES {
            self.more += 1;
            return;
        }
        self.path_bytes += path.len();
        self.all.push(Field { path: path.to_owned(), before: before.cloned(), after: after.cloned() });
    }
}

/// The fields that differ.
pub(super) fn fields(before: &Value, after: &Value) -> Vec<Field> {
    let mut found = Found::default();
    compare(&mut String::new(), before, after, &mut found);
    if found.more > 0 {
        let path = format!("(and {} more fields)", found.more);
        found.all.push(Field { path, before: None, after: None });
    }
    found.all
}

fn compare(path: &mut String, before: &Value, after: &Value, found: &mut Found) {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => members(path, before, after, found),
        (Value::Array(before), Value::Array(after)) => elements(path, before, after, found),
        _ if before == after || is_redacted(before) || is_redacted(after) => {}
        _ if quantity::are_same(path, before, after) => {}
        _ => found.push(path, Some(before), Some(after)),
    }
}

fn is_redacted(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text == REDACTED)
}

/// Compares at a path that is longer, and makes it short again.
fn at(path: &mut String, push: impl FnOnce(&mut String), then: impl FnOnce(&mut String)) {
    let len = path.len();
    push(path);
    then(path);
    path.truncate(len);
}

fn members(path: &mut String, before: &Map<String, Value>, after: &Map<String, Value>, found: &mut Found) {
    // Both are sorted.
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        at(path, |path| push_name(path, name), |path| both(path, before.get(name), after.get(name), found));
    }
}

/// Whether an absent field is the same as this one. The API server leaves out what is empty; but in an element of a list, and of a selector,
/// an empty object means something: `emptyDir: {}`, or a peer of a NetworkPolicy that is any pod.
fn is_as_absent(path: &str, value: &Value, found: &Found) -> bool {
    is_nothing(value) && !(value.is_object() && (found.lists > 0 || path.ends_with("elector")))
}

fn both(path: &mut String, before: Option<&Value>, after: Option<&Value>, found: &mut Found) {
    match (before, after) {
        (Some(before), Some(after)) => compare(path, before, after, found),
        (None, Some(one)) | (Some(one), None) if is_as_absent(path, one, found) => {}
        (None, None) => {}
        _ => found.push(path, before, after),
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(elements) => elements.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    }
}

fn elements(path: &mut String, before: &[Value], after: &[Value], found: &mut Found) {
    if before != after {
        found.lists += 1;
        different(path, before, after, found);
        found.lists -= 1;
    }
}

/// An element that only one of the lists has is a difference, whatever it is.
fn element(path: &mut String, before: Option<&Value>, after: Option<&Value>, found: &mut Found) {
    match (before, after) {
        (Some(before), Some(after)) => compare(path, before, after, found),
        _ => found.push(path, before, after),
    }
}

fn different(path: &mut String, before: &[Value], after: &[Value], found: &mut Found) {
    if let Some(keys) = KEYS.iter().find(|keys| identifies(keys, before) && identifies(keys, after)) {
        let index = |list: &[Value]| -> BTreeMap<String, usize> {
            list.iter().enumerate().map(|(at, element)| (key_of(keys, element), at)).collect()
        };
        let (old, new) = (index(before), index(after));
        let mut all: Vec<&String> = old.keys().chain(new.keys()).collect();
        all.sort_unstable();
        all.dedup();
        for key in all {
            let (old, new) = (old.get(key).map(|at| &before[*at]), new.get(key).map(|at| &after[*at]));
            at(path, |path| _ = write!(path, "[{key}]"), |path| element(path, old, new, found));
        }
        return;
    }
    let is_set = SETS.iter().any(|name| path.ends_with(name));
    if is_set && sorted(before) == sorted(after) {
        return;
    }
    // What is the same at the beginning and at the end stays out.
    let start = before.iter().zip(after).take_while(|(a, b)| a == b).count();
    let (rest_before, rest_after) = (&before[start..], &after[start..]);
    let end = rest_before.iter().rev().zip(rest_after.iter().rev()).take_while(|(a, b)| a == b).count();
    let (old, new) = (&rest_before[..rest_before.len() - end], &rest_after[..rest_after.len() - end]);
    for number in 0..old.len().max(new.len()) {
        let index = start + number;
        at(
            path,
            |path| _ = write!(path, "[{index}]"),
            |path| element(path, old.get(number), new.get(number), found),
        );
    }
}

fn sorted(list: &[Value]) -> Vec<String> {
    let mut texts: Vec<String> = list.iter().map(Value::to_string).collect();
    texts.sort_unstable();
    texts
}

/// Whether each element has these members, and no two have the same.
fn identifies(keys: &[&str], list: &[Value]) -> bool {
    let has = |element: &Value, key: &str| match element.get(key) {
        Some(value) => !value.is_object() && !value.is_array() && !value.is_null(),
        None => MAY_BE_ABSENT.contains(&key),
    };
    let have = |element: &Value| {
        element.is_object()
            && keys.iter().all(|key| has(element, key))
            && keys.iter().any(|key| element.get(key).is_some())
    };
    if !list.iter().all(have) {
        return false;
    }
    let mut all: Vec<String> = list.iter().map(|element| key_of(keys, element)).collect();
    all.sort_unstable();
    all.windows(2).all(|two| two[0] != two[1])
}

/// `name=web`, `containerPort=80,protocol=TCP`.
fn key_of(keys: &[&str], element: &Value) -> String {
    let of = |key: &&str| match element.get(key)? {
        Value::String(text) => Some(format!("{key}={text}")),
        other => Some(format!("{key}={other}")),
    };
    keys.iter().filter_map(of).collect::<Vec<_>>().join(",")
}

/// `.name`, or `["a.b/c"]`.
fn push_name(path: &mut String, name: &str) {
    let is_plain = !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    match (is_plain, path.is_empty()) {
        (true, true) => path.push_str(name),
        (true, false) => _ = write!(path, ".{name}"),
        (false, _) => _ = write!(path, "[{}]", Value::from(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn shown(before: Value, after: Value) -> Vec<String> {
        let of = |value: &Option<Value>| value.as_ref().map_or("-".to_owned(), Value::to_string);
        fields(&before, &after)
            .iter()
            .map(|field| format!("{}: {} → {}", field.path, of(&field.before), of(&field.after)))
            .collect()
    }

    #[test]
    fn fields_have_paths() {
        assert_eq!(
            shown(
                json!({"spec": {"replicas": 2, "paused": true, "a": null}, "metadata": {"labels": {"a.b/c": "x"}}}),
                json!({"spec": {"replicas": 3, "b": [], "c": {}}, "metadata": {"labels": {"a.b/c": "y", "d": "z"}}}),
            ),
            [
                "metadata.labels[\"a.b/c\"]: \"x\" → \"y\"",
                "metadata.labels.d: - → \"z\"",
                "spec.paused: true → -",
                "spec.replicas: 2 → 3",
            ]
        );
    }

    #[test]
    fn an_empty_object_means_something_in_a_list_and_as_a_selector() {
        for (before, after, expected) in [
            (json!({"ingress": [{}]}), json!({"ingress": []}), "ingress[0]: {} → -"),
            (json!({"ingress": [{}]}), json!({}), "ingress: [{}] → -"),
            (
                json!({"from": [{"podSelector": {}}]}),
                json!({"from": [{"podSelector": {}, "namespaceSelector": {}}]}),
                "from[0].namespaceSelector: - → {}",
            ),
            (
                json!({"volumes": [{"name": "v", "emptyDir": {}}]}),
                json!({"volumes": [{"name": "v"}]}),
                "volumes[name=v].emptyDir: {} → -",
            ),
            (json!({"spec": {"selector": {}}}), json!({"spec": {}}), "spec.selector: {} → -"),
            (json!([null]), json!([]), "[0]: null → -"),
        ] {
            assert_eq!(shown(before, after), [expected]);
        }
        for (before, after) in [
            (json!({"status": {}}), json!({})),
            (
                json!({"selector": null, "c": [{"name": "a", "args": []}]}),
                json!({"c": [{"name": "a", "x": null}]}),
            ),
        ] {
            assert_eq!(shown(before, after), [""; 0]);
        }
    }

    #[test]
    fn a_flood_of_differences_is_counted() {
        let list = |of: usize| json!({"x".repeat(1 << 20): vec![of; 5_000], "z": of});
        let found = fields(&list(1), &list(2));
        assert_eq!(found.len(), 17);
        assert_eq!(found[16].path, "(and 4985 more fields)");
        let found = fields(&json!(vec![1; 20_000]), &json!(vec![2; 20_000]));
        assert_eq!((found.len(), &*found[MAX_FIELDS].path), (MAX_FIELDS + 1, "(and 10000 more fields)"));
    }

    #[test]
    fn the_order_of_lists_with_keys_means_nothing() {
        let containers = json!({"containers": [{"name": "a", "image": "x", "ports": [{"containerPort": 1}, {"containerPort": 2, "protocol": "UDP"}]},
            {"name": "b"}]});
        let reordered = json!({"containers": [{"name": "b"},
            {"name": "a", "image": "y", "ports": [{"containerPort": 2, "protocol": "UDP"}, {"containerPort": 1}, {"containerPort": 2}]}]});
        assert_eq!(
            shown(containers, reordered),
            [
                "containers[name=a].image: \"x\" → \"y\"",
                "containers[name=a].ports[containerPort=2]: - → {\"containerPort\":2}",
            ]
        );
        for (before, after) in [
            (
                json!({"c": [{"type": "Ready", "s": 1}, {"type": "A", "s": 2}]}),
                json!({"c": [{"type": "A", "s": 2}, {"type": "Ready", "s": 1}]}),
            ),
            (
                json!({"v": [{"name": "d", "mountPath": "/a"}, {"name": "d", "mountPath": "/b"}]}),
                json!({"v": [{"name": "d", "mountPath": "/b"}, {"name": "d", "mountPath": "/a"}]}),
            ),
            (json!({"ips": [{"ip": "1"}, {"ip": "2"}]}), json!({"ips": [{"ip": "2"}, {"ip": "1"}]})),
            (json!({"finalizers": ["a", "b"]}), json!({"finalizers": ["b", "a"]})),
            (json!({"a": "<redacted>", "b": "x"}), json!({"a": "secret", "b": "<redacted>"})),
        ] {
            assert_eq!(shown(before, after), [""; 0]);
        }
    }

    #[test]
    fn the_order_of_other_lists_matters() {
        assert_eq!(
            shown(json!({"args": ["a", "b"]}), json!({"args": ["b", "a"]})),
            ["args[0]: \"a\" → \"b\"", "args[1]: \"b\" → \"a\""]
        );
        assert_eq!(shown(json!(["a", "b", "c"]), json!(["a", "x", "b", "c"])), ["[1]: - → \"x\""]);
        assert_eq!(shown(json!([{"op": 1}, {"op": 1}]), json!([{"op": 1}])), ["[1]: {\"op\":1} → -"]);
        // A key that two elements share identifies neither.
        assert_eq!(
            shown(json!([{"name": "a"}, {"name": "a", "x": 1}]), json!([{"name": "a"}])),
            ["[1]: {\"name\":\"a\",\"x\":1} → -"]
        );
    }
}
