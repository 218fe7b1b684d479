//! Sandboxes that are prepared ahead: one for each gatherer, within a budget of memory.
//!
//! A run takes the one of its version, if there is one, and prepares one for itself otherwise. Whoever takes one has another
//! prepared ([`Sandboxes::refill`]), on a thread that does nothing else.

use super::version::Version;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use wagather_base::error::{Failure, Result};
use wagather_base::fork::wait_for;
use wagather_sandbox::Job;
use wagather_sandbox::process::Sandbox;
use wagather_sandbox::zygote::Zygote;

/// How long a module may take to be validated and compiled.
const PREPARATION: Duration = Duration::from_secs(60);

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
            Some(Waiting { sandbox, .. }) if lives(&sandbox) => Ok(sandbox),
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

    /// Prepares a sandbox for a version, unless one waits already.
    pub(super) fn refill(&self, version: &Arc<Version>, budget_bytes: u64) -> Result<()> {
        if !self.lock().iter().any(|waiting| Arc::ptr_eq(&waiting.version, version)) {
            let sandbox = self.prepare(version)?;
            self.keep(version, sandbox, budget_bytes);
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

/// Whether a sandbox still waits. One that the kernel killed has closed its socket; nothing else can be read from it.
fn lives(sandbox: &Sandbox) -> bool {
    let socket = sandbox.channel.socket().as_fd();
    wait_for(&[socket], Some(Instant::now())).is_ok_and(|readable| !readable.contains(&true))
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
