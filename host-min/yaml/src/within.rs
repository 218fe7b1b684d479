//! Where in the file a character of a text is.
//!
//! A scalar is kept as what it says, not as it was written: quotes and escapes are gone, lines are joined. Characters that are no
//! white space are in the file in the same order, though, so they are followed one by one.

use crate::{Node, Place};

/// The place of the character number `at` (from 0) of a scalar's text, in the text that it was read from. Where that cannot be
/// told, as of an alias, it is the scalar's own.
pub fn place_within(source: &str, scalar: &Node, at: usize) -> Place {
    follow(source, scalar, at).unwrap_or(scalar.place)
}

fn follow(source: &str, scalar: &Node, at: usize) -> Option<Place> {
    let text = scalar.text()?;
    let mut cursor = Cursor::at(source, scalar.place)?;
    let style = cursor.peek()?;
    match style {
        '"' | '\'' => cursor.step(),
        // The text begins on the line below.
        '|' | '>' => {
            while cursor.peek()? != '\n' {
                cursor.step()
            }
        }
        '*' | '&' | '!' => return None,
        _ => {}
    }
    let mut last = cursor.place;
    for (index, wanted) in text.chars().enumerate() {
        if index == at && wanted.is_whitespace() {
            return Some(last);
        }
        if wanted.is_whitespace() {
            continue;
        }
        while cursor.peek()?.is_whitespace() || (style == '"' && cursor.peek() == Some('\\')) {
            let is_escape = cursor.peek() == Some('\\');
            cursor.step();
            if is_escape && matches!(cursor.peek(), Some('"' | '\\' | '/')) {
                break;
            }
        }
        if cursor.peek()? != wanted {
            return None;
        }
        if index == at {
            return Some(cursor.place);
        }
        cursor.step();
        if style == '\'' && wanted == '\'' {
            cursor.step();
        }
        last = cursor.place;
    }
    Some(last)
}

/// A place in a text, and what comes from there on.
struct Cursor<'a> {
    rest: std::str::Chars<'a>,
    place: Place,
}

impl<'a> Cursor<'a> {
    fn at(source: &'a str, place: Place) -> Option<Cursor<'a>> {
        let source = source.strip_prefix('\u{feff}').unwrap_or(source);
        let line: usize = source.split_inclusive('\n').take(place.line - 1).map(str::len).sum();
        let mut rest = source[line..].chars();
        (1..place.column).try_for_each(|_| rest.next().map(drop))?;
        Some(Cursor { rest, place })
    }

    fn peek(&self) -> Option<char> {
        self.rest.clone().next()
    }

    fn step(&mut self) {
        match self.rest.next() {
            Some('\n') => self.place = Place { line: self.place.line + 1, column: 1 },
            Some(_) => self.place.column += 1,
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    /// Where the first 'x' of the value of `a` is.
    fn of(source: &str) -> (usize, usize) {
        let root = parse(source).expect("YAML");
        let scalar = root.get("a").expect("a");
        let at = scalar.text().expect("a text").chars().position(|c| c == 'x').expect("an x");
        let Place { line, column } = place_within(source, scalar, at);
        (line, column)
    }

    #[test]
    fn texts_of_every_style_are_followed() {
        for (source, place) in [
            ("a: b, x", (1, 7)),
            ("a: \"b, x\"", (1, 8)),
            ("a: 'b, x'", (1, 8)),
            ("a: 'b''s, x'", (1, 11)),
            ("a: \"b.\\\"c/d\\\", x\"", (1, 16)),
            ("a: b,\n   c,\n    x", (3, 5)),
            ("a: \"b,\n\n  c x\"", (3, 5)),
            ("a: \"b, \\\n  c x\"", (2, 5)),
            ("a: |\n  b,\n  é x\n", (3, 5)),
            ("a: >-  # so\n  b,\n\n  c x\n", (4, 5)),
            ("z: 1\r\na: b,\r\n   x\r\n", (3, 4)),
            ("é: 1\na:\n  b x", (3, 5)),
            ("{z: ü, a: b x}", (1, 13)),
            ("\u{feff}a: b x", (1, 6)),
            // What stands for it elsewhere, and an escape of the character itself: the place of the text.
            ("z: &z b x\na: *z", (2, 4)),
            ("a: \"b \\u0078\"", (1, 4)),
        ] {
            assert_eq!(of(source), place, "{source:?}");
        }
    }

    #[test]
    fn the_end_of_a_text_is_behind_its_last_character() {
        for (source, column) in [("a: b.", 6), ("a: 'b. '", 7), ("a: b. # c", 6)] {
            let root = parse(source).expect("YAML");
            let scalar = root.get("a").expect("a");
            let len = scalar.text().expect("a text").chars().count();
            assert_eq!(place_within(source, scalar, len), Place { line: 1, column }, "{source}");
        }
    }
}
