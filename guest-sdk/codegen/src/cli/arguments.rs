//! The command-line arguments. The help is made from these comments.

use super::EXIT_CODES;
use super::check::Check;
use super::fetch::Fetch;
use super::fields::Fields;
use super::source::Source;
use super::verify::Verify;
use super::{build, new};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Generate the types of a gatherer from the fields that it declares
///
/// A gatherer declares in gather.yaml which fields of which resources it reads. From this and the schemas of an API server
/// or of CustomResourceDefinitions, codegen generates a Rust module with the types, the field masks and the manifest.
#[derive(Parser)]
#[command(name = "codegen", version, after_help = EXIT_CODES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Subcommand)]
pub(super) enum Command {
    New(new::Arguments),
    /// Generate the Rust module of a declaration, and its page and fixtures if it has 'docs' and 'fixtures'
    Generate(Generate),
    Check(Check),
    Fields(Fields),
    Build(build::Arguments),
    /// Save schemas, reduced to the resources of a declaration
    Fetch(Fetch),
    /// Print the service account and roles that the gatherer needs, as 'host-min rbac' does for the module
    #[cfg(feature = "rbac")]
    Rbac(Rbac),
    /// Print a Markdown page about the gatherer
    Docs(Docs),
    /// Write test fixtures: for each resource, a list with one object
    Fixture(Fixture),
    /// Check handwritten structs against the schemas
    ///
    /// Finds each struct that derives Resource in the schemas, and checks its fields. Prints errors, then warnings (values that a
    /// type cannot hold), then notes (types that cannot be checked), each with its place in the source.
    Verify(Verify),
}

/// The paths of the declaration and the schemas.
#[derive(Args)]
pub(super) struct Input {
    /// Declaration file, or a folder with a gather.yaml
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

/// The gatherer's name and version, which the output tells, are those of the Cargo.toml beside the declaration.
#[cfg(feature = "rbac")]
#[derive(Args)]
pub(super) struct Rbac {
    #[command(flatten)]
    pub(super) input: Input,

    /// Name of the service account and its roles
    #[arg(long, value_name = "NAME", default_value = "wagather", value_parser = object_name)]
    pub(super) name: String,

    /// Namespace of the service account
    #[arg(short, long, value_name = "NAMESPACE", default_value = "default", value_parser = object_name)]
    pub(super) namespace: String,
}

#[derive(Args)]
pub(super) struct Docs {
    #[command(flatten)]
    pub(super) input: Input,

    /// Write the page to this file
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct Fixture {
    #[command(flatten)]
    pub(super) input: Input,

    /// Output folder (default: the declaration's 'fixtures', or 'fixtures' beside the Rust module)
    #[arg(short, long, value_name = "DIR")]
    pub(super) output: Option<PathBuf>,

    /// Overwrite existing files
    #[arg(long)]
    pub(super) force: bool,
}

#[cfg(feature = "rbac")]
fn object_name(typed: &str) -> Result<String, String> {
    match wagather_abi::manifest::is_name(typed) {
        true => Ok(typed.to_owned()),
        false => Err("a name consists of a-z, 0-9, '-' and '.'".to_owned()),
    }
}
