//! What a gatherer has used so far, and what is worth telling about it.

mod ahead;

use super::blame::Blame;
use super::budget::{Budget, Spent};
use super::fetch::Account;
use super::gaps::{Gap, Gaps};
use super::held::{Held, Hold};
pub(super) use ahead::Effects;
#[cfg(test)]
pub(super) use ahead::MAX_NOTES;
use ahead::{Counted, Recorder};
use std::sync::Arc;
use wagather_abi::Status;
use wagather_base::limits::{MAX_REPORT_LINES, TOLD_GAPS};
use wagather_json::redact::Counts;
use wagather_policy::uses::Uses;

/// The figures and the lines of one gatherer.
#[derive(Debug, Default)]
pub struct Tally {
    /// HTTP requests, pages and those that were sent again included.
    pub requests: u64,
    /// HTTP requests that were sent again.
    pub retries: u64,
    /// Lists whose parts are of different times.
    pub inconsistent_lists: u64,
    /// Items of such lists that came twice and were given once.
    pub duplicates: u64,
    /// Items of lists and objects that were read.
    pub items: u64,
    /// Items of lists that the grant does not cover.
    pub withheld: u64,
    /// Bytes of bodies as the server sent them.
    pub bytes_received: u64,
    /// Bytes that were given to the guest.
    pub bytes_given: u64,
    /// What was redacted of what it asked for.
    pub redacted: Counts,
    /// Log lines, those that were dropped included.
    pub log_lines: u64,
    /// Something is odd, but the result is whole.
    pub warnings: Vec<String>,
    /// Something is missing.
    pub errors: Vec<String>,
    /// Lines that did not fit into the report.
    pub dropped_lines: u64,
    /// What one call asked for besides, and the HTTP statuses that came: the lists of single namespaces.
    asked: Vec<(String, u16)>,
    /// What is missing of what it asked for.
    pub gaps: Gaps,
    /// What the grant withheld and hid of it.
    pub uses: Uses,
    /// Gaps that are among the errors.
    told_gaps: u64,
    /// Those that came after.
    untold_gaps: u64,
    /// Whether there are namespaces among these.
    untold_namespaces: bool,
    /// For each status that was an error the newest reason, the newest last: to find the one that a guest returns.
    blame: Vec<Blame>,
    entries: u64,
    archived_bytes: u64,
    /// Bytes of entries that are open.
    open_bytes: u64,
    /// What takes down what is read ahead of the guest, while it is.
    pub(super) recorder: Recorder,
    held: Arc<Held>,
    budget: Budget,
    account: Arc<Account>,
}

const ARCHIVED_BYTES: &str = "bytes in the archive";

fn within(used: u64, most: u64, what: &'static str) -> Result<(), Spent> {
    if used <= most { Ok(()) } else { Err(Spent { what, most }) }
}

impl Tally {
    /// Nothing is used yet.
    pub fn new(budget: Budget, account: Arc<Account>) -> Tally {
        Tally { held: Held::new(budget.held_bytes), budget, account, ..Tally::default() }
    }

    /// Holds so many bytes for the gatherer until it takes them, if the budget allows.
    pub(super) fn hold(&self, bytes: usize) -> Result<Hold, Spent> {
        self.held.hold(bytes)
    }

    /// The most that was held for it at one time.
    pub fn peak_held_bytes(&self) -> u64 {
        self.held.peak()
    }

    /// What may be used.
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// One more HTTP request, if the budget allows.
    pub fn request(&mut self) -> Result<(), Spent> {
        let taken = self.account.take();
        self.count_requests();
        if taken { Ok(()) } else { Err(Spent { what: "requests", most: self.budget.requests }) }
    }

    /// Counts the requests that were sent again meanwhile.
    pub fn count_requests(&mut self) {
        (self.requests, self.retries) = (self.account.sent(), self.account.again());
    }

    /// Tells why requests were sent again, if any was.
    pub fn tell_retries(&mut self) {
        self.count_requests();
        if let Some(line) = self.account.told() {
            self.warn(line);
        }
    }

    /// A list that was asked for in a namespace has a head of that HTTP status.
    pub fn asked_in(&mut self, what: String, status: u16) {
        self.note(move |tally| tally.asked.push((what, status)));
    }

