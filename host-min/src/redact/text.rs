//! Secrets that are known by how they look, wherever they stand: tokens, private keys, credentials in URLs.
//!
//! Each pattern has a needle that is searched for in all of the text at once; only around a needle is anything looked at byte by
//! byte. No pattern looks further back than its needle, and no byte is looked at more than a few times, so the
//! time is linear whatever the text.

use super::body::Rest;
use super::bytes::{
    AUTHORITY, BASE64, BASE64_LINES, JWT, TOKEN, URL64, after_blanks, decode, escape_len, is,
    is_within_escape, run, string_end, unit,
};
use super::{Found, Kind, Open, REDACTED, REDACTED_BASE64, Rules};
use memchr::memmem::Finder;

/// Prefixes of tokens that are recognised without rules of the cluster's owner, and how many letters, digits, `-` or `_`
/// follow at least.
pub const PREFIXES: &[(&str, usize)] = &[
    ("sha256~", 43),
    ("ghp_", 36),
    ("gho_", 36),
    ("ghu_", 36),
    ("ghs_", 36),
    ("ghr_", 36),
    ("github_pat_", 36),
    ("glpat-", 20),
];

/// Words that follow `Bearer` in sentences.
const NO_TOKENS: [&[u8]; 7] =
    [b"token", b"tokens", b"auth", b"authentication", b"authorization", b"realm=", b"scheme"];

/// How a text is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// JSON: strings end at a quote, and have escapes.
    Json,
    /// As it is.
    Plain,
}

struct Prefix {
    finder: Finder<'static>,
    class: u8,
    least: usize,
}

/// Compiled patterns.
pub(super) struct Patterns {
    is_on: [bool; 3],
    jwt: Finder<'static>,
    key: Finder<'static>,
    key_end: Finder<'static>,
    base64_key: Finder<'static>,
    url: Finder<'static>,
    escaped_url: Finder<'static>,
    prefixes: Vec<Prefix>,
}

const KEY_END: &[u8] = b"-----END ";
/// The longest that may stand between `-----END ` and the dashes after it.
const KEY_LABEL_BYTES: usize = 64;

fn finder(needle: &[u8]) -> Finder<'static> {
    Finder::new(needle).into_owned()
}

impl Patterns {
    pub(super) fn new(rules: &Rules) -> Patterns {
        let is_on = |kind| !rules.except.contains(&kind);
        let mut prefixes = Vec::new();
        // `gh?_` and `sha256~` are found by their last character, in one pass with others.
        for &(prefix, least) in PREFIXES.iter().filter(|(prefix, _)| !prefix.ends_with(['_', '~'])) {
            prefixes.push(Prefix { finder: finder(prefix.as_bytes()), class: URL64, least });
        }
        let usable = |prefix: &&String| {
            (4..=64).contains(&prefix.len())
                && prefix.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\')
        };
        for prefix in rules.tokens.iter().filter(usable) {
            // As it is, and as Go's encoder writes it.
            let escaped = prefix.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
            for needle in [(escaped != *prefix).then_some(&escaped), Some(prefix)].into_iter().flatten() {
                prefixes.push(Prefix { finder: finder(needle.as_bytes()), class: TOKEN, least: 1 });
            }
        }
        Patterns {
            is_on: [is_on(Kind::Token), is_on(Kind::PrivateKey), is_on(Kind::UrlCredentials)],
            jwt: finder(b"eyJ"),
            key: finder(b"PRIVATE KEY"),
            key_end: finder(KEY_END),
            base64_key: finder(b"LS0t"),
            url: finder(b"://"),
            escaped_url: finder(b":\\/\\/"),
            prefixes,
        }
    }

    pub(super) fn find(&self, bytes: &[u8], form: Form, found: &mut Vec<Found>) {
        let [tokens, keys, urls] = self.is_on;
        if tokens {
            self.after_single_bytes(bytes, form, found);
            self.jwts(bytes, form, found);
            for prefix in &self.prefixes {
                let mut from = 0;
                for at in prefix.finder.find_iter(bytes) {
                    if at >= from {
                        let after = at + prefix.finder.needle().len();
                        from = token(bytes, form, at, after, prefix.class, prefix.least, found);
                    }
                }
            }
        }
        if keys {
            self.keys(bytes, form, found);
            self.base64_keys(bytes, form, found);
        }
        if urls {
            for at in self.url.find_iter(bytes) {
                url(bytes, form, at, at + 3, found);
            }
            if form == Form::Plain {
                for at in self.escaped_url.find_iter(bytes) {
                    url(bytes, form, at, at + 5, found);
                }
            }
        }
    }

