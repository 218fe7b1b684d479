//! The public keys that people hand out: `age1…`.

use std::fmt;

/// The part before the separator, `1`.
const PREFIX: &str = "age";
/// The digits of Bech32 (BIP 173).
const DIGITS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// The digits at the end that are the checksum.
const CHECKSUM_DIGITS: usize = 6;

/// Somebody who can decrypt the file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Recipient(pub(crate) [u8; 32]);

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recipient")
    }
}

impl Recipient {
    /// Parses `age1…`.
    ///
    /// # Errors
    /// The reason, without the text: it may be a secret key by mistake.
    pub fn parse(text: &str) -> Result<Recipient, String> {
        if text.get(..15).is_some_and(|begin| begin.eq_ignore_ascii_case("age-secret-key-")) {
            return Err("this is a secret key; name its recipient, which 'age-keygen -y' prints".into());
        }
        if text.starts_with("ssh-") {
            return Err("SSH keys are not supported; name a recipient of age (age1…)".into());
        }
        let key = decode(text).and_then(|bytes| bytes.try_into().ok());
        key.map(Recipient).ok_or_else(|| "expected a recipient of age (age1…, 62 characters)".into())
    }
}

/// Decodes a text in lower case, if its checksum is right.
fn decode(text: &str) -> Option<Vec<u8>> {
    let digit = |byte| DIGITS.iter().position(|known| *known == byte).map(|at| at as u8);
    let digits: Vec<u8> =
        text.strip_prefix(PREFIX)?.strip_prefix('1')?.bytes().map(digit).collect::<Option<_>>()?;
    let data = &digits[..digits.len().checked_sub(CHECKSUM_DIGITS)?];
    if checksum(&digits) != 1 {
        return None;
    }
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0_u32, 0);
    for digit in data {
        held = held << 5 | u32::from(*digit);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits) as u8);
            held &= (1 << bits) - 1;
        }
    }
    // The rest is less than a digit, and zero.
    (bits < 5 && held == 0).then_some(bytes)
}

/// The remainder of the prefix and these digits; 1 if the last six are their checksum.
fn checksum(digits: &[u8]) -> u32 {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let high = PREFIX.bytes().map(|byte| byte >> 5);
    let low = PREFIX.bytes().map(|byte| byte & 31);
    high.chain([0]).chain(low).chain(digits.iter().copied()).fold(1, |sum: u32, digit| {
        let shifted = (sum & 0x1ff_ffff) << 5 ^ u32::from(digit);
        let top = sum >> 25;
        (0..5).filter(|bit| top >> bit & 1 == 1).fold(shifted, |sum, bit| sum ^ GENERATOR[bit])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

    #[test]
    fn a_recipient_has_32_bytes_and_a_checksum() {
        assert_eq!(Recipient::parse(GOOD).expect("a recipient").0[..4], [0x07, 0xe2, 0x2f, 0x5e]);
        for at in 0..GOOD.len() {
            for other in ["q", "p", "b", "1", "Q", "ä", ""] {
                let changed = format!("{}{other}{}", &GOOD[..at], &GOOD[at + 1..]);
                assert_eq!(changed == GOOD, Recipient::parse(&changed).is_ok(), "{changed}");
            }
        }
        for other in ["", "age1", "age", "age1qqqqqq", &GOOD.to_uppercase(), &format!("{GOOD} "), "ä"] {
            let why = Recipient::parse(other).expect_err("not a recipient");
            assert!(why.contains("age1…"), "{why}");
        }
    }

    #[test]
    fn a_secret_key_is_not_repeated() {
        let secret = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
        for text in [secret.to_owned(), secret.to_lowercase()] {
            let why = Recipient::parse(&text).expect_err("a secret key");
            assert!(why.contains("age-keygen -y") && !why.contains("GFPYY"), "{why}");
        }
        assert!(Recipient::parse("ssh-ed25519 AAAA").expect_err("another key").contains("SSH"));
    }
}
