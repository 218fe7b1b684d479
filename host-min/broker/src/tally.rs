//! What a gatherer has used so far, and the lines of its report.

mod deferral;

use super::blame::Blame;
use super::budget::{Budget, Spent};
use super::fetch::Account;
use super::findings::Findings;
use super::gaps::{Gap, Gaps};
use super::held::{Held, Hold};
pub(super) use deferral::Effects;
#[cfg(test)]
pub(super) use deferral::MAX_DEFERRED;
use deferral::{Counted, Deferral};
use std::sync::Arc;
use wagather_abi::Status;
use wagather_base::limits::{MAX_REPORT_LINES, MAX_SHOWN_GAPS};
use wagather_json::redact::Counts;
use wagather_policy::uses::Uses;

/// The figures and lines of one gatherer.
#[derive(Debug, Default)]
pub struct Tally {
    /// HTTP requests, including pages and retries.
    pub requests: u64,
    /// Retries.
    pub retries: u64,
    /// Lists whose parts show different moments.
    pub inconsistent_lists: u64,
    /// Items that such lists repeated, and that were given once.
    pub duplicates: u64,
    /// Items and objects that the guest got.
    pub items: u64,
    /// Items that the grant withholds.
    pub withheld: u64,
    /// Bytes of response bodies, as the server sent them.
    pub bytes_received: u64,
    /// Bytes that were given to the guest.
    pub bytes_given: u64,
    /// What it found, if it wrote findings.
    pub findings: Option<Findings>,
    /// Why its findings cannot be used.
    pub findings_mistake: Option<String>,
    /// What was redacted.
    pub redacted: Counts,
    /// Log lines, including dropped ones.
    pub log_lines: u64,
    /// Warnings: the result is complete, but something is unusual.
    pub warnings: Vec<String>,
    /// Errors: something is missing.
    pub errors: Vec<String>,
    /// Lines that did not fit into the report.
    pub dropped_lines: u64,
    /// Calls that were refused.
    pub denials: u64,
    /// The lists of single namespaces that the current call requested, with their HTTP statuses.
    requested: Vec<(String, u16)>,
    /// What is missing.
    pub gaps: Gaps,
    /// What the grant withheld and hid.
    pub uses: Uses,
    /// Gaps that have a line among the errors.
    reported_gaps: u64,
    /// Gaps beyond those.
    unreported_gaps: u64,
    /// Whether these include namespaces.
    has_unreported_namespaces: bool,
    /// The newest reason for each status, the newest last. A guest may return one of these statuses.
    blame: Vec<Blame>,
    entries: u64,
    archived_bytes: u64,
    /// Bytes of open entries.
    open_bytes: u64,
    /// The effects of prefetched items.
    pub(super) deferral: Deferral,
    held: Arc<Held>,
    budget: Budget,
    account: Arc<Account>,
}

const ARCHIVED_BYTES: &str = "bytes in the archive";

fn within(used: u64, most: u64, what: &'static str) -> Result<(), Spent> {
    if used <= most { Ok(()) } else { Err(Spent { what, most }) }
}

impl Tally {
    /// An empty tally.
    pub fn new(budget: Budget, account: Arc<Account>) -> Tally {
        Tally { held: Held::new(budget.held_bytes), budget, account, ..Tally::default() }
    }

    /// Holds bytes in memory for the gatherer until it takes them, if the budget allows.
    pub(super) fn hold(&self, bytes: usize) -> Result<Hold, Spent> {
        self.held.hold(bytes)
    }

    /// The most bytes that were held at one time.
    pub fn peak_held_bytes(&self) -> u64 {
        self.held.peak()
    }

    /// The budget.
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Counts an HTTP request, if the budget allows it.
    pub fn count_request(&mut self) -> Result<(), Spent> {
        let taken = self.account.take();
        self.count_requests();
        if taken { Ok(()) } else { Err(Spent { what: "requests", most: self.budget.requests }) }
    }

    /// Updates the numbers of requests and retries, which fetch threads change.
    pub fn count_requests(&mut self) {
        (self.requests, self.retries) = (self.account.sent(), self.account.retries());
    }

    /// Adds a warning about retries, if there were any.
    pub fn report_retries(&mut self) {
        self.count_requests();
        if let Some(line) = self.account.retry_summary() {
            self.warn(line);
        }
    }

    /// Records the HTTP status of a request that a list of the gatherer's came to: one namespace, one resource, or discovery.
    pub fn record_list(&mut self, what: String, status: u16) {
        self.when_taken(move |tally| tally.requested.push((what, status)));
    }

    /// Applies an effect now or, while an item is being prefetched, when the guest takes it.
    pub(super) fn when_taken(&mut self, effect: impl FnOnce(&mut Tally) + Send + 'static) {
        if let Some(effect) = self.deferral.defer(effect) {
            effect(self);
        }
    }

