//! YAML (and so JSON) files as a tree whose nodes know their line and column.
//!
//! This is not a deserialiser. Code reads a file by asking a node for what it wants, so that each mistake is reported with its place
//! ([`Mistakes`] collects them). It is not all of YAML either: merge keys work only in [files of other programs](parse_foreign), the
//! depth and the growth by aliases are limited, and tags are ignored.
//!
//! Scalars are kept as text. The caller decides whether `yes` or `012` is a string, a boolean or a number. That is more lenient than
//! YAML 1.2 where it does no harm.
#![forbid(unsafe_code)]

mod foreign;
mod json;
mod mistakes;
mod scalar;
mod within;
mod words;

pub use foreign::{Foreign, decode, parse_foreign};
pub use json::to_json;
pub use mistakes::{Map, Mistakes, distance, listed, nearest, shown};
pub use scalar::scalar;
pub use within::place_within;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};
use std::fmt;

/// How deep a document may nest. A kubeconfig needs eight levels.
const MAX_DEPTH: usize = 64;
/// How many nodes a document may have, including those that aliases repeat.
const MAX_NODES: usize = 200_000;

/// A place in a file. Both numbers count from 1. Shown as `line:column`, which editors understand after a file's name and a colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Why a document cannot be used, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// Where.
    pub place: Place,
    /// What is wrong there.
    pub message: String,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

impl std::error::Error for Error {}

impl Error {
    fn new(place: Place, message: &str) -> Error {
        Error { place, message: message.to_owned() }
    }

    /// The error with the file that it is in: `file:line:column: message`.
    pub fn in_file(&self, file: impl fmt::Display) -> String {
        format!("{file}:{self}")
    }
}

/// A node of the tree. Its `Debug` shows only kind and place, because a value may be a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Node {
    /// Where it begins.
    pub place: Place,
    /// What it is.
    pub value: Value,
}

/// What a node holds.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// A scalar: its text, and whether it was written without quotes.
    Scalar(String, bool),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order of the file. A key occurs once.
    Map(Vec<(Node, Node)>),
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.kind(), self.place)
    }
}

/// Reads one document. An empty one is a null at its beginning.
pub fn parse(text: &str) -> Result<Node, Error> {
    let (mut documents, _) = documents(text, 1, false)?;
    Ok(documents.pop().unwrap_or_else(Node::nothing))
}

/// Reads all documents of a file. Empty ones are left out.
pub fn parse_all(text: &str) -> Result<Vec<Node>, Error> {
    let (mut documents, _) = documents(text, usize::MAX, false)?;
    documents.retain(|document| !document.is_null());
    Ok(documents)
}

/// The documents, and what is odd about them. A file of ours may have at most `most` documents, and no key twice. In a `foreign` file,
/// further documents are reported and not read.
fn documents(text: &str, most: usize, foreign: bool) -> Result<(Vec<Node>, Vec<Error>), Error> {
    read(text, most, foreign).map_err(|told| told.0)
}

/// An error, and what the parser says and where, if it is the parser's.
struct Told(Error, Option<saphyr_parser::ScanError>);

impl From<Error> for Told {
    fn from(error: Error) -> Told {
        Told(error, None)
    }
}

