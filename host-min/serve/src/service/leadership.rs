//! What a replica knows of the one that leads.

use crate::status::LeaderStatus;
use std::time::Instant;

/// What is shown of a holder's name, which comes from the server.
const MAX_HOLDER_CHARS: usize = 1024;

/// What is known of the leader.
pub(super) struct Leadership {
    identity: String,
    holder: String,
    /// This replica leads until then.
    until: Option<Instant>,
    /// Whether this replica has led before.
    has_led: bool,
    /// The Lease was given back, or its thread has ended.
    is_released: bool,
}

impl Leadership {
    pub(super) fn new(identity: String) -> Leadership {
        Leadership { identity, holder: String::new(), until: None, has_led: false, is_released: false }
    }

    /// Whether this replica leads.
    pub(super) fn leads(&self) -> bool {
        self.until().is_some()
    }

    /// Until when this replica leads, if it does.
    pub(super) fn until(&self) -> Option<Instant> {
        self.until.filter(|until| Instant::now() < *until)
    }

    /// Who leads, if that is another one.
    pub(super) fn other(&self) -> Option<String> {
        let is_other = !self.holder.is_empty() && self.holder != self.identity;
        is_other.then(|| self.holder.clone())
    }

    /// An attempt to hold the Lease came to this; `None` if it failed, so that what was known of it holds. Says whether this replica leads for the
    /// first time.
    pub(super) fn tried(&mut self, holder: &str, until: Option<Option<Instant>>) -> bool {
        self.holder = holder.chars().take(MAX_HOLDER_CHARS).collect();
        self.until = until.unwrap_or(self.until);
        let is_first = self.leads() && !self.has_led;
        self.has_led |= is_first;
        is_first
    }

    /// The Lease was given back.
    pub(super) fn release(&mut self) {
        (self.until, self.is_released) = (None, true);
    }

    pub(super) fn is_released(&self) -> bool {
        self.is_released
    }

    pub(super) fn status(&self) -> LeaderStatus {
        let leader = if self.leads() { Some(self.identity.clone()) } else { self.other() };
        LeaderStatus { leads: self.leads(), identity: self.identity.clone(), leader }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_of_a_holder_is_cut() {
        let mut leadership = Leadership::new("me".into());
        leadership.tried(&"ü".repeat(100_000), None);
        assert_eq!(leadership.other().map(|name| name.chars().count()), Some(MAX_HOLDER_CHARS));
    }
}
