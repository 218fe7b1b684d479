//! The index of a folder of archives: `index.json`, written last and as a whole.
//!
//! What its fields mean is in `docs/clusters.md`.

use crate::report::{Gathered, GatheredStatus, is_zero};
use serde::Serialize;
use std::io::Write;
use std::path::{Path, PathBuf};
use wagather_archive::{Existing, Target};
use wagather_base::error::{Class, Failure, Result};
use wagather_base::time::{clock_millis, rfc3339};

/// Its name.
pub(super) const FILE: &str = "index.json";

/// The version of its form.
const FORMAT: u32 = 1;

/// What became of one cluster.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cluster {
    /// The kubeconfig's context, as it is written there.
    pub context: String,
    /// The URL of its server, as the kubeconfig has it.
    pub server: Option<String>,
    /// How it ended.
    pub status: Status,
    /// What a run of this cluster alone would have had for its exit code.
    pub exit_code: u8,
    /// When it began (RFC 3339).
    pub started: String,
    /// When it was over (RFC 3339).
    pub ended: String,
    /// The time between.
    pub duration_ms: f64,
    /// Its archive, if there is one.
    pub archive: Option<ArchiveFacts>,
    /// Why it failed.
    pub failures: Vec<Reason>,
    /// What is odd about its run as a whole.
    pub warnings: Vec<String>,
    /// What each gatherer did, in the order of the command line; nothing if there is no archive.
    pub gatherers: Vec<Sums>,
    /// The lines of the report on what is odd and what is missing. The index counts them; the archive has them.
    #[serde(skip)]
    pub lines: Vec<Line>,
}

/// A line of a gatherer's part of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The gatherer.
    pub gatherer: String,
    /// Whether something is missing; otherwise something is odd.
    pub is_error: bool,
    /// The line.
    pub text: String,
}

/// How a cluster's run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Every gatherer did all that it set out to do, and nothing is missing.
    Complete,
    /// Every one did, but something could not be had; the archive's report names it.
    Gaps,
    /// Some did not; the archive has what there is, and is called `.incomplete`.
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

/// A [`Failure`], as the index has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    /// The exit code of its class.
    pub exit_code: u8,
    /// What was attempted on what.
    pub attempt: String,
    /// Why it failed.
    pub reason: String,
    /// More reasons, if there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub more: Vec<String>,
    /// What to do about it; empty if there is nothing sensible to say.
    pub advice: String,
}

/// What one gatherer did: the sums of its part of the report.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sums {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Whether it did all that it set out to do, and nothing is missing.
    pub complete: bool,
    /// Whether it failed, or what it read broke off.
    #[serde(skip)]
    pub failed: bool,
    /// How much of what it asked for is missing.
    #[serde(skip_serializing_if = "is_zero")]
    pub gaps: u64,
    /// Wall-clock time from its start to its end; none of a replay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<f64>,
    /// HTTP requests, pages and those that were sent again included.
    pub requests: u64,
    /// HTTP requests that were sent again.
    #[serde(skip_serializing_if = "is_zero")]
    pub retries: u64,
    /// Bytes of bodies that the server sent.
    pub bytes_received: u64,
    /// Items of lists and objects that were read or piped.
    pub items: u64,
    /// Items of lists that were asked for and that the grant does not cover.
    #[serde(skip_serializing_if = "is_zero")]
    pub items_withheld: u64,
    /// Objects that were given without fields which the grant removes.
    #[serde(skip_serializing_if = "is_zero")]
    pub objects_reduced: u64,
    /// Lists whose parts are of different times.
    #[serde(skip_serializing_if = "is_zero")]
    pub inconsistent_lists: u64,
    /// Items of such lists that came twice; they were given once.
    #[serde(skip_serializing_if = "is_zero")]
    pub duplicates_dropped: u64,
    /// Files in the archive.
    pub entries: u64,
    /// Bytes of these files.
    pub bytes_archived: u64,
    /// How many lines of the report are on what is odd.
    pub warnings: u64,
    /// How many are on what is missing.
    pub errors: u64,
}

impl Sums {
    /// Those of a gatherer's part of the report.
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
            duplicates_dropped: gathered.duplicates_dropped,
            entries: gathered.entries,
            bytes_archived: gathered.bytes_archived,
            warnings: gathered.warnings.len() as u64,
            errors: gathered.errors.len() as u64,
        }
    }
}

impl Reason {
    /// That of a failure.
    pub(super) fn of(failure: &Failure) -> Reason {
        let Failure { class, attempt, reason, more, advice } = failure.clone();
        Reason { exit_code: class.exit_code(), attempt, reason, more, advice }
    }

    /// Whether nothing failed, but something is missing.
    pub(super) fn is_gaps(&self) -> bool {
        self.exit_code == Class::Gaps.exit_code()
    }

    /// The failure that it is of.
    pub(super) fn into_failure(self) -> Failure {
        let class = match self.exit_code {
            code @ 128.. => Some(Class::Stopped(code - 128)),
            code => Class::ALL.into_iter().find(|class| class.exit_code() == code),
        };
        let Reason { attempt, reason, more, advice, .. } = self;
        Failure { class: class.unwrap_or(Class::Internal), attempt, reason, more, advice }
    }
}

/// An index that is not written yet.
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

    /// Writes it aside, and gives it its name when it is whole.
    pub(super) fn write(&mut self) -> Result<PathBuf> {
        self.ended = rfc3339(clock_millis());
        self.complete = self.clusters.iter().all(|cluster| cluster.status == Status::Complete);
        // As with gatherers: the first that failed decides, and gaps only if none did.
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
