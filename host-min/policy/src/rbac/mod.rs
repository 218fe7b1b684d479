//! An account that can do what gatherers need and no more, as objects for `kubectl apply`. `host-min rbac` prints it for built
//! modules, and `codegen rbac` for declarations.
//!
//! The same gatherers and the same grant give the same bytes. RBAC cannot express patterns, or names in a list. There, the role is
//! wider, a comment says so, and the host narrows it.

#[cfg(test)]
mod tests;

use crate::discovery::Catalog;
use crate::grant::Grant;
use crate::manifest::Manifest;
use crate::rights::{Granted, Need, Remainder, Rights};
use std::fmt::Write as _;
use std::sync::Arc;
use wagather_yaml::scalar;

/// The paths of discovery.
const DISCOVERY: [&str; 4] = ["/api", "/api/*", "/apis", "/apis/*"];

/// What all gatherers need.
#[derive(Debug, Default)]
pub struct Needs {
    gatherers: Vec<String>,
    /// One for each resource or path, with the same place and names.
    single: Vec<Rule>,
    notes: Vec<String>,
}

/// A rule of a role. The order of its parts is that of the output.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Rule {
    /// The role's namespace, or `None` for the whole cluster.
    namespace: Option<String>,
    /// Whether it is about raw paths; these are then its resources.
    is_of_paths: bool,
    group: String,
    /// The objects' names; empty for all.
    names: Vec<String>,
    verbs: Vec<String>,
    /// Who needs it.
    gatherers: Vec<String>,
    /// With their subresources.
    resources: Vec<String>,
}

impl Needs {
    /// Adds what a gatherer needs under a grant, or under the default one.
    pub fn add(&mut self, manifest: Manifest, grant: Option<&Arc<Grant>>) {
        self.add_expanded(manifest, grant, None);
    }

    /// The same for a manifest whose wildcards stand for the resources of a cluster.
    pub fn add_at(&mut self, manifest: Manifest, grant: Option<&Arc<Grant>>, catalog: &Catalog) {
        self.add_expanded(manifest, grant, Some(catalog));
    }

    fn add_expanded(&mut self, manifest: Manifest, grant: Option<&Arc<Grant>>, catalog: Option<&Catalog>) {
        let gatherer = manifest.name.clone();
        let manifest = match catalog.filter(|_| manifest.has_wildcards()) {
            None => manifest,
            Some(catalog) => {
                let gaps = catalog.versions().iter().filter(|version| version.stale.is_some());
                for version in gaps {
                    self.notes
                        .push(format!("{gatherer}: left out {}, which does not answer", version.identity()));
                }
                // Every account that is authenticated usually has this, by the ClusterRole system:discovery.
                for path in DISCOVERY {
                    let resources = vec![path.to_owned()];
                    self.add_rule(Rule { is_of_paths: true, resources, ..Rule::default() }, "get", &gatherer);
                }
                manifest.expanded(catalog)
            }
        };
        self.gatherers.push(format!("{gatherer} {}", manifest.version));
        let rights = Rights::new(manifest, grant.cloned().unwrap_or_default());
        let effective = rights.effective();
        for rest in &effective.resources {
            if rest.resource.is_wildcard() {
                self.note(
                    rest,
                    &gatherer,
                    "left out, because only a cluster can say which resources these are",
                );
                continue;
            }
            if let Granted::Nothing(why) = &rest.granted {
                self.note(rest, &gatherer, &format!("left out, {why}"));
            }
            for Need { namespace, names, wider } in rest.needs() {
                for why in wider {
                    self.note(rest, &gatherer, &format!("wider than the grant: {why}"));
                }
                self.need(rest, namespace, names, &gatherer);
            }
        }
        for rest in effective.paths {
            match rest.granted {
                Ok(()) => {
                    let resources = vec![rest.path.to_owned()];
                    self.add_rule(Rule { is_of_paths: true, resources, ..Rule::default() }, "get", &gatherer);
                }
                Err(why) => self.notes.push(format!("{gatherer}: get {}: left out, {why}", rest.path)),
            }
        }
    }

    fn need(&mut self, rest: &Remainder<'_>, namespace: Option<String>, names: Vec<String>, gatherer: &str) {
        let resource = match &*rest.resource.subresource {
            "" => rest.resource.plural.clone(),
            subresource => format!("{}/{subresource}", rest.resource.plural),
        };
        let group = rest.resource.group.clone();
        let rule = Rule { namespace, group, names, resources: vec![resource], ..Rule::default() };
        self.add_rule(rule, rest.verb.name().unwrap_or_default(), gatherer);
    }

    /// Adds a verb and who needs it to the rule for such objects.
    fn add_rule(&mut self, rule: Rule, verb: &str, gatherer: &str) {
        let known = self.single.iter().position(|known| known.is_about_the_same(&rule));
        let index = known.unwrap_or_else(|| {
            self.single.push(rule);
            self.single.len() - 1
        });
        insert(&mut self.single[index].verbs, verb);
        insert(&mut self.single[index].gatherers, gatherer);
    }

