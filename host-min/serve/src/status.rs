//! What a service says about its gatherers and runs. An API may send these values as they are: they serialize as camelCase JSON.

use serde::Serialize;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use wagather_base::error::Failure;

/// The name of a run: when it was accepted, and a number. It is unique over restarts of the service, sorts by time, and is part of the
/// archive's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RunId(String);

impl RunId {
    /// The id of the run with this number that is accepted at this time (RFC 3339, as [`wagather_base::time::rfc3339`] writes it).
    pub(crate) fn new(time: &str, number: u64) -> RunId {
        let time: String = time.chars().filter(|c| !"-:.".contains(*c)).collect();
        RunId(format!("{time}-{number:06}"))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that cannot be the id of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRunId;

impl fmt::Display for NoRunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not the id of a run, such as 20260102T030405678Z-000001")
    }
}

impl std::error::Error for NoRunId {}

impl FromStr for RunId {
    type Err = NoRunId;

    fn from_str(text: &str) -> Result<RunId, NoRunId> {
        let is_number = |text: &str, least: usize, most: usize| {
            (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        let parts = text.split_once('T').and_then(|(date, rest)| Some((date, rest.split_once("Z-")?)));
        let is_id = parts.is_some_and(|(date, (time, number))| {
            is_number(date, 8, 8) && is_number(time, 9, 9) && is_number(number, 6, 20)
        });
        is_id.then(|| RunId(text.to_owned())).ok_or(NoRunId)
    }
}

/// What started a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Trigger {
    /// Somebody asked for it.
    Request,
    /// Its schedule.
    Schedule,
    /// The start of the service.
    Start,
}

/// The state of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum RunState {
    /// It waits for its turn.
    Waiting,
    /// It is running.
    Running,
    /// It ended, and nothing is missing.
    Complete,
    /// It ended, and something is missing that a retry would not bring. The archive has the rest.
    Gaps,
    /// It failed.
    Failed,
    /// It was ended by a newer run of the same gatherer (`concurrencyPolicy: Replace`) or by the end of the service, or waited for its turn on a
    /// replica that lost the Lease.
    Stopped,
}

impl RunState {
    /// Whether the run has ended.
    pub const fn has_ended(self) -> bool {
        !matches!(self, RunState::Waiting | RunState::Running)
    }

    /// Its name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            RunState::Waiting => "waiting",
            RunState::Running => "running",
            RunState::Complete => "complete",
            RunState::Gaps => "gaps",
            RunState::Failed => "failed",
            RunState::Stopped => "stopped",
        }
    }
}

/// A run. Times are RFC 3339.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RunStatus {
    /// Its id.
    pub id: RunId,
    /// The gatherer.
    pub gatherer: String,
    /// The SHA-256 of the module that it runs, in hexadecimal digits. A run has one version from its start to its end.
    pub digest: String,
    /// What started it.
    pub trigger: Trigger,
    /// Its state.
    pub state: RunState,
    /// The parameters that were given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub params: Vec<(String, String)>,
    /// When it was accepted.
    pub accepted: String,
    /// When it left the queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started: Option<String>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// The time from its start to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<f64>,
    /// Why it failed, or what is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The exit code that `host-min run` would have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<u8>,
    /// The figures of its report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<Summary>,
    /// The archive, while it is kept. An incomplete archive ends in `.incomplete`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub archive: Option<PathBuf>,
}

/// The figures of a report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Summary {
    /// HTTP requests, including pages and retries.
    pub requests: u64,
    /// Items and objects.
    pub items: u64,
    /// Bytes of response bodies.
    pub bytes_received: u64,
    /// Files in the archive.
    pub entries: u64,
    /// Bytes of these files.
    pub bytes_archived: u64,
    /// Values that were redacted.
    pub redactions: u64,
    /// Calls that were refused.
    pub denials: u64,
    /// Gaps.
    pub gaps: u64,
    /// The peak linear memory of the guest.
    pub memory_bytes: u64,
    /// The peak physical memory of its process.
    pub peak_rss_bytes: u64,
}

