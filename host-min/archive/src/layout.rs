//! Layouts: where objects, logs and lists lie in an archive, for the programs that read such archives.
//!
//! | layout | read by |
//! |---|---|
//! | `wagather` | this host, and every program that reads JSON |
//! | `must-gather` | omc, must-gather-explorer and others that read what `oc adm must-gather` writes |
//! | `insights` | insights-core and others that read what the Insights operator writes |
//!
//! These are pure functions, as in [`names`]. All names come from a server, so each of them becomes a segment of plain bytes, and none of
//! them takes the place of a folder or a file that the layout itself has.

use super::names::{self, RESOURCE_FOLDERS, push_encoded, push_name};

/// A layout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// The host's own.
    #[default]
    Wagather,
    /// That of `oc adm inspect` and `oc adm must-gather`.
    MustGather,
    /// That of the Insights operator.
    Insights,
}

/// What is known of an object that goes into an archive.
#[derive(Clone, Copy, Debug)]
pub struct ObjectName<'a> {
    /// The API group, or empty.
    pub group: &'a str,
    /// The plural name.
    pub plural: &'a str,
    /// The subresource, or empty.
    pub subresource: &'a str,
    /// The namespace, or empty.
    pub namespace: &'a str,
    /// The object's name.
    pub name: &'a str,
}

/// Whose log it is.
#[derive(Clone, Copy, Debug)]
pub struct LogName<'a> {
    /// The namespace.
    pub namespace: &'a str,
    /// The pod.
    pub pod: &'a str,
    /// The container.
    pub container: &'a str,
    /// Whether it is the log of the container before its last restart.
    pub previous: bool,
}

/// A file with a list of the objects below a folder, which the host makes at the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// Its path.
    pub path: String,
    /// The beginning of the paths of its objects.
    pub prefix: String,
    /// `apiVersion` of the objects, if it is known.
    pub api_version: String,
    /// `kind` of the objects, if it is known.
    pub kind: String,
}

/// The file that says when the gathering began and ended.
pub const TIMESTAMP_PATH: &str = "timestamp";
/// The file that says which program gathered, and its version.
pub const VERSION_PATH: &str = "version";
/// The file in which the Insights operator says how its gatherers ended.
pub const GATHERS_PATH: &str = "insights-operator/gathers.json";

/// The singletons of `config.openshift.io`, as the Insights operator calls their files. All are named `cluster`.
const SINGLETONS: &[(&str, &str)] = &[
    ("authentications", "authentication"),
    ("featuregates", "featuregate"),
    ("images", "image"),
    ("infrastructures", "infrastructure"),
    ("ingresses", "ingress"),
    ("networks", "network"),
    ("oauths", "oauth"),
    ("proxies", "proxy"),
    ("schedulers", "scheduler"),
];

impl Layout {
    /// Each layout, the default first.
    pub const ALL: [Layout; 3] = [Layout::Wagather, Layout::MustGather, Layout::Insights];

