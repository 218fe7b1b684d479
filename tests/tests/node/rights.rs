//! The account that `host-min rbac` prints is enough in a pod, and one rule less is not.

use super::cell::{Namespace, kubectl_given};
use super::job::{Job, container, name};
use serde_json::{Value, json};
use tests::archive::Archive;
use tests::host::left_in;

const GUESTS: [&str; 2] = ["nodes", "pods"];

#[test]
fn the_printed_account_is_enough() {
    let namespace = Namespace::new("rights-enough");
    let archives = namespace.claim("archives");
    namespace.account(&GUESTS);
    namespace.modules(&GUESTS);
    let ended = Job::new(&namespace, "gather", &["/modules", "--require-sandbox"]).run();
    let [pod] = &ended.expect_complete().pods[..] else { panic!("{:#?}", ended.pods) };
    let archive = Archive::read(archives.join(format!("{}.tar.gz", name(pod))));
    assert_eq!(archive.report()["complete"], true, "{:#}", archive.report());
    assert_eq!(archive.report()["source"], "https://10.96.0.1:443");
    let found = archive.json("pods/totals.json");
    // This one, at least.
    assert!(found["pods"].as_u64() >= Some(1), "{found:#}");
    assert_eq!(archive.gatherer("nodes")["items"], 1);
}

/// A retry would not help: the Job fails at once, and its pod says why.
#[test]
fn one_rule_less_fails_the_job_at_once() {
    let namespace = Namespace::new("rights-less");
    let archives = namespace.claim("archives");
    namespace.modules(&GUESTS);
    namespace.account(&GUESTS);
    let rights = namespace.rights(&GUESTS);
    let role = rights.iter().find(|object| object["kind"] == "ClusterRole").expect("a role");
    assert_eq!(role["rules"].as_array().map(Vec::len), Some(2), "{role:#}");
    for (index, job) in ["without-the-first", "without-the-second"].into_iter().enumerate() {
        let mut less = role.clone();
        let left_out = less["rules"].as_array_mut().expect("rules").remove(index);
        namespace.apply(&less.to_string());
        let ended = Job::new(&namespace, job, &["/modules"]).run();
        assert_eq!(
            (ended.codes(), &ended.failure()["reason"]),
            (vec![9], &json!("PodFailurePolicy")),
            "{:#}",
            ended.job
        );
        let said = ended.terminations()[0]["message"].as_str().expect("a message");
        let resource = left_out["resources"][0].as_str().expect("a resource");
        let why = format!("cannot list resource \"{resource}\"");
        assert!(said.contains(&why), "not \"{why}\":\n{said}");
        let left = left_in(&archives);
        assert!(left.iter().all(|name| name.ends_with(".incomplete")), "{left:?}");
    }
}

/// That the namespace's policy is in force: it refuses a pod that asks for more than the tests' pods do.
#[test]
fn the_pods_are_restricted() {
    let namespace = Namespace::new("rights-policy");
    let pod = |container: &Value| {
        json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one"},
            "spec": {
                "automountServiceAccountToken": false,
                "securityContext": {"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}},
                "containers": [container],
            },
        })
    };
    let mut one = container("one", &["--version"]);
    one["volumeMounts"] = json!([]);
    let words = ["create", "--dry-run=server", "--namespace", namespace.name, "--filename", "-"];
    let admitted = kubectl_given(&pod(&one).to_string(), &words);
    assert!(admitted.succeeded && admitted.stderr.is_empty(), "{}", admitted.stderr);
    one["securityContext"]["capabilities"] = json!({});
    let refused = kubectl_given(&pod(&one).to_string(), &words);
    assert!(
        !refused.succeeded && refused.stderr.contains("violates PodSecurity \"restricted:latest\""),
        "{}",
        refused.stderr
    );
}
