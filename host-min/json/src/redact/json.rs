//! Secrets that are known by where they stand in an object: values of Secrets, of variables, of one annotation.
//!
//! A quote within a JSON string has a backslash before it, and there is no white space between tokens. So `"env":` after a
//! bracket or a comma is a key and nothing else, and can be searched for without reading the rest.

use super::assigned::is_value_of;
use super::bytes::{decode, string_end};
use super::names::Names;
use super::subject::{Holder, is_secret_kind};
use super::{Found, Kind, REDACTED_BASE64, Rules, annotations};
use memchr::memmem::Finder;
use std::ops::Range;
use std::sync::Arc;
use wagather_base::limits::MAX_JSON_DEPTH;
use wagather_base::percent;

/// A value that is shorter is likely to be in other texts by chance.
const MIN_REPEATED_BYTES: usize = 6;

/// The most values of one Secret that are looked for in its other strings.
const MAX_REPEATED: usize = 10_000;

/// How many bytes are compared for that in one object, once for each value. Where that is not enough, the other strings are replaced unseen.
const MAX_COMPARED_BYTES: usize = 256 << 20;

/// What a comparison takes, whatever the string's length.
const COMPARISON_BYTES: usize = 16;

/// Headers whose value is secret, and whose name is not that of a variable.
const HEADERS: [&[u8]; 3] = [b"authorization", b"proxy-authorization", b"cookie"];

/// The annotation in which kubectl keeps what it was given.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

const REDACTED_STRING: &str = "\"<redacted>\"";
const REDACTED_BASE64_STRING: &str = "\"cmVkYWN0ZWQ=\"";

/// Compiled needles.
pub(super) struct Places {
    names: Arc<Names>,
    is_on: [bool; 3],
    env: Finder<'static>,
    /// A text that may have its name beside it, wherever it is.
    value: Finder<'static>,
    /// Of `data` and of `stringData`; `metadata` has it, too, and is told apart by what is before.
    data: Finder<'static>,
    last_applied: Finder<'static>,
}

impl Places {
    pub(super) fn new(rules: &Rules, names: Arc<Names>) -> Places {
        let is_on = |kind| !rules.except.contains(&kind);
        Places {
            names,
            is_on: [is_on(Kind::SecretData), is_on(Kind::Env), is_on(Kind::LastApplied)],
            env: Finder::new("\"env\":"),
            value: Finder::new("\"value\":\""),
            data: Finder::new("ata\":"),
            last_applied: Finder::new("\"kubectl.kubernetes.io/last-applied-configuration\":"),
        }
    }

    /// `embeds` is whether anything in it says that it is a Secret, or a list of them.
    pub(super) fn find(&self, json: &[u8], holder: Holder, embeds: bool, found: &mut Vec<Found>) {
        let secret = holder == Holder::Secret;
        let [data, env, last_applied] = self.is_on;
        if data {
            self.string_data(json, found);
            if secret || embeds {
                Walk::new(json, 0, found).secrets(secret, 0);
            }
            if !holder.fields().is_empty() {
                Walk::new(json, 0, found).fields_of(holder, 0);
            }
        }
        if env {
            for at in self.env.find_iter(json).filter(|&at| is_key(json, at)) {
                let mut walk = Walk::new(json, at + self.env.needle().len(), found);
                walk.env(&self.names, 0);
            }
            for at in self.value.find_iter(json).filter(|&at| is_key(json, at)) {
                let mut walk = Walk::new(json, at + self.value.needle().len() - 1, found);
                let value = walk.skip();
                walk.named(at - 1, value, &self.names);
            }
        }
        if last_applied {
            for at in self.last_applied.find_iter(json).filter(|&at| is_key(json, at)) {
                let mut walk = Walk::new(json, at + self.last_applied.needle().len(), found);
                let value = walk.skip();
                walk.replace(value, Kind::LastApplied, REDACTED_STRING);
            }
        }
    }

    /// Whether a field of an object, a Secret or not, is replaced for where it stands.
    pub(super) fn hides(&self, holder: Holder, field: &[&str]) -> bool {
        let [data, _, last_applied] = self.is_on;
        let first = field.first().copied().unwrap_or_default();
        let of_holder = (holder == Holder::Secret && first == "data") || holder.fields().contains(&first);
        (data && (of_holder || field.contains(&"stringData")))
            || (last_applied && field.starts_with(&["metadata", "annotations", LAST_APPLIED]))
    }

