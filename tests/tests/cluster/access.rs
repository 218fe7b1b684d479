//! `--check-access`: the host asks the server for the account's permissions first.

use super::{host, run, shared};
use tests::host::left_in;
use tests::{place, programs};

#[test]
fn what_would_be_forbidden_is_listed_and_nothing_is_gathered() {
    let server = shared();
    let place = place();
    let output = place.path().join("out");
    let guests = ["cluster-operators", "pods", "hello"].map(programs::guest);
    let done = host(&server, "restricted.yaml", guests).args(["--check-access"]).output(&output).wait();
    done.expect_code(9);
    let allowed = "cluster-operators: list config.openshift.io/v1/clusteroperators";
    assert!(done.stderr.contains("pods: list v1/pods"), "{}", done.stderr);
    assert!(!done.stderr.contains(allowed), "{}", done.stderr);
    assert_eq!(left_in(place.path()), Vec::<String>::new(), "nothing was gathered");
}

#[test]
fn an_account_that_may_do_it_all_gathers() {
    let server = shared();
    for kubeconfig in ["token.yaml", "client-cert.yaml", "exec.yaml"] {
        let guests = ["cluster-operators", "pods"].map(programs::guest);
        let ran = run(&server, host(&server, kubeconfig, guests).args(["--check-access"]));
        assert_eq!(ran.gathered().report()["complete"], true, "{kubeconfig}");
    }
}
