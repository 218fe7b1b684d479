//! The image of docs/layouts.md in a pod as `oc adm must-gather` makes it: a container that gathers, and one to copy from.

use super::cell::{Namespace, kubectl_given, until};
use serde_json::json;
use std::path::Path;
use std::process::Command;
use tests::place;

/// The image of the page, which the node has: bash, tar and few others, host-min, two gatherers and the page's script.
const IMAGE: &str = "wagather.test/must-gather:test";

/// What `oc` runs in the first container. It lets a script watch the volume meanwhile.
const GATHER: &str = "while true; do sleep 5; done & /usr/bin/gather; sync";
const COPY: &str = "trap : TERM INT; sleep infinity & wait";

#[test]
fn the_pages_image_gathers_for_oc() {
    let namespace = Namespace::of_deployment("must-gather");
    namespace.apply(
        &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace.name}}).to_string(),
    );
    namespace.until_account();
    let container = |name: &str, script: &str| {
        json!({
            "name": name, "image": IMAGE, "command": ["/bin/bash", "-c", script],
            "terminationMessagePolicy": "FallbackToLogsOnError",
            "volumeMounts": [{"name": "must-gather-output", "mountPath": "/must-gather"}],
        })
    };
    let admin = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": namespace.name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": namespace.name}],
    });
    // An object of the core group to look for, in the namespace itself.
    let found = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "found"}, "data": {"key": "value"}});
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "must-gather"},
        "spec": {
            "restartPolicy": "Never", "terminationGracePeriodSeconds": 0, "priorityClassName": "system-cluster-critical",
            "volumes": [{"name": "must-gather-output", "emptyDir": {}}],
            "containers": [container("gather", GATHER), container("copy", COPY)],
        },
    });
    for object in [admin, found, pod] {
        namespace.apply(&object.to_string());
    }
    let ended = || {
        namespace.get(&["pod", "must-gather"])["status"]["containerStatuses"].as_array().and_then(
            |containers| {
                let gather = containers.iter().find(|container| container["name"] == "gather")?;
                gather["state"]["terminated"]["exitCode"].as_i64()
            },
        )
    };
    let log = || namespace.kubectl(&["logs", "must-gather", "--container=gather"]);
    let code = until("the end of gather", || format!("{}\n{}", namespace.described(), log()), ended);
    assert_eq!(code, 0, "{}", log());

    // As `oc` copies: what tar in the other container writes.
    let place = place();
    let copied = place.path().join("copied");
    std::fs::create_dir(&copied).expect("a folder");
    let line = format!(
        "kubectl exec --namespace {} must-gather --container copy -- tar -C /must-gather -cf - . | tar -C {} -xf -",
        namespace.name,
        copied.display()
    );
    let output = Command::new("bash").args(["-o", "pipefail", "-c", &line]).output().expect("bash");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let text = |name: &str| {
        let path = copied.join(name);
        std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{name}: {error}\n{}\n{}", listed(&copied), log()))
    };
    assert_eq!(text("version").lines().collect::<Vec<_>>(), ["wagather", env!("CARGO_PKG_VERSION")]);
    assert_eq!(text("timestamp").lines().count(), 2);
    assert!(text("cluster-scoped-resources/core/nodes/node.yaml").contains(r#""kind":"Node""#));
    assert!(text("namespaces/must-gather/core/configmaps/found.yaml").contains(r#""key":"value""#));
    assert!(text("namespaces/must-gather/pods/must-gather/must-gather.yaml").contains("priorityClassName"));
    assert!(text("namespaces/must-gather/core/pods.yaml").contains(r#""name":"must-gather""#));
    let report: serde_json::Value = serde_json::from_str(&text("wagather.json")).expect("a report");
    assert_eq!(
        (&report["layout"], &report["source"]),
        (&json!("must-gather"), &json!("https://10.96.0.1:443"))
    );
    // Nothing of the way there is left.
    let hidden = std::fs::read_dir(&copied)
        .expect("a folder")
        .filter_map(|entry| entry.expect("an entry").file_name().into_string().ok());
    assert_eq!(hidden.filter(|name| name.starts_with('.')).collect::<Vec<_>>(), Vec::<String>::new());
    kubectl_given("", &["delete", "clusterrolebinding", namespace.name]);
}

fn listed(folder: &Path) -> String {
    let output = Command::new("find").arg(folder).output().expect("find");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
