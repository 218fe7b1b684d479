//! Planted credentials: whatever a guest reads and a server sends back, none of them is in what a run leaves behind.
//!
//! A guest puts all that it can read, and its whole memory, into the archive and the log; a hostile server sends the
//! credentials back that it was given, in every place that reaches guest, archive, recording or a person. Then everything is
//! searched. In each run a harmless word goes the same ways, and must be found: a search that finds nothing because nothing
//! was there proves nothing.
//!
//! Not here: servers that hide what they send back. One that knows a credential can write it in endless ways; what is
//! held here is that none gets out by accident or by the plainest of tricks.

use tests::canaries::{Canary, Left, base64, json_escaped};
use tests::certificates::Authority;
use tests::host::{Done, Host};
use tests::hostile::Hostile;
use tests::server::{Answer, Framing, List, Running, Server};
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
        let hostile = Hostile::read("dumps-everything");
        let module = guest::write(self.place.path(), &hostile.name, &hostile.module);
        let left = self.place.path().join("left");
        std::fs::create_dir_all(&left).expect("a folder");
        let output = if output == "-" { output.into() } else { left.join(output) };
        let done = Host::run_all([module, programs::guest("hello")])
            .kubeconfig(self.kubeconfig(server, more))
            .arg("--context")
            .arg(user)
            .record(left.join("recording.har"))
            .output(output)
            .timeout("20s")
            .env("WAGATHER_CANARY", VARIABLE)
            .wait();
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

fn text(body: String) -> Answer {
    Answer::bytes("text/plain", format!("{MARKER} {body} {MARKER}"))
}

/// A raw body that says what it was asked with, and where it goes to.
fn in_a_body(header: &str) -> Server {
    server().on("/version", text(header.into()))
}

const BODY_PLACES: &[&str] = &[
    "dumps-everything/raw",
    "dumps-everything/piped",
    "dumps-everything/memory",
    "recording.har",
    "the standard error",
];

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
    assert!(left.places_of(MARKER).contains(&"the standard output"));
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
fn in_a_body_by_token() {
    Planted::new().echoed("token", &bearer(TOKEN), in_a_body, BODY_PLACES);
}

#[test]
fn in_a_body_by_token_file() {
    Planted::new().echoed("file", &bearer(FILE_TOKEN), in_a_body, BODY_PLACES);
}

#[test]
fn in_a_body_by_plugin() {
    Planted::new().echoed("exec", &bearer(EXEC_TOKEN), in_a_body, BODY_PLACES);
}

#[test]
fn in_a_body_by_password() {
    let header = format!("Basic {}", base64(format!("someone:{PASSWORD}").as_bytes()));
    let planted = Planted::new();
    planted.echoed("basic", &header, in_a_body, BODY_PLACES);
    planted.clear();
    planted.echoed(
        "basic",
        &header,
        |_| server().on("/version", text(format!("someone:{PASSWORD}"))),
        BODY_PLACES,
    );
}

#[test]
fn in_base64() {
    for what in
        [TOKEN.to_owned(), bearer(TOKEN), format!("a{TOKEN}"), format!("Authorization: {}", bearer(TOKEN))]
    {
        let answers = |_: &str| server().on("/version", text(base64(what.as_bytes())));
        Planted::new().echoed("token", &bearer(TOKEN), answers, BODY_PLACES);
    }
}

#[test]
fn over_the_ends_of_chunks() {
    for bytes in [1, 7, 16] {
        let answers = |header: &str| {
            let body = format!("{} {header} {}", "x".repeat(5000), header.repeat(3));
            let answer = text(body).framed(Framing::Chunked);
            server().on("/version", answer.drip(bytes, std::time::Duration::ZERO))
        };
        Planted::new().echoed("token", &bearer(TOKEN), answers, BODY_PLACES);
    }
}

/// At every place around the ends of the pieces in which a body may be read: a power of two, from the guest's or the host's
/// buffers.
#[test]
fn over_the_ends_of_buffers() {
    let answers = |header: &str| {
        let mut body = MARKER.to_owned();
        for end in [512, 4096, 8192, 16 << 10, 64 << 10, 256 << 10] {
            body += &"x".repeat(end - body.len() - header.len() / 2);
            body += header;
        }
        server().on("/version", Answer::bytes("text/plain", body))
    };
    Planted::new().echoed("token", &bearer(TOKEN), answers, BODY_PLACES);
}

#[test]
fn in_an_error_that_the_guest_reads() {
    let answers = |header: &str| {
        let message = format!("{MARKER}: {header} may not");
        server().on("/healthz", Answer::status(403, "Forbidden", &message))
    };
    Planted::new().echoed("token", &bearer(TOKEN), answers, &["dumps-everything/refused", "recording.har"]);
}

#[test]
fn in_an_error_that_the_host_tells() {
    for is_status in [true, false] {
        let answers = |header: &str| {
            let message = format!("{MARKER}: {header} may not");
            let answer = if is_status {
                Answer::status(403, "Forbidden", &message)
            } else {
                text(message).with_status(500)
            };
            server().on("/api/v1/configmaps", answer)
        };
        let places = ["recording.har", "archive/wagather.json", "the standard error"];
        Planted::new().echoed("token", &bearer(TOKEN), answers, &places);
    }
}

#[test]
fn in_fields_of_items() {
    let answers = |header: &str| {
        let item = |name: &str| {
            let metadata =
                serde_json::json!({"name": name, "namespace": "shop", "annotations": {header: MARKER}});
            serde_json::json!({"metadata": metadata, "data": [header, {"auth": format!("{MARKER} {header}")}]})
        };
        let pods = vec![item("pod-1"), item("pod-2")];
        server()
            .list("/api/v1/pods", List::new("v1", "PodList", pods))
            .on("/api/v1/namespaces/shop/pods/pod-1", Answer::json(&item("pod-1")))
    };
    let places = [
        "dumps-everything/items",
        "dumps-everything/object",
        "namespaces/shop/core/pods/pod-2.json",
        "recording.har",
    ];
    Planted::new().echoed("token", &bearer(TOKEN), answers, &places);
}

