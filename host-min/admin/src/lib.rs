//! Internal to host-min, without any promise of stability: the program `host-min-admin`, which has the commands of before and after a run,
//! and the runs that a pod never makes: on archives and on several clusters.
//!
//! `host-min inspect …` and the others start this program with the same words.
//!
//! | module | contains |
//! |---|---|
//! | `inspect`, `rights` | what a module can do, and what a grant allows it |
//! | `dry_run` | what a run would do |
//! | `run`, `clusters`, `fleet` | runs on archives and on several clusters |
//! | `rbac`, `deploy` | objects for the cluster |
//! | `manifest`, `push`, `modules` | modules: their manifests, registries |
//! | `merge` | the archives of shards |
//! | `completions` | scripts for shells |
#![forbid(unsafe_code)]

mod clusters;
mod completions;
mod deploy;
mod dry_run;
mod fleet;
mod inspect;
mod manifest;
mod merge;
mod modules;
mod push;
mod rbac;
mod rights;
mod run;

use rbac::Rbac;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use wagather_base::error::{Class, Failure, Result};
use wagather_cli::args::Run;
use wagather_cli::ending::{end, end_command, print_ours, refuse};
use wagather_cli::programs::ALL;
use wagather_cli::typed::{Typed, Words, Wrong, take_apart};
use wagather_cli::{help, registry};
use wagather_sandbox::process::{SingleThreaded, run_helper};

/// Runs the program with the words after its name.
pub fn main(words: impl Iterator<Item = OsString>, single_threaded: SingleThreaded) -> ExitCode {
    match take_apart(ALL, words) {
        Ok(Typed::Help(None)) => end(Default::default(), print_ours(&help::program(ALL))),
        Ok(Typed::Help(Some(command))) => end(Default::default(), print_ours(&help::command(command))),
        Ok(Typed::Program(program, words)) => end(Default::default(), Err(program.replace_this(words))),
        Ok(Typed::Version) => {
            end(Default::default(), print_ours(concat!("host-min ", env!("CARGO_PKG_VERSION"))))
        }
        Ok(Typed::Command(words)) => match command(&words, single_threaded) {
            Ok(done) => end_command(&words, done),
            Err(wrong) => refuse(&wrong),
        },
        Err(wrong) => refuse(&wrong),
    }
}

/// Runs a command, unless its values are invalid.
fn command(words: &Words, single_threaded: SingleThreaded) -> Result<Result<()>, Wrong> {
    let wrong = |reason| Wrong { command: Some(words.command), reason };
    Ok(match words.command.name {
        "run" => match Run::of(words)? {
            // host-min takes it out of the words before it starts this program.
            _ if words.has("token") => Err(Failure::new(
                Class::Config,
                "cannot use --token",
                "host-min-admin does not hide it from sandboxes, which are copies of this process",
            )
            .advise("use 'host-min run', which hides it, or --token-file")),
            run if words.has("dry-run") => dry_run::dry_run(run),
            run => run::run(run, single_threaded),
        },
        // Runs on archives pull them apart in sandboxes that are this program.
        "sandbox" => run_helper(),
        "inspect" => {
            let grant = words.one("grant").map(PathBuf::from);
            let registry = registry::options(words)?;
            inspect::inspect(Path::new(&words.operands[0]), &registry, grant.as_deref(), words.has("json"))
        }
        "manifest" => {
            let [file, guest] = [0, 1].map(|index| PathBuf::from(&words.operands[index]));
            let (registry, output) = (registry::options(words)?, words.one("output").map(PathBuf::from));
            manifest::manifest(&file, &guest, &registry, output.as_deref())
        }
        "rbac" => rbac::rbac(&Rbac::of(words)?),
        "merge" => merge::merge(&merge::of(words)?),
        "deploy" => deploy::deploy(deploy::Options::of(words)?),
        "push" => push::push(words)?,
        "completions" => {
            let shell = words.operands[0].to_str().and_then(completions::script);
            print_ours(&shell.ok_or_else(|| wrong("completions exist for bash, fish and zsh".into()))?)
        }
        name => {
            Err(Failure::new(Class::Config, format!("cannot {name}"), "host-min-admin has no such command")
                .advise(format!("use 'host-min {name}'")))
        }
    })
}
