//! The audit: what each gatherer asked for, and what was decided, as JSON lines.
//!
//! Every call of a guest is one decision of admission, and every decision is in a record. Calls on one handle that came to
//! the same end share a record, with their number, bytes and time added up: a list of 5,000 items is one line and not
//! 5,000. What opens something (a request, an entry), pipes it, or is denied has a record of its own, until
//! there are [`MAX_AUDIT_RECORDS`]; what comes after is counted.
//!
//! Nothing here is the guest's word but names, which are escaped.

use serde::Serialize;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use wagather_abi::{Import, Status};
use wagather_base::limits::MAX_AUDIT_RECORDS;
use wagather_base::time::{clock_millis, rfc3339};
use wagather_json::obfuscate::Obfuscator;
use wagather_printable::is_printable;
use wagather_sandbox::channel::{Request, RestRequest};

/// Who is told of each record when it is complete, besides the archive.
pub type Live = Mutex<Box<dyn Write + Send>>;

/// What admission said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It was done.
    Allowed,
    /// It was not.
    Denied,
}

/// A decision that was made.
#[derive(Clone, Copy, Debug)]
pub struct Decision<'a> {
    /// Which import was called.
    pub import: Import,
    /// The handle that the call names, or got.
    pub handle: Option<i32>,
    /// What was decided.
    pub verdict: Verdict,
    /// Why it was denied.
    pub reason: &'a str,
    /// What the guest was told: below 0 a status, for `rest_status` an HTTP status.
    pub told: i32,
    /// Bytes that went to the guest, or from it into the archive.
    pub bytes: u64,
    /// How long it took.
    pub duration: Duration,
}

impl Decision<'_> {
    /// What one list of a gatherer's came to in one of the namespaces that it is asked for in.
    pub(super) const fn asked_in(handle: Option<i32>, http_status: u16) -> Decision<'static> {
        Decision {
            import: Import::rest_start,
            handle,
            verdict: Verdict::Allowed,
            reason: "",
            told: http_status as i32,
            bytes: 0,
            duration: Duration::ZERO,
        }
    }
}

/// A line of the audit: one decision, or several of one kind on one handle.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    gatherer: &'a str,
    call: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    handle: Option<i32>,
    verdict: Verdict,
    #[serde(skip_serializing_if = "String::is_empty")]
    reason: String,
    result: String,
    count: u64,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<f64>,
    #[serde(skip)]
    told: i32,
}

/// The records of one gatherer.
pub struct Audit<'a> {
    gatherer: &'a str,
    /// Whether times are taken down: a replay gives the same lines each time.
    timed: bool,
    lines: Vec<u8>,
    /// Records that may still grow.
    open: Vec<Record<'a>>,
    written: u64,
    dropped: u64,
    live: Option<&'a Live>,
    obfuscator: Option<Arc<Obfuscator>>,
}

/// The most records that grow at once; the oldest is written when there would be more.
const MAX_OPEN_RECORDS: usize = 64;

/// What a call without a handle is on, in its own words: bounded, and as it may be shown.
pub(super) fn words_of(call: &Request) -> String {
    const MAX_WORDS_BYTES: usize = 300;
    let text = |bytes: &[u8]| {
        let bytes = &bytes[..bytes.len().min(MAX_WORDS_BYTES)];
        String::from_utf8_lossy(bytes).chars().map(|c| if is_printable(c) { c } else { '\u{fffd}' }).collect()
    };
    match call {
        Request::RestStart(request) => {
            let RestRequest {
                version, resource, group, namespace, name, subresource, labels, fields, ..
            } = &**request;
            let mut words: Vec<u8> = request.verb.name().unwrap_or("?").into();
            let parts =
                [(" ", group), ("/", version), ("/", resource), ("/", subresource), (" in ", namespace)];
            let more = [(" named ", name), (" with labels ", labels), (" with fields ", fields)];
            for (index, (before, part)) in parts.into_iter().chain(more).enumerate() {
                if index < 3 || !part.is_empty() {
                    words.extend_from_slice(before.as_bytes());
                    words.extend_from_slice(part);
                }
            }
            text(&words)
        }
        Request::ArchiveOpen(name) | Request::Param(name, _) => text(name),
        _ => String::new(),
    }
}

