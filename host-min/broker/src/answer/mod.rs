//! One answer, from the moment it is asked for until it is consumed: as items, as bytes or into the archive.
//!
//! The first call that consumes chooses the mode. What an answer that fails has to say goes into the tally once; each later
//! call gets the same status.

mod batch;
mod failed;
mod list;
mod places;
mod raw;
mod rejected;

use super::blame::Blame;
use super::fetch::{Fetcher, Order, Reply, Ticket};
use super::gaps::{self, Consumed, Gap, Lack, lack_of};
use super::held::Hold;
use super::refusal::{self, ServerStatus};
use super::tally::Tally;
use batch::Ahead;
pub(super) use batch::Wanted;
pub(super) use failed::Failed;
use list::{Item, List};
use places::Places;
use raw::RawBody;
pub(super) use rejected::Misfit;
use std::sync::Arc;
use std::time::Instant;
use wagather_abi::{Status, Verb};
use wagather_json::project::{Identity, Node, ObjectReader};
use wagather_json::redact::{Redactor, Subject};
use wagather_kube::Response;
use wagather_policy::canonical::Canonical;
use wagather_policy::grant::FieldPath;
use wagather_policy::rights::{Allowed, describe};

/// What a call gets that cannot have what it wants.
pub(super) type Result<T> = std::result::Result<T, Status>;

/// What is at hand while an answer is consumed.
pub(super) struct Means<'a> {
    pub(super) tally: &'a mut Tally,
    pub(super) fetcher: &'a Fetcher,
    pub(super) redactor: &'a Arc<Redactor>,
}

impl Means<'_> {
    /// Sends one more request, if there may be one.
    fn start(&mut self, asked: &Asked, path_and_query: String) -> std::result::Result<Ticket, Failed> {
        self.tally.request()?;
        Ok(self.fetcher.start(asked.order(path_and_query, self.tally)))
    }

    /// Sends a request again whose answer broke off; or why not, in words that tell how often it was sent.
    fn again(
        &mut self,
        asked: &Asked,
        path_and_query: String,
        cuts: u32,
    ) -> std::result::Result<Ticket, String> {
        let ticket = self.fetcher.again(asked.order(path_and_query, self.tally), cuts);
        self.tally.count_requests();
        ticket
    }
}

/// What was asked for, and until when it may take.
struct Asked {
    request: Canonical,
    allowed: Allowed,
    /// The gatherer's deadline.
    deadline: Instant,
    /// How many items each page of a list has, if somebody chose that.
    chunk_items: Option<u32>,
    /// Whether it was asked for before anybody wanted it, so that its time may go by while it waits.
    is_ahead: bool,
    /// The resource's number in the tally.
    resource: usize,
    /// The place of what it is about for the grant, in the tally.
    used: usize,
}

impl Asked {
    /// What is known of the answer's objects before they say it.
    fn subject(&self) -> Subject {
        Subject::of(&self.request.resource, &self.request.subresource)
    }

    /// A request on its behalf.
    fn order(&self, path_and_query: String, tally: &Tally) -> Order {
        let (accept, time) = (self.request.accept(), tally.budget().request_time);
        Order { path_and_query, accept, time, deadline: self.deadline }
    }

    /// Asks for a list at the cluster's scope after all, of which no more is shown than before.
    fn widen(&mut self) {
        self.request.namespace.clear();
        self.allowed.narrowed = false;
    }

    /// How many items a list's first page asks for.
    fn first_page_items(&self) -> u32 {
        self.request.page_items(0, list::size::first(self.chunk_items))
    }

    /// What is asked for first.
    fn path_and_query(&self) -> String {
        match self.request.verb {
            Verb::LIST => self.request.page(self.first_page_items(), ""),
            _ => self.request.path_and_query(),
        }
    }
}

/// An answer that is on its way or being consumed.
pub(super) struct Answer {
    /// What is asked for: of a list that is asked for namespace by namespace, in the one that is read now.
    asked: Asked,
    /// The namespaces that such a list goes through.
    places: Option<Box<Places>>,
    /// What was asked for as a whole, to know it again.
    path: String,
    http_status: Option<u16>,
    /// How often it was asked for in vain, in words, or empty.
    tried: String,
    /// When the answer must have ended.
    until: Instant,
    /// How often it broke off.
    cuts: u32,
    state: State,
    /// What was read and sent ahead of the guest.
    ahead: Ahead,
}

