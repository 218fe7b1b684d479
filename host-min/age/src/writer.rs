//! The format of age: a header with the file's key for each recipient, and the content in chunks.

use std::io::{self, Write};

use crate::recipient::Recipient;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral};
use ring::error::Unspecified;
use ring::rand::{SecureRandom, SystemRandom};
use ring::{hkdf, hmac};
use wagather_archive::ENCRYPTED;
use wagather_base::base64;

/// How much is encrypted at once.
const CHUNK_BYTES: usize = 64 << 10;
const FILE_KEY_BYTES: usize = 16;
const NONCE_BYTES: usize = 16;
const TAG_BYTES: usize = 16;

/// Encrypts what is written. Without [`Writer::finish`], the result cannot be decrypted to its end.
pub(crate) struct Writer<W> {
    to: W,
    key: LessSafeKey,
    /// The chunks that were written.
    chunks: u64,
    /// The next chunk. It is full only if more may follow: the last chunk has another nonce.
    chunk: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Writes the header.
    pub(crate) fn begin(mut to: W, recipients: &[Recipient]) -> io::Result<Writer<W>> {
        let random = SystemRandom::new();
        let mut file_key = [0; FILE_KEY_BYTES];
        random.fill(&mut file_key).map_err(no_random)?;
        let header = header(recipients, &file_key, &random)
            .map_err(|Unspecified| io::Error::other("a recipient of --encrypt is not a valid key"))?;
        to.write_all(&header)?;
        let mut nonce = [0; NONCE_BYTES];
        random.fill(&mut nonce).map_err(no_random)?;
        to.write_all(&nonce)?;
        let key = derived(&file_key, &nonce, b"payload").and_then(|key| cipher(&key)).map_err(no_cipher)?;
        Ok(Writer { to, key, chunks: 0, chunk: Vec::with_capacity(CHUNK_BYTES + TAG_BYTES) })
    }

    /// Writes the last chunk. Only the chunk of an empty file is empty.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.put(true)?;
        self.to.flush()
    }

    fn put(&mut self, is_last: bool) -> io::Result<()> {
        // Eleven bytes count the chunks, one marks the last.
        let mut nonce = [0; 12];
        nonce[3..11].copy_from_slice(&self.chunks.to_be_bytes());
        nonce[11] = is_last.into();
        seal(&self.key, nonce, &mut self.chunk).map_err(no_cipher)?;
        self.to.write_all(&self.chunk)?;
        self.chunk.clear();
        self.chunks += 1;
        Ok(())
    }
}

impl<W: Write> Write for Writer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.chunk.len() == CHUNK_BYTES && !bytes.is_empty() {
            self.put(false)?;
        }
        let len = bytes.len().min(CHUNK_BYTES - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..len]);
        Ok(len)
    }

    /// A chunk is written when it is full.
    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// The version, the file's key for every recipient, and the checksum of both.
fn header(
    recipients: &[Recipient],
    file_key: &[u8; FILE_KEY_BYTES],
    random: &SystemRandom,
) -> Result<Vec<u8>, Unspecified> {
    let mut header = ENCRYPTED.to_vec();
    for recipient in recipients {
        let (share, body) = wrapped(file_key, recipient, random)?;
        header.extend_from_slice(format!("-> X25519 {}\n{}\n", unpadded(&share), unpadded(&body)).as_bytes());
    }
    header.extend_from_slice(b"---");
    let key = hmac::Key::new(hmac::HMAC_SHA256, &derived(file_key, &[], b"header")?);
    let sum = unpadded(hmac::sign(&key, &header).as_ref());
    header.extend_from_slice(format!(" {sum}\n").as_bytes());
    Ok(header)
}

