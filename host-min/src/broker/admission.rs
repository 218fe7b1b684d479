//! The one choke point: every call of a guest passes [`Admission::admit`] before anything is done for it.
//!
//! Admission decides and does nothing else. What it lets through is complete: the broker that performs it does not
//! look at the guest's words again.

use super::canonical::{Canonical, Refusal};
use super::policy::{Rights, describe};
use super::tally::Tally;
use crate::archive::names::is_entry_name;
use crate::project::Node;
use crate::sandbox::channel::Request;
use wagather_abi::limits::MAX_LOG_LINE_BYTES;
use wagather_abi::{Handle, LogLevel, Status};

/// A call that was let through.
#[derive(Debug)]
pub enum Admitted {
    /// Send this request; of the answer, these fields may be seen.
    Ask(Box<Canonical>, Node),
    /// Wait for the head.
    Await(Handle),
    /// Read bytes, so many at most.
    Read(Handle, usize),
    /// Read an item, if it has so many bytes at most.
    Next(Handle, usize),
    /// Close a request.
    CloseRequest(Handle),
    /// Pipe; the name is for raw bodies.
    Pipe(Handle, String),
    /// Open an entry.
    OpenEntry(String),
    /// Append to an entry.
    Write(Handle, Vec<u8>),
    /// Complete an entry.
    CloseEntry(Handle),
    /// Log a line.
    Log(LogLevel, String),
    /// Count a log line that is one too many.
    DropLog,
    /// Look a parameter up.
    Param(String, usize),
    /// Tell the time.
    Now,
}

/// The most that one answer carries; a guest that offers more room gets the rest with its next call.
const MAX_READ_BYTES: usize = 256 << 10;

/// Admits the calls of one gatherer.
pub struct Admission {
    rights: Rights,
}

impl Admission {
    /// Admits what these rights allow.
    pub fn new(rights: Rights) -> Admission {
        Admission { rights }
    }

    /// Judges a call. `room` tells whether one more handle can be open.
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
                let request = Canonical::new(*request)?;
                let mask = self.rights.judge(&request)?;
                full()?;
                tally.request().map_err(|status| {
                    Refusal::new(status, format!("{}: the run's requests are used up", describe(&request)))
                })?;
                Admitted::Ask(Box::new(request), mask)
            }
            Request::RestStatus(handle) => Admitted::Await(Handle(handle)),
            Request::RestRead(handle, cap) => {
                Admitted::Read(Handle(handle), (cap as usize).min(MAX_READ_BYTES))
            }
            Request::RestNext(handle, cap) => Admitted::Next(Handle(handle), cap as usize),
            Request::RestClose(handle) => Admitted::CloseRequest(Handle(handle)),
            Request::ArchivePipe(handle, name) => Admitted::Pipe(Handle(handle), text(name)?),
            Request::ArchiveOpen(name) => {
                let name = text(name)?;
                if !is_entry_name(&name) {
                    return Err(Refusal::new(
                        Status::BAD_NAME,
                        format!("'{}' is not a name for an entry", name.escape_default()),
                    ));
                }
                full()?;
                Admitted::OpenEntry(name)
            }
            Request::ArchiveWrite(handle, bytes) => Admitted::Write(Handle(handle), bytes),
            Request::ArchiveClose(handle) => Admitted::CloseEntry(Handle(handle)),
            Request::Log(level, line) => {
                if tally.log_line() {
                    Admitted::Log(level, log_text(&line))
                } else {
                    Admitted::DropLog
                }
            }
            Request::Param(name, cap) => Admitted::Param(text(name)?, cap as usize),
            Request::Now => Admitted::Now,
            // The broker takes the first and the last frame before it asks for admission.
            Request::Ready(_) | Request::End(_) => {
                return Err(Refusal::new(Status::UNSUPPORTED, "a frame that is no call"));
            }
        })
    }

    /// Whether anything may be asked of the server.
    pub fn needs_a_server(&self) -> bool {
        self.rights.need_a_server()
    }
}

fn text(bytes: Vec<u8>) -> Result<String, Refusal> {
    String::from_utf8(bytes).map_err(|_| Refusal::new(Status::NOT_TEXT, "a name that is not UTF-8"))
}

/// A log line as it may be shown on a terminal: one line, no control characters, not too long.
fn log_text(line: &[u8]) -> String {
    let cut = line.len() > MAX_LOG_LINE_BYTES;
    let line = String::from_utf8_lossy(&line[..line.len().min(MAX_LOG_LINE_BYTES)]);
    let mut text: String =
        line.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect();
    if cut {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_lines_cannot_play_with_a_terminal() {
        assert_eq!(log_text(b"a\x1b[2Jb\nc\xff"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}");
        assert_eq!(log_text(&[b'x'; MAX_LOG_LINE_BYTES + 1]).chars().count(), MAX_LOG_LINE_BYTES + 1);
        assert!(log_text(&[b'x'; MAX_LOG_LINE_BYTES + 1]).ends_with('…'));
    }
}
