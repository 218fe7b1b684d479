//! libwagather, as `make capi` builds it, in programs of other languages: those of `tests/embedding`.
//!
//! C is here; Go and Python need the feature `languages`, because `make test` does without them. Elsewhere: wrong use and handles
//! (the crate's own tests), and what a run does (`embed.rs`).

mod c;
#[cfg(feature = "languages")]
mod others;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tests::host::left_in;
use tests::server::{Answer, Server};
use tests::{objects, place, programs, workspace};

/// A program that gathers: what calls it, without its four words.
fn embedding(file: &str) -> PathBuf {
    workspace::root().join("tests/embedding").join(file)
}

fn recording() -> PathBuf {
    workspace::root().join("examples/demo.har")
}

/// Calls a program that finds the shared library, with a helper, a guest, a source and an archive.
fn call(program: &[&Path], helper: &Path, guest: &str, from: &str, archive: &Path) -> Output {
    let mut command = Command::new(program[0]);
    command.args(&program[1..]).arg(helper).arg(programs::guest(guest)).arg(from).arg(archive);
    command.env("LD_LIBRARY_PATH", programs::capi());
    command.output().unwrap_or_else(|error| panic!("{}: {error}", program[0].display()))
}

/// What each of the programs does: a recording, a server, and failures of both kinds.
fn gathers(program: &[&Path], shows: &[&str]) {
    let (place, host) = (place(), programs::host_min());
    let at = |name: &str| place.path().join(name);
    let recording = recording();
    let recording = recording.to_str().expect("a path in UTF-8");
    let said = |output: &Output| {
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    };

    let done = call(program, &host, "cluster-operators", recording, &at("recorded"));
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    for shown in shows {
        assert!(said(&done).contains(shown), "{shown}: {}", said(&done));
    }
    assert!(said(&done).contains(&format!("archive: {}", at("recorded").display())), "{}", said(&done));
    assert!(at("recorded/cluster-scoped-resources/config.openshift.io/clusteroperators").is_dir());

    let server = objects::server().start();
    let done = call(program, &host, "cluster-operators", &server.url(), &at("live.tar.gz"));
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    assert!(at("live.tar.gz").is_file());

    // The run fails: nothing is gathered.
    let again = call(program, &host, "cluster-operators", recording, &at("recorded"));
    assert_eq!(again.status.code(), Some(6), "{}", said(&again));
    assert!(said(&again).contains("it already exists\n  choose another name"), "{}", said(&again));
    let missing = call(program, Path::new("/not/there"), "cluster-operators", recording, &at("none"));
    assert_eq!(missing.status.code(), Some(1), "{}", said(&missing));

    // A gatherer fails: the archive is incomplete, and the failure is the outcome's.
    let refusing =
        Server::new().on(objects::CLUSTER_OPERATORS, Answer::status(403, "Forbidden", "no")).start();
    let refused = call(program, &host, "cluster-operators", &refusing.url(), &at("refused"));
    assert_eq!(refused.status.code(), Some(9), "{}", said(&refused));
    assert!(said(&refused).contains("refused.incomplete"), "{}", said(&refused));
    assert_eq!(left_in(place.path()), ["live.tar.gz", "recorded", "refused.incomplete"]);
}
