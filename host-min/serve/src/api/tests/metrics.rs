//! Metrics as OpenMetrics. `make test-serve` reads them with the parser of prometheus_client.

use super::{Fake, led_by, metrics};
use std::collections::BTreeSet;
use wagather_http::header;

fn text() -> String {
    let fake = Fake::default();
    fake.lock().metrics = metrics();
    let got = fake.get("/metrics");
    assert!(got.header(header::CONTENT_TYPE).starts_with("application/openmetrics-text; version=1.0.0"));
    got.text().to_owned()
}

#[test]
fn counts_are_shown_by_gatherer_and_outcome() {
    let text = text();
    for line in [
        "wagather_runs_total{gatherer=\"pods\",outcome=\"complete\"} 1",
        "wagather_runs_total{gatherer=\"pods\",outcome=\"failed\"} 1",
        "wagather_runs_total{gatherer=\"o\\\"d\\\\d\\n\",outcome=\"complete\"} 0",
        "wagather_run_duration_seconds_bucket{gatherer=\"pods\",le=\"0.005\"} 0",
        "wagather_run_duration_seconds_bucket{gatherer=\"pods\",le=\"0.01\"} 1",
        "wagather_run_duration_seconds_bucket{gatherer=\"pods\",le=\"300.0\"} 1",
        "wagather_run_duration_seconds_bucket{gatherer=\"pods\",le=\"+Inf\"} 2",
        "wagather_run_duration_seconds_count{gatherer=\"pods\"} 2",
        "wagather_run_duration_seconds_sum{gatherer=\"pods\"} 1000.007",
        "wagather_last_success_timestamp_seconds{gatherer=\"pods\"} 1.5",
        "wagather_items_total{gatherer=\"pods\"} 7",
        "wagather_received_bytes_total{gatherer=\"pods\"} 100",
        "wagather_guest_memory_bytes{gatherer=\"pods\"} 65536",
        "wagather_replacements_total{gatherer=\"pods\",outcome=\"refused\"} 0",
        "wagather_ready 0",
        "wagather_leader 1",
        "wagather_problems 1",
        "process_start_time_seconds 1",
    ] {
        assert!(text.lines().any(|found| found == line), "no line {line} in\n{text}");
    }
    // A gatherer that never succeeded has no time of its success.
    assert_eq!(text.matches("\nwagather_last_success_timestamp_seconds{").count(), 1);
    assert!(
        text.contains("\nprocess_resident_memory_bytes ") && text.contains("\nprocess_open_fds "),
        "{text}"
    );
}

#[test]
fn one_replica_leads() {
    let fake = Fake::default();
    fake.lock().is_ready = true;
    for (leader, leads, words) in [
        (Some("replica-1"), 1, "ok: this replica leads\n"),
        (Some("replica-2"), 0, "ok: another replica leads\n"),
        (None, 0, "ok: no replica leads now\n"),
    ] {
        fake.lock().leader_election = Some(led_by(leader));
        let text = fake.get("/metrics").text().to_owned();
        assert!(text.contains(&format!("\nwagather_leader {leads}\n")), "{text}");
        assert_eq!(fake.get("/readyz").text(), words);
        assert_eq!(fake.get("/v1/status").json()["leaderElection"]["leads"], leads == 1);
    }
}

/// What the format demands: families in one piece, with their type, and an end.
#[test]
fn families_are_whole() {
    let text = text();
    assert!(text.ends_with("\n# EOF\n") && text.matches("# EOF").count() == 1);
    let (mut families, mut current) = (BTreeSet::new(), String::new());
    for line in text.lines().filter(|line| *line != "# EOF") {
        match line.strip_prefix("# TYPE ") {
            Some(family) => {
                current = family.split(' ').next().expect("a name").to_owned();
                assert!(families.insert(current.clone()), "{current} twice");
            }
            None => {
                let name = line.trim_start_matches("# UNIT ").trim_start_matches("# HELP ");
                assert!(name.starts_with(&current), "{line} is not of {current}");
            }
        }
    }
    assert!(families.len() > 20, "{families:?}");
}
