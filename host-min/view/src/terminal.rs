//! The only place that writes to stdout and stderr.

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;
use wagather_base::error::{Class, Failure, Result};
use wagather_printable::{Line, Page};

/// Prints a page. A reader that closed the pipe is not an error.
pub(crate) fn print(page: &Page) -> Result<()> {
    write(page.as_str().as_bytes())
}

/// Writes a file for a program that reads it from stdout.
pub(crate) fn write(file: &[u8]) -> Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(file).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(Class::Output, "cannot write to stdout", error))
        }
        _ => Ok(()),
    }
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
