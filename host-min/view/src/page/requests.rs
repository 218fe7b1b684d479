//! The requests of a run and what was denied, from the lines of `audit.jsonl`.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::columns::Texts;
use super::text::cut;
use super::times;

/// The most requests that the page shows.
const MAX_REQUESTS: usize = 20_000;
/// The most denied calls that the page shows.
const MAX_DENIED: usize = 2_000;

/// The most gatherers that have some. A run has a few dozen.
const MAX_GATHERERS: usize = 10_000;
/// The longest text, in characters. The host's own have a few hundred.
const MAX_TEXT_CHARS: usize = 1_000;

/// A line of the audit. Its members are those of the broker's records.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Line {
    time: Option<String>,
    gatherer: String,
    call: String,
    what: String,
    handle: Option<i64>,
    verdict: String,
    reason: String,
    result: String,
    count: u64,
    bytes: u64,
    duration_ms: Option<f64>,
    records_dropped: u64,
}

impl Default for Line {
    fn default() -> Line {
        let text = String::new;
        let (gatherer, call, what, verdict, reason, result) =
            (text(), text(), text(), text(), text(), text());
        let (time, handle, duration_ms) = (None, None, None);
        let (count, bytes, records_dropped) = (1, 0, 0);
        Line {
            time,
            gatherer,
            call,
            what,
            handle,
            verdict,
            reason,
            result,
            count,
            bytes,
            duration_ms,
            records_dropped,
        }
    }
}

/// What the page shows of the audit.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Requests {
    gatherers: Texts,
    all: Vec<Request>,
    denied: Vec<Denied>,
    /// Requests, denied calls and records that are not in the page.
    left_out: u64,
    #[serde(skip)]
    open: HashMap<(usize, i64), usize>,
}

/// A request, from its start to the close of its handle.
#[derive(Serialize)]
struct Request {
    gatherer: usize,
    what: String,
    /// When it was sent, in milliseconds since the Unix epoch; 0 for a replay.
    start: i64,
    /// The time until its last call ended.
    ms: f64,
    bytes: u64,
    /// Calls that consumed it: items, or pieces of a body.
    calls: u64,
    /// Its result, if it is not `ok`.
    result: String,
}

/// A refused call.
#[derive(Serialize)]
struct Denied {
    gatherer: usize,
    call: String,
    what: String,
    reason: String,
    count: u64,
}

impl Requests {
    /// Adds the lines of an audit. A line that is none is left out.
    pub(super) fn add(&mut self, audit: &[u8]) {
        for line in audit.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match serde_json::from_slice::<Line>(line) {
                Ok(line) => self.line(line),
                Err(_) => self.left_out += 1,
            }
        }
    }

    fn line(&mut self, line: Line) {
        self.left_out += line.records_dropped;
        if line.call.is_empty() {
            return;
        }
        let Some(gatherer) = self.gatherers.number_up_to(MAX_GATHERERS, &cut(&line.gatherer, MAX_TEXT_CHARS))
        else {
            self.left_out += 1;
            return;
        };
        if line.verdict == "denied" {
            if self.denied.len() == MAX_DENIED {
                self.left_out += 1;
                return;
            }
            let Line { call, what, reason, count, .. } = line;
            let [call, what, reason] = [call, what, reason].map(|text| cut(&text, MAX_TEXT_CHARS));
            self.denied.push(Denied { gatherer, call, what, reason, count });
            return;
        }
        let Some(handle) = line.handle else { return };
        let time = line.time.as_deref().and_then(times::millis).unwrap_or(0);
        if line.call == "rest_start" {
            if self.all.len() == MAX_REQUESTS {
                self.open.remove(&(gatherer, handle));
                self.left_out += 1;
                return;
            }
            self.open.insert((gatherer, handle), self.all.len());
            let Line { what, result, duration_ms, .. } = line;
            let what = cut(&what, MAX_TEXT_CHARS);
            let ms = duration_ms.unwrap_or(0.0);
            self.all.push(Request {
                gatherer,
                what,
                start: time,
                ms,
                bytes: 0,
                calls: 0,
                result: told(result),
            });
            return;
        }
        // Another handle than a request's: a file's.
        let Some(number) = self.open.get(&(gatherer, handle)) else { return };
        let request = &mut self.all[*number];
        if request.start > 0 && time > 0 {
            // Times come from a clock that may be set: none is negative, and none is longer than a day.
            let until = time.saturating_sub(request.start) as f64 + line.duration_ms.unwrap_or(0.0);
            request.ms = request.ms.max(until.clamp(0.0, 86_400_000.0));
        }
        match &*line.call {
            "rest_close" => _ = self.open.remove(&(gatherer, handle)),
            _ => {
                request.bytes = request.bytes.saturating_add(line.bytes);
                if line.call != "rest_status" {
                    request.calls = request.calls.saturating_add(line.count);
                }
                let result = told(line.result);
                if !result.is_empty() {
                    request.result = result;
                }
            }
        }
    }
}

