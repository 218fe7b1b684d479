//! Who may take a Lease, and when: the rules of client-go's `leaderelection`. Nothing here waits or has a clock.
//!
//! The clocks of replicas may differ. So a Lease is held for its duration from the moment at which this replica saw it change, and the times in it
//! are only written.

use crate::config::Terms;
use std::time::{Instant, SystemTime};
use wagather_kube::cluster::lease::{Lease, LeaseClient, LeaseError, LeaseName, Term, micro_time};

/// Where the Lease is.
pub(super) trait Store {
    /// As it is now.
    fn read(&self, deadline: Instant) -> Result<Option<Lease>, LeaseError>;
    /// There was none.
    fn create(&self, lease: &Lease, deadline: Instant) -> Result<Lease, LeaseError>;
    /// If it was not changed.
    fn replace(&self, lease: &Lease, deadline: Instant) -> Result<Lease, LeaseError>;
}

impl Store for LeaseClient {
    fn read(&self, deadline: Instant) -> Result<Option<Lease>, LeaseError> {
        self.read(deadline)
    }
    fn create(&self, lease: &Lease, deadline: Instant) -> Result<Lease, LeaseError> {
        self.create(lease, deadline)
    }
    fn replace(&self, lease: &Lease, deadline: Instant) -> Result<Lease, LeaseError> {
        self.replace(lease, deadline)
    }
}

/// The time of both clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Time {
    pub(super) instant: Instant,
    pub(super) of_day: SystemTime,
}

/// One replica of those that want the Lease.
pub(super) struct Elector {
    identity: String,
    name: LeaseName,
    terms: Terms,
    seen: Option<Seen>,
    /// When it was last looked at.
    looked: Option<Instant>,
    /// A time at which a holder renewed it, or later.
    renewed: Option<Instant>,
}

/// The Lease as it was last seen.
struct Seen {
    lease: Lease,
    /// When it was first seen like this.
    at: Instant,
}

impl Elector {
    pub(super) fn new(identity: String, name: LeaseName, terms: Terms) -> Elector {
        Elector { identity, name, terms, seen: None, looked: None, renewed: None }
    }

    /// Renews the Lease, or takes it if nobody has it. Says until when it is held; `None` if somebody else has it, or was faster.
    pub(super) fn try_hold(
        &mut self,
        store: &dyn Store,
        deadline: Instant,
        now: &dyn Fn() -> Time,
    ) -> Result<Option<Instant>, LeaseError> {
        // Before the request is sent: it may take long.
        let begin = now();
        let until = Some(begin.instant + self.terms.renew_deadline);
        // One that is held is usually as it was written last.
        if let Some(known) = self.seen.as_ref().filter(|seen| seen.lease.holder() == self.identity) {
            let renewed = known.lease.with(&self.term(Some(&known.lease), begin));
            match store.replace(&renewed, deadline) {
                Ok(lease) => {
                    self.saw(lease, now().instant);
                    return Ok(until);
                }
                // It was changed or removed.
                Err(LeaseError::Conflict | LeaseError::Refused(404, _)) => {}
                Err(other) => return Err(other),
            }
        }
        let written = match store.read(deadline)? {
            None => {
                self.seen = None;
                store.create(&Lease::new(&self.name, &self.term(None, begin)), deadline)
            }
            Some(lease) => {
                self.saw(lease, now().instant);
                let Some(seen) = &self.seen else { return Ok(None) };
                let holder = seen.lease.holder();
                let is_others = !holder.is_empty() && holder != self.identity;
                let duration = seen.lease.duration().unwrap_or(self.terms.lease_duration);
                // A time that never comes is as good as one that has not come.
                let is_over = seen.at.checked_add(duration).is_some_and(|end| end <= now().instant);
                if is_others && !is_over {
                    return Ok(None);
                }
                store.replace(&seen.lease.with(&self.term(Some(&seen.lease), begin)), deadline)
            }
        };
        match written {
            Ok(lease) => {
                self.saw(lease, now().instant);
                Ok(until)
            }
            Err(LeaseError::Conflict) => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// Gives the Lease back, so that another replica need not wait for its end.
    pub(super) fn release(
        &mut self,
        store: &dyn Store,
        deadline: Instant,
        now: Time,
    ) -> Result<(), LeaseError> {
        let Some(held) = self.seen.take().filter(|seen| seen.lease.holder() == self.identity) else {
            return Ok(());
        };
        let term = Term {
            holder: String::new(),
            duration: std::time::Duration::from_secs(1),
            acquired: micro_time(now.of_day),
            renewed: micro_time(now.of_day),
            transitions: held.lease.transitions(),
        };
        store.replace(&held.lease.with(&term), deadline).map(drop)
    }

    /// Who holds it, as far as it is known. Empty if nobody does.
    pub(super) fn holder(&self) -> &str {
        self.seen.as_ref().map_or("", |seen| seen.lease.holder())
    }

    /// The last time at which a holder was surely there. What was due after it may not have happened.
    pub(super) fn renewed(&self) -> Option<Instant> {
        self.renewed
    }

    fn term(&self, before: Option<&Lease>, now: Time) -> Term {
        let is_ours = before.is_some_and(|before| before.holder() == self.identity);
        let renewed = micro_time(now.of_day);
        let transitions = before.map_or(0, |before| before.transitions().saturating_add(i64::from(!is_ours)));
        Term {
            holder: self.identity.clone(),
            duration: self.terms.lease_duration,
            acquired: match before.map(Lease::acquired).filter(|acquired| is_ours && !acquired.is_empty()) {
                Some(acquired) => acquired.to_owned(),
                None => renewed.clone(),
            },
            renewed,
            transitions,
        }
    }

    fn saw(&mut self, lease: Lease, now: Instant) {
        let is_known = self.seen.as_ref().is_some_and(|seen| seen.lease.spec() == lease.spec());
        // It was renewed since the last look, and perhaps right after it.
        if !is_known && !lease.holder().is_empty() {
            self.renewed = Some(self.looked.unwrap_or(now));
        }
        self.looked = Some(now);
        let at = self.seen.take().filter(|_| is_known).map_or(now, |seen| seen.at);
        self.seen = Some(Seen { lease, at });
    }
}
