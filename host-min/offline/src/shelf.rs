//! Which objects of which resource an archive has.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::discovery::{self, Named};
use crate::document::{self, Identity, Part, Plural, Problem};
use crate::known;
use crate::layout::Layout;
use crate::members::Members;
use crate::place::{self, Hint, LogKey, Place};
use crate::request::Wanted;
use crate::store::{Reader, Span, Store};
use crate::told::{self, Told};
use crate::twins::{self, Form};
use crate::unusable::{Lost, Skipped};
use crate::walk::Found;
use crate::whole::Whole;

/// Objects, logs and empty lists of an archive.
const MAX_OBJECTS: usize = 2_000_000;
/// Bytes of their names, which are in memory as they are.
const MAX_NAME_BYTES: usize = 256 << 20;
/// Bytes of documents that say which resources there are. The largest known cluster has 2 MB.
const MAX_DISCOVERY_BYTES: usize = 32 << 20;
/// Files that cannot be used of which it is remembered what is missing.
const MAX_LOST: usize = 1_000;

/// What an archive has.
#[derive(Default)]
pub(crate) struct Shelf {
    resources: BTreeMap<(String, String), Resource>,
    pub(crate) logs: BTreeMap<LogKey, Span>,
    pub(crate) store: Store,
    version: Option<Vec<u8>>,
    discovery: Vec<String>,
    gathered_millis: i64,
    /// Whether there are files that cannot be used: what they have is missing.
    has_skipped: bool,
    /// What this host says of its lists, and which of them are whole, once somebody has asked.
    told: Mutex<Told>,
    whole: OnceLock<Whole>,
    lost: Vec<Lost>,
}

/// The objects of a resource.
#[derive(Default)]
pub(crate) struct Resource {
    pub(crate) kind: String,
    versions: BTreeSet<String>,
    /// Ordered by namespace and name, as the API server orders them.
    pub(crate) objects: Vec<Object>,
    /// The namespaces whose list was empty; empty for all of them.
    empty: BTreeSet<String>,
}

/// An object.
pub(crate) struct Object {
    pub(crate) namespace: Box<str>,
    pub(crate) name: Box<str>,
    /// `None` if it does not say its version: then it is of any.
    version: Option<Box<str>>,
    pub(crate) span: Span,
}

/// An archive that is being read.
#[derive(Default)]
pub(crate) struct Loading {
    shelf: Shelf,
    /// Resources whose name was made from their kind, by group and kind.
    guessed: BTreeMap<(String, String), Resource>,
    /// The resource of a group and kind, as discovery or a CustomResourceDefinition says.
    names: BTreeMap<(String, String), String>,
    layouts: BTreeSet<Layout>,
    skipped: Skipped,
    objects: usize,
    name_bytes: usize,
    discovery_bytes: usize,
    timestamp: Option<i64>,
    newest_millis: i64,
}

impl Loading {
    /// Adds a file. Fails if there is no room for it.
    pub(crate) fn add(&mut self, file: Found, place: Place) -> Result<(), String> {
        self.layouts
            .extend(Layout::of_path(&file.path, place::is_other(&place) || place == Place::Discovery));
        if place == Place::Other {
            return Ok(());
        }
        self.newest_millis = self.newest_millis.max(file.modified_millis);
        if let Place::Told(which) = place {
            self.add_told(&file.path, which, file.content.ok());
            return Ok(());
        }
        let content = match file.content {
            Ok(content) => content,
            Err(reason) => {
                self.skip(&file.path, &reason, &place);
                return Ok(());
            }
        };
        match place {
            Place::Objects(hint) => self.add_objects(&file.path, &content, &hint)?,
            Place::Log(key) => {
                let span = self.shelf.store.keep(&content)?;
                self.count(&[&key.namespace, &key.pod, &key.container])?;
                self.shelf.logs.entry(key).or_insert(span);
            }
            Place::Version => self.shelf.version = version_of(&content),
            Place::Discovery => self.add_discovery(&file.path, &content)?,
            Place::Timestamp => self.timestamp = self.timestamp.max(timestamp_of(&content)),
            Place::Told(_) | Place::Other => {}
        }
        Ok(())
    }

