//! What the path of a file says about its content, in each of the layouts.
//!
//! | layout | objects | logs of a container |
//! |---|---|---|
//! | must-gather, ours | `namespaces/NS/GROUP/PLURAL/NAME`, `namespaces/NS/GROUP/PLURAL` (a list), `namespaces/NS/pods/POD/POD`, `namespaces/NS/NS`, `cluster-scoped-resources/GROUP/PLURAL/NAME` | `namespaces/NS/pods/POD/C/C/logs/current` |
//! | Insights | `config/KIND/NAME`, `config/KIND/NS/NAME` | `config/pod/NS/logs/POD/C_current` |
//! | crust-gather | `namespaces/NS/GROUP-VERSION/KIND/NAME`, `cluster/GROUP-VERSION/KIND/NAME` | `namespaces/NS/v1/pod/POD/C/current` |
//! | support bundle | `cluster-resources/PLURAL`, `cluster-resources/PLURAL/NS` (lists), `cluster-resources/custom-resources/PLURAL.GROUP` | `cluster-resources/pods/logs/NS/POD/C` |
//!
//! The content of a file decides before its path does: an object that says what it is, is that.

use crate::told;

/// What a file may be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Objects, or lists of them.
    Objects(Hint),
    /// A container's log.
    Log(LogKey),
    /// What the server says of its version.
    Version,
    /// Which resources there are.
    Discovery,
    /// When the gathering began.
    Timestamp,
    /// The report of this host, or its audit.
    Told(told::File),
    /// Nothing that a request can ask for.
    Other,
}

/// What a path says of the objects in a file. The content may say otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hint {
    /// The API group; empty for the core group.
    pub(crate) group: Option<String>,
    /// The resource.
    pub(crate) plural: Option<String>,
    /// The kind in lower case.
    pub(crate) singular: Option<String>,
    /// The namespace.
    pub(crate) namespace: Option<String>,
    /// Whether the file is below the folders in which objects are.
    pub(crate) is_below: bool,
}

/// Whose log.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LogKey {
    pub(crate) namespace: String,
    pub(crate) pod: String,
    pub(crate) container: String,
    pub(crate) previous: bool,
}

/// Where this host archives what it read from the server. Gatherers cannot have folders of these names.
pub(crate) const OUR_ROOTS: [&str; 3] = ["cluster-scoped-resources", "namespaces", "config"];

/// What a path says in an archive that this host wrote. Only the host's own files and folders count: below the folder of a gatherer, a
/// file is what the gatherer made of it, whatever it is called.
pub(crate) fn place_in_ours(path: &str) -> Place {
    match path.split_once('/') {
        Some((root, _)) if !OUR_ROOTS.contains(&root) => Place::Other,
        _ => place(path),
    }
}

/// What a path says.
pub(crate) fn place(path: &str) -> Place {
    let segments: Vec<&str> =
        path.split('/').filter(|segment| !segment.is_empty() && *segment != ".").collect();
    let Some(file) = segments.last() else { return Place::Other };
    let roots =
        ["cluster-scoped-resources", "namespaces", "cluster-resources", "cluster", "config", "events"];
    let folders = &segments[..segments.len() - 1];
    // The archive may be in a folder of such a name, so the first one that can be it is.
    for (at, root) in folders.iter().enumerate().filter(|(_, segment)| roots.contains(segment)) {
        let rest = &segments[at + 1..];
        // An object may have the name of a file below. Only a support bundle has such files among its lists.
        let is_of_bundle = *root == "cluster-resources" && rest.len() == 1;
        if let Some(place) = below(root, rest).filter(|_| !(is_of_bundle && special(file).is_some())) {
            return place;
        }
    }
    special(file).unwrap_or(Place::Other)
}