    fn note(&mut self, rest: &Remainder<'_>, gatherer: &str, what: &str) {
        let verb = rest.verb.name().unwrap_or_default();
        let note = format!("{gatherer}: {verb} {}: {what}", rest.resource.identity());
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// The rules of all roles, in order; what a wider rule has is not said again.
    fn rules(&self) -> Vec<Rule> {
        let mut rules: Vec<Rule> = Vec::new();
        for single in &self.single {
            let mut rule = single.clone();
            for wider in self.single.iter().filter(|other| other.is_wider_than(single)) {
                rule.verbs.retain(|verb| !wider.verbs.contains(verb));
            }
            if rule.verbs.is_empty() {
                continue;
            }
            match rules.iter_mut().find(|known| known.differs_in_resources(&rule)) {
                Some(known) => insert(&mut known.resources, &rule.resources[0]),
                None => {
                    let index = rules.partition_point(|known| *known < rule);
                    rules.insert(index, rule);
                }
            }
        }
        rules
    }

    /// The account of that name, in that namespace, its roles and their bindings.
    pub fn to_yaml(&self, name: &str, namespace: &str) -> String {
        self.to_yaml_with(name, namespace, name)
    }

    /// The same, with another name for the roles and bindings. Accounts of the same name in several namespaces would share them.
    pub fn to_yaml_with(&self, name: &str, namespace: &str, role: &str) -> String {
        let rules = self.rules();
        let mut text = String::new();
        if rules.is_empty() {
            text += "# The gatherers read nothing from the cluster, so the account has no role.\n";
        }
        let _ = writeln!(
            text,
            "# Exactly the permissions that these gatherers need: {}.",
            self.gatherers.join(", ")
        );
        for note in &self.notes {
            let _ = writeln!(text, "# {note}");
        }
        text += &head("v1", "ServiceAccount", name, Some(namespace));
        for rules in rules.chunk_by(|a, b| a.namespace == b.namespace) {
            let place = rules[0].namespace.as_deref();
            let kind = if place.is_some() { "Role" } else { "ClusterRole" };
            let _ = write!(text, "---\n{}rules:\n", head(RBAC_VERSION, kind, role, place));
            rules.iter().for_each(|rule| rule.write(&mut text));
            let _ = write!(text, "---\n{}", binding(kind, role, (name, namespace), place));
        }
        text
    }
}

impl Rule {
    fn is_about_the_same(&self, other: &Rule) -> bool {
        self.namespace == other.namespace
            && self.is_of_paths == other.is_of_paths
            && self.group == other.group
            && self.names == other.names
            && self.resources == other.resources
    }

    /// Whether the two can be one rule.
    fn differs_in_resources(&self, other: &Rule) -> bool {
        self.namespace == other.namespace
            && self.is_of_paths == other.is_of_paths
            && self.group == other.group
            && self.names == other.names
            && self.verbs == other.verbs
            && self.gatherers == other.gatherers
    }

    /// Whether whoever may do that may do this, with the same verbs.
    fn is_wider_than(&self, other: &Rule) -> bool {
        !self.is_about_the_same(other)
            && self.is_of_paths == other.is_of_paths
            && self.group == other.group
            && self.resources == other.resources
            && (self.namespace.is_none() || self.namespace == other.namespace)
            && (self.names.is_empty() || self.names == other.names)
    }

    fn write(&self, text: &mut String) {
        let _ = writeln!(text, "  # {}", self.gatherers.join(", "));
        let group = [self.group.clone()];
        let rows = match self.is_of_paths {
            true => [("nonResourceURLs", &self.resources[..]), ("verbs", &self.verbs), ("", &[]), ("", &[])],
            false => [
                ("apiGroups", &group[..]),
                ("resources", &self.resources),
                ("resourceNames", &self.names),
                ("verbs", &self.verbs),
            ],
        };
        let mut mark = "-";
        for (key, items) in rows.into_iter().filter(|(_, items)| !items.is_empty()) {
            let items: Vec<String> = items.iter().map(|item| scalar(item)).collect();
            let _ = writeln!(text, "  {mark} {key}: [{}]", items.join(", "));
            mark = " ";
        }
    }
}

/// Adds a text to those that are sorted, if it is not among them.
fn insert(texts: &mut Vec<String>, text: &str) {
    if let Err(index) = texts.binary_search_by(|known| (**known).cmp(text)) {
        texts.insert(index, text.to_owned());
    }
}

const RBAC_VERSION: &str = "rbac.authorization.k8s.io/v1";

fn head(api_version: &str, kind: &str, name: &str, namespace: Option<&str>) -> String {
    let mut text = format!("apiVersion: {api_version}\nkind: {kind}\nmetadata:\n  name: {}\n", scalar(name));
    if let Some(namespace) = namespace {
        let _ = writeln!(text, "  namespace: {}", scalar(namespace));
    }
    text + "  labels:\n    app.kubernetes.io/name: wagather\n    app.kubernetes.io/managed-by: host-min\n"
}

fn binding(kind: &str, role: &str, account: (&str, &str), place: Option<&str>) -> String {
    let mut text = head(RBAC_VERSION, &format!("{kind}Binding"), role, place);
    let (role, name, namespace) = (scalar(role), scalar(account.0), scalar(account.1));
    let _ = write!(
        text,
        "roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: {kind}\n  name: {role}\n\
         subjects:\n  - kind: ServiceAccount\n    name: {name}\n    namespace: {namespace}\n"
    );
    text
}
