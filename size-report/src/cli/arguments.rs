//! What can be typed. The help is made from these comments.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{By, analyses::names::Sources};

/// Explains every byte of WebAssembly modules
///
/// Prints a table per file in which each byte of the file is in exactly one row, or views that put
/// functions and their data together; every view adds up to the file. Functions are named by the module's
/// name section, or by the file <name>.symbols beside it, which `make guests` writes.
#[derive(Parser)]
#[command(version, after_help = EXIT_CODES, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Option<Command>,

    /// Modules to explain
    #[arg(required = true, value_name = "GUEST.wasm")]
    pub(super) guests: Vec<PathBuf>,

    #[command(flatten)]
    pub(super) names: NameArguments,

    /// Views instead of the table, separated by commas
    #[arg(long, value_enum, value_name = "VIEW", value_delimiter = ',')]
    pub(super) by: Vec<By>,

    /// Order of the table's rows
    #[arg(long, value_enum, default_value_t = Order::Offset)]
    pub(super) sort: Order,

    /// Print at most so many lines below one line of a view; the rest is added up
    #[arg(long, default_value_t = 25, value_name = "N")]
    pub(super) top: usize,

    /// Print so many levels of a view
    #[arg(long, default_value_t = 2, value_name = "N")]
    pub(super) depth: usize,

    /// Print JSON
    #[arg(long, conflicts_with = "markdown")]
    json: bool,

    /// Print Markdown, for pull requests
    #[arg(long)]
    markdown: bool,

    /// Write a page with a map to walk in, of all views or those of --by; - is standard output
    #[arg(long, value_name = "FILE", conflicts_with_all = ["json", "markdown"])]
    pub(super) html: Option<PathBuf>,

    /// Write a picture of one view, by crate or that of --by; - is standard output
    #[arg(long, value_name = "FILE", conflicts_with_all = ["json", "markdown"])]
    pub(super) svg: Option<PathBuf>,
}

impl Arguments {
    pub(super) fn output(&self) -> Output {
        Output::of(self.json, self.markdown)
    }
}

/// Where functions have their names from.
#[derive(Args)]
pub(super) struct NameArguments {
    /// Names of the functions, a line `index:name` for each; for one module only
    #[arg(long, value_name = "FILE")]
    pub(super) symbols: Option<PathBuf>,

    /// The module before it was stripped or optimised: functions without a name are known by their bodies
    #[arg(long, value_name = "FILE")]
    pub(super) unstripped: Option<PathBuf>,
}

impl NameArguments {
    pub(super) fn sources(&self) -> Sources<'_> {
        Sources { symbols: self.symbols.as_deref(), unstripped: self.unstripped.as_deref() }
    }
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// Say why functions are in a module, and what would go with them
    Why(Why),
    /// Say what changed between two modules
    Diff(Diff),
    /// Hold modules against size-budget.toml
    Check(Check),
}

#[derive(Args)]
pub(super) struct Why {
    /// The module
    #[arg(value_name = "GUEST.wasm")]
    pub(super) guest: PathBuf,

    /// A function's name, a part of it, a pattern with stars, or an index
    pub(super) function: String,

    #[command(flatten)]
    pub(super) names: NameArguments,

    /// Print at most so many functions
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub(super) top: usize,

    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Args)]
pub(super) struct Diff {
    /// The module as it was
    #[arg(value_name = "BEFORE.wasm")]
    pub(super) before: PathBuf,

    /// The module as it is
    #[arg(value_name = "AFTER.wasm")]
    pub(super) after: PathBuf,

    /// Print at most so many changes; the rest is added up
    #[arg(long, default_value_t = 25, value_name = "N")]
    pub(super) top: usize,

    /// Print JSON
    #[arg(long, conflicts_with = "markdown")]
    json: bool,

    /// Print Markdown, for pull requests
    #[arg(long)]
    markdown: bool,
}

impl Diff {
    pub(super) fn output(&self) -> Output {
        Output::of(self.json, self.markdown)
    }
}

#[derive(Args)]
pub(super) struct Check {
    /// The budget; files in it are named from its folder
    #[arg(long, default_value = "size-budget.toml", value_name = "FILE")]
    pub(super) budget: PathBuf,

    /// Write the baselines anew, and judge nothing
    #[arg(long)]
    pub(super) update: bool,

    /// Print JSON
    #[arg(long, conflicts_with = "markdown")]
    json: bool,

    /// Print Markdown, for pull requests
    #[arg(long)]
    markdown: bool,
}

impl Check {
    pub(super) fn output(&self) -> Output {
        Output::of(self.json, self.markdown)
    }
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(super) enum Order {
    /// As in the file
    Offset,
    /// The largest first
    Size,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Output {
    Text,
    Json,
    Markdown,
}

impl Output {
    fn of(json: bool, markdown: bool) -> Output {
        match (json, markdown) {
            (true, _) => Output::Json,
            (_, true) => Output::Markdown,
            _ => Output::Text,
        }
    }
}

const EXIT_CODES: &str = "\
Exit codes:
  0  every module was explained, and none is over its budget
  1  one could not be read or is over its budget; the others are still explained
  2  the command line is wrong";
