//! Foreign text, made safe for a terminal.
//!
//! Text of a server, a module or a file may control a terminal, may show a line as another one, or may look like a line of ours. So
//! everything that a program of this repository prints goes through [`Line`], [`Page`] or [`json`]. Only this crate knows which
//! characters are not shown.
//!
//! Not here: where the text goes. Each program writes to its terminal in one place, and a test checks that there is no other.

#![forbid(unsafe_code)]

use std::borrow::Cow;
use std::fmt::{self, Display, Write};

/// Whether a terminal shows the character within its line and does nothing else.
///
/// This is false for control characters (C0, DEL, C1), for separators of lines and paragraphs, and for the marks that set the direction
/// of text (`Bidi_Control` in [UAX #9](https://www.unicode.org/reports/tr9/)).
pub const fn is_printable(c: char) -> bool {
    !matches!(c,
        '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{2028}' | '\u{2029}'
        | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text in one line. Characters that are not printable are escaped as in Rust: `\n`, `\u{1b}`.
pub fn line(text: &str) -> Cow<'_, str> {
    match text.chars().all(is_printable) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(Line(text).to_string()),
    }
}

/// A value in one line, escaped like [`line()`].
#[derive(Clone, Copy, Debug)]
pub struct Line<T>(
    /// What is shown.
    pub T,
);

impl<T: Display> Display for Line<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping(f), "{}", self.0)
    }
}

/// Escapes what is written to it.
struct Escaping<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| !is_printable(*c)) {
            self.0.write_str(&rest[..at])?;
            write!(self.0, "{}", c.escape_default())?;
            rest = &rest[at + c.len_utf8()..];
        }
        self.0.write_str(rest)
    }
}

/// A printable JSON text. Characters that are not printable are escaped in its strings, and its line feeds stay. The values are the same.
pub fn json(json: &str) -> Cow<'_, str> {
    let is_shown = |c: char| is_printable(c) || c == '\n';
    if json.chars().all(is_shown) {
        return Cow::Borrowed(json);
    }
    let mut text = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        match is_shown(c) {
            true => text.push(c),
            // All of them are in the basic plane, so that none takes two escapes.
            false => _ = write!(text, "\\u{:04x}", u32::from(c)),
        }
    }
    Cow::Owned(text)
}

/// Lines to print. Text that is put into a line stays within that line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page(String);

impl Page {
    /// A page without lines.
    pub const fn new() -> Page {
        Page(String::new())
    }

    /// Adds a line.
    pub fn line(&mut self, text: impl Display) {
        let _ = writeln!(self.0, "{}", Line(text));
    }

    /// Adds lines whose ends the caller made. Foreign text in them must not end a line.
    pub fn lines(&mut self, text: &str) {
        text.lines().for_each(|text| self.line(text));
    }

    /// Adds lines that repeat words as they were typed, such as the message of an argument parser. A word, the value behind its
    /// `=`, and each name in a path stay within their line.
    pub fn lines_with(&mut self, text: &str, typed: impl IntoIterator<Item = String>) {
        let mut text = text.to_owned();
        for word in typed {
            let value = word.split_once('=').map(|(_, value)| value);
            let parts = std::iter::once(&*word).chain(value).chain(word.split('/'));
            for part in parts.filter(|part| part.contains('\n')) {
                text = text.replace(part, &line(part));
            }
        }
        self.lines(&text);
    }

    /// Adds a JSON text.
    pub fn json(&mut self, text: &str) {
        self.0 += &json(text);
        self.0.push('\n');
    }

    /// All of it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that a terminal might obey, and a forged line.
    const EVIL: &str =
        "a\u{1b}[2J\u{9b}31m\u{7f}\r\nerror: forged\t\u{202e}b\u{2066}\u{200f}\u{61c}\u{2028}c\u{2029}\0";

    #[test]
    fn a_line_stays_a_line() {
        let shown = "a\\u{1b}[2J\\u{9b}31m\\u{7f}\\r\\nerror: forged\\t\\u{202e}b\\u{2066}\\u{200f}\\u{61c}\\u{2028}c\\u{2029}\\u{0}";
        assert_eq!(line(EVIL), shown);
        assert_eq!(Line(format_args!("{}: {EVIL}", 7)).to_string(), format!("7: {shown}"));
        let mut page = Page::new();
        page.line(EVIL);
        page.lines("x\ny\u{1b}");
        assert_eq!(page.as_str(), format!("{shown}\nx\ny\\u{{1b}}\n"));
    }

    #[test]
    fn what_is_printable_stays_as_it_is() {
        for text in ["", "plain \\ text", "é 日本語 \u{1f980} zero\u{200d}width \u{a0}"] {
            assert!(matches!(line(text), Cow::Borrowed(same) if same == text));
            assert!(matches!(json(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn json_keeps_its_lines_and_loses_no_character() {
        assert_eq!(
            json("{\n  \"a\": \"\u{7f}\u{9b}\u{202e}\u{2028}é\"\n}"),
            "{\n  \"a\": \"\\u007f\\u009b\\u202e\\u2028é\"\n}"
        );
    }

    #[test]
    fn what_was_typed_makes_no_lines() {
        let mut page = Page::new();
        let typed = ["a\nb", "--c=d\ne", "f/g\nh", "plain"].map(str::to_owned);
        page.lines_with("no 'a\nb',\nno 'd\ne', no 'g\nh'", typed);
        assert_eq!(page.as_str(), "no 'a\\nb',\nno 'd\\ne', no 'g\\nh'\n");
    }

    #[test]
    fn exactly_the_classes_that_are_named_are_not_printable() {
        let bidi =
            [0x61c, 0x200e, 0x200f, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069];
        for c in '\0'..=char::MAX {
            let is_named =
                c.is_control() || matches!(u32::from(c), 0x2028 | 0x2029) || bidi.contains(&u32::from(c));
            assert_eq!(is_printable(c), !is_named, "{c:?}");
        }
    }
}
