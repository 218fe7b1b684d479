//! Every authentication method of a kubeconfig, valid and invalid.

use super::{OPERATORS, OPERATORS_PATH, Ran, host, run, shared};
use std::path::Path;
use tests::apiserver::{Server, Tunnel};
use tests::host::Host;
use tests::kubeconfig::Kubeconfig;
use tests::programs;

/// What becomes of a run that lists the operators, and of one that lists the pods: nothing said is success.
struct Case {
    kubeconfig: &'static str,
    operators: Option<&'static str>,
    pods: Option<&'static str>,
}

const CASES: &[Case] = {
    const fn well(kubeconfig: &'static str) -> Case {
        Case { kubeconfig, operators: None, pods: None }
    }
    const fn no_pods(kubeconfig: &'static str) -> Case {
        Case { kubeconfig, operators: None, pods: Some(RESTRICTED) }
    }
    const fn neither(kubeconfig: &'static str, why: &'static str) -> Case {
        Case { kubeconfig, operators: Some(why), pods: Some(why) }
    }
    &[
        Case { kubeconfig: "anonymous.yaml", operators: Some(ANONYMOUS), pods: Some("HTTP 403: ") },
        neither("bogus-token.yaml", UNAUTHORIZED),
        well("client-cert-files.yaml"),
        well("client-cert.yaml"),
        well("exec-cert.yaml"),
        well("exec.yaml"),
        no_pods("impersonate.yaml"),
        well("insecure.yaml"),
        Case { kubeconfig: "nobody.yaml", operators: Some("HTTP 403: "), pods: Some(NOBODY) },
        no_pods("restricted-cert.yaml"),
        no_pods("restricted.yaml"),
        well("tls-server-name.yaml"),
        well("token-file.yaml"),
        well("token.yaml"),
        neither("wrong-ca.yaml", "is signed by an unknown authority\n  Set certificate-authority"),
        neither(
            "wrong-server-name.yaml",
            "is not for wrong.wagather.test; it is for localhost, kubernetes.default.svc, api.wagather.test, 127.0.0.1\n  Connect to the name",
        ),
    ]
};

const UNAUTHORIZED: &str = "HTTP 401: Unauthorized\n  the server rejected the credentials: renew them";
const ANONYMOUS: &str = r#"list config.openshift.io/v1/clusteroperators: HTTP 403: clusteroperators.config.openshift.io is forbidden: User "system:anonymous" cannot list resource"#;
const NOBODY: &str =
    r#"list /v1/pods: HTTP 403: pods is forbidden: User "nobody" cannot list resource "pods""#;
const RESTRICTED: &str = r#"list /v1/pods: HTTP 403: pods is forbidden: User "restricted" cannot list resource "pods" in API group "" at the cluster scope
  the account lacks this permission: grant it"#;

fn operators(host: Host, server: &Server) -> Ran {
    run(server, host)
}

fn as_expected(ran: &Ran, why: Option<&str>, what: &str) {
    match why {
        None => {
            assert_eq!(ran.gathered().report()["complete"], true, "{what}");
        }
        Some(why) => {
            // What is refused is told from what is out of reach.
            let is_refused = why.contains("HTTP 403") || why.contains("HTTP 401");
            ran.expect_failure(if is_refused { 9 } else { 5 }, why);
            let archive = ran.archive.as_ref().expect("an archive with the reasons");
            assert_eq!(archive.paths(), ["audit.jsonl", "wagather.json"], "{what}");
        }
    }
}

#[test]
fn every_kubeconfig_does_what_it_should() {
    let server = shared();
    let known: Vec<&str> = CASES.iter().map(|case| case.kubeconfig).collect();
    assert_eq!(server.kubeconfigs(), known, "each kubeconfig of the server has a case");
    for Case { kubeconfig, operators, pods } in CASES {
        for (guest, why) in [("cluster-operators", operators), ("pods", pods)] {
            let ran = run(&server, host(&server, kubeconfig, [programs::guest(guest)]));
            as_expected(&ran, *why, kubeconfig);
            let warned = ran.done.stderr.contains("warning: the server's certificate is not verified");
            assert_eq!(warned, *kubeconfig == "insecure.yaml", "{kubeconfig}:\n{}", ran.done.stderr);
            let warnings = ran.archive.expect("an archive").report()["warnings"].to_string();
            assert_eq!(
                warnings.contains("insecure-skip-tls-verify"),
                *kubeconfig == "insecure.yaml",
                "{warnings}"
            );
        }
    }
}

