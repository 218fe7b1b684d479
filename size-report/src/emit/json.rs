//! For programs. The shapes are those of the types, and `docs/size-report.md` has their schema.

use std::io::{self, Write};

use serde::Serialize;

/// Writes one value and a line feed.
///
/// # Errors
/// The output does not take it.
pub fn write(value: &impl Serialize, mut output: impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut output, value)?;
    output.write_all(b"\n")
}
