//! The options of `host-min run` for several clusters.

use crate::findings;
use crate::typed::{Words, Wrong};
use crate::values::{all, one, text, wrong};
use std::ffi::OsString;
use wagather_archive::Output;
use wagather_base::limits::{DEFAULT_PARALLEL_CLUSTERS, MAX_PARALLEL_CLUSTERS};
use wagather_broker::findings::Severity;
use wagather_run::clusters::Contexts;

/// The options for several clusters.
#[derive(Debug)]
pub struct Several {
    /// Which.
    pub contexts: Contexts,
    /// How many are gathered from at the same time.
    pub max_parallel: usize,
    /// The folder of the archives, as typed.
    pub folder: OsString,
    /// The least severity of a finding that fails the run.
    pub fail_on: Option<Severity>,
}

/// The default folder of the archives.
const DEFAULT_FOLDER: &str = "wagather-{time}";

/// Options for a single cluster, and the reason.
const NOT_WITH_SEVERAL: &[(&str, &str)] = &[
    ("server", "--server names one cluster"),
    ("cluster", "each context has its own"),
    ("user", "each context has its own"),
    ("token", "the token would be sent to every cluster"),
    ("token-file", "the token would be sent to every cluster"),
    ("certificate-authority", "each cluster has its own"),
    ("tls-server-name", "each server has its own"),
    ("record", "a recording holds one cluster; record each cluster in a separate run"),
    ("overwrite", "the folder for several clusters must be new"),
    ("force", "the folder for several clusters must be new"),
    ("upload", "upload the archives in the folder afterwards, with 'host-min deliver'"),
    ("spool", "upload the archives in the folder afterwards, with 'host-min deliver'"),
    ("keep", "the folder for several clusters must be new"),
    ("audit", "the file holds one cluster; each archive has its own audit.jsonl"),
];

impl Several {
    /// Parses the options for several clusters; `None` if they are for one.
    pub fn of(words: &Words) -> Result<Option<Several>, Wrong> {
        let fail_on = one(words, "fail-on", findings::severity)?;
        let named = all(words, "context", text)?;
        let max_parallel = one(words, "parallel-clusters", number)?.unwrap_or(DEFAULT_PARALLEL_CLUSTERS);
        let refuse = |reason: String| Err(wrong(words.command, reason));
        let contexts = match (words.has("all-contexts"), named.len()) {
            (true, 0) => Contexts::All,
            (true, _) => return refuse("--all-contexts cannot be used with --context".into()),
            (false, 0 | 1) => return Ok(None),
            (false, _) => Contexts::Named(named),
        };
        if let Contexts::Named(names) = &contexts
            && let Some(twice) = (1..names.len()).find(|&number| names[..number].contains(&names[number]))
        {
            return refuse(format!("--context {:?} is given twice", names[twice]));
        }
        if let Some((other, why)) = NOT_WITH_SEVERAL.iter().find(|(other, _)| words.has(other)) {
            return refuse(format!("--{other} cannot be used with several clusters: {why}"));
        }
        let folder = match words.all("output").next() {
            None => DEFAULT_FOLDER.into(),
            Some(typed) if typed.as_encoded_bytes().windows(9).any(|part| part == b"{context}") => {
                let reason =
                    "{context} differs per cluster; each archive in the folder is named after its context";
                return refuse(format!("invalid value '{}' for --output: {reason}", typed.display()));
            }
            Some(typed) if matches!(Output::parse(typed), Output::Folder(_)) => typed.clone(),
            Some(typed) => {
                let reason =
                    "with several clusters, the output must be a folder; it gets one archive per cluster";
                return refuse(format!("invalid value '{}' for --output: {reason}", typed.display()));
            }
        };
        Ok(Some(Several { contexts, max_parallel, folder, fail_on }))
    }
}

/// How many clusters or archives at the same time.
pub fn number(typed: &str) -> Result<usize, String> {
    let number = typed.parse().ok().filter(|number| (1..=MAX_PARALLEL_CLUSTERS).contains(number));
    number.ok_or_else(|| format!("expected a whole number from 1 to {MAX_PARALLEL_CLUSTERS}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programs::ALL;
    use crate::typed::{Typed, take_apart};

    fn of(line: &str) -> Result<Option<Several>, String> {
        match take_apart(ALL, line.split_whitespace().map(OsString::from)) {
            Ok(Typed::Command(words)) => Several::of(&words).map_err(|wrong| wrong.reason),
            _ => Err("no run".into()),
        }
    }

    #[test]
    fn several_contexts_are_several_clusters_and_one_is_one() {
        assert!(of("run a").expect("a run").is_none());
        assert!(of("run a --context x --parallel-clusters 2").expect("a run").is_none());
        let several = of("run a --context x --context=y --output z").expect("a run").expect("several");
        assert_eq!(several.contexts, Contexts::Named(vec!["x".into(), "y".into()]));
        assert_eq!((several.max_parallel, several.folder), (DEFAULT_PARALLEL_CLUSTERS, "z".into()));
        let all = of("run a --all-contexts --parallel-clusters 9").expect("a run").expect("several");
        assert_eq!((all.contexts, all.max_parallel), (Contexts::All, 9));
        assert_eq!(all.folder, DEFAULT_FOLDER);
    }

    #[test]
    fn what_is_for_one_cluster_is_refused() {
        for (line, reason) in [
            ("--all-contexts --context x", "--all-contexts cannot be used with --context"),
            ("--context x --context y --context x", "--context \"x\" is given twice"),
            (
                "--all-contexts --server http://127.0.0.1",
                "--server cannot be used with several clusters: --server names one cluster",
            ),
            (
                "--all-contexts -o x.tar.gz",
                "invalid value 'x.tar.gz' for --output: with several clusters, the output must be a folder; it gets one archive per cluster",
            ),
            (
                "--all-contexts --parallel-clusters 0",
                "invalid value '0' for --parallel-clusters: expected a whole number from 1 to 64",
            ),
            (
                "--all-contexts --parallel-clusters x",
                "invalid value 'x' for --parallel-clusters: expected a whole number from 1 to 64",
            ),
        ] {
            assert_eq!(of(&format!("run a {line}")).expect_err(line), reason);
        }
        for (other, _) in NOT_WITH_SEVERAL {
            assert!(of(&format!("run a --all-contexts --{other} x")).is_err(), "{other}");
        }
        assert!(of("run a --all-contexts -o -").is_err());
    }
}
