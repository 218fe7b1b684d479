//! `host-min push`: a module into a registry.

use crate::modules;
use std::path::Path;
use wagather_base::error::Result;
use wagather_cli::display;
use wagather_cli::registry::options;
use wagather_cli::typed::{Words, Wrong};
use wagather_cli::values::wrong;
use wagather_printable::Page;
use wagather_registry::{Options, Reference};
use wagather_run::modules::Guest;

/// Pushes a module and prints its reference with the digest.
pub(crate) fn push(words: &Words) -> Result<Result<()>, Wrong> {
    let options = options(words)?;
    let typed = words.operands[1].to_string_lossy();
    let reference = Reference::parse(&typed)
        .map_err(|why| wrong(words.command, format!("invalid reference '{typed}': {why}")))?;
    Ok(push_to(&reference, Path::new(&words.operands[0]), &options))
}

fn push_to(reference: &Reference, guest: &Path, options: &Options) -> Result<()> {
    let guest = Guest::read(guest, options)?;
    // What cannot run is not worth a place. The file's name does not matter, so that a copy is the same.
    let title = format!("{}.wasm", modules::read(&guest, None)?.name);
    let signature = guest.signature.as_deref();
    let pushed = wagather_registry::push(reference, &title, &guest.module, signature, options)?;
    let mut page = Page::new();
    page.lines(&pushed.to_string());
    display::print(&page)
}
