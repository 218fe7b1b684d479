//! Pods that are deleted, evicted or killed in the middle: nothing that looks like an archive is half of one, and the
//! Job's next pod makes a whole one.

use super::cell::{Namespace, kubectl_given, until};
use super::job::{Job, ended, is, name, pods};
use super::limits::serve;
use serde_json::{Value, json};
use std::path::Path;
use tests::archive::Archive;
use tests::host::left_in;
use tests::objects;
use tests::processes;
use tests::server::{Answer, Running, Server};

/// A Job whose first pod waits for its second page, which never comes; the next pod gets everything.
struct Middle {
    namespace: Namespace,
    archives: std::path::PathBuf,
    server: Running,
    first: Value,
}

impl Middle {
    fn new(namespace: &'static str) -> Middle {
        let namespace = Namespace::new(namespace);
        let archives = namespace.claim("archives");
        namespace.account(&["pods"]);
        namespace.modules(&["pods"]);
        let list = objects::pods(50).pages_of(10).page_is(2, Answer::silence());
        let server = serve(&namespace, Server::new().list(objects::PODS, list));
        let words = [
            "/modules",
            "--kubeconfig",
            "/kubeconfig/kubeconfig",
            "--first-byte-timeout",
            "0",
            "--timeout",
            "10m",
        ];
        Job::new(&namespace, "gather", &words).secret("kubeconfig", "/kubeconfig").apply();
        until(
            "the request for the second page",
            || namespace.described(),
            || (server.seen().len() >= 2).then_some(()),
        );
        let first = pods(&namespace, "gather").remove(0);
        Middle { namespace, archives, server, first }
    }

    /// Waits for the Job's end; what the first pod left is given, by the ends of the names.
    fn expect(self, code: i64, left_by_the_first: &[&str]) -> Vec<Value> {
        let Middle { namespace, archives, server, first } = self;
        let ended = ended(&namespace, "gather");
        ended.expect_complete();
        assert!(server.seen().len() >= 7, "{:?}", server.seen().len());
        let second = ended.pods.last().expect("a pod");
        assert_ne!(name(second), name(&first));
        let whole = format!("{}.tar.gz", name(second));
        assert_eq!(Archive::read(archives.join(&whole)).gatherer("pods")["items"], 50);
        let mut left = left_in(&archives);
        left.retain(|file| *file != whole);
        let is_expected = |(file, end): (&String, &&str)| file.contains(name(&first)) && file.ends_with(end);
        let is_so =
            left.len() == left_by_the_first.len() && left.iter().zip(left_by_the_first).all(is_expected);
        assert!(is_so, "{left:?}, not {left_by_the_first:?}");
        expect_no_half(&archives);
        let codes = ended.codes();
        if ended.pods.len() == 2 {
            assert_eq!(codes, [code, 0]);
        }
        ended.pods
    }
}

/// Each file with an archive's name is one.
fn expect_no_half(folder: &Path) {
    for file in left_in(folder).iter().filter(|file| file.ends_with(".tar.gz")) {
        assert_eq!(Archive::read(folder.join(file)).report()["complete"], true, "{file}");
    }
}

#[test]
fn a_deleted_pod() {
    let middle = Middle::new("ended-deleted");
    middle.namespace.kubectl(&["delete", "pod", name(&middle.first), "--wait=false"]);
    middle.expect(143, &[".tar.gz.incomplete"]);
}

/// What `kubectl drain` does to each pod of a node. It does not count against the Job.
#[test]
fn an_evicted_pod() {
    let middle = Middle::new("ended-evicted");
    let (namespace, pod) = (middle.namespace.name, name(&middle.first).to_owned());
    let eviction = json!({
        "apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod, "namespace": namespace},
    });
    let path = format!("/api/v1/namespaces/{namespace}/pods/{pod}/eviction");
    let evicted = kubectl_given(&eviction.to_string(), &["create", "--raw", &path, "--filename", "-"]);
    assert!(evicted.succeeded, "{}", evicted.stderr);
    let pods = middle.expect(143, &[".tar.gz.incomplete"]);
    assert!(pods.len() == 1 || is(&pods[0], "DisruptionTarget"), "{:#}", pods[0]["status"]);
}

/// As by the kernel, when the node runs out of memory.
#[test]
fn a_killed_process() {
    let middle = Middle::new("ended-killed");
    let id = middle.first["metadata"]["uid"].as_str().expect("a uid").replace('-', "");
    let id = id.as_str();
    // The pod's cgroup has its uid; the host is the process in it whose parent is not.
    let is_of_the_pod = |process: &u32| {
        let cgroup = std::fs::read_to_string(format!("/proc/{process}/cgroup")).unwrap_or_default();
        let words = std::fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
        cgroup.replace(['-', '_'], "").contains(id) && words.starts_with(b"/host-min")
    };
    let host = processes::descendants(1).into_iter().find(is_of_the_pod).expect("the host's process");
    processes::send("KILL", host);
    middle.expect(137, &[".partial"]);
}
