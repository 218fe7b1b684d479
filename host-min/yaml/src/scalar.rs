//! Texts as scalars of YAML, for files that are made rather than read.

/// A text as YAML has it, in quotes if a reader of whatever version could take it for something else. It stays within its line.
pub fn scalar(text: &str) -> String {
    let is_word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-./".contains(&byte))
            && !matches!(word, "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null")
    };
    if is_word(text.strip_prefix('/').unwrap_or(text)) {
        text.to_owned()
    } else {
        // JSON's escapes are YAML's as well.
        wagather_printable::json(&serde_json::Value::from(text).to_string()).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    #[test]
    fn texts_stay_texts() {
        for plain in ["pods", "pods/log", "config.openshift.io", "/version", "a-1"] {
            assert_eq!(scalar(plain), plain);
        }
        for (text, quoted) in [
            ("", "\"\""),
            ("null", "\"null\""),
            ("no", "\"no\""),
            ("1", "\"1\""),
            ("1e3", "\"1e3\""),
            ("a: b\"", "\"a: b\\\"\""),
            ("a\nb: c", "\"a\\nb: c\""),
            ("a\u{2028}b", "\"a\\u2028b\""),
        ] {
            assert_eq!(scalar(text), quoted);
        }
        for text in
            ["- a", "# a", "a #b", "*a", "&a", "!a", "{a", "[a", "'", "\"", "a\u{85}b: c", "\u{7f}", "日本"]
        {
            let scalar = scalar(text);
            assert_eq!(parse(&scalar).expect("YAML").text(), Some(text), "{scalar}");
            assert_eq!(scalar.lines().count(), 1);
        }
    }
}
