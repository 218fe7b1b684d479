//! The broker: does for a guest what the guest may ask for.
//!
//! One loop per gatherer: a frame comes, [`admission`] judges it, `perform` does it, the answer goes back. The
//! broker is the only part that has both the guest's wishes and the means to fulfil them (the source, the
//! archive); it takes nothing from the sandbox on trust.

pub mod admission;
mod answer;
pub mod canonical;
mod fetch;
mod handles;
pub mod policy;
mod refusal;
pub mod tally;

use crate::archive::{AddError, Section, Spool, names};
use crate::error::{Class, Failure};
use crate::limits::MAX_ENTRY_BYTES;
use crate::sandbox::channel::{End, Request};
use crate::sandbox::in_force::InForce;
use crate::sandbox::process::{Exit, Sandbox};
use admission::{Admission, Admitted};
use answer::Answer;
use canonical::Refusal;
pub use fetch::Fetcher;
use handles::Handles;
use policy::describe;
use std::io::{self, Read, Write};
use std::time::Instant;
use tally::Tally;
use wagather_abi::{Handle, LogLevel, Status};

/// What a run shows while it goes on.
pub trait Observer: Sync {
    /// A gatherer logged a line: one line of text without control characters.
    fn log(&self, gatherer: &str, level: LogLevel, text: &str);
}

/// Shows nothing.
pub struct Silent;

impl Observer for Silent {
    fn log(&self, _: &str, _: LogLevel, _: &str) {}
}

/// What the broker needs to serve one gatherer.
pub struct Service<'a> {
    /// The gatherer's name.
    pub name: &'a str,
    /// What it may do.
    pub admission: Admission,
    /// Where its requests go.
    pub fetcher: &'a Fetcher,
    /// Where its files go.
    pub section: Section,
    /// The run's parameters.
    pub params: &'a [(String, String)],
    /// When it must have ended.
    pub deadline: Instant,
    /// Whether every mechanism must keep its sandbox in.
    pub require_sandbox: bool,
    /// Who is told what it logs.
    pub observer: &'a dyn Observer,
}

/// What became of a gatherer.
pub struct Served {
    /// How it ended.
    pub ending: Ending,
    /// Its figures and lines.
    pub tally: Tally,
    /// Its files.
    pub section: Section,
    /// How its process ended.
    pub exit: Exit,
    /// How it was kept apart.
    pub isolation: &'static str,
    /// What kept it in; nothing until it has said so.
    pub in_force: InForce,
}

/// How a gatherer ended, as the broker saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By itself.
    Ended(End),
    /// The deadline passed.
    TimedOut,
    /// The process died: a fault of the engine, or of the machine.
    Died,
    /// It sent what no guest can make a sound sandbox send.
    Misbehaved,
    /// The host failed.
    Failed(Failure),
}

struct Broker<'a> {
    service: Service<'a>,
    open: Handles<Open>,
    tally: Tally,
    in_force: InForce,
}

/// What a handle stands for.
enum Open {
    Request(Box<Answer>),
    Entry {
        path: String,
        spool: Spool,
    },
    /// A request that is being piped.
    Taken,
}

/// Why a call gets no value.
enum Trouble {
    /// The guest is told.
    Status(Status),
    /// The run ends.
    Host(Failure),
}

impl From<Status> for Trouble {
    fn from(status: Status) -> Self {
        Trouble::Status(status)
    }
}

const REQUIRE_SANDBOX_ADVICE: &str =
    "run it where the kernel has what is missing, or without --require-sandbox, which keeps what there is";

/// Serves a gatherer until it ends, or until its deadline.
pub fn serve(sandbox: &mut Sandbox, service: Service<'_>) -> Served {
    let (open, tally, in_force) = (Handles::new(), Tally::default(), InForce::NONE);
    let mut broker = Broker { service, open, tally, in_force };
    let ending = broker.serve(sandbox);
    if !matches!(ending, Ending::Ended(_)) {
        sandbox.kill();
    }
    let exit = sandbox.wait();
    broker.forget_open_entries();
    let ending = match ending {
        // The exit tells a crash from a frame that was cut by one.
        Ending::Misbehaved if exit.signal.is_some_and(|signal| signal != libc::SIGKILL) => Ending::Died,
        other => other,
    };
    Served {
        ending,
        tally: broker.tally,
        section: broker.service.section,
        exit,
        isolation: sandbox.isolation,
        in_force: broker.in_force,
    }
}

