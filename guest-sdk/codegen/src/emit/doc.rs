//! Shortens the descriptions of schemas for comments.

use crate::plain::plain;

/// The longest comment, in characters.
const MOST: usize = 180;

/// The maximum width of a comment's line.
const WIDTH: usize = 100;

/// The first sentence, as plain text.
pub(crate) fn sentence(description: &str) -> String {
    let plain = plain(description.trim().split("\n\n").next().unwrap_or_default());
    let mut text = String::new();
    for word in plain.split_whitespace() {
        if word.contains("://") {
            // A sentence about a link makes no sense without it.
            let end = text.rfind(". ").map_or(0, |at| at + 1);
            text.truncate(end);
            break;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
        if ends_sentence(&text, word) {
            break;
        }
    }
    let text = text.trim();
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    let cut: String = text.chars().take(MOST).collect();
    let cut = cut.rsplit_once(' ').map_or(&*cut, |(whole, _)| whole);
    format!("{}…", cut.trim_end_matches([',', ';', ':', '.']))
}

fn ends_sentence(text: &str, word: &str) -> bool {
    let is_short = ["e.g.", "i.e.", "etc.", "cf.", "vs."].iter().any(|short| word.ends_with(short));
    word.ends_with('.') && !is_short && text.len() > word.len()
}

/// A sentence as lines of a doc comment. Characters that rustdoc would interpret as a link, HTML or code are escaped.
pub(crate) fn comment(indent: &str, text: &str) -> String {
    let text = &plain(text);
    let mut escaped = String::new();
    let ticks_match = text.matches('`').count().is_multiple_of(2);
    for c in text.chars() {
        match c {
            '[' | ']' | '<' | '>' | '*' | '_' | '\\' => escaped.extend(['\\', c]),
            '`' if !ticks_match => escaped.push('\''),
            _ => escaped.push(c),
        }
    }
    if ticks_match && text.contains('`') {
        // Between backticks nothing is escaped.
        escaped.clone_from(text);
    }
    let mut lines = String::new();
    let mut line = String::new();
    for word in escaped.split(' ').filter(|word| !word.is_empty()) {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines += &format!("{indent}/// {line}\n");
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        lines += &format!("{indent}/// {line}\n");
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_sentence_is_enough() {
        for (description, short) in [
            ("", ""),
            ("The name.\n\nMore of it.", "The name."),
            ("A list, e.g. of pods. More.", "A list, e.g. of pods."),
            ("One\ntwo  three", "One two three"),
            ("Short. More info: https://example.com/x", "Short."),
            ("More info: https://example.com/x", ""),
            ("Version 1.2 is meant. Not this.", "Version 1.2 is meant."),
        ] {
            assert_eq!(sentence(description), short);
        }
        let long = sentence(&"word ".repeat(200));
        assert!(long.chars().count() <= MOST + 1 && long.ends_with("word…"), "{long}");
    }

    #[test]
    fn comments_are_plain_text() {
        assert_eq!(comment("    ", "a [b] <c>"), "    /// a \\[b\\] \\<c\\>\n");
        assert_eq!(comment("", "one ` tick"), "/// one ' tick\n");
        assert_eq!(comment("", "`a[]` is code"), "/// `a[]` is code\n");
        assert_eq!(comment("", ""), "");
        assert!(comment("", &"word ".repeat(50)).lines().count() > 2);
    }
}
