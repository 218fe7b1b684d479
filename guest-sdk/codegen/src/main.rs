//! The program codegen.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    wagather_codegen::cli::main()
}
