//! The index of a folder of archives: `index.json`. It is written last, and appears only when it is complete.
//!
//! `docs/clusters.md` describes its fields.

use crate::report::{Gathered, GatheredStatus, is_zero};
use serde::Serialize;
use std::io::Write;
use std::path::{Path, PathBuf};
use wagather_archive::{Existing, Target};
use wagather_base::error::{Class, Failure, Result};
use wagather_base::time::{clock_millis, rfc3339};
use wagather_broker::findings::{Counts, Severity};

/// The name of its file.
pub(super) const FILE: &str = "index.json";

/// The version of its format.
const FORMAT: u32 = 1;

/// The result of one cluster.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cluster {
    /// The context, as the kubeconfig has it.
    pub context: String,
    /// The URL of its server, as the kubeconfig has it.
    pub server: Option<String>,
    /// How it ended.
    pub status: Status,
    /// The exit code that a run of this cluster alone would have had.
    pub exit_code: u8,
    /// When it began (RFC 3339).
    pub started: String,
    /// When it ended (RFC 3339).
    pub ended: String,
    /// The time in between.
    pub duration_ms: f64,
    /// Its archive, if there is one.
    pub archive: Option<ArchiveFacts>,
    /// Why it failed.
    pub failures: Vec<Reason>,
    /// Warnings about its run as a whole.
    pub warnings: Vec<String>,
    /// The sums of each gatherer, in the order of the command line. Empty if there is no archive.
    pub gatherers: Vec<Sums>,
    /// The report's warnings and errors. The index only counts them, and the archive contains them.
    #[serde(skip)]
    pub lines: Vec<Line>,
}

/// A line of a gatherer's part of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The gatherer.
    pub gatherer: String,
    /// What it is.
    pub kind: LineKind,
    /// The line.
    pub text: String,
}

/// What a line of the report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// Something is missing.
    Error,
    /// Something is unusual.
    Warning,
    /// One of the worst findings.
    Finding(Severity),
}

/// How a cluster's run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Every gatherer succeeded, and nothing is missing.
    Complete,
    /// Every gatherer succeeded, but something is missing. The archive's report names it.
    Gaps,
    /// Some gatherers failed. The archive has what there is, and its name ends in `.incomplete`.
    Incomplete,
    /// There is no archive.
    Failed,
}

/// An archive's file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ArchiveFacts {
    /// Its name in the folder.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal digits.
    pub sha256: String,
}

/// A [`Failure`] in the index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    /// The exit code of its class.
    pub exit_code: u8,
    /// What was attempted.
    pub attempt: String,
    /// Why it failed.
    pub reason: String,
    /// More reasons, if there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub more: Vec<String>,
    /// What to do about it. May be empty.
    pub advice: String,
}

/// The sums of one gatherer's part of the report.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sums {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Whether it succeeded, and nothing is missing.
    pub complete: bool,
    /// Whether it failed, or something it read broke off.
    #[serde(skip)]
    pub failed: bool,
    /// The number of gaps.
    #[serde(skip_serializing_if = "is_zero")]
    pub gaps: u64,
    /// Wall-clock time from its start to its end. A replay has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<f64>,
    /// HTTP requests, including pages and retries.
    pub requests: u64,
    /// Retries.
    #[serde(skip_serializing_if = "is_zero")]
    pub retries: u64,
    /// Bytes of response bodies.
    pub bytes_received: u64,
    /// Items and objects that were read or piped.
    pub items: u64,
    /// Items that the grant withheld.
    #[serde(skip_serializing_if = "is_zero")]
    pub items_withheld: u64,
    /// Objects that the guest got without fields, because the grant removes them.
    #[serde(skip_serializing_if = "is_zero")]
    pub objects_reduced: u64,
    /// How many findings it wrote, by severity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub findings: Option<Counts>,
    /// Why its findings cannot be used. A warning says it, too.
    #[serde(skip)]
    pub findings_mistake: Option<String>,
    /// Lists whose parts show different moments.
    #[serde(skip_serializing_if = "is_zero")]
    pub inconsistent_lists: u64,
    /// Items that such lists repeated, and that were given once.
    #[serde(skip_serializing_if = "is_zero")]
    pub duplicates_dropped: u64,
    /// Files in the archive.
    pub entries: u64,
    /// Bytes of these files.
    pub bytes_archived: u64,
    /// The number of warnings.
    pub warnings: u64,
    /// The number of errors.
    pub errors: u64,
}

