//! What is shown of a run, as it was typed: how far it is, and in which form all of it is said.

use super::terminal;
use super::voice::Format;
use std::time::Duration;

/// When progress is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::cli) enum When {
    /// On a terminal.
    #[default]
    Auto,
    /// Also elsewhere, as lines.
    Always,
    Never,
}

/// What `--progress` can be.
pub(in crate::cli) const WHEN: &[&str] = &["auto", "always", "never"];
/// What `--log-format` can be.
pub(in crate::cli) const FORMATS: &[&str] = &["text", "json"];

/// What is shown, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::cli) struct Settings {
    /// Nothing but failures.
    pub(in crate::cli) quiet: bool,
    /// As kubectl's `-v`: how much of what else happens is told.
    pub(in crate::cli) verbosity: u32,
    pub(in crate::cli) progress: When,
    pub(in crate::cli) format: Format,
}

impl Settings {
    /// Whether what gatherers say for those who look for mistakes is told.
    pub(in crate::cli) const fn tells_debug(&self) -> bool {
        self.verbosity >= 4
    }

    /// Whether each request is told.
    pub(in crate::cli) const fn tells_requests(&self) -> bool {
        self.verbosity >= 6
    }
}

/// How often a terminal is drawn on.
const FRAME: Duration = Duration::from_millis(100);
/// How often gauges are looked at for lines.
pub(super) const LOOK: Duration = Duration::from_secs(1);

/// How progress is shown.
#[derive(Clone, Copy)]
pub(super) enum Way {
    Block { has_colour: bool },
    Lines,
}

/// The meaning of a word for `--progress`.
pub(in crate::cli) fn when(word: &str) -> Result<When, String> {
    match word {
        "auto" => Ok(When::Auto),
        "always" => Ok(When::Always),
        "never" => Ok(When::Never),
        _ => Err("possible values: auto, always, never".into()),
    }
}

/// The meaning of a word for `--log-format`.
pub(in crate::cli) fn format(word: &str) -> Result<Format, String> {
    match word {
        "text" => Ok(Format::Text),
        "json" => Ok(Format::Json),
        _ => Err("possible values: text, json".into()),
    }
}

impl Settings {
    /// Whether progress may be shown.
    pub(super) fn wants_progress(self) -> bool {
        let is_for_lines = self.format == Format::Json;
        !self.quiet && self.progress != When::Never && !(is_for_lines && self.progress == When::Auto)
    }

    /// How progress is shown, if it can be seen.
    pub(super) fn way(self) -> Option<Way> {
        if self.format == Format::Text && terminal::is_obedient() {
            Some(Way::Block { has_colour: terminal::welcomes_colour() })
        } else if self.progress == When::Always {
            Some(Way::Lines)
        } else {
            None
        }
    }
}

impl Way {
    /// From one look to the next.
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
