//! A client certificate and its key.

/// A client certificate (chain) and key in PEM.
#[derive(Clone)]
pub(super) struct IdentityPem {
    pub(super) certificates: Vec<u8>,
    pub(super) key: Vec<u8>,
    /// Its owner, for messages: `user "admin"`.
    pub(super) owner: String,
}

impl std::fmt::Debug for IdentityPem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "IdentityPem([redacted] of {})", self.owner)
    }
}
