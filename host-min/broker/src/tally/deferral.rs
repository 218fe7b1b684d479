//! Effects of prefetched items on the tally, deferred until the guest takes the items.
//!
//! Items travel in batches, so an answer is read further than its guest has come. The effects of that on the tally (another item, a line about
//! one that was skipped, the failure that ends the list) are kept here and applied when the guest comes to them. If it never does, they
//! are dropped. Requests that were sent and bytes that arrived count at once.

use super::Tally;
use std::fmt;
use wagather_json::redact::Counts;

/// How many effects can be deferred at once, over all lists. A skipped item takes two bytes of a response and half a kilobyte here, so without a
/// limit a server could fill the memory. Further effects are applied at once, so the report can count a few skipped items that the guest
/// has not come to.
pub(crate) const MAX_DEFERRED: u64 = 1_000;

/// A deferred change of the tally.
type Effect = Box<dyn FnOnce(&mut Tally) + Send>;

/// The effects of reading one item.
#[derive(Default)]
pub(crate) struct Effects {
    /// The resource of the item, if an item was read.
    pub(crate) item: Option<usize>,
    /// The grant's rule for it, if nothing of it is hidden.
    pub(crate) given: Option<usize>,
    /// By how much the plain figures grow.
    pub(crate) counts: Counted,
    /// The other effects, in order.
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

/// Collects effects while items are prefetched.
#[derive(Debug, Default)]
pub(crate) struct Deferral {
    /// The figures at the beginning, and the effects since, while an item is being prefetched.
    current: Option<(Counted, Effects)>,
    /// Prefetched items that the guest has not taken, over all lists.
    items: u64,
    /// Deferred effects, over all lists.
    deferred: u64,
}

impl Deferral {
    /// Defers an effect, if an item is being prefetched and there is room. Otherwise returns it.
    pub(crate) fn defer<E: FnOnce(&mut Tally) + Send + 'static>(&mut self, effect: E) -> Option<E> {
        match &mut self.current {
            Some((_, effects)) if self.deferred < MAX_DEFERRED => {
                effects.others.push(Box::new(effect));
                self.deferred += 1;
                None
            }
            _ => Some(effect),
        }
    }

    /// The effects of the item that is being prefetched.
    pub(crate) fn current(&mut self) -> Option<&mut Effects> {
        self.current.as_mut().map(|(_, effects)| effects)
    }

    /// Prefetched items that the guest has not taken.
    pub(crate) const fn items(&self) -> u64 {
        self.items
    }

    /// Deferred effects.
    #[cfg(test)]
    pub(crate) const fn deferred(&self) -> u64 {
        self.deferred
    }

    pub(crate) fn begin(&mut self, before: Counted) {
        self.current = Some((before, Effects::default()));
    }

    /// Returns the effects since the beginning, and the figures at the beginning.
    pub(crate) fn end(&mut self, now: Counted) -> (Effects, Counted) {
        let (before, mut effects) = self.current.take().unwrap_or_default();
        effects.counts = Counted {
            withheld: now.withheld - before.withheld,
            duplicates: now.duplicates - before.duplicates,
            inconsistent_lists: now.inconsistent_lists - before.inconsistent_lists,
            redacted: now.redacted.since(&before.redacted),
        };
        self.items += u64::from(effects.item.is_some());
        (effects, before)
    }

    /// Settles effects: they were applied, or never will be.
    pub(crate) fn settle(&mut self, effects: &Effects) {
        self.items -= u64::from(effects.item.is_some());
        self.deferred -= effects.others.len() as u64;
    }
}

impl fmt::Debug for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Effects").field("item", &self.item).finish_non_exhaustive()
    }
}
