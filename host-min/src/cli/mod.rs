//! The command line: it converts options to a plan, and the outcome to messages and an exit code.

mod args;
mod clusters;
mod completions;
mod deliver;
mod deploy;
mod display;
mod findings;
mod fleet;
mod help;
mod inspect;
mod manifest;
mod merge;
mod modules;
mod programs;
mod rbac;
mod registry;
mod rights;
mod run;
mod table;
mod termination;
mod token;
mod typed;
mod values;

use args::{Rbac, Run};
use display::{Display, Event, Format, Subject};
use host_min::{Class, Failure, SingleThreaded};
use std::ffi::OsString;
use std::io::{self, PipeReader};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use typed::{Typed, Words, Wrong};
use wagather_base::error::Result;
use wagather_base::stop;
use wagather_printable::Page;
use wagather_sandbox as sandbox;

/// The exit code for an invalid command line.
const WRONG: u8 = 2;

/// Runs the program.
pub(super) fn main(
    words: impl Iterator<Item = OsString>,
    single_threaded: SingleThreaded,
    keep_open: fn(&PipeReader) -> io::Result<()>,
) -> ExitCode {
    let (mut format, mut stays) = (Format::default(), false);
    let done = match typed::take_apart(words) {
        Ok(Typed::Help(None)) => print_ours(&help::program()),
        Ok(Typed::Help(Some(command))) => print_ours(&help::command(command)),
        Ok(Typed::Program(program, words)) => Err(program.replace_this(words)),
        Ok(Typed::Version) => print_ours(concat!("host-min ", env!("CARGO_PKG_VERSION"))),
        Ok(Typed::Command(words)) => {
            // Do this first, so no copy of this process contains the token.
            let token = words.all("token").next().filter(|_| Run::of(&words).is_ok());
            stays = words.has("stay");
            let typed = words.one("log-format");
            format = typed.and_then(|word| display::format(word.to_str()?).ok()).unwrap_or_default();
            match token.map(|token| token::start_again(&words, token, keep_open)) {
                Some(failure) => Err(failure),
                None => match command(&words, single_threaded) {
                    Ok(done) => {
                        if words.command.name == "run" {
                            termination::write(words.one("termination-log"), done.as_ref().copied());
                        }
                        done
                    }
                    Err(wrong) => return refuse(&wrong),
                },
            }
        }
        Err(wrong) => return refuse(&wrong),
    };
    match done {
        Ok(()) => {
            stay(stays);
            ExitCode::SUCCESS
        }
        Err(failure) => {
            display::show_failure(format, &failure);
            stay(stays && matches!(failure.class, Class::Gaps | Class::Findings));
            // If a signal ended the run, its number decides the exit code, whatever failed first.
            let class = stop::asked().map_or(failure.class, |signal| Class::Stopped(signal as u8));
            ExitCode::from(class.exit_code())
        }
    }
}

/// Waits for a signal, which ends the process, since no archive is being written any more.
fn stay(stays: bool) {
    while stays && stop::asked().is_none() {
        std::thread::park();
    }
}

/// Runs a command, unless its values are invalid.
fn command(words: &Words, single_threaded: SingleThreaded) -> Result<Result<()>, Wrong> {
    let wrong = |reason| Wrong { command: Some(words.command), reason };
    Ok(match words.command.name {
        "run" => run::run(Run::of(words)?, single_threaded),
        "inspect" => {
            let grant = words.one("grant").map(PathBuf::from);
            let registry = registry::options(words)?;
            inspect::inspect(Path::new(&words.operands[0]), &registry, grant.as_deref(), words.has("json"))
        }
        "manifest" => {
            let [file, guest] = [0, 1].map(|index| PathBuf::from(&words.operands[index]));
            let (registry, output) = (registry::options(words)?, words.one("output").map(PathBuf::from));
            manifest::manifest(&file, &guest, &registry, output.as_deref())
        }
        "rbac" => rbac::rbac(&Rbac::of(words)?),
        "merge" => merge::merge(&merge::of(words)?),
        "deploy" => deploy::deploy(deploy::Options::of(words)?),
        "new" => Err(programs::codegen()),
        "push" => registry::push(words)?,
        "deliver" => deliver::deliver(words)?,
        "completions" => {
            let shell = words.operands[0].to_str().and_then(completions::script);
            print_ours(&shell.ok_or_else(|| wrong("completions exist for bash, fish and zsh".into()))?)
        }
        _ => sandbox::process::run_helper(),
    })
}

/// Prints what is wrong with a command line, and which help to read.
fn refuse(wrong: &Wrong) -> ExitCode {
    let (usage, command) = match wrong.command {
        Some(command) => (command.usage(), format!("{} ", command.name)),
        None => ("Usage: host-min <COMMAND>".to_owned(), String::new()),
    };
    display::show_usage_error(&wrong.reason, &usage, &command);
    ExitCode::from(WRONG)
}

/// Prints a text of this program that contains no foreign text.
fn print_ours(text: &str) -> Result<()> {
    let mut page = Page::new();
    page.lines(text);
    display::print(&page)
}

/// Prints all failures. The first one decides the exit code.
fn fail_with(failures: impl IntoIterator<Item = Failure>, display: &Display) -> Result<()> {
    let mut failures = failures.into_iter();
    let Some(first) = failures.next() else { return Ok(()) };
    for failure in failures {
        display.show(&Subject::default(), &Event::Failure(&failure));
    }
    Err(first)
}
