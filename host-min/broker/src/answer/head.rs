//! A response whose head has arrived, and an answer that has to be sent for again.

use super::context::Context;
use super::exchange::Exchange;
use super::failed::Failed;
use crate::fetch::{Reply, Ticket};
use crate::refusal::{self, ServerStatus};
use std::time::Instant;
use wagather_kube::Response;

/// The head of a response. The body was not read yet.
pub(super) struct Head {
    pub(super) response: Response,
    /// How often the request was sent in vain, in words, or empty.
    tried: String,
    /// When the answer must have ended.
    pub(super) until: Instant,
    /// How often the answer broke off before.
    pub(super) cuts: u32,
}

impl Head {
    /// Waits for the head. `cuts` is how often the answer broke off before.
    pub(super) fn receive(
        mut ticket: Ticket,
        cuts: u32,
        exchange: &mut Exchange,
        cx: &mut Context<'_>,
    ) -> Result<Head, Failed> {
        // While the server has the request.
        cx.redactor.prepare();
        loop {
            let Reply { answer, tried, until } = ticket.wait();
            match answer {
                // The server has no such list in a namespace, so the resource may be cluster-scoped.
                Ok(Response { status: 404, .. }) if exchange.may_be_widened() => {
                    exchange.widen();
                    ticket = cx.send(&exchange.asked, exchange.asked.path_and_query())?;
                }
                Ok(response) => {
                    exchange.http_status = Some(response.status);
                    return Ok(Head { response, tried, until, cuts });
                }
                Err(no_answer) => return Err(Failed::no_answer(&no_answer)),
            }
        }
    }

    pub(super) const fn http_status(&self) -> u16 {
        self.response.status
    }

    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.http_status())
    }

    /// Why the answer fails, if it is not a success: the server's own reason.
    pub(super) fn refusal(self, exchange: &Exchange, cx: &mut Context<'_>) -> Failed {
        let Head { response, tried, .. } = self;
        let code = response.status;
        let message = ServerStatus::read(response, cx.tally).message;
        Failed::http(code, &refusal::text(code, &message), exchange.advice(code)).tried(&tried)
    }
}

/// An object or a raw body that broke off before any of it was given. Its head was a success.
pub(super) struct Broken {
    pub(super) failed: Failed,
    /// How often it broke off before.
    pub(super) cuts: u32,
    /// When the answer had to end.
    pub(super) until: Instant,
}

impl Broken {
    /// Sends for it again, and waits for the head, which must be a success again.
    pub(super) fn send_again(self, exchange: &mut Exchange, cx: &mut Context<'_>) -> Result<Head, Failed> {
        let Broken { failed, cuts, until } = self;
        let (asked, cuts) = (&exchange.asked, cuts + 1);
        // Nothing was given, so the time did not pass with progress.
        if !failed.may_be_sent_again(asked.deadline, until, false, cx.is_replay()) {
            return Err(failed.after_tries(cuts));
        }
        let ticket = match cx.send_again(asked, asked.path_and_query(), cuts) {
            Ok(ticket) => ticket,
            Err(gave_up) => return Err(failed.tried(&gave_up.text(cuts))),
        };
        let head = Head::receive(ticket, cuts, exchange, cx)?;
        if head.is_success() { Ok(head) } else { Err(head.refusal(exchange, cx)) }
    }
}
