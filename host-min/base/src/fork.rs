//! Processes of our own, their signals, and waiting for several of them at once, which std does not have.
//!
//! This module does not know what such a process does. Sandboxes and the runs of several clusters are both started with it.
#![allow(unsafe_code)] // system calls that std does not have

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::time::Instant;

/// The promise that this process has one thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SingleThreaded(());

impl SingleThreaded {
    /// Makes the promise.
    ///
    /// # Safety
    ///
    /// From now until the run's sandboxes have started, the process must have no other thread: a fork copies only
    /// the calling thread, and a lock that another one holds would stay locked in the sandbox.
    pub const unsafe fn promise() -> Self {
        SingleThreaded(())
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exit {
    /// The signal that ended it, if one did.
    pub signal: Option<i32>,
    /// The most physical memory that it had. 0 if the guest did not run in a process of its own.
    pub peak_rss_bytes: u64,
}

/// The number of a process.
pub type Pid = libc::pid_t;

/// Starts a copy of this process that runs `life` and then exits. Gives the number of the copy.
pub fn fork(_: SingleThreaded, life: impl FnOnce()) -> io::Result<Pid> {
    // SAFETY: the process has one thread, as `SingleThreaded` promises, so the copy is as whole as the
    // original.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            // The stack goes on into frames of the parent, which a panic must not unwind.
            let _frames_of_the_parent = AbortWhenDropped;
            life();
            // SAFETY: ends the process at once. Destructors and exit handlers belong to the parent.
            unsafe { libc::_exit(0) }
        }
        pid => Ok(pid),
    }
}

struct AbortWhenDropped;

impl Drop for AbortWhenDropped {
    fn drop(&mut self) {
        std::process::abort();
    }
}

/// Kills a child that was not waited for yet.
pub fn kill(child: Pid) {
    // SAFETY: a signal to a child that was not waited for, so that the number is still its own. Touches no memory.
    unsafe { libc::kill(child, libc::SIGKILL) };
}

/// Kills a child that [stands alone](stand_alone) and was not waited for yet, and everything that it started.
pub fn kill_group(child: Pid) {
    kill(child);
    // SAFETY: as in `kill`. A group of that number is the child's own, or there is none yet.
    unsafe { libc::kill(-child, libc::SIGKILL) };
}

/// Kills what is left of a group whose leader was waited for. No other process gets the group's number while a member lives.
pub fn kill_rest_of_group(group: Pid) {
    // SAFETY: a signal to a group that is a child's own. Touches no memory.
    unsafe { libc::kill(-group, libc::SIGKILL) };
}

/// Whether a process has that number. It may be anybody's.
pub fn is_there(process: u32) -> bool {
    let Ok(process) = Pid::try_from(process) else { return false };
    // SAFETY: no signal is sent, the kernel only looks. Touches no memory.
    process > 0 && unsafe { libc::kill(process, 0) } == 0
        || io::Error::last_os_error().raw_os_error() == Some(libc::EPERM)
}

/// The user who owns the files that this process makes.
pub fn user() -> u32 {
    // SAFETY: only answers with a number.
    unsafe { libc::geteuid() }
}

/// Sends SIGTERM to a child that was not waited for yet.
pub fn ask_to_end(child: Pid) {
    // SAFETY: as in `kill`.
    unsafe { libc::kill(child, libc::SIGTERM) };
}

/// Kills a child that [stands alone](stand_alone) and was not waited for yet, and its whole session, in which exec plugins have
/// groups of their own. Without `/proc`, plugins run until their deadline.
pub fn kill_session(leader: Pid) {
    kill_group(leader);
    // What was found may have started something else meanwhile, so look until nothing is found.
    for _ in 0..MOST_ROUNDS {
        let found: Vec<Pid> = members(leader).collect();
        if found.is_empty() {
            break;
        }
        found.into_iter().for_each(kill);
    }
}

/// How many times a session is searched.
const MOST_ROUNDS: usize = 8;

