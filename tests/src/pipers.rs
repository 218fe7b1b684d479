//! Gatherers that pipe what they ask for, so that the archive has it as the server sent it.

use crate::guest::{self, Texts};
use crate::workspace;
use std::path::{Path, PathBuf};

/// The lists that the examples ask for: group, version, resource, and field selector.
const LISTS: &[(&str, &str, &str, &str)] = &[
    ("", "v1", "pods", ""),
    ("", "v1", "nodes", ""),
    ("", "v1", "events", "type=Warning"),
    ("apps", "v1", "deployments", ""),
    ("apps", "v1", "statefulsets", ""),
    ("apps", "v1", "daemonsets", ""),
    ("batch", "v1", "jobs", ""),
    ("batch", "v1", "cronjobs", ""),
    ("config.openshift.io", "v1", "clusteroperators", ""),
];

/// The pods whose logs the examples ask for.
const LOGS: &[(&str, &str)] = &[
    ("openshift-ingress", "collector-58da10fa77-cdn6r"),
    ("openshift-ingress", "worker-bf66145b3d-sdlrc"),
    ("team-meteo", "resolver-26384f52a9-dh5d7"),
];

/// The part of a log that the examples ask for.
pub const LOG: &str = "container=main&limitBytes=1048576&tailLines=100&previous=true";

/// The shipped recording.
pub fn demo() -> PathBuf {
    workspace::root().join("examples/demo.har")
}

/// Gatherers for all that is in the shipped recording. They are written into a folder.
pub fn of_demo(folder: &Path) -> Vec<PathBuf> {
    std::fs::create_dir_all(folder).expect("a folder");
    let mut modules = Vec::new();
    let mut add = |record: &str, texts: &Texts<'_>| {
        let name = format!("piper-{}", modules.len());
        modules.push(guest::write(folder, &name, &guest::piping(&name, &[record], texts)));
    };
    for &(group, version, resource, fields) in LISTS {
        let record = format!("resource list {group}/{version}/{resource} * *");
        add(&record, &Texts { group, version, resource, fields, ..Texts::default() });
    }
    for &(namespace, name) in LOGS {
        add("resource get /v1/pods/log * *", &log(namespace, name));
    }
    modules
}

/// A request for a log of the shipped recording.
pub fn log(namespace: &'static str, name: &'static str) -> Texts<'static> {
    Texts {
        version: "v1",
        resource: "pods",
        namespace,
        name,
        subresource: "log",
        query: LOG,
        ..Texts::default()
    }
}

/// Gatherers for whole lists of version v1, by group and resource. They are written into a folder.
pub fn of_lists(folder: &Path, lists: &[(&str, &str)]) -> Vec<PathBuf> {
    let piper = |(number, &(group, resource)): (usize, &(&str, &str))| {
        let name = format!("piper-{number}");
        let record = format!("resource list {group}/v1/{resource} * *");
        let texts = Texts { group, version: "v1", resource, ..Texts::default() };
        guest::write(folder, &name, &guest::piping(&name, &[&record], &texts))
    };
    lists.iter().enumerate().map(piper).collect()
}
