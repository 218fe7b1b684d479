//! `report`: what an archive has.

mod text;

use crate::gathered::Gathered;
use crate::{page, terminal};
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;
use wagather_base::error::Result;

/// What to show.
#[derive(Args)]
pub(crate) struct Options {
    /// The archive: a folder, a .tar or a .tar.gz
    #[arg(value_name = "ARCHIVE")]
    archive: PathBuf,
    #[command(flatten)]
    page: page::Options,
}

/// Shows an archive.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    if options.page.html {
        return page::run(&options.archive, &options.page);
    }
    let gathered = Gathered::open(&options.archive)?;
    gathered.warnings.iter().for_each(|warning| terminal::warn(warning));
    terminal::print(&text::page(&options.archive, &gathered))?;
    Ok(ExitCode::SUCCESS)
}
