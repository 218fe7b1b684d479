//! Secrets that are written into a text: JSON in a log's line or within a string, however often it was quoted; YAML.
//!
//! What tells of one is its `kind`. The object around it is walked by its brackets and quotes, or by its lines' indentation, so that
//! a text that goes on in other ways before and after does not matter.

use super::bytes::{NAME, is, level_of_quote, string_end};
use super::text::{Form, push};
use super::{Found, Kind, REDACTED, REDACTED_BASE64, annotations, yaml};
use std::cell::Cell;
use std::ops::Range;
use wagather_base::limits::MAX_JSON_DEPTH;

/// How many bytes may still be walked over in one text. Objects within objects are walked over as often as they nest, and a text can
/// pretend that they nest without end: what is then left of it is replaced.
pub(super) struct Patience {
    bytes: Cell<usize>,
    /// Up to here all was replaced.
    replaced: Cell<usize>,
}

impl Patience {
    pub(super) fn with(text: &[u8]) -> Patience {
        let bytes = text.len().saturating_mul(16).saturating_add(1 << 16);
        Patience { bytes: Cell::new(bytes), replaced: Cell::new(0) }
    }

    pub(super) fn spend(&self, bytes: usize) {
        self.bytes.set(self.bytes.get().saturating_sub(bytes));
    }

    pub(super) fn is_over(&self) -> bool {
        self.bytes.get() == 0
    }
}

/// What may be a Secret's `kind`, whose word `Secret` is at an offset: redacts that Secret, or each of a list of them.
pub(super) fn around(bytes: &[u8], form: Form, at: usize, patience: &Patience, found: &mut Vec<Found>) {
    if at < patience.replaced.get() {
        return;
    }
    if at > 0 && bytes[at - 1] == b'"' {
        let quote = at - 1;
        let slashes = backslashes(bytes, quote);
        if form == Form::Json && slashes == 0 {
            return;
        }
        let json = Json { bytes, slashes, level: level_of_quote(slashes), patience };
        if let Some(key) = json.key_before(quote - slashes) {
            let Some((kind, _)) = json.string(quote - slashes) else { return };
            match &bytes[kind] {
                b"Secret" => json.secret_around(key, found),
                b"SecretList" => json.list_around(key, found),
                _ => return,
            }
            return give_up(bytes, form, at, patience, found);
        }
    }
    if let Some(yaml) = yaml::Document::around(bytes, form, at, patience) {
        yaml.secret(found);
        give_up(bytes, form, at, patience, found);
    }
}

/// Replaces all that follows, once patience is over.
fn give_up(bytes: &[u8], form: Form, at: usize, patience: &Patience, found: &mut Vec<Found>) {
    if patience.is_over() {
        let end = if form == Form::Json { string_end(bytes, at) } else { bytes.len() };
        patience.replaced.set(end);
        push(found, at, at..end, Kind::SecretData, true, None);
    }
}

pub(super) fn backslashes(bytes: &[u8], at: usize) -> usize {
    bytes[..at].iter().rev().take(64).take_while(|&&byte| byte == b'\\').count()
}

/// JSON whose quotes have so many backslashes before them.
struct Json<'a> {
    bytes: &'a [u8],
    slashes: usize,
    level: u32,
    patience: &'a Patience,
}

