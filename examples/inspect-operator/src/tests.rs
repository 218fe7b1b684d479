use super::*;
use wagather::fake::{Host, Run};

extern crate std;
use std::vec::Vec;

const OPERATOR: &str = r#"[{"metadata": {"name": "dns"}, "status": {"relatedObjects": [
    {"group": "", "resource": "namespaces", "name": "openshift-dns"},
    {"group": "operator.openshift.io", "resource": "dnses", "name": "default"},
    {"group": "gone.openshift.io", "resource": "things", "name": "x"},
    {"group": "", "resource": "secrets", "namespace": "other", "name": "s"},
    {"group": "", "resource": "configmaps", "namespace": "openshift-dns", "name": "again"},
    {"group": "", "resource": "configmaps", "namespace": "other", "name": ""}]}},
    {"metadata": {"name": "etcd"}, "status": {}}]"#;

fn host() -> Host {
    let webhook = |name: &str, namespace: &str| {
        std::format!(
            r#"{{"metadata": {{"name": "{name}"}}, "webhooks": [{{"clientConfig": {{"service": {{"namespace": "{namespace}"}}}}}}]}}"#
        )
    };
    let webhooks = std::format!("[{},{}]", webhook("dns", "openshift-dns"), webhook("others", "elsewhere"));
    let of_webhooks = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
    Host::new()
        .resource("/api/v1/namespaces", "Namespace", false)
        .resource("/api/v1/configmaps", "ConfigMap", true)
        .resource("/api/v1/secrets", "Secret", true)
        .resource("/apis/operator.openshift.io/v1/dnses", "DNS", false)
        .resource("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", "CustomResourceDefinition", false)
        .resource(of_webhooks, "ValidatingWebhookConfiguration", false)
        .list("/apis/config.openshift.io/v1/clusteroperators", OPERATOR)
        .list("/api/v1/namespaces", r#"[{"metadata": {"name": "openshift-dns"}}]"#)
        .list(
            "/api/v1/configmaps",
            r#"[{"metadata": {"name": "again", "namespace": "openshift-dns"}}, {"metadata": {"name": "b", "namespace": "other"}}]"#,
        )
        .list("/api/v1/secrets", r#"[{"metadata": {"name": "s", "namespace": "other"}}]"#)
        .list("/apis/operator.openshift.io/v1/dnses", r#"[{"metadata": {"name": "default"}}]"#)
        .list(
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
            r#"[{"metadata": {"name": "dnses.operator.openshift.io"}}]"#,
        )
        .list(of_webhooks, &webhooks)
}

fn names(run: &Run) -> Vec<&str> {
    run.piped.iter().map(|piped| &*piped.name).collect()
}

#[test]
fn an_operator_and_all_that_it_is_about() {
    let run = host().param("operators", "dns").run(gather);
    assert_eq!((run.result, run.in_flight), (Ok(()), 0));
    assert_eq!(
        names(&run),
        [
            "cluster-scoped-resources/config.openshift.io/clusteroperators/dns.json",
            "cluster-scoped-resources/core/namespaces/openshift-dns.json",
            "namespaces/openshift-dns/core/configmaps/again.json",
            "cluster-scoped-resources/apiextensions.k8s.io/customresourcedefinitions/dnses.operator.openshift.io.json",
            "cluster-scoped-resources/operator.openshift.io/dnses/default.json",
            "namespaces/other/core/configmaps/b.json",
            "cluster-scoped-resources/admissionregistration.k8s.io/validatingwebhookconfigurations/dns.json",
        ]
    );
}

#[test]
fn a_related_object_that_fails_loses_neither_its_operator_nor_the_others() {
    let run = host()
        .status("/apis/operator.openshift.io/v1/dnses/default", 403)
        .fail("/api/v1/namespaces/openshift-dns", Status::TIMED_OUT)
        .param("operators", "none,dns,etcd")
        .run(gather);
    assert_eq!((run.result, run.in_flight), (Ok(()), 0));
    let names = names(&run);
    for name in [
        "clusteroperators/dns.json",
        "clusteroperators/etcd.json",
        "configmaps/again.json",
        "configmaps/b.json",
    ] {
        assert!(names.iter().any(|piped| piped.ends_with(name)), "{name} in {names:?}");
    }
    assert!(!names.iter().any(|piped| piped.contains("secrets") || piped.contains("dnses/")), "{names:?}");
}

#[test]
fn what_is_no_name_is_a_mistake() {
    for operators in ["a/b,etcd", "etcd, a/b", "../dns , etcd"] {
        let run = host().param("operators", operators).run(gather);
        assert_eq!(run.result, Err(wagather::Error::new(Status::BAD_REQUEST)), "{operators}");
        assert!(
            names(&run).contains(&"cluster-scoped-resources/config.openshift.io/clusteroperators/etcd.json")
        );
    }
}

#[test]
fn blanks_and_commas_at_the_end_are_no_operators() {
    for operators in ["etcd,", " etcd", ",etcd , ,"] {
        let run = host().param("operators", operators).run(gather);
        assert_eq!(run.result, Ok(()), "{operators}");
        assert!(
            names(&run).contains(&"cluster-scoped-resources/config.openshift.io/clusteroperators/etcd.json")
        );
    }
}

#[test]
fn without_a_name_it_copies_the_operators() {
    let run = host().run(gather);
    assert_eq!((run.result, names(&run).len()), (Ok(()), 2));
}
