//! Runs a process to its end, with what the system says about it.
#![allow(unsafe_code)] // wait4, which std does not have

use crate::Result;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::time::Instant;

/// A process that runs.
pub(crate) struct Running {
    /// Just before it was made.
    pub(crate) start: Instant,
    /// The process.
    pub(crate) child: Child,
}

/// A process that ended with 0.
pub(crate) struct Ended {
    /// When.
    pub(crate) at: Instant,
    /// The most physical memory that it had, in bytes. The system counts the size of whoever started it: what
    /// is not above [`own_peak_bytes`] is only known to be at most that.
    pub(crate) peak_bytes: u64,
}

/// Starts a process. std does it with posix_spawn, so this process's size does not count.
pub(crate) fn start(mut command: Command) -> Result<Running> {
    let start = Instant::now();
    let child = command.spawn().map_err(|error| format!("cannot start {command:?}: {error}"))?;
    Ok(Running { start, child })
}

impl Running {
    /// Waits for its end, which must be a good one.
    pub(crate) fn wait(self, what: &str) -> Result<Ended> {
        let pid = self.child.id().cast_signed();
        let mut status = 0;
        // SAFETY: all zeroes is a valid rusage: it holds nothing but numbers.
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        // SAFETY: both pointers are to values that live until the call returns, and nobody else waits for this child.
        let waited = unsafe { libc::wait4(pid, &mut status, 0, &mut usage) };
        let at = Instant::now();
        if waited != pid {
            return Err(format!("cannot wait for {what}: {}", std::io::Error::last_os_error()));
        }
        if !libc::WIFEXITED(status) || libc::WEXITSTATUS(status) != 0 {
            return Err(format!("{what} ended badly: {}", ExitStatus::from_raw(status)));
        }
        Ok(Ended { at, peak_bytes: u64::try_from(usage.ru_maxrss).unwrap_or(0) << 10 })
    }
}

/// The most physical memory that this process had so far.
pub(crate) fn own_peak_bytes() -> u64 {
    // SAFETY: all zeroes is a valid rusage: it holds nothing but numbers.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a value that lives until the call returns.
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut usage) };
    u64::try_from(usage.ru_maxrss).unwrap_or(0) << 10
}
