//! Makes sandboxes and ends them: as a forked process, as a helper executable, or within this process.
#![allow(unsafe_code)] // an end without destructors

use super::channel::{Channel, Request};
use super::in_force::InForce;
use super::{Inmate, Job, confine, guest};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;
use wagather_base::error::{Class, Failure, Result};
use wagather_base::fork::{self, Pid};
pub use wagather_base::fork::{Exit, SingleThreaded};
use wagather_base::stop;

/// How a guest is kept apart from its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// A fork of this process: the quickest to start. Only for a process that has no other thread.
    Fork(SingleThreaded),
    /// A helper executable whose `main` calls [`run_helper`]; for processes with threads. It is started with an
    /// empty environment and the channel as its standard input.
    Helper {
        /// The executable.
        program: PathBuf,
        /// Its arguments.
        args: Vec<String>,
    },
    /// A thread of this process: no new process, and no protection. A fault in the engine is a fault in this process, the
    /// guest's loops cannot be stopped, and only validation stands between the guest and the credentials. For
    /// guests that are as trusted as the program itself, and for tests.
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

/// A running sandbox, from the broker's side. Dropping it kills it.
pub struct Sandbox {
    /// The broker's end of the channel.
    pub channel: Channel,
    /// The name of its isolation.
    pub isolation: &'static str,
    inner: Inner,
    held: Held,
}

/// What a sandbox waits for before it looks at its module.
enum Held {
    /// Nothing.
    Not,
    /// A frame that says that it is its turn.
    Turn,
    /// Its job.
    Job(Box<Job>),
}

enum Inner {
    Process(Pid),
    Thread,
    Ended,
}

fn failure(reason: impl std::fmt::Display) -> Failure {
    Failure::new(Class::Internal, "cannot start a sandbox", reason)
}

/// Starts a sandbox that runs a job. A helper that has not taken its job by the deadline is none.
pub fn start(isolation: &Isolation, job: &Job, deadline: Instant) -> Result<Sandbox> {
    start_with(isolation, job, deadline, guest)
}

/// Starts a sandbox that has its process and nothing else, until [`Sandbox::take_turn`].
pub fn start_held(isolation: &Isolation, job: &Job, deadline: Instant) -> Result<Sandbox> {
    start_one(isolation, job, deadline, guest, true)
}

/// Starts a sandbox with an inmate of the caller's: for the tests that try to get out. A helper chooses its own, see
/// [`run_helper_with`].
#[doc(hidden)]
pub fn start_with(isolation: &Isolation, job: &Job, deadline: Instant, inmate: Inmate) -> Result<Sandbox> {
    start_one(isolation, job, deadline, inmate, false)
}

fn start_one(
    isolation: &Isolation,
    job: &Job,
    deadline: Instant,
    inmate: Inmate,
    is_held: bool,
) -> Result<Sandbox> {
    let (ours, theirs) = UnixStream::pair().map_err(failure)?;
    let inner = match isolation {
        Isolation::Fork(single_threaded) => {
            let pid =
                fork::fork(*single_threaded, || live_confined(Channel::new(theirs), job, inmate, is_held));
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
            let job = job.clone();
            let thread = std::thread::Builder::new().name("guest".into()).stack_size(THREAD_STACK_BYTES);
            let channel = Channel::new(theirs);
            thread.spawn(move || live(channel, InForce::NONE, &job, inmate, is_held)).map_err(failure)?;
            Inner::Thread
        }
    };
    let held = match isolation {
        Isolation::Helper { .. } => Held::Job(Box::new(job.clone())),
        _ if is_held => Held::Turn,
        _ => Held::Not,
    };
    let mut sandbox = Sandbox { channel: Channel::new(ours), isolation: isolation.name(), inner, held };
    if let Isolation::Helper { program, .. } = isolation
        && !is_held
    {
        sandbox.channel.set_deadline(deadline);
        sandbox.take_turn().map_err(|error| {
            failure(format_args!("{} does not accept its job: {error}", program.display()))
                .advise("name an executable that calls host_min::run_helper")
        })?;
    }
    Ok(sandbox)
}

