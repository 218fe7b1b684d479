//! Sandboxes for runs.

use super::version::Version;
use std::borrow::Cow;
use std::path::PathBuf;
use std::time::Instant;
use wagather_base::error::{Failure, Result};
use wagather_sandbox::Job;
use wagather_sandbox::process::Sandbox;
use wagather_sandbox::zygote::Zygote;

/// Where sandboxes come from.
pub(super) struct Sandboxes {
    zygote: Zygote,
}

impl Sandboxes {
    pub(super) fn new(program: PathBuf, args: Vec<String>) -> Sandboxes {
        Sandboxes { zygote: Zygote::new(program, args) }
    }

    /// A sandbox for a run of this version.
    pub(super) fn take(&self, version: &Version, deadline: Instant) -> Result<Sandbox> {
        let budgets = version.limits().budgets();
        let job = Job {
            module: Cow::Borrowed(&version.guest.module),
            memory_bytes: budgets.memory_bytes.unwrap_or(version.entry.memory_bytes),
            time: budgets.time.unwrap_or(version.entry.timeout),
            engine: None,
        };
        self.zygote
            .prepare(&job, deadline)
            .map_err(|failure| Failure { attempt: format!("cannot run {}", version.guest.label), ..failure })
    }
}
