//! The command line: it converts options to a plan, and the outcome to messages and an exit code.
//!
//! Commands of before and after a run are in host-min-admin, and so are runs on archives and on several clusters. What both programs
//! need is in `wagather-cli`.

mod deliver;
mod token;

use host_min::{Isolation, Plan, SingleThreaded};
use std::ffi::OsString;
use std::io::{self, PipeReader};
use std::process::ExitCode;
use wagather_base::error::Result;
use wagather_base::stop;
use wagather_cli::args::Run;
use wagather_cli::display::Format;
use wagather_cli::ending::{end, end_command, format, print_ours, refuse};
use wagather_cli::help;
use wagather_cli::programs::{ADMIN, CODEGEN, HOST_MIN, Program};
use wagather_cli::typed::{Typed, Words, Wrong, take_apart};
use wagather_sandbox as sandbox;

/// Runs the program.
pub(super) fn main(
    words: impl Iterator<Item = OsString>,
    single_threaded: SingleThreaded,
    keep_open: fn(&PipeReader) -> io::Result<()>,
) -> ExitCode {
    let plain = |done| end(Format::default(), done);
    match take_apart(HOST_MIN, words) {
        Ok(Typed::Help(None)) => plain(print_ours(&help::program(HOST_MIN))),
        Ok(Typed::Help(Some(command))) => plain(print_ours(&help::command(command))),
        Ok(Typed::Program(program, words)) => pass_on(program, words, single_threaded),
        Ok(Typed::Version) => plain(print_ours(concat!("host-min ", env!("CARGO_PKG_VERSION")))),
        Ok(Typed::Command(words)) => {
            // Do this first, so no copy of this process contains the token.
            let token = words.all("token").next().filter(|_| Run::of(&words).is_ok());
            if let Some(token) = token {
                return end(format(&words), Err(token::start_again(&words, token, keep_open)));
            }
            // The token is out of the words by now.
            if is_of_admin(&words) {
                return pass_on(&ADMIN, std::env::args_os().skip(1), single_threaded);
            }
            match command(&words, single_threaded) {
                Ok(done) => end_command(&words, done),
                Err(wrong) => refuse(&wrong),
            }
        }
        Err(wrong) => refuse(&wrong),
    }
}

/// Whether host-min-admin has this run: one that only shows, that reads archives, or that has several clusters.
fn is_of_admin(words: &Words) -> bool {
    let is_run = words.command.name == "run";
    let names_admin = ["dry-run", "from", "all-contexts"].into_iter().any(|option| words.has(option));
    is_run && (names_admin || words.all("context").nth(1).is_some())
}

/// Continues as another program, with these words.
#[cfg_attr(not(feature = "admin"), expect(unused_variables))]
fn pass_on(
    program: &Program,
    words: impl IntoIterator<Item = OsString>,
    single_threaded: SingleThreaded,
) -> ExitCode {
    #[cfg(feature = "admin")]
    if *program == ADMIN {
        return wagather_admin::main(words.into_iter(), single_threaded);
    }
    end(Format::default(), Err(program.replace_this(words)))
}

/// Runs a command, unless its values are invalid.
fn command(words: &Words, single_threaded: SingleThreaded) -> Result<Result<()>, Wrong> {
    Ok(match words.command.name {
        "run" => run(Run::of(words)?, single_threaded),
        "deliver" => deliver::deliver(words)?,
        "new" => Err(CODEGEN.replace_this(std::env::args_os().skip(1))),
        _ => sandbox::process::run_helper(),
    })
}

/// A run on one cluster or recording.
fn run(mut args: Run, single_threaded: SingleThreaded) -> Result<()> {
    stop::heed_signals();
    let plan = args.plan(Plan::without_archives, Isolation::Fork(single_threaded))?;
    wagather_cli::run::run(args, plan)
}