    /// Adds what this host says of a run.
    fn add_told(&mut self, path: &str, which: told::File, content: Option<Vec<u8>>) {
        if which == told::File::Report {
            self.layouts.insert(Layout::Ours);
            self.timestamp = self.timestamp.max(content.as_deref().and_then(report_time_of));
        }
        let told = self.shelf.told.get_mut().unwrap_or_else(PoisonError::into_inner);
        told.add(path, which, content);
    }

    /// Counts an object, or something else that has names.
    fn count(&mut self, names: &[&str]) -> Result<(), String> {
        self.objects += 1;
        if self.objects > MAX_OBJECTS {
            return Err(format!("it has more than {MAX_OBJECTS} objects"));
        }
        self.name_bytes += names.iter().map(|name| name.len()).sum::<usize>();
        if self.name_bytes > MAX_NAME_BYTES {
            return Err(format!("the names of its objects have more than {MAX_NAME_BYTES} bytes"));
        }
        Ok(())
    }

    fn add_objects(&mut self, path: &str, content: &[u8], hint: &Hint) -> Result<(), String> {
        let result = document::parts(content, hint, &mut |part| {
            let (Part::Object(identity, _) | Part::EmptyList(identity)) = &part;
            self.count(&identity.names())?;
            match part {
                Part::Object(identity, json) => {
                    self.learn(&identity, &json)?;
                    let span = self.shelf.store.keep(&json)?;
                    let Identity { namespace, name, version, .. } = &identity;
                    let object = Object {
                        namespace: namespace.as_str().into(),
                        name: name.as_str().into(),
                        version: version.as_deref().map(Box::from),
                        span,
                    };
                    self.resource(&identity).objects.push(object);
                }
                Part::EmptyList(identity) => {
                    let namespace = identity.namespace.clone();
                    self.resource(&identity).empty.insert(namespace);
                }
            }
            Ok(())
        });
        match result {
            Ok(()) => Ok(()),
            Err(Problem::Full(reason)) => Err(reason),
            Err(Problem::Unusable(reason)) => {
                self.lose(path, &reason, hint);
                Ok(())
            }
            Err(Problem::NoJson(error)) => {
                self.lose(path, &error.to_string(), hint);
                Ok(())
            }
        }
    }

    /// Leaves out a file.
    fn skip(&mut self, path: &str, reason: &str, place: &Place) {
        match place {
            Place::Objects(hint) => self.lose(path, reason, hint),
            _ => self.skipped.add(path, reason),
        }
    }

    /// Leaves out a file with objects, and remembers of which resource they are.
    fn lose(&mut self, path: &str, reason: &str, hint: &Hint) {
        self.skipped.add(path, reason);
        if self.shelf.lost.len() < MAX_LOST {
            self.shelf.lost.extend(Lost::of(path, reason, hint));
        }
    }

    fn resource(&mut self, identity: &Identity) -> &mut Resource {
        let group = identity.group.clone();
        let (resources, key) = match &identity.plural {
            Plural::Named(plural) => (&mut self.shelf.resources, (group.unwrap_or_default(), plural.clone())),
            Plural::Guessed(plural) => {
                // The kind is what discovery knows it by; without one, the name has to do.
                let name = if identity.kind.is_empty() { plural } else { &identity.kind };
                (&mut self.guessed, (group.unwrap_or_default(), name.clone()))
            }
        };
        let resource = resources.entry(key).or_default();
        if resource.kind.is_empty() {
            resource.kind.clone_from(&identity.kind);
        }
        resource.versions.extend(identity.version.clone());
        resource
    }

    /// Learns the name of a resource from its CustomResourceDefinition.
    fn learn(&mut self, identity: &Identity, json: &[u8]) -> Result<(), String> {
        if identity.kind != "CustomResourceDefinition" {
            return Ok(());
        }
        let spec = std::str::from_utf8(json).ok().and_then(|json| Members::of(json).ok()?.object("spec"));
        let Some(spec) = spec else { return Ok(()) };
        let named = |name| spec.object("names").and_then(|names| names.text(name));
        if let (Some(group), Some(plural), Some(kind)) = (spec.text("group"), named("plural"), named("kind"))
        {
            self.count(&[&group, &plural, &kind])?;
            self.names.insert((group, kind), plural);
        }
        Ok(())
    }