    /// Does that now, or once the guest takes what is being read ahead.
    pub(super) fn note(&mut self, effect: impl FnOnce(&mut Tally) + Send + 'static) {
        if let Some(effect) = self.recorder.note(effect) {
            effect(self);
        }
    }

    /// The lists that were asked for since this was last asked.
    pub fn take_asked(&mut self) -> Vec<(String, u16)> {
        std::mem::take(&mut self.asked)
    }

    /// So many bytes of a body arrived; they are counted, whether the budget allows more or not.
    pub fn received(&mut self, bytes: u64) -> Result<(), Spent> {
        self.bytes_received += bytes;
        within(self.bytes_received, self.budget.received_bytes, "bytes from the server")
    }

    /// So many bytes went to the guest.
    pub fn gave(&mut self, bytes: usize) {
        self.bytes_given += bytes as u64;
    }

    /// One more item or object of a resource, if the budget allows.
    pub fn item(&mut self, resource: usize) -> Result<(), Spent> {
        within(self.items + self.recorder.items() + 1, self.budget.items, "items")?;
        match self.recorder.now() {
            Some(effects) => effects.item = Some(resource),
            None => self.count_item(resource),
        }
        Ok(())
    }

    /// Whether there may be one more item, besides those that were read ahead.
    pub(super) fn has_items_left(&self) -> bool {
        self.items + self.recorder.items() < self.budget.items
    }

    fn count_item(&mut self, resource: usize) {
        self.items += 1;
        self.gaps.item(resource);
    }

    /// Begins to take down what is read ahead of the guest.
    pub(super) fn record(&mut self) {
        let counts = self.counts();
        self.recorder.begin(counts);
    }

    /// What was read ahead since, which counts once the guest takes it.
    pub(super) fn recorded(&mut self) -> Effects {
        let now = self.counts();
        let (effects, before) = self.recorder.end(now);
        (self.withheld, self.duplicates, self.inconsistent_lists, self.redacted) =
            (before.withheld, before.duplicates, before.inconsistent_lists, before.redacted);
        effects
    }