    /// The lists of single namespaces that were requested since the last call.
    pub fn take_namespaces(&mut self) -> Vec<(String, u16)> {
        std::mem::take(&mut self.requested)
    }

    /// Counts bytes of a body. They count even if they exceed the budget.
    pub fn count_received(&mut self, bytes: u64) -> Result<(), Spent> {
        self.bytes_received += bytes;
        within(self.bytes_received, self.budget.received_bytes, "bytes from the server")
    }

    /// Counts bytes that the guest got.
    pub fn count_given(&mut self, bytes: usize) {
        self.bytes_given += bytes as u64;
    }

    /// Counts an item or object, if the budget allows it.
    pub fn admit_item(&mut self, resource: usize) -> Result<(), Spent> {
        within(self.items + self.deferral.items() + 1, self.budget.items, "items")?;
        match self.deferral.current() {
            Some(effects) => effects.item = Some(resource),
            None => self.count_item(resource),
        }
        Ok(())
    }

    /// Whether the budget allows another item, besides the prefetched ones.
    pub(super) fn has_items_left(&self) -> bool {
        self.items + self.deferral.items() < self.budget.items
    }

    fn count_item(&mut self, resource: usize) {
        self.items += 1;
        self.gaps.item(resource);
    }

    /// Begins to prefetch an item, whose effects are deferred.
    pub(super) fn begin_deferral(&mut self) {
        let counts = self.counts();
        self.deferral.begin(counts);
    }

    /// Ends that, and returns the effects. They are applied when the guest takes the item.
    pub(super) fn end_deferral(&mut self) -> Effects {
        let now = self.counts();
        let (effects, before) = self.deferral.end(now);
        (self.withheld, self.duplicates, self.inconsistent_lists, self.redacted) =
            (before.withheld, before.duplicates, before.inconsistent_lists, before.redacted);
        effects
    }

    /// Applies effects: the guest took the item.
    pub(super) fn apply(&mut self, effects: Effects) {
        self.deferral.settle(&effects);
        let Effects { item, counts, given, others } = effects;
        self.withheld += counts.withheld;
        self.duplicates += counts.duplicates;
        self.inconsistent_lists += counts.inconsistent_lists;
        self.redacted.add(&counts.redacted);
        if let Some(place) = given {
            self.uses.gave(place, &[]);
        }
        for effect in others {
            effect(self);
        }
        if let Some(resource) = item {
            self.count_item(resource);
        }
    }

    const fn counts(&self) -> Counted {
        let Tally { withheld, duplicates, inconsistent_lists, redacted, .. } = *self;
        Counted { withheld, duplicates, inconsistent_lists, redacted }
    }

    /// Records an object that was read, whether or not the guest may see it.
    pub(super) fn record_read(&mut self, place: usize, namespace: &str, name: &str) {
        if self.deferral.current().is_none() {
            self.uses.read(place, namespace, name);
        } else if self.uses.has_unmatched(place) {
            let (namespace, name) = (namespace.to_owned(), name.to_owned());
            self.when_taken(move |tally| tally.uses.read(place, &namespace, &name));
        }
    }

    /// Records an object that the guest gets. `hidden` are the fields that it gets without.
    pub(super) fn record_shown(&mut self, place: usize, hidden: &[u16]) {
        match self.deferral.current() {
            None => self.uses.gave(place, hidden),
            Some(effects) if hidden.is_empty() => effects.given = Some(place),
            Some(_) => {
                let hidden = hidden.to_vec();
                self.when_taken(move |tally| tally.uses.gave(place, &hidden));
            }
        }
    }

    /// Records an item that the grant withholds.
    pub(super) fn count_withheld(&mut self, place: usize) {
        self.withheld += 1;
        self.when_taken(move |tally| tally.uses.withheld(place));
    }

    /// Counts bytes of an open entry, if the budget allows them. They use disk space before the entry is closed.
    pub fn reserve_entry_bytes(&mut self, bytes: u64) -> Result<(), Status> {
        let open_bytes = self.open_bytes.saturating_add(bytes);
        let wanted = self.archived_bytes.saturating_add(open_bytes);
        within(wanted, self.budget.archive_bytes, ARCHIVED_BYTES).map_err(|spent| self.spent(spent))?;
        self.open_bytes = open_bytes;
        Ok(())
    }

    /// Records that an entry of this size is no longer open.
    pub fn release_entry_bytes(&mut self, bytes: u64) {
        self.open_bytes = self.open_bytes.saturating_sub(bytes);
    }

    /// Counts an entry of this size, if the budgets allow it.
    pub fn count_entry(&mut self, bytes: u64) -> Result<(), Status> {
        let archived_bytes = self.archived_bytes.saturating_add(bytes);
        within(self.entries + 1, self.budget.entries, "files in the archive")
            .and_then(|()| within(archived_bytes, self.budget.archive_bytes, ARCHIVED_BYTES))
            .map_err(|spent| self.spent(spent))?;
        self.entries += 1;
        self.archived_bytes = archived_bytes;
        Ok(())
    }