    /// Learns names from what the server said of its resources.
    fn add_discovery(&mut self, path: &str, content: &[u8]) -> Result<(), String> {
        let Some(json) = json_of(content) else { return Ok(()) };
        if json.len() > MAX_DISCOVERY_BYTES.saturating_sub(self.discovery_bytes) {
            self.skipped.add(path, "such files have too many bytes together");
            return Ok(());
        }
        self.discovery_bytes += json.len();
        discovery::each_name(&json, &mut |Named { group, kind, plural }| {
            self.count(&[&group, &kind, &plural])?;
            self.names.insert((group, kind), plural);
            Ok(())
        })?;
        self.shelf.discovery.push(json);
        Ok(())
    }

    /// Nothing more will be added.
    pub(crate) fn finish(mut self) -> (Shelf, Layout, Skipped) {
        for ((group, kind), found) in std::mem::take(&mut self.guessed) {
            let plural = match self.names.get(&(group.clone(), kind.clone())) {
                Some(plural) => plural.clone(),
                // Without a kind, the key is the resource already.
                None if found.kind.is_empty() => kind,
                None => document::plural_of(&kind),
            };
            self.shelf.resources.entry((group, plural)).or_default().join(found);
        }
        for resource in self.shelf.resources.values_mut() {
            // Stable: of an object that is there twice, the first one in the archive counts.
            resource.objects.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
            resource.objects.dedup_by(|later, first| {
                (&later.namespace, &later.name, &later.version)
                    == (&first.namespace, &first.name, &first.version)
            });
            resource.objects.shrink_to_fit();
        }
        // What is there besides is not missing.
        let mut lost = std::mem::take(&mut self.shelf.lost);
        lost.retain(|lost| {
            let has = |((group, plural), resource): (&(String, String), &Resource)| {
                lost.is_of(group, plural) && resource.has(lost.object())
            };
            !self.shelf.resources.iter().any(has)
        });
        self.shelf.lost = lost;
        self.shelf.store.finish();
        self.shelf.gathered_millis = self.timestamp.unwrap_or(self.newest_millis);
        self.shelf.has_skipped = self.skipped.has_some();
        let layout = self.layouts.last().copied().unwrap_or_default();
        (self.shelf, layout, self.skipped)
    }
}

impl Resource {
    /// One of which there is nothing.
    pub(crate) fn nothing_of(group: &str, plural: &str) -> Resource {
        let kind = known::find(group, plural).map_or("", |known| known.kind).to_owned();
        Resource { kind, ..Resource::default() }
    }

    /// The versions that its objects say they have.
    pub(crate) fn versions(&self) -> impl Iterator<Item = &str> {
        self.versions.iter().map(String::as_str)
    }

    /// Whether it has an object, by namespace and name.
    fn has(&self, (namespace, name): (&str, &str)) -> bool {
        let place = |object: &Object| (&*object.namespace, &*object.name).cmp(&(namespace, name));
        self.objects.binary_search_by(place).is_ok()
    }

    fn join(&mut self, other: Resource) {
        if self.kind.is_empty() {
            self.kind = other.kind;
        }
        self.versions.extend(other.versions);
        self.objects.extend(other.objects);
        self.empty.extend(other.empty);
    }

    /// The versions that its objects have, the one that a server would prefer first.
    pub(crate) fn preferred_versions(&self) -> Vec<&str> {
        let mut versions: Vec<&str> = self.versions.iter().map(String::as_str).collect();
        // Stable ones first, and the newest of those.
        versions.sort_by_key(|version| (version.contains(['a', 'b']), std::cmp::Reverse(version.len())));
        versions
    }

    /// Whether its objects are in namespaces, as far as there are any.
    pub(crate) fn is_namespaced(&self) -> bool {
        self.objects.iter().any(|object| !object.namespace.is_empty())
            || self.empty.iter().any(|namespace| !namespace.is_empty())
    }

    /// What the server calls the kind, as well as the archive lets us know.
    pub(crate) fn kind_of(&self, plural: &str) -> String {
        if !self.kind.is_empty() {
            return self.kind.clone();
        }
        let singular = plural.strip_suffix('s').unwrap_or(plural);
        match singular {
            "customresourcedefinition" => "CustomResourceDefinition".into(),
            "clusterversion" => "ClusterVersion".into(),
            "clusteroperator" => "ClusterOperator".into(),
            _ => {
                let mut characters = singular.chars();
                characters
                    .next()
                    .map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
            }
        }
    }
}

