//! Modules in an image that is mounted as a volume: `host-min deploy --modules-image`.

use super::IMAGE;
use super::cell::{Namespace, get, kubectl_given, until};
use super::job::{ended, name};
use tests::archive::Archive;
use tests::host::{Host, left_in};
use tests::programs;

/// An image with `nodes.wasm` at its root, which the node has.
const MODULES: &str = "wagather.test/modules:test";

/// Whether the node's containerd mounts images. Before 2.1, it takes such a volume for a folder of the node without a name.
fn has_image_volumes() -> bool {
    let node = get(&["node", "node"]);
    let runtime =
        node["status"]["nodeInfo"]["containerRuntimeVersion"].as_str().expect("a version").to_owned();
    let mut numbers = runtime.trim_start_matches("containerd://").split('.').map(|part| part.parse::<u32>());
    let mut next = || numbers.next().and_then(Result::ok).unwrap_or_else(|| panic!("a version: {runtime}"));
    (next(), next()) >= (2, 1)
}

#[test]
fn modules_of_an_image() {
    let namespace = Namespace::of_deployment("image-volume");
    let archives = namespace.volume(&format!("{}-archives", namespace.name));
    let host = Host::new(["deploy"]).arg(programs::guest("nodes")).args(["--name", namespace.name]);
    let host = host.args(["--namespace", namespace.name, "--create-namespace", "--image", IMAGE, "--job"]);
    let objects = host.args(["--modules-image", MODULES]).wait().expect_success().stdout_text();
    let said = kubectl_given(&objects, &["apply", "--server-side", "--filename", "-"]);
    assert!(said.succeeded && said.stderr.is_empty(), "{}", said.stderr);
    if !has_image_volumes() {
        // The objects are right, the images are there, and the runtime does not know what the kubelet asks for.
        let events = || namespace.kubectl(&["get", "events", "--output=jsonpath={.items[*].message}"]);
        until("the runtime's refusal", events, || events().contains("failed to mkdir \"\"").then_some(()));
        assert!(events().contains(&format!("Container image \"{MODULES}\" already present")), "{}", events());
        assert!(left_in(&archives).is_empty());
        return;
    }
    let ended = ended(&namespace, namespace.name);
    let [pod] = &ended.expect_complete().pods[..] else { panic!("{:#?}", ended.pods) };
    let archive = Archive::read(archives.join(format!("{}.tar.gz", name(pod))));
    assert_eq!(archive.gatherer("nodes")["items"], 1);
}
