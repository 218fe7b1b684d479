//! What of an archive is neither an object nor the log of a container: what gatherers wrote, the audit, and logs of their own.

use serde::Serialize;
use wagather_offline::{Archive, Log};

use super::blocks::{Blocks, Place};
use super::events::Events;
use super::requests::Requests;
use super::text::{cut, tail};

/// The most files and logs that the page lists.
const MAX_LISTED: usize = 5_000;
/// The most bytes of a file that are held until the page is written.
const MAX_FILE_BYTES: usize = 1 << 20;
/// The most bytes of all files.
const MAX_BYTES: usize = 64 << 20;
/// The least of a log that is worth showing.
const MIN_TAIL_BYTES: usize = 2 << 10;
/// The longest path, in characters.
const MAX_PATH_CHARS: usize = 500;

/// Files that are being collected.
#[derive(Default)]
pub(super) struct Files {
    /// The requests of the audit.
    pub(super) requests: Requests,
    /// Events that are no objects, as Insights archives have them.
    pub(super) events: Events,
    all: Vec<File>,
    bytes: usize,
    left_out: usize,
    /// How deep the audit is. A gatherer may have a file of this name below its folder.
    audit_depth: Option<usize>,
}

struct File {
    path: String,
    bytes: usize,
    is_log: bool,
    kept: Vec<u8>,
}

/// A file or a log in the page.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shown {
    /// The path of a file; empty for the log of a container.
    #[serde(skip_serializing_if = "String::is_empty")]
    path: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    namespace: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pod: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    container: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    previous: bool,
    /// The size in the archive.
    bytes: usize,
    /// How much of it the page has: of a log its end, of a file its beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<Place>,
}

/// Files and logs as they are in the page.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listing {
    logs: Vec<Shown>,
    files: Vec<Shown>,
    left_out: usize,
}

/// Whether a file may be shown, by its path: texts.
pub(super) fn is_wanted(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    [".json", ".jsonl", ".yaml", ".yml", ".log", ".txt", ".csv", ".ndjson", ".prom"]
        .iter()
        .any(|end| name.ends_with(end))
}

impl Files {
    /// Adds a file of the archive.
    pub(super) fn add(&mut self, path: &str, content: &[u8]) {
        let name = path.rsplit('/').next().unwrap_or(path);
        let depth = path.split('/').count();
        match name {
            "audit.jsonl" if self.audit_depth.is_none_or(|known| depth <= known) => {
                if self.audit_depth != Some(depth) {
                    self.requests = Requests::default();
                }
                self.audit_depth = Some(depth);
                return self.requests.add(content);
            }
            // The page has them in other places.
            "wagather.json" | "findings.json" | "timestamp" => return,
            _ if path.split('/').rev().nth(1) == Some("events") && self.events.add_file(content) => return,
            _ => {}
        }
        let is_log = name.ends_with(".log");
        let part = if is_log {
            tail(content, MAX_FILE_BYTES)
        } else {
            &content[..content.len().min(MAX_FILE_BYTES)]
        };
        if self.all.len() == MAX_LISTED || self.bytes + part.len() > MAX_BYTES {
            self.left_out += 1;
            return;
        }
        self.bytes += part.len();
        let path = cut(path, MAX_PATH_CHARS);
        self.all.push(File { path, bytes: content.len(), is_log, kept: part.to_vec() });
    }

    /// Puts logs and files into blocks, each into its part of the room.
    pub(super) fn place(
        &self,
        archive: &Archive,
        blocks: &mut Blocks,
        [for_logs, for_files]: [usize; 2],
    ) -> Listing {
        let mut left_out = self.left_out;
        let mut logs: Vec<Log<'_>> = archive.logs().collect();
        left_out += logs.len().saturating_sub(MAX_LISTED);
        logs.truncate(MAX_LISTED);
        let (own, files): (Vec<&File>, Vec<&File>) = self.all.iter().partition(|file| file.is_log);
        blocks.section(for_logs);
        // Logs compress to a sixth or better.
        let share = for_logs.saturating_mul(4) / (logs.len() + own.len()).max(1);
        let max_bytes = share.clamp(MIN_TAIL_BYTES, MAX_FILE_BYTES);
        let mut shown = Vec::new();
        for File { path, bytes, kept, .. } in own {
            let place = blocks.add(tail(kept, max_bytes));
            let (path, bytes) = (path.clone(), *bytes);
            shown.push(Shown { path, bytes, place, ..Shown::default() });
        }
        let mut reader = archive.reader();
        // What a container said before it ended comes first.
        logs.sort_by_key(|log| !log.previous);
        for log in logs {
            let content = reader.log(&log).unwrap_or_default();
            let (place, bytes) = (blocks.add(tail(content, max_bytes)), content.len());
            let [namespace, pod, container] =
                [log.namespace, log.pod, log.container].map(|name| cut(name, MAX_PATH_CHARS));
            let previous = log.previous;
            shown.push(Shown { namespace, pod, container, previous, bytes, place, ..Shown::default() });
        }
        blocks.section(for_files);
        let files = files.into_iter().map(|File { path, bytes, kept, .. }| {
            let place = blocks.add(kept);
            let (path, bytes) = (path.clone(), *bytes);
            Shown { path, bytes, place, ..Shown::default() }
        });
        Listing { files: files.collect(), logs: shown, left_out }
    }
}

impl Listing {
    /// Forgets places that had no room.
    pub(super) fn keep(&mut self, is_in: impl Fn(&Place) -> bool) {
        for shown in self.logs.iter_mut().chain(&mut self.files) {
            shown.place = shown.place.filter(&is_in);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gatherer_cannot_write_the_audit() {
        let line = |what: &str| {
            let line = serde_json::json!({"gatherer": "g", "call": "rest_start", "what": what, "handle": 1});
            line.to_string().into_bytes()
        };
        let (own, forged) = (("audit.jsonl", line("true")), ("attacker/audit.jsonl", line("forged")));
        for order in [[&own, &forged], [&forged, &own]] {
            let mut files = Files::default();
            order.into_iter().for_each(|(path, content)| files.add(path, content));
            let requests = serde_json::to_string(&files.requests).expect("serializes");
            assert!(requests.contains("true") && !requests.contains("forged"), "{requests}");
        }
    }
}