impl Object {
    /// What identifies it among those of its resource.
    fn key(&self) -> (&str, &str) {
        (&self.namespace, &self.name)
    }

    /// The version that it says it has.
    pub(crate) fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// Whether a request for this version may have it.
    pub(crate) fn is_of(&self, version: &str) -> bool {
        self.version.as_deref().is_none_or(|own| own == version)
    }

    /// Whether it is in the namespace that is asked for.
    pub(crate) fn is_in(&self, namespace: Option<&str>) -> bool {
        namespace.is_none_or(|namespace| *self.namespace == *namespace)
    }
}

impl Shelf {
    pub(crate) fn is_empty(&self) -> bool {
        self.resources.is_empty() && self.logs.is_empty() && self.whole().is_empty()
    }

    /// The lists that are whole.
    pub(crate) fn whole(&self) -> &Whole {
        self.whole.get_or_init(|| {
            let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            Whole::of(&std::mem::take(&mut *told))
        })
    }

    /// The resources of which a list is whole, in a namespace or in all of them: group, version and name.
    pub(crate) fn whole_resources(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        let whole = Some(self.whole()).filter(|_| !self.has_skipped);
        whole.into_iter().flat_map(Whole::resources)
    }

    /// Whether a list is whole: whatever of it is not here did not exist.
    pub(crate) fn has_all(&self, wanted: &Wanted) -> bool {
        let has_objects = |namespace: Option<&str>| {
            let wanted = Wanted { namespace: namespace.map(str::to_owned), ..wanted.clone() };
            let resource = self.resource(&wanted);
            resource.is_ok_and(|(resource, _)| resource.objects.iter().any(|object| object.is_in(namespace)))
        };
        // Events are asked for in the group that the archive has, unless it has some of both.
        let of_twin = || {
            let group = twins::of(&wanted.group, &wanted.version, &wanted.plural)?.to_owned();
            self.own(wanted).is_err().then(|| Wanted { group, ..wanted.clone() })
        };
        !self.has_skipped
            && (self.whole().has(wanted, has_objects)
                || of_twin().is_some_and(|twin| self.whole().has(&twin, has_objects)))
    }

    /// The resources, by group and name.
    pub(crate) fn resources(&self) -> impl Iterator<Item = ((&str, &str), &Resource)> {
        self.resources.iter().map(|((group, plural), resource)| ((&**group, &**plural), resource))
    }

    /// What the server says of its version, if that was gathered.
    pub(crate) fn version(&self) -> Option<&[u8]> {
        self.version.as_deref()
    }

    /// What the server said of its resources, as JSON.
    pub(crate) fn discovery(&self) -> &[String] {
        &self.discovery
    }

    /// When it was gathered, in milliseconds since the Unix epoch.
    pub(crate) fn gathered_millis(&self) -> i64 {
        self.gathered_millis
    }

    /// The resource that is asked for, and the form that its objects get. The error says what the archive has instead.
    pub(crate) fn resource(&self, wanted: &Wanted) -> Result<(&Resource, Form), String> {
        let Wanted { group, version, plural, namespace } = wanted;
        let twin = twins::of(group, version, plural);
        let own = self.own(wanted);
        if let Ok((own, says_group)) = &own
            && Shelf::has_namespace(own, namespace.as_deref())
        {
            // Events that do not say their group have the form of the core group.
            let form = if *says_group || twin.is_none() { Form::Own } else { Form::of_group(group) };
            return Ok((own, form));
        }
        let of_twin = |group: &str| {
            let [group, version, plural] = [group, version, plural].map(str::to_owned);
            let (resource, _) = self.own(&Wanted { group, version, plural, namespace: None }).ok()?;
            Shelf::has_namespace(resource, namespace.as_deref()).then_some(resource)
        };
        match twin.and_then(of_twin) {
            Some(resource) => Ok((resource, Form::of_group(group))),
            None => own.map(|(own, _)| (own, Form::Own)),
        }
    }

