//! A service: runs on demand and by schedule, and replacements. The service runs in the test's process, as an API does with it, and its sandboxes in
//! helpers; `program.rs` tests the program.

mod ahead;
mod api;
mod delivery;
mod faults;
mod leader;
mod program;
mod registries;
mod reload;
mod replace;
mod runs;
mod schedules;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tests::{guest, programs};
use wagather_kube::cluster;
use wagather_serve::config::{Entry, Input};
use wagather_serve::log::Log;
use wagather_serve::service::Options;
use wagather_serve::status::{RunState, RunStatus};
use wagather_serve::{Config, Service};

/// Longer than any run here takes, on a busy machine too.
const LONG: Duration = Duration::from_secs(60);

/// Returns without a request.
const NOTHING: &str = "(func (export \"gather\") (result i32) (i32.const 0))";

/// Runs until it is stopped.
const ENDLESS: &str = "(func (export \"gather\") (result i32) (loop (br 0)) (i32.const 0))";

/// Fails with this code.
fn failing(code: i32) -> String {
    format!("(func (export \"gather\") (result i32) (i32.const {code}))")
}

/// A folder with these gatherers.
fn write(folder: &Path, name: &str, fields: &str) -> PathBuf {
    guest::write(folder, name, &guest::module(name, &[], fields))
}

/// A configuration that serves a folder from a server, with archives in `archives` beside it.
fn config(place: &Path, modules: &Path, server: &str) -> Config {
    let mut config = Config::new(vec![Entry::new(modules.to_owned())]);
    let options = cluster::Options { server: Some(server.to_owned()), ..cluster::Options::default() };
    config.input = Input::Cluster(Box::new(options));
    config.output.folder = place.join("archives");
    config
}

/// As the program starts it.
fn options() -> Options {
    Options {
        program: programs::host_min_serve(),
        args: vec!["zygote".into()],
        log: Log { quiet: true, ..Log::default() },
        read_again: None,
    }
}

fn start(config: Config) -> Service {
    Service::start(config, options()).unwrap_or_else(|failure| panic!("{failure}"))
}

/// Waits until something is so.
fn until(what: &str, is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < LONG, "{what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Runs a gatherer to its end.
fn ran(service: &Service, gatherer: &str) -> RunStatus {
    let id = service.trigger(gatherer, Vec::new()).unwrap_or_else(|why| panic!("{gatherer}: {why}"));
    let run = service.wait(&id, LONG).expect("a known run");
    assert!(run.state.has_ended(), "{run:?}");
    run
}

/// Runs a gatherer, which must be complete.
fn complete(service: &Service, gatherer: &str) -> RunStatus {
    let run = ran(service, gatherer);
    assert_eq!(run.state, RunState::Complete, "{run:?}");
    run
}
