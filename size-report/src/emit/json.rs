//! JSON output. The types define its structure, and `docs/size-report.md` has the schema.

use std::io::{self, Write};

use serde::Serialize;

use crate::analyses::snapshot::Snapshot;

/// Writes one value and a line feed.
///
/// # Errors
/// Errors of `output`.
pub fn write(value: &impl Serialize, mut output: impl Write) -> io::Result<()> {
    let text = serde_json::to_string_pretty(value)?;
    writeln!(output, "{}", wagather_printable::json(&text))
}

/// Writes a baseline: one line per item, so a commit shows the changes.
///
/// # Errors
/// Errors of `output`.
pub fn baseline(snapshot: &Snapshot, mut output: impl Write) -> io::Result<()> {
    write!(output, "{{\"bytes\":{},\"items\":[", snapshot.bytes)?;
    for (number, item) in snapshot.items.iter().enumerate() {
        output.write_all(if number == 0 { b"\n" } else { b",\n" })?;
        output.write_all(wagather_printable::json(&serde_json::to_string(item)?).as_bytes())?;
    }
    output.write_all(b"\n]}\n")
}
