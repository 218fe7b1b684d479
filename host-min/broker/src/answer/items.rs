//! The items of a list, in the state in which the guest takes them.

use super::asked::Asked;
use super::context::Context;
use super::exchange::Exchange;
use super::failed::Failed;
use super::head::Head;
use super::list::invalid::record_missing;
use super::list::{Item, List};
use super::{Mode, State};

/// A list that is being read.
pub(super) struct Items {
    list: List,
    pub(super) mode: Mode,
    /// The item that comes next, if it was read already.
    next: Option<Item>,
}

impl Items {
    /// A list whose first page has arrived.
    pub(super) fn new(head: Head, mode: Mode, asked: &Asked) -> Items {
        Items { list: List::new(head.response, head.until, asked), mode, next: None }
    }

    /// How many items of this list the guest was given.
    pub(super) const fn given(&self) -> u32 {
        self.list.given()
    }

    /// Whether there is a next item. Reads it.
    pub(super) fn has_next(&mut self, exchange: &mut Exchange, cx: &mut Context<'_>) -> Result<bool, Failed> {
        if self.next.is_some() {
            return Ok(true);
        }
        self.next = self.list.next(&exchange.asked, cx)?;
        if exchange.asked.is_typed {
            self.next = self.next.take().map(Item::typed);
        }
        if self.next.is_none() {
            return Ok(false);
        }
        if let Exchange { asked, namespaces: Some(namespaces), .. } = exchange
            && self.list.is_last_page()
        {
            namespaces.prefetch(asked, cx)?;
        }
        Ok(true)
    }

    /// The bytes of the next item.
    pub(super) fn peek(&self) -> Option<&Vec<u8>> {
        self.next.as_ref().map(|item| &item.bytes)
    }

    /// Takes the next item.
    pub(super) fn take(&mut self) -> Option<Item> {
        self.next.take()
    }

    /// Leaves the list after its last item: for the next namespace, or for the end.
    pub(super) fn finish(self, exchange: &mut Exchange, cx: &mut Context<'_>) -> Result<State, Failed> {
        let (given, mode) = (self.list.given(), self.mode);
        let Asked { request, used, .. } = &exchange.asked;
        if request.limit == 0 || given < request.limit {
            let (used, namespace) = (*used, request.namespace.clone());
            cx.tally.when_taken(move |tally| tally.uses.listed(used, &namespace));
            record_missing(&exchange.asked, cx);
        }
        let (resource, namespace) = (exchange.asked.resource, exchange.asked.place().to_owned());
        cx.tally.when_taken(move |tally| tally.gaps.read_in(resource, &namespace, given, true));
        if let Exchange { asked, namespaces: Some(namespaces), .. } = exchange {
            namespaces.set_read(mode);
            if let Some(ticket) = namespaces.next(asked, given, cx)? {
                return Ok(State::sent(ticket));
            }
        }
        exchange.complete(cx.tally);
        Ok(State::Done(mode))
    }
}
