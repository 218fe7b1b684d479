//! Internal to host-min, without any promise of stability: the broker, which does for a guest what the guest may ask for.
//!
//! One loop per gatherer: a frame comes, [`admission`] judges it, `perform` does it, the answer goes back. The
//! broker is the only part that has both the guest's wishes and the means to fulfil them (the source, the
//! archive); it takes nothing from the sandbox on trust.
#![forbid(unsafe_code)]

pub mod admission;
mod answer;
pub mod audit;
pub mod blame;
pub mod budget;
mod ending;
mod fetch;
pub mod gaps;
mod handles;
mod held;
mod html;
pub mod line;
mod obfuscated;
mod observer;
mod pipe;
mod refusal;
pub mod tally;

use admission::{Admission, Admitted};
use answer::{Answer, Means};
use audit::{Audit, Decision, Verdict};
use budget::Budget;
use ending::ending_of;
pub use ending::{Ending, failure_of};
pub use fetch::{Fetcher, Fetchers, Pace};
use handles::Handles;
pub use held::part_of;
pub use obfuscated::too_many;
use observer::PATIENCE;
pub use observer::{Gauge, Observer, Phase, Progress, Silent};
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tally::Tally;
use wagather_abi::{Handle, Import, Status};
use wagather_archive::{Section, Spool};
use wagather_base::error::{Class, Failure};
use wagather_base::limits::{MAX_ENTRY_BYTES, MAX_SPOOLS_IN_MEMORY};
use wagather_base::stop;
use wagather_json::redact::Redactor;
use wagather_policy::canonical::Refusal;
use wagather_policy::rights::describe;
pub use wagather_policy::{canonical, rights as policy, uses};
use wagather_sandbox::channel::{self, End, Request, Took};
use wagather_sandbox::in_force::InForce;
use wagather_sandbox::process::{Exit, Sandbox};

/// What the broker needs to serve one gatherer.
pub struct Service<'a> {
    /// The gatherer's name.
    pub name: &'a str,
    /// What it may do.
    pub admission: Admission,
    /// Where its requests go.
    pub fetcher: Fetcher,
    /// Where its files go.
    pub section: Section,
    /// The parameters that it takes, and their values.
    pub params: Vec<(String, String)>,
    /// When it must have ended.
    pub deadline: Instant,
    /// How many items each page of a list has, if somebody chose that.
    pub chunk_items: Option<u32>,
    /// What it may use.
    pub budget: Budget,
    /// What is made unreadable for it.
    pub redactor: Arc<Redactor>,
    /// Where each decision is taken down.
    pub audit: Audit<'a>,
    /// How much linear memory it was given.
    pub memory_bytes: u64,
    /// Whether every mechanism must keep its sandbox in.
    pub require_sandbox: bool,
    /// Who is told what it logs.
    pub observer: &'a dyn Observer,
    /// What shows how far it is, if anybody watches.
    pub gauge: Option<Arc<Gauge>>,
}

/// What became of a gatherer.
pub struct Served {
    /// How it ended.
    pub ending: Ending,
    /// Its figures and lines.
    pub tally: Tally,
    /// Its files.
    pub section: Section,
    /// The decisions, as JSON lines.
    pub audit: Vec<u8>,
    /// How its process ended.
    pub exit: Exit,
    /// How it was kept apart.
    pub isolation: &'static str,
    /// What kept it in; nothing until it has said so.
    pub in_force: InForce,
}

struct Broker<'a> {
    service: Service<'a>,
    open: Handles<Open>,
    tally: Tally,
    in_force: InForce,
    /// The handle whose item is at hand, as it was the last answer.
    at_hand: Option<Handle>,
}

