//! Results on stdout: pages, in which foreign text is escaped, and JSON, which is printable.
//!
//! An archive on stdout does not pass here. It is binary, and never goes to a terminal.

use serde::Serialize;
use std::io::{self, ErrorKind, Write};
use wagather_base::error::{Class, Failure, Result};
use wagather_printable::Page;

/// Prints a page. A reader that closed the pipe is not an error.
pub fn print(page: &Page) -> Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(page.as_str().as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(Class::Output, "cannot write to stdout", error))
        }
        _ => Ok(()),
    }
}

/// Prints a value as JSON.
pub fn print_json(value: &impl Serialize) -> Result<()> {
    let mut page = Page::new();
    page.json(&serde_json::to_string_pretty(value).unwrap_or_default());
    print(&page)
}
