//! Internal to host-min, without any promise of stability: what a run is, and in which order things start.
//!
//! A [`plan`] is data. [`run`] starts the sandboxes, opens the source and the archive, serves each gatherer with a broker, and
//! writes a [`report`]. [`clusters`] does that for several clusters, and [`fleet`] for many archives, each in a process of its own.
#![forbid(unsafe_code)]

mod access;
pub mod clusters;
mod codec;
mod discover;
pub mod fleet;
mod in_fork;
mod layout;
pub mod merge;
pub mod modules;
pub mod plan;
pub mod report;
mod run;
mod shard;
pub mod signed;

pub use discover::discover;
pub use plan::{Input, Plan};
pub use report::Report;
pub use run::{Outcome, run, run_in};
