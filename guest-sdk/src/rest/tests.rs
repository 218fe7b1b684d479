//! Tests of the client against the fake host: each public function, and its failures.

use super::*;
use crate::abi::{Kind, Status};
use crate::fake::Host;
use crate::io::Read;
use crate::{Error, Fields};
use std::borrow::ToOwned;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

#[derive(Default, Debug, crate::Resource)]
#[resource(version = "v1", plural = "pods", kind = "Pod", namespaced, verbs(get, list), log)]
struct Pod {
    metadata: Metadata,
    spec: Option<Spec>,
}

#[derive(Default, Debug, Fields)]
struct Metadata {
    name: String,
    namespace: String,
    labels: alloc::collections::BTreeMap<String, String>,
}

#[derive(Default, Debug, Fields)]
struct Spec {
    node_name: String,
    containers: Vec<Container>,
}

#[derive(Default, Debug, Fields)]
struct Container {
    image: String,
}

#[derive(crate::Resource)]
#[resource(group = "apps", version = "v1", plural = "deployments", namespace = "shop", verbs(get, list))]
struct Deployment;

#[derive(crate::Resource)]
#[resource(version = "v1", plural = "nodes", cluster, verbs(get))]
struct Node;

const VERSION: RawPath = crate::manifest_path!("/version");

const PODS: &str = r#"[
    {"metadata": {"name": "a", "namespace": "x", "labels": {"app": "web"}, "managedFields": [{}]},
     "spec": {"nodeName": "n1", "containers": [{"image": "i", "name": "c"}, {"image": null}]}},
    {"metadata": {"name": "b", "namespace": "y", "labels": null}, "spec": null}
]"#;

