//! The sandbox: where a guest runs. It has the module and one channel, and nothing else: no credentials,
//! no sockets, no files. The broker, on the other end of the channel, does what the guest may ask for.
//!
//! Everything here runs in the sandbox's process, but for [`process`], which makes and ends it, and
//! [`channel`], which both ends use.

mod body;
pub mod channel;
mod confine;
mod elements;
pub mod engine;
mod link;
mod memory;
pub mod module;
pub mod process;

use channel::{Channel, End, Ending, Request};
use link::Link;
use std::os::unix::net::UnixStream;

/// What a sandbox is told to run.
#[derive(Clone, Debug)]
pub struct Job {
    /// The module's bytes, as the file has them.
    pub module: Vec<u8>,
    /// How much linear memory the guest may have.
    pub memory_bytes: u64,
    /// Which engine runs it.
    pub engine: engine::Kind,
}

/// Runs a guest to its end, answering nothing but what comes over the channel, and says how it ended.
pub fn run(socket: UnixStream, job: &Job) {
    run_over(Channel::new(socket), job);
}

/// Runs a guest whose job comes as the channel's first frame: the whole life of a helper executable.
pub fn run_from_channel(socket: UnixStream) {
    confine::helper(&socket);
    let mut channel = Channel::new(socket);
    if let Ok(job) = channel.receive_job() {
        confine::address_space(job.memory_bytes);
        run_over(channel, &job);
    }
}

fn run_over(channel: Channel, job: &Job) {
    let (end, mut channel) = match module::check(&job.module, job.memory_bytes) {
        Err(reason) => (End { ending: Ending::Unusable, text: reason, memory_bytes: 0 }, channel),
        Ok(checked) => {
            let (end, link) = engine::run(job.engine, &checked, Link::new(channel));
            (end, link.into_channel())
        }
    };
    // If the broker is gone there is nobody to tell.
    let _ = channel.send(&Request::End(end).encode());
}
