//! `host-min serve` as a native sidecar: it starts before the container that it is beside, and takes over modules that kubectl changes.

use super::cell::{Namespace, kubectl, kubectl_given, until};
use super::job::container;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Instant;
use tests::archive::Archive;
use tests::{guest, place, workspace};

/// The image of `make image` for services, which the node has.
const SERVICE: &str = concat!("wagather.test/host-min-serve:", env!("CARGO_PKG_VERSION"));

const CONFIGURATION: &str = "apiVersion: wagather/v1\nkind: Service\ngatherers:\n- module: told.wasm\n  schedule: {every: 1s}\n  \
                             atStart: true\noutput: {folder: /archives, keep: 3}\n";

/// A gatherer that writes what it is.
fn told(version: &str) -> Vec<u8> {
    let fields = format!(
        r#"(import "wagather_v1" "archive_open" (func $archive_open (param i32 i32) (result i32)))
        (import "wagather_v1" "archive_write" (func $archive_write (param i32 i32 i32) (result i32)))
        (import "wagather_v1" "archive_close" (func $archive_close (param i32) (result i32)))
        (data (i32.const 256) "version.txt{version}")
        (func (export "gather") (result i32) (local $entry i32)
            (local.set $entry (call $archive_open (i32.const 256) (i32.const 11)))
            (drop (call $archive_write (local.get $entry) (i32.const 267) (i32.const {})))
            (call $archive_close (local.get $entry)))"#,
        version.len()
    );
    guest::module("told", &[], &fields)
}

/// The ConfigMap with a version of the gatherer, as kubectl makes it of files.
fn service(namespace: &Namespace, version: &str) -> String {
    let place = place();
    let files = [("service.yaml", CONFIGURATION.as_bytes().to_vec()), ("told.wasm", told(version))];
    let from = files.map(|(name, content)| {
        std::fs::write(place.path().join(name), content).expect("a file");
        format!("--from-file={}", place.path().join(name).display())
    });
    let words = ["create", "configmap", "service", "--dry-run=client", "--output=yaml", &from[0], &from[1]];
    kubectl(&[&words[..], &["--namespace", namespace.name]].concat())
}

/// The pod of docs/serve.md, as far as it is there.
fn of_the_page() -> Value {
    let page = workspace::read("docs/serve.md");
    let block = page.split("```yaml\n").find(|block| block.contains("initContainers:")).expect("a pod");
    let pod = wagather_yaml::parse(block.split("```").next().expect("a block")).expect("YAML").to_json();
    pod["spec"].clone()
}

#[test]
fn a_changed_module_is_served_by_a_sidecar_within_the_kubelets_time() {
    let namespace = Namespace::new("served");
    let archives = namespace.claim("archives");
    namespace.apply(&service(&namespace, "one"));
    let spec = of_the_page();
    let mut sidecar = spec["initContainers"][0].clone();
    sidecar["image"] = json!(SERVICE);
    let mut main = container("main", &["proxy", "--port", "8001"]);
    main["image"] = json!("wagather.test/kubectl:test");
    main["volumeMounts"] = json!([]);
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "both"},
        "spec": {
            "terminationGracePeriodSeconds": 30,
            "securityContext": {"runAsNonRoot": true, "fsGroup": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
            "initContainers": [sidecar],
            "containers": [main],
            // The node has no other folder that the test can read.
            "volumes": [spec["volumes"][0], {"name": "archives", "persistentVolumeClaim": {"claimName": "archives"}}],
        },
    });
    namespace.apply(&pod.to_string());
    let said = || {
        let logs =
            kubectl_given("", &["logs", "both", "--container=gatherers", "--namespace", namespace.name]);
        format!("{}{}\n{}", logs.stdout, logs.stderr, namespace.described())
    };
    let newest = archives.join("told/latest.tar.gz");
    let version =
        |path: &Path| path.is_file().then(|| Archive::read(path).bytes("told/version.txt").to_vec());
    until("an archive of the first version", said, || (version(&newest)? == b"one").then_some(()));
    let main_runs = || -> Option<Value> {
        let pod = namespace.get(&["pod", "both"]);
        let status = pod["status"]["containerStatuses"][0].clone();
        status["state"]["running"].is_object().then_some(pod)
    };
    until("the container beside it runs", said, main_runs);

    namespace.apply(&service(&namespace, "two"));
    let begin = Instant::now();
    until("an archive of the second version", said, || (version(&newest)? == b"two").then_some(()));
    // For people: the kubelet looks every minute, and when it is told.
    eprintln!("from kubectl to the new version's archive: {:.1} s", begin.elapsed().as_secs_f64());
    // A bad one is refused, and the old one goes on. Nobody was started again.
    let bad = service(&namespace, "two").replace("told.wasm: AGFzbQ", "told.wasm: AAAAAA");
    namespace.apply(&bad);
    let refused = || kubectl(&["logs", "both", "--container=gatherers", "--namespace", namespace.name]);
    until("the refusal", said, || refused().contains("refused").then_some(()));
    let before = std::fs::metadata(&newest).and_then(|file| file.modified()).expect("a time");
    until("one more archive", said, || {
        (std::fs::metadata(&newest).and_then(|file| file.modified()).ok()? > before).then_some(())
    });
    assert_eq!(version(&newest).as_deref(), Some(&b"two"[..]));
    let pod = main_runs().expect("it runs");
    for kind in ["initContainerStatuses", "containerStatuses"] {
        let status = &pod["status"][kind][0];
        assert_eq!((&status["restartCount"], &status["ready"]), (&json!(0), &json!(true)), "{status:#}");
    }
}