/// The running processes of a session, without its leader.
fn members(leader: Pid) -> impl Iterator<Item = Pid> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.filter_map(move |entry| {
        let process: Pid = entry.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        // PID (NAME) STATE PARENT GROUP SESSION …, and a name may have any character.
        let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
        let (state, session) = (fields.next()?, fields.nth(2)?);
        (process != leader && session.parse() == Ok(leader) && !matches!(state, "Z" | "X")).then_some(process)
    })
}

/// Waits until a child has ended.
pub fn wait(child: Pid) -> Exit {
    let mut status = 0;
    // SAFETY: all zeroes is a valid rusage: it holds nothing but numbers.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: both pointers are to values that live until the call returns.
        let waited = unsafe { libc::wait4(child, &mut status, 0, &mut usage) };
        if waited == child {
            break;
        }
        if io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
            return Exit::default();
        }
    }
    Exit {
        signal: libc::WIFSIGNALED(status).then(|| libc::WTERMSIG(status)),
        peak_rss_bytes: u64::try_from(usage.ru_maxrss).unwrap_or(0) << 10,
    }
}

/// Separates a fork from its parent's terminal, and ties it to its parent's life. The fork dies with its parent. It has a session and a
/// group of its own, no terminal on which it could ask a person, and another standard error.
pub fn stand_alone(parent: u32, stderr: BorrowedFd<'_>) -> io::Result<()> {
    end_with(parent)?;
    // SAFETY: takes nothing and touches no memory. A fork leads no group, so that it can lead a new one.
    done(unsafe { libc::setsid() })?;
    let null = File::open("/dev/null")?;
    for (from, to) in [(null.as_raw_fd(), libc::STDIN_FILENO), (stderr.as_raw_fd(), libc::STDERR_FILENO)] {
        // SAFETY: both are open descriptors. Nothing owns the standard ones, so that nobody's file is closed by it.
        done(unsafe { libc::dup2(from, to) })?;
    }
    Ok(())
}

/// Ties a fork to its parent's life: it dies with its parent.
pub fn end_with(parent: u32) -> io::Result<()> {
    const NOTHING: libc::c_ulong = 0;
    let end = libc::SIGKILL as libc::c_ulong;
    // SAFETY: takes plain numbers and touches no memory.
    done(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, end, NOTHING, NOTHING, NOTHING) })?;
    if std::os::unix::process::parent_id() != parent {
        return Err(io::Error::other("its parent has ended"));
    }
    Ok(())
}

/// Waits until one of these can be read or has ended, or until that time. Says which can be read.
pub fn wait_for(these: &[BorrowedFd<'_>], until: Option<Instant>) -> io::Result<Vec<bool>> {
    let mut polled: Vec<libc::pollfd> = these
        .iter()
        .map(|fd| libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLIN, revents: 0 })
        .collect();
    let millis = until.map_or(-1, |until| {
        // Rounded up, so that the time is over when this returns.
        let left = until.saturating_duration_since(Instant::now());
        left.as_nanos().div_ceil(1_000_000).try_into().unwrap_or(i32::MAX)
    });
    // SAFETY: writes to as many structures as it is told of, which live until the call returns.
    match done(unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, millis) }) {
        Err(error) if error.kind() != io::ErrorKind::Interrupted => Err(error),
        // What an interrupted call wrote means nothing.
        Err(_) => Ok(vec![false; these.len()]),
        Ok(()) => Ok(polled.iter().map(|one| one.revents != 0).collect()),
    }
}

/// Whether the other end of a socket is closed, as it is once its process has ended. Bytes that are there to be read do not matter.
pub fn has_hung_up(socket: BorrowedFd<'_>) -> bool {
    hung_up(socket.as_raw_fd())
}