/// A gatherer.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GathererStatus {
    /// Its name.
    pub name: String,
    /// The version in its manifest.
    pub version: String,
    /// Where its module comes from: a file or a reference.
    pub module: String,
    /// The SHA-256 of the module that new runs use.
    pub digest: String,
    /// Since when new runs use it.
    pub since: String,
    /// Its schedule in words: `every 10m`, `0 3 * * * Europe/Berlin`. `None` if it runs only on request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<String>,
    /// When its schedule starts the next run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_run: Option<String>,
    /// Runs that have not ended.
    pub active: Vec<RunId>,
    /// The newest run that ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_run: Option<RunId>,
    /// Its state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_state: Option<RunState>,
    /// When a run last ended with nothing missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_success: Option<String>,
    /// The parameters that it takes.
    pub params: Vec<ParamStatus>,
    /// What became of the last change of its module, grant or settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_replacement: Option<Replacement>,
}

/// A parameter that a gatherer takes.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ParamStatus {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub help: String,
    /// Its value if a run gives none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
}

/// What became of a change.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Replacement {
    /// When it was noticed.
    pub time: String,
    /// The digest of the module that was to take over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Whether it took over.
    pub accepted: bool,
    /// What the new version may read and the old one could not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub new_rights: Vec<String>,
    /// Why it was refused. The old version goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
}

/// Whether a service takes runs, and whether something needs attention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Readiness {
    /// Whether all of its parts work. Otherwise it is to be started again.
    pub alive: bool,
    /// Whether it takes runs: it has started, it is not ending, and it is alive.
    pub ready: bool,
    /// Whether nothing needs attention. A refused replacement does: the old version goes on, so that the service stays ready.
    pub healthy: bool,
    /// What needs attention, one line each.
    pub problems: Vec<String>,
    /// Who leads, if replicas agree on a leader. A replica that does not lead is ready, too: to take over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leader_election: Option<LeaderStatus>,
}

/// Who leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct LeaderStatus {
    /// Whether this replica does.
    pub leads: bool,
    /// The name of this replica.
    pub identity: String,
    /// The name of the one that does, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leader: Option<String>,
}

/// Why a run was not accepted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum NotAccepted {
    /// No gatherer has this name.
    UnknownGatherer(String),
    /// The gatherer does not take these parameters.
    Params(Failure),
    /// This run of the gatherer has not ended, and its `concurrencyPolicy` is `Forbid`.
    Active(RunId),
    /// Too many runs wait.
    TooMany,
    /// The service is ending.
    Ending,
    /// A part of the service is gone, and it has to be started again.
    Broken,
    /// Another replica leads, which has this name; or none does now.
    NotLeader(Option<String>),
}

impl fmt::Display for NotAccepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotAccepted::UnknownGatherer(name) => write!(f, "there is no gatherer '{name}'"),
            NotAccepted::Params(failure) => {
                let advice = if failure.advice.is_empty() { "" } else { "; " };
                write!(f, "{}: {}{advice}{}", failure.attempt, failure.reason, failure.advice)
            }
            NotAccepted::Active(run) => {
                write!(f, "its run {run} has not ended, and its concurrencyPolicy is Forbid")
            }
            NotAccepted::TooMany => f.write_str("too many runs wait; try again later"),
            NotAccepted::Ending => f.write_str("the service is ending"),
            NotAccepted::Broken => f.write_str("the service is broken, and has to be started again"),
            NotAccepted::NotLeader(Some(leader)) => {
                write!(f, "another replica has the lease and runs the gatherers: {leader}")
            }
            NotAccepted::NotLeader(None) => f.write_str("no replica has the lease now; try again later"),
        }
    }
}

impl std::error::Error for NotAccepted {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_safe_in_paths_and_sort_by_time() {
        let id = RunId::new("2026-01-02T03:04:05.678Z", 7);
        assert_eq!(id.as_str(), "20260102T030405678Z-000007");
        assert_eq!(id.as_str().parse(), Ok(id.clone()));
        assert!(RunId::new("2026-01-02T03:04:05.679Z", 1) > id);
        for text in [
            "",
            "..",
            "a-b",
            "../1-1",
            "1-1",
            "20260102T030405678Z-00001",
            "20260102T030405678Z-00000\n",
            "20260102T030405678Z-000000000000000000001",
            "20260102T03040567Z-000001",
            "2026-01-02T03:04:05.678Z-000001",
            "20260102T030405678Z-000001/",
        ] {
            assert_eq!(text.parse::<RunId>(), Err(NoRunId), "{text}");
        }
    }
}
