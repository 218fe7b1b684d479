//! Knowledge about an API: its resources, and the schemas of their objects.
//!
//! The sources are OpenAPI documents of version 3 or 2, as API servers publish them, and CustomResourceDefinitions.
//! `read` splits files into documents, and `document` detects their kind. All of them use dialects of JSON Schema,
//! and `view` hides the differences: it returns a [`Shape`] for a schema. Nothing here knows what a gatherer selects.
//!
//! A document is parsed as a whole, but each schema only when it is needed, so a mistake in an unused schema is no
//! error. A mistake in a used one is reported with its place, a JSON pointer.

pub(crate) mod document;
mod pointer;
mod read;
pub(crate) mod template;
#[cfg(test)]
mod tests;
mod view;

pub(crate) use pointer::definition_of;
pub use read::{MAX_DOCUMENT_BYTES, Saved, Unusable, files};
pub(crate) use read::{Part, parts};
pub use view::{Fields, Schema, Shape, View};

use crate::Error;
use serde_json::{Map, Value};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// All documents of one API, from a cluster or from files.
#[derive(Debug, Default)]
pub struct Schemas {
    documents: Vec<Document>,
    resources: Vec<Resource>,
    unserved: Vec<Unserved>,
    skipped: Vec<String>,
}

/// A version of a CustomResourceDefinition that is not served.
#[derive(Debug)]
struct Unserved {
    group: String,
    version: String,
    plural: String,
    /// The file.
    at: String,
}

/// A document with schemas.
#[derive(Debug)]
pub struct Document {
    /// Its displayed source: a file name, or a path on the API server.
    pub name: String,
    /// Its title: `Kubernetes 1.36`.
    pub title: String,
    /// Its schemas by name.
    definitions: Map<String, Value>,
    /// The paths of the schemas in it.
    roots: Roots,
}

/// The paths of a document's schemas, as JSON pointers.
#[derive(Debug)]
enum Roots {
    /// All below one pointer.
    Common(&'static str),
    /// A pointer for each, as in CustomResourceDefinitions.
    Each(BTreeMap<String, String>),
}

impl Document {
    /// The place of a schema: `v1.json, /components/schemas/Pod/properties/spec`.
    fn place_of(&self, schema: &Value) -> String {
        let found = self.definitions.iter().find_map(|(name, outer)| {
            let rest = pointer::between(outer, schema)?;
            let root = match &self.roots {
                Roots::Common(root) => format!("{root}/{}", pointer::escaped(name)),
                Roots::Each(roots) => roots.get(name).cloned().unwrap_or_default(),
            };
            Some(root + &rest)
        });
        let mut place = self.name.clone();
        // A file may contain several documents.
        if matches!(self.roots, Roots::Each(_)) {
            place = format!("{place}, {}", self.title);
        }
        match found {
            Some(pointer) => format!("{place}, {pointer}"),
            None => place,
        }
    }
}

/// A resource of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// The API group; empty for the core group.
    pub group: String,
    /// The API version.
    pub version: String,
    /// The plural name, as in URLs.
    pub plural: String,
    /// The kind.
    pub kind: String,
    /// Whether it is namespaced.
    pub namespaced: bool,
    /// Whether the server supports `get`.
    pub get: bool,
    /// Whether the server supports `list`.
    pub list: bool,
    /// Whether it has the subresource `log`.
    pub log: bool,
    /// The document with its schema, and the schema's name.
    document: usize,
    definition: String,
}

impl Resource {
    /// The name for `kubectl`: `pods`, or `deployments.apps`.
    pub fn name(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// The name of its schema in the document.
    pub(crate) fn definition(&self) -> &str {
        &self.definition
    }

    /// `v1`, or `apps/v1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }
}

impl Schemas {
    /// Reads files, and the `.json`, `.yaml` and `.yml` files of folders.
    ///
    /// # Errors
    ///
    /// A file cannot be read, or is neither OpenAPI nor a CustomResourceDefinition.
    pub fn read(paths: &[PathBuf]) -> Result<Schemas, Error> {
        Schemas::of(&files(paths)?)
    }

    /// Parses documents.
    ///
    /// # Errors
    ///
    /// A document is neither OpenAPI nor a CustomResourceDefinition, and the user named it explicitly.
    pub fn of(documents: &[Saved]) -> Result<Schemas, Error> {
        let mut schemas = Schemas::default();
        for document in documents {
            schemas.add_saved(document, &mut |_| {})?;
        }
        Ok(schemas)
    }

