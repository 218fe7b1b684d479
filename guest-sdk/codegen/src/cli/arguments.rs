//! What can be typed. The help is made from these comments.

use super::check::Check;
use super::fetch::Fetch;
use super::source::Source;
use super::verify::Verify;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Makes the types of a gatherer from the fields that it declares
///
/// A gatherer declares in gather.yaml which fields of which resources it reads. With the schemas of an API server, or of
/// CustomResourceDefinitions, that becomes a Rust module with the types, and from it the field mask and the manifest.
#[derive(Parser)]
#[command(name = "codegen", version, after_help = EXIT_CODES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

pub(super) const EXIT_CODES: &str = "\
Exit codes:
  0  done; for check, nothing that breaks the gatherer differs
  1  a declaration, a schema or a source is wrong; for check, the module is stale, or something breaks the gatherer
  2  the command line is wrong";

#[derive(Subcommand)]
pub(super) enum Command {
    /// Write the Rust module of a declaration
    Generate(Generate),
    Check(Check),
    /// Save schemas, cut down to the resources of a declaration
    Fetch(Fetch),
    /// Check structs that are written by hand against the schemas
    ///
    /// Each struct that derives Resource is looked for in the schemas, and its fields are followed. What is wrong is told with
    /// its place in the sources: errors, then warnings (values that a type cannot hold), then notes (what cannot be followed).
    Verify(Verify),
}

/// Where the declaration and the schemas are.
#[derive(Args)]
pub(super) struct Input {
    /// The declaration, or the folder with a gather.yaml
    #[arg(value_name = "GATHER", default_value = "gather.yaml")]
    pub(super) declaration: PathBuf,

    #[command(flatten)]
    pub(super) source: Source,
}

#[derive(Args)]
pub(super) struct Generate {
    #[command(flatten)]
    pub(super) input: Input,

    /// Print the module instead of writing it
    #[arg(long)]
    pub(super) print: bool,
}