/// What a handle stands for.
enum Open {
    /// A request, or its answer.
    Request(Box<Answer>),
    /// An entry that is written.
    Entry { path: String, spool: Spool },
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
    "use a kernel that has the missing mechanisms, or omit --require-sandbox to run with the others";

/// Serves a gatherer until it ends, or until its deadline.
pub fn serve(sandbox: &mut Sandbox, service: Service<'_>) -> Served {
    let (open, tally) =
        (Handles::new(), Tally::new(service.budget.clone(), service.fetcher.account().clone()));
    let mut broker = Broker { service, open, tally, in_force: InForce::NONE, at_hand: None };
    let ending = broker.serve(sandbox);
    // Also one that has said its last word: it may stay, and nothing that it does now matters.
    sandbox.kill();
    let exit = sandbox.wait();
    broker.forget_what_is_open(&ending);
    broker.tally.tell_retries();
    broker.tally.tell_gaps();
    let ending = match ending {
        // Whatever failed meanwhile, it was because of that. A host that failed has more to tell.
        Ending::TimedOut | Ending::Died | Ending::Misbehaved if let Some(signal) = stop::asked() => {
            Ending::Stopped(signal)
        }
        // The exit tells a crash from a frame that was cut by one.
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
    }
}

impl Broker<'_> {
    fn serve(&mut self, sandbox: &mut Sandbox) -> Ending {
        let (mut frame, mut bytes) = (Vec::new(), Vec::new());
        sandbox.channel.set_deadline(self.service.deadline);
        if let Err(error) = sandbox.take_turn() {
            return ending_of(&error);
        }
        // Sent before a byte of the module is looked at, so this one frame is the sandbox's own word.
        match self.receive(sandbox, &mut frame) {
            Ok(Request::Ready(in_force)) => self.in_force = in_force,
            Ok(_) => return Ending::Misbehaved,
            Err(ending) => return ending,
        }
        if self.service.require_sandbox
            && let Some(lack) = self.in_force.lack()
        {
            let attempt = format!("cannot run the gatherer {} in a complete sandbox", self.service.name);
            return Ending::Failed(Failure::new(Class::Config, attempt, lack).advise(REQUIRE_SANDBOX_ADVICE));
        }
        loop {
            let call = match self.receive(sandbox, &mut frame) {
                Ok(Request::End(end)) => return Ending::Ended(self.believable(end)),
                Ok(Request::Ready(_)) => return Ending::Misbehaved,
                Ok(Request::Took(took)) => match self.took(took) {
                    Some(()) => continue,
                    None => return Ending::Misbehaved,
                },
                Ok(call) => call,
                Err(ending) => return ending,
            };
            // What was given last is still here, for a guest that rejects it.
            if !matches!(call, Request::RestReject(..)) {
                bytes.clear();
                self.at_hand = None;
            }
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

    /// Last words are the sandbox's own: they go to people and reports like any other line of it, and no guest has more memory
    /// than it was given.
    fn believable(&self, end: End) -> End {
        let memory_bytes = end.memory_bytes.min(self.service.memory_bytes);
        End { text: line::of(end.text.as_bytes()), memory_bytes, ..end }
    }

    /// The next frame.
    fn receive(&self, sandbox: &mut Sandbox, frame: &mut Vec<u8>) -> Result<Request, Ending> {
        // Also a guest that has asked for nothing yet can take its time.
        if let Some(gauge) = &self.service.gauge
            && !gauge.is_awake()
            && !sandbox.channel.begins_within(PATIENCE)
        {
            gauge.wake();
        }
        sandbox.channel.receive_frame(frame).map_err(|error| ending_of(&error))?;
        Request::decode(frame).ok_or(Ending::Misbehaved)
    }

    /// Judges a call, does what it may have done, and takes both down.
    fn answer(&mut self, mut call: Request, bytes: &mut Vec<u8>) -> Result<i64, Trouble> {
        let Some(import) = call.import() else { return Err(Status::UNSUPPORTED.into()) };
        let (named, brought) = call.handle_and_bytes();
        let began = Instant::now();
        let (archived, given) = (self.service.section.bytes(), self.tally.bytes_given);
        // What the call is on: its own words, or what its handle stands for, which a call that closes it forgets.
        let closes = matches!(import, Import::rest_close | Import::archive_close);
        let known = match named {
            None => Some(audit::words_of(&call)),
            Some(handle) if closes => Some(what_is(&mut self.open, handle)),
            Some(_) => None,
        };
        obfuscated::restore(self.service.redactor.obfuscator(), &mut call);
        let admitted = self.service.admission.admit(call, self.open.has_room(), &mut self.tally);
        let (verdict, reason, result) = match admitted {
            Ok(admitted) => (Verdict::Allowed, String::new(), self.perform(admitted, bytes)),
            Err(Refusal { status, reason }) => {
                self.tally.error(status, format!("refused: {reason}"), "");
                (Verdict::Denied, reason, Err(status.into()))
            }
        };
        // Before what came of it for the gatherer.
        for (what, status) in self.tally.take_asked() {
            self.service.audit.take_down(Decision::asked_in(named, status), || what);
        }
        let told = match &result {
            Ok(value) if import == Import::rest_status => i32::try_from(*value).unwrap_or(0),
            Ok(_) => 0,
            Err(Trouble::Status(status)) => status.0,
            Err(Trouble::Host(_)) => return result,
        };
        let opened = match (import, &result) {
            (Import::rest_start | Import::archive_open, Ok(handle)) => i32::try_from(*handle).ok(),
            _ => None,
        };
        let decision = Decision {
            import,
            handle: named.or(opened),
            verdict,
            reason: &reason,
            told,
            bytes: match import {
                Import::archive_pipe => self.service.section.bytes() - archived,
                // What is sent ahead is counted when it is taken.
                Import::rest_next | Import::rest_next_as => self.tally.bytes_given - given,
                _ => brought + bytes.len() as u64,
            },
            duration: began.elapsed(),
        };
        let open = &mut self.open;
        self.service.audit.take_down(decision, || {
            known.unwrap_or_else(|| named.map(|handle| what_is(open, handle)).unwrap_or_default())
        });
        if let (true, Some(handle), Ok(_)) = (closes, named, &result) {
            self.service.audit.closed(handle);
        }
        self.show();
        obfuscated::check(self.service.redactor.obfuscator())?;
        result
    }

    /// Shows whoever watches what was used by now.
    fn show(&self) {
        if let Some(gauge) = &self.service.gauge {
            gauge.called(self.tally.requests, self.tally.items);
        }
    }

    /// The guest took items that were sent ahead, with calls that nobody else saw. `None` if it cannot have.
    fn took(&mut self, took: Took) -> Option<()> {
        let Took { handle, decoded, calls, items } = took;
        if calls == 0 && items == 0 {
            return None;
        }
        let Some(Open::Request(answer)) = self.open.get(Handle(handle)) else { return None };
        let bytes = answer.took(items, &mut self.tally)?;
        // Before what came of it for the gatherer.
        for (what, status) in self.tally.take_asked() {
            self.service.audit.take_down(Decision::asked_in(Some(handle), status), || what);
        }
        let decision = Decision {
            import: if decoded { Import::rest_next_as } else { Import::rest_next },
            handle: Some(handle),
            verdict: Verdict::Allowed,
            reason: "",
            told: 0,
            bytes,
            duration: Duration::ZERO,
        };
        let open = &mut self.open;
        self.service.audit.take_down_more(calls, decision, || what_is(open, handle));
        self.show();
        Some(())
    }

    fn perform(&mut self, admitted: Admitted, bytes: &mut Vec<u8>) -> Result<i64, Trouble> {
        match admitted {
            Admitted::Ask(request, allowed) => {
                let Service { deadline, chunk_items, fetcher, .. } = &self.service;
                let tally = &mut self.tally;
                let answer = Answer::ask(*request, allowed, *deadline, *chunk_items, fetcher, tally);
                self.opened(Open::Request(Box::new(answer)))
            }
            Admitted::Await(handle) => {
                let (answer, mut means) = self.request(handle)?;
                Ok(i64::from(answer.status(&mut means)?))
            }
            Admitted::Read(handle, cap) => {
                let (answer, mut means) = self.request(handle)?;
                answer.read(cap, bytes, &mut means)?;
                Ok(bytes.len() as i64)
            }
            Admitted::Next(handle, wanted) => {
                let (answer, mut means) = self.request(handle)?;
                let len = answer.next(wanted, bytes, &mut means)? as i64;
                self.at_hand = Some(handle);
                Ok(len)
            }
            Admitted::Reject(handle, misfit) => {
                let mut item = std::mem::take(bytes);
                if self.at_hand != Some(handle) {
                    item.clear();
                }
                let (answer, mut means) = self.request(handle)?;
                answer.reject(&misfit, &item, &mut means)?;
                Ok(0)
            }
            Admitted::Hides(handle, field) => {
                let (answer, means) = self.request(handle)?;
                Ok(i64::from(answer.hides(&field, means.redactor)?))
            }
            Admitted::CloseRequest(handle) => {
                let (answer, mut means) = self.request(handle)?;
                answer.give_up(&mut means);
                self.open.close(handle);
                Ok(0)
            }
            Admitted::Pipe(handle, name) => self.pipe(handle, &name),
            Admitted::OpenEntry(name) => {
                let path = format!("{}/{name}", self.service.name);
                let mut spool = self.service.section.spool(MAX_ENTRY_BYTES);
                let open = self.open.iter().filter(|open| matches!(open, Open::Entry { .. })).count();
                if open >= MAX_SPOOLS_IN_MEMORY {
                    spool = spool.on_disk();
                }
                self.opened(Open::Entry { path, spool })
            }
            Admitted::Write(handle, written) => {
                let Some(Open::Entry { spool, .. }) = self.open.get(handle) else {
                    return Err(Status::BAD_HANDLE.into());
                };
                if spool.len() + written.len() as u64 > MAX_ENTRY_BYTES {
                    return Err(Status::TOO_LARGE.into());
                }
                self.tally.open_more(written.len() as u64)?;
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
                self.tally.open_less(spool.len());
                self.add_spool(&path, spool)?;
                Ok(0)
            }
            Admitted::Log(level, text) => {
                let text = self.service.redactor.obfuscated(text);
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

    fn request(&mut self, handle: Handle) -> Result<(&mut Answer, Means<'_>), Status> {
        match self.open.get(handle) {
            Some(Open::Request(answer)) => {
                if let Some(gauge) = &self.service.gauge {
                    gauge.turn_to(handle.0, || self.service.redactor.obfuscated(describe(answer.request())));
                }
                let Service { fetcher, redactor, .. } = &self.service;
                Ok((answer, Means { tally: &mut self.tally, fetcher, redactor }))
            }
            _ => Err(Status::BAD_HANDLE),
        }
    }

    fn means(&mut self) -> Means<'_> {
        Means { tally: &mut self.tally, fetcher: &self.service.fetcher, redactor: &self.service.redactor }
    }

    /// What the gatherer left open: an entry that was never closed is not in the archive, and an answer that it was stopped in
    /// the middle of is told.
    fn forget_what_is_open(&mut self, ending: &Ending) {
        let stopped = !matches!(ending, Ending::Ended(_));
        for open in self.open.drain().collect::<Vec<_>>() {
            match open {
                Open::Entry { path, .. } => {
                    self.tally.warn(format!("{path} was never closed, so it is left out"));
                }
                Open::Request(answer) if stopped => {
                    if let Some(unfinished) = answer.unfinished() {
                        self.tally.error_line(format!("cut short: {unfinished}"));
                    }
                }
                Open::Request(mut answer) => answer.give_up(&mut self.means()),
                Open::Taken => {}
            }
        }
    }
}

/// What a handle stands for, in words.
fn what_is(open: &mut Handles<Open>, handle: i32) -> String {
    match open.get(Handle(handle)) {
        Some(Open::Request(answer)) => describe(answer.request()),
        Some(Open::Entry { path, .. }) => path.clone(),
        Some(Open::Taken) | None => String::new(),
    }
}
