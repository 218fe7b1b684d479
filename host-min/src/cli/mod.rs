//! The command line: what was typed becomes a plan, and what came of it becomes lines and an exit code.

mod args;
mod inspect;
mod run;

use args::{Cli, Command};
use clap::{CommandFactory, Parser};
use host_min::error::{Class, Failure, Result};
use host_min::{SingleThreaded, sandbox};
use std::io::{self, Write};
use std::process::ExitCode;

/// The whole program.
pub(super) fn main(single_threaded: SingleThreaded) -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors; a reader that went away is none either.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let result = match cli.command {
        Command::Run(args) => run::run(*args, single_threaded),
        Command::Inspect(args) => inspect::inspect(&args),
        Command::Completions { shell } => completions(shell),
        Command::Sandbox => {
            sandbox::process::run_helper();
            Ok(())
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            say(&format!("error: {failure}"));
            ExitCode::from(failure.class.exit_code())
        }
    }
}

/// Writes a line for the person at the terminal; one that is gone is no error.
fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Writes a result to the standard output; a reader that went away is no error.
fn print(text: &[u8]) -> Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(Class::Output, "cannot write to the standard output", error))
        }
        _ => Ok(()),
    }
}

fn completions(shell: args::Shell) -> Result<()> {
    use clap_complete::Shell;
    let shell = match shell {
        args::Shell::Bash => Shell::Bash,
        args::Shell::Fish => Shell::Fish,
        args::Shell::Zsh => Shell::Zsh,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "host-min", &mut script);
    print(&script)
}
