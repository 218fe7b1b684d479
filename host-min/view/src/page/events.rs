//! The events of an archive, the newest first.

use serde::Serialize;
use serde_json::Value;

use super::columns::{Names, Steps, Texts};
use super::text::cut;
use super::times;

/// The most events that the page shows.
const MAX_EVENTS: usize = 20_000;
/// The largest file with events that are no objects.
const MAX_FILE_BYTES: usize = 4 << 20;
/// The longest message, in characters.
const MAX_MESSAGE_CHARS: usize = 1000;

/// An event.
struct Event {
    is_warning: bool,
    last: i64,
    first: i64,
    count: u64,
    reason: String,
    message: String,
    kind: String,
    namespace: String,
    name: String,
    source: String,
}

/// Events that are being collected.
#[derive(Default)]
pub(super) struct Events {
    all: Vec<Event>,
    left_out: usize,
}

/// The columns of the events.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Columns {
    left_out: usize,
    /// Whether an event is a warning, 1 or 0.
    warning: Vec<u8>,
    /// The last time, in seconds since the Unix epoch; 0 if nobody knows.
    last: Steps,
    /// Seconds from the first to the last time.
    lasted: Vec<i64>,
    count: Vec<u64>,
    reason: Vec<usize>,
    message: Vec<usize>,
    kind: Vec<usize>,
    namespace: Vec<usize>,
    name: Names,
    source: Vec<usize>,
    texts: Texts,
}

impl Events {
    /// Adds the events of a file of an Insights archive: a list of objects that have only what is shown of an event. The result is
    /// whether it is one.
    pub(super) fn add_file(&mut self, content: &[u8]) -> bool {
        if content.len() > MAX_FILE_BYTES {
            return false;
        }
        let Ok(Value::Object(file)) = serde_json::from_slice(content) else { return false };
        let items = file.get("items").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let are_events =
            items.iter().all(|item| item.get("reason").is_some() && item.get("message").is_some());
        if are_events {
            for item in items {
                self.add(item["namespace"].as_str().unwrap_or_default(), item);
            }
        }
        are_events && !items.is_empty()
    }

    /// Adds an event of either API: `v1` or `events.k8s.io/v1`.
    pub(super) fn add(&mut self, namespace: &str, event: &Value) {
        let text = |pointers: &[&str]| {
            let found = pointers.iter().filter_map(|pointer| event.pointer(pointer)?.as_str());
            found.into_iter().find(|text| !text.is_empty()).unwrap_or_default()
        };
        let time = |pointers: &[&str]| {
            let found = pointers.iter().filter_map(|pointer| event.pointer(pointer)?.as_str());
            found.into_iter().find_map(times::seconds)
        };
        let last = time(&[
            "/series/lastObservedTime",
            "/lastTimestamp",
            "/deprecatedLastTimestamp",
            "/eventTime",
            "/firstTimestamp",
            "/metadata/creationTimestamp",
        ]);
        let last = last.unwrap_or(0);
        let first = time(&["/firstTimestamp", "/deprecatedFirstTimestamp", "/eventTime"]).unwrap_or(last);
        let count = ["/series/count", "/count", "/deprecatedCount"];
        let count = count.iter().find_map(|pointer| event.pointer(pointer)?.as_u64());
        let about = |name: &str| text(&[&format!("/involvedObject/{name}"), &format!("/regarding/{name}")]);
        let is_warning = text(&["/type"]) == "Warning";
        let namespace = if namespace.is_empty() { about("namespace") } else { namespace };
        self.all.push(Event {
            is_warning,
            last,
            first,
            count: count.unwrap_or(1).max(1),
            reason: cut(text(&["/reason"]), 100),
            message: cut(text(&["/message", "/note"]).trim(), MAX_MESSAGE_CHARS),
            kind: cut(about("kind"), 100),
            namespace: cut(namespace, 100),
            name: cut(about("name"), 300),
            source: cut(text(&["/source/component", "/reportingComponent", "/reportingController"]), 100),
        });
        // Sorted now and then, so that memory holds a multiple of what is shown, and not all of them.
        if self.all.len() > 4 * MAX_EVENTS {
            self.shorten();
        }
    }

