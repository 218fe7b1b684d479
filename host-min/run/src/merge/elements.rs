//! Joins what several shards wrote under one path, if it can be proved that no element is about another shard's namespaces.
//!
//! That holds for a JSON array of objects, and for JSON lines (`.jsonl`), of which each object names its namespace: as
//! `namespace`, or as `metadata.namespace`. A count or a total does not, and is not joined.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeSet;
use wagather_findings::{Counts, read};
use wagather_policy::rights::{Shard, sort_key};

/// What is read of an element. A tree of all of it would take far more memory than its text.
#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    namespace: Option<&'a RawValue>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
}

/// An element, as it is written, and its namespace.
struct Element<'a> {
    namespace: Option<String>,
    text: &'a [u8],
}

/// The elements that are joined, of all shards together. What is known of each takes more memory than a short one. Files with more are
/// kept apart.
const MAX_ELEMENTS: usize = 4_000_000;

/// The entry as one run would have written it: the elements of all shards in the order of their namespaces. `None` if that is not
/// certain.
pub(super) fn join(path: &str, parts: &[(Shard, Vec<u8>)]) -> Option<Vec<u8>> {
    let split = if path.ends_with(".jsonl") { of_lines } else { of_array };
    let mut room = MAX_ELEMENTS;
    let parts: Vec<(&Shard, &[u8], Vec<Element<'_>>)> = parts
        .iter()
        .map(|(shard, bytes)| Some((shard, &**bytes, split(bytes, &mut room)?)))
        .collect::<Option<_>>()?;
    let mut filled = parts.iter().filter(|(.., elements)| !elements.is_empty());
    match (filled.next(), filled.next()) {
        (None, _) => return parts.first().map(|(_, bytes, _)| bytes.to_vec()),
        // The others have nothing, so whatever it is about is in one shard.
        (Some((_, bytes, _)), None) => return Some(bytes.to_vec()),
        _ => {}
    }
    let mut all = Vec::new();
    for (shard, _, elements) in &parts {
        for Element { namespace, text } in elements {
            let namespace = namespace.as_deref().filter(|name| !name.is_empty() && shard.has(name))?;
            all.push((namespace, *text));
        }
    }
    // Stable: within a namespace, the elements stay in the order in which its shard wrote them.
    all.sort_by(|(a, _), (b, _)| sort_key(a).cmp(sort_key(b)));
    let texts: Vec<&[u8]> = all.into_iter().map(|(_, text)| text).collect();
    let is_lines = path.ends_with(".jsonl");
    Some(match is_lines {
        true => [&texts.join(&b'\n')[..], b"\n"].concat(),
        false => [b"[", &texts.join(&b',')[..], b"]", trailer(parts[0].1)].concat(),
    })
}

/// Findings of all shards: each is about something by itself, so those of different shards stand side by side. What several shards found
/// alike is there once. `None` if a file is not in the form of findings.
pub(super) fn join_findings(parts: &[(Shard, Vec<u8>)]) -> Option<(Vec<u8>, Counts)> {
    let (mut all, mut seen) = (Vec::new(), BTreeSet::new());
    for (_, bytes) in parts {
        // What is in the form of findings can be taken apart.
        read(bytes, &mut |_| {}).ok()?;
        for finding in serde_json::from_slice::<Found<'_>>(bytes).ok()?.findings {
            let text = finding.get();
            let object = serde_json::from_str::<About<'_>>(text).ok()?.object;
            let namespace =
                object.and_then(|object| serde_json::from_str::<Named<'_>>(object.get()).ok()?.namespace);
            let namespace = namespace.and_then(|name| serde_json::from_str::<String>(name.get()).ok());
            if seen.insert(text) {
                all.push((namespace.unwrap_or_default(), text));
            }
        }
    }
    all.sort_by(|(a, _), (b, _)| sort_key(a).cmp(sort_key(b)));
    let texts: Vec<&str> = all.iter().map(|(_, text)| *text).collect();
    let joined = format!("{{\"findings\":[{}]}}", texts.join(",")).into_bytes();
    let counts = read(&joined, &mut |_| {}).ok()?;
    Some((joined, counts))
}

/// A file of findings.
#[derive(Deserialize)]
struct Found<'a> {
    #[serde(borrow)]
    findings: Vec<&'a RawValue>,
}

