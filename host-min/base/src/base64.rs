//! Base64 (RFC 4648, section 4). The host reads the `…-data` fields of a kubeconfig with it, and writes basic credentials.

/// Decodes. White space between the characters is skipped, and padding is optional. Gives `None` if the text is not base64.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut held, mut padding) = (0u32, 0u32, 0usize);
    for byte in text.bytes() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                padding += 1;
                continue;
            }
            b' ' | b'\n' | b'\r' | b'\t' => continue,
            _ => return None,
        };
        if padding > 0 {
            return None;
        }
        bits = (bits << 6 | u32::from(six)) & 0xff_ffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    // The bits that are left are less than a byte: two or four zeroes, never six.
    (held < 6 && padding <= 2 && bits & ((1 << held) - 1) == 0).then_some(bytes)
}

/// Encodes, with padding.
pub fn encode(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let three = [chunk[0], chunk.get(1).copied().unwrap_or(0), chunk.get(2).copied().unwrap_or(0)];
        let bits = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        for at in 0..4 {
            if at <= chunk.len() {
                text.push(char::from(ALPHABET[(bits >> (18 - 6 * at) & 63) as usize]));
            } else {
                text.push('=');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways() {
        // RFC 4648, section 10.
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(plain.as_bytes()), coded);
            assert_eq!(decode(coded).as_deref(), Some(plain.as_bytes()), "{coded}");
        }
        assert_eq!(decode("Zm9v\n Yg").as_deref(), Some(&b"foob"[..]));
        // As kubeconfigs have it: in lines, indented, with and without padding, and that also where none belongs.
        for text in ["Zm9v\r\nYg==", "Zm9v\n\tYg=\n=\n", " Zm9vYg= ", "Zm9v\n    Yg"] {
            assert_eq!(decode(text).as_deref(), Some(&b"foob"[..]), "{text:?}");
        }
        for text in ["Zm9v=", "Zm9v=="] {
            assert_eq!(decode(text).as_deref(), Some(&b"foo"[..]), "{text:?}");
        }
        assert_eq!(decode("+/+/").as_deref(), Some(&[0xfb, 0xff, 0xbf][..]));
    }

    #[test]
    fn what_is_not_base64() {
        for text in ["Z", "Zg=x", "Zm9v-", "Zh==", "Zh", "Zg===", "Zg=Zg", "Zm9v\u{a0}"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
