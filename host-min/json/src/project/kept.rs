//! The kept parts of a body: copied runs, and the run that is not copied yet.
//!
//! A run is a range of the scanner's buffer. Adjacent kept tokens join into one run, which is copied when a token
//! is skipped or the buffer ends. So there are few large copies instead of many small ones.

/// What is kept so far.
#[derive(Default)]
pub(super) struct Kept {
    out: Vec<u8>,
    /// The run that is not copied yet.
    from: usize,
    to: usize,
    /// Whether everything that the scanner passes belongs to the run, so that the run ends at the scanner's position.
    is_open: bool,
    /// The limit of `out`, and the error if that is not enough.
    limit: usize,
    reason: &'static str,
    /// Whether it was not enough. Then nothing more is kept.
    is_over: bool,
}

/// The kept bytes are above their limit.
pub(super) struct TooLarge {
    /// The place in the buffer of the first byte above it.
    pub(super) at: usize,
    /// The limit.
    pub(super) reason: &'static str,
}

/// The state that a smaller limit interrupts.
pub(super) struct Before {
    len: usize,
    limit: usize,
    reason: &'static str,
    is_open: bool,
    is_over: bool,
}

impl Kept {
    /// Appends what is kept to `out`, until [`Kept::end`].
    pub(super) fn begin(&mut self, out: &mut Vec<u8>, limit: usize, reason: &'static str) {
        std::mem::swap(&mut self.out, out);
        (self.limit, self.reason, self.is_open, self.is_over) = (limit, reason, false, false);
        self.restart(0);
    }

    pub(super) fn end(&mut self, out: &mut Vec<u8>) {
        std::mem::swap(&mut self.out, out);
    }

    /// Opens a run that is kept separately, up to a limit. No other run may be waiting.
    pub(super) fn begin_limited(&mut self, at: usize, limit: usize, reason: &'static str) -> Before {
        let Kept { limit: limit_before, reason: reason_before, is_open, is_over, .. } = *self;
        let before =
            Before { len: self.out.len(), limit: limit_before, reason: reason_before, is_open, is_over };
        (self.limit, self.reason, self.is_over) = (before.len + limit, reason, false);
        self.restart(at);
        self.open();
        before
    }

    /// Moves the separate run to `to`, and continues as before. Says whether it is complete.
    pub(super) fn end_limited(&mut self, before: Before, at: usize, to: &mut Vec<u8>) -> bool {
        let is_whole = !self.is_over;
        to.clear();
        to.extend_from_slice(self.out.get(before.len..).unwrap_or_default());
        self.out.truncate(before.len);
        (self.limit, self.reason) = (before.limit, before.reason);
        (self.is_open, self.is_over) = (before.is_open, before.is_over);
        self.restart(at);
        is_whole
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.out.len() + (self.to - self.from)
    }

    pub(super) fn truncate(&mut self, len: usize) {
        match len.checked_sub(self.out.len()) {
            Some(waiting) => self.to = self.to.min(self.from + waiting),
            None => {
                self.out.truncate(len);
                self.to = self.from;
            }
        }
    }

    #[inline]
    pub(super) fn copied(&self) -> &[u8] {
        &self.out
    }

    #[inline]
    pub(super) fn is_open(&self) -> bool {
        self.is_open
    }

    #[inline]
    pub(super) fn open(&mut self) {
        self.is_open = true;
    }

    #[inline]
    pub(super) fn close(&mut self, at: usize) {
        self.is_open = false;
        self.to = at;
    }

    /// Whether a token at this place continues the run.
    #[inline]
    pub(super) fn joins(&self, from: usize) -> bool {
        self.to == from
    }

    /// Extends the run up to this place.
    #[inline]
    pub(super) fn reach(&mut self, to: usize) {
        self.to = to;
    }

    /// Begins a new run. The run before was copied.
    #[inline]
    pub(super) fn restart(&mut self, at: usize) {
        (self.from, self.to) = (at, at);
    }

    /// Copies the run.
    pub(super) fn settle(&mut self, buffer: &[u8]) -> Result<(), TooLarge> {
        if self.is_over {
            self.from = self.to;
            return Ok(());
        }
        let run = &buffer[self.from..self.to];
        let room = self.limit.saturating_sub(self.out.len());
        if run.len() > room {
            return Err(TooLarge { at: self.from + room, reason: self.reason });
        }
        self.out.extend_from_slice(run);
        self.from = self.to;
        Ok(())
    }

    /// Keeps bytes that are not in the buffer. The run before was copied.
    pub(super) fn append(&mut self, text: &[u8]) -> Result<(), &'static str> {
        if self.is_over {
            return Ok(());
        }
        if self.out.len() + text.len() > self.limit {
            return Err(self.reason);
        }
        self.out.extend_from_slice(text);
        Ok(())
    }

    /// Keeps nothing more, because the object cannot be used.
    pub(super) fn give_up(&mut self) {
        self.is_over = true;
        self.from = self.to;
    }
}
