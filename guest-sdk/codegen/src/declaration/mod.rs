//! The declaration of a gatherer: the file `gather.yaml`.
//!
//! ```yaml
//! apiVersion: wagather/v1
//! kind: Gather
//! about: Finds the pods that crash-loop, by namespace.
//! schemas: [../schemas]
//! resources:
//!   pods: metadata.{name, namespace}, status.{phase, containerStatuses[].{name, restartCount}}
//!   clusteroperators.config.openshift.io:
//!     verbs: [get, list]
//!     fields: metadata.name, status.conditions
//! ```
//!
//! It is parsed key by key, and every mistake is reported. The [plan](crate::Plan) looks up the fields.

mod params;
mod selection;

pub use selection::{Below, Selection, Wish, Wrong};

use crate::{Error, Saved};
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use wagather_yaml::{Map, Mistakes, Node, Place, Value, place_within, shown};

const API_VERSION: &str = "wagather/v1";
const KIND: &str = "Gather";

/// Words that people may use for a key.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("description", "about"),
    ("schema", "schemas"),
    ("resource", "resources"),
    ("out", "output"),
    ("doc", "docs"),
    ("page", "docs"),
    ("fixture", "fixtures"),
    ("derives", "derive"),
    ("type", "types"),
    ("path", "paths"),
    ("param", "params"),
    ("parameters", "params"),
];

/// A parsed declaration.
#[derive(Clone, Debug)]
pub struct Declaration {
    /// The file, as it was named on the command line.
    pub file: PathBuf,
    /// The gatherer's name: from the file, or that of the folder.
    pub name: String,
    /// A sentence about its purpose.
    pub about: String,
    /// The paths of the schemas.
    pub schemas: Vec<PathBuf>,
    /// The place of each path in the declaration.
    pub schema_places: Vec<Place>,
    /// The path of the Rust module.
    pub output: PathBuf,
    /// The path of the page, if there is one.
    pub docs: Option<PathBuf>,
    /// The folder of the fixtures, if there is one.
    pub fixtures: Option<PathBuf>,
    /// The resources, in the order of the file.
    pub resources: Vec<Wanted>,
    /// Raw paths.
    pub paths: Vec<Described>,
    /// The archive entries that it writes.
    pub writes: Vec<Described>,
    /// Parameters that the user may set.
    pub params: Vec<Param>,
    /// Names for types, with their paths.
    pub types: Vec<Named>,
    /// Additional derives of all types.
    pub derive: Vec<String>,
    /// Whether the types are `pub` instead of `pub(crate)`.
    pub public: bool,
    /// Whether the host decodes, into types that borrow.
    pub borrowed: bool,
}

/// A resource and what the gatherer reads of it.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The place of its key.
    pub place: Place,
    /// The places of its settings.
    pub places: Places,
    /// The resource, named as for `kubectl`.
    pub resource: String,
    /// The name of the Rust type; `None` for the kind.
    pub type_name: Option<String>,
    /// Whether it gets single objects.
    pub get: bool,
    /// Whether it lists objects.
    pub list: bool,
    /// Whether it reads logs.
    pub log: bool,
    /// The namespace, if only one is read.
    pub namespace: Option<String>,
    /// The fields; `None` for whole objects, which are never decoded.
    pub fields: Option<Selection>,
    /// The reason, for the person who grants it.
    pub why: String,
    /// Additional derives of its types.
    pub derive: Vec<String>,
}

/// The places of a resource's settings; the resource's key for those that are absent.
#[derive(Clone, Copy, Debug)]
pub struct Places {
    /// The resource's key.
    pub resource: Place,
    /// `verbs`.
    pub verbs: Place,
    /// `log`.
    pub log: Place,
    /// `namespace`.
    pub namespace: Place,
    /// `fields`.
    pub fields: Place,
}

/// A name with a description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Its place.
    pub place: Place,
    /// The name.
    pub name: String,
    /// The description.
    pub what: String,
}

/// A parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    /// Its place.
    pub place: Place,
    /// Its name.
    pub name: String,
    /// Its description.
    pub about: String,
    /// Its default; `None` if it is optional.
    pub default: Option<String>,
}

/// A type's name, and the fields with this type.
#[derive(Clone, Debug)]
pub struct Named {
    /// Its place.
    pub place: Place,
    /// The name.
    pub name: String,
    /// Paths, each beginning with a resource: `pods.status.containerStatuses`.
    pub paths: Vec<(Place, String)>,
}

