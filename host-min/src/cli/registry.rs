//! Modules in registries: what the options mean, and `host-min push`.

use super::modules;
use super::typed::{Words, Wrong};
use super::values::{all, wrong};
use host_min::Guest;
use std::path::{Path, PathBuf};
use wagather_base::error::Result;
use wagather_printable::Page;
use wagather_registry::{Mirror, Options, Reference};

/// How registries are reached.
pub(super) fn options(words: &Words) -> Result<Options, Wrong> {
    Ok(Options {
        certificate_authority: words.one("registry-ca").map(PathBuf::from),
        plain_http: words.has("registry-plain-http"),
        mirrors: all(words, "registry-mirror", Mirror::parse)?,
    })
}

/// Pushes a module and prints its reference with the digest.
pub(super) fn push(words: &Words) -> Result<Result<()>, Wrong> {
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
    super::display::print(&page)
}
