//! Threads of our own. One function starts them all: starting one is 2 KB of the program for each kind of work that is known by its type.

use std::io;

/// What a thread that waits for the network, or looks at a few numbers, needs; far less than the usual 2 MiB.
const STACK_BYTES: usize = 256 << 10;

/// Starts a thread that nobody waits for.
pub fn start(name: &str, work: Box<dyn FnOnce() + Send>) -> io::Result<()> {
    std::thread::Builder::new().name(name.into()).stack_size(STACK_BYTES).spawn(work).map(drop)
}
