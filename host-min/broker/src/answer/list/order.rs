//! The order of a list's items. It tells where to continue after a response of the list broke off.
//!
//! etcd stores objects by key, and a key ends in `NAMESPACE/NAME` or `NAME`. Lists of built-in types and custom resources are sorted by
//! these bytes. Aggregated servers without etcd may use another order or none. So this module checks the order as items arrive, and a list
//! that breaks it is never continued by key.

use wagather_json::project::Identity;

/// What is known of the order of a list.
#[derive(Default)]
pub(super) struct Order {
    /// The key of the last item.
    last: Option<String>,
    broken: bool,
    /// Every item up to this key was given by earlier responses.
    given: Option<String>,
    /// Whether an item after that key was read since.
    beyond: bool,
}

/// Whether an item was given before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It was not given yet.
    New,
    /// It was given, from a response that showed another moment.
    Given,
    /// The order does not tell.
    Unknown,
}

/// The end of an item's key in etcd. Empty if it has no name.
pub(super) fn key_of(identity: &Identity) -> String {
    match (&*identity.namespace, &*identity.name) {
        (_, "") => String::new(),
        ("", name) => name.to_owned(),
        (namespace, name) => format!("{namespace}/{name}"),
    }
}

impl Order {
    /// Records an item's key.
    pub(super) fn read(&mut self, key: &str) -> Place {
        let in_order = !key.is_empty() && self.last.as_deref().is_none_or(|last| key > last);
        match &self.given {
            Some(given) if !in_order => {
                // In a sorted list, all items that were given come before all others.
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

    /// The list continues with a response that shows another moment, and that may repeat items.
    pub(super) fn resume(&mut self) {
        self.beyond = false;
        self.given = if self.broken { None } else { self.last.clone() };
    }

    /// Whether the items so far were in order, so that their keys identify them.
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
