//! size-report, the program.

use std::process::ExitCode;

fn main() -> ExitCode {
    size_report::cli::main()
}
