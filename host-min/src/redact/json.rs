//! Secrets that are known by where they stand in an object: values of Secrets, of variables, of one annotation.
//!
//! A quote within a JSON string has a backslash before it, and there is no white space between tokens. So `"env":` after a
//! bracket or a comma is a key and nothing else, and can be searched for without reading the rest.

use super::bytes::string_end;
use super::names::Names;
use super::subject::is_secret_kind;
use super::{Found, Kind, Rules};
use crate::limits::MAX_JSON_DEPTH;
use memchr::memmem::Finder;
use std::ops::Range;

const REDACTED_STRING: &str = "\"<redacted>\"";
const REDACTED_BASE64_STRING: &str = "\"cmVkYWN0ZWQ=\"";

/// Compiled needles.
pub(super) struct Places {
    names: Names,
    is_on: [bool; 3],
    env: Finder<'static>,
    /// Of `data` and of `stringData`; `metadata` has it, too, and is told apart by what is before.
    data: Finder<'static>,
    /// Of a Secret's kind, and of that of a list of them.
    secret: Finder<'static>,
    last_applied: Finder<'static>,
}

impl Places {
    pub(super) fn new(rules: &Rules) -> Places {
        let is_on = |kind| !rules.except.contains(&kind);
        Places {
            names: Names::new(&rules.env),
            is_on: [is_on(Kind::SecretData), is_on(Kind::Env), is_on(Kind::LastApplied)],
            env: Finder::new("\"env\":"),
            data: Finder::new("ata\":"),
            secret: Finder::new("\"kind\":\"Secret"),
            last_applied: Finder::new("\"kubectl.kubernetes.io/last-applied-configuration\":"),
        }
    }

    pub(super) fn find(&self, json: &[u8], secret: bool, found: &mut Vec<Found>) {
        let [data, env, last_applied] = self.is_on;
        if data {
            self.data(json, secret, found);
        }
        if env {
            for at in self.env.find_iter(json).filter(|&at| is_key(json, at)) {
                let mut walk = Walk { json, at: at + self.env.needle().len(), found };
                walk.env(&self.names, 0);
            }
        }
        if last_applied {
            for at in self.last_applied.find_iter(json).filter(|&at| is_key(json, at)) {
                let mut walk = Walk { json, at: at + self.last_applied.needle().len(), found };
                let value = walk.skip();
                walk.replace(value, Kind::LastApplied, REDACTED_STRING);
            }
        }
    }

    fn data(&self, json: &[u8], secret: bool, found: &mut Vec<Found>) {
        let mut any = false;
        for at in self.data.find_iter(json) {
            let begins =
                |key: &[u8]| json[..at].ends_with(&key[..key.len() - 3]) && is_key(json, at + 3 - key.len());
            any |= begins(b"\"data");
            if begins(b"\"stringData") {
                let mut walk = Walk { json, at: at + self.data.needle().len(), found };
                walk.members_of_secret(REDACTED_STRING);
            }
        }
        if any && (secret || self.secret.find(json).is_some()) {
            Walk { json, at: 0, found }.secrets(secret, 0);
        }
    }
}

/// Whether the quote there begins a key.
fn is_key(json: &[u8], at: usize) -> bool {
    at.checked_sub(1).is_some_and(|before| matches!(json[before], b'{' | b','))
}

/// Reads on from an offset. It trusts that the JSON is well-formed; where it is not, it still comes to an end.
struct Walk<'a> {
    json: &'a [u8],
    at: usize,
    found: &'a mut Vec<Found>,
}

