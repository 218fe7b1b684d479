//! What every object and every resource has. These structs have lifetimes, so a host decodes them.

use crate::abi::manifest::ANY;
use crate::{Fields, Resource};

/// A resource, named at run time, as in kube-rs. [`discover`](crate::rest::discover) returns those of the cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Fields)]
pub struct ApiResource<'a> {
    /// The API group; empty for the core group.
    pub group: &'a str,
    /// The API version; empty for the one that the server prefers.
    pub version: &'a str,
    /// The group and the version, as objects have them. Requests do not use it.
    pub api_version: &'a str,
    /// The kind. Requests do not use it.
    pub kind: &'a str,
    /// The plural name.
    pub plural: &'a str,
    /// Whether its objects are in namespaces. Requests do not use it.
    pub namespaced: bool,
}

impl<'a> ApiResource<'a> {
    /// Any resource: a list of it has the objects of each resource that the manifest and the grant allow, one resource after another.
    pub const ANY: ApiResource<'static> =
        ApiResource { group: ANY, version: "", api_version: "", kind: "", plural: ANY, namespaced: true };

    /// A resource in the version that the server prefers, as in the `relatedObjects` of an OpenShift operator.
    #[inline(always)]
    pub const fn preferred(group: &'a str, plural: &'a str) -> Self {
        ApiResource { group, version: "", api_version: "", kind: "", plural, namespaced: true }
    }

    /// That of a type.
    pub const fn erase<K: Resource>() -> ApiResource<'static> {
        ApiResource {
            group: K::GROUP,
            version: K::VERSION,
            api_version: "",
            kind: K::KIND,
            plural: K::PLURAL,
            namespaced: K::NAMESPACED,
        }
    }
}

/// An object of any type. [`List::read_as`](crate::List::read_as) reads more of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Fields)]
pub struct DynamicObject<'a> {
    /// The group and the version of its type.
    pub api_version: &'a str,
    /// Its kind.
    pub kind: &'a str,
    /// Its name and namespace.
    pub metadata: DynamicMeta<'a>,
}

/// The name and namespace of a [`DynamicObject`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Fields)]
pub struct DynamicMeta<'a> {
    /// The name.
    pub name: &'a str,
    /// The namespace; empty for an object that is in none.
    pub namespace: &'a str,
}
