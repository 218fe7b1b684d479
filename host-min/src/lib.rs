//! Runs gatherers: WebAssembly modules that read a few resources from a Kubernetes or OpenShift API server and write
//! a report into an archive. They cannot do anything else.
//!
//! A run has two sides. The sandbox is a separate process with the guest and one channel. The broker has the
//! credentials. It performs the guest's requests that both the manifest and the grant allow. Answers come from a
//! [`Source`] and go to the guest or to the archive, which is the [`Output`].
//!
//! # Embedding
//!
//! `docs/embedding.md` is the guide: it covers `Cargo.toml`, a program that is its own sandbox, and failures. The
//! command line is one user of this library; a sidecar can be another, without the feature `cli`:
//!
//! ```no_run
//! use host_min::{ClusterOptions, Input, Isolation, Output, Plan, Silent, run};
//!
//! # fn main() -> Result<(), host_min::Failure> {
//! let isolation = Isolation::Helper { program: "/usr/bin/host-min".into(), args: vec!["sandbox".into()] };
//! let mut plan = Plan::new(Input::Cluster(Box::new(ClusterOptions::default())), Output::Folder("gathered".into()), isolation);
//! plan.add_file("cluster-operators.wasm")?;
//! let outcome = run(&plan, &Silent)?;
//! println!("complete: {}, files: {}", outcome.report.complete, outcome.report.gatherers[0].entries);
//! # Ok(())
//! # }
//! ```
//!
//! The embedder chooses the isolation of guests, [`Isolation`]:
//!
//! | | a guest that loops | a fault in the engine | credentials in reach of such a fault | for |
//! |---|---|---|---|---|
//! | [`Isolation::Helper`] | killed at the deadline | ends the helper | no | programs with threads |
//! | [`Isolation::Fork`] | killed at the deadline | ends the fork | no, if forked before they are read | programs with one thread, like the command line |
//! | [`Isolation::InProcess`] | continues until the program ends | ends the program | yes | tests, and guests that are as trusted as the program |
#![forbid(unsafe_code)]

/// The page whose Rust blocks are compiled with this crate.
#[cfg(doctest)]
#[doc = include_str!("../../docs/embedding.md")]
struct Embedding;

#[doc(inline)]
pub use wagather_abi::LogLevel;
#[doc(inline)]
pub use wagather_archive::{Existing, Layout, Output};
#[doc(inline)]
pub use wagather_base::error::{Class, Failure};
#[doc(inline)]
pub use wagather_base::request::Accept;
#[doc(inline)]
pub use wagather_broker::gaps::Gap;
#[doc(inline)]
pub use wagather_broker::{Gauge, Observer, Phase, Progress, Silent};
#[doc(inline)]
pub use wagather_json::obfuscate::Kinds as ObfuscatedKinds;
#[doc(inline)]
pub use wagather_kube::cluster::{Compression, Options as ClusterOptions, Secret};
#[doc(inline)]
pub use wagather_kube::{Call, Cause, NoAnswer, Permission, Question, Response, Source};
#[doc(inline)]
pub use wagather_policy::grant::Grant;
#[doc(inline)]
pub use wagather_policy::rights::Narrowing;
#[doc(inline)]
pub use wagather_run::modules::Guest;
#[doc(inline)]
pub use wagather_run::report::{EngineFacts, Gathered, GatheredStatus, ModuleFacts, Report, SandboxFacts};
#[doc(inline)]
pub use wagather_run::{Input, Outcome, Plan, run};
#[doc(inline)]
pub use wagather_sandbox::engine::Kind as Engine;
#[doc(inline)]
pub use wagather_sandbox::process::{Isolation, SingleThreaded, run_helper};