fn read(text: &str, most: usize, foreign: bool) -> Result<(Vec<Node>, Vec<Error>), Told> {
    let mut building = Building { foreign, ..Building::default() };
    let mut documents = Vec::new();
    let mut begun = 0;
    for event in Parser::new_from_str(text) {
        if foreign && documents.len() == most {
            // An empty document at the end is not worth reporting.
            match &event {
                Ok((Event::Scalar(text, ScalarStyle::Plain, ..), _)) if text.is_empty() => continue,
                Ok((Event::DocumentStart(_) | Event::DocumentEnd | Event::StreamEnd | Event::Nothing, _)) => {
                    continue;
                }
                _ => {}
            }
            let place =
                event.as_ref().map_or_else(|error| of_marker(error.marker()), |(_, span)| place(span));
            let message = "a second document begins here; only the first one is used".to_owned();
            building.oddities.push(Error { place, message });
            break;
        }
        let (event, span) = match event {
            Ok(event) => event,
            // In brackets, a document ends with its last bracket.
            Err(error) if foreign && building.root.is_some() => {
                let message = "text follows the first document; only that document is used".to_owned();
                building.oddities.push(Error { place: of_marker(error.marker()), message });
                documents.extend(building.root.take());
                break;
            }
            Err(error) => {
                let place = words::place(text, error.marker());
                let message = words::plain(error.info()).to_owned();
                return Err(Told(Error { place, message }, Some(error)));
            }
        };
        let place = place(&span);
        match event {
            Event::DocumentStart(_) => {
                begun += 1;
                if begun > most {
                    return Err(Error::new(place, "a second document begins here; expected only one").into());
                }
                // An anchor is its document's.
                building.anchors.clear();
            }
            Event::Scalar(text, style, anchor, _) => {
                let value = Value::Scalar(text.into_owned(), style == ScalarStyle::Plain);
                building.add(Node { place, value }, anchor)?;
            }
            Event::SequenceStart(anchor, _) => building.open(Value::List(Vec::new()), place, anchor)?,
            Event::MappingStart(anchor, _) => building.open(Value::Map(Vec::new()), place, anchor)?,
            Event::SequenceEnd | Event::MappingEnd => building.close()?,
            Event::Alias(anchor) => building.repeat(anchor, place)?,
            Event::DocumentEnd => documents.extend(building.root.take()),
            Event::Nothing | Event::StreamStart | Event::StreamEnd => {}
        }
    }
    Ok((documents, building.oddities))
}

impl Node {
    /// What an empty file is.
    fn nothing() -> Node {
        Node { place: Place { line: 1, column: 1 }, value: Value::Scalar(String::new(), true) }
    }

    /// The value of a key. `None` if it is absent or null, or if this is not a mapping.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|(k, _)| k.text() == Some(key)).map(|(_, v)| v).filter(|v| !v.is_null())
    }

    /// The entries of a mapping. Empty for any other node.
    pub fn entries(&self) -> &[(Node, Node)] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The text of a scalar that is not null.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text, _) if !self.is_null() => Some(text),
            _ => None,
        }
    }

    /// Whether this is null, written or left out.
    pub fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(text, true) if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// What it is, for a message.
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::Scalar(..) if self.is_null() => "nothing",
            Value::Scalar(..) => "a single value",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }

    /// The text of a scalar. The error says what there is instead.
    pub fn expect_text(&self, what: &str) -> Result<&str, Error> {
        self.text().ok_or_else(|| self.unexpected(what, "a text"))
    }

    /// A boolean. The error says what there is instead.
    pub fn expect_bool(&self, what: &str) -> Result<bool, Error> {
        let is_plain = matches!(self.value, Value::Scalar(_, true));
        match self.text() {
            Some("true" | "True" | "TRUE") => Ok(true),
            Some("false" | "False" | "FALSE") => Ok(false),
            // YAML 1.1's, which Kubernetes' tools read.
            Some("y" | "Y" | "yes" | "Yes" | "YES" | "on" | "On" | "ON") if is_plain => Ok(true),
            Some("n" | "N" | "no" | "No" | "NO" | "off" | "Off" | "OFF") if is_plain => Ok(false),
            _ => Err(self.unexpected(what, "true or false")),
        }
    }

    /// The items of a list; null is an empty list. The error says what there is instead.
    pub fn expect_list(&self, what: &str) -> Result<&[Node], Error> {
        match &self.value {
            Value::List(items) => Ok(items),
            _ if self.is_null() => Ok(&[]),
            _ => Err(self.unexpected(what, "a list")),
        }
    }

    /// The entries of a mapping; null is an empty mapping. The error says what there is instead.
    pub fn expect_map(&self, what: &str) -> Result<&[(Node, Node)], Error> {
        match &self.value {
            Value::Map(entries) => Ok(entries),
            _ if self.is_null() => Ok(&[]),
            _ => Err(self.unexpected(what, "a mapping")),
        }
    }

    /// An error at this node.
    pub fn error(&self, message: impl Into<String>) -> Error {
        Error { place: self.place, message: message.into() }
    }

    /// Whether it is the merge key of YAML 1.1. In quotes it is a key like any other.
    fn is_merge(&self) -> bool {
        matches!(&self.value, Value::Scalar(text, true) if text == "<<")
    }

    /// Whether it is the same key.
    fn is_key(&self, key: &Node) -> bool {
        key.text().is_some() && self.text() == key.text()
    }

    fn unexpected(&self, what: &str, wanted: &str) -> Error {
        self.error(format!("{what} must be {wanted}, not {}", self.kind()))
    }

    /// The same as JSON. A plain scalar becomes what YAML 1.2's core schema says.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.value {
            _ if self.is_null() => Json::Null,
            Value::Scalar(text, true) => match text.as_str() {
                "true" | "True" | "TRUE" => Json::Bool(true),
                "false" | "False" | "FALSE" => Json::Bool(false),
                _ => match serde_json::from_str::<serde_json::Number>(text) {
                    Ok(number) => Json::Number(number),
                    Err(_) => Json::String(text.clone()),
                },
            },
            Value::Scalar(text, false) => Json::String(text.clone()),
            Value::List(items) => Json::Array(items.iter().map(Node::to_json).collect()),
            Value::Map(entries) => Json::Object(
                entries.iter().map(|(k, v)| (k.text().unwrap_or_default().to_owned(), v.to_json())).collect(),
            ),
        }
    }

    fn count(&self) -> usize {
        match &self.value {
            Value::Scalar(..) => 1,
            Value::List(items) => 1 + items.iter().map(Node::count).sum::<usize>(),
            Value::Map(entries) => 1 + entries.iter().map(|(k, v)| k.count() + v.count()).sum::<usize>(),
        }
    }
}

