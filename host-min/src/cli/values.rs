//! Parses the values of options.

use super::table::Command;
use super::typed::{Words, Wrong};
use std::ffi::OsString;
use std::fmt::Display;

pub(super) fn wrong(command: &'static Command, reason: String) -> Wrong {
    Wrong { command: Some(command), reason }
}

pub(super) fn one<T, E: Display>(
    words: &Words,
    long: &str,
    meaning: fn(&str) -> Result<T, E>,
) -> Result<Option<T>, Wrong> {
    words.one(long).map(|typed| value(words, long, &typed, meaning)).transpose()
}

pub(super) fn all<T, E: Display>(
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

pub(super) fn text(typed: &str) -> Result<String, String> {
    Ok(typed.to_owned())
}
