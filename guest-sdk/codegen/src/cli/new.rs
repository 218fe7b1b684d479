//! `codegen new`.

use super::print;
use crate::Error;
use crate::new::{Made, New, name_of};
use clap::Args;
use clap::builder::{PathBufValueParser, TypedValueParser};
use std::path::{Path, PathBuf};
use wagather_printable::Page;

/// Write the crate of a new gatherer, see docs/codegen.md
// host-min's own table has the same options, since 'host-min new' leads here.
#[derive(Args)]
pub(super) struct Arguments {
    /// Its folder, whose name is the gatherer's: examples/NAME in a checkout of wagather, or anywhere else. Nothing that is
    /// there is overwritten
    #[arg(value_name = "PATH", value_parser = PathBufValueParser::new().try_map(folder))]
    folder: PathBuf,

    /// Read the objects of this CustomResourceDefinition; otherwise pods
    #[arg(long, value_name = "FILE.yaml")]
    crd: Option<PathBuf>,

    /// The checkout of wagather, for a crate outside of it; otherwise the one that the current folder is in
    #[arg(long, value_name = "DIR")]
    sdk: Option<PathBuf>,
}

fn folder(typed: PathBuf) -> Result<PathBuf, String> {
    name_of(&typed).map(|_| typed)
}

pub(super) fn new(arguments: Arguments) -> Result<(), Error> {
    let Arguments { folder, crd, sdk } = arguments;
    let new = New { folder, crd, sdk };
    print(&told(&new.folder, &new.make()?))
}

/// What there is now, and what to type next.
fn told(folder: &Path, made: &Made) -> Page {
    let Made { name, resource, is_member } = made;
    let folder = folder.display();
    let mut page = Page::new();
    page.line(format_args!("{folder} has a gatherer that reads {resource}:"));
    for (path, what) in [
        ("gather.yaml", "what it reads: the place to name more fields"),
        ("src/resources.rs", "the types, made from gather.yaml"),
        ("src/lib.rs", "what it does with that"),
        ("src/tests.rs", "its tests, on made-up objects"),
    ] {
        page.line(format_args!("  {path:<17} {what}"));
    }
    let test = match is_member {
        true => format!("-p {name}"),
        false => format!("--manifest-path {folder}/Cargo.toml"),
    };
    page.line("Next, in the SDK's folder:");
    page.line(format_args!("  cargo test {test}"));
    page.line(format_args!("  make guests GUESTS={folder}"));
    page.line(format_args!("  target/dist/host-min inspect target/guests/{name}.wasm"));
    page.line("And after each change of gather.yaml:");
    page.line(format_args!("  target/dist/codegen generate {folder}"));
    page
}
