//! Which resources a cluster has, as its API server says.
//!
//! A server since Kubernetes 1.26 has two documents, for `/api` and `/apis`, with everything. An older one has lists of versions
//! there, and a document for each of them. [`Discovery`] reads both forms and says which paths to ask for; whoever uses it sends the
//! requests. The result is a [`Catalog`].
//!
//! See <https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api>.

mod document;
#[cfg(test)]
mod tests;

use document::Document;
use serde::Serialize;
use serde_json::{Value, json};
use std::fmt;
use wagather_abi::Verb;

/// The paths to ask for first.
pub const ROOTS: [&str; 2] = ["/api", "/apis"];

/// The largest document. That of a cluster with a thousand custom resources has about 2 MB.
pub const MAX_DOCUMENT_BYTES: usize = 8 << 20;

/// The most versions of all groups.
const MAX_VERSIONS: usize = 2_000;
/// The most resources in all versions.
const MAX_RESOURCES: usize = 5_000;

/// A resource that a server has. The names are kube-rs'.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiResource {
    /// The API group, or empty.
    pub group: String,
    /// The API version.
    pub version: String,
    /// The group and the version, as objects have them.
    pub api_version: String,
    /// The kind of its objects.
    pub kind: String,
    /// The plural name.
    pub plural: String,
    /// Whether its objects are in namespaces.
    pub namespaced: bool,
    /// What the server can do with them.
    pub verbs: Vec<String>,
    /// Whether the server had this from a server that does not answer now.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stale: bool,
}

/// A version of a group, and its resources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Version {
    /// The API group, or empty.
    pub group: String,
    /// The API version.
    pub version: String,
    /// Why its resources are not known, or not known to be those that it has now.
    pub stale: Option<String>,
    /// Its resources, without subresources.
    pub resources: Vec<ApiResource>,
}

/// The resources of a cluster. The versions of a group follow each other, the preferred one first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalog {
    versions: Vec<Version>,
}

/// Where a resource is in a catalog: whoever goes through many of them holds this, and not what is in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    version: usize,
    resource: usize,
}

/// Discovery under way.
#[derive(Debug, Default)]
pub struct Discovery {
    catalog: Catalog,
    resources: usize,
}

/// A document that is not one of discovery, or has more than the limits allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscoveryError(pub(crate) String);

impl fmt::Display for DiscoveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for DiscoveryError {}

/// The resources that have the same objects as one in another group: a cluster that is read as a whole has them once.
const ALIASES: &[(&str, &str, &str)] = &[
    ("events.k8s.io", "events", ""),
    ("extensions", "daemonsets", "apps"),
    ("extensions", "deployments", "apps"),
    ("extensions", "ingresses", "networking.k8s.io"),
    ("extensions", "networkpolicies", "networking.k8s.io"),
    ("extensions", "podsecuritypolicies", "policy"),
    ("extensions", "replicasets", "apps"),
    ("authorization.openshift.io", "clusterrolebindings", "rbac.authorization.k8s.io"),
    ("authorization.openshift.io", "clusterroles", "rbac.authorization.k8s.io"),
    ("authorization.openshift.io", "rolebindings", "rbac.authorization.k8s.io"),
    ("authorization.openshift.io", "roles", "rbac.authorization.k8s.io"),
];

impl ApiResource {
    /// `apps/v1/deployments`, or `v1/pods`.
    pub fn identity(&self) -> String {
        format!("{}/{}", self.api_version, self.plural)
    }

    /// Whether the server can do this with its objects.
    pub fn can(&self, verb: Verb) -> bool {
        verb.name().is_some_and(|name| self.verbs.iter().any(|known| known == name))
    }
}

impl Version {
    fn api_version(&self) -> String {
        api_version(&self.group, &self.version)
    }

    /// `apps/v1/*`: all of its resources, whichever they are.
    pub fn identity(&self) -> String {
        format!("{}/*", self.api_version())
    }

    fn path(&self) -> String {
        match &*self.group {
            "" => format!("/api/{}", self.version),
            group => format!("/apis/{group}/{}", self.version),
        }
    }
}

fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

/// A document of discovery with these resources, which are in the order of a catalog.
pub fn document<'a>(resources: impl Iterator<Item = &'a ApiResource>) -> Value {
    let mut groups: Vec<Value> = Vec::new();
    for found in resources {
        let ApiResource { group, version, kind, plural, verbs, .. } = found;
        let scope = if found.namespaced { "Namespaced" } else { "Cluster" };
        let kind = json!({ "group": group, "version": version, "kind": kind });
        let resource = json!({ "resource": plural, "responseKind": kind, "scope": scope, "verbs": verbs });
        let is_same = |known: &Value| known["metadata"]["name"] == **group;
        let place = groups.iter().position(is_same).unwrap_or_else(|| {
            groups.push(json!({ "metadata": { "name": group }, "versions": [] }));
            groups.len() - 1
        });
        let Some(versions) = groups[place]["versions"].as_array_mut() else { continue };
        match versions.iter_mut().find(|known| known["version"] == **version) {
            Some(known) => {
                known["resources"].as_array_mut().into_iter().for_each(|all| all.push(resource.clone()))
            }
            None => {
                let freshness = if found.stale { "Stale" } else { "Current" };
                versions.push(json!({ "version": version, "freshness": freshness, "resources": [resource] }));
            }
        }
    }
    json!({ "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": groups })
}

