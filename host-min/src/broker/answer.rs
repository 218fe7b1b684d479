//! One answer, from the moment it is asked for until it is consumed: as items, as bytes or into the archive.
//!
//! The first call that consumes chooses the mode. Pages follow each other here; the guest sees one list.

use super::canonical::Canonical;
use super::fetch::{Fetcher, Ticket};
use super::policy::describe;
use super::refusal::{self, ServerStatus, advice};
use super::tally::Tally;
use crate::project::list::PageMeta;
use crate::project::{Identity, ListReader, Node, ObjectReader, ProjectError};
use crate::source::{Call, NoAnswer, Response};
use std::io::{self, Read};
use std::time::Instant;
use wagather_abi::{Status, Verb};

/// What a call gets that cannot have what it wants.
pub(super) type Result<T> = std::result::Result<T, Status>;

/// An answer that is on its way or being consumed.
pub(super) struct Answer {
    request: Canonical,
    mask: Node,
    deadline: Instant,
    http_status: Option<u16>,
    state: State,
}

enum State {
    OnItsWay(Ticket),
    Head(Response),
    List(Box<List>),
    /// The projected object, and how much of it was given; `None` if no byte or item was given yet.
    Object {
        bytes: Vec<u8>,
        identity: Identity,
        given: Option<usize>,
        mode: Mode,
    },
    Bytes(Box<dyn Read + Send>),
    Failed(Status),
    Done(Mode),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Items,
    Bytes,
    Piped,
}

/// A list over all of its pages.
struct List {
    mode: Mode,
    page: ListReader,
    next_page: Option<(String, Ticket)>,
    given: u32,
    asked_on_page: u32,
    /// The item that comes next.
    held: Option<Item>,
    counted_bytes: u64,
}

struct Item {
    bytes: Vec<u8>,
    identity: Identity,
    /// The keys that say its type, if it does not: items of built-in types leave that to the list.
    missing_type: String,
}

impl Answer {
    /// Asks.
    pub(super) fn ask(request: Canonical, mask: Node, deadline: Instant, fetcher: &Fetcher) -> Answer {
        let call = Call { path_and_query: request.path_and_query(), accept: request.accept(), deadline };
        let state = State::OnItsWay(fetcher.start(call));
        Answer { request, mask, deadline, http_status: None, state }
    }

    /// Waits for the head: its HTTP status.
    pub(super) fn status(&mut self, tally: &mut Tally) -> Result<u16> {
        self.head(tally)?;
        self.http_status.ok_or(Status::BAD_ANSWER)
    }

    fn head(&mut self, tally: &mut Tally) -> Result<()> {
        if let State::Failed(status) = self.state {
            return Err(status);
        }
        if matches!(self.state, State::OnItsWay(_))
            && let State::OnItsWay(ticket) = self.replace(State::Failed(Status::BAD_ANSWER))
        {
            match ticket.wait() {
                Ok(response) => {
                    self.http_status = Some(response.status);
                    self.state = State::Head(response);
                }
                Err(no_answer) => {
                    return Err(self.fail_no_answer(&no_answer, tally));
                }
            }
        }
        Ok(())
    }

    fn replace(&mut self, state: State) -> State {
        std::mem::replace(&mut self.state, state)
    }

    /// Each later call gets the same status.
    fn fail(&mut self, status: Status, tally: &mut Tally, why: &str, advice: &str) -> Status {
        tally.error(status, format!("{}: {why}", describe(&self.request)), advice);
        self.state = State::Failed(status);
        status
    }

    fn fail_no_answer(&mut self, no_answer: &NoAnswer, tally: &mut Tally) -> Status {
        let status = if no_answer.timed_out { Status::TIMED_OUT } else { Status::UNREACHABLE };
        self.fail(status, tally, &no_answer.reason, &no_answer.advice)
    }

    fn fail_budget(&mut self, status: Status, tally: &mut Tally) -> Status {
        self.fail(status, tally, "the run's requests are used up before the last page", "")
    }

