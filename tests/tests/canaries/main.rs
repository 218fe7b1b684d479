//! Planted credentials: whatever a guest reads and a server repeats, a run leaves none of them behind.
//!
//! A guest writes everything that it can read, and its whole memory, to the archive and the log. A hostile server
//! repeats the credentials that it received, in every part of an answer that reaches the guest, the archive, a
//! recording or a person. Then the test searches everything. In each run, a harmless word takes the same paths and
//! must be found, because a search proves nothing if the paths are broken.
//!
//! Out of scope: servers that hide what they repeat. A server that knows a credential can encode it in endless ways.
//! These tests check that none gets out by accident or in a plain encoding.

mod echoes;
mod proxies;

use tests::canaries::{Canary, Left, base64};
use tests::certificates::Authority;
use tests::host::{Done, Host};
use tests::hostile::Hostile;
use tests::server::{Answer, List, Running, Server};
use tests::{guest, place, programs};

/// Harmless, and sent back beside every credential.
const MARKER: &str = "harmless-marker-5c1e";

/// Every character that a bearer token may have (RFC 6750, section 2.1).
const TOKEN: &str = "canary+token/31f0~9a.b-c_d==";
/// What could be an object's name as well.
const FILE_TOKEN: &str = "canary-file-token-77d1.e2";
const EXEC_TOKEN: &str = "canary-exec-token-0b9e~4+f/";
const PASSWORD: &str = "canary \"pass\\word\" 8%41&d=ö";
const PLUGIN_SECRET: &str = "canary-plugin-environment-1d2c";
const VARIABLE: &str = "canary-environment-variable-90aa";
const PROXY_PASSWORD: &str = "canary-proxy-password-66e0";

/// A kubeconfig with every kind of credential, one context for each.
struct Planted {
    place: tempfile::TempDir,
    authority: Authority,
    certificate: String,
    key: String,
}

impl Planted {
    fn new() -> Planted {
        let authority = Authority::new("canaries");
        let (certificate, key) = authority.user("canary");
        Planted { place: place(), authority, certificate, key }
    }

