//! Converts options to their meaning: paths, durations, sizes, and valid combinations of options.

use crate::clusters::Several;
use crate::deliver::{self, Delivery};
use crate::display::{self, Settings};
use crate::findings;
use crate::fleet::Archives;
use crate::registry;
use crate::table::{ENGINES, LAYOUTS};
use crate::typed::{Words, Wrong};
use crate::values::{all, one, text, wrong};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;
use wagather_abi::manifest::is_name;
use wagather_age::Recipient;
use wagather_archive::{Layout, Output, is_named_encrypted};
use wagather_base::limits::{MAX_CHUNK_ITEMS, MAX_QPS};
use wagather_broker::findings::Severity;
use wagather_json::obfuscate::Kinds;
use wagather_kube::cluster;
use wagather_kube::cluster::{Compression, Secret};
use wagather_policy::quantity::{duration, limit, size};
use wagather_policy::rights::{Narrowing, SelectorError, Shard, label_selector};
use wagather_sandbox::engine::Kind;

/// The options of a run; [`crate::table`] describes each one.
#[derive(Debug)]
#[allow(missing_docs)]
pub struct Run {
    pub guests: Vec<PathBuf>,
    pub registry: wagather_registry::Options,
    pub output: OsString,
    pub layout: Layout,
    pub overwrite: bool,
    pub cluster: cluster::Options,
    /// With several clusters, the context of `cluster` is empty.
    pub several: Option<Several>,
    pub record: Option<PathBuf>,
    pub audit: Option<PathBuf>,
    pub check_access: bool,
    pub fail_on: Option<Severity>,
    pub replay: Option<PathBuf>,
    pub from: Option<PathBuf>,
    /// With many archives, `from` is empty.
    pub archives: Option<Archives>,
    pub timeout: Duration,
    pub request_timeout: Duration,
    pub memory: u64,
    pub parallel: u32,
    pub chunk_items: Option<u32>,
    pub qps: u32,
    pub burst: u32,
    pub params: Vec<(String, String)>,
    pub require_sandbox: bool,
    pub engine: Option<Kind>,
    pub display: Settings,
    pub grant: Option<PathBuf>,
    pub narrowing: Narrowing,
    pub obfuscate: Kinds,
    pub dry_run: bool,
    pub encrypt: Vec<Recipient>,
    pub delivery: Delivery,
}

/// Options that conflict with `--replay` and `--from`, because a recording or an archive replaces the cluster.
const ONLY_WITH_A_CLUSTER: &[&str] = &[
    "record",
    "check-access",
    "kubeconfig",
    "context",
    "all-contexts",
    "server",
    "cluster",
    "user",
    "token",
    "token-file",
    "certificate-authority",
    "insecure-skip-tls-verify",
    "tls-server-name",
    "proxy-url",
    "as",
    "as-group",
    "as-uid",
    "connect-timeout",
    "first-byte-timeout",
    "idle-timeout",
    "compression",
];

