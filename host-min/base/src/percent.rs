//! Percent-encoding (RFC 3986, section 2.1) for parts of URLs and headers.

pub use percent_encoding::{AsciiSet, percent_encode, percent_encode_byte};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode, utf8_percent_encode};

/// Everything but RFC 3986's unreserved characters.
pub const RESERVED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Encodes everything but unreserved characters.
pub fn encode(text: &str, out: &mut String) {
    out.extend(utf8_percent_encode(text, &RESERVED));
}

/// Decodes. A `%` that begins no escape stays as it is.
pub fn decode(text: &[u8]) -> Vec<u8> {
    percent_decode(text).collect()
}

/// Decodes text. A `%` that begins no escape stays as it is. Bytes that are not UTF-8 are replaced.
pub fn decode_lossy(text: &str) -> String {
    percent_decode(text.as_bytes()).decode_utf8_lossy().into_owned()
}

/// Decodes. Gives `None` if a `%` begins no escape, or if the result is not UTF-8.
pub fn decode_strict(text: &str) -> Option<String> {
    let is_escape = |after: &str| after.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    let fits = text.split('%').skip(1).all(is_escape);
    fits.then(|| String::from_utf8(decode(text.as_bytes())).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_escape_stays_or_is_refused() {
        for (text, decoded, is_strict) in [
            ("", "", true),
            ("a%2Fb%2f", "a/b/", true),
            ("%C3%A4", "ä", true),
            ("a+b", "a+b", true),
            ("%", "%", false),
            ("%4", "%4", false),
            ("%+1", "%+1", false),
            ("%%41", "%A", false),
            ("%ä1", "%ä1", false),
            ("100% of %41", "100% of A", false),
            ("%ff", "\u{fffd}", false),
        ] {
            assert_eq!(decode_lossy(text), decoded, "{text}");
            assert_eq!(decode_strict(text).as_deref(), is_strict.then_some(decoded), "{text}");
        }
    }

    #[test]
    fn all_but_unreserved_characters_are_encoded() {
        let mut encoded = String::new();
        encode("aZ9-_.~ /:%+=&ä\n", &mut encoded);
        assert_eq!(encoded, "aZ9-_.~%20%2F%3A%25%2B%3D%26%C3%A4%0A");
    }
}
