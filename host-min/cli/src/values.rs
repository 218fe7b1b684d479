//! Parses the values of options.

use crate::table::Command;
use crate::typed::{Words, Wrong};
use std::ffi::OsString;
use std::fmt::Display;

/// A mistake in the values of a command.
pub fn wrong(command: &'static Command, reason: String) -> Wrong {
    Wrong { command: Some(command), reason }
}

/// The meaning of an option that is given once, or of its default.
pub fn one<T, E: Display>(
    words: &Words,
    long: &str,
    meaning: fn(&str) -> Result<T, E>,
) -> Result<Option<T>, Wrong> {
    words.one(long).map(|typed| value(words, long, &typed, meaning)).transpose()
}

/// The meanings of an option that may be repeated.
pub fn all<T, E: Display>(
    words: &Words,
    long: &str,
    meaning: fn(&str) -> Result<T, E>,
) -> Result<Vec<T>, Wrong> {
    words.all(long).map(|typed| value(words, long, typed, meaning)).collect()
}

fn value<T, E: Display>(
    words: &Words,
    long: &str,
    typed: &OsString,
    meaning: fn(&str) -> Result<T, E>,
) -> Result<T, Wrong> {
    let invalid = |why: &dyn Display| {
        wrong(words.command, format!("invalid value '{}' for --{long}: {why}", typed.display()))
    };
    let text = typed.to_str().ok_or_else(|| invalid(&"it is not UTF-8"))?;
    meaning(text).map_err(|why| invalid(&why))
}

/// Any text.
pub fn text(typed: &str) -> Result<String, String> {
    Ok(typed.to_owned())
}
