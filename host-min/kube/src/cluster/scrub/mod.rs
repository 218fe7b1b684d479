//! Takes our own credentials out of what a server answers, so that one that repeats them puts them nowhere: not before a guest,
//! not into an archive, a recording or a message.
//!
//! Found are the credential as it is and as base64 at any alignment, each of them also with any of its characters written as
//! JSON, URLs or HTML escape them; each byte of a find becomes a `*`. So what is decoded later, by whomever, has been
//! looked at decoded. Not found is what a server encodes in a way of its own: it has the credential already, and could
//! hand it on without us. Redaction of what is secret in the cluster's objects is another thing, [`wagather_json::redact`].
//!
//! It runs over every byte of every answer. What has no escape is passed over by `memchr` alone.

mod needle;
#[cfg(test)]
mod tests;

use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;

use self::needle::{Needle, Reach, Unit};
use super::secret::Secret;
use wagather_base::base64;

/// Shorter secrets are words that occur in every answer; the form that is on the wire is always looked for.
const MIN_PASSWORD_BYTES: usize = 12;
/// The same for what has characters that words and Kubernetes' names do not have.
const MIN_ODD_PASSWORD_BYTES: usize = 6;
/// Shorter than this is nothing that anybody could look for.
const MIN_NEEDLE_BYTES: usize = 4;
/// Of credentials that were replaced during the run, so many are still looked for.
const MAX_FORMER: usize = 4;
/// What is read at once for a reader that takes less.
const BUFFER_BYTES: usize = 16 << 10;

/// What to look for.
pub(super) struct Scrub {
    needles: Vec<Needle>,
    /// The needles and places in them where a byte is, for each byte.
    places: Vec<(u32, u32)>,
    /// Of those, the ones of a byte: from, and up to.
    of_byte: [(u32, u32); 256],
    /// Those where a backslash is.
    gaps: Vec<(u32, u32)>,
    /// The texts of the credential in use and, last, those that it replaced.
    credentials: Vec<Vec<Vec<u8>>>,
}

impl Scrub {
    /// Looks for what a header's value gives away; none if there is none.
    pub(super) fn of(authorization: Option<&Secret>) -> Option<Arc<Scrub>> {
        Scrub::after(authorization, None)
    }

    /// The same, and for what an earlier one of the same run looks for.
    pub(super) fn after(authorization: Option<&Secret>, former: Option<&Arc<Scrub>>) -> Option<Arc<Scrub>> {
        let now = authorization.map(texts).unwrap_or_default();
        if now.is_empty() {
            return former.cloned();
        }
        let mut credentials = vec![now];
        credentials.extend(former.into_iter().flat_map(|former| former.credentials.iter().cloned()));
        credentials.truncate(1 + MAX_FORMER);
        let mut all: Vec<&Vec<u8>> = credentials.iter().flatten().collect();
        all.sort();
        all.dedup();
        let needles: Vec<Needle> = all.into_iter().map(|text| Needle::new(text)).collect();
        let (mut places, mut gaps) = (Vec::new(), Vec::new());
        for (number, needle) in (0..).zip(&needles) {
            places.extend((0..).zip(needle.bare()).map(|(place, byte)| (*byte, (number, place))));
            gaps.extend(needle.gaps().iter().map(|gap| (number, *gap as u32)));
        }
        places.sort_unstable();
        let mut of_byte = [(0, 0); 256];
        for of_one in places.chunk_by(|(a, _), (b, _)| a == b) {
            let from = places.partition_point(|(byte, _)| *byte < of_one[0].0);
            of_byte[usize::from(of_one[0].0)] = (from as u32, (from + of_one.len()) as u32);
        }
        let places = places.into_iter().map(|(_, place)| place).collect();
        Some(Arc::new(Scrub { needles, places, of_byte, gaps, credentials }))
    }

