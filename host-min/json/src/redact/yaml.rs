//! A Secret in YAML, by the indentation of its lines.

use super::bytes::level_of_quote;
use super::manifests::{Patience, backslashes, is_key};
use super::text::Form;
use super::{Found, Kind, REDACTED, REDACTED_BASE64, annotations};
use std::ops::Range;

/// A line: where it begins, where its text does, where it ends.
#[derive(Clone, Copy)]
struct Line {
    start: usize,
    text: usize,
    end: usize,
}

impl Line {
    fn indent(&self) -> usize {
        self.text - self.start
    }

    fn is_blank(&self) -> bool {
        self.text == self.end
    }
}

/// Takes a member's key, its value on that line, and the lines that belong to it.
type Member<'a> = dyn FnMut(&[u8], Range<usize>, Range<usize>) + 'a;

/// The lines of one object.
pub(super) struct Document<'a> {
    bytes: &'a [u8],
    lines: Vec<Line>,
    /// The column of its keys.
    indent: usize,
}

/// How lines end: with a line feed, or with one that was escaped so often.
struct Breaks<'a> {
    bytes: &'a [u8],
    level: u32,
}

impl Breaks<'_> {
    /// Where the break begins that ends before an offset, if there is one.
    fn before(&self, at: usize) -> Option<usize> {
        let last = at.checked_sub(1)?;
        if self.level == 0 {
            return (self.bytes[last] == b'\n').then_some(last);
        }
        let slashes = backslashes(self.bytes, last);
        let is_break = self.bytes[last] == b'n' && slashes > 0 && slashes.trailing_zeros() + 1 == self.level;
        is_break.then(|| last - (1 << (self.level - 1)))
    }

    /// The first break from an offset on, up to a limit: where it begins and ends.
    fn next(&self, from: usize, limit: usize) -> Option<(usize, usize)> {
        let byte = if self.level == 0 { b'\n' } else { b'n' };
        memchr::memchr_iter(byte, &self.bytes[from..limit]).find_map(|offset| {
            let end = from + offset + 1;
            self.before(end).filter(|&begin| begin >= from).map(|begin| (begin, end))
        })
    }
}