    /// The guest took it.
    pub(super) fn apply(&mut self, effects: Effects) {
        self.recorder.forget(&effects);
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

    /// An object that was read, whether it may be seen or not.
    pub(super) fn read(&mut self, place: usize, namespace: &str, name: &str) {
        if self.recorder.now().is_none() {
            self.uses.read(place, namespace, name);
        } else if self.uses.has_unmatched(place) {
            let (namespace, name) = (namespace.to_owned(), name.to_owned());
            self.note(move |tally| tally.uses.read(place, &namespace, &name));
        }
    }

    /// An object that is given, without what these numbers stand for.
    pub(super) fn shows(&mut self, place: usize, hidden: &[u16]) {
        match self.recorder.now() {
            None => self.uses.gave(place, hidden),
            Some(effects) if hidden.is_empty() => effects.given = Some(place),
            Some(_) => {
                let hidden = hidden.to_vec();
                self.note(move |tally| tally.uses.gave(place, &hidden));
            }
        }
    }

    /// An item of a list that the grant does not cover.
    pub(super) fn withhold(&mut self, place: usize) {
        self.withheld += 1;
        self.note(move |tally| tally.uses.withheld(place));
    }

    /// So many bytes more for an entry that is open, if the budget allows: what is spooled takes up the disk as well.
    pub fn open_more(&mut self, bytes: u64) -> Result<(), Status> {
        let open_bytes = self.open_bytes.saturating_add(bytes);
        let wanted = self.archived_bytes.saturating_add(open_bytes);
        within(wanted, self.budget.archive_bytes, ARCHIVED_BYTES).map_err(|spent| self.spent(spent))?;
        self.open_bytes = open_bytes;
        Ok(())
    }

    /// An entry of so many bytes is no longer open.
    pub fn open_less(&mut self, bytes: u64) {
        self.open_bytes = self.open_bytes.saturating_sub(bytes);
    }

    /// One more entry of so many bytes, if the budgets allow.
    pub fn entry(&mut self, bytes: u64) -> Result<(), Status> {
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

    /// One more log line: whether it is told.
    pub fn log_line(&mut self) -> bool {
        self.log_lines += 1;
        self.log_lines <= self.budget.log_lines
    }

    /// Something is odd.
    pub fn warn(&mut self, line: String) {
        self.note(move |tally| tally.keep_warning(line));
    }

    fn keep_warning(&mut self, line: String) {
        if self.warnings.len() < MAX_REPORT_LINES {
            self.warnings.push(line);
        } else {
            self.dropped_lines += 1;
        }
    }

    /// Something is missing, as the gatherer itself says.
    pub fn error_line(&mut self, line: String) {
        if self.errors.len() < MAX_REPORT_LINES {
            self.errors.push(line);
        } else {
            self.dropped_lines += 1;
        }
    }

    /// A call got a status that is an error: why, and what to do about it.
    pub fn error(&mut self, status: Status, reason: String, advice: &str) {
        let advice = advice.to_owned();
        self.note(move |tally| {
            tally.error_line(reason.clone());
            tally.remember(status, reason, &advice);
        });
    }

    fn remember(&mut self, status: Status, reason: String, advice: &str) {
        self.blame.retain(|known| known.status != status);
        self.blame.push(Blame::of(status, reason, advice));
    }

    /// An object is missing of a resource: what people are told. Its gatherer may have a status for it.
    pub(super) fn skipped(
        &mut self,
        resource: usize,
        gap: Gap,
        line: String,
        status: Option<(Status, &str)>,
    ) {
        let status = status.map(|(status, advice)| (status, advice.to_owned()));
        self.note(move |tally| tally.skip(resource, gap, line, status));
    }

    fn skip(&mut self, resource: usize, gap: Gap, line: String, status: Option<(Status, String)>) {
        if let Some((status, advice)) = &status {
            self.remember(*status, line.clone(), advice);
        }
        // A list of which every item is odd must not fill the report with lines: it has the gaps themselves.
        if self.told_gaps < TOLD_GAPS {
            self.told_gaps += 1;
            self.error_line(line);
        } else {
            self.untold_gaps += 1;
            self.untold_namespaces |= !gap.namespace.is_empty();
        }
        self.gaps.add(resource, gap);
    }

    /// Tells how many gaps were not told.
    pub fn tell_gaps(&mut self) {
        if self.untold_gaps > 0 {
            let objects = match (self.untold_gaps, self.untold_namespaces) {
                (1, false) => "object",
                (1, true) => "namespace",
                (_, false) => "objects",
                (_, true) => "namespaces or objects",
            };
            let line = format!("{} more {objects} skipped; see gaps in wagather.json", self.untold_gaps);
            self.error_line(line);
        }
    }

    /// What was last said about a status that a guest returned.
    pub fn blame(&self, status: Status) -> Option<&Blame> {
        self.blame.iter().find(|known| known.status == status)
    }

    /// What was said about the last status that was an error.
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
    fn log_lines_above_the_budget_are_counted_and_not_told() {
        let mut tally = Tally::new(Budget { log_lines: 2, ..Budget::default() }, Arc::default());
        assert_eq!([(); 3].map(|()| tally.log_line()), [true, true, false]);
        assert_eq!(tally.log_lines, 3);
    }

    #[test]
    fn entries_have_a_number_and_bytes_that_are_open_or_closed_count_together() {
        let mut tally = Tally::default();
        assert_eq!(tally.open_more(MAX_ARCHIVE_BYTES), Ok(()));
        assert_eq!(tally.open_more(1), Err(Status::OUT_OF_BUDGET));
        tally.open_less(MAX_ARCHIVE_BYTES);
        assert_eq!(tally.entry(MAX_ARCHIVE_BYTES - 1), Ok(()));
        assert_eq!(tally.open_more(1), Ok(()));
        assert_eq!(tally.open_more(1), Err(Status::OUT_OF_BUDGET));
        for _ in 1..MAX_ENTRIES {
            assert_eq!(tally.entry(0), Ok(()));
        }
        assert_eq!(tally.entry(0), Err(Status::OUT_OF_BUDGET));
        assert!(tally.blame(Status::OUT_OF_BUDGET).is_some_and(|blame| blame.class == Class::Gatherer));
    }
}
