//! An answer, from the request that is sent for it until it is consumed: as items, as bytes, or into the archive.
//!
//! Each state is a type, and is made from the state before it:
//!
//! ```text
//! Sent ──► Head ─┬─► Items ───► Done      a list
//!                ├─► Object ──► Done      an object
//!                └─► Body ────► Done      a raw body
//! ```
//!
//! There are two ways back. An object or a raw body that breaks off is `Broken`, is sent for again, and gets a new `Head`. After the items of one
//! namespace, a list that is read namespace by namespace is `Sent` for the next one. Any state can fail. A failed answer stays failed.
//!
//! [`Answer`] owns the state and an [`Exchange`], which is what all states share. The guest's first call that consumes the answer chooses its
//! [`Mode`]. The tally records a failure once, and each later call gets the same status.

mod asked;
mod body;
mod context;
mod discovered;
mod exchange;
mod expanded;
mod failed;
mod finder;
mod head;
mod items;
mod list;
mod namespaces;
mod object;
mod page_size;
mod prefetch;
mod rejected;
mod sent;

use super::fetch::Ticket;
use super::gaps::{Consumed, Impact, impact_of};
use super::refusal;
use super::tally::Tally;
use asked::Asked;
pub(super) use body::Body;
pub(super) use context::Context;
use exchange::Exchange;
pub(super) use exchange::Origin;
use expanded::{Expanded, Resources};
pub(super) use failed::Failed;
pub(super) use finder::{Discovered, Finder};
use head::Head;
use items::Items;
use list::Item;
use object::Object;
use prefetch::Prefetched;
pub(super) use prefetch::Wanted;
pub(super) use rejected::Misfit;
use sent::Sent;
use wagather_abi::{Status, Verb};
use wagather_json::project::{Identity, Node};
use wagather_json::redact::Redactor;
use wagather_policy::canonical::Canonical;
use wagather_policy::grant::FieldPath;
use wagather_policy::rights::{Allowed, describe};

/// What a guest's call returns: a value, or a status.
pub(super) type Result<T> = std::result::Result<T, Status>;

/// A request and its answer.
pub(super) struct Answer {
    exchange: Exchange,
    state: State,
    /// The lists that follow, if it is a list of any resource.
    expanded: Option<Box<Expanded>>,
    /// Such a request, in words.
    whole: Option<String>,
    /// What was read and sent before the guest asked for it.
    prefetched: Prefetched,
    /// How many gaps there were when the current list began.
    gaps_before: u64,
    /// Lists that were piped to their end, and have no objects.
    empty: Vec<Canonical>,
}

/// Where an answer is.
enum State {
    /// Discovery has to say what the request means. Nothing was sent for it.
    Unresolved,
    /// The resources of the cluster, for a request to discover them.
    Resources(Box<Resources>),
    /// The request was sent, and no head has arrived.
    Sent(Sent),
    /// The head has arrived, and the body was not touched.
    Head(Head),
    /// The items of a list are being read.
    Items(Box<Items>),
    /// An object was read, and its bytes are being given.
    Object(Object),
    /// A raw body is being read.
    Body(Box<Body>),
    /// The answer failed. Each call gets this status.
    Failed(Status),
    /// The answer was consumed to its end.
    Done(Mode),
}

/// How an answer is consumed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Items,
    Bytes,
    Piped,
}

impl State {
    /// A request that was sent.
    const fn sent(ticket: Ticket) -> State {
        State::Sent(Sent::new(ticket))
    }

    /// These resources of the cluster.
    fn resources(resources: Resources) -> State {
        State::Resources(Box::new(resources))
    }

    /// Takes the state out. What is left in its place is overwritten by the next state.
    fn take(&mut self) -> State {
        std::mem::replace(self, State::Failed(Status::BAD_ANSWER))
    }

    fn take_sent(&mut self) -> Option<Sent> {
        let is_sent = matches!(self, State::Sent(_));
        if is_sent && let State::Sent(sent) = self.take() { Some(sent) } else { None }
    }

