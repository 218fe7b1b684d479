//! A module's manifest, read, checked as a whole, and owned.
//!
//! [`wagather_abi::manifest`] defines the text and its rules. What a cluster's owner allows is in [`crate::rights`].

use crate::canonical::is_part_of_paths;
use crate::discovery::{ApiResource, Catalog};
use crate::grant::{CONNECTIONS, Escalating, Glob};
use std::fmt;
use wagather_abi::manifest::{ANY, ManifestError as RecordError, Record, Verbs, records};
use wagather_abi::mask::MaskError;
use wagather_abi::{ABI_VERSION, Verb};
use wagather_base::layout::RESOURCE_FOLDERS;
use wagather_json::project::Node;
use wagather_module::{ModuleError, manifest_bytes};

/// What a gatherer declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The gatherer's name.
    pub name: String,
    /// The gatherer's version.
    pub version: String,
    /// The resources that it reads.
    pub resources: Vec<Resource>,
    /// The raw paths that it reads.
    pub paths: Vec<String>,
    /// The parameters that it takes.
    pub params: Vec<Param>,
    /// Whether it declares that it imports WASI.
    pub wasi: bool,
}

/// A parameter that a gatherer takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// What it is for, in a sentence.
    pub help: String,
    /// Its default value. `None` if it may be missing.
    pub default: Option<String>,
}

/// A resource that a gatherer reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// `get` or `list`.
    pub verbs: Verbs,
    /// The API group, or empty for the core group, or [`ANY`].
    pub group: String,
    /// The API version, or [`ANY`].
    pub version: String,
    /// The plural name, or [`ANY`].
    pub plural: String,
    /// The subresource, or empty.
    pub subresource: String,
    /// The only namespace, or `None` for any.
    pub namespace: Option<String>,
    /// The namespaces, if they are given by a pattern.
    pub pattern: Option<Glob>,
    /// The fields as text, or `None` for whole objects.
    pub mask_text: Option<String>,
    /// The fields.
    pub mask: Node,
}

impl Resource {
    /// `group/version/plural[/subresource]`. For the core group it begins with the version.
    pub fn identity(&self) -> String {
        [&*self.group, &self.version, &self.plural, &self.subresource]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("/")
    }

    /// What it is about, in words, if that is more than one resource or version.
    pub fn words(&self) -> Option<String> {
        let group = match &*self.group {
            ANY => "of any group".to_owned(),
            "" => "of the core group".to_owned(),
            group => format!("of the group {group}"),
        };
        let version = match &*self.version {
            ANY => String::new(),
            version => format!(", in version {version}"),
        };
        let subresource = match &*self.subresource {
            "" => String::new(),
            subresource => format!("/{subresource}"),
        };
        match (&*self.group, &*self.plural, &*self.version) {
            (_, ANY, _) => Some(format!("any resource {group} that can be listed{version}, {EXCEPT}")),
            (ANY, plural, _) => Some(format!("{plural}{subresource} of any group{version}, {EXCEPT}")),
            (_, plural, ANY) => Some(format!("{plural}{subresource} {group}, in any version")),
            _ => None,
        }
    }

    /// The namespace, or the pattern for it, as the manifest writes it.
    pub fn place(&self) -> Option<String> {
        self.namespace.clone().or_else(|| self.pattern.as_ref().map(ToString::to_string))
    }

    /// Whether it does not name the resources that it is about. Then Secrets are none of them, nor is anything else that is
    /// [`Escalating`].
    pub fn is_wildcard(&self) -> bool {
        self.group == ANY || self.plural == ANY
    }

    /// Whether it is about a resource, in a version, or in the one that the server prefers if that is empty.
    pub fn is_about(&self, group: &str, version: &str, plural: &str, subresource: &str) -> bool {
        (self.group == ANY || self.group == group)
            && (self.version == ANY || self.version == version)
            && (self.plural == ANY || self.plural == plural)
            && self.subresource == subresource
            && !(self.is_wildcard() && is_beyond_wildcards(plural, subresource, ""))
    }

    /// Whether it can be about any resource of a group, or of any group.
    pub fn is_within(&self, group: &str) -> bool {
        self.group == ANY || group == ANY || self.group == group
    }

    /// Whether these are the Namespaces. As in RBAC, each Namespace is in itself, and a list of them is in none.
    pub fn is_namespaces(&self) -> bool {
        is_namespaces(&self.group, &self.plural)
    }
}