impl Json<'_> {
    /// How many bytes a blank has that is at an offset: none if there is none. It may be escaped as the quotes are.
    fn blank(&self, at: usize) -> usize {
        match self.bytes.get(at) {
            Some(b' ' | b'\t' | b'\r' | b'\n') => 1,
            Some(b'\\') if self.slashes > 0 => {
                let slashes = self.bytes[at..].iter().take(64).take_while(|&&byte| byte == b'\\').count();
                match self.bytes.get(at + slashes) {
                    Some(b'n' | b't' | b'r') => slashes + 1,
                    _ => 0,
                }
            }
            _ => 0,
        }
    }

    fn after_blanks(&self, mut at: usize) -> usize {
        loop {
            match self.blank(at) {
                0 => return at,
                len => at += len,
            }
        }
    }

    /// Where the key `kind` begins whose value's quote begins at an offset.
    fn key_before(&self, value: usize) -> Option<usize> {
        let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        let trim =
            |end: usize| end - self.bytes[..end].iter().rev().take_while(|byte| is_blank(byte)).count();
        let colon = trim(value);
        let end = trim(colon.checked_sub(1).filter(|&colon| self.bytes[colon] == b':')?);
        let before = self.bytes[..end].strip_suffix(b"\"")?;
        let before = before.get(..before.len().checked_sub(self.slashes)?)?.strip_suffix(b"kind")?;
        let before = before.strip_suffix(b"\"")?;
        before.len().checked_sub(self.slashes)
    }

    /// The object with that key.
    fn secret_around(&self, key: usize, found: &mut Vec<Found>) {
        if let Some(open) = self.open_before(key) {
            self.secret(open, open, found);
        }
    }

    /// The items of the list with that key.
    fn list_around(&self, key: usize, found: &mut Vec<Found>) {
        let Some(list) = self.open_before(key) else { return };
        self.members(list, &mut |name, value| {
            if name != b"items" || self.bytes.get(value.start) != Some(&b'[') {
                return;
            }
            let mut at = self.after_blanks(value.start + 1);
            while at < value.end && self.bytes[at] == b'{' {
                self.secret(at, list, found);
                at = self.after_blanks(self.value_end(at));
                at = self.after_blanks(at + usize::from(self.bytes.get(at) == Some(&b',')));
            }
        });
    }

    /// A Secret that opens at an offset, and is known from another one on.
    fn secret(&self, open: usize, from: usize, found: &mut Vec<Found>) {
        let first = found.len();
        self.members(open, &mut |name, value| match name {
            b"data" | b"stringData" => {
                let with = if name == b"data" { REDACTED_BASE64 } else { REDACTED };
                if self.bytes.get(value.start) == Some(&b'{') {
                    self.members(value.start, &mut |_, value| self.replace(value, with, found));
                } else {
                    self.replace(value, with, found);
                }
            }
            b"metadata" => self.members(value.start, &mut |name, value| {
                if name == b"annotations" {
                    self.members(value.start, &mut |name, value| {
                        if !annotations::is_harmless(name) {
                            self.replace(value, REDACTED, found);
                        }
                    });
                }
            }),
            _ => {}
        });
        for found in &mut found[first..] {
            found.from = from;
        }
    }

    /// Where the object opens in which a key is.
    fn open_before(&self, key: usize) -> Option<usize> {
        let (mut at, mut depth, mut in_string) = (key, 0_usize, false);
        while at > 0 && !self.patience.is_over() {
            at -= 1;
            self.patience.spend(1);
            match self.bytes[at] {
                b'"' => {
                    let slashes = backslashes(self.bytes, at);
                    match level_of_quote(slashes) {
                        level if level == self.level => in_string = !in_string,
                        level if level < self.level => return None,
                        _ => {}
                    }
                    at -= slashes;
                }
                b'}' | b']' if !in_string => {
                    depth += 1;
                    if depth > MAX_JSON_DEPTH {
                        return None;
                    }
                }
                b'{' if !in_string && depth == 0 => return Some(at),
                b'[' if !in_string && depth == 0 => return None,
                b'{' | b'[' if !in_string => depth -= 1,
                _ => {}
            }
        }
        None
    }

    /// Tells each member of the object that opens at an offset: its name, and where its value is.
    fn members(&self, open: usize, member: &mut dyn FnMut(&[u8], Range<usize>)) {
        if self.bytes.get(open) != Some(&b'{') {
            return;
        }
        let mut at = open + 1;
        loop {
            at = self.after_blanks(at);
            if self.bytes.get(at) == Some(&b',') {
                at = self.after_blanks(at + 1);
            }
            let Some((name, after)) = self.string(at) else { return };
            at = self.after_blanks(after);
            if self.bytes.get(at) != Some(&b':') {
                return;
            }
            let start = self.after_blanks(at + 1);
            let end = self.value_end(start);
            self.patience.spend(end.saturating_sub(start));
            if self.patience.is_over() {
                return;
            }
            member(&self.bytes[name], start..end);
            if end <= start {
                return;
            }
            at = end;
        }
    }

    /// The string that begins at an offset: its contents, and what is after it. One that has no end goes to the text's.
    fn string(&self, at: usize) -> Option<(Range<usize>, usize)> {
        let start = at + self.slashes + 1;
        let quote = self.bytes.get(at..start)?;
        if quote[self.slashes] != b'"' || quote[..self.slashes].iter().any(|&byte| byte != b'\\') {
            return None;
        }
        for offset in memchr::memchr_iter(b'"', &self.bytes[start..]) {
            let slashes = backslashes(&self.bytes[start..], offset);
            let level = level_of_quote(slashes);
            if level <= self.level {
                let end = start + offset - self.slashes.min(slashes);
                return Some((start..end, start + offset + usize::from(level == self.level)));
            }
        }
        Some((start..self.bytes.len(), self.bytes.len()))
    }

    fn value_end(&self, start: usize) -> usize {
        let (mut at, mut depth) = (start, 0_usize);
        while let Some(&byte) = self.bytes.get(at) {
            match byte {
                b'"' | b'\\' => match self.string(at) {
                    Some((_, after)) => at = after.max(at + 1),
                    None => match self.blank(at) {
                        // What is quoted less often is around this.
                        0 => return at,
                        len => at += len,
                    },
                },
                b'}' | b']' | b',' if depth == 0 => return at,
                b'{' | b'[' => {
                    depth += 1;
                    at += 1;
                }
                b'}' | b']' => {
                    depth -= 1;
                    at += 1;
                }
                _ => at += 1,
            }
            if depth == 0 && matches!(byte, b'"' | b'\\' | b'}' | b']') {
                return at;
            }
        }
        at
    }

    /// Replaces what is in a value's quotes; what is no string becomes null.
    fn replace(&self, value: Range<usize>, with: &'static str, found: &mut Vec<Found>) {
        let (range, with) = match self.string(value.start) {
            Some((inner, _)) if inner.end <= value.end => (inner, with),
            _ => (value, "null"),
        };
        let text = &self.bytes[range.clone()];
        if !text.is_empty() && text != b"null" && text != with.as_bytes() {
            found.push(Found {
                from: range.start,
                start: range.start,
                end: range.end,
                kind: Kind::SecretData,
                with: with.into(),
                is_certain: true,
                open: None,
            });
        }
    }
}

/// Whether what begins there is a name, up to a colon.
pub(super) fn is_key(text: &[u8]) -> Option<usize> {
    let len = text.iter().take_while(|&&byte| is(byte, NAME) || byte == b'/').count();
    (len > 0 && text.get(len) == Some(&b':')).then_some(len)
}
