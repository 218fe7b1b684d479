//! The only place that writes to stdout and stderr.

use clap::ValueEnum;
use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::process::ExitCode;
use wagather_base::error::{Class, Failure, Result};
use wagather_printable::{Line, Page};

/// Prints a page. A reader that closed the pipe is not an error.
pub(crate) fn print(page: &Page) -> Result<()> {
    write(page.as_str().as_bytes())
}

/// Writes bytes, such as a file for a program that reads it from stdout. [`flush`] ends them.
pub(crate) fn write(bytes: &[u8]) -> Result<()> {
    match io::stdout().lock().write_all(bytes) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(Class::Output, "cannot write to stdout", error))
        }
        _ => Ok(()),
    }
}

/// Writes what is still held back.
pub(crate) fn flush() -> Result<()> {
    match io::stdout().lock().flush() {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(Class::Output, "cannot write to stdout", error))
        }
        _ => Ok(()),
    }
}

/// Prints a part of a JSON text, and a line feed.
pub(crate) fn print_json(text: &str) -> Result<()> {
    let mut page = Page::new();
    page.json(text);
    print(&page)
}

/// Whether text has colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    Auto,
    Always,
    Never,
}

/// What a line means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Added,
    Removed,
    Changed,
}

/// Lines on stdout, with colours where they are wanted.
pub(crate) struct Screen {
    has_colours: bool,
}

impl Screen {
    pub(crate) fn new(colour: Colour) -> Screen {
        let is_wanted = || std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let has_colours = match colour {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => is_wanted() && io::stdout().is_terminal(),
        };
        Screen { has_colours }
    }

    /// Prints a line. Foreign text in it stays text.
    pub(crate) fn line(&mut self, style: Style, text: impl Display) -> Result<()> {
        let colour = match style {
            _ if !self.has_colours => None,
            Style::Plain => None,
            Style::Added => Some("32"),
            Style::Removed => Some("31"),
            Style::Changed => Some("33"),
        };
        let text = Line(text);
        let line = match colour {
            Some(colour) => format!("\u{1b}[{colour}m{text}\u{1b}[0m\n"),
            None => format!("{text}\n"),
        };
        write(line.as_bytes())
    }
}

/// Prints one line of this program's own, of which nothing is escaped but what controls a terminal.
pub(crate) fn print_line(line: &str) -> Result<()> {
    let mut page = Page::new();
    page.lines(line);
    print(&page)?;
    flush()
}

/// Says something that is neither a result nor a warning. If the terminal is gone, that is no error.
pub(crate) fn tell(said: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", Line(said));
}

/// Warns of something. If the terminal is gone, that is no error.
pub(crate) fn warn(warning: &str) {
    let _ = writeln!(io::stderr().lock(), "warning: {}", Line(warning));
}

/// Prints why something failed. The result is the exit code; it is never 1, which is `diff`'s for a difference.
pub(crate) fn fail(failure: &Failure) -> ExitCode {
    let mut page = Page::new();
    page.lines(&format!("error: {failure}"));
    let _ = io::stderr().lock().write_all(page.as_str().as_bytes());
    ExitCode::from(failure.class.exit_code().max(2))
}

/// Prints clap's message where clap would print it.
pub(crate) fn say(said: &clap::Error) -> ExitCode {
    let mut page = Page::new();
    let typed = std::env::args_os().map(|word| word.to_string_lossy().into_owned());
    page.lines_with(&said.render().to_string(), typed);
    let _ = match said.use_stderr() {
        true => io::stderr().lock().write_all(page.as_str().as_bytes()),
        false => io::stdout().lock().write_all(page.as_str().as_bytes()),
    };
    ExitCode::from(u8::try_from(said.exit_code()).unwrap_or(2))
}
