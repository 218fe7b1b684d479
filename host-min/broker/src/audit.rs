//! The audit: what each gatherer asked for, and what was decided, as JSON lines.
//!
//! Admission makes one decision for every call of a guest, and a record covers every decision. Calls on one handle with the same result
//! share a record, which sums up their number, bytes and time: a list of 5,000 items is one line, not
//! 5,000. A call that opens or pipes something has its own record. After [`MAX_AUDIT_RECORDS`] records, the others are only counted.
//!
//! A guest influences nothing in the audit but names, which are escaped.

use serde::Serialize;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use wagather_abi::{Import, Status, Verb};
use wagather_base::limits::MAX_AUDIT_RECORDS;
use wagather_base::time::{clock_millis, rfc3339};
use wagather_json::obfuscate::Obfuscator;
use wagather_printable::is_printable;
use wagather_sandbox::channel::{Call, RestRequest};

/// Receives each record when it is complete, besides the archive.
pub type Sink = Mutex<Box<dyn Write + Send>>;

/// The decision of admission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The call was performed.
    Allowed,
    /// The call was refused.
    Denied,
}

/// A decision on a call, and its result.
#[derive(Clone, Copy, Debug)]
pub struct Decision<'a> {
    /// The import that was called.
    pub import: Import,
    /// The handle that the call names, or opened.
    pub handle: Option<i32>,
    /// Whether it was allowed.
    pub verdict: Verdict,
    /// Why it was denied, or empty.
    pub reason: &'a str,
    /// What the call returned: a status below 0, an HTTP status for `rest_status`, or 0.
    pub returned: i32,
    /// Bytes that went to the guest, or from it into the archive.
    pub bytes: u64,
    /// How long it took.
    pub duration: Duration,
}

impl Decision<'_> {
    /// The request for one namespace of a list that is read namespace by namespace.
    pub(super) const fn requested_in(handle: Option<i32>, http_status: u16) -> Decision<'static> {
        Decision {
            import: Import::rest_start,
            handle,
            verdict: Verdict::Allowed,
            reason: "",
            returned: http_status as i32,
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
    returned: i32,
}

/// The records of one gatherer.
pub struct Audit<'a> {
    gatherer: &'a str,
    /// Whether records have times. A replay writes the same lines each time, so it has none.
    timed: bool,
    lines: Vec<u8>,
    /// Records that may still grow.
    open: Vec<Record<'a>>,
    written: u64,
    dropped: u64,
    sink: Option<&'a Sink>,
    obfuscator: Option<Arc<Obfuscator>>,
}

/// How many records can grow at once. Beyond that, the oldest is written.
const MAX_OPEN_RECORDS: usize = 64;

/// The subject of a call without a handle, in the call's own words: bounded, and safe to show.
pub(super) fn subject_of(call: &Call) -> String {
    const MAX_SUBJECT_BYTES: usize = 300;
    let text = |bytes: &[u8]| {
        let bytes = &bytes[..bytes.len().min(MAX_SUBJECT_BYTES)];
        String::from_utf8_lossy(bytes).chars().map(|c| if is_printable(c) { c } else { '\u{fffd}' }).collect()
    };
    match call {
        Call::rest_start { request } => {
            let RestRequest {
                version,
                resource,
                group,
                namespace,
                name,
                subresource,
                labels,
                fields,
                limit,
                ..
            } = &**request;
            let mut words: Vec<u8> = request.verb.name().unwrap_or("?").into();
            let parts =
                [(" ", group), ("/", version), ("/", resource), ("/", subresource), (" in ", namespace)];
            let more = [(" named ", name), (" with labels ", labels), (" with fields ", fields)];
            for (index, (before, part)) in parts.into_iter().chain(more).enumerate() {
                if index == 1 && part.is_empty() && request.verb != Verb::RAW {
                    // The version that the server prefers.
                    words.extend_from_slice(b"/*");
                } else if index < 3 || !part.is_empty() {
                    words.extend_from_slice(before.as_bytes());
                    words.extend_from_slice(part);
                }
            }
            if *limit > 0 {
                words.extend_from_slice(format!(" with limit {limit}").as_bytes());
            }
            text(&words)
        }
        Call::archive_open { name } | Call::param { name, .. } => text(name),
        _ => String::new(),
    }
}

/// What a call brings for the archive or the log. A name is no content.
pub(super) fn content_of(call: &Call) -> &[u8] {
    match call {
        Call::archive_write { bytes: content, .. }
        | Call::archive_write_as { from: content, .. }
        | Call::log { text: content, .. }
        | Call::log_as { from: content, .. } => content,
        _ => &[],
    }
}

