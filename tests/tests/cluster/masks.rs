//! Masks compared with the raw objects: every kept value is the server's, and nothing else is kept.

use super::ask::{Ask, items_in};
use super::{OPERATORS_PATH, PASSWORD_MARKER, PODS_PATH, host, run, shared};
use serde_json::{Map, Value};

/// What a mask keeps, worked out plainly.
fn keep(mask: &str, value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| keep(mask, item)).collect(),
        Value::Object(fields) => {
            let mut kept = Map::new();
            for (name, inner) in split(mask) {
                for (key, value) in fields.iter().filter(|(key, _)| name == "*" || **key == *name) {
                    kept.insert(key.clone(), inner.map_or_else(|| value.clone(), |inner| keep(inner, value)));
                }
            }
            Value::Object(kept)
        }
        // A mask wants something inside of it, and there is nothing: that it is there is all that is told.
        _ => Value::Null,
    }
}

/// The fields of a mask, and what is in their parentheses.
fn split(mask: &str) -> Vec<(&str, Option<&str>)> {
    let mut depth = 0;
    let fields = mask.split(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ',' && depth == 0
    });
    fields
        .map(|field| match field.split_once('(') {
            Some((name, inner)) => (name, inner.strip_suffix(')')),
            None => (field, None),
        })
        .collect()
}

/// Which keys are in a value, at any depth.
fn keys<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
        Value::Object(fields) => {
            for (key, value) in fields {
                found.push(key);
                keys(value, found);
            }
        }
        _ => {}
    }
}

const MASKS: &[&str] = &[
    "metadata(name,namespace)",
    "metadata(name,labels(wagather.test/state)),status(phase,containerStatuses(name,restartCount,state(waiting(reason))))",
    "metadata(ownerReferences(kind,name),annotations),spec(containers(name,image,resources),nodeName)",
    "metadata(*),status(conditions(type,status),podIPs)",
    "kind,absent(field),status(absent)",
    "spec(volumes(*(name)),containers(ports(containerPort)))",
];

#[test]
fn pods_are_what_the_mask_keeps_of_the_raw_ones() {
    let server = shared();
    let raw = server.items(PODS_PATH);
    let place = tests::place();
    for mask in MASKS {
        for request in [
            Ask::list("", "v1", "pods").mask(mask),
            Ask::list("", "v1", "pods").declared_mask(mask),
            Ask::list("", "v1", "pods").declared_mask(mask).mask("metadata,status,spec,kind"),
        ] {
            let ran = run(&server, host(&server, "token.yaml", [request.items(place.path())]));
            let items = items_in(ran.gathered());
            assert_eq!(items.len(), raw.len());
            for (item, raw) in items.iter().zip(&raw) {
                let mut expected = keep(mask, raw);
                if let Some(metadata) = expected.get_mut("metadata").and_then(Value::as_object_mut) {
                    metadata.remove("managedFields");
                }
                assert_eq!(*item, expected, "{mask}");
                let mut found = Vec::new();
                keys(item, &mut found);
                assert!(!found.contains(&"managedFields") && !found.contains(&"env"), "{mask}");
            }
            assert!(!ran.gathered().mentions(PASSWORD_MARKER), "{mask}");
        }
    }
}

/// Escapes, other scripts, control characters, large numbers, empty lists and nulls come through.
#[test]
fn operators_are_what_the_mask_keeps_of_the_raw_ones() {
    let server = shared();
    let raw = server.items(OPERATORS_PATH);
    let place = tests::place();
    for mask in [
        "status(conditions(message,type),extension)",
        "status(extension(bytesTotal,nested(a(b)),tags),versions)",
        "status",
    ] {
        let request = Ask::list("config.openshift.io", "v1", "clusteroperators").mask(mask);
        let ran = run(&server, host(&server, "token.yaml", [request.items(place.path())]));
        let expected: Vec<Value> = raw.iter().map(|operator| keep(mask, operator)).collect();
        assert_eq!(items_in(ran.gathered()), expected, "{mask}");
    }
}