#[test]
fn one_gatherer_may_what_another_may_not() {
    let server = shared();
    let guests = ["cluster-operators", "pods"].map(programs::guest);
    let ran = run(&server, host(&server, "restricted.yaml", guests));
    ran.expect_failure(9, RESTRICTED);
    let archive = ran.archive.expect("an archive");
    assert_eq!(archive.gatherer("cluster-operators")["status"], "complete");
    assert_eq!(archive.gatherer("pods")["status"], "failed");
    assert_eq!(archive.gathered().len(), OPERATORS);
}

#[test]
fn acting_as_somebody_else() {
    let server = shared();
    let pods = || host(&server, "token.yaml", [programs::guest("pods")]);
    run(&server, pods().args(["--as", "restricted"])).expect_failure(9, RESTRICTED);
    // Only the group makes that user an administrator, so this is the proof that it is sent.
    run(&server, pods().args(["--as", "somebody"])).expect_failure(9, r#"User "somebody" cannot list"#);
    run(&server, pods().args(["--as", "somebody", "--as-group", "ops", "--as-group", "system:masters"]))
        .gathered();
    run(&server, pods().args(["--as-group", "system:masters"])).expect_failure(4, "--as");
    // The command line goes before the file, which says `restricted`.
    let ran =
        run(&server, host(&server, "impersonate.yaml", [programs::guest("pods")]).args(["--as", "nobody"]));
    ran.expect_failure(9, NOBODY);
    let ran =
        run(&server, host(&server, "restricted.yaml", [programs::guest("pods")]).args(["--as", "admin"]));
    ran.expect_failure(9, r#"User "restricted" cannot impersonate"#);
}

/// Context and cluster in one file, users and another context in the next.
#[test]
fn several_files_are_one_configuration() {
    let server = shared();
    let place = tests::place();
    let write = |name: &str, text: String| {
        let path = place.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path
    };
    let (folder, token) = (place.path().join("elsewhere"), server.text("/users/restricted/token"));
    std::fs::create_dir(&folder).expect("a folder");
    std::fs::copy(server.text("/ca"), folder.join("ca.crt")).expect("a copy");
    let first = write(
        "first",
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: mine\nclusters:\n- name: real\n  cluster:\n    server: {}\n    \
             certificate-authority: elsewhere/ca.crt\ncontexts:\n- name: mine\n  context: {{cluster: real, user: admin}}\n",
            server.url()
        ),
    );
    let second = write(
        "second",
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: other\nusers:\n- name: admin\n  user: {{tokenFile: {}}}\n\
             - name: restricted\n  user: {{token: \"{token}\"}}\n\
             contexts:\n- name: other\n  context: {{cluster: real, user: restricted}}\n",
            server.text("/users/admin/token_file")
        ),
    );
    let missing = place.path().join("missing");
    let variable = [&first, &missing, &second].map(|path| path.display().to_string()).join(":");
    let pods = || Host::run(programs::guest("pods")).env("KUBECONFIG", &variable);

    run(&server, pods()).gathered();
    run(&server, pods().args(["--context", "mine"])).gathered();
    run(&server, pods().args(["--context", "other"])).expect_failure(9, RESTRICTED);
    run(&server, pods().args(["--context", "third"])).expect_failure(4, "third");
    // The first file that says something wins.
    let turned = [&second, &first].map(|path| path.display().to_string()).join(":");
    let ran = run(&server, Host::run(programs::guest("pods")).env("KUBECONFIG", &turned));
    ran.expect_failure(9, RESTRICTED);
    // A kubeconfig on the command line is the only one.
    run(&server, pods().kubeconfig(server.kubeconfig("restricted.yaml"))).expect_failure(9, RESTRICTED);
    // The same, found at home.
    let home = place.path().join("home/.kube");
    std::fs::create_dir_all(&home).expect("a folder");
    std::fs::copy(server.kubeconfig("token.yaml"), home.join("config")).expect("a copy");
    run(&server, Host::run(programs::guest("pods")).env("HOME", place.path().join("home"))).gathered();
}

fn with_token_file(server: &Server, port: u16, folder: &Path) -> Kubeconfig {
    Kubeconfig::new(&format!("https://127.0.0.1:{port}"))
        .cluster(format!("certificate-authority: {}", server.text("/ca")))
        .user(format!("tokenFile: {}", folder.join("token").display()))
}

/// A token that the server no longer takes is read again: the file changes after the host has read it (it knows its token
/// before it connects), and before the server has seen that.
#[test]
fn a_token_that_was_renewed_meanwhile() {
    let server = shared();
    let place = tests::place();
    let token = place.path().join("token");
    std::fs::write(&token, "the-token-of-yesterday\n").expect("a file");
    let renewed = server.text("/users/admin/token").to_owned();
    let path = token.clone();
    let tunnel = Tunnel::pass(server.port(), move || std::fs::write(&path, &renewed).expect("a file"));
    let config = with_token_file(&server, tunnel.address().port(), place.path()).write(place.path());
    let ran = operators(Host::run(programs::guest("cluster-operators")).kubeconfig(&config), &server);
    assert_eq!(ran.gathered().gatherer("cluster-operators")["items"], OPERATORS);

    // Without a renewal the refusal stands.
    std::fs::write(&token, "the-token-of-yesterday\n").expect("a file");
    let config = with_token_file(&server, server.port(), place.path()).write(place.path());
    let ran = operators(Host::run(programs::guest("cluster-operators")).kubeconfig(&config), &server);
    ran.expect_failure(9, UNAUTHORIZED);
}

#[test]
fn through_the_proxy_of_a_kubeconfig() {
    let server = shared();
    let place = tests::place();
    let proxy = Tunnel::connect();
    let config = Kubeconfig::new(server.url())
        .cluster(format!("certificate-authority: {}", server.text("/ca")))
        .cluster(format!("proxy-url: http://{}", proxy.address()))
        .user(format!("token: {}", server.text("/users/admin/token")))
        .write(place.path());
    let ran = operators(Host::run(programs::guest("cluster-operators")).kubeconfig(&config), &server);
    assert_eq!(ran.gathered().gathered().len(), server.items(OPERATORS_PATH).len());
    let target = format!("127.0.0.1:{}", server.port());
    assert!(
        !proxy.targets().is_empty() && proxy.targets().iter().all(|asked| *asked == target),
        "{:?}",
        proxy.targets()
    );
}

#[test]
fn what_is_not_there() {
    let server = shared();
    let place = tests::place();
    let kubeconfig = |lines: [&str; 2]| {
        let config =
            Kubeconfig::new(server.url()).cluster(format!("certificate-authority: {}", server.text("/ca")));
        lines.iter().fold(config, |config, line| config.user(*line)).write(place.path())
    };
    let operators = |config: &Path| {
        operators(Host::run(programs::guest("cluster-operators")).kubeconfig(config), &server)
    };
    let exec = "exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: ./absent-plugin}";
    operators(&kubeconfig([exec, ""])).expect_failure(5, "absent-plugin");
    operators(&kubeconfig(["tokenFile: absent-token", ""])).expect_failure(5, "absent-token");
    operators(&kubeconfig(["client-certificate: absent.crt", "client-key: absent.key"]))
        .expect_failure(4, "absent.crt");
    operators(&kubeconfig(["auth-provider: {name: gcp}", ""])).expect_failure(4, "auth-provider");
    operators(&place.path().join("absent")).expect_failure(4, "absent");
}