impl<'a> Document<'a> {
    /// The object whose `kind` has the word `Secret` at an offset.
    pub(super) fn around(
        bytes: &'a [u8],
        form: Form,
        at: usize,
        patience: &Patience,
    ) -> Option<Document<'a>> {
        let quote = at.checked_sub(1).map(|before| bytes[before]).filter(|byte| b"\"'".contains(byte));
        let mut before = &bytes[..at - usize::from(quote.is_some())];
        while let Some(less) = before.strip_suffix(b"\\").filter(|_| quote.is_some()) {
            before = less;
        }
        let before = before.trim_ascii_end().strip_suffix(b"kind:")?;
        let kind = before.len();
        let mut after = at + b"Secret".len();
        after += bytes[after..].iter().take_while(|&&byte| byte == b'\\').count().min(match quote {
            Some(_) => usize::MAX,
            None => 0,
        });
        after += usize::from(quote.is_some());
        if bytes.get(after).is_some_and(|byte| !byte.is_ascii_whitespace() && *byte != b'\\' && *byte != b'"')
        {
            return None;
        }
        let level = level_around(bytes, form, kind, after.min(bytes.len()))?;
        let region = region(bytes, form, level, kind);
        patience.spend(region.len() / 16);
        let breaks = Breaks { bytes, level };
        // The line of the kind.
        let mut start = kind;
        while start > region.start && breaks.before(start).is_none() {
            start -= 1;
        }
        let lead = &bytes[start..kind];
        let indent = lead.len();
        if !lead.iter().all(|&byte| byte == b' ' || byte == b'-') || lead.starts_with(b"--") {
            return None;
        }
        let line = |start: usize, end: usize| {
            let text = &bytes[start..end];
            // An item's dash is as a blank to its first key.
            let blanks = text.iter().take_while(|&&byte| byte == b' ').count();
            let dash = if text[blanks..].starts_with(b"- ") && blanks + 2 == indent { 2 } else { 0 };
            Line { start, text: (start + blanks + dash).min(end), end }
        };
        let end = breaks.next(kind, region.end).map_or(region.end, |(begin, _)| begin);
        let mut lines = vec![line(start, end)];
        let begins_item = |line: &Line| bytes[line.start..line.text].contains(&b'-');
        // Those before it.
        let mut first = start;
        while !begins_item(&lines[lines.len() - 1]) && !patience.is_over() {
            let Some(end) = breaks.before(first) else { break };
            let mut start = end;
            while start > region.start && breaks.before(start).is_none() {
                start -= 1;
            }
            let before = line(start, end);
            if ends_document(bytes, &before, indent) {
                break;
            }
            patience.spend(end - start);
            lines.push(before);
            first = start;
        }
        lines.reverse();
        // Those after it.
        let mut last = end;
        while !patience.is_over() {
            let Some((_, start)) = breaks.next(last, region.end) else { break };
            let end = breaks.next(start, region.end).map_or(region.end, |(begin, _)| begin);
            let after = line(start, end);
            if ends_document(bytes, &after, indent) || begins_item(&after) {
                break;
            }
            patience.spend(end - start);
            lines.push(after);
            last = end;
        }
        Some(Document { bytes, lines, indent })
    }

    /// Redacts it.
    pub(super) fn secret(&self, found: &mut Vec<Found>) {
        let first = found.len();
        self.members(0..self.lines.len(), self.indent, &mut |key, value, lines| match key {
            b"data" | b"stringData" => {
                let with = if key == b"data" { REDACTED_BASE64 } else { REDACTED };
                self.values(value, lines, with, &|_| true, found);
            }
            b"metadata" => {
                let Some(indent) = self.indent_of(&lines) else { return };
                self.members(lines, indent, &mut |key, value, lines| {
                    if key == b"annotations" {
                        let is_secret = |key: &[u8]| !annotations::is_harmless(key);
                        self.values(value, lines, REDACTED, &is_secret, found);
                    }
                });
            }
            _ => {}
        });
        let from = self.lines.first().map_or(0, |line| line.start);
        for found in &mut found[first..] {
            found.from = from;
        }
    }

    /// The values of a map: on the line of its key, or on the lines below.
    fn values(
        &self,
        value: Range<usize>,
        lines: Range<usize>,
        with: &'static str,
        is_secret: &dyn Fn(&[u8]) -> bool,
        found: &mut Vec<Found>,
    ) {
        let Some(indent) = self.indent_of(&lines).filter(|_| value.is_empty()) else {
            return self.replace(value, lines, with, found);
        };
        self.members(lines, indent, &mut |key, value, lines| {
            if is_secret(key) {
                self.replace(value, lines, with, found);
            }
        });
    }

    fn indent_of(&self, lines: &Range<usize>) -> Option<usize> {
        self.lines[lines.clone()].iter().find(|line| !line.is_blank()).map(Line::indent)
    }

    /// Tells each member of the lines that begins in a column.
    fn members(&self, lines: Range<usize>, indent: usize, member: &mut Member<'_>) {
        let mut number = lines.start;
        while number < lines.end {
            let line = self.lines[number];
            let mut next = number + 1;
            if line.indent() == indent && !line.is_blank() {
                while next < lines.end && (self.lines[next].is_blank() || self.lines[next].indent() > indent)
                {
                    next += 1;
                }
                let text = &self.bytes[line.text..line.end];
                if let Some((key, value)) = key_and_value(text) {
                    let value = line.text + value.start..line.text + value.end;
                    member(key, value, number + 1..next);
                }
            }
            number = next;
        }
    }

    fn replace(&self, value: Range<usize>, lines: Range<usize>, with: &'static str, found: &mut Vec<Found>) {
        let last = self.lines[lines].iter().rev().find(|line| !line.is_blank());
        let end = last.map_or(value.end, |line| line.end);
        let text = &self.bytes[value.start..end.max(value.start)];
        let bare = text.trim_ascii();
        if !matches!(bare, b"" | b"null" | b"~" | b"\"\"" | b"''" | b"{}") && bare != with.as_bytes() {
            found.push(Found {
                from: value.start,
                start: value.start,
                end,
                kind: Kind::SecretData,
                with: with.into(),
                is_certain: true,
                open: None,
            });
        }
    }
}

