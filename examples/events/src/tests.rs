extern crate std;

use super::*;
use std::collections::BTreeMap;
use std::format;
use std::string::String;
use std::vec::Vec;
use wagather::Error;
use wagather::Fields;
use wagather::abi::Status;
use wagather::fake::Host;

const PATH: &str = "/api/v1/events";

const EVENTS: &str = r#"[
    {"type": "Warning", "reason": "FailedScheduling", "message": "no room", "eventTime": "2024-05-02T12:00:00.123456Z",
     "series": {"count": 4, "lastObservedTime": "2024-05-02T12:30:00.000000Z"},
     "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "web-1"}, "metadata": {"creationTimestamp": "2024-05-02T12:00:01Z"}},
    {"type": "Warning", "reason": "BackOff", "message": "older", "count": 41,
     "firstTimestamp": "2024-05-02T08:00:00Z", "lastTimestamp": "2024-05-02T09:00:00Z", "eventTime": null,
     "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "web-1"}, "metadata": {"creationTimestamp": "2024-05-02T12:00:01Z"}},
    {"type": "Warning", "reason": "BackOff", "message": "newer", "count": 2,
     "firstTimestamp": "2024-05-02T08:30:00Z", "lastTimestamp": "2024-05-02T10:00:00Z",
     "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "web-2"}, "metadata": {"creationTimestamp": "2024-05-02T12:00:01Z"}},
    {"type": "Warning", "reason": "BackOff", "message": "elsewhere",
     "involvedObject": {"kind": "Pod", "namespace": "batch", "name": "web-1"}, "metadata": {"creationTimestamp": "2024-05-02T12:00:01Z"}},
    {"type": "Normal", "reason": "Pulled", "message": "all is well", "count": 99,
     "involvedObject": {"kind": "Pod", "namespace": "shop", "name": "web-1"}, "metadata": {"creationTimestamp": "2024-05-02T12:00:01Z"}}
]"#;

#[test]
fn warnings_are_summed_up_by_reason_and_by_object() {
    let run = Host::new().list(PATH, EVENTS).run(gather);
    assert_eq!(run.result, Ok(()));
    assert_eq!(
        run.entry("warnings.json"),
        concat!(
            r#"{"events":4,"count":48,"byReason":{"replaced":0,"rows":["#,
            r#"{"reason":"BackOff","kind":"Pod","namespace":"shop","name":"web-2","message":"newer","count":43,"overcount":0,"events":2,"#,
            r#""firstSeen":"2024-05-02T08:00:00Z","lastSeen":"2024-05-02T10:00:00Z"},"#,
            r#"{"reason":"FailedScheduling","kind":"Pod","namespace":"shop","name":"web-1","message":"no room","count":4,"overcount":0,"events":1,"#,
            r#""firstSeen":"2024-05-02T12:00:00.123456Z","lastSeen":"2024-05-02T12:30:00.000000Z"},"#,
            r#"{"reason":"BackOff","kind":"Pod","namespace":"batch","name":"web-1","message":"elsewhere","count":1,"overcount":0,"events":1,"#,
            r#""firstSeen":"2024-05-02T12:00:01Z","lastSeen":"2024-05-02T12:00:01Z"}]},"#,
            r#""byObject":{"replaced":0,"rows":["#,
            r#"{"reason":"FailedScheduling","kind":"Pod","namespace":"shop","name":"web-1","message":"no room","count":45,"overcount":0,"events":2,"#,
            r#""firstSeen":"2024-05-02T08:00:00Z","lastSeen":"2024-05-02T12:30:00.000000Z"},"#,
            r#"{"reason":"BackOff","kind":"Pod","namespace":"shop","name":"web-2","message":"newer","count":2,"overcount":0,"events":1,"#,
            r#""firstSeen":"2024-05-02T08:30:00Z","lastSeen":"2024-05-02T10:00:00Z"},"#,
            r#"{"reason":"BackOff","kind":"Pod","namespace":"batch","name":"web-1","message":"elsewhere","count":1,"overcount":0,"events":1,"#,
            r#""firstSeen":"2024-05-02T12:00:01Z","lastSeen":"2024-05-02T12:00:01Z"}]}}"#
        )
    );
    assert_eq!(run.logs[0].text, "4 warning events");
}

/// An event with this reason, which is also the name of its object.
fn event(reason: &str, count: u64) -> String {
    format!(
        r#"{{"type": "Warning", "reason": "{reason}", "count": {count}, "involvedObject": {{"name": "{reason}"}}}}"#
    )
}

#[derive(Default, Fields)]
struct Written {
    events: u32,
    count: u64,
    by_reason: WrittenTable,
    by_object: WrittenTable,
}

#[derive(Default, Fields)]
struct WrittenTable {
    replaced: u32,
    rows: Vec<WrittenRow>,
}

#[derive(Default, Fields)]
struct WrittenRow {
    reason: String,
    message: String,
    count: u64,
    overcount: u64,
}

fn run_on(events: &[String]) -> Written {
    let run = Host::new().list(PATH, &format!("[{}]", events.join(","))).run(gather);
    assert_eq!(run.result, Ok(()));
    run.decode("warnings.json")
}

#[test]
fn beyond_the_bound_the_most_frequent_are_kept_and_no_count_is_too_small() {
    // 20 reasons that recur, among 3,000 that do not. Each of the latter gets a row and is replaced again.
    let stream = (0..4_000_u32).map(|number| match number % 4 {
        0 => (format!("frequent-{}", number / 4 % 20), 5),
        _ => (format!("rare-{number}"), 1),
    });
    let mut truth: BTreeMap<String, u64> = BTreeMap::new();
    let mut events = Vec::new();
    for (reason, count) in stream {
        events.push(event(&reason, count));
        *truth.entry(reason).or_default() += count;
    }
    let written = run_on(&events);
    let total = truth.values().sum();
    assert_eq!((written.events, written.count), (4_000, total));
    for table in [written.by_reason, written.by_object] {
        assert_eq!(table.rows.len(), MAX_ROWS);
        assert!(table.replaced > 2_000);
        // Inherited counts are taken from replaced rows, so the rows add up to the total.
        assert_eq!(table.rows.iter().map(|row| row.count).sum::<u64>(), total);
        assert!(table.rows.is_sorted_by(|above, below| above.count >= below.count));
        for row in &table.rows {
            let true_count = truth[&row.reason];
            assert!(row.count >= true_count && row.count - row.overcount <= true_count, "{}", row.reason);
        }
        let kept: Vec<&str> = table.rows.iter().map(|row| row.reason.as_str()).collect();
        for (reason, count) in &truth {
            let must_be_kept = *count > total / MAX_ROWS as u64;
            assert_eq!(must_be_kept, reason.starts_with("frequent"));
            assert!(!must_be_kept || kept.contains(&reason.as_str()), "{reason} is missing");
        }
        assert!(kept[..20].iter().all(|reason| reason.starts_with("frequent")));
    }
}

#[test]
fn up_to_the_bound_everything_is_exact() {
    let events: Vec<String> = (0..MAX_ROWS as u64 * 3)
        .map(|number| event(&format!("reason-{}", number * 7 % MAX_ROWS as u64), number % 11))
        .collect();
    let written = run_on(&events);
    for table in [written.by_reason, written.by_object] {
        assert_eq!((table.rows.len(), table.replaced), (MAX_ROWS, 0));
        assert!(table.rows.iter().all(|row| row.overcount == 0));
        // An event without a count occurred once.
        assert_eq!(table.rows.iter().map(|row| row.count).sum::<u64>(), written.count);
    }
}

#[test]
fn a_long_message_is_cut_between_characters() {
    let text = "ü".repeat(600);
    let event = format!(r#"{{"type": "Warning", "message": "x{text}"}}"#);
    let written = run_on(&[event]);
    let message = &written.by_reason.rows[0].message;
    assert_eq!(message.len(), 1023);
    assert!(message.starts_with("xü") && message.ends_with('ü'));
}

#[test]
fn it_asks_only_for_what_it_reads() {
    let run = Host::new().list(PATH, "[]").run(gather);
    assert_eq!(run.requests[0].fields, "type=Warning");
    assert_eq!(
        run.requests[0].mask,
        "metadata(creationTimestamp),involvedObject(kind,namespace,name),reason,message,count,\
         firstTimestamp,lastTimestamp,eventTime,series(count,lastObservedTime)"
    );
    assert_eq!(
        run.entry("warnings.json"),
        r#"{"events":0,"count":0,"byReason":{"replaced":0,"rows":[]},"byObject":{"replaced":0,"rows":[]}}"#
    );
}

#[test]
fn half_a_list_is_no_report() {
    let run = Host::new().list(PATH, EVENTS).break_after(2, Status::UNREACHABLE).run(gather);
    assert_eq!(run.result, Err(Error::new(Status::UNREACHABLE)));
    assert!(run.entries.is_empty());
    let run = Host::new().status(PATH, 403).run(gather);
    assert_eq!(run.result, Err(Error::new(Status::http(403))));
}