enum State {
    OnItsWay(Ticket),
    Head(Response),
    /// A list, how it is consumed, and the item that comes next.
    List(Box<List>, Mode, Option<Item>),
    /// The projected object, and how much of it was given; `None` if no byte or item was given yet.
    Object {
        bytes: Vec<u8>,
        identity: Identity,
        given: Option<usize>,
        mode: Mode,
        /// Its room in the broker's memory, as long as it needs any.
        hold: Option<Hold>,
    },
    Bytes(Box<RawBody>),
    Failed(Status),
    Done(Mode),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Items,
    Bytes,
    Piped,
}

impl Answer {
    /// Asks; that there may be one more request is the caller's to see to.
    pub(super) fn ask(
        request: Canonical,
        allowed: Allowed,
        deadline: Instant,
        chunk_items: Option<u32>,
        fetcher: &Fetcher,
        tally: &mut Tally,
    ) -> Answer {
        let resource = tally.gaps.resource(|| gaps::name_of(&request));
        let used = tally.uses.place_of(allowed.about.clone());
        let mut asked = Asked { request, allowed, deadline, chunk_items, is_ahead: false, resource, used };
        let path = asked.request.path_and_query();
        // A recording of a run that was not narrowed has the list of all namespaces, of which the scope lets one through.
        if asked.allowed.narrowed && !fetcher.source().knows(&asked.path_and_query()) {
            asked.widen();
        }
        let places = Places::of(&mut asked, fetcher.source()).map(Box::new);
        let state = State::OnItsWay(fetcher.start(asked.order(asked.path_and_query(), tally)));
        Answer {
            asked,
            places,
            path,
            http_status: None,
            tried: String::new(),
            until: deadline,
            cuts: 0,
            state,
            ahead: Ahead::default(),
        }
    }

    /// What was asked for.
    pub(super) fn request(&self) -> &Canonical {
        &self.asked.request
    }

    /// `rest_hides`: whether the grant or redaction hides a field of every object that is asked for.
    pub(super) fn hides(&self, field: &FieldPath, redactor: &Redactor) -> Result<bool> {
        if !self.asked.request.is_document() {
            return Err(Status::WRONG_MODE);
        }
        let keys = field.keys();
        Ok(self.asked.allowed.about.hides(&keys) || redactor.hides(self.asked.subject(), &keys))
    }

    /// How far it was consumed, if it was not to its end: for a gatherer that is stopped.
    pub(super) fn unfinished(&self) -> Option<String> {
        let taken = || format!("{} of its items were read", self.ahead.taken);
        let how_far = match &self.state {
            _ if self.ahead.is_behind() => taken(),
            State::OnItsWay(_) if self.given_before() > 0 => taken(),
            State::OnItsWay(_) => "it has no response yet".to_owned(),
            State::Head(_) => "its response was not read yet".to_owned(),
            State::List(..) => taken(),
            State::Bytes(_) => "its response was read in part".to_owned(),
            State::Object { given, bytes, .. } if given.is_none_or(|given| given < bytes.len()) => {
                "its response was not read to the end".to_owned()
            }
            State::Object { .. } | State::Failed(_) | State::Done(_) => return None,
        };
        Some(format!("{}: {how_far}", describe(&self.asked.request)))
    }

    /// Waits for the head: its HTTP status.
    pub(super) fn status(&mut self, means: &mut Means<'_>) -> Result<u16> {
        // What was met further on is not the guest's business yet.
        if let Some(status) = self.ahead.http_status() {
            return Ok(status);
        }
        self.head(means)?;
        self.http_status.ok_or(Status::BAD_ANSWER)
    }

    /// A guest that has not come as far as the answer was read takes items, and nothing else.
    fn is_not_in_items(&self) -> Result<()> {
        if self.ahead.is_behind() { Err(Status::WRONG_MODE) } else { Ok(()) }
    }

    fn head(&mut self, means: &mut Means<'_>) -> Result<()> {
        if let State::Failed(status) = self.state {
            return Err(status);
        }
        while matches!(self.state, State::OnItsWay(_)) {
            if let State::OnItsWay(ticket) = self.replace(State::Failed(Status::BAD_ANSWER)) {
                self.arrived(ticket, means)?;
            }
            self.look_at_the_place(means)?;
        }
        Ok(())
    }