/// What is read of a finding.
#[derive(Deserialize)]
struct About<'a> {
    #[serde(borrow)]
    object: Option<&'a RawValue>,
}

/// What follows an array: nothing, or a line feed.
fn trailer(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte == b']').map_or(bytes.len(), |at| at + 1);
    &bytes[end..]
}

fn of_lines<'a>(bytes: &'a [u8], room: &mut usize) -> Option<Vec<Element<'a>>> {
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines
        .map(|line| {
            *room = room.checked_sub(1)?;
            element(line).filter(|(_, len)| *len == line.len()).map(|(element, _)| element)
        })
        .collect()
}

fn of_array<'a>(bytes: &'a [u8], room: &mut usize) -> Option<Vec<Element<'a>>> {
    let mut rest = trimmed(bytes).strip_prefix(b"[")?;
    let mut elements = Vec::new();
    loop {
        rest = trimmed(rest);
        match (rest.first()?, elements.is_empty()) {
            (b']', _) => return trimmed(&rest[1..]).is_empty().then_some(elements),
            (b',', false) => rest = trimmed(&rest[1..]),
            (_, true) => {}
            _ => return None,
        }
        *room = room.checked_sub(1)?;
        let (element, len) = element(rest)?;
        elements.push(element);
        rest = &rest[len..];
    }
}

/// The object at the beginning of a text, and its length.
fn element(text: &[u8]) -> Option<(Element<'_>, usize)> {
    if text.first() != Some(&b'{') {
        return None;
    }
    let mut elements = serde_json::Deserializer::from_slice(text).into_iter::<Named<'_>>();
    let Named { namespace, metadata } = elements.next()?.ok()?;
    let len = elements.byte_offset();
    let of_metadata = || serde_json::from_str::<Named<'_>>(metadata?.get()).ok()?.namespace;
    let namespace = namespace.or_else(of_metadata).and_then(|name| serde_json::from_str(name.get()).ok());
    Some((Element { namespace, text: &text[..len] }, len))
}

