//! Field masks: their grammar, and the laws of union and intersection.
//!
//! Input: a path of keys separated by slashes, and two masks, each ended by a line feed.
#![no_main]

use wagather_fuzz::input::Input;
use wagather_fuzz::mask::{Any, Mask, children, is_all};
use wagather_json::project::Node;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let mut input = Input::new(data);
    let texts = [input.until(b'\n'), input.until(b'\n'), input.until(b'\n')].map(std::str::from_utf8);
    let [Ok(path), Ok(a), Ok(b)] = texts else { return };
    let keys: Vec<&str> = path.split('/').collect();
    let (Some((a, plain_a)), Some((b, plain_b))) = (parse(a), parse(b)) else { return };

    let (union, both) = (a.union(&b), a.intersect(&b));
    assert_eq!(union, b.union(&a));
    assert_eq!(both, b.intersect(&a));
    for node in [&a, &b, &union, &both] {
        assert_eq!(node.union(node), *node);
        assert_eq!(node.intersect(node), *node);
        assert_eq!(node.union(&Node::Drop), *node);
        assert_eq!(node.intersect(&Node::Keep), *node);
    }
    assert_eq!(a.union(&both), a, "absorption");
    assert_eq!(a.intersect(&union), a, "absorption");
    let without = a.without(&keys);
    for len in 0..=keys.len() {
        let (path, at) = (&keys[..len], |node: &Node| kept(node, &keys[..len]));
        let (in_a, in_b) = (at(&a), at(&b));
        assert_eq!(in_a, plainly(&vec![Some(&plain_a)], path), "{path:?}");
        assert_eq!(at(&union), plainly(&vec![Some(&plain_a), Some(&plain_b)], path), "{path:?}");
        assert_eq!(at(&both) == Kept::All, in_a == Kept::All && in_b == Kept::All, "{path:?}");
        assert!(at(&both) <= in_a.min(in_b), "{path:?}");
        assert!(at(&without) <= in_a, "{path:?}");
    }
    assert_eq!(kept(&without, &keys), Kept::Nothing, "it was taken out");
});

/// How much of a value is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kept {
    Nothing,
    Part,
    All,
}

/// Both ways of reading a mask agree whether it is one.
fn parse(text: &str) -> Option<(Node, Mask)> {
    let (node, plain) = (Node::parse(text), Mask::parse(text));
    assert_eq!(node.is_ok(), plain.is_some(), "{text:?}: {node:?}");
    Some((node.ok()?, plain?))
}

fn kept(node: &Node, path: &[&str]) -> Kept {
    match path.iter().fold(node, |node, key| node.get(key)) {
        Node::Drop | Node::Hide(_) => Kept::Nothing,
        Node::Keep => Kept::All,
        Node::Fields(_) => Kept::Part,
    }
}

fn plainly(any: &Any<'_>, path: &[&str]) -> Kept {
    let any = path.iter().fold(any.clone(), |any, key| children(&any, key));
    match any.is_empty() {
        true => Kept::Nothing,
        false if is_all(&any) => Kept::All,
        false => Kept::Part,
    }
}