    fn arrived(&mut self, ticket: Ticket, means: &mut Means<'_>) -> Result<()> {
        let Reply { answer, tried, until } = ticket.wait();
        (self.tried, self.until) = (tried, until);
        match answer {
            // The server has no such list in a namespace, so its objects may be in none.
            Ok(Response { status: 404, .. })
                if self.asked.allowed.narrowed && self.asked.allowed.scope.reaches_none() =>
            {
                self.asked.widen();
                let path = self.asked.path_and_query();
                match means.start(&self.asked, path) {
                    Ok(ticket) => self.arrived(ticket, means),
                    Err(failed) => Err(self.fail(failed, means)),
                }
            }
            Ok(response) => {
                self.http_status = Some(response.status);
                self.state = State::Head(response);
                Ok(())
            }
            Err(no_answer) => Err(self.fail(Failed::no_answer(&no_answer), means)),
        }
    }

    /// Asks for an object or a raw body again, whose answer broke off before any of it was given: its head has then arrived, and is
    /// a success.
    fn ask_again(&mut self, failed: Failed, means: &mut Means<'_>) -> Result<()> {
        self.cuts += 1;
        // Nothing was given, so whatever the time went by with was no progress.
        if !failed.may_be_asked_again(&self.asked, self.until, false, means) {
            return Err(self.fail(failed.after_tries(self.cuts), means));
        }
        let ticket = match means.again(&self.asked, self.asked.path_and_query(), self.cuts) {
            Ok(ticket) => ticket,
            Err(tried) => return Err(self.fail(failed.tried(&tried), means)),
        };
        self.arrived(ticket, means)?;
        if self.is_success() { Ok(()) } else { Err(self.refused(means)) }
    }

    fn replace(&mut self, state: State) -> State {
        std::mem::replace(&mut self.state, state)
    }

    /// Each later call gets the same status.
    pub(super) fn fail(&mut self, failed: Failed, means: &mut Means<'_>) -> Status {
        let Failed { status, mut why, advice, .. } = failed;
        if let wagather_abi::Kind::Http(code) = status.kind() {
            self.http_status = Some(code);
        }
        // Why may be the server's words.
        means.redactor.text(&mut why, &mut means.tally.redacted);
        let given_here = if let State::List(list, ..) = &self.state { list.given() } else { 0 };
        let has_begun = self.given_before() + given_here > 0;
        let consumed = if has_begun { Consumed::Begun } else { Consumed::Not };
        means.tally.error(status, format!("{}: {why}", describe(&self.asked.request)), &advice);
        self.lacks(status, consumed, &why, &advice, means);
        self.state = State::Failed(status);
        status
    }

    /// Remembers what is missing with a status, whatever the guest makes of it.
    fn lacks(&self, status: Status, consumed: Consumed, why: &str, advice: &str, means: &mut Means<'_>) {
        let (request, resource) = (&self.asked.request, self.asked.resource);
        let asked = describe(request);
        let blame = Blame::of(status, format!("{asked}: {why}"), advice);
        let code = if let wagather_abi::Kind::Http(code) = status.kind() { Some(code) } else { None };
        let (namespace, reason) = (request.namespace.clone(), why.to_owned());
        let gap = Gap { asked, namespace, status: code, reason, ..Gap::default() };
        match lack_of(request, status, consumed) {
            Lack::Nothing => {
                if request.verb == Verb::LIST {
                    means.tally.note(move |tally| tally.gaps.absent(resource));
                }
            }
            Lack::Gap => means.tally.note(move |tally| tally.gaps.add(resource, gap)),
            Lack::Broken => {
                let path = self.path.clone();
                means.tally.note(move |tally| tally.gaps.broke(resource, path, gap, blame));
            }
        }
    }

    /// It came whole: what was missing of the same request before is not any more.
    fn came_whole(&self, tally: &mut Tally) {
        let path = self.path.clone();
        tally.note(move |tally| tally.gaps.made_good(&path));
    }

    /// The guest is done with it. That it never looked at a refusal does not make it none.
    pub(super) fn give_up(&mut self, means: &mut Means<'_>) {
        self.ahead.forget(means.tally);
        let Some(code) = self.http_status else { return };
        if matches!(self.state, State::Head(_))
            && !self.is_success()
            && lack_of(&self.asked.request, Status::http(code), Consumed::Not) != Lack::Nothing
        {
            self.refused(means);
        }
    }

    /// What takes it could not take all of it.
    pub(super) fn broke_off(&mut self, status: Status, means: &mut Means<'_>) {
        if matches!(self.state, State::Failed(_)) {
            return;
        }
        let why = means.tally.blame(status).map_or_else(|| status.to_string(), |blame| blame.reason.clone());
        self.lacks(status, Consumed::Begun, &why, "", means);
    }

    fn is_success(&self) -> bool {
        self.http_status.is_some_and(|status| (200..300).contains(&status))
    }

