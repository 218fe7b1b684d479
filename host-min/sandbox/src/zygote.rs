//! Sandboxes that are prepared ahead, for programs that run guests again and again.
//!
//! A zygote is a helper process with one thread. It forks a sandbox when it is asked to: that is several times faster than starting an
//! executable, and the copy has none of the program's memory, because a zygote gets nothing but modules. Such a sandbox is confined, validates and
//! compiles its module, and waits for its turn ([`Sandbox::release`]).
//!
//! The program asks over a socket (`orders`), one thread at a time. The zygote ends when that socket closes, and its sandboxes end with it. It also
//! ends and reaps them, because they are its children: so a process number that the program has stays valid until the program has waited for it.
#![allow(unsafe_code)] // the promise of having one thread

mod orders;
mod passing;

use super::channel::{Channel, Message};
use super::process::{Exit, Inner, Parent, Sandbox, WaitsFor, run_confined};
use super::{Job, guest_on_turn};
use orders::{Answer, Order};
use std::collections::HashSet;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use wagather_base::error::{Class, Failure, Result};
use wagather_base::fork::{self, Pid, SingleThreaded};

/// Makes sandboxes. Any thread may use it.
pub struct Zygote {
    program: PathBuf,
    args: Vec<String>,
    live: Mutex<Option<Arc<Live>>>,
}

/// A zygote's process.
struct Live {
    /// Locked from an order to its answer.
    socket: Mutex<UnixStream>,
    child: Mutex<Child>,
}

/// Why a zygote started no sandbox.
#[derive(Debug)]
enum NotStarted {
    /// The kernel gave no process for it. The zygote lives on.
    NoProcess(io::Error),
    /// The zygote has ended.
    Gone(io::Error),
}

impl From<io::Error> for NotStarted {
    fn from(error: io::Error) -> NotStarted {
        NotStarted::Gone(error)
    }
}

fn failure(reason: impl std::fmt::Display) -> Failure {
    Failure::new(Class::Internal, "cannot start a sandbox", reason)
}

fn no_process(error: &io::Error) -> Failure {
    failure(format_args!("the kernel gave no process for it: {error}"))
        .advise("allow more processes or more memory, or fewer runs at once")
}

impl Zygote {
    /// Makes sandboxes with this executable, whose `main` calls [`run_zygote`] if it gets these arguments. It is started with the first sandbox,
    /// and again if it has ended.
    pub fn new(program: PathBuf, args: Vec<String>) -> Zygote {
        Zygote { program, args, live: Mutex::default() }
    }

    /// Prepares a sandbox for a job, and waits until it is prepared: confined, its module validated and compiled. It runs when it is released.
    ///
    /// # Errors
    /// [`Class::Module`] if the module cannot be used, and `Internal` if there is no sandbox by the deadline.
    pub fn prepare(&self, job: &Job<'_>, deadline: Instant) -> Result<Sandbox> {
        let live = self.live()?;
        let mut sandbox = match live.start(job) {
            Ok(sandbox) => sandbox,
            Err(NotStarted::NoProcess(error)) => return Err(no_process(&error)),
            // It may have been killed, by the kernel if memory ran out. A new one is as good.
            Err(NotStarted::Gone(_)) => {
                self.forget(&live);
                self.live()?.start(job).map_err(|not_started| match not_started {
                    NotStarted::NoProcess(error) => no_process(&error),
                    NotStarted::Gone(error) => failure(error),
                })?
            }
        };
        sandbox.channel.set_deadline(deadline);
        let mut frame = Vec::new();
        sandbox.ready = Some(match receive(&mut sandbox, &mut frame)? {
            Message::Ready(in_force) => in_force,
            other => return Err(failure(format_args!("it began with {other:?}"))),
        });
        loop {
            match receive(&mut sandbox, &mut frame)? {
                // Another engine than the first choice: told again when it runs.
                Message::Runs(kind) => sandbox.runs = Some(kind),
                Message::Prepared => return Ok(sandbox),
                Message::End(end) => {
                    return Err(Failure::new(Class::Module, "the module cannot be used", end.text));
                }
                other => return Err(failure(format_args!("it sent {other:?} before its turn"))),
            }
        }
    }

    /// The process number of the zygote, if it runs.
    pub fn id(&self) -> Option<u32> {
        let live = self.live.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        let child = live.child.lock().unwrap_or_else(PoisonError::into_inner);
        Some(child.id())
    }

    /// Starts another one next time, unless another thread did already.
    fn forget(&self, gone: &Arc<Live>) {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.take_if(|live| Arc::ptr_eq(live, gone));
    }

    fn live(&self) -> Result<Arc<Live>> {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(live) = &*live {
            return Ok(live.clone());
        }
        let (ours, theirs) = UnixStream::pair().map_err(failure)?;
        let child = Command::new(&self.program)
            .args(&self.args)
            .env_clear()
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| {
                failure(format_args!("{}: {error}", self.program.display()))
                    .advise("name an executable that calls run_zygote")
            })?;
        let started = Arc::new(Live { socket: Mutex::new(ours), child: Mutex::new(child) });
        *live = Some(started.clone());
        Ok(started)
    }
}

fn receive(sandbox: &mut Sandbox, frame: &mut Vec<u8>) -> Result<Message> {
    sandbox
        .channel
        .receive_frame(frame)
        .map_err(|error| failure(format_args!("it is not prepared: {error}")))?;
    Message::decode(frame).ok_or_else(|| failure("it sent an invalid frame"))
}

