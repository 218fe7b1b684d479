//! The changes between two modules. Functions are matched by name. Functions that have no name or were renamed are
//! matched by their content, so neither a compiler's hashes nor a different order counts as a change.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    snapshot::{Item, ItemKind, Snapshot, is_of_the_library},
    symbol,
};

/// All changes. Their differences add up to that of the files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// The old file's size.
    pub bytes_before: u64,
    /// The new file's size.
    pub bytes_after: u64,
    /// The items whose size changed, the largest change first.
    pub changes: Vec<Change>,
    /// The changes summed up by place and by the code that causes them.
    pub reasons: Vec<Reason>,
}

/// An item that is new, is gone, or changed its size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Its kind.
    pub kind: ItemKind,
    /// Its name, the new one if there are two.
    pub name: String,
    /// Its old size; `None` if it is new.
    pub before: Option<u64>,
    /// Its new size; `None` if it is gone.
    pub after: Option<u64>,
    /// For a library function: the function that needs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
}

/// Changes with the same reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The place: a crate, a module of Rust's library, or a section.
    pub place: String,
    /// For library functions: the function that needs them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// The difference in bytes.
    pub bytes: i64,
}

impl Change {
    /// The difference in bytes.
    pub fn difference(&self) -> i64 {
        self.after.unwrap_or(0) as i64 - self.before.unwrap_or(0) as i64
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:+} {}", self.bytes, self.place)?;
        match &self.via {
            Some(via) => write!(f, " via {via}"),
            None => Ok(()),
        }
    }
}

impl Diff {
    /// Compares two modules.
    pub fn of(before: &Snapshot, after: &Snapshot) -> Diff {
        let mut changes: Vec<Change> = pairs(&before.items, &after.items)
            .into_iter()
            .filter(|(old, new)| old.map(|item| item.bytes) != new.map(|item| item.bytes))
            .filter_map(|(old, new)| {
                let item = new.or(old)?;
                Some(Change {
                    kind: item.kind,
                    name: item.name.clone(),
                    before: old.map(|item| item.bytes),
                    after: new.map(|item| item.bytes),
                    via: item.via.clone(),
                })
            })
            .collect();
        changes.sort_by(|a, b| {
            b.difference()
                .abs()
                .cmp(&a.difference().abs())
                .then_with(|| (a.kind, &a.name).cmp(&(b.kind, &b.name)))
        });
        let mut sums: BTreeMap<(String, Option<String>), i64> = BTreeMap::new();
        for change in &changes {
            *sums.entry((place(change), change.via.as_deref().map(short))).or_default() +=
                change.difference();
        }
        let mut reasons: Vec<Reason> = sums
            .into_iter()
            .filter(|&(_, bytes)| bytes != 0)
            .map(|((place, via), bytes)| Reason { place, via, bytes })
            .collect();
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.bytes.abs()));
        Diff { bytes_before: before.bytes, bytes_after: after.bytes, changes, reasons }
    }

    /// The difference of the files' sizes.
    pub fn difference(&self) -> i64 {
        self.bytes_after as i64 - self.bytes_before as i64
    }
}

type Pair<'s> = (Option<&'s Item>, Option<&'s Item>);

/// Each item of both sides once, with its partner if it has one.
fn pairs<'s>(before: &'s [Item], after: &'s [Item]) -> Vec<Pair<'s>> {
    let mut pairs = Vec::new();
    // Instantiations can share a name. Match equal bodies first, then the others by size.
    let (old, new) = matched(before.iter().collect(), after.iter().collect(), &mut pairs, |item| {
        (item.kind, Some(&item.name), Some(item.fingerprint))
    });
    let (old, new) = matched(old, new, &mut pairs, |item| (item.kind, Some(&item.name), None));
    // Functions that were renamed or have no name. Sections and data have no fingerprint, and match by name only.
    let is_function = |item: &&Item| item.kind == ItemKind::Function;
    let (old_functions, old_others): (Vec<_>, Vec<_>) = old.into_iter().partition(is_function);
    let (new_functions, new_others): (Vec<_>, Vec<_>) = new.into_iter().partition(is_function);
    let (old, new) =
        matched(old_functions, new_functions, &mut pairs, |item| (item.kind, None, Some(item.fingerprint)));
    pairs.extend(old.into_iter().chain(old_others).map(|item| (Some(item), None)));
    pairs.extend(new.into_iter().chain(new_others).map(|item| (None, Some(item))));
    pairs
}