impl Catalog {
    /// The versions of all groups.
    pub fn versions(&self) -> &[Version] {
        &self.versions
    }

    /// Where one of its resources is.
    pub fn position(&self, of: &ApiResource) -> Option<Position> {
        self.versions.iter().enumerate().find_map(|(version, known)| {
            let is_in = known.group == of.group && known.version == of.version;
            let found = || known.resources.iter().position(|resource| std::ptr::eq(resource, of));
            is_in.then(found).flatten().map(|resource| Position { version, resource })
        })
    }

    /// The resource at a position.
    pub fn at(&self, position: Position) -> Option<&ApiResource> {
        self.versions.get(position.version)?.resources.get(position.resource)
    }

    /// A resource, in this version, or in the one that its group prefers among those that have it.
    pub fn find(&self, group: &str, version: &str, plural: &str) -> Option<&ApiResource> {
        let fits =
            |known: &&Version| known.group == group && (version.is_empty() || known.version == version);
        let resources = self.versions.iter().filter(fits).flat_map(|known| &known.resources);
        resources.into_iter().find(|resource| resource.plural == plural)
    }

    /// Why nobody knows whether a group has a resource, if nobody does.
    pub fn unknown(&self, group: &str, version: &str) -> Option<&str> {
        let fits =
            |known: &&Version| known.group == group && (version.is_empty() || known.version == version);
        self.versions.iter().filter(fits).find_map(|known| known.stale.as_deref())
    }

    /// Each resource once: in this version, or in the one that its group prefers among those that have it.
    pub fn preferred(&self, version: &str) -> impl Iterator<Item = &ApiResource> {
        let all = self.versions.iter().filter(move |known| version.is_empty() || known.version == version);
        let all = all.flat_map(|known| &known.resources);
        all.filter(move |resource| {
            self.find(&resource.group, version, &resource.plural)
                .is_some_and(|first| std::ptr::eq(first, *resource))
        })
    }

    /// The resource that has the same objects in another group, if the cluster has that.
    pub fn original(&self, resource: &ApiResource) -> Option<&ApiResource> {
        let is_it = |alias: &&(&str, &str, &str)| alias.0 == resource.group && alias.1 == resource.plural;
        let (.., group) = ALIASES.iter().find(is_it)?;
        self.find(group, "", &resource.plural).filter(|original| original.can(Verb::LIST))
    }
}

impl Discovery {
    /// Takes the answer to a path: one of [`ROOTS`], or of those that an earlier call returned. Returns the paths to ask for besides.
    pub fn answered(&mut self, path: &str, body: &[u8]) -> Result<Vec<String>, DiscoveryError> {
        let known = self.catalog.versions.iter_mut().find(|version| version.path() == path);
        let versions = match (Document::parse(body, path)?, known) {
            (Document::Resources(resources), Some(version)) => {
                self.resources += resources.len();
                version.resources = document::named(resources, &version.group, &version.version);
                self.within_limits()?;
                return Ok(Vec::new());
            }
            (Document::Groups(versions), None) => {
                self.resources += versions.iter().map(|version| version.resources.len()).sum::<usize>();
                self.catalog.versions.extend(versions);
                self.within_limits()?;
                return Ok(Vec::new());
            }
            (Document::Versions(versions), None) => versions,
            _ => {
                return Err(DiscoveryError(format!("the answer to {path} is another document of discovery")));
            }
        };
        let paths = versions.iter().map(Version::path).collect();
        self.catalog.versions.extend(versions);
        self.within_limits()?;
        Ok(paths)
    }

    /// A version's document cannot be had. Its group is stale, and the others stay.
    pub fn failed(&mut self, path: &str, why: &str) {
        if let Some(version) = self.catalog.versions.iter_mut().find(|version| version.path() == path) {
            version.stale = Some(why.to_owned());
        }
    }

    fn within_limits(&self) -> Result<(), DiscoveryError> {
        let versions = self.catalog.versions.len();
        if versions > MAX_VERSIONS || self.resources > MAX_RESOURCES {
            return Err(DiscoveryError(format!(
                "the server has more than {MAX_VERSIONS} versions of groups or {MAX_RESOURCES} resources"
            )));
        }
        Ok(())
    }

    /// What the answers come to.
    pub fn finish(self) -> Catalog {
        self.catalog
    }
}
