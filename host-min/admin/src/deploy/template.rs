//! Fills templates of YAML, so that a manifest can be read in the source as it is printed.
//!
//! A line of a template has at most one `{{placeholder}}`. A text is put in as a scalar of YAML, quoted where it has to be: no text can
//! end its line or become a key. A line whose placeholder has no value is left out. A block takes the place of its line, as deep as that.

use std::fmt::Write as _;
use wagather_yaml::scalar;

/// What takes the place of a placeholder.
pub(super) enum Piece {
    /// A text of anybody's.
    Text(String),
    /// A number.
    Number(u64),
    /// Lines of YAML that were made here.
    Block(String),
}

/// Values by the names of their placeholders.
#[derive(Default)]
pub(super) struct Values(Vec<(&'static str, Piece)>);

impl Values {
    /// Whether a placeholder has a value.
    #[cfg(test)]
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| *known == name)
    }

    /// Adds a text.
    pub(super) fn text(&mut self, name: &'static str, text: impl Into<String>) {
        self.0.push((name, Piece::Text(text.into())));
    }

    /// Adds a number.
    pub(super) fn number(&mut self, name: &'static str, number: u64) {
        self.0.push((name, Piece::Number(number)));
    }

    /// Adds lines.
    pub(super) fn block(&mut self, name: &'static str, lines: String) {
        self.0.push((name, Piece::Block(lines)));
    }

    /// Adds a template, filled with the values up to now.
    pub(super) fn filled(&mut self, name: &'static str, template: &str) {
        let lines = self.fill(template);
        self.block(name, lines);
    }

    /// Adds a template, filled with other values.
    pub(super) fn filled_by(&mut self, others: &Values, name: &'static str, template: &str) {
        self.block(name, others.fill(template));
    }

    /// The template with the values in their places.
    pub(super) fn fill(&self, template: &str) -> String {
        let mut text = String::with_capacity(template.len());
        for line in template.lines() {
            let placeholder = line.split_once("{{").and_then(|(before, rest)| {
                let (name, after) = rest.split_once("}}")?;
                Some((before, name, after))
            });
            let Some((before, name, after)) = placeholder else {
                text.push_str(line);
                text.push('\n');
                continue;
            };
            _ = match self.0.iter().find(|(known, _)| *known == name) {
                None => Ok(()),
                Some((_, Piece::Text(value))) => writeln!(text, "{before}{}{after}", scalar(value)),
                Some((_, Piece::Number(value))) => writeln!(text, "{before}{value}{after}"),
                Some((_, Piece::Block(lines))) => {
                    lines.lines().try_for_each(|line| writeln!(text, "{before}{line}"))
                }
            };
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_take_their_places() {
        let mut values = Values::default();
        values.text("name", "a: b\n- c");
        values.number("number", 7);
        values.block("lines", "x: 1\ny: 2\n".into());
        values.filled("inner", "z: {{number}}\n");
        let template = "k: {{name}}\nn: [{{number}}]\nmissing: {{nothing}}\nin:\n  {{lines}}\n  {{inner}}\n";
        assert_eq!(values.fill(template), "k: \"a: b\\n- c\"\nn: [7]\nin:\n  x: 1\n  y: 2\n  z: 7\n");
    }
}
