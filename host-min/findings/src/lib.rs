//! Internal to host-min, without any promise of stability: the findings of a gatherer.
//!
//! A gatherer that judges what it gathers writes `findings.json`; `docs/findings.md` and `docs/findings.schema.json` describe it.
//! This crate reads such a file finding by finding, so its size does not decide how much memory that takes, and says where it is
//! wrong. It neither knows archives nor prints anything.

#![forbid(unsafe_code)]

mod finding;
mod read;

pub use finding::{Counts, Finding, Object, Severity};
pub use read::{Mistake, read};

/// The name of the file in a gatherer's folder.
pub const FILE: &str = "findings.json";

/// The largest such file that is read.
pub const MAX_BYTES: usize = 8 << 20;

#[cfg(test)]
mod tests;
