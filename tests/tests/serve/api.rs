//! The HTTP API of the program. Its routes are tested in the crate, and by others' programs with `make test-serve`.

use super::{NOTHING, write};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use tests::host::Host;
use tests::{place, programs, workspace};

/// A configuration of one gatherer, with these lines.
pub(super) fn configured(place: &Path, lines: &str) -> PathBuf {
    write(place, "idle", NOTHING);
    let file = place.join("serve.yaml");
    let text = "apiVersion: wagather/v1\nkind: Service\ncluster: {server: 'http://127.0.0.1:9'}\ngatherers: [{module: idle.wasm}]";
    std::fs::write(&file, format!("{text}\n{lines}\n")).expect("a file");
    file
}

/// The program while it serves. It is killed with the test.
pub(super) struct Serving(Child, BufReader<ChildStderr>);

impl Serving {
    /// Starts it, and gives the addresses that it says it listens on.
    pub(super) fn start(command: &mut Command) -> (Serving, Vec<String>) {
        command.args(["--log-format", "json"]).env("LC_ALL", "C").stderr(Stdio::piped());
        let mut child = command.spawn().expect("the service");
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe"));
        let mut line = String::new();
        lines.read_line(&mut line).expect("a line");
        let serving = Serving(child, lines);
        let started: serde_json::Value = serde_json::from_str(&line).expect(&line);
        assert_eq!(started["event"], "started", "{line}");
        let addresses = started["addresses"].as_array().expect("addresses").iter();
        (serving, addresses.map(|address| address.as_str().expect("text").to_owned()).collect())
    }

    /// Its process.
    pub(super) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Ends it as the service manager does.
    pub(super) fn end(mut self) {
        tests::processes::send("TERM", self.0.id());
        let mut rest = String::new();
        self.1.read_to_string(&mut rest).expect("lines");
        assert!(self.0.wait().expect("an end").success(), "{rest}");
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A response to a request on the socket: the head and the body.
pub(super) fn ask(socket: &Path, head: &str, body: &str) -> (String, Vec<u8>) {
    let mut stream = UnixStream::connect(socket).expect("a service");
    let len = body.len();
    let request =
        format!("{head}\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {len}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).expect("a service that reads");
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).expect("a response");
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a head") + 4;
    (String::from_utf8_lossy(&bytes[..end]).into_owned(), bytes.split_off(end))
}

/// Runs the gatherer by the API, and gives the run.
pub(super) fn run_of(socket: &Path) -> serde_json::Value {
    let head = "POST /v1/runs HTTP/1.1\r\nContent-Type: application/json";
    let (head, body) = ask(socket, head, r#"{"gatherer":"idle","waitSeconds":60}"#);
    let body = String::from_utf8_lossy(&body);
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}{body}");
    serde_json::from_str(&body).expect("JSON")
}

#[test]
fn runs_are_started_and_archives_fetched_on_the_socket_beside_them() {
    let place = place();
    let mut command = Command::new(programs::host_min_serve());
    command.arg(configured(place.path(), ""));
    let (served, addresses) = Serving::start(&mut command);
    let socket = place.path().join("archives/api.sock");
    assert_eq!(addresses, [format!("unix:{}", socket.display())]);
    let run = run_of(&socket);
    assert_eq!(run["state"], "complete", "{run}");
    let url = run["archive"].as_str().expect("an archive");
    let (head, whole) = ask(&socket, &format!("GET {url} HTTP/1.1"), "");
    assert!(head.contains("content-type: application/gzip\r\n"), "{head}");
    let file = std::fs::read(place.path().join("archives/idle/latest.tar.gz")).expect("the archive");
    assert_eq!(whole, file);
    let (_, latest) = ask(&socket, "GET /v1/gatherers/idle/archive HTTP/1.1", "");
    assert_eq!(latest, file);
    let (head, part) = ask(&socket, &format!("GET {url} HTTP/1.1\r\nRange: bytes=10-19"), "");
    assert!(head.starts_with("HTTP/1.1 206 ") && part == file[10..20], "{head}");
    served.end();
    assert!(!socket.exists());
}

/// `docs/serve-api.md`: its settings can be used, and it names every metric.
#[test]
fn the_page_is_true() {
    let page = workspace::read("docs/serve-api.md");
    let place = place();
    let settings: Vec<&str> =
        page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    for block in &settings {
        let config = wagather_serve::Config::read(&configured(place.path(), block));
        let api = config.unwrap_or_else(|failure| panic!("{block}{failure}")).api;
        assert!(api.listen.is_some_and(|addresses| !addresses.is_empty()), "{block}");
    }
    assert_eq!(settings.len(), 2);
    let mut command = Command::new(programs::host_min_serve());
    command.arg(configured(place.path(), ""));
    let (served, _) = Serving::start(&mut command);
    let (_, text) = ask(&place.path().join("archives/api.sock"), "GET /metrics HTTP/1.1", "");
    served.end();
    let text = String::from_utf8_lossy(&text).into_owned();
    let families = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let names: Vec<String> = families
        .map(|(name, kind)| match kind {
            "counter" => format!("{name}_total"),
            "info" => format!("{name}_info"),
            _ => name.to_owned(),
        })
        .collect();
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        assert!(page.contains(&format!("`{name}`")) || page.contains(&format!("`{name}{{")), "no {name}");
    }
}

#[test]
fn an_address_for_everybody_is_refused() {
    let place = place();
    let file = configured(place.path(), "api: {tokenFile: token}");
    std::fs::write(place.path().join("token"), "0123456789abcdef").expect("a file");
    for check in [&["--check"][..], &[]] {
        let done = Host::of(Command::new(programs::host_min_serve()))
            .arg(&file)
            .arg("--listen")
            .arg("0.0.0.0:0")
            .args(check)
            .wait();
        assert_eq!(done.status.code(), Some(4), "{}", done.stderr);
        let expected = "refuse to listen on 0.0.0.0:0: other machines reach it, and without TLS the token can be read on the way";
        assert!(
            done.stderr.contains(expected) && done.stderr.contains("a certificate and a key"),
            "{}",
            done.stderr
        );
    }
}

#[test]
fn a_socket_of_the_service_manager_is_served_and_stays() {
    let place = place();
    let socket = place.path().join("activated.sock");
    let opened = UnixListener::bind(&socket).expect("a socket");
    let mut command = Command::new("sh");
    command.args(["-c", "LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" \"$@\" 3<&0 </dev/null"]);
    command.arg(programs::host_min_serve()).arg(configured(place.path(), ""));
    command.stdin(Stdio::from(OwnedFd::from(opened)));
    let (served, addresses) = Serving::start(&mut command);
    assert_eq!(addresses, [format!("unix:{}", socket.display())]);
    assert_eq!(run_of(&socket)["state"], "complete");
    assert!(!place.path().join("archives/api.sock").exists());
    served.end();
    assert!(socket.exists(), "it belongs to the service manager");
}
