//! `host-min rbac`: an account that can do what gatherers need, and no more, as objects for `kubectl apply`.
//!
//! The same gatherers and the same grant give the same bytes. What RBAC cannot say (patterns, names in a list) is told in a
//! comment, and the role is wider there: the host narrows it.

use super::args::Rbac;
use super::print;
use super::rights::under;
use host_min::broker::policy::{Extent, Granted, Remainder};
use host_min::error::{Class, Failure, Result};
use host_min::grant::{Glob, Grant};
use host_min::limits::MAX_MEMORY_BYTES;
use host_min::manifest::Manifest;
use host_min::plan::{read_module, read_signature};
use host_min::sandbox::module::check;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use wagather_abi::Verb;

pub(super) fn rbac(args: &Rbac) -> Result<()> {
    let grant = args.grant.as_deref().map(Grant::read).transpose()?.map(Arc::new);
    let mut needs = Needs::default();
    for guest in &args.guests {
        needs.add(read(guest, grant.as_deref())?, grant.as_ref());
    }
    print(needs.to_yaml(&args.name, &args.namespace).as_bytes())
}

fn read(guest: &Path, grant: Option<&Grant>) -> Result<Manifest> {
    let module = read_module(guest)?;
    let unusable =
        |reason| Failure::new(Class::Module, format!("{} cannot be used", guest.display()), reason);
    check(&module, MAX_MEMORY_BYTES).map_err(unusable)?;
    if let Some(grant) = grant {
        grant.admits_module(&guest.display().to_string(), &module, read_signature(guest)?.as_deref())?;
    }
    Manifest::of_module(&module).map_err(unusable)
}

/// What all gatherers need.
#[derive(Default)]
struct Needs {
    gatherers: Vec<String>,
    resources: BTreeMap<Need, (BTreeSet<&'static str>, BTreeSet<String>)>,
    paths: BTreeMap<String, BTreeSet<String>>,
    notes: Vec<String>,
}

/// Objects that are needed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Need {
    /// The namespace, or `None` for the whole cluster.
    namespace: Option<String>,
    group: String,
    /// With the subresource.
    resource: String,
    /// The objects' names; empty for all.
    names: Vec<String>,
}

