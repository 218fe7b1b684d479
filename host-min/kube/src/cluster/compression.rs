//! Whether to ask for compressed answers. `docs/transport.md` says what compression costs and saves.

/// Whether the server is asked to compress its answers. An API server compresses those above 128 KiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Yes if the link to the server is slow, unless the kubeconfig has `disable-compression`.
    #[default]
    Auto,
    /// Yes.
    Gzip,
    /// No.
    None,
}

impl Compression {
    /// The words for the variants.
    pub const WORDS: &[&str] = &["auto", "gzip", "none"];

    /// The variant with that word.
    pub fn by_word(word: &str) -> Option<Compression> {
        match word {
            "auto" => Some(Compression::Auto),
            "gzip" => Some(Compression::Gzip),
            "none" => Some(Compression::None),
            _ => None,
        }
    }
}
