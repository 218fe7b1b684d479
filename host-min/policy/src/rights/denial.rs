//! Why something is not granted.

use crate::grant::Escalating;
use std::fmt;

/// Why something that is requested or declared is not granted. A resource is in the manifest's words: `apps/v1/deployments`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Denial {
    /// No rule is about the resource.
    NoRule {
        /// The resource.
        resource: String,
    },
    /// The resource gives more rights to its reader, and no rule names it.
    Escalating {
        /// The resource.
        resource: String,
        /// What it gives.
        gives: &'static Escalating,
    },
    /// The rules about the resource do not have the verb.
    Verb {
        /// The verb.
        verb: &'static str,
        /// The resource.
        resource: String,
    },
    /// The rules about the resource do not have the namespace.
    Namespace {
        /// The resource.
        resource: String,
        /// The namespace.
        namespace: String,
    },
    /// The rules about the resource have namespaces, and the request is for no namespace.
    ClusterScoped {
        /// The resource.
        resource: String,
    },
    /// The rules about the resource do not have the name.
    Name {
        /// The resource.
        resource: String,
        /// The object's name.
        name: String,
    },
    /// The run is limited to another namespace.
    Narrowed {
        /// The run's namespace.
        only: String,
        /// The namespace of the request.
        namespace: String,
    },
    /// The raw path is not granted.
    Path {
        /// The path.
        path: String,
        /// What the grant has instead.
        granted: Vec<String>,
    },
    /// The path is not a raw path, but that of a resource.
    ResourcePath(String),
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Denial::NoRule { resource } => write!(f, "the grant has no rule for {resource}"),
            Denial::Escalating { resource, gives } => f.write_str(&gives.refusal(resource)),
            Denial::Verb { verb, resource } => {
                write!(f, "the grant does not allow the verb {verb} for {resource}")
            }
            Denial::Namespace { resource, namespace } => {
                write!(f, "the grant has no rule for {resource} in the namespace {namespace}")
            }
            Denial::ClusterScoped { resource } => write!(
                f,
                "the grant allows {resource} only in namespaces, and this request is cluster-scoped"
            ),
            Denial::Name { resource, name } => {
                write!(f, "the grant has no rule for the name {name} of {resource}")
            }
            Denial::Narrowed { only, namespace } => write!(
                f,
                "--namespace limits the run to the namespace {only}, and this request is for {namespace}"
            ),
            Denial::Path { path, granted } if granted.is_empty() => {
                write!(f, "the path {path} is not granted; the grant has no paths")
            }
            Denial::Path { path, granted } => {
                write!(f, "the path {path} is not granted; granted paths: {}", granted.join(", "))
            }
            Denial::ResourcePath(path) => {
                write!(f, "the path {path} is not granted: it is the path of a resource, not a raw path")
            }
        }
    }
}

impl std::error::Error for Denial {}
