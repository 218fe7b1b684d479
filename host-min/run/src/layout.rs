//! The host's own files in an archive whose layout is another program's.

use crate::report::{Gathered, GatheredStatus};
use serde::Serialize;
use wagather_archive::{GATHERS_PATH, Layout, TIMESTAMP_PATH, VERSION_PATH};
use wagather_base::time::rfc3339;

/// What gathered, as the first line of `version` has it.
const PRODUCT: &str = "wagather";

/// The files of a layout besides objects, logs and lists, with their paths.
pub(crate) fn files(
    layout: Layout,
    (begin_millis, end_millis): (i64, i64),
    gatherers: &[Gathered],
) -> Vec<(&'static str, String)> {
    match layout {
        Layout::Wagather => Vec::new(),
        Layout::MustGather => {
            let timestamp = format!("{}\n{}\n", timestamp(begin_millis), timestamp(end_millis));
            let version = format!("{PRODUCT}\n{}\n", env!("CARGO_PKG_VERSION"));
            vec![(TIMESTAMP_PATH, timestamp), (VERSION_PATH, version)]
        }
        Layout::Insights => vec![(GATHERS_PATH, gathers(gatherers))],
    }
}

/// A time as Go prints it, which is what `oc adm inspect` writes.
fn timestamp(millis: i64) -> String {
    rfc3339(millis).replace('T', " ").replace('Z', " +0000 UTC")
}

/// How gatherers ended, as the Insights operator reports it.
#[derive(Serialize)]
struct Gathers<'a> {
    status_reports: Vec<StatusReport<'a>>,
    is_global_obfuscation_enabled: bool,
}

#[derive(Serialize)]
struct StatusReport<'a> {
    name: String,
    duration_in_ms: u64,
    records_count: u64,
    errors: &'a [String],
    warnings: &'a [String],
    panic: Option<&'a str>,
}

impl<'a> StatusReport<'a> {
    fn of(gathered: &'a Gathered) -> StatusReport<'a> {
        StatusReport {
            name: format!("{PRODUCT}/{}", gathered.name),
            duration_in_ms: gathered.duration_ms.map_or(0, |duration| duration as u64),
            records_count: gathered.items,
            errors: &gathered.errors,
            warnings: &gathered.warnings,
            panic: gathered.reason.as_deref().filter(|_| gathered.status == GatheredStatus::Failed),
        }
    }
}

fn gathers(gatherers: &[Gathered]) -> String {
    let status_reports = gatherers.iter().map(StatusReport::of).collect();
    let gathers = Gathers { status_reports, is_global_obfuscation_enabled: false };
    serde_json::to_string(&gathers).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_must_gather_says_when_and_by_what() {
        let files = files(Layout::MustGather, (1_767_323_045_678, 1_767_323_046_000), &[]);
        let texts: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, &**text)).collect();
        let version = concat!("wagather\n", env!("CARGO_PKG_VERSION"), "\n");
        assert_eq!(
            texts,
            [
                ("timestamp", "2026-01-02 03:04:05.678 +0000 UTC\n2026-01-02 03:04:06.000 +0000 UTC\n"),
                ("version", version),
            ]
        );
    }
}