    fn take_head(&mut self) -> Option<Head> {
        let is_head = matches!(self, State::Head(_));
        if is_head && let State::Head(head) = self.take() { Some(head) } else { None }
    }

    fn take_items(&mut self) -> Option<Items> {
        let is_items = matches!(self, State::Items(_));
        if is_items && let State::Items(items) = self.take() { Some(*items) } else { None }
    }
}

impl Answer {
    /// Sends a request. The caller has checked that the budget allows one more.
    pub(super) fn send(
        request: Canonical,
        allowed: Allowed,
        origin: &Origin<'_>,
        tally: &mut Tally,
    ) -> Answer {
        let (exchange, ticket) = Exchange::begin(request, allowed, origin, tally);
        let (state, prefetched) = (State::sent(ticket), Prefetched::default());
        Answer { exchange, state, expanded: None, whole: None, prefetched, gaps_before: 0, empty: Vec::new() }
    }

    /// A request that discovery has to explain. It is sent when the answer is first needed.
    pub(super) fn unresolved(
        request: Canonical,
        allowed: Allowed,
        origin: &Origin<'_>,
        tally: &mut Tally,
    ) -> Answer {
        let whole = Some(describe(&request)).filter(|_| request.is_of_any());
        let exchange = Exchange::unsent(request, allowed, origin, tally);
        let (state, prefetched) = (State::Unresolved, Prefetched::default());
        Answer { exchange, state, expanded: None, whole, prefetched, gaps_before: 0, empty: Vec::new() }
    }

    /// What was asked for, in words.
    pub(super) fn describe(&self) -> String {
        self.whole.clone().unwrap_or_else(|| self.exchange.asked.describe())
    }

    /// Whether it is a list of any resource. The failure of one of them does not end it.
    pub(super) fn is_of_any(&self) -> bool {
        self.expanded.is_some()
    }

    /// The request. For a list that is read namespace by namespace, the one for the current namespace.
    pub(super) fn request(&self) -> &Canonical {
        &self.exchange.asked.request
    }

    /// The lists that were piped to their end and have no objects, since this was asked before. What is not wanted of a list, or
    /// not allowed, may exist: such lists are not among them.
    pub(super) fn take_empty(&mut self) -> Vec<Canonical> {
        std::mem::take(&mut self.empty)
    }

    /// Whether the current list has all objects that there are.
    fn is_whole(&self) -> bool {
        let Asked { request, allowed, .. } = &self.exchange.asked;
        let has_selector = !request.labels.is_empty() || !request.fields.is_empty();
        let has_scope = !allowed.scope.is_everything() || allowed.scope.is_sharded();
        let has_limit = request.limit > 0;
        !has_selector && !has_limit && !has_scope
    }

    /// `rest_hides`: whether the grant or redaction hides a field of every requested object.
    pub(super) fn hides(&self, field: &FieldPath, redactor: &Redactor) -> Result<bool> {
        let asked = &self.exchange.asked;
        if !asked.request.is_document() {
            return Err(Status::WRONG_MODE);
        }
        let keys = field.keys();
        Ok(asked.allowed.about.hides(&keys) || redactor.hides(asked.subject(), &keys))
    }

    /// How much of the answer was consumed, if not all of it. For the report of a gatherer that was stopped.
    pub(super) fn unfinished(&self) -> Option<String> {
        let taken = || format!("{} of its items were read", self.prefetched.taken);
        let how_far = match &self.state {
            _ if self.prefetched.is_pending() => taken(),
            State::Sent(_) if self.exchange.given_before() > 0 => taken(),
            State::Sent(_) | State::Unresolved => "it has no response yet".to_owned(),
            State::Resources(_) if self.expanded.as_ref().is_none_or(|expanded| expanded.rest() == 0) => {
                return None;
            }
            State::Resources(_) => "its response was not read yet".to_owned(),
            State::Head(_) => "its response was not read yet".to_owned(),
            State::Items(_) => taken(),
            State::Body(_) => "its response was read in part".to_owned(),
            State::Object(object) if !object.is_read() => "its response was not read to the end".to_owned(),
            State::Object(_) | State::Failed(_) | State::Done(_) => return None,
        };
        let rest = self.expanded.as_ref().map_or(0, |expanded| expanded.rest());
        let rest = if rest > 0 { format!(", and {rest} other lists were not") } else { String::new() };
        Some(format!("{}: {how_far}{rest}", describe(self.request())))
    }

