//! Checks in a gatherer's own tests that hosts accept its module.

use crate::package::Package;
use crate::{Error, Result, Toolchain, compile, fail, made, module};
use std::path::Path;

/// Compiles the gatherer in a folder, and refuses a module that no host would run, as
/// [`Build::run`](crate::Build::run) does. `scratch` is cargo's target folder; no other build may use it at
/// the same time.
///
/// A gatherer's tests run natively, where a heap and all imports exist. So new gatherers have
/// `tests/module.rs`, which calls this function with cargo's `CARGO_MANIFEST_DIR` and
/// `CARGO_TARGET_TMPDIR`.
///
/// The function neither optimizes nor keeps the module, so it does not need binaryen. If the target is
/// installed, it uses the target's precompiled library.
///
/// # Errors
///
/// A missing tool, a compiler error (the compiler's messages are on stderr), or the reason why hosts refuse
/// the module, with advice.
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
