//! The order of a list's items, and what it is good for: to go on where another answer of the same list broke off.
//!
//! etcd keeps objects by their keys, and a key ends in `NAMESPACE/NAME` or `NAME`; lists of all built-in types and custom resources come in
//! the order of these bytes. Servers that are not kept by etcd may have another order or none. So the order is watched, and what
//! rests on it is refused for a list that has broken it.

use wagather_json::project::Identity;

/// What is known of the order of a list.
#[derive(Default)]
pub(super) struct Order {
    /// The key of the last item, if there was one.
    last: Option<String>,
    broken: bool,
    /// Up to this key everything was given, in answers before the one that is read now.
    given: Option<String>,
    /// Whether an item beyond that was read since.
    beyond: bool,
}

/// What an item is to its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It was not given yet.
    New,
    /// It was given, before an answer of another time.
    Given,
    /// It is where it cannot be told which of both.
    Unknown,
}

/// The end of an item's key in etcd; empty for what has no name.
pub(super) fn key_of(identity: &Identity) -> String {
    match (&*identity.namespace, &*identity.name) {
        (_, "") => String::new(),
        ("", name) => name.to_owned(),
        (namespace, name) => format!("{namespace}/{name}"),
    }
}

impl Order {
    /// Takes an item's key down.
    pub(super) fn read(&mut self, key: &str) -> Place {
        let in_order = !key.is_empty() && self.last.as_deref().is_none_or(|last| key > last);
        match &self.given {
            Some(given) if !in_order => {
                // What was given comes before everything that was not; anywhere else the list is in no order.
                if self.beyond || key.is_empty() || key > &**given { Place::Unknown } else { Place::Given }
            }
            _ => {
                self.broken |= !in_order;
                self.beyond = true;
                self.last = Some(key.to_owned());
                Place::New
            }
        }
    }

    /// The list goes on with an answer of another time, which may have again what was given.
    pub(super) fn resume(&mut self) {
        self.beyond = false;
        self.given = if self.broken { None } else { self.last.clone() };
    }

    /// Whether what was given is known by its keys.
    pub(super) const fn holds(&self) -> bool {
        !self.broken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Place::{Given, New, Unknown};

    fn read(order: &mut Order, keys: &[&str]) -> Vec<Place> {
        keys.iter().map(|key| order.read(key)).collect()
    }

    #[test]
    fn keys_are_in_the_order_of_etcds_bytes() {
        let key = |namespace: &str, name: &str| {
            key_of(&Identity { namespace: namespace.into(), name: name.into(), ..Identity::default() })
        };
        // '-' and '.' are below '/', which ends a namespace.
        assert!(key("a-b", "x") < key("a", "x") && key("a", "x") < key("a0", "x"));
        assert!(key("", "a") < key("", "a-b"));
        assert_eq!((key("a", "").as_str(), key("a", "b").as_str(), key("", "b").as_str()), ("", "a/b", "b"));
    }

    #[test]
    fn what_was_given_is_known_again() {
        let mut order = Order::default();
        assert_eq!(read(&mut order, &["a", "b", "d"]), [New; 3]);
        order.resume();
        // The beginning again, with one more and one less, and then the rest.
        assert_eq!(read(&mut order, &["a", "c", "d", "e", "f"]), [Given, Given, Given, New, New]);
        order.resume();
        assert_eq!(read(&mut order, &["g", "h"]), [New; 2]);
        // An item of before, where the rest is.
        assert_eq!(read(&mut order, &["a"]), [Unknown]);
    }

    #[test]
    fn without_an_order_nothing_is_known() {
        for keys in [&["a", "c", "b"][..], &["a", "a"], &["a", ""], &[""]] {
            let mut order = Order::default();
            assert_eq!(
                read(&mut order, keys),
                vec![New; keys.len()],
                "the list itself is as the server has it"
            );
            order.resume();
            assert!(!order.holds());
            assert_eq!(read(&mut order, &["a"]), [New]);
        }
        let mut order = Order::default();
        read(&mut order, &["a", "b"]);
        order.resume();
        assert_eq!(read(&mut order, &["c", "d", "c2", ""]), [New, New, Unknown, Unknown]);
        assert!(order.holds(), "what was given was in order");
    }

    #[test]
    fn nothing_read_is_nothing_given() {
        let mut order = Order::default();
        order.resume();
        assert_eq!(read(&mut order, &["b", "a"]), [New, New]);
    }
}
