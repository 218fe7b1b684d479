//! Events of a run of several clusters, which a run of one cluster never has. They are a part of [`super::event`].

use super::format;
use super::object::Object;
use super::summary::sum_of;
use std::path::Path;
use std::time::Duration;
use wagather_base::error::Failure;
use wagather_run::clusters::{Cluster, Status, Sums};
use wagather_run::fleet;

/// An event of a run of several clusters.
pub enum Fleet<'a> {
    /// The process of a cluster, or an exec plugin that it runs, wrote a line to its standard error.
    Line(&'a str),
    /// A cluster's run ended.
    Ended(&'a Cluster),
    /// The run on an archive ended, and it is not complete.
    Archive {
        /// Its path or URL.
        archive: &'a str,
        /// How it ended.
        status: fleet::Status,
        /// The first reason.
        failure: &'a Failure,
    },
    /// The runs on all archives ended.
    Archives {
        /// The file with the results.
        path: Option<&'a Path>,
        /// How the runs ended.
        counts: &'a fleet::Counts,
    },
    /// The index was written.
    Index {
        /// Its path.
        path: &'a Path,
        /// How many clusters are complete.
        complete: usize,
        /// How many clusters there are.
        clusters: usize,
    },
}

impl Fleet<'_> {
    pub(super) fn message(&self) -> String {
        match self {
            Fleet::Line(line) => (*line).to_owned(),
            Fleet::Ended(cluster) => ended(cluster),
            Fleet::Archive { archive, status, failure } => {
                format!("{}: {}: {}: {}", archive, status.name(), failure.attempt, failure.reason)
            }
            Fleet::Archives { path, counts } => archives(*path, counts),
            Fleet::Index { path, complete, clusters } => {
                let clusters = format::counted(*clusters as u64, "cluster");
                format!("wrote {}: {complete} of {clusters} complete", path.display())
            }
        }
    }

    pub(super) fn level(&self) -> &'static str {
        match self {
            Fleet::Archive { status: fleet::Status::Gaps, .. } => "warn",
            Fleet::Archive { .. } => "error",
            Fleet::Archives { counts, .. } if counts.complete < counts.all() => "warn",
            Fleet::Ended(cluster) if cluster.status == Status::Gaps => "warn",
            Fleet::Ended(cluster) if cluster.status != Status::Complete => "error",
            Fleet::Index { complete, clusters, .. } if complete < clusters => "warn",
            _ => "info",
        }
    }

    pub(super) const fn event(&self) -> &'static str {
        match self {
            Fleet::Line(_) => "line",
            Fleet::Ended(_) => "cluster",
            Fleet::Archive { .. } => "source",
            Fleet::Archives { .. } => "sources",
            Fleet::Index { .. } => "index",
        }
    }

    pub(super) fn put(&self, object: &mut Object) {
        match self {
            Fleet::Line(_) => {}
            Fleet::Archive { archive, status, failure } => {
                object.text("path", archive);
                object.text("status", status.name());
                object.number("exitCode", failure.class.exit_code().into());
            }
            Fleet::Archives { path, counts } => {
                if let Some(path) = path {
                    object.text("path", &path.to_string_lossy());
                }
                let fleet::Counts { complete, gaps, incomplete, failed, of_other_shards, .. } = **counts;
                let counts =
                    [("complete", complete), ("gaps", gaps), ("incomplete", incomplete), ("failed", failed)];
                for (name, number) in counts.into_iter().chain([("ofOtherShards", of_other_shards)]) {
                    object.number(name, number);
                }
            }
            Fleet::Ended(cluster) => {
                object.text("status", status(cluster.status));
                if let Some(archive) = &cluster.archive {
                    object.text("file", &archive.file);
                }
                object.number("exitCode", cluster.exit_code.into());
                object.millis("durationMs", cluster.duration_ms);
            }
            Fleet::Index { path, complete, clusters } => {
                object.text("path", &path.to_string_lossy());
                object.number("complete", *complete as u64);
                object.number("clusters", *clusters as u64);
            }
        }
    }
}

fn archives(path: Option<&Path>, counts: &fleet::Counts) -> String {
    let all = format::counted(counts.all(), "archive");
    let wrote = path.map_or_else(String::new, |path| format!("wrote {}: ", path.display()));
    let mut text = format!("{wrote}{} of {all} complete", counts.complete);
    for (number, status) in [
        (counts.gaps, "with gaps"),
        (counts.incomplete, "incomplete"),
        (counts.failed, "failed"),
        (counts.of_other_shards, "in other shards"),
    ] {
        if number > 0 {
            text += &format!(", {number} {status}");
        }
    }
    text
}

fn ended(cluster: &Cluster) -> String {
    let (status, took) = (status(cluster.status), Duration::from_secs_f64(cluster.duration_ms / 1e3));
    if cluster.status == Status::Failed {
        return format!("{status}: {}", format::duration(took));
    }
    let sum = |of: fn(&Sums) -> u64| cluster.gatherers.iter().map(of).sum();
    let all = Sums {
        items: sum(|sums| sums.items),
        items_withheld: sum(|sums| sums.items_withheld),
        objects_reduced: sum(|sums| sums.objects_reduced),
        requests: sum(|sums| sums.requests),
        retries: sum(|sums| sums.retries),
        bytes_received: sum(|sums| sums.bytes_received),
        entries: sum(|sums| sums.entries),
        bytes_archived: sum(|sums| sums.bytes_archived),
        ..Sums::default()
    };
    format!("{status}: {}, {}", sum_of(&all), format::duration(took))
}

const fn status(status: Status) -> &'static str {
    match status {
        Status::Complete => "complete",
        Status::Gaps => "gaps",
        Status::Incomplete => "incomplete",
        Status::Failed => "failed",
    }
}