    /// Writes the kubeconfig for a server, with a user for each kind of credential; `more` is of the cluster.
    fn kubeconfig(&self, server: &str, more: &str) -> std::path::PathBuf {
        let folder = self.place.path();
        std::fs::write(folder.join("token"), FILE_TOKEN).expect("a file");
        std::fs::write(folder.join("ca.pem"), self.authority.pem()).expect("a file");
        let (certificate, key) = (base64(self.certificate.as_bytes()), base64(self.key.as_bytes()));
        let credential = r#"{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}"#;
        let users = [
            ("token", format!("token: {TOKEN}")),
            ("file", "tokenFile: token".to_owned()),
            ("basic", format!("username: someone\n    password: '{PASSWORD}'")),
            ("key", format!("client-certificate-data: {certificate}\n    client-key-data: {key}")),
            (
                "exec",
                format!(
                    "exec:\n      apiVersion: client.authentication.k8s.io/v1\n      interactiveMode: Never\n      \
                     command: printf\n      args: ['{credential}', '{EXEC_TOKEN}']\n      \
                     env: [{{name: SECRET, value: {PLUGIN_SECRET}}}]"
                ),
            ),
        ];
        let mut text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: token\nclusters:\n- name: it\n  cluster:\n    server: {server}\n{more}contexts:\n"
        );
        for (name, _) in &users {
            text += &format!("- name: {name}\n  context: {{cluster: it, user: {name}}}\n");
        }
        text += "users:\n";
        for (name, user) in &users {
            text += &format!("- name: {name}\n  user:\n    {user}\n");
        }
        let path = folder.join("kubeconfig");
        std::fs::write(&path, text).expect("a file");
        path
    }

    fn canaries(&self) -> Vec<Canary> {
        let line = self.key.lines().nth(1).expect("a key in PEM");
        vec![
            Canary::new("the token", TOKEN),
            Canary::new("the file's token", FILE_TOKEN),
            Canary::new("the plugin's token", EXEC_TOKEN),
            Canary::new("the password", PASSWORD),
            Canary::new("the plugin's environment", PLUGIN_SECRET),
            Canary::new("the environment", VARIABLE),
            Canary::new("the client's key", line),
            Canary::new("the proxy's password", PROXY_PASSWORD),
        ]
    }

    /// Starts a server that credentials are sent to, which they are only over TLS.
    fn start(&self, server: Server) -> Running {
        server.start_tls(&self.authority.server("127.0.0.1"))
    }

    /// A run of the guest that dumps everything, as one of the users.
    fn run(&self, user: &str, server: &Running) -> (Done, Left) {
        self.run_to("archive", user, &server.url(), "    certificate-authority: ca.pem\n")
    }

    /// Takes away what a run left, for the next one.
    fn clear(&self) {
        std::fs::remove_dir_all(self.place.path().join("left")).expect("a folder");
    }

    fn run_to(&self, output: &str, user: &str, server: &str, more: &str) -> (Done, Left) {
        self.run_with(output, user, server, more, |host| host)
    }

    /// The same with more words.
    fn run_with(
        &self,
        output: &str,
        user: &str,
        server: &str,
        more: &str,
        words: impl FnOnce(Host) -> Host,
    ) -> (Done, Left) {
        let hostile = Hostile::read("dumps-everything");
        let module = guest::write(self.place.path(), &hostile.name, &hostile.module);
        let left = self.place.path().join("left");
        std::fs::create_dir_all(&left).expect("a folder");
        let output = if output == "-" { output.into() } else { left.join(output) };
        let host = Host::run_all([module, programs::guest("hello")])
            .kubeconfig(self.kubeconfig(server, more))
            .arg("--context")
            .arg(user)
            .record(left.join("recording.har"))
            .output(output)
            .timeout("20s")
            .env("WAGATHER_CANARY", VARIABLE);
        let done = words(host).wait();
        let left = Left::of(&done, &left);
        (done, left)
    }

    /// Runs against a server that sends back what it is given by `answers`, which gets the `Authorization` header. The marker
    /// must be in the places that are named.
    fn echoed(&self, user: &str, header: &str, answers: impl Fn(&str) -> Server, places: &[&str]) {
        let server = self.start(answers(header));
        let (done, left) = self.run(user, &server);
        let given: Vec<_> =
            server.seen().iter().filter_map(|seen| seen.header("authorization").map(str::to_owned)).collect();
        assert!(!given.is_empty() && given.iter().all(|given| given == header), "the server got {given:?}");
        let found = left.places_of(MARKER);
        for place in places {
            assert!(
                found.iter().any(|found| found.contains(place)),
                "nothing went to {place}, but to {found:?}:\n{}",
                done.stderr
            );
        }
        left.has_none_of(&self.canaries());
    }
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// A server with something to read at every path that the guest asks for.
fn server() -> Server {
    let pod =
        |name: &str| serde_json::json!({"metadata": {"name": name, "namespace": "shop"}, "note": MARKER});
    Server::new()
        .on("/version", Answer::bytes("text/plain", MARKER))
        .on("/healthz", Answer::bytes("text/plain", MARKER))
        .on("/api/v1/namespaces/shop/pods/pod-1", Answer::json(&pod("pod-1")))
        .list("/api/v1/pods", List::new("v1", "PodList", vec![pod("pod-1"), pod("pod-2")]))
        .list("/api/v1/configmaps", List::new("v1", "ConfigMapList", vec![]))
}

#[test]
fn nothing_of_any_credential_is_anywhere_with_an_honest_server() {
    let planted = Planted::new();
    for user in ["token", "file", "basic", "exec"] {
        let server = planted.start(server());
        let (done, left) = planted.run(user, &server);
        done.expect_success();
        assert!(
            server.seen().iter().all(|seen| seen.header("authorization").is_some()),
            "{user} was not logged in"
        );
        assert!(left.places_of(MARKER).len() >= 8, "{:?}", left.places_of(MARKER));
        left.has_none_of(&planted.canaries());
        planted.clear();
    }
}

#[test]
fn the_archive_on_the_standard_output_has_none_either() {
    let planted = Planted::new();
    let server = planted.start(server());
    let (done, left) = planted.run_to("-", "token", &server.url(), "    certificate-authority: ca.pem\n");
    done.expect_success();
    assert!(left.places_of(MARKER).contains(&"stdout"));
    left.has_none_of(&planted.canaries());
}

#[test]
fn a_clients_key_stays_with_the_broker() {
    let planted = Planted::new();
    let server = planted.start(server());
    let (done, left) = planted.run("key", &server);
    done.expect_success();
    left.has_none_of(&planted.canaries());
}