    fn fail_project(&mut self, error: &ProjectError, tally: &mut Tally) -> Status {
        let status = match error {
            ProjectError::Malformed { .. } => Status::BAD_ANSWER,
            ProjectError::TooLarge { .. } => Status::TOO_LARGE,
            ProjectError::Read(error) if error.kind() == io::ErrorKind::TimedOut => Status::TIMED_OUT,
            ProjectError::Read(_) => Status::BAD_ANSWER,
        };
        self.fail(status, tally, &format!("the answer cannot be used: {error}"), "")
    }

    fn is_success(&self) -> bool {
        self.http_status.is_some_and(|status| (200..300).contains(&status))
    }

    /// Consumes as items: the next one is left in [`item`](Self::item), or the end is `false`.
    fn advance(&mut self, tally: &mut Tally, fetcher: &Fetcher, mode: Mode) -> Result<bool> {
        self.head(tally)?;
        if matches!(self.state, State::Head(_)) {
            self.open_document(tally, mode)?;
        }
        match &mut self.state {
            State::List(list) if list.mode != mode => Err(Status::WRONG_MODE),
            State::List(list) if list.held.is_some() => Ok(true),
            State::List(_) => self.advance_list(tally, fetcher, mode),
            State::Object { given, mode: chosen, .. } if *chosen == mode => Ok(given.is_none()),
            State::Done(done) if *done == mode => Ok(false),
            _ => Err(Status::WRONG_MODE),
        }
    }

    /// From head to list or object; what is no success ends here.
    fn open_document(&mut self, tally: &mut Tally, mode: Mode) -> Result<()> {
        if !self.request.is_document() {
            return Err(Status::WRONG_MODE);
        }
        if !self.is_success() {
            return Err(self.refused(tally));
        }
        let State::Head(response) = self.replace(State::Failed(Status::BAD_ANSWER)) else {
            return Err(Status::WRONG_MODE);
        };
        if self.request.verb == Verb::LIST {
            let asked_on_page = self.request.page_items(0);
            let page = ListReader::new(response.body);
            let list =
                List { mode, page, next_page: None, given: 0, asked_on_page, held: None, counted_bytes: 0 };
            self.state = State::List(Box::new(list));
            return Ok(());
        }
        self.open_object(response, tally, mode)
    }

    fn open_object(&mut self, response: Response, tally: &mut Tally, mode: Mode) -> Result<()> {
        let mut reader = ObjectReader::new(response.body);
        let mut bytes = Vec::new();
        let result = reader.read(&self.mask, &mut bytes);
        tally.received(reader.bytes_read());
        match result {
            Ok(identity) => {
                self.state = State::Object { bytes, identity, given: None, mode };
                Ok(())
            }
            Err(error) => Err(self.fail_project(&error, tally)),
        }
    }

    /// The status of an answer that is not a success, with the server's own reason for the report.
    fn refused(&mut self, tally: &mut Tally) -> Status {
        let code = self.http_status.unwrap_or_default();
        let message = match self.replace(State::Failed(Status::BAD_ANSWER)) {
            State::Head(response) => ServerStatus::read(response, tally).message,
            _ => String::new(),
        };
        self.fail(Status::http(code), tally, &refusal::text(code, &message), advice(code))
    }

    fn advance_list(&mut self, tally: &mut Tally, fetcher: &Fetcher, mode: Mode) -> Result<bool> {
        loop {
            let State::List(list) = &mut self.state else { return Err(Status::WRONG_MODE) };
            if self.request.limit != 0 && list.given >= self.request.limit {
                self.state = State::Done(mode);
                return Ok(false);
            }
            let mut out = Vec::new();
            let result = list.page.next(&self.mask, &mut out);
            let read = list.page.bytes_read();
            tally.received(read - list.counted_bytes);
            list.counted_bytes = read;
            let identity = match result {
                Ok(identity) => identity,
                Err(error) => return Err(self.fail_project(&error, tally)),
            };
            if list.next_page.is_none() && !list.page.meta().next.is_empty() {
                // Known before the items for built-in types: the next page comes while this one is read.
                self.start_next_page(tally, fetcher)?;
            }
            let State::List(list) = &mut self.state else { return Err(Status::WRONG_MODE) };
            match identity {
                Some(mut identity) => {
                    let missing_type = complete_type(&mut identity, list.page.meta());
                    list.given += 1;
                    list.held = Some(Item { bytes: out, identity, missing_type });
                    return Ok(true);
                }
                None => match list.next_page.take() {
                    None => {
                        self.state = State::Done(mode);
                        return Ok(false);
                    }
                    Some((token, ticket)) => self.turn_page(&token, ticket, tally, fetcher)?,
                },
            }
        }
    }

