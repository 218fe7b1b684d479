//! Threads. One function starts them all, because each type of closure that starts a thread adds 2 KB to the program.

use std::io;

/// The stack of a thread that waits for the network or reads a few numbers. The usual 2 MiB are far more than it needs.
const STACK_BYTES: usize = 256 << 10;

/// Starts a thread that nobody waits for.
pub fn start(name: &str, work: Box<dyn FnOnce() + Send>) -> io::Result<()> {
    std::thread::Builder::new().name(name.into()).stack_size(STACK_BYTES).spawn(work).map(drop)
}
