//! Redacts a raw body as it streams, in bounded memory.
//!
//! The body is looked at in windows that depend on nothing but its bytes, so however it is read, the result is the same. Of
//! each window the last part is held back, since a secret may begin there. What is longer than that part is replaced from where
//! it begins, and its rest is swallowed as it comes.

use super::text::{Form, class};
use super::{Counts, Found, Redactor, replace};
use std::io::{self, Read};
use std::sync::Arc;

/// What is looked at at once.
const WINDOW_BYTES: usize = 64 << 10;

/// Of a window, what is held back: above the longest token that is in use.
const TAIL_BYTES: usize = 8 << 10;

/// A private key of which no end is seen: what follows is no key. One of 16384 bits has 13 KB.
pub(super) const MAX_KEY_BYTES: usize = 64 << 10;

/// How a secret goes on that was longer than the window.
#[derive(Clone, Copy)]
pub(super) enum Rest {
    /// With bytes of this class.
    Class(u8),
    /// With all up to the line that ends a private key, or so many bytes.
    Key {
        /// What may still be swallowed.
        most: usize,
    },
}

/// A raw body, redacted.
pub struct Body {
    redactor: Arc<Redactor>,
    body: Box<dyn Read + Send>,
    window: Vec<u8>,
    /// How the last secret goes on in the window.
    rest: Option<Rest>,
    /// What is ready, and from where it was not yet taken.
    ready: Vec<u8>,
    taken: usize,
    counts: Counts,
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
            ended: false,
            error: None,
        }
    }

    /// What was replaced so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Fills the window, or sees the end of the body. What came before an error is an answer too.
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

    /// Swallows what belongs to the last secret. Answers whether it ended.
    fn swallow(&mut self) -> bool {
        let len = self.window.len();
        let (mut swallowed, rest) = match self.rest {
            None => return true,
            Some(Rest::Class(class)) => {
                let end = class::run(&self.window, 0, class);
                (end, (end == len).then_some(Rest::Class(class)))
            }
            Some(Rest::Key { most }) => match self.redactor.text.rest_of_key(&self.window) {
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

    /// Redacts the window but for its tail, and keeps that.
    fn redact(&mut self) {
        let len = self.window.len();
        let mut found = Vec::new();
        self.redactor.text.find(&self.window, Form::Plain, &mut found);
        let mut done = len;
        if self.ended {
            found.retain(|found| found.is_certain);
        } else {
            done = len - TAIL_BYTES;
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
    }
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
