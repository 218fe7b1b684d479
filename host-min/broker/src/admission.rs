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
use wagather_base::limits::MAX_PREFETCH_BYTES;
use wagather_policy::canonical::{Canonical, Refusal};
use wagather_policy::grant::FieldPath;
use wagather_policy::rights::{Allowed, Rights, describe};
use wagather_sandbox::channel::{Call, Room, Unsent};

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
    pub fn admit(&self, call: Call, room: bool, tally: &mut Tally) -> Result<Admitted, Refusal> {
        let full = || {
            if room {
                Ok(())
            } else {
                Err(Refusal::new(Status::OUT_OF_BUDGET, "too many requests and entries are open at once"))
            }
        };
        Ok(match call {
            Call::rest_start { request } => {
                let mut request = Canonical::new(*request)?;
                let allowed = self.rights.admit(&mut request)?;
                full()?;
                // What discovery has to explain is counted when it is sent.
                if !needs_discovery(&request, &allowed) {
                    tally.count_request().map_err(|spent| {
                        Refusal::new(Status::OUT_OF_BUDGET, format!("{}: {spent}", describe(&request)))
                    })?;
                }
                Admitted::Start(Box::new(request), allowed)
            }
            Call::rest_status { handle } => Admitted::Status(Handle(handle)),
            Call::rest_read { handle, buffer } => {
                Admitted::Read(Handle(handle), (buffer.bytes as usize).min(MAX_READ_BYTES))
            }
            Call::rest_next { handle, buffer } => Admitted::Next(Handle(handle), wanted(buffer, true)),
            Call::rest_next_as { handle, shape: Unsent, arena } => {
                Admitted::Next(Handle(handle), wanted(arena, false))
            }
            Call::rest_reject { handle, at, wanted } => {
                Admitted::Reject(Handle(handle), Misfit { at, wanted: Wanted(wanted) })
            }
            Call::rest_hides { handle, field } => {
                let field = text(field)?;
                let path = FieldPath::parse(&field).map_err(|why| {
                    let field = line::escaped(&field);
                    Refusal::new(Status::BAD_REQUEST, format!("'{field}' is not the path of a field: {why}"))
                })?;
                Admitted::Hides(Handle(handle), path)
            }
            Call::rest_close { handle } => Admitted::CloseRequest(Handle(handle)),
            Call::archive_pipe { handle, name } => Admitted::Pipe(Handle(handle), text(name)?),
            Call::archive_open { name } => {
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
            Call::archive_write { handle, bytes }
            | Call::archive_write_as { handle, shape: Unsent, from: bytes, before: _ } => {
                Admitted::Write(Handle(handle), bytes)
            }
            Call::archive_close { handle } => Admitted::CloseEntry(Handle(handle)),
            Call::log { level, text } | Call::log_as { level, shape: Unsent, from: text } => {
                if tally.count_log_line() {
                    Admitted::Log(LogLevel(level), line::of(&text))
                } else {
                    Admitted::DropLog
                }
            }
            Call::param { name, buffer } => {
                let name = text(name)?;
                if !self.rights.take_param(&name) {
                    let name = line::escaped(&name);
                    let reason = format!("the manifest does not declare the parameter '{name}'");
                    return Err(Refusal::new(Status::DENIED, reason));
                }
                Admitted::Param(name, buffer.bytes as usize)
            }
            Call::json_read_as { text, .. } => match text {},
            Call::now {} => Admitted::Now,
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

/// Whether the server's discovery has to say what a request means, or whether the resource is one that wildcards cover.
pub(super) fn needs_discovery(request: &Canonical, allowed: &Allowed) -> bool {
    request.needs_discovery() || allowed.by_wildcard
}

/// What the guest wants of a list. `is_taken` says whether the guest takes the item as it comes.
fn wanted(room: Room, is_taken: bool) -> answer::Wanted {
    answer::Wanted { cap: room.bytes as usize, room: (room.ahead as usize).min(MAX_PREFETCH_BYTES), is_taken }
}

fn text(bytes: Vec<u8>) -> Result<String, Refusal> {
    String::from_utf8(bytes).map_err(|_| Refusal::new(Status::NOT_TEXT, "a name that is not UTF-8"))
}
