//! What a terminal shows after some bytes were written to it: the part of ECMA-48 that a careful program needs.
//!
//! An unknown sequence fails the test, because the programs must not use others.

use std::str::Chars;

/// A terminal's screen, and what scrolled off it.
#[derive(Clone, Debug)]
pub struct Screen {
    columns: usize,
    /// Lines that scrolled off, oldest first.
    above: Vec<String>,
    grid: Vec<Vec<char>>,
    row: usize,
    column: usize,
}

impl Screen {
    /// What a terminal of that size shows after these bytes. A sequence or character that is cut at the end is not there yet.
    pub fn of(bytes: &[u8], columns: usize, lines: usize) -> Screen {
        let mut screen =
            Screen { columns, above: Vec::new(), grid: vec![vec![' '; columns]; lines], row: 0, column: 0 };
        let whole = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
        let mut rest = whole.chars();
        while let Some(c) = rest.next() {
            match c {
                '\r' => screen.column = 0,
                '\n' => screen.down(),
                '\x1b' => {
                    if screen.obey(&mut rest).is_none() {
                        break;
                    }
                }
                c if c.is_control() => panic!("a control character {c:?} after {whole:?}"),
                c => screen.put(c),
            }
        }
        screen
    }

    /// Every line, also those that scrolled off, without the empty ones at the end.
    pub fn text(&self) -> String {
        let mut lines = self.above.clone();
        lines.extend(self.grid.iter().map(|line| trimmed(line)));
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        lines.iter().map(|line| format!("{line}\n")).collect()
    }

    /// Whether the cursor is at the begin of a line with nothing in it or below it.
    pub fn is_cursor_below_everything(&self) -> bool {
        let is_empty = |line: &Vec<char>| line.iter().all(|&c| c == ' ');
        self.column == 0 && self.grid[self.row..].iter().all(is_empty)
    }

    fn put(&mut self, c: char) {
        if self.column == self.columns {
            self.column = 0;
            self.down();
        }
        self.grid[self.row][self.column] = c;
        self.column += 1;
    }

    fn down(&mut self) {
        if self.row + 1 < self.grid.len() {
            self.row += 1;
        } else {
            self.above.push(trimmed(&self.grid.remove(0)));
            self.grid.push(vec![' '; self.columns]);
        }
    }

    /// A control sequence after its ESC; `None` if it is cut.
    fn obey(&mut self, rest: &mut Chars<'_>) -> Option<()> {
        assert_eq!(rest.next()?, '[', "an escape sequence that is not known here");
        let mut parameter = String::new();
        let last = loop {
            match rest.next()? {
                c if c.is_ascii_digit() || c == ';' => parameter.push(c),
                c => break c,
            }
        };
        match (&*parameter, last) {
            (lines, 'A') => self.row = self.row.saturating_sub(lines.parse().unwrap_or(1)),
            ("" | "0", 'K') => self.grid[self.row][self.column..].fill(' '),
            ("" | "0", 'J') => {
                self.grid[self.row][self.column..].fill(' ');
                self.grid[self.row + 1..].iter_mut().for_each(|line| line.fill(' '));
            }
            (_, 'm') => {}
            other => panic!("a control sequence that is not known here: {other:?}"),
        }
        Some(())
    }
}

fn trimmed(line: &[char]) -> String {
    line.iter().collect::<String>().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        Screen::of(text.as_bytes(), 6, 3).text()
    }

    #[test]
    fn a_screen_shows_what_a_terminal_would() {
        assert_eq!(shown("a\r\nb"), "a\nb\n");
        assert_eq!(shown("abcdefgh"), "abcdef\ngh\n");
        assert_eq!(shown("a\r\nb\r\nc\r\nd"), "a\nb\nc\nd\n", "what scrolls off is not lost");
        assert_eq!(shown("old\r\nolder\r\n\x1b[2Anew\x1b[K\r\n\x1b[J"), "new\n");
        assert_eq!(shown("\x1b[31mred\x1b[0m"), "red\n");
        assert_eq!(shown("a\x1b[3"), "a\n");
        assert!(Screen::of(b"a\r\n", 6, 3).is_cursor_below_everything());
        assert!(!Screen::of(b"a\r\nb\x1b[1A\r", 6, 3).is_cursor_below_everything());
    }

    #[test]
    #[should_panic(expected = "not known here")]
    fn what_a_careful_program_does_not_write_fails() {
        shown("\x1b]0;title\x07");
    }
}
