//! The command line of host-min. All of it is in [`cli`]; this is the process around it.
#![allow(unsafe_code)] // the promise of having one thread

mod cli;

use host_min::SingleThreaded;
use std::process::ExitCode;

fn main() -> ExitCode {
    // SAFETY: nothing in this program starts a thread before the run's sandboxes have started: not main, not the
    // parsing of arguments, not the reading of modules.
    let single_threaded = unsafe { SingleThreaded::promise() };
    cli::main(std::env::args_os().skip(1), single_threaded)
}
