//! Items of a list in batches: those that the guest has not asked for yet wait on its side of the channel.
//!
//! The guest's side reports how many of them the guest took. It asks for more only when it has none left. The broker cannot check that: a
//! compromised sandbox can have one batch of each list that is not counted, which is one item of up to 8 MiB and
//! [`MAX_PREFETCH_BYTES`] of the items after it. Requests, pages and bytes from the server are counted here in any case.

use super::{Answer, Context, Mode, Result, State};
use crate::answer::list::Item;
use crate::tally::{Effects, Tally};
use std::collections::VecDeque;
use std::ops::Range;
use wagather_base::limits::MAX_PREFETCH_BYTES;
use wagather_json::project::Identity;
use wagather_policy::rights::describe;

/// How much of the answer a call wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The room for the first item.
    pub cap: usize,
    /// The room for the items that the guest takes later.
    pub room: usize,
    /// Whether this call takes the first item, if there is room for it. Otherwise the guest's side reports it later.
    pub is_taken: bool,
}

/// An item that was sent.
#[derive(Default)]
pub(super) struct Given {
    pub(super) identity: Identity,
    /// Where its text is in its batch.
    pub(super) range: Range<usize>,
    /// The request in words, if it is not the same for all items of the answer.
    pub(super) asked: Option<String>,
}

/// Something that was read and that the guest has not come to.
struct Step {
    effects: Effects,
    /// The item, if it was sent. Without one, this is an item that was too large for the batch, a failure, or the end.
    item: Option<Given>,
}

/// What was read of an answer before the guest asked for it.
#[derive(Default)]
pub(super) struct Prefetched {
    steps: VecDeque<Step>,
    /// The texts of the newest batch, for items that are rejected. A batch of one item is not kept.
    sent: Vec<u8>,
    /// The newest item that the guest took, which it may reject.
    pub(super) last: Option<Given>,
    /// How many items the guest took.
    pub(super) taken: u32,
    /// The HTTP status of the answer when the batch was sent.
    http_status: Option<u16>,
}

/// How many items of a gatherer can be prefetched, over all lists. Each takes a few hundred bytes here, however short its text is.
const MAX_PREFETCHED_ITEMS: u64 = 4 << 10;

impl Prefetched {
    /// The text of an item, if its batch had others.
    pub(super) fn text(&self, range: &Range<usize>) -> Option<&[u8]> {
        self.sent.get(range.clone()).filter(|_| !self.sent.is_empty())
    }

    /// Whether something was read that the guest has not come to.
    pub(super) fn is_pending(&self) -> bool {
        !self.steps.is_empty()
    }

    /// The HTTP status that the guest sees while something is pending.
    pub(super) fn http_status(&self) -> Option<u16> {
        self.http_status.filter(|_| self.is_pending())
    }

    fn take(&mut self, given: Given, tally: &mut Tally) {
        tally.count_given(given.range.len());
        self.taken = self.taken.saturating_add(1);
        self.last = Some(given);
    }

    /// The guest came to the next step. Returns how long its item is.
    fn advance(&mut self, tally: &mut Tally) -> Option<usize> {
        let Step { effects, item } = self.steps.pop_front()?;
        tally.apply(effects);
        let len = item.as_ref().map_or(0, |given| given.range.len());
        if let Some(given) = item {
            self.take(given, tally);
        }
        Some(len)
    }

    /// Forgets what the guest will never come to.
    pub(super) fn discard(&mut self, tally: &mut Tally) {
        for step in self.steps.drain(..) {
            tally.deferral.settle(&step.effects);
        }
    }
}

impl Answer {
    /// The guest took this many of the items that were sent. Returns their bytes, or `None` if there were not so many.
    pub(crate) fn taken(&mut self, items: u32, tally: &mut Tally) -> Option<u64> {
        if !self.prefetched.is_pending() {
            return None;
        }
        let mut bytes = 0;
        for _ in 0..items {
            self.prefetched.steps.front()?.item.as_ref()?;
            bytes += self.prefetched.advance(tally)? as u64;
        }
        Some(bytes)
    }

    /// `rest_next`: the next item if there is room for it, or else only its length; 0 at the end. As many further items as fit follow, each
    /// after its length.
    pub(crate) fn next(&mut self, wanted: Wanted, out: &mut Vec<u8>, cx: &mut Context<'_>) -> Result<usize> {
        // The guest's side asks only when nothing is left of the batch before.
        while self.prefetched.advance(cx.tally).is_some() {}
        self.prefetched.sent.clear();
        if !self.advance(Mode::Items, cx)? {
            return Ok(0);
        }
        let Wanted { cap, room, is_taken } = wanted;
        let len = self.state.peek().map_or(0, |item| item.len());
        if len > cap.max(room) {
            return Ok(len);
        }
        let given = self.push_item(out);
        if is_taken && len <= cap {
            self.prefetched.take(given, cx.tally);
        } else {
            self.prefetched.steps.push_back(Step { effects: Effects::default(), item: Some(given) });
        }
        self.prefetched.http_status = self.exchange.http_status;
        self.prefetch(room, out, cx);
        if out.len() > len {
            self.prefetched.sent.clone_from(out);
        }
        Ok(len)
    }

    /// Reads as many items as there is room for, and one step further. An item that does not fit, an end or a failure comes with the next
    /// call.
    fn prefetch(&mut self, room: usize, out: &mut Vec<u8>, cx: &mut Context<'_>) {
        const LEN_BYTES: usize = size_of::<u32>();
        let room = room.min(MAX_PREFETCH_BYTES);
        while (matches!(self.state, State::Items(_) | State::Resources(_)) || self.expanded.is_some())
            && out.len() + LEN_BYTES < room
            && cx.tally.has_items_left()
            && cx.tally.deferral.items() < MAX_PREFETCHED_ITEMS
        {
            cx.tally.begin_deferral();
            let has_next = self.advance(Mode::Items, cx);
            let effects = cx.tally.end_deferral();
            let fits = |bytes: &Vec<u8>| out.len() + LEN_BYTES + bytes.len() <= room;
            let item = match (has_next, self.state.peek()) {
                (Ok(true), Some(bytes)) if fits(bytes) => {
                    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
                    Some(self.push_item(out))
                }
                _ => None,
            };
            let goes_on = item.is_some();
            self.prefetched.steps.push_back(Step { effects, item });
            if !goes_on {
                return;
            }
        }
    }

    /// Takes the next item and appends its text to `out`.
    fn push_item(&mut self, out: &mut Vec<u8>) -> Given {
        let asked =
            (self.exchange.namespaces.is_some() || self.expanded.is_some()).then(|| describe(self.request()));
        let (bytes, identity) = match &mut self.state {
            State::Items(items) => match items.take() {
                Some(Item { bytes, identity, .. }) => (bytes, identity),
                None => return Given::default(),
            },
            State::Object(object) => object.take(),
            State::Resources(resources) => match resources.take() {
                Some(taken) => taken,
                None => return Given::default(),
            },
            _ => return Given::default(),
        };
        let begin = out.len();
        if begin == 0 {
            *out = bytes;
        } else {
            out.extend_from_slice(&bytes);
        }
        Given { identity, range: begin..out.len(), asked }
    }
}

impl State {
    /// The bytes of the next item.
    fn peek(&self) -> Option<&Vec<u8>> {
        match self {
            State::Items(items) => items.peek(),
            State::Object(object) => Some(&object.bytes),
            State::Resources(resources) => resources.peek(),
            _ => None,
        }
    }
}
