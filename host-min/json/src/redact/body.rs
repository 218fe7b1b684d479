//! Redacts a raw body as it streams, in bounded memory.
//!
//! A Secret of up to about 56 KiB in the body is seen as a whole. The body is searched in windows that depend only on its bytes, so the
//! result does not depend on how it is read. The last part of each window is held back, because a secret may begin there. A secret that
//! is longer than that part is replaced from its beginning, and its rest is dropped as it comes.

use super::bytes::run;
use super::text::Form;
use super::{Counts, Found, Redactor, replace};
use crate::obfuscate::Pieces;
use std::io::{self, Read};
use std::sync::Arc;

/// The size of a window.
const WINDOW_BYTES: usize = 64 << 10;

/// The part of a window that is held back. It is longer than the longest token in use.
const TAIL_BYTES: usize = 8 << 10;

/// The longest private key whose end is not seen. One of 16384 bits has 13 KB.
pub(super) const MAX_KEY_BYTES: usize = 64 << 10;

/// How a secret that is longer than the window continues.
#[derive(Clone, Copy)]
pub(super) enum Rest {
    /// It continues with bytes of this class.
    Class(u16),
    /// It continues up to the line that ends a private key, or for this many bytes.
    Key {
        /// How much may still be dropped.
        most: usize,
    },
}

/// A raw body, redacted.
pub struct Body {
    redactor: Arc<Redactor>,
    body: Box<dyn Read + Send>,
    window: Vec<u8>,
    /// How the last secret continues in the window.
    rest: Option<Rest>,
    /// The ready bytes, and the position of the first one that was not read.
    ready: Vec<u8>,
    taken: usize,
    counts: Counts,
    /// Bytes that are redacted and not yet obfuscated.
    pieces: Pieces,
    ended: bool,
    error: Option<io::Error>,
}

impl Body {
    pub(super) fn new(redactor: Arc<Redactor>, body: Box<dyn Read + Send>) -> Body {
        Body {
            redactor,
            body,
            window: Vec::new(),
            rest: None,
            ready: Vec::new(),
            taken: 0,
            counts: Counts::default(),
            pieces: Pieces::default(),
            ended: false,
            error: None,
        }
    }

    /// The replacements so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Fills the window, or reaches the end of the body. Bytes before an error are part of the answer, too.
    fn fill(&mut self) {
        let mut filled = self.window.len();
        self.window.resize(WINDOW_BYTES, 0);
        while filled < WINDOW_BYTES && !self.ended {
            match self.body.read(&mut self.window[filled..]) {
                Ok(0) => self.ended = true,
                Ok(len) => filled += len.min(WINDOW_BYTES - filled),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.error = Some(error);
                    self.ended = true;
                }
            }
        }
        self.window.truncate(filled);
    }

    /// Drops what belongs to the last secret. Says whether the secret ended.
    fn swallow(&mut self) -> bool {
        let len = self.window.len();
        let (mut swallowed, rest) = match self.rest {
            None => return true,
            Some(Rest::Class(class)) => {
                let end = run(&self.window, 0, class);
                (end, (end == len).then_some(Rest::Class(class)))
            }
            Some(Rest::Key { most }) => match super::keys::rest_of_key(&self.window) {
                Ok(end) => (end, None),
                Err(resume) if resume >= most => (most, None),
                Err(resume) => (resume, Some(Rest::Key { most: most - resume })),
            },
        };
        if self.ended && rest.is_some() {
            swallowed = len;
        }
        self.window.drain(..swallowed);
        self.rest = rest;
        rest.is_none() || self.ended
    }

    /// Redacts the window except its tail, and keeps the tail.
    fn redact(&mut self) {
        let len = self.window.len();
        let mut found = Vec::new();
        self.redactor.compiled().text.find(
            &self.window,
            Form::Plain,
            super::encoded::Depth::outermost(&super::encoded::Depth::room()),
            &mut found,
        );
        let mut done = len;
        if self.ended {
            found.retain(|found| found.is_certain);
        } else {
            done = whole_until(&self.window[..len - TAIL_BYTES]);
            found.sort_by_key(|found| (found.from, found.start));
            let mut all: Vec<Found> = Vec::new();
            for mut found in found {
                if found.from >= done || self.rest.is_some() {
                    break;
                }
                if let Some(open) = found.open {
                    found.end = open.resume;
                    self.rest = Some(open.rest);
                }
                done = done.max(found.end);
                all.push(found);
            }
            found = all;
        }
        let tail = self.window.split_off(done);
        std::mem::swap(&mut self.ready, &mut self.window);
        self.window.clear();
        self.window.extend_from_slice(&tail);
        self.taken = 0;
        replace(&mut self.ready, &mut found, &mut self.counts);
        if let Some(obfuscator) = &self.redactor.obfuscator {
            self.pieces.pass(obfuscator, &mut self.ready, self.ended);
        }
    }
}

