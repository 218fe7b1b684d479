//! The projection against a plain way of doing it: documents of `serde_json`, in which every scalar stays the text that it was
//! (`RawValue`), so numbers and keys that occur twice can be compared too.

use super::random::{Pieces, Random, mask, object};
use crate::project::{Identity, ListReader, Node, ObjectReader, ProjectError};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// How many random texts are tried.
const ROUNDS: u64 = if cfg!(debug_assertions) { 1_500 } else { 100_000 };

enum Plain {
    Scalar(String),
    Array(Vec<Plain>),
    Object(Vec<(String, Plain)>),
}

/// The members of an object in their order, twins included.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(All)
    }
}

impl Plain {
    fn parse(text: &str) -> Plain {
        match text.trim_start().as_bytes().first() {
            Some(b'{') => {
                let Members(members) = serde_json::from_str(text).expect(text);
                let plain = |(key, value): (String, Box<RawValue>)| (key, Plain::parse(value.get()));
                Plain::Object(members.into_iter().map(plain).collect())
            }
            Some(b'[') => {
                let items: Vec<Box<RawValue>> = serde_json::from_str(text).expect(text);
                Plain::Array(items.iter().map(|item| Plain::parse(item.get())).collect())
            }
            _ => Plain::Scalar(text.to_owned()),
        }
    }

    /// As text, keys written in one way.
    fn write(&self) -> String {
        let joined = |parts: Vec<String>| parts.join(",");
        match self {
            Plain::Scalar(text) => text.clone(),
            Plain::Array(items) => format!("[{}]", joined(items.iter().map(Plain::write).collect())),
            Plain::Object(members) => {
                let member = |(key, value): &(String, Plain)| format!("{}:{}", quoted(key), value.write());
                format!("{{{}}}", joined(members.iter().map(member).collect()))
            }
        }
    }

    fn string(&self) -> Option<String> {
        match self {
            Plain::Scalar(text) => serde_json::from_str(text).ok(),
            _ => None,
        }
    }

    /// What a mask keeps of it; nothing is left of a value whose mask keeps nothing.
    fn project(&self, node: &Node, is_within: bool) -> Option<String> {
        match (node, self) {
            (Node::Drop | Node::Hide(_), _) => None,
            (Node::Keep, _) => Some(self.write()),
            (Node::Fields(_), Plain::Scalar(_)) => Some("null".to_owned()),
            (Node::Fields(_), Plain::Array(items)) => {
                let items: Vec<String> = items.iter().filter_map(|item| item.project(node, true)).collect();
                Some(format!("[{}]", items.join(",")))
            }
            (Node::Fields(_), Plain::Object(members)) => {
                let keeps_data = ["data", "stringData", "items", "metadata"]
                    .map(|key| node.get(key))
                    .iter()
                    .any(|of| of.keeps());
                let member = |(key, value): &(String, Plain)| {
                    let of = node.get(key);
                    let tells = is_within && key == "kind" && value.string().as_deref() == Some("Secret");
                    if tells && keeps_data && *of != Node::Keep {
                        return Some("\"kind\":\"Secret\"".to_owned());
                    }
                    // The object's own metadata are no embedded object.
                    let is_within = is_within || !(key == "metadata" && matches!(value, Plain::Object(_)));
                    value.project(of, is_within).map(|value| format!("{}:{value}", quoted(key)))
                };
                Some(format!("{{{}}}", members.iter().filter_map(member).collect::<Vec<_>>().join(",")))
            }
        }
    }

    fn members(&self) -> &[(String, Plain)] {
        match self {
            Plain::Object(members) => members,
            _ => &[],
        }
    }

