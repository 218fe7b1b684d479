//! The plan of `host-min run`, from its options.

use crate::args::Run;
use std::mem::take;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;
use wagather_archive::{Existing, Output};
use wagather_base::error::Result;
use wagather_base::file::reading_until;
use wagather_policy::grant::Grant;
use wagather_run::{Input, Plan};
use wagather_sandbox::process::Isolation;

impl Run {
    /// The plan, with the grant and the modules read. What is in the plan then, is no longer in the options. `new` is one of the plan's
    /// constructors.
    pub fn plan(&mut self, new: fn(Input, Output, Isolation) -> Plan, isolation: Isolation) -> Result<Plan> {
        let input = match (self.replay.take(), self.from.take()) {
            (Some(path), _) => Input::Recording(path),
            (None, Some(path)) => Input::Archive(path),
            (None, None) if self.archives.is_some() => Input::Archive(PathBuf::new()),
            (None, None) => Input::Cluster(Box::new(take(&mut self.cluster))),
        };
        let mut plan = new(input, Output::parse(take(&mut self.output)), isolation);
        plan.layout = self.layout;
        plan.registry = take(&mut self.registry);
        plan.existing = if self.overwrite { Existing::Replace } else { Existing::Keep };
        plan.require_sandbox = self.require_sandbox;
        plan.engine = self.engine;
        plan.timeout = self.timeout;
        plan.request_timeout = self.request_timeout;
        plan.memory_bytes = self.memory;
        plan.parallel = self.parallel as usize;
        plan.chunk_items = self.chunk_items;
        plan.qps = self.qps;
        plan.burst = self.burst;
        plan.params = take(&mut self.params);
        plan.check_access = self.check_access;
        plan.record = self.record.take();
        plan.narrowing = take(&mut self.narrowing);
        plan.obfuscate = take(&mut self.obfuscate);
        plan.encrypt = take(&mut self.encrypt);
        let until = Instant::now().checked_add(self.timeout);
        reading_until(until.unwrap_or_else(Instant::now), || {
            plan.grant = self.grant.as_deref().map(Grant::read).transpose()?.map(Arc::new);
            self.guests.iter().try_for_each(|guest| plan.add_file(guest))
        })?;
        Ok(plan)
    }
}