    /// Its name on the command line and in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Layout::Wagather => "wagather",
            Layout::MustGather => "must-gather",
            Layout::Insights => "insights",
        }
    }

    /// The layout of this name.
    pub fn by_name(name: &str) -> Option<Layout> {
        Layout::ALL.into_iter().find(|layout| layout.name() == name)
    }

    /// Whether its objects are read as YAML too.
    pub const fn is_yaml(self) -> bool {
        !matches!(self, Layout::Wagather)
    }

    /// The names that a gatherer cannot have, because the layout has a file or a folder of that name.
    pub const fn reserved(self) -> &'static [&'static str] {
        match self {
            // An Insights archive has objects in it, and readers of archives know all layouts.
            Layout::Wagather => &[RESOURCE_FOLDERS[0], RESOURCE_FOLDERS[1], "config"],
            Layout::MustGather => {
                &[RESOURCE_FOLDERS[0], RESOURCE_FOLDERS[1], "config", TIMESTAMP_PATH, VERSION_PATH]
            }
            Layout::Insights => &[RESOURCE_FOLDERS[0], RESOURCE_FOLDERS[1], "config", "insights-operator"],
        }
    }

    /// The path of an object.
    pub fn object_path(self, object: &ObjectName<'_>) -> String {
        let ObjectName { group, plural, subresource, namespace, name } = *object;
        let plural =
            if subresource.is_empty() { plural.to_owned() } else { format!("{plural}.{subresource}") };
        let namespace = Some(namespace).filter(|namespace| !namespace.is_empty());
        match self {
            Layout::Wagather => names::resource_path(group, &plural, namespace, name),
            Layout::MustGather => must_gather(group, &plural, namespace, name),
            Layout::Insights => insights(group, &plural, namespace, name),
        }
    }

    /// The path of a container's log. `None` if the layout has no place for logs.
    pub fn log_path(self, log: &LogName<'_>) -> Option<String> {
        let LogName { namespace, pod, container, previous } = *log;
        let which = if previous { "previous" } else { "current" };
        let mut path;
        match self {
            Layout::Wagather => return None,
            Layout::MustGather => {
                path = format!("namespaces/{namespace}/pods/");
                push_encoded(&mut path, pod);
                for _ in 0..2 {
                    path.push('/');
                    push_encoded(&mut path, container);
                }
                path.push_str("/logs/");
                path.push_str(which);
            }
            Layout::Insights => {
                path = format!("config/pod/{namespace}/logs/");
                push_encoded(&mut path, pod);
                path.push('/');
                push_name(&mut path, &format!("{container}_{which}"), ".log");
            }
        }
        path.push_str(".log");
        Some(path)
    }

    /// The list that readers need beside an object's own file, if they need one. The path is the object's.
    ///
    /// - Readers look for events and pods in lists.
    /// - omc passes over a file whose name is not a DNS subdomain, as `system%3Anode.yaml`, but reads any name in a list.
    pub fn list_of(self, path: &str, object: &ObjectName<'_>, api_version: &str, kind: &str) -> Option<List> {
        let ObjectName { group, plural, subresource, namespace, name } = *object;
        if self != Layout::MustGather || !subresource.is_empty() {
            return None;
        }
        let is_core = group.is_empty() && !namespace.is_empty();
        let is_pods = is_core && plural == "pods";
        let is_looked_for = is_pods || is_core && plural == "events";
        if !is_looked_for && (is_subdomain(name) || is_namespace(object)) {
            return None;
        }
        let prefix = first_segments(path, if is_pods || namespace.is_empty() { 3 } else { 4 })?.to_owned();
        let path = match is_pods {
            true => format!("{}core/pods.yaml", first_segments(path, 2)?),
            false => format!("{}.yaml", prefix.trim_end_matches('/')),
        };
        Some(List { path, prefix, api_version: api_version.to_owned(), kind: kind.to_owned() })
    }

    /// The list of a resource that was listed and has no objects, in a namespace or in all of them.
    pub fn empty_list(self, group: &str, plural: &str, namespace: &str) -> Option<List> {
        if self != Layout::MustGather {
            return None;
        }
        let (group, plural) = (group_folder(group), folder(plural));
        let prefix = match namespace {
            "" => format!("cluster-scoped-resources/{group}/{plural}/"),
            namespace => format!("namespaces/{namespace}/{group}/{plural}/"),
        };
        Some(List { path: format!("{}.yaml", prefix.trim_end_matches('/')), prefix, ..List::default() })
    }
}

fn must_gather(group: &str, plural: &str, namespace: Option<&str>, name: &str) -> String {
    const SUFFIX: &str = ".yaml";
    let mut path = match (group, plural, namespace) {
        ("", "pods", Some(namespace)) => {
            let mut path = format!("namespaces/{namespace}/pods/");
            push_encoded(&mut path, name);
            path.push('/');
            path
        }
        ("", "namespaces", None) => {
            let mut path = "namespaces/".to_owned();
            push_encoded(&mut path, name);
            path.push('/');
            path
        }
        (group, plural, Some(namespace)) => {
            format!("namespaces/{namespace}/{}/{}/", group_folder(group), folder(plural))
        }
        (group, plural, None) => {
            format!("cluster-scoped-resources/{}/{}/", group_folder(group), folder(plural))
        }
    };
    push_name(&mut path, name, SUFFIX);
    path + SUFFIX
}

