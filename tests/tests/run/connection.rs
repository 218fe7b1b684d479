//! The cluster and the user of a run: kubectl's options, and kubeconfigs as kubectl reads them.

use std::path::Path;
use tests::archive::{Archive, contains};
use tests::certificates::Authority;
use tests::failing::written;
use tests::host::{Done, Host};
use tests::kubeconfig::{Contexts, Kubeconfig};
use tests::objects::{self, CLUSTER_OPERATORS};
use tests::server::{Answer, Running, Server};
use tests::{place, programs};

const TOKEN: &str = "a-token-that-only-the-server-may-have-0123456789";

fn operators(folder: &Path) -> Host {
    let _ = std::fs::remove_dir_all(folder.join("out"));
    Host::run(programs::guest("cluster-operators")).output(folder.join("out"))
}

fn authorization(server: &Running) -> Option<String> {
    server.seen().last().and_then(|seen| seen.header("authorization").map(str::to_owned))
}

/// A kubeconfig's text with the server's address in the place of SERVER.
fn with(folder: &Path, server: &Running, text: &str) -> Done {
    let path = written(folder, "config", &text.replace("SERVER", &server.url()));
    operators(folder).kubeconfig(path).wait()
}

const HEAD: &str = "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\n";
const CLUSTER: &str = "clusters: [{name: k, cluster: {server: SERVER, insecure-skip-tls-verify: true}}]\n";

#[test]
fn kubeconfigs_as_kubectl_reads_them() {
    let (place, authority) = (place(), Authority::new("ca"));
    let server = objects::server().start_tls(&authority.server("127.0.0.1"));
    let user = format!("users: [{{name: u, user: {{token: {TOKEN}}}}}]\n");
    let old =
        "- name: old\n  user: {exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}}\n";
    let texts = [
        (
            "one that is not chosen is of no concern",
            format!("{HEAD}{CLUSTER}users:\n- {{name: u, user: {{token: {TOKEN}}}}}\n{old}"),
        ),
        (
            "merge keys",
            format!("x-d: &d {{token: {TOKEN}}}\n{HEAD}{CLUSTER}users: [{{name: u, user: {{<<: *d}}}}]\n"),
        ),
        ("a separator at the end", format!("{HEAD}{CLUSTER}{user}---\n")),
        ("the first document", format!("---\n{HEAD}{CLUSTER}{user}---\nkind: Config\n")),
        ("the last of two keys", format!("users: []\n{HEAD}{CLUSTER}{user}")),
        ("booleans of YAML 1.1", format!("{HEAD}{}{user}", CLUSTER.replace("true", "yes"))),
    ];
    for (what, text) in texts {
        let done = with(place.path(), &server, &text);
        assert_eq!(done.code(), 0, "{what}: {}", done.stderr);
        assert_eq!(authorization(&server), Some(format!("Bearer {TOKEN}")), "{what}");
        let warned =
            done.stderr.contains("the last one is used") || done.stderr.contains("only the first one");
        assert_eq!(warned, what.starts_with("the "), "{what}: {}", done.stderr);
    }
    let wide: Vec<u8> = format!("\u{feff}{HEAD}{CLUSTER}{user}")
        .replace("SERVER", &server.url())
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    std::fs::write(place.path().join("wide"), wide).expect("a kubeconfig");
    operators(place.path()).kubeconfig(place.path().join("wide")).wait().expect_success();
}

