//! Who has the kubeconfig's secrets in its memory: the processes of the clusters, and not the one that all others are copies of.

use super::{operators, silent};
use serde_json::json;
use std::os::unix::fs::FileExt;
use tests::archive::contains;
use tests::certificates::Authority;
use tests::kubeconfig::Contexts;
use tests::processes::{children, until};

const TOKEN: &str = "a-token-that-only-a-cluster-may-have-0123456789";

/// Whether a process has a text somewhere in its memory.
fn has_in_memory(process: u32, text: &str) -> bool {
    let regions = std::fs::read_to_string(format!("/proc/{process}/maps")).expect("its regions");
    let memory = std::fs::File::open(format!("/proc/{process}/mem")).expect("its memory");
    regions.lines().filter(|line| line.contains(" rw")).any(|line| {
        let (begin, rest) = line.split_once('-').expect("a begin");
        let (end, _) = rest.split_once(' ').expect("an end");
        let [begin, end] = [begin, end].map(|address| u64::from_str_radix(address, 16).expect("an address"));
        let mut bytes = vec![0; usize::try_from(end - begin).expect("a size")];
        memory.read_exact_at(&mut bytes, begin).is_ok() && contains(&bytes, text.as_bytes())
    })
}

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
    assert!(!has_in_memory(started.id(), TOKEN), "a sandbox could be a copy of this");
    assert!(has_in_memory(started.id(), "--all-contexts"), "what is there is found");
    for cluster in children(started.id()) {
        assert!(has_in_memory(cluster, TOKEN), "what is there is found");
    }
    started.wait().expect_code(5);
}