    fn string_data(&self, json: &[u8], found: &mut Vec<Found>) {
        const KEY: &[u8] = b"\"stringData";
        for at in self.data.find_iter(json) {
            let begins = json[..at].ends_with(&KEY[..KEY.len() - 3]) && is_key(json, at + 3 - KEY.len());
            if begins {
                let mut walk = Walk::new(json, at + self.data.needle().len(), found);
                walk.members_of_secret(REDACTED_STRING, &mut Vec::new());
            }
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
    /// How much may still be compared.
    room: usize,
}

impl<'a> Walk<'a> {
    const fn new(json: &'a [u8], at: usize, found: &'a mut Vec<Found>) -> Walk<'a> {
        Walk { json, at, found, room: MAX_COMPARED_BYTES }
    }
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
            let with = with.into();
            self.found.push(Found { from: start, start, end, kind, with, is_certain: true, open: None });
        }
    }

    /// The value of `data` or `stringData`: its members' values, or all of it. Notes where they are.
    fn members_of_secret(&mut self, with: &'static str, values: &mut Vec<Range<usize>>) {
        if self.peek() != b'{' {
            let value = self.skip();
            return self.replace(value, Kind::SecretData, with);
        }
        self.at += 1;
        while self.more() {
            self.key();
            let value = self.skip();
            values.push(value.clone());
            self.replace(value, Kind::SecretData, with);
        }
    }

    /// The `metadata` of a Secret: its annotations can repeat its values in any form.
    fn metadata_of_secret(&mut self) {
        if self.peek() != b'{' {
            self.skip();
            return;
        }
        self.at += 1;
        while self.more() {
            let key = self.key();
            if self.text(&key) != b"annotations" || self.peek() != b'{' {
                self.skip();
                continue;
            }
            self.at += 1;
            while self.more() {
                let key = self.key();
                let value = self.skip();
                let key = string(self.text(&(key.start - 1..key.end + 1))).unwrap_or_default();
                if !annotations::is_harmless(&key) {
                    let is_applied = key.ends_with(b"/last-applied-configuration");
                    let kind = if is_applied { Kind::LastApplied } else { Kind::SecretData };
                    self.replace(value, kind, REDACTED_STRING);
                }
            }
        }
    }

    /// Any other string of a Secret that has one of its values in it, in clear or in base64: a label, an annotation that stays.
    fn repeated(&mut self, object: usize, values: &[Range<usize>]) {
        const KNOWN: [&[u8]; 11] = [
            b"apiVersion",
            b"kind",
            b"type",
            b"data",
            b"stringData",
            b"name",
            b"namespace",
            b"uid",
            b"resourceVersion",
            b"creationTimestamp",
            b"managedFields",
        ];
        let mut words: Vec<Vec<u8>> = Vec::new();
        let is_too_many = values.len() > MAX_REPEATED;
        for value in values.iter().filter(|_| !is_too_many) {
            let Some(text) = string(self.text(value)) else { continue };
            let plain: Vec<u8> = decode(&text).collect();
            let plain = plain.trim_ascii();
            let padding = text.iter().rev().take_while(|byte| b"= \n\r\t".contains(byte)).count();
            let base64 = &text[..text.len() - padding];
            words.extend([base64.to_vec(), plain.to_vec()]);
            words.extend(encoded(base64, plain));
        }
        let is_redacted = |word: &[u8]| {
            matches!(word, b"redacted" | b"<redacted>") || REDACTED_BASE64.as_bytes().starts_with(word)
        };
        words.retain(|word| word.len() >= MIN_REPEATED_BYTES && !is_redacted(word));
        if words.is_empty() && !is_too_many {
            return;
        }
        let words: Vec<Finder<'_>> = words.iter().map(Finder::new).collect();
        let after = std::mem::replace(&mut self.at, object);
        // What opened, and the keys that are known to hold something else.
        while self.at < after {
            match self.peek() {
                b'"' => {
                    let value = self.skip();
                    if self.peek() != b':' {
                        let compared = words.len().saturating_mul(value.len() + COMPARISON_BYTES);
                        let left = self.room.checked_sub(compared).filter(|_| !is_too_many);
                        self.room = left.unwrap_or(0);
                        let text = string(self.text(&value)).unwrap_or_default();
                        if left.is_none() || words.iter().any(|word| word.find(&text).is_some()) {
                            self.replace(value, Kind::SecretData, REDACTED_STRING);
                        }
                        continue;
                    }
                    self.at += 1;
                    let key = self.text(&(value.start + 1..value.end - 1));
                    if KNOWN.contains(&key) {
                        self.skip();
                    }
                }
                _ => self.at += 1,
            }
        }
        self.at = after;
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
        let object = self.at;
        let mut values = Vec::new();
        while self.more() {
            let key = self.key();
            match self.text(&key) {
                b"kind" => {
                    is_secret |= self.is_secret_kind();
                    self.secrets(false, depth + 1);
                }
                name @ (b"data" | b"items" | b"metadata") => {
                    let [is_data, is_list] = [name == b"data", name == b"items"];
                    if !std::mem::replace(&mut is_known, true) {
                        is_secret |= self.kind_comes();
                    }
                    if is_data && is_secret {
                        self.members_of_secret(REDACTED_BASE64_STRING, &mut values);
                    } else if !is_data && !is_list && is_secret {
                        let before = self.at;
                        self.metadata_of_secret();
                        self.at = before;
                        self.secrets(false, depth + 1);
                    } else {
                        self.secrets(is_secret && is_list, depth + 1);
                    }
                }
                b"stringData" => {
                    let before = self.at;
                    self.string_values(&mut values);
                    self.at = before;
                    self.secrets(false, depth + 1);
                }
                _ => self.secrets(false, depth + 1),
            }
        }
        if is_secret && !values.is_empty() {
            self.repeated(object, &values);
        }
    }

    /// An object of OpenShift's that holds secrets in fields of its own, or a list of such: it is known what it is, whatever it says.
    fn fields_of(&mut self, holder: Holder, depth: usize) {
        if self.peek() != b'{' {
            self.skip();
            return;
        }
        self.at += 1;
        let (object, mut values) = (self.at, Vec::new());
        while self.more() {
            let key = self.key();
            match std::str::from_utf8(self.text(&key)).unwrap_or_default() {
                "items" if depth == 0 && self.peek() == b'[' => {
                    self.at += 1;
                    while self.more() {
                        self.fields_of(holder, depth + 1);
                    }
                }
                "metadata" => {
                    let before = self.at;
                    self.metadata_of_secret();
                    self.at = before;
                    self.name_of(holder);
                }
                key if holder.fields().contains(&key) => self.one_or_several(&mut values),
                _ => _ = self.skip(),
            }
        }
        self.repeated(object, &values);
    }

    /// The value of a field that is secret, or each of several.
    fn one_or_several(&mut self, values: &mut Vec<Range<usize>>) {
        let mut one = |walk: &mut Self| {
            let value = walk.skip();
            values.push(value.clone());
            walk.replace(value, Kind::SecretData, REDACTED_STRING);
        };
        if self.peek() != b'[' {
            return one(self);
        }
        self.at += 1;
        while self.more() {
            one(self);
        }
    }

    /// The `metadata` of an object whose name may be a token.
    fn name_of(&mut self, holder: Holder) {
        if self.peek() != b'{' {
            self.skip();
            return;
        }
        self.at += 1;
        while self.more() {
            let key = self.key();
            let value = self.skip();
            if self.text(&key) == b"name" {
                let name = string(self.text(&value)).unwrap_or_default();
                if holder.is_token(&String::from_utf8_lossy(&name)) {
                    self.replace(value, Kind::Token, REDACTED_STRING);
                }
            }
        }
    }

    /// The members of `stringData`, which are replaced wherever it is.
    fn string_values(&mut self, values: &mut Vec<Range<usize>>) {
        if self.peek() == b'{' {
            self.at += 1;
            while self.more() {
                self.key();
                values.push(self.skip());
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
        let (mut has_name, mut secret_name) = (false, None);
        let mut values = Vec::new();
        while self.more() {
            let key = self.key();
            let value = self.skip();
            match self.text(&key) {
                b"name" => {
                    if let Some(name) = string(self.text(&value)) {
                        has_name = true;
                        if names.tells(&name) {
                            secret_name = Some(name.into_owned());
                        }
                    }
                }
                b"value" => values.push(value),
                _ if is_element => {}
                name => {
                    let name =
                        string(self.text(&(key.start - 1..key.end + 1))).unwrap_or_else(|| name.into());
                    let name = name.into_owned();
                    if names.tells(&name) && !self.is_reference(&value) && self.is_value(&value, &name) {
                        self.replace(value, Kind::Env, REDACTED_STRING);
                    }
                }
            }
        }
        for value in values {
            let is_secret = match &secret_name {
                Some(name) => self.is_value(&value, name),
                None => !has_name,
            };
            if is_secret {
                self.replace(value, Kind::Env, REDACTED_STRING);
            }
        }
    }

    /// A `value` whose `name` is beside it, such as a header of a probe or a parameter of a template. `before` is what is before its
    /// key, a comma or a bracket.
    fn named(&mut self, before: usize, value: Range<usize>, names: &Names) {
        const NAME: &[u8] = b"\"name\":";
        let rest = self.json.get(self.at..).unwrap_or_default();
        let after = rest.strip_prefix(b",").and_then(|rest| rest.strip_prefix(NAME));
        let name = match after {
            Some(rest) if rest.starts_with(b"\"") => rest.get(..string_end(rest, 1) + 1),
            _ => self
                .string_before(before)
                .filter(|&start| self.json[..start].ends_with(NAME))
                .map(|start| &self.json[start..before]),
        };
        let Some(name) = name.and_then(string) else { return };
        let is_header = HEADERS.iter().any(|header| name.eq_ignore_ascii_case(header));
        if (is_header || names.tells(&name)) && self.is_value(&value, &name) {
            self.replace(value, Kind::Env, REDACTED_STRING);
        }
    }

    /// Where the string begins that ends before an offset, if it is as short as a name.
    fn string_before(&self, end: usize) -> Option<usize> {
        const MAX_BYTES: usize = 256;
        let inner = self.json[..end].strip_suffix(b"\"")?;
        let from = inner.len().saturating_sub(MAX_BYTES);
        let start = from + memchr::memrchr(b'"', &inner[from..])?;
        (inner[..start].last() != Some(&b'\\')).then_some(start)
    }

    /// Whether a value is more than a switch or a reference. What is no string is.
    fn is_value(&self, value: &Range<usize>, name: &[u8]) -> bool {
        string(self.text(value)).is_none_or(|text| is_value_of(&text, name))
    }
}

/// A value in other encodings, where they differ from those that are looked for anyhow: base64url, percent-encoding, a JSON string.
fn encoded(base64: &[u8], plain: &[u8]) -> Vec<Vec<u8>> {
    /// What is longer is no password that somebody put into a URL.
    const MAX_BYTES: usize = 4096;
    let mut words = Vec::new();
    if base64.iter().any(|byte| b"+/".contains(byte)) {
        let url = |byte: &u8| match byte {
            b'+' => b'-',
            b'/' => b'_',
            other => *other,
        };
        words.push(base64.iter().map(url).collect());
    }
    if plain.len() <= MAX_BYTES {
        let percent = percent::percent_encode(plain, &percent::RESERVED).to_string();
        let json = std::str::from_utf8(plain).map(|text| serde_json::Value::from(text).to_string());
        words.push(percent.into_bytes());
        words.extend(json.map(|json| json.as_bytes()[1..json.len() - 1].to_vec()));
        words.retain(|word| word != plain);
    }
    words
}

/// What a string means; escapes are rare.
fn string(quoted: &[u8]) -> Option<std::borrow::Cow<'_, [u8]>> {
    let inner = quoted.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if inner.contains(&b'\\') {
        return serde_json::from_slice::<String>(quoted).ok().map(|text| text.into_bytes().into());
    }
    Some(inner.into())
}

/// Writes escapes as what they mean if nobody needs them: a slash, and printable ASCII other than what Go's encoder escapes;
/// quotes and backslashes get their short escapes. Kubernetes writes none of them, and so nothing hides behind one.
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
                    Some(b'<' | b'>' | b'&') => {}
                    // The backslash stays.
                    Some(byte @ (b'"' | b'\\')) => plain.push((at + 1, 5, byte)),
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
    use super::super::REDACTED;
    use super::*;

    #[test]
    fn constants_agree() {
        assert_eq!(REDACTED_STRING, format!("\"{REDACTED}\""));
        assert_eq!(REDACTED_BASE64_STRING, format!("\"{REDACTED_BASE64}\""));
    }
}