    /// Consumes as items: whether there is one that comes next.
    fn advance(&mut self, means: &mut Means<'_>, mode: Mode) -> Result<bool> {
        loop {
            self.head(means)?;
            if matches!(self.state, State::Head(_)) {
                self.open_document(means, mode)?;
            }
            return match &mut self.state {
                State::List(_, chosen, _) if *chosen != mode => Err(Status::WRONG_MODE),
                State::List(_, _, Some(_)) => Ok(true),
                State::List(list, _, held) => match list.next(&self.asked, means) {
                    Ok(Some(item)) => {
                        *held = Some(item);
                        let is_last_page = list.is_last_page();
                        self.look_ahead(is_last_page, means)?;
                        Ok(true)
                    }
                    Ok(None) => {
                        let given = list.given();
                        let Asked { request, used, .. } = &self.asked;
                        if request.limit == 0 || given < request.limit {
                            let (place, namespace) = (*used, request.namespace.clone());
                            means.tally.note(move |tally| tally.uses.listed(place, &namespace));
                        }
                        if self.leave_the_place(given, mode, means)? {
                            continue;
                        }
                        self.state = State::Done(mode);
                        self.came_whole(means.tally);
                        Ok(false)
                    }
                    Err(failed) => Err(self.fail(failed, means)),
                },
                State::Object { given, mode: chosen, .. } if *chosen == mode => Ok(given.is_none()),
                State::Done(done) if *done == mode => Ok(false),
                _ => Err(Status::WRONG_MODE),
            };
        }
    }

    /// From head to list or object; what is no success ends here.
    fn open_document(&mut self, means: &mut Means<'_>, mode: Mode) -> Result<()> {
        if !self.asked.request.is_document() {
            return Err(Status::WRONG_MODE);
        }
        if !self.is_success() {
            return Err(self.refused(means));
        }
        if self.asked.request.verb != Verb::LIST {
            return self.open_object(means, mode);
        }
        let State::Head(response) = self.replace(State::Failed(Status::BAD_ANSWER)) else {
            return Err(Status::WRONG_MODE);
        };
        self.state = State::List(Box::new(List::new(response, self.until, &self.asked)), mode, None);
        Ok(())
    }

    fn open_object(&mut self, means: &mut Means<'_>, mode: Mode) -> Result<()> {
        loop {
            let State::Head(response) = self.replace(State::Failed(Status::BAD_ANSWER)) else {
                return Err(Status::WRONG_MODE);
            };
            match read_object(response, &self.asked, means) {
                Ok((bytes, identity, hold)) => {
                    self.state = State::Object { bytes, identity, given: None, mode, hold: Some(hold) };
                    self.came_whole(means.tally);
                    return Ok(());
                }
                Err(failed) => self.ask_again(failed, means)?,
            }
        }
    }

    /// The status of an answer that is not a success, with the server's own reason for the report.
    fn refused(&mut self, means: &mut Means<'_>) -> Status {
        let code = self.http_status.unwrap_or_default();
        let message = match self.replace(State::Failed(Status::BAD_ANSWER)) {
            State::Head(response) => ServerStatus::read(response, means.tally).message,
            _ => String::new(),
        };
        let tried = std::mem::take(&mut self.tried);
        let advice = self.advice(code);
        self.fail(Failed::http(code, &refusal::text(code, &message), advice).tried(&tried), means)
    }

    /// `rest_read`: some bytes of the body into `out`, none at the end.
    pub(super) fn read(&mut self, cap: usize, out: &mut Vec<u8>, means: &mut Means<'_>) -> Result<()> {
        self.is_not_in_items()?;
        self.head(means)?;
        if matches!(self.state, State::Head(_)) {
            if self.is_success() && self.asked.request.verb == Verb::LIST {
                return Err(Status::WRONG_MODE);
            }
            if self.is_success() && self.asked.request.is_document() {
                self.open_object(means, Mode::Bytes)?;
            } else if let State::Head(response) = self.replace(State::Failed(Status::BAD_ANSWER)) {
                if let Some(code) = self.http_status.filter(|_| !self.is_success()) {
                    let why = refusal::text(code, "its body was passed to the gatherer");
                    self.lacks(Status::http(code), Consumed::Body, &why, self.advice(code), means);
                }
                self.state = State::Bytes(Box::new(RawBody::new(response.body, means)));
            }
        }
        out.clear();
        match &mut self.state {
            State::Object { bytes, given, mode: Mode::Bytes, .. } => {
                let from = given.unwrap_or(0);
                let upto = bytes.len().min(from.saturating_add(cap));
                out.extend_from_slice(&bytes[from..upto]);
                *given = Some(upto);
            }
            State::Bytes(body) => {
                out.resize(cap, 0);
                match body.read(out, means) {
                    Ok(len) => {
                        out.truncate(len);
                        if len == 0 && cap > 0 {
                            self.state = State::Done(Mode::Bytes);
                            if self.is_success() {
                                self.came_whole(means.tally);
                            }
                        }
                    }
                    Err(failed) => {
                        out.clear();
                        return Err(self.fail(failed, means));
                    }
                }
            }
            State::Done(Mode::Bytes) => {}
            _ => return Err(Status::WRONG_MODE),
        }
        means.tally.gave(out.len());
        Ok(())
    }

