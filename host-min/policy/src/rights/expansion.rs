//! What a request for any resource comes to in a cluster: a list of each resource that both the manifest and the grant allow.

#[cfg(test)]
mod tests;

use super::{Allowed, Denial, Extent, Rights, Scope, Target};
use crate::canonical::{Canonical, Refusal};
use crate::discovery::{ApiResource, Catalog, Position};
use crate::grant::{Escalating, Glob, Rule};
use crate::manifest::{is_beyond_wildcards, is_namespaces};
use std::sync::Arc;
use wagather_abi::manifest::ANY;
use wagather_abi::{Status, Verb};
use wagather_base::request::RestRequest;
use wagather_json::project::Node;

/// The lists that a request for any resource comes to, and what is none of them. There may be thousands, of which a few are under way
/// at a time, and the masks of a request may be large: so each list is made by [`Rights::list`] when its turn comes.
#[derive(Debug, Default)]
pub struct Expansion {
    /// The resources that have a list.
    pub lists: Vec<Position>,
    /// What the cluster has besides.
    pub left_out: Vec<LeftOut>,
}

/// A list of one resource.
#[derive(Debug)]
pub struct List {
    /// The request.
    pub request: Canonical,
    /// What may be seen of the answer.
    pub allowed: Allowed,
    /// Whether its objects are in namespaces.
    pub namespaced: bool,
}

/// A resource, or all of a version, without a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// The resource: `v1/secrets`.
    pub resource: String,
    /// Why.
    pub why: Why,
}

/// Why a resource has no list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// The server has no verb `list` for it.
    NotListable,
    /// The manifest or the grant does not allow it, for this reason.
    Denied(String),
    /// Another resource has the same objects.
    Alias(String),
    /// Nobody knows which resources there are, for this reason.
    Unknown(String),
}

impl Rights {
    /// The list of the cluster's namespaces, and which of them are visible. `None` if the gatherer may not list them.
    pub fn namespaces(&self) -> Option<(Canonical, Scope)> {
        let texts = ["v1", "namespaces", "", "", "", "", "", "", "", ""].map(|text| text.as_bytes().to_vec());
        let request = Canonical::new(RestRequest::new(Verb::LIST, 0, texts)).ok()?;
        let scope = self.judge(&request).ok()?.scope;
        Some((request, scope))
    }

    /// Judges a request for any resource. Each resource that it comes to is judged again, by itself.
    pub(super) fn judge_any(&self, request: &Canonical) -> Result<Allowed, Refusal> {
        let is_declared = self.manifest.resources.iter().any(|resource| {
            resource.is_within(&request.group) && (request.verb == Verb::DISCOVER || resource.verbs.list)
        });
        if !is_declared {
            let reason = format!("the manifest does not declare '{}'", super::describe(request));
            return Err(Refusal::new(Status::DENIED, reason));
        }
        Ok(Allowed {
            mask: Node::Keep,
            scope: Scope::everything(),
            narrowed: false,
            about: Arc::default(),
            by_wildcard: true,
        })
    }

    /// The lists that a request for any resource comes to.
    pub fn expand(&self, request: &Canonical, catalog: &Catalog) -> Expansion {
        let mut expansion = Expansion::default();
        let is_asked = |group: &str| request.group == ANY || request.group == group;
        for found in catalog.preferred(&request.version).filter(|found| is_asked(&found.group)) {
            // A list in a namespace has nothing that is in none.
            if !request.namespace.is_empty() && !found.namespaced {
                continue;
            }
            match self.list_of(request, found, catalog) {
                Ok(_) => expansion.lists.extend(catalog.position(found)),
                Err(why) => expansion.left_out.push(LeftOut { resource: found.identity(), why }),
            }
        }
        for version in catalog.versions().iter().filter(|version| is_asked(&version.group)) {
            if let Some(why) = &version.stale {
                let why = Why::Unknown(why.clone());
                expansion.left_out.push(LeftOut { resource: version.identity(), why });
            }
        }
        expansion
    }

    /// One of these lists, as it is judged by itself.
    pub fn list(&self, request: &Canonical, catalog: &Catalog, position: Position) -> Option<List> {
        self.list_of(request, catalog.at(position)?, catalog).ok()
    }

