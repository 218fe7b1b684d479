//! The parts of the grant that apply to a request, so that the host can count what each of them hides, withholds and matches.

use super::{Rights, Target};
use crate::grant::{FieldPath, Glob};
use wagather_json::project::Node;

/// The parts of the grant that are about a resource, with their numbers in the grant, from 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The resource, in the manifest's words.
    pub resource: String,
    /// The rules that grant only part of its objects.
    pub narrowing: Vec<usize>,
    /// The fields that are removed.
    pub removed: Vec<Removed>,
    /// The names and patterns that may match its objects.
    pub entries: Vec<Entry>,
    /// Whether these are Namespaces, each of which is in itself.
    of_namespaces: bool,
}

/// A field that a rule removes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// The rule.
    pub rule: usize,
    /// Its number in the rule's `without`.
    pub index: usize,
    /// Its number in the mask. `None` if the mask reads nothing of it.
    pub number: Option<u16>,
    /// Its keys, and the keys of other fields with the same value.
    twins: Vec<Vec<String>>,
}

/// A name or a pattern of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The rule.
    pub rule: usize,
    /// Whether it is in `resourceNames`, and not in `namespaces`.
    pub is_name: bool,
    /// Its number there.
    pub index: usize,
    glob: Glob,
    /// For a name, the namespaces of the same rule.
    within: Option<Vec<Glob>>,
}

impl About {
    pub(super) fn new(rights: &Rights, target: &Target<'_>, removed: Vec<Removed>) -> About {
        let (mut narrowing, mut entries) = (Vec::new(), Vec::new());
        for (number, rule) in rights.grant.rules.iter().enumerate() {
            let is_about = rule.grants(target.group, target.plural, target.subresource)
                && rule.verbs.contains(target.verb);
            if !is_about || (rule.namespaces.is_none() && rule.resource_names.is_none()) {
                continue;
            }
            narrowing.push(number);
            for (is_name, globs) in [(false, &rule.namespaces), (true, &rule.resource_names)] {
                let within = rule.namespaces.as_ref().filter(|_| is_name);
                entries.extend(globs.iter().flatten().enumerate().map(|(index, glob)| Entry {
                    rule: number,
                    is_name,
                    index,
                    glob: glob.clone(),
                    within: within.cloned(),
                }));
            }
        }
        let of_namespaces = target.is_namespaces();
        About { resource: target.to_string(), narrowing, removed, entries, of_namespaces }
    }

    /// Whether a field, or one around it, is removed.
    pub fn hides(&self, field: &[&str]) -> bool {
        let is_within = |keys: &Vec<String>| {
            keys.len() <= field.len() && keys.iter().zip(field).all(|(removed, key)| removed == key)
        };
        self.removed.iter().flat_map(|removed| &removed.twins).any(is_within)
    }

    /// The namespace of an object. A Namespace is in itself.
    pub fn namespace_of<'a>(&self, namespace: &'a str, name: &'a str) -> &'a str {
        if self.of_namespaces && namespace.is_empty() { name } else { namespace }
    }
}

impl Entry {
    /// Whether it matches an object.
    pub fn matches(&self, namespace: &str, name: &str) -> bool {
        if self.is_name {
            self.glob.matches(name) && self.within.as_ref().is_none_or(|globs| any(globs, namespace))
        } else {
            self.glob.matches(namespace)
        }
    }

    /// Whether it could match objects of a list in a namespace, or in all of them if that is empty.
    pub fn is_reached_in(&self, namespace: &str) -> bool {
        namespace.is_empty()
            || match (&self.within, self.is_name) {
                (within, true) => within.as_ref().is_none_or(|globs| any(globs, namespace)),
                (_, false) => self.glob.matches(namespace),
            }
    }
}

fn any(globs: &[Glob], namespace: &str) -> bool {
    globs.iter().any(|glob| glob.matches(namespace))
}

/// A mask without the fields that rules remove. Each removed field that the mask wanted has a number.
pub(super) fn hide<'a>(
    mask: Node,
    plural: &str,
    paths: impl Iterator<Item = (usize, usize, &'a FieldPath)>,
) -> (Node, Vec<Removed>) {
    let mut paths: Vec<(usize, usize, Vec<Vec<String>>)> =
        paths.map(|(rule, index, path)| (rule, index, path.with_twins(plural))).collect();
    // A field within a hidden field is hidden, too, and has the number of the outer field. So wider fields come first.
    paths.sort_by_key(|(.., twins)| twins.iter().map(Vec::len).min());
    let (mut hidden, mut removed) = (mask.clone(), Vec::with_capacity(paths.len()));
    let mut numbered: Vec<Vec<Vec<String>>> = Vec::new();
    for (rule, index, twins) in paths {
        let is_read = twins.iter().any(|keys| mask.without(&texts(keys)) != mask);
        let number = is_read.then(|| {
            let wider = |wider: &Vec<Vec<String>>| {
                twins.iter().all(|keys| wider.iter().any(|wider| keys.starts_with(wider)))
            };
            numbered.iter().position(wider).unwrap_or_else(|| {
                numbered.push(twins.clone());
                numbered.len() - 1
            })
        });
        // Fields above this number are counted as one.
        let number = number.map(|number| u16::try_from(number).unwrap_or(u16::MAX));
        if let Some(number) = number {
            hidden = twins.iter().fold(hidden, |mask, keys| mask.hiding(&texts(keys), number));
        }
        removed.push(Removed { rule, index, number, twins });
    }
    (hidden, removed)
}

fn texts(keys: &[String]) -> Vec<&str> {
    keys.iter().map(String::as_str).collect()
}
