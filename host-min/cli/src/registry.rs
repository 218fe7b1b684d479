//! Modules in registries: what the options mean.

use crate::typed::{Words, Wrong};
use crate::values::all;
use std::path::PathBuf;
use wagather_registry::{Mirror, Options};

/// How registries are reached.
pub fn options(words: &Words) -> Result<Options, Wrong> {
    Ok(Options {
        certificate_authority: words.one("registry-ca").map(PathBuf::from),
        plain_http: words.has("registry-plain-http"),
        mirrors: all(words, "registry-mirror", Mirror::parse)?,
    })
}