    /// `rest_status`: waits for the head, and returns its HTTP status.
    pub(super) fn status(&mut self, cx: &mut Context<'_>) -> Result<u16> {
        // A failure that was met while prefetching is not visible yet.
        if let Some(status) = self.prefetched.http_status() {
            return Ok(status);
        }
        self.resolve(cx)?;
        if self.expanded.is_some() {
            return Ok(200);
        }
        self.receive_head(cx)?;
        self.exchange.http_status.ok_or(Status::BAD_ANSWER)
    }

    /// `rest_read`: the next bytes of the body into `out`; none at the end.
    pub(super) fn read(&mut self, cap: usize, out: &mut Vec<u8>, cx: &mut Context<'_>) -> Result<()> {
        self.check_nothing_is_pending()?;
        if self.whole.is_some() {
            return Err(Status::WRONG_MODE);
        }
        self.receive_head(cx)?;
        if let State::Head(head) = &self.state
            && head.is_success()
            && self.request().verb == Verb::LIST
        {
            return Err(Status::WRONG_MODE);
        }
        if let Some(head) = self.state.take_head() {
            let next = self.open_bytes(head, cx);
            self.enter(next, cx)?;
        }
        out.clear();
        match &mut self.state {
            State::Object(object) if object.mode == Mode::Bytes => object.read(cap, out),
            State::Body(body) => match body.read_some(cap, out, cx) {
                Ok(_) if !out.is_empty() || cap == 0 => {}
                Ok(()) => {
                    self.state = State::Done(Mode::Bytes);
                    if self.exchange.is_success() {
                        self.exchange.complete(cx.tally);
                    }
                }
                Err(failed) => return Err(self.fail(failed, cx)),
            },
            State::Done(Mode::Bytes) => {}
            _ => return Err(Status::WRONG_MODE),
        }
        cx.tally.count_given(out.len());
        Ok(())
    }

    /// `archive_pipe` of a list or an object: the next document, or `None` after the last. Its identity and its text have what the
    /// server says of its type.
    pub(super) fn next_document(&mut self, cx: &mut Context<'_>) -> Result<Option<(Vec<u8>, Identity)>> {
        self.check_nothing_is_pending()?;
        self.resolve(cx)?;
        if matches!(self.state, State::Sent(_) | State::Head(_) | State::Resources(_)) {
            // A file says what it is, whatever the gatherer's mask keeps.
            let identity = Node::parse("apiVersion,kind,metadata(name,namespace)").unwrap_or(Node::Drop);
            if let Some(expanded) = &mut self.expanded {
                expanded.with_identity(&identity);
            }
            let allowed = &mut self.exchange.asked.allowed;
            allowed.mask = allowed.mask.union(&identity);
        }
        if !self.advance(Mode::Piped, cx)? {
            return Ok(None);
        }
        self.prefetched.taken = self.prefetched.taken.saturating_add(1);
        Ok(match &mut self.state {
            State::Items(items) => items.take().map(Item::with_type),
            State::Object(object) => Some(object.take()),
            _ => None,
        })
    }

    /// `archive_pipe` of the resources that a gatherer may read: a document of discovery; `None` if it is another request.
    pub(super) fn discovery_document(&mut self, cx: &mut Context<'_>) -> Result<Option<Vec<u8>>> {
        if self.request().verb != Verb::DISCOVER {
            return Ok(None);
        }
        self.check_nothing_is_pending()?;
        self.resolve(cx)?;
        match &mut self.state {
            State::Resources(resources) if resources.is_untouched() => {
                let document = resources.document();
                self.state = State::Done(Mode::Piped);
                Ok(Some(document))
            }
            State::Failed(status) => Err(*status),
            _ => Err(Status::WRONG_MODE),
        }
    }

