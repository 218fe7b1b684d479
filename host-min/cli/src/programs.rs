//! The commands, and the program that each is in. A run needs no code of the other programs, and starts faster without it.
//!
//! Such a program is beside host-min or on the `PATH`. It gets the command line as it was typed, and parses it.

use crate::table::{
    COMPLETIONS, Command, DELIVER, DEPLOY, INSPECT, MANIFEST, MERGE, NEW, PUSH, RBAC, RUN, SANDBOX,
};
use std::env;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process;
use wagather_base::error::{Class, Failure};

/// A program beside host-min.
#[derive(Debug, PartialEq, Eq)]
pub struct Program {
    /// The name of its file.
    file: &'static str,
    /// The target of make that builds it.
    target: &'static str,
}

/// What people do before and after a run, and runs on archives and on several clusters.
pub const ADMIN: Program = Program { file: "host-min-admin", target: "host-admin" };
/// Schemas and types, which only authors of gatherers need.
pub const CODEGEN: Program = Program { file: "codegen", target: "codegen" };
const SERVE: Program = Program { file: "host-min-serve", target: "host-serve" };
const VIEW: Program = Program { file: "host-min-view", target: "host-view" };

/// A command that can be typed.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// A one-line description.
    pub about: &'static str,
    /// The program that has it.
    pub place: Place,
}

/// Where a command is.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// In host-min.
    HostMin(&'static Command),
    /// In host-min-admin.
    Admin(&'static Command),
    /// In a program that alone knows the options.
    Beside(&'static Program),
}

/// Every command, in the order of the help, with the options that are known here.
pub const ALL: &[Entry] = &COMMANDS;

/// The same for host-min, which does not have the options of commands in other programs.
pub const HOST_MIN: &[Entry] = &{
    let mut commands = COMMANDS;
    let mut number = 0;
    while number < commands.len() {
        if let Place::Admin(_) = commands[number].place {
            commands[number].place = Place::Beside(&ADMIN);
        }
        number += 1;
    }
    commands
};

const COMMANDS: [Entry; 15] = [
    here(&RUN),
    admin(&INSPECT),
    admin(&RBAC),
    admin(&DEPLOY),
    admin(&MERGE),
    admin(&MANIFEST),
    // In host-min, with help that is tested to be codegen's own.
    here(&NEW),
    admin(&PUSH),
    here(&DELIVER),
    admin(&COMPLETIONS),
    elsewhere(
        "serve",
        "Run gatherers on a schedule and on demand, and replace them without a restart",
        &SERVE,
    ),
    elsewhere("report", "Show the content of an archive as text, as a page or as test results", &VIEW),
    elsewhere("open", "Serve an archive as a read-only API server, for kubectl", &VIEW),
    elsewhere("diff", "Compare two archives by their meaning", &VIEW),
    here(&SANDBOX),
];

const fn here(command: &'static Command) -> Entry {
    Entry { name: command.name, about: command.about, place: Place::HostMin(command) }
}

const fn admin(command: &'static Command) -> Entry {
    Entry { place: Place::Admin(command), ..here(command) }
}

const fn elsewhere(name: &'static str, about: &'static str, program: &'static Program) -> Entry {
    Entry { name, about, place: Place::Beside(program) }
}

impl Entry {
    /// Its options, if they are known.
    pub fn command(&self) -> Option<&'static Command> {
        match self.place {
            Place::HostMin(command) | Place::Admin(command) => Some(command),
            Place::Beside(_) => None,
        }
    }

    /// Whether it is internal.
    pub fn is_hidden(&self) -> bool {
        self.command().is_some_and(|command| command.hidden)
    }
}

impl Program {
    /// Replaces this process with the program. Returns only if that fails.
    pub fn replace_this(&self, words: impl IntoIterator<Item = OsString>) -> Failure {
        let beside = env::current_exe().ok().map(|host| host.with_file_name(self.file));
        // Without a folder, the PATH is searched.
        let program = beside.filter(|file| file.is_file()).unwrap_or_else(|| PathBuf::from(self.file));
        let error = process::Command::new(program).args(words).exec();
        let (file, target) = (self.file, self.target);
        Failure::new(Class::Config, format!("cannot run {file}"), error)
            .advise(format!("{file} must be beside host-min or on the PATH; 'make {target}' builds it."))
    }
}
