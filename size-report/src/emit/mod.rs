//! Reports as text, JSON, Markdown and pictures. Nothing here computes but where a rectangle goes.

pub mod html;
pub mod json;
pub mod markdown;
pub mod palette;
pub mod svg;
pub mod text;

/// Bytes for a person: exact below a kilobyte.
pub fn human(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{:.1} KB", bytes as f64 / 1024.0),
        _ => format!("{:.1} MB", bytes as f64 / 1_048_576.0),
    }
}

/// A name as it can be shown: it comes from a module or a file, and a terminal obeys control characters.
pub fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}