/// Whether each call of an import has a record of its own.
const fn stands_alone(import: Import) -> bool {
    matches!(import, Import::rest_start | Import::archive_open | Import::archive_pipe)
}

impl<'a> Audit<'a> {
    /// No records yet.
    pub fn new(gatherer: &'a str, timed: bool, live: Option<&'a Live>) -> Audit<'a> {
        Audit {
            gatherer,
            timed,
            lines: Vec::new(),
            open: Vec::new(),
            written: 0,
            dropped: 0,
            live,
            obfuscator: None,
        }
    }

    /// The same, with placeholders in its lines.
    pub fn obfuscated(self, obfuscator: Option<Arc<Obfuscator>>) -> Audit<'a> {
        Audit { obfuscator, ..self }
    }

    /// Takes a decision down; `what` says on what it was, and is asked for only if that is not known yet.
    pub fn take_down(&mut self, decision: Decision<'_>, what: impl FnOnce() -> String) {
        self.take_down_more(1, decision, what);
    }

    /// Takes down so many alike, whose figures are those of all of them.
    pub(super) fn take_down_more(
        &mut self,
        calls: u32,
        decision: Decision<'_>,
        what: impl FnOnce() -> String,
    ) {
        let Decision { import, handle, verdict, reason, told, bytes, duration } = decision;
        let millis = duration.as_secs_f64() * 1e3;
        let call = import.row().name;
        let alone = stands_alone(import) && verdict == Verdict::Allowed;
        let same = |open: &&mut Record<'_>| {
            open.call == call
                && open.handle == handle
                && open.verdict == verdict
                && open.told == told
                && open.reason == reason
        };
        // What has no handle may be on this or that.
        let mut describe = Some(what);
        let mut what = match handle {
            Some(_) => None,
            None => describe.take().map(|describe| describe()),
        };
        if !alone
            && let Some(open) = self
                .open
                .iter_mut()
                .rev()
                .filter(same)
                .find(|open| what.as_ref().is_none_or(|what| *what == open.what))
        {
            open.count += u64::from(calls);
            open.bytes += bytes;
            if let Some(total) = &mut open.duration_ms {
                *total += millis;
            }
            return;
        }
        let record = Record {
            time: self.timed.then(|| rfc3339(clock_millis())),
            gatherer: self.gatherer,
            call,
            what: what.take().or_else(|| describe.map(|describe| describe())).unwrap_or_default(),
            handle,
            verdict,
            reason: reason.into(),
            result: match told {
                0 => "ok".into(),
                1.. => format!("HTTP {told}"),
                _ => Status(told).to_string(),
            },
            count: calls.into(),
            bytes,
            duration_ms: self.timed.then_some(millis),
            told,
        };
        if alone {
            return self.write(record);
        }
        if self.open.len() >= MAX_OPEN_RECORDS {
            let oldest = self.open.remove(0);
            self.write(oldest);
        }
        self.open.push(record);
    }

    /// A handle was closed: nothing is added to its records any more.
    pub fn closed(&mut self, handle: i32) {
        let (done, open) = std::mem::take(&mut self.open)
            .into_iter()
            .partition(|record| record.handle == Some(handle) && record.verdict == Verdict::Allowed);
        self.open = open;
        let done: Vec<Record<'_>> = done;
        done.into_iter().for_each(|record| self.write(record));
    }

    /// All lines, once the gatherer has ended.
    pub fn finish(mut self) -> Vec<u8> {
        std::mem::take(&mut self.open).into_iter().for_each(|record| self.write(record));
        if self.dropped > 0 {
            let dropped = serde_json::json!({"gatherer": self.gatherer, "recordsDropped": self.dropped});
            self.put(dropped.to_string().into_bytes());
        }
        self.lines
    }

    fn write(&mut self, mut record: Record<'_>) {
        if self.written >= MAX_AUDIT_RECORDS {
            self.dropped += 1;
            return;
        }
        self.written += 1;
        record.duration_ms = record.duration_ms.map(|millis| (millis * 1e3).round() / 1e3);
        self.put(serde_json::to_vec(&record).unwrap_or_default());
    }

    fn put(&mut self, mut line: Vec<u8>) {
        if let Some(obfuscator) = &self.obfuscator {
            obfuscator.bytes(&mut line);
        }
        line.push(b'\n');
        if let Some(live) = self.live {
            // A stream that broke does not stop a run: the archive has every line.
            let _ = live.lock().unwrap_or_else(PoisonError::into_inner).write_all(&line);
        }
        self.lines.extend_from_slice(&line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn decision(import: Import, handle: Option<i32>) -> Decision<'static> {
        Decision {
            import,
            handle,
            verdict: Verdict::Allowed,
            reason: "",
            told: 0,
            bytes: 10,
            duration: Duration::from_millis(2),
        }
    }

    fn lines(audit: Audit<'_>) -> Vec<serde_json::Value> {
        let text = String::from_utf8(audit.finish()).expect("text");
        text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    #[test]
    fn calls_on_a_handle_share_a_record_and_nothing_is_lost() {
        let mut audit = Audit::new("g", true, None);
        let pods = || "list /v1/pods".to_owned();
        audit.take_down(decision(Import::rest_start, Some(1)), pods);
        for _ in 0..500 {
            audit.take_down(decision(Import::rest_next, Some(1)), pods);
            audit.take_down(decision(Import::rest_next, Some(2)), pods);
        }
        audit.closed(1);
        audit.take_down(decision(Import::rest_next, Some(1)), pods);
        let lines = lines(audit);
        let counts: Vec<_> = lines
            .iter()
            .map(|line| (line["call"].as_str(), line["handle"].as_i64(), line["count"].as_u64()))
            .collect();
        let next = Some("rest_next");
        assert_eq!(
            counts,
            [
                (Some("rest_start"), Some(1), Some(1)),
                (next, Some(1), Some(500)),
                (next, Some(2), Some(500)),
                (next, Some(1), Some(1)),
            ]
        );
        assert_eq!((lines[1]["bytes"].as_u64(), lines[1]["durationMs"].as_f64()), (Some(5000), Some(1000.0)));
        assert!(lines.iter().all(|line| line["what"] == "list /v1/pods" && line["time"].is_string()));
    }

    #[test]
    fn what_has_no_handle_is_told_apart_by_what_it_is_on() {
        let mut audit = Audit::new("g", false, None);
        for name in ["a", "b", "a"] {
            audit.take_down(decision(Import::param, None), || name.into());
        }
        let lines = lines(audit);
        assert_eq!(lines.len(), 2);
        assert_eq!((lines[0]["what"].as_str(), lines[0]["count"].as_u64()), (Some("a"), Some(2)));
        assert!(lines.iter().all(|line| line.get("time").is_none() && line.get("durationMs").is_none()));
    }

    #[test]
    fn a_flood_of_decisions_is_counted() {
        let mut audit = Audit::new("g", true, None);
        for n in 0..MAX_AUDIT_RECORDS + 1000 {
            let denied = Decision { verdict: Verdict::Denied, ..decision(Import::rest_start, None) };
            audit.take_down(denied, || n.to_string());
        }
        let lines = lines(audit);
        assert_eq!(lines.len() as u64, MAX_AUDIT_RECORDS + 1);
        assert_eq!(lines.last().map(|line| line["recordsDropped"].as_u64()), Some(Some(1000)));
    }

    #[test]
    fn a_live_reader_has_the_same_lines() {
        #[derive(Clone, Default)]
        struct Shared(Arc<Mutex<Vec<u8>>>);
        impl Write for Shared {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0.lock().expect("lock").write(bytes)
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let shared = Shared::default();
        let live: Live = Mutex::new(Box::new(shared.clone()));
        let mut audit = Audit::new("g", true, Some(&live));
        audit.take_down(decision(Import::rest_start, Some(1)), String::new);
        assert!(!shared.0.lock().expect("lock").is_empty(), "a request is told when it is let through");
        audit.take_down(decision(Import::now, None), String::new);
        let lines = audit.finish();
        assert_eq!(*shared.0.lock().expect("lock"), lines);
    }
}
