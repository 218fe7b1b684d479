//! Which modules may run: digests of their bytes, and minisign's detached signatures. Nothing is asked of anybody.
//!
//! The format is minisign's, <https://jedisct1.github.io/minisign/>: a signature is four lines in a file beside the
//! module, `GUEST.wasm.minisig`. Both of its kinds are read, the older one of the bytes and the newer one of their hash. The
//! trusted comment is part of what is signed; the untrusted one is never shown.

use crate::report::ModuleFacts;
use std::fmt;

/// The SHA-256 of a module that may run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// In 64 hexadecimal digits, lower case.
    pub sha256: String,
    /// What the grant calls it, or empty.
    pub name: String,
}

impl Digest {
    /// Reads the digits.
    pub fn parse(digits: &str, name: &str) -> Result<Digest, String> {
        if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err("a sha256 has 64 hexadecimal digits; `sha256sum GUEST.wasm` and `host-min inspect` \
                        print them"
                .into());
        }
        Ok(Digest { sha256: digits.to_ascii_lowercase(), name: name.into() })
    }

    /// Whether the module is that one.
    pub fn is_of(&self, module: &[u8]) -> bool {
        ModuleFacts::of(module).sha256 == self.sha256
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sha256)?;
        if self.name.is_empty() { Ok(()) } else { write!(f, " ({})", self.name) }
    }
}

/// A minisign public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    text: String,
    key: minisign_verify::PublicKey,
}

/// Why a signature does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// Another key made it.
    AnotherKey,
    /// The key made it, but not for these bytes, or its trusted comment was changed.
    OtherBytes,
}

impl PublicKey {
    /// Reads a key as minisign prints it: 56 characters that begin with `RW`.
    pub fn parse(text: &str) -> Result<PublicKey, String> {
        match minisign_verify::PublicKey::from_base64(text) {
            Ok(key) => Ok(PublicKey { text: text.into(), key }),
            Err(_) => {
                Err("not a minisign public key: that is the second line of minisign.pub, 56 characters \
                           that begin with RW"
                    .into())
            }
        }
    }

    /// Checks a signature of this key, its trusted comment included.
    pub fn verify(&self, module: &[u8], signature: &Signature) -> Result<(), Mismatch> {
        self.key.verify(module, &signature.0, true).map_err(|error| match error {
            minisign_verify::Error::UnexpectedKeyId => Mismatch::AnotherKey,
            _ => Mismatch::OtherBytes,
        })
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A minisign signature that is well-formed; whether it holds is [`PublicKey::verify`]'s.
pub struct Signature(minisign_verify::Signature);

impl Signature {
    /// Reads a `.minisig` file.
    pub fn parse(bytes: &[u8]) -> Result<Signature, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "it is not text".to_owned())?;
        let lines = text.lines().count();
        if lines < 4 {
            return Err(format!("it is cut short: a signature has four lines, this has {lines}"));
        }
        minisign_verify::Signature::decode(text).map(Signature).map_err(|error| match error {
            minisign_verify::Error::UnsupportedAlgorithm => {
                "it is of an algorithm that this program does not have".into()
            }
            _ => "it is not a minisign signature".into(),
        })
    }

    /// What the signer says about it, in one line without control characters. Only true if the signature holds.
    pub fn trusted_comment(&self) -> String {
        self.0.trusted_comment().chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({:?})", self.trusted_comment())
    }
}
