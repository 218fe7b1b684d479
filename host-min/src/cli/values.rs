//! Parses the values of options.

use super::table::Command;
use super::typed::{Words, Wrong};
use std::ffi::OsString;

pub(super) fn wrong(command: &'static Command, reason: String) -> Wrong {
    Wrong { command: Some(command), reason }
}

pub(super) fn one<T>(
    words: &Words,
    long: &str,
    meaning: fn(&str) -> Result<T, String>,
) -> Result<Option<T>, Wrong> {
    words.one(long).map(|typed| value(words, long, &typed, meaning)).transpose()
}

pub(super) fn all<T>(
    words: &Words,
    long: &str,
    meaning: fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, Wrong> {
    words.all(long).map(|typed| value(words, long, typed, meaning)).collect()
}

fn value<T>(
    words: &Words,
    long: &str,
    typed: &OsString,
    meaning: fn(&str) -> Result<T, String>,
) -> Result<T, Wrong> {
    let meant = typed.to_str().ok_or_else(|| "it is not UTF-8".to_owned()).and_then(meaning);
    meant.map_err(|why| {
        wrong(words.command, format!("invalid value '{}' for --{long}: {why}", typed.display()))
    })
}

pub(super) fn text(typed: &str) -> Result<String, String> {
    Ok(typed.to_owned())
}
