//! The host as in a pod: the service account's files in their folder, the server in two environment variables.
//!
//! The folder is absolute, so the host runs in a separate mount namespace, and the machine's files do not change.
//! This needs `unshare` (util-linux) and the permission to use it: root, or unprivileged user namespaces.

use super::{OPERATORS, PODS, Ran, run, shared};
use std::path::Path;
use std::process::Command;
use tests::apiserver::Server;
use tests::host::Host;
use tests::programs;

/// An empty `/var/run` (which may be a link to `/run`), and the files in it.
const LAY_OUT: &str = r#"mount -t tmpfs tmpfs /var/run/ && mkdir -p /var/run/secrets/kubernetes.io/serviceaccount &&
    mount --bind "$FILES" /var/run/secrets/kubernetes.io/serviceaccount && unset FILES && exec "$@""#;

/// The command before which all is as in a pod.
fn pod() -> Command {
    let mut why = String::new();
    for flags in [&["--mount"][..], &["--user", "--map-root-user", "--mount"]] {
        let tried =
            Command::new("unshare").args(flags).args(["mount", "-t", "tmpfs", "tmpfs", "/var/run/"]).output();
        match tried {
            Ok(output) if output.status.success() => {
                let mut command = Command::new("unshare");
                command.args(flags).args(["sh", "-c", LAY_OUT, "pod"]);
                return command;
            }
            Ok(output) => why += &String::from_utf8_lossy(&output.stderr),
            Err(error) => why += &format!("unshare: {error}\n"),
        }
    }
    panic!(
        "no mount namespace can be made for the in-cluster tests:\n{why}run them as root with CAP_SYS_ADMIN, or install \
         util-linux and allow user namespaces (sysctl kernel.unprivileged_userns_clone=1)"
    )
}

fn in_pod(server: &Server, files: &Path, guests: &[&str]) -> Ran {
    let words =
        ["run".into()].into_iter().chain(guests.iter().map(|name| programs::guest(name).into_os_string()));
    let host = Host::through(pod(), words)
        .env("FILES", files)
        .env("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        .env("KUBERNETES_SERVICE_PORT", server.port().to_string());
    run(server, host)
}

#[test]
fn a_pod_uses_its_service_account() {
    let server = shared();
    let files = Path::new(server.text("/service_account/dir"));
    let ran = in_pod(&server, files, &["cluster-operators", "pods"]);
    assert_eq!(ran.gathered().gatherer("cluster-operators")["items"], OPERATORS);
    assert_eq!(ran.gathered().gatherer("pods")["items"], PODS);
    assert_eq!(ran.gathered().report()["source"], server.url());
}

#[test]
fn a_pod_whose_account_is_not_known() {
    let server = shared();
    let place = tests::place();
    std::fs::write(place.path().join("token"), "no-token-of-this-server").expect("a file");
    std::fs::copy(server.text("/ca"), place.path().join("ca.crt")).expect("a copy");
    in_pod(&server, place.path(), &["cluster-operators"]).expect_failure(9, "HTTP 401: Unauthorized");
    // Another authority: the pod of another cluster.
    let wrong = Path::new(server.text("/ca")).with_file_name("wrong-ca.crt");
    std::fs::copy(wrong, place.path().join("ca.crt")).expect("a copy");
    in_pod(&server, place.path(), &["cluster-operators"]).expect_failure(5, "unknown authority");
    std::fs::remove_file(place.path().join("ca.crt")).expect("a file");
    in_pod(&server, place.path(), &["cluster-operators"]).expect_failure(4, "ca.crt, cannot be read");
}

#[test]
fn what_is_no_pod() {
    let server = shared();
    let host = Host::run(programs::guest("cluster-operators"));
    run(&server, host).expect_failure(4, "cannot find a cluster: there is no kubeconfig");
}