/// A password has characters that JSON escapes.
#[test]
fn in_fields_of_items_escaped() {
    let header = format!("Basic {}", base64(format!("someone:{PASSWORD}").as_bytes()));
    let answers = |_: &str| {
        let body = format!(
            r#"{{"metadata":{{"name":"pod-1","namespace":"shop"}},"a":"{MARKER}","b":"{}","c":"{}"}}"#,
            json_escaped(PASSWORD),
            json_escaped(&json_escaped(PASSWORD)),
        );
        server().on("/api/v1/namespaces/shop/pods/pod-1", Answer::bytes("application/json", body))
    };
    Planted::new().echoed("basic", &header, answers, &["dumps-everything/object", "recording.har"]);
}

/// A name becomes a file's.
#[test]
fn in_names_of_objects() {
    let answers = |_: &str| {
        let item = serde_json::json!({"metadata": {"name": FILE_TOKEN, "namespace": "shop"}, "note": MARKER});
        server().list("/api/v1/pods", List::new("v1", "PodList", vec![item]))
    };
    Planted::new().echoed("file", &bearer(FILE_TOKEN), answers, &["dumps-everything/items", "recording.har"]);
}

/// A token to go on with is sent again, and is part of a recorded URL.
#[test]
fn in_continue_tokens() {
    let answers = |header: &str| {
        let page = |token: &str| {
            let metadata = serde_json::json!({"continue": token, "resourceVersion": "1"});
            let items =
                [serde_json::json!({"metadata": {"name": "pod-1", "namespace": "shop"}, "note": MARKER})];
            Answer::json(
                &serde_json::json!({"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": items}),
            )
        };
        // Twice two pages: for the items, and for the pipe.
        let list = List::new("v1", "PodList", vec![]);
        let list =
            list.page_is(1, page(header)).page_is(2, page("")).page_is(3, page(TOKEN)).page_is(4, page(""));
        server().list("/api/v1/pods", list)
    };
    Planted::new().echoed("token", &bearer(TOKEN), answers, &["dumps-everything/items", "recording.har"]);
}

#[test]
fn in_fresh_tokens_of_lists_that_are_too_old() {
    let answers = |header: &str| {
        let page = serde_json::json!({"kind": "PodList", "apiVersion": "v1", "metadata": {"continue": "old"}, "items": [{"metadata": {"name": "pod-1"}, "note": MARKER}]});
        let mut too_old = serde_json::json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "code": 410, "message": MARKER});
        too_old["metadata"]["continue"] = header.into();
        let mut list = List::new("v1", "PodList", vec![]);
        for number in [1, 4] {
            list = list
                .page_is(number, Answer::json(&page))
                .page_is(number + 1, Answer::json(&too_old).with_status(410));
        }
        server().list("/api/v1/pods", list)
    };
    Planted::new().echoed("token", &bearer(TOKEN), answers, &["dumps-everything/items", "recording.har"]);
}

#[test]
fn in_heads_of_answers() {
    let answers = |header: &str| {
        // A test's head may live as long as the test.
        let head = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
        let echo = head(format!("text/{MARKER}; charset={header}"));
        let fields = head(format!(
            "text/plain\r\nX-Echo: {header}\r\nSet-Cookie: {header}\r\nWarning: 299 - \"{header}\""
        ));
        let broken = head(format!("text/plain\r\nTransfer-Encoding: {header}"));
        server()
            .on("/version", Answer::bytes(echo, MARKER))
            .on("/healthz", Answer::bytes(fields, MARKER))
            .on("/api/v1/configmaps", Answer::bytes(broken, MARKER))
    };
    Planted::new().echoed("token", &bearer(TOKEN), answers, &["dumps-everything/raw", "recording.har"]);
}

#[test]
fn no_redirect_is_followed_and_none_is_told() {
    let elsewhere = server().start();
    let answers = |header: &str| {
        let location = format!("{}/version?{}", elsewhere.url(), header.replace(' ', "+"));
        let answer = || Answer::redirect(&location);
        server().on("/version", answer()).on("/healthz", answer()).on("/api/v1/configmaps", answer())
    };
    Planted::new().echoed("token", &bearer(TOKEN), answers, &["dumps-everything/items"]);
    assert_eq!(elsewhere.seen(), [], "a redirect was followed");
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
        (format!("token: \"{TOKEN}"), "while scanning a quoted scalar"),
        (format!("token: [{TOKEN}]"), "token must be a text, not a list"),
        (format!("token: {{{TOKEN}: 1}}"), "token must be a text, not a mapping"),
        (format!("token: \"{TOKEN}\\n\\u0001\""), "token"),
        (format!("username: a\n    password: '{PASSWORD}'\n   x: 1"), "while parsing a block mapping"),
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
        (format!("echo {EXEC_TOKEN}"), "it is not JSON"),
        (format!(r#"echo '{{"token":"{EXEC_TOKEN}"}}'"#), "it is not an ExecCredential"),
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

/// A body that breaks off in the middle of a credential has a part of one, which is not searched for; the rest of the run is.
#[test]
fn in_a_body_that_breaks_off() {
    let answers = |header: &str| server().on("/version", text(format!("{header} {header}")).cut_after(100));
    Planted::new().echoed("token", &bearer(TOKEN), answers, &["recording.har"]);
}