/// A key, which may be in quotes, and where its value is on the line.
fn key_and_value(text: &[u8]) -> Option<(&[u8], Range<usize>)> {
    let slashes = text.iter().take_while(|&&byte| byte == b'\\').count();
    let (key, colon) = match text.get(slashes) {
        Some(&quote @ (b'"' | b'\'')) => {
            let start = slashes + 1;
            let end = start + memchr::memchr(quote, &text[start..])?;
            (&text[start..end - slashes.min(end - start)], end + 1)
        }
        _ => {
            let len = is_key(text)?;
            (&text[..len], len)
        }
    };
    if text.get(colon) != Some(&b':') {
        return None;
    }
    let blanks = text[colon + 1..].iter().take_while(|&&byte| byte == b' ').count();
    let start = colon + 1 + blanks;
    // A carriage return belongs to the line's end.
    let end = text.len() - usize::from(text.ends_with(b"\r"));
    Some((key, start..end.max(start)))
}

/// Whether a line belongs to no object whose keys are in a column.
fn ends_document(bytes: &[u8], line: &Line, indent: usize) -> bool {
    let text = &bytes[line.text..line.end];
    if text.trim_ascii().is_empty() || text.starts_with(b"#") {
        return false;
    }
    line.indent() < indent || text.starts_with(b"---") || text.starts_with(b"...")
}

/// How often the line feeds around a `kind` were escaped.
fn level_around(bytes: &[u8], form: Form, kind: usize, after: usize) -> Option<u32> {
    let mut rest = &bytes[after..];
    // A comment.
    if rest.trim_ascii_start().starts_with(b"#") {
        let len = rest.iter().position(|byte| matches!(byte, b'\n' | b'\\')).unwrap_or(rest.len());
        rest = &rest[len..];
    }
    let rest = rest.strip_prefix(b"\r").unwrap_or(rest);
    let slashes = rest.iter().take(64).take_while(|&&byte| byte == b'\\').count();
    match rest.get(slashes) {
        Some(b'\n') if slashes == 0 => return (form == Form::Plain).then_some(0),
        Some(b'n' | b'r') if slashes > 0 => return Some(slashes.trailing_zeros() + 1),
        _ => {}
    }
    // The last line: as the one before.
    let lead = bytes[..kind].iter().rev().take_while(|&&byte| byte == b' ' || byte == b'-').count();
    let start = kind - lead;
    match start.checked_sub(1).map(|before| bytes[before]) {
        Some(b'\n') => (form == Form::Plain).then_some(0),
        Some(b'n') => {
            let slashes = backslashes(bytes, start - 1);
            (slashes > 0).then(|| slashes.trailing_zeros() + 1)
        }
        _ => None,
    }
}

/// The string in which lines are whose breaks were escaped so often: up to quotes that were escaped less often.
fn region(bytes: &[u8], form: Form, level: u32, at: usize) -> Range<usize> {
    if level == 0 && form == Form::Plain {
        return 0..bytes.len();
    }
    let ends = |quote: usize| level_of_quote(backslashes(bytes, quote)) < level;
    let start =
        memchr::memrchr_iter(b'"', &bytes[..at]).find(|&quote| ends(quote)).map_or(0, |quote| quote + 1);
    let after = memchr::memchr_iter(b'"', &bytes[at..]).map(|offset| at + offset);
    let end = after.into_iter().find(|&quote| ends(quote)).unwrap_or(bytes.len());
    start..end - backslashes(bytes, end.min(bytes.len())).min(end - at)
}
