//! Items that do not fit a guest's type: the guest says where, and the host, which still has the item, says what is there.

use super::batch::Given;
use super::list::odd::{object_of, place};
use super::{Answer, Means, Result};
use crate::gaps::Gap;
use crate::line;
use wagather_abi::Status;
use wagather_abi::place::{Place, Wanted};
use wagather_policy::rights::describe;

const ADVICE: &str = "the gatherer's types do not match this cluster: `codegen verify` shows where, and `codegen check` shows how the cluster differs";

/// What does not fit.
#[derive(Debug)]
pub struct Misfit {
    /// From which byte of the item on.
    pub at: u32,
    /// What should be there.
    pub wanted: Wanted,
}

impl Answer {
    /// `rest_reject`: names the item that was given last, and counts it as missing. If it came alone, its text is that, or empty if it is no
    /// longer at hand.
    pub(crate) fn reject(
        &mut self,
        Misfit { at, wanted }: &Misfit,
        alone: &[u8],
        means: &mut Means<'_>,
    ) -> Result<()> {
        let Some(Given { identity, range, asked }) = self.ahead.last.take() else {
            return Err(Status::WRONG_MODE);
        };
        let text = self.ahead.text(&range).unwrap_or(alone);
        let (mut field, mut found) = (String::new(), String::new());
        let is_within = text.len() > *at as usize;
        if is_within {
            let there = Place::of(text, *at as usize);
            // A `String` takes all that is written.
            let _ = there.write_path(&mut field).and_then(|()| there.write_value(&mut found));
        }
        let (field, found) = (line::of(field.as_bytes()), line::of(found.as_bytes()));
        let byte = is_within.then_some(u64::from(*at));
        let reason = match (&*found, *wanted) {
            ("", _) => "it does not match the gatherer's type".to_owned(),
            (found, Wanted::UNSAID) => format!("it does not match the gatherer's type: {found}"),
            (found, wanted) => format!("{found} where the gatherer expects {}", wanted.text()),
        };
        let asked = asked.unwrap_or_else(|| describe(&self.asked.request));
        let object = object_of(&identity);
        let who = if object.is_empty() { "an object" } else { &*object };
        let said = format!("{asked}: {who} does not match: {reason}{}", place(&field, byte));
        let gap = Gap { asked, object, field, byte, reason, ..Gap::default() };
        means.tally.skipped(self.asked.resource, gap, said, Some((Status::DECODE, ADVICE)));
        Ok(())
    }
}