impl Run {
    /// Parses the options of `run`.
    pub fn of(words: &Words) -> Result<Run, Wrong> {
        if words.has("replay") && words.has("from") {
            return Err(wrong(words.command, "--replay cannot be used with --from".into()));
        }
        if let Some(offline) = ["replay", "from"].into_iter().find(|offline| words.has(offline))
            && let Some(other) = ONLY_WITH_A_CLUSTER.iter().find(|other| words.has(other))
        {
            return Err(wrong(words.command, format!("--{offline} cannot be used with --{other}")));
        }
        if words.has("token") && words.has("token-file") {
            return Err(wrong(words.command, "--token cannot be used with --token-file".into()));
        }
        if words.has("shard") && words.has("namespace") {
            return Err(wrong(
                words.command,
                "--shard cannot be used with --namespace: one namespace is one shard".into(),
            ));
        }
        let path = |long| words.one(long).map(PathBuf::from);
        let several = Several::of(words)?;
        let archives = Archives::of(words)?;
        let output = match (&several, &archives) {
            (Some(several), _) => several.folder.clone(),
            (None, Some(archives)) => archives.output(),
            (None, None) => deliver::output(words),
        };
        Output::check_template(&output).map_err(|why| {
            wrong(words.command, format!("invalid value '{}' for --output: {why}", output.display()))
        })?;
        let encrypt = recipients(words, several.is_some() || archives.is_some(), &output)?;
        let delivery = Delivery::of_run(words, &output)?;
        Ok(Run {
            guests: words.operands.iter().map(PathBuf::from).collect(),
            registry: registry::options(words)?,
            output,
            layout: one(words, "layout", layout)?.unwrap_or_default(),
            overwrite: words.has("overwrite") || words.has("force"),
            cluster: cluster::Options {
                kubeconfig: path("kubeconfig"),
                context: if several.is_none() { one(words, "context", text)? } else { None },
                server: one(words, "server", text)?,
                cluster: one(words, "cluster", text)?,
                user: one(words, "user", text)?,
                token: one(words, "token", text)?.map(Secret::new),
                token_file: path("token-file"),
                certificate_authority: path("certificate-authority"),
                insecure_skip_tls_verify: words.has("insecure-skip-tls-verify"),
                tls_server_name: one(words, "tls-server-name", text)?,
                proxy_url: one(words, "proxy-url", text)?,
                as_user: one(words, "as", text)?,
                as_groups: all(words, "as-group", text)?,
                as_uid: one(words, "as-uid", text)?,
                connect_timeout: one(words, "connect-timeout", limit)?.unwrap_or_default(),
                first_byte_timeout: one(words, "first-byte-timeout", limit)?.unwrap_or_default(),
                idle_timeout: one(words, "idle-timeout", limit)?.unwrap_or_default(),
                compression: one(words, "compression", compression)?.unwrap_or_default(),
            },
            several,
            record: path("record"),
            audit: path("audit"),
            check_access: words.has("check-access"),
            fail_on: one(words, "fail-on", findings::severity)?,
            replay: path("replay"),
            from: if archives.is_none() { path("from") } else { None },
            timeout: one(words, "timeout", duration)?.unwrap_or_default(),
            request_timeout: one(words, "request-timeout", limit)?.unwrap_or_default(),
            memory: one(words, "memory", size)?.unwrap_or_default(),
            parallel: one(words, "parallel", positive)?.unwrap_or_default(),
            chunk_items: one(words, "chunk-size", chunk)?,
            qps: one(words, "qps", rate)?.unwrap_or_default(),
            burst: one(words, "burst", rate)?.unwrap_or_default(),
            params: all(words, "param", param)?,
            require_sandbox: words.has("require-sandbox"),
            engine: one(words, "engine", engine)?.flatten(),
            display: Settings {
                quiet: words.has("quiet"),
                verbosity: one(words, "v", verbosity)?.unwrap_or_default(),
                progress: one(words, "progress", display::when)?.unwrap_or_default(),
                format: one(words, "log-format", display::format)?.unwrap_or_default(),
            },
            grant: path("grant"),
            narrowing: Narrowing {
                // As with kubectl, one option overrides the other.
                namespace: one(words, "namespace", namespace)?.filter(|_| !words.has("all-namespaces")),
                selector: one(words, "selector", selector)?,
                // With many archives, it chooses archives.
                shard: one(words, "shard", Shard::parse)?.filter(|_| archives.is_none()),
            },
            obfuscate: obfuscated(words)?,
            dry_run: words.has("dry-run"),
            archives,
            encrypt,
            delivery,
        })
    }
}

/// Who can decrypt the archive. A name that says otherwise than the options is a mistake.
fn recipients(words: &Words, has_folder: bool, output: &OsStr) -> Result<Vec<Recipient>, Wrong> {
    // Not with what was typed, which may be a secret key.
    let recipients = words.all("encrypt").map(|typed| Recipient::parse(typed.to_str().unwrap_or_default()));
    let recipients: Vec<Recipient> = recipients
        .collect::<Result<_, _>>()
        .map_err(|why| wrong(words.command, format!("invalid value for --encrypt: {why}")))?;
    let is_named = is_named_encrypted(Path::new(output));
    let reason = match Output::parse(output) {
        _ if has_folder => return Ok(recipients),
        Output::TarGz(_) if is_named && recipients.is_empty() => {
            "--output ends in .age, which needs a recipient: --encrypt age1…"
        }
        Output::TarGz(_) if !is_named && !recipients.is_empty() => {
            "with --encrypt, let --output end in .tar.gz.age or .tgz.age"
        }
        Output::Folder(_) if !recipients.is_empty() => {
            "--encrypt needs an archive in one file; let --output end in .tar.gz.age or .tgz.age, or write to stdout with -"
        }
        _ => return Ok(recipients),
    };
    Err(wrong(words.command, reason.into()))
}

/// Repeated options add up.
fn obfuscated(words: &Words) -> Result<Kinds, Wrong> {
    all(words, "obfuscate", |typed| Kinds::default().add(typed).map(|()| typed.to_owned()))?
        .iter()
        .try_fold(Kinds::default(), |mut kinds, typed| kinds.add(typed).map(|()| kinds))
        .map_err(|why| wrong(words.command, format!("invalid value for --obfuscate: {why}")))
}

/// The name of an object.
pub fn object_name(typed: &str) -> Result<String, String> {
    if is_name(typed) { Ok(typed.into()) } else { Err("a name consists of a-z, 0-9, '-' and '.'".into()) }
}

/// The name of a namespace is an RFC 1123 label.
pub fn namespace(typed: &str) -> Result<String, String> {
    if is_name(typed) && typed.len() <= 63 && !typed.contains('.') {
        Ok(typed.into())
    } else {
        Err("a namespace name consists of a-z, 0-9 and '-', and has at most 63 characters".into())
    }
}

fn selector(typed: &str) -> Result<String, SelectorError> {
    label_selector(typed).map(|()| typed.into())
}

fn param(typed: &str) -> Result<(String, String), String> {
    match typed.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.into(), value.into())),
        _ => Err("expected NAME=VALUE".into()),
    }
}

fn positive(typed: &str) -> Result<u32, String> {
    up_to(u32::MAX, typed)
}

