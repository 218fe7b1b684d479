//! What a cluster's owner allows: which modules may run, what they may read, and how much of it.
//!
//! A grant is a file. It uses RBAC's words where RBAC has them; `docs/grant.md` is its reference. This module has its data and
//! reads it. [`rights`](crate::rights) joins it with a manifest and decides what a gatherer may do.

mod error;
mod escalating;
mod module;
mod parse;
mod pattern;
#[cfg(target_os = "linux")]
mod read;
#[cfg(test)]
mod tests;
mod twins;

pub use error::{PatternError, SigningError};
pub use escalating::{CONNECTIONS, ESCALATING, Escalating};
pub use module::{Digest, PublicKey, Signature};
pub use pattern::{FieldPath, Glob, PathPattern, ResourcePattern, is_resource_path};

use std::time::Duration;
use wagather_abi::manifest::Verbs;
use wagather_base::limits::{MAX_ARCHIVE_BYTES, MAX_ENTRIES, MAX_LOG_LINES, MAX_REQUESTS};
use wagather_json::redact;
use wagather_yaml as yaml;

/// A grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The file that it was read from, as it was named; empty if there is none.
    pub file: String,
    /// What may be read of resources; rules add up.
    pub rules: Vec<Rule>,
    /// The raw paths that may be read.
    pub non_resource_urls: Vec<PathPattern>,
    /// The only modules that may run; without any, every one may.
    pub modules: Vec<Digest>,
    /// Who must have signed a module; without any, nobody.
    pub signers: Vec<PublicKey>,
    /// Whether a module that imports WASI may run.
    pub wasi: bool,
    /// How much of everything.
    pub budgets: Budgets,
    /// What is made unreadable.
    pub redact: redact::Rules,
}

/// A rule: it grants what matches all of its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// How it may be read.
    pub verbs: Verbs,
    /// The API groups, `*` for any.
    pub api_groups: Vec<String>,
    /// The resources.
    pub resources: Vec<ResourcePattern>,
    /// The namespaces, or `None` for all, and for what is in none.
    pub namespaces: Option<Vec<Glob>>,
    /// The objects' names, or `None` for all.
    pub resource_names: Option<Vec<Glob>>,
    /// Fields that are removed, whatever a manifest or another rule says.
    pub without: Vec<FieldPath>,
    /// Where in the file these are.
    pub places: Places,
}

/// Where in a grant's file the parts of a rule are, in their order; nothing of a rule that is from no file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// Those of `namespaces`.
    pub namespaces: Vec<yaml::Place>,
    /// Those of `resourceNames`.
    pub resource_names: Vec<yaml::Place>,
    /// Those of `without`.
    pub without: Vec<yaml::Place>,
}

impl Rule {
    /// Whether it is about the resource, whichever objects of it.
    pub fn grants(&self, group: &str, plural: &str, subresource: &str) -> bool {
        self.is_of_group(group) && self.resources.iter().any(|resource| resource.grants(plural, subresource))
    }

    /// Whether its `without` holds for the resource.
    pub fn removes(&self, group: &str, plural: &str, subresource: &str) -> bool {
        self.is_of_group(group) && self.resources.iter().any(|resource| resource.removes(plural, subresource))
    }

    /// Whether it is about the objects of the resource, in a group that it leaves open.
    pub fn grants_any_of(&self, plural: &str) -> bool {
        self.resources.iter().any(|resource| resource.grants(plural, ""))
    }

    /// Whether it is about a group.
    pub fn is_of_group(&self, group: &str) -> bool {
        self.api_groups.iter().any(|known| known == "*" || known == group)
    }
}

/// Budgets of the owner's; where the run or the host has a smaller one, that holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budgets {
    /// Time for each gatherer.
    pub time: Option<Duration>,
    /// Time for each request.
    pub request_time: Option<Duration>,
    /// Linear memory of each gatherer.
    pub memory_bytes: Option<u64>,
    /// HTTP requests of each gatherer, pages included.
    pub requests: Option<u64>,
    /// Bytes of bodies that the server sends to a gatherer.
    pub received_bytes: Option<u64>,
    /// Objects that a gatherer reads.
    pub items: Option<u64>,
    /// Bytes that a gatherer puts into the archive.
    pub archive_bytes: Option<u64>,
    /// Files that a gatherer puts into the archive.
    pub entries: Option<u64>,
    /// Lines that a gatherer logs.
    pub log_lines: Option<u64>,
}

impl Budgets {
    /// What the host gives any gatherer, with the times and the memory of a run.
    pub fn of_run(time: Duration, request_time: Duration, memory_bytes: u64) -> Budgets {
        Budgets {
            time: Some(time),
            request_time: Some(request_time),
            memory_bytes: Some(memory_bytes),
            requests: Some(MAX_REQUESTS),
            archive_bytes: Some(MAX_ARCHIVE_BYTES),
            entries: Some(MAX_ENTRIES),
            log_lines: Some(MAX_LOG_LINES),
            ..Budgets::default()
        }
    }

    /// Of each, the smaller.
    pub fn and(self, other: Budgets) -> Budgets {
        fn smaller<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
            match (a, b) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            }
        }
        Budgets {
            time: smaller(self.time, other.time),
            request_time: smaller(self.request_time, other.request_time),
            memory_bytes: smaller(self.memory_bytes, other.memory_bytes),
            requests: smaller(self.requests, other.requests),
            received_bytes: smaller(self.received_bytes, other.received_bytes),
            items: smaller(self.items, other.items),
            archive_bytes: smaller(self.archive_bytes, other.archive_bytes),
            entries: smaller(self.entries, other.entries),
            log_lines: smaller(self.log_lines, other.log_lines),
        }
    }
}

/// Raw paths that say nothing but how the server is and which version it has.
const HARMLESS_PATHS: &[&str] = &["/healthz", "/livez", "/readyz", "/version"];

impl Default for Grant {
    /// What holds without a file: get and list of everything but what is escalating, and the raw paths that say how the server is.
    fn default() -> Grant {
        Grant {
            rules: vec![Rule {
                verbs: Verbs { get: true, list: true },
                api_groups: vec!["*".into()],
                resources: vec![ResourcePattern::any()],
                namespaces: None,
                resource_names: None,
                without: Vec::new(),
                places: Places::default(),
            }],
            file: String::new(),
            non_resource_urls: HARMLESS_PATHS
                .iter()
                .filter_map(|path| PathPattern::parse(path).ok())
                .collect(),
            modules: Vec::new(),
            signers: Vec::new(),
            wasi: true,
            budgets: Budgets::default(),
            redact: redact::Rules::default(),
        }
    }
}

impl Grant {
    /// Reads the text of a grant file: the grant, or every mistake in it with its place.
    pub fn parse(text: &str) -> Result<Grant, Vec<yaml::Error>> {
        parse::grant(text)
    }
}
