//! Starts and stops the real API server of `tests/apiserver` for a test.
//!
//! Its README describes the objects and accounts; `ready.json`, which it writes, has the addresses and credentials.
//! It ends with the test: its stdin is a pipe that closes when the value is dropped, or when the test process ends
//! for any reason.

mod client;
mod proxy;

pub use client::{Answer, Client};
pub(crate) use proxy::read_head;
pub use proxy::{Proxy, Tunnel};

use crate::workspace;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// It takes 3 seconds, on a busy machine 10.
const START_LIMIT: Duration = Duration::from_secs(90);
/// It takes a second or two; afterwards it is killed.
const STOP_LIMIT: Duration = Duration::from_secs(20);
/// What is shown of its log if it does not start.
const LOG_TAIL_LINES: usize = 15;

/// Runs the server and clears up after it, unless it failed. A shell outlives the tests, whatever ends them.
const RUN: &str =
    r#"trap : INT TERM; if "$0" --dir "$1" --stop-on-stdin-close >"$1/output" 2>&1; then rm -rf "$1"; fi"#;

/// A server that runs.
pub struct Server {
    process: Child,
    folder: PathBuf,
    ready: Value,
    admin: Client,
}

impl Server {
    /// Starts one, empty but for its users.
    pub fn start() -> Server {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("wagather-apiserver-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder)
            .unwrap_or_else(|error| panic!("cannot make {}: {error}", folder.display()));
        let mut process = Command::new("sh")
            .args(["-c", RUN])
            .arg(program())
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start a shell for the API server: {error}"));
        let begin = Instant::now();
        while !folder.join("ready.json").is_file() {
            let ended = process.try_wait().expect("a child of this process").is_some();
            if ended || begin.elapsed() > START_LIMIT {
                drop(process.stdin.take());
                let how =
                    if ended { "ended".to_owned() } else { format!("was not ready within {START_LIMIT:?}") };
                panic!("the API server {how}; its folder is {}\n{}", folder.display(), last_words(&folder));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let ready = std::fs::read(folder.join("ready.json")).expect("ready.json");
        let ready: Value = serde_json::from_slice(&ready).expect("ready.json is written as a whole");
        let authority = std::fs::read(text(&ready, "/ca")).expect("the server's authority");
        let port = ready["port"].as_u64().and_then(|port| u16::try_from(port).ok()).expect("a port");
        let admin = Client::new(port, &authority, text(&ready, "/users/admin/token"));
        Server { process, folder, ready, admin }
    }

    /// Fills it, or adds to what is there.
    pub fn load(&self, operators: usize, pods: usize) {
        self.load_all(&[("operators", operators), ("pods", pods)]);
    }

    /// The same, with a number for each kind that its `load` knows; without one there are as many as by default.
    pub fn load_all(&self, counts: &[(&str, usize)]) {
        let options = counts.iter().map(|(kind, count)| format!("--{kind}={count}"));
        let words: Vec<String> = ["load".to_owned()].into_iter().chain(options).collect();
        self.call(&words.iter().map(String::as_str).collect::<Vec<_>>());
    }

    /// Makes every continue token so far too old.
    pub fn compact(&self) {
        self.call(&["compact"]);
    }

    fn call(&self, words: &[&str]) {
        let output = Command::new(program()).args(words).arg("--dir").arg(&self.folder).output();
        let output =
            output.unwrap_or_else(|error| panic!("cannot start the API server's {words:?}: {error}"));
        assert!(output.status.success(), "{words:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Its URL.
    pub fn url(&self) -> &str {
        self.text("/server")
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.admin.port()
    }

    /// A text of its `ready.json`.
    pub fn text(&self, pointer: &str) -> &str {
        text(&self.ready, pointer)
    }

    /// One of the kubeconfigs that it wrote.
    pub fn kubeconfig(&self, name: &str) -> PathBuf {
        Path::new(self.text("/kubeconfigs")).join(name)
    }

    /// The names of all of them.
    pub fn kubeconfigs(&self) -> Vec<String> {
        let names = crate::host::left_in(Path::new(self.text("/kubeconfigs")));
        names.into_iter().filter(|name| name.ends_with(".yaml")).collect()
    }

    /// A client that may do everything.
    pub fn admin(&self) -> &Client {
        &self.admin
    }

    /// A client that is one of the users, by token.
    pub fn client_of(&self, user: &str) -> Client {
        self.admin.with_token(self.text(&format!("/users/{user}/token")))
    }

    /// What it answers with 200.
    pub fn get(&self, path: &str) -> Value {
        let answer = self.admin.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
        answer.json()
    }

    /// The items of a list, all in one page.
    pub fn items(&self, path: &str) -> Vec<Value> {
        match self.get(path)["items"].take() {
            Value::Array(items) => items,
            other => panic!("{path} is no list: {other}"),
        }
    }

    /// Every text that lets somebody in: tokens, and the lines of private keys, plain and as kubeconfigs have them.
    pub fn credentials(&self) -> Vec<String> {
        let mut all = vec![self.text("/service_account/token").to_owned()];
        for user in self.ready["users"].as_object().expect("users").values() {
            all.push(text(user, "/token").to_owned());
            if let Some(key) = user["key"].as_str() {
                let pem = std::fs::read_to_string(key).expect("a key");
                all.extend(
                    pem.lines().filter(|line| line.len() >= 40 && !line.starts_with('-')).map(str::to_owned),
                );
            }
        }
        for name in self.kubeconfigs() {
            let config = std::fs::read_to_string(self.kubeconfig(&name)).expect("a kubeconfig");
            let keys = config.lines().filter_map(|line| line.trim().strip_prefix("client-key-data: "));
            all.extend(keys.map(str::to_owned));
        }
        all
    }
}

impl Drop for Server {
    /// Stops it, and waits until it has cleared up.
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let begin = Instant::now();
        while let Ok(None) = self.process.try_wait() {
            if begin.elapsed() > STOP_LIMIT {
                let _ = self.process.kill();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn program() -> PathBuf {
    let path = workspace::root().join("target/apiserver/apiserver");
    assert!(
        path.is_file(),
        "the API server is missing: {} is not there; run 'make test-cluster'",
        path.display()
    );
    path
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_else(|| panic!("there is no {pointer} in ready.json"))
}

/// What it said, and the end of its log.
fn last_words(folder: &Path) -> String {
    let read = |name| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
    let log = read("apiserver.log");
    let lines: Vec<&str> = log.lines().collect();
    format!("{}\n{}", read("output"), lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n"))
}
