//! What a gatherer may read: what both its manifest and the grant of the cluster's owner allow.
//!
//! These are pure decisions. A request outside of the [`Rights`] is refused with a sentence that says why. A list that reaches further
//! than the rules is allowed with a [`Scope`], which says what the broker may show of it, and in which namespaces the broker asks for it.

mod about;
mod beyond;
mod denial;
mod expansion;
mod narrowing;
mod needed;
mod order;
mod scope;
mod shard;
#[cfg(test)]
mod tests;

pub use about::{About, Entry, Removed};
pub use denial::Denial;
pub use expansion::{Expansion, LeftOut, List, Why};
pub use narrowing::{Narrowing, SelectorError, label_selector};
pub use needed::Need;
pub use order::sort_key;
pub use scope::{Extent, Scope};
pub use shard::{MAX_SHARDS, Shard, ShardError};

use crate::canonical::{Canonical, Refusal};
use crate::discovery::Catalog;
use crate::grant::{Escalating, FieldPath, Glob, Grant, PathPattern, Rule, is_resource_path};
use crate::manifest::{Manifest, Resource, is_namespaces};
use std::fmt;
use std::sync::Arc;
use wagather_abi::manifest::ANY;
use wagather_abi::{Status, Verb};
use wagather_json::project::Node;
use wagather_json::redact::Subject;

/// What one gatherer may read: its manifest, the grant and what the run is narrowed to, together.
#[derive(Clone, Debug)]
pub struct Rights {
    manifest: Manifest,
    grant: Arc<Grant>,
    narrowing: Narrowing,
}

/// What may be seen of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// Of each object, these fields.
    pub mask: Node,
    /// Of a list, these objects.
    pub scope: Scope,
    /// The list was wanted of all namespaces, and is asked for in those that the run is narrowed to. If the server has no such list
    /// there, its objects are in no namespace.
    pub narrowed: bool,
    /// Which parts of the grant it is judged by.
    pub about: Arc<About>,
    /// The manifest declares it by a wildcard only: whatever the answer holds, it must be nothing that wildcards do not cover.
    pub by_wildcard: bool,
}

/// What remains of one thing that a manifest declares, with one verb.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remainder<'a> {
    /// What is declared.
    pub resource: &'a Resource,
    /// The verb.
    pub verb: Verb,
    /// How much of it is granted.
    pub granted: Granted,
    /// Fields that are declared, and removed by the grant.
    pub without: Vec<&'a FieldPath>,
}

/// How much of something is granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Granted {
    /// All of what is declared.
    All,
    /// These objects of it.
    Part(Vec<Extent>),
    /// Nothing, and why.
    Nothing(Denial),
}

/// A raw path that a manifest declares: whether it is granted, or why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathRemainder<'a> {
    /// The path.
    pub path: &'a str,
    /// Whether it is granted.
    pub granted: Result<(), Denial>,
}

/// What a gatherer may do, in the order of its manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective<'a> {
    /// Each resource that is declared, once for each verb.
    pub resources: Vec<Remainder<'a>>,
    /// Each raw path that is declared.
    pub paths: Vec<PathRemainder<'a>>,
}

const NAMED_BY_TOKEN: &str =
    "the object's name is a token; only objects whose names begin with sha256~ can be read";

impl Rights {
    /// The rights of a gatherer under a grant.
    pub fn new(manifest: Manifest, grant: Arc<Grant>) -> Rights {
        Rights { manifest, grant, narrowing: Narrowing::default() }
    }

    /// The same, narrowed.
    pub fn narrowed(self, narrowing: Narrowing) -> Rights {
        Rights { narrowing, ..self }
    }

    /// Whether only a cluster can say what they are about.
    pub fn have_wildcards(&self) -> bool {
        self.manifest.has_wildcards()
    }

    /// The same with the resources of a cluster in place of the manifest's wildcards.
    pub fn expanded(&self, catalog: &Catalog) -> Rights {
        Rights { manifest: self.manifest.clone().expanded(catalog), ..self.clone() }
    }

    /// What they are narrowed to.
    pub fn narrowing(&self) -> &Narrowing {
        &self.narrowing
    }

