//! The program size-report.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    size_report::cli::main()
}
