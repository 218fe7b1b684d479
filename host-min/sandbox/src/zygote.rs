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

fn failure(reason: impl std::fmt::Display) -> Failure {
    Failure::new(Class::Internal, "cannot start a sandbox", reason)
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
        let mut sandbox = match self.live().and_then(|live| live.start(job).map_err(failure)) {
            Ok(sandbox) => sandbox,
            // It may have been killed, by the kernel if memory ran out. A new one is as good.
            Err(_) => {
                *self.live.lock().unwrap_or_else(PoisonError::into_inner) = None;
                self.live()?.start(job).map_err(failure)?
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
    fn start(self: &Arc<Self>, job: &Job<'_>) -> std::io::Result<Sandbox> {
        let (ours, theirs) = UnixStream::pair()?;
        let answer = self.ask(&Order::Start(job.borrowed()), Some(theirs))?;
        let Answer::Started(pid) = answer else { return Err(std::io::ErrorKind::InvalidData.into()) };
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
        while obey(&mut socket, single_threaded, &mut children).is_ok() {}
    }
    std::process::exit(0)
}

/// Receives an order, and does it.
fn obey(
    socket: &mut UnixStream,
    single_threaded: SingleThreaded,
    children: &mut HashSet<Pid>,
) -> std::io::Result<()> {
    let answer = match Order::receive(socket)? {
        (Order::Start(job), Some(passed)) => {
            let parent = std::process::id();
            let pid = fork::fork(single_threaded, || {
                // It ends with the zygote also before it is confined.
                if fork::end_with(parent).is_ok() {
                    run_confined(Channel::new(UnixStream::from(passed)), &job, guest_on_turn, false);
                }
            })?;
            children.insert(pid);
            Answer::Started(pid)
        }
        (Order::End(pid), _) if children.remove(&pid) => {
            fork::kill(pid);
            Answer::Ended(fork::wait(pid))
        }
        _ => return Err(std::io::ErrorKind::InvalidData.into()),
    };
    answer.send(socket)
}
