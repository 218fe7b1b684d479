//! Hexadecimal digits (RFC 4648, section 8), in lower case as checksums are written.

/// Encodes.
pub fn encode(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
        text
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn digits() {
        assert_eq!(super::encode(&[0, 0x1f, 0xa0, 0xff]), "001fa0ff");
    }
}
