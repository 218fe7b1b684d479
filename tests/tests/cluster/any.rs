//! Everything of a real API server, with the account that `host-min rbac` prints for it.

use super::rbac::{Account, printed, wait_until};
use super::{SECRET_MARKER, alone};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::programs;

/// The resources of the server that can be listed, as its discovery says: group, path of the list and plural.
fn listable(server: &tests::apiserver::Server) -> Vec<(String, String, String)> {
    let resources = |path: &str| server.get(path)["resources"].as_array().cloned().unwrap_or_default();
    let mut found = Vec::new();
    let mut add = |group: &str, path: &str, resources: Vec<Value>| {
        for resource in resources {
            let name = resource["name"].as_str().unwrap_or_default().to_owned();
            let can_list = resource["verbs"].as_array().is_some_and(|verbs| verbs.contains(&json!("list")));
            if can_list && !name.contains('/') {
                found.push((group.to_owned(), format!("{path}/{name}"), name));
            }
        }
    };
    add("core", "/api/v1", resources("/api/v1"));
    for group in server.get("/apis")["groups"].as_array().cloned().unwrap_or_default() {
        let path =
            format!("/apis/{}", group["preferredVersion"]["groupVersion"].as_str().expect("a version"));
        add(group["name"].as_str().expect("a name"), &path, resources(&path));
    }
    found
}

#[test]
fn everything_with_the_account_that_rbac_prints() {
    let server = alone();
    let guest = programs::guest("everything");
    let kubeconfig = server.kubeconfig("token.yaml");
    let words = ["--kubeconfig", kubeconfig.to_str().expect("a path")];
    let objects = printed("rbac-everything", std::slice::from_ref(&guest), &words);
    let rules = objects[1]["rules"].as_array().expect("rules");
    let granted: BTreeSet<&str> = rules
        .iter()
        .filter_map(|rule| rule["resources"].as_array())
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    assert!(granted.contains("pods") && granted.contains("clusteroperators"), "{granted:?}");
    assert!(!granted.contains("secrets") && !granted.contains("*"), "{granted:?}");
    assert!(!granted.iter().any(|resource| resource.contains('/')), "{granted:?}");
    let account = Account::apply(&server, &objects);
    wait_until("it is bound", || account.may(&json!({"verb": "list", "group": "", "resource": "pods"})));
    assert!(!account.may(&json!({"verb": "list", "group": "", "resource": "secrets"})));

    let ran = account.run(&guest, &["--timeout", "110s"]);
    let archive = ran.gathered();
    assert!(!archive.mentions(SECRET_MARKER));
    let mut compared = 0;
    for (group, path, plural) in listable(&server) {
        let folder = format!("/{group}/{plural}/");
        let files = archive.paths().into_iter().filter(|path| path.contains(&folder)).count();
        if plural == "secrets" || (&*group, &*plural) == ("events.k8s.io", "events") {
            assert_eq!(files, 0, "{path}");
            continue;
        }
        // The server itself renews leases, and makes some objects anew; it adds and removes few of them.
        assert_eq!(files, server.items(&path).len(), "{path}");
        compared += 1;
    }
    assert!(compared > 40, "the server has only {compared} resources");
    let resources = archive.gatherer("everything")["resources"].as_array().cloned().unwrap_or_default();
    let status = |name: &str| {
        resources.iter().find(|known| known["resource"] == name).map(|known| known["status"].clone())
    };
    assert_eq!(status("v1/secrets"), Some(json!("denied")));
    assert_eq!(status("events.k8s.io/v1/events"), Some(json!("alias")));
    assert_eq!(status("v1/pods"), Some(json!("complete")));
}

/// The same account without what is over all namespaces, and with a Role in one of them.
#[test]
fn an_account_of_one_namespace_gets_that() {
    let server = alone();
    let guest = programs::guest("everything");
    let kubeconfig = server.kubeconfig("token.yaml");
    let words = ["--kubeconfig", kubeconfig.to_str().expect("a path")];
    let mut objects = printed("rbac-in-one", std::slice::from_ref(&guest), &words);
    // From the cluster role: namespaces and discovery stay; the others are for one namespace.
    let namespace = super::rbac::NAMESPACE;
    let rules = objects[1]["rules"].as_array().expect("rules").clone();
    objects[1]["rules"] = json!([{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["list"]}]);
    let metadata = json!({"name": "rbac-in-one", "namespace": namespace});
    let of_resources: Vec<Value> = rules.into_iter().filter(|rule| rule["resources"].is_array()).collect();
    objects.push(json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": metadata, "rules": of_resources}));
    objects.push(
        json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": metadata,
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "rbac-in-one"},
        "subjects": [{"kind": "ServiceAccount", "name": "rbac-in-one", "namespace": namespace}]}),
    );
    let account = Account::apply(&server, &objects);
    let in_it = json!({"verb": "list", "group": "", "resource": "pods", "namespace": namespace});
    let all = json!({"verb": "list", "group": "", "resource": "namespaces"});
    wait_until("it is bound", || account.may(&in_it) && account.may(&all));
    let ran = account.run(&guest, &["--timeout", "110s"]);
    ran.done.expect_code(8);
    let archive = ran.archive.as_ref().expect("an archive");
    assert!(!archive.mentions(SECRET_MARKER));
    let folder = format!("namespaces/{namespace}/core/pods/");
    let files = archive.paths().into_iter().filter(|path| path.starts_with(&folder)).count();
    assert_eq!(files, server.items(&format!("/api/v1/namespaces/{namespace}/pods")).len());
    assert!(!archive.paths().iter().any(|path| path.contains("/core/nodes/")));
}
