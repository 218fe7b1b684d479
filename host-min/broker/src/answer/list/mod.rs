//! A list over all of its pages: the guest sees one list, and the server gets one request per page.
//!
//! Memory holds one item and the buffer of one page's stream. The next page is requested as soon as its continue token is known and its size
//! can be estimated, so it is on its way while the current page is consumed. A page whose response breaks off is requested again, and the list goes on
//! after the items that were given. docs/paging.md has the guarantees.

pub(super) mod invalid;
mod order;
mod page;
mod seen;
#[cfg(test)]
mod tests;

use super::asked::Asked;
use super::context::Context;
use super::failed::{BEYOND_WILDCARDS, Failed};
use super::page_size::PageSizes;
use crate::fetch::{Reply, Ticket};
use crate::held::Hold;
use crate::refusal::{self, ServerStatus, advice};
use order::{Order, Place, key_of};
use page::{Next, Page, PageItem, success};
use seen::Seen;
use std::time::Instant;
use wagather_abi::Status;
use wagather_json::project::Identity;
use wagather_json::project::list::PageMeta;
use wagather_json::redact::Holder;
use wagather_kube::Response;
use wagather_policy::grant::Escalating;
use wagather_policy::rights::describe;

/// A list that is being read.
pub(super) struct List {
    page: Page,
    next_page: Option<NextPage>,
    sizes: PageSizes,
    order: Order,
    seen: Seen,
    /// How many items were read.
    read: u64,
    /// How many items were given.
    given: u32,
    /// How many items were requested, the current page included.
    asked: u32,
    /// How many responses broke off since the last item, and the error of the newest.
    cuts: u32,
    cut: String,
    /// Whether its parts show different moments.
    inconsistent: bool,
    /// Whether items repeat because a page was requested again, rather than because they moved.
    rereads: bool,
}

/// A page that is on its way.
struct NextPage {
    token: String,
    items: u32,
    ticket: Ticket,
}

/// An item as the guest may see it.
pub(super) struct Item {
    pub(super) bytes: Vec<u8>,
    pub(super) identity: Identity,
    /// The keys `apiVersion` and `kind`, if the item lacks them. Lists of built-in types give them once, for all items.
    pub(super) missing_type: String,
    /// Its share of the broker's memory, which dropping it gives back.
    hold: Hold,
}

/// What to do with an item.
enum Fate {
    Give,
    Drop,
}

const CUT: &str = "a response broke off, and the server could only continue with an older state of the list";
const EXPIRED: &str = "reading the list took longer than the server keeps old states";
const NO_ORDER: &str = "its parts show different moments, and its items are not sorted, so host-min cannot tell which were already read";

impl List {
    /// A list whose first page has arrived.
    pub(super) fn new(first: Response, until: Instant, asked: &Asked) -> List {
        let items = asked.first_page_items();
        List {
            page: Page::new(first, until, items, String::new()),
            next_page: None,
            sizes: PageSizes::new(asked.chunk_items),
            order: Order::default(),
            seen: Seen::default(),
            read: 0,
            given: 0,
            asked: items,
            cuts: 0,
            cut: String::new(),
            inconsistent: false,
            rereads: false,
        }
    }

    /// How many items were given so far.
    pub(super) const fn given(&self) -> u32 {
        self.given
    }

    /// Whether the current page is the last one, as far as it has said yet.
    pub(super) fn is_last_page(&self) -> bool {
        self.next_page.is_none() && self.page.meta().next.is_empty()
    }

