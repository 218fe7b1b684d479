//! Stopping a run early. A signal asks for it, every wait checks whether it was asked for, and what was gathered by then is kept as an
//! incomplete archive.
//!
//! The request is for the whole process, as a signal is. The command line [handles the signals](heed_signals). An embedder's own handler
//! may call [`ask`], which only stores a number. No thread waits for the request: code that waits for a server or a guest waits for one
//! [slice()] of time after the other, and checks between them.
//!
//! What happens to the process when a signal comes:
//!
//! | | |
//! |---|---|
//! | nothing is being written yet | it exits at once |
//! | an archive is being written | the gatherers are stopped, and the archive is finished as `NAME.incomplete` |
//! | that takes longer than `GRACE_SECONDS`, or a second signal comes | it exits at once |
//!
//! "At once" is `end`. It kills running exec plugins and removes hidden files. The exit code is 128 plus the signal's number. This also
//! works in a container's first process, which the signal's default action would not end.
#![allow(unsafe_code)] // what may be done in a signal's handler is system calls, without std between

use super::peer;
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicUsize, Ordering};
use std::time::Duration;

/// How long finishing the archive may take after a signal.
const GRACE_SECONDS: libc::c_uint = 2;

/// The longest wait where signals are handled, or for a peer. Most waits are shorter, because a signal interrupts the main thread's system
/// call.
const SLICE: Duration = Duration::from_millis(100);

/// The longest wait where they are not. Then a wait checks the deadline only.
const LONG_SLICE: Duration = Duration::from_secs(5);

const SIGNALS: [libc::c_int; 3] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP];

static ASKED: AtomicI32 = AtomicI32::new(0);
static HEEDED: AtomicBool = AtomicBool::new(false);
static KEPT: AtomicUsize = AtomicUsize::new(0);
static GROUPS: [AtomicI32; 16] = [const { AtomicI32::new(0) }; 16];
static FILES: [AtomicPtr<libc::c_char>; 8] = [const { AtomicPtr::new(std::ptr::null_mut()) }; 8];

/// Asks every run of this process to end. Its gatherers are stopped, and what they gathered is kept as incomplete. The request cannot be
/// taken back. A signal handler may call this. The first signal counts; the result says whether this was the first.
pub fn ask(signal: i32) -> bool {
    ASKED.compare_exchange(0, signal, Ordering::Relaxed, Ordering::Relaxed).is_ok()
}

/// The signal that asked for the end, if one did.
pub fn asked() -> Option<i32> {
    Some(ASKED.load(Ordering::Relaxed)).filter(|signal| *signal != 0)
}

/// The signal that asked for the end, in words: `SIGTERM`.
pub fn name(signal: i32) -> String {
    match signal {
        libc::SIGINT => "SIGINT".into(),
        libc::SIGTERM => "SIGTERM".into(),
        libc::SIGHUP => "SIGHUP".into(),
        other => format!("signal {other}"),
    }
}

/// How long code that has this much time left may wait before it checks whether the end was asked for.
pub fn slice(left: Duration) -> Duration {
    left.min(if HEEDED.load(Ordering::Relaxed) || peer::is_there() { SLICE } else { LONG_SLICE })
}

/// Why code that waits must wait no longer: a signal asked for the end, or [nobody wants the result](peer).
pub fn why() -> Option<&'static str> {
    asked().map(|_| STOPPED).or_else(|| peer::has_ended().then_some(peer::ENDED))
}

/// From now on, SIGINT, SIGTERM and SIGHUP stop the process as described above, unless they are ignored (`nohup`).
pub fn heed_signals() {
    HEEDED.store(true, Ordering::Relaxed);
    for signal in SIGNALS {
        if set(signal, handle as *const () as libc::sighandler_t) == Some(libc::SIG_IGN) {
            set(signal, libc::SIG_IGN);
        }
    }
}

/// Makes a process ignore the signals that ask for an end. A sandbox ends when its broker says so, or with its broker. At a terminal it
/// would get the same Ctrl-C as its broker.
pub fn ignore_signals() {
    for signal in SIGNALS {
        set(signal, libc::SIG_IGN);
    }
}

