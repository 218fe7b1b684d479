//! The command line of host-min. All of it is in [`cli`]; this is the process around it.
#![allow(unsafe_code)] // the promise of having one thread

mod cli;

use host_min::SingleThreaded;
use std::process::ExitCode;

/// The C library of the static binary gets its memory from the system page by page; in larger pieces a sandbox starts 2 to 5 %
/// sooner.
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    // SAFETY: nothing in this program starts a thread before the run's sandboxes have started: not main, not the
    // parsing of arguments, not the reading of modules.
    let single_threaded = unsafe { SingleThreaded::promise() };
    cli::main(std::env::args_os().skip(1), single_threaded)
}
