//! Other routes to the server: an authenticating proxy, and a server that the command line names.

use super::{OPERATORS, PODS, host, run, shared};
use serde_json::json;
use tests::apiserver::Proxy;
use tests::host::Host;
use tests::programs;

#[test]
fn behind_a_proxy_that_logs_in_no_kubeconfig_is_needed() {
    let server = shared();
    let proxy = Proxy::start(server.admin(), |_| {});
    let guests = ["cluster-operators", "pods"].map(programs::guest);
    let ran = run(&server, Host::run_all(guests).server(&proxy.url()));
    assert_eq!(ran.gathered().gatherer("cluster-operators")["items"], OPERATORS);
    assert_eq!(ran.gathered().gatherer("pods")["items"], PODS);
    assert_eq!(ran.gathered().report()["source"], json!(proxy.url()));
    assert_eq!(proxy.heads().len(), 4);
    for head in proxy.heads() {
        assert!(head.starts_with("GET ") && head.contains("\r\nAccept: application/json\r\n"), "{head}");
        assert!(!head.to_lowercase().contains("authorization"), "{head}");
    }
}

#[test]
fn a_server_on_the_command_line_goes_before_the_kubeconfigs() {
    let server = shared();
    let by_name = format!("https://localhost:{}", server.port());
    let ran =
        run(&server, host(&server, "token.yaml", [programs::guest("cluster-operators")]).server(&by_name));
    assert_eq!(ran.gathered().report()["source"], by_name);
    // The configured authority holds for it too.
    let ran =
        run(&server, host(&server, "wrong-ca.yaml", [programs::guest("cluster-operators")]).server(&by_name));
    ran.expect_failure(5, "unknown authority");
}

#[test]
fn a_server_alone_brings_no_credentials() {
    let server = shared();
    let ran = run(&server, Host::run(programs::guest("cluster-operators")).server(server.url()));
    ran.expect_failure(5, "unknown authority");
    let ran = run(
        &server,
        Host::run(programs::guest("cluster-operators"))
            .server(&format!("http://127.0.0.1:{}", server.port())),
    );
    ran.expect_failure(5, "HTTP 400: Client sent an HTTP request to an HTTPS server.");
}
