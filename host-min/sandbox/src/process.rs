//! Starts and ends sandboxes: as a forked process, as a helper executable, or in this process.
#![allow(unsafe_code)] // exit without destructors

use super::channel::{Channel, Message};
use super::in_force::InForce;
use super::kind::Kind;
use super::{Inmate, Job, confine, guest};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use wagather_base::error::{Class, Failure, Result};
use wagather_base::fork::{self, Pid};
pub use wagather_base::fork::{Exit, SingleThreaded};
use wagather_base::stop;

/// How a guest is isolated from its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// A fork of this process. It starts fastest. The process must have no other thread.
    Fork(SingleThreaded),
    /// A helper executable whose `main` calls [`run_helper`], for processes with threads. It starts with an
    /// empty environment and the channel as its standard input.
    Helper {
        /// The executable.
        program: PathBuf,
        /// Its arguments.
        args: Vec<String>,
    },
    /// A thread of this process. There is no new process and no protection: a fault in the engine is a fault in this process, a
    /// guest that loops cannot be stopped, and only validation stands between the guest and the credentials. Use it for
    /// tests, and for guests that are as trusted as the program.
    InProcess,
}

impl Isolation {
    /// Its name in the report.
    pub const fn name(&self) -> &'static str {
        match self {
            Isolation::Fork(_) => "fork",
            Isolation::Helper { .. } => "helper",
            Isolation::InProcess => "inProcess",
        }
    }
}

/// A running sandbox, seen from the broker. Dropping it kills it.
pub struct Sandbox {
    /// The broker's end of the channel.
    pub channel: Channel,
    /// The name of its isolation.
    pub isolation: &'static str,
    /// The active mechanisms of its confinement, if its first frame was received already.
    pub ready: Option<InForce>,
    /// The engine that runs the guest, if it is not the first choice and that was received already.
    pub runs: Option<Kind>,
    pub(super) inner: Inner,
    pub(super) waits_for: WaitsFor,
}

