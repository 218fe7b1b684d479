//! The loop of one gatherer: frames in, results out.

use super::answer::{Answer, Context, Discovered, Finder};
use super::audit::{self, Decision, Verdict};
use super::ending::{Ending, Served, ending_of};
use super::handles::Handles;
use super::observer::WAKE_DELAY;
use super::service::Service;
use super::tally::Tally;
use super::{line, obfuscated};
use std::fmt;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};
use wagather_abi::{Handle, Import, Status};
use wagather_archive::Spool;
use wagather_base::error::{Class, Failure};
use wagather_base::{peer, stop};
use wagather_policy::canonical::Refusal;
use wagather_sandbox::channel::{self, Call, End, Message, Taken};
use wagather_sandbox::engine::Kind;
use wagather_sandbox::in_force::InForce;
use wagather_sandbox::process::Sandbox;

/// Serves one gatherer.
pub(super) struct Broker<'a> {
    pub(super) service: Service<'a>,
    pub(super) deadline: Instant,
    pub(super) open: Handles<Open>,
    pub(super) tally: Tally,
    in_force: InForce,
    engine: Option<Kind>,
    /// The handle whose item was the newest result.
    pub(super) newest_item: Option<Handle>,
    /// What the cluster has, as far as requests needed it.
    pub(super) discovered: Discovered,
}

/// What a handle stands for.
pub(super) enum Open {
    /// A request, or its answer.
    Request(Box<Answer>),
    /// An entry that is being written.
    Entry { path: String, spool: Spool },
    /// A request that is being piped.
    Piping,
}

/// Why a call has no value.
#[derive(Debug)]
pub(super) enum CallError {
    /// The guest gets a status.
    Status(Status),
    /// The run ends.
    Host(Failure),
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallError::Status(status) => write!(f, "the call returns {status}"),
            CallError::Host(_) => f.write_str("the host failed"),
        }
    }
}

impl std::error::Error for CallError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            CallError::Status(_) => None,
            CallError::Host(failure) => Some(failure),
        }
    }
}

impl From<Status> for CallError {
    fn from(status: Status) -> Self {
        CallError::Status(status)
    }
}

const REQUIRE_SANDBOX_ADVICE: &str =
    "use a kernel that has the missing mechanisms, or omit --require-sandbox to run with the others";

/// Serves a gatherer until it ends, at the latest at the deadline.
pub fn serve(sandbox: &mut Sandbox, service: Service<'_>, deadline: Instant) -> Served {
    let (open, tally) =
        (Handles::new(), Tally::new(service.settings.budget.clone(), service.fetcher.account().clone()));
    let mut broker = Broker {
        service,
        deadline,
        open,
        tally,
        in_force: InForce::NONE,
        engine: None,
        newest_item: None,
        discovered: Discovered::default(),
    };
    let ending = broker.serve(sandbox);
    // A sandbox that said it ended may still run. Nothing it does from here on matters.
    sandbox.kill();
    let exit = sandbox.wait();
    broker.close_handles(&ending);
    broker.tally.report_retries();
    broker.tally.report_gaps();
    let ending = match ending {
        // The signal caused these endings. If the host failed, that failure is reported instead.
        Ending::TimedOut | Ending::Died | Ending::Misbehaved if let Some(signal) = stop::asked() => {
            Ending::Stopped(signal)
        }
        // A crash can cut a frame. The exit shows which it was.
        Ending::Misbehaved if exit.signal.is_some_and(|signal| signal != libc::SIGKILL) => Ending::Died,
        other => other,
    };
    let Service { section, audit, gauge, .. } = broker.service;
    if let Some(gauge) = gauge {
        let has_returned = matches!(&ending, Ending::Ended(End { ending: channel::Ending::Returned(0), .. }));
        gauge.end(has_returned && broker.tally.gaps.broken().is_none());
    }
    Served {
        ending,
        tally: broker.tally,
        section,
        audit: audit.finish(),
        exit,
        isolation: sandbox.isolation,
        in_force: broker.in_force,
        engine: broker.engine,
    }
}

