//! The program host-min-view.
#![forbid(unsafe_code)]

use dlmalloc::GlobalDlmalloc;
use std::process::ExitCode;

/// Tables are made of many small values, and musl's `malloc` takes half of their time.
#[global_allocator]
static ALLOCATOR: GlobalDlmalloc = GlobalDlmalloc;

fn main() -> ExitCode {
    wagather_view::main()
}
