//! For programs. The shapes are those of the types, and `docs/size-report.md` has their schema.

use std::io::{self, Write};

use serde::Serialize;

use crate::analyses::snapshot::Snapshot;

/// Writes one value and a line feed.
///
/// # Errors
/// The output does not take it.
pub fn write(value: &impl Serialize, mut output: impl Write) -> io::Result<()> {
    let text = serde_json::to_string_pretty(value)?;
    writeln!(output, "{}", wagather_printable::json(&text))
}

/// Writes a baseline: a line for each item, so that a commit shows what it changed.
///
/// # Errors
/// The output does not take it.
pub fn baseline(snapshot: &Snapshot, mut output: impl Write) -> io::Result<()> {
    write!(output, "{{\"bytes\":{},\"items\":[", snapshot.bytes)?;
    for (number, item) in snapshot.items.iter().enumerate() {
        output.write_all(if number == 0 { b"\n" } else { b",\n" })?;
        output.write_all(wagather_printable::json(&serde_json::to_string(item)?).as_bytes())?;
    }
    output.write_all(b"\n]}\n")
}