/// What no wildcard covers, in words.
const EXCEPT: &str = "but never Secrets or what else gives more rights";

/// Whether no wildcard covers a resource, whose objects are of a kind: it gives more rights to its reader.
pub fn is_beyond_wildcards(plural: &str, subresource: &str, kind: &str) -> bool {
    CONNECTIONS.contains(&subresource)
        || is_part_of_paths(plural)
        || Escalating::of(plural, subresource).is_some()
        || Escalating::of_kind(kind).is_some()
}

/// Whether these are the Namespaces.
pub fn is_namespaces(group: &str, plural: &str) -> bool {
    group.is_empty() && plural == "namespaces"
}

/// Why the manifest of a module cannot be used.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ManifestError {
    /// The module has no manifest that could be read.
    Module(ModuleError),
    /// A line is not well-formed.
    Record(RecordError),
    /// The mask of a resource is not well-formed.
    Mask(MaskError),
    /// It is for this other version of the ABI.
    OtherVersion(u32),
    /// The gatherer has this name, which is reserved.
    ReservedName(String),
    /// It names the gatherer twice.
    NamedTwice,
    /// It declares this parameter twice.
    ParamTwice(String),
    /// It has a default for this parameter, which it does not declare.
    NoSuchParam(String),
    /// It has two defaults for this parameter.
    DefaultTwice(String),
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ManifestError::Module(error) => error.fmt(f),
            ManifestError::Record(error) => write!(f, "its manifest is not well-formed: {error}"),
            ManifestError::Mask(error) => write!(f, "its manifest is not well-formed: {error}"),
            ManifestError::OtherVersion(abi) => {
                write!(f, "it is built for ABI version {abi}; this host supports version {ABI_VERSION}")
            }
            ManifestError::ReservedName(name) => {
                write!(f, "its name, '{name}', is reserved for a folder of the archive")
            }
            ManifestError::NamedTwice => f.write_str("its manifest names the gatherer twice"),
            ManifestError::ParamTwice(name) => {
                write!(f, "its manifest declares the parameter '{name}' twice")
            }
            ManifestError::NoSuchParam(name) => {
                write!(f, "its manifest has a default for '{name}', but declares no such parameter")
            }
            ManifestError::DefaultTwice(name) => {
                write!(f, "its manifest has two defaults for the parameter '{name}'")
            }
        }
    }
}

impl std::error::Error for ManifestError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            // It is shown as it is.
            ManifestError::Module(error) => error.source(),
            ManifestError::Record(error) => Some(error),
            ManifestError::Mask(error) => Some(error),
            _ => None,
        }
    }
}

impl Manifest {
    /// Reads the manifest of a module. The error is a sentence that continues "… cannot be used:".
    pub fn of_module(module: &[u8]) -> Result<Manifest, ManifestError> {
        Manifest::parse(manifest_bytes(module).map_err(ManifestError::Module)?)
    }

    /// Reads a manifest section.
    pub fn parse(section: &[u8]) -> Result<Manifest, ManifestError> {
        let mut gatherer = None;
        let (mut resources, mut paths) = (Vec::new(), Vec::new());
        let mut params: Vec<Param> = Vec::new();
        let mut wasi = false;
        // The records come in any order.
        let mut defaults: Vec<(&str, &str)> = Vec::new();
        for record in records(section) {
            match record.map_err(ManifestError::Record)? {
                Record::Gatherer { abi, name, version } => {
                    if abi != ABI_VERSION {
                        return Err(ManifestError::OtherVersion(abi));
                    }
                    if RESOURCE_FOLDERS.contains(&name) {
                        return Err(ManifestError::ReservedName(name.into()));
                    }
                    if gatherer.replace((name.to_owned(), version.to_owned())).is_some() {
                        return Err(ManifestError::NamedTwice);
                    }
                }
                Record::Resource(resource) => resources.push(Resource {
                    pattern: resource
                        .namespace
                        .filter(|text| text.contains('*'))
                        .and_then(|text| Glob::of_namespaces(text).ok()),
                    verbs: resource.verbs,
                    group: resource.group.into(),
                    version: resource.version.into(),
                    plural: resource.plural.into(),
                    subresource: resource.subresource.into(),
                    namespace: resource.namespace.filter(|text| !text.contains('*')).map(Into::into),
                    mask_text: resource.mask.map(Into::into),
                    mask: match resource.mask {
                        None => Node::Keep,
                        Some(text) => Node::parse(text).map_err(ManifestError::Mask)?,
                    },
                }),
                Record::Path(path) => paths.push(path.to_owned()),
                Record::Wasi => wasi = true,
                Record::Param { name, .. } if params.iter().any(|known| known.name == name) => {
                    return Err(ManifestError::ParamTwice(name.into()));
                }
                Record::Param { name, help } => {
                    params.push(Param { name: name.into(), help: help.into(), default: None });
                }
                Record::Default { name, value } => defaults.push((name, value)),
            }
        }
        for (name, value) in defaults {
            match params.iter_mut().find(|param| param.name == name) {
                None => {
                    return Err(ManifestError::NoSuchParam(name.into()));
                }
                Some(Param { default: Some(_), .. }) => {
                    return Err(ManifestError::DefaultTwice(name.into()));
                }
                Some(param) => param.default = Some(value.into()),
            }
        }
        let (name, version) = gatherer.ok_or(ManifestError::Module(ModuleError::Nameless))?;
        Ok(Manifest { name, version, resources, paths, params, wasi })
    }

