extern crate std;

use super::*;
use std::format;
use std::string::String;
use std::vec::Vec;
use wagather::Error;
use wagather::abi::Status as Code;
use wagather::fake::Host;

const PATHS: [&str; 6] = [
    "/api/v1/pods",
    "/apis/apps/v1/deployments",
    "/apis/apps/v1/statefulsets",
    "/apis/apps/v1/daemonsets",
    "/apis/batch/v1/jobs",
    "/apis/batch/v1/cronjobs",
];

/// A host with these pods and no workloads.
fn host(pods: &str) -> Host {
    PATHS.iter().skip(1).fold(Host::new().list(PATHS[0], pods), |host, path| host.list(path, "[]"))
}

const PODS: &str = r#"[
    {"metadata": {"namespace": "batch"},
     "spec": {"initContainers": [{"name": "wait", "image": "tool:2"}],
              "containers": [{"name": "main", "image": "app:1"}, {"name": "proxy", "image": "app:1"}],
              "ephemeralContainers": [{"name": "debug", "image": "tool:2"}]},
     "status": {"initContainerStatuses": [{"name": "wait", "image": "x", "imageID": "r.io/tool@sha256:22"}],
                "containerStatuses": [
                    {"name": "proxy", "image": "r.io/app:1", "imageID": "docker-pullable://r.io/app@sha256:11"},
                    {"name": "main", "image": "r.io/app:1", "imageID": "docker://sha256:11"}],
                "ephemeralContainerStatuses": [{"name": "debug", "image": "x", "imageID": "sha256:22"}]}},
    {"metadata": {"namespace": "batch"},
     "spec": {"containers": [{"name": "main", "image": "app:1"}]},
     "status": {"containerStatuses": [{"name": "main", "image": "r.io/app:1", "imageID": "r.io/app@sha256:10"}]}},
    {"metadata": {"namespace": "shop"},
     "spec": {"containers": [{"name": "main", "image": "app:1"}]},
     "status": {"containerStatuses": [{"name": "main", "image": "r.io/app:1", "imageID": "r.io/app@sha256:11"}]}},
    {"metadata": {"namespace": "shop"},
     "spec": {"containers": [{"name": "main", "image": "app:2"}]},
     "status": {"phase": "Pending"}}
]"#;

#[test]
fn images_of_pods_are_counted_by_digest() {
    let run = host(PODS).run(gather);
    assert_eq!(run.result, Ok(()));
    assert_eq!(
        run.entry("images.json"),
        concat!(
            r#"{"pods":4,"namespaces":2,"workloads":0,"leftOut":0,"images":["#,
            r#"{"image":"app:1","digest":"sha256:10","containers":1,"pods":1,"namespaces":1,"workloads":0},"#,
            r#"{"image":"app:1","digest":"sha256:11","containers":3,"pods":2,"namespaces":2,"workloads":0},"#,
            r#"{"image":"app:2","digest":"","containers":1,"pods":1,"namespaces":1,"workloads":0},"#,
            r#"{"image":"tool:2","digest":"sha256:22","containers":2,"pods":1,"namespaces":1,"workloads":0}]}"#
        )
    );
    assert_eq!(run.logs[0].text, "4 images in 4 pods and 0 workloads");
}

