//! A raw body as it streams: redacted, and counted as the server sent it.

use super::context::Context;
use super::failed::Failed;
use super::head::{Broken, Head};
use std::io::{self, ErrorKind, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use wagather_json::project::ProjectError;
use wagather_json::redact::{self, Counts};

/// A raw body that is being consumed.
pub(crate) struct Body {
    body: redact::Body,
    received: Arc<AtomicU64>,
    /// How much of `received` is in the tally.
    counted: u64,
    /// The redactions that are in the tally.
    redacted: Counts,
    /// When it must have ended.
    until: Instant,
    /// How often it broke off before.
    cuts: u32,
}

/// Counts what the server sent, before redaction replaces any of it.
struct Counted {
    body: Box<dyn Read + Send>,
    received: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.body.read(buffer)?;
        self.received.fetch_add(len as u64, Ordering::Relaxed);
        Ok(len)
    }
}

impl Body {
    /// The body of a response, redacted as it streams.
    pub(super) fn new(head: Head, cx: &Context<'_>) -> Body {
        let Head { response, until, cuts, .. } = head;
        let received = Arc::new(AtomicU64::new(0));
        let counted = Counted { body: response.body, received: received.clone() };
        let body = cx.redactor.body(Box::new(counted));
        Body { body, received, counted: 0, redacted: Counts::default(), until, cuts }
    }

    /// Reads the next bytes; 0 at the end.
    pub(crate) fn read(&mut self, buffer: &mut [u8], cx: &mut Context<'_>) -> Result<usize, Failed> {
        let result = loop {
            match self.body.read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => break result,
            }
        };
        let redacted = self.body.counts();
        cx.tally.redacted.add(&redacted.since(&self.redacted));
        self.redacted = redacted;
        let received = self.received.load(Ordering::Relaxed);
        let spent = cx.tally.count_received(received - std::mem::replace(&mut self.counted, received));
        let len = result.map_err(|error| Failed::project(&ProjectError::Read(error)))?;
        spent?;
        Ok(len)
    }

    /// Replaces `out` with the next bytes, at most `cap`; none at the end, and none with an error.
    pub(super) fn read_some(
        &mut self,
        cap: usize,
        out: &mut Vec<u8>,
        cx: &mut Context<'_>,
    ) -> Result<(), Failed> {
        out.clear();
        out.resize(cap, 0);
        let read = self.read(out, cx);
        out.truncate(*read.as_ref().unwrap_or(&0));
        read.map(|_| ())
    }

    /// It broke off, and nothing of it was given.
    pub(super) fn broken(self, failed: Failed) -> Broken {
        Broken { failed, cuts: self.cuts, until: self.until }
    }
}