    /// The resource itself, and whether it is in its group's place: objects that do not say their group are in that of the core group.
    fn own(&self, wanted: &Wanted) -> Result<(&Resource, bool), String> {
        let Wanted { group, version, plural, .. } = wanted;
        let qualified = wanted.qualified();
        let groups = [group.as_str(), ""];
        let mut found = groups.into_iter().filter_map(|group| {
            let resource = self.resources.get(&(group.to_owned(), plural.clone()))?;
            // A resource of the core group is not one of another group.
            let may_be = group == wanted.group || resource.versions.is_empty();
            may_be.then_some((resource, group == wanted.group))
        });
        let Some((resource, says_group)) = found.next() else {
            return Err(format!("{qualified} were not gathered"));
        };
        if resource.versions.is_empty() || resource.versions.contains(version) {
            return Ok((resource, says_group));
        }
        let versions: Vec<&str> = resource.versions.iter().map(String::as_str).collect();
        Err(format!("it has {qualified} in version {}, not in {version}", versions.join(", ")))
    }

    /// What is missing of the objects of a resource, in a namespace or in all of them: the files that cannot be used.
    pub(crate) fn lost(
        &self,
        group: &str,
        plural: &str,
        namespace: Option<&str>,
    ) -> impl Iterator<Item = &str> {
        let is_in = move |lost: &&Lost| lost.is_of(group, plural) && lost.is_in(namespace);
        self.lost.iter().filter(is_in).map(Lost::reason)
    }

    /// What a list lacks, as reasons: files that cannot be used, and objects in other versions.
    pub(crate) fn missing(&self, wanted: &Wanted) -> Vec<String> {
        let Wanted { group, version, plural, namespace } = wanted;
        let namespace = namespace.as_deref();
        let twin = twins::of(group, version, plural);
        let groups = [Some(group.as_str()), twin];
        let lost = groups.into_iter().flatten().flat_map(|group| self.lost(group, plural, namespace));
        let mut missing: Vec<String> = lost.map(str::to_owned).collect();
        if let Ok((resource, _)) = self.own(wanted)
            && resource.versions.len() > 1
        {
            let is_asked = |object: &&Object| object.is_in(namespace) && object.is_of(version);
            let objects = || resource.objects.iter().filter(|object| object.is_in(namespace));
            // Objects may be there in several versions.
            let asked: BTreeSet<_> = objects().filter(is_asked).map(Object::key).collect();
            let others = objects().filter(|object| !asked.contains(&object.key()));
            let versions: BTreeSet<&str> = others.clone().filter_map(Object::version).collect();
            if !versions.is_empty() {
                let versions: Vec<&str> = versions.into_iter().collect();
                let count = others.count();
                missing
                    .push(format!("{count} of them were gathered in version {} alone", versions.join(", ")));
            }
        }
        missing
    }

    /// An object, whole.
    pub(crate) fn object(&self, wanted: &Wanted, name: &str) -> Result<Vec<u8>, String> {
        let (resource, form) = self.resource(wanted)?;
        let namespace = wanted.namespace.as_deref().unwrap_or_default();
        let found = resource.objects.iter().find(|object| {
            *object.name == *name && *object.namespace == *namespace && object.is_of(&wanted.version)
        });
        let Some(object) = found else {
            let full = if namespace.is_empty() { name.to_owned() } else { format!("{namespace}/{name}") };
            return Err(format!("{} {full} was not gathered", wanted.plural));
        };
        let mut reader = Reader::new();
        let json = reader.read(&self.store, object.span).map_err(|error| error.to_string())?;
        Ok(with_kind(&form.of(json), &resource.kind_of(&wanted.plural), &wanted.api_version()))
    }

    /// Whether the objects of a namespace were gathered, if only to find none.
    pub(crate) fn has_namespace(resource: &Resource, namespace: Option<&str>) -> bool {
        resource.objects.iter().any(|object| object.is_in(namespace))
            || resource.empty.contains("")
            || match namespace {
                Some(namespace) => resource.empty.contains(namespace),
                None => !resource.empty.is_empty(),
            }
    }
}

