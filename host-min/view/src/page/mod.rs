//! The page of `report --html`: one file that shows an archive in a browser, without a network.
//!
//! | module | does |
//! |---|---|
//! | `model` | all that the page shows, and how much of it there is room for |
//! | `objects`, `events`, `files`, `requests`, `report` | the lists |
//! | `changes` | what differs from an earlier archive |
//! | `summary` | how well an object is |
//! | `columns`, `blocks` | lists and whole pieces in a form that is small |
//! | `text`, `times` | foreign texts with a limit; times |
//! | `html` | the content of the file |
//! | `output` | where the file goes |
//!
//! What the browser does with it is in `assets`: scripts and styles of our own, small enough to be read. An archive is hostile: its
//! names, messages and logs reach the browser compressed, as base64, and the script makes only text nodes of them.

mod blocks;
mod changes;
mod columns;
mod events;
mod files;
mod html;
mod model;
mod objects;
mod output;
mod report;
mod requests;
mod summary;
mod text;
mod times;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::gathered::Gathered;
use crate::terminal;
use changes::Changes;
use clap::Args;
use wagather_base::error::{Class, Failure, Result};

/// How many bytes a page has if nobody says otherwise.
const DEFAULT_BYTES: usize = 150_000;

/// What to write, and where.
#[derive(Args)]
#[group(id = "page")]
pub(crate) struct Options {
    /// Write a page for a browser: one file that needs no network
    #[arg(long)]
    pub(crate) html: bool,
    /// Where the page goes; - for stdout [default: the archive's name with .html, in this folder]
    #[arg(short, long, value_name = "FILE", requires = "html")]
    output: Option<PathBuf>,
    /// Replace the file if it exists
    #[arg(long, alias = "force", requires = "html")]
    overwrite: bool,
    /// The page's size, such as 500k or 5M, or none: whole objects and logs get what the lists leave
    ///
    /// The lists of all objects and events are in every page. [default: 150k, or a quarter more than the lists take]
    #[arg(long, value_name = "SIZE", value_parser = limit, requires = "html", verbatim_doc_comment)]
    limit: Option<usize>,
    /// Show what differs from an earlier archive, too
    #[arg(long, value_name = "EARLIER", requires = "html")]
    compare_with: Option<PathBuf>,
}

/// Writes the page of an archive to a file.
pub(crate) fn run(archive: &Path, options: &Options) -> Result<ExitCode> {
    let mut bytes = Vec::new();
    let earlier = options.compare_with.as_deref();
    let warnings = write(archive, earlier, options.limit, &mut bytes)?;
    warnings.iter().for_each(|warning| terminal::warn(warning));
    match &options.output {
        Some(stdout) if stdout.as_os_str() == "-" => terminal::write(&bytes)?,
        Some(file) => output::write(file, &bytes, options.overwrite)?,
        None => output::write(&output::name_of(archive), &bytes, options.overwrite)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes the page of an archive. It has at most so many bytes, unless its lists alone have more; `None` is the default. Returns what
/// the reader has to know about the archive.
pub(crate) fn write(
    archive: &Path,
    earlier: Option<&Path>,
    max_bytes: Option<usize>,
    output: &mut dyn Write,
) -> Result<Vec<String>> {
    let changes = earlier.map(|earlier| Changes::between(earlier, archive)).transpose()?;
    let mut files = files::Files::default();
    let gathered =
        Gathered::open_and_look(archive, &files::is_wanted, &mut |path, content| files.add(path, content))?;
    let frame = html::Frame::new();
    let room = |lists: usize| {
        let taken = frame.len() + lists;
        max_bytes.unwrap_or_else(|| DEFAULT_BYTES.max(taken / 4 * 5)).saturating_sub(taken)
    };
    let name = archive.file_name().unwrap_or(archive.as_os_str()).to_string_lossy();
    let failure = |error: &dyn std::fmt::Display| Failure::new(Class::Output, "cannot write the page", error);
    let model = model::model([&archive.display().to_string(), &name], &gathered, files, changes, room)
        .map_err(|error| failure(&error))?;
    frame.write(&name, &model, output).map_err(|error| failure(&error))?;
    Ok(gathered.warnings)
}

/// A size: a number of bytes, kilobytes (`k`) or megabytes (`M`), or `none`.
fn limit(typed: &str) -> std::result::Result<usize, String> {
    let units = [("k", 1_000), ("K", 1_000), ("M", 1_000_000), ("", 1)];
    let unit = units.into_iter().find_map(|(unit, bytes)| Some((typed.strip_suffix(unit)?, bytes)));
    if typed == "none" {
        return Ok(usize::MAX / 16);
    }
    match unit {
        Some((number, unit)) => number.parse().ok().and_then(|number: usize| number.checked_mul(unit)),
        None => None,
    }
    .ok_or_else(|| "a size is a number such as 500k or 5M, or none".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_numbers_with_units() {
        for (typed, bytes) in [("1", 1), ("500k", 500_000), ("5M", 5_000_000), ("none", usize::MAX / 16)] {
            assert_eq!(limit(typed), Ok(bytes));
        }
        for typed in ["", "k", "-1", "5G", "1.5M", "99999999999999999999"] {
            assert!(limit(typed).is_err(), "{typed}");
        }
    }
}
