//! Reads a mapping by a list of known keys, so that every mistake in a file is reported, not only the first.
//!
//! It does not know what the keys mean. A wrong value is reported and left out. The caller uses the result only if nothing was
//! reported.

use crate::{Error, Node, Place, Value};
use std::fmt::Display;
use wagather_printable::is_printable;

/// What was found wrong so far.
#[derive(Default)]
pub struct Mistakes(Vec<Error>);

/// The longest part of a value that a message shows.
const MAX_SHOWN_CHARS: usize = 60;

impl Mistakes {
    /// Reports a mistake at a place.
    pub fn tell(&mut self, place: Place, message: impl Into<String>) {
        let at = |error: &Error| (error.place.line, error.place.column);
        let error = Error { place, message: message.into() };
        // Nearly always the last place. Missing keys are found after those that are there.
        let index = self.0.partition_point(|known| at(known) <= at(&error));
        self.0.insert(index, error);
    }

    /// All of them, in the order of the file.
    pub fn all(self) -> Vec<Error> {
        self.0
    }

    /// A mapping of known keys. `others` are wrong keys that people write, each with the known key or with advice.
    pub fn map<'a>(
        &mut self,
        node: &'a Node,
        what: &str,
        required: &[&str],
        optional: &[&str],
        others: &[(&str, &str)],
    ) -> Option<Map<'a>> {
        let Value::Map(entries) = &node.value else {
            self.tell(node.place, format!("{what} must be a mapping, not {}", node.kind()));
            return None;
        };
        let known: Vec<&str> = required.iter().chain(optional).copied().collect();
        let mut mistyped = Vec::new();
        for (key, _) in entries {
            let text = key.text().unwrap_or_default();
            if known.contains(&text) {
                continue;
            }
            let other = others.iter().find(|(other, _)| *other == text).map(|(_, instead)| *instead);
            let hint = match (other, nearest(text, &known)) {
                (Some(instead), _) if known.contains(&instead) => {
                    mistyped.push(instead);
                    format!("use '{instead}'")
                }
                (Some(advice), _) => {
                    // Another part of the file has what this one lacks.
                    mistyped.extend(required);
                    advice.to_owned()
                }
                (None, Some(meant)) => {
                    mistyped.push(meant);
                    format!("did you mean '{meant}'?")
                }
                (None, None) => format!("{what} has the keys {}", listed(&known)),
            };
            self.tell(key.place, format!("unknown key '{}'; {hint}", shown(text)));
        }
        for key in required {
            // A mistyped one was reported already.
            if !mistyped.contains(key) && !entries.iter().any(|(known, _)| known.text() == Some(key)) {
                self.tell(node.place, format!("{what} has no {key}"));
            }
        }
        Some(Map { entries })
    }

    /// The texts of a list that must not be empty. `why` says what an empty one would mean.
    pub fn texts<T, E: Display>(
        &mut self,
        node: &Node,
        what: &str,
        why: &str,
        read: impl Fn(&str) -> Result<T, E>,
    ) -> Vec<T> {
        let items = self.items(node, what, Some(why));
        items.iter().filter_map(|item| self.item(item, what, &read)).collect()
    }

    /// The items of a list. If it must not be empty, `why` says what an empty one would mean.
    pub fn items<'a>(&mut self, node: &'a Node, what: &str, why: Option<&str>) -> &'a [Node] {
        match (&node.value, why) {
            (Value::List(items), Some(why)) if items.is_empty() => {
                self.tell(node.place, format!("{what} is an empty list: {why}"));
                &[]
            }
            (Value::List(items), _) => items,
            (_, Some(_)) if node.is_null() => {
                self.tell(node.place, format!("{what} has no value; write a list, or omit the key"));
                &[]
            }
            _ => {
                self.tell(node.place, format!("{what} must be a list, not {}", node.kind()));
                &[]
            }
        }
    }

    /// An item of a list: a text that `read` understands.
    pub fn item<T, E: Display>(
        &mut self,
        node: &Node,
        list: &str,
        read: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        let meant = read(self.plain(node, &["an item of ", list])?);
        meant.map_err(|why| self.refuse(node, &[list, " cannot contain"], &why)).ok()
    }

    /// A value: a text that `read` understands.
    pub fn text<T, E: Display>(
        &mut self,
        node: &Node,
        key: &str,
        read: impl Fn(&str) -> Result<T, E>,
    ) -> Option<T> {
        let meant = read(self.plain(node, &[key])?);
        meant.map_err(|why| self.refuse(node, &[key, " cannot be"], &why)).ok()
    }

    fn plain<'a>(&mut self, node: &'a Node, what: &[&str]) -> Option<&'a str> {
        match &node.value {
            // An empty text in quotes is a text.
            Value::Scalar(text, _) if !node.is_null() => Some(text),
            _ => {
                self.tell(node.place, format!("{} must be a text, not {}", what.concat(), node.kind()));
                None
            }
        }
    }

    fn refuse(&mut self, node: &Node, cannot: &[&str], why: &dyn Display) {
        let text = node.text().unwrap_or_default();
        self.tell(node.place, format!("{} '{}': {why}", cannot.concat(), shown(text)));
    }
}

