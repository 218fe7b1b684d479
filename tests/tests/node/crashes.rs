//! Logs of a container that really crash-loops, through the API server and the kubelet.

use super::cell::{Namespace, until};
use super::job::{Job, container, name};
use serde_json::json;
use std::time::SystemTime;
use tests::archive::Archive;

#[test]
fn the_log_from_before_the_crash() {
    let namespace = Namespace::new("crashes");
    let archives = namespace.claim("archives");
    namespace.account(&["crash-logs"]);
    namespace.modules(&["crash-logs"]);
    // A host without its module says so and ends; the kubelet starts it again and again.
    let mut crashing = container("main", &["run", "/no-such-module.wasm"]);
    crashing["volumeMounts"] = json!([]);
    namespace.apply(
        &json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "crashing"},
            "spec": {
                "automountServiceAccountToken": false,
                "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
                "containers": [crashing],
            },
        })
        .to_string(),
    );
    // It crash-loops while the kubelet pauses, which is longer each time: 10 s, 20 s, 40 s. A run may miss that.
    let mut runs = 0;
    let archive = loop {
        until("a pause of the crash loop", || namespace.described(), || is_waiting(&namespace).then_some(()));
        runs += 1;
        let words = ["/modules", "--namespace", namespace.name];
        let ended = Job::new(&namespace, &format!("gather-{runs}"), &words).run();
        let archive =
            Archive::read(archives.join(format!("{}.tar.gz", name(&ended.expect_complete().pods[0]))));
        let found = archive.json("crash-logs/index.json")["crashLooping"].clone();
        if found == 1 {
            break archive;
        }
        assert!(found == 0 && runs < 10, "{found} in run {runs}");
    };
    let index = archive.json("crash-logs/index.json");
    let found = &index["containers"][0];
    assert_eq!(
        (&found["pod"], &found["log"], &found["lastExitCode"]),
        (&json!("crashing"), &json!("previous"), &json!(3))
    );
    let log = String::from_utf8_lossy(archive.bytes("crash-logs/crashes/crashing/main.log")).into_owned();
    assert!(log.contains("/no-such-module.wasm"), "{log}");
    // What kubectl gets; each instance says the same. While the kubelet replaces an instance, the one before is gone, and it
    // answers with a sentence of its own.
    let of_kubectl = || namespace.kubectl(&["logs", "crashing", "--previous"]);
    let is_there = || Some(of_kubectl()).filter(|log| !log.starts_with("unable to retrieve container logs"));
    assert_eq!(log, until("the log for kubectl", || namespace.described(), is_there));
}

/// The kubelet writes a pause into the status when it looks at the pod the next time. That may be its end, unless the pod changes.
fn is_waiting(namespace: &Namespace) -> bool {
    let time =
        format!("wagather.test/looked={}", SystemTime::UNIX_EPOCH.elapsed().expect("a time").as_millis());
    namespace.kubectl(&["annotate", "--overwrite", "pod", "crashing", &time]);
    let pod = namespace.get(&["pod", "crashing"]);
    pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "CrashLoopBackOff"
}
