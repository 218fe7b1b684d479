//! Private keys in PEM, as they are and in base64.

use super::body::{MAX_KEY_BYTES, Rest};
use super::bytes::{BASE64, BASE64_LINES, after_blanks, decode, escape_len, is, run, string_end};
use super::text::{Form, push};
use super::{Found, Kind, Open, REDACTED_BASE64};
use memchr::memmem;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
/// The longest that may stand between `-----END ` and the dashes after it.
const LABEL_BYTES: usize = 64;

/// A block in whose first line `PRIVATE KEY` stands at an offset, and no further back than `from`. Answers where to look on.
pub(super) fn pem(bytes: &[u8], form: Form, at: usize, from: usize, found: &mut Vec<Found>) -> usize {
    let label_from = at.saturating_sub(BEGIN.len() + 32).max(from);
    if at < from {
        return from;
    }
    let Some(begin) = memmem::rfind(&bytes[label_from..at], BEGIN) else { return from };
    let start = label_from + begin;
    let is_label = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b' ';
    let after = &bytes[at + b"PRIVATE KEY".len()..];
    let after = after.strip_prefix(b" BLOCK").unwrap_or(after);
    if !bytes[start + BEGIN.len()..at].iter().all(is_label) || !after.starts_with(b"-----") {
        return from;
    }
    let limit = if form == Form::Json { string_end(bytes, at) } else { bytes.len() };
    let end_at = memmem::find(&bytes[at..limit], END).map(|offset| at + offset);
    let end = end_at.and_then(|end_at| key_end(&bytes[..limit], end_at));
    let open = (end.is_none() && limit == bytes.len()).then(|| Open {
        resume: end_at.unwrap_or_else(|| limit.saturating_sub(END.len()).max(at)),
        rest: Rest::Key { most: MAX_KEY_BYTES },
    });
    let end = end.unwrap_or(limit);
    push(found, start, start..end, Kind::PrivateKey, true, open);
    end
}

/// PEM in base64, of which three dashes begin at an offset. They are in every way that `-----BEGIN` can fall on base64's groups.
/// Answers where to look on.
pub(super) fn base64(bytes: &[u8], form: Form, at: usize, from: usize, found: &mut Vec<Found>) -> usize {
    if at < from || !says_private_key(&bytes[at..]) {
        return from;
    }
    let mut start = at;
    while start > from && is(bytes[start - 1], BASE64) {
        start -= 1;
    }
    if form == Form::Json {
        start = (start + escape_len(bytes, start)).min(at);
    }
    let end = base64_end(bytes, start, form);
    let open = (run(bytes, end, BASE64_LINES) == bytes.len())
        .then_some(Open { resume: bytes.len(), rest: Rest::Class(BASE64_LINES) });
    push(found, start, start..end, Kind::PrivateKey, true, open);
    if let Some(last) = found.last_mut() {
        last.with = REDACTED_BASE64.into();
    }
    end
}

/// Where a key's block ends after the `-----END ` at an offset, if that can be told.
fn key_end(bytes: &[u8], end_at: usize) -> Option<usize> {
    let label = end_at + END.len();
    let rest = &bytes[label..];
    let dashes = memchr::memmem::find(&rest[..rest.len().min(LABEL_BYTES)], b"-----");
    match dashes {
        Some(offset) => Some(label + offset + 5),
        None if rest.len() >= LABEL_BYTES => Some(label),
        None => None,
    }
}

/// Where the key's block ends, or would go on: of the text, `Ok(end)` or `Err(resume)`.
pub(super) fn rest_of_key(bytes: &[u8]) -> Result<usize, usize> {
    match memmem::find(bytes, END) {
        Some(end_at) => key_end(bytes, end_at).ok_or(end_at),
        None => Err(bytes.len().saturating_sub(END.len())),
    }
}

/// Where base64 ends that begins at an offset, also if it is broken into lines: those that are full go on.
pub(super) fn base64_end(bytes: &[u8], mut at: usize, form: Form) -> usize {
    const FULL_LINE: usize = 60;
    loop {
        let end = run(bytes, at, BASE64);
        let padded = end + bytes[end..].iter().take_while(|&&byte| byte == b'=').count();
        if padded > end || end - at < FULL_LINE {
            return padded;
        }
        let line_end: &[&[u8]] = if form == Form::Json { &[b"\\n", b"\\r\\n"] } else { &[b"\n", b"\r\n"] };
        let Some(len) = line_end.iter().find(|text| bytes[end..].starts_with(text)).map(|text| text.len())
        else {
            return end;
        };
        at = after_blanks(bytes, end + len);
        if bytes.get(at).is_none_or(|&byte| !is(byte, BASE64)) {
            return end;
        }
    }
}

fn says_private_key(base64: &[u8]) -> bool {
    let mut text = [0; 64];
    let mut len = 0;
    for (to, byte) in text.iter_mut().zip(decode(&base64[..base64.len().min(84)])) {
        *to = byte;
        len += 1;
    }
    let text = &text[..len];
    let dashes = text.iter().take_while(|&&byte| byte == b'-').count();
    let Some(label) = text[dashes..].strip_prefix(b"BEGIN ") else { return false };
    let label = label.split(|&byte| byte == b'-').next().unwrap_or_default();
    dashes >= 3 && label.windows(11).any(|word| word == b"PRIVATE KEY")
}