    fn start_next_page(&mut self, tally: &mut Tally, fetcher: &Fetcher) -> Result<()> {
        let State::List(list) = &mut self.state else { return Ok(()) };
        let token = list.page.meta().next.clone();
        // Items that this page may still bring are spoken for.
        let after_page = list.given.max(list.asked_on_page);
        if self.request.limit != 0 && after_page >= self.request.limit {
            return Ok(());
        }
        let items = self.request.page_items(after_page);
        match page_call(&self.request, items, &token, self.deadline, tally) {
            Ok(call) => {
                list.asked_on_page = after_page + items;
                list.next_page = Some((token, fetcher.start(call)));
                Ok(())
            }
            Err(status) => Err(self.fail_budget(status, tally)),
        }
    }

    fn turn_page(&mut self, token: &str, ticket: Ticket, tally: &mut Tally, fetcher: &Fetcher) -> Result<()> {
        let mut answer = ticket.wait();
        if let Ok(response) = &answer
            && response.status == 410
            && !token.is_empty()
        {
            // The token is too old for the server, which gives a fresh one: the rest of the list, as it is now.
            let fresh = match answer {
                Ok(response) => ServerStatus::read(response, tally).fresh_token,
                Err(_) => String::new(),
            };
            if fresh.is_empty() {
                self.http_status = Some(410);
                return Err(self.fail(
                    Status::http(410),
                    tally,
                    "the list is too old to go on, and the server gave no fresh token",
                    advice(410),
                ));
            }
            tally.warn(format!(
                "{}: the list took longer than the server keeps its past; its pages are of different times",
                describe(&self.request)
            ));
            let State::List(list) = &self.state else { return Err(Status::WRONG_MODE) };
            let items = self.request.page_items(list.given);
            match page_call(&self.request, items, &fresh, self.deadline, tally) {
                Ok(call) => answer = fetcher.start(call).wait(),
                Err(status) => return Err(self.fail_budget(status, tally)),
            }
        }
        match answer {
            Err(no_answer) => Err(self.fail_no_answer(&no_answer, tally)),
            Ok(response) if !(200..300).contains(&response.status) => {
                self.http_status = Some(response.status);
                self.state = State::Head(response);
                Err(self.refused(tally))
            }
            Ok(response) => {
                if let State::List(list) = &mut self.state {
                    list.page = ListReader::new(response.body);
                    list.counted_bytes = 0;
                }
                Ok(())
            }
        }
    }

    /// `rest_next`: the next item if it fits into `cap` bytes, or how long it is; the end is 0.
    pub(super) fn next(
        &mut self,
        cap: usize,
        out: &mut Vec<u8>,
        tally: &mut Tally,
        fetcher: &Fetcher,
    ) -> Result<usize> {
        if !self.advance(tally, fetcher, Mode::Items)? {
            return Ok(0);
        }
        let mut take = |bytes: &mut Vec<u8>| {
            let fits = bytes.len() <= cap;
            if fits {
                std::mem::swap(out, bytes);
                tally.item(out.len());
                (out.len(), true)
            } else {
                (bytes.len(), false)
            }
        };
        match &mut self.state {
            State::List(list) => {
                let Some(item) = &mut list.held else { return Ok(0) };
                let (len, taken) = take(&mut item.bytes);
                if taken {
                    list.held = None;
                }
                Ok(len)
            }
            State::Object { bytes, given, .. } => {
                let (len, taken) = take(bytes);
                if taken {
                    *given = Some(len);
                }
                Ok(len)
            }
            _ => Ok(0),
        }
    }