/// The tree while it grows: the open nodes, outermost first, each with the key that waits for its value.
#[derive(Default)]
struct Building {
    root: Option<Node>,
    open: Vec<(Node, usize, Option<Node>)>,
    anchors: Vec<(usize, Node)>,
    nodes: usize,
    /// Whether a key may occur twice. The last one counts.
    foreign: bool,
    oddities: Vec<Error>,
}

impl Building {
    fn open(&mut self, value: Value, place: Place, anchor: usize) -> Result<(), Error> {
        if self.open.len() == MAX_DEPTH {
            return fail(place, "the document nests too deeply");
        }
        self.open.push((Node { place, value }, anchor, None));
        Ok(())
    }

    fn close(&mut self) -> Result<(), Error> {
        match self.open.pop() {
            Some((node, anchor, _)) => self.add(node, anchor),
            None => Ok(()),
        }
    }

    fn repeat(&mut self, anchor: usize, place: Place) -> Result<(), Error> {
        let known = self.anchors.iter().find(|(id, _)| *id == anchor).map(|(_, node)| node);
        let Some(known) = known else { return fail(place, "an alias refers to an unknown anchor") };
        if self.open.len() + depth(known) > MAX_DEPTH {
            return fail(place, "the document nests too deeply");
        }
        self.nodes += known.count();
        let node = Node { place, ..known.clone() };
        self.add(node, 0)
    }

    fn add(&mut self, node: Node, anchor: usize) -> Result<(), Error> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return fail(node.place, "the document has too many nodes");
        }
        if anchor != 0 {
            self.anchors.push((anchor, node.clone()));
        }
        let Some((parent, _, key)) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        match &mut parent.value {
            Value::List(items) => items.push(node),
            Value::Map(entries) => match key.take() {
                Some(key) => match entries
                    .iter_mut()
                    .find(|(known, _)| self.foreign && !key.is_merge() && known.is_key(&key))
                {
                    Some(entry) => *entry = (key, node),
                    None => entries.push((key, node)),
                },
                None => {
                    if !matches!(node.value, Value::Scalar(..)) {
                        return fail(node.place, "a key must be a text");
                    }
                    let is_merge = self.foreign && node.is_merge();
                    let is_known = !is_merge && entries.iter().any(|(known, _)| known.is_key(&node));
                    if is_known && !self.foreign {
                        return fail(node.place, "this key occurs twice");
                    }
                    if is_known {
                        let key = shown(node.text().unwrap_or_default());
                        let message = format!("the key \"{key}\" occurs twice; the last one is used");
                        self.oddities.push(Error { place: node.place, message });
                    }
                    *key = Some(node);
                }
            },
            Value::Scalar(..) => {}
        }
        Ok(())
    }
}

