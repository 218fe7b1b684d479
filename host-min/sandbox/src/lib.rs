//! Internal to host-min, without any promise of stability: the sandbox, where a guest runs.
//!
//! It has the module and one channel, and nothing else: no credentials,
//! no sockets, no files. The broker, on the other end of the channel, does what the guest may ask for.
//!
//! Everything here runs in the sandbox's process, but for [`process`], which makes and ends it, and
//! [`channel`] and [`in_force`], which both ends use.

mod ahead;
pub mod channel;
mod confine;
pub mod engine;
pub mod in_force;
mod kind;
mod link;
mod memory;
pub mod process;
mod typed;
mod wasi;

pub use wagather_module as module;

use channel::{Channel, End, Ending};
use link::Link;
use std::time::Duration;

/// What a sandbox is told to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The module's bytes, as the file has them.
    pub module: Vec<u8>,
    /// How much linear memory the guest may have.
    pub memory_bytes: u64,
    /// How long it may run; a bound for the processor's time as well.
    pub time: Duration,
    /// Which engine runs it.
    pub engine: engine::Kind,
}

/// What runs in a sandbox once it is confined: a guest, or in the place of one a test's code that tries to get out. It gives the
/// channel back.
#[doc(hidden)]
pub type Inmate = fn(Channel, &Job) -> Channel;

/// Runs a guest to its end, answering nothing but what comes over the channel, and says how it ended.
fn guest(channel: Channel, job: &Job) -> Channel {
    let link = Link::new(channel, job.memory_bytes);
    let (end, link) = match module::check(&job.module, job.memory_bytes) {
        Err(reason) => (End { ending: Ending::Unusable, text: reason, memory_bytes: 0 }, link),
        Ok(checked) => engine::run(job.engine, &checked, link),
    };
    link.end(end)
}