    fn spent(&mut self, spent: Spent) -> Status {
        self.error(Status::OUT_OF_BUDGET, spent.to_string(), "");
        Status::OUT_OF_BUDGET
    }

    /// Counts a log line. Returns whether the budget allows it.
    pub fn count_log_line(&mut self) -> bool {
        self.log_lines += 1;
        self.log_lines <= self.budget.log_lines
    }

    /// Adds a warning.
    pub fn warn(&mut self, line: String) {
        self.when_taken(move |tally| tally.keep_warning(line));
    }

    fn keep_warning(&mut self, line: String) {
        if self.warnings.len() < MAX_REPORT_LINES {
            self.warnings.push(line);
        } else {
            self.dropped_lines += 1;
        }
    }

    /// Adds an error without a status.
    pub fn error_line(&mut self, line: String) {
        if self.errors.len() < MAX_REPORT_LINES {
            self.errors.push(line);
        } else {
            self.dropped_lines += 1;
        }
    }

    /// Adds an error: the status that a call returned, the reason, and advice.
    pub fn error(&mut self, status: Status, reason: String, advice: &str) {
        let advice = advice.to_owned();
        self.when_taken(move |tally| {
            tally.error_line(reason.clone());
            tally.remember(status, reason, &advice);
        });
    }

    fn remember(&mut self, status: Status, reason: String, advice: &str) {
        self.blame.retain(|known| known.status != status);
        self.blame.push(Blame::of(status, reason, advice));
    }

    /// Records that an object of a resource was skipped. `status` is what the gatherer's call returned, with advice.
    pub(super) fn record_skipped(
        &mut self,
        resource: usize,
        gap: Gap,
        line: String,
        status: Option<(Status, &str)>,
    ) {
        let status = status.map(|(status, advice)| (status, advice.to_owned()));
        self.when_taken(move |tally| tally.skip(resource, gap, line, status));
    }

    fn skip(&mut self, resource: usize, gap: Gap, line: String, status: Option<(Status, String)>) {
        if let Some((status, advice)) = &status {
            self.remember(*status, line.clone(), advice);
        }
        // A list with nothing but invalid items must not fill the report with lines. The report lists the gaps as well.
        if self.reported_gaps < MAX_SHOWN_GAPS {
            self.reported_gaps += 1;
            self.error_line(line);
        } else {
            self.unreported_gaps += 1;
            self.has_unreported_namespaces |= !gap.namespace.is_empty();
        }
        self.gaps.add(resource, gap);
    }

    /// Adds an error with the number of gaps that have no line.
    pub fn report_gaps(&mut self) {
        if self.unreported_gaps > 0 {
            let objects = match (self.unreported_gaps, self.has_unreported_namespaces) {
                (1, false) => "object",
                (1, true) => "namespace",
                (_, false) => "objects",
                (_, true) => "namespaces or objects",
            };
            let line = format!("{} more {objects} skipped; see gaps in wagather.json", self.unreported_gaps);
            self.error_line(line);
        }
    }

    /// The newest reason for a status.
    pub fn blame(&self, status: Status) -> Option<&Blame> {
        self.blame.iter().find(|known| known.status == status)
    }

    /// The newest reason for any status.
    pub fn last_blame(&self) -> Option<&Blame> {
        self.blame.last()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wagather_base::error::Class;
    use wagather_base::limits::{MAX_ARCHIVE_BYTES, MAX_ENTRIES};

    #[test]
    fn log_lines_above_the_budget_are_counted_and_dropped() {
        let mut tally = Tally::new(Budget { log_lines: 2, ..Budget::default() }, Arc::default());
        assert_eq!([(); 3].map(|()| tally.count_log_line()), [true, true, false]);
        assert_eq!(tally.log_lines, 3);
    }

    #[test]
    fn entries_have_a_number_and_bytes_that_are_open_or_closed_count_together() {
        let mut tally = Tally::default();
        assert_eq!(tally.reserve_entry_bytes(MAX_ARCHIVE_BYTES), Ok(()));
        assert_eq!(tally.reserve_entry_bytes(1), Err(Status::OUT_OF_BUDGET));
        tally.release_entry_bytes(MAX_ARCHIVE_BYTES);
        assert_eq!(tally.count_entry(MAX_ARCHIVE_BYTES - 1), Ok(()));
        assert_eq!(tally.reserve_entry_bytes(1), Ok(()));
        assert_eq!(tally.reserve_entry_bytes(1), Err(Status::OUT_OF_BUDGET));
        for _ in 1..MAX_ENTRIES {
            assert_eq!(tally.count_entry(0), Ok(()));
        }
        assert_eq!(tally.count_entry(0), Err(Status::OUT_OF_BUDGET));
        assert!(tally.blame(Status::OUT_OF_BUDGET).is_some_and(|blame| blame.class == Class::Gatherer));
    }
}
