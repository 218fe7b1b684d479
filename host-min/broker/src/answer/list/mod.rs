//! A list over all of its pages: the guest sees one list, the server is asked page by page.
//!
//! Memory holds one item and the buffer of one page's stream. The next page is asked for as soon as its token and what its items
//! may weigh are known, so it is on its way while this one is consumed. A page whose answer breaks off is asked for again and goes on after
//! the items that were given. docs/paging.md says what is promised of it.

pub(super) mod odd;
mod order;
mod page;
mod seen;
pub(super) mod size;
#[cfg(test)]
mod tests;

use super::{Asked, Failed, Means};
use crate::fetch::{Reply, Ticket};
use crate::held::Hold;
use crate::refusal::{self, ServerStatus, advice};
use order::{Order, Place, key_of};
use page::{Next, Page, Taken, success};
use seen::Seen;
use size::PageSizes;
use std::time::Instant;
use wagather_json::project::Identity;
use wagather_json::project::list::PageMeta;
use wagather_kube::Response;
use wagather_policy::rights::describe;

/// A list, from its first page on.
pub(super) struct List {
    page: Page,
    next_page: Option<NextPage>,
    sizes: PageSizes,
    order: Order,
    seen: Seen,
    /// Items that were read, in the order of the list.
    read: u64,
    /// Items that were given.
    given: u32,
    /// Items that were asked for, this page's included.
    asked: u32,
    /// How often an answer broke off since the last item, and how the last one did.
    cuts: u32,
    cut: String,
    /// Whether its parts are of different times.
    inconsistent: bool,
    /// Whether what was given comes again because it was asked for again, and not because it moved.
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
    /// The keys that say its type, if it does not: items of built-in types leave that to the list.
    pub(super) missing_type: String,
    /// Its room in the broker's memory.
    #[expect(dead_code, reason = "what it does is to be dropped")]
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

    /// Whether no page comes after the one that is read, as far as it has said so.
    pub(super) fn is_last_page(&self) -> bool {
        self.next_page.is_none() && self.page.meta().next.is_empty()
    }

    /// The next item, or `None` after the last.
    pub(super) fn next(&mut self, asked: &Asked, means: &mut Means<'_>) -> Result<Option<Item>, Failed> {
        let mut bytes = Vec::new();
        loop {
            if asked.request.limit != 0 && self.given >= asked.request.limit {
                return Ok(None);
            }
            let next = self.page.next(&asked.allowed.mask, &mut bytes, self.order.holds());
            let received = means.tally.received(self.page.received());
            if self.page.take_doubt() {
                // The next page is after this answer's last item.
                self.next_page = None;
                self.is_of_another_time(CUT, asked, means);
            }
            let taken = match next {
                Next::Item(taken) => taken,
                Next::AnotherTime(item) => {
                    self.goes_on_by_key(asked, means);
                    match item {
                        Some(item) => item,
                        None => continue,
                    }
                }
                Next::End => {
                    received?;
                    match self.take_next_page(asked, means)? {
                        Some(next) => self.turn(next, asked, means)?,
                        None => return Ok(None),
                    }
                    continue;
                }
                Next::Error(error) => {
                    let failed = self.page.failed(&error);
                    // Bytes that may not be received any more are not asked for again.
                    received?;
                    self.resume(failed, asked, means)?;
                    continue;
                }
                Next::Wrong(why) => {
                    let why = format!("{}; requested again, {why}", self.cut);
                    return Err(Failed::bad_answer(&why, "run again"));
                }
            };
            received?;
            let Taken { identity, bytes: item_bytes, odd } = taken;
            if self.page.read() == 1 && !self.inconsistent {
                self.seen.begins_with(&key_of(&identity))?;
            }
            if let Fate::Drop = self.place(&identity, means)? {
                continue;
            }
            self.read += 1;
            self.cuts = 0;
            self.sizes.read(item_bytes);
            self.look_ahead(asked, means)?;
            means.tally.read(asked.used, &identity.namespace, &identity.name);
            if !asked.allowed.scope.covers(&identity.namespace, &identity.name) {
                means.tally.withhold(asked.used);
                continue;
            }
            let holder = asked.subject().holder_of_item(&self.page.meta().kind, &identity.kind);
            if holder.is_token(&identity.name) {
                odd::named_by_token(self.read, asked, means);
                continue;
            }
            if let Some(odd) = odd::of(&identity, odd, &bytes) {
                odd.skip(&identity, self.read, asked, means);
                continue;
            }
            let mut identity = identity;
            means.tally.item(asked.resource)?;
            means.tally.shows(asked.used, self.page.hidden());
            let missing_type = complete_type(&mut identity, self.page.meta());
            means.redactor.object(&mut bytes, holder, &mut means.tally.redacted);
            self.given += 1;
            let hold = means.tally.hold(bytes.capacity())?;
            return Ok(Some(Item { bytes, identity, missing_type, hold }));
        }
    }

