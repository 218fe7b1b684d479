//! A request on its way, and what its head means for a list that is read namespace by namespace.

use super::State;
use super::context::Context;
use super::exchange::Exchange;
use super::failed::Failed;
use super::head::Head;
use crate::fetch::Ticket;
use crate::gaps::{Consumed, Impact, impact_of};
use wagather_abi::Status;

/// A request that was sent. Its head has not arrived.
pub(super) struct Sent {
    ticket: Ticket,
}

impl Sent {
    pub(super) const fn new(ticket: Ticket) -> Sent {
        Sent { ticket }
    }

    /// Waits for a head that can be read. For a list that is read namespace by namespace, namespaces that refuse are skipped, and the end
    /// can come without one.
    pub(super) fn receive(self, exchange: &mut Exchange, cx: &mut Context<'_>) -> Result<State, Failed> {
        let mut sent = self;
        loop {
            let head = Head::receive(sent.ticket, 0, exchange, cx)?;
            if head.http_status() == 403
                && let Some(ticket) = exchange.ask_in_namespaces(cx)?
            {
                sent = Sent::new(ticket);
                continue;
            }
            if exchange.asked.is_typed && exchange.namespaces.is_none() {
                cx.tally.record_list(exchange.asked.describe(), head.http_status());
            }
            match in_namespace(head, exchange, cx)? {
                State::Sent(next) => sent = next,
                state => return Ok(state),
            }
        }
    }
}

/// What a head means if it is of one namespace among several. It can be read, or it is a refusal and the list goes on with the next
/// namespace. After the last one, the list is done or refused.
fn in_namespace(head: Head, exchange: &mut Exchange, cx: &mut Context<'_>) -> Result<State, Failed> {
    let Exchange { asked, namespaces: Some(namespaces), .. } = exchange else { return Ok(State::Head(head)) };
    let code = head.http_status();
    cx.tally.record_list(asked.describe(), code);
    let impact = impact_of(&asked.request, Status::http(code), Consumed::Not);
    if head.is_success() || impact == Impact::Broken {
        namespaces.answered(asked, code, cx.tally);
        return Ok(State::Head(head));
    }
    if namespaces.is_last() && namespaces.is_absent_so_far() {
        // No namespace has it, or only this one refuses for another reason. That is the answer for the whole list.
        if code != 404 {
            namespaces.record_refused(asked, cx.tally);
        }
        return Ok(State::Head(head));
    }
    namespaces.refuse(asked, head.response, cx);
    if !namespaces.is_last() {
        let next = namespaces.next(asked, 0, cx)?;
        return Ok(next.map_or(State::Failed(Status::BAD_ANSWER), State::sent));
    }
    let (mode, http_status) = namespaces.finish_refused(asked, cx.tally)?;
    exchange.http_status = http_status;
    exchange.complete(cx.tally);
    Ok(State::Done(mode))
}
