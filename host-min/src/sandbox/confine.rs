//! What a sandbox's process gives up before it touches the guest.
//!
//! Descriptors, the right to open new ones, core files, privileges by exec, and its life beyond the broker's. A
//! filter on system calls is not among them yet (see the threat model in the README).
#![allow(unsafe_code)] // system calls that std does not have

use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

/// Beyond the guest's memory: the program itself, its heap, the interpreter's code, and one more copy of
/// the memory while it grows.
const ADDRESS_SPACE_SLACK_BYTES: u64 = 256 << 20;

/// In a forked process: keeps the channel's descriptor and closes every other.
pub(super) fn forked(channel: &UnixStream, memory_bytes: u64) {
    let fd = channel.as_raw_fd().unsigned_abs();
    close_range(0, fd.wrapping_sub(1), fd > 0);
    close_range(fd + 1, u32::MAX, true);
    common();
    address_space(memory_bytes);
}

/// In a helper executable, which learns the guest's memory only from its job: see [`address_space`].
pub(super) fn helper(channel: &UnixStream) {
    forked(channel, crate::limits::MAX_MEMORY_BYTES);
}

/// Bounds the process's memory by that of the guest; a bound can only get tighter.
pub(super) fn address_space(memory_bytes: u64) {
    let most = memory_bytes.saturating_mul(2).saturating_add(ADDRESS_SPACE_SLACK_BYTES);
    limit(libc::RLIMIT_AS, most);
}

fn close_range(first: u32, last: u32, any: bool) {
    if !any {
        return;
    }
    // SAFETY: closes descriptors by number and touches no memory. What they belonged to is never used
    // again: this process only runs the guest and ends with `_exit`.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
    if closed != 0 {
        // A kernel before 5.9: one by one, as many as a process has by default.
        for fd in first..=last.min(1024) {
            // SAFETY: as above.
            unsafe { libc::close(fd.cast_signed()) };
        }
    }
}

fn common() {
    // SAFETY: prctl with these options takes plain numbers and touches no memory.
    unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        libc::prctl(libc::PR_SET_DUMPABLE, 0);
    }
    for resource in [libc::RLIMIT_CORE, libc::RLIMIT_FSIZE, libc::RLIMIT_NOFILE, libc::RLIMIT_NPROC] {
        limit(resource, 0);
    }
}

/// How the C library numbers its limits.
#[cfg(target_env = "musl")]
type Resource = libc::c_int;
#[cfg(not(target_env = "musl"))]
type Resource = libc::__rlimit_resource_t;

fn limit(resource: Resource, most: u64) {
    let limit = libc::rlimit { rlim_cur: most, rlim_max: most };
    // SAFETY: reads one structure that lives until the call returns.
    unsafe { libc::setrlimit(resource, &limit) };
}
