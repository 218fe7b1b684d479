//! Messages from a cluster's process, over a pipe of its own: frames of a length (`u32`, little-endian), a tag and values.
//!
//! The process is not hostile, but it can die in the middle of a frame, or be corrupted. So the length of a frame is limited, and an invalid
//! frame is reported.

use super::index::{ArchiveFacts, Line, LineKind, Reason, Sums};
use crate::codec::{Codec, codec};
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use wagather_abi::LogLevel;
use wagather_base::error::Failure;
use wagather_broker::Progress;
use wagather_broker::findings::{Counts, Severity};

/// The longest frame or line. A result with failures of the most gatherers is far below.
const MAX_BYTES: usize = 4 << 20;

/// A message.
#[derive(Debug, PartialEq)]
pub(super) enum Message {
    /// A gatherer logged a line.
    Log {
        /// The gatherer.
        gatherer: String,
        /// The level.
        level: LogLevel,
        /// The line.
        text: String,
    },
    /// The progress of a gatherer.
    Progress {
        /// Its index, in the order of the command line.
        gatherer: u64,
        /// Its progress.
        progress: Progress,
    },
    /// A line of the report, after the run ended. All lines together may be longer than a frame.
    Line(Line),
    /// The result, after the run ended.
    Ended(Ended),
}

/// The result of a cluster's run.
#[derive(Debug, PartialEq)]
pub(super) struct Ended {
    pub(super) complete: bool,
    pub(super) archive: Option<ArchiveFacts>,
    pub(super) failures: Vec<Reason>,
    pub(super) warnings: Vec<String>,
    pub(super) gatherers: Vec<Sums>,
}

impl Ended {
    /// The result of a run that failed before there was an archive.
    pub(super) fn failed(failure: &Failure) -> Ended {
        Ended {
            complete: false,
            archive: None,
            failures: vec![Reason::of(failure)],
            warnings: Vec::new(),
            gatherers: Vec::new(),
        }
    }
}

impl Codec for Failure {
    fn encode(&self, to: &mut Vec<u8>) {
        Reason::of(self).encode(to);
    }
    fn decode(from: &mut &[u8]) -> Option<Failure> {
        Reason::decode(from).map(Reason::into_failure)
    }
}

/// The kinds of lines, by their numbers.
const KINDS: [LineKind; 5] = [
    LineKind::Error,
    LineKind::Warning,
    LineKind::Finding(Severity::Error),
    LineKind::Finding(Severity::Warning),
    LineKind::Finding(Severity::Info),
];

impl Codec for LineKind {
    fn encode(&self, to: &mut Vec<u8>) {
        let number = KINDS.iter().position(|kind| kind == self).unwrap_or_default();
        (number as u8).encode(to);
    }
    fn decode(from: &mut &[u8]) -> Option<LineKind> {
        KINDS.get(usize::from(u8::decode(from)?)).copied()
    }
}

codec! {
    ArchiveFacts { file, bytes, sha256 }
    Counts { error, warning, info }
    Line { gatherer, kind, text }
    Reason { exit_code, attempt, reason, more, advice }
    Sums {
        name, version, complete, failed, gaps, duration_ms, requests, retries, bytes_received, items,
        items_withheld, objects_reduced, findings, findings_mistake, inconsistent_lists, duplicates_dropped, entries, bytes_archived, warnings, errors
    }
    Ended { complete, archive, failures, warnings, gatherers }
}

const TAG_LOG: u8 = 0;
const TAG_ENDED: u8 = 1;
const TAG_PROGRESS: u8 = 2;
const TAG_LINE: u8 = 3;

impl Message {
    fn to_frame(&self) -> Vec<u8> {
        let mut frame = vec![0; 4];
        match self {
            Message::Log { gatherer, level, text } => {
                TAG_LOG.encode(&mut frame);
                u64::from(level.0.cast_unsigned()).encode(&mut frame);
                gatherer.encode(&mut frame);
                text.encode(&mut frame);
            }
            Message::Progress { gatherer, progress } => {
                TAG_PROGRESS.encode(&mut frame);
                gatherer.encode(&mut frame);
                progress.encode(&mut frame);
            }
            Message::Line(line) => {
                TAG_LINE.encode(&mut frame);
                line.encode(&mut frame);
            }
            Message::Ended(ended) => {
                TAG_ENDED.encode(&mut frame);
                ended.encode(&mut frame);
            }
        }
        let len = (frame.len() - 4) as u32;
        frame[..4].copy_from_slice(&len.to_le_bytes());
        frame
    }

    /// Reads a frame without its length.
    pub(super) fn decode(mut frame: &[u8]) -> Option<Message> {
        let from = &mut frame;
        let message = match u8::decode(from)? {
            TAG_LOG => {
                let level = LogLevel(u32::try_from(u64::decode(from)?).ok()?.cast_signed());
                Message::Log { level, gatherer: Codec::decode(from)?, text: Codec::decode(from)? }
            }
            TAG_PROGRESS => {
                Message::Progress { gatherer: Codec::decode(from)?, progress: Codec::decode(from)? }
            }
            TAG_LINE => Message::Line(Codec::decode(from)?),
            TAG_ENDED => Message::Ended(Codec::decode(from)?),
            _ => return None,
        };
        frame.is_empty().then_some(message)
    }
}

/// The sending end, in the cluster's process.
pub(super) struct Sender<W>(Mutex<W>);

