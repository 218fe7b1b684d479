//! Which processes have the kubeconfig's secrets in memory: those of the clusters, but not the one that they are
//! forked from.

use super::{operators, silent};
use serde_json::json;
use tests::certificates::Authority;
use tests::kubeconfig::Contexts;
use tests::memory::has;
use tests::processes::{children, until};

const TOKEN: &str = "a-token-that-only-a-cluster-may-have-0123456789";

#[test]
fn the_process_that_all_others_are_copies_of_has_no_credentials() {
    let (place, authority) = (tests::place(), Authority::new("the authority"));
    std::fs::write(place.path().join("ca.pem"), authority.pem()).expect("a certificate");
    let server = silent().start_tls(&authority.server("127.0.0.1"));
    let cluster = || json!({ "server": server.url(), "certificate-authority": "ca.pem" });
    let kubeconfig = Contexts::new()
        .add_with("one", cluster(), json!({ "token": TOKEN }))
        .add_with("two", cluster(), json!({ "token": TOKEN }))
        .write(place.path().join("config"));
    let host = operators(&kubeconfig).args(["--all-contexts"]).output(place.path().join("fleet"));
    let started = host.timeout("5s").call();
    until("both were asked", || server.seen().len() == 2);
    assert!(!has(started.id(), TOKEN), "a sandbox could be a copy of this");
    assert!(has(started.id(), "--all-contexts"), "what is there is found");
    for cluster in children(started.id()) {
        assert!(has(cluster, TOKEN), "what is there is found");
    }
    started.wait().expect_code(5);
}