/// Sets the action of a signal. Gives the earlier one.
fn set(signal: libc::c_int, action: libc::sighandler_t) -> Option<libc::sighandler_t> {
    // SAFETY: all zeroes is a valid action: it holds numbers and may-be-null pointers.
    let (mut new, mut old): (libc::sigaction, libc::sigaction) = unsafe { std::mem::zeroed() };
    // Without SA_RESTART, so that a system call which waits is interrupted.
    new.sa_sigaction = action;
    // SAFETY: reads one action and writes one, which live until the call returns. The handler does nothing but what is allowed in one.
    let done = unsafe { libc::sigaction(signal, &new, &mut old) };
    (done == 0).then_some(old.sa_sigaction)
}

/// The handler. It runs between any two instructions of any thread, so it only loads, stores, and makes system calls.
extern "C" fn handle(signal: libc::c_int) {
    if !ask(signal) || KEPT.load(Ordering::Relaxed) == 0 {
        end(signal);
    }
    set(libc::SIGALRM, late as *const () as libc::sighandler_t);
    // SAFETY: takes a number and touches no memory.
    unsafe { libc::alarm(GRACE_SECONDS) };
}

/// The handler of the alarm: saving the archive takes too long.
extern "C" fn late(_: libc::c_int) {
    end(asked().unwrap_or(libc::SIGALRM));
}

/// Ends the process, as a handler may.
fn end(signal: libc::c_int) -> ! {
    for group in &GROUPS {
        match group.load(Ordering::Relaxed) {
            0 => {}
            // SAFETY: a signal to the group of a plugin that was not waited for yet. Touches no memory.
            group => drop(unsafe { libc::kill(-group, libc::SIGKILL) }),
        }
    }
    for file in &FILES {
        let path = file.load(Ordering::Acquire);
        if !path.is_null() {
            // SAFETY: whatever is stored there came from `CString::into_raw` and is never freed.
            unsafe { libc::unlink(path) };
        }
    }
    // SAFETY: ends the process at once.
    unsafe { libc::_exit(128 + signal) }
}

/// An archive that is being written, and is to be kept if a signal comes.
#[derive(Debug)]
pub struct Kept(());

impl Kept {
    /// Until the value is dropped, an archive is being written.
    pub fn begin() -> Kept {
        KEPT.fetch_add(1, Ordering::Relaxed);
        Kept(())
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        KEPT.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A process group that `end` kills, too. If there are more groups than places, their own deadlines end the others.
#[derive(Debug)]
pub struct Group(Option<&'static AtomicI32>);

impl Group {
    /// Remembers a group until the value is dropped.
    pub fn new(group: i32) -> Group {
        let take =
            |slot: &&AtomicI32| slot.compare_exchange(0, group, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        Group(GROUPS.iter().find(take))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(slot) = self.0 {
            slot.store(0, Ordering::Relaxed);
        }
    }
}

/// A hidden file that `end` removes. Its name is never freed, because a handler may read it at that moment. So only a process that
/// handles signals remembers such files; it makes few of them.
#[derive(Debug)]
pub struct Hidden(Option<&'static AtomicPtr<libc::c_char>>);

impl Hidden {
    /// Remembers a file until the value is dropped.
    pub fn new(path: &Path) -> Hidden {
        if !HEEDED.load(Ordering::Relaxed) {
            return Hidden(None);
        }
        let Ok(path) = CString::new(path.as_os_str().as_bytes()) else { return Hidden(None) };
        let path = path.into_raw();
        let take = |slot: &&AtomicPtr<libc::c_char>| {
            let free = std::ptr::null_mut();
            slot.compare_exchange(free, path, Ordering::Release, Ordering::Relaxed).is_ok()
        };
        Hidden(FILES.iter().find(take))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if let Some(slot) = self.0 {
            slot.store(std::ptr::null_mut(), Ordering::Release);
        }
    }
}

/// Why a wait ended before its time.
pub const STOPPED: &str = "the run was interrupted";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_have_the_names_that_people_know() {
        assert_eq!(
            [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, 40].map(name),
            ["SIGINT", "SIGTERM", "SIGHUP", "signal 40"]
        );
    }

    #[test]
    fn groups_have_a_place_as_long_as_they_run() {
        // A number that no process has: the kernel's most is 4,194,304.
        let (one, other) = (Group::new(i32::MAX), Group::new(i32::MAX - 1));
        let known = |group| GROUPS.iter().any(|slot| slot.load(Ordering::Relaxed) == group);
        assert!(known(i32::MAX) && known(i32::MAX - 1));
        drop(one);
        assert!(!known(i32::MAX) && known(i32::MAX - 1));
        drop(other);
    }
}
