//! Internal to host-min, without any promise of stability: the sandbox, where a guest runs.
//!
//! A sandbox has a module and one channel. It has no credentials,
//! sockets or files. The broker, at the other end of the channel, acts for the guest within its rights.
//!
//! All code here runs in the sandbox's process, except [`process`] and [`zygote`], which start and end it. Both ends use
//! [`channel`] and [`in_force`].

mod abort;
mod arguments;
mod call;
pub mod channel;
mod confine;
pub mod engine;
mod frame;
pub mod in_force;
mod kind;
mod link;
mod memory;
mod prefetch;
pub mod process;
mod typed;
mod wasi;
pub mod zygote;

pub use wagather_module as module;

use channel::{Channel, End, Ending, Message};
use link::Link;
use std::borrow::Cow;
use std::time::Duration;

/// What a sandbox runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job<'a> {
    /// The module's bytes, as in the file. A fork borrows them from its parent.
    pub module: Cow<'a, [u8]>,
    /// The limit of the guest's linear memory.
    pub memory_bytes: u64,
    /// The limit of its running time, and of its CPU time.
    pub time: Duration,
    /// The engine that runs it; without one, the module decides.
    pub engine: Option<engine::Kind>,
}

impl Job<'_> {
    /// The same job, which borrows the module.
    fn borrowed(&self) -> Job<'_> {
        Job { module: Cow::Borrowed(&self.module), ..*self }
    }

    /// Copies the module.
    fn to_static(&self) -> Job<'static> {
        Job { module: Cow::Owned(self.module.to_vec()), ..*self }
    }
}

/// The code that runs in a sandbox after it was confined: a guest or, in tests, code that tries to escape. Returns the
/// channel.
#[doc(hidden)]
pub type Inmate = fn(Channel, &Job<'_>) -> Channel;

/// Runs a guest to its end, and reports the end over the channel.
fn guest(channel: Channel, job: &Job<'_>) -> Channel {
    run_guest(channel, job, false)
}

/// The same, but the guest waits for its turn when it is validated and compiled.
fn guest_on_turn(channel: Channel, job: &Job<'_>) -> Channel {
    run_guest(channel, job, true)
}

fn run_guest(mut channel: Channel, job: &Job<'_>, has_turn: bool) -> Channel {
    match engine::prepare(&job.module, job.memory_bytes, job.engine) {
        Err(reason) => {
            let end = End { ending: Ending::Unusable, text: reason, memory_bytes: 0 };
            Link::new(channel, job.memory_bytes).end(end)
        }
        Ok((fit, bodies)) => {
            if fit.is_second_choice {
                // The guest's first call notices a broker that is gone.
                let _ = channel.send(&Message::Runs(fit.kind).encode());
            }
            let mut link = Link::new(channel, job.memory_bytes);
            link.has_turn = has_turn;
            let (end, link) = engine::run(fit.kind, fit.checked, bodies, link);
            link.end(end)
        }
    }
}
