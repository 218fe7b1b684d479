//! Output as text, JSON, Markdown and pictures. Nothing here computes anything except layouts.

use std::{
    fmt::Display,
    io::{self, Write},
};

pub mod html;
pub mod json;
pub mod markdown;
pub mod palette;
pub mod svg;
pub mod text;

/// A readable size: exact below a kilobyte.
pub fn human(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{:.1} KB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MB", bytes as f64 / 1_048_576.0),
    }
}

/// Writes a line. Names from modules and files are escaped, so they stay within it.
fn line(output: &mut impl Write, text: impl Display) -> io::Result<()> {
    writeln!(output, "{}", wagather_printable::Line(text))
}