impl Broker<'_> {
    fn serve(&mut self, sandbox: &mut Sandbox) -> Ending {
        let (mut frame, mut bytes) = (Vec::new(), Vec::new());
        sandbox.channel.set_deadline(self.deadline);
        if let Err(error) = sandbox.release() {
            return ending_of(&error);
        }
        // The sandbox sends this frame before it reads a byte of the module, so the guest cannot have influenced it.
        self.in_force = match sandbox.ready {
            Some(in_force) => in_force,
            None => match self.receive(sandbox, &mut frame) {
                Ok(Message::Ready(in_force)) => in_force,
                Ok(_) => return Ending::Misbehaved,
                Err(ending) => return ending,
            },
        };
        self.engine = sandbox.runs;
        if self.service.settings.require_sandbox
            && let Some(missing) = self.in_force.missing()
        {
            let attempt = format!("cannot run the gatherer {} in a complete sandbox", self.service.name);
            let failure = Failure::new(Class::Config, attempt, missing);
            return Ending::Failed(failure.advise(REQUIRE_SANDBOX_ADVICE));
        }
        // While this thread waits for a server, it does not read the channel, whose end would tell it.
        let _working = peer::work_for(sandbox.channel.socket().as_fd());
        loop {
            let call = match self.receive(sandbox, &mut frame) {
                Ok(Message::End(end)) => return Ending::Ended(self.checked(end)),
                Ok(Message::Runs(kind)) if self.engine.is_none() => {
                    self.engine = Some(kind);
                    continue;
                }
                Ok(Message::Ready(_) | Message::Prepared | Message::Runs(_)) => return Ending::Misbehaved,
                Ok(Message::Taken(taken)) => match self.taken(taken) {
                    Some(()) => continue,
                    None => return Ending::Misbehaved,
                },
                Ok(Message::Call(call)) => call,
                Err(ending) => return ending,
            };
            // Keep the newest item for a guest that rejects it.
            if !matches!(call, Call::rest_reject { .. }) {
                bytes.clear();
                self.newest_item = None;
            }
            let value = match self.call(call, &mut bytes) {
                Ok(value) => value,
                Err(CallError::Status(status)) => {
                    bytes.clear();
                    i64::from(status.0)
                }
                Err(CallError::Host(failure)) => return Ending::Failed(failure),
            };
            if let Err(error) = sandbox.channel.send_answer(value, &bytes) {
                return ending_of(&error);
            }
        }
    }

    /// The sandbox's account of the end, made safe to show. No guest can have more memory than it was given.
    fn checked(&self, end: End) -> End {
        let memory_bytes = end.memory_bytes.min(self.service.settings.memory_bytes);
        End { text: line::of(end.text.as_bytes()), memory_bytes, ..end }
    }

    /// Receives the next message.
    fn receive(&self, sandbox: &mut Sandbox, frame: &mut Vec<u8>) -> Result<Message, Ending> {
        // A guest can take its time before its first request, too.
        if let Some(gauge) = &self.service.gauge
            && !gauge.is_awake()
            && !sandbox.channel.begins_within(WAKE_DELAY)
        {
            gauge.wake();
        }
        sandbox.channel.receive_frame(frame).map_err(|error| ending_of(&error))?;
        Message::decode(frame).ok_or(Ending::Misbehaved)
    }

    /// Judges a call, performs it if it is allowed, and records both in the audit.
    fn call(&mut self, mut call: Call, bytes: &mut Vec<u8>) -> Result<i64, CallError> {
        let import = call.import();
        let (handle, bytes_in) = (call.handle(), audit::content_of(&call).len() as u64);
        let began = Instant::now();
        let (archived, given) = (self.service.section.bytes(), self.tally.bytes_given);
        // The subject of the call: its own words, or what its handle stands for. After a close, the handle stands for nothing.
        let closes = matches!(import, Import::rest_close | Import::archive_close);
        let known_subject = match handle {
            None => Some(audit::subject_of(&call)),
            Some(handle) if closes => Some(describe_handle(&mut self.open, handle)),
            Some(_) => None,
        };
        obfuscated::restore(self.service.settings.redactor.obfuscator(), &mut call);
        let admitted = self.service.admission.admit(call, self.open.has_room(), &mut self.tally);
        let (verdict, reason, result) = match admitted {
            Ok(admitted) => (Verdict::Allowed, String::new(), self.perform(admitted, bytes)),
            Err(Refusal { status, reason }) => {
                self.tally.denials += 1;
                self.tally.error(status, format!("refused: {reason}"), "");
                (Verdict::Denied, reason, Err(status.into()))
            }
        };
        self.record_namespaces(handle);
        let returned = match &result {
            Ok(value) if import == Import::rest_status => i32::try_from(*value).unwrap_or(0),
            Ok(_) => 0,
            Err(CallError::Status(status)) => status.0,
            Err(CallError::Host(_)) => return result,
        };
        let opened = match (import, &result) {
            (Import::rest_start | Import::archive_open, Ok(handle)) => i32::try_from(*handle).ok(),
            _ => None,
        };
        let decision = Decision {
            import,
            handle: handle.or(opened),
            verdict,
            reason: &reason,
            returned,
            bytes: match import {
                Import::archive_pipe => self.service.section.bytes() - archived,
                // Prefetched items are counted when the guest takes them.
                Import::rest_next | Import::rest_next_as => self.tally.bytes_given - given,
                _ => bytes_in + bytes.len() as u64,
            },
            duration: began.elapsed(),
        };
        let open = &mut self.open;
        self.service.audit.record(decision, || {
            known_subject
                .unwrap_or_else(|| handle.map(|handle| describe_handle(open, handle)).unwrap_or_default())
        });
        if let (true, Some(handle), Ok(_)) = (closes, handle, &result) {
            self.service.audit.closed(handle);
        }
        self.update_gauge();
        obfuscated::check(self.service.settings.redactor.obfuscator()).map_err(CallError::Host)?;
        result
    }

    /// Records the lists of single namespaces that a call requested. They come before the call itself.
    fn record_namespaces(&mut self, handle: Option<i32>) {
        for (subject, status) in self.tally.take_namespaces() {
            self.service.audit.record(Decision::requested_in(handle, status), || subject);
        }
    }

    pub(super) fn update_gauge(&self) {
        if let Some(gauge) = &self.service.gauge {
            gauge.update(self.tally.requests, self.tally.items);
        }
    }

    /// Records calls that the guest's side answered from prefetched items. `None` if there were no such items.
    fn taken(&mut self, taken: Taken) -> Option<()> {
        let Taken { handle, decoded, calls, items } = taken;
        if calls == 0 && items == 0 {
            return None;
        }
        let Some(Open::Request(answer)) = self.open.get(Handle(handle)) else { return None };
        let bytes = answer.taken(items, &mut self.tally)?;
        self.record_namespaces(Some(handle));
        let decision = Decision {
            import: if decoded { Import::rest_next_as } else { Import::rest_next },
            handle: Some(handle),
            verdict: Verdict::Allowed,
            reason: "",
            returned: 0,
            bytes,
            duration: Duration::ZERO,
        };
        let open = &mut self.open;
        self.service.audit.record_calls(calls, decision, || describe_handle(open, handle));
        self.update_gauge();
        Some(())
    }

    pub(super) fn context(&mut self) -> Context<'_> {
        let Service { fetcher, settings, admission, .. } = &self.service;
        let finder = Finder {
            rights: admission.rights(),
            discovered: &mut self.discovered,
            deadline: self.deadline,
            chunk_items: settings.chunk_items,
        };
        let redactor = &settings.redactor;
        Context { tally: &mut self.tally, fetcher, redactor, finder: Some(finder) }
    }

    /// Closes what the gatherer left open. An entry that was never closed is left out of the archive. If the gatherer was stopped, the report
    /// says how far each answer was read.
    fn close_handles(&mut self, ending: &Ending) {
        let was_stopped = !matches!(ending, Ending::Ended(_));
        for open in self.open.drain().collect::<Vec<_>>() {
            match open {
                Open::Entry { path, .. } => {
                    self.tally.warn(format!("{path} was never closed, so it is left out"));
                }
                Open::Request(answer) if was_stopped => {
                    if let Some(unfinished) = answer.unfinished() {
                        self.tally.error_line(format!("cut short: {unfinished}"));
                    }
                }
                Open::Request(mut answer) => answer.close(&mut self.context()),
                Open::Piping => {}
            }
        }
    }
}

/// What a handle stands for, in words.
fn describe_handle(open: &mut Handles<Open>, handle: i32) -> String {
    match open.get(Handle(handle)) {
        Some(Open::Request(answer)) => answer.describe(),
        Some(Open::Entry { path, .. }) => path.clone(),
        Some(Open::Piping) | None => String::new(),
    }
}
