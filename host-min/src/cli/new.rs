//! `host-min new`: runs `codegen new`, which writes the crate of a new gatherer.
//!
//! codegen is a separate program, because it contains schemas and types, which users who only run gatherers do not
//! need.

use host_min::{Class, Failure};
use std::env;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use wagather_base::error::Result;

/// The program.
const CODEGEN: &str = "codegen";

/// Replaces this process with codegen, with the same arguments. Returns only if that fails.
pub(super) fn new() -> Result<()> {
    let beside = env::current_exe().ok().map(|host| host.with_file_name(CODEGEN));
    // Without a folder, the PATH is searched.
    let program = beside.filter(|file| file.is_file()).unwrap_or_else(|| PathBuf::from(CODEGEN));
    let error = Command::new(program).args(env::args_os().skip(1)).exec();
    Err(Failure::new(Class::Config, "cannot run codegen", error)
        .advise("codegen must be beside host-min or on the PATH; 'make codegen' builds it."))
}