    /// Keeps the warnings, and the newest.
    fn shorten(&mut self) {
        self.all.sort_by_key(|event| (!event.is_warning, -event.last));
        self.left_out += self.all.len().saturating_sub(MAX_EVENTS);
        self.all.truncate(MAX_EVENTS);
    }

    /// The columns.
    pub(super) fn finish(mut self) -> Columns {
        self.shorten();
        self.all.sort_by(|a, b| b.last.cmp(&a.last).then_with(|| a.name.cmp(&b.name)));
        let mut columns = Columns { left_out: self.left_out, ..Columns::default() };
        for event in &self.all {
            columns.warning.push(event.is_warning.into());
            columns.last.add(event.last);
            columns.lasted.push((event.last - event.first).max(0));
            columns.count.push(event.count);
            let texts = &mut columns.texts;
            columns.reason.push(texts.number(&event.reason));
            columns.message.push(texts.number(&event.message));
            columns.kind.push(texts.number(&event.kind));
            columns.namespace.push(texts.number(&event.namespace));
            columns.source.push(texts.number(&event.source));
            columns.name.add(&event.name);
        }
        columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn both_apis_have_events() {
        let mut events = Events::default();
        events.add(
            "",
            &json!({"type": "Warning", "reason": "BackOff", "message": "m ", "count": 7, "firstTimestamp": "2026-01-01T00:00:00Z",
                "lastTimestamp": "2026-01-01T01:00:00Z", "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "a"}}),
        );
        events.add(
            "shop",
            &json!({"note": "n", "eventTime": "2026-01-01T02:00:00.123456Z", "series": {"count": 3, "lastObservedTime": "2026-01-01T02:00:10.000000Z"},
                "regarding": {"kind": "Pod", "name": "b"}, "reportingController": "c"}),
        );
        events.add("", &json!({"count": -1, "involvedObject": ["odd"], "type": 7}));
        let columns = serde_json::to_value(events.finish()).expect("serializes");
        assert_eq!(columns["name"]["rest"], "b\na\n");
        assert_eq!(columns["count"], json!([3, 7, 1]));
        assert_eq!(columns["warning"], json!([0, 1, 0]));
        assert_eq!(columns["lasted"], json!([10, 3600, 0]));
        assert_eq!(columns["last"], json!([1_767_232_810_i64, -3610, -1_767_229_200_i64]));
    }

    #[test]
    fn insights_archives_have_events() {
        let mut events = Events::default();
        assert!(events.add_file(
            br#"{"items": [{"namespace": "shop", "lastTimestamp": "2026-01-01T00:00:00Z", "reason": "BackOff", "message": "m", "type": "Warning"}]}"#
        ));
        for other in ["", "[]", "{}", r#"{"items": []}"#, r#"{"items": [{"reason": "a"}, 7]}"#] {
            assert!(!events.add_file(other.as_bytes()), "{other}");
        }
        let columns = serde_json::to_value(events.finish()).expect("serializes");
        assert_eq!((&columns["warning"], &columns["count"]), (&json!([1]), &json!([1])));
    }

    #[test]
    fn warnings_stay_in_a_flood() {
        let mut events = Events::default();
        for number in 0..100_000 {
            let kind = if number % 10_000 == 0 { "Warning" } else { "Normal" };
            events.add("shop", &json!({"type": kind, "message": "m".repeat(2000), "count": number}));
        }
        let columns = events.finish();
        assert_eq!((columns.warning.len(), columns.left_out), (MAX_EVENTS, 100_000 - MAX_EVENTS));
        assert_eq!(columns.warning.iter().filter(|warning| **warning == 1).count(), 10);
        assert!(serde_json::to_string(&columns).expect("serializes").len() < 2_000_000);
    }
}
