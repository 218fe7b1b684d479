//! The part `projection`: what the program `bench-projection` prints, if it is built beside this one.

use crate::Result;
use crate::contender::WORK;
use crate::document::{Section, save};
use std::process::Command;

const PROGRAM: &str = "bench-projection";

/// Runs it.
pub(crate) fn section() -> Result<Section> {
    let section = |text, files| Section { name: "projection", title: "Projection", text, files };
    let this = std::env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
    let program = this.with_file_name(PROGRAM);
    if !program.is_file() {
        let text = format!("Not measured: {PROGRAM} is not built beside this program.\n");
        return Ok(section(text, Vec::new()));
    }
    let ended = Command::new(&program).output().map_err(|error| format!("cannot run {PROGRAM}: {error}"))?;
    if !ended.status.success() {
        return Err(format!("{PROGRAM} ended badly: {}", String::from_utf8_lossy(&ended.stderr)));
    }
    let text = String::from_utf8_lossy(&ended.stdout).into_owned();
    let file = save("projection.txt", &text)?;
    Ok(section(format!("{text}\nThe same as text is in {WORK}/{file}.\n"), vec![file]))
}
