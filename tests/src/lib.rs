//! The harness for tests of the project from outside.
//!
//! It runs the programs as a user does, against a fake server or a recording, and reads what they leave behind. It
//! knows nothing about the host's internals, and asserts nothing about a test's subject: a helper panics only if it
//! cannot do its job.
//!
//! | module | content |
//! |---|---|
//! | [`programs`] | the paths of the host and the guests |
//! | [`host`] | [`Host`](host::Host): one call of the command line, with a time limit |
//! | [`terminal`] | a call in a pseudo terminal |
//! | [`screen`] | what a terminal shows |
//! | [`processes`] | running processes, and signals to them |
//! | [`server`] | an API server with canned answers and faults, plain or TLS |
//! | [`leases`] | Leases on such a server |
//! | [`proxy`] | SOCKS and HTTP proxies with logins |
//! | [`registry`] | a registry of modules, which may do wrong |
//! | [`canaries`] | planted credentials, and the search for them |
//! | [`certificates`] | certificate authorities and server certificates |
//! | [`kubeconfig`] | kubeconfig files |
//! | [`archive`] | reading whole archives |
//! | [`apiserver`] | the real API server, for the tests of the feature `cluster` |
//! | [`guest`] | modules from WebAssembly text |
//! | [`forged`] | valid and invalid frames of a sandbox |
//! | [`hostile`] | the guests of `tests/hostile/` |
//! | [`objects`] | Kubernetes objects to serve |
//! | [`layouts`] | the recording as archives of other programs |
//! | [`odd`] | objects that readers of archives misread |
//! | [`pipers`] | gatherers that pipe what they ask for |
//! | [`canary`] | a string to search for in a sandbox's memory |
//! | [`conformance`] | the kit of `tests/conformance/`: a guest's tasks and their results |
//! | [`faults`] | faults between the host and a server |
//! | [`failing`] | runs that must fail, and what they must leave |
//! | [`golden`] | expected output in files; `BLESS=1` rewrites them |
//! | [`workspace`] | the repository's own files |
//!
//! Most tests consist of four lines:
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
pub mod layouts;
pub mod leases;
pub mod memory;
pub mod objects;
pub mod odd;
pub mod pipers;
pub mod processes;
pub mod programs;
pub mod proxy;
pub mod registry;
pub mod screen;
pub mod server;
pub mod terminal;
pub mod workspace;

/// An empty folder that goes away with the value.
pub fn place() -> tempfile::TempDir {
    tempfile::tempdir()
        .unwrap_or_else(|error| panic!("cannot make a temporary folder: {error}; is TMPDIR right?"))
}
