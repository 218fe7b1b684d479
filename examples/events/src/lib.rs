//! Counts the warning events by reason and by object, the most frequent first.
//!
//! It writes `warnings.json`. Each of its two tables has at most `MAX_ROWS` rows, so memory is bounded however many
//! events there are. Up to this number, everything is exact. Beyond it, the most frequent rows are kept, and each row
//! has its maximum error ("Space-Saving", Metwally, Agrawal and El Abbadi, 2005).

#![no_std]
#![forbid(unsafe_code)]

mod resources;

use resources::{Event, Events};
use wagather::arena::{String, Vec};
use wagather::{ListParams, Result, Serialize, gatherer, json, log};

/// More rows than anybody reads.
const MAX_ROWS: usize = 500;
/// The API server's limit for a message of `events.k8s.io`; the core group has no limit.
const MAX_MESSAGE_BYTES: usize = 1024;

#[derive(Default, Serialize)]
struct Report {
    events: u32,
    count: u64,
    by_reason: Table,
    by_object: Table,
}

#[derive(Default, Serialize)]
struct Table {
    /// How often a new row replaced an old one.
    replaced: u32,
    /// By `count`, the largest first.
    rows: Vec<Row>,
}

/// Similar events. Fields that may differ have the value of the latest event.
#[derive(Default, Serialize)]
struct Row {
    reason: String,
    kind: String,
    namespace: String,
    name: String,
    message: String,
    count: u64,
    /// The part of `count` that may belong to replaced rows.
    overcount: u64,
    events: u32,
    first_seen: String,
    last_seen: String,
}

gatherer!(gather);

fn gather() -> Result<()> {
    let mut report = Report::default();
    for event in Events::all().list(&ListParams::default().fields("type=Warning"))?.items() {
        report.add(event?.get())?;
    }
    log::info!("{} warning events", report.events);
    json::to_entry("warnings.json", &report)
}

impl Report {
    fn add(&mut self, event: &Event<'_>) -> Result<()> {
        self.events += 1;
        self.count += event.count();
        let object = &event.involved_object;
        let is_alike = |row: &Row| row.namespace == object.namespace && row.kind == object.kind;
        self.by_reason.add(event, &|row| row.reason == event.reason && is_alike(row))?;
        self.by_object.add(event, &|row| row.name == object.name && is_alike(row))
    }
}

impl<'a> Event<'a> {
    /// The number of occurrences: a recurring event is one object with a count.
    fn count(&self) -> u64 {
        u64::from(self.count.max(self.series.count).max(1).unsigned_abs())
    }

    // Clients of `events.k8s.io` set `eventTime` and `series`; others set the timestamps, and some set neither.

    fn first_seen(&self) -> &'a str {
        first_of(&[self.first_timestamp, self.event_time, self.metadata.creation_timestamp])
    }

    fn last_seen(&self) -> &'a str {
        match first_of(&[self.series.last_observed_time, self.last_timestamp]) {
            "" => self.first_seen(),
            time => time,
        }
    }
}

fn first_of<'a>(times: &[&'a str]) -> &'a str {
    times.iter().find(|time| !time.is_empty()).map_or("", |time| time)
}

impl Table {
    /// Counts an event in its row. If there is no such row and no space, it replaces the last row, which has the
    /// smallest count. The new row inherits this count, so no count is ever too small.
    fn add(&mut self, event: &Event<'_>, belongs: &dyn Fn(&Row) -> bool) -> Result<()> {
        let mut at = match self.rows.iter().position(belongs) {
            Some(at) => at,
            None if self.rows.len() < MAX_ROWS => {
                self.rows.push(Row::default())?;
                self.rows.len() - 1
            }
            None => {
                self.replaced += 1;
                if let Some(last) = self.rows.last_mut() {
                    (last.events, last.overcount) = (0, last.count);
                    last.last_seen.clear();
                }
                MAX_ROWS - 1
            }
        };
        if let Some(row) = self.rows.get_mut(at) {
            row.add(event)?;
        }
        while let Some(before) = at.checked_sub(1)
            && let Some([above, row]) = self.rows.get_mut(before..=at)
            && above.count < row.count
        {
            core::mem::swap(above, row);
            at = before;
        }
        Ok(())
    }
}

impl Row {
    fn add(&mut self, event: &Event<'_>) -> Result<()> {
        self.events += 1;
        self.count += event.count();
        // The API server writes times in UTC, so the strings have the order of the times, to the second.
        let (first_seen, last_seen) = (event.first_seen(), event.last_seen());
        if self.events == 1 || first_seen < self.first_seen.as_str() {
            self.first_seen.set(first_seen)?;
        }
        if last_seen >= self.last_seen.as_str() {
            self.last_seen.set(last_seen)?;
            self.reason.set(event.reason)?;
            self.kind.set(event.involved_object.kind)?;
            self.namespace.set(event.involved_object.namespace)?;
            self.name.set(event.involved_object.name)?;
            let end = event.message.floor_char_boundary(MAX_MESSAGE_BYTES);
            self.message.set(event.message.get(..end).unwrap_or_default())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
