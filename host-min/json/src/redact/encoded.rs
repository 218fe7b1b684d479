//! Text that is encoded: base64 (also of gzip), and `data:` URLs. What is secret in it is looked for as in any text.

use super::body::Rest;
use super::bytes::{BASE64, BASE64_LINES, LETTERS, decode, is, is_within_escape, run, string_end};
use super::keys::base64_end;
use super::text::{Form, Patterns, push};
use super::{Counts, Found, Kind, Open, REDACTED_BASE64, replace};
use std::cell::Cell;
use std::io::Read;
use wagather_base::percent::{self, AsciiSet, RESERVED};

/// How often what was decoded may hold what is encoded again.
const MOST: usize = 3;

/// The most that is unpacked for one text, as packed text can hold packed text. What is more is replaced.
const MAX_UNPACKED_BYTES: u64 = 4 << 20;

/// How deep a text is in others, and how much may still be unpacked for them.
#[derive(Clone, Copy)]
pub(super) struct Depth<'a> {
    level: usize,
    room: &'a Cell<u64>,
}

impl<'a> Depth<'a> {
    /// How much may be unpacked for one text.
    pub(super) fn room() -> Cell<u64> {
        Cell::new(MAX_UNPACKED_BYTES)
    }

    pub(super) fn outermost(room: &'a Cell<u64>) -> Depth<'a> {
        Depth { level: 0, room }
    }

    pub(super) fn is_most(self) -> bool {
        self.level >= MOST
    }
}

/// Shorter base64 holds no more than a word.
const MIN_BYTES: usize = 24;

/// The longest that may stand between `data:` and its comma.
const MAX_MEDIA_TYPE_BYTES: usize = 128;

/// What is encoded of a `data:` URL's text.
const ENCODED: AsciiSet = RESERVED.remove(b'/').remove(b':');

/// Base64 that begins at an offset, and is secret as a whole if anything in it is. Answers where to look on.
pub(super) fn base64(
    patterns: &Patterns,
    bytes: &[u8],
    form: Form,
    at: usize,
    from: usize,
    nested: Depth<'_>,
    found: &mut Vec<Found>,
) -> usize {
    let begins = at.checked_sub(1).is_none_or(|before| {
        !is(bytes[before], BASE64) || form == Form::Json && is_within_escape(bytes, before)
    });
    if at < from || !begins {
        return from;
    }
    let end = base64_end(bytes, at, form);
    if end - at < MIN_BYTES {
        return from;
    }
    let open = (run(bytes, end, BASE64_LINES) == bytes.len())
        .then_some(Open { resume: bytes.len(), rest: Rest::Class(BASE64_LINES) });
    let kind = tells(patterns, &bytes[at..end], nested);
    push(found, at, at..end, kind.unwrap_or(Kind::Token), kind.is_some(), open);
    if let (Some(_), Some(last)) = (kind, found.last_mut()) {
        last.with = REDACTED_BASE64.into();
    }
    end
}

/// What base64 means that may be broken into lines, also those of a JSON string; and what is packed in it. Nothing if that is too much.
fn unpacked(text: &[u8], room: &Cell<u64>) -> Option<Vec<u8>> {
    let mut plain = Vec::with_capacity(text.len());
    let mut is_escaped = false;
    for &byte in text {
        if !std::mem::replace(&mut is_escaped, byte == b'\\') && is(byte, BASE64) {
            plain.push(byte);
        }
    }
    let bytes: Vec<u8> = decode(&plain).collect();
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Some(bytes);
    }
    let mut unpacked = Vec::new();
    // What there is of a text that breaks off is looked at, too.
    let _ = flate2::read::GzDecoder::new(&*bytes).take(room.get() + 1).read_to_end(&mut unpacked);
    let left = room.get().checked_sub(unpacked.len() as u64);
    room.set(left.unwrap_or(0));
    left.map(|_| unpacked)
}

/// Which kind of secret base64 holds.
fn tells(patterns: &Patterns, base64: &[u8], depth: Depth<'_>) -> Option<Kind> {
    let Some(text) = unpacked(base64, depth.room) else { return Some(Kind::SecretData) };
    let mut found = Vec::new();
    patterns.find(&text, Form::Plain, Depth { level: depth.level + 1, ..depth }, &mut found);
    found.iter().find(|found| found.is_certain).map(|found| found.kind)
}

/// A `data:` URL, as in the files of a MachineConfig. Its `data:` is at a range. Answers where to look on.
pub(super) fn data_url(
    patterns: &Patterns,
    bytes: &[u8],
    form: Form,
    (at, after): (usize, usize),
    nested: Depth<'_>,
    found: &mut Vec<Found>,
) -> usize {
    if at > 0 && is(bytes[at - 1], LETTERS) && !is_within_escape(bytes, at - 1) {
        return after;
    }
    let limit = bytes.len().min(after + MAX_MEDIA_TYPE_BYTES);
    let is_type = |byte: u8| is(byte, LETTERS) || b"/+.;=-_*".contains(&byte);
    let end = bytes[after..limit].iter().position(|&byte| !is_type(byte)).map_or(limit, |len| after + len);
    if bytes.get(end) != Some(&b',') {
        return after;
    }
    let start = end + 1;
    let is_part = |&&byte: &&u8| byte > b' ' && !b"\"'\\<>`".contains(&byte);
    let limit = if form == Form::Json { string_end(bytes, start) } else { bytes.len() };
    let payload = &bytes[start..start + bytes[start..limit].iter().take_while(is_part).count()];
    let payload_end = start + payload.len();
    if bytes[after..end].ends_with(b";base64") {
        let Some(kind) = tells(patterns, &percent::decode(payload), nested) else { return payload_end };
        push(found, at, start..payload_end, kind, true, None);
        if let Some(last) = found.last_mut() {
            last.with = REDACTED_BASE64.into();
        }
        return payload_end;
    }
    let mut text = percent::decode(payload);
    let mut inner = Vec::new();
    patterns.find(&text, Form::Plain, Depth { level: nested.level + 1, ..nested }, &mut inner);
    inner.retain(|found| found.is_certain);
    let Some(kind) = inner.first().map(|found| found.kind) else { return payload_end };
    replace(&mut text, &mut inner, &mut Counts::default());
    push(found, at, start..payload_end, kind, true, None);
    if let Some(last) = found.last_mut() {
        last.with = percent::percent_encode(&text, &ENCODED).to_string().into();
    }
    payload_end
}
