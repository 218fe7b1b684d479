use super::*;
use serde_json::{Value, json};
use wagather_yaml::{Node, parse};

fn needs(manifests: &[&str], grant: Option<&str>) -> Needs {
    let grant = grant.map(|body| {
        let text = format!("apiVersion: wagather/v1\nkind: Grant\n{body}");
        Arc::new(Grant::parse(&text).unwrap_or_else(|mistakes| panic!("{body}: {mistakes:?}")))
    });
    let mut needs = Needs::default();
    for (index, records) in manifests.iter().enumerate() {
        let text = format!("gatherer 1 g{index} 1\n{records}");
        needs.add(Manifest::parse(text.as_bytes()).expect("a manifest"), grant.as_ref());
    }
    needs
}

/// Kind, namespace and rules of each role.
fn roles(needs: &Needs) -> Vec<(String, Value, Value)> {
    let text = needs.to_yaml("wagather", "support");
    let objects =
        text.split("---\n").map(|document| parse(document).as_ref().map(Node::to_json).expect("YAML"));
    let objects: Vec<Value> = objects.collect();
    assert_eq!(objects[0]["kind"], "ServiceAccount");
    let mut roles = Vec::new();
    for pair in objects[1..].chunks(2) {
        let kind = pair[0]["kind"].as_str().expect("a kind");
        assert_eq!(pair[1]["kind"], format!("{kind}Binding"));
        assert_eq!(pair[1]["metadata"], pair[0]["metadata"]);
        assert_eq!(
            pair[1]["roleRef"],
            json!({"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": "wagather"})
        );
        assert_eq!(
            pair[1]["subjects"],
            json!([{"kind": "ServiceAccount", "name": "wagather", "namespace": "support"}])
        );
        roles.push((kind.to_owned(), pair[0]["metadata"]["namespace"].clone(), pair[0]["rules"].clone()));
    }
    roles
}

#[test]
fn rules_are_merged() {
    let needs = needs(
        &[
            "resource list /v1/pods * *\nresource get /v1/pods/log * *\nresource list /v1/nodes * *\npath /version\n",
            "resource get,list /v1/pods * metadata\nresource list apps/v1/deployments shop *\nresource list /v1/pods shop *\n",
        ],
        None,
    );
    assert_eq!(
        roles(&needs),
        [
            (
                "ClusterRole".into(),
                Value::Null,
                json!([
                    {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
                    {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]},
                    {"apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]},
                    {"nonResourceURLs": ["/version"], "verbs": ["get"]},
                ])
            ),
            (
                "Role".into(),
                json!("shop"),
                json!([{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["list"]}])
            ),
        ]
    );
    assert!(needs.to_yaml("a", "b").contains("  # g0, g1\n  - apiGroups: [\"\"]\n    resources: [pods]\n"));
    assert!(needs.notes.is_empty(), "{:?}", needs.notes);
}

#[test]
fn a_grant_narrows_as_far_as_rbac_can_say() {
    let needs = needs(
        &[
            "resource get,list /v1/pods * *\nresource get /v1/secrets * *\nresource list /v1/events * *\npath /metrics\n",
        ],
        Some(
            "rules:\n- {verbs: [get, list], apiGroups: [''], resources: [pods], namespaces: [shop, default], resourceNames: [web]}\n\
             - {verbs: [list], apiGroups: [''], resources: [events], namespaces: ['shop-*']}\n",
        ),
    );
    let one = |verb: &str| json!({"apiGroups": [""], "resources": ["pods"], "verbs": [verb]});
    let mut named = one("get");
    named["resourceNames"] = json!(["web"]);
    let of_pods = json!([one("list"), named]);
    let events = json!([{"apiGroups": [""], "resources": ["events"], "verbs": ["list"]}]);
    assert_eq!(
        roles(&needs),
        [
            ("ClusterRole".into(), Value::Null, events),
            ("Role".into(), json!("default"), of_pods.clone()),
            ("Role".into(), json!("shop"), of_pods),
        ]
    );
    assert_eq!(
        needs.notes,
        [
            "g0: list v1/pods: wider than the grant: RBAC cannot express for a list that names are web",
            "g0: get v1/secrets: left out, Secrets are not granted: a grant must name them",
            "g0: list v1/events: wider than the grant: RBAC cannot express that namespaces are shop-*",
            "g0: get /metrics: left out, the path /metrics is not granted; the grant has no paths",
        ]
    );
}

#[test]
fn nothing_needs_no_role() {
    let needs = needs(&[""], None);
    assert!(roles(&needs).is_empty());
    assert!(needs.to_yaml("a", "b").starts_with("# The gatherers read nothing from the cluster"));
}
