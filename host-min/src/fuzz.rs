//! Ways in for the fuzzers of `tests/fuzz/`, to what reads other people's bytes and is nobody else's business.
//!
//! No part of the library: compiled under `cfg(fuzzing)` alone, and without any promise. What is public anyway is not
//! repeated here.

pub use wagather_kube::cluster::fuzz::*;

use wagather_base::error::Failure;
use wagather_kube::recording::Recording;
use wagather_sandbox::Job;
use wagather_sandbox::channel::Channel;

/// The sandbox's end of the channel: the job frame.
pub fn receive_job(channel: &mut Channel) -> std::io::Result<Job> {
    channel.receive_job()
}

/// What a recording's file holds.
pub fn recording(bytes: &[u8]) -> Result<Recording, Failure> {
    Recording::of("fuzz.har".into(), bytes.to_vec())
}

/// Whether the redactor takes a value for one that its name tells of; a switch, say, is none.
pub fn is_value_of(value: &[u8], name: &[u8]) -> bool {
    wagather_json::redact::is_value_of(value, name)
}
