//! How a command ends: what it prints, and its exit code.

use crate::display::{self, Display, Event, Format, Subject};
use crate::termination;
use crate::typed::{Words, Wrong};
use std::process::ExitCode;
use wagather_base::error::{Class, Failure, Result};
use wagather_base::stop;
use wagather_printable::Page;

/// The exit code for an invalid command line.
const WRONG: u8 = 2;

/// The format of the messages of a command.
pub fn format(words: &Words) -> Format {
    let typed = words.one("log-format");
    typed.and_then(|word| display::format(word.to_str()?).ok()).unwrap_or_default()
}

/// Shows the failure of a command, and returns its exit code.
pub fn end(format: Format, done: Result<()>) -> ExitCode {
    end_or_stay(format, done, false)
}

/// The same for any command as it was typed. The outcome of `run` is also written where the kubelet looks for it.
pub fn end_command(words: &Words, done: Result<()>) -> ExitCode {
    if words.command.name == "run" {
        termination::write(words.one("termination-log"), done.as_ref().copied());
    }
    end_or_stay(format(words), done, words.has("stay") && !words.has("dry-run"))
}

/// With `--stay`, a run that would not become better by another one waits at its end.
fn end_or_stay(format: Format, done: Result<()>, stays: bool) -> ExitCode {
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

/// Prints what is wrong with a command line, and which help to read.
pub fn refuse(wrong: &Wrong) -> ExitCode {
    let (usage, command) = match wrong.command {
        Some(command) => (command.usage(), format!("{} ", command.name)),
        None => ("Usage: host-min <COMMAND>".to_owned(), String::new()),
    };
    display::show_usage_error(&wrong.reason, &usage, &command);
    ExitCode::from(WRONG)
}

/// Prints a text of this program that contains no foreign text.
pub fn print_ours(text: &str) -> Result<()> {
    let mut page = Page::new();
    page.lines(text);
    display::print(&page)
}

/// Prints all failures. The first one decides the exit code.
pub fn fail_with(failures: impl IntoIterator<Item = Failure>, display: &Display) -> Result<()> {
    let mut failures = failures.into_iter();
    let Some(first) = failures.next() else { return Ok(()) };
    for failure in failures {
        display.show(&Subject::default(), &Event::Failure(&failure));
    }
    Err(first)
}
