//! What is read ahead of a guest counts once the guest takes it.
//!
//! Items travel in batches, so an answer is read further than its guest is. Whatever that does to the tally (an item more, a line about an
//! odd one, the failure that ends the list) is taken down here, and done when the guest has come to it. What the guest never comes
//! to is forgotten. Only what really happened counts at once: the requests that were sent, and the bytes that came.

use super::Tally;
use std::fmt;
use wagather_json::redact::Counts;

/// How many effects wait at once, over all lists. An odd item takes two bytes of an answer and half a kilobyte here, so without a bound
/// a server could fill the memory. What is beyond it is done at once: the report is then ahead of the guest by some odd items.
pub(crate) const MAX_NOTES: u64 = 1_000;

/// Something that is done to the tally later.
type Effect = Box<dyn FnOnce(&mut Tally) + Send>;

/// What reading one item does to the tally.
#[derive(Default)]
pub(crate) struct Effects {
    /// The resource of the item, if there is one.
    pub(crate) item: Option<usize>,
    /// What of the grant it is about, if nothing of it is hidden.
    pub(crate) given: Option<usize>,
    /// By how much plain figures grow.
    pub(crate) counts: Counted,
    /// The rest, in its order.
    pub(crate) others: Vec<Effect>,
}

/// Plain figures of the tally.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counted {
    pub(crate) withheld: u64,
    pub(crate) duplicates: u64,
    pub(crate) inconsistent_lists: u64,
    pub(crate) redacted: Counts,
}

/// Takes down effects while something is read ahead.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    now: Option<(Counted, Effects)>,
    /// Items that were read ahead and not taken yet, of all lists.
    items: u64,
    /// Effects that wait, of all lists.
    notes: u64,
}

impl Recorder {
    /// Takes down an effect, if anything is being taken down and there is room; else gives it back.
    pub(crate) fn note<E: FnOnce(&mut Tally) + Send + 'static>(&mut self, effect: E) -> Option<E> {
        match &mut self.now {
            Some((_, effects)) if self.notes < MAX_NOTES => {
                effects.others.push(Box::new(effect));
                self.notes += 1;
                None
            }
            _ => Some(effect),
        }
    }

    /// What is being taken down, if anything is.
    pub(crate) fn now(&mut self) -> Option<&mut Effects> {
        self.now.as_mut().map(|(_, effects)| effects)
    }

    /// Items that were read ahead and not taken yet.
    pub(crate) const fn items(&self) -> u64 {
        self.items
    }

    /// Effects that wait.
    #[cfg(test)]
    pub(crate) const fn notes(&self) -> u64 {
        self.notes
    }

    pub(crate) fn begin(&mut self, before: Counted) {
        self.now = Some((before, Effects::default()));
    }

    /// The effects since the beginning, and the figures that there were then.
    pub(crate) fn end(&mut self, now: Counted) -> (Effects, Counted) {
        let (before, mut effects) = self.now.take().unwrap_or_default();
        effects.counts = Counted {
            withheld: now.withheld - before.withheld,
            duplicates: now.duplicates - before.duplicates,
            inconsistent_lists: now.inconsistent_lists - before.inconsistent_lists,
            redacted: now.redacted.since(&before.redacted),
        };
        self.items += u64::from(effects.item.is_some());
        (effects, before)
    }

    /// These effects are no longer ahead: they were done, or never will be.
    pub(crate) fn forget(&mut self, effects: &Effects) {
        self.items -= u64::from(effects.item.is_some());
        self.notes -= effects.others.len() as u64;
    }
}

impl fmt::Debug for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Effects").field("item", &self.item).finish_non_exhaustive()
    }
}