    /// The next item, or `None` after the last.
    pub(super) fn next(&mut self, asked: &Asked, cx: &mut Context<'_>) -> Result<Option<Item>, Failed> {
        let mut bytes = Vec::new();
        if asked.is_elsewhere {
            return Ok(None);
        }
        loop {
            if asked.request.limit != 0 && self.given >= asked.request.limit {
                return Ok(None);
            }
            let next = self.page.next(&asked.allowed.mask, &mut bytes, self.order.holds());
            let received = cx.tally.count_received(self.page.received());
            if self.page.take_inconsistency() {
                // The next page starts after the last item of this response.
                self.next_page = None;
                self.mark_inconsistent(CUT, asked, cx);
            }
            let taken = match next {
                Next::Item(taken) => taken,
                Next::OtherState(item) => {
                    self.resume_by_key(asked, cx);
                    match item {
                        Some(item) => item,
                        None => continue,
                    }
                }
                Next::End => {
                    received?;
                    match self.take_next_page(asked, cx)? {
                        Some(next) => self.turn_page(next, asked, cx)?,
                        None => return Ok(None),
                    }
                    continue;
                }
                Next::Error(error) => {
                    let failed = self.page.failed(&error);
                    // If the budget for bytes is used up, the page is not requested again.
                    received?;
                    self.resume(failed, asked, cx)?;
                    continue;
                }
                Next::Mismatch(why) => {
                    let why = format!("{}; requested again, {why}", self.cut);
                    return Err(Failed::bad_answer(&why, "run again"));
                }
            };
            received?;
            let PageItem { identity, bytes: item_bytes, odd } = taken;
            if self.page.read() == 1 && !self.inconsistent {
                self.seen.check_first_key(&key_of(&identity))?;
            }
            if let Fate::Drop = self.fate_of(&identity, cx)? {
                continue;
            }
            self.read += 1;
            self.cuts = 0;
            self.sizes.read(item_bytes);
            self.prefetch_page(asked, cx)?;
            let scope = &asked.allowed.scope;
            if scope.is_elsewhere(&identity.namespace, &identity.name)
                || scope.is_unwanted(&identity.namespace, &identity.name)
            {
                continue;
            }
            cx.tally.record_read(asked.used, &identity.namespace, &identity.name);
            if !asked.allowed.scope.covers(&identity.namespace, &identity.name) {
                cx.tally.count_withheld(asked.used);
                continue;
            }
            let holder = asked.subject().holder_of_item(&self.page.meta().kind, &identity.kind);
            if asked.allowed.by_wildcard
                && is_beyond_wildcards(holder, &self.page.meta().kind, &identity.kind)
            {
                return Err(Failed::new(Status::DENIED, BEYOND_WILDCARDS, ""));
            }
            if holder.is_token(&identity.name) {
                invalid::skip_named_by_token(self.read, asked, cx);
                continue;
            }
            if let Some(invalid) = invalid::check(&identity, odd, &bytes) {
                invalid.skip(&identity, self.read, asked, cx);
                continue;
            }
            let mut identity = identity;
            cx.tally.admit_item(asked.resource)?;
            cx.tally.record_shown(asked.used, self.page.hidden());
            let missing_type = complete_type(&mut identity, self.page.meta());
            cx.redactor.object(&mut bytes, holder, &mut cx.tally.redacted);
            self.given += 1;
            let hold = cx.tally.hold(bytes.capacity())?;
            return Ok(Some(Item { bytes, identity, missing_type, hold }));
        }
    }

    /// Whether to give an item, or to drop it because it was given before.
    fn fate_of(&mut self, identity: &Identity, cx: &mut Context<'_>) -> Result<Fate, Failed> {
        match self.order.read(&key_of(identity)) {
            Place::New => {
                self.rereads = false;
                Ok(Fate::Give)
            }
            Place::Given => {
                cx.tally.duplicates += u64::from(!self.rereads);
                Ok(Fate::Drop)
            }
            Place::Unknown => Err(Failed::bad_answer(NO_ORDER, "run again")),
        }
    }

    /// Records that the rest of the list shows another moment than the items that were given.
    fn mark_inconsistent(&mut self, why: &str, asked: &Asked, cx: &mut Context<'_>) {
        if !std::mem::replace(&mut self.inconsistent, true) {
            cx.tally.inconsistent_lists += 1;
            cx.tally.warn(format!("{}: {why}; its parts show different moments", describe(&asked.request)));
        }
    }

