//! The options for what a run shows: progress, verbosity and format.

use super::event::Format;
use super::terminal;
use std::time::Duration;

/// When progress is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum When {
    /// On a terminal.
    #[default]
    Auto,
    /// Always; as lines if there is no terminal.
    Always,
    Never,
}

/// What `--progress` can be.
pub const WHEN: &[&str] = &["auto", "always", "never"];
/// What `--log-format` can be.
pub const FORMATS: &[&str] = &["text", "json"];

/// What is shown, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Show only failures.
    pub quiet: bool,
    /// The verbosity, as kubectl's `-v`.
    pub verbosity: u32,
    /// When progress is shown.
    pub progress: When,
    /// The format of events.
    pub format: Format,
}

impl Settings {
    /// Whether debug lines of gatherers are shown.
    pub const fn shows_debug(&self) -> bool {
        self.verbosity >= 4
    }

    /// Whether each request is shown.
    pub const fn shows_requests(&self) -> bool {
        self.verbosity >= 6
    }
}

/// How often a terminal is redrawn.
const FRAME: Duration = Duration::from_millis(100);
/// How often gauges are read for progress lines.
pub(super) const LOOK: Duration = Duration::from_secs(1);

/// How progress is shown.
#[derive(Clone, Copy)]
pub(super) enum Way {
    Block { has_colour: bool },
    Lines,
}

/// The meaning of a word for `--progress`.
pub fn when(word: &str) -> Result<When, String> {
    match word {
        "auto" => Ok(When::Auto),
        "always" => Ok(When::Always),
        "never" => Ok(When::Never),
        _ => Err("possible values: auto, always, never".into()),
    }
}

/// The meaning of a word for `--log-format`.
pub fn format(word: &str) -> Result<Format, String> {
    match word {
        "text" => Ok(Format::Text),
        "json" => Ok(Format::Json),
        _ => Err("possible values: text, json".into()),
    }
}

impl Settings {
    /// Whether progress is on.
    pub(super) fn wants_progress(self) -> bool {
        let is_for_lines = self.format == Format::Json;
        !self.quiet && self.progress != When::Never && !(is_for_lines && self.progress == When::Auto)
    }

    /// How progress is shown, if it is visible.
    pub(super) fn way(self) -> Option<Way> {
        if self.format == Format::Text && terminal::has_cursor() {
            Some(Way::Block { has_colour: terminal::wants_colour() })
        } else if self.progress == When::Always {
            Some(Way::Lines)
        } else {
            None
        }
    }
}

impl Way {
    /// The time between two updates.
    pub(super) const fn pause(self) -> Duration {
        match self {
            Way::Block { .. } => FRAME,
            Way::Lines => LOOK,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_options_are_those_of_the_help() {
        assert!(WHEN.iter().all(|word| when(word).is_ok()) && when("often").is_err());
        assert!(FORMATS.iter().all(|word| format(word).is_ok()) && format("yaml").is_err());
    }
}