    /// Adds a document. Calls `each` for its parts that have schemas, before they are parsed.
    pub(crate) fn add_saved(&mut self, saved: &Saved, each: &mut dyn FnMut(&Part)) -> Result<(), Error> {
        let Saved { name, from, bytes, is_found } = saved;
        let wrong = |why| {
            let Unusable { place, reason } = explained(bytes, why);
            Error::of_place(from, place, reason)
        };
        let mut has_schemas = false;
        for part in parts(bytes).map_err(wrong)? {
            match document::Dialect::of(&part.value) {
                Ok(document::Dialect::Other) => continue,
                // A folder may contain other files.
                Err(_) if *is_found => continue,
                Ok(_) => each(&part),
                Err(_) => {}
            }
            has_schemas |= self.add_part(name, part).map_err(wrong)?;
        }
        if !has_schemas {
            let why = "is skipped: it contains neither OpenAPI nor a CustomResourceDefinition";
            self.skipped.push(format!("{} {why}", from.display()));
        }
        Ok(())
    }

    /// Adds a document: OpenAPI version 3 or 2, or CustomResourceDefinitions. `name` is its displayed name.
    ///
    /// # Errors
    ///
    /// It is none of these, or is malformed.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), Unusable> {
        let added = parts(bytes)
            .and_then(|parts| parts.into_iter().try_for_each(|part| self.add_part(name, part).map(drop)));
        added.map_err(|why| explained(bytes, why))
    }

    /// Adds one document of a file, and returns whether it has schemas.
    fn add_part(&mut self, name: &str, part: Part) -> Result<bool, Unusable> {
        let (at, value) = part.take_apart();
        let read = document::document(name, value).map_err(|reason| at.wrong(reason))?;
        let Some((document, resources, unserved)) = read else { return Ok(false) };
        let index = self.documents.len();
        self.documents.push(document);
        self.unserved.extend(unserved);
        for resource in resources {
            let resource = Resource { document: index, ..resource };
            // If several documents have the same resource, the first one counts.
            if !self.resources.iter().any(|known| known.is_the_same_as(&resource)) {
                self.resources.push(resource);
            }
        }
        Ok(true)
    }

    /// The skipped files without schemas, with the reason.
    pub fn skipped(&self) -> &[String] {
        &self.skipped
    }

    /// All resources, in the order of the documents.
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// The documents, in order.
    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// The resource with the same group, version and plural name.
    pub fn exactly(&self, resource: &Resource) -> Option<&Resource> {
        self.resources.iter().find(|known| known.is_the_same_as(resource))
    }

    /// The index of the document with a resource's schema.
    pub(crate) fn index_of(&self, resource: &Resource) -> usize {
        resource.document
    }

    /// The document with a resource's schema.
    pub fn document_of(&self, resource: &Resource) -> &Document {
        &self.documents[resource.document]
    }

