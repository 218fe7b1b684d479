//! What is known of an API: its resources, and the schemas of their objects.
//!
//! It comes from OpenAPI documents of version 3 or 2, as API servers publish them, and from CustomResourceDefinitions; [`read`]
//! tells them apart. All of them are JSON Schema in dialects, and [`view`] is where the dialects end: whoever asks for a
//! schema gets a [`Shape`]. Nothing here knows what a gatherer wants of it.

mod read;
mod view;

pub use view::{Fields, Schema, Shape, View};

use crate::Error;
use serde_json::{Map, Value};
use std::cmp::Reverse;
use std::path::{Path, PathBuf};

/// All documents of one API: those of a cluster, or of files.
#[derive(Debug, Default)]
pub struct Schemas {
    documents: Vec<Document>,
    resources: Vec<Resource>,
}

/// A document with schemas.
#[derive(Debug)]
pub struct Document {
    /// Where it is from, as it is shown: a file as it was named, or a path of the API server.
    pub name: String,
    /// What it says of itself: `Kubernetes 1.36`.
    pub title: String,
    /// Its schemas by name.
    definitions: Map<String, Value>,
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
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// Whether the server can get one.
    pub get: bool,
    /// Whether the server can list them.
    pub list: bool,
    /// Whether it has the subresource `log`.
    pub log: bool,
    /// The document that has its schema, and under which name.
    document: usize,
    definition: String,
}

impl Resource {
    /// `pods`, or `deployments.apps`: what `kubectl` takes for it.
    pub fn name(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
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
        let mut schemas = Schemas::default();
        for path in paths {
            for file in files_of(path)? {
                let shown = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
                let bytes = std::fs::read(&file).map_err(|error| Error::unreadable(&file, &error))?;
                schemas.add(&shown, &bytes).map_err(|reason| Error::of_file(&file, reason))?;
            }
        }
        Ok(schemas)
    }

    /// Adds a document: OpenAPI version 3 or 2, or CustomResourceDefinitions. `name` is how it is shown.
    ///
    /// # Errors
    ///
    /// It is none of these, or is malformed; the text says where.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> Result<(), String> {
        for (document, resources) in read::documents(name, bytes)? {
            let index = self.documents.len();
            self.documents.push(document);
            for resource in resources {
                let resource = Resource { document: index, ..resource };
                // The same resource in several documents: the first one counts.
                if !self.resources.iter().any(|known| known.is_the_same_as(&resource)) {
                    self.resources.push(resource);
                }
            }
        }
        Ok(())
    }

    /// All resources, in the order of the documents.
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// The documents, in order.
    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// The document that a resource's schema is in.
    pub fn document_of(&self, resource: &Resource) -> &Document {
        &self.documents[resource.document]
    }

    /// The schema of a resource's objects.
    pub fn schema_of(&self, resource: &Resource) -> Schema<'_> {
        let document = &self.documents[resource.document];
        Schema::named(&document.definitions, &resource.definition)
    }

    /// The resource of a name as `kubectl` takes it: `pods`, `deployments.apps`, `deployments.v1.apps`. Where a version is left
    /// out it is the one that Kubernetes prefers; where the group is, the core group comes first.
    ///
    /// # Errors
    ///
    /// There is none, or several groups have one; the text says which.
    pub fn find(&self, name: &str) -> Result<&Resource, String> {
        let (plural, rest) = name.split_once('.').unwrap_or((name, ""));
        let of_name = |resource: &&Resource| {
            resource.plural == plural
                && (rest.is_empty()
                    || rest == resource.group
                    || rest == format!("{}.{}", resource.version, resource.group)
                    || (resource.group.is_empty() && rest == resource.version))
        };
        let mut found: Vec<&Resource> = self.resources.iter().filter(of_name).collect();
        found.sort_by_key(|resource| (!resource.group.is_empty(), Reverse(priority(&resource.version))));
        let Some(first) = found.first() else { return Err(self.none_of(name, plural)) };
        let mut groups: Vec<&str> = found.iter().map(|resource| &*resource.group).collect();
        groups.dedup();
        if !first.group.is_empty() && groups.len() > 1 {
            let names: Vec<String> = groups.iter().map(|group| format!("{plural}.{group}")).collect();
            return Err(format!("several groups have '{plural}': write {}", names.join(" or ")));
        }
        Ok(first)
    }

    fn none_of(&self, name: &str, plural: &str) -> String {
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

/// Names for a message, not too many of them.
pub(crate) fn some_of<T: AsRef<str>>(names: &[T]) -> String {
    const MOST: usize = 12;
    let shown: Vec<&str> = names.iter().take(MOST).map(AsRef::as_ref).collect();
    match names.len().checked_sub(MOST) {
        Some(more @ 1..) => format!("{} and {more} more", shown.join(", ")),
        _ => wagather_yaml::listed(&shown),
    }
}

/// Which version Kubernetes prefers: released before beta before alpha, higher before lower; then all others.
/// (kubernetes.io, "Versions in CustomResourceDefinitions", version priority.)
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

/// A file, or the files of a folder in the order of their names.
fn files_of(path: &Path) -> Result<Vec<PathBuf>, Error> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let unreadable = |error: std::io::Error| Error::unreadable(path, &error);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        let extension = file.extension().and_then(|extension| extension.to_str());
        if matches!(extension, Some("json" | "yaml" | "yml")) {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(Error::of_file(path, "the folder has no .json, .yaml or .yml file"));
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
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
