//! Planted credentials, and the search for them in everything that a run leaves behind.
//!
//! The search finds a canary in plain text and in the encodings that a server, the host or a file format may apply
//! without intent to hide it: base64 at any offset, percent-encoding, JSON escapes, once and twice. There are endless
//! ways to hide one on purpose; the search does not look for those.

use crate::host::Done;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// A secret that may be nowhere.
#[derive(Clone, Debug)]
pub struct Canary {
    /// What it is, for the test that fails.
    pub what: &'static str,
    /// The secret.
    pub secret: String,
}

impl Canary {
    /// A secret; it must be long enough that it is nowhere by chance.
    pub fn new(what: &'static str, secret: impl Into<String>) -> Canary {
        let secret = secret.into();
        assert!(secret.len() >= 16, "{what} is too short for a canary");
        Canary { what, secret }
    }

    /// What it may look like, each once, with the name of the encoding.
    fn forms(&self) -> BTreeMap<String, &'static str> {
        let bytes = self.secret.as_bytes();
        let escaped = json_escaped(&self.secret);
        let mut forms = Vec::new();
        for offset in 0..3 {
            let inner = base64_within(bytes, offset);
            forms.push((inner.replace('+', "-").replace('/', "_"), "in base64url"));
            // Within JSON a slash may be escaped.
            forms.push((inner.replace('/', "\\/"), "in base64"));
            forms.push((inner, "in base64"));
        }
        forms.push((json_escaped(&escaped), "escaped as JSON twice"));
        forms.push((json_escaped_all(&self.secret), "as JSON's escapes alone"));
        forms.push((json_escaped_as_go(&self.secret), "escaped as Go's JSON"));
        forms.push((escaped, "escaped as JSON"));
        forms.push((percent_encoded(bytes), "percent-encoded"));
        forms.push((self.secret.clone(), "as it is"));
        // Of two that are the same the later is kept, which is the plainer.
        forms.into_iter().collect()
    }
}

/// All that a run left behind, by where it is. As text, whose search is quick; what is none has other bytes than a canary.
pub struct Left(BTreeMap<String, String>);

impl Left {
    /// What a run said, and every file below a folder, its name included; what is compressed is looked into.
    pub fn of(done: &Done, folder: &Path) -> Left {
        let mut all = BTreeMap::new();
        all.insert("stdout".into(), unpacked(&done.stdout));
        all.insert("stderr".into(), done.stderr.clone());
        for file in crate::workspace::walk(folder, &|_| true) {
            let bytes = std::fs::read(folder.join(&file)).expect("a file that can be read");
            all.insert(format!("{file}'s name"), file.clone());
            all.insert(file, unpacked(&bytes));
        }
        Left(all)
    }

    /// Where a harmless text is that must have gone the same ways.
    pub fn places_of(&self, text: &str) -> Vec<&str> {
        let found = self.0.iter().filter(|(_, left)| left.contains(text));
        found.map(|(place, _)| place.as_str()).collect()
    }

    /// Fails with each place in which there is a canary.
    pub fn has_none_of(&self, canaries: &[Canary]) {
        let mut found = Vec::new();
        for canary in canaries {
            for (form, how) in canary.forms() {
                let places = self.0.iter().filter(|(_, left)| left.contains(&form));
                found.extend(places.map(|(place, _)| format!("{} {how} is in {place}", canary.what)));
            }
        }
        found.sort();
        found.dedup();
        assert!(found.is_empty(), "credentials got out:\n{}", found.join("\n"));
    }
}

fn unpacked(bytes: &[u8]) -> String {
    let mut unpacked = Vec::new();
    if bytes.starts_with(b"\x1f\x8b") {
        flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut unpacked).expect("a whole gzip");
    }
    String::from_utf8_lossy(&[bytes, &unpacked].concat()).into_owned()
}

/// The text as it is between a JSON string's quotes.
pub fn json_escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// The same with an escape for each character.
pub fn json_escaped_all(text: &str) -> String {
    text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect()
}

/// The same as Go's encoder writes it, which keeps texts apart from HTML.
pub fn json_escaped_as_go(text: &str) -> String {
    json_escaped(text).replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e")
}

fn percent_encoded(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, &byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
            text + &char::from(byte).to_string()
        }
        _ => text + &format!("%{byte:02X}"),
    })
}

/// RFC 4648's base64, with padding.
pub fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0_u32, |bits, index| bits << 8 | u32::from(*chunk.get(index).unwrap_or(&0)));
        for digit in 0..4 {
            let value = (bits >> (18 - 6 * digit)) as usize % 64;
            text.push(if digit <= chunk.len() { char::from(DIGITS[value]) } else { '=' });
        }
    }
    text
}

/// The digits that some bytes have within longer base64, wherever they are in it: those that depend on nothing else.
fn base64_within(bytes: &[u8], offset: usize) -> String {
    let text = base64(&[&[0_u8, 0][..offset], bytes].concat());
    let first = [0, 2, 3][offset];
    let last = (offset + bytes.len()) * 8 / 6;
    text[first..last].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canary_is_found_in_every_form_and_nothing_else_is() {
        assert_eq!(
            [b"".as_slice(), b"f", b"fo", b"foo"].map(base64),
            ["", "Zg==", "Zm8=", "Zm9v"],
            "RFC 4648, section 10"
        );
        let canary = Canary::new("it", "se+cret/\"of~16=bytes");
        let found = |text: &str| canary.forms().keys().any(|form| text.contains(form));
        for prefix in ["", "a", "ab", "abc", "Bearer "] {
            let text = format!("{prefix}{}more", canary.secret);
            assert!(found(&text) && found(&base64(text.as_bytes())), "{prefix}");
            assert!(found(&percent_encoded(text.as_bytes())) && found(&json_escaped(&json_escaped(&text))));
        }
        assert!(!found("se+cret/of~16=bytes") && !found(&base64(b"se+cret/of~16=bytes")));
    }
}
