//! `host-min deliver`: uploads archives that were gathered before. It is here, because pods deliver what waits in their volumes.

use std::path::PathBuf;
use wagather_base::error::Result;
use wagather_base::stop;
use wagather_cli::deliver::Delivery;
use wagather_cli::display::{self, Display, Settings};
use wagather_cli::typed::{Words, Wrong};
use wagather_cli::values::{one, wrong};

pub(super) fn deliver(words: &Words) -> Result<Result<()>, Wrong> {
    let delivery = Delivery::of(words)?;
    let files: Vec<PathBuf> = words.operands.iter().map(PathBuf::from).collect();
    if delivery.destination().is_none() {
        return Err(wrong(words.command, "--upload is missing".into()));
    }
    if files.is_empty() && !delivery.has_spool() {
        return Err(wrong(words.command, "name archives to upload, or a --spool".into()));
    }
    let settings = Settings {
        quiet: words.has("quiet"),
        format: one(words, "log-format", display::format)?.unwrap_or_default(),
        ..Settings::default()
    };
    stop::heed_signals();
    Ok(delivery.deliver_all(&files, &Display::new(settings)))
}