#[test]
fn what_only_workloads_name_is_in_no_pod() {
    let template =
        |image: &str| format!(r#"{{"template": {{"spec": {{"containers": [{{"image": "{image}"}}]}}}}}}"#);
    let workload = |image: &str| format!(r#"[{{"spec": {}}}]"#, template(image));
    let twice = r#"[{"spec": {"template": {"spec": {"initContainers": [{"image": "app:3"}],
        "containers": [{"image": "app:3"}, {"image": "app:1"}]}}}}, {}]"#;
    let cron_job = format!(r#"[{{"spec": {{"jobTemplate": {{"spec": {}}}}}}}]"#, template("night:1"));
    let run = host(PODS)
        .list(PATHS[1], twice)
        .list(PATHS[2], &workload("app:3"))
        .list(PATHS[3], &workload("app:1"))
        .list(PATHS[4], &workload("app:0"))
        .list(PATHS[5], &cron_job)
        .run(gather);
    assert_eq!(run.result, Ok(()));
    assert_eq!(
        run.entry("images.json"),
        concat!(
            r#"{"pods":4,"namespaces":2,"workloads":6,"leftOut":0,"images":["#,
            r#"{"image":"app:0","digest":"","containers":0,"pods":0,"namespaces":0,"workloads":1},"#,
            r#"{"image":"app:1","digest":"sha256:10","containers":1,"pods":1,"namespaces":1,"workloads":2},"#,
            r#"{"image":"app:1","digest":"sha256:11","containers":3,"pods":2,"namespaces":2,"workloads":2},"#,
            r#"{"image":"app:2","digest":"","containers":1,"pods":1,"namespaces":1,"workloads":0},"#,
            r#"{"image":"app:3","digest":"","containers":0,"pods":0,"namespaces":0,"workloads":2},"#,
            r#"{"image":"night:1","digest":"","containers":0,"pods":0,"namespaces":0,"workloads":1},"#,
            r#"{"image":"tool:2","digest":"sha256:22","containers":2,"pods":1,"namespaces":1,"workloads":0}]}"#
        )
    );
}

#[test]
fn what_is_listed_is_bounded_and_the_rest_is_counted() {
    let pod = |number: usize| {
        // Neither ascending nor descending.
        let image = number * 7_919 % 2_003;
        format!(
            r#"{{"metadata": {{"namespace": "a"}}, "spec": {{"containers": [{{"name": "c", "image": "app:{image:04}"}}]}}}}"#
        )
    };
    let pods: Vec<String> = (0..2_003).chain(0..1).map(pod).collect();
    let run = host(&format!("[{}]", pods.join(","))).run(gather);
    let entry = run.entry("images.json");
    assert!(
        entry.starts_with(r#"{"pods":2004,"namespaces":1,"workloads":0,"leftOut":3,"images":["#),
        "{entry:.200}"
    );
    let images: Vec<&str> = entry.split(r#"{"image":""#).skip(1).map(|row| &row[..8]).collect();
    assert_eq!(images.len(), 2_000);
    assert!(images.is_sorted());
    assert!(entry.contains(r#"{"image":"app:0000","digest":"","containers":2,"pods":2,"#), "{entry:.400}");
}

#[test]
fn all_lists_are_asked_for_before_one_is_read() {
    // The first list breaks off at its first item, so all requests were sent before.
    let run = host(PODS).list(PATHS[0], "[]").break_after(0, Code::UNREACHABLE).run(gather);
    assert_eq!(run.result, Err(Error::new(Code::UNREACHABLE)));
    let paths: Vec<&str> = run.requests.iter().map(|request| request.path.as_str()).collect();
    assert_eq!(paths, PATHS);
    assert_eq!(run.in_flight, 0);
    assert!(run.entries.is_empty());
}

#[test]
fn it_asks_only_for_what_it_reads() {
    let run = host("[]").run(gather);
    let containers = "(initContainers(name,image),containers(name,image),ephemeralContainers(name,image))";
    let masks: Vec<&str> = run.requests.iter().map(|request| request.mask.as_str()).collect();
    assert_eq!(
        masks[0],
        format!(
            "metadata(namespace),spec{containers},status(initContainerStatuses(name,imageID),\
             containerStatuses(name,imageID),ephemeralContainerStatuses(name,imageID))"
        )
    );
    for mask in &masks[1..5] {
        assert_eq!(*mask, format!("spec(template(spec{containers}))"));
    }
    assert_eq!(masks[5], format!("spec(jobTemplate(spec(template(spec{containers}))))"));
}

#[test]
fn half_a_list_is_no_report() {
    for path in PATHS {
        let run = host(PODS).status(path, 403).run(gather);
        assert_eq!(run.result, Err(Error::new(Code::http(403))), "{path}");
        assert!(run.entries.is_empty());
        assert_eq!(run.in_flight, 0, "{path}");
    }
}
