//! The command line of size-report.

use std::{
    io::{self, ErrorKind, Write},
    path::PathBuf,
    process::ExitCode,
};

use clap::{Parser, ValueEnum};
use size_report::{Report, emit};

/// Explains every byte of WebAssembly modules
///
/// Prints a table per file in which each byte of the file is in exactly one row: headers,
/// sections, functions, data segments. Functions are named by the module's name section, or by
/// the file <name>.symbols beside it, which `make guests` writes.
#[derive(Parser)]
#[command(version, after_help = EXIT_CODES)]
struct Arguments {
    /// Modules to explain
    #[arg(required = true, value_name = "GUEST.wasm")]
    guests: Vec<PathBuf>,

    /// Names of the functions, a line `index:name` for each; for one module only
    #[arg(long, value_name = "FILE")]
    symbols: Option<PathBuf>,

    /// Order of the rows
    #[arg(long, value_enum, default_value_t = Order::Offset)]
    sort: Order,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Order {
    /// As in the file
    Offset,
    /// The largest first
    Size,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  every module was explained
  1  one could not be read or is not a valid module; the others are still explained
  2  the command line is wrong";

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.symbols.is_some() && arguments.guests.len() > 1 {
        complain("--symbols names the functions of one module; give one module, or leave it out");
        return ExitCode::from(2);
    }

    let mut exit = ExitCode::SUCCESS;
    let mut reports = Vec::new();
    for guest in &arguments.guests {
        match Report::of_file(guest, arguments.symbols.as_deref()) {
            Ok(report) => reports.push(report),
            Err(error) => {
                complain(&error.to_string());
                exit = ExitCode::FAILURE;
            }
        }
    }
    if arguments.sort == Order::Size {
        reports.iter_mut().for_each(|report| report.table.sort_by_size());
    }

    let output = io::BufWriter::new(io::stdout().lock());
    match print(&reports, arguments.json, output) {
        // Whoever reads may stop reading: `size-report … | head` is no failure.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            complain(&format!("cannot write the report to standard output: {error}"));
            ExitCode::FAILURE
        }
        _ => exit,
    }
}

fn print(reports: &[Report], json: bool, mut output: impl Write) -> io::Result<()> {
    if json {
        emit::json::write(reports, &mut output)?;
    } else {
        emit::text::write(reports, &mut output)?;
    }
    output.flush()
}

fn complain(message: &str) {
    eprintln!("size-report: {message}");
}
