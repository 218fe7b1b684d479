//! The program host-min-admin.
#![allow(unsafe_code)] // the promise of having one thread

use std::process::ExitCode;
use wagather_cli::allocator::Allocator;
use wagather_sandbox::process::SingleThreaded;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

fn main() -> ExitCode {
    // SAFETY: nothing in this program starts a thread before a run's sandboxes have started: neither main, nor argument parsing, nor
    // reading modules.
    let single_threaded = unsafe { SingleThreaded::promise() };
    wagather_admin::main(std::env::args_os().skip(1), single_threaded)
}
