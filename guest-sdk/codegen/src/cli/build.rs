//! `codegen build`.

use super::shown::print_file;
use crate::Error;
use clap::Args;
use std::path::PathBuf;
use wagather_build::{Build, Toolchain, table};

/// Build gatherers to modules, as small as they get, as 'make guests' does in a checkout of wagather
///
/// NAME.wasm goes into the output folder, and beside it NAME.symbols, the names of its functions, which 'size-report' reads. What did
/// not change is not built again. A module that no host would run is refused: one that allocates without a heap, one with imports
/// that no host has. It needs Rust with the source of its library (rust-src), a linker for WebAssembly (a toolchain of rustup has one)
/// and binaryen; what is missing is named, and nothing is installed.
#[derive(Args)]
pub(super) struct Arguments {
    /// The folders of the gatherers' crates
    #[arg(value_name = "FOLDER", default_value = ".")]
    folders: Vec<PathBuf>,

    /// Where the modules go
    #[arg(short, long, value_name = "DIR", default_value = "target/guests")]
    output: PathBuf,

    /// The compiler to use, instead of the first on the PATH that can
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
