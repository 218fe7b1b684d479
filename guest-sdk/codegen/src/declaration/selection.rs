//! Selections of fields, in Kubernetes' terms:
//!
//! ```text
//! metadata.{name, namespace}, status.{phase, containerStatuses[].{name, state.waiting.reason}}
//!
//! selection = item *( "," item )
//! item      = step *( "." step ) [ "." "{" selection "}" ]
//! step      = ( name | "quoted name" | "*" ) *( "[]" ) [ "?" ]
//! ```
//!
//! `[]` enters the elements of a list, as in jq; `*` is every field, or every key of a map. A path that ends at an
//! object selects all of it. `?` distinguishes absent from empty. This module does not know the schema.

use std::fmt;
use wagather_yaml::Place;

/// The maximum nesting of a selection.
const MAX_DEPTH: usize = 32;

/// The selected fields of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection(Vec<Wish>);

/// A selected field.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Its place. Comparisons ignore it.
    pub place: Place,
    /// Its name in JSON, or `*`.
    pub name: String,
    /// The number of lists to enter: one for each `[]`.
    pub lists: u8,
    /// Whether absent is distinguished from empty.
    pub optional: bool,
    /// The selected part of it.
    pub below: Below,
}

impl PartialEq for Wish {
    fn eq(&self, other: &Wish) -> bool {
        let Wish { place: _, name, lists, optional, below } = self;
        (name, lists, optional, below) == (&other.name, &other.lists, &other.optional, &other.below)
    }
}

impl Eq for Wish {}

/// The selected part of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Below {
    /// All of it.
    Whole,
    /// These fields.
    Fields(Selection),
}

impl Selection {
    /// The selected fields, in their order.
    pub fn wishes(&self) -> &[Wish] {
        &self.0
    }

    /// Parses a selection from a string of its own, with places in that string.
    ///
    /// # Errors
    ///
    /// The reason, with its place.
    pub fn parse(text: &str) -> Result<Selection, String> {
        let place_of = |at: usize| {
            let before: Vec<char> = text.chars().take(at).collect();
            let line = before.iter().filter(|c| **c == '\n').count() + 1;
            let column = before.iter().rev().take_while(|c| **c != '\n').count() + 1;
            Place { line, column }
        };
        Selection::read(text, &place_of).map_err(|Wrong { place, why }| format!("{place}: {why}"))
    }

    /// Parses a selection; `place_of` returns the place of a character, by its index.
    ///
    /// # Errors
    ///
    /// The reason, and its place.
    pub fn read(text: &str, place_of: &dyn Fn(usize) -> Place) -> Result<Selection, Wrong> {
        let mut reader = Reader { text, at: 0, place_of };
        let selection = reader.selection(MAX_DEPTH)?;
        match reader.peek() {
            None => Ok(selection),
            Some('}') => Err(reader.wrong("a '}' without a '{'")),
            Some(_) => Err(reader.wrong("a ',' or a '.' is missing")),
        }
    }

    /// Adds a field. If it is already selected, both selections are joined.
    pub fn add(&mut self, wish: Wish) -> Result<(), Wrong> {
        let Some(known) = self.0.iter_mut().find(|known| known.name == wish.name) else {
            self.0.push(wish);
            return Ok(());
        };
        if known.lists != wish.lists {
            let why = format!("'{}' occurs with and without '[]'", wagather_yaml::shown(&known.name));
            return Err(Wrong { place: wish.place, why });
        }
        known.optional |= wish.optional;
        match (&mut known.below, wish.below) {
            (Below::Whole, _) => {}
            (below, Below::Whole) => *below = Below::Whole,
            (Below::Fields(fields), Below::Fields(more)) => {
                for wish in more.0 {
                    fields.add(wish)?;
                }
            }
        }
        Ok(())
    }

    /// Adds all fields of another selection.
    pub fn join(&mut self, other: Selection) -> Result<(), Wrong> {
        other.0.into_iter().try_for_each(|wish| self.add(wish))
    }
}