/// Whether each call of an import has its own record.
const fn has_own_record(import: Import) -> bool {
    matches!(import, Import::rest_start | Import::archive_open | Import::archive_pipe)
}

impl<'a> Audit<'a> {
    /// An audit without records.
    pub fn new(gatherer: &'a str, timed: bool, sink: Option<&'a Sink>) -> Audit<'a> {
        Audit {
            gatherer,
            timed,
            lines: Vec::new(),
            open: Vec::new(),
            written: 0,
            dropped: 0,
            sink,
            obfuscator: None,
        }
    }

    /// Puts placeholders into its lines.
    pub fn obfuscated(self, obfuscator: Option<Arc<Obfuscator>>) -> Audit<'a> {
        Audit { obfuscator, ..self }
    }

    /// Records a decision. `what` returns the subject of the call, and is called only if it is not known yet.
    pub fn record(&mut self, decision: Decision<'_>, what: impl FnOnce() -> String) {
        self.record_calls(1, decision, what);
    }

    /// Records several calls with the same decision. Its figures are the sums over them.
    pub(super) fn record_calls(&mut self, calls: u32, decision: Decision<'_>, what: impl FnOnce() -> String) {
        let Decision { import, handle, verdict, reason, returned, bytes, duration } = decision;
        let millis = duration.as_secs_f64() * 1e3;
        let call = import.row().name;
        let alone = has_own_record(import) && verdict == Verdict::Allowed;
        let same = |open: &&mut Record<'_>| {
            open.call == call
                && open.handle == handle
                && open.verdict == verdict
                && open.returned == returned
                && open.reason == reason
        };
        // Calls without a handle share a record only if their subject is the same.
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
            result: match returned {
                0 => "ok".into(),
                1.. => format!("HTTP {returned}"),
                _ => Status(returned).to_string(),
            },
            count: calls.into(),
            bytes,
            duration_ms: self.timed.then_some(millis),
            returned,
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

    /// Writes the records of a handle that was closed.
    pub fn closed(&mut self, handle: i32) {
        let (done, open) = std::mem::take(&mut self.open)
            .into_iter()
            .partition(|record| record.handle == Some(handle) && record.verdict == Verdict::Allowed);
        self.open = open;
        let done: Vec<Record<'_>> = done;
        done.into_iter().for_each(|record| self.write(record));
    }

    /// Returns all lines, after the gatherer ended.
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
        if let Some(sink) = self.sink {
            // A broken stream does not stop the run. The archive has every line.
            let _ = sink.lock().unwrap_or_else(PoisonError::into_inner).write_all(&line);
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
            returned: 0,
            bytes: 10,
            duration: Duration::from_millis(2),
        }
    }

    fn lines(audit: Audit<'_>) -> Vec<serde_json::Value> {
        let text = String::from_utf8(audit.finish()).expect("text");
        text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    #[test]
    fn a_request_is_told_with_all_that_it_asks_for() {
        let texts = ["v1", "pods", "", "shop", "", "", "a=b", "", "", ""];
        for (limit, told) in [
            (0, "list /v1/pods in shop with labels a=b"),
            (5, "list /v1/pods in shop with labels a=b with limit 5"),
        ] {
            let texts = texts.map(|text| text.as_bytes().to_vec());
            let request = Box::new(RestRequest::new(wagather_abi::Verb::LIST, limit, texts));
            assert_eq!(subject_of(&Call::rest_start { request }), told);
        }
    }

    #[test]
    fn calls_on_a_handle_share_a_record_and_nothing_is_lost() {
        let mut audit = Audit::new("g", true, None);
        let pods = || "list /v1/pods".to_owned();
        audit.record(decision(Import::rest_start, Some(1)), pods);
        for _ in 0..500 {
            audit.record(decision(Import::rest_next, Some(1)), pods);
            audit.record(decision(Import::rest_next, Some(2)), pods);
        }
        audit.closed(1);
        audit.record(decision(Import::rest_next, Some(1)), pods);
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
            audit.record(decision(Import::param, None), || name.into());
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
            audit.record(denied, || n.to_string());
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
        let sink: Sink = Mutex::new(Box::new(shared.clone()));
        let mut audit = Audit::new("g", true, Some(&sink));
        audit.record(decision(Import::rest_start, Some(1)), String::new);
        assert!(!shared.0.lock().expect("lock").is_empty(), "a request is told when it is let through");
        audit.record(decision(Import::now, None), String::new);
        let lines = audit.finish();
        assert_eq!(*shared.0.lock().expect("lock"), lines);
    }
}
