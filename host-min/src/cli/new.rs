//! `host-min new`: the door to `codegen new`, which writes the crate of a new gatherer.
//!
//! Codegen is a program of its own: it knows schemas and types, and who only runs gatherers does without it.

use host_min::{Class, Failure};
use std::env;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use wagather_base::error::Result;

/// The program.
const CODEGEN: &str = "codegen";

/// Becomes codegen, with the words that were typed; returns only if it cannot.
pub(super) fn new() -> Result<()> {
    let beside = env::current_exe().ok().map(|host| host.with_file_name(CODEGEN));
    // A name without a folder is looked for on the PATH.
    let program = beside.filter(|file| file.is_file()).unwrap_or_else(|| PathBuf::from(CODEGEN));
    let error = Command::new(program).args(env::args_os().skip(1)).exec();
    Err(Failure::new(Class::Config, "cannot run codegen", error)
        .advise("codegen must be beside host-min or on the PATH; 'make codegen' builds it."))
}
