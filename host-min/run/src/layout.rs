//! The host's own files in an archive whose layout is another program's.

use crate::report::{Gathered, GatheredStatus};
use serde::Serialize;
use std::io::Read;
use std::time::{Duration, Instant};
use wagather_archive::{GATHERS_PATH, Layout, TIMESTAMP_PATH, VERSION_PATH};
use wagather_base::time::rfc3339;
use wagather_json::yaml::as_yaml;
use wagather_kube::{Accept, Call, Source};

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

/// What the server says of itself: its path, the file for it, what to ask for, and a text that a usable answer has.
const DOCUMENTS: [(&str, &str, Accept, &str); 3] = [
    ("/api", "aggregated-discovery-api.yaml", Accept::Discovery, DISCOVERY_KIND),
    ("/apis", "aggregated-discovery-apis.yaml", Accept::Discovery, DISCOVERY_KIND),
    ("/version", "version.yaml", Accept::Json, "\"gitVersion\""),
];

/// An older server has an index of groups instead, which names no resources.
const DISCOVERY_KIND: &str = "APIGroupDiscoveryList";

/// A server with a thousand kinds of custom resources has a few megabytes.
const MAX_DOCUMENT_BYTES: u64 = 32 << 20;

/// Time for all of them. They are a convenience, so a slow server does not hold up the archive.
const DOCUMENTS_TIME: Duration = Duration::from_secs(10);

/// Which resources the server has, and its version: without that, readers do not know short names or plurals. A recording or an archive
/// gives what it has. What cannot be had is a warning.
pub(crate) fn documents(source: &dyn Source, warnings: &mut Vec<String>) -> Vec<(&'static str, String)> {
    let deadline = Instant::now() + DOCUMENTS_TIME;
    let known = DOCUMENTS.iter().filter(|(path, ..)| source.knows(path));
    known
        .filter_map(|&(path, file, accept, mark)| match document(source, path, accept, deadline) {
            Ok(text) if text.contains(mark) => Some((file, text)),
            Ok(_) => {
                warnings
                    .push(format!("{file} is not in the archive: the server has no such document at {path}"));
                None
            }
            Err(reason) => {
                warnings.push(format!("{file} is not in the archive: {path}: {reason}"));
                None
            }
        })
        .collect()
}

fn document(source: &dyn Source, path: &str, accept: Accept, deadline: Instant) -> Result<String, String> {
    let call = Call { path_and_query: path.to_owned(), accept, deadline };
    let response = source.send(&call).map_err(|no_answer| no_answer.reason)?;
    if response.status != 200 {
        return Err(format!("HTTP {}", response.status));
    }
    let mut body = Vec::new();
    let read = response.body.take(MAX_DOCUMENT_BYTES + 1).read_to_end(&mut body);
    read.map_err(|error| error.to_string())?;
    if body.len() as u64 > MAX_DOCUMENT_BYTES {
        return Err(format!("it is larger than {} MiB", MAX_DOCUMENT_BYTES >> 20));
    }
    Ok(String::from_utf8_lossy(&as_yaml(&body)).into_owned())
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