impl Walk<'_> {
    fn peek(&self) -> u8 {
        self.json.get(self.at).copied().unwrap_or_default()
    }

    /// After an opening bracket or a value: whether another value or key comes.
    fn more(&mut self) -> bool {
        match self.peek() {
            b'}' | b']' | 0 => {
                self.at += 1;
                false
            }
            b',' => {
                self.at += 1;
                self.at < self.json.len()
            }
            _ => true,
        }
    }

    /// The key that comes, without its quotes.
    fn key(&mut self) -> Range<usize> {
        let start = self.at + 1;
        let end = string_end(self.json, start).max(start);
        self.at = end + 2;
        start..end
    }

    /// The value that comes. What nests deeper than the projection lets pass is as if it had no end, so that no byte is walked
    /// over more often than that.
    fn skip(&mut self) -> Range<usize> {
        let start = self.at;
        let mut depth = 0_usize;
        while let Some(&byte) = self.json.get(self.at) {
            match byte {
                b'"' => self.at = string_end(self.json, self.at + 1),
                b'{' | b'[' if depth == MAX_JSON_DEPTH => {
                    self.at = self.json.len();
                    break;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' | b',' if depth == 0 => break,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 && matches!(byte, b'"' | b'}' | b']') {
                break;
            }
        }
        self.at = self.at.max(start + 1).min(self.json.len());
        start.min(self.at)..self.at
    }

    fn text(&self, range: &Range<usize>) -> &[u8] {
        self.json.get(range.clone()).unwrap_or_default()
    }

    /// A value that is there, and is not what it would become.
    fn replace(&mut self, value: Range<usize>, kind: Kind, with: &'static str) {
        let text = self.text(&value);
        if !matches!(text, b"" | b"null") && text != with.as_bytes() {
            let Range { start, end } = value;
            self.found.push(Found { from: start, start, end, kind, with, is_certain: true, open: None });
        }
    }

    /// The value of `data` or `stringData`: its members' values, or all of it.
    fn members_of_secret(&mut self, with: &'static str) {
        if self.peek() != b'{' {
            let value = self.skip();
            return self.replace(value, Kind::SecretData, with);
        }
        self.at += 1;
        while self.more() {
            self.key();
            let value = self.skip();
            self.replace(value, Kind::SecretData, with);
        }
    }

    /// Any value, in which objects may be Secrets, or lists of them: the outermost ones if `is_secret`, others if they say so.
    /// Of a list the items are Secrets, too, whatever they say.
    fn secrets(&mut self, mut is_secret: bool, depth: usize) {
        let open = self.peek();
        if !matches!(open, b'{' | b'[') || depth >= MAX_JSON_DEPTH {
            self.skip();
            return;
        }
        self.at += 1;
        if open == b'[' {
            while self.more() {
                self.secrets(is_secret, depth + 1);
            }
            return;
        }
        let mut is_known = is_secret;
        while self.more() {
            let key = self.key();
            match self.text(&key) {
                b"kind" => {
                    is_secret |= self.is_secret_kind();
                    self.secrets(false, depth + 1);
                }
                name @ (b"data" | b"items") => {
                    let is_data = name == b"data";
                    if !std::mem::replace(&mut is_known, true) {
                        is_secret |= self.kind_comes();
                    }
                    match is_data && is_secret {
                        true => self.members_of_secret(REDACTED_BASE64_STRING),
                        false => self.secrets(is_secret, depth + 1),
                    }
                }
                _ => self.secrets(false, depth + 1),
            }
        }
    }

    /// Whether the value that comes is the kind of a Secret, or of a list of them.
    fn is_secret_kind(&self) -> bool {
        let rest = &self.json[self.at.min(self.json.len())..];
        let quoted = rest.strip_prefix(b"\"").map(|rest| &rest[..string_end(rest, 0).min(rest.len())]);
        quoted.and_then(|kind| std::str::from_utf8(kind).ok()).is_some_and(is_secret_kind)
    }

    /// Whether a `kind` that says so comes after the value that comes, in the same object. Asked once for each object, so that no
    /// byte is walked over more often than it is nested.
    fn kind_comes(&mut self) -> bool {
        let before = self.at;
        let mut comes = false;
        self.skip();
        while !comes && self.more() {
            let key = self.key();
            comes = self.text(&key) == b"kind" && self.is_secret_kind();
            self.skip();
        }
        self.at = before;
        comes
    }

    /// The value of `env`: an array of objects with `name` and `value`, or an object of names and values.
    fn env(&mut self, names: &Names, depth: usize) {
        match self.peek() {
            b'[' if depth < MAX_JSON_DEPTH => {
                self.at += 1;
                while self.more() {
                    self.env(names, depth + 1);
                }
            }
            b'{' => self.variable(names, depth > 0),
            _ => {
                self.skip();
            }
        }
    }

    /// Whether an object says where a value is, and nothing else.
    fn is_reference(&mut self, value: &Range<usize>) -> bool {
        let after = std::mem::replace(&mut self.at, value.start);
        let mut is_reference = self.peek() == b'{';
        self.at += 1;
        while is_reference && self.more() {
            let key = self.key();
            is_reference = self.text(&key) == b"valueFrom";
            self.skip();
        }
        self.at = after;
        is_reference
    }

    /// A variable, or outside of an array an object of them. What has no name counts as secret: the name may have been left
    /// out so that this is not seen.
    fn variable(&mut self, names: &Names, is_element: bool) {
        self.at += 1;
        let (mut has_name, mut is_secret) = (false, false);
        let mut values = Vec::new();
        while self.more() {
            let key = self.key();
            let value = self.skip();
            match self.text(&key) {
                b"name" => {
                    if let Some(name) = string(self.text(&value)) {
                        has_name = true;
                        is_secret |= names.tells(&name);
                    }
                }
                b"value" => values.push(value),
                _ if is_element => {}
                name => {
                    let name =
                        string(self.text(&(key.start - 1..key.end + 1))).unwrap_or_else(|| name.into());
                    if names.tells(&name) && !self.is_reference(&value) {
                        self.replace(value, Kind::Env, REDACTED_STRING);
                    }
                }
            }
        }
        if is_secret || !has_name {
            for value in values {
                self.replace(value, Kind::Env, REDACTED_STRING);
            }
        }
    }
}

