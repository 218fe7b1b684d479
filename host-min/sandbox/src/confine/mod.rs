//! Confines a sandbox's process before it reads a byte of its module.
//!
//! The mechanisms are independent, and each counts as active only if the kernel accepted it. The sandbox reports to the broker what is missing on an old
//! kernel. The broker writes that into the report, or refuses to run (`--require-sandbox`). The mechanisms overlap on purpose: where there is no
//! system call filter, landlock, the resource limits and the closed descriptors still refuse most of what it would refuse.
//!
//! A fork also has a copy of the broker's memory at that moment. The environment and the command line may contain
//! secrets, so they are overwritten in the copy. Other data stays: copies of arguments, the modules of the run's
//! gatherers, and files that the run reads before its guests start. None of it is secret, and it must stay so: kubeconfigs,
//! tokens and keys are read after the last sandbox has started. An embedder with secrets in its memory should use a helper
//! executable. Leaks of the processor, between processes or hyperthreads, are left to the kernel.
#![allow(unsafe_code)] // system calls that std does not have

mod environment;
mod landlock;
mod seccomp;

use super::Job;
use super::in_force::{InForce, Mechanism};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

/// Address space besides the guest's memory and one copy of it while it grows: the program, its heap, and the interpreter's code.
const ADDRESS_SPACE_SLACK_BYTES: u64 = 256 << 20;

/// Gives up everything that a guest does not need. Returns the active mechanisms.
///
/// The order matters: landlock needs a descriptor, and the filter needs `no_new_privs`. The filter comes last, because it refuses
/// the calls that set up the others.
pub(super) fn confine(channel: &UnixStream, job: &Job<'_>) -> InForce {
    let in_force = InForce::NONE
        .with(Mechanism::NoNewPrivileges, set_process(libc::PR_SET_NO_NEW_PRIVS, 1))
        .with(Mechanism::Landlock, landlock::restrict())
        .with(Mechanism::ParentDeath, set_process(libc::PR_SET_PDEATHSIG, libc::SIGKILL as libc::c_ulong))
        .with(Mechanism::Descriptors, close_all_but(channel))
        .with(Mechanism::Rlimits, limit_all(job))
        .with(Mechanism::Environment, environment::overwrite());
    // Keeps other processes of the same user from inspecting this one. That protects the guest and not the broker, so the report
    // does not list it.
    set_process(libc::PR_SET_DUMPABLE, 0);
    in_force.with(Mechanism::Seccomp, seccomp::install())
}

fn set_process(option: libc::c_int, value: libc::c_ulong) -> bool {
    const NOTHING: libc::c_ulong = 0;
    // SAFETY: prctl with these options takes plain numbers and touches no memory.
    unsafe { libc::prctl(option, value, NOTHING, NOTHING, NOTHING) == 0 }
}

/// Closes every descriptor except the channel's.
fn close_all_but(channel: &UnixStream) -> bool {
    let fd = channel.as_raw_fd().unsigned_abs();
    let below = fd == 0 || close_range(0, fd - 1);
    let above = close_range(fd + 1, u32::MAX);
    below && above
}

/// Kernels before 5.9 have no `close_range`. There, descriptors are closed one by one, up to this number.
const MOST_TO_TRY: u32 = 65_536;

fn close_range(first: u32, last: u32) -> bool {
    // SAFETY: closes descriptors by number and touches no memory. What they belonged to is never used again: this process only
    // runs the guest and ends with `_exit`.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
    if closed == 0 {
        return true;
    }
    let most = hard_limit(RLIMIT_NOFILE).unwrap_or(u64::MAX);
    let tried = u64::from(last).min(most).min(u64::from(MOST_TO_TRY)) as u32;
    for fd in first..=tried {
        // SAFETY: as above.
        unsafe { libc::close(fd.cast_signed()) };
    }
    u64::from(last).min(most) <= u64::from(tried)
}

/// `struct rlimit64`. The limits of the C libraries (`rlim_t`) have 32 bits on some 32-bit architectures.
#[repr(C)]
struct Limit {
    soft: u64,
    hard: u64,
}

/// A limit's number, whose type is another one in each C library.
type Resource = libc::c_long;
const RLIMIT_CORE: Resource = libc::RLIMIT_CORE as Resource;
const RLIMIT_FSIZE: Resource = libc::RLIMIT_FSIZE as Resource;
const RLIMIT_NOFILE: Resource = libc::RLIMIT_NOFILE as Resource;
const RLIMIT_NPROC: Resource = libc::RLIMIT_NPROC as Resource;
const RLIMIT_AS: Resource = libc::RLIMIT_AS as Resource;
const RLIMIT_CPU: Resource = libc::RLIMIT_CPU as Resource;

fn limit_all(job: &Job<'_>) -> bool {
    let address_space = job.memory_bytes.saturating_mul(2).saturating_add(ADDRESS_SPACE_SLACK_BYTES);
    // The broker ends a gatherer at its deadline. This limit is for the case that it cannot. The hard limit is a second higher, so that the
    // kernel sends SIGXCPU, which names the reason, before it kills.
    let seconds = job.time.as_secs() + u64::from(job.time.subsec_nanos() > 0) + 1;
    let limits = [
        (RLIMIT_CORE, 0, 0),
        (RLIMIT_FSIZE, 0, 0),
        (RLIMIT_NOFILE, 0, 0),
        (RLIMIT_NPROC, 0, 0),
        (RLIMIT_AS, address_space, address_space),
        (RLIMIT_CPU, seconds, seconds.saturating_add(1)),
    ];
    // Set each limit, even if an earlier one failed.
    limits.into_iter().fold(true, |all, (resource, soft, hard)| limit(resource, soft, hard) && all)
}

/// Sets a limit. A lower existing limit is kept.
fn limit(resource: Resource, soft: u64, hard: u64) -> bool {
    let limit = Limit { soft, hard };
    set_limit(resource, Some(&limit), None) || hard_limit(resource).is_some_and(|most| most <= hard)
}

fn hard_limit(resource: Resource) -> Option<u64> {
    let mut limit = Limit { soft: 0, hard: 0 };
    set_limit(resource, None, Some(&mut limit)).then_some(limit.hard)
}

fn set_limit(resource: Resource, new: Option<&Limit>, old: Option<&mut Limit>) -> bool {
    const THIS_PROCESS: libc::c_long = 0;
    let new = new.map_or(std::ptr::null(), std::ptr::from_ref);
    let old = old.map_or(std::ptr::null_mut(), std::ptr::from_mut);
    // SAFETY: reads one structure and writes another, which live until the call returns. A null pointer stands for none.
    unsafe { libc::syscall(libc::SYS_prlimit64, THIS_PROCESS, resource, new, old) == 0 }
}