impl Broker<'_> {
    fn serve(&mut self, sandbox: &mut Sandbox) -> Ending {
        let (mut frame, mut bytes) = (Vec::new(), Vec::new());
        // Sent before a byte of the module is looked at, so this one frame is the sandbox's own word.
        match self.receive(sandbox, &mut frame) {
            Ok(Request::Ready(in_force)) => self.in_force = in_force,
            Ok(_) => return Ending::Misbehaved,
            Err(ending) => return ending,
        }
        if self.service.require_sandbox
            && let Some(lack) = self.in_force.lack()
        {
            let attempt = format!("cannot run the gatherer {} without a whole sandbox", self.service.name);
            return Ending::Failed(Failure::new(Class::Config, attempt, lack).advise(REQUIRE_SANDBOX_ADVICE));
        }
        loop {
            let call = match self.receive(sandbox, &mut frame) {
                Ok(Request::End(end)) => return Ending::Ended(end),
                Ok(Request::Ready(_)) => return Ending::Misbehaved,
                Ok(call) => call,
                Err(ending) => return ending,
            };
            bytes.clear();
            let value = match self.answer(call, &mut bytes) {
                Ok(value) => value,
                Err(Trouble::Status(status)) => {
                    bytes.clear();
                    i64::from(status.0)
                }
                Err(Trouble::Host(failure)) => return Ending::Failed(failure),
            };
            if let Err(error) = sandbox.channel.send_answer(value, &bytes) {
                return ending_of(&error);
            }
        }
    }

    /// The next frame, within the time that is left.
    fn receive(&self, sandbox: &mut Sandbox, frame: &mut Vec<u8>) -> Result<Request, Ending> {
        let left = self.service.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Ending::TimedOut);
        }
        let socket = sandbox.channel.socket();
        // Both fail only for a duration of zero.
        let _ = socket.set_read_timeout(Some(left));
        let _ = socket.set_write_timeout(Some(left));
        sandbox.channel.receive_frame(frame).map_err(|error| ending_of(&error))?;
        Request::decode(frame).ok_or(Ending::Misbehaved)
    }

    fn answer(&mut self, call: Request, bytes: &mut Vec<u8>) -> Result<i64, Trouble> {
        match self.service.admission.admit(call, self.open.has_room(), &mut self.tally) {
            Ok(admitted) => self.perform(admitted, bytes),
            Err(Refusal { status, reason }) => {
                self.tally.error(status, format!("refused: {reason}"), "");
                Err(status.into())
            }
        }
    }

    fn perform(&mut self, admitted: Admitted, bytes: &mut Vec<u8>) -> Result<i64, Trouble> {
        match admitted {
            Admitted::Ask(request, mask) => {
                let answer = Answer::ask(*request, mask, self.service.deadline, self.service.fetcher);
                self.opened(Open::Request(Box::new(answer)))
            }
            Admitted::Await(handle) => {
                let (answer, tally, _) = self.request(handle)?;
                Ok(i64::from(answer.status(tally)?))
            }
            Admitted::Read(handle, cap) => {
                let (answer, tally, _) = self.request(handle)?;
                answer.read(cap, bytes, tally)?;
                Ok(bytes.len() as i64)
            }
            Admitted::Next(handle, cap) => {
                let (answer, tally, fetcher) = self.request(handle)?;
                Ok(answer.next(cap, bytes, tally, fetcher)? as i64)
            }
            Admitted::CloseRequest(handle) => {
                self.request(handle)?;
                self.open.close(handle);
                Ok(0)
            }
            Admitted::Pipe(handle, name) => self.pipe(handle, &name),
            Admitted::OpenEntry(name) => {
                let path = format!("{}/{name}", self.service.name);
                let spool = self.service.section.spool(MAX_ENTRY_BYTES);
                self.opened(Open::Entry { path, spool })
            }
            Admitted::Write(handle, written) => {
                let Some(Open::Entry { spool, .. }) = self.open.get(handle) else {
                    return Err(Status::BAD_HANDLE.into());
                };
                if spool.len() + written.len() as u64 > MAX_ENTRY_BYTES {
                    return Err(Status::TOO_LARGE.into());
                }
                spool
                    .write_all(&written)
                    .map_err(|error| Trouble::Host(self.service.section.failure(&error)))?;
                Ok(written.len() as i64)
            }
            Admitted::CloseEntry(handle) => {
                let Some(Open::Entry { .. }) = self.open.get(handle) else {
                    return Err(Status::BAD_HANDLE.into());
                };
                let Some(Open::Entry { path, spool }) = self.open.close(handle) else {
                    return Err(Status::BAD_HANDLE.into());
                };
                self.add_spool(&path, spool)?;
                Ok(0)
            }
            Admitted::Log(level, text) => {
                self.service.observer.log(self.service.name, level, &text);
                match level.name() {
                    "warn" => self.tally.warn(text),
                    "error" => self.tally.error_line(text),
                    _ => {}
                }
                Ok(0)
            }
            Admitted::DropLog => Err(Status::OUT_OF_BUDGET.into()),
            Admitted::Param(name, cap) => {
                let (_, value) =
                    self.service.params.iter().find(|(known, _)| *known == name).ok_or(Status::ABSENT)?;
                if value.len() <= cap {
                    bytes.extend_from_slice(value.as_bytes());
                }
                Ok(value.len() as i64)
            }
            Admitted::Now => Ok(self.service.fetcher.source().now_millis()),
        }
    }

    fn opened(&mut self, open: Open) -> Result<i64, Trouble> {
        let Handle(handle) = self.open.open(open).ok_or(Status::OUT_OF_BUDGET)?;
        Ok(i64::from(handle))
    }

    fn request(&mut self, handle: Handle) -> Result<(&mut Answer, &mut Tally, &Fetcher), Status> {
        match self.open.get(handle) {
            Some(Open::Request(answer)) => Ok((answer, &mut self.tally, self.service.fetcher)),
            _ => Err(Status::BAD_HANDLE),
        }
    }

    /// Takes the answer out while it is piped, so that the archive can be written meanwhile.
    fn pipe(&mut self, handle: Handle, name: &str) -> Result<i64, Trouble> {
        self.request(handle)?;
        let Some(slot) = self.open.get(handle) else { return Err(Status::BAD_HANDLE.into()) };
        let Open::Request(mut answer) = std::mem::replace(slot, Open::Taken) else {
            return Err(Status::BAD_HANDLE.into());
        };
        let piped = self.pipe_answer(&mut answer, name);
        if let Some(slot) = self.open.get(handle) {
            *slot = Open::Request(answer);
        }
        piped
    }

    fn pipe_answer(&mut self, answer: &mut Answer, name: &str) -> Result<i64, Trouble> {
        if !answer.request().is_document() {
            return self.pipe_raw(answer, name);
        }
        let mut piped = 0;
        while let Some((bytes, identity)) = answer.next_document(&mut self.tally, self.service.fetcher)? {
            if !wagather_abi::manifest::is_object_name(&identity.name) {
                let reason =
                    format!("{}: an item has no name that a file could have", describe(answer.request()));
                self.tally.error(Status::BAD_ANSWER, reason, "");
                return Err(Status::BAD_ANSWER.into());
            }
            let request = answer.request();
            let namespace = Some(&*identity.namespace).filter(|namespace| !namespace.is_empty());
            if namespace.is_some_and(|namespace| !wagather_abi::manifest::is_name(namespace)) {
                let reason = format!(
                    "{}: an item has no namespace that a folder could have",
                    describe(answer.request())
                );
                self.tally.error(Status::BAD_ANSWER, reason, "");
                return Err(Status::BAD_ANSWER.into());
            }
            let plural = match &*request.subresource {
                "" => request.resource.clone(),
                subresource => format!("{}.{subresource}", request.resource),
            };
            let path = names::resource_path(&request.group, &plural, namespace, &identity.name);
            self.tally.entry(bytes.len() as u64).map_err(Trouble::Status)?;
            match self.service.section.add(&path, &bytes) {
                Ok(()) => {}
                // A list whose pages are of different times can bring an object again.
                Err(AddError::Exists) => self.tally.warn(format!("{path} came twice; the first is kept")),
                Err(AddError::Output(failure)) => return Err(Trouble::Host(failure)),
            }
            self.tally.items += 1;
            piped += 1;
        }
        Ok(piped)
    }

    fn pipe_raw(&mut self, answer: &mut Answer, name: &str) -> Result<i64, Trouble> {
        if !names::is_entry_name(name) {
            self.tally.error(
                Status::BAD_NAME,
                format!("'{}' is not a name for an entry", name.escape_default()),
                "",
            );
            return Err(Status::BAD_NAME.into());
        }
        let Some(mut body) = answer.raw_body(&mut self.tally)? else { return Err(Status::WRONG_MODE.into()) };
        let mut spool = self.service.section.spool(MAX_ENTRY_BYTES);
        let mut buffer = vec![0; 64 << 10];
        loop {
            let len = match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(len) => len,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(answer.body_failed(error, &mut self.tally).into()),
            };
            self.tally.received(len as u64);
            if spool.len() + len as u64 > MAX_ENTRY_BYTES {
                self.tally.error(Status::TOO_LARGE, format!("{name}: larger than an entry may be"), "");
                return Err(Status::TOO_LARGE.into());
            }
            spool
                .write_all(&buffer[..len])
                .map_err(|error| Trouble::Host(self.service.section.failure(&error)))?;
        }
        self.add_spool(&format!("{}/{name}", self.service.name), spool)?;
        Ok(1)
    }

    fn add_spool(&mut self, path: &str, spool: Spool) -> Result<(), Trouble> {
        self.tally.entry(spool.len()).map_err(Trouble::Status)?;
        match self.service.section.add_spool(path, spool) {
            Ok(()) => Ok(()),
            Err(AddError::Exists) => Err(Status::EXISTS.into()),
            Err(AddError::Output(failure)) => Err(Trouble::Host(failure)),
        }
    }

    fn forget_open_entries(&mut self) {
        let never_closed: Vec<String> = self
            .open
            .drain()
            .filter_map(|open| match open {
                Open::Entry { path, .. } => Some(path),
                Open::Request(_) | Open::Taken => None,
            })
            .collect();
        for path in never_closed {
            self.tally.warn(format!("{path} was never closed and is left out"));
        }
    }
}

