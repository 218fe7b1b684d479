//! One object: read as a whole, then given as one item or in pieces.

use super::Mode;
use super::asked::Asked;
use super::context::Context;
use super::exchange::Exchange;
use super::failed::{BEYOND_WILDCARDS, Failed};
use super::head::{Broken, Head};
use crate::held::Hold;
use crate::refusal::{self, ServerStatus};
use wagather_abi::Status;
use wagather_json::project::{Identity, ObjectReader};
use wagather_json::redact::Holder;
use wagather_kube::Response;
use wagather_policy::grant::Escalating;

/// An object as the guest may see it.
pub(super) struct Object {
    pub(super) bytes: Vec<u8>,
    identity: Identity,
    /// How many bytes were given. `None` if the guest has taken nothing yet.
    given: Option<usize>,
    pub(super) mode: Mode,
    /// Its share of the broker's memory, while it needs any.
    hold: Option<Hold>,
}

/// Why an object is withheld whose name gives rights to whoever reads it.
pub(super) const NAMED_BY_TOKEN: &str = "its name is a token, not the hash of a token";

/// Reads an object: projected, redacted, and counted.
fn read(response: Response, mode: Mode, asked: &Asked, cx: &mut Context<'_>) -> Result<Object, Failed> {
    let content_type = response.content_type;
    let mut reader = ObjectReader::new(response.body);
    let mut bytes = Vec::new();
    let result = reader.read(&asked.allowed.mask, &mut bytes);
    let received = cx.tally.count_received(reader.bytes_read());
    let identity =
        result.map_err(|error| Failed::of_body(&error, reader.beginning(), content_type.as_deref()))?;
    received?;
    if identity.kind == "Status" && identity.api_version == "v1" {
        let ServerStatus { message, code, .. } = ServerStatus::parse(reader.beginning(), None);
        let (status, why) = ServerStatus::in_a_success(&message, code);
        return Err(Failed::new(status, &why, refusal::advice(code)));
    }
    let holder = asked.subject().holder(&identity.kind);
    let gives_rights = holder != Holder::Other || Escalating::of_kind(&identity.kind).is_some();
    if asked.allowed.by_wildcard && gives_rights {
        return Err(Failed::new(Status::DENIED, BEYOND_WILDCARDS, ""));
    }
    cx.tally.admit_item(asked.resource)?;
    cx.tally.record_read(asked.used, &identity.namespace, &identity.name);
    cx.tally.record_shown(asked.used, reader.hidden());
    if holder.is_token(&identity.name) {
        return Err(Failed::bad_answer(NAMED_BY_TOKEN, ""));
    }
    cx.redactor.object(&mut bytes, holder, &mut cx.tally.redacted);
    let hold = cx.tally.hold(bytes.capacity())?;
    Ok(Object { bytes, identity, given: None, mode, hold: Some(hold) })
}

impl Object {
    /// Reads the object of a success. If it breaks off, it is sent for again.
    pub(super) fn read_from(
        head: Head,
        mode: Mode,
        exchange: &mut Exchange,
        cx: &mut Context<'_>,
    ) -> Result<Object, Failed> {
        let mut head = head;
        loop {
            let Head { response, until, cuts, .. } = head;
            match read(response, mode, &exchange.asked, cx) {
                Ok(object) => {
                    exchange.complete(cx.tally);
                    return Ok(object);
                }
                Err(failed) => head = Broken { failed, cuts, until }.send_again(exchange, cx)?,
            }
        }
    }

    /// Whether the guest has taken nothing of it.
    pub(super) const fn is_untouched(&self) -> bool {
        self.given.is_none()
    }

    /// Whether the guest has taken all of it.
    pub(super) fn is_read(&self) -> bool {
        self.given.is_some_and(|given| given >= self.bytes.len())
    }

    /// Appends the next bytes to `out`, at most `cap`.
    pub(super) fn read(&mut self, cap: usize, out: &mut Vec<u8>) {
        let from = self.given.unwrap_or(0);
        let upto = self.bytes.len().min(from.saturating_add(cap));
        out.extend_from_slice(&self.bytes[from..upto]);
        self.given = Some(upto);
    }

    /// Takes it as one item.
    pub(super) fn take(&mut self) -> (Vec<u8>, Identity) {
        (self.given, self.hold) = (Some(0), None);
        (std::mem::take(&mut self.bytes), std::mem::take(&mut self.identity))
    }
}
