use super::*;
use wagather::Error;
use wagather::abi::Status;
use wagather::fake::Host;

const PATH: &str = "/apis/config.openshift.io/v1/clusteroperators";

const OPERATORS: &str = r#"[
    {"metadata": {"name": "dns", "labels": {"a": "b"}}, "spec": {"x": 1}, "status": {
        "conditions": [
            {"type": "Available", "status": "True", "lastTransitionTime": "2024-05-01T10:00:00Z"},
            {"type": "Degraded", "status": "False", "reason": "AsExpected"}
        ],
        "versions": [{"name": "operator", "version": "4.16.1"}]}},
    {"metadata": {"name": "etcd"}, "status": {
        "conditions": [
            {"type": "Degraded", "status": "True", "reason": "NodeDown", "message": "member \"b\" is down",
             "lastTransitionTime": "2024-05-02T11:00:00Z"},
            {"type": "Available", "status": "False", "reason": "NoQuorum", "lastTransitionTime": "2024-05-02T12:00:00Z"}
        ],
        "versions": [{"name": "etcd", "version": "3.5"}, {"name": "operator", "version": "4.16.0"}]}},
    {"metadata": {"name": "new"}}
]"#;

#[test]
fn what_is_degraded_or_unavailable_is_found() {
    let run = Host::new().list(PATH, OPERATORS).run(gather);
    assert_eq!(run.result, Ok(()));
    assert_eq!(
        run.entry("findings.json"),
        concat!(
            r#"{"findings":[{"severity":"warning","code":"Degraded","#,
            r#""object":{"apiVersion":"config.openshift.io/v1","kind":"ClusterOperator","name":"etcd"},"#,
            r#""message":"member \"b\" is down","since":"2024-05-02T11:00:00Z","#,
            r#""properties":{"reason":"NodeDown","version":"4.16.0"}},"#,
            r#"{"severity":"error","code":"Unavailable","#,
            r#""object":{"apiVersion":"config.openshift.io/v1","kind":"ClusterOperator","name":"etcd"},"#,
            r#""message":"","since":"2024-05-02T12:00:00Z","properties":{"reason":"NoQuorum","version":"4.16.0"}}]}"#
        )
    );
    assert_eq!(run.logs[0].text, "1 of 3 cluster operators are degraded or unavailable");
}

#[test]
fn it_asks_only_for_what_it_reads() {
    let run = Host::new().list(PATH, "[]").run(gather);
    assert_eq!(run.entry("findings.json"), r#"{"findings":[]}"#);
    assert_eq!(
        run.requests[0].mask,
        "metadata(name),status(conditions(type,status,reason,message,lastTransitionTime),versions(name,version))"
    );
}

#[test]
fn half_a_list_is_no_report() {
    let run = Host::new().list(PATH, OPERATORS).break_after(2, Status::UNREACHABLE).run(gather);
    assert_eq!(run.result, Err(Error::new(Status::UNREACHABLE)));
    assert!(run.entries.is_empty());
    let run = Host::new().status(PATH, 403).run(gather);
    assert_eq!(run.result, Err(Error::new(Status::http(403))));
}
