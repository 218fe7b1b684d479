//! The only place that writes to stdout and stderr. It escapes foreign text from schemas, servers and files.

use crate::Error;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;
use wagather_printable::{Line, Page};

/// Prints a line to stderr. If the terminal is gone, that is no error.
pub(super) fn say(line: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{}", Line(line));
}

/// Prints clap's message where clap would print it. It may contain foreign text.
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

/// Prints a page. If the reader is gone, that is no error.
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

/// Prints the content of a file: code, Markdown, manifests. Foreign text in it is already limited to one line.
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
