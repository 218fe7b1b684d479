//! codegen, the program.

use std::process::ExitCode;

fn main() -> ExitCode {
    wagather_codegen::cli::main()
}