    /// The schema of a resource's objects.
    pub fn schema_of(&self, resource: &Resource) -> Schema<'_> {
        Schema::named(&self.documents[resource.document], &resource.definition)
    }

    /// Finds a resource by its name for `kubectl`: `pods`, `deployments.apps`, `deployments.v1.apps`. Without a
    /// version, it is the one that Kubernetes prefers; without a group, the core group comes first.
    ///
    /// # Errors
    ///
    /// There is none, or several groups have one; the text names them.
    pub fn find(&self, name: &str) -> Result<&Resource, String> {
        let (plural, _) = name.split_once('.').unwrap_or((name, ""));
        let of_name =
            |resource: &&Resource| is_called(name, &resource.group, &resource.version, &resource.plural);
        let mut found: Vec<&Resource> = self.resources.iter().filter(of_name).collect();
        found.sort_by_key(|resource| (!resource.group.is_empty(), Reverse(priority(&resource.version))));
        let Some(first) = found.first() else { return Err(self.none_of(name, plural)) };
        // Sorted by version, groups may alternate; name each group once.
        let groups: BTreeSet<&str> = found.iter().map(|resource| &*resource.group).collect();
        if !first.group.is_empty() && groups.len() > 1 {
            let names: Vec<String> = groups.iter().map(|group| format!("{plural}.{group}")).collect();
            return Err(format!("several groups have '{plural}': write {}", names.join(" or ")));
        }
        Ok(first)
    }

    fn none_of(&self, name: &str, plural: &str) -> String {
        let is_wanted =
            |unserved: &&Unserved| is_called(name, &unserved.group, &unserved.version, &unserved.plural);
        let unserved: Vec<&Unserved> = self.unserved.iter().filter(is_wanted).collect();
        if let Some(Unserved { group, plural, at, .. }) = unserved.first() {
            let versions: Vec<&str> = unserved.iter().map(|unserved| &*unserved.version).collect();
            let others =
                self.resources.iter().filter(|known| known.plural == *plural && known.group == *group);
            let others: Vec<String> =
                others.map(|known| format!("'{plural}.{}.{group}'", known.version)).collect();
            let advice = match &others[..] {
                [] => {
                    "get the definition from the cluster with 'kubectl get crd NAME.GROUP -o yaml'".to_owned()
                }
                others => format!("write {}", others.join(" or ")),
            };
            return format!(
                "{plural}.{group} is not served in version {} ('served: false' in {at}): {advice}",
                wagather_yaml::listed(&versions)
            );
        }
        let kind = self.resources.iter().find(|resource| resource.kind.eq_ignore_ascii_case(plural));
        let same = self.resources.iter().find(|resource| resource.plural == plural);
        let hint = match kind.or(same) {
            Some(meant) => format!("did you mean '{}'?", meant.name()),
            None => {
                let names: Vec<String> = self.resources.iter().map(Resource::name).collect();
                let plurals = self.resources.iter().map(|resource| resource.plural.clone());
                let known: Vec<String> = names.iter().cloned().chain(plurals).collect();
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                match wagather_yaml::nearest(name, &known) {
                    Some(meant) => format!("did you mean '{meant}'?"),
                    None if names.is_empty() => "no schema was given".to_owned(),
                    None => format!("the schemas have {}", some_of(&names)),
                }
            }
        };
        format!("the schemas have no resource '{}'; {hint}", wagather_yaml::shown(name))
    }
}

impl Resource {
    fn is_the_same_as(&self, other: &Resource) -> bool {
        self.group == other.group && self.version == other.version && self.plural == other.plural
    }
}

/// Whether a name for `kubectl` refers to a resource.
fn is_called(name: &str, group: &str, version: &str, plural: &str) -> bool {
    let (wanted, rest) = name.split_once('.').unwrap_or((name, ""));
    wanted == plural
        && (rest.is_empty()
            || rest == group
            || rest == format!("{version}.{group}")
            || (group.is_empty() && rest == version))
}

/// The reason why bytes cannot be used, or a more specific one.
fn explained(bytes: &[u8], why: Unusable) -> Unusable {
    let text = std::str::from_utf8(bytes).ok();
    text.and_then(template::advice).map_or(why, Unusable::from)
}

/// A limited list of names for a message.
pub(crate) fn some_of<T: AsRef<str>>(names: &[T]) -> String {
    const MOST: usize = 12;
    let shown: Vec<&str> = names.iter().take(MOST).map(AsRef::as_ref).collect();
    match names.len().checked_sub(MOST) {
        Some(more @ 1..) => format!("{} and {more} more", shown.join(", ")),
        _ => wagather_yaml::listed(&shown),
    }
}

/// Kubernetes' version priority: released before beta before alpha, higher before lower, then all others
/// (kubernetes.io, "Versions in CustomResourceDefinitions", version priority).
fn priority(version: &str) -> (u8, u32, u32) {
    let number = |text: &str| text.parse::<u32>().ok();
    let parsed = version.strip_prefix('v').and_then(|rest| {
        for (word, stage) in [("alpha", 1), ("beta", 2)] {
            if let Some((major, minor)) = rest.split_once(word) {
                return Some((stage, number(major)?, if minor.is_empty() { 0 } else { number(minor)? }));
            }
        }
        Some((3, number(rest)?, 0))
    });
    parsed.unwrap_or((0, 0, 0))
}

#[cfg(test)]
mod priorities {
    use super::*;

    #[test]
    fn versions_are_preferred_as_kubernetes_does() {
        let mut versions =
            ["foo1", "v1", "v2", "v1beta1", "v3beta1", "v10", "v11alpha2", "v11beta2", "v12alpha1"];
        versions.sort_by_key(|version| Reverse(priority(version)));
        assert_eq!(
            versions,
            ["v10", "v2", "v1", "v11beta2", "v3beta1", "v1beta1", "v12alpha1", "v11alpha2", "foo1"]
        );
    }
}
