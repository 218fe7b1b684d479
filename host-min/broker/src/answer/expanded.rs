//! A list of any resource: a list of each resource that the manifest and the grant allow, one after another. The gatherer sees one list.
//!
//! While one is read, the first pages of the next ones are on their way. If one fails, it is recorded as missing, and the next one is read.

use super::context::Context;
use super::exchange::{Exchange, Origin};
use super::failed::Failed;
use super::{Mode, State, discovered};
use crate::gaps::Gap;
use crate::tally::Tally;
use std::collections::VecDeque;
use std::sync::Arc;
use wagather_abi::Verb;
use wagather_json::project::Identity;
use wagather_json::project::Node;
use wagather_policy::canonical::Canonical;
use wagather_policy::discovery::{ApiResource, Catalog, Position, document};
use wagather_policy::rights::{Expansion, LeftOut, List, Why};

/// How many lists are on their way besides the one that is read.
const AHEAD: usize = 3;

/// The lists that were not read yet.
pub(super) struct Expanded {
    /// The request of the gatherer.
    request: Canonical,
    catalog: Arc<Catalog>,
    rest: std::vec::IntoIter<Position>,
    ahead: VecDeque<(Exchange, State)>,
    /// The most items that are still wanted. `None` if all are.
    left: Option<u32>,
    /// What each document must have, besides the mask.
    identity: Node,
}

/// Finds out what a request means that does not name its resource, or not its version, and sends it.
pub(super) fn resolve(
    exchange: &mut Exchange,
    cx: &mut Context<'_>,
) -> Result<(State, Option<Expanded>), Failed> {
    let catalog = discovered::catalog(cx)?;
    let Some(finder) = &cx.finder else { return Ok((State::resources(Resources::none()), None)) };
    let rights = finder.rights;
    let request = &exchange.asked.request;
    if request.verb == Verb::DISCOVER {
        let positions =
            rights.readable(request, &catalog).filter_map(|found| catalog.position(found)).collect();
        exchange.http_status = Some(200);
        return Ok((State::resources(Resources::new(catalog, positions)), None));
    }
    if request.is_of_any() {
        let Expansion { lists, left_out } = rights.expand(request, &catalog);
        left_out.into_iter().for_each(|left_out| record(left_out, &request.namespace, cx.tally));
        exchange.http_status = Some(200);
        let left = Some(request.limit).filter(|limit| *limit > 0);
        let expanded = Expanded {
            request: request.clone(),
            catalog,
            rest: lists.into_iter(),
            ahead: VecDeque::new(),
            left,
            identity: Node::Drop,
        };
        return Ok((State::resources(Resources::none()), Some(expanded)));
    }
    let found = rights.resolve(request, &exchange.asked.allowed, &catalog).map_err(Failed::refused)?;
    let request = Canonical { version: found.version.clone(), ..request.clone() };
    let list = List { request, allowed: exchange.asked.allowed.clone(), namespaced: found.namespaced };
    let (sent, state) = start(list, exchange.asked.limits(), cx, None);
    *exchange = sent;
    Ok((state, None))
}

/// Sends a list, or records why it cannot be sent.
fn start(
    list: List,
    limits: (std::time::Instant, Option<u32>),
    cx: &mut Context<'_>,
    left: Option<u32>,
) -> (Exchange, State) {
    let List { mut request, allowed, namespaced } = list;
    if let Some(left) = left {
        request.limit = left;
    }
    let origin = Origin { fetcher: cx.fetcher, deadline: limits.0, chunk_items: limits.1 };
    if let Err(spent) = cx.tally.count_request() {
        let exchange = Exchange::unsent(request, allowed, &origin, cx.tally);
        let status = exchange.fail_unsent(Failed::from(spent), cx);
        return (exchange, State::Failed(status));
    }
    let (mut exchange, ticket) = Exchange::begin(request, allowed, &origin, cx.tally);
    exchange.asked.namespaced = namespaced;
    (exchange, State::sent(ticket))
}

impl Expanded {
    /// Makes sure that each document says what it is, whatever the gatherer's mask keeps.
    pub(super) fn with_identity(&mut self, identity: &Node) {
        self.identity = identity.clone();
    }

