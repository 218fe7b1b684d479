//! A list that takes longer than the server keeps its history: 410 Gone in the middle.
//!
//! The host requests a page while it reads the one before. A proxy holds the request for one page until the server
//! has compacted the revision of its token. So the token is too old, whatever the timing.

use super::ask::{Ask, items_in};
use super::{PODS, PODS_PATH, alone, run};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;
use tests::apiserver::{Proxy, Server};
use tests::host::Host;

/// What compaction takes at most on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// A pod of ours, first or last in the order of the list.
fn pod(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": namespace, "name": name},
        "spec": {"containers": [{"name": "main", "image": "absent.invalid/image"}], "automountServiceAccountToken": false},
    })
}

fn identity(pod: &Value) -> (String, String) {
    let text = |key: &str| pod["metadata"][key].as_str().expect("a name").to_owned();
    (text("namespace"), text("name"))
}

/// Runs a guest, and changes the server after the page was answered that comes before the request with this number.
fn run_with_a_change(
    server: &Server,
    guest: &Path,
    held_request: usize,
    change: impl FnOnce(),
) -> (super::Ran, Vec<String>) {
    let (arrived, wait_for_arrival) = channel();
    let (go, wait_for_go) = channel::<()>();
    let wait_for_go = std::sync::Mutex::new(wait_for_go);
    let count = Arc::new(AtomicUsize::new(0));
    let proxy = Proxy::start(server.admin(), move |_| {
        if count.fetch_add(1, Ordering::SeqCst) == held_request {
            arrived.send(()).expect("the test waits");
            let _ = wait_for_go.lock().expect("one request is held").recv_timeout(LIMIT);
        }
    });
    let host = Host::run(guest).server(&proxy.url()).within(LIMIT * 2);
    let ran = std::thread::scope(|scope| {
        let running = scope.spawn(|| run(server, host));
        wait_for_arrival.recv_timeout(LIMIT).expect("the page is asked for");
        change();
        go.send(()).expect("the request is held");
        running.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    });
    (ran, proxy.targets())
}

#[test]
fn a_list_goes_on_after_its_token_expired() {
    let server = alone();
    let place = tests::place();
    let guest = Ask::list("", "v1", "pods").mask("metadata(name,namespace)").items(place.path());
    // In the second request of a list the second page's token expires, in the third the third's.
    for held_request in [1, 2] {
        let throughout: BTreeSet<_> = server.items(PODS_PATH).iter().map(identity).collect();
        assert_eq!(throughout.len(), PODS);
        server.admin().create("/api/v1/namespaces/team-meteo/pods", &pod("team-meteo", "zz-goes"));
        let (ran, targets) = run_with_a_change(&server, &guest, held_request, || {
            server.admin().delete("/api/v1/namespaces/team-meteo/pods/zz-goes");
            server.admin().create("/api/v1/namespaces/team-meteo/pods", &pod("team-meteo", "zz-comes"));
            server.compact();
        });
        server.admin().delete("/api/v1/namespaces/team-meteo/pods/zz-comes");

        let found = items_in(ran.gathered());
        let once: BTreeSet<_> = found.iter().map(identity).collect();
        assert_eq!(once.len(), found.len(), "a pod came twice");
        let missing: Vec<_> = throughout.difference(&once).collect();
        assert_eq!(missing, Vec::<&(String, String)>::new());
        // The rest is as it was after the change.
        let name = |name: &str| ("team-meteo".to_owned(), name.to_owned());
        assert_eq!(once.difference(&throughout).collect::<Vec<_>>(), [&name("zz-comes")]);

        let gathered = ran.gathered().gatherer("ask");
        assert_eq!(gathered["status"], "complete");
        let warning = "list /v1/pods: reading the list took longer than the server keeps old states; its parts show different moments";
        assert_eq!(gathered["warnings"], json!([warning]));
        assert!(ran.done.stderr.contains(warning), "{}", ran.done.stderr);
        assert_eq!((gathered["requests"].as_u64(), targets.len()), (Some(4), 4));
        assert_ne!(targets[held_request], targets[held_request + 1], "the fresh token is another one");
    }
}

/// Piped pods go the same way.
#[test]
fn a_piped_list_goes_on_too() {
    let server = alone();
    let place = tests::place();
    let guest = Ask::list("", "v1", "pods").mask("metadata(name)").piped(place.path());
    let (ran, _) = run_with_a_change(&server, &guest, 1, || server.compact());
    assert_eq!(ran.gathered().gathered().len(), PODS);
    let warnings = ran.gathered().gatherer("ask")["warnings"].to_string();
    assert!(warnings.contains("parts show different moments"), "{warnings}");
}

/// A list that asks for a page in vain does not look whole.
#[test]
fn a_page_that_is_refused_leaves_an_incomplete_archive() {
    let server = alone();
    let place = tests::place();
    let guest =
        Ask::list("", "v1", "pods").labels("wagather.test/state").mask("metadata(name)").piped(place.path());
    // The role goes between the first page and the second.
    let proxy_client = server.client_of("nobody");
    let binding = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": "wagather-for-a-while"},
        "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "nobody"}],
        "roleRef": {"kind": "ClusterRole", "apiGroup": "rbac.authorization.k8s.io", "name": "wagather-gatherer"},
    });
    server.admin().create(binding, &role);
    let allowed = || proxy_client.get(&format!("{PODS_PATH}?limit=1")).status == 200;
    wait_until(allowed);
    let admin = server.admin().clone();
    let refused = proxy_client.clone();
    let count = AtomicUsize::new(0);
    let proxy = Proxy::start(&proxy_client, move |_| {
        if count.fetch_add(1, Ordering::SeqCst) == 1 {
            admin.delete(&format!("{binding}/wagather-for-a-while"));
            wait_until(|| refused.get(&format!("{PODS_PATH}?limit=1")).status == 403);
        }
    });
    let ran = run(&server, Host::run(guest).server(&proxy.url()).within(LIMIT));
    ran.expect_failure(
        9,
        r#"list /v1/pods: HTTP 403: pods is forbidden: User "nobody" cannot list resource "pods""#,
    );
    let archive = ran.archive.expect("an archive");
    assert_eq!(archive.gathered().len(), 500);
    assert_eq!(archive.gatherer("ask")["status"], "failed");
}

/// The server's authoriser sees a change after a moment.
fn wait_until(condition: impl Fn() -> bool) {
    let begin = std::time::Instant::now();
    while !condition() {
        assert!(begin.elapsed() < LIMIT, "the server did not take notice");
        std::thread::sleep(Duration::from_millis(10));
    }
}
