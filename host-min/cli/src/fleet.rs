//! The options of `host-min run` for many archives.

use crate::clusters::number;
use crate::findings;
use crate::typed::{Words, Wrong};
use crate::values::{one, wrong};
use std::ffi::OsString;
use std::path::PathBuf;
use std::thread::available_parallelism;
use wagather_base::limits::MAX_PARALLEL_CLUSTERS;
use wagather_broker::findings::Severity;
use wagather_deliver::{Download, Transport};
use wagather_policy::quantity::duration;
use wagather_policy::rights::Shard;
use wagather_run::fleet::{Lines, Sources};

/// The archives, and what becomes of the results.
#[derive(Debug)]
pub struct Archives {
    /// What was typed for `--from`.
    pub named: Vec<OsString>,
    /// The part of the archives.
    pub shard: Option<Shard>,
    /// Where the results go.
    pub output: Lines,
    /// How many archives are read at the same time.
    pub max_parallel: usize,
    /// How archives are downloaded.
    pub download: Download,
    /// The findings that fail the run.
    pub fail_on: Option<Severity>,
}

/// How the name of a file of results ends.
const NDJSON: &[u8] = b".ndjson";

/// The default file of results.
const DEFAULT_FILE: &str = "wagather-{time}.ndjson";

/// Options for a single archive, and the reason.
const NOT_WITH_MANY: &[(&str, &str)] = &[
    ("audit", "the file holds the audit of one run"),
    ("encrypt", "the results are not an archive"),
    ("keep", "the results are not an archive"),
    ("obfuscate", "each archive would have a map of its own"),
    ("spool", "the results are not an archive"),
    ("upload", "the results are not an archive"),
];

impl Archives {
    /// Parses the options for many archives; `None` if there is one.
    pub fn of(words: &Words) -> Result<Option<Archives>, Wrong> {
        let named: Vec<OsString> = words.all("from").cloned().collect();
        let typed = words.all("output").next();
        let is_ndjson = typed.is_some_and(|typed| typed.as_encoded_bytes().ends_with(NDJSON));
        if named.is_empty() || !(named.len() > 1 || Sources::is_several(&named[0]) || is_ndjson) {
            return Ok(None);
        }
        let refuse = |reason: String| Err(wrong(words.command, reason));
        if let Some((other, why)) = NOT_WITH_MANY.iter().find(|(other, _)| words.has(other)) {
            return refuse(format!("--{other} cannot be used with many archives: {why}"));
        }
        let output = match typed {
            None => Lines::File(DEFAULT_FILE.into()),
            Some(typed) if typed == "-" => Lines::Stdout,
            Some(typed) if is_ndjson => Lines::File(typed.into()),
            Some(typed) => {
                let (typed, reason) =
                    (typed.display(), "with many archives, it ends in .ndjson, or is - for stdout");
                return refuse(format!("invalid value '{typed}' for --output: {reason}"));
            }
        };
        let max_parallel = match words.all("parallel-clusters").next() {
            Some(_) => one(words, "parallel-clusters", number)?.unwrap_or(1),
            None => available_parallelism().map_or(1, |cores| cores.get().min(MAX_PARALLEL_CLUSTERS)),
        };
        let download = Download {
            fields: words.one("upload-headers").map(PathBuf::from),
            timeout: one(words, "upload-timeout", duration)?.unwrap_or_default(),
            transport: Transport {
                certificate_authority: words.one("upload-ca").map(PathBuf::from),
                ..Transport::default()
            },
            ..Download::default()
        };
        Ok(Some(Archives {
            named,
            shard: one(words, "shard", Shard::parse)?,
            output,
            max_parallel,
            download,
            fail_on: one(words, "fail-on", findings::severity)?,
        }))
    }

    /// Where the results go, as typed.
    pub fn output(&self) -> OsString {
        match &self.output {
            Lines::File(path) => path.into(),
            Lines::Stdout => "-".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programs::ALL;
    use crate::typed::{Typed, take_apart};

    fn of(line: &str) -> Result<Option<Archives>, String> {
        match take_apart(ALL, line.split_whitespace().map(OsString::from)) {
            Ok(Typed::Command(words)) => Archives::of(&words).map_err(|wrong| wrong.reason),
            _ => Err("no run".into()),
        }
    }

    #[test]
    fn many_archives_are_told_from_one() {
        for one in ["run a", "run a --from x", "run a --from x -o y.tar.gz", "run a -o y.ndjson"] {
            assert!(of(one).expect(one).is_none(), "{one}");
        }
        for many in [
            "run a --from x --from y",
            "run a --from x*.tgz",
            "run a --from @list",
            "run a --from x -o y.ndjson",
        ] {
            assert!(of(many).expect(many).is_some(), "{many}");
        }
        let many =
            of("run a --from x* --shard 1/3 --parallel-clusters 5 -o -").expect("a run").expect("many");
        assert_eq!((many.output, many.max_parallel, many.shard), (Lines::Stdout, 5, Shard::new(1, 3)));
        let refused = of("run a --from x* -o y.tar.gz").expect_err("an archive");
        assert!(refused.contains("ends in .ndjson"), "{refused}");
        for (other, _) in NOT_WITH_MANY {
            assert!(of(&format!("run a --from x* --{other} x")).is_err(), "{other}");
        }
    }
}