/// What a process gets for its main thread; the interpreter's own stack limit is far below.
const THREAD_STACK_BYTES: usize = 8 << 20;

/// The whole `main` of a helper executable for [`Isolation::Helper`], in a process that has no other thread: the confinement is the
/// process's, and another thread that went on with its own would be ended with it. It ends the process, since what is left of
/// that once the guest has ended may do nothing else.
pub fn run_helper() -> ! {
    run_helper_with(guest)
}

/// A helper's `main` with an inmate of the caller's.
#[doc(hidden)]
pub fn run_helper_with(inmate: Inmate) -> ! {
    use std::os::fd::AsFd;
    let job = std::io::stdin().as_fd().try_clone_to_owned().and_then(|socket| {
        // The job is read before the process is confined by what it says: it is the broker's own, and none of it is looked at.
        let mut channel = Channel::new(UnixStream::from(socket));
        channel.receive_job().map(|job| (channel, job))
    });
    match job {
        Ok((channel, job)) => live_confined(channel, &job, inmate, false),
        Err(_) => std::process::exit(1),
    }
}

/// Runs a guest in this process as it is, in place of a helper that confines itself: for the tests that stand in for one.
#[doc(hidden)]
pub fn run_unconfined(socket: UnixStream, job: &Job) {
    live(Channel::new(socket), InForce::NONE, job, guest, false);
}

/// The life of a sandbox's process. A fork's stack goes on into frames of its parent, so nothing here returns, and a panic aborts
/// in every build: what unwinding drops on its way would make system calls that a guest does not need.
fn live_confined(channel: Channel, job: &Job, inmate: Inmate, is_held: bool) -> ! {
    std::panic::set_hook(Box::new(|_| std::process::abort()));
    stop::ignore_signals();
    let in_force = confine::confine(channel.socket(), job);
    // The channel is closed by the end of the process. To close it here would take system calls that a guest does not need.
    std::mem::forget(live(channel, in_force, job, inmate, is_held));
    // SAFETY: ends the process at once. Destructors and exit handlers belong to the parent.
    unsafe { libc::_exit(0) }
}

/// The life of a sandbox. A broker that died before this process was to die with it has closed its end, and the first frame tells.
/// One that is held waits for its turn in the one call that a guest's imports wait in as well.
fn live(mut channel: Channel, in_force: InForce, job: &Job, inmate: Inmate, is_held: bool) -> Channel {
    let ready = channel.send(&Request::Ready(in_force).encode());
    match ready.and_then(|()| if is_held { channel.receive_answer(&mut []).map(drop) } else { Ok(()) }) {
        Ok(()) => inmate(channel, job),
        Err(_) => channel,
    }
}

impl Sandbox {
    /// Lets a sandbox that is held go on.
    pub fn take_turn(&mut self) -> std::io::Result<()> {
        match std::mem::replace(&mut self.held, Held::Not) {
            Held::Not => Ok(()),
            Held::Turn => self.channel.send_answer(0, &[]),
            Held::Job(job) => self.channel.send_job(&job),
        }
    }

    /// Stops the guest wherever it is. A guest within this process ends at its next call.
    pub fn kill(&mut self) {
        match self.inner {
            Inner::Process(pid) => fork::kill(pid),
            Inner::Thread => drop(self.channel.socket().shutdown(std::net::Shutdown::Both)),
            Inner::Ended => {}
        }
    }

    /// Waits for the end. The guest has said that it ended, or was killed.
    pub fn wait(&mut self) -> Exit {
        match std::mem::replace(&mut self.inner, Inner::Ended) {
            Inner::Process(pid) => fork::wait(pid),
            // A thread that loops cannot be stopped, so nobody waits for it.
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
