//! What is wanted of the server's compression. What it costs and what it saves is in `docs/transport.md`.

/// Whether the server is asked to compress its answers; an API server does so with those above 128 KiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// If the link to the server is slow, unless the kubeconfig has `disable-compression`.
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
}
