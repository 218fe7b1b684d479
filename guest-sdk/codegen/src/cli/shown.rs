//! The only door to the terminal: what schemas, servers and files say is escaped here, and nothing else in the command line writes
//! to a standard stream.

use crate::Error;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;
use wagather_printable::{Line, Page};

/// Says a line on standard error. A terminal that is gone is no error.
pub(super) fn say(line: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{}", Line(line));
}

/// Says what clap says, where it would say it. The lines are clap's, the words may be of others.
pub(super) fn clap(said: &clap::Error) -> ExitCode {
    let mut page = Page::new();
    let typed = std::env::args_os().map(|word| word.to_string_lossy().into_owned());
    page.lines_with(&said.render().to_string(), typed);
    let _ = match said.use_stderr() {
        true => io::stderr().lock().write_all(page.as_str().as_bytes()),
        false => io::stdout().lock().write_all(page.as_str().as_bytes()),
    };
    ExitCode::from(u8::try_from(said.exit_code()).unwrap_or(2))
}

/// Prints a page; a reader that went away is no error.
pub(super) fn print(page: &Page) -> Result<(), Error> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(page.as_str().as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Error::of_file(Path::new("standard output"), error.to_string()))
        }
        _ => Ok(()),
    }
}

/// Prints a line.
pub(super) fn print_line(line: impl Display) -> Result<(), Error> {
    let mut page = Page::new();
    page.line(line);
    print(&page)
}

/// Prints what would be a file: code, a page of Markdown, manifests. What others say in it is one line already.
pub(super) fn print_file(text: &str) -> Result<(), Error> {
    let mut page = Page::new();
    page.lines(text);
    print(&page)
}

/// Prints a value as JSON.
pub(super) fn print_json(value: &serde_json::Value) -> Result<(), Error> {
    let mut page = Page::new();
    page.json(&format!("{value:#}"));
    print(&page)
}