/// What the name of a file says that is not among objects.
fn special(file: &str) -> Option<Place> {
    Some(match file {
        "timestamp" => Place::Timestamp,
        "wagather.json" => Place::Told(told::File::Report),
        "audit.jsonl" => Place::Told(told::File::Audit),
        "version.yaml" | "cluster_version.json" => Place::Version,
        "api.json"
        | "apis.json"
        | "resources.json"
        | "groups.json"
        | "aggregated-discovery-api.yaml"
        | "aggregated-discovery-apis.yaml" => Place::Discovery,
        _ => return None,
    })
}

/// Whether a file has neither objects nor a container's log. The report of this host is such a file.
pub(crate) fn is_other(place: &Place) -> bool {
    !matches!(place, Place::Objects(_) | Place::Log(_) | Place::Discovery)
}

fn below(root: &str, rest: &[&str]) -> Option<Place> {
    let (file, folders) = rest.split_last()?;
    let stem = file.rsplit_once('.').map_or(*file, |(stem, _)| stem);
    if file.ends_with(".log") {
        return log(root, folders, stem).map(Place::Log);
    }
    let mut hint = Hint::default();
    match (root, folders) {
        ("cluster-scoped-resources", [group]) => hint.resource(group, stem),
        ("cluster-scoped-resources", [group, plural, ..]) => hint.resource(group, plural),
        ("namespaces", [namespace, rest @ ..]) => {
            hint.namespace = Some(decoded(namespace));
            match rest {
                [] => {
                    hint.namespace = None;
                    hint.resource("core", "namespaces");
                }
                ["pods", _, ..] => hint.resource("core", "pods"),
                [group] => hint.resource(group, stem),
                [group_version, kind] if is_version(group_version) => hint.kind(group_version, kind),
                [group, plural, ..] => hint.resource(group, plural),
            }
        }
        ("cluster", [group_version, kind]) => hint.kind(group_version, kind),
        ("cluster-resources", []) => hint.resource("", stem),
        ("cluster-resources", ["custom-resources"]) => hint.qualified(stem),
        ("cluster-resources", ["custom-resources", qualified]) => {
            hint.qualified(qualified);
            hint.namespace = Some(stem.to_owned());
        }
        ("cluster-resources", [plural]) => {
            // The group is known from the content alone.
            hint.plural = Some((*plural).to_owned());
            hint.namespace = Some(stem.to_owned());
        }
        ("config", [kind]) => hint.insights(kind),
        ("config", ["pod", namespace]) => {
            hint.insights("pod");
            hint.namespace = Some(decoded(namespace));
        }
        ("config", ["crd", ..]) => hint.resource("apiextensions.k8s.io", "customresourcedefinitions"),
        ("config", [kind, ..]) => hint.insights(kind),
        ("config", []) => match stem {
            "version" => hint.resource("config.openshift.io", "clusterversions"),
            singular => hint.singular = Some(singular.to_owned()),
        },
        _ => return None,
    }
    hint.is_below = match root {
        "namespaces" => folders.len() > 3,
        "cluster-scoped-resources" => folders.len() > 2,
        _ => false,
    };
    Some(Place::Objects(hint))
}

fn log(root: &str, folders: &[&str], stem: &str) -> Option<LogKey> {
    let key = |namespace: &str, pod: &str, container: &str, previous| LogKey {
        namespace: decoded(namespace),
        pod: decoded(pod),
        container: decoded(container),
        previous,
    };
    let which = |stem: &str| match stem {
        "current" => Some(false),
        "previous" => Some(true),
        _ => None,
    };
    Some(match (root, folders) {
        ("namespaces", [namespace, "pods", pod, container, _, "logs"])
        | ("namespaces", [namespace, "v1", "pod", pod, container]) => {
            key(namespace, pod, container, which(stem)?)
        }
        ("config", ["pod", namespace, "logs", pod]) => {
            let (container, when) = stem.rsplit_once('_')?;
            key(namespace, pod, container, which(when)?)
        }
        ("cluster-resources", ["pods", "logs", namespace, pod]) => match stem.strip_suffix("-previous") {
            Some(container) => key(namespace, pod, container, true),
            None => key(namespace, pod, stem, false),
        },
        _ => return None,
    })
}

