//! What was typed means: paths, durations, sizes, and which options go together.

use super::clusters::Several;
use super::table::Command;
use super::typed::{Words, Wrong};
use host_min::quantity::{duration, size};
use host_min::sandbox::engine::Kind;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;
use wagather_abi::manifest::is_name;

/// What a run takes; [`super::table`] says what each is.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) guests: Vec<PathBuf>,
    pub(super) output: OsString,
    pub(super) cluster: Cluster,
    /// If there are several clusters, the context of `cluster` is none.
    pub(super) several: Option<Several>,
    pub(super) record: Option<PathBuf>,
    pub(super) audit: Option<PathBuf>,
    pub(super) check_access: bool,
    pub(super) replay: Option<PathBuf>,
    pub(super) timeout: Duration,
    pub(super) request_timeout: Duration,
    pub(super) memory: u64,
    pub(super) params: Vec<(String, String)>,
    pub(super) require_sandbox: bool,
    pub(super) engine: Kind,
    pub(super) quiet: bool,
    pub(super) grant: Option<PathBuf>,
    pub(super) dry_run: bool,
}

/// What the roles of gatherers are printed from.
#[derive(Debug)]
pub(super) struct Rbac {
    pub(super) guests: Vec<PathBuf>,
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) grant: Option<PathBuf>,
}

/// Where the cluster is, as kubectl has it.
#[derive(Debug)]
pub(super) struct Cluster {
    pub(super) kubeconfig: Option<PathBuf>,
    pub(super) context: Option<String>,
    pub(super) server: Option<String>,
    pub(super) as_user: Option<String>,
    pub(super) as_group: Vec<String>,
}

/// What a recording takes the place of.
const NOT_WITH_REPLAY: &[&str] =
    &["record", "check-access", "kubeconfig", "context", "all-contexts", "server", "as", "as-group"];

impl Run {
    /// A run, of the words of the command `run`.
    pub(super) fn of(words: &Words) -> Result<Run, Wrong> {
        if let Some(other) = NOT_WITH_REPLAY.iter().find(|other| words.has("replay") && words.has(other)) {
            return Err(wrong(words.command, format!("--replay and --{other} do not go together")));
        }
        let path = |long| words.one(long).map(PathBuf::from);
        let several = Several::of(words)?;
        Ok(Run {
            guests: words.operands.iter().map(PathBuf::from).collect(),
            output: match &several {
                Some(several) => several.folder.clone(),
                None => words.one("output").unwrap_or_default(),
            },
            cluster: Cluster {
                kubeconfig: path("kubeconfig"),
                context: if several.is_none() { one(words, "context", text)? } else { None },
                server: one(words, "server", text)?,
                as_user: one(words, "as", text)?,
                as_group: all(words, "as-group", text)?,
            },
            several,
            record: path("record"),
            audit: path("audit"),
            check_access: words.has("check-access"),
            replay: path("replay"),
            timeout: one(words, "timeout", duration)?.unwrap_or_default(),
            request_timeout: one(words, "request-timeout", duration)?.unwrap_or_default(),
            memory: one(words, "memory", size)?.unwrap_or_default(),
            params: all(words, "param", param)?,
            require_sandbox: words.has("require-sandbox"),
            engine: one(words, "engine", engine)?.unwrap_or_default(),
            quiet: words.has("quiet"),
            grant: path("grant"),
            dry_run: words.has("dry-run"),
        })
    }
}

impl Rbac {
    /// The words of the command `rbac`.
    pub(super) fn of(words: &Words) -> Result<Rbac, Wrong> {
        Ok(Rbac {
            guests: words.operands.iter().map(PathBuf::from).collect(),
            name: one(words, "name", object_name)?.unwrap_or_default(),
            namespace: one(words, "namespace", object_name)?.unwrap_or_default(),
            grant: words.one("grant").map(PathBuf::from),
        })
    }
}

pub(super) fn wrong(command: &'static Command, reason: String) -> Wrong {
    Wrong { command: Some(command), reason }
}

pub(super) fn one<T>(
    words: &Words,
    long: &str,
    meaning: fn(&str) -> Result<T, String>,
) -> Result<Option<T>, Wrong> {
    words.one(long).map(|typed| value(words, long, &typed, meaning)).transpose()
}

pub(super) fn all<T>(
    words: &Words,
    long: &str,
    meaning: fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, Wrong> {
    words.all(long).map(|typed| value(words, long, typed, meaning)).collect()
}

fn value<T>(
    words: &Words,
    long: &str,
    typed: &OsString,
    meaning: fn(&str) -> Result<T, String>,
) -> Result<T, Wrong> {
    let meant = typed.to_str().ok_or_else(|| "it is not UTF-8".to_owned()).and_then(meaning);
    meant.map_err(|why| wrong(words.command, format!("--{long} cannot be '{}': {why}", typed.display())))
}

pub(super) fn text(typed: &str) -> Result<String, String> {
    Ok(typed.to_owned())
}

fn object_name(typed: &str) -> Result<String, String> {
    if is_name(typed) { Ok(typed.into()) } else { Err("a name has a-z, 0-9, '-' and '.'".into()) }
}

fn param(typed: &str) -> Result<(String, String), String> {
    match typed.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.into(), value.into())),
        _ => Err("write it as NAME=VALUE".into()),
    }
}

fn engine(typed: &str) -> Result<Kind, String> {
    Kind::by_name(typed).ok_or_else(|| {
        let names: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        format!("this program has {}", names.join(" and "))
    })
}

#[cfg(test)]
mod tests {
    use super::super::typed::{Typed, take_apart};
    use super::*;

    fn run(line: &str) -> Result<Run, String> {
        match take_apart(line.split_whitespace().map(OsString::from)) {
            Ok(Typed::Command(words)) => Run::of(&words).map_err(|wrong| wrong.reason),
            _ => Err("no run".into()),
        }
    }

    #[test]
    fn what_is_typed() {
        assert_eq!(param("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert!(param("a").is_err() && param("=b").is_err());
    }

    #[test]
    fn defaults_are_those_of_the_table() {
        let run = run("run a.wasm").expect("a run");
        assert_eq!(run.timeout, host_min::limits::DEFAULT_TIMEOUT);
        assert_eq!(run.request_timeout, host_min::limits::DEFAULT_REQUEST_TIMEOUT);
        assert_eq!(run.memory, host_min::limits::DEFAULT_MEMORY_BYTES);
        assert_eq!(run.engine, Kind::default());
        assert_eq!(run.output, "wagather.tar.gz");
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        assert!(run("run a --record r").is_ok() && run("run a --replay r").is_ok());
        for other in NOT_WITH_REPLAY {
            let reason = run(&format!("run a --replay r --{other} x")).expect_err(other);
            assert_eq!(reason, format!("--replay and --{other} do not go together"));
        }
        assert_eq!(
            run("run a --memory 1x").expect_err("x"),
            "--memory cannot be '1x': the units are Ki, Mi, Gi, k, M and G"
        );
    }
}
