//! Whether hosts would run a gatherer's module, for the tests of its crate.

use crate::package::Package;
use crate::{Error, Result, Toolchain, compile, fail, made, module};
use std::path::Path;

/// Compiles the gatherer in a folder to a module, and refuses one that no host would run, as [`Build::run`](crate::Build::run)
/// does. `scratch` is where cargo builds; no other build may be at work there.
///
/// Tests of gatherers run natively, where there is a heap and each import. So `tests/module.rs` of new gatherers is a test that calls
/// this, with cargo's `CARGO_MANIFEST_DIR` and `CARGO_TARGET_TMPDIR`.
///
/// The module is neither made smaller nor kept, and binaryen is not needed. Where the target is installed, its library is taken as
/// it is.
///
/// # Errors
///
/// Which tool is missing, that the crate does not compile (the compiler's messages are on stderr), or what is wrong
/// with the module, and what to do.
pub fn check(folder: impl AsRef<Path>, scratch: impl AsRef<Path>) -> Result<()> {
    let package = Package::read(folder.as_ref())?;
    let toolchain = Toolchain::to_check()?;
    let root = package.workspace(&toolchain.cargo)?;
    let scratch = made(scratch.as_ref())?;
    compile(&toolchain, &root, &[&package], &scratch)?;
    let linked = package.linked(&scratch);
    let bytes = std::fs::read(&linked)
        .map_err(|error| Error(format!("cannot read {}: {error}", linked.display())))?;
    match module::refused(&bytes) {
        None => Ok(()),
        Some(why) => fail(format!("{}: hosts reject the module: {why}", package.name)),
    }
}
