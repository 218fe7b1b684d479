//! Archives on their way from a service to a server, through its spool. What servers do wrong is tested in `host-min/deliver`.

use super::{NOTHING, complete, failing, ran, start, until, write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tests::host::left_in;
use tests::place;
use tests::server::{Answer, Running, Seen, Server};
use wagather_serve::Config;
use wagather_serve::status::RunState;

/// A server that takes every file below `/up/`, or none while it is full.
fn taking(is_full: &Arc<AtomicBool>) -> Running {
    let full = is_full.clone();
    let server = Server::new().instead(move |seen: &Seen, answer| match &*seen.method {
        "PUT" if full.load(Ordering::SeqCst) => Answer::bytes("text/plain", "full").with_status(507),
        "PUT" => Answer::bytes("text/plain", "").with_status(201),
        _ => answer,
    });
    server.start()
}

fn taken(server: &Running) -> Vec<Seen> {
    server.seen().into_iter().filter(|seen| seen.method == "PUT").collect()
}

/// The configuration of a service that delivers what `modules` gather.
fn delivering(place: &Path, url: &str, spool: &str) -> Config {
    let file = place.join("serve.yaml");
    let text = format!(
        "apiVersion: wagather/v1\nkind: Service\ncluster: {{server: 'http://127.0.0.1:9'}}\ngatherers: [{{module: modules}}]\ndeliver: {{url: '{url}/up/{{name}}', timeout: 1s{spool}}}\n"
    );
    std::fs::write(&file, text).expect("a file");
    Config::read(&file).unwrap_or_else(|failure| panic!("{failure}"))
}

fn modules(place: &Path) {
    let modules = place.join("modules");
    std::fs::create_dir(&modules).expect("a folder");
    write(&modules, "idle", NOTHING);
    write(&modules, "bad", &failing(3));
}

/// What waits in a spool.
fn spooled(folder: &Path) -> Vec<String> {
    left_in(folder).into_iter().filter(|name| name.ends_with(".tar.gz")).collect()
}

#[test]
fn complete_archives_are_delivered_as_they_are() {
    for spool in ["", ", spool: spool"] {
        let (place, is_full) = (place(), Arc::default());
        modules(place.path());
        let server = taking(&is_full);
        let service = start(delivering(place.path(), &server.url(), spool));
        assert_eq!(ran(&service, "bad").state, RunState::Failed);
        let run = complete(&service, "idle");
        let archive = run.archive.expect("an archive");
        until("it is delivered", || service.metrics().delivered == 1);
        let requests = taken(&server);
        let [request] = requests.as_slice() else { panic!("{} requests", requests.len()) };
        let name = archive.file_name().expect("a name").to_string_lossy().into_owned();
        assert_eq!(request.path, format!("/up/{name}"), "an incomplete archive is not delivered");
        assert_eq!(request.body, std::fs::read(&archive).expect("it stays where it is"));
        assert_eq!(service.metrics().undelivered, 0);
        if !spool.is_empty() {
            until("nothing waits", || spooled(&place.path().join("spool")).is_empty());
        }
    }
}

/// What a service could not deliver, the next one does.
#[test]
fn a_spool_outlives_a_server_that_is_away_and_the_service() {
    let (place, is_full) = (place(), Arc::new(AtomicBool::new(true)));
    modules(place.path());
    let server = taking(&is_full);
    let config = delivering(place.path(), &server.url(), ", spool: spool");
    let service = start(config.clone());
    let run = complete(&service, "idle");
    let name = run
        .archive
        .as_ref()
        .and_then(|path| path.file_name())
        .expect("a name")
        .to_string_lossy()
        .into_owned();
    // It is in the spool before the run has ended.
    let spool = place.path().join("spool");
    assert!(spooled(&spool).iter().any(|waiting| waiting.contains(&name)), "{:?}", spooled(&spool));
    until("the failure is counted", || service.metrics().undelivered > 0);
    assert_eq!(service.metrics().delivered, 0);
    service.shutdown();
    drop(service);
    is_full.store(false, Ordering::SeqCst);
    let service = start(config);
    until("it is delivered", || service.metrics().delivered == 1);
    let request = taken(&server).pop().expect("a request");
    assert_eq!(request.path, format!("/up/{name}"));
    assert_eq!(request.body, std::fs::read(run.archive.expect("an archive")).expect("a file"));
    until("nothing waits", || spooled(&spool).is_empty());
}

#[test]
fn without_a_spool_a_failure_is_counted_and_the_archive_stays() {
    let (place, is_full) = (place(), Arc::new(AtomicBool::new(true)));
    modules(place.path());
    let server = taking(&is_full);
    let service = start(delivering(place.path(), &server.url(), ""));
    let run = complete(&service, "idle");
    until("the failure is counted", || service.metrics().undelivered == 1);
    assert!(run.archive.is_some_and(|archive| archive.exists()));
    assert_eq!(service.metrics().delivered, 0);
}