/// What a sandbox waits for before it reads its module.
pub(super) enum WaitsFor {
    Nothing,
    /// A frame that starts its turn.
    Turn,
    /// Its job.
    Job(Box<Job<'static>>),
}

pub(super) enum Inner {
    Process(Pid),
    /// A child of a zygote.
    OfZygote(Pid, Arc<dyn Parent>),
    Thread,
    Ended,
}

/// The parent of sandboxes that are no children of this process.
pub(super) trait Parent: Send + Sync {
    /// Kills a sandbox, and waits for its exit.
    fn end(&self, sandbox: Pid) -> Exit;
}

fn failure(reason: impl std::fmt::Display) -> Failure {
    Failure::new(Class::Internal, "cannot start a sandbox", reason)
}

/// Starts a sandbox that runs a job. Fails if a helper does not accept its job by the deadline.
pub fn start(isolation: &Isolation, job: &Job<'_>, deadline: Instant) -> Result<Sandbox> {
    start_with(isolation, job, deadline, guest)
}

/// Starts a sandbox that waits in its process until [`Sandbox::release`].
pub fn start_held(isolation: &Isolation, job: &Job<'_>, deadline: Instant) -> Result<Sandbox> {
    start_one(isolation, job, deadline, guest, true)
}

/// Starts a sandbox with other code than a guest, for tests that try to escape. A helper chooses its own code, see
/// [`run_helper_with`].
#[doc(hidden)]
pub fn start_with(
    isolation: &Isolation,
    job: &Job<'_>,
    deadline: Instant,
    inmate: Inmate,
) -> Result<Sandbox> {
    start_one(isolation, job, deadline, inmate, false)
}

fn start_one(
    isolation: &Isolation,
    job: &Job<'_>,
    deadline: Instant,
    inmate: Inmate,
    is_held: bool,
) -> Result<Sandbox> {
    let (ours, theirs) = UnixStream::pair().map_err(failure)?;
    let inner = match isolation {
        Isolation::Fork(single_threaded) => {
            let pid =
                fork::fork(*single_threaded, || run_confined(Channel::new(theirs), job, inmate, is_held));
            Inner::Process(pid.map_err(failure)?)
        }
        Isolation::Helper { program, args } => {
            let child = Command::new(program)
                .args(args)
                .env_clear()
                .stdin(Stdio::from(OwnedFd::from(theirs)))
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .map_err(|error| {
                    failure(format_args!("{}: {error}", program.display()))
                        .advise("name an executable that calls host_min::run_helper")
                })?;
            Inner::Process(child.id().cast_signed())
        }
        Isolation::InProcess => {
            let job = job.to_static();
            let thread = std::thread::Builder::new().name("guest".into()).stack_size(THREAD_STACK_BYTES);
            let channel = Channel::new(theirs);
            thread.spawn(move || run(channel, InForce::NONE, &job, inmate, is_held)).map_err(failure)?;
            Inner::Thread
        }
    };
    let waits_for = match isolation {
        Isolation::Helper { .. } => WaitsFor::Job(Box::new(job.to_static())),
        _ if is_held => WaitsFor::Turn,
        _ => WaitsFor::Nothing,
    };
    let (channel, isolation_name) = (Channel::new(ours), isolation.name());
    let mut sandbox =
        Sandbox { channel, isolation: isolation_name, ready: None, runs: None, inner, waits_for };
    if let Isolation::Helper { program, .. } = isolation
        && !is_held
    {
        sandbox.channel.set_deadline(deadline);
        sandbox.release().map_err(|error| {
            failure(format_args!("{} does not accept its job: {error}", program.display()))
                .advise("name an executable that calls host_min::run_helper")
        })?;
    }
    Ok(sandbox)
}

/// The usual stack of a main thread. The interpreter's own stack limit is far below.
const THREAD_STACK_BYTES: usize = 8 << 20;

/// The `main` of a helper executable for [`Isolation::Helper`]. The process must have no other thread: the confinement applies to the whole
/// process, and would kill a thread that continues with other work. This function never returns, because a confined process can do
/// nothing else.
pub fn run_helper() -> ! {
    run_helper_with(guest)
}

/// A helper's `main` with other code than a guest.
#[doc(hidden)]
pub fn run_helper_with(inmate: Inmate) -> ! {
    let job = std::io::stdin().as_fd().try_clone_to_owned().and_then(|socket| {
        // The job has the limits of the confinement, so it is read before. It comes from the broker, and the module in it is not
        // read yet.
        let mut channel = Channel::new(UnixStream::from(socket));
        channel.receive_job().map(|job| (channel, job))
    });
    match job {
        Ok((channel, job)) => run_confined(channel, &job, inmate, false),
        Err(_) => std::process::exit(1),
    }
}

/// Runs a guest in this process without confinement, for tests that stand in for a helper.
#[doc(hidden)]
pub fn run_unconfined(socket: UnixStream, job: &Job<'_>) {
    run(Channel::new(socket), InForce::NONE, job, guest, false);
}

/// Runs a sandbox in its own process. The stack of a fork continues into frames of its parent, so this function never returns, and a panic
/// aborts in every build: destructors that run while unwinding would make system calls that the filter refuses.
pub(super) fn run_confined(channel: Channel, job: &Job<'_>, inmate: Inmate, is_held: bool) -> ! {
    std::panic::set_hook(Box::new(|_| std::process::abort()));
    stop::ignore_signals();
    let in_force = confine::confine(channel.socket(), job);
    // The end of the process closes the channel. Closing it here would need a system call that the filter refuses.
    std::mem::forget(run(channel, in_force, job, inmate, is_held));
    // SAFETY: ends the process at once. Destructors and exit handlers belong to the parent.
    unsafe { libc::_exit(0) }
}

/// Runs a sandbox. If the broker died before this process was set to die with it, sending the first frame fails.
/// A held sandbox waits for its turn in the same call in which imports wait for answers.
fn run(mut channel: Channel, in_force: InForce, job: &Job<'_>, inmate: Inmate, is_held: bool) -> Channel {
    let ready = channel.send(&Message::Ready(in_force).encode());
    match ready.and_then(|()| if is_held { channel.receive_answer(&mut []).map(drop) } else { Ok(()) }) {
        Ok(()) => inmate(channel, job),
        Err(_) => channel,
    }
}

impl Sandbox {
    /// Lets a held sandbox continue.
    pub fn release(&mut self) -> std::io::Result<()> {
        match std::mem::replace(&mut self.waits_for, WaitsFor::Nothing) {
            WaitsFor::Nothing => Ok(()),
            WaitsFor::Turn => self.channel.send_answer(0, &[]),
            WaitsFor::Job(job) => self.channel.send_job(&job),
        }
    }

    /// Lets a guest that waits for its turn run ahead of it, up to its first call. The call waits in the channel until the sandbox is served: it is
    /// neither judged nor answered here. Returns `false` if the guest does not call within this time, or ends without a call. Such a
    /// sandbox must not be served, because its guest has had its turn.
    pub fn run_ahead(&mut self, time: Duration) -> bool {
        self.release().is_ok() && self.channel.begins_within(time) && self.channel.holds_call()
    }

    /// Whether its process has ended.
    pub fn has_ended(&self) -> bool {
        fork::has_hung_up(self.channel.socket().as_fd())
    }

    /// The number of its process, if it has one.
    pub fn id(&self) -> Option<u32> {
        match self.inner {
            Inner::Process(pid) | Inner::OfZygote(pid, _) => Some(pid.unsigned_abs()),
            Inner::Thread | Inner::Ended => None,
        }
    }

    /// Kills the guest. A guest in this process ends at its next call.
    pub fn kill(&mut self) {
        match self.inner {
            Inner::Process(pid) => fork::kill(pid),
            Inner::Thread => drop(self.channel.socket().shutdown(std::net::Shutdown::Both)),
            // The zygote kills it when it is waited for.
            Inner::OfZygote(..) | Inner::Ended => {}
        }
    }

    /// Waits for the exit. The guest has reported its end, or was killed.
    pub fn wait(&mut self) -> Exit {
        match std::mem::replace(&mut self.inner, Inner::Ended) {
            Inner::Process(pid) => fork::wait(pid),
            Inner::OfZygote(pid, zygote) => zygote.end(pid),
            // A thread that loops cannot be stopped, so do not wait for it.
            Inner::Thread | Inner::Ended => Exit::default(),
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if !matches!(self.inner, Inner::Ended) {
            self.kill();
            self.wait();
        }
    }
}
