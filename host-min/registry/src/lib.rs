//! Internal to host-min, without any promise of stability: modules in registries, as artifacts of the OCI distribution
//! specification (<https://github.com/opencontainers/distribution-spec>).
//!
//! [`pull`] gets a module and its signature, [`push`] puts them there. Everything that a registry says is checked against the digest that
//! names it, and has a limit. Connections are those of `wagather-kube`.
//!
//! Not here: what a module is, whether it may run, and files.
#![forbid(unsafe_code)]

mod challenge;
mod client;
mod login;
mod manifest;
mod pull;
mod push;
mod reference;

pub use pull::{Pulled, pull};
pub use push::push;
pub use reference::{Mirror, Reference, SCHEME};

use std::path::PathBuf;
use std::time::Duration;

/// Time to pull or push a module, retries included.
pub const TIMEOUT: Duration = Duration::from_secs(120);

/// How registries are reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The file of the authority to trust instead of the system's.
    pub certificate_authority: Option<PathBuf>,
    /// Whether to connect without TLS to hosts other than this machine, too.
    pub plain_http: bool,
    /// Registries to ask instead of others.
    pub mirrors: Vec<Mirror>,
}

/// The SHA-256 of bytes, as registries write it.
fn digest(bytes: &[u8]) -> String {
    let sum = ring::digest::digest(&ring::digest::SHA256, bytes);
    "sha256:".to_owned() + &wagather_base::hex::encode(sum.as_ref())
}

/// Whether a text is such a digest. Then it can be a part of a path.
fn is_digest(text: &str) -> bool {
    let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64 && hex.bytes().all(is_hex))
}