    /// Judges a request, and makes it ask for no more than what the run is narrowed to.
    pub fn admit(&self, request: &mut Canonical) -> Result<Allowed, Refusal> {
        let mut allowed = self.judge(request)?;
        self.narrowing.apply(request, &mut allowed);
        Ok(allowed)
    }

    /// Whether there is anything that may be asked of the server.
    pub fn need_a_server(&self) -> bool {
        !self.manifest.resources.is_empty() || !self.manifest.paths.is_empty()
    }

    /// Whether the gatherer takes a parameter of that name.
    pub fn take_param(&self, name: &str) -> bool {
        self.manifest.params.iter().any(|param| param.name == name)
    }

    /// Judges a request: what of the answer may be seen, or why it is refused.
    pub fn judge(&self, request: &Canonical) -> Result<Allowed, Refusal> {
        let denied = |reason: String| Refusal::new(Status::DENIED, reason);
        if request.verb == Verb::RAW {
            let path = &request.resource;
            if !self.manifest.paths.contains(path) {
                return Err(denied(format!("the manifest does not declare the path {path}")));
            }
            self.grants_path(path).map_err(|denial| denied(denial.to_string()))?;
            return Ok(Allowed {
                mask: Node::Keep,
                scope: Scope::everything(),
                narrowed: false,
                about: Arc::default(),
                by_wildcard: false,
            });
        }
        if request.is_of_any() {
            return self.judge_any(request);
        }
        let declared: Vec<&Resource> =
            self.manifest.resources.iter().filter(|resource| declares(resource, request)).collect();
        // What is declared in patterns of namespaces only is a part of a list over all of them.
        let reaches = |resource: &&&Resource| resource.pattern.is_none() || !request.namespace.is_empty();
        let by_pattern = !declared.iter().any(|resource| reaches(&resource));
        let whole = declared.iter().filter(|resource| by_pattern || reaches(resource));
        let masks = whole.map(|resource| resource.mask.clone());
        let mask = match by_pattern {
            false => masks.reduce(|a, b| a.union(&b)),
            // Which of them an object is in is not known before it is there.
            true => masks.reduce(|a, b| a.intersect(&b)),
        };
        let Some(mask) = mask else {
            return Err(denied(self.undeclared(request)));
        };
        let by_wildcard = declared.iter().all(|resource| resource.is_wildcard());
        let target = Target::of(request);
        let mut scope = self.grants(&target).map_err(|denial| denied(denial.to_string()))?;
        if by_pattern {
            let patterns = declared.iter().filter_map(|resource| resource.pattern.clone()).collect();
            scope = scope.declared_in(patterns, target.is_namespaces());
        }
        // Whoever asks for it has it, but the run's own records are to have no token.
        if Subject::of(target.plural, target.subresource).holder("").is_token(&request.name) {
            return Err(denied(NAMED_BY_TOKEN.into()));
        }
        if let Some((.., path)) = self.removed(&target).find(|(.., path)| chooses_by(request, path)) {
            return Err(denied(format!("a selector that could reveal {path}, which the grant removes")));
        }
        let mask = mask.intersect(&request.mask).without(&["metadata", "managedFields"]);
        let (mask, removed) = about::hide(mask, target.plural, self.removed(&target));
        let about = Arc::new(About::new(self, &target, removed));
        Ok(Allowed { mask, scope, narrowed: false, about, by_wildcard })
    }

    /// Why nothing declares a request.
    fn undeclared(&self, request: &Canonical) -> String {
        let asked = describe(request);
        let gives = Escalating::of(&request.resource, &request.subresource);
        match gives.filter(|_| self.manifest.has_wildcards()) {
            Some(gives) => format!(
                "the manifest does not declare '{asked}': its wildcards do not cover {}, which it must name",
                gives.gives
            ),
            None => format!("the manifest does not declare '{asked}'"),
        }
    }