    /// Whether only a cluster can say what it reads.
    pub fn has_wildcards(&self) -> bool {
        self.resources.iter().any(Resource::is_wildcard)
    }

    /// The same with the resources of a cluster in place of wildcards.
    pub fn expanded(self, catalog: &Catalog) -> Manifest {
        let in_place = |declared: &Resource, found: &ApiResource| Resource {
            group: found.group.clone(),
            version: found.version.clone(),
            plural: found.plural.clone(),
            ..declared.clone()
        };
        let expanded = |declared: Resource| match declared.is_wildcard() {
            false => vec![declared],
            true => {
                let version = if declared.version == ANY { "" } else { &declared.version };
                let about = |found: &&ApiResource| {
                    declared.is_about(&found.group, &found.version, &found.plural, &declared.subresource)
                        && found.can(Verb::LIST)
                        && !is_beyond_wildcards(&found.plural, "", &found.kind)
                };
                catalog.preferred(version).filter(about).map(|found| in_place(&declared, found)).collect()
            }
        };
        Manifest { resources: self.resources.into_iter().flat_map(expanded).collect(), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_read_as_a_whole() {
        let manifest = Manifest::parse(
            b"default lines 20\nresource list /v1/pods * metadata(name)\ngatherer 1 pods 0.1.0\npath /version\nresource get /v1/pods/log x *\nparam lines How many\nparam team Whose\n",
        )
        .expect("manifest");
        assert_eq!(manifest.name, "pods");
        assert_eq!(manifest.resources[0].identity(), "v1/pods");
        assert_eq!(manifest.resources[1].identity(), "v1/pods/log");
        assert_eq!(manifest.paths, ["/version"]);
        let params: Vec<_> =
            manifest.params.iter().map(|param| (&*param.name, param.default.as_deref())).collect();
        assert_eq!(params, [("lines", Some("20")), ("team", None)]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, expected) in [
            (&b""[..], "does not name the gatherer"),
            (b"gatherer 2 x 1\n", "ABI version 2; this host supports version 1"),
            (b"gatherer 1 x 1\ngatherer 1 y 1\n", "twice"),
            (b"gatherer 1 x 1\nparam a x\nparam a y\n", "the parameter 'a' twice"),
            (b"gatherer 1 x 1\ndefault a x\n", "no such parameter"),
            (b"gatherer 1 x 1\nparam a x\ndefault a 1\ndefault a 2\n", "two defaults"),
            (b"gatherer 1 x 1\nresource watch /v1/pods * *\n", "line 2: a verb other than"),
        ] {
            let error = Manifest::parse(text).expect_err(expected).to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn what_is_behind_a_mistake_is_its_source() {
        use std::error::Error;
        let source = |error: ManifestError| error.source().map(ToString::to_string);
        let record = Manifest::parse(b"gatherer 1 x 1\nnothing\n").expect_err("a record");
        assert_eq!(
            record.to_string(),
            format!("its manifest is not well-formed: {}", source(record).expect("the line"))
        );
        let invalid = Manifest::of_module(b"\0asm\x01\0\0\0\x01\x05\x01").expect_err("truncated");
        assert!(matches!(invalid, ManifestError::Module(ModuleError::Invalid(_))), "{invalid:?}");
        assert!(source(invalid).is_some());
        assert_eq!(source(Manifest::parse(b"").expect_err("nameless")), None);
    }
}