#[test]
fn a_password_in_a_servers_url_is_shown_nowhere() {
    let (place, authority) = (place(), Authority::new("ca"));
    let server = objects::server().start_tls(&authority.server("127.0.0.1"));
    let url = |login: &str| server.url().replace("://", &format!("://{login}@"));
    let config = |name: &str, login: &str| {
        let cluster = serde_json::json!({"server": url(login), "insecure-skip-tls-verify": true});
        let empty = serde_json::json!({});
        Contexts::new()
            .add_with("a", cluster.clone(), empty.clone())
            .add_with("b", cluster, empty)
            .write(place.path().join(name))
    };
    // It is sent as Go's client sends it…
    let good = config("good", "admin:hunter2-hunter2");
    let done = operators(place.path()).kubeconfig(&good).args(["--context", "a", "-v", "6"]).wait();
    done.expect_success();
    assert_eq!(authorization(&server).as_deref(), Some("Basic YWRtaW46aHVudGVyMi1odW50ZXIy"));
    let archive = Archive::read(place.path().join("out"));
    assert!(!done.stderr.contains("hunter2") && !archive.mentions("hunter2"), "{}", done.stderr);
    // …and no error, dry run or index has it, whether the URL can be used or not.
    let bad = config("bad", "admin:hunter2/hunter2");
    for (config, words) in [(&good, &["--dry-run"][..]), (&bad, &[]), (&good, &[])] {
        let fleet = place.path().join("fleet");
        let _ = std::fs::remove_dir_all(&fleet);
        let done = operators(place.path()).kubeconfig(config).arg("--all-contexts").args(words);
        let done = done.output(&fleet).wait();
        assert!(!done.stderr.contains("hunter2"), "{}", done.stderr);
        assert!(!contains(&done.stdout, b"hunter2"));
        if let Ok(index) = std::fs::read(fleet.join("index.json")) {
            assert!(!contains(&index, b"hunter2"), "{}", String::from_utf8_lossy(&index));
        }
    }
    for server in [url("admin:hunter2"), url("admin:hunter2/x"), "ftp://a:hunter2@b".into()] {
        for words in [&["--dry-run"][..], &[]] {
            let done = operators(place.path()).args(["--server", &server]).args(words).wait();
            assert!(
                !done.stderr.contains("hunter2") && !contains(&done.stdout, b"hunter2"),
                "{}",
                done.stderr
            );
        }
    }
}

#[test]
fn options_over_the_kubeconfig() {
    let (place, authority) = (place(), Authority::new("ca"));
    let ca = written(place.path(), "ca.pem", &authority.pem()).display().to_string();
    let server = objects::server().start_tls(&authority.server("kubernetes"));
    let elsewhere =
        Kubeconfig::new("https://127.0.0.1:1").user("username: a").user("password: b").write(place.path());
    let text = format!(
        "{HEAD}clusters: [{{name: k, cluster: {{server: 'https://127.0.0.1:1'}}}}, {{name: other, cluster: {{server: SERVER, certificate-authority: ca.pem, tls-server-name: kubernetes}}}}]\nusers: [{{name: u, user: {{token: wrong}}}}, {{name: admin, user: {{token: {TOKEN}}}}}]"
    );
    let several =
        written(place.path(), "several", &text.replace("SERVER", &server.url())).display().to_string();
    let elsewhere = elsewhere.display().to_string();
    let file = written(place.path(), "token", TOKEN).display().to_string();
    let url = server.url();
    let trust = ["--certificate-authority", &ca, "--tls-server-name", "kubernetes"];
    for words in [
        &[
            "--kubeconfig",
            &elsewhere,
            "--server",
            &url,
            "--token",
            TOKEN,
            trust[0],
            trust[1],
            trust[2],
            trust[3],
        ][..],
        &["--kubeconfig", &elsewhere, "--server", &url, "--token-file", &file, "--insecure-skip-tls-verify"],
        &["--server", &url, "--token", TOKEN, trust[0], trust[1], trust[2], trust[3]],
        &["--kubeconfig", &several, "--cluster", "other", "--user", "admin"],
    ] {
        let done = operators(place.path()).args(words).wait();
        assert_eq!(done.code(), 0, "{words:?}: {}", done.stderr);
        assert_eq!(authorization(&server), Some(format!("Bearer {TOKEN}")), "{words:?}");
    }
    let words = ["--server", &url, "--insecure-skip-tls-verify", "--as", "a", "--as-uid", "u-1", "-v=6"];
    let done = operators(place.path()).args(words).wait();
    done.expect_success();
    assert_eq!(
        server.seen().last().and_then(|seen| seen.header("impersonate-uid").map(str::to_owned)).as_deref(),
        Some("u-1")
    );
    let told = format!("debug: GET {url}{CLUSTER_OPERATORS}?limit=500: 200 in ");
    assert!(done.stderr.contains(&told), "{told} is not in {}", done.stderr);
    for (words, said) in [
        (&["--kubeconfig", &several, "--cluster", "nope"][..], "unknown cluster \"nope\""),
        (&["--kubeconfig", &several, "--user", "nope"], "unknown user \"nope\""),
        (&["--token", "a", "--token-file", "b"], "--token cannot be used with --token-file"),
        (&["--all-contexts", "--token", "a"], "would be sent to every cluster"),
        (&["--server", &url, "--proxy-url", "ftp://p"], "the scheme ftp is not supported"),
    ] {
        let done = operators(place.path()).args(words).wait();
        assert!(done.code() != 0 && done.stderr.contains(said), "{words:?}: {}", done.stderr);
    }
}

