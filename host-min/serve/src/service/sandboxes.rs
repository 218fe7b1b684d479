//! Sandboxes that are prepared ahead: one for each gatherer, within a budget of memory.
//!
//! The guest in such a sandbox has run up to its first call, which waits in the channel. Nothing before the first call depends on the run: a guest
//! learns its parameters, the time and all else by calls. The broker of the run judges and answers the call, as every call.
//!
//! A run takes the one of its version, if there is one, and prepares one for itself otherwise. Whoever takes one has another
//! prepared ([`Sandboxes::refill`]), on a thread that does nothing else.

use super::version::Version;
use crate::config::Config;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use wagather_base::error::{Failure, Result};
use wagather_sandbox::Job;
use wagather_sandbox::process::Sandbox;
use wagather_sandbox::zygote::Zygote;

/// How long a module may take to be validated and compiled.
const PREPARATION: Duration = Duration::from_secs(60);

/// How long a guest may take to its first call to run ahead. One that takes longer begins with its run.
const AHEAD: Duration = Duration::from_secs(1);

/// Where sandboxes come from.
pub(super) struct Sandboxes {
    zygote: Zygote,
    /// The one that was used least recently comes first.
    waiting: Mutex<VecDeque<Waiting>>,
}

/// A sandbox that waits for a run.
struct Waiting {
    version: Arc<Version>,
    sandbox: Sandbox,
    bytes: u64,
}

impl Sandboxes {
    pub(super) fn new(program: PathBuf, args: Vec<String>) -> Sandboxes {
        Sandboxes { zygote: Zygote::new(program, args), waiting: Mutex::default() }
    }

    /// A sandbox for a run of this version.
    pub(super) fn take(&self, version: &Arc<Version>) -> Result<Sandbox> {
        let mut waiting = self.lock();
        let at = waiting.iter().position(|waiting| Arc::ptr_eq(&waiting.version, version));
        let taken = at.and_then(|at| waiting.remove(at));
        drop(waiting);
        match taken {
            Some(Waiting { sandbox, .. }) if !sandbox.has_ended() => Ok(sandbox),
            _ => self.prepare(version),
        }
    }

    /// Prepares a sandbox. Its module is validated by that.
    pub(super) fn prepare(&self, version: &Version) -> Result<Sandbox> {
        let budgets = version.limits().budgets();
        let job = Job {
            module: Cow::Borrowed(&version.guest.module),
            memory_bytes: budgets.memory_bytes.unwrap_or(version.entry.memory_bytes),
            time: budgets.time.unwrap_or(version.entry.timeout),
            engine: None,
        };
        self.zygote.prepare(&job, Instant::now() + PREPARATION).map_err(|failure| {
            let label = &version.guest.label;
            Failure { attempt: format!("cannot prepare a sandbox for {label}"), ..failure }
        })
    }

    /// Prepares a sandbox, and lets its guest run ahead. One that ends without a call, or takes long to the first, gets another sandbox, which waits for
    /// the run: what it does is part of that. So does a guest whose run will be refused, because its sandbox is not complete.
    pub(super) fn prepare_ahead(&self, version: &Version, config: &Config) -> Result<Sandbox> {
        let mut sandbox = self.prepare(version)?;
        let is_refused =
            config.require_sandbox && sandbox.ready.is_none_or(|ready| ready.missing().is_some());
        if is_refused || !version.runs_ahead() || sandbox.run_ahead(AHEAD) {
            return Ok(sandbox);
        }
        drop(sandbox);
        version.never_run_ahead();
        self.prepare(version)
    }

    /// Prepares a sandbox for a version, unless one waits already.
    pub(super) fn refill(&self, version: &Arc<Version>, config: &Config) -> Result<()> {
        if !self.lock().iter().any(|waiting| Arc::ptr_eq(&waiting.version, version)) {
            let sandbox = self.prepare_ahead(version, config)?;
            self.keep(version, sandbox, config.prepared_bytes);
        }
        Ok(())
    }

    /// Keeps a prepared sandbox for the next run of a version, instead of one of an older version. If all that wait need more memory than the
    /// budget, those that were not used for longest go.
    pub(super) fn keep(&self, version: &Arc<Version>, sandbox: Sandbox, budget_bytes: u64) {
        let bytes = own_bytes(&sandbox);
        let mut waiting = self.lock();
        waiting.push_back(Waiting { version: version.clone(), sandbox, bytes });
        let (mut sum, mut kept, mut gone) = (0, VecDeque::new(), Vec::new());
        while let Some(newest) = waiting.pop_back() {
            sum += newest.bytes;
            let is_old = kept.iter().any(|kept: &Waiting| kept.version.name() == newest.version.name());
            if sum > budget_bytes || is_old { gone.push(newest) } else { kept.push_front(newest) }
        }
        *waiting = kept;
        drop(waiting);
        // Ends them, without the lock.
        drop(gone);
    }

    /// Ends what waits for runs of a gatherer.
    pub(super) fn forget(&self, gatherer: &str) {
        let mut waiting = self.lock();
        let (gone, kept) = waiting.drain(..).partition(|waiting| waiting.version.name() == gatherer);
        *waiting = kept;
        drop(waiting);
        drop::<VecDeque<_>>(gone);
    }

    /// How many wait.
    pub(super) fn waiting(&self) -> u64 {
        self.lock().len() as u64
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The memory that a process has, without files and what is mapped as shared. It shares some of this with its parent.
fn own_bytes(sandbox: &Sandbox) -> u64 {
    const PAGE_BYTES: u64 = 4 << 10;
    let Some(id) = sandbox.id() else { return 0 };
    let statm = std::fs::read_to_string(format!("/proc/{id}/statm")).unwrap_or_default();
    let mut fields = statm.split(' ').skip(1).map(|field| field.parse().unwrap_or(0));
    let (resident, shared): (u64, u64) = (fields.next().unwrap_or(0), fields.next().unwrap_or(0));
    resident.saturating_sub(shared) * PAGE_BYTES
}
