#![cfg(feature = "cluster")]
//! The host against a real kube-apiserver: `make test-cluster`.
//!
//! One server serves all tests. The first test that needs it starts it; it contains more pods than fit on two pages,
//! and ends with this process. The tests compare the host's results with those of a simple client, which shares no
//! code with the host. They search each run's output for every credential of the server.
//!
//! Some answers never come from a server that is only read: 409 (a conflict needs a write), and 410 without a fresh
//! token (this server always sends one).

mod access;
mod any;
mod ask;
mod codegen;
mod demo;
mod deploy;
mod examples;
mod expiry;
mod faults;
mod findings;
mod in_cluster;
mod inventory;
mod kubeconfigs;
mod leader;
mod lists;
mod logs;
mod many;
mod masks;
mod objects;
mod open;
mod rbac;
mod recordings;
mod roundtrip;
mod routes;
mod shards;

use serde_json::Value;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::{OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tests::apiserver::Server;
use tests::archive::Archive;
use tests::host::{Done, Host, incomplete};

const OPERATORS: usize = 32;
const PODS: usize = 1_200;
const NODES: usize = 20;
const EVENTS: usize = 200;
const WORKLOADS: usize = 60;

const OPERATORS_PATH: &str = "/apis/config.openshift.io/v1/clusteroperators";
const PODS_PATH: &str = "/api/v1/pods";

/// The value of a Secret that the server holds. Nothing that a gatherer can ask for has it.
const SECRET_MARKER: &str = "wagather-secret-must-not-leak";
/// The value of a variable in the containers of each pod: in what the server sends, and in nothing that the host makes.
const PASSWORD_MARKER: &str = "wagather-password-must-not-leak";

static SERVER: OnceLock<Server> = OnceLock::new();
/// Held for writing by whoever changes what the others read.
static QUIET: RwLock<()> = RwLock::new(());

/// The server, as long as nobody changes what it holds.
struct Shared(&'static Server, #[allow(dead_code)] RwLockReadGuard<'static, ()>);

/// The server, while nobody else uses it.
struct Alone(&'static Server, #[allow(dead_code)] RwLockWriteGuard<'static, ()>);

fn started() -> &'static Server {
    SERVER.get_or_init(|| {
        let server = Server::start();
        server.load_all(&[
            ("operators", OPERATORS),
            ("pods", PODS),
            ("nodes", NODES),
            ("events", EVENTS),
            ("workloads", WORKLOADS),
        ]);
        server
    })
}

/// For tests that read.
fn shared() -> Shared {
    let guard = QUIET.read().unwrap_or_else(PoisonError::into_inner);
    Shared(started(), guard)
}

/// For tests that change something.
fn alone() -> Alone {
    let guard = QUIET.write().unwrap_or_else(PoisonError::into_inner);
    Alone(started(), guard)
}

impl Deref for Shared {
    type Target = Server;
    fn deref(&self) -> &Server {
        self.0
    }
}

impl Deref for Alone {
    type Target = Server;
    fn deref(&self) -> &Server {
        self.0
    }
}

/// What came of a run, after it was searched for credentials.
struct Ran {
    done: Done,
    /// The archive, complete or not; none if the run did not come that far.
    archive: Option<Archive>,
}

/// Runs the host into a folder of the test.
fn run(server: &Server, host: Host) -> Ran {
    let place = tests::place();
    let output = place.path().join("out");
    let done = host.output(&output).wait();
    let archive = [output.clone(), incomplete(&output)].iter().find(|path| path.exists()).map(Archive::read);
    if let Some(archive) = &archive {
        // An archive with gaps has its name, and its report says that it is not complete.
        let report = archive.report();
        let has_name = report["complete"] == true || done.status.code() == Some(8);
        assert_eq!(has_name, output.exists(), "{report:#}");
        for path in archive.paths() {
            assert_no_credentials(server, path, path.as_bytes());
            assert_no_credentials(server, path, archive.bytes(path));
        }
    }
    assert_no_credentials(server, "stderr", done.stderr.as_bytes());
    assert_no_credentials(server, "stdout", &done.stdout);
    Ran { done, archive }
}

fn assert_no_credentials(server: &Server, what: &str, bytes: &[u8]) {
    static CREDENTIALS: OnceLock<Vec<String>> = OnceLock::new();
    let text = String::from_utf8_lossy(bytes);
    let known = CREDENTIALS.get_or_init(|| started().credentials());
    // A server of a test's own has its own keys.
    let own = if std::ptr::eq(server, started()) { Vec::new() } else { server.credentials() };
    for credential in known.iter().chain(&own).map(String::as_str).chain([SECRET_MARKER, PASSWORD_MARKER]) {
        assert!(!text.contains(credential), "{what} has the credential {}…", &credential[..6]);
    }
}

impl Ran {
    /// The archive of a run that succeeded.
    fn gathered(&self) -> &Archive {
        self.done.expect_success();
        self.archive.as_ref().expect("an archive")
    }

    /// Fails unless the run failed with this code and said this. The archive, if there is one, is marked as incomplete.
    fn expect_failure(&self, code: i32, said: &str) -> &Ran {
        self.done.expect_code(code);
        let message = &self.done.stderr;
        assert!(message.contains(said), "it did not say \"{said}\", but:\n{message}");
        self
    }
}

/// Kubeconfig and guests, the usual run.
fn host<I: IntoIterator<Item = PathBuf>>(server: &Server, kubeconfig: &str, guests: I) -> Host {
    Host::run_all(guests).kubeconfig(server.kubeconfig(kubeconfig))
}

/// An object as a gatherer may have it: without managed fields, and without the password.
fn as_given(mut object: Value) -> Value {
    fn redact(value: &mut Value) {
        match value {
            Value::String(text) if text == PASSWORD_MARKER => "<redacted>".clone_into(text),
            Value::Array(values) => values.iter_mut().for_each(redact),
            Value::Object(fields) => fields.values_mut().for_each(redact),
            _ => {}
        }
    }
    if let Some(metadata) = object["metadata"].as_object_mut() {
        metadata.remove("managedFields");
    }
    redact(&mut object);
    object
}

/// Where an object's file is.
fn path_of(group: &str, plural: &str, object: &Value) -> String {
    let name = object["metadata"]["name"].as_str().expect("a name");
    match object["metadata"]["namespace"].as_str() {
        Some(namespace) => format!("namespaces/{namespace}/{group}/{plural}/{name}.json"),
        None => format!("cluster-scoped-resources/{group}/{plural}/{name}.json"),
    }
}