impl<W: Write> Sender<W> {
    pub(super) fn new(to: W) -> Sender<W> {
        Sender(Mutex::new(to))
    }

    /// Sends a message. If the receiver is gone, this process is about to be killed.
    pub(super) fn send(&self, message: &Message) {
        let _ = self.0.lock().unwrap_or_else(PoisonError::into_inner).write_all(&message.to_frame());
    }
}

/// The bytes of a pipe, which arrive in pieces of any size.
#[derive(Default)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    /// How many bytes were searched for the end of a line.
    searched: usize,
}

impl Buffer {
    /// Appends a piece.
    pub(super) fn push(&mut self, piece: &[u8]) {
        self.bytes.extend_from_slice(piece);
    }

    /// Takes the next complete line, without its end.
    ///
    /// # Errors
    /// If the line is too long. It is dropped.
    pub(super) fn next_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some(end) = memchr::memchr(b'\n', &self.bytes[self.searched..]) else {
            self.searched = self.bytes.len();
            if self.bytes.len() > MAX_BYTES {
                self.take_rest();
                return Err(io::ErrorKind::InvalidData.into());
            }
            return Ok(None);
        };
        let mut line = self.take(self.searched + end + 1);
        line.pop();
        Ok(Some(line))
    }

    /// Takes the next complete frame, without its length.
    ///
    /// # Errors
    /// If the frame is too long.
    pub(super) fn next_frame(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some(len) = self.bytes.first_chunk::<4>() else { return Ok(None) };
        let len = u32::from_le_bytes(*len) as usize;
        if len > MAX_BYTES {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if self.bytes.len() < 4 + len {
            return Ok(None);
        }
        Ok(Some(self.take(4 + len).split_off(4)))
    }

    /// Takes what is left, such as a line without an end.
    pub(super) fn take_rest(&mut self) -> Vec<u8> {
        self.take(self.bytes.len())
    }

    fn take(&mut self, len: usize) -> Vec<u8> {
        let rest = self.bytes.split_off(len);
        self.searched = 0;
        std::mem::replace(&mut self.bytes, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use wagather_broker::Phase;

    #[test]
    fn messages_arrive_in_whatever_pieces() {
        let ended = Ended {
            complete: false,
            archive: Some(ArchiveFacts { file: "a.tar.gz".into(), bytes: 7, sha256: "00".into() }),
            failures: vec![Reason {
                exit_code: 5,
                attempt: "cannot\nask".into(),
                reason: "\u{1f980}".into(),
                more: vec!["and".into()],
                advice: String::new(),
            }],
            warnings: vec!["odd".into()],
            gatherers: vec![Sums { name: "pods".into(), duration_ms: Some(1.5), ..Sums::default() }],
        };
        let progress = Progress {
            phase: Phase::Running,
            requests: 3,
            items: 1200,
            bytes_received: 1 << 40,
            doing: "list v1/pods".into(),
            awaits_server: true,
            elapsed: Duration::from_millis(2100),
        };
        let messages = [
            Message::Log { gatherer: "pods".into(), level: LogLevel::WARN, text: "a \"line\" ä".into() },
            Message::Log { gatherer: String::new(), level: LogLevel(-1), text: String::new() },
            Message::Progress { gatherer: 7, progress },
            Message::Line(Line {
                gatherer: "pods".into(),
                kind: LineKind::Finding(Severity::Warning),
                text: "gone".into(),
            }),
            Message::Ended(ended),
        ];
        let sender = Sender::new(Vec::new());
        messages.iter().for_each(|message| sender.send(message));
        let bytes = sender.0.into_inner().expect("no panic");
        for piece in [1, 2, 7, bytes.len()] {
            let (mut buffer, mut received) = (Buffer::default(), Vec::new());
            for piece in bytes.chunks(piece) {
                buffer.push(piece);
                while let Some(frame) = buffer.next_frame().expect("short frames") {
                    received.push(Message::decode(&frame).expect("a message"));
                }
            }
            assert_eq!(received, messages);
            assert!(buffer.take_rest().is_empty());
        }
    }

    #[test]
    fn invalid_frames_are_refused() {
        let mut no_phase =
            Message::Progress { gatherer: 0, progress: Progress::default() }.to_frame().split_off(4);
        assert!(Message::decode(&no_phase).is_some());
        no_phase[1 + 8] = 4;
        assert_eq!(Message::decode(&no_phase), None);
        for frame in [&b""[..], &[TAG_LOG], &[TAG_ENDED, 1, 0], &[9], &[TAG_LOG; 30]] {
            assert_eq!(Message::decode(frame), None, "{frame:?}");
        }
        let mut buffer = Buffer::default();
        buffer.push(&u32::MAX.to_le_bytes());
        assert!(buffer.next_frame().is_err(), "before anything is taken for it");
    }

    #[test]
    fn a_line_without_an_end_is_bounded_and_a_rest_is_kept() {
        let mut buffer = Buffer::default();
        buffer.push(b"one\ntw");
        assert_eq!(buffer.next_line().expect("a line").as_deref(), Some(&b"one"[..]));
        assert_eq!(buffer.next_line().expect("no line"), None);
        assert_eq!(buffer.take_rest(), b"tw");
        for _ in 0..=MAX_BYTES >> 20 {
            buffer.push(&[b'x'; 1 << 20]);
        }
        assert!(buffer.next_line().is_err());
        assert_eq!(buffer.next_line().expect("it goes on"), None);
    }
}