    /// Whether an item is one that was given before.
    fn place(&mut self, identity: &Identity, means: &mut Means<'_>) -> Result<Fate, Failed> {
        match self.order.read(&key_of(identity)) {
            Place::New => {
                self.rereads = false;
                Ok(Fate::Give)
            }
            Place::Given => {
                means.tally.duplicates += u64::from(!self.rereads);
                Ok(Fate::Drop)
            }
            Place::Unknown => Err(Failed::bad_answer(NO_ORDER, "run again")),
        }
    }

    /// From here on the list is of another time than what was given of it.
    fn is_of_another_time(&mut self, why: &str, asked: &Asked, means: &mut Means<'_>) {
        if !std::mem::replace(&mut self.inconsistent, true) {
            means.tally.inconsistent_lists += 1;
            means
                .tally
                .warn(format!("{}: {why}; its parts show different moments", describe(&asked.request)));
        }
    }

    /// The page that was asked for again is of another time: what was given of the list is known by its keys.
    fn goes_on_by_key(&mut self, asked: &Asked, means: &mut Means<'_>) {
        self.order.resume();
        // The next page is after this answer's last item.
        self.next_page = None;
        self.rereads = true;
        self.asked = self.given.saturating_add(self.page.items);
        self.is_of_another_time(CUT, asked, means);
    }

    /// Asks for the next page, if there will be one for sure: items that this page may still bring are spoken for.
    fn look_ahead(&mut self, asked: &Asked, means: &mut Means<'_>) -> Result<(), Failed> {
        let more = asked.request.limit == 0 || self.asked < asked.request.limit;
        if more
            && self.next_page.is_none()
            && !self.page.meta().next.is_empty()
            && (self.sizes.is_known() || self.page.read() >= self.page.items)
        {
            self.start_next_page(self.asked, asked, means)?;
        }
        Ok(())
    }

    /// The next page, after the last item of this one. A page may have fewer items than were asked for.
    fn take_next_page(&mut self, asked: &Asked, means: &mut Means<'_>) -> Result<Option<NextPage>, Failed> {
        if self.next_page.is_none() && !self.page.meta().next.is_empty() {
            self.start_next_page(self.given, asked, means)?;
        }
        Ok(self.next_page.take())
    }

    fn start_next_page(&mut self, after: u32, asked: &Asked, means: &mut Means<'_>) -> Result<(), Failed> {
        let token = self.page.meta().next.clone();
        self.seen.may_ask_with(&token, &self.page.token)?;
        let items = asked.request.page_items(after, self.sizes.next());
        self.asked = after.saturating_add(items);
        let ticket = means.start(asked, asked.request.page(items, &token))?;
        self.next_page = Some(NextPage { token, items, ticket });
        Ok(())
    }

    /// Goes on with the next page.
    fn turn(&mut self, next: NextPage, asked: &Asked, means: &mut Means<'_>) -> Result<(), Failed> {
        let NextPage { token, items, ticket } = next;
        self.seen.asked_with(&token);
        match success(ticket.wait()) {
            Ok((response, until)) => self.page = Page::new(response, until, items, token),
            Err(reply) => {
                let (response, until, token) = go_on_afresh(reply, items, asked, means)?;
                self.page = Page::new(response, until, items, token);
                self.page.pinned = false;
                self.goes_on_afresh(asked, means);
            }
        }
        Ok(())
    }

