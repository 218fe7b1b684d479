//! `codegen build`.

use super::shown::print_file;
use crate::Error;
use clap::Args;
use std::path::PathBuf;
use wagather_build::{Build, Toolchain, table};

/// Build gatherers into small modules, as 'make guests' does in a checkout of wagather
///
/// Writes NAME.wasm and NAME.symbols (function names for 'size-report') into the output folder. Skips gatherers that did not
/// change. Refuses modules that hosts would reject: those that allocate without a heap, or have unknown imports. Needs Rust with
/// rust-src, a WebAssembly linker (rustup toolchains have one) and binaryen. Names what is missing, and installs nothing.
#[derive(Args)]
pub(super) struct Arguments {
    /// Crate folders of the gatherers
    #[arg(value_name = "FOLDER", default_value = ".")]
    folders: Vec<PathBuf>,

    /// Output folder for the modules
    #[arg(short, long, value_name = "DIR", default_value = "target/guests")]
    output: PathBuf,

    /// Compiler to use (default: the first suitable one on the PATH)
    #[arg(long, value_name = "FILE")]
    rustc: Option<PathBuf>,
}

pub(super) fn build(arguments: Arguments) -> Result<(), Error> {
    let Arguments { folders, output, rustc } = arguments;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    let build = Build { folders, output, scratch: target.join("guest-build") };
    let built = Toolchain::find(rustc.as_deref()).and_then(|toolchain| build.run(&toolchain));
    match built {
        Ok(built) => print_file(&table(&built)),
        Err(error) => Err(Error::plain(error.to_string())),
    }
}
