//! Internal to host-min, without any promise of stability: a service that runs gatherers by schedule and on demand, and replaces them
//! without a restart.
//!
//! A [`Service`] is the handle that everything else uses: the program starts it from a [`config`], and an API asks it. It starts
//! sandboxes ahead of the runs, keeps the connection to the API server, and runs each gatherer as `host-min run` does: the same rights,
//! archive and report.
//!
//! | module | does |
//! |---|---|
//! | [`config`] | reads the configuration |
//! | [`schedule`] | when gatherers run |
//! | [`service`] | gatherers, their versions, and their runs |
//! | [`status`] | what the service says about them |
//! | [`api`] | the HTTP API |
//! | [`systemd`] | tells systemd how the service is |
//! | [`metrics`] | counts |
//! | [`log`] | lines on stderr |
#![forbid(unsafe_code)]

pub mod api;
pub mod config;
pub mod log;
pub mod metrics;
pub mod schedule;
pub mod service;
pub mod status;
pub mod systemd;

pub use config::Config;
pub use service::Service;