#[test]
fn a_proxys_password_is_not_told() {
    let planted = Planted::new();
    // Nobody listens on the port of a server that is gone.
    let port = server().start().port();
    let gone = format!("    proxy-url: http://someone:{PROXY_PASSWORD}@127.0.0.1:{port}\n");
    let (done, left) = planted.run_to("archive", "token", "http://api.wagather.test", &gone);
    assert!(done.stderr.contains("cannot connect to the proxy"), "{}", done.stderr);
    left.has_none_of(&planted.canaries());
    // One that listens knows nothing of such a path, and says so.
    planted.clear();
    let proxy = server().start();
    let here = format!("    proxy-url: http://someone:{PROXY_PASSWORD}@127.0.0.1:{}\n", proxy.port());
    let (_, left) = planted.run_to("archive", "token", "http://api.wagather.test", &here);
    let proof = base64(format!("someone:{PROXY_PASSWORD}").as_bytes());
    assert!(
        proxy
            .seen()
            .iter()
            .any(|seen| seen.header("proxy-authorization").is_some_and(|given| given.contains(&proof)))
    );
    left.has_none_of(&planted.canaries());
}

/// Configurations that cannot be used: what is said of them quotes no secret.
#[test]
fn what_is_wrong_with_a_configuration_is_told_without_it() {
    let encoded = base64(TOKEN.as_bytes());
    for (user, says) in [
        (format!("token: \"{TOKEN}"), "a quoted string does not end"),
        (format!("token: [{TOKEN}]"), "token must be a text, not a list"),
        (format!("token: {{{TOKEN}: 1}}"), "token must be a text, not a mapping"),
        (format!("token: \"{TOKEN}\\n\\u0001\""), "token"),
        (format!("username: a\n    password: '{PASSWORD}'\n   x: 1"), "expected a key of the mapping"),
        (format!("username: a:b\n    password: '{PASSWORD}'"), "HTTP 404"),
        (
            format!("client-certificate-data: aGVsbG8=\n    client-key-data: {TOKEN}"),
            "client-key-data is not base64",
        ),
        (format!("client-certificate-data: aGVsbG8=\n    client-key-data: {encoded}"), "certificate"),
        (format!("client-certificate: nowhere\n    client-key-data: {encoded}"), "nowhere"),
    ] {
        wrong(&user, "", says);
    }
    let credential = |status: &str| {
        format!(
            r#"printf %s '{{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{status}}}'"#
        )
    };
    for (script, says) in [
        (format!("echo {EXEC_TOKEN}"), "it is not an ExecCredential"),
        (format!(r#"echo '{{"token":"{EXEC_TOKEN}"'"#), "it is not JSON"),
        (format!(r#"echo '{{"token":"{EXEC_TOKEN}"}}'"#), "its apiVersion is"),
        (credential(&format!(r#"{{"token":"{EXEC_TOKEN}\n"}}"#)), "token"),
        (credential(&format!(r#"{{"token":["{EXEC_TOKEN}"]}}"#)), "token"),
        (credential(&format!(r#"{{"clientKeyData":"{EXEC_TOKEN}"}}"#)), "it has only one of"),
        (
            credential(&format!(
                r#"{{"clientKeyData":"{EXEC_TOKEN}","clientCertificateData":"{EXEC_TOKEN}"}}"#
            )),
            "certificate",
        ),
        (format!("exit 1 # {EXEC_TOKEN}"), "failed (exit status: 1)"),
        (format!("test \"$SECRET\" = {PLUGIN_SECRET} && exit 7"), "failed (exit status: 7)"),
    ] {
        let plugin = format!(
            "exec: {{apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: sh, args: [plugin], \
             env: [{{name: SECRET, value: {PLUGIN_SECRET}}}]}}"
        );
        wrong(&plugin, &script, says);
    }
}

/// A run as a user that is no good, which must say that of it.
fn wrong(user: &str, plugin: &str, says: &str) {
    let planted = Planted::new();
    let server = planted.start(Server::new());
    let folder = planted.place.path();
    planted.kubeconfig("", "");
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: it\ncontexts:\n- name: it\n  context: {{cluster: it, user: it}}\n\
         clusters:\n- name: it\n  cluster: {{server: '{}', certificate-authority: ca.pem}}\nusers:\n- name: it\n  user:\n    {user}\n",
        server.url()
    );
    std::fs::write(folder.join("kubeconfig"), text).expect("a file");
    std::fs::write(folder.join("plugin"), plugin).expect("a file");
    let left = folder.join("left");
    std::fs::create_dir(&left).expect("a folder");
    let done = Host::run(programs::guest("cluster-operators"))
        .kubeconfig(folder.join("kubeconfig"))
        .current_folder(folder)
        .output(left.join("archive"))
        .record(left.join("recording.har"))
        .wait();
    assert_ne!(done.code(), 0, "it was used: {user}");
    assert!(done.stderr.contains(says), "'{says}' was not said of {user} {plugin}:\n{}", done.stderr);
    Left::of(&done, &left).has_none_of(&planted.canaries());
}
