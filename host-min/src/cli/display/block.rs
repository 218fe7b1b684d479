//! Lines that are drawn again in place, as the bytes that a terminal obeys (ECMA-48): CUU, EL, ED and no others.
//!
//! The cursor waits below the block, at the begin of a line, and is never hidden: a program that is killed in between leaves a
//! terminal that nobody has to repair.

/// What stands on the terminal.
#[derive(Default)]
pub(super) struct Block {
    lines: Vec<String>,
}

const CLEAR_TO_THE_END_OF_THE_LINE: &str = "\x1b[K";
const CLEAR_TO_THE_END_OF_THE_SCREEN: &str = "\x1b[J";

impl Block {
    /// Draws these lines in place of those that stand there; nothing if they are the same.
    pub(super) fn draw(&mut self, lines: Vec<String>) -> String {
        if lines == self.lines {
            return String::new();
        }
        let mut text = self.up();
        self.lines = lines;
        self.put(&mut text);
        text
    }

    /// Puts lines above the block, where they stay.
    pub(super) fn above(&mut self, line: &str) -> String {
        let mut text = self.up();
        if !self.lines.is_empty() {
            text.push_str(CLEAR_TO_THE_END_OF_THE_SCREEN);
        }
        text.push_str(line);
        text.push('\n');
        self.put(&mut text);
        text
    }

    /// Takes the block away.
    pub(super) fn clear(&mut self) -> String {
        self.draw(Vec::new())
    }

    fn up(&self) -> String {
        match self.lines.len() {
            0 => String::new(),
            lines => format!("\r\x1b[{lines}A"),
        }
    }

    fn put(&self, text: &mut String) {
        for line in &self.lines {
            text.push_str(line);
            text.push_str(CLEAR_TO_THE_END_OF_THE_LINE);
            text.push('\n');
        }
        // Of a block that was longer.
        if text.starts_with('\r') {
            text.push_str(CLEAR_TO_THE_END_OF_THE_SCREEN);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_drawn_in_place_and_what_is_said_stays_above() {
        let mut block = Block::default();
        let lines = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(block.above("before"), "before\n");
        assert_eq!(block.draw(lines("a b")), "a\x1b[K\nb\x1b[K\n");
        assert_eq!(block.draw(lines("a b")), "");
        assert_eq!(block.above("said"), "\r\x1b[2A\x1b[Jsaid\na\x1b[K\nb\x1b[K\n\x1b[J");
        assert_eq!(block.draw(lines("c")), "\r\x1b[2Ac\x1b[K\n\x1b[J");
        assert_eq!(block.clear(), "\r\x1b[1A\x1b[J");
        assert_eq!(block.clear(), "");
        assert_eq!(block.above("after"), "after\n");
    }
}