fn chunk(typed: &str) -> Result<u32, String> {
    up_to(MAX_CHUNK_ITEMS, typed)
}

fn rate(typed: &str) -> Result<u32, String> {
    up_to(MAX_QPS, typed)
}

/// kubectl's log level, from 0 to 10.
fn verbosity(typed: &str) -> Result<u32, String> {
    typed.parse().map_err(|_| "expected a whole number, such as 6".into())
}

/// A whole number from 1 on.
pub fn up_to(most: u32, typed: &str) -> Result<u32, String> {
    let number = typed.parse().ok().filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| format!("expected a whole number from 1 to {most}"))
}

fn compression(typed: &str) -> Result<Compression, String> {
    Compression::by_word(typed).ok_or_else(|| format!("possible values: {}", Compression::WORDS.join(", ")))
}

fn layout(typed: &str) -> Result<Layout, String> {
    Layout::by_name(typed).ok_or_else(|| format!("possible values: {}", LAYOUTS.join(", ")))
}

/// An engine; `None` to choose by module.
fn engine(typed: &str) -> Result<Option<Kind>, String> {
    if typed == ENGINES[0] {
        return Ok(None);
    }
    Kind::by_name(typed).map(Some).ok_or_else(|| {
        let missing =
            if ["wasm3", "wasmi"].contains(&typed) { "; host-min-full has both engines" } else { "" };
        format!("possible values: {}{missing}", ENGINES.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programs::ALL;
    use crate::typed::{Typed, take_apart};

    fn run(line: &str) -> Result<Run, String> {
        match take_apart(ALL, line.split_whitespace().map(OsString::from)) {
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
        assert_eq!(run.timeout, wagather_base::limits::DEFAULT_TIMEOUT);
        assert_eq!(run.request_timeout, wagather_base::limits::DEFAULT_REQUEST_TIMEOUT);
        let of_library = wagather_kube::cluster::Options::default();
        assert_eq!(run.cluster.connect_timeout, of_library.connect_timeout);
        assert_eq!(run.cluster.first_byte_timeout, of_library.first_byte_timeout);
        assert_eq!(run.cluster.idle_timeout, of_library.idle_timeout);
        assert_eq!(run.cluster.compression, of_library.compression);
        assert_eq!(run.memory, wagather_base::limits::DEFAULT_MEMORY_BYTES);
        assert_eq!(run.parallel as usize, wagather_base::limits::DEFAULT_PARALLEL);
        assert_eq!(
            (run.qps, run.burst),
            (wagather_base::limits::DEFAULT_QPS, wagather_base::limits::DEFAULT_BURST)
        );
        assert_eq!(run.chunk_items, None);
        assert_eq!(run.engine, None);
        assert_eq!(run.output, "wagather-{context}-{time}.tar.gz");
        assert!(!run.overwrite);
        assert_eq!(run.display, Settings::default());
    }

    #[test]
    fn numbers_have_bounds() {
        let many = run("run a --parallel 64 --chunk-size 500 --qps 1 --burst 1000000").expect("a run");
        let numbers = (many.parallel, many.chunk_items, many.qps, many.burst);
        assert_eq!(numbers, (64, Some(500), 1, 1_000_000));
        for (option, most) in
            [("parallel", "4294967295"), ("chunk-size", "100000"), ("qps", "1000000"), ("burst", "1000000")]
        {
            for number in ["0", "-1", "1.5", "x", "", "4294967296"].into_iter().filter(|n| !n.is_empty()) {
                let reason = run(&format!("run a --{option} {number}")).expect_err(number);
                let expected = format!(
                    "invalid value '{number}' for --{option}: expected a whole number from 1 to {most}"
                );
                assert!(reason == expected || number.starts_with('-'), "{reason}");
            }
        }
    }

    #[test]
    fn names_of_outputs_are_known_before_anything_runs() {
        assert!(run("run a --output {pod}/{context}-{time}.tgz --overwrite").is_ok_and(|run| run.overwrite));
        assert!(run("run a --force").is_ok_and(|run| run.overwrite));
        assert_eq!(
            run("run a --output x-{date}.tgz").expect_err("unknown"),
            "invalid value 'x-{date}.tgz' for --output: unknown placeholder {date}; use {context}, {time} or {pod}"
        );
        let reason = run("run a --all-contexts --output {context}").expect_err("of one");
        assert!(reason.contains("{context} differs per cluster"), "{reason}");
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        assert!(run("run a --record r").is_ok() && run("run a --replay r").is_ok());
        for other in ONLY_WITH_A_CLUSTER {
            let reason = run(&format!("run a --replay r --{other} x")).expect_err(other);
            assert_eq!(reason, format!("--replay cannot be used with --{other}"));
        }
        assert_eq!(
            run("run a --compression br").expect_err("br"),
            "invalid value 'br' for --compression: possible values: auto, gzip, none"
        );
        assert!(
            run("run a --compression none").is_ok_and(|run| run.cluster.compression == Compression::None)
        );
        assert_eq!(
            run("run a --memory 1x").expect_err("x"),
            "invalid value '1x' for --memory: the supported units are Ki, Mi, Gi, k, M and G"
        );
    }
}
