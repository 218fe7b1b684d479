//! A body that is no object of Kubernetes', as it streams: redacted, and counted as the server sent it.

use super::{Failed, Means};
use std::io::{self, ErrorKind, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use wagather_json::project::ProjectError;
use wagather_json::redact::{self, Counts};

/// A raw body being consumed.
pub(crate) struct RawBody {
    body: redact::Body,
    received: Arc<AtomicU64>,
    /// What of `received` is in the tally.
    counted: u64,
    /// What of the redactions is in the tally.
    redacted: Counts,
}

/// Counts what the server sent, before anything of it is replaced.
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

impl RawBody {
    pub(super) fn new(body: Box<dyn Read + Send>, means: &Means<'_>) -> RawBody {
        let received = Arc::new(AtomicU64::new(0));
        let counted = Counted { body, received: received.clone() };
        let body = means.redactor.body(Box::new(counted));
        RawBody { body, received, counted: 0, redacted: Counts::default() }
    }

    /// The next bytes, none at the end.
    pub(crate) fn read(&mut self, buffer: &mut [u8], means: &mut Means<'_>) -> Result<usize, Failed> {
        let result = loop {
            match self.body.read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => break result,
            }
        };
        let redacted = self.body.counts();
        means.tally.redacted.add(&redacted.since(&self.redacted));
        self.redacted = redacted;
        let received = self.received.load(Ordering::Relaxed);
        let spent = means.tally.received(received - std::mem::replace(&mut self.counted, received));
        let len = result.map_err(|error| Failed::project(&ProjectError::Read(error)))?;
        spent?;
        Ok(len)
    }
}
