//! Projection of an object and of a list, compared with a simple implementation on parsed JSON.
//!
//! Input: a byte (the size of the body's pieces), a mask ended by a line feed, the body.
#![no_main]

use wagather_base::limits::MAX_JSON_DEPTH;
use wagather_fuzz::input::{Input, Pieces};
use wagather_fuzz::json::{Json, depth, is_well_formed};
use wagather_fuzz::mask::Mask;
use wagather_json::project::{Identity, ListReader, Node, ObjectReader};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let seed = input.byte();
    let Ok(text) = std::str::from_utf8(input.until(b'\n')) else { return };
    let (Ok(node), Some(mask)) = (Node::parse(text), Mask::parse(text)) else { return };
    let node = node.without(&["metadata", "managedFields"]);
    let body = input.rest();
    // Limits of the host that the plain way does not have.
    let is_bounded = depth(body) <= MAX_JSON_DEPTH && body.len() < 1000;
    object(body, seed, &node, &mask, is_bounded);
    list(body, seed, &node, &mask, is_bounded);
});

fn object(body: &[u8], seed: u8, node: &Node, mask: &Mask, is_bounded: bool) {
    let mut out = Vec::new();
    let mut reader = ObjectReader::new(Box::new(Pieces::new(body, seed)));
    let identity = reader.read(node, &mut out);
    let is_object = is_well_formed(body) && body.trim_ascii_start().starts_with(b"{");
    let Ok(identity) = identity else {
        assert!(!(is_object && is_bounded), "well-formed, and refused: {identity:?}");
        return;
    };
    is_no_longer(&[&out], body);
    assert!(is_well_formed(&out), "not JSON: {}", String::from_utf8_lossy(&out));
    assert_eq!(reader.bytes_read(), body.len() as u64);
    if let Some(tree @ Json::Object(_)) = Json::parse(body) {
        assert_eq!(Json::parse(&out), Some(mask.project(tree.entries())));
        assert_eq!(identity, who(tree.entries()));
    }
}

fn list(body: &[u8], seed: u8, node: &Node, mask: &Mask, is_bounded: bool) {
    let mut reader = ListReader::new(Box::new(Pieces::new(body, seed)));
    let (mut items, mut out) = (Vec::new(), Vec::new());
    let end = loop {
        match reader.next(node, &mut out) {
            Ok(Some(identity)) => {
                assert!(is_well_formed(&out), "not JSON: {}", String::from_utf8_lossy(&out));
                items.push((identity, out.clone()));
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    is_no_longer(&items.iter().map(|(_, out)| &**out).collect::<Vec<_>>(), body);
    let Some(tree) = Json::parse(body) else { return };
    let Some(expected) = expected_items(&tree) else {
        assert!(end.is_err(), "no list, and read to its end");
        return;
    };
    if let Err(error) = end {
        assert!(!is_bounded, "a list, and refused: {error}");
        return;
    }
    assert_eq!(items.len(), expected.len());
    for ((identity, out), item) in items.iter().zip(expected) {
        assert_eq!(Json::parse(out), Some(mask.project(item)));
        assert_eq!(*identity, who(item));
    }
    let (root, meta) = (tree.entries(), reader.meta());
    assert_eq!((&*meta.kind, &*meta.api_version), (last(root, "kind"), last(root, "apiVersion")));
    assert_eq!(
        (&*meta.next, &*meta.resource_version),
        (in_metadata(root, "continue"), in_metadata(root, "resourceVersion"))
    );
}

/// Nothing is added but the nulls that stand for scalars without the fields that were asked for.
fn is_no_longer(outs: &[&[u8]], body: &[u8]) {
    let len: usize = outs.iter().map(|out| out.len()).sum();
    let nulls: usize = outs.iter().map(|out| out.windows(4).filter(|word| word == b"null").count()).sum();
    assert!(len <= body.len() + nulls * ("null".len() - 1), "longer than what came");
}

/// The items of what is a list: an object with one `items`, null or an array of objects; or without any, if it says that it is a list.
fn expected_items(tree: &Json) -> Option<Vec<&[(String, Json)]>> {
    let mut lists = tree.entries().iter().filter(|(key, _)| key == "items").map(|(_, value)| value);
    match (lists.next(), lists.next()) {
        (None, _) => says_that_it_is_a_list(tree.entries()).then(Vec::new),
        (Some(Json::Null), None) => Some(Vec::new()),
        (Some(Json::List(items)), None) => {
            let all_objects = items.iter().all(|item| matches!(item, Json::Object(_)));
            all_objects.then(|| items.iter().map(Json::entries).collect())
        }
        _ => None,
    }
}

/// Whether an object without items is a list that is empty.
fn says_that_it_is_a_list(root: &[(String, Json)]) -> bool {
    let kind = last(root, "kind");
    let names = root.iter().filter(|(key, _)| key == "metadata").flat_map(|(_, value)| value.entries());
    let is_named = names.into_iter().any(|(key, _)| key == "name");
    (kind.ends_with("List") || (kind.is_empty() && !in_metadata(root, "resourceVersion").is_empty()))
        && !is_named
}

fn who(object: &[(String, Json)]) -> Identity {
    Identity {
        api_version: last(object, "apiVersion").into(),
        kind: last(object, "kind").into(),
        name: in_metadata(object, "name").into(),
        namespace: in_metadata(object, "namespace").into(),
    }
}

/// The text of a key that may occur several times: the last one is meant.
fn last<'a>(entries: &'a [(String, Json)], key: &str) -> &'a str {
    entries.iter().rev().find(|(known, _)| known == key).map_or("", |(_, value)| value.text())
}

fn in_metadata<'a>(object: &'a [(String, Json)], key: &str) -> &'a str {
    let metadata =
        object.iter().filter(|(known, _)| known == "metadata").flat_map(|(_, value)| value.entries());
    let found = metadata.rev().find(|(known, _)| known == key);
    found.map_or("", |(_, value)| value.text())
}