    /// `archive_pipe` of a list or an object: the next document, or `None` after the last. Its identity is complete as far
    /// as the server said it, and part of its text.
    pub(super) fn next_document(&mut self, means: &mut Means<'_>) -> Result<Option<(Vec<u8>, Identity)>> {
        if matches!(self.state, State::OnItsWay(_) | State::Head(_)) {
            // Files say who they are, whatever the mask keeps.
            let identity = Node::parse("apiVersion,kind,metadata(name,namespace)").unwrap_or(Node::Drop);
            self.asked.allowed.mask = self.asked.allowed.mask.union(&identity);
        }
        self.is_not_in_items()?;
        if !self.advance(means, Mode::Piped)? {
            return Ok(None);
        }
        self.ahead.taken = self.ahead.taken.saturating_add(1);
        Ok(match &mut self.state {
            State::List(_, _, held) => held.take().map(Item::with_type),
            State::Object { bytes, identity, given, hold, .. } => {
                (*given, *hold) = (Some(0), None);
                Some((std::mem::take(bytes), std::mem::take(identity)))
            }
            _ => None,
        })
    }

    /// `archive_pipe` of a raw body that broke off: the same once more, from its beginning.
    pub(super) fn raw_body_again(
        &mut self,
        failed: Failed,
        means: &mut Means<'_>,
    ) -> Result<Option<RawBody>> {
        self.ask_again(failed, means)?;
        self.raw_body(means)
    }

    /// `archive_pipe` of a raw body.
    pub(super) fn raw_body(&mut self, means: &mut Means<'_>) -> Result<Option<RawBody>> {
        if self.asked.request.is_document() {
            return Ok(None);
        }
        self.head(means)?;
        if !matches!(self.state, State::Head(_)) {
            return Err(Status::WRONG_MODE);
        }
        if !self.is_success() {
            return Err(self.refused(means));
        }
        match self.replace(State::Done(Mode::Piped)) {
            State::Head(response) => Ok(Some(RawBody::new(response.body, means))),
            _ => Err(Status::WRONG_MODE),
        }
    }
}

impl Answer {
    /// A raw body that was piped is in the archive.
    pub(super) fn is_piped(&self, tally: &mut Tally) {
        self.came_whole(tally);
    }
}

/// Of an object that gives rights to whoever reads its name.
const NAMED_BY_TOKEN: &str = "its name is a token, not the hash of a token";

fn read_object(
    response: Response,
    asked: &Asked,
    means: &mut Means<'_>,
) -> std::result::Result<(Vec<u8>, Identity, Hold), Failed> {
    let content_type = response.content_type;
    let mut reader = ObjectReader::new(response.body);
    let mut bytes = Vec::new();
    let result = reader.read(&asked.allowed.mask, &mut bytes);
    let received = means.tally.received(reader.bytes_read());
    let identity =
        result.map_err(|error| Failed::of_body(&error, reader.beginning(), content_type.as_deref()))?;
    received?;
    if identity.kind == "Status" && identity.api_version == "v1" {
        let ServerStatus { message, code, .. } = ServerStatus::parse(reader.beginning(), None);
        let (status, why) = ServerStatus::in_a_success(&message, code);
        return Err(Failed::new(status, &why, refusal::advice(code)));
    }
    means.tally.item(asked.resource)?;
    means.tally.read(asked.used, &identity.namespace, &identity.name);
    means.tally.shows(asked.used, reader.hidden());
    let holder = asked.subject().holder(&identity.kind);
    if holder.is_token(&identity.name) {
        return Err(Failed::bad_answer(NAMED_BY_TOKEN, ""));
    }
    means.redactor.object(&mut bytes, holder, &mut means.tally.redacted);
    let hold = means.tally.hold(bytes.capacity())?;
    Ok((bytes, identity, hold))
}