impl Hint {
    fn resource(&mut self, group: &str, plural: &str) {
        self.group = Some(if group == "core" { String::new() } else { group.to_owned() });
        self.plural = Some(plural.to_owned());
    }

    /// `apps-v1` and `deployment`.
    fn kind(&mut self, group_version: &str, kind: &str) {
        let group = group_version.rsplit_once('-').map_or("", |(group, _)| group);
        self.group = Some(group.to_owned());
        self.singular = Some(kind.to_owned());
    }

    /// `clusteroperators.config.openshift.io`.
    fn qualified(&mut self, text: &str) {
        let (plural, group) = text.split_once('.').unwrap_or((text, ""));
        self.resource(group, plural);
    }

    /// A folder of the Insights operator. The objects that do not say what they are, are in these.
    fn insights(&mut self, kind: &str) {
        match kind {
            "node" | "pod" => self.resource("", &format!("{kind}s")),
            _ => self.singular = Some(kind.to_owned()),
        }
    }
}

/// Whether a folder is a group and a version, as crust-gather names them: `v1`, `apps-v1`, `example.com-v1beta1`.
fn is_version(folder: &str) -> bool {
    let version = folder.rsplit_once('-').map_or(folder, |(_, version)| version);
    let digits = version.strip_prefix('v').unwrap_or_default();
    digits.starts_with(|first: char| first.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
}

fn decoded(segment: &str) -> String {
    wagather_base::percent::decode_lossy(segment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gatherers_wrote_is_no_object_of_the_cluster() {
        for path in [
            "attacker/namespaces/shop/core/pods.json",
            "attacker/cluster-scoped-resources/core/nodes/a.json",
            "cluster/v1/node/a.json",
            "attacker/timestamp",
            "attacker/version.yaml",
            "attacker/api.json",
            "attacker/wagather.json",
            "attacker/audit.jsonl",
        ] {
            assert_eq!(place_in_ours(path), Place::Other, "{path}");
            assert_ne!(place(path), Place::Other, "elsewhere, folders may be at any depth: {path}");
        }
        for path in [
            "namespaces/shop/core/pods/a.json",
            "cluster-scoped-resources/core/nodes/a.json",
            "config/node/a.json",
            "timestamp",
            "wagather.json",
            "audit.jsonl",
        ] {
            assert_eq!(place_in_ours(path), place(path), "{path}");
        }
    }

    #[test]
    fn an_object_may_be_called_as_a_file_of_another_place() {
        for path in [
            "namespaces/shop/core/pods/wagather.json",
            "namespaces/shop/core/services/api.json",
            "namespaces/shop/pods/version/version.yaml",
            "cluster-scoped-resources/example.com/things/groups.json",
            "mg/namespaces/shop/core/configmaps/timestamp",
            "cluster/v1/node/version.yaml",
            "config/pod/shop/wagather.json",
            "config/configmaps.core/shop/audit.jsonl",
        ] {
            assert!(matches!(place(path), Place::Objects(_)), "{path}: {:?}", place(path));
            assert!(matches!(place_in_ours(path), Place::Objects(_) | Place::Other), "{path}");
        }
        assert_eq!(place("b/cluster-resources/resources.json"), Place::Discovery);
    }

    fn objects(path: &str) -> (String, String, String, String) {
        match place(path) {
            Place::Objects(hint) => {
                let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".into());
                (or_none(hint.group), or_none(hint.plural), or_none(hint.singular), or_none(hint.namespace))
            }
            other => panic!("{path}: {other:?}"),
        }
    }

    #[test]
    fn every_layout_has_its_places() {
        for (path, group, plural, singular, namespace) in [
            ("g/cluster-scoped-resources/core/nodes/a.yaml", "", "nodes", "-", "-"),
            ("cluster-scoped-resources/core/nodes.yaml", "", "nodes", "-", "-"),
            ("a/b/namespaces/shop/apps/deployments.yaml", "apps", "deployments", "-", "shop"),
            ("namespaces/shop/apps/deployments/web.json", "apps", "deployments", "-", "shop"),
            ("namespaces/shop/pods/web-1/web-1.yaml", "", "pods", "-", "shop"),
            ("cluster/events/mg/namespaces/shop/pods/web-1/web-1.yaml", "", "pods", "-", "shop"),
            ("namespaces/shop/shop.yaml", "", "namespaces", "-", "-"),
            ("namespaces/shop/apps-v1/deployment/web.yaml", "apps", "-", "deployment", "shop"),
            ("namespaces/shop/v1/pod/web.yaml", "", "-", "pod", "shop"),
            (
                "cluster/config.openshift.io-v1/clusteroperator/a.yaml",
                "config.openshift.io",
                "-",
                "clusteroperator",
                "-",
            ),
            ("x/cluster-resources/nodes.json", "", "nodes", "-", "-"),
            ("x/cluster-resources/pods/shop.json", "-", "pods", "-", "shop"),
            ("cluster-resources/custom-resources/crs.example.com.json", "example.com", "crs", "-", "-"),
            (
                "cluster-resources/custom-resources/crs.example.com/shop.json",
                "example.com",
                "crs",
                "-",
                "shop",
            ),
            ("config/node/a.json", "", "nodes", "-", "-"),
            ("config/pod/shop/web.json", "", "pods", "-", "shop"),
            ("config/clusteroperator/dns.json", "-", "-", "clusteroperator", "-"),
            ("config/version.json", "config.openshift.io", "clusterversions", "-", "-"),
            // Objects with the names of other files.
            (
                "mg/cluster-scoped-resources/config.openshift.io/clusterversions/version.yaml",
                "config.openshift.io",
                "clusterversions",
                "-",
                "-",
            ),
            ("namespaces/shop/apps/deployments/api.json", "apps", "deployments", "-", "shop"),
            ("namespaces/shop/core/serviceaccounts/wagather.json", "", "serviceaccounts", "-", "shop"),
            ("namespaces/shop/apps-v1/deployment/version.yaml", "apps", "-", "deployment", "shop"),
            ("cluster/v1/node/apis.json", "", "-", "node", "-"),
            ("config/node/resources.json", "", "nodes", "-", "-"),
        ] {
            assert_eq!(
                objects(path),
                (group.into(), plural.into(), singular.into(), namespace.into()),
                "{path}"
            );
        }
    }

    #[test]
    fn other_files_are_known_by_their_names() {
        for (path, expected) in [
            ("wagather.json", Place::Told(told::File::Report)),
            ("mg/quay-io/timestamp", Place::Timestamp),
            ("mg/version.yaml", Place::Version),
            ("cluster/version.yaml", Place::Version),
            ("bundle/cluster-info/cluster_version.json", Place::Version),
            ("bundle/cluster-resources/resources.json", Place::Discovery),
            ("cluster-resources/groups.json", Place::Discovery),
            ("c/apis.json", Place::Discovery),
        ] {
            assert_eq!(place(path), expected, "{path}");
        }
    }

    #[test]
    fn every_layout_has_its_logs() {
        for (path, previous) in [
            ("m/namespaces/shop/pods/web/main/main/logs/current.log", false),
            ("m/namespaces/shop/pods/web/main/main/logs/previous.log", true),
            ("c/namespaces/shop/v1/pod/web/main/previous.log", true),
            ("config/pod/shop/logs/web/main_current.log", false),
            ("s/cluster-resources/pods/logs/shop/web/main.log", false),
            ("s/cluster-resources/pods/logs/shop/web/main-previous.log", true),
        ] {
            let [namespace, pod, container] = ["shop", "web", "main"].map(String::from);
            assert_eq!(place(path), Place::Log(LogKey { namespace, pod, container, previous }), "{path}");
        }
        assert_eq!(place("must-gather.logs/x.log"), Place::Other);
        assert_eq!(place("namespaces/shop/pods/web/main/main/logs/rotated.log"), Place::Other);
    }
}
