//! The recording `examples/demo.har`, which `make demo` replays.
//!
//! `BLESS=1 cargo test -p tests --features cluster demo_recording` records it again. It contains only this project's
//! test objects, and nothing of any real cluster.

use super::{assert_no_credentials, host, run};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use tests::apiserver::Server;
use tests::archive::Archive;
use tests::host::Host;
use tests::{programs, workspace};

const OPERATORS: usize = 32;
const PODS: usize = 60;
/// It is part of each clone, where it takes a tenth of that.
const MAX_BYTES: u64 = 2_000_000;
/// Those of `make demo`.
const GATHERERS: [&str; 7] =
    ["cluster-operators", "degraded-operators", "pods", "nodes", "events", "image-inventory", "crash-logs"];

fn guests() -> Vec<PathBuf> {
    GATHERERS.map(programs::guest).into()
}

/// The files, without what the server makes up anew for each object.
fn comparable(archive: &Archive) -> BTreeMap<String, Value> {
    let mut files = BTreeMap::new();
    for path in archive.gathered().into_keys() {
        let mut file = match path.ends_with(".log") {
            true => Value::from(String::from_utf8_lossy(archive.bytes(path))),
            false => archive.json(path),
        };
        if let Some(metadata) = file.get_mut("metadata").and_then(Value::as_object_mut) {
            for key in ["uid", "resourceVersion", "creationTimestamp"] {
                assert!(metadata.remove(key).is_some(), "{path} has no {key}");
            }
        }
        files.insert(path.to_owned(), file);
    }
    files
}

#[test]
fn demo_recording() {
    let server = Server::start();
    server.load(OPERATORS, PODS);
    let shipped = workspace::root().join("examples/demo.har");
    if std::env::var_os("BLESS").is_some() {
        let place = tests::place();
        let made = place.path().join("demo.har");
        run(&server, host(&server, "token.yaml", guests()).record(&made)).gathered();
        assert_no_credentials(&server, "the recording", &std::fs::read(&made).expect("a recording"));
        std::fs::copy(&made, &shipped).expect("a recording that can be kept");
    }
    let bytes =
        shipped.metadata().unwrap_or_else(|_| panic!("examples/demo.har is missing; BLESS=1 makes it")).len();
    assert!(bytes <= MAX_BYTES, "examples/demo.har has {bytes} bytes");

    let live = run(&server, host(&server, "token.yaml", guests()));
    let replayed = run(&server, Host::run_all(guests()).replay(&shipped));
    assert_eq!(comparable(replayed.gathered()), comparable(live.gathered()));
    let logs = live.gathered().json("crash-logs/index.json")["logs"].as_u64().expect("a number");
    assert!(logs > 0, "a demo shows something of everything");
    // A file of each gatherer but the one that pipes, one more of `pods`, two more of `nodes`, and the logs.
    assert_eq!(replayed.gathered().gathered().len() as u64, OPERATORS as u64 + 9 + logs);
    for name in GATHERERS {
        let [shipped, live] = [&replayed, &live].map(|ran| ran.gathered().gatherer(name));
        for key in ["items", "requests", "entries", "status"] {
            assert_eq!(shipped[key], live[key], "{name}: {key}");
        }
    }
}

#[test]
fn a_server_that_stops_leaves_nothing() {
    let server = Server::start();
    let folder = PathBuf::from(server.text("/kubeconfigs"));
    assert!(folder.is_dir());
    drop(server);
    assert!(!folder.parent().expect("the server's folder").exists());
}
