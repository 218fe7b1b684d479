//! Takes our own credentials out of what a server answers, so that one that repeats them puts them nowhere: not before a guest,
//! not into an archive, a recording or a message.
//!
//! Found are the credential as it is, as base64 at any alignment, and as JSON and URLs escape it; each byte of a find
//! becomes a `*`. Not found is what a server encodes in a way of its own: it has the credential already, and could
//! hand it on without us. Redaction of what is secret in the cluster's objects is another thing, [`crate::redact`].

use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;

use memchr::memmem::Finder;

use super::base64;
use super::secret::Secret;

/// Shorter secrets are words that occur in every answer; the form that is on the wire is always looked for.
const MIN_PASSWORD_BYTES: usize = 12;
/// What is read at once for a reader that takes less.
const BUFFER_BYTES: usize = 16 << 10;

/// What to look for.
pub(super) struct Scrub {
    finders: Vec<Finder<'static>>,
    longest: usize,
}

impl Scrub {
    /// Looks for what a header's value gives away; none if there is none.
    pub(super) fn of(authorization: Option<&Secret>) -> Option<Arc<Scrub>> {
        let value = authorization?.reveal();
        let (scheme, secret) = value.split_once(' ').unwrap_or(("", value));
        let secret = secret.trim();
        if secret.is_empty() {
            return None;
        }
        let mut needles = forms(secret);
        if scheme.eq_ignore_ascii_case("basic")
            && let Some(both) = base64::decode(secret).and_then(|both| String::from_utf8(both).ok())
        {
            let password = both.split_once(':').map_or("", |(_, password)| password);
            if password.len() >= MIN_PASSWORD_BYTES {
                needles.extend(forms(password));
            }
        }
        needles.retain(|needle| needle.len() >= 4);
        needles.sort();
        needles.dedup();
        let longest = needles.iter().map(Vec::len).max()?;
        let finders = needles.iter().map(|needle| Finder::new(needle).into_owned()).collect();
        Some(Arc::new(Scrub { finders, longest }))
    }

    /// A text without them.
    pub(super) fn text(&self, text: String) -> String {
        let (mut bytes, mut found) = (text.into_bytes(), Vec::new());
        self.find(&bytes, &mut found);
        hide(&mut bytes, &found);
        String::from_utf8(bytes).unwrap_or_default()
    }

    /// Where they are. Finds may overlap (a credential that is repeated without a gap has a form across the seam), so
    /// nothing is hidden before all are found.
    fn find(&self, bytes: &[u8], found: &mut Vec<Range<usize>>) {
        for finder in &self.finders {
            let len = finder.needle().len();
            let mut from = 0;
            while let Some(at) = finder.find(&bytes[from..]) {
                let find = from + at..from + at + len;
                from = find.start + 1;
                match found.last_mut() {
                    Some(last)
                        if last.start <= find.start && find.start <= last.end && last.end <= find.end =>
                    {
                        last.end = find.end;
                    }
                    _ => found.push(find),
                }
            }
        }
    }

    /// How many bytes at the end may be the beginning of a find.
    fn undecided(&self, bytes: &[u8]) -> usize {
        let tail = &bytes[bytes.len().saturating_sub(self.longest - 1)..];
        let starts = |finder: &Finder<'_>| {
            let needle = finder.needle();
            memchr::memchr_iter(needle[0], tail)
                .map(|at| &tail[at..])
                .find(|rest| rest.len() < needle.len() && needle.starts_with(rest))
                .map_or(0, <[u8]>::len)
        };
        self.finders.iter().map(starts).max().unwrap_or(0)
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

/// A secret in the forms in which it may come back.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![secret.as_bytes().to_vec(), secret.replace('/', "\\/").into_bytes()];
    // JSON, and JSON as a string of JSON.
    let escaped =
        |text: &str| serde_json::to_string(text).map(|quoted| quoted[1..quoted.len() - 1].to_owned());
    if let Ok(once) = escaped(secret) {
        forms.extend(escaped(&once).ok().map(String::into_bytes));
        forms.push(once.into_bytes());
    }
    let url: String = secret
        .bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect();
    forms.push(url.into_bytes());
    for before in 0..3 {
        let mut padded = vec![0; before];
        padded.extend_from_slice(secret.as_bytes());
        let text = base64::encode(&padded);
        // Of the characters at both ends some bits are the neighbours'.
        let whole = &text[(before * 8).div_ceil(6)..padded.len() * 8 / 6];
        forms.push(whole.as_bytes().to_vec());
        forms.push(whole.replace('+', "-").replace('/', "_").into_bytes());
    }
    forms
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
}

