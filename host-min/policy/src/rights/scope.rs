//! Which objects of a list may be seen.

use crate::grant::{Glob, Rule};
use std::fmt;

/// The objects of a list that may be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// One of these covers an object that may be seen; `None` for all of them.
    extents: Option<Vec<Extent>>,
    /// A Namespace is in itself, as RBAC has it.
    of_namespaces: bool,
}

/// The objects that one rule is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Those in such namespaces; `None` for all, in a namespace or not.
    pub namespaces: Option<Vec<Glob>>,
    /// Besides, those in no namespace.
    pub or_in_none: bool,
    /// Those of such names; `None` for all.
    pub names: Option<Vec<Glob>>,
}

impl Scope {
    /// All objects.
    pub fn everything() -> Scope {
        Scope { extents: None, of_namespaces: false }
    }

    pub(super) fn of(extents: Vec<Extent>, of_namespaces: bool) -> Scope {
        Scope { extents: Some(extents), of_namespaces }
    }

    /// Whether all objects may be seen.
    pub fn is_everything(&self) -> bool {
        self.extents.is_none()
    }

    /// Whether objects that are in no namespace may be seen.
    pub fn reaches_none(&self) -> bool {
        self.extents.as_ref().is_none_or(|all| all.iter().any(|extent| extent.reaches("")))
    }

    /// The namespaces that all of its objects are in, if the rules name each: then the list is asked for namespace by namespace.
    pub fn places(&self) -> Option<Vec<String>> {
        let extents = self.extents.as_deref().filter(|_| !self.of_namespaces)?;
        named_namespaces(extents)
    }

    /// What may be seen of the objects in one namespace.
    pub fn within(&self, namespace: &str) -> Scope {
        let Some(extents) = &self.extents else { return Scope::everything() };
        let mut extents: Vec<Extent> =
            extents.iter().filter(|extent| extent.reaches(namespace)).cloned().collect();
        extents.iter_mut().for_each(|extent| extent.namespaces = None);
        if extents.iter().any(Extent::is_everything) {
            return Scope::everything();
        }
        Scope { extents: Some(extents), of_namespaces: self.of_namespaces }
    }

    /// Whether an object may be seen. The namespace of what is in none is empty.
    pub fn covers(&self, namespace: &str, name: &str) -> bool {
        let namespace = if self.of_namespaces && namespace.is_empty() { name } else { namespace };
        self.extents.as_ref().is_none_or(|all| all.iter().any(|extent| extent.covers(namespace, name)))
    }
}

impl Extent {
    pub(super) fn of(rule: &Rule) -> Extent {
        Extent { namespaces: rule.namespaces.clone(), or_in_none: false, names: rule.resource_names.clone() }
    }

    /// What it has within one namespace and, if it is not about namespaces, in none; `None` for nothing.
    pub(super) fn within(self, namespace: &str) -> Option<Extent> {
        let or_in_none = self.namespaces.is_none() || self.or_in_none;
        let only = Glob::of_namespaces(namespace).ok().filter(|_| self.reaches(namespace))?;
        Some(Extent { namespaces: Some(vec![only]), or_in_none, names: self.names })
    }

    fn covers(&self, namespace: &str, name: &str) -> bool {
        self.reaches(namespace) && self.has_name(name)
    }

    pub(super) fn has_name(&self, name: &str) -> bool {
        self.names.as_ref().is_none_or(|names| any(names, name))
    }

    pub(super) fn reaches(&self, namespace: &str) -> bool {
        let namespaces = self.namespaces.as_ref();
        namespaces.is_none_or(|globs| any(globs, namespace) || (self.or_in_none && namespace.is_empty()))
    }

    pub(super) fn is_everything(&self) -> bool {
        self.namespaces.is_none() && self.names.is_none()
    }
}

/// The namespaces of these, each once, if every extent names its own: in the order in which a list over all of them has them,
/// which is that of the keys `NAMESPACE/NAME` in etcd.
pub(super) fn named_namespaces(extents: &[Extent]) -> Option<Vec<String>> {
    let mut named = Vec::new();
    for extent in extents {
        if extent.or_in_none {
            return None;
        }
        for glob in extent.namespaces.as_ref()? {
            named.push(glob.exact()?.to_owned());
        }
    }
    named.sort_unstable_by(|a: &String, b: &String| a.bytes().chain([b'/']).cmp(b.bytes().chain([b'/'])));
    named.dedup();
    Some(named)
}

fn any(globs: &[Glob], name: &str) -> bool {
    globs.iter().any(|glob| glob.matches(name))
}

impl fmt::Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |globs: &[Glob]| globs.iter().map(Glob::to_string).collect::<Vec<_>>().join(", ");
        let or_in_none = if self.or_in_none { " or cluster-scoped" } else { "" };
        match (&self.namespaces, &self.names) {
            (None, None) => f.write_str("everywhere"),
            (Some(namespaces), None) => write!(f, "in namespaces {}{or_in_none}", joined(namespaces)),
            (None, Some(names)) => write!(f, "named {}", joined(names)),
            (Some(namespaces), Some(names)) => {
                write!(f, "in namespaces {}{or_in_none} named {}", joined(namespaces), joined(names))
            }
        }
    }
}
