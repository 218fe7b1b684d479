//! `host-min open`: archives as API servers.

use super::from::examples;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tests::apiserver::Client;
use tests::archive::Archive;
use tests::host::{Done, Host};
use tests::layouts::{self, must_gather};
use tests::{place, programs};

/// What no end takes, on a busy machine either.
const END_LIMIT: Duration = Duration::from_secs(30);

fn view(words: &[&str], archive: &Path) -> Host {
    Host::of(Command::new(programs::host_min_view())).arg("open").arg(archive).args(words)
}

/// A server that runs.
struct Opened {
    process: Child,
    kubeconfig: PathBuf,
    /// The address of the page: its port and its path.
    page: (u16, String),
}

impl Opened {
    fn start(archive: &Path) -> Opened {
        let mut process = Command::new(programs::host_min_view())
            .arg("open")
            .arg(archive)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program");
        let mut line = String::new();
        let stdout = process.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        let kubeconfig = line.trim().strip_prefix("export KUBECONFIG=").unwrap_or_else(|| panic!("{line}"));
        // It was said before.
        let mut said = BufReader::new(process.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
        let page = said.find_map(|line| {
            let (port, path) = line.split_once("http://127.0.0.1:")?.1.split_once('/')?;
            Some((port.parse().ok()?, format!("/{path}")))
        });
        let page = page.expect("the address of the page");
        Opened { process, kubeconfig: kubeconfig.into(), page }
    }

    /// The text at a pointer of the kubeconfig.
    fn text(&self, pointer: &str) -> String {
        let config: Value =
            serde_json::from_slice(&std::fs::read(&self.kubeconfig).expect("a kubeconfig")).expect("JSON");
        config.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer}")).to_owned()
    }

    fn client(&self) -> Client {
        let server = self.text("/clusters/0/cluster/server");
        let port = server.strip_prefix("https://127.0.0.1:").and_then(|port| port.parse().ok());
        let authority = self.text("/clusters/0/cluster/certificate-authority-data");
        let authority = wagather_base::base64::decode(&authority).expect("base64");
        Client::new(port.unwrap_or_else(|| panic!("{server}")), &authority, &self.text("/users/0/user/token"))
    }