    /// A text without them.
    pub(super) fn text(&self, text: String) -> String {
        let (mut bytes, mut found) = (text.into_bytes(), Vec::new());
        self.find(&bytes, &mut found);
        hide(&mut bytes, &found);
        String::from_utf8(bytes).unwrap_or_default()
    }

    /// Where they are, and how many bytes at the end may be the beginning of another. Finds may overlap (a credential that
    /// is repeated without a gap has a form across the seam), so nothing is hidden before all are found.
    fn find(&self, bytes: &[u8], found: &mut Vec<Range<usize>>) -> usize {
        let mut undecided = 0;
        for needle in &self.needles {
            let len = needle.finder.needle().len();
            let mut from = 0;
            while let Some(at) = needle.finder.find(&bytes[from..]) {
                let start = from + at;
                from = start + 1;
                add(found, start..start + len);
            }
            undecided = undecided.max(needle.undecided(bytes));
        }
        self.find_escaped(bytes, found, &mut undecided);
        undecided
    }

    /// The same of finds with escapes, from the first one of each.
    fn find_escaped(&self, bytes: &[u8], found: &mut Vec<Range<usize>>, undecided: &mut usize) {
        let mut from = 0;
        while let Some(offset) = memchr::memchr3(b'\\', b'%', b'&', &bytes[from..]) {
            let at = from + offset;
            from = at + 1;
            let mut itself = self.places_of(bytes[at]);
            if bytes[at] == b'\\' {
                from += bytes[from..].iter().take_while(|&&byte| byte == b'\\').count();
                // A backslash is one of a needle only where that has one.
                itself = &self.gaps;
                if itself.is_empty()
                    && needle::quick(bytes, from).is_some_and(|byte| self.places_of(byte).is_empty())
                {
                    continue;
                }
            }
            let unit = Unit::at(bytes, at);
            if unit.is_cut() {
                let before = self.needles.iter().map(|needle| needle.before(&bytes[..at])).max();
                *undecided = (*undecided).max(bytes.len() - at + before.unwrap_or(0));
                continue;
            }
            let meant = match unit.first() {
                Some(b'\\') => &self.gaps,
                Some(first) if first != bytes[at] => self.places_of(first),
                _ => &[],
            };
            for (number, place) in meant.iter().chain(itself) {
                match self.needles[*number as usize].around(bytes, at, *place as usize) {
                    (start, Reach::Whole(end)) => add(found, start..end),
                    (start, Reach::Open) => *undecided = (*undecided).max(bytes.len() - start),
                    (_, Reach::No) => {}
                }
            }
        }
    }

    /// Where a byte is in needles.
    fn places_of(&self, byte: u8) -> &[(u32, u32)] {
        let (from, to) = self.of_byte[usize::from(byte)];
        &self.places[from as usize..to as usize]
    }
}

/// Adds a find; what overlaps the last one and goes on is one with it.
fn add(found: &mut Vec<Range<usize>>, find: Range<usize>) {
    match found.last_mut() {
        Some(last) if last.start <= find.start && find.start <= last.end && last.end <= find.end => {
            last.end = find.end;
        }
        _ => found.push(find),
    }
}

fn hide(bytes: &mut [u8], found: &[Range<usize>]) {
    for find in found {
        let end = find.end.min(bytes.len());
        if let Some(secret) = bytes.get_mut(find.start..end) {
            secret.fill(b'*');
        }
    }
}

/// What a header's value gives away, in each form that is no escape.
fn texts(authorization: &Secret) -> Vec<Vec<u8>> {
    let value = authorization.reveal();
    let (scheme, secret) = value.split_once(' ').unwrap_or(("", value));
    let secret = secret.trim();
    let mut texts = Vec::new();
    if !secret.is_empty() {
        forms(secret, &mut texts);
    }
    if scheme.eq_ignore_ascii_case("basic")
        && let Some(both) = base64::decode(secret).and_then(|both| String::from_utf8(both).ok())
        && let Some((user, password)) = both.split_once(':')
    {
        // A user without a password is a token: that is how some services take one.
        let secret = if password.is_empty() { user } else { password };
        if !password.is_empty() {
            forms(&both, &mut texts);
        }
        if is_telling(secret) {
            forms(secret, &mut texts);
        }
    }
    texts.retain(|text| text.len() >= MIN_NEEDLE_BYTES);
    texts
}

