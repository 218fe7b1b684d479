//! Columns of values that repeat, in a form that compresses well.

use std::collections::HashMap;

use serde::Serialize;

/// Numbers the texts of a column in the order of their first use.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(super) struct Texts {
    all: Vec<String>,
    #[serde(skip)]
    numbers: HashMap<String, usize>,
}

impl Texts {
    /// The number of a text.
    pub(super) fn number(&mut self, text: &str) -> usize {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.all.len();
        self.all.push(text.to_owned());
        self.numbers.insert(text.to_owned(), number);
        number
    }

    /// The same, but of no more than so many texts.
    pub(super) fn number_up_to(&mut self, most: usize, text: &str) -> Option<usize> {
        (self.all.len() < most || self.numbers.contains_key(text)).then(|| self.number(text))
    }

    /// The text with a number.
    pub(super) fn get(&self, number: usize) -> &str {
        &self.all[number]
    }
}

/// Names, most of which begin as the name before: the length of what is the same in UTF-16 units, and the rest.
#[derive(Debug, Default, Serialize)]
pub(super) struct Names {
    same: Vec<usize>,
    /// One a line. A name has no line break, because it is escaped.
    rest: String,
    #[serde(skip)]
    last: String,
}

impl Names {
    /// Adds a name.
    pub(super) fn add(&mut self, name: &str) {
        let name = wagather_printable::line(name);
        let mut bytes = 0;
        let mut units = 0;
        for (a, b) in name.chars().zip(self.last.chars()) {
            if a != b {
                break;
            }
            bytes += a.len_utf8();
            units += a.len_utf16();
        }
        if !self.same.is_empty() {
            self.rest.push('\n');
        }
        self.same.push(units);
        self.rest.push_str(&name[bytes..]);
        name.as_ref().clone_into(&mut self.last);
    }
}

/// Whole numbers that are near the number before: the differences.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(super) struct Steps {
    all: Vec<i64>,
    #[serde(skip)]
    last: i64,
}

impl Steps {
    /// Adds a number.
    pub(super) fn add(&mut self, number: i64) {
        // JavaScript has 53 bits. No time that matters is beyond.
        let number = number.clamp(-(1 << 52), 1 << 52);
        self.all.push(number - self.last);
        self.last = number;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_short() {
        let mut texts = Texts::default();
        let numbers: Vec<usize> = ["a", "b", "a"].iter().map(|text| texts.number(text)).collect();
        assert_eq!((numbers, texts.all), (vec![0, 1, 0], vec!["a".to_owned(), "b".to_owned()]));
        let mut names = Names::default();
        ["web-é1", "web-é2", "web", "x\ny", "x\ny", "𝄞1", "𝄞2"].iter().for_each(|name| names.add(name));
        assert_eq!(names.same, [0, 5, 3, 0, 4, 0, 2]);
        assert_eq!(names.rest, "web-é1\n2\n\nx\\ny\n\n𝄞1\n2");
        let mut steps = Steps::default();
        [5, 7, 4, i64::MAX].iter().for_each(|number| steps.add(*number));
        assert_eq!(steps.all, [5, 2, -3, (1 << 52) - 4]);
    }
}