/// The file's key, encrypted for one recipient, and the public half of the key that it takes.
fn wrapped(
    file_key: &[u8; FILE_KEY_BYTES],
    recipient: &Recipient,
    random: &SystemRandom,
) -> Result<(Vec<u8>, Vec<u8>), Unspecified> {
    let ephemeral = EphemeralPrivateKey::generate(&X25519, random)?;
    let share = ephemeral.compute_public_key()?.as_ref().to_vec();
    let salt = [&*share, &recipient.0].concat();
    // ring refuses a result that is zero, as the format demands.
    let key = agree_ephemeral(ephemeral, &UnparsedPublicKey::new(&X25519, &recipient.0), |secret| {
        derived(secret, &salt, b"age-encryption.org/v1/X25519")
    })??;
    let mut body = file_key.to_vec();
    seal(&cipher(&key)?, [0; 12], &mut body)?;
    Ok((share, body))
}

/// HKDF with SHA-256.
fn derived(secret: &[u8], salt: &[u8], info: &[u8]) -> Result<[u8; 32], Unspecified> {
    let mut key = [0; 32];
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(secret);
    extracted.expand(&[info], hkdf::HKDF_SHA256)?.fill(&mut key)?;
    Ok(key)
}

fn cipher(key: &[u8; 32]) -> Result<LessSafeKey, Unspecified> {
    UnboundKey::new(&CHACHA20_POLY1305, key).map(LessSafeKey::new)
}

/// Encrypts in place and appends the tag. Every key is used once for each nonce: keys for one file key, or the number of the chunk.
fn seal(key: &LessSafeKey, nonce: [u8; 12], bytes: &mut Vec<u8>) -> Result<(), Unspecified> {
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), bytes)
}

fn unpadded(bytes: &[u8]) -> String {
    let mut text = base64::encode(bytes);
    text.truncate(text.trim_end_matches('=').len());
    text
}

fn no_random(_: Unspecified) -> io::Error {
    io::Error::other("the system gave no random numbers to encrypt with")
}

fn no_cipher(_: Unspecified) -> io::Error {
    io::Error::other("it cannot be encrypted")
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECIPIENT: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

    fn encrypted(len: usize, step: usize) -> Vec<u8> {
        let recipient = Recipient::parse(RECIPIENT).expect("a recipient");
        let mut bytes = Vec::new();
        let mut writer = Writer::begin(&mut bytes, &[recipient, recipient]).expect("a header");
        for piece in vec![b'x'; len].chunks(step) {
            writer.write_all(piece).expect("room");
        }
        writer.finish().expect("room");
        bytes
    }

    /// Where the content begins.
    fn payload(bytes: &[u8]) -> usize {
        let mac = bytes.windows(5).position(|five| five == b"\n--- ").expect("the end of the header");
        mac + 1 + "--- ".len() + 43 + 1 + NONCE_BYTES
    }

    #[test]
    fn chunks_are_as_the_format_has_them() {
        for (len, chunks) in [(0, 1), (1, 1), (CHUNK_BYTES, 1), (CHUNK_BYTES + 1, 2), (3 * CHUNK_BYTES, 3)] {
            for step in [1000, CHUNK_BYTES, 1 << 20] {
                let bytes = encrypted(len, step);
                assert_eq!(bytes.len() - payload(&bytes), len + chunks * TAG_BYTES, "{len} by {step}");
            }
        }
    }

    #[test]
    fn nothing_is_twice_the_same_and_nothing_is_plain() {
        let (one, other) = (encrypted(1000, 1000), encrypted(1000, 1000));
        assert!(one.starts_with(ENCRYPTED) && one != other);
        let text = String::from_utf8_lossy(&one[..payload(&one) - NONCE_BYTES]).into_owned();
        let shares: Vec<&str> = text.lines().filter(|line| line.starts_with("-> X25519 ")).collect();
        assert!(shares.len() == 2 && shares[0] != shares[1], "{text}");
        assert!(!one.windows(8).any(|eight| eight == b"xxxxxxxx"));
    }

    #[test]
    fn a_key_of_low_order_is_refused() {
        let zero = Recipient([0; 32]);
        let error = Writer::begin(Vec::new(), &[zero]).err().expect("no point of the curve");
        assert!(error.to_string().contains("not a valid key"), "{error}");
    }
}
