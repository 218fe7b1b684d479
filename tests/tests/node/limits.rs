//! Memory limits of the container, in force by the kernel: what is enough for five thousand pods, and what is not.

use super::ADDRESS;
use super::cell::{Namespace, get};
use super::job::{Job, name};
use serde_json::{Value, json};
use tests::archive::Archive;
use tests::certificates::Authority;
use tests::host::left_in;
use tests::kubeconfig::Kubeconfig;
use tests::objects;
use tests::server::{List, Running, Server};

const PODS: usize = 5_000;

/// So many pods as this cluster has them: one of its own, again and again, managed fields included.
fn pods_of_this_cluster(count: usize) -> List {
    let all = get(&["pods", "--all-namespaces", "--show-managed-fields"]);
    let is_gathering = |pod: &&Value| pod["spec"]["containers"][0]["name"] == "host-min";
    let one = all["items"].as_array().expect("items").iter().find(is_gathering).expect("a pod").clone();
    let pod = |number: usize| {
        let mut pod = one.clone();
        pod["metadata"]["name"] = json!(format!("pod-{number}"));
        pod["metadata"]["namespace"] = json!(format!("namespace-{}", number % 10));
        // As in a list.
        let fields = pod.as_object_mut().expect("an object");
        fields.remove("kind");
        fields.remove("apiVersion");
        pod
    };
    List::new("v1", "PodList", (0..count).map(pod).collect())
}

/// A server on the node that pods can reach, and the Secret `kubeconfig` that leads to it.
pub(super) fn serve(namespace: &Namespace, server: Server) -> Running {
    let authority = Authority::new("test");
    let running = server.start_tls_at(ADDRESS, &authority.server(ADDRESS));
    let place = tests::place();
    let kubeconfig =
        Kubeconfig::new(&running.url()).authority(place.path(), &authority.pem()).write(place.path());
    let file = |path: &std::path::Path| format!("--from-file={}", path.display());
    let (kubeconfig, authority) = (file(&kubeconfig), file(&place.path().join("ca.pem")));
    namespace.kubectl(&["create", "secret", "generic", "kubeconfig", &kubeconfig, &authority]);
    running
}

/// Runs `pods.wasm` on five thousand pods, with limits that a pod's author would like to set.
#[test]
fn five_thousand_pods_in_eight_mebibytes() {
    let namespace = Namespace::new("limits");
    let archives = namespace.claim("archives");
    namespace.account(&["pods"]);
    namespace.modules(&["pods"]);
    // So that there is a pod to copy.
    Job::new(&namespace, "first", &["/modules"]).run().expect_complete();
    let list = pods_of_this_cluster(PODS);
    let _server = serve(&namespace, Server::new().list(objects::PODS, list));
    let words = ["/modules", "--kubeconfig", "/kubeconfig/kubeconfig", "--memory", "1Mi"];
    let job = Job::new(&namespace, "eight", &words).secret("kubeconfig", "/kubeconfig").memory("8Mi");
    let ended = job.run();
    let [pod] = &ended.expect_complete().pods[..] else { panic!("{:#?}", ended.pods) };
    let archive = Archive::read(archives.join(format!("{}.tar.gz", name(pod))));
    assert_eq!(archive.gatherer("pods")["items"], PODS);
}

/// A guest that takes more than the container's limit, because `--memory` lets it.
#[test]
fn out_of_memory() {
    let namespace = Namespace::new("limits-exceeded");
    let archives = namespace.claim("archives");
    namespace.account(&["pods"]);
    let greedy = tests::guest::module(
        "greedy",
        &[],
        r#"(func (export "gather") (result i32) (local $at i32)
            (drop (memory.grow (i32.const 1000)))
            (loop $pages
                (i32.store (local.get $at) (i32.const -1))
                (local.set $at (i32.add (local.get $at) (i32.const 4096)))
                (br_if $pages (i32.lt_u (local.get $at) (i32.const 65536000))))
            (i32.const 0))"#,
    );
    let place = tests::place();
    let file = place.path().join("greedy.wasm");
    std::fs::write(&file, greedy).expect("a module");
    namespace.kubectl(&["create", "configmap", "modules", &format!("--from-file={}", file.display())]);
    let enough = Job::new(&namespace, "enough", &["/modules"]).memory("96Mi").run();
    enough.expect_complete();
    let mut job = Job::new(&namespace, "too-little", &["/modules"]).memory("24Mi");
    job.object["spec"]["backoffLimit"] = json!(0);
    let ended = job.run();
    let said = ended.terminations()[0];
    assert_eq!(said["reason"], "OOMKilled", "{said:#}");
    // With version 2 of cgroups, the kernel kills the whole container. With version 1, it kills the sandbox, and the host says it.
    if said["exitCode"] != 137 {
        assert_eq!(said["exitCode"], 7, "{said:#}");
        let message = said["message"].as_str().expect("a message");
        assert!(message.contains("as the kernel does when memory runs out"), "{message}");
        assert!(message.contains("raise the memory limit of the container"), "{message}");
    }
    let archives_left: Vec<String> = left_in(&archives);
    let whole = archives_left.iter().filter(|file| file.ends_with(".tar.gz")).count();
    assert_eq!(whole, 1, "{archives_left:?}");
}
