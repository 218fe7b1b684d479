//! When the server is asked to compress its answers. What it costs and what it saves is in `docs/transport.md`.

use super::access::Access;

/// Whether the server is asked to compress its answers; an API server does so with those above 128 KiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Yes, but for a server on this machine, for the pod's own, and if the kubeconfig has `disable-compression`.
    #[default]
    Auto,
    /// Yes.
    Gzip,
    /// No.
    None,
}

impl Compression {
    /// The words for it.
    pub const WORDS: &[&str] = &["auto", "gzip", "none"];

    /// By its word.
    pub fn by_word(word: &str) -> Option<Compression> {
        match word {
            "auto" => Some(Compression::Auto),
            "gzip" => Some(Compression::Gzip),
            "none" => Some(Compression::None),
            _ => None,
        }
    }

    /// Whether it is asked for, of the cluster that is configured so.
    pub(super) fn is_for(self, access: &Access) -> bool {
        match self {
            Compression::Auto => !access.plain_answers && !access.server.is_on_this_machine(),
            Compression::Gzip => true,
            Compression::None => false,
        }
    }
}
