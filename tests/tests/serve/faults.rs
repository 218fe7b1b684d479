//! What happens to a service: its zygote is killed, and its memory is limited.

use super::{ENDLESS, NOTHING, config, start, until, write};
use std::time::Duration;
use tests::{place, processes};

use super::api::{Serving, ask, run_of};
use std::process::Command;
use tests::programs;

#[test]
fn a_zygote_that_is_killed_fails_its_runs_and_no_others() {
    let place = place();
    for (name, body) in [("idle", NOTHING), ("endless", ENDLESS)] {
        write(place.path(), name, body);
    }
    let file = place.path().join("serve.yaml");
    let text = "apiVersion: wagather/v1\nkind: Service\ncluster: {server: 'http://127.0.0.1:9'}\ngrace: 1s\ngatherers: [{module: idle.wasm}, {module: endless.wasm}]\n";
    std::fs::write(&file, text).expect("a file");
    let mut command = Command::new(programs::host_min_serve());
    command.arg(file);
    let (served, _) = Serving::start(&mut command);
    let socket = place.path().join("archives/api.sock");
    let head = "POST /v1/runs HTTP/1.1\r\nContent-Type: application/json";
    let (head, body) = ask(&socket, head, r#"{"gatherer":"endless"}"#);
    assert!(head.starts_with("HTTP/1.1 202 "), "{head}");
    let run: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    let path = format!("GET /v1/runs/{} HTTP/1.1", run["id"].as_str().expect("an id"));
    let state = || {
        let run: serde_json::Value = serde_json::from_slice(&ask(&socket, &path, "").1).expect("JSON");
        run["state"].as_str().expect("a state").to_owned()
    };
    until("it is running", || state() == "running");
    let zygotes = processes::children(served.id());
    let [zygote] = zygotes[..] else { panic!("{zygotes:?}") };
    let sandboxes = processes::children(zygote);
    assert!(!sandboxes.is_empty());
    processes::send("KILL", zygote);
    until("its run has failed", || state() == "failed");
    until("its sandboxes have ended", || !sandboxes.iter().any(|id| processes::runs(*id)));
    // Another zygote makes other sandboxes.
    assert_eq!(run_of(&socket)["state"], "complete");
    let others = processes::children(served.id());
    assert!(others.len() == 1 && others[0] != zygote, "{others:?}");
    served.end();
}

#[test]
fn sandboxes_that_wait_stay_within_their_memory() {
    let place = place();
    let modules = place.path().join("modules");
    std::fs::create_dir(&modules).expect("a folder");
    for name in ["a", "b", "c"] {
        write(&modules, name, NOTHING);
    }
    let waiting_with = |bytes: u64, wanted: u64| {
        let mut config = config(place.path(), &modules, "http://127.0.0.1:9");
        config.prepared_bytes = bytes;
        let service = start(config);
        for name in ["a", "b", "c", "a"] {
            super::complete(&service, name);
        }
        let waiting = || service.metrics().sandboxes_waiting;
        until("each that fits is prepared again", || waiting() == wanted);
        std::thread::sleep(Duration::from_millis(50));
        assert_eq!(waiting(), wanted, "with {bytes} bytes");
    };
    waiting_with(1 << 30, 3);
    // None fits; each run prepares one for itself.
    waiting_with(1, 0);
}
