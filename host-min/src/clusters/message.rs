//! What a cluster's process tells: one line of JSON each, over a pipe of its own.
//!
//! The process is ours and not hostile, but it may have been ended in the middle of a line, or worse. So each line is read
//! for itself, none may be longer than it can be, and what cannot be read is told.

use super::index::{ArchiveFacts, Reason, Sums};
use serde::{Deserialize, Serialize};
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use wagather_abi::LogLevel;

use crate::broker::Observer;

/// The longest line: an end with the failures of as many gatherers as there can be is far below.
const MAX_LINE_BYTES: usize = 4 << 20;

/// What is told.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Message {
    /// A gatherer logged a line.
    Log {
        /// Which one.
        gatherer: String,
        /// The number of a [`LogLevel`].
        level: i32,
        /// The line.
        text: String,
    },
    /// The run is over, and this came of it.
    Over(Over),
}

/// What came of a cluster's run.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Over {
    pub(super) complete: bool,
    pub(super) archive: Option<ArchiveFacts>,
    pub(super) failures: Vec<Reason>,
    pub(super) warnings: Vec<String>,
    pub(super) gatherers: Vec<Sums>,
}

/// The process's end.
pub(super) struct Teller<W>(Mutex<W>);

impl<W: Write> Teller<W> {
    pub(super) fn new(to: W) -> Teller<W> {
        Teller(Mutex::new(to))
    }

    /// Tells it. If nobody hears it any more, this process is about to be ended.
    pub(super) fn tell(&self, message: &Message) {
        let mut line = serde_json::to_vec(message).unwrap_or_default();
        line.push(b'\n');
        let _ = self.0.lock().unwrap_or_else(PoisonError::into_inner).write_all(&line);
    }
}

impl<W: Write + Send> Observer for Teller<W> {
    fn log(&self, gatherer: &str, level: LogLevel, text: &str) {
        self.tell(&Message::Log { gatherer: gatherer.into(), level: level.0, text: text.into() });
    }
}

/// Lines of a pipe that comes in pieces.
#[derive(Default)]
pub(super) struct Lines {
    begun: Vec<u8>,
    /// Where to go on looking for an end.
    looked_at: usize,
}

impl Lines {
    /// A piece more.
    pub(super) fn add(&mut self, piece: &[u8]) {
        self.begun.extend_from_slice(piece);
    }

    /// The next whole line, without its end.
    ///
    /// # Errors
    /// If it is longer than a line may be.
    pub(super) fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some(end) = memchr::memchr(b'\n', &self.begun[self.looked_at..]) else {
            self.looked_at = self.begun.len();
            if self.begun.len() > MAX_LINE_BYTES {
                self.begun = Vec::new();
                self.looked_at = 0;
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a line above the limit for lines"));
            }
            return Ok(None);
        };
        let rest = self.begun.split_off(self.looked_at + end + 1);
        let mut line = std::mem::replace(&mut self.begun, rest);
        line.pop();
        self.looked_at = 0;
        Ok(Some(line))
    }

    /// What is there of a line that has no end.
    pub(super) fn rest(&mut self) -> Option<Vec<u8>> {
        self.looked_at = 0;
        Some(std::mem::take(&mut self.begun)).filter(|rest| !rest.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_arrive_in_whatever_pieces() {
        let over = Over {
            complete: false,
            archive: Some(ArchiveFacts { file: "a.tar.gz".into(), bytes: 7, sha256: "00".into() }),
            failures: vec![Reason {
                exit_code: 5,
                attempt: "cannot\nask".into(),
                reason: "\u{1f980}".into(),
                advice: String::new(),
            }],
            warnings: vec!["odd".into()],
            gatherers: Vec::new(),
        };
        let messages = [
            Message::Log { gatherer: "pods".into(), level: LogLevel::WARN.0, text: "\"quoted\"\\ ä".into() },
            Message::Over(over),
        ];
        let teller = Teller::new(Vec::new());
        messages.iter().for_each(|message| teller.tell(message));
        let bytes = teller.0.into_inner().expect("no panic");
        for piece in [1, 2, 7, bytes.len()] {
            let (mut lines, mut heard) = (Lines::default(), Vec::new());
            for piece in bytes.chunks(piece) {
                lines.add(piece);
                while let Some(line) = lines.next().expect("short lines") {
                    heard.push(serde_json::from_slice::<Message>(&line).expect("a message"));
                }
            }
            assert_eq!(heard, messages);
            assert_eq!(lines.rest(), None);
        }
    }

    #[test]
    fn a_line_without_an_end_is_bounded_and_a_rest_is_kept() {
        let mut lines = Lines::default();
        lines.add(b"one\ntw");
        assert_eq!(lines.next().expect("a line").as_deref(), Some(&b"one"[..]));
        assert_eq!(lines.next().expect("no line"), None);
        assert_eq!(lines.rest().as_deref(), Some(&b"tw"[..]));
        for _ in 0..=MAX_LINE_BYTES >> 20 {
            lines.add(&[b'x'; 1 << 20]);
        }
        assert!(lines.next().is_err());
        assert_eq!(lines.next().expect("it goes on"), None);
    }
}
