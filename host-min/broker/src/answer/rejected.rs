//! Items that do not fit a guest's type. The guest says where; the host, which still has the item, says what is there.

use super::list::invalid::{object_of, place};
use super::prefetch::Given;
use super::{Answer, Context, Result};
use crate::gaps::Gap;
use crate::line;
use wagather_abi::Status;
use wagather_abi::place::{Place, Wanted};
use wagather_policy::rights::describe;

const ADVICE: &str = "the gatherer's types do not match this cluster: `codegen verify` shows where, and `codegen check` shows how the cluster differs";

/// What does not fit.
#[derive(Debug)]
pub struct Misfit {
    /// The byte of the item at which it begins.
    pub at: u32,
    /// What the type expects there.
    pub wanted: Wanted,
}

impl Answer {
    /// `rest_reject`: records the newest item as missing. `alone` is the item's text if it came in a batch of its own, and empty if the broker
    /// no longer has it.
    pub(crate) fn reject(
        &mut self,
        Misfit { at, wanted }: &Misfit,
        alone: &[u8],
        cx: &mut Context<'_>,
    ) -> Result<()> {
        let Some(Given { identity, range, asked }) = self.prefetched.last.take() else {
            return Err(Status::WRONG_MODE);
        };
        let text = self.prefetched.text(&range).unwrap_or(alone);
        let (mut field, mut found) = (String::new(), String::new());
        let is_within = text.len() > *at as usize;
        if is_within {
            let there = Place::of(text, *at as usize);
            // Writing into a `String` cannot fail.
            let _ = there.write_path(&mut field).and_then(|()| there.write_value(&mut found));
        }
        let (field, found) = (line::of(field.as_bytes()), line::of(found.as_bytes()));
        let byte = is_within.then_some(u64::from(*at));
        let reason = match (&*found, *wanted) {
            ("", _) => "it does not match the gatherer's type".to_owned(),
            (found, Wanted::UNSAID) => format!("it does not match the gatherer's type: {found}"),
            (found, wanted) => format!("{found} where the gatherer expects {}", wanted.text()),
        };
        let asked = asked.unwrap_or_else(|| describe(self.request()));
        let object = object_of(&identity);
        let who = if object.is_empty() { "an object" } else { &*object };
        let line = format!("{asked}: {who} does not match: {reason}{}", place(&field, byte));
        let gap = Gap { asked, object, field, byte, reason, ..Gap::default() };
        cx.tally.record_skipped(self.exchange.asked.resource, gap, line, Some((Status::DECODE, ADVICE)));
        Ok(())
    }
}
