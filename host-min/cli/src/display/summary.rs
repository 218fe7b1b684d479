//! The results of gatherers: a table for people, and the text and members of an event.

use super::format;
use super::live;
use super::object::Object;
use super::subject::Subject;
use super::table::{self, Cell, Column, Room};
use std::time::Duration;
use wagather_broker::findings::Counts;
use wagather_run::clusters::{Cluster, Sums};

/// The result of a gatherer, or of a cluster without results of gatherers.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The gatherer.
    pub who: Subject,
    /// `None` for a cluster without an archive.
    pub(super) sums: Option<Sums>,
    /// `None` for a replay, whose report is the same each time.
    took: Option<Duration>,
}

impl Ended {
    /// The result of a gatherer.
    pub fn of(context: Option<&str>, sums: Sums) -> Ended {
        let who = Subject { context: context.map(str::to_owned), gatherer: sums.name.clone() };
        Ended { who, took: sums.duration_ms.map(of_millis), sums: Some(sums) }
    }

    /// The results of the gatherers of one of several clusters.
    pub fn all_of(cluster: &Cluster) -> Vec<Ended> {
        let label = cluster.label();
        if cluster.gatherers.is_empty() {
            let who = Subject { context: Some(label), gatherer: String::new() };
            return vec![Ended { who, sums: None, took: Some(of_millis(cluster.duration_ms)) }];
        }
        cluster.gatherers.iter().map(|sums| Ended::of(Some(&label), sums.clone())).collect()
    }
}

fn of_millis(millis: f64) -> Duration {
    Duration::from_secs_f64(millis / 1e3)
}

const CONTEXT: &str = "CONTEXT";
const FINDINGS: &str = "FINDINGS";
const RETRIES: &str = "RETRIES";
const WITHHELD: &str = "WITHHELD";
const REDUCED: &str = "REDUCED";
const COLUMNS: [Column; 13] = [
    table::text(CONTEXT),
    table::text("GATHERER"),
    table::text("STATUS"),
    table::text(FINDINGS),
    table::number("ITEMS"),
    table::number(WITHHELD),
    table::number(REDUCED),
    table::number("REQUESTS"),
    table::number(RETRIES),
    table::number("RECEIVED"),
    table::number("FILES"),
    table::number("ARCHIVED"),
    table::number("TIME"),
];

/// The table at the end.
pub(super) fn table(ended: &[Ended], room: Room) -> Vec<String> {
    let (mut columns, mut rows) = (COLUMNS.to_vec(), ended.iter().map(cells).collect::<Vec<_>>());
    let any =
        |of: fn(&Sums) -> u64| ended.iter().filter_map(|ended| ended.sums.as_ref()).any(|sums| of(sums) > 0);
    let contexts = ended.iter().any(|ended| ended.who.context.is_some());
    for (header, is_wanted) in [
        (FINDINGS, any(|sums| sums.findings.is_some().into())),
        (WITHHELD, any(|sums| sums.items_withheld)),
        (REDUCED, any(|sums| sums.objects_reduced)),
        (RETRIES, any(|sums| sums.retries)),
        (CONTEXT, contexts),
    ] {
        if !is_wanted {
            table::leave_out(header, &mut columns, &mut rows);
        }
    }
    table::lines(&columns, &rows, room)
}

fn cells(ended: &Ended) -> Vec<Cell> {
    let sums = ended.sums.as_ref();
    let or_dash = |of: &dyn Fn(&Sums) -> String| sums.map_or_else(|| "-".to_owned(), of);
    let count = |of: fn(&Sums) -> u64| Cell::from(or_dash(&|sums| format::count(of(sums))));
    let bytes = |of: fn(&Sums) -> u64| Cell::from(or_dash(&|sums| format::bytes(of(sums))));
    vec![
        ended.who.context.clone().unwrap_or_default().into(),
        or_dash(&|sums| sums.name.clone()).into(),
        match sums.map(status) {
            Some("complete") => "Complete".into(),
            Some("gaps") => live::gaps(),
            _ => live::failed(),
        },
        sums.and_then(|sums| sums.findings.as_ref()).map_or_else(|| "-".to_owned(), format::findings).into(),
        count(|sums| sums.items),
        count(|sums| sums.items_withheld),
        count(|sums| sums.objects_reduced),
        count(|sums| sums.requests),
        count(|sums| sums.retries),
        bytes(|sums| sums.bytes_received),
        count(|sums| sums.entries),
        bytes(|sums| sums.bytes_archived),
        ended.took.map_or_else(|| "-".to_owned(), format::duration).into(),
    ]
}

pub(super) const fn status(sums: &Sums) -> &'static str {
    match (sums.complete, sums.failed || sums.gaps == 0) {
        (true, _) => "complete",
        (false, false) => "gaps",
        (false, true) => "failed",
    }
}

/// The sums in words.
pub(super) fn sum_of(sums: &Sums) -> String {
    let again = match sums.retries {
        0 => String::new(),
        retries => format!(" ({} sent again)", format::count(retries)),
    };
    let by_the_grant = match (sums.items_withheld, sums.objects_reduced) {
        (0, 0) => String::new(),
        (withheld, 0) => format!(" ({} withheld)", format::count(withheld)),
        (0, reduced) => format!(" ({} without fields)", format::count(reduced)),
        (withheld, reduced) => {
            format!(" ({} withheld, {} without fields)", format::count(withheld), format::count(reduced))
        }
    };
    format!(
        "{}{by_the_grant}, {}{again}, {} received, {}, {} archived",
        format::counted(sums.items, "item"),
        format::counted(sums.requests, "request"),
        format::bytes(sums.bytes_received),
        format::counted(sums.entries, "file"),
        format::bytes(sums.bytes_archived),
    )
}