impl Sums {
    /// The sums of a gatherer's part of the report.
    pub fn of(gathered: &Gathered) -> Sums {
        Sums {
            name: gathered.name.clone(),
            version: gathered.version.clone(),
            complete: gathered.status == GatheredStatus::Complete,
            failed: gathered.status == GatheredStatus::Failed,
            gaps: gathered.gaps,
            duration_ms: gathered.duration_ms,
            requests: gathered.requests,
            retries: gathered.retries,
            bytes_received: gathered.bytes_received,
            items: gathered.items,
            items_withheld: gathered.items_withheld,
            objects_reduced: gathered.objects_reduced,
            inconsistent_lists: gathered.inconsistent_lists,
            findings: gathered.findings,
            findings_mistake: gathered.findings_mistake.clone(),
            duplicates_dropped: gathered.duplicates_dropped,
            entries: gathered.entries,
            bytes_archived: gathered.bytes_archived,
            warnings: gathered.warnings.len() as u64,
            errors: gathered.errors.len() as u64,
        }
    }
}

impl Reason {
    /// The entry for a failure.
    pub(crate) fn of(failure: &Failure) -> Reason {
        let Failure { class, attempt, reason, more, advice } = failure.clone();
        Reason { exit_code: class.exit_code(), attempt, reason, more, advice }
    }

    /// Whether nothing failed, but something is missing.
    pub(super) fn is_gaps(&self) -> bool {
        self.exit_code == Class::Gaps.exit_code()
    }

    /// The failure of this entry.
    pub(crate) fn into_failure(self) -> Failure {
        let class = match self.exit_code {
            code @ 128.. => Some(Class::Stopped(code - 128)),
            code => Class::ALL.into_iter().find(|class| class.exit_code() == code),
        };
        let Reason { attempt, reason, more, advice, .. } = self;
        Failure { class: class.unwrap_or(Class::Internal), attempt, reason, more, advice }
    }
}

/// An index that was not written yet.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Index {
    format: u32,
    wagather: &'static str,
    complete: bool,
    exit_code: u8,
    started: String,
    ended: String,
    parallel_clusters: usize,
    pub(super) clusters: Vec<Cluster>,
    #[serde(skip)]
    target: Target,
}

impl Index {
    /// The index of a run that begins now.
    pub(super) fn begin(folder: &Path, parallel_clusters: usize) -> Result<Index> {
        Ok(Index {
            format: FORMAT,
            wagather: env!("CARGO_PKG_VERSION"),
            complete: false,
            exit_code: 0,
            started: rfc3339(clock_millis()),
            ended: String::new(),
            parallel_clusters,
            clusters: Vec::new(),
            target: Target::claim(&folder.join(FILE), "the index")?,
        })
    }

    /// Writes it under a hidden name, and renames it when it is complete.
    pub(super) fn write(&mut self) -> Result<PathBuf> {
        self.ended = rfc3339(clock_millis());
        self.complete = self.clusters.iter().all(|cluster| cluster.status == Status::Complete);
        // As with gatherers, the first failure decides, and gaps only if there is no failure.
        let codes = || self.clusters.iter().map(|cluster| cluster.exit_code).filter(|code| *code != 0);
        let failed = codes().find(|code| *code != Class::Gaps.exit_code());
        self.exit_code = failed.or_else(|| codes().next()).unwrap_or(0);
        let mut text = serde_json::to_vec_pretty(self).unwrap_or_default();
        text.push(b'\n');
        let (mut file, partial) = self.target.new_file()?;
        file.write_all(&text)
            .and_then(|()| file.sync_all())
            .and_then(|()| self.target.place(partial.path(), Existing::Keep, |_| false))
            .map_err(|error| self.target.failure(&error))?;
        Ok(self.target.path().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_come_back_as_they_were() {
        for class in Class::ALL {
            let reasons = ["a reason".to_owned(), "another one".to_owned()];
            let failure = Failure::of_many(class, "cannot do it", reasons).advise("do it otherwise");
            assert_eq!(Reason::of(&failure).into_failure(), failure);
        }
    }
}