/// A mistake in a selection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Where.
    pub place: Place,
    /// The reason.
    pub why: String,
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    place_of: &'a dyn Fn(usize) -> Place,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&mut self) -> Option<char> {
        let blank = self.rest().len() - self.rest().trim_start().len();
        self.at += blank;
        self.rest().chars().next()
    }

    fn accept(&mut self, wanted: char) -> bool {
        let is_there = self.peek() == Some(wanted);
        if is_there {
            self.at += wanted.len_utf8();
        }
        is_there
    }

    /// The current place.
    fn place(&self) -> Place {
        (self.place_of)(self.text[..self.at].chars().count())
    }

    /// A mistake, with some of the text around it.
    fn wrong(&self, what: &str) -> Wrong {
        const AROUND: usize = 24;
        let before: Vec<char> = self.text[..self.at].chars().rev().take(AROUND).collect();
        let before: String = before.into_iter().rev().collect();
        let after: String = self.rest().chars().take(AROUND).collect();
        let why = match after.is_empty() {
            true => format!("{what} at the end, after '{}'", wagather_yaml::shown(&before)),
            false => format!(
                "{what} between '{}' and '{}'",
                wagather_yaml::shown(&before),
                wagather_yaml::shown(&after)
            ),
        };
        Wrong { place: self.place(), why }
    }

    fn selection(&mut self, depth: usize) -> Result<Selection, Wrong> {
        if depth == 0 {
            return Err(self.wrong("the fields nest too deeply"));
        }
        let mut selection = Selection::default();
        loop {
            let wish = self.item(depth)?;
            selection.add(wish)?;
            if !self.accept(',') {
                return Ok(selection);
            }
            // A trailing comma is allowed.
            if matches!(self.peek(), None | Some('}')) {
                return Ok(selection);
            }
        }
    }

    fn item(&mut self, depth: usize) -> Result<Wish, Wrong> {
        if depth == 0 {
            return Err(self.wrong("the fields nest too deeply"));
        }
        let mut wish = self.step()?;
        let has_dot = self.accept('.');
        if self.accept('{') {
            let fields = self.selection(depth - 1)?;
            if !self.accept('}') {
                return Err(self.wrong("a '}' is missing"));
            }
            wish.below = Below::Fields(fields);
        } else if has_dot {
            let mut fields = Selection::default();
            fields.add(self.item(depth - 1)?)?;
            wish.below = Below::Fields(fields);
        }
        Ok(wish)
    }

    fn step(&mut self) -> Result<Wish, Wrong> {
        self.peek();
        let place = self.place();
        let name = self.name()?;
        let mut wish = Wish { place, name, lists: 0, optional: false, below: Below::Whole };
        while self.accept('[') {
            // kubectl's JSONPath writes [*].
            self.accept('*');
            if !self.accept(']') {
                return Err(self.wrong("single elements of a list cannot be selected; '[]' selects all"));
            }
            wish.lists = wish.lists.checked_add(1).ok_or_else(|| self.wrong("too many '[]'"))?;
        }
        wish.optional = self.accept('?');
        Ok(wish)
    }

    fn name(&mut self) -> Result<String, Wrong> {
        let Some(first) = self.peek() else { return Err(self.wrong("the name of a field is missing")) };
        if first == '*' {
            self.at += 1;
            return Ok("*".to_owned());
        }
        if first == '"' || first == '\'' {
            let Some(len) = self.rest()[1..].find(first) else {
                return Err(self.wrong("a quoted name does not end"));
            };
            let name = self.rest()[1..1 + len].to_owned();
            if name.is_empty() {
                return Err(self.wrong("a quoted name is empty"));
            }
            self.at += len + 2;
            return Ok(name);
        }
        let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '$' | '/');
        let len = self.rest().find(|c| !is_of_name(c)).unwrap_or(self.rest().len());
        if len == 0 {
            return Err(self.wrong("the name of a field is missing"));
        }
        let name = self.rest()[..len].to_owned();
        self.at += len;
        Ok(name)
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, wish) in self.0.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { ", " })?;
            wish.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '$' | '/');
        if self.name == "*" || self.name.chars().all(is_plain) {
            f.write_str(&self.name)?;
        } else {
            // A quoted name contains at most one kind of quotes, so the other kind works.
            let quote = if self.name.contains('"') { '\'' } else { '"' };
            write!(f, "{quote}{}{quote}", self.name)?;
        }
        (0..self.lists).try_for_each(|_| f.write_str("[]"))?;
        f.write_str(if self.optional { "?" } else { "" })?;
        match &self.below {
            Below::Whole => Ok(()),
            Below::Fields(Selection(fields)) if fields.len() == 1 => write!(f, ".{}", fields[0]),
            Below::Fields(fields) => write!(f, ".{{{fields}}}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(text: &str) -> String {
        Selection::parse(text).map_or_else(|why| format!("error: {why}"), |selection| selection.to_string())
    }

    #[test]
    fn paths_are_joined() {
        for (text, meant) in [
            ("metadata.name", "metadata.name"),
            ("metadata.name, metadata.namespace", "metadata.{name, namespace}"),
            (
                "status.{phase, containerStatuses[].{name, restartCount, state.waiting.reason}},",
                "status.{phase, containerStatuses[].{name, restartCount, state.waiting.reason}}",
            ),
            ("status{\n  phase ,\n b [ ] ? .c }", "status.{phase, b[]?.c}"),
            ("a.b, a", "a"),
            ("a, a.b", "a"),
            ("spec.*", "spec.*"),
            ("labels.\"app.kubernetes.io/name\"", "labels.\"app.kubernetes.io/name\""),
            ("labels.'a\"b'", "labels.'a\"b'"),
            ("items[*].a, items[].b", "items[].{a, b}"),
            ("a?, a", "a?"),
        ] {
            assert_eq!(again(text), meant);
            assert_eq!(again(meant), meant);
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        for (text, why) in [
            ("", "1:1: the name of a field is missing at the end, after ''"),
            ("a.{b", "1:5: a '}' is missing at the end, after 'a.{b'"),
            ("a b", "1:3: a ',' or a '.' is missing between 'a ' and 'b'"),
            ("a,\n b c", "2:4: a ',' or a '.' is missing between 'a,\\n b ' and 'c'"),
            ("a}", "1:2: a '}' without a '{' between 'a' and '}'"),
            ("a..b", "1:3: the name of a field is missing between 'a.' and '.b'"),
            (
                "a[0].b",
                "1:3: single elements of a list cannot be selected; '[]' selects all between 'a[' and '0].b'",
            ),
            ("a[].b, a.c", "1:8: 'a' occurs with and without '[]'"),
            ("a.\"b", "1:3: a quoted name does not end between 'a.' and '\"b'"),
        ] {
            assert_eq!(again(text), format!("error: {why}"));
        }
        assert!(again(&"a.".repeat(500)).contains("too deeply"));
        assert!(again(&"a{".repeat(500)).contains("too deeply"));
    }
}