    /// The page that was requested again shows another moment. Items that were given are recognized by their keys.
    fn resume_by_key(&mut self, asked: &Asked, cx: &mut Context<'_>) {
        self.order.resume();
        // The next page starts after the last item of this response.
        self.next_page = None;
        self.rereads = true;
        self.asked = self.given.saturating_add(self.page.items);
        self.mark_inconsistent(CUT, asked, cx);
    }

    /// Requests the next page, if there will certainly be one. Items that the current page may still bring count towards the limit.
    fn prefetch_page(&mut self, asked: &Asked, cx: &mut Context<'_>) -> Result<(), Failed> {
        let more = asked.request.limit == 0 || self.asked < asked.request.limit;
        if more
            && self.next_page.is_none()
            && !self.page.meta().next.is_empty()
            && (self.sizes.is_known() || self.page.read() >= self.page.items)
        {
            self.start_next_page(self.asked, asked, cx)?;
        }
        Ok(())
    }

    /// The next page, after the last item of the current one. A page may have fewer items than were requested.
    fn take_next_page(&mut self, asked: &Asked, cx: &mut Context<'_>) -> Result<Option<NextPage>, Failed> {
        if self.next_page.is_none() && !self.page.meta().next.is_empty() {
            self.start_next_page(self.given, asked, cx)?;
        }
        Ok(self.next_page.take())
    }

    fn start_next_page(&mut self, after: u32, asked: &Asked, cx: &mut Context<'_>) -> Result<(), Failed> {
        let token = self.page.meta().next.clone();
        self.seen.check_token(&token, &self.page.token)?;
        let items = asked.request.page_items(after, self.sizes.next());
        self.asked = after.saturating_add(items);
        let ticket = cx.send(asked, asked.request.page(items, &token))?;
        self.next_page = Some(NextPage { token, items, ticket });
        Ok(())
    }

    /// Continues with the next page.
    fn turn_page(&mut self, next: NextPage, asked: &Asked, cx: &mut Context<'_>) -> Result<(), Failed> {
        let NextPage { token, items, ticket } = next;
        self.seen.add_token(&token);
        match success(ticket.wait()) {
            Ok((response, until)) => self.page = Page::new(response, until, items, token),
            Err(reply) => {
                let (response, until, token) = request_at_new_state(reply, items, asked, cx)?;
                self.page = Page::new(response, until, items, token);
                self.page.pinned = false;
                self.resume_at_new_state(asked, cx);
            }
        }
        Ok(())
    }

    /// The current page and those after it show another moment. They start at the key in the token, which follows the items that were given
    /// if the server is right.
    fn resume_at_new_state(&mut self, asked: &Asked, cx: &mut Context<'_>) {
        self.order.resume();
        self.rereads = false;
        self.mark_inconsistent(EXPIRED, asked, cx);
    }

    /// Requests the current page again, after its response broke off.
    fn resume(&mut self, failed: Failed, asked: &Asked, cx: &mut Context<'_>) -> Result<(), Failed> {
        // A prefetched page may have spent its time waiting for the guest.
        let prefetched = asked.is_prefetched || !self.page.token.is_empty();
        let progressed = self.cuts == 0 && (self.page.read() > 0 || prefetched);
        self.cuts += 1;
        self.cut.clone_from(&failed.why);
        if !failed.may_be_sent_again(asked.deadline, self.page.until, progressed, cx.is_replay()) {
            return Err(failed.after_tries(self.cuts));
        }
        let request = &asked.request;
        let items = self.page.items;
        let exact = self.page.token.is_empty() && self.page.read() > 0 && !self.page.version().is_empty();
        let path = match exact {
            true => request.page_of_version(items, self.page.version()),
            false => request.page(items, &self.page.token),
        };
        let ticket = cx
            .send_again(asked, path, self.cuts)
            .map_err(|gave_up| failed.tried(&gave_up.text(self.cuts)))?;
        let reply = ticket.wait();
        let (response, until, pinned) = match success(reply) {
            Ok((response, until)) => {
                let pinned = exact || (self.page.pinned && !self.page.token.is_empty());
                (response, until, pinned)
            }
            // The server no longer has that state, or does not support the request for it.
            Err(Reply { answer: Ok(response), .. }) if exact && matches!(response.status, 400 | 410) => {
                let reply = cx.send(asked, request.page(items, ""))?.wait();
                let (response, until) = success(reply).map_err(|reply| refused(reply, cx))?;
                (response, until, false)
            }
            Err(reply) if self.page.token.is_empty() => return Err(refused(reply, cx)),
            Err(reply) => {
                let (response, until, token) = request_at_new_state(reply, items, asked, cx)?;
                self.page.token = token;
                if self.page.read() == 0 {
                    self.resume_at_new_state(asked, cx);
                }
                (response, until, false)
            }
        };
        self.page.resume(response, until, pinned);
        Ok(())
    }
}