/// The keys of a mapping.
pub struct Map<'a> {
    entries: &'a [(Node, Node)],
}

impl<'a> Map<'a> {
    /// The value of a key, if the key is there. A null is a value, too.
    pub fn get(&self, key: &str) -> Option<&'a Node> {
        self.entries.iter().find(|(known, _)| known.text() == Some(key)).map(|(_, value)| value)
    }
}

/// A text of the file as a message shows it: at most a line long, and without control characters.
pub fn shown(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars().take(MAX_SHOWN_CHARS) {
        if is_printable(c) { shown.push(c) } else { shown.extend(c.escape_default()) }
    }
    if text.chars().nth(MAX_SHOWN_CHARS).is_some() {
        shown.push('…');
    }
    shown
}

/// Words as a list in a sentence: `a, b and c`.
pub fn listed(words: &[&str]) -> String {
    match words {
        [] => "none".into(),
        [only] => (*only).into(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

/// The word that was probably meant.
pub fn nearest<'a>(text: &str, known: &[&'a str]) -> Option<&'a str> {
    let text = text.to_ascii_lowercase();
    known
        .iter()
        .map(|word| (distance(&text, &word.to_ascii_lowercase()), *word))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, word)| *distance <= word.len().div_ceil(3))
        .map(|(_, word)| word)
}

/// How many letters must be changed, added or removed to turn one text into the other (Levenshtein distance).
pub fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().take(MAX_SHOWN_CHARS).enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in b.iter().enumerate() {
            let changed = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_key_is_one_mistake() {
        let of = |text: &str| {
            let root = crate::parse(text).expect("YAML");
            let mut mistakes = Mistakes::default();
            let others = [("sort", "kind"), ("place", "write the place beside it")];
            mistakes.map(&root, "a thing", &["kind", "name"], &["note"], &others);
            mistakes.all().iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(of("kin: a\nname: b"), ["1:1: unknown key 'kin'; did you mean 'kind'?"]);
        assert_eq!(of("sort: a\nname: b"), ["1:1: unknown key 'sort'; use 'kind'"]);
        let advice = of("kind: a\nname: b\nplace: c");
        assert_eq!(advice, ["3:1: unknown key 'place'; write the place beside it"]);
        let two = of("colour: a\nname: b");
        assert_eq!(two.len(), 2, "{two:?}");
        assert_eq!(two[1], "1:1: a thing has no kind");
    }

    #[test]
    fn what_was_meant() {
        let known = ["verbs", "namespaces", "names", "without"];
        assert_eq!(nearest("namespace", &known), Some("namespaces"));
        assert_eq!(nearest("name", &known), Some("names"));
        assert_eq!(nearest("Verb", &known), Some("verbs"));
        assert_eq!(nearest("colour", &known), None);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(listed(&["a", "b", "c"]), "a, b and c");
    }

    #[test]
    fn what_is_shown_fits_a_terminal() {
        assert_eq!(shown("a\u{1b}[2Jb\nc"), "a\\u{1b}[2Jb\\nc");
        assert!(shown(&"x".repeat(1000)).chars().count() < 70);
    }
}