impl<R: Read> Scrubbed<R> {
    pub(super) fn new(body: R, scrub: Arc<Scrub>) -> Self {
        Scrubbed { body, scrub, held: Vec::new(), found: Vec::new(), ready: Vec::new(), at: 0 }
    }

    /// Reads into a buffer that is larger than what may be held back; as much as it answers is clean.
    fn fill(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let held = self.held.len();
            buffer[..held].copy_from_slice(&self.held);
            let read = self.body.read(&mut buffer[held..])?;
            let len = held + read;
            self.held.clear();
            self.scrub.find(&buffer[..len], &mut self.found);
            let given = if read == 0 { len } else { len - self.scrub.undecided(&buffer[..len]) };
            self.held.extend_from_slice(&buffer[given..len]);
            hide(&mut buffer[..given], &self.found);
            self.found.retain_mut(|find| {
                *find = find.start.saturating_sub(given)..find.end.saturating_sub(given);
                find.start < find.end
            });
            if read == 0 {
                return Ok(len);
            }
            if given > 0 {
                return Ok(given);
            }
        }
    }
}

impl<R: Read> Read for Scrubbed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if self.at == self.ready.len() {
            let room = BUFFER_BYTES.max(self.scrub.longest * 4);
            if buffer.len() >= room {
                return self.fill(buffer);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn scrub(value: &str) -> Arc<Scrub> {
        Scrub::of(Some(&Secret::new(value))).expect("something to look for")
    }

    /// Gives so many bytes at a time.
    struct Drip(io::Cursor<Vec<u8>>, usize);

    impl Read for Drip {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let most = self.1.min(buffer.len());
            self.0.read(&mut buffer[..most])
        }
    }

    fn through(scrub: &Arc<Scrub>, text: &str, chunk: usize, cap: usize) -> String {
        let drip = Drip(io::Cursor::new(text.as_bytes().to_vec()), chunk);
        let mut body = Scrubbed::new(drip, scrub.clone());
        let (mut all, mut buffer) = (Vec::new(), vec![0; cap]);
        loop {
            match body.read(&mut buffer).expect("read") {
                0 => break,
                len => all.extend_from_slice(&buffer[..len]),
            }
        }
        String::from_utf8(all).expect("text")
    }

    #[test]
    fn every_form_goes_wherever_it_is_split() {
        let scrub = scrub("Bearer abab/abc+canary");
        let token = "abab/abc+canary";
        let mut text = format!("ab {token} ababab/abc+canary \"abab\\/abc+canary\" abab%2Fabc%2Bcanary ");
        for before in ["", "x", "xy", "Authorization: Bearer "] {
            text += &base64::encode(format!("{before}{token}!").as_bytes());
            text += " ";
        }
        text += "abab/abc+canar";
        let whole = scrub.text(text.clone());
        assert_eq!(whole.len(), text.len());
        for gone in ["canary", "YWJhYi9hYmMrY2Fu", "abab\\/abc+canary", "abc%2B"] {
            assert!(!whole.contains(gone), "{gone} is in {whole}");
        }
        assert!(whole.starts_with("ab *****") && whole.ends_with("abab/abc+canar"), "{whole}");
        for chunk in 1..40 {
            for cap in [1, 7, 100, 1 << 16] {
                assert_eq!(through(&scrub, &text, chunk, cap), whole, "chunks of {chunk} into {cap}");
            }
        }
    }

    #[test]
    fn finds_that_overlap_are_all_hidden_wherever_they_are_split() {
        let value = format!("Basic {}", base64::encode(b"me:xyzxyz/xyzxyz"));
        let scrub = scrub(&value);
        for text in ["xyzxyz/xyzxyz/xyzxyz", "-xyzxyz\\/xyzxyz/xyzxyz%2Fxyzxyz-", "xyzxyz/xyzxyz\\/xyzxyz"] {
            let whole = scrub.text(text.into());
            assert!(!whole.contains("xyz"), "{whole}");
            for chunk in 1..20 {
                assert_eq!(through(&scrub, text, chunk, 5), whole, "chunks of {chunk}");
            }
        }
    }

    #[test]
    fn a_password_is_looked_for_if_it_is_no_word() {
        let value = |password: &str| format!("Basic {}", base64::encode(format!("me:{password}").as_bytes()));
        let long = value("correct horse battery");
        assert_eq!(scrub(&long).text("a correct horse battery".into()), "a *********************");
        let short = value("admin");
        let text = format!("admin {short}");
        let stars = "*".repeat(short.len() - "Basic ".len());
        assert_eq!(scrub(&short).text(text), format!("admin Basic {stars}"));
        assert!(Scrub::of(None).is_none());
        assert!(Scrub::of(Some(&Secret::new("Bearer "))).is_none());
    }
}
