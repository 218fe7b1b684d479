//! What the server has: the archive, the resources, and their columns.

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;
use wagather_base::error::{Class, Failure};
use wagather_http::{Response, header};
use wagather_offline::{Archive, Extent, Resource};

use super::discovery::definitions::ByResource;
use super::discovery::{self, Api};
use super::object::metadata_of;
use super::openshift;
use super::refusal::Refusal;
use super::request::Include;
use super::table::{self, Columns, custom};
use super::target::Target;

/// The version of everything: an archive does not change.
pub(super) const RESOURCE_VERSION: &str = "1";

/// Bytes of objects that stay decompressed: 5,000 pods have 23 MB. Where the order of an archive is not that of its lists, each object
/// would be decompressed with its neighbours otherwise.
const MAX_DECOMPRESSED_BYTES: usize = 64 << 20;

/// What the server has.
pub(super) struct Content {
    archive: Archive,
    api: Api,
    columns: ByResource,
    /// The columns of resources without definitions.
    known_columns: HashMap<[String; 2], custom::Columns>,
    default_columns: custom::Columns,
}

impl Content {
    /// Reads an archive of any layout.
    pub(super) fn open(path: &Path) -> Result<Content, Failure> {
        let archive = Archive::open_and_look(path, &|_| false, &mut |_, _| {})?;
        if archive.is_empty() {
            return Err(Failure::new(
                Class::Config,
                format!("cannot serve the archive {}", path.display()),
                "it has no objects of a cluster",
            )
            .advise("name an archive of this host, a must-gather, an Insights archive, a crust-gather archive or a support bundle"));
        }
        Ok(Content::of(archive))
    }

    pub(super) fn of(archive: Archive) -> Content {
        archive.keep_decompressed(MAX_DECOMPRESSED_BYTES);
        let discovery::Discovered { api, columns } = discovery::of(&archive);
        let known = |(group, plural): (&str, &str)| {
            openshift::columns(group, plural).map(|columns| ([group, plural].map(String::from), columns))
        };
        let groups = api.groups.iter().flat_map(|group| {
            let resources = group.versions.iter().flat_map(|version| &version.resources);
            resources.map(|resource| (&*group.name, &*resource.plural))
        });
        let known_columns = groups.filter_map(known).collect();
        Content { archive, api, columns, known_columns, default_columns: custom::Columns::default() }
    }

    pub(super) fn archive(&self) -> &Archive {
        &self.archive
    }

    pub(super) fn api(&self) -> &Api {
        &self.api
    }

    /// The columns of a resource. They are the same for all rows of a table.
    pub(super) fn columns(&self, target: &Target) -> Columns<'_> {
        let Target { group, version, plural, .. } = target.clone();
        let known = || self.known_columns.get(&[group.clone(), plural.clone()]);
        let own = self.columns.get(&[group.clone(), version, plural.clone()]).or_else(known);
        Columns::of(&target.group, &target.plural, own.unwrap_or(&self.default_columns))
    }

    /// The row of an object.
    pub(super) fn row(&self, columns: &Columns, mut object: Value, include: Include) -> Value {
        let mut row = columns.row(&object, self.archive.gathered_millis());
        match include {
            Include::Nothing => {}
            Include::Metadata => {
                if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
                    metadata.remove(table::MANAGED_FIELDS);
                }
                row.insert("object".into(), metadata_of(object));
            }
            Include::Object => drop(row.insert("object".into(), object)),
        }
        row.into()
    }

    /// Whether what is not in the list of a target did not exist, if the list was gathered. Archives of other programs are taken as whole.
    pub(super) fn has_all(&self, target: &Target) -> bool {
        self.extent(target) != Extent::Part
    }

    fn extent(&self, Target { group, version, plural, namespace }: &Target) -> Extent {
        self.archive.extent(group, version, plural, namespace.as_deref())
    }

    /// The resource of a target.
    pub(super) fn resource<'a>(&'a self, target: &'a Target) -> Result<Found<'a>, Refusal> {
        let Target { group, version, plural, namespace } = target;
        let known = self.api.resource(group, version, plural).ok_or_else(Refusal::no_path)?;
        if !known.has_objects() || (namespace.is_some() && !known.namespaced) {
            return Err(Refusal::no_path());
        }
        let gathered = self.archive.resource(group, version, plural, namespace.as_deref());
        let is_whole = self.extent(target) == Extent::Whole;
        let missing = match &gathered {
            Ok(resource) if is_whole || resource.was_gathered(namespace.as_deref()) => None,
            Err(_) if is_whole => None,
            Ok(_) => {
                let namespace = namespace.as_deref().unwrap_or_default();
                Some(format!("{} of the namespace {namespace} were not gathered", target.qualified()))
            }
            Err(reason) => Some(reason.clone()),
        };
        Ok(Found { known, gathered: gathered.ok(), missing })
    }
}

/// A resource that the server has.
pub(super) struct Found<'a> {
    pub(super) known: &'a discovery::ApiResource,
    /// The resource in the archive, if that has any objects of it.
    pub(super) gathered: Option<Resource<'a>>,
    /// Why the list of the target is not known.
    pub(super) missing: Option<String>,
}

/// Adds a warning, which kubectl prints.
pub(super) fn warn(response: Response, text: &str) -> Response {
    let plain: String = text
        .chars()
        .map(|character| match character {
            '"' | '\\' => '\'',
            ' '..='~' => character,
            _ => '?',
        })
        .collect();
    response.header(header::WARNING, &format!("299 - \"{plain}\""))
}
