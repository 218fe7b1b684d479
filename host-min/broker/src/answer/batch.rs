//! Items of a list, several at once: those that a guest has not asked for yet wait on its side of the channel.
//!
//! The guest's side says how many of them the guest took, and what it asks for it has no more of. That is its word, and a sandbox that is not
//! what it was may lie: it has then read a batch of each list that is not counted, one item of up to 8 MiB and [`MAX_AHEAD_BYTES`] of those
//! that follow. Requests, pages and bytes of the server are counted here, whatever it says.

use super::{Answer, Item, Means, Mode, Result, State};
use crate::tally::Effects;
use crate::tally::Tally;
use std::collections::VecDeque;
use std::ops::Range;
use wagather_base::limits::MAX_AHEAD_BYTES;
use wagather_json::project::Identity;
use wagather_policy::rights::describe;

/// How much of the answer is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The room for the first item.
    pub cap: usize,
    /// The room for what the guest takes later.
    pub room: usize,
    /// Whether the guest takes the first item with this call, if there is room for it; else its side says when it does.
    pub is_taken: bool,
}

/// An item that the guest was given.
#[derive(Default)]
pub(super) struct Given {
    pub(super) identity: Identity,
    /// Where its text is in the batch that it came with.
    pub(super) range: Range<usize>,
    /// What was asked for, if that is not the same for all of the answer's items.
    pub(super) asked: Option<String>,
}

/// What was read and is not taken yet.
struct Step {
    effects: Effects,
    /// The item, if it was sent; else the item that was too large for the batch, or the end.
    item: Option<Given>,
}

/// What of an answer is ahead of the guest.
#[derive(Default)]
pub(super) struct Ahead {
    steps: VecDeque<Step>,
    /// The texts of the last batch, for items that are rejected. One item alone is not kept.
    sent: Vec<u8>,
    /// The item that was given last, which may be rejected.
    pub(super) last: Option<Given>,
    /// How many items were given.
    pub(super) taken: u32,
    /// The HTTP status of the answer that the guest is at.
    http_status: Option<u16>,
}

/// How many items may be ahead of a gatherer, over all lists: each takes some hundred bytes here, however short its text is.
const MAX_ITEMS_AHEAD: u64 = 4 << 10;

impl Ahead {
    /// The text of an item, if its batch had others.
    pub(super) fn text(&self, range: &Range<usize>) -> Option<&[u8]> {
        self.sent.get(range.clone()).filter(|_| !self.sent.is_empty())
    }

    /// Whether the guest has not come as far as the answer was read.
    pub(super) fn is_behind(&self) -> bool {
        !self.steps.is_empty()
    }

    /// The HTTP status of the answer as far as the guest has come, if it was read further.
    pub(super) fn http_status(&self) -> Option<u16> {
        self.http_status.filter(|_| self.is_behind())
    }

    fn take(&mut self, given: Given, tally: &mut Tally) {
        tally.gave(given.range.len());
        self.taken = self.taken.saturating_add(1);
        self.last = Some(given);
    }

    /// The guest has come to the next step.
    fn advance(&mut self, tally: &mut Tally) -> Option<usize> {
        let Step { effects, item } = self.steps.pop_front()?;
        tally.apply(effects);
        let len = item.as_ref().map_or(0, |given| given.range.len());
        if let Some(given) = item {
            self.take(given, tally);
        }
        Some(len)
    }

    /// What is ahead is never come to.
    pub(super) fn forget(&mut self, tally: &mut Tally) {
        for step in self.steps.drain(..) {
            tally.recorder.forget(&step.effects);
        }
    }
}

impl Answer {
    /// The guest took so many of the items that it was sent: their bytes. `None` if it was not sent so many.
    pub(crate) fn took(&mut self, items: u32, tally: &mut Tally) -> Option<u64> {
        if !self.ahead.is_behind() {
            return None;
        }
        let mut bytes = 0;
        for _ in 0..items {
            self.ahead.steps.front()?.item.as_ref()?;
            bytes += self.ahead.advance(tally)? as u64;
        }
        Some(bytes)
    }

    /// `rest_next`: the next item if there is room for it, or how long it is; the end is 0. Others follow, as many as fit, each after its length.
    pub(crate) fn next(&mut self, wanted: Wanted, out: &mut Vec<u8>, means: &mut Means<'_>) -> Result<usize> {
        // Who asks has nothing left of what it was sent.
        while self.ahead.advance(means.tally).is_some() {}
        self.ahead.sent.clear();
        if !self.advance(means, Mode::Items)? {
            return Ok(0);
        }
        let Wanted { cap, room, is_taken } = wanted;
        let len = self.coming().map_or(0, |item| item.len());
        if len > cap.max(room) {
            return Ok(len);
        }
        let given = self.send(out);
        if is_taken && len <= cap {
            self.ahead.take(given, means.tally);
        } else {
            self.ahead.steps.push_back(Step { effects: Effects::default(), item: Some(given) });
        }
        self.ahead.http_status = self.http_status;
        self.send_more(room, out, means);
        if out.len() > len {
            self.ahead.sent.clone_from(out);
        }
        Ok(len)
    }

    /// Reads ahead what there is room for, one step further: an item that does not fit, an end or a failure comes with the next call.
    fn send_more(&mut self, room: usize, out: &mut Vec<u8>, means: &mut Means<'_>) {
        const LEN_BYTES: usize = size_of::<u32>();
        let room = room.min(MAX_AHEAD_BYTES);
        while matches!(self.state, State::List(..))
            && out.len() + LEN_BYTES < room
            && means.tally.has_items_left()
            && means.tally.recorder.items() < MAX_ITEMS_AHEAD
        {
            means.tally.record();
            let is_more = self.advance(means, Mode::Items);
            let effects = means.tally.recorded();
            let fits = |bytes: &Vec<u8>| out.len() + LEN_BYTES + bytes.len() <= room;
            let item = match (is_more, self.coming()) {
                (Ok(true), Some(bytes)) if fits(bytes) => {
                    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
                    Some(self.send(out))
                }
                _ => None,
            };
            let goes_on = item.is_some();
            self.ahead.steps.push_back(Step { effects, item });
            if !goes_on {
                return;
            }
        }
    }

    /// The bytes of the item that comes next.
    fn coming(&self) -> Option<&Vec<u8>> {
        match &self.state {
            State::List(_, _, Some(Item { bytes, .. })) | State::Object { bytes, .. } => Some(bytes),
            _ => None,
        }
    }

    /// The item that comes next is sent.
    fn send(&mut self, out: &mut Vec<u8>) -> Given {
        let asked = self.places.is_some().then(|| describe(&self.asked.request));
        let (bytes, identity) = match &mut self.state {
            State::List(_, _, held) => match held.take() {
                Some(Item { bytes, identity, .. }) => (bytes, identity),
                None => return Given::default(),
            },
            State::Object { bytes, identity, given, hold, .. } => {
                (*given, *hold) = (Some(0), None);
                (std::mem::take(bytes), std::mem::take(identity))
            }
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
