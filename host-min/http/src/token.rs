//! Bearer tokens, compared in constant time.

use crate::Error;
use crate::watched::Watched;
use ring::digest::{SHA256, digest};
use std::fmt;
use std::path::{Path, PathBuf};
use subtle::ConstantTimeEq;
use wagather_base::file;

/// The shortest token. A random one of 16 characters has at least 64 bits.
const MIN_CHARS: usize = 16;

/// The longest one: a signed token of a service account has about 1,200.
const MAX_BYTES: u64 = 4 << 10;

/// A bearer token. It is kept as its digest, so neither its length nor a common beginning shows in the time of a comparison.
pub struct Token(Kind);

enum Kind {
    Fixed([u8; 32]),
    File(PathBuf, Watched<[u8; 32]>),
}

fn hashed(token: &[u8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, token).as_ref());
    bytes
}

fn read(path: &Path) -> Result<[u8; 32], Error> {
    let wrong = |reason: String| Error::Credential { what: "a token", path: path.to_owned(), reason };
    let text = file::read_text(path, MAX_BYTES).map_err(|error| wrong(error.to_string()))?;
    let token = text.trim();
    if token.len() < MIN_CHARS {
        return Err(wrong(format!("it has {} characters; {MIN_CHARS} are the fewest", token.len())));
    }
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(wrong("a token is one word of ASCII characters".to_owned()));
    }
    Ok(hashed(token.as_bytes()))
}

impl Token {
    /// This token, which the program made itself.
    pub fn fixed(token: &str) -> Token {
        Token(Kind::Fixed(hashed(token.as_bytes())))
    }

    /// The token in a file, which is read again when it changes.
    pub fn file(path: &Path) -> Result<Token, Error> {
        let path = path.to_owned();
        let watched = Watched::new(vec![path.clone()], || read(&path))?;
        Ok(Token(Kind::File(path, watched)))
    }

    /// Whether this is the token.
    pub(crate) fn is(&self, token: &[u8], warn: impl FnOnce(&Error)) -> bool {
        let expected = match &self.0 {
            Kind::Fixed(hash) => *hash,
            Kind::File(path, watched) => watched.get(|| read(path), warn),
        };
        hashed(token).ct_eq(&expected).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_rotated_token_counts_and_a_broken_one_does_not() {
        let place = tempfile::tempdir().expect("a folder");
        let path = place.path().join("token");
        let none = |error: &Error| panic!("{error}");
        for (text, reason) in
            [("short", "it has 5 characters"), ("sixteen characters it has", "a token is one word")]
        {
            fs::write(&path, text).expect("a file");
            let error = Token::file(&path).expect_err(text).to_string();
            assert!(error.contains(reason), "{error}");
        }
        fs::write(&path, "0123456789abcdef\n").expect("a file");
        let token = Token::file(&path).expect("a token");
        assert!(token.is(b"0123456789abcdef", none));
        for wrong in ["", "0123456789abcdeF", "0123456789abcdef0", "0123456789abcde"] {
            assert!(!token.is(wrong.as_bytes(), none), "{wrong}");
        }
        let replace = |text: &str| {
            let new = place.path().join("new");
            fs::write(&new, text).expect("a file");
            fs::rename(new, &path).expect("a place");
        };
        replace("fedcba9876543210");
        assert!(!token.is(b"0123456789abcdef", none) && token.is(b"fedcba9876543210", none));
        replace("x");
        let mut told = String::new();
        assert!(token.is(b"fedcba9876543210", |error| told = error.to_string()));
        assert!(told.contains("it has 1 characters"), "{told}");
        // Told once.
        assert!(token.is(b"fedcba9876543210", none));
        assert_eq!(format!("{token:?}"), "Token");
    }
}
