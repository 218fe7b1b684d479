//! What can be typed. The help is made from these comments.

use super::EXIT_CODES;
use super::check::Check;
use super::fetch::Fetch;
use super::fields::Fields;
use super::source::Source;
use super::verify::Verify;
use super::{build, new};
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

#[derive(Subcommand)]
pub(super) enum Command {
    New(new::Arguments),
    /// Write what a declaration names: the Rust module, and the page and the fixtures if it has 'docs' and 'fixtures'
    Generate(Generate),
    Check(Check),
    Fields(Fields),
    Build(build::Arguments),
    /// Save schemas, cut down to the resources of a declaration
    Fetch(Fetch),
    /// Print the account that the gatherer needs, and its roles, as 'host-min rbac' does of the module
    #[cfg(feature = "rbac")]
    Rbac(Rbac),
    /// Print the page about the gatherer, in Markdown
    Docs(Docs),
    /// Write a list with one object for each resource, to test with
    Fixture(Fixture),
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

    /// Print the module, and write nothing
    #[arg(long)]
    pub(super) print: bool,
}

/// The gatherer's name and version, which the output tells, are those of the Cargo.toml beside the declaration.
#[cfg(feature = "rbac")]
#[derive(Args)]
pub(super) struct Rbac {
    #[command(flatten)]
    pub(super) input: Input,

    /// The account's name, and that of its roles
    #[arg(long, value_name = "NAME", default_value = "wagather", value_parser = object_name)]
    pub(super) name: String,

    /// The account's namespace
    #[arg(short, long, value_name = "NAMESPACE", default_value = "default", value_parser = object_name)]
    pub(super) namespace: String,
}

#[derive(Args)]
pub(super) struct Docs {
    #[command(flatten)]
    pub(super) input: Input,

    /// Write it to a file
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct Fixture {
    #[command(flatten)]
    pub(super) input: Input,

    /// The folder, instead of the declaration's 'fixtures', or of 'fixtures' beside the Rust module
    #[arg(short, long, value_name = "DIR")]
    pub(super) output: Option<PathBuf>,

    /// Write files anew that are there
    #[arg(long)]
    pub(super) force: bool,
}

#[cfg(feature = "rbac")]
fn object_name(typed: &str) -> Result<String, String> {
    match wagather_abi::manifest::is_name(typed) {
        true => Ok(typed.to_owned()),
        false => Err("a name has a-z, 0-9, '-' and '.'".to_owned()),
    }
}
