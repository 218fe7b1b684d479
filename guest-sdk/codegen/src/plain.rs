//! Makes foreign text safe for code and pages: the author of a schema must not be able to inject code.
//!
//! Elsewhere: terminals, where the same characters are escaped ([`wagather_printable`]).

use wagather_printable::is_printable;

/// A text that stays within its line and contains no invisible characters.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if is_printable(c) { c } else { ' ' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_its_line() {
        assert_eq!(plain("a\nb\r\u{2028}c\u{202e}d\u{1b}[2J é"), "a b  c d [2J é");
    }
}