fn trimmed(text: &[u8]) -> &[u8] {
    text.trim_ascii_start()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(path: &str, parts: &[&str]) -> Option<String> {
        let count = parts.len() as u32;
        let parts = parts
            .iter()
            .zip(0..)
            .map(|(text, index)| (Shard::new(index, count).expect("a shard"), text.as_bytes().to_vec()));
        join(path, &parts.collect::<Vec<_>>()).map(|bytes| String::from_utf8(bytes).expect("text"))
    }

    // Of two shards, `shop` is in 1; `a`, `default` and `kube-system` are in 0.
    #[test]
    fn elements_come_in_the_order_of_a_list() {
        let zero = r#"[{"namespace":"a","n": 1.0},{"namespace":"kube-system","x":2},{"namespace":"kube-system","x":1}]"#;
        let one = r#"[ {"metadata":{"namespace":"shop"}} ]"#;
        let all = r#"[{"namespace":"a","n": 1.0},{"namespace":"kube-system","x":2},{"namespace":"kube-system","x":1},{"metadata":{"namespace":"shop"}}]"#;
        assert_eq!(joined("a.json", &[zero, one]).as_deref(), Some(all));
        assert_eq!(joined("a.json", &[&format!("{zero}\n"), one]), Some(format!("{all}\n")));
        let lines = joined(
            "a.jsonl",
            &[
                "{\"namespace\":\"default\"}\n{\"namespace\":\"default\",\"b\":1}\n",
                "{\"namespace\":\"shop\"}\n",
            ],
        );
        assert_eq!(
            lines.as_deref(),
            Some(
                "{\"namespace\":\"default\"}\n{\"namespace\":\"default\",\"b\":1}\n{\"namespace\":\"shop\"}\n"
            )
        );
    }

    #[test]
    fn findings_are_those_of_all_shards() {
        let finding = |severity: &str, object: &str| {
            format!(r#"{{"severity":"{severity}","code":"A",{object}"message":"m"}}"#)
        };
        let of = |namespace: &str| {
            format!(r#""object":{{"apiVersion":"v1","kind":"Pod","namespace":"{namespace}","name":"a"}},"#)
        };
        let (cluster, shop, a) =
            (finding("info", ""), finding("error", &of("shop")), finding("warning", &of("a")));
        let file = |findings: &[&String]| {
            let findings: Vec<&str> = findings.iter().map(|finding| finding.as_str()).collect();
            format!(r#"{{"findings":[{}]}}"#, findings.join(","))
        };
        let parts = |texts: [String; 2]| {
            texts
                .into_iter()
                .zip(0..)
                .map(|(text, index)| (Shard::new(index, 2).expect("a shard"), text.into_bytes()))
                .collect::<Vec<_>>()
        };
        let (joined, counts) =
            join_findings(&parts([file(&[&shop, &cluster]), file(&[&cluster, &a])])).expect("findings");
        assert_eq!(String::from_utf8(joined).expect("text"), file(&[&cluster, &a, &shop]));
        assert_eq!(counts, Counts { error: 1, warning: 1, info: 1 });
        assert_eq!(join_findings(&parts([file(&[&shop]), "[]".into()])), None);
    }

    #[test]
    fn what_is_known_of_elements_is_bounded() {
        for (split, text) in
            [(of_array as fn(&'static [u8], &mut usize) -> _, &b"[{},{}]"[..]), (of_lines, b"{}\n{}\n")]
        {
            let mut room = 2;
            assert_eq!((split(text, &mut room).map(|all| all.len()), room), (Some(2), 0));
            assert!(split(text, &mut 1).is_none());
        }
    }

    #[test]
    fn what_one_shard_alone_has_is_taken_as_it_is() {
        assert_eq!(
            joined("a.json", &["[ {\"node\": 1} ]\n", "[]", "[ ]"]).as_deref(),
            Some("[ {\"node\": 1} ]\n")
        );
        assert_eq!(joined("a.json", &["[]", "[ ]"]).as_deref(), Some("[]"));
        assert_eq!(joined("a.jsonl", &["", "{\"node\":1}\n"]).as_deref(), Some("{\"node\":1}\n"));
    }

    #[test]
    fn what_cannot_be_proved_is_not_joined() {
        let fine = r#"[{"namespace":"a"}]"#;
        for other in [
            r#"[{"namespace":"a"}]"#,
            r#"[{"namespace":"shop"},{"namespace":"a"}]"#,
            r#"[{"name":"x"}]"#,
            r#"[{"namespace":7}]"#,
            r#"[{"namespace":7,"metadata":{"namespace":"shop"}}]"#,
            r#"[{"namespace":"shop","namespace":"a"}]"#,
            r#"[{"metadata":"shop"}]"#,
            r#"[{"namespace":""}]"#,
            r#"["shop"]"#,
            r#"[{"namespace":"shop"} {"namespace":"shop"}]"#,
            r#"[{"namespace":"shop"},]"#,
            r#"[,{"namespace":"shop"}]"#,
            r#"[{"namespace":"shop"}"#,
            r#"[{"namespace":"shop"}] x"#,
            r#"{"namespace":"shop"}"#,
            r#"{"pods":3}"#,
            "",
            "[",
        ] {
            assert_eq!(joined("a.json", &[fine, other]), None, "{other}");
        }
        assert_eq!(joined("a.jsonl", &["{\"namespace\":\"a\"}", "{\"namespace\":\"shop\"} {}"]), None);
        assert_eq!(joined("a.txt", &["a", "b"]), None);
    }
}