impl Live {
    fn start(self: &Arc<Self>, job: &Job<'_>) -> std::result::Result<Sandbox, NotStarted> {
        // Without a pair here, the zygote is as well as it was.
        let (ours, theirs) = UnixStream::pair().map_err(NotStarted::NoProcess)?;
        let pid = match self.ask(&Order::Start(job.borrowed()), Some(theirs))? {
            Answer::Started(pid) => pid,
            Answer::NotStarted(error) => {
                return Err(NotStarted::NoProcess(io::Error::from_raw_os_error(error)));
            }
            Answer::Ended(_) => return Err(io::Error::from(io::ErrorKind::InvalidData).into()),
        };
        let channel = Channel::new(ours);
        let inner = Inner::OfZygote(pid, self.clone());
        Ok(Sandbox {
            channel,
            isolation: "helper",
            inner,
            waits_for: WaitsFor::Turn,
            ready: None,
            runs: None,
        })
    }

    fn ask(&self, order: &Order<'_>, passed: Option<UnixStream>) -> std::io::Result<Answer> {
        let mut socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner);
        order.send(&mut socket, passed.as_ref().map(AsFd::as_fd))?;
        // The zygote has its copy. Without it, this one would keep the channel open.
        drop(passed);
        Answer::receive(&mut socket)
    }
}

impl Parent for Live {
    /// Without a zygote, the sandbox has ended, too.
    fn end(&self, sandbox: Pid) -> Exit {
        match self.ask(&Order::End(sandbox), None) {
            Ok(Answer::Ended(exit)) => exit,
            _ => Exit::default(),
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let socket = self.socket.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = socket.shutdown(std::net::Shutdown::Both);
        // It ends at once. One that does not would be stuck in the kernel.
        let child = self.child.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// The `main` of a helper executable for [`Zygote`]. The process must have no other thread, because it forks. This function never returns.
pub fn run_zygote() -> ! {
    // Interrupts from a terminal are for the program, which closes the socket when it ends.
    wagather_base::stop::ignore_signals();
    // SAFETY: the caller has no other thread, and nothing here starts one.
    let single_threaded = unsafe { SingleThreaded::promise() };
    let mut children = HashSet::new();
    if let Ok(mut socket) = std::io::stdin().as_fd().try_clone_to_owned().map(UnixStream::from) {
        while obey(&mut socket, &mut children, |life| fork::fork(single_threaded, life)).is_ok() {}
    }
    std::process::exit(0)
}

/// Receives an order, and does it. `fork` makes the process of a sandbox, which lives the life that it gets. If there is none to be had, that is the
/// answer: the sandboxes that are there need their zygote.
fn obey(
    socket: &mut UnixStream,
    children: &mut HashSet<Pid>,
    fork: impl FnOnce(&mut dyn FnMut()) -> io::Result<Pid>,
) -> io::Result<()> {
    let answer = match Order::receive(socket)? {
        (Order::Start(job), Some(passed)) => {
            let parent = std::process::id();
            let mut passed = Some(passed);
            let forked = fork(&mut || {
                // It ends with the zygote also before it is confined.
                if let (Some(passed), Ok(())) = (passed.take(), fork::end_with(parent)) {
                    run_confined(Channel::new(UnixStream::from(passed)), &job, guest_on_turn, false);
                }
            });
            match forked {
                Ok(pid) => {
                    children.insert(pid);
                    Answer::Started(pid)
                }
                Err(error) => Answer::NotStarted(error.raw_os_error().unwrap_or_default()),
            }
        }
        (Order::End(pid), _) if children.remove(&pid) => {
            fork::kill(pid);
            Answer::Ended(fork::wait(pid))
        }
        _ => return Err(io::ErrorKind::InvalidData.into()),
    };
    answer.send(socket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;
    use std::time::Duration;

    /// Without processes to be had, each order is answered, and the zygote serves on.
    #[test]
    fn a_fork_that_fails_is_told_and_the_zygote_lives_on() {
        const EAGAIN: i32 = 11;
        let (ours, mut theirs) = UnixStream::pair().expect("a pair");
        let zygote = std::thread::spawn(move || {
            let mut children = HashSet::new();
            let mut served = 0;
            while obey(&mut theirs, &mut children, |_| Err(io::Error::from_raw_os_error(EAGAIN))).is_ok() {
                served += 1;
            }
            served
        });
        let child = Command::new("true").spawn().expect("a process");
        let live = Arc::new(Live { socket: Mutex::new(ours), child: Mutex::new(child) });
        let of_two = Zygote::new("/nowhere/at/all".into(), Vec::new());
        *of_two.live.lock().expect("no panic") = Some(live.clone());
        let job = Job {
            module: Cow::Borrowed(b"module"),
            memory_bytes: 1 << 16,
            time: Duration::from_secs(1),
            engine: None,
        };
        for _ in 0..2 {
            // Whoever started another zygote would not find its executable.
            let failure = of_two.prepare(&job, Instant::now()).err().expect("no sandbox");
            assert!(failure.reason.starts_with("the kernel gave no process for it: "), "{failure}");
        }
        assert!(of_two.live.lock().expect("no panic").as_ref().is_some_and(|kept| Arc::ptr_eq(kept, &live)));
        drop((of_two, live));
        assert_eq!(zygote.join().expect("no panic"), 2);
    }
}