fn insights(group: &str, plural: &str, namespace: Option<&str>, name: &str) -> String {
    const SUFFIX: &str = ".json";
    let singleton = SINGLETONS.iter().find(|(known, _)| *known == plural);
    let (folder, name) = match (group, plural, namespace, name) {
        ("config.openshift.io", "clusterversions", None, "version") => (String::new(), name),
        ("config.openshift.io", _, None, "cluster") if singleton.is_some() => {
            (String::new(), singleton.map_or(name, |(_, singular)| *singular))
        }
        ("config.openshift.io", "clusteroperators", None, _) => ("clusteroperator/".to_owned(), name),
        ("apiextensions.k8s.io", "customresourcedefinitions", None, _) => ("crd/".to_owned(), name),
        ("", "nodes", None, _) => ("node/".to_owned(), name),
        ("", "pods", Some(namespace), _) => (format!("pod/{namespace}/"), name),
        (group, plural, namespace, _) => {
            // The operator calls its folders as it likes. A name with the group is taken by nothing else.
            let group = group_folder(group);
            let namespace = namespace.map_or_else(String::new, |namespace| format!("{namespace}/"));
            (format!("{plural}.{group}/{namespace}"), name)
        }
    };
    let mut path = format!("config/{folder}");
    push_name(&mut path, name, SUFFIX);
    path + SUFFIX
}

/// A group as a folder. A group that is called as a folder of the layout gets another one.
fn group_folder(group: &str) -> String {
    match group {
        "" => names::CORE_GROUP.to_owned(),
        names::CORE_GROUP | "pods" => format!("{group}%"),
        group => folder(group),
    }
}

/// A resource as a folder. None is called as a file of the layout.
fn folder(name: &str) -> String {
    match name.strip_suffix(".yaml") {
        Some(stem) => format!("{stem}%2Eyaml"),
        None => name.to_owned(),
    }
}

fn is_namespace(object: &ObjectName<'_>) -> bool {
    object.group.is_empty() && object.plural == "namespaces" && object.namespace.is_empty()
}

/// A path up to and including its slash of this number.
fn first_segments(path: &str, segments: usize) -> Option<&str> {
    path.match_indices('/').nth(segments - 1).map(|(at, _)| &path[..=at])
}

