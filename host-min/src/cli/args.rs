//! What can be typed. The doc comments are the help texts.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

const EXIT_CODES: &str = "\
Exit codes:
  0  everything was gathered
  1  a fault of this program
  2  the command line is wrong
  3  a module cannot be used: not WebAssembly, invalid, another ABI version
  4  the configuration cannot be used: kubeconfig, credentials, recording, parameters
  5  the cluster could not be reached, refused, or gave an answer that cannot be used
  6  the output cannot be written
  7  a gatherer failed: it trapped, ran out of time or memory, or returned an error

If several gatherers fail, the first one's code is used.";

const RUN_EXAMPLES: &str = "\
Examples:
  host-min run cluster-operators.wasm
      gathers from the current context's cluster into ./wagather.tar.gz
  host-min run *.wasm --context prod --output gathered
      runs all gatherers side by side, into the folder ./gathered
  host-min run pods.wasm --record pods.har
      also records what the server answered
  host-min run pods.wasm --replay pods.har --output again.tar.gz
      runs from the recording, without a cluster

The archive appears under its name only when it is whole. If a gatherer fails, what was gathered is left as
NAME.incomplete, with the reasons in its wagather.json.";

/// Runs gatherers: tiny WebAssembly modules that read from a Kubernetes or OpenShift API server.
///
/// A gatherer can read what its manifest declares, and nothing else: it runs in a process of its own, without
/// credentials, sockets or files. Secrets are never given to it.
#[derive(Debug, Parser)]
#[command(name = "host-min", version, after_help = EXIT_CODES, arg_required_else_help = true)]
pub(super) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run gatherers and write what they gather into an archive
    #[command(after_help = RUN_EXAMPLES, after_long_help = format!("{RUN_EXAMPLES}\n\n{EXIT_CODES}"))]
    Run(Box<Run>),
    /// Show what a gatherer can do, without running it
    Inspect(Inspect),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Run one guest for an embedding program; the channel is the standard input
    #[command(hide = true)]
    Sandbox,
}

/// The shells that completions can be made for.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Shell {
    /// Bourne Again Shell
    Bash,
    /// Friendly Interactive Shell
    Fish,
    /// Z shell
    Zsh,
}

/// What a run takes.
#[derive(Debug, Args)]
pub(super) struct Run {
    /// The gatherers' modules
    #[arg(required = true, value_name = "GUEST.wasm")]
    pub guests: Vec<PathBuf>,

    /// Where the archive goes: a folder, a file that ends in .tar.gz or .tgz, or - for a .tar.gz to the standard
    /// output. It must not exist
    #[arg(short, long, value_name = "DIR|FILE.tar.gz|-", default_value = "wagather.tar.gz")]
    pub output: std::ffi::OsString,

    /// Where the cluster is and who you are there.
    #[command(flatten)]
    pub cluster: Cluster,

    /// Also write the server's answers to this file (HAR 1.2), for --replay. It has what the server sent, whole
    /// objects, but no credentials of yours
    #[arg(long, value_name = "FILE.har", conflicts_with = "replay")]
    pub record: Option<PathBuf>,

    /// Take the answers from a recording; no cluster is needed
    #[arg(long, value_name = "FILE.har", conflicts_with_all = ["kubeconfig", "context", "server", "as_user", "as_group"])]
    pub replay: Option<PathBuf>,

    /// Time for each gatherer, such as 90s or 5m
    #[arg(long, value_name = "DURATION", default_value = "120s", value_parser = duration)]
    pub timeout: Duration,

    /// Memory for each gatherer, such as 512Ki or 64Mi
    #[arg(long, value_name = "SIZE", default_value = "64Mi", value_parser = size)]
    pub memory: u64,

    /// A parameter that gatherers can read; may be given several times
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = param)]
    pub params: Vec<(String, String)>,

    /// Which engine runs the gatherers
    #[arg(long, value_name = "ENGINE", value_parser = engine, default_value = default_engine(), hide_default_value = one_engine(), hide = one_engine())]
    pub engine: host_min::sandbox::engine::Kind,

    /// Print nothing but errors
    #[arg(short, long)]
    pub quiet: bool,
}

/// Where the cluster is, as kubectl has it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Cluster")]
pub(super) struct Cluster {
    /// The kubeconfig; otherwise $KUBECONFIG, ~/.kube/config, or the service account of the pod
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,

    /// The kubeconfig's context
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,

    /// The API server's URL; alone it needs no kubeconfig, as behind `kubectl proxy`
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,

    /// The user to act as
    #[arg(long = "as", value_name = "USER")]
    pub as_user: Option<String>,

    /// A group to act as; may be given several times
    #[arg(long, value_name = "GROUP")]
    pub as_group: Vec<String>,
}

/// What an inspection takes.
#[derive(Debug, Args)]
pub(super) struct Inspect {
    /// The module
    #[arg(value_name = "GUEST.wasm")]
    pub guest: PathBuf,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

fn duration(typed: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(typed).map_err(|error| format!("{error}; write it as 90s or 5m"))?;
    if duration.is_zero() { Err("it is zero".into()) } else { Ok(duration) }
}

fn param(typed: &str) -> Result<(String, String), String> {
    match typed.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.into(), value.into())),
        _ => Err("write it as NAME=VALUE".into()),
    }
}

fn engine(typed: &str) -> Result<host_min::sandbox::engine::Kind, String> {
    use host_min::sandbox::engine::Kind;
    Kind::by_name(typed).ok_or_else(|| {
        let names: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        format!("this program has {}", names.join(" and "))
    })
}

fn default_engine() -> &'static str {
    host_min::sandbox::engine::Kind::default().name()
}

fn one_engine() -> bool {
    host_min::sandbox::engine::Kind::ALL.len() == 1
}

/// Kubernetes' way to write sizes: a number with Ki, Mi or Gi, or bytes.
fn size(typed: &str) -> Result<u64, String> {
    let digits = typed.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| "write it as 512Ki or 64Mi")?;
    let unit: u64 = match &typed[digits.len()..] {
        "" => 1,
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        "k" => 1_000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        _ => return Err("the units are Ki, Mi, Gi, k, M and G".into()),
    };
    number.checked_mul(unit).ok_or_else(|| "it is too large".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed() {
        <Cli as clap::CommandFactory>::command().debug_assert();
        assert_eq!(size("64Mi"), Ok(64 << 20));
        assert_eq!(size("65536"), Ok(65536));
        assert!(size("64MB").is_err() && size("").is_err() && size("-1").is_err() && size("99999999999Gi").is_err());
        assert_eq!(param("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert!(param("a").is_err() && param("=b").is_err());
        assert!(duration("0s").is_err() && duration("x").is_err());
        assert_eq!(duration("5m"), Ok(Duration::from_secs(300)));
    }
}
