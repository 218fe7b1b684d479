//! What a target must know about its process before it forks.
#![allow(unsafe_code)] // the promise of a single thread, and an option of the allocator

use host_min::{Isolation, SingleThreaded};
use std::time::{Duration, Instant};

/// Has glibc allocate for all threads in one place. It gives each thread 64 MB of addresses otherwise, so that a process that has
/// had many runs is above the limit that its forks set themselves.
pub fn prepare() {
    #[cfg(target_env = "gnu")]
    // SAFETY: sets a number; called before there is another thread.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}

/// Forks, as the command line does.
pub fn isolation() -> Isolation {
    // SAFETY: whoever forks asks `is_single_threaded` first, and nothing here starts a thread between the two.
    Isolation::Fork(unsafe { SingleThreaded::promise() })
}

/// Whether this process has no other thread; threads of the run before get a moment to end.
pub fn is_single_threaded() -> bool {
    let until = Instant::now() + Duration::from_secs(5);
    loop {
        let threads = std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
        if threads == 1 {
            return true;
        }
        if Instant::now() > until {
            return false;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
}