/// A channel that failed: the deadline, or the sandbox's end.
fn ending_of(error: &io::Error) -> Ending {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Ending::TimedOut,
        io::ErrorKind::InvalidData => Ending::Misbehaved,
        _ => Ending::Died,
    }
}

/// What an ending means to the run: nothing, or who is to blame and why.
pub fn failure_of(name: &str, served: &Served) -> Option<Failure> {
    let attempt = format!("the gatherer {name} failed");
    let fail = |class, reason: String| Some(Failure::new(class, attempt.clone(), reason));
    match &served.ending {
        Ending::Ended(end) => match end.ending {
            crate::sandbox::channel::Ending::Returned(0) => None,
            crate::sandbox::channel::Ending::Returned(code) => {
                let status = Status(code);
                match served.tally.blame(status) {
                    Some(blame) => {
                        Some(Failure::new(blame.class, attempt, &blame.reason).advise(&blame.advice))
                    }
                    None if status.is_ok() => fail(Class::Gatherer, format!("it returned {code}")),
                    None => fail(Class::Gatherer, format!("it returned {code}: {status}")),
                }
            }
            crate::sandbox::channel::Ending::Trapped => {
                fail(Class::Gatherer, format!("it trapped: {}", end.text))
            }
            crate::sandbox::channel::Ending::Unusable => {
                Some(Failure::new(Class::Module, format!("the gatherer {name} cannot be used"), &end.text))
            }
        },
        Ending::TimedOut => Some(match served.tally.blame(Status::TIMED_OUT) {
            // It was the server that took the time.
            Some(blame) => {
                Failure::new(blame.class, attempt, &blame.reason).advise("give it more time with --timeout")
            }
            None => Failure::new(Class::Gatherer, attempt, "it was stopped at its deadline")
                .advise("give it more time with --timeout, or look for a loop in it"),
        }),
        Ending::Died => fail(
            Class::Gatherer,
            match served.exit.signal {
                Some(libc::SIGSYS) => {
                    "its process was ended because it tried a system call that a sandbox has not; the guest may have broken out of the engine".into()
                }
                Some(libc::SIGABRT) => {
                    "its sandbox gave up (signal 6): it ran out of memory or stack, or found a fault in itself".into()
                }
                Some(libc::SIGXCPU) => "its sandbox used up its time on the processor".into(),
                Some(signal) => {
                    format!("its sandbox was ended by signal {signal}; the engine could not run it")
                }
                None => "its sandbox ended without a word".into(),
            },
        ),
        Ending::Misbehaved => fail(
            Class::Gatherer,
            "its sandbox sent what is no frame that it may send; the guest may have broken out of the engine".into(),
        ),
        Ending::Failed(failure) => Some(failure.clone()),
    }
}
