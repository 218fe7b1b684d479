//! The command-line arguments. The help is made from these comments.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{By, analyses::names::Sources};

/// Explain every byte of WebAssembly modules
///
/// Prints a table for each file. Each byte of the file is in exactly one row. With --by, prints views that group
/// functions with their data; every view adds up to the size of the file. Function names come from the module's
/// name section, or from the file <name>.symbols beside it, which `make guests` writes.
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

    /// Print these views instead of the table, separated by commas
    #[arg(long, value_enum, value_name = "VIEW", value_delimiter = ',')]
    pub(super) by: Vec<By>,

    /// Order of the table's rows
    #[arg(long, value_enum, default_value_t = Order::Offset)]
    pub(super) sort: Order,

    /// Maximum number of lines below one line of a view; the rest is summed up
    #[arg(long, default_value_t = 25, value_name = "N")]
    pub(super) top: usize,

    /// Number of levels of a view to print
    #[arg(long, default_value_t = 2, value_name = "N")]
    pub(super) depth: usize,

    /// Print JSON
    #[arg(long, conflicts_with = "markdown")]
    json: bool,

    /// Print Markdown, for pull requests
    #[arg(long)]
    markdown: bool,

    /// Write an HTML page with an interactive map of all views, or of those in --by; - is stdout
    #[arg(long, value_name = "FILE", conflicts_with_all = ["json", "markdown"])]
    pub(super) html: Option<PathBuf>,

    /// Write an SVG picture of one view, by crate or as in --by; - is stdout
    #[arg(long, value_name = "FILE", conflicts_with_all = ["json", "markdown"])]
    pub(super) svg: Option<PathBuf>,
}

impl Arguments {
    pub(super) fn output(&self) -> Output {
        Output::of(self.json, self.markdown)
    }
}

/// The sources of function names.
#[derive(Args)]
pub(super) struct NameArguments {
    /// File with function names, one `index:name` per line; only for a single module
    #[arg(long, value_name = "FILE")]
    pub(super) symbols: Option<PathBuf>,

    /// The module before it was stripped or optimized; unnamed functions are matched by their bodies
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
    /// Show why functions are in a module, and what would be removed with them
    Why(Why),
    /// Show what changed between two modules
    Diff(Diff),
    /// Check modules against size-budget.toml
    Check(Check),
}

#[derive(Args)]
pub(super) struct Why {
    /// The module
    #[arg(value_name = "GUEST.wasm")]
    pub(super) guest: PathBuf,

    /// Function: its name, a part of the name, a pattern with *, or an index
    pub(super) function: String,

    #[command(flatten)]
    pub(super) names: NameArguments,

    /// Maximum number of functions to print
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub(super) top: usize,

    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Args)]
pub(super) struct Diff {
    /// The old module
    #[arg(value_name = "BEFORE.wasm")]
    pub(super) before: PathBuf,

    /// The new module
    #[arg(value_name = "AFTER.wasm")]
    pub(super) after: PathBuf,

    /// Maximum number of changes to print; the rest is summed up
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
    /// Budget file; paths in it are relative to its folder
    #[arg(long, default_value = "size-budget.toml", value_name = "FILE")]
    pub(super) budget: PathBuf,

    /// Rewrite the baselines, and check nothing
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
    /// Order of the file
    Offset,
    /// Largest first
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
  0  success: no module is over its budget
  1  a module cannot be read or is over its budget; the others are still explained
  2  invalid command line";
