//! Runs a process, and records the times of its start and exit.

use crate::Result;
use std::process::{Child, Command};
use std::time::Instant;

/// A process that runs.
pub(crate) struct Running {
    /// Just before it was made.
    pub(crate) start: Instant,
    /// The process.
    pub(crate) child: Child,
}

/// Starts a process. std does it with posix_spawn, so this process's size does not count.
pub(crate) fn start(mut command: Command) -> Result<Running> {
    let start = Instant::now();
    let child = command.spawn().map_err(|error| format!("cannot start {command:?}: {error}"))?;
    Ok(Running { start, child })
}

impl Running {
    /// Waits for its end, which must be a good one, and says when that was.
    pub(crate) fn wait(mut self, what: &str) -> Result<Instant> {
        let status = self.child.wait().map_err(|error| format!("cannot wait for {what}: {error}"))?;
        let at = Instant::now();
        if status.success() { Ok(at) } else { Err(format!("{what} ended badly: {status}")) }
    }
}