/// What a string means; escapes are rare.
fn string(quoted: &[u8]) -> Option<std::borrow::Cow<'_, [u8]>> {
    let inner = quoted.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if inner.contains(&b'\\') {
        return serde_json::from_slice::<String>(quoted).ok().map(|text| text.into_bytes().into());
    }
    Some(inner.into())
}

/// Writes escapes as what they mean if nobody needs them: a slash, and printable ASCII other than what JSON or Go's encoder
/// escape. Kubernetes writes none of them, and so nothing hides behind one.
pub(super) fn plain_escapes(json: &mut Vec<u8>) {
    let mut plain: Vec<(usize, usize, u8)> = Vec::new();
    let mut after = 0;
    for at in memchr::memchr_iter(b'\\', json) {
        if at < after {
            continue;
        }
        after = at + 2;
        match json.get(at + 1) {
            Some(b'/') => plain.push((at, 2, b'/')),
            Some(b'u') if json[at + 2..].starts_with(b"00") => {
                let digits = json.get(at + 4..at + 6).and_then(|digits| std::str::from_utf8(digits).ok());
                match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
                    Some(b'"' | b'\\' | b'<' | b'>' | b'&') => {}
                    Some(byte @ b' '..=b'~') => plain.push((at, 6, byte)),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    let mut to = match plain.first() {
        Some(&(first, ..)) => first,
        None => return,
    };
    for (index, &(at, len, byte)) in plain.iter().enumerate() {
        json[to] = byte;
        let next = plain.get(index + 1).map_or(json.len(), |&(next, ..)| next);
        json.copy_within(at + len..next, to + 1);
        to += 1 + next - (at + len);
    }
    json.truncate(to);
}

#[cfg(test)]
mod tests {
    use super::super::{REDACTED, REDACTED_BASE64};
    use super::*;

    #[test]
    fn constants_agree() {
        assert_eq!(REDACTED_STRING, format!("\"{REDACTED}\""));
        assert_eq!(REDACTED_BASE64_STRING, format!("\"{REDACTED_BASE64}\""));
    }
}
