//! The command line. The help is made from these comments.

use crate::diff;
use crate::open;
use crate::report;
use crate::terminal;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

const EXIT_CODES: &str = "\
Exit codes: 0 success; 2 wrong command line or a fault of this program; 4 the archive cannot be read;
6 the output cannot be written.";

const DIFF_EXIT_CODES: &str = "\
Exit codes: 0 nothing differs; 1 something differs; 2 wrong command line or a fault of this program;
4 an archive cannot be read; 6 the output cannot be written.";

/// Show, serve and compare archives
///
/// An archive is a folder, a .tar or a .tar.gz: of this host, a must-gather, an Insights archive, a crust-gather archive or a
/// support bundle.
#[derive(Parser)]
#[command(name = "host-min", bin_name = "host-min", version, after_help = EXIT_CODES, max_term_width = 120)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// The commands, each in a module of its own.
#[derive(Subcommand)]
enum Command {
    /// Show the content of an archive: what was gathered, what is missing, and what was found
    #[command(after_help = EXIT_CODES)]
    Report(report::Options),
    /// Compare two archives by their meaning: objects, findings and what gatherers wrote
    #[command(after_help = DIFF_EXIT_CODES)]
    Diff(diff::Options),
    /// Serve an archive as a read-only API server on 127.0.0.1, for kubectl, k9s and host-min
    #[command(after_help = EXIT_CODES)]
    Open(open::Options),
}

/// Parses the command line and runs it.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        // Help, or an error of the command line, in clap's format; it may contain foreign text.
        Err(said) => return terminal::say(&said),
    };
    let done = match arguments.command {
        Command::Report(options) => report::run(&options),
        Command::Diff(options) => diff::run(&options),
        Command::Open(options) => open::run(&options),
    };
    let done = done.and_then(|code| terminal::flush().map(|()| code));
    done.unwrap_or_else(|failure| terminal::fail(&failure))
}