/// A result that is worth telling.
fn told(result: String) -> String {
    match &*result {
        // The end of a list or a body is no event.
        "ok" | "HTTP 200" | "end" => String::new(),
        _ => cut(&result, MAX_TEXT_CHARS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_records_have_limits() {
        let mut requests = Requests::default();
        let long = "x".repeat(1 << 20);
        for number in 0..MAX_GATHERERS + 3 {
            requests.add(format!(r#"{{"gatherer":"{number}","call":"rest_close","handle":1}}"#).as_bytes());
        }
        assert_eq!(requests.left_out, 3);
        let start = format!(
            r#"{{"gatherer":"1","call":"rest_start","what":"{long}","handle":1,"verdict":"allowed","result":"{long}"}}"#
        );
        let denied = format!(
            r#"{{"gatherer":"1","call":"{long}","what":"{long}","verdict":"denied","reason":"{long}"}}"#
        );
        requests.add(format!("{start}\n{denied}").as_bytes());
        assert_eq!((requests.all.len(), requests.denied.len()), (1, 1));
        let request = &requests.all[0];
        assert!(request.what.len() < 2000 && request.result.len() < 2000);
        let denied = &requests.denied[0];
        assert!(denied.call.len() < 2000 && denied.what.len() < 2000 && denied.reason.len() < 2000);
    }

    #[test]
    fn the_records_of_a_handle_are_a_request() {
        let mut requests = Requests::default();
        requests.add(
            br#"{"time":"2026-01-02T03:04:05.000Z","gatherer":"a","call":"rest_start","what":"list /v1/pods","handle":64,"verdict":"allowed","result":"ok","count":1,"bytes":0,"durationMs":0.5}
{"time":"2026-01-02T03:04:05.010Z","gatherer":"a","call":"rest_next","what":"list /v1/pods","handle":64,"verdict":"allowed","result":"ok","count":61,"bytes":17478,"durationMs":30.0}
{"gatherer":"b","call":"rest_next","handle":64,"verdict":"allowed","count":1,"bytes":9}
{"time":"2026-01-02T03:04:05.040Z","gatherer":"a","call":"rest_close","what":"list /v1/pods","handle":64,"verdict":"allowed","result":"ok","count":1,"bytes":0,"durationMs":0}
{"time":"2026-01-02T03:04:06.000Z","gatherer":"a","call":"rest_start","what":"list /v1/nodes","handle":64,"verdict":"allowed","result":"ok"}
{"time":"2026-01-02T03:04:06.100Z","gatherer":"a","call":"rest_status","handle":64,"verdict":"allowed","result":"HTTP 403","count":1,"bytes":0}
{"gatherer":"a","call":"rest_start","what":"list /v1/secrets","verdict":"denied","reason":"not granted","result":"denied","count":3}
not json
{"gatherer":"a","recordsDropped":4}
"#,
        );
        let found = serde_json::to_value(&requests).expect("serializes");
        let all = &found["all"];
        assert_eq!(
            (&all[0]["bytes"], &all[0]["calls"], &all[0]["ms"]),
            (&17478.into(), &61.into(), &40.0.into())
        );
        assert_eq!((&all[1]["result"], &all[1]["ms"]), (&"HTTP 403".into(), &100.0.into()));
        assert_eq!(all.as_array().map(Vec::len), Some(2));
        assert_eq!((&found["denied"][0]["count"], &found["leftOut"]), (&3.into(), &5.into()));
    }

    #[test]
    fn a_hostile_audit_has_an_end() {
        let line = r#"{"time":"2999-01-01T00:00:00Z","gatherer":"g","call":"rest_start","handle":1,"count":18446744073709551615,"bytes":18446744073709551615}"#;
        let next = line.replace("rest_start", "rest_next").replace("2999", "1999");
        let mut requests = Requests::default();
        requests.add(format!("{line}\n{next}\n{next}\n").repeat(MAX_REQUESTS + 5).as_bytes());
        assert_eq!((requests.all.len(), requests.left_out), (MAX_REQUESTS, 5));
        assert_eq!((requests.all[0].bytes, requests.all[0].ms), (u64::MAX, 0.0));
    }
}