/// An object that says what it is. Items of lists do not.
pub(crate) fn with_kind(json: &[u8], kind: &str, api_version: &str) -> Vec<u8> {
    let members = std::str::from_utf8(json).ok().and_then(|json| Members::of(json).ok());
    let has_kind = members.is_some_and(|members| members.json("kind").is_some());
    match json.strip_prefix(b"{") {
        Some(rest) if !has_kind => {
            let [kind, api_version] =
                [kind, api_version].map(|text| serde_json::Value::from(text).to_string());
            let mut out = format!(r#"{{"kind":{kind},"apiVersion":{api_version}"#).into_bytes();
            if rest != b"}" {
                out.push(b',');
            }
            out.extend_from_slice(rest);
            out
        }
        _ => json.to_vec(),
    }
}

/// The JSON of a file in JSON or YAML.
fn json_of(content: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(content).ok()?;
    if text.trim_start().starts_with(['{', '[']) {
        return Some(text.to_owned());
    }
    wagather_yaml::to_json(text).ok()?.into_iter().next()
}

/// The answer to `/version`, if this is one.
fn version_of(content: &[u8]) -> Option<Vec<u8>> {
    let json = json_of(content)?;
    let members = Members::of(&json).ok()?;
    // A support bundle wraps it.
    let info = members.object("info").filter(|info| info.json("gitVersion").is_some());
    match info {
        Some(_) => members.json("info").map(|info| info.as_bytes().to_vec()),
        None => members.json("gitVersion").map(|_| json.as_bytes().to_vec()),
    }
}

/// The time in the first line of a must-gather's `timestamp`: RFC 3339, or as Go prints a time, such as
/// `2026-01-02 05:04:05.678 +0200 EET m=+0.1`.
fn timestamp_of(content: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(content).ok()?;
    let line = text.trim_start_matches('\u{feff}').lines().next()?.trim();
    // Behind the date, a sign begins the zone.
    let zone = line.char_indices().skip("2026-01-02".len()).find(|(_, sign)| matches!(sign, '+' | '-'));
    let Some((at, sign)) = zone else { return millis_of(line.trim_end_matches(" UTC")) };
    let (time, zone) = (line[..at].trim_end(), &line[at + 1..]);
    let zone: String = zone.split(' ').next()?.chars().filter(|digit| *digit != ':').collect();
    let (hours, minutes) = zone.split_at_checked(2).filter(|_| zone.len() == 4)?;
    let offset = (hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?) * 60_000;
    let local = millis_of(time)?;
    Some(if sign == '+' { local - offset } else { local + offset })
}

fn millis_of(text: &str) -> Option<i64> {
    let time = humantime::parse_rfc3339_weak(text).ok()?;
    time.duration_since(std::time::UNIX_EPOCH).ok()?.as_millis().try_into().ok()
}

/// When the run of a report began.
fn report_time_of(content: &[u8]) -> Option<i64> {
    let json = std::str::from_utf8(content).ok()?;
    millis_of(&Members::of(json).ok()?.text("time")?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::place;

    #[test]
    fn a_time_is_that_of_its_zone() {
        for text in [
            "2026-01-02 03:04:05.678 +0000 UTC m=+0.1\n2026-01-02 03:05:05.678 +0000 UTC m=+60.1\n",
            "2026-01-02 05:04:05.678 +0200 EET m=+0.1",
            "2026-01-01 21:34:05.678 -0530 -0530 m=+0.1\r\n",
            "2026-01-02T05:04:05.678+02:00",
            "2026-01-01T19:04:05.678-08:00\n",
            "2026-01-02T03:04:05.678Z",
            "\u{feff}2026-01-02 03:04:05.678 UTC",
            "2026-01-02 03:04:05.678",
        ] {
            assert_eq!(timestamp_of(text.as_bytes()), Some(1_767_323_045_678), "{text}");
        }
        for text in [
            "",
            "yesterday",
            "2026-01-02 03:04:05 +02",
            "2026-02-30T03:04:05+00:00",
            "2026-01-02 03:04:05 -x",
        ] {
            assert_eq!(timestamp_of(text.as_bytes()), None, "{text}");
        }
    }

    fn add(loading: &mut Loading, file: Found) -> Result<(), String> {
        let place = place(&file.path);
        loading.add(file, place)
    }

    #[test]
    fn names_have_a_limit_together() {
        let file = |name: &str| Found {
            path: "namespaces/shop/core/pods.json".into(),
            content: Ok(
                format!(r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"{name}"}}}}"#).into_bytes()
            ),
            modified_millis: 0,
        };
        // As many as other objects have up to here.
        let mut loading = Loading { name_bytes: MAX_NAME_BYTES - 30, ..Loading::default() };
        assert_eq!(add(&mut loading, file("a")), Ok(()));
        let reason = add(&mut loading, file(&"a".repeat(30))).expect_err("too many");
        assert!(reason.contains("names of its objects"), "{reason}");
    }
}
