//! `host-min serve`, a program of its own, so that the one-shot `host-min run` stays small.
#![forbid(unsafe_code)]

mod cli;

use std::process::ExitCode;
use wagather_base::recycle::Allocator;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

fn main() -> ExitCode {
    cli::main()
}