type Key<'s> = (ItemKind, Option<&'s String>, Option<u64>);

/// Pairs items with the same key, and returns the remaining ones.
fn matched<'s>(
    mut old: Vec<&'s Item>,
    mut new: Vec<&'s Item>,
    pairs: &mut Vec<Pair<'s>>,
    key: impl Fn(&'s Item) -> Key<'s>,
) -> (Vec<&'s Item>, Vec<&'s Item>) {
    old.sort_by_key(|item| (key(item), std::cmp::Reverse(item.bytes)));
    new.sort_by_key(|item| (key(item), std::cmp::Reverse(item.bytes)));
    let (mut old_left, mut new_left) = (Vec::new(), Vec::new());
    let (mut old, mut new) = (old.into_iter().peekable(), new.into_iter().peekable());
    loop {
        match (old.peek(), new.peek()) {
            (Some(before), Some(after)) => match key(before).cmp(&key(after)) {
                std::cmp::Ordering::Less => old_left.extend(old.next()),
                std::cmp::Ordering::Greater => new_left.extend(new.next()),
                std::cmp::Ordering::Equal => pairs.push((old.next(), new.next())),
            },
            (Some(_), None) => old_left.extend(old.next()),
            (None, Some(_)) => new_left.extend(new.next()),
            (None, None) => return (old_left, new_left),
        }
    }
}

/// The place of a change: `core::fmt` for Rust's own library, otherwise the crate.
fn place(change: &Change) -> String {
    let path = symbol::path(&change.name);
    match change.kind {
        ItemKind::Section => change.name.clone(),
        _ if path.len() > 2 && is_of_the_library(&change.name) => format!("{}::{}", path[0], path[1]),
        _ if path.len() > 1 => path[0].to_owned(),
        _ => change.name.clone(),
    }
}

/// A function's name without its crate; `Display for Error` for an implementation.
pub fn short(name: &str) -> String {
    let last = |text: &str| symbol::path(text).last().map_or_else(String::new, |part| (*part).to_owned());
    if let Some((of_type, of_trait)) = name.strip_prefix('<').and_then(|rest| rest.split_once(" as ")) {
        let of_trait = of_trait.split(['<', '>']).next().unwrap_or(of_trait);
        return format!("{} for {}", last(of_trait), last(of_type.trim_start_matches('&')));
    }
    let path = symbol::path(name);
    path[path.len().saturating_sub(2)..].join("::")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(name: &str, bytes: u64, fingerprint: u64) -> Item {
        Item { kind: ItemKind::Function, name: name.into(), bytes, fingerprint, via: None }
    }

    fn snapshot(items: Vec<Item>) -> Snapshot {
        Snapshot { bytes: items.iter().map(|item| item.bytes).sum(), items }
    }

    #[test]
    fn only_what_changed_is_told_and_it_adds_up() {
        let before = snapshot(vec![
            function("a::same", 10, 1),
            function("a::grown", 10, 2),
            function("a::twice", 30, 3),
            function("a::twice", 20, 4),
            function("a::renamed", 50, 5),
            function("a::gone", 7, 6),
        ]);
        let mut new = function("core::fmt::write", 640, 9);
        new.via = Some("<a::Error as core::fmt::Display>::fmt".into());
        let after = snapshot(vec![
            new,
            function("a::renamed_again", 50, 5),
            function("a::twice", 20, 4),
            function("a::twice", 33, 8),
            function("a::grown", 14, 7),
            function("a::same", 10, 1),
        ]);
        let diff = Diff::of(&before, &after);
        let told: Vec<_> =
            diff.changes.iter().map(|change| (&*change.name, change.before, change.after)).collect();
        assert_eq!(
            told,
            [
                ("core::fmt::write", None, Some(640)),
                ("a::gone", Some(7), None),
                ("a::grown", Some(10), Some(14)),
                ("a::twice", Some(30), Some(33)),
            ]
        );
        assert_eq!(diff.changes.iter().map(Change::difference).sum::<i64>(), diff.difference());
        assert_eq!(diff.reasons.iter().map(|reason| reason.bytes).sum::<i64>(), diff.difference());
        assert_eq!(diff.reasons[0].to_string(), "+640 core::fmt via Display for Error");
        assert_eq!(Diff::of(&after, &after).changes, []);
    }
}
