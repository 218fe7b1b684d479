//! Keeps SIGPIPE away from the embedder.
//!
//! Rust's own `main` ignores the signal, and other languages' do not: a server or a sandbox that goes away would end the program. The
//! signal goes to the thread that writes, so blocking it in that thread is enough; threads that this one starts inherit that.
#![allow(unsafe_code)] // signal masks

use std::mem::MaybeUninit;
use std::ptr::null_mut;

/// SIGPIPE is blocked in this thread until this value is dropped.
pub(crate) struct WithoutSigpipe {
    before: libc::sigset_t,
    was_pending: bool,
}

fn only_sigpipe() -> libc::sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: the first call fills the set, and the second changes it.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), libc::SIGPIPE);
        set.assume_init()
    }
}

fn is_pending() -> bool {
    let mut pending = MaybeUninit::uninit();
    // SAFETY: writes to the set that it is given, which is read only if that succeeded.
    unsafe {
        libc::sigpending(pending.as_mut_ptr()) == 0 && libc::sigismember(pending.as_ptr(), libc::SIGPIPE) == 1
    }
}

impl WithoutSigpipe {
    pub(crate) fn new() -> WithoutSigpipe {
        let was_pending = is_pending();
        let mut before = only_sigpipe();
        // SAFETY: reads one set and writes the other; both live until it returns.
        unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &only_sigpipe(), &mut before) };
        WithoutSigpipe { before, was_pending }
    }
}

impl Drop for WithoutSigpipe {
    fn drop(&mut self) {
        let at_once = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // What was raised meanwhile is ours, unless one waited before: of equal signals, only one waits.
        while !self.was_pending && is_pending() {
            // SAFETY: reads the set and the time, which live until it returns.
            unsafe { libc::sigtimedwait(&only_sigpipe(), null_mut(), &at_once) };
        }
        // SAFETY: reads the set.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &self.before, null_mut()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ptr::null;

    fn is_blocked() -> bool {
        let mut mask = only_sigpipe();
        // SAFETY: without a new mask, it writes the present one to the set.
        unsafe {
            libc::pthread_sigmask(libc::SIG_BLOCK, null(), &mut mask);
            libc::sigismember(&mask, libc::SIGPIPE) == 1
        }
    }

    fn raise() {
        // SAFETY: sends a signal to this thread, in which it is blocked.
        unsafe { libc::pthread_kill(libc::pthread_self(), libc::SIGPIPE) };
    }

    #[test]
    fn a_broken_pipe_is_only_ours() {
        std::thread::spawn(|| {
            assert!(!is_blocked());
            let outer = WithoutSigpipe::new();
            raise();
            assert!(is_blocked() && is_pending());
            // One that waited before is somebody else's, and stays.
            drop(WithoutSigpipe::new());
            assert!(is_blocked() && is_pending());
            drop(outer);
            assert!(!is_blocked() && !is_pending());
        })
        .join()
        .expect("no panic");
    }
}