    /// `archive_pipe` of a raw body; `None` if the answer is not one.
    pub(super) fn raw_body(&mut self, cx: &mut Context<'_>) -> Result<Option<Body>> {
        if self.request().is_document() {
            return Ok(None);
        }
        self.receive_head(cx)?;
        let Some(head) = self.state.take_head() else { return Err(Status::WRONG_MODE) };
        if !head.is_success() {
            let failed = head.refusal(&self.exchange, cx);
            return Err(self.fail(failed, cx));
        }
        self.state = State::Done(Mode::Piped);
        Ok(Some(Body::new(head, cx)))
    }

    /// `archive_pipe` of a raw body that broke off: sends for it again, from its beginning.
    pub(super) fn raw_body_again(
        &mut self,
        body: Body,
        failed: Failed,
        cx: &mut Context<'_>,
    ) -> Result<Body> {
        match body.broken(failed).send_again(&mut self.exchange, cx) {
            Ok(head) => Ok(Body::new(head, cx)),
            Err(failed) => Err(self.fail(failed, cx)),
        }
    }

    /// A raw body that was piped is in the archive.
    pub(super) fn is_piped(&self, tally: &mut Tally) {
        self.exchange.complete(tally);
    }

    /// The archive could not take all of the answer.
    pub(super) fn cut_short(&mut self, status: Status, cx: &mut Context<'_>) {
        if matches!(self.state, State::Failed(_)) {
            return;
        }
        let why = cx.tally.blame(status).map_or_else(|| status.to_string(), |blame| blame.reason.clone());
        self.exchange.record_missing(status, Consumed::Begun, &why, "", cx);
    }

    /// The guest needs no more of it. A refusal is recorded even if the guest never looked at it.
    pub(super) fn close(&mut self, cx: &mut Context<'_>) {
        self.prefetched.discard(cx.tally);
        let is_missing = match &self.state {
            State::Head(head) if !head.is_success() => {
                let status = Status::http(head.http_status());
                impact_of(self.request(), status, Consumed::Not) != Impact::Nothing
            }
            _ => false,
        };
        if is_missing && let Some(head) = self.state.take_head() {
            let failed = head.refusal(&self.exchange, cx);
            self.fail(failed, cx);
        }
    }

    /// While items wait that the guest has not taken, it can take items and do nothing else.
    fn check_nothing_is_pending(&self) -> Result<()> {
        if self.prefetched.is_pending() { Err(Status::WRONG_MODE) } else { Ok(()) }
    }

    /// Waits for the head, unless it has arrived.
    fn receive_head(&mut self, cx: &mut Context<'_>) -> Result<()> {
        self.resolve(cx)?;
        match self.state.take_sent() {
            None => Ok(()),
            Some(sent) => {
                let next = sent.receive(&mut self.exchange, cx);
                self.enter(next, cx)
            }
        }
    }

    /// Finds out what the request means, if only discovery can say that.
    fn resolve(&mut self, cx: &mut Context<'_>) -> Result<()> {
        match self.state {
            State::Failed(status) if self.expanded.is_none() => Err(status),
            State::Unresolved => match expanded::resolve(&mut self.exchange, cx) {
                Ok((State::Failed(status), _)) => {
                    self.state = State::Failed(status);
                    Err(status)
                }
                Ok((state, expanded)) => {
                    (self.state, self.expanded) = (state, expanded.map(Box::new));
                    Ok(())
                }
                Err(failed) => Err(self.fail(failed, cx)),
            },
            _ => Ok(()),
        }
    }

    /// Consumes the answer as items: whether there is a next one. In a list of any resource, a list that fails is missing, and the next
    /// one follows.
    fn advance(&mut self, mode: Mode, cx: &mut Context<'_>) -> Result<bool> {
        loop {
            let has_next = self.advance_list(mode, cx);
            let is_over = match has_next {
                Ok(has_next) => !has_next,
                Err(_) => matches!(self.state, State::Failed(_)),
            };
            let Some(expanded) = self.expanded.as_mut().filter(|_| is_over) else { return has_next };
            match expanded.next(cx) {
                Some((exchange, state)) => (self.exchange, self.state) = (exchange, state),
                None => {
                    self.state = State::Done(mode);
                    return Ok(false);
                }
            }
        }
    }