/// The text of the event.
pub(super) fn message(sums: &Sums) -> String {
    let took = sums
        .duration_ms
        .map_or_else(String::new, |millis| format!(", {}", format::duration(of_millis(millis))));
    format!("{}: {}{took}", status(sums), sum_of(sums))
}

/// The members of the event.
pub(super) fn put(sums: &Sums, object: &mut Object) {
    object.text("status", status(sums));
    object.number("items", sums.items);
    object.number_if_any("itemsWithheld", sums.items_withheld);
    object.number_if_any("objectsReduced", sums.objects_reduced);
    object.number_if_any("gaps", sums.gaps);
    if let Some(Counts { error, warning, info }) = sums.findings {
        object.value("findings", &format!(r#"{{"error":{error},"warning":{warning},"info":{info}}}"#));
    }
    object.number("requests", sums.requests);
    object.number_if_any("retries", sums.retries);
    object.number("bytesReceived", sums.bytes_received);
    object.number_if_any("inconsistentLists", sums.inconsistent_lists);
    object.number_if_any("duplicatesDropped", sums.duplicates_dropped);
    object.number("entries", sums.entries);
    object.number("bytesArchived", sums.bytes_archived);
    if let Some(millis) = sums.duration_ms {
        object.millis("durationMs", millis);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(name: &str, complete: bool, retries: u64) -> Sums {
        Sums {
            name: name.into(),
            complete,
            duration_ms: complete.then_some(1234.0),
            items: 5000,
            requests: 10,
            retries,
            bytes_received: 33_940_000,
            entries: 1,
            bytes_archived: 1234,
            ..Sums::default()
        }
    }

    #[test]
    fn a_table_at_the_end() {
        let room = Room { width: usize::MAX, has_colour: false };
        let ended = |context, name, complete, retries| Ended::of(context, sums(name, complete, retries));
        assert_eq!(
            table(&[ended(None, "pods", true, 0), ended(None, "cluster-operators", false, 0)], room),
            [
                "GATHERER           STATUS    ITEMS  REQUESTS  RECEIVED  FILES  ARCHIVED   TIME",
                "pods               Complete  5,000        10   33.9 MB      1    1.2 kB  1.2 s",
                "cluster-operators  Failed    5,000        10   33.9 MB      1    1.2 kB      -",
            ]
        );
        let judged = |name, error, warning| {
            let findings = Some(Counts { error, warning, info: 0 });
            Ended::of(None, Sums { findings, ..sums(name, true, 0) })
        };
        assert_eq!(
            table(&[judged("pods", 1, 2), judged("nodes", 0, 0), ended(None, "hello", true, 0)], room),
            [
                "GATHERER  STATUS    FINDINGS             ITEMS  REQUESTS  RECEIVED  FILES  ARCHIVED   TIME",
                "pods      Complete  1 error, 2 warnings  5,000        10   33.9 MB      1    1.2 kB  1.2 s",
                "nodes     Complete  none                 5,000        10   33.9 MB      1    1.2 kB  1.2 s",
                "hello     Complete  -                    5,000        10   33.9 MB      1    1.2 kB  1.2 s",
            ]
        );
        let unreachable = Ended {
            who: Subject { context: Some("edge".into()), gatherer: String::new() },
            sums: None,
            took: Some(Duration::from_millis(20)),
        };
        let all = [ended(Some("prod"), "pods", true, 0), ended(Some("test"), "pods", true, 3), unreachable];
        assert_eq!(
            table(&all, room),
            [
                "CONTEXT  GATHERER  STATUS    ITEMS  REQUESTS  RETRIES  RECEIVED  FILES  ARCHIVED   TIME",
                "prod     pods      Complete  5,000        10        0   33.9 MB      1    1.2 kB  1.2 s",
                "test     pods      Complete  5,000        10        3   33.9 MB      1    1.2 kB  1.2 s",
                "edge     -         Failed        -         -        -         -      -         -  20 ms",
            ]
        );
    }

    #[test]
    fn what_is_none_is_not_told_to_machines() {
        let json = |sums: &Sums| {
            let mut object = Object::new();
            put(sums, &mut object);
            object.end()
        };
        let plain = sums("pods", false, 0);
        let names = ["retries", "inconsistentLists", "duplicatesDropped", "durationMs"];
        assert!(names.iter().all(|name| !json(&plain).contains(name)), "{}", json(&plain));
        let findings = Some(Counts { error: 1, warning: 0, info: 2 });
        assert!(
            json(&Sums { findings, ..plain.clone() })
                .contains(r#""findings":{"error":1,"warning":0,"info":2},"#)
        );
        let odd = Sums { inconsistent_lists: 1, duplicates_dropped: 2, ..sums("pods", true, 3) };
        assert_eq!(
            json(&odd),
            r#"{"status":"complete","items":5000,"requests":10,"retries":3,"bytesReceived":33940000,"inconsistentLists":1,"duplicatesDropped":2,"entries":1,"bytesArchived":1234,"durationMs":1234.000}"#
        );
        assert_eq!(
            message(&odd),
            "complete: 5,000 items, 10 requests (3 sent again), 33.9 MB received, 1 file, 1.2 kB archived, 1.2 s"
        );
    }
}
