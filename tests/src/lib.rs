//! The harness of the tests that see the project from outside.
//!
//! It runs the programs as a user does, against a server that it makes up or a recording, and looks at what they
//! leave behind. Nothing here knows how the host works inside, and nothing here asserts what a test is about: a
//! helper fails only if it cannot help.
//!
//! | module | has |
//! |---|---|
//! | [`programs`] | where the host and the guests are |
//! | [`host`] | [`Host`](host::Host): one call of the command line, with a time limit |
//! | [`terminal`] | a call at a pseudo terminal |
//! | [`screen`] | what a terminal shows |
//! | [`processes`] | what runs, and signals to it |
//! | [`server`] | an API server of canned answers and faults, plain or TLS |
//! | [`proxy`] | SOCKS and HTTP proxies with logins |
//! | [`canaries`] | planted credentials, and the search for them |
//! | [`certificates`] | certificate authorities and server certificates |
//! | [`kubeconfig`] | kubeconfig files |
//! | [`archive`] | archives, read whole |
//! | [`apiserver`] | the real API server, for the tests of the feature `cluster` |
//! | [`guest`] | modules from WebAssembly text |
//! | [`forged`] | frames as a sandbox sends them, good and bad |
//! | [`hostile`] | the guests of `tests/hostile/` |
//! | [`objects`] | Kubernetes objects to serve |
//! | [`canary`] | a text to look for in a sandbox's memory |
//! | [`conformance`] | the kit of `tests/conformance/`: a guest's tasks, and how they went |
//! | [`faults`] | bad weather between the host and a server |
//! | [`failing`] | runs that must fail, and what they must leave |
//! | [`golden`] | expected texts in files, written anew with `BLESS=1` |
//! | [`workspace`] | the repository's own files |
//!
//! A test is mostly four lines:
//!
//! ```no_run
//! use tests::{host::Host, objects, programs, server::Server};
//! let server = Server::new().list(objects::CLUSTER_OPERATORS, objects::cluster_operators(3)).start();
//! let place = tests::place();
//! let done = Host::run(programs::guest("cluster-operators")).server(&server.url()).output(place.path().join("out")).wait();
//! done.expect_success();
//! ```

pub mod apiserver;
pub mod archive;
pub mod canaries;
pub mod canary;
pub mod certificates;
pub mod conformance;
pub mod failing;
pub mod faults;
pub mod forged;
pub mod golden;
pub mod guest;
pub mod host;
pub mod hostile;
pub mod kubeconfig;
pub mod memory;
pub mod objects;
pub mod processes;
pub mod programs;
pub mod proxy;
pub mod screen;
pub mod server;
pub mod terminal;
pub mod workspace;

/// An empty folder that goes away with the value.
pub fn place() -> tempfile::TempDir {
    tempfile::tempdir()
        .unwrap_or_else(|error| panic!("cannot make a temporary folder: {error}; is TMPDIR right?"))
}