/// Whether no wildcard of a manifest covers an item, whatever the resource is called.
fn is_beyond_wildcards(holder: Holder, list_kind: &str, kind: &str) -> bool {
    holder != Holder::Other || [list_kind, kind].into_iter().any(|kind| Escalating::of_kind(kind).is_some())
}

/// Requests the rest of a list whose continue token expired. The server sends a new token, for the same part of the list in its current state.
fn request_at_new_state(
    reply: Reply,
    items: u32,
    asked: &Asked,
    cx: &mut Context<'_>,
) -> Result<(Response, Instant, String), Failed> {
    let expired = match reply.answer {
        Ok(response) if response.status == 410 => response,
        answer => return Err(refused(Reply { answer, ..reply }, cx)),
    };
    let fresh = ServerStatus::read(expired, cx.tally).fresh_token;
    if fresh.is_empty() {
        let why = "the list's continue token expired, and the server sent no new one";
        return Err(Failed::http(410, why, advice(410)));
    }
    let reply = cx.send(asked, asked.request.page(items, &fresh))?.wait();
    let (response, until) = success(reply).map_err(|reply| refused(reply, cx))?;
    Ok((response, until, fresh))
}

/// Why a page did not arrive.
fn refused(reply: Reply, cx: &mut Context<'_>) -> Failed {
    match reply.answer {
        Err(no_answer) => Failed::no_answer(&no_answer),
        Ok(response) => {
            let code = response.status;
            let message = ServerStatus::read(response, cx.tally).message;
            Failed::http(code, &refusal::text(code, &message), advice(code)).tried(&reply.tried)
        }
    }
}

/// Completes an item's type from its list. Returns the keys that the item lacks.
fn complete_type(identity: &mut Identity, page: &PageMeta) -> String {
    let mut missing = String::new();
    let kind = page.kind.strip_suffix("List").unwrap_or_default();
    for (key, said, listed) in
        [("apiVersion", &mut identity.api_version, &*page.api_version), ("kind", &mut identity.kind, kind)]
    {
        if said.is_empty() && !listed.is_empty() {
            missing.push_str(&format!("{}:{},", quoted(key), quoted(listed)));
            listed.clone_into(said);
        }
    }
    missing
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

impl Item {
    /// The item, completed with the keys of its type.
    pub(super) fn typed(self) -> Item {
        if self.missing_type.is_empty() {
            return self;
        }
        let Item { bytes, identity, missing_type, hold } = self;
        let (bytes, identity) = Item::complete(bytes, identity, &missing_type);
        Item { bytes, identity, missing_type: String::new(), hold }
    }

    /// Its text, completed with the keys of its type.
    pub(super) fn with_type(self) -> (Vec<u8>, Identity) {
        let Item { bytes, identity, missing_type, .. } = self;
        Item::complete(bytes, identity, &missing_type)
    }

    fn complete(bytes: Vec<u8>, identity: Identity, missing: &str) -> (Vec<u8>, Identity) {
        if missing.is_empty() || bytes.len() < 2 {
            return (bytes, identity);
        }
        let missing = if bytes.len() == 2 { missing.trim_end_matches(',') } else { missing };
        let mut whole = Vec::with_capacity(bytes.len() + missing.len());
        whole.push(b'{');
        whole.extend_from_slice(missing.as_bytes());
        whole.extend_from_slice(&bytes[1..]);
        (whole, identity)
    }
}