    /// The current list gave this many items.
    pub(super) fn gave(&mut self, items: u32) {
        self.left = self.left.map(|left| left.saturating_sub(items));
    }

    /// How many lists were not begun.
    pub(super) fn rest(&self) -> usize {
        self.rest.len() + self.ahead.len()
    }

    /// The next list, which was sent.
    pub(super) fn next(&mut self, cx: &mut Context<'_>) -> Option<(Exchange, State)> {
        if self.left == Some(0) {
            return None;
        }
        let finder = cx.finder.as_ref()?;
        let limits = (finder.deadline, finder.chunk_items);
        // With a limit, how many items are still wanted of the next list is known only at the end of this one.
        let ahead = if self.left.is_some() { 0 } else { AHEAD };
        while self.ahead.len() <= ahead {
            let Some(position) = self.rest.next() else { break };
            let list = cx
                .finder
                .as_ref()
                .and_then(|finder| finder.rights.list(&self.request, &self.catalog, position));
            // It was judged before, and nothing has changed since.
            let Some(list) = list else { continue };
            let (mut exchange, state) = start(list, limits, cx, self.left);
            exchange.asked.is_prefetched = !self.ahead.is_empty();
            exchange.asked.is_typed = true;
            self.ahead.push_back((exchange, state));
        }
        let (mut exchange, state) = self.ahead.pop_front()?;
        let allowed = &mut exchange.asked.allowed;
        allowed.mask = allowed.mask.union(&self.identity);
        Some((exchange, state))
    }
}

/// Records a resource that is not read.
fn record(left_out: LeftOut, namespace: &str, tally: &mut Tally) {
    let LeftOut { resource, why } = left_out;
    let place = tally.gaps.resource(|| resource.clone());
    match why {
        Why::NotListable => tally.gaps.leave_out(place, "notListable"),
        Why::Denied(_) => tally.gaps.leave_out(place, "denied"),
        Why::Alias(_) => tally.gaps.leave_out(place, "alias"),
        Why::Unknown(why) => {
            let asked = format!("discover {resource}");
            let line = format!("{asked}: {why}");
            let gap = Gap { asked, namespace: namespace.to_owned(), reason: why, ..Gap::default() };
            tally.record_skipped(place, gap, line, None);
        }
    }
}

/// The resources that a gatherer may read, as it gets them.
pub(super) struct Resources {
    catalog: Arc<Catalog>,
    rest: VecDeque<Position>,
    next: Option<Vec<u8>>,
    mode: Option<Mode>,
}

impl Resources {
    pub(super) fn new(catalog: Arc<Catalog>, positions: VecDeque<Position>) -> Resources {
        Resources { catalog, rest: positions, next: None, mode: None }
    }

    /// None at all.
    pub(super) fn none() -> Resources {
        Resources::new(Arc::default(), VecDeque::new())
    }

    fn at(&self, position: Position) -> Option<&ApiResource> {
        self.catalog.at(position)
    }

    /// Chooses how they are consumed, if that is still open. Whether it is this way.
    pub(super) fn begin(&mut self, mode: Mode) -> bool {
        *self.mode.get_or_insert(mode) == mode
    }

    /// Whether there is a next one. Writes it.
    pub(super) fn has_next(&mut self) -> bool {
        if self.next.is_none() {
            let position = self.rest.pop_front();
            self.next = position.and_then(|position| serde_json::to_vec(self.at(position)?).ok());
        }
        self.next.is_some()
    }

    pub(super) fn peek(&self) -> Option<&Vec<u8>> {
        self.next.as_ref()
    }

    pub(super) fn take(&mut self) -> Option<(Vec<u8>, Identity)> {
        self.next.take().map(|bytes| (bytes, Identity::default()))
    }

    /// Whether none was taken.
    pub(super) fn is_untouched(&self) -> bool {
        self.mode.is_none()
    }

    /// All of them, as one document.
    pub(super) fn document(&self) -> Vec<u8> {
        document(self.rest.iter().filter_map(|position| self.at(*position))).to_string().into_bytes()
    }
}
