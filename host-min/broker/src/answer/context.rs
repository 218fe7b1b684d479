//! What a call on an answer works with.

use super::asked::Asked;
use super::failed::Failed;
use super::finder::Finder;
use crate::fetch::{Fetcher, GaveUp, Ticket};
use crate::tally::Tally;
use std::sync::Arc;
use wagather_json::redact::Redactor;

/// The tally, the fetcher and the redactor of a gatherer, during one call.
pub(crate) struct Context<'a> {
    pub(crate) tally: &'a mut Tally,
    pub(crate) fetcher: &'a Fetcher,
    pub(crate) redactor: &'a Arc<Redactor>,
    /// What finds resources that requests do not name.
    pub(crate) finder: Option<Finder<'a>>,
}

#[cfg(test)]
impl<'a> Context<'a> {
    /// For requests that name their resources.
    pub(crate) const fn new(
        tally: &'a mut Tally,
        fetcher: &'a Fetcher,
        redactor: &'a Arc<Redactor>,
    ) -> Context<'a> {
        Context { tally, fetcher, redactor, finder: None }
    }
}

impl Context<'_> {
    /// Whether the responses come from a recording.
    pub(super) fn is_replay(&self) -> bool {
        self.fetcher.source().is_recording()
    }

    /// Sends one more request, if the budget allows.
    pub(super) fn send(&mut self, asked: &Asked, path_and_query: String) -> Result<Ticket, Failed> {
        self.tally.count_request()?;
        self.tally.gaps.request(asked.resource, asked.place());
        Ok(self.fetcher.send(asked.order(path_and_query, self.tally)))
    }

    /// Sends a request again whose answer broke off.
    ///
    /// # Errors
    /// Why it is not sent again.
    pub(super) fn send_again(
        &mut self,
        asked: &Asked,
        path_and_query: String,
        cuts: u32,
    ) -> Result<Ticket, GaveUp> {
        let ticket = self.fetcher.send_again(asked.order(path_and_query, self.tally), cuts);
        self.tally.count_requests();
        self.tally.gaps.request(asked.resource, asked.place());
        ticket
    }
}