impl Declaration {
    /// Reads a declaration.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is invalid: all mistakes, each with its place.
    pub fn read(file: &Path) -> Result<Declaration, Error> {
        let text = std::fs::read_to_string(file).map_err(|error| Error::unreadable(file, &error))?;
        Declaration::parse(file, &text)
    }

    /// Parses the text of a declaration file.
    ///
    /// # Errors
    ///
    /// As for [`Declaration::read`].
    pub fn parse(file: &Path, text: &str) -> Result<Declaration, Error> {
        let shown = file.display().to_string();
        let root = wagather_yaml::parse(text).map_err(|error| Error::in_file(&shown, vec![error]))?;
        let mut mistakes = Mistakes::default();
        if root.is_null() {
            mistakes.tell(
                root.place,
                format!("the file is empty; a declaration begins with 'apiVersion: {API_VERSION}' and 'kind: {KIND}'"),
            );
            return Err(Error::in_file(&shown, mistakes.all()));
        }
        let declaration = Reading { mistakes: &mut mistakes, file, text }.whole(&root);
        let mistakes = mistakes.all();
        match declaration {
            Some(declaration) if mistakes.is_empty() => Ok(declaration),
            _ => Err(Error::in_file(&shown, mistakes)),
        }
    }

    /// Reads the schemas that it names.
    ///
    /// # Errors
    ///
    /// A missing file is reported at its place in the declaration, an invalid one at its own.
    pub fn documents(&self) -> Result<Vec<Saved>, Error> {
        let mut mistakes = Mistakes::default();
        for (path, place) in self.schemas.iter().zip(&self.schema_places).filter(|(path, _)| !path.exists()) {
            mistakes.tell(
                *place,
                format!("{} does not exist, but the declaration names it for schemas", path.display()),
            );
        }
        let mistakes = mistakes.all();
        if !mistakes.is_empty() {
            return Err(Error::in_file(&self.file.display().to_string(), mistakes));
        }
        crate::schema::files(&self.schemas)
    }

    /// The folder of the file; paths in the file are relative to it.
    pub fn folder(&self) -> &Path {
        folder_of(&self.file)
    }
}

fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

struct Reading<'a> {
    mistakes: &'a mut Mistakes,
    file: &'a Path,
    text: &'a str,
}

