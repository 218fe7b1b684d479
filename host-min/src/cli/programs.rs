//! Commands in programs of their own: a run needs none of their code, and starts faster without it.
//!
//! Such a program is beside host-min or on the `PATH`. It gets the command line as it was typed, and parses it.

use host_min::{Class, Failure};
use std::env;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

/// A command in a program of its own.
pub(super) struct Program {
    /// The command.
    pub(super) name: &'static str,
    /// A one-line description.
    pub(super) about: &'static str,
    /// The name of the program's file.
    file: &'static str,
    /// The target of make that builds it.
    target: &'static str,
}

const VIEW: &str = "host-min-view";

/// All of them, in the order of the help.
pub(super) const PROGRAMS: &[Program] = &[
    Program {
        name: "serve",
        about: "Run gatherers on a schedule and on demand, and replace them without a restart",
        file: "host-min-serve",
        target: "host-serve",
    },
    Program {
        name: "report",
        about: "Show the content of an archive as text, as a page or as test results",
        file: VIEW,
        target: "host-view",
    },
    Program {
        name: "open",
        about: "Serve an archive as a read-only API server, for kubectl",
        file: VIEW,
        target: "host-view",
    },
    Program { name: "diff", about: "Compare two archives by their meaning", file: VIEW, target: "host-view" },
];

/// codegen has the schemas and types that only authors of gatherers need. Its command is in the table, with help that is tested to be
/// codegen's own.
const CODEGEN: Program = Program { name: "new", about: "", file: "codegen", target: "codegen" };

/// Replaces this process with codegen, with the same arguments. Returns only if that fails.
pub(super) fn codegen() -> Failure {
    CODEGEN.replace_this(env::args_os().skip(1))
}

impl Program {
    /// Replaces this process with the program. Returns only if that fails.
    pub(super) fn replace_this(&self, words: impl IntoIterator<Item = OsString>) -> Failure {
        let beside = env::current_exe().ok().map(|host| host.with_file_name(self.file));
        // Without a folder, the PATH is searched.
        let program = beside.filter(|file| file.is_file()).unwrap_or_else(|| PathBuf::from(self.file));
        let error = Command::new(program).args(words).exec();
        let (file, target) = (self.file, self.target);
        Failure::new(Class::Config, format!("cannot run {file}"), error)
            .advise(format!("{file} must be beside host-min or on the PATH; 'make {target}' builds it."))
    }
}