pub(crate) fn hung_up(socket: RawFd) -> bool {
    let mut polled = libc::pollfd { fd: socket, events: 0, revents: 0 };
    // SAFETY: writes to one structure, which lives until the call returns. A number that is no open file is no error of memory.
    let done = unsafe { libc::poll(&mut polled, 1, 0) };
    done > 0 && polled.revents & libc::POLLHUP != 0
}

/// The signals that ask a process to end. They are blocked, so that the process can clean up first.
pub struct Signals {
    before: libc::sigset_t,
    pending: File,
}

const ASK_TO_END: [libc::c_int; 3] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP];

impl Signals {
    /// Blocks them until the value is dropped. Those that are ignored (`nohup`) stay ignored.
    pub fn hold() -> io::Result<Signals> {
        // SAFETY: all zeroes is a valid set of signals, and is filled before it is read.
        let (mut held, mut before): (libc::sigset_t, libc::sigset_t) = unsafe { std::mem::zeroed() };
        // SAFETY: writes one set that lives until the call returns.
        done(unsafe { libc::sigemptyset(&mut held) })?;
        for signal in ASK_TO_END {
            // SAFETY: all zeroes is a valid action: it holds numbers and may-be-null pointers.
            let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
            // SAFETY: reads no action, and writes one that lives until the call returns.
            done(unsafe { libc::sigaction(signal, std::ptr::null(), &mut action) })?;
            if action.sa_sigaction != libc::SIG_IGN {
                // SAFETY: changes one set that lives until the call returns.
                done(unsafe { libc::sigaddset(&mut held, signal) })?;
            }
        }
        // SAFETY: reads one set; a new descriptor, -1, is asked for.
        let pending = unsafe { libc::signalfd(-1, &held, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) };
        done(pending)?;
        // SAFETY: the descriptor is new, and nobody else's.
        let pending = File::from(unsafe { OwnedFd::from_raw_fd(pending) });
        // SAFETY: reads one set and writes one; both live until the call returns.
        done(unsafe { libc::sigprocmask(libc::SIG_BLOCK, &held, &mut before) })?;
        Ok(Signals { before, pending })
    }

    /// The descriptor that can be read when a signal has come.
    pub fn pending(&self) -> &File {
        &self.pending
    }

    /// The signal that has come, if one has.
    pub fn take(&self) -> Option<i32> {
        // A `signalfd_siginfo`, of which the first word is the signal's number.
        let mut info = [0; size_of::<libc::signalfd_siginfo>()];
        let read = (&self.pending).read(&mut info).unwrap_or(0);
        let number = info.first_chunk::<4>().map(|bytes| i32::from_ne_bytes(*bytes));
        number.filter(|_| read == info.len())
    }

    /// Unblocks them.
    pub fn release(&self) {
        // SAFETY: reads one set that lives until the call returns.
        unsafe { libc::sigprocmask(libc::SIG_SETMASK, &self.before, std::ptr::null_mut()) };
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.release();
    }
}

/// What a system call returned.
fn done(result: libc::c_int) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::fd::AsFd;
    use std::time::Duration;

    #[test]
    fn what_can_be_read_is_told_and_what_cannot_is_waited_for() {
        let (quiet, _writer) = io::pipe().expect("a pipe");
        let (mut full, mut writer) = io::pipe().expect("a pipe");
        let (ended, gone) = io::pipe().expect("a pipe");
        drop(gone);
        writer.write_all(b"x").expect("room");
        let all = [quiet.as_fd(), full.as_fd(), ended.as_fd()];
        assert_eq!(wait_for(&all, None).expect("an answer"), [false, true, true]);
        full.read_exact(&mut [0]).expect("what was written");
        let begin = Instant::now();
        let until = begin + Duration::from_millis(20);
        assert_eq!(wait_for(&[quiet.as_fd(), full.as_fd()], Some(until)).expect("an answer"), [false, false]);
        assert!(Instant::now() >= until);
        assert_eq!(
            wait_for(&[quiet.as_fd()], Some(begin)).expect("an answer"),
            [false],
            "a time that is over"
        );
    }
}