/// Whether a password is none of the words that answers are made of.
fn is_telling(password: &str) -> bool {
    let is_odd = |c: char| !c.is_alphanumeric() && !"-._/: ".contains(c);
    let has = |of: fn(&char) -> bool| password.chars().any(|c| of(&c));
    let is_mixed =
        has(char::is_ascii_uppercase) && has(char::is_ascii_lowercase) && has(char::is_ascii_digit);
    let least =
        if is_mixed || password.contains(is_odd) { MIN_ODD_PASSWORD_BYTES } else { MIN_PASSWORD_BYTES };
    password.len() >= least
}

/// A secret in the forms in which it may come back, but for escapes.
fn forms(secret: &str, forms: &mut Vec<Vec<u8>>) {
    forms.push(secret.as_bytes().to_vec());
    if secret.contains(' ') {
        // As forms of web pages write it.
        forms.push(secret.replace(' ', "+").into_bytes());
    }
    for before in 0..3 {
        let mut padded = vec![0; before];
        padded.extend_from_slice(secret.as_bytes());
        let text = base64::encode(&padded);
        // Of the characters at both ends some bits are the neighbours'.
        let whole = &text[(before * 8).div_ceil(6)..padded.len() * 8 / 6];
        forms.push(whole.as_bytes().to_vec());
        forms.push(whole.replace('+', "-").replace('/', "_").into_bytes());
    }
}

/// A body without them.
pub(super) struct Scrubbed<R> {
    body: R,
    scrub: Arc<Scrub>,
    /// Read, and perhaps the beginning of a find; as the server sent it.
    held: Vec<u8>,
    /// What of that is within a find already.
    found: Vec<Range<usize>>,
    /// Clean, and not given yet.
    ready: Vec<u8>,
    at: usize,
    ended: bool,
}

impl<R: Read> Scrubbed<R> {
    pub(super) fn new(body: R, scrub: Arc<Scrub>) -> Self {
        Scrubbed { body, scrub, held: Vec::new(), found: Vec::new(), ready: Vec::new(), at: 0, ended: false }
    }

    /// Reads into a buffer that is larger than what is held back; as much as it answers is clean.
    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let held = self.held.len();
        buffer[..held].copy_from_slice(&self.held);
        let read = self.body.read(&mut buffer[held..])?;
        let len = held + read;
        self.held.clear();
        let undecided = self.scrub.find(&buffer[..len], &mut self.found);
        let given = if read == 0 { len } else { len - undecided };
        self.held.extend_from_slice(&buffer[given..len]);
        hide(&mut buffer[..given], &self.found);
        self.found.retain_mut(|find| {
            *find = find.start.saturating_sub(given)..find.end.saturating_sub(given);
            find.start < find.end
        });
        self.ended = read == 0;
        Ok(given)
    }
}

impl<R: Read> Read for Scrubbed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while self.at == self.ready.len() && !self.ended {
            let room = self.held.len() + BUFFER_BYTES;
            if buffer.len() >= room {
                match self.fill(buffer)? {
                    0 => continue,
                    given => return Ok(given),
                }
            }
            let mut ready = std::mem::take(&mut self.ready);
            ready.resize(room, 0);
            let filled = self.fill(&mut ready);
            ready.truncate(*filled.as_ref().unwrap_or(&0));
            (self.ready, self.at) = (ready, 0);
            filled?;
        }
        let len = buffer.len().min(self.ready.len() - self.at);
        buffer[..len].copy_from_slice(&self.ready[self.at..self.at + len]);
        self.at += len;
        Ok(len)
    }
}
