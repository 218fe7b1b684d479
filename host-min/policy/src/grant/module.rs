//! Which modules may run: digests of their bytes, and minisign's detached signatures. No service is asked.
//!
//! The format is that of minisign, <https://jedisct1.github.io/minisign/>. A signature is a file of four lines beside the
//! module, `GUEST.wasm.minisig`. Both kinds are read: the older signs the bytes, and the newer signs their hash. The
//! trusted comment is signed, too. The untrusted comment is never shown.

use super::SigningError;
use std::fmt;
use wagather_base::base64;

/// The SHA-256 of a module that may run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digest {
    /// 64 hexadecimal digits in lower case.
    pub sha256: String,
    /// The name that the grant gives it, or empty.
    pub name: String,
}

impl Digest {
    /// Reads the digits.
    pub fn parse(digits: &str, name: &str) -> Result<Digest, SigningError> {
        if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(SigningError::Digest);
        }
        Ok(Digest { sha256: digits.to_ascii_lowercase(), name: name.into() })
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
    /// Its key ID, which its signatures repeat.
    pub id: [u8; 8],
    /// The key of Ed25519.
    pub key: [u8; 32],
}

impl PublicKey {
    /// Reads a key as minisign prints it: 56 characters that begin with `RW`.
    pub fn parse(text: &str) -> Result<PublicKey, SigningError> {
        match pieces(text) {
            Some((algorithm, id, key)) if algorithm == OF_THE_BYTES => {
                Ok(PublicKey { text: text.into(), id, key })
            }
            _ => Err(SigningError::PublicKey),
        }
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A well-formed minisign signature. It is not verified here.
pub struct Signature {
    /// The ID of the key that made it.
    pub key_id: [u8; 8],
    /// Whether it signs the module's BLAKE2b-512 hash, and not the module itself.
    pub is_of_the_hash: bool,
    /// The signature of the module.
    pub of_the_module: [u8; 64],
    /// The signer's comment as it was signed. It is not yet safe for a terminal.
    pub comment: String,
    /// The signature of the signature above and the trusted comment.
    pub of_the_comment: [u8; 64],
}

/// The mark of keys, and of signatures over the bytes themselves.
const OF_THE_BYTES: [u8; 2] = *b"Ed";
/// The mark of signatures over the BLAKE2b-512 hash.
const OF_THE_HASH: [u8; 2] = *b"ED";

impl Signature {
    /// Reads a `.minisig` file.
    pub fn parse(bytes: &[u8]) -> Result<Signature, SigningError> {
        let text = std::str::from_utf8(bytes).map_err(SigningError::NotText)?;
        let lines: Vec<&str> = text.lines().take(4).collect();
        let [_, of_the_module, trusted_comment, of_the_comment] = lines[..] else {
            return Err(SigningError::Truncated(lines.len()));
        };
        let (algorithm, key_id, of_the_module) = pieces(of_the_module).ok_or(SigningError::Signature)?;
        let trusted_comment =
            trusted_comment.strip_prefix("trusted comment: ").ok_or(SigningError::Signature)?.to_owned();
        let of_the_comment = base64::decode(of_the_comment).ok_or(SigningError::Signature)?;
        let of_the_comment = of_the_comment.try_into().map_err(|_| SigningError::Signature)?;
        if algorithm != OF_THE_BYTES && algorithm != OF_THE_HASH {
            return Err(SigningError::Algorithm);
        }
        let is_of_the_hash = algorithm == OF_THE_HASH;
        Ok(Signature { key_id, is_of_the_hash, of_the_module, comment: trusted_comment, of_the_comment })
    }

    /// The signer's comment, in one line that is safe to show. It can be trusted only if the signature is valid.
    pub fn trusted_comment(&self) -> String {
        wagather_printable::line(&self.comment).into_owned()
    }
}

/// Decodes a key or a signature from base64: its mark, the key ID, and the rest.
fn pieces<const N: usize>(text: &str) -> Option<([u8; 2], [u8; 8], [u8; N])> {
    let bytes = base64::decode(text)?;
    let (algorithm, rest) = bytes.split_first_chunk()?;
    let (key_id, rest) = rest.split_first_chunk()?;
    Some((*algorithm, *key_id, rest.try_into().ok()?))
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({:?})", self.trusted_comment())
    }
}
