//! For programs: an array with one object per file, shaped like [`Report`].

use std::io::{self, Write};

use crate::Report;

/// Writes all reports.
///
/// # Errors
/// The output does not take it.
pub fn write(reports: &[Report], mut output: impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut output, reports)?;
    output.write_all(b"\n")
}