fn depth(node: &Node) -> usize {
    match &node.value {
        Value::Scalar(..) => 0,
        Value::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Map(entries) => 1 + entries.iter().map(|(_, v)| depth(v)).max().unwrap_or(0),
    }
}

fn place(span: &Span) -> Place {
    of_marker(&span.start)
}

fn of_marker(marker: &Marker) -> Place {
    Place { line: marker.line().max(1), column: marker.col() + 1 }
}

fn fail<T>(place: Place, message: &str) -> Result<T, Error> {
    Err(Error::new(place, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_know_their_place() {
        let root = parse("a: 1\nb:\n  - x\n  - {c: 'true', d: true, e: ~}\n").unwrap();
        let list = root.get("b").unwrap().expect_list("b").unwrap();
        assert_eq!(list[1].place, Place { line: 4, column: 5 });
        assert_eq!(list[1].get("d").unwrap().expect_bool("d"), Ok(true));
        assert_eq!(list[1].get("e"), None);
        assert_eq!(root.to_json().to_string(), r#"{"a":1,"b":["x",{"c":"true","d":true,"e":null}]}"#);
    }

    #[test]
    fn json_is_yaml() {
        let root = parse("{\"a\": {\"b\": [1, \"x\\n\"]}}").unwrap();
        assert_eq!(root.to_json().to_string(), r#"{"a":{"b":[1,"x\n"]}}"#);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let of = |text: &str| parse(text).unwrap_err().to_string();
        assert!(of("a: [1,\nb: 2").starts_with("2:"), "{}", of("a: [1,\nb: 2"));
        assert_eq!(of("a: 1\na: 2"), "2:1: this key occurs twice");
        assert_eq!(of("a: 1\n---\nb: 2"), "2:1: a second document begins here; expected only one");
        assert_eq!(of("? [a]\n: 1"), "1:3: a key must be a text");
        let root = parse("a: [1]").unwrap();
        let error = root.get("a").unwrap().expect_text("a").unwrap_err();
        assert_eq!(error.to_string(), "1:4: a must be a text, not a list");
    }

    #[test]
    fn aliases_are_followed_within_limits() {
        let root = parse("a: &x {k: v}\nb: *x\n").unwrap();
        assert_eq!(root.get("b").unwrap().get("k").unwrap().text(), Some("v"));
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for i in 1..9 {
            let one = format!("*a{}", i - 1);
            bomb += &format!("a{i}: &a{i} [{}]\n", [one.as_str(); 10].join(", "));
        }
        assert!(parse(&bomb).unwrap_err().message.contains("too many"));
        assert!(parse(&"- ".repeat(500)).unwrap_err().message.contains("too deeply"));
        assert!(parse(&"[".repeat(500)).is_err());
    }

    #[test]
    fn values_stay_out_of_debug() {
        assert!(!format!("{:?}", parse("token: hunter2").unwrap()).contains("hunter2"));
    }

    #[test]
    fn a_file_may_have_several_documents() {
        let all = parse_all("# none\n---\na: &x 1\n---\n---\nb: 2\n...\n").unwrap();
        let all: Vec<String> = all.iter().map(|document| document.to_json().to_string()).collect();
        assert_eq!(all, [r#"{"a":1}"#, r#"{"b":2}"#]);
        assert!(parse_all("a: &x 1\n---\nb: *x\n").is_err());
        assert_eq!(parse_all("").unwrap(), []);
    }

    #[test]
    fn an_empty_document_is_null() {
        assert!(parse("").unwrap().is_null());
        assert!(parse("# nothing\n").unwrap().is_null());
    }
}