#[test]
fn a_token_of_the_command_line_is_in_no_list_of_processes_and_in_no_sandbox() {
    let (place, authority) = (place(), Authority::new("ca"));
    let server =
        Server::new().on(CLUSTER_OPERATORS, Answer::silence()).start_tls(&authority.server("127.0.0.1"));
    let words =
        ["--server", &server.url(), "--token", TOKEN, "--insecure-skip-tls-verify", "--timeout", "5s"];
    let call = operators(place.path()).args(words).call();
    let begin = std::time::Instant::now();
    while server.seen().is_empty() {
        assert!(begin.elapsed().as_secs() < 20, "nothing was asked");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let id = call.id();
    let read = |path: String| std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert!(!contains(&read(format!("/proc/{id}/cmdline")), TOKEN.as_bytes()));
    assert!(contains(&read(format!("/proc/{id}/cmdline")), b"--token-file=/dev/fd/"));
    assert!(tests::memory::has(id, TOKEN), "what is there is found");
    let children = String::from_utf8(read(format!("/proc/{id}/task/{id}/children"))).expect("numbers");
    let children: Vec<u32> = children.split_whitespace().map(|id| id.parse().expect("a number")).collect();
    assert!(!children.is_empty());
    for child in children {
        // In a container not even root may look into a sandbox.
        assert!(tests::memory::is_closed(child) || !tests::memory::has(child, TOKEN), "a sandbox has it");
    }
    call.wait().expect_code(5);
    assert_eq!(authorization(&server), Some(format!("Bearer {TOKEN}")));
    // The other program does not hide it, and says so.
    let asked = server.seen().len();
    let done = std::process::Command::new(programs::host_min().with_file_name("host-min-admin"))
        .args(["run", "--output", "-"])
        .args(words)
        .arg(programs::guest("cluster-operators"))
        .output()
        .expect("host-min-admin");
    let stderr = String::from_utf8_lossy(&done.stderr);
    assert!(
        done.status.code() == Some(4) && stderr.contains("use 'host-min run', which hides it"),
        "{stderr}"
    );
    assert_eq!(server.seen().len(), asked);
}

#[test]
fn forbidden_is_told_from_unreachable() {
    let place = place();
    for (code, reason, expected) in
        [(401, "Unauthorized", 9), (403, "Forbidden", 9), (404, "NotFound", 5), (500, "InternalError", 5)]
    {
        let server = Server::new().on(CLUSTER_OPERATORS, Answer::status(code, reason, "no")).start();
        operators(place.path()).server(&server.url()).wait().expect_code(expected);
        let _ = std::fs::remove_dir_all(place.path().join("out.incomplete"));
    }
    operators(place.path()).server("http://127.0.0.1:1").wait().expect_code(5);
}

#[test]
fn a_pod_without_a_token_says_so() {
    let place = place();
    let done = operators(place.path())
        .env("KUBERNETES_SERVICE_HOST", "10.96.0.1")
        .env("KUBERNETES_SERVICE_PORT", "443")
        .wait();
    done.expect_code(4);
    assert!(
        done.stderr.contains("no token is mounted") && done.stderr.contains("automountServiceAccountToken"),
        "{}",
        done.stderr
    );
}
