//! The program host-min-view.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    wagather_view::main()
}
