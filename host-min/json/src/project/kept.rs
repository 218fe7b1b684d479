//! What is kept of a body: copied runs of it, and the run that is not copied yet.
//!
//! A run is a range of the scanner's buffer. Kept tokens that are neighbours join into one, which is copied when something
//! between is skipped or the buffer is used up: few large copies instead of many small ones.

/// What is kept so far.
#[derive(Default)]
pub(super) struct Kept {
    out: Vec<u8>,
    /// The run that is not copied yet.
    from: usize,
    to: usize,
    /// Whether all that the scanner walks over belongs to the run, so that it ends where the scanner is.
    is_open: bool,
    /// How long `out` may become, and what to say if that is not enough.
    limit: usize,
    reason: &'static str,
    /// Whether it was not enough: nothing more is kept then.
    is_over: bool,
}

/// What was kept is above its limit.
pub(super) struct TooLarge {
    /// The place in the buffer of the first byte above it.
    pub(super) at: usize,
    /// Which limit it was.
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
    /// Takes what is kept from now on to the end of `out`, until [`Kept::end`].
    pub(super) fn begin(&mut self, out: &mut Vec<u8>, limit: usize, reason: &'static str) {
        std::mem::swap(&mut self.out, out);
        (self.limit, self.reason, self.is_open, self.is_over) = (limit, reason, false, false);
        self.restart(0);
    }

    pub(super) fn end(&mut self, out: &mut Vec<u8>) {
        std::mem::swap(&mut self.out, out);
    }

    /// Opens a run that is kept for itself, up to a limit. Nothing else may be waiting.
    pub(super) fn begin_limited(&mut self, at: usize, limit: usize, reason: &'static str) -> Before {
        let Kept { limit: limit_before, reason: reason_before, is_open, is_over, .. } = *self;
        let before =
            Before { len: self.out.len(), limit: limit_before, reason: reason_before, is_open, is_over };
        (self.limit, self.reason, self.is_over) = (before.len + limit, reason, false);
        self.restart(at);
        self.open();
        before
    }

    /// Moves it to `to`, and goes on as before. Whether it is whole.
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

    /// Whether what begins there goes on with the run.
    #[inline]
    pub(super) fn joins(&self, from: usize) -> bool {
        self.to == from
    }

    /// The run ends there, so far.
    #[inline]
    pub(super) fn reach(&mut self, to: usize) {
        self.to = to;
    }

    /// A new run begins; the one before was copied.
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

    /// Keeps what is not in the buffer; the run before was copied.
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

    /// Keeps nothing more: what there is cannot be used as a whole.
    pub(super) fn give_up(&mut self) {
        self.is_over = true;
        self.from = self.to;
    }
}