    fn list_of(&self, asked: &Canonical, found: &ApiResource, catalog: &Catalog) -> Result<List, Why> {
        if !found.can(Verb::LIST) {
            return Err(Why::NotListable);
        }
        if is_beyond_wildcards(&found.plural, "", &found.kind) {
            let gives = Escalating::of_kind(&found.kind).or_else(|| Escalating::of(&found.plural, ""));
            let gives = gives.map_or("more rights", |known| known.gives);
            return Err(Why::Denied(format!(
                "a list of any resource never has {gives}: they are listed by name"
            )));
        }
        let mut request = Canonical {
            group: found.group.clone(),
            version: found.version.clone(),
            resource: found.plural.clone(),
            ..asked.clone()
        };
        let mut allowed = self.admit(&mut request).map_err(|refusal| Why::Denied(refusal.reason))?;
        if !found.namespaced && asked.namespace.is_empty() {
            // A run in one namespace asks for objects that are in none as they are.
            request.namespace.clear();
            allowed.narrowed = false;
            if !allowed.scope.reaches_none() && !is_namespaces(&found.group, &found.plural) {
                let resource = found.identity();
                return Err(Why::Denied(Denial::ClusterScoped { resource }.to_string()));
            }
        }
        if let Ok(only) = Glob::of_namespaces(&asked.namespace) {
            // A recording may have only the list over all namespaces.
            allowed.scope = allowed.scope.declared_in(vec![only], false);
            allowed.narrowed = true;
        }
        let original = catalog.original(found).filter(|original| {
            let is_listed = self.list_of(asked, original, &Catalog::default()).is_ok();
            is_listed && (asked.group == ANY || asked.group == original.group)
        });
        match original {
            Some(original) => Err(Why::Alias(original.identity())),
            None => Ok(List { request, allowed, namespaced: found.namespaced }),
        }
    }

    /// The resource that a request means, whose version discovery has to say, or which only a wildcard declares. The error is what
    /// the gatherer gets.
    pub fn resolve<'a>(
        &self,
        request: &Canonical,
        allowed: &Allowed,
        catalog: &'a Catalog,
    ) -> Result<&'a ApiResource, Refusal> {
        let Canonical { group, version, resource, .. } = request;
        let Some(found) = catalog.find(group, version, resource) else {
            return Err(match catalog.unknown(group, version) {
                Some(why) => Refusal::new(Status::http(503), why),
                None => Refusal::new(Status::http(404), "discovery does not have the resource"),
            });
        };
        if let Some(why) = refusal_by_kind(allowed, found) {
            return Err(Refusal::new(Status::DENIED, why));
        }
        if allowed.by_wildcard && !found.can(Verb::LIST) {
            let why =
                "the server cannot list the resource, and the manifest's wildcard is for those that it can";
            return Err(Refusal::new(Status::DENIED, why));
        }
        Ok(found)
    }

    /// The resources of a cluster that may be read in some way, in the group of the request or in any.
    pub fn readable<'a>(
        &'a self,
        request: &'a Canonical,
        catalog: &'a Catalog,
    ) -> impl Iterator<Item = &'a ApiResource> {
        let is_asked = |group: &str| request.group == ANY || request.group == group;
        catalog.preferred(&request.version).filter(move |found| is_asked(&found.group) && self.reads(found))
    }

    fn reads(&self, found: &ApiResource) -> bool {
        let ApiResource { group, version, plural, kind, .. } = found;
        [Verb::GET, Verb::LIST].into_iter().any(|verb| {
            let is_declared = self.manifest.resources.iter().any(|resource| {
                resource.verbs.contains(verb)
                    && resource.is_about(group, version, plural, "")
                    && !(resource.is_wildcard()
                        && (is_beyond_wildcards(plural, "", kind) || !found.can(Verb::LIST)))
            });
            let is_granted = |rule: &Rule| rule.grants(group, plural, "") && rule.verbs.contains(verb);
            is_declared && self.grant.rules.iter().any(is_granted)
        })
    }

    /// What rules cover of resources that a manifest does not name.
    pub(super) fn extents_of_any(&self, target: &Target<'_>) -> Result<Vec<Extent>, Denial> {
        let is_about = |rule: &&Rule| {
            let of_group = target.group == ANY || rule.is_of_group(target.group);
            let of_resource = target.plural == ANY || rule.grants_any_of(target.plural);
            of_group && of_resource && rule.verbs.contains(target.verb)
        };
        let mut extents: Vec<Extent> = self.grant.rules.iter().filter(is_about).map(Extent::of).collect();
        if let Some(only) = self.narrowing.namespace.as_deref() {
            extents = extents.into_iter().filter_map(|extent| extent.within(only)).collect();
        }
        extents.dedup();
        if extents.is_empty() { Err(Denial::NoRule { resource: target.to_string() }) } else { Ok(extents) }
    }
}

/// Why a wildcard does not cover a resource, by the kind of its objects.
fn refusal_by_kind(allowed: &Allowed, found: &ApiResource) -> Option<String> {
    let gives = Escalating::of_kind(&found.kind).filter(|_| allowed.by_wildcard)?;
    Some(format!(
        "its objects are of the kind {}: the manifest's wildcards do not cover {}",
        found.kind, gives.gives
    ))
}