    /// This page and what follows is of another time, from the key on that the token names: after what was given, as far as the
    /// server can be believed.
    fn goes_on_afresh(&mut self, asked: &Asked, means: &mut Means<'_>) {
        self.order.resume();
        self.rereads = false;
        self.is_of_another_time(EXPIRED, asked, means);
    }

    /// Asks for this page again, whose answer broke off.
    fn resume(&mut self, failed: Failed, asked: &Asked, means: &mut Means<'_>) -> Result<(), Failed> {
        // A page that was asked for ahead may have waited for the guest all of its time.
        let ahead = asked.is_ahead || !self.page.token.is_empty();
        let progressed = self.cuts == 0 && (self.page.read() > 0 || ahead);
        self.cuts += 1;
        self.cut.clone_from(&failed.why);
        if !failed.may_be_asked_again(asked, self.page.until, progressed, means) {
            return Err(failed.after_tries(self.cuts));
        }
        let request = &asked.request;
        let items = self.page.items;
        let exact = self.page.token.is_empty() && self.page.read() > 0 && !self.page.version().is_empty();
        let path = match exact {
            true => request.page_of_version(items, self.page.version()),
            false => request.page(items, &self.page.token),
        };
        let ticket = means.again(asked, path, self.cuts).map_err(|tried| failed.tried(&tried))?;
        let reply = ticket.wait();
        let (response, until, pinned) = match success(reply) {
            Ok((response, until)) => {
                let pinned = exact || (self.page.pinned && !self.page.token.is_empty());
                (response, until, pinned)
            }
            // The server has that state no more, or cannot give it.
            Err(Reply { answer: Ok(response), .. }) if exact && matches!(response.status, 400 | 410) => {
                let reply = means.start(asked, request.page(items, ""))?.wait();
                let (response, until) = success(reply).map_err(|reply| refused(reply, means))?;
                (response, until, false)
            }
            Err(reply) if self.page.token.is_empty() => return Err(refused(reply, means)),
            Err(reply) => {
                let (response, until, token) = go_on_afresh(reply, items, asked, means)?;
                self.page.token = token;
                if self.page.read() == 0 {
                    self.goes_on_afresh(asked, means);
                }
                (response, until, false)
            }
        };
        self.page.resume(response, until, pinned);
        Ok(())
    }
}

/// If a token is too old for the server, it gives a fresh one: for the same part of the list, as it is now.
fn go_on_afresh(
    reply: Reply,
    items: u32,
    asked: &Asked,
    means: &mut Means<'_>,
) -> Result<(Response, Instant, String), Failed> {
    let expired = match reply.answer {
        Ok(response) if response.status == 410 => response,
        answer => return Err(refused(Reply { answer, ..reply }, means)),
    };
    let fresh = ServerStatus::read(expired, means.tally).fresh_token;
    if fresh.is_empty() {
        let why = "the list's continue token expired, and the server sent no new one";
        return Err(Failed::http(410, why, advice(410)));
    }
    let reply = means.start(asked, asked.request.page(items, &fresh))?.wait();
    let (response, until) = success(reply).map_err(|reply| refused(reply, means))?;
    Ok((response, until, fresh))
}

/// Why a page did not come.
fn refused(reply: Reply, means: &mut Means<'_>) -> Failed {
    match reply.answer {
        Err(no_answer) => Failed::no_answer(&no_answer),
        Ok(response) => {
            let code = response.status;
            let message = ServerStatus::read(response, means.tally).message;
            Failed::http(code, &refusal::text(code, &message), advice(code)).tried(&reply.tried)
        }
    }
}

/// Takes from the list what its item does not say of its type; answers with the keys that are missing.
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
    /// Its text, with the keys that say its type.
    pub(super) fn with_type(self) -> (Vec<u8>, Identity) {
        let Item { bytes, identity, missing_type: missing, .. } = self;
        if missing.is_empty() || bytes.len() < 2 {
            return (bytes, identity);
        }
        let missing = if bytes.len() == 2 { missing.trim_end_matches(',') } else { &*missing };
        let mut whole = Vec::with_capacity(bytes.len() + missing.len());
        whole.push(b'{');
        whole.extend_from_slice(missing.as_bytes());
        whole.extend_from_slice(&bytes[1..]);
        (whole, identity)
    }
}