    /// `rest_read`: some bytes of the body into `out`, none at the end.
    pub(super) fn read(&mut self, cap: usize, out: &mut Vec<u8>, tally: &mut Tally) -> Result<()> {
        self.head(tally)?;
        if matches!(self.state, State::Head(_)) {
            if self.is_success() && self.request.verb == Verb::LIST {
                return Err(Status::WRONG_MODE);
            }
            if let State::Head(response) = self.replace(State::Failed(Status::BAD_ANSWER)) {
                if self.is_success() && self.request.is_document() {
                    self.open_object(response, tally, Mode::Bytes)?;
                } else {
                    self.state = State::Bytes(response.body);
                }
            }
        }
        out.clear();
        match &mut self.state {
            State::Object { bytes, given, mode: Mode::Bytes, .. } => {
                let from = given.unwrap_or(0);
                let upto = bytes.len().min(from.saturating_add(cap));
                out.extend_from_slice(&bytes[from..upto]);
                *given = Some(upto);
                tally.gave(out.len());
                Ok(())
            }
            State::Bytes(body) => {
                out.resize(cap, 0);
                match body.read(out) {
                    Ok(len) => {
                        out.truncate(len);
                        tally.received(len as u64);
                        tally.gave(len);
                        if len == 0 && cap > 0 {
                            self.state = State::Done(Mode::Bytes);
                        }
                        Ok(())
                    }
                    Err(error) => {
                        out.clear();
                        Err(self.fail_project(&ProjectError::Read(error), tally))
                    }
                }
            }
            State::Done(Mode::Bytes) => Ok(()),
            _ => Err(Status::WRONG_MODE),
        }
    }

    /// `archive_pipe` of a list or an object: the next document, or `None` after the last. Its identity is complete as far
    /// as the server said it, and part of its text.
    pub(super) fn next_document(
        &mut self,
        tally: &mut Tally,
        fetcher: &Fetcher,
    ) -> Result<Option<(Vec<u8>, Identity)>> {
        if matches!(self.state, State::OnItsWay(_) | State::Head(_)) {
            // Files say who they are, whatever the mask keeps.
            let identity = Node::parse("apiVersion,kind,metadata(name,namespace)").unwrap_or(Node::Drop);
            self.mask = self.mask.union(&identity);
        }
        if !self.advance(tally, fetcher, Mode::Piped)? {
            return Ok(None);
        }
        Ok(match &mut self.state {
            State::List(list) => {
                list.held.take().map(|item| (with_type(item.bytes, &item.missing_type), item.identity))
            }
            State::Object { bytes, identity, given, .. } => {
                *given = Some(bytes.len());
                Some((std::mem::take(bytes), std::mem::take(identity)))
            }
            _ => None,
        })
    }

    /// `archive_pipe` of a raw body.
    pub(super) fn raw_body(&mut self, tally: &mut Tally) -> Result<Option<Box<dyn Read + Send>>> {
        if self.request.is_document() {
            return Ok(None);
        }
        self.head(tally)?;
        if !matches!(self.state, State::Head(_)) {
            return Err(Status::WRONG_MODE);
        }
        if !self.is_success() {
            return Err(self.refused(tally));
        }
        match self.replace(State::Done(Mode::Piped)) {
            State::Head(response) => Ok(Some(response.body)),
            _ => Err(Status::WRONG_MODE),
        }
    }

    /// A body that was piped could not be read to its end.
    pub(super) fn body_failed(&mut self, error: io::Error, tally: &mut Tally) -> Status {
        self.fail_project(&ProjectError::Read(error), tally)
    }

    /// What was asked for.
    pub(super) fn request(&self) -> &Canonical {
        &self.request
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

/// Puts the missing keys at the start of an object.
fn with_type(object: Vec<u8>, missing: &str) -> Vec<u8> {
    if missing.is_empty() || object.len() < 2 {
        return object;
    }
    let missing = if object.len() == 2 { missing.trim_end_matches(',') } else { missing };
    let mut whole = Vec::with_capacity(object.len() + missing.len());
    whole.push(b'{');
    whole.extend_from_slice(missing.as_bytes());
    whole.extend_from_slice(&object[1..]);
    whole
}

fn page_call(
    request: &Canonical,
    items: u32,
    token: &str,
    deadline: Instant,
    tally: &mut Tally,
) -> Result<Call> {
    tally.request()?;
    Ok(Call { path_and_query: request.page(items, token), accept: request.accept(), deadline })
}