/// Whether a name is a DNS subdomain (RFC 1123), as most names of objects are.
fn is_subdomain(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    name.len() <= 253 - ".yaml".len()
        && name.split('.').all(|label| {
            label.bytes().all(|byte| is_plain(byte) || byte == b'-')
                && label.bytes().next().is_some_and(is_plain)
                && label.bytes().last().is_some_and(is_plain)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::is_segment;

    const NOTHING: ObjectName<'_> =
        ObjectName { group: "", plural: "", subresource: "", namespace: "", name: "" };

    #[test]
    fn objects_lie_where_readers_look() {
        let [crds, config] = ["apiextensions.k8s.io", "config.openshift.io"];
        for (group, plural, namespace, name, must_gather, insights) in [
            ("", "nodes", "", "n1", "cluster-scoped-resources/core/nodes/n1.yaml", "config/node/n1.json"),
            ("", "pods", "a", "p", "namespaces/a/pods/p/p.yaml", "config/pod/a/p.json"),
            ("", "namespaces", "", "a", "namespaces/a/a.yaml", "config/namespaces.core/a.json"),
            ("", "events", "a", "e.1", "namespaces/a/core/events/e.1.yaml", "config/events.core/a/e.1.json"),
            (
                "apps",
                "deployments",
                "a",
                "d",
                "namespaces/a/apps/deployments/d.yaml",
                "config/deployments.apps/a/d.json",
            ),
            (
                "metrics.k8s.io",
                "pods",
                "a",
                "p",
                "namespaces/a/metrics.k8s.io/pods/p.yaml",
                "config/pods.metrics.k8s.io/a/p.json",
            ),
            (
                crds,
                "customresourcedefinitions",
                "",
                "c",
                "cluster-scoped-resources/apiextensions.k8s.io/customresourcedefinitions/c.yaml",
                "config/crd/c.json",
            ),
            (
                config,
                "clusterversions",
                "",
                "version",
                "cluster-scoped-resources/config.openshift.io/clusterversions/version.yaml",
                "config/version.json",
            ),
            (
                config,
                "ingresses",
                "",
                "cluster",
                "cluster-scoped-resources/config.openshift.io/ingresses/cluster.yaml",
                "config/ingress.json",
            ),
        ] {
            let object = ObjectName { group, plural, namespace, name, ..NOTHING };
            assert_eq!(Layout::MustGather.object_path(&object), must_gather);
            assert_eq!(Layout::Insights.object_path(&object), insights);
        }
        let log = LogName { namespace: "a", pod: "p", container: "c", previous: true };
        assert_eq!(Layout::Wagather.log_path(&log), None);
        let path = Layout::MustGather.log_path(&log);
        assert_eq!(path.as_deref(), Some("namespaces/a/pods/p/c/c/logs/previous.log"));
        let path = Layout::Insights.log_path(&LogName { previous: false, ..log });
        assert_eq!(path.as_deref(), Some("config/pod/a/logs/p/c_current.log"));
    }

    #[test]
    fn readers_get_lists_of_what_they_look_for_in_lists() {
        let list = |object: ObjectName<'_>| {
            let path = Layout::MustGather.object_path(&object);
            let list = Layout::MustGather.list_of(&path, &object, "v1", "K")?;
            assert!(path.starts_with(&list.prefix), "{path} is not below {}", list.prefix);
            Some(list.path)
        };
        let pods = ObjectName { plural: "pods", namespace: "a", name: "p", ..NOTHING };
        let events = ObjectName { plural: "events", ..pods };
        let roles = ObjectName { group: "rbac.x", plural: "roles", ..pods };
        for (object, path) in [
            (pods, Some("namespaces/a/core/pods.yaml")),
            (events, Some("namespaces/a/core/events.yaml")),
            (ObjectName { subresource: "status", ..pods }, None),
            (ObjectName { group: "events.k8s.io", ..events }, None),
            (roles, None),
            (ObjectName { name: "system:x", ..roles }, Some("namespaces/a/rbac.x/roles.yaml")),
            (
                ObjectName { name: "system:x", namespace: "", ..roles },
                Some("cluster-scoped-resources/rbac.x/roles.yaml"),
            ),
            (ObjectName { name: "v1.", ..roles }, Some("namespaces/a/rbac.x/roles.yaml")),
            (ObjectName { plural: "namespaces", name: "A", ..NOTHING }, None),
        ] {
            assert_eq!(list(object).as_deref(), path, "{object:?}");
            assert_eq!(Layout::Insights.list_of("", &object, "v1", "K"), None);
        }
        // A list without objects has the path of one with objects.
        let empty = Layout::MustGather.empty_list("", "pods", "a").expect("a list");
        assert_eq!(empty.path, "namespaces/a/core/pods.yaml");
        let empty = Layout::MustGather.empty_list("apps", "things", "").expect("a list");
        assert_eq!(empty.path, "cluster-scoped-resources/apps/things.yaml");
        assert_eq!(Layout::Insights.empty_list("apps", "things", ""), None);
    }

    #[test]
    fn no_name_takes_another_place_than_its_own() {
        let long = "x".repeat(253);
        let odd = "a|b:".repeat(60);
        let names =
            ["..", "...", ".yaml", "core", "pods", "logs", "system:a", "-rf", "shop.yaml", &long, &odd];
        let groups = ["", "core", "pods", "shop.yaml", "config", "b.c"];
        let mut all = std::collections::BTreeMap::new();
        for layout in [Layout::MustGather, Layout::Insights] {
            all.clear();
            let mut add = |path: String, what: String| {
                assert!(path.split('/').all(is_segment), "{path}");
                let first = path.split('/').next().unwrap_or_default();
                assert!(layout.reserved().contains(&first), "{path}");
                if let Some(other) = all.insert(path.clone(), what.clone()) {
                    panic!("{what} and {other} are both {path}");
                }
            };
            for name in names {
                for group in groups {
                    for plural in ["pods", "nodes", "namespaces", "logs", "core", "pods.yaml", "events"] {
                        for namespace in ["", "shop", "logs", "core"] {
                            let object = ObjectName { group, plural, namespace, name, ..NOTHING };
                            add(layout.object_path(&object), format!("{object:?}"));
                        }
                    }
                }
                for (container, previous) in [("main", false), ("main", true), ("logs", true)] {
                    for namespace in ["shop", "logs"] {
                        let log = LogName { namespace, pod: name, container, previous };
                        add(layout.log_path(&log).expect("a path"), format!("{log:?}"));
                    }
                }
            }
            // A file is no folder.
            for (path, what) in &all {
                for (at, _) in path.match_indices('/') {
                    assert!(!all.contains_key(&path[..at]), "{what} is below {}", &path[..at]);
                }
            }
        }
    }

    #[test]
    fn layouts_have_names() {
        for layout in Layout::ALL {
            assert_eq!(Layout::by_name(layout.name()), Some(layout));
        }
        assert_eq!(Layout::by_name("x"), None);
        assert_eq!(Layout::ALL[0], Layout::default());
    }
}