    /// What remains of the manifest under the grant.
    pub fn effective(&self) -> Effective<'_> {
        let verbs = [Verb::GET, Verb::LIST];
        let resources = self.manifest.resources.iter().flat_map(|resource| {
            let declared = verbs.into_iter().filter(|verb| resource.verbs.contains(*verb));
            declared.map(|verb| self.remainder(resource, verb))
        });
        let paths = self.manifest.paths.iter();
        Effective {
            resources: resources.collect(),
            paths: paths.map(|path| PathRemainder { path, granted: self.grants_path(path) }).collect(),
        }
    }

    fn remainder<'a>(&'a self, resource: &'a Resource, verb: Verb) -> Remainder<'a> {
        let target = Target::declared(resource, verb);
        let extents =
            if resource.is_wildcard() { self.extents_of_any(&target) } else { self.extents(&target) };
        let granted = match extents {
            Err(why) => Granted::Nothing(why),
            Ok(extents) if extents.iter().any(Extent::is_everything) => Granted::All,
            Ok(extents) => Granted::Part(extents),
        };
        // A log has no fields.
        let held = |path: &&FieldPath| {
            resource.subresource != "log" && without(&resource.mask, path, &resource.plural) != resource.mask
        };
        let mut without: Vec<&FieldPath> = Vec::new();
        for path in self.removed(&target).map(|(.., path)| path).filter(held) {
            if !without.contains(&path) {
                without.push(path);
            }
        }
        Remainder { resource, verb, granted, without }
    }

    /// The fields that are removed of such objects: by each rule about them, whatever else it says. Each with the numbers of its
    /// rule, and of itself within that.
    fn removed<'a>(
        &'a self,
        target: &Target<'_>,
    ) -> impl Iterator<Item = (usize, usize, &'a FieldPath)> + use<'a> {
        let (group, plural) = (target.group.to_owned(), target.plural.to_owned());
        let subresource = target.subresource.to_owned();
        let rules = self.grant.rules.iter().enumerate();
        rules.filter(move |(_, rule)| rule.removes(&group, &plural, &subresource)).flat_map(
            |(number, rule)| rule.without.iter().enumerate().map(move |(index, path)| (number, index, path)),
        )
    }

    /// Which objects may be seen of what is asked for, or why none.
    fn grants(&self, target: &Target<'_>) -> Result<Scope, Denial> {
        let extents = self.extents(target)?;
        if extents.iter().any(Extent::is_everything) {
            return Ok(Scope::everything());
        }
        if target.verb == Verb::LIST {
            return Ok(Scope::of(extents, target.is_namespaces()));
        }
        if extents.iter().any(|extent| extent.has_name(target.name)) {
            Ok(Scope::everything())
        } else {
            Err(Denial::Name { resource: target.to_string(), name: target.name.into() })
        }
    }

    /// What the rules about these objects cover of them. Within one namespace only names are left to tell apart.
    fn extents(&self, target: &Target<'_>) -> Result<Vec<Extent>, Denial> {
        let (group, plural, subresource) = (target.group, target.plural, target.subresource);
        let about = |rule: &&Rule| rule.grants(group, plural, subresource);
        let with_verb: Vec<&Rule> =
            self.grant.rules.iter().filter(about).filter(|rule| rule.verbs.contains(target.verb)).collect();
        if with_verb.is_empty() {
            let resource = target.to_string();
            return Err(if self.grant.rules.iter().any(|rule| about(&rule)) {
                Denial::Verb { verb: target.verb.name().unwrap_or_default(), resource }
            } else if let Some(gives) = Escalating::of(plural, subresource) {
                Denial::Escalating { resource, gives }
            } else {
                Denial::NoRule { resource }
            });
        }
        if let Some(why) = self.narrowing.refuses(target) {
            return Err(why);
        }
        let mut extents: Vec<Extent> = with_verb.into_iter().map(Extent::of).collect();
        let only = self.narrowing.namespace.as_deref();
        if let Some(only) = only {
            extents = extents.into_iter().filter_map(|extent| extent.within(only)).collect();
        }
        // A get always is in one namespace or in none; a list may be over all.
        let namespace = target.own_namespace();
        if !namespace.is_empty() || (target.verb == Verb::GET && target.is_asked) {
            extents.retain(|extent| extent.reaches(namespace));
            extents.iter_mut().for_each(|extent| extent.namespaces = None);
        }
        extents.dedup();
        if !extents.is_empty() {
            return Ok(extents);
        }
        let is_list_of_all = namespace.is_empty() && target.verb == Verb::LIST;
        Err(match if is_list_of_all { only.unwrap_or_default() } else { namespace } {
            "" => Denial::ClusterScoped { resource: target.to_string() },
            namespace => Denial::Namespace { resource: target.to_string(), namespace: namespace.into() },
        })
    }

    fn grants_path(&self, path: &str) -> Result<(), Denial> {
        if self.grant.non_resource_urls.iter().any(|pattern| pattern.matches(path)) {
            return Ok(());
        }
        if is_resource_path(path) {
            return Err(Denial::ResourcePath(path.into()));
        }
        let granted = self.grant.non_resource_urls.iter().map(PathPattern::to_string).collect();
        Err(Denial::Path { path: path.into(), granted })
    }
}

