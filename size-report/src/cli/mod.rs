//! Runs the command line.

mod arguments;
mod check;
mod picture;

use std::{
    io::{self, ErrorKind, Write},
    path::Path,
    process::ExitCode,
};

use clap::Parser;
use wagather_printable::{Line, Page};

use self::arguments::{Arguments, Command, Order, Output};
use crate::{
    By, Error, Report,
    analyses::{
        Analysis,
        diff::Diff,
        names::{Names, Sources},
        snapshot::Snapshot,
        why::Why,
    },
    emit,
    module::Module,
};

/// Parses the command line and runs it.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        // Help, or an error of the command line, in clap's format; it may contain foreign text.
        Err(said) => return say(&said),
    };
    let output = io::BufWriter::new(io::stdout().lock());
    let done = match &arguments.command {
        None => explain(&arguments, output),
        Some(Command::Why(why)) => with_analysis(&why.guest, why.names.sources(), |analysis| {
            let answer = Why::of(analysis, &why.function).ok_or_else(|| Error::NoSuchFunction {
                file: why.guest.clone(),
                name: why.function.clone(),
            })?;
            Ok(print(output, |output| match why.json {
                true => emit::json::write(&answer, output),
                false => emit::text::why(&answer, why.top, output),
            }))
        }),
        Some(Command::Diff(diff)) => (|| {
            let before = snapshot(&diff.before, Sources::default())?;
            let changes = Diff::of(&before, &snapshot(&diff.after, Sources::default())?);
            Ok(print(output, |output| match diff.output() {
                Output::Json => emit::json::write(&changes, output),
                Output::Markdown => emit::markdown::diff(&changes, diff.top, output),
                Output::Text => emit::text::diff(&changes, diff.top, output),
            }))
        })(),
        Some(Command::Check(options)) => check::check(options, output),
    };
    done.unwrap_or_else(|error| {
        complain(&error.to_string());
        ExitCode::FAILURE
    })
}

fn explain(arguments: &Arguments, output: impl Write) -> Result<ExitCode, Error> {
    if arguments.guests.len() > 1
        && (arguments.names.symbols.is_some() || arguments.names.unstripped.is_some())
    {
        complain("--symbols and --unstripped apply to one module; give one module, or omit them");
        return Ok(ExitCode::from(2));
    }
    if arguments.html.is_some() || arguments.svg.is_some() {
        return picture::draw(arguments, output);
    }
    let mut by = arguments.by.clone();
    let shape = arguments.output();
    if shape == Output::Markdown && by.is_empty() {
        by.push(By::Crate);
    }
    let mut exit = ExitCode::SUCCESS;
    let mut reports = Vec::new();
    for guest in &arguments.guests {
        match Report::of_file(guest, arguments.names.sources(), &by) {
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
    let printed = print(output, |output| match shape {
        Output::Json => emit::json::write(&reports, output),
        Output::Markdown => emit::markdown::reports(&reports, arguments.top, output),
        Output::Text => {
            let limits = emit::text::Limits { top: arguments.top, depth: arguments.depth };
            emit::text::write(&reports, limits, output)
        }
    });
    Ok(if printed == ExitCode::SUCCESS { exit } else { printed })
}

/// Reads and analyzes a module.
fn with_analysis<T>(
    file: &Path,
    sources: Sources<'_>,
    then: impl FnOnce(&Analysis<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let bytes = std::fs::read(file).map_err(|source| Error::unreadable(file, source))?;
    let module = Module::parse(&bytes).map_err(|malformed| Error::malformed(file, malformed))?;
    let names = Names::find(&module, file, sources)?;
    then(&Analysis::of(&module, names))
}

fn snapshot(file: &Path, sources: Sources<'_>) -> Result<Snapshot, Error> {
    with_analysis(file, sources, |analysis| Ok(Snapshot::of(analysis)))
}

fn print<W: Write>(mut output: W, write: impl FnOnce(&mut W) -> io::Result<()>) -> ExitCode {
    match write(&mut output).and_then(|()| output.flush()) {
        // The reader may stop reading: `size-report … | head` is no failure.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            complain(&format!("cannot write the report to standard output: {error}"));
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

/// The only place that writes to stderr. If the terminal is gone, that is no error.
fn complain(message: &str) {
    let _ = writeln!(io::stderr().lock(), "size-report: {}", Line(message));
}

/// Prints clap's message where clap would print it.
fn say(said: &clap::Error) -> ExitCode {
    let mut page = Page::new();
    let typed = std::env::args_os().map(|word| word.to_string_lossy().into_owned());
    page.lines_with(&said.render().to_string(), typed);
    let _ = match said.use_stderr() {
        true => io::stderr().lock().write_all(page.as_str().as_bytes()),
        false => io::stdout().lock().write_all(page.as_str().as_bytes()),
    };
    ExitCode::from(u8::try_from(said.exit_code()).unwrap_or(2))
}
