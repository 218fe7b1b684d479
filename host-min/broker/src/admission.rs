//! The single check point: every call of a guest passes [`Admission::admit`] before the broker performs it.
//!
//! Admission decides and has no effects. What it returns is complete: the code that performs the call does not read the guest's words
//! again.

use super::answer::{self, Misfit};
use super::line;
use super::tally::Tally;
use wagather_abi::place::Wanted;
use wagather_abi::{Handle, LogLevel, Status};
use wagather_archive::names::is_entry_name;
use wagather_base::limits::MAX_AHEAD_BYTES;
use wagather_policy::canonical::{Canonical, Refusal};
use wagather_policy::grant::FieldPath;
use wagather_policy::rights::{Allowed, Rights, describe};
use wagather_sandbox::channel::Request;

/// A call that was let through.
#[derive(Debug)]
pub enum Admitted {
    /// Send a request, and show this much of the answer.
    Start(Box<Canonical>, Allowed),
    /// Wait for the head, and return its HTTP status.
    Status(Handle),
    /// Read at most this many bytes.
    Read(Handle, usize),
    /// Read an item, and prefetch as many as fit.
    Next(Handle, answer::Wanted),
    /// Record the newest item as missing.
    Reject(Handle, Misfit),
    /// Say whether a field is hidden.
    Hides(Handle, FieldPath),
    /// Close a request.
    CloseRequest(Handle),
    /// Pipe an answer. The name is for a raw body.
    Pipe(Handle, String),
    /// Open an entry.
    OpenEntry(String),
    /// Append to an entry.
    Write(Handle, Vec<u8>),
    /// Complete an entry.
    CloseEntry(Handle),
    /// Log a line.
    Log(LogLevel, String),
    /// Count a log line above the budget.
    DropLog,
    /// Look up a parameter.
    Param(String, usize),
    /// Return the time.
    Now,
}

/// The most bytes that one call returns. A guest with more room gets the rest with its next call.
const MAX_READ_BYTES: usize = 256 << 10;

/// Admits the calls of one gatherer.
pub struct Admission {
    rights: Rights,
}

impl Admission {
    /// Admits calls within these rights.
    pub fn new(rights: Rights) -> Admission {
        Admission { rights }
    }

    /// Judges a call. `room` says whether one more handle can be opened.
    pub fn admit(&self, call: Request, room: bool, tally: &mut Tally) -> Result<Admitted, Refusal> {
        let full = || {
            if room {
                Ok(())
            } else {
                Err(Refusal::new(Status::OUT_OF_BUDGET, "too many requests and entries are open at once"))
            }
        };
        Ok(match call {
            Request::RestStart(request) => {
                let mut request = Canonical::new(*request)?;
                let allowed = self.rights.admit(&mut request)?;
                full()?;
                tally.count_request().map_err(|spent| {
                    Refusal::new(Status::OUT_OF_BUDGET, format!("{}: {spent}", describe(&request)))
                })?;
                Admitted::Start(Box::new(request), allowed)
            }
            Request::RestStatus(handle) => Admitted::Status(Handle(handle)),
            Request::RestRead(handle, cap) => {
                Admitted::Read(Handle(handle), (cap as usize).min(MAX_READ_BYTES))
            }
            Request::RestNext(handle, cap, room) => {
                let room = (room as usize).min(MAX_AHEAD_BYTES);
                Admitted::Next(Handle(handle), answer::Wanted { cap: cap as usize, room, is_taken: true })
            }
            Request::RestNextAs(handle, most, room) => {
                let room = (room as usize).min(MAX_AHEAD_BYTES);
                Admitted::Next(Handle(handle), answer::Wanted { cap: most as usize, room, is_taken: false })
            }
            Request::RestReject(handle, at, wanted) => {
                Admitted::Reject(Handle(handle), Misfit { at, wanted: Wanted(wanted) })
            }
            Request::RestHides(handle, field) => {
                let field = text(field)?;
                let path = FieldPath::parse(&field).map_err(|why| {
                    let field = line::escaped(&field);
                    Refusal::new(Status::BAD_REQUEST, format!("'{field}' is not the path of a field: {why}"))
                })?;
                Admitted::Hides(Handle(handle), path)
            }
            Request::RestClose(handle) => Admitted::CloseRequest(Handle(handle)),
            Request::ArchivePipe(handle, name) => Admitted::Pipe(Handle(handle), text(name)?),
            Request::ArchiveOpen(name) => {
                let name = text(name)?;
                if !is_entry_name(&name) {
                    return Err(Refusal::new(
                        Status::BAD_NAME,
                        format!("'{}' is not a valid entry name", line::escaped(&name)),
                    ));
                }
                full()?;
                Admitted::OpenEntry(name)
            }
            Request::ArchiveWrite(handle, bytes) | Request::ArchiveWriteAs(handle, bytes) => {
                Admitted::Write(Handle(handle), bytes)
            }
            Request::ArchiveClose(handle) => Admitted::CloseEntry(Handle(handle)),
            Request::Log(level, text) => {
                if tally.count_log_line() {
                    Admitted::Log(level, line::of(&text))
                } else {
                    Admitted::DropLog
                }
            }
            Request::Param(name, cap) => {
                let name = text(name)?;
                if !self.rights.take_param(&name) {
                    let name = line::escaped(&name);
                    let reason = format!("the manifest does not declare the parameter '{name}'");
                    return Err(Refusal::new(Status::DENIED, reason));
                }
                Admitted::Param(name, cap as usize)
            }
            Request::Now => Admitted::Now,
            // The broker handles these before admission.
            Request::Ready(_) | Request::Taken(_) | Request::Runs(_) | Request::End(_) => {
                return Err(Refusal::new(Status::UNSUPPORTED, "a frame that is not a call"));
            }
        })
    }

    /// The rights by which it judges.
    pub fn rights(&self) -> &Rights {
        &self.rights
    }

    /// Whether any request to the server can be allowed.
    pub fn needs_a_server(&self) -> bool {
        self.rights.need_a_server()
    }
}

fn text(bytes: Vec<u8>) -> Result<String, Refusal> {
    String::from_utf8(bytes).map_err(|_| Refusal::new(Status::NOT_TEXT, "a name that is not UTF-8"))
}
