//! Texts of other people's making, for code, pages and terminals: whoever wrote a schema must not write the code as well, and not
//! steer the terminal that it is shown on.

/// A text that stays within its line and looks as it is.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if is_odd(c) { ' ' } else { c }).collect()
}

/// The same of a text that may have several lines.
pub(crate) fn plain_lines(text: &str) -> String {
    text.split('\n').map(plain).collect::<Vec<_>>().join("\n")
}

/// Control characters, separators of lines and paragraphs, and what turns the direction of the text around it.
fn is_odd(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_its_line() {
        assert_eq!(plain("a\nb\r\u{2028}c\u{202e}d\u{1b}[2J é"), "a b  c d [2J é");
        assert_eq!(plain_lines("a\nb\u{1b}\r\n"), "a\nb  \n");
    }
}
