//! `diff`: what differs between two archives, by meaning.
//!
//! | module | does |
//! |---|---|
//! | `noise` | which fields change without a change of the cluster |
//! | `quantity` | which quantities are the same |
//! | `value` | what differs between two JSON values |
//! | `looked` | whether somebody looked for what an archive does not have |
//! | `compare` | what differs between two archives: objects, findings and files |
//! | `text`, `json` | the difference as text and as JSON |
//!
//! Both archives are in memory, compressed, with the limits of `wagather-offline`. Of what they have, one pair of objects is
//! decompressed and decoded at a time, and each difference is printed as it is found.

pub(crate) mod compare;
mod json;
mod looked;
mod noise;
mod quantity;
mod text;
mod value;

use crate::terminal::{self, Colour};
use clap::{Args, ValueEnum};
use compare::Side;
use std::path::PathBuf;
use std::process::ExitCode;
use wagather_base::error::Result;

/// What to compare.
#[derive(Args)]
pub(crate) struct Options {
    /// The earlier archive: a folder, a .tar or a .tar.gz
    #[arg(value_name = "BEFORE")]
    before: PathBuf,

    /// The later archive. It may have another layout
    #[arg(value_name = "AFTER")]
    after: PathBuf,

    /// Show all differences, also those that mean nothing: resourceVersion, managedFields, the times of heartbeats and leases
    #[arg(long)]
    all: bool,

    /// The form of the output
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    format: Format,

    /// Whether text has colours; auto is on a terminal, if NO_COLOR is not set
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Colour::Auto)]
    color: Colour,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Compares two archives. The exit code is 0 if nothing differs, and 1 if something does.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let before = Side::open(&options.before)?;
    let after = Side::open(&options.after)?;
    for side in [&before, &after] {
        // The first one of the archive is true of any archive.
        let of_files = side.gathered.archive.warnings().iter().skip(1);
        side.gathered.warnings.iter().chain(of_files).for_each(|warning| terminal::warn(warning));
    }
    let summary = match options.format {
        Format::Text => {
            let mut shown = text::Shown::new(terminal::Screen::new(options.color));
            shown.begin(&before, &after)?;
            let summary =
                compare::compare(&before, &after, options.all, &mut |change| shown.change(&change))?;
            shown.end(&summary)?;
            summary
        }
        Format::Json => {
            let mut written = json::Written::new();
            written.begin(&before, &after)?;
            let summary =
                compare::compare(&before, &after, options.all, &mut |change| written.change(&change))?;
            written.end(&summary)?;
            summary
        }
    };
    Ok(ExitCode::from(u8::from(summary.is_different())))
}

#[cfg(test)]
mod tests;
