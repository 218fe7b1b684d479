//! A list over all of its pages: the guest sees one list, the server is asked page by page.
//!
//! Memory holds one item and the buffer of one page's stream. The next page is asked for as soon as its token is known, so
//! it is on its way while this one is consumed.

use super::{Asked, Failed, Means};
use crate::broker::fetch::Ticket;
use crate::broker::policy::describe;
use crate::broker::refusal::{self, ServerStatus, advice};
use crate::project::list::PageMeta;
use crate::project::{Identity, ListReader};
use crate::source::{Call, Response};

/// A list, from its first page on.
pub(super) struct List {
    page: ListReader,
    next_page: Option<(String, Ticket)>,
    /// Items that were given.
    given: u32,
    /// Items that were asked for, this page's included.
    asked: u32,
    counted_bytes: u64,
}

/// An item as the guest may see it.
pub(super) struct Item {
    pub(super) bytes: Vec<u8>,
    pub(super) identity: Identity,
    /// The keys that say its type, if it does not: items of built-in types leave that to the list.
    pub(super) missing_type: String,
}

impl List {
    /// A list whose first page has arrived.
    pub(super) fn new(first: Response, asked: &Asked) -> List {
        List {
            page: ListReader::new(first.body),
            next_page: None,
            given: 0,
            asked: asked.request.page_items(0),
            counted_bytes: 0,
        }
    }

    /// How many items were given so far.
    pub(super) const fn given(&self) -> u32 {
        self.given
    }

    /// The next item, or `None` after the last.
    pub(super) fn next(&mut self, asked: &Asked, means: &mut Means<'_>) -> Result<Option<Item>, Failed> {
        loop {
            if asked.request.limit != 0 && self.given >= asked.request.limit {
                return Ok(None);
            }
            let mut bytes = Vec::new();
            let result = self.page.next(&asked.allowed.mask, &mut bytes);
            let read = self.page.bytes_read();
            let received = means.tally.received(read - self.counted_bytes);
            self.counted_bytes = read;
            let identity = result.map_err(|error| Failed::project(&error))?;
            received?;
            if let Some(mut identity) = identity {
                self.look_ahead(asked, means)?;
                if !asked.allowed.scope.covers(&identity.namespace, &identity.name) {
                    means.tally.withheld += 1;
                    continue;
                }
                means.tally.item()?;
                let missing_type = complete_type(&mut identity, self.page.meta());
                means.redactor.object(&mut bytes, asked.is_secret(&identity), &mut means.tally.redacted);
                self.given += 1;
                return Ok(Some(Item { bytes, identity, missing_type }));
            }
            let Some((token, ticket)) = self.next_page(asked, means)? else { return Ok(None) };
            self.turn(&token, ticket, asked, means)?;
        }
    }

    /// Asks for the next page, if there will be one for sure: items that this page may still bring are spoken for.
    fn look_ahead(&mut self, asked: &Asked, means: &mut Means<'_>) -> Result<(), Failed> {
        let more = asked.request.limit == 0 || self.asked < asked.request.limit;
        if more && self.next_page.is_none() && !self.page.meta().next.is_empty() {
            self.start(self.asked, asked, means)?;
        }
        Ok(())
    }

    /// The next page, after the last item of this one. A page may have fewer items than were asked for.
    fn next_page(
        &mut self,
        asked: &Asked,
        means: &mut Means<'_>,
    ) -> Result<Option<(String, Ticket)>, Failed> {
        if self.next_page.is_none() && !self.page.meta().next.is_empty() {
            self.start(self.given, asked, means)?;
        }
        Ok(self.next_page.take())
    }

    fn start(&mut self, after: u32, asked: &Asked, means: &mut Means<'_>) -> Result<(), Failed> {
        let token = self.page.meta().next.clone();
        let items = asked.request.page_items(after);
        self.asked = after.saturating_add(items);
        self.next_page = Some((token.clone(), ask_page(items, &token, asked, means)?));
        Ok(())
    }

    fn turn(
        &mut self,
        token: &str,
        ticket: Ticket,
        asked: &Asked,
        means: &mut Means<'_>,
    ) -> Result<(), Failed> {
        let mut answer = ticket.wait();
        if let Ok(response) = &answer
            && response.status == 410
            && !token.is_empty()
        {
            // The token is too old for the server, which gives a fresh one: the rest of the list, as it is now.
            let fresh = match answer {
                Ok(response) => ServerStatus::read(response, means.tally).fresh_token,
                Err(_) => String::new(),
            };
            if fresh.is_empty() {
                let why = "the list is too old to go on, and the server gave no fresh token";
                return Err(Failed::http(410, why, advice(410)));
            }
            means.tally.warn(format!(
                "{}: the list took longer than the server keeps its past; its pages are of different times",
                describe(&asked.request)
            ));
            answer = ask_page(asked.request.page_items(self.given), &fresh, asked, means)?.wait();
        }
        let response = answer.map_err(|no_answer| Failed::no_answer(&no_answer))?;
        let code = response.status;
        if !(200..300).contains(&code) {
            let message = ServerStatus::read(response, means.tally).message;
            return Err(Failed::http(code, &refusal::text(code, &message), advice(code)));
        }
        self.page = ListReader::new(response.body);
        self.counted_bytes = 0;
        Ok(())
    }
}

fn ask_page(items: u32, token: &str, asked: &Asked, means: &mut Means<'_>) -> Result<Ticket, Failed> {
    means.tally.request()?;
    let path_and_query = asked.request.page(items, token);
    let deadline = asked.deadline(means.tally);
    Ok(means.fetcher.start(Call { path_and_query, accept: asked.request.accept(), deadline }))
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
        let Item { bytes, identity, missing_type: missing } = self;
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
