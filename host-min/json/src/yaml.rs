//! JSON that is YAML too, for programs that read objects with a YAML parser.
//!
//! YAML 1.2 says that JSON is a subset of it, but parsers refuse some characters that JSON allows in strings, or change them: PyYAML reads
//! U+0085 as a blank, libyaml refuses U+007F, and both take the halves of a surrogate pair for two characters. So these
//! characters become escapes, and such escapes become characters. All other text stays as it is: escaping everything beyond ASCII would need surrogate
//! pairs, which no parser of YAML joins.
//!
//! Some programs read a file line by line and have a limit for lines, so long objects get line breaks between their members.

use std::borrow::Cow;

/// A line that is longer ends at the next comma. Go's `bufio.Scanner` takes lines of 64 KiB.
const LINE_BYTES: usize = 4 << 10;

/// The same JSON, as every YAML parser reads it. Bytes that are not UTF-8 become U+FFFD.
pub fn as_yaml(json: &[u8]) -> Cow<'_, [u8]> {
    match String::from_utf8_lossy(json) {
        Cow::Borrowed(text) => {
            escaped(text).map_or(Cow::Borrowed(json), |text| Cow::Owned(text.into_bytes()))
        }
        Cow::Owned(text) => Cow::Owned(escaped(&text).unwrap_or(text).into_bytes()),
    }
}

/// The text with its changes; `None` if there are none.
fn escaped(text: &str) -> Option<String> {
    let mut out = String::new();
    let (mut copied, mut at, mut line, mut in_string) = (0, 0, 0, false);
    let bytes = text.as_bytes();
    while let Some(byte) = bytes.get(at) {
        let (len, change) = match byte {
            b'"' => {
                in_string = !in_string;
                (1, None)
            }
            b'\\' if in_string => escape(&text[at..]),
            b',' if !in_string && at - line >= LINE_BYTES => {
                line = at;
                (1, Some(Cow::Borrowed(",\n")))
            }
            // Between tokens, YAML has no tabs.
            b'\t' if !in_string => (1, Some(Cow::Borrowed(" "))),
            ..0x20 | 0x7f.. if in_string => {
                let character = text[at..].chars().next().unwrap_or_default();
                (
                    character.len_utf8(),
                    is_odd(character).then(|| format!("\\u{:04x}", u32::from(character)).into()),
                )
            }
            _ => (1, None),
        };
        if let Some(change) = change {
            out.push_str(&text[copied..at]);
            out.push_str(&change);
            copied = at + len;
        }
        at += len;
    }
    (copied > 0).then(|| out + &text[copied..])
}

/// Whether a parser of YAML refuses a character, or reads it as another one.
fn is_odd(character: char) -> bool {
    matches!(character,
        ..'\u{20}' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// The length of the escape with which a text begins, and what takes its place.
fn escape(text: &str) -> (usize, Option<Cow<'static, str>>) {
    match text.as_bytes().get(1) {
        Some(b'/') => (2, Some("/".into())),
        Some(b'u') => match unit(text) {
            Some(high @ 0xd800..0xdc00) => match unit(&text[6..]) {
                Some(low @ 0xdc00..0xe000) => {
                    let character = char::decode_utf16([high, low]).next();
                    (12, character.and_then(Result::ok).map(|character| character.to_string().into()))
                }
                _ => (6, Some("\\ufffd".into())),
            },
            Some(0xdc00..0xe000) => (6, Some("\\ufffd".into())),
            Some(_) => (6, None),
            None => (2, None),
        },
        // What is escaped may have several bytes, if this is not JSON.
        Some(byte) if byte.is_ascii() => (2, None),
        _ => (1, None),
    }
}

/// The UTF-16 unit of an escape at the beginning of a text.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_parsers_of_yaml_misread_is_escaped_and_the_rest_stays() {
        for (json, yaml) in [
            (r#"{"a":"b \" \\ \n \u0000 é 漢 🦀"}"#, r#"{"a":"b \" \\ \n \u0000 é 漢 🦀"}"#),
            ("[\"\u{7f}\u{80}\u{85}\u{9f}\u{a0}\"]", "[\"\\u007f\\u0080\\u0085\\u009f\u{a0}\"]"),
            (
                "[\"\u{2027}\u{2028}\u{2029}\u{feff}\u{fffd}\u{ffff}\"]",
                "[\"\u{2027}\\u2028\\u2029\\ufeff\u{fffd}\\uffff\"]",
            ),
            ("{\"\u{85}\": 1}", "{\"\\u0085\": 1}"),
            ("{\t\"a\":\t[1,\n2]}", "{ \"a\": [1,\n2]}"),
            (r#"["\ud83e\udd80 \u00e9 \/ \\/"]"#, r#"["🦀 \u00e9 / \\/"]"#),
            (r#"["\ud83e \udd80 \ud83e\ud83e\udd80"]"#, r#"["\ufffd \ufffd \ufffd🦀"]"#),
            // Not JSON, but no reason to fail.
            ("\"\t\\", "\"\\u0009\\"),
            ("\"\\u+123\\ud800\\u", "\"\\u+123\\ufffd\\u"),
            ("\"\\é\u{85}", "\"\\é\\u0085"),
        ] {
            assert_eq!(String::from_utf8_lossy(&as_yaml(json.as_bytes())), yaml, "{json}");
        }
        assert!(matches!(as_yaml(b"{\"a\":\"\\n\"}"), Cow::Borrowed(_)));
        assert_eq!(&*as_yaml(b"\"a\xff\""), "\"a\u{fffd}\"".as_bytes());
    }

    #[test]
    fn long_objects_have_lines() {
        let member = format!("\"{}\",", "a,".repeat(1000));
        let json = format!("[{}1]", member.repeat(9));
        let yaml = String::from_utf8(as_yaml(json.as_bytes()).into_owned()).expect("text");
        assert_eq!(yaml.replace('\n', ""), json);
        assert_eq!(yaml.lines().count(), 4);
        assert!(yaml.lines().all(|line| line.len() < LINE_BYTES + 2100 && !line.starts_with('a')));
    }

    #[test]
    fn it_means_the_same() {
        let json = "{\"a\\/\u{85}\":[\"\u{2028}\\ud83e\\udd80\\u2029\",\t1e3,null,true]}";
        let before: serde_json::Value = serde_json::from_str(json).expect("JSON");
        let yaml = as_yaml(json.as_bytes());
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&yaml).expect("JSON"), before);
        assert_eq!(as_yaml(&yaml), yaml, "and stays so");
    }
}
