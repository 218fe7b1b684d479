//! The command line as a table: the parser, the help texts and the completions are made from it.
//!
//! It does not use a command-line library, because building the library's data structures took a third of the time to
//! the first request, and a tenth of the program's size.

mod admin;
mod delivery;
mod deploy;
mod merge;
mod registry;
mod run;

pub use admin::{COMPLETIONS, INSPECT, MANIFEST, NEW, RBAC, SANDBOX, SHELLS};
pub use delivery::DELIVER;
pub use deploy::DEPLOY;
pub use merge::MERGE;
pub use registry::PUSH;
pub use run::{ENGINES, LAYOUTS, OF_RUN, RUN};

/// A command.
#[derive(Debug)]
pub struct Command {
    /// Its name.
    pub name: &'static str,
    /// A one-line description.
    pub about: &'static str,
    /// Its arguments, in order.
    pub operands: &'static [Operand],
    /// Its options, except `--help`, which every command has.
    pub options: &'static [Flag],
    /// The text after its options in the help.
    pub epilogue: &'static [&'static str],
    /// Whether it is internal.
    pub hidden: bool,
}

/// An argument of a command.
#[derive(Debug)]
pub struct Operand {
    /// Its placeholder in the help.
    pub name: &'static str,
    /// Whether it may be repeated; only the last one may.
    pub many: bool,
    /// Whether it may be absent; only the last one may.
    pub optional: bool,
    /// Its description.
    pub help: &'static str,
    /// Its possible values.
    pub kind: Value,
}

/// An option.
#[derive(Clone, Copy, Debug)]
pub struct Flag {
    /// Its name after `--`.
    pub long: &'static str,
    /// Its letter after `-`.
    pub short: Option<char>,
    /// Its value; `None` for a switch. The name is the placeholder in the help.
    pub value: Option<(&'static str, Value)>,
    /// Its default value.
    pub default: Option<&'static str>,
    /// Whether it may be repeated.
    pub many: bool,
    /// Its section of the help; empty for the first.
    pub heading: &'static str,
    /// Its description.
    pub help: &'static str,
    /// Whether the help omits it.
    pub hidden: bool,
}

/// The kind of a value, for completions.
#[derive(Clone, Copy, Debug)]
pub enum Value {
    /// Any text.
    Text,
    /// The path of a file or folder.
    Path,
    /// One of these words.
    Words(&'static [&'static str]),
}

/// The description of the program.
pub const ABOUT: &str = "\
Run gatherers: tiny WebAssembly modules that read from a Kubernetes or OpenShift API server.

A gatherer can read only what its manifest declares. It runs in a separate process without credentials, sockets or \
files. It gets Secrets only if a grant names them.";

/// The meaning of the exit codes.
pub const EXIT_CODES: &str = "\
Exit codes:
  0  success: everything was gathered
  1  internal error: a bug in host-min
  2  invalid command line
  3  invalid module: not WebAssembly, malformed, built for another ABI version, not admitted by the grant, or not in
     the registry
  4  invalid configuration: kubeconfig, credentials, recording, parameters or grant
  5  cluster error: the API server or a registry cannot be reached, or its response cannot be used; a retry may help
  6  output error: the archive or another file cannot be written
  7  gatherer error: a gatherer trapped, ran out of time or memory, or returned an error
  8  gaps: nothing failed, but the archive lacks objects that cannot be used, or lists that the API server refused
     and the gatherer can do without
  9  access denied: the API server or a registry rejects the credentials (401), or the account lacks a permission
     (403); a retry does not help
  10  not delivered: the archive is whole and kept, but the server of --upload does not have it (docs/delivery.md)
  11  findings: gatherers found something that is as bad as --fail-on says (docs/findings.md)
  129, 130, 143  SIGHUP, SIGINT or SIGTERM ended the run; finished files are kept in NAME.incomplete

If several gatherers fail, the exit code is that of the first; with several clusters, that of the first context.";

/// What names the modules of a command.
const MODULES: &str =
    "Modules of gatherers: files, folders, oci://HOST/NAME:TAG for one in a registry, or - for one on stdin";

/// Both lists, one after the other.
const fn joined<const LEN: usize>(first: &[Flag], second: &[Flag]) -> [Flag; LEN] {
    let mut all = [first[0]; LEN];
    let mut number = 1;
    while number < LEN {
        all[number] = if number < first.len() { first[number] } else { second[number - first.len()] };
        number += 1;
    }
    all
}

const fn flag(long: &'static str) -> Flag {
    Flag { long, short: None, value: None, default: None, many: false, heading: "", help: "", hidden: false }
}

const fn text(long: &'static str, name: &'static str) -> Flag {
    Flag { value: Some((name, Value::Text)), ..flag(long) }
}

const fn path(long: &'static str, name: &'static str) -> Flag {
    Flag { value: Some((name, Value::Path)), ..flag(long) }
}

const fn words(long: &'static str, name: &'static str, words: &'static [&'static str]) -> Flag {
    Flag { value: Some((name, Value::Words(words))), ..flag(long) }
}

impl Flag {
    /// The option with its placeholder: `--output <DIR>`.
    pub fn shown(&self) -> String {
        match self.value {
            Some((name, _)) => format!("--{} <{name}>", self.long),
            None => format!("--{}", self.long),
        }
    }
}

impl Operand {
    /// As it stands in the help: `<FILE>`, or `[FILE]` if there may be none.
    pub fn shown(&self) -> String {
        if self.optional { format!("[{}]", self.name) } else { format!("<{}>", self.name) }
    }
}

impl Command {
    /// The usage line.
    pub fn usage(&self) -> String {
        let mut usage = format!("Usage: host-min {} [OPTIONS]", self.name);
        for operand in self.operands {
            usage += &format!(" {}{}", operand.shown(), if operand.many { "..." } else { "" });
        }
        usage
    }
}
