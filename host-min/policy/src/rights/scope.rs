//! Which objects of a list the gatherer may see.

use super::Shard;
use super::order::sort_places;
use crate::grant::{Glob, Rule};
use std::fmt;

/// The objects of a list that the gatherer may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Each visible object is in one of these extents. `None` if all objects are visible.
    extents: Option<Vec<Extent>>,
    /// Whether these are Namespaces. As in RBAC, each is in itself.
    of_namespaces: bool,
    /// The shard that the objects must be in besides, if the run has one.
    shard: Option<Shard>,
    /// The namespaces that the objects must be in besides, if the manifest declares only those.
    declared: Option<Vec<Glob>>,
}

/// The objects that one rule covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extent {
    /// The namespaces. `None` for all objects, in a namespace or not.
    pub namespaces: Option<Vec<Glob>>,
    /// Whether objects in no namespace are covered, too.
    pub or_in_none: bool,
    /// The names. `None` for all.
    pub names: Option<Vec<Glob>>,
}

impl Scope {
    /// All objects.
    pub fn everything() -> Scope {
        Scope { extents: None, of_namespaces: false, shard: None, declared: None }
    }

    pub(super) fn of(extents: Vec<Extent>, of_namespaces: bool) -> Scope {
        Scope { extents: Some(extents), of_namespaces, shard: None, declared: None }
    }

    /// The part of it that is in a shard.
    pub(super) fn in_shard(self, shard: Shard, of_namespaces: bool) -> Scope {
        Scope { shard: Some(shard), of_namespaces, ..self }
    }

    /// The part of it that is in namespaces which the manifest declares.
    pub(super) fn declared_in(self, patterns: Vec<Glob>, of_namespaces: bool) -> Scope {
        Scope { declared: Some(patterns), of_namespaces, ..self }
    }

    /// Whether the manifest leaves a namespace in it.
    fn declares(&self, namespace: &str) -> bool {
        self.declared.as_ref().is_none_or(|globs| any(globs, namespace))
    }

    /// Whether the manifest leaves some namespaces out. Nobody counts what is in those.
    pub const fn is_declared_in_part(&self) -> bool {
        self.declared.is_some()
    }

    /// Whether all objects are visible.
    pub fn is_everything(&self) -> bool {
        self.extents.is_none() && self.declared.is_none()
    }

    /// Whether objects that are in no namespace are visible.
    pub fn reaches_none(&self) -> bool {
        self.declares("")
            && self.extents.as_ref().is_none_or(|all| all.iter().any(|extent| extent.reaches("")))
    }

    /// The namespaces of all its objects, if the rules name each of them. Then the list is requested namespace by namespace.
    /// A shard has its own among them, or among those of the cluster.
    pub fn places(&self) -> Option<Vec<String>> {
        let mut places = self.all_places()?;
        places.retain(|namespace| self.declares(namespace));
        if let Some(shard) = &self.shard {
            places.retain(|namespace| shard.has(namespace));
        }
        Some(places)
    }

    /// The namespaces to ask one by one, if the server refuses a list over all of them: those that rules name, and those of the
    /// cluster, as far as they are known.
    pub fn places_to_try(&self, of_cluster: &[String]) -> Vec<String> {
        if self.of_namespaces {
            return Vec::new();
        }
        let globs = self.extents.iter().flatten().filter_map(|extent| extent.namespaces.as_ref());
        let globs = globs.chain(&self.declared).flatten();
        let named = globs.filter_map(Glob::exact).map(ToOwned::to_owned);
        let mut places: Vec<String> = of_cluster.iter().cloned().chain(named).collect();
        let is_reached = |namespace: &str| {
            self.extents.as_ref().is_none_or(|all| all.iter().any(|extent| extent.reaches(namespace)))
        };
        places.retain(|namespace| {
            self.declares(namespace)
                && is_reached(namespace)
                && self.shard.as_ref().is_none_or(|shard| shard.has(namespace))
        });
        sort_places(&mut places);
        places.dedup();
        places
    }

    /// A namespace in which a list may be asked for, for a shard that has none of its own. The answer tells whether the resource is
    /// namespaced.
    pub fn place_to_ask(&self) -> Option<String> {
        self.shard.as_ref()?;
        let named = self.extents.as_deref().and_then(named_namespaces);
        Some(named.and_then(|named| named.into_iter().next()).unwrap_or_else(|| "default".into()))
    }

    /// Those of all shards.
    fn all_places(&self) -> Option<Vec<String>> {
        if self.of_namespaces {
            return None;
        }
        let named = self.extents.as_deref().and_then(named_namespaces);
        named.or_else(|| {
            let of_cluster = self.shard.as_ref()?.namespaces()?.iter();
            let reached = |namespace: &&String| {
                self.extents.as_ref().is_none_or(|all| all.iter().any(|extent| extent.reaches(namespace)))
            };
            Some(of_cluster.filter(reached).cloned().collect())
        })
    }

    /// Whether the run has a shard.
    pub fn is_sharded(&self) -> bool {
        self.shard.is_some()
    }

    /// Whether an object is in another shard than the run's. The namespace of an object in none is empty.
    pub fn is_elsewhere(&self, namespace: &str, name: &str) -> bool {
        let namespace = if self.of_namespaces && namespace.is_empty() { name } else { namespace };
        self.shard.as_ref().is_some_and(|shard| !shard.has(namespace))
    }

    /// Whether an object is in a namespace that is not wanted, which is no decision of the grant's.
    pub fn is_unwanted(&self, namespace: &str, name: &str) -> bool {
        !self.declares(if self.of_namespaces && namespace.is_empty() { name } else { namespace })
    }

    /// The part of the scope in one namespace.
    pub fn within(&self, namespace: &str) -> Scope {
        let Some(extents) = &self.extents else { return Scope::everything() };
        let mut extents: Vec<Extent> =
            extents.iter().filter(|extent| extent.reaches(namespace)).cloned().collect();
        extents.iter_mut().for_each(|extent| extent.namespaces = None);
        if extents.iter().any(Extent::is_everything) {
            return Scope::everything();
        }
        Scope { extents: Some(extents), of_namespaces: self.of_namespaces, shard: None, declared: None }
    }

    /// Whether an object is visible. The namespace of an object in none is empty.
    pub fn covers(&self, namespace: &str, name: &str) -> bool {
        let namespace = if self.of_namespaces && namespace.is_empty() { name } else { namespace };
        self.declares(namespace)
            && self.extents.as_ref().is_none_or(|all| all.iter().any(|extent| extent.covers(namespace, name)))
    }
}

impl Extent {
    pub(super) fn of(rule: &Rule) -> Extent {
        Extent { namespaces: rule.namespaces.clone(), or_in_none: false, names: rule.resource_names.clone() }
    }

    /// The part of the extent within one namespace and, if it is not about namespaces, in none. `None` if there is nothing.
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

/// The namespaces of these extents without duplicates, if every extent names its own. They have the order of a list over all
/// namespaces, which is that of the keys `NAMESPACE/NAME` in etcd.
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
    sort_places(&mut named);
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