    /// What ends in a byte that is rare enough: `Bearer `, `Basic `, `ghp_`, `sha256~`.
    fn after_single_bytes(&self, bytes: &[u8], form: Form, found: &mut Vec<Found>) {
        let mut from = 0;
        for at in memchr::memchr3_iter(b' ', b'_', b'~', bytes) {
            let before = &bytes[at.saturating_sub(11)..at];
            let Some(&last) = before.last() else { continue };
            match (bytes[at], last) {
                (b' ', b'r' | b'R') if ends_with(before, b"bearer") => bearer(bytes, at, found),
                (b' ', b'c' | b'C') if ends_with(before, b"basic") => basic(bytes, at, found),
                (b'_', b'p' | b'o' | b'u' | b's' | b'r' | b't') | (b'~', b'6') if at >= from => {
                    let up_to = &bytes[at.saturating_sub(10)..=at];
                    for (prefix, least) in PREFIXES {
                        if up_to.ends_with(prefix.as_bytes()) {
                            let start = at + 1 - prefix.len();
                            from = token(bytes, form, start, at + 1, URL64, *least, found);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// Two to five parts of base64url, of which the first begins as `{"` does.
    fn jwts(&self, bytes: &[u8], form: Form, found: &mut Vec<Found>) {
        // What begins in the last run may go on.
        let last = bytes.len() - bytes.iter().rev().take_while(|&&byte| is(byte, JWT)).count();
        let mut from = 0;
        for at in self.jwt.find_iter(bytes) {
            if at < from || form == Form::Json && is_within_escape(bytes, at) {
                continue;
            }
            let mut end = run(bytes, at, URL64);
            // What begins later in the same part does not end otherwise.
            from = end;
            let mut dots = 0;
            let mut is_complete = true;
            while dots < 4 && bytes.get(end) == Some(&b'.') {
                let next = run(bytes, end + 1, URL64);
                // Only the third part, the signature, may be empty.
                if next == end + 1 && dots != 1 {
                    is_complete = dots > 1;
                    break;
                }
                (end, dots) = (next, dots + 1);
            }
            let is_certain = dots >= 2 && is_complete;
            if is_certain {
                from = end;
            }
            let open = (end >= last).then_some(Open { resume: bytes.len(), rest: Rest::Class(JWT) });
            push(found, at, at..end, Kind::Token, is_certain, open);
        }
    }

    fn keys(&self, bytes: &[u8], form: Form, found: &mut Vec<Found>) {
        const BEGIN: &[u8] = b"-----BEGIN ";
        let mut from = 0;
        for at in self.key.find_iter(bytes) {
            let label_from = at.saturating_sub(BEGIN.len() + 32).max(from);
            if at < from {
                continue;
            }
            let Some(begin) = memchr::memmem::rfind(&bytes[label_from..at], BEGIN) else { continue };
            let start = label_from + begin;
            let is_label = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b' ';
            let after = &bytes[at + b"PRIVATE KEY".len()..];
            let after = after.strip_prefix(b" BLOCK").unwrap_or(after);
            if !bytes[start + BEGIN.len()..at].iter().all(is_label) || !after.starts_with(b"-----") {
                continue;
            }
            let limit = if form == Form::Json { string_end(bytes, at) } else { bytes.len() };
            let end_at = self.key_end.find(&bytes[at..limit]).map(|offset| at + offset);
            let end = end_at.and_then(|end_at| key_end(&bytes[..limit], end_at));
            let open = (end.is_none() && limit == bytes.len()).then(|| Open {
                resume: end_at.unwrap_or_else(|| limit.saturating_sub(KEY_END.len()).max(at)),
                rest: Rest::Key { most: super::body::MAX_KEY_BYTES },
            });
            from = end.unwrap_or(limit);
            push(found, start, start..from, Kind::PrivateKey, true, open);
        }
    }

    /// PEM in base64. Three dashes on the place of one group are in every way that `-----BEGIN` can fall on the groups.
    fn base64_keys(&self, bytes: &[u8], form: Form, found: &mut Vec<Found>) {
        let mut from = 0;
        for at in self.base64_key.find_iter(bytes) {
            if at < from || !says_private_key(&bytes[at..]) {
                continue;
            }
            let mut start = at;
            while start > from && is(bytes[start - 1], BASE64) {
                start -= 1;
            }
            if form == Form::Json {
                start = (start + escape_len(bytes, start)).min(at);
            }
            let end = base64_end(bytes, start, form);
            from = end;
            let open = (run(bytes, end, BASE64_LINES) == bytes.len())
                .then_some(Open { resume: bytes.len(), rest: Rest::Class(BASE64_LINES) });
            push(found, start, start..end, Kind::PrivateKey, true, open);
            if let Some(last) = found.last_mut() {
                last.with = REDACTED_BASE64;
            }
        }
    }
}

/// Where a key's block ends after the `-----END ` at an offset, if that can be told.
fn key_end(bytes: &[u8], end_at: usize) -> Option<usize> {
    let label = end_at + KEY_END.len();
    let rest = &bytes[label..];
    let dashes = memchr::memmem::find(&rest[..rest.len().min(KEY_LABEL_BYTES)], b"-----");
    match dashes {
        Some(offset) => Some(label + offset + 5),
        None if rest.len() >= KEY_LABEL_BYTES => Some(label),
        None => None,
    }
}

impl Patterns {
    /// Where the key's block ends, or would go on: of the text, `Ok(end)` or `Err(resume)`.
    pub(super) fn rest_of_key(&self, bytes: &[u8]) -> Result<usize, usize> {
        match self.key_end.find(bytes) {
            Some(end_at) => key_end(bytes, end_at).ok_or(end_at),
            None => Err(bytes.len().saturating_sub(KEY_END.len())),
        }
    }
}

fn push(
    found: &mut Vec<Found>,
    from: usize,
    range: std::ops::Range<usize>,
    kind: Kind,
    is_certain: bool,
    open: Option<Open>,
) {
    if is_certain || open.is_some() {
        found.push(Found {
            from,
            start: range.start,
            end: range.end,
            kind,
            with: REDACTED,
            is_certain,
            open,
        });
    }
}

fn ends_with(text: &[u8], word: &[u8]) -> bool {
    text.len() >= word.len() && text[text.len() - word.len()..].eq_ignore_ascii_case(word)
}

/// A token with a prefix, all of it. Answers where to look on: what is too short is not long enough to matter if it is read again.
fn token(
    bytes: &[u8],
    form: Form,
    at: usize,
    after: usize,
    class: u8,
    least: usize,
    found: &mut Vec<Found>,
) -> usize {
    if form == Form::Json && is_within_escape(bytes, at) {
        return after;
    }
    let end = run(bytes, after, class);
    let open = (end == bytes.len()).then_some(Open { resume: end, rest: Rest::Class(class) });
    let is_certain = end - after >= least;
    push(found, at, at..end, Kind::Token, is_certain, open);
    if is_certain { end } else { after }
}

fn bearer(bytes: &[u8], blank: usize, found: &mut Vec<Found>) {
    let start = after_blanks(bytes, blank);
    let end = run(bytes, start, TOKEN);
    let open = (end == bytes.len()).then_some(Open { resume: end, rest: Rest::Class(TOKEN) });
    let word = &bytes[start..end];
    let is_word = word.is_empty()
        || NO_TOKENS.iter().any(|other| {
            let word = word.strip_suffix(b".").unwrap_or(word);
            word.eq_ignore_ascii_case(other)
        });
    push(found, blank - b"bearer".len(), start..end, Kind::Token, !is_word, open);
}

/// HTTP's basic authentication: base64 of user, colon, password.
fn basic(bytes: &[u8], blank: usize, found: &mut Vec<Found>) {
    let start = after_blanks(bytes, blank);
    let mut end = run(bytes, start, BASE64);
    let looks = |text: &[u8]| decode(text).any(|byte| byte == b':') && decode(text).all(|byte| byte >= b' ');
    let is_certain = looks(&bytes[start..end]);
    while bytes.get(end) == Some(&b'=') {
        end += 1;
    }
    let open = (end == bytes.len()).then_some(Open { resume: end, rest: Rest::Class(TOKEN) });
    push(found, blank - b"basic".len(), start..end, Kind::Token, is_certain, open);
}

/// The part before the last `@` of a URL's authority, which begins at `start`.
fn url(bytes: &[u8], form: Form, from: usize, start: usize, found: &mut Vec<Found>) {
    let (mut at, mut sign) = (start, None);
    while at < bytes.len() {
        let (byte, len) = if form == Form::Json { unit(bytes, at) } else { (bytes[at], 1) };
        if !is(byte, AUTHORITY) {
            break;
        }
        if byte == b'@' {
            sign = Some(at);
        }
        at += len;
    }
    let open = (at >= bytes.len()).then_some(Open { resume: bytes.len(), rest: Rest::Class(AUTHORITY) });
    let end = sign.unwrap_or(start);
    let is_certain = end > start && bytes[start..end] != *REDACTED.as_bytes() && !is_digest(&bytes[end..]);
    push(found, from, start..end, Kind::UrlCredentials, is_certain, open);
}

/// An image by its digest, as in `docker-pullable://nginx@sha256:0123…`: there is no host of that name.
fn is_digest(text: &[u8]) -> bool {
    let hex = text.strip_prefix(b"@sha256:").or_else(|| text.strip_prefix(b"@sha512:")).unwrap_or_default();
    hex.len() >= 32 && hex[..32].iter().all(u8::is_ascii_hexdigit)
}

/// Where base64 ends that begins at an offset, also if it is broken into lines: those that are full go on.
fn base64_end(bytes: &[u8], mut at: usize, form: Form) -> usize {
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