/// The objects that a request, or a line of a manifest, is about.
struct Target<'a> {
    verb: Verb,
    group: &'a str,
    version: &'a str,
    plural: &'a str,
    subresource: &'a str,
    /// The namespace; empty for none, and for all.
    namespace: &'a str,
    name: &'a str,
    /// Whether it is a request; a manifest leaves open which namespace and name that will have.
    is_asked: bool,
}

impl<'a> Target<'a> {
    fn of(request: &'a Canonical) -> Target<'a> {
        Target {
            verb: request.verb,
            group: &request.group,
            version: &request.version,
            plural: &request.resource,
            subresource: &request.subresource,
            namespace: &request.namespace,
            name: &request.name,
            is_asked: true,
        }
    }

    fn declared(resource: &'a Resource, verb: Verb) -> Target<'a> {
        Target {
            verb,
            group: &resource.group,
            version: &resource.version,
            plural: &resource.plural,
            subresource: &resource.subresource,
            namespace: resource.namespace.as_deref().unwrap_or_default(),
            name: "",
            is_asked: false,
        }
    }

    fn is_namespaces(&self) -> bool {
        is_namespaces(self.group, self.plural)
    }

    /// The namespace; that of a Namespace is itself.
    fn own_namespace(&self) -> &'a str {
        if self.is_namespaces() && self.namespace.is_empty() { self.name } else { self.namespace }
    }
}

impl fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [self.group, self.version, self.plural, self.subresource];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        f.write_str(&parts.join("/"))
    }
}

fn declares(resource: &Resource, request: &Canonical) -> bool {
    let Canonical { verb, group, version, resource: plural, subresource, .. } = request;
    let namespace = Target::of(request).own_namespace();
    let is_in = |pattern: &Glob| match namespace {
        "" => *verb == Verb::LIST,
        namespace => pattern.matches(namespace),
    };
    resource.verbs.contains(*verb)
        && resource.is_about(group, version, plural, subresource)
        && resource.namespace.as_ref().is_none_or(|namespace| *namespace == request.namespace)
        && resource.pattern.as_ref().is_none_or(is_in)
}

/// A mask without a field of a resource, whichever name that has.
pub fn without(mask: &Node, path: &FieldPath, plural: &str) -> Node {
    path.with_twins(plural).iter().fold(mask.clone(), |mask, keys| {
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        mask.without(&keys)
    })
}

/// Whether a selector of the request depends on a field or what is in it: which objects it finds would tell the value.
fn chooses_by(request: &Canonical, path: &FieldPath) -> bool {
    let keys = path.keys();
    let mut terms = request.fields.split(',').map(str::trim).filter(|term| !term.is_empty());
    let by_field = terms.any(|term| {
        let key = term.split(['=', '!']).next().unwrap_or_default().trim();
        path.is_revealed_by(&request.resource, key)
    });
    let by_label = match keys[..] {
        ["metadata"] | ["metadata", "labels"] => !request.labels.is_empty(),
        // A key in a selector cannot be distinguished from a value without reading it as the server does; both are refused.
        ["metadata", "labels", key, ..] => {
            request.labels.split(|c: char| " ,()=!<>".contains(c)).any(|word| word == key)
        }
        _ => false,
    };
    by_field || by_label
}

/// A request in the manifest's words.
pub fn describe(request: &Canonical) -> String {
    let verb = request.verb.name().unwrap_or_default();
    if request.verb == Verb::RAW {
        return format!("{verb} {}", request.resource);
    }
    let version = if request.version.is_empty() { ANY } else { &request.version };
    let mut text = format!("{verb} {}/{version}/{}", request.group, request.resource);
    if !request.subresource.is_empty() {
        text = format!("{text}/{}", request.subresource);
    }
    if !request.namespace.is_empty() {
        text = format!("{text} in {}", request.namespace);
    }
    text
}
