//! The command line of host-min. All of it is in [`cli`]; this is the process around it.
#![allow(unsafe_code)] // the promise of having one thread; a system call that std does not have

mod allocator;
mod cli;

use host_min::SingleThreaded;
use std::io::{self, PipeReader};
use std::os::fd::AsRawFd;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: allocator::Allocator = allocator::Allocator;

fn main() -> ExitCode {
    // SAFETY: nothing in this program starts a thread before the run's sandboxes have started: not main, not the
    // parsing of arguments, not the reading of modules.
    let single_threaded = unsafe { SingleThreaded::promise() };
    cli::main(std::env::args_os().skip(1), single_threaded, keep_open)
}

/// Lets a pipe outlive the program, for the one that takes its place.
fn keep_open(pipe: &PipeReader) -> io::Result<()> {
    // SAFETY: sets a flag of a descriptor that is open while it is borrowed. Touches no memory.
    match unsafe { libc::fcntl(pipe.as_raw_fd(), libc::F_SETFD, 0) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