impl Reading<'_> {
    fn whole(&mut self, root: &Node) -> Option<Declaration> {
        let optional = [
            "name",
            "about",
            "schemas",
            "output",
            "docs",
            "fixtures",
            "resources",
            "paths",
            "writes",
            "params",
            "types",
            "derive",
            "visibility",
            "decoding",
        ];
        let map =
            self.mistakes.map(root, "a declaration", &["apiVersion", "kind"], &optional, OTHER_WORDS)?;
        for (key, expected) in [("apiVersion", API_VERSION), ("kind", KIND)] {
            if let Some(node) = map.get(key) {
                self.mistakes.text(node, key, |text| {
                    if text == expected {
                        Ok(())
                    } else {
                        Err(format!("the {key} of a declaration is {expected}"))
                    }
                });
            }
        }
        let folder = folder_of(self.file).to_owned();
        let named = self.text(&map, "name");
        let name = named.unwrap_or_else(|| {
            let folder = std::path::absolute(&folder).unwrap_or_else(|_| folder.clone());
            folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
        });
        let output = self.text(&map, "output").unwrap_or_else(|| "src/resources.rs".to_owned());
        let public = map.get("visibility").and_then(|node| {
            self.mistakes.text(node, "visibility", |text| match text {
                "pub" => Ok(true),
                "pub(crate)" => Ok(false),
                _ => Err("types are 'pub' or 'pub(crate)'".to_owned()),
            })
        });
        let borrowed = map.get("decoding").and_then(|node| {
            self.mistakes.text(node, "decoding", |text| match text {
                "host" => Ok(true),
                "gatherer" => Ok(false),
                _ => Err("items are decoded by the 'host' or by the 'gatherer'".to_owned()),
            })
        });
        let resources = map.get("resources").map(|node| self.resources(node)).unwrap_or_default();
        let paths = self.described(&map, "paths", |path| match path.strip_prefix('/') {
            Some(_) if wagather_abi_path(path) => Ok(()),
            _ => Err("a path starts with '/', and has plain segments only (no query, no escapes)".to_owned()),
        });
        let params = map.get("params").map(|node| self.params(node, &paths)).unwrap_or_default();
        Some(Declaration {
            file: self.file.to_owned(),
            name,
            about: self.text(&map, "about").unwrap_or_default(),
            schema_places: places_of(&map, "schemas"),
            schemas: self.texts(&map, "schemas").iter().map(|path| folder.join(path)).collect(),
            docs: self.text(&map, "docs").map(|path| folder.join(path)),
            fixtures: self.text(&map, "fixtures").map(|path| folder.join(path)),
            output: folder.join(output),
            resources,
            paths,
            writes: self.described(&map, "writes", |_| Ok(())),
            params,
            types: map.get("types").map(|node| self.types(node)).unwrap_or_default(),
            derive: self.derive(&map),
            public: public.unwrap_or(false),
            borrowed: borrowed.unwrap_or(true),
        })
    }

    fn resources(&mut self, node: &Node) -> Vec<Wanted> {
        let Value::Map(entries) = &node.value else {
            let example = "'pods: metadata.name, status.phase'";
            self.mistakes
                .tell(node.place, format!("resources must be a mapping, with lines such as {example}"));
            return Vec::new();
        };
        entries.iter().filter_map(|(key, value)| self.wanted(key, value)).collect()
    }

    fn wanted(&mut self, key: &Node, value: &Node) -> Option<Wanted> {
        let name = key.text().unwrap_or_default().to_owned();
        let place = key.place;
        let mut wanted = Wanted {
            place,
            places: Places {
                resource: place,
                verbs: place,
                log: place,
                namespace: place,
                fields: value.place,
            },
            resource: name.clone(),
            type_name: None,
            get: false,
            list: true,
            log: false,
            namespace: None,
            fields: None,
            why: String::new(),
            derive: Vec::new(),
        };
        if value.is_null() {
            return Some(wanted);
        }
        if !matches!(value.value, Value::Map(_)) {
            wanted.fields = self.selection(value, &name);
            return Some(wanted);
        }
        let optional = ["resource", "verbs", "namespace", "log", "fields", "why", "derive"];
        let others = [("about", "why"), ("description", "why"), ("verb", "verbs"), ("logs", "log")];
        let map =
            self.mistakes.map(value, &format!("the resource {}", shown(&name)), &[], &optional, &others)?;
        let place_of = |key: &str| map.get(key).map_or(place, |node| node.place);
        wanted.places = Places {
            resource: place_of("resource"),
            verbs: place_of("verbs"),
            log: place_of("log"),
            namespace: place_of("namespace"),
            fields: place_of("fields"),
        };
        if let Some(resource) = self.text(&map, "resource") {
            wanted.resource = resource;
            if !is_type_name(&name) {
                let why = "write the Rust type in CamelCase; 'resource' is for the resource";
                self.mistakes
                    .tell(key.place, format!("'{}' cannot be the key of a resource: {why}", shown(&name)));
            }
            wanted.type_name = Some(name.clone());
        }
        if let Some(node) = map.get("verbs") {
            wanted.list = false;
            let why = "omit it for 'list'";
            for verb in self.mistakes.texts(node, "verbs", why, |verb| match verb {
                "get" | "list" => Ok(verb.to_owned()),
                _ => Err("gatherers can only get and list".to_owned()),
            }) {
                wanted.get |= verb == "get";
                wanted.list |= verb == "list";
            }
        }
        wanted.namespace = self.text(&map, "namespace");
        if let Some(node) = map.get("log") {
            match node.expect_bool("log") {
                Ok(log) => wanted.log = log,
                Err(error) => self.mistakes.tell(error.place, error.message),
            }
        }
        wanted.fields =
            map.get("fields").filter(|node| !node.is_null()).and_then(|node| self.selection(node, &name));
        wanted.why = self.text(&map, "why").unwrap_or_default();
        wanted.derive = self.derive(&map);
        Some(wanted)
    }

    /// A string, or a list of strings, which are joined.
    fn selection(&mut self, node: &Node, name: &str) -> Option<Selection> {
        let what = format!("the fields of {}", shown(name));
        let items = match &node.value {
            Value::List(items) if !items.is_empty() => &items[..],
            _ => std::slice::from_ref(node),
        };
        let mut all = Selection::default();
        for item in items {
            let Some(text) = item.text() else {
                self.mistakes.tell(item.place, format!("{what} must be a text, not {}", item.kind()));
                return None;
            };
            let place_of = |at: usize| place_within(self.text, item, at);
            let read = Selection::read(text, &place_of).and_then(|selection| all.join(selection));
            if let Err(Wrong { place, why }) = read {
                self.mistakes.tell(place, format!("{what}: {why}"));
                return None;
            }
        }
        Some(all)
    }

    fn types(&mut self, node: &Node) -> Vec<Named> {
        let Value::Map(entries) = &node.value else {
            self.mistakes.tell(
                node.place,
                format!("types must be a mapping from names to paths, not {}", node.kind()),
            );
            return Vec::new();
        };
        let mut types = Vec::new();
        for (key, value) in entries {
            let name = key.text().unwrap_or_default();
            if !is_type_name(name) && name != "json::Raw" {
                let why = "a type is a word in CamelCase, or json::Raw, String or IntOrString";
                self.mistakes.tell(key.place, format!("types cannot contain '{}': {why}", shown(name)));
                continue;
            }
            let items = match &value.value {
                Value::List(items) => &items[..],
                _ => std::slice::from_ref(value),
            };
            let paths = items.iter().filter_map(|item| {
                let path = self.mistakes.text(item, name, |text| match text.is_empty() {
                    true => Err("a path is missing, such as pods.status".to_owned()),
                    false => Ok(text.to_owned()),
                });
                path.map(|path| (item.place, path))
            });
            types.push(Named { place: key.place, name: name.to_owned(), paths: paths.collect() });
        }
        types
    }

    fn derive(&mut self, map: &Map<'_>) -> Vec<String> {
        const TRAITS: &[&str] = &["Clone", "Debug", "Eq", "PartialEq", "Serialize"];
        let Some(node) = map.get("derive") else { return Vec::new() };
        self.mistakes.texts(node, "derive", "omit it", |name| match TRAITS.contains(&name) {
            true => Ok(name.to_owned()),
            false => Err(format!("these can be: {}", wagather_yaml::listed(TRAITS))),
        })
    }

    /// A mapping from names to descriptions, or a list of names.
    fn described(
        &mut self,
        map: &Map<'_>,
        key: &str,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> Vec<Described> {
        let Some(node) = map.get(key) else { return Vec::new() };
        let mut all = Vec::new();
        let mut add = |name: &Node, what: String, mistakes: &mut Mistakes| {
            let text = name.text().unwrap_or_default();
            match check(text) {
                Ok(()) => all.push(Described { place: name.place, name: text.to_owned(), what }),
                Err(why) => {
                    mistakes.tell(name.place, format!("{key} cannot contain '{}': {why}", shown(text)))
                }
            }
        };
        match &node.value {
            Value::Map(entries) => {
                for (name, what) in entries {
                    let what = if what.is_null() {
                        Some(String::new())
                    } else {
                        self.mistakes.text(what, key, |text| Ok::<_, Infallible>(text.trim().to_owned()))
                    };
                    add(name, what.unwrap_or_default(), self.mistakes);
                }
            }
            Value::List(names) => names.iter().for_each(|name| add(name, String::new(), self.mistakes)),
            Value::Scalar(..) => {
                self.mistakes
                    .tell(node.place, format!("{key} must be a mapping or a list, not {}", node.kind()));
            }
        }
        all
    }

    fn text(&mut self, map: &Map<'_>, key: &str) -> Option<String> {
        let node = map.get(key)?;
        self.mistakes.text(node, key, |text| match text.trim() {
            "" => Err("omit it instead".to_owned()),
            text => Ok(text.to_owned()),
        })
    }

    /// A string, or a list of strings.
    fn texts(&mut self, map: &Map<'_>, key: &str) -> Vec<String> {
        match map.get(key) {
            None => Vec::new(),
            Some(node) if matches!(node.value, Value::Scalar(..)) => {
                self.text(map, key).into_iter().collect()
            }
            Some(node) => {
                self.mistakes.texts(node, key, "omit it", |text| Ok::<_, Infallible>(text.to_owned()))
            }
        }
    }
}

/// The places of the strings.
fn places_of(map: &Map<'_>, key: &str) -> Vec<Place> {
    match map.get(key) {
        None => Vec::new(),
        Some(Node { value: Value::List(items), .. }) => items.iter().map(|item| item.place).collect(),
        Some(node) => vec![node.place],
    }
}

/// Whether the ABI accepts it as a raw path.
fn wagather_abi_path(path: &str) -> bool {
    path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte))
}

/// Whether a string is a conventional name for a Rust type.
pub(crate) fn is_type_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric())
        && name != "Self"
}