/// Up to where a window can be redacted without what follows: to the end of a line, as JSON in a log has one line, and not into an
/// object that began not long ago, as in YAML a Secret's data come before its kind.
fn whole_until(window: &[u8]) -> usize {
    let line = |at: usize| memchr::memrchr(b'\n', &window[..at]).map_or(0, |end| end + 1);
    let done = line(window.len());
    // A bracket may be on the line before.
    let object =
        memchr::memmem::rfind(window, b"apiVersion").map_or(0, |at| line(line(at).saturating_sub(1)));
    [object, done].into_iter().find(|&at| at >= TAIL_BYTES).unwrap_or(window.len())
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.ready.len() && !buffer.is_empty() {
            if self.ended && self.window.is_empty() {
                return self.error.take().map_or(Ok(0), Err);
            }
            self.fill();
            if self.swallow() && (self.ended || self.window.len() == WINDOW_BYTES) {
                self.redact();
            }
        }
        let len = buffer.len().min(self.ready.len() - self.taken);
        buffer[..len].copy_from_slice(&self.ready[self.taken..self.taken + len]);
        self.taken += len;
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Rules;
    use super::*;

    const JWT: &str = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW0ifQ.c2lnbmF0dXJl";

    /// Gives so many bytes at a time, and an error now and then that means nothing.
    struct Drip(Vec<u8>, usize, usize);

    impl Read for Drip {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.1.is_multiple_of(3) && !buffer.is_empty() {
                self.1 += 1;
                return Err(io::ErrorKind::Interrupted.into());
            }
            self.1 += 1;
            let len = buffer.len().min(self.2).min(self.0.len());
            buffer[..len].copy_from_slice(&self.0[..len]);
            self.0.drain(..len);
            Ok(len)
        }
    }

    fn redactor() -> Arc<Redactor> {
        Arc::new(Redactor::new(&Rules::default()))
    }

    fn stream_by(text: &[u8], given: usize, taken: usize) -> (String, Counts) {
        let mut body = redactor().body(Box::new(Drip(text.to_vec(), 0, given)));
        let (mut out, mut piece) = (Vec::new(), vec![0; taken]);
        loop {
            match body.read(&mut piece).expect("a body") {
                0 => return (String::from_utf8(out).expect("UTF-8"), body.counts()),
                len => out.extend_from_slice(&piece[..len]),
            }
        }
    }

    fn stream(text: &str) -> (String, Counts) {
        stream_by(text.as_bytes(), usize::MAX, 4096)
    }

    /// Lines without a secret.
    fn lines(bytes: usize) -> String {
        "2024-05-02T11:00:00Z info: the token is fine, http://host/path a@b\n".repeat(bytes / 67 + 1)
    }

    #[test]
    fn however_it_is_read_it_is_the_same() {
        let text = format!(
            "a Bearer {JWT} b\nhttp://u:p@h -----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\n{JWT}"
        );
        let (expected, counts) = stream(&text);
        assert_eq!(expected, "a Bearer <redacted> b\nhttp://<redacted>@h <redacted>\n<redacted>");
        assert_eq!((counts.tokens, counts.url_credentials, counts.private_keys), (2, 1, 1));
        let mut whole = text.clone();
        redactor().text(&mut whole, &mut Counts::default());
        assert_eq!(whole, expected, "a body is what its text is");
        for given in 1..=text.len() {
            for taken in [1, 7, 4096] {
                assert_eq!(stream_by(text.as_bytes(), given, taken), (expected.clone(), counts));
            }
        }
    }

    #[test]
    fn a_secret_anywhere_around_the_edge_of_a_window() {
        let secrets = [
            (format!("Bearer {JWT}"), "Bearer <redacted>"),
            ("http://user:p@ss@host".to_owned(), "http://<redacted>@host"),
            ("-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----".to_owned(), "<redacted>"),
        ];
        for (secret, expected) in secrets {
            for edge in [WINDOW_BYTES - TAIL_BYTES, WINDOW_BYTES] {
                for before in edge - secret.len() - 3..edge + 3 {
                    let before = ".".repeat(before);
                    let after = lines(WINDOW_BYTES);
                    let (out, counts) = stream(&format!("{before} {secret} {after}"));
                    assert!(out == format!("{before} {expected} {after}"), "{secret} after {}", before.len());
                    assert_eq!(counts.total(), 1);
                }
            }
        }
    }

    #[test]
    fn what_is_longer_than_a_window_is_swallowed() {
        let lines = lines(3 * WINDOW_BYTES);
        for len in [TAIL_BYTES - 1, TAIL_BYTES, WINDOW_BYTES - TAIL_BYTES, WINDOW_BYTES, 5 * WINDOW_BYTES + 1]
        {
            let long = "x".repeat(len);
            for lead in [0, 1, TAIL_BYTES, WINDOW_BYTES - TAIL_BYTES - 1, WINDOW_BYTES - 1] {
                let lead = &lines[..lead];
                for (secret, expected) in [
                    (format!("Bearer {long}"), "Bearer <redacted>"),
                    (format!("eyJ{long}.{long}.{long}"), "<redacted>"),
                    (format!("sha256~{long}"), "<redacted>"),
                ] {
                    let (out, counts) = stream(&format!("{lead}\n{secret} {lines}"));
                    assert!(
                        out == format!("{lead}\n{expected} {lines}"),
                        "{expected} of {len} after {}: {}",
                        lead.len(),
                        out.len()
                    );
                    assert_eq!(counts.tokens, 1);
                }
                let (out, _) = stream(&format!("{lead}\nhttp://{long}:{long}@host/ {lines}"));
                assert!(!out.contains("xx"), "{len} after {}", lead.len());
            }
        }
    }

    #[test]
    fn a_manifest_anywhere_around_the_edge_of_a_window() {
        let lines = lines(2 * WINDOW_BYTES);
        let data = |quote: &str, end: &str| -> String {
            let value =
                |number: usize| format!("    {quote}k{number}{quote}: {quote}Y2FuYXJ5LTEyMzQ1Njc4{quote}");
            (0..300).map(value).collect::<Vec<_>>().join(end)
        };
        let json = format!(
            "{{\n  \"apiVersion\": \"v1\",\n  \"data\": {{\n{}\n  }},\n  \"kind\": \"Secret\"\n}}\n",
            data("\"", ",\n")
        );
        let yaml = format!("apiVersion: v1\ndata:\n{}\nkind: Secret\n", data("", "\n"));
        let compact = json.replace("\n", "").replace(' ', "") + "\n";
        let escaped = format!("msg={}\n", serde_json::to_string(&json).expect("JSON"));
        for manifest in [json, yaml, compact, escaped] {
            assert!(manifest.len() > TAIL_BYTES);
            for before in (0..2 * WINDOW_BYTES).step_by(4099) {
                let lead = &lines[..before];
                let lead = &lead[..lead.rfind('\n').map_or(0, |end| end + 1)];
                let (out, counts) = stream(&format!("{lead}{manifest}{lines}"));
                assert!(!out.contains("Y2FuYXJ5"), "after {before}: {}", &manifest[..60]);
                assert_eq!(counts.secret_data, 300);
                assert!(out.starts_with(lead) && out.ends_with(&lines));
            }
        }
    }

    #[test]
    fn keys_with_and_without_an_end() {
        let lines = lines(2 * WINDOW_BYTES);
        for key_lines in [1, 100, 127, 128, 129, 900] {
            let key = "k".repeat(64) + "\n";
            let key = key.repeat(key_lines);
            for lead in [0, 100, WINDOW_BYTES - TAIL_BYTES - 50, WINDOW_BYTES - TAIL_BYTES + 50] {
                let lead = &lines[..lead];
                let text = format!(
                    "{lead}\n-----BEGIN EC PRIVATE KEY-----\n{key}-----END EC PRIVATE KEY-----\n{lines}"
                );
                let (out, counts) = stream(&text);
                assert!(out == format!("{lead}\n<redacted>\n{lines}"), "{key_lines} after {}", lead.len());
                assert_eq!(counts.private_keys, 1);
                let (out, _) = stream(&format!("{lead}\n-----BEGIN EC PRIVATE KEY-----\n{key}"));
                assert_eq!(out, format!("{lead}\n<redacted>"));
            }
        }
        let (out, _) = stream(&format!("-----BEGIN PRIVATE KEY-----\n{lines}{lines}the end\n"));
        assert!(out.starts_with("<redacted>") && out.ends_with("the end\n") && out.len() < 3 * WINDOW_BYTES);
    }

    #[test]
    fn what_is_harmless_is_the_same_whatever_it_is() {
        let mut bytes: Vec<u8> = (0..=255_u8).cycle().take(3 * WINDOW_BYTES + 5).collect();
        bytes.retain(|&byte| byte != b'@');
        let mut out = Vec::new();
        let mut body = redactor().body(Box::new(io::Cursor::new(bytes.clone())));
        body.read_to_end(&mut out).expect("a body");
        assert!(out == bytes && body.counts() == Counts::default());
        assert_eq!(stream("").0, "");
    }

    #[test]
    fn what_came_before_an_error_comes_first() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::TimedOut.into())
            }
        }
        let mut body = redactor().body(Box::new(io::Cursor::new(b"Bearer abc").chain(Broken)));
        let mut out = Vec::new();
        let error = body.read_to_end(&mut out).expect_err("an error");
        assert_eq!((&*out, error.kind()), (&b"Bearer <redacted>"[..], io::ErrorKind::TimedOut));
    }
}