/// What one rule of a role has besides its resources.
type RuleKey = (String, Vec<String>, BTreeSet<&'static str>, BTreeSet<String>);

impl Needs {
    fn add(&mut self, manifest: Manifest, grant: Option<&Arc<Grant>>) {
        let gatherer = manifest.name.clone();
        self.gatherers.push(format!("{gatherer} {}", manifest.version));
        let rights = under(manifest, grant);
        let effective = rights.effective();
        for rest in &effective.resources {
            match &rest.granted {
                Granted::All => {
                    self.need(rest, rest.resource.namespace.clone(), Vec::new(), &gatherer);
                }
                Granted::Part(extents) => {
                    extents.iter().for_each(|extent| self.part(rest, extent, &gatherer));
                }
                Granted::Nothing(why) => self.note(rest, &gatherer, &format!("left out, {why}")),
            }
        }
        for rest in effective.paths {
            match rest.granted {
                Ok(()) => _ = self.paths.entry(rest.path.into()).or_default().insert(gatherer.clone()),
                Err(why) => self.notes.push(format!("{gatherer}: get {}: left out, {why}", rest.path)),
            }
        }
    }

    /// What a rule of the grant leaves, as near as RBAC can say it.
    fn part(&mut self, rest: &Remainder<'_>, extent: &Extent, gatherer: &str) {
        let is_list = rest.verb == Verb::LIST;
        let names = match (&extent.names, extent.names.as_deref().map(exact)) {
            (Some(_), Some(Some(names))) if !is_list => names,
            (Some(globs), _) => {
                let why = if is_list { "RBAC cannot say for a list" } else { "RBAC cannot say" };
                self.note(
                    rest,
                    gatherer,
                    &format!("wider than the grant: {why} that names are {}", joined(globs)),
                );
                Vec::new()
            }
            (None, _) => Vec::new(),
        };
        let namespaces = match (&rest.resource.namespace, &extent.namespaces) {
            (Some(namespace), _) => vec![Some(namespace.clone())],
            (None, None) => vec![None],
            (None, Some(globs)) => match exact(globs) {
                Some(_) if is_list && rest.resource.plural == "namespaces" => {
                    self.note(rest, gatherer, "wider than the grant: Namespaces are listed all or none");
                    vec![None]
                }
                Some(namespaces) => {
                    if is_list {
                        self.note(
                            rest,
                            gatherer,
                            &format!("only with a request for each of the namespaces {}", joined(globs)),
                        );
                    }
                    namespaces.into_iter().map(Some).collect()
                }
                None => {
                    self.note(
                        rest,
                        gatherer,
                        &format!(
                            "wider than the grant: RBAC cannot say that namespaces are {}",
                            joined(globs)
                        ),
                    );
                    vec![None]
                }
            },
        };
        for namespace in namespaces {
            self.need(rest, namespace, names.clone(), gatherer);
        }
    }

    fn need(&mut self, rest: &Remainder<'_>, namespace: Option<String>, names: Vec<String>, gatherer: &str) {
        let resource = match &*rest.resource.subresource {
            "" => rest.resource.plural.clone(),
            subresource => format!("{}/{subresource}", rest.resource.plural),
        };
        let need = Need { namespace, group: rest.resource.group.clone(), resource, names };
        let (verbs, gatherers) = self.resources.entry(need).or_default();
        verbs.extend(rest.verb.name());
        gatherers.insert(gatherer.to_owned());
    }

    fn note(&mut self, rest: &Remainder<'_>, gatherer: &str, what: &str) {
        let verb = rest.verb.name().unwrap_or_default();
        let note = format!("{gatherer}: {verb} {}: {what}", rest.resource.identity());
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// The rules of each role, by its namespace; what a wider rule has is not said again.
    fn roles(&self) -> BTreeMap<Option<String>, BTreeMap<RuleKey, BTreeSet<String>>> {
        let mut roles: BTreeMap<_, BTreeMap<RuleKey, BTreeSet<String>>> = BTreeMap::new();
        for (need, (verbs, gatherers)) in &self.resources {
            let wider = self.resources.iter().filter(|(other, _)| other.is_wider_than(need));
            let covered: BTreeSet<&str> = wider.flat_map(|(_, (verbs, _))| verbs.iter().copied()).collect();
            let verbs: BTreeSet<&str> =
                verbs.iter().copied().filter(|verb| !covered.contains(verb)).collect();
            if !verbs.is_empty() {
                let key = (need.group.clone(), need.names.clone(), verbs, gatherers.clone());
                let rules = roles.entry(need.namespace.clone()).or_default();
                rules.entry(key).or_default().insert(need.resource.clone());
            }
        }
        if !self.paths.is_empty() {
            roles.entry(None).or_default();
        }
        roles
    }

    fn to_yaml(&self, name: &str, namespace: &str) -> String {
        let mut text = format!("# What these gatherers need, and no more: {}.\n", self.gatherers.join(", "));
        for note in &self.notes {
            let _ = writeln!(text, "# {note}");
        }
        text += &head("v1", "ServiceAccount", name, Some(namespace));
        let roles = self.roles();
        if roles.is_empty() {
            text.insert_str(0, "# Nothing is asked of the cluster, so the account has no role.\n");
        }
        for (place, rules) in &roles {
            let kind = if place.is_some() { "Role" } else { "ClusterRole" };
            let _ = write!(text, "---\n{}rules:\n", head(RBAC_VERSION, kind, name, place.as_deref()));
            for ((group, names, verbs, gatherers), resources) in rules {
                let _ = writeln!(text, "  # {}", list(gatherers, str::to_owned));
                let _ = writeln!(text, "  - apiGroups: [{}]", scalar(group));
                let _ = writeln!(text, "    resources: [{}]", list(resources, scalar));
                if !names.is_empty() {
                    let _ = writeln!(text, "    resourceNames: [{}]", list(names, scalar));
                }
                let _ = writeln!(text, "    verbs: [{}]", list(verbs, scalar));
            }
            if place.is_none() {
                text += &self.path_rules();
            }
            let _ = write!(text, "---\n{}", binding(kind, name, namespace, place.as_deref()));
        }
        text
    }

    fn path_rules(&self) -> String {
        let mut rules: BTreeMap<&BTreeSet<String>, BTreeSet<&String>> = BTreeMap::new();
        for (path, gatherers) in &self.paths {
            rules.entry(gatherers).or_default().insert(path);
        }
        rules.into_iter().fold(String::new(), |mut text, (gatherers, paths)| {
            let _ = writeln!(text, "  # {}", list(gatherers, str::to_owned));
            let _ = writeln!(text, "  - nonResourceURLs: [{}]\n    verbs: [get]", list(paths, scalar));
            text
        })
    }
}

impl Need {
    /// Whether whoever may do that may do this, with the same verbs.
    fn is_wider_than(&self, other: &Need) -> bool {
        self != other
            && self.group == other.group
            && self.resource == other.resource
            && (self.namespace.is_none() || self.namespace == other.namespace)
            && (self.names.is_empty() || self.names == other.names)
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

fn binding(role: &str, name: &str, account_namespace: &str, place: Option<&str>) -> String {
    let mut text = head(RBAC_VERSION, &format!("{role}Binding"), name, place);
    let (name, namespace) = (scalar(name), scalar(account_namespace));
    let _ = write!(
        text,
        "roleRef:\n  apiGroup: rbac.authorization.k8s.io\n  kind: {role}\n  name: {name}\n\
         subjects:\n  - kind: ServiceAccount\n    name: {name}\n    namespace: {namespace}\n"
    );
    text
}

/// The names, if each pattern is one.
fn exact(globs: &[Glob]) -> Option<Vec<String>> {
    let mut names: Vec<String> =
        globs.iter().map(|glob| glob.exact().map(str::to_owned)).collect::<Option<_>>()?;
    names.sort();
    names.dedup();
    Some(names)
}

fn joined(globs: &[Glob]) -> String {
    globs.iter().map(Glob::to_string).collect::<Vec<_>>().join(", ")
}

fn list<T: AsRef<str>>(items: impl IntoIterator<Item = T>, how: impl Fn(&str) -> String) -> String {
    items.into_iter().map(|item| how(item.as_ref())).collect::<Vec<_>>().join(", ")
}

/// A text as YAML has it, in quotes if a reader of whatever version could take it for something else.
fn scalar(text: &str) -> String {
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-./".contains(&byte))
            && !matches!(word, "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null")
    };
    if is_word(text.strip_prefix('/').unwrap_or(text)) {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use host_min::yaml::{Node, parse};
    use serde_json::{Value, json};

    fn needs(manifests: &[&str], grant: Option<&str>) -> Needs {
        let grant = grant.map(|body| {
            let text = format!("apiVersion: wagather/v1\nkind: Grant\n{body}");
            Arc::new(Grant::parse(&text).unwrap_or_else(|mistakes| panic!("{body}: {mistakes:?}")))
        });
        let mut needs = Needs::default();
        for (index, records) in manifests.iter().enumerate() {
            let text = format!("gatherer 1 g{index} 1\n{records}");
            needs.add(Manifest::parse(text.as_bytes()).expect("a manifest"), grant.as_ref());
        }
        needs
    }

    /// Kind, namespace and rules of each role.
    fn roles(needs: &Needs) -> Vec<(String, Value, Value)> {
        let text = needs.to_yaml("wagather", "support");
        let objects =
            text.split("---\n").map(|document| parse(document).as_ref().map(Node::to_json).expect("YAML"));
        let objects: Vec<Value> = objects.collect();
        assert_eq!(objects[0]["kind"], "ServiceAccount");
        let mut roles = Vec::new();
        for pair in objects[1..].chunks(2) {
            let kind = pair[0]["kind"].as_str().expect("a kind");
            assert_eq!(pair[1]["kind"], format!("{kind}Binding"));
            assert_eq!(pair[1]["metadata"], pair[0]["metadata"]);
            assert_eq!(
                pair[1]["roleRef"],
                json!({"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": "wagather"})
            );
            assert_eq!(
                pair[1]["subjects"],
                json!([{"kind": "ServiceAccount", "name": "wagather", "namespace": "support"}])
            );
            roles.push((kind.to_owned(), pair[0]["metadata"]["namespace"].clone(), pair[0]["rules"].clone()));
        }
        roles
    }

    #[test]
    fn rules_are_merged() {
        let needs = needs(
            &[
                "resource list /v1/pods * *\nresource get /v1/pods/log * *\nresource list /v1/nodes * *\npath /version\n",
                "resource get,list /v1/pods * metadata\nresource list apps/v1/deployments shop *\nresource list /v1/pods shop *\n",
            ],
            None,
        );
        assert_eq!(
            roles(&needs),
            [
                (
                    "ClusterRole".into(),
                    Value::Null,
                    json!([
                        {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
                        {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]},
                        {"apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]},
                        {"nonResourceURLs": ["/version"], "verbs": ["get"]},
                    ])
                ),
                (
                    "Role".into(),
                    json!("shop"),
                    json!([{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["list"]}])
                ),
            ]
        );
        assert!(
            needs.to_yaml("a", "b").contains("  # g0, g1\n  - apiGroups: [\"\"]\n    resources: [pods]\n")
        );
        assert!(needs.notes.is_empty(), "{:?}", needs.notes);
    }

    #[test]
    fn a_grant_narrows_as_far_as_rbac_can_say() {
        let needs = needs(
            &[
                "resource get,list /v1/pods * *\nresource get /v1/secrets * *\nresource list /v1/events * *\npath /metrics\n",
            ],
            Some(
                "rules:\n- {verbs: [get, list], groups: [''], resources: [pods], namespaces: [shop, default], names: [web]}\n\
                 - {verbs: [list], groups: [''], resources: [events], namespaces: ['shop-*']}\n",
            ),
        );
        let one = |verb: &str| json!({"apiGroups": [""], "resources": ["pods"], "verbs": [verb]});
        let mut named = one("get");
        named["resourceNames"] = json!(["web"]);
        let of_pods = json!([one("list"), named]);
        let events = json!([{"apiGroups": [""], "resources": ["events"], "verbs": ["list"]}]);
        assert_eq!(
            roles(&needs),
            [
                ("ClusterRole".into(), Value::Null, events),
                ("Role".into(), json!("default"), of_pods.clone()),
                ("Role".into(), json!("shop"), of_pods),
            ]
        );
        assert_eq!(
            needs.notes,
            [
                "g0: list v1/pods: wider than the grant: RBAC cannot say for a list that names are web",
                "g0: list v1/pods: only with a request for each of the namespaces shop, default",
                "g0: get v1/secrets: left out, Secrets are not granted; only a grant that names them does",
                "g0: list v1/events: wider than the grant: RBAC cannot say that namespaces are shop-*",
                "g0: get /metrics: left out, the path /metrics is not granted; none is",
            ]
        );
    }

    #[test]
    fn nothing_needs_no_role() {
        let needs = needs(&[""], None);
        assert!(roles(&needs).is_empty());
        assert!(needs.to_yaml("a", "b").starts_with("# Nothing is asked of the cluster"));
    }

    #[test]
    fn texts_stay_texts() {
        for plain in ["pods", "pods/log", "config.openshift.io", "/version", "a-1"] {
            assert_eq!(scalar(plain), plain);
        }
        for (text, quoted) in [
            ("", "\"\""),
            ("null", "\"null\""),
            ("no", "\"no\""),
            ("1", "\"1\""),
            ("1e3", "\"1e3\""),
            ("a: b\"", "\"a: b\\\"\""),
        ] {
            assert_eq!(scalar(text), quoted);
        }
    }
}