fn host() -> Host {
    Host::new()
        .list("/api/v1/pods", PODS)
        .list(
            "/apis/apps/v1/deployments",
            r#"[{"metadata": {"name": "web", "namespace": "shop"}, "spec": {"replicas": 2}}]"#,
        )
        .object("/api/v1/nodes/n1", r#"{"metadata": {"name": "n1"}}"#)
        .body("/api/v1/namespaces/x/pods/a/log", b"one\ntwo\n")
        .body("/version", br#"{"gitVersion": "v1.30.0"}"#)
}

fn error(status: Status) -> Error {
    Error::new(status)
}

#[test]
fn the_derive_declares_what_the_struct_says() {
    assert_eq!((Pod::GROUP, Pod::VERSION, Pod::PLURAL, Pod::KIND), ("", "v1", "pods", "Pod"));
    assert_eq!(Pod::MASK, "metadata(name,namespace,labels),spec(nodeName,containers(image))");
    assert_eq!(
        (Deployment::KIND, Deployment::NAMESPACE, Deployment::MASK),
        ("Deployment", Some("shop"), "*")
    );
    const { assert!(Pod::NAMESPACED && Deployment::NAMESPACED && !Node::NAMESPACED) };
}

#[test]
fn a_list_is_decoded_item_by_item() {
    let run = host().run(|| {
        let pods: Vec<Pod> =
            Api::<Pod>::all().list(&ListParams::default())?.into_iter().collect::<Result<_>>()?;
        assert_eq!(pods.len(), 2);
        assert_eq!(pods[0].metadata.labels.get("app").map(String::as_str), Some("web"));
        let spec = pods[0].spec.as_ref().expect("a spec");
        assert_eq!((spec.node_name.as_str(), spec.containers.len()), ("n1", 2));
        assert_eq!(spec.containers[0].image, "i");
        assert!(pods[1].spec.is_none() && pods[1].metadata.labels.is_empty());
        Ok(())
    });
    assert_eq!(run.result, Ok(()));
    assert_eq!(run.in_flight, 0);
}

#[test]
fn selectors_and_limits_are_in_the_request() {
    let run = host().run(|| {
        let params = ListParams::default().labels("app=web").fields("metadata.name!=b").limit(3);
        assert_eq!(Api::<Pod>::namespaced("x").list(&params)?.into_iter().count(), 1);
        Ok(())
    });
    assert_eq!(run.result, Ok(()));
    let request = &run.requests[0];
    assert_eq!((request.verb, request.path.as_str()), (Verb::LIST, "/api/v1/namespaces/x/pods"));
    assert_eq!(
        (request.labels.as_str(), request.fields.as_str(), request.limit),
        ("app=web", "metadata.name!=b", 3)
    );
    assert_eq!(request.mask, Pod::MASK);
}

#[test]
fn several_lists_are_under_way_at_once() {
    let run = host().run(|| {
        let pods = Api::<Pod>::all().list(&ListParams::default())?;
        let deployments = Api::<Deployment>::namespaced("shop").list(&ListParams::default())?;
        assert_eq!(deployments.pipe(), Ok(1));
        assert_eq!(pods.pipe(), Ok(2));
        Ok(())
    });
    assert_eq!(run.result, Ok(()));
    let names: Vec<&str> = run.piped.iter().map(|piped| piped.name.as_str()).collect();
    let expected = [
        "namespaces/shop/apps/deployments/web.json",
        "namespaces/x/core/pods/a.json",
        "namespaces/y/core/pods/b.json",
    ];
    assert_eq!(names, expected);
    assert!(!run.piped[1].text().contains("managedFields"));
}

#[test]
fn items_are_read_without_a_heap() {
    let run = host().run(|| {
        let mut list = Api::<Deployment>::namespaced("shop").list(&ListParams::default())?;
        assert_eq!(list.next_into(&mut [0; 8]), Err(error(Status::NO_ROOM)));
        let mut buffer = [0; 256];
        let item = list.next_into(&mut buffer)?.map(<[u8]>::to_owned);
        let expected = br#"{"metadata":{"name":"web","namespace":"shop"},"spec":{"replicas":2}}"#;
        assert_eq!(item.as_deref(), Some(&expected[..]));
        assert_eq!(list.next_into(&mut buffer), Ok(None));
        assert_eq!(list.next_into(&mut []), Ok(None));
        Ok(())
    });
    assert_eq!(run.result, Ok(()));
}

#[test]
fn a_list_that_breaks_ends_with_its_status() {
    let run = Host::new().list("/api/v1/pods", PODS).break_after(1, Status::UNREACHABLE).run(|| {
        let mut items = Api::<Pod>::all().list(&ListParams::default())?.into_iter();
        assert!(matches!(items.next(), Some(Ok(pod)) if pod.metadata.name == "a"));
        assert_eq!(items.next().map(|item| item.map(|_| ())), Some(Err(error(Status::UNREACHABLE))));
        assert!(items.next().is_none());
        Ok(())
    });
    assert_eq!(run.result, Ok(()));
}

/// The second pod has a deeply nested value of a wrong type.
const ODD: &str = r#"[{"metadata": {"name": "a", "namespace": "shop"}},
    {"metadata": {"name": "b", "namespace": "shop", "labels": {"x/y": "z"}},
        "spec": {"nodeName": "n", "containers": [{"image": "i"}, {"image": 7.5}]}},
    {"metadata": {"name": "c", "namespace": "shop"}}]"#;

fn names(items: impl Iterator<Item = crate::Result<Pod>>) -> crate::Result<String> {
    let mut names = String::new();
    for pod in items {
        names.push_str(&pod?.metadata.name);
    }
    Ok(names)
}

#[test]
fn an_item_of_another_shape_is_skipped_and_named() {
    let run = Host::new().list("/api/v1/pods", ODD).run(|| {
        assert_eq!(names(Api::<Pod>::all().list(&ListParams::default())?.into_iter()).as_deref(), Ok("ac"));
        Ok(())
    });
    assert_eq!(run.result, Ok(()));
    let [misfit] = &run.misfits[..] else { panic!("{:?}", run.misfits) };
    assert_eq!(
        (&*misfit.object, &*misfit.field, &*misfit.found, &*misfit.wanted),
        ("shop/b", "spec.containers[1].image", "the number 7.5", "a string")
    );
    assert_eq!(
        std::format!("{misfit}"),
        "/api/v1/pods: shop/b does not match: spec.containers[1].image is the number 7.5 where the gatherer expects a string; `codegen verify` finds such types"
    );
}

#[test]
fn a_strict_list_stops_at_an_item_of_another_shape() {
    let run = Host::new().list("/api/v1/pods", ODD).run(|| {
        let mut items = Api::<Pod>::all().list(&ListParams::default())?.strict();
        assert!(matches!(items.next(), Some(Ok(pod)) if pod.metadata.name == "a"));
        assert_eq!(items.next().map(|item| item.map(|_| ())), Some(Err(error(Status::DECODE))));
        assert!(items.next().is_none() && items.next().is_none());
        names(Api::<Pod>::all().list(&ListParams::default())?.strict()).map(|_| ())
    });
    assert_eq!(run.result, Err(error(Status::DECODE)));
    assert_eq!(run.misfits.len(), 2);
}

#[test]
fn an_object_of_another_shape_is_named() {
    let run = Host::new()
        .list("/api/v1/pods", r#"[{"metadata": {"name": "a", "namespace": "shop", "labels": ["x"]}}]"#)
        .run(|| Api::<Pod>::namespaced("shop").get("a").map(|_| ()));
    assert_eq!(run.result, Err(error(Status::DECODE)));
    let [misfit] = &run.misfits[..] else { panic!("{:?}", run.misfits) };
    assert_eq!(
        (&*misfit.object, &*misfit.field, &*misfit.found, &*misfit.wanted),
        ("shop/a", "metadata.labels", "an array", "an object")
    );
    assert_eq!(run.in_flight, 0, "the request is given back");
}

#[test]
fn what_was_not_given_cannot_be_rejected() {
    let run = Host::new().list("/api/v1/pods", "[]").run(|| {
        let list = sys::rest_start(&sys::Request {
            version: "v1",
            resource: "pods",
            ..sys::Request::new(crate::abi::Verb::LIST)
        });
        assert_eq!(sys::rest_reject(list, 0, 0), Status::WRONG_MODE.0);
        assert_eq!(sys::rest_next(list, &mut [0; 9]), 0);
        assert_eq!(sys::rest_reject(list, 0, 0), Status::WRONG_MODE.0);
        assert_eq!(sys::rest_reject(list + 1, 0, 0), Status::BAD_HANDLE.0);
        Ok(())
    });
    assert!(run.misfits.is_empty());
}

#[test]
fn a_refused_list_starts_and_fails_at_its_first_use() {
    let host = Host::new().status("/api/v1/pods", 403).fail("/api/v1/namespaces/x/pods", Status::UNREACHABLE);
    let run = host.run(|| {
        let list = Api::<Pod>::all().list(&ListParams::default())?;
        assert_eq!(list.pipe(), Err(error(Status::http(403))));
        let list = Api::<Pod>::namespaced("x").list(&ListParams::default())?;
        assert_eq!(list.pipe(), Err(error(Status::UNREACHABLE)));
        Ok(())
    });
    assert_eq!(run.result, Ok(()));
    let denied = Host::new().deny("/api/v1/pods").run(|| {
        assert_eq!(Api::<Pod>::all().list(&ListParams::default()).map(|_| ()), Err(error(Status::DENIED)));
        assert_eq!(Api::<Pod>::namespaced("x").get("a").map(|_| ()), Err(error(Status::DENIED)));
        Ok(())
    });
    assert_eq!(denied.result, Ok(()));
    assert!(denied.requests.is_empty());
}

#[test]
fn another_namespace_than_the_declared_one_is_denied() {
    let run = host()
        .run(|| Api::<Deployment>::namespaced("other").list(&ListParams::default())?.pipe().map(|_| ()));
    assert_eq!(run.result, Err(error(Status::DENIED)));
}

#[test]
fn an_object_is_got_by_name() {
    let run = host().run(|| {
        let pods = Api::<Pod>::namespaced("x");
        assert_eq!(pods.get("a")?.metadata.name, "a");
        assert_eq!(pods.get("b").map(|_| ()), Err(error(Status::http(404))));
        assert!(pods.get_opt("b")?.is_none());
        assert!(pods.get_opt("a")?.is_some());
        // As in kube-rs, an object of a namespaced resource is in a namespace.
        assert!(Api::<Pod>::all().get_opt("a")?.is_none());
        assert_eq!(pods.get("a/../b").map(|_| ()), Err(error(Status::BAD_REQUEST)));
        Ok(())
    });
    assert_eq!(run.result, Ok(()));
    assert_eq!(run.requests[0].path, "/api/v1/namespaces/x/pods/a");
    let refused =
        Host::new().status("/api/v1/pods", 500).run(|| Api::<Pod>::namespaced("x").get_opt("a").map(|_| ()));
    assert_eq!(refused.result.map_err(Error::kind), Err(Kind::Http(500)));
}

#[test]
fn an_object_is_piped_or_read_as_bytes() {
    let run = host().short_reads(5).run(|| {
        Api::<Node>::all().pipe("n1")?;
        assert_eq!(Api::<Node>::all().pipe("n2"), Err(error(Status::http(404))));
        assert_eq!(Api::<Node>::all().get_raw("n1")?.bytes()?, br#"{"metadata":{"name":"n1"}}"#);
        assert_eq!(Api::<Node>::all().get_raw("n2")?.bytes(), Err(error(Status::http(404))));
        let refused = Api::<Node>::all().get_raw("n2")?;
        assert_eq!(refused.status(), Ok(404));
        let mut chunk = [0; 64];
        let mut refused = refused;
        assert_eq!(refused.read(&mut chunk), Ok(5));
        Ok(())
    });
    assert_eq!(run.result, Ok(()));
    assert_eq!(run.piped[0].name, "cluster-scoped-resources/core/nodes/n1.json");
}

#[test]
fn logs_are_bytes() {
    let run = host().run(|| {
        let params = LogParams::default().container("web").since_seconds(60).previous();
        let mut log = Api::<Pod>::namespaced("x").logs("a", &params)?;
        let mut text = String::new();
        let mut chunk = [0; 3];
        loop {
            let len = log.read(&mut chunk)?;
            if len == 0 {
                break;
            }
            text.push_str(core::str::from_utf8(&chunk[..len]).expect("ASCII"));
        }
        assert_eq!(text, "one\ntwo\n");
        assert_eq!(log.read(&mut []), Ok(0));
        Api::<Pod>::namespaced("x").logs("a", &LogParams::default())?.pipe("a.log")?;
        Ok(())
    });
    assert_eq!(run.result, Ok(()));
    assert_eq!(run.requests[0].query, "container=web&sinceSeconds=60&previous=true");
    assert_eq!((run.requests[1].query.as_str(), run.requests[1].mask.as_str()), ("", ""));
    assert_eq!((run.piped[0].name.as_str(), run.piped[0].text()), ("a.log", "one\ntwo\n"));
}

#[test]
fn parameters_of_logs() {
    let log = LogParams::default;
    let name = "a".repeat(63);
    let all = log().container(&name).since_time("2024-05-02T11:00:00.123456789+02:00").limit_bytes(u32::MAX);
    let all = all.since_seconds(u32::MAX).tail_lines(u32::MAX).previous().timestamps();
    let all_text = format!(
        "container={name}&sinceTime=2024-05-02T11:00:00.123456789+02:00&limitBytes=4294967295&sinceSeconds=4294967295\
         &tailLines=4294967295&previous=true&timestamps=true"
    );
    for (params, query) in [
        (log(), ""),
        (log().container("web"), "container=web"),
        (log().limit_bytes(65536), "limitBytes=65536"),
        (log().previous(), "previous=true"),
        (log().since_seconds(60), "sinceSeconds=60"),
        (log().since_time("2024-05-02T11:00:00Z"), "sinceTime=2024-05-02T11:00:00Z"),
        (log().tail_lines(0), "tailLines=0"),
        (log().timestamps(), "timestamps=true"),
        // All parameters fit at their maximum length; the host decides whether they may be combined.
        (all, &*all_text),
    ] {
        let run = host().run(|| Api::<Pod>::namespaced("x").logs("a", &params).map(|_| ()));
        assert_eq!((run.result, run.requests[0].query.as_str()), (Ok(()), query));
    }
    let long = "a".repeat(300);
    for params in [
        log().container("a&previous=true"),
        log().container("a=b"),
        log().container("a%26b"),
        log().container("a b"),
        log().container(&long),
        log().since_time("2024-05-02 11:00"),
        log().since_time("now&follow=true"),
    ] {
        let run = host().run(|| Api::<Pod>::namespaced("x").logs("a", &params).map(|_| ()));
        assert_eq!((run.result, run.requests.len()), (Err(error(Status::BAD_REQUEST)), 0), "{params:?}");
    }
}

#[test]
fn a_raw_path_is_read_decoded_or_piped() {
    #[derive(Default, Fields)]
    struct Version {
        git_version: String,
    }
    assert_eq!(VERSION.as_str(), "/version");
    let run = host().short_reads(4).run(|| {
        assert_eq!(raw(VERSION)?.json::<Version>()?.git_version, "v1.30.0");
        assert_eq!(raw(VERSION)?.pipe("version.json")?, 1);
        assert_eq!(raw(VERSION)?.pipe("version.json"), Err(error(Status::EXISTS)));
        assert_eq!(raw(VERSION)?.pipe("../version.json"), Err(error(Status::BAD_NAME)));
        Ok(())
    });
    assert_eq!(run.result, Ok(()));
    assert_eq!((run.requests[0].verb, run.requests[0].path.as_str()), (Verb::RAW, "/version"));
    assert_eq!(run.piped[0].text(), r#"{"gitVersion": "v1.30.0"}"#);
    let cut = Host::new().body("/version", b"12345").break_after(3, Status::UNREACHABLE).run(|| {
        assert_eq!(raw(VERSION)?.bytes(), Err(error(Status::UNREACHABLE)));
        raw(VERSION)?.pipe("v").map(|_| ())
    });
    assert_eq!(
        cut.result.map_err(|error| error.to_string()),
        Err("the API server could not be reached".to_string())
    );
}

#[test]
#[should_panic(expected = "no host on this thread")]
fn without_a_host_there_is_no_answer() {
    let _ = Api::<Pod>::all().list(&ListParams::default());
}

#[derive(Default, Debug, Fields)]
struct Workload {
    metadata: Metadata,
    spec: Spec,
}

#[derive(Default, Debug, crate::Resource)]
#[resource(group = "apps", version = "v1", plural = "statefulsets", namespaced)]
struct StatefulSet(Workload);

#[derive(Default, Debug, crate::Resource)]
#[resource(group = "apps", version = "v1", plural = "daemonsets", namespaced)]
struct DaemonSet(Workload);

#[test]
fn kinds_that_are_read_alike_share_a_type() {
    let run = host()
        .list("/apis/apps/v1/statefulsets", r#"[{"metadata": {"name": "db"}, "spec": {"nodeName": "n"}}]"#)
        .list("/apis/apps/v1/daemonsets", r#"[{"metadata": {"name": "agent"}}, 7]"#)
        .run(|| {
            let params = ListParams::default();
            let mut stateful_sets = Api::<StatefulSet>::all().list(&params)?.into_iter();
            let mut daemon_sets = Api::<DaemonSet>::all().list(&params)?.into_iter();
            let StatefulSet(workload) = stateful_sets.next().expect("an item")?;
            assert_eq!((workload.metadata.name.as_str(), workload.spec.node_name.as_str()), ("db", "n"));
            assert_eq!(daemon_sets.next().expect("an item")?.0.metadata.name, "agent");
            assert!(daemon_sets.next().is_none(), "what is no object is skipped");
            Ok(())
        });
    assert_eq!(run.result, Ok(()));
    assert_eq!(run.requests[0].mask, "metadata(name,namespace,labels),spec(nodeName,containers(image))");
    assert_eq!(run.requests[0].mask, run.requests[1].mask);
}