    fn identity(&self) -> Identity {
        let mut identity = Identity::default();
        for (key, value) in self.members() {
            match &**key {
                "apiVersion" => identity.api_version = value.string().unwrap_or_default(),
                "kind" => identity.kind = value.string().unwrap_or_default(),
                "metadata" => {
                    for (key, value) in value.members() {
                        match &**key {
                            "name" => identity.name = value.string().unwrap_or_default(),
                            "namespace" => identity.namespace = value.string().unwrap_or_default(),
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        identity
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text")
}

#[test]
fn objects_are_projected_as_the_plain_way_does() {
    for seed in 0..ROUNDS {
        let random = &mut Random::new(seed);
        let (text, mask) = (object(random), mask(random));
        let node = Node::parse(&mask).expect(&mask).without(&["metadata", "managedFields"]);
        let plain = Plain::parse(&text.spaced);
        let expected = plain.project(&node, false).unwrap_or_else(|| "{}".to_owned());
        for body in [&text.spaced, &text.compact] {
            let mut out = Vec::new();
            let mut reader = ObjectReader::new(Box::new(Pieces::random(random, body.as_bytes())));
            let identity = reader.read(&node, &mut out).expect(body);
            let out = String::from_utf8(out).expect("UTF-8");
            assert_eq!(Plain::parse(&out).write(), expected, "seed {seed}, mask {mask}, of {body}");
            assert_eq!(identity, plain.identity(), "seed {seed}, mask {mask}, of {body}");
            assert_eq!(reader.bytes_read(), body.len() as u64);
        }
    }
}

#[test]
fn what_is_kept_as_a_whole_is_the_servers_own_bytes() {
    for seed in 0..ROUNDS {
        let random = &mut Random::new(seed);
        let text = object(random);
        let mut out = Vec::new();
        let body = Pieces::random(random, text.spaced.as_bytes());
        ObjectReader::new(Box::new(body)).read(&Node::Keep, &mut out).expect(&text.spaced);
        assert_eq!(String::from_utf8(out).expect("UTF-8"), text.compact, "seed {seed}");
    }
}

/// What came of a text, in words that can be compared.
fn outcome(body: Pieces, node: &Node) -> Result<(Identity, Vec<u8>), String> {
    let mut out = Vec::new();
    match ObjectReader::new(Box::new(body)).read(node, &mut out) {
        Ok(identity) => Ok((identity, out)),
        Err(ProjectError::Read(error)) => panic!("{error}"),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn wrong_bytes_are_refused_alike_however_the_text_arrives() {
    let mut refused = 0;
    for seed in 0..ROUNDS {
        let random = &mut Random::new(seed);
        let (text, mask) = (object(random), mask(random));
        let node = Node::parse(&mask).expect(&mask);
        let mut bytes = text.spaced.into_bytes();
        let at = random.below(bytes.len());
        let wrong = b"\"\\{}[]:,x01-.e\n\0\x1f\xff\xc3u"[random.below(20)];
        match random.below(4) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, wrong),
            2 => drop(bytes.remove(at)),
            _ => bytes[at] = wrong,
        }
        let whole = outcome(Pieces::new(bytes.clone(), vec![usize::MAX]), &node);
        let shown = String::from_utf8_lossy(&bytes);
        for _ in 0..3 {
            assert_eq!(outcome(Pieces::random(random, &bytes), &node), whole, "seed {seed}, {mask}: {shown}");
        }
        let kept = outcome(Pieces::random(random, &bytes), &Node::Keep);
        let is_object = bytes.trim_ascii_start().starts_with(b"{");
        let is_json = std::str::from_utf8(&bytes)
            .is_ok_and(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok());
        assert_eq!(kept.is_ok(), is_json && is_object, "seed {seed}: {kept:?} of {shown}");
        refused += u64::from(kept.is_err());
    }
    assert!(refused > ROUNDS / 4, "only {refused} of {ROUNDS} texts were wrong");
}

#[test]
fn lists_of_many_buffers_come_as_the_plain_way_has_them() {
    let random = &mut Random::new(7);
    let objects: Vec<_> = (0..3000).map(|_| object(random)).collect();
    let items: Vec<&str> = objects.iter().map(|text| &*text.spaced).collect();
    let body = format!(r#"{{"kind":"L","metadata":{{"continue":"c"}}, "items":[{}]}}"#, items.join(","));
    assert!(body.len() > 4 << 16, "several buffers");
    let node = Node::parse("a(b),metadata,data(a)").expect("a mask");
    for sizes in [vec![usize::MAX], vec![16_384], vec![1, 7, 30_000], vec![65_535, 2]] {
        let mut reader = ListReader::new(Box::new(Pieces::new(body.clone().into_bytes(), sizes)));
        let mut out = Vec::new();
        for text in &objects {
            let identity = reader.next(&node, &mut out).expect("an item").expect("one more");
            let plain = Plain::parse(&text.compact);
            assert_eq!(identity, plain.identity());
            let out = std::str::from_utf8(&out).expect("UTF-8");
            assert_eq!(Some(Plain::parse(out).write()), plain.project(&node, false));
        }
        assert!(reader.next(&node, &mut out).expect("the end").is_none());
        assert_eq!(reader.meta().next, "c");
    }
}
