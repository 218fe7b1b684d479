//! Lines that are redrawn in place, with the control sequences CUU, EL and ED of ECMA-48, and no others.
//!
//! Between updates, the cursor is below the block, at the beginning of a line. It is never hidden. So a program that is killed leaves a
//! usable terminal.

/// The lines on the terminal.
#[derive(Default)]
pub(super) struct Block {
    lines: Vec<String>,
}

const CLEAR_TO_THE_END_OF_THE_LINE: &str = "\x1b[K";
const CLEAR_TO_THE_END_OF_THE_SCREEN: &str = "\x1b[J";

impl Block {
    /// Replaces the lines on the terminal. Empty if they are the same.
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

    /// Removes the block.
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
        // Clear the rest of a longer block.
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
        assert_eq!(block.above("text"), "\r\x1b[2A\x1b[Jtext\na\x1b[K\nb\x1b[K\n\x1b[J");
        assert_eq!(block.draw(lines("c")), "\r\x1b[2Ac\x1b[K\n\x1b[J");
        assert_eq!(block.clear(), "\r\x1b[1A\x1b[J");
        assert_eq!(block.clear(), "");
        assert_eq!(block.above("after"), "after\n");
    }
}
