//! The command line of host-min: [`cli`] has all of it; this file sets up the process.
#![allow(unsafe_code)] // the promise of having one thread; a system call that std does not have

mod cli;

use host_min::SingleThreaded;
use std::io::{self, PipeReader};
use std::os::fd::AsRawFd;
use std::process::ExitCode;
use wagather_cli::allocator::Allocator;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

fn main() -> ExitCode {
    // SAFETY: nothing in this program starts a thread before the run's sandboxes have started: neither main, nor
    // argument parsing, nor reading modules.
    let single_threaded = unsafe { SingleThreaded::promise() };
    cli::main(std::env::args_os().skip(1), single_threaded, keep_open)
}

/// Keeps a pipe open across an exec.
fn keep_open(pipe: &PipeReader) -> io::Result<()> {
    // SAFETY: sets a flag of a descriptor that is borrowed, so it is open. Accesses no memory.
    match unsafe { libc::fcntl(pipe.as_raw_fd(), libc::F_SETFD, 0) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