    /// What the port of the page answers, as text. The path comes with the version, and with what follows it.
    fn ask_page(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.page.0)).expect("a port");
        stream.write_all(format!("{request}\r\nConnection: close\r\n\r\n").as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    /// Sends a signal, and waits for the end.
    fn end(mut self, signal: &str) -> Option<i32> {
        let pid = self.process.id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &pid]).status().expect("kill");
        assert!(sent.success());
        let begin = Instant::now();
        while begin.elapsed() < END_LIMIT {
            if let Some(status) = self.process.try_wait().expect("a child") {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it did not end after {signal}");
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn gatherers_find_at_an_open_archive_what_they_find_in_it() {
    let place = place();
    let path = |name: &str| place.path().join(name);
    for (layout, make) in layouts::WHOLE {
        make(&path(layout));
        let from = Host::run_all(examples()).arg("--from").arg(path(layout)).output(path("from")).wait();
        let host = programs::host_min();
        let words = ["--exec", "--", host.to_str().expect("UTF-8"), "run"];
        let done = view(&words, &path(layout)).args(examples()).output(path("open")).wait();
        assert_eq!(done.code(), from.code(), "{}", done.stderr);
        let [from, open] = ["from", "open"].map(|name| Archive::read(path(name)));
        assert_eq!(open.gathered(), from.gathered(), "{layout}");
        assert!(open.gathered().len() > 30, "{layout}");
        for name in ["from", "open"] {
            std::fs::remove_dir_all(path(name)).expect("ours");
        }
    }
}

#[test]
fn a_server_is_for_this_user_and_ends_with_a_signal() {
    let place = place();
    must_gather(place.path());
    for signal in ["INT", "TERM"] {
        let server = Opened::start(place.path());
        let client = server.client();
        let answer = client.get("/api/v1/pods?limit=1");
        assert_eq!((answer.status, &answer.json()["kind"]), (200, &Value::from("PodList")));
        for path in ["/api/v1/pods", "/version", "/"] {
            assert_eq!(client.with_token("wrong").get(path).status, 401, "{path}");
        }
        let patch = client.apply("/api/v1/namespaces/shop/pods/web", "{}");
        assert_eq!((patch.status, &patch.json()["reason"]), (405, &Value::from("MethodNotAllowed")));
        let folder = server.kubeconfig.parent().expect("a folder").to_owned();
        assert!(folder.is_dir());
        assert_eq!(server.end(signal), Some(0));
        assert!(!folder.exists(), "{}", folder.display());
    }
}

#[test]
fn the_page_has_an_address_of_its_own_that_opens_nothing_else() {
    let place = place();
    must_gather(place.path());
    let server = Opened::start(place.path());
    let path = &*server.page.1;
    let ask = |path: &str, more: &str| {
        let answer = server.ask_page(&format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1{more}"));
        answer
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse::<u16>().ok())
            .unwrap_or_else(|| panic!("{answer}"))
    };
    assert_eq!(path.len(), 66, "{path}");
    assert_eq!(ask(path, ""), 200);
    let answer = server.ask_page(&format!("GET {path} HTTP/1.1\r\nHost: localhost"));
    assert!(
        answer.contains("<!doctype html>") && answer.contains("referrer-policy: no-referrer"),
        "{answer}"
    );
    assert!(!answer.contains("set-cookie") && !answer.contains("access-control"), "{answer}");
    // Without the whole path there is nothing, whoever has the token of the API server.
    let token = format!("\r\nAuthorization: Bearer {}", server.text("/users/0/user/token"));
    for other in ["/", "/api/v1/pods", "/version", &path[..65], &path[..40]] {
        let expected = if other == &path[..65] { 200 } else { 404 };
        assert_eq!(ask(other, &token), expected, "{other}");
    }
    // Pages of others do not reach it: by another name, or from another site.
    assert_eq!(ask(path, "\r\nSec-Fetch-Site: cross-site"), 403);
    assert_eq!(ask(path, "\r\nOrigin: http://evil.example"), 403);
    let renamed = server.ask_page(&format!("GET {path} HTTP/1.1\r\nHost: evil.example"));
    assert!(!renamed.contains("<!doctype html>"), "{renamed}");
    // The API server does not know the page, with its token or without.
    assert_eq!(server.client().with_token("wrong").get(path).status, 401);
    assert_eq!(server.client().get(path).status, 404);
    assert_eq!(server.end("TERM"), Some(0));
}

#[test]
fn a_command_gets_the_kubeconfig_and_gives_the_exit_code() {
    let place = place();
    must_gather(place.path());
    let run = |script: &str| view(&["--exec", "--", "sh", "-c", script], place.path()).wait();
    let done: Done = run("echo $KUBECONFIG; cat $KUBECONFIG; exit 42");
    assert_eq!(done.code(), 42, "{}", done.stderr);
    let said = done.stdout_text();
    let (path, config) = said.split_once('\n').expect("two parts");
    let config: Value = serde_json::from_str(config).expect("JSON");
    assert_eq!(config["current-context"], "archive");
    assert!(!Path::new(path).exists(), "{path} is left");
    assert_eq!(run("kill -9 $$").code(), 137);
    let done = view(&["--exec", "--", "there-is-no-such-program"], place.path()).wait();
    assert_eq!(done.code(), 4, "{}", done.stderr);
    assert!(done.stderr.contains("error: cannot run there-is-no-such-program"), "{}", done.stderr);
    assert_eq!(view(&["--exec"], place.path()).wait().code(), 2);
}

/// As clients other than kubectl ask, on a connection.
#[test]
fn clients_are_told_what_there_is_and_what_was_not_gathered() {
    let place = place();
    must_gather(place.path());
    let server = Opened::start(place.path());
    let client = server.client();
    let review = |attributes: Value| {
        let review = serde_json::json!({"spec": {"resourceAttributes": attributes}});
        let target = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        let answer = client.send("POST", target, "application/json", Some(&review));
        assert_eq!(answer.status, 201, "{attributes}");
        answer.json()["status"].clone()
    };
    let review = |resource: &str| review(serde_json::json!({"verb": "list", "resource": resource}));
    assert_eq!(review("pods")["allowed"], true);
    let secrets = review("secrets");
    assert_eq!(secrets["allowed"], false);
    let reason = secrets["reason"].as_str().expect("a reason");
    assert!(reason.starts_with("secrets were not gathered"), "{reason}");
    assert_eq!(client.get("/version/").body, client.get("/version").body);
    assert_eq!(client.get("/api/v1/nodes/").status, 200);
    // This archive has logs without the times of their lines.
    let crashed =
        client.get("/api/v1/pods").json()["items"].as_array().expect("pods").iter().find_map(|pod| {
            let [namespace, name] = ["namespace", "name"].map(|field| pod["metadata"][field].as_str());
            let log =
                format!("/api/v1/namespaces/{}/pods/{}/log?container=main&previous=true", namespace?, name?);
            (client.get(&log).status == 200).then_some(log)
        });
    let crashed = crashed.expect("a pod with a previous log");
    let [plain, timed] = ["", "&timestamps=true"]
        .map(|more| String::from_utf8(client.get(&format!("{crashed}{more}")).body).expect("text"));
    assert!(plain.lines().count() > 3, "{plain}");
    let expected: String =
        plain.split_inclusive('\n').map(|line| format!("0001-01-01T00:00:00Z {line}")).collect();
    assert_eq!(timed, expected);
    assert_eq!(server.end("TERM"), Some(0));
}

#[test]
fn what_is_no_archive_is_not_served() {
    let place = place();
    let done = view(&[], place.path()).wait();
    assert_eq!(done.code(), 4, "{}", done.stderr);
    assert!(done.stderr.contains("it has no objects of a cluster"), "{}", done.stderr);
    let done = view(&[], &place.path().join("missing")).wait();
    assert_eq!(done.code(), 4, "{}", done.stderr);
}