    /// The same for one list.
    fn advance_list(&mut self, mode: Mode, cx: &mut Context<'_>) -> Result<bool> {
        loop {
            self.receive_head(cx)?;
            if let State::Failed(status) = self.state {
                return Err(status);
            }
            if matches!(self.state, State::Head(_)) && !self.request().is_document() {
                return Err(Status::WRONG_MODE);
            }
            if let Some(head) = self.state.take_head() {
                let next = self.open_document(head, mode, cx);
                self.enter(next, cx)?;
            }
            let has_next = match &mut self.state {
                State::Items(items) if items.mode != mode => return Err(Status::WRONG_MODE),
                State::Items(items) => items.has_next(&mut self.exchange, cx),
                State::Object(object) if object.mode == mode => return Ok(object.is_untouched()),
                State::Done(done) if *done == mode => return Ok(false),
                State::Resources(resources) => {
                    return if resources.begin(mode) {
                        Ok(resources.has_next())
                    } else {
                        Err(Status::WRONG_MODE)
                    };
                }
                _ => return Err(Status::WRONG_MODE),
            };
            match has_next {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                Err(failed) => return Err(self.fail(failed, cx)),
            }
            if let Some(items) = self.state.take_items() {
                let given = items.given();
                self.expanded.iter_mut().for_each(|expanded| expanded.gave(given));
                let has_gaps = cx.tally.gaps.count() > self.gaps_before;
                if mode == Mode::Piped && given == 0 && !has_gaps && self.is_whole() {
                    self.empty.push(self.request().clone());
                }
                let next = items.finish(&mut self.exchange, cx);
                self.enter(next, cx)?;
            }
        }
    }

    /// From the head to a list or an object.
    fn open_document(
        &mut self,
        head: Head,
        mode: Mode,
        cx: &mut Context<'_>,
    ) -> std::result::Result<State, Failed> {
        let exchange = &mut self.exchange;
        if !head.is_success() {
            return Err(head.refusal(exchange, cx));
        }
        match exchange.asked.request.verb {
            Verb::LIST => {
                self.gaps_before = cx.tally.gaps.count();
                Ok(State::Items(Box::new(Items::new(head, mode, &exchange.asked))))
            }
            _ => Object::read_from(head, mode, exchange, cx).map(State::Object),
        }
    }

    /// From the head to bytes: an object's, or a raw body's. The guest may read the body of a refusal as well.
    fn open_bytes(&mut self, head: Head, cx: &mut Context<'_>) -> std::result::Result<State, Failed> {
        let exchange = &mut self.exchange;
        if head.is_success() && exchange.asked.request.is_document() {
            return Object::read_from(head, Mode::Bytes, exchange, cx).map(State::Object);
        }
        if !head.is_success() {
            let code = head.http_status();
            let why = refusal::text(code, "its body was passed to the gatherer");
            exchange.record_missing(Status::http(code), Consumed::Body, &why, exchange.advice(code), cx);
        }
        Ok(State::Body(Box::new(Body::new(head, cx))))
    }

    /// Enters the next state, or the failed one.
    fn enter(&mut self, next: std::result::Result<State, Failed>, cx: &mut Context<'_>) -> Result<()> {
        match next {
            Ok(state) => {
                self.state = state;
                Ok(())
            }
            Err(failed) => Err(self.fail(failed, cx)),
        }
    }

    /// Enters the failed state, with the status that each later call gets.
    fn fail(&mut self, failed: Failed, cx: &mut Context<'_>) -> Status {
        let given = if let State::Items(items) = &self.state { items.given() } else { 0 };
        self.expanded.iter_mut().for_each(|expanded| expanded.gave(given));
        let status = self.exchange.fail(failed, given, cx);
        self.state = State::Failed(status);
        status
    }
}
