//! What a cluster's process tells, over a pipe of its own: frames of a length (`u32`, little-endian), a tag and values.
//!
//! The process is ours and not hostile, but it may have been ended in the middle of a frame, or worse. So no frame may be
//! longer than it can be, and what cannot be read is told.

use super::index::{ArchiveFacts, Line, Reason, Sums};
use super::told::{Told, told};
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use wagather_abi::LogLevel;
use wagather_broker::Progress;

/// The longest frame or line: an end with the failures of as many gatherers as there can be is far below.
const MAX_BYTES: usize = 4 << 20;

/// What is told.
#[derive(Debug, PartialEq)]
pub(super) enum Message {
    /// A gatherer logged a line.
    Log {
        /// Which one.
        gatherer: String,
        /// How much it matters.
        level: LogLevel,
        /// The line.
        text: String,
    },
    /// How far a gatherer is.
    Progress {
        /// Which one, in the order of the command line.
        gatherer: u64,
        /// So far.
        progress: Progress,
    },
    /// The run is over, and this is odd or missing. Not all of it in one frame: it may be longer than a frame.
    Line(Line),
    /// The run is over, and this came of it.
    Over(Over),
}

/// What came of a cluster's run.
#[derive(Debug, PartialEq)]
pub(super) struct Over {
    pub(super) complete: bool,
    pub(super) archive: Option<ArchiveFacts>,
    pub(super) failures: Vec<Reason>,
    pub(super) warnings: Vec<String>,
    pub(super) gatherers: Vec<Sums>,
}

told! {
    Over { complete, archive, failures, warnings, gatherers }
}

const TAG_LOG: u8 = 0;
const TAG_OVER: u8 = 1;
const TAG_PROGRESS: u8 = 2;
const TAG_LINE: u8 = 3;

impl Message {
    fn encode(&self) -> Vec<u8> {
        let mut frame = vec![0; 4];
        match self {
            Message::Log { gatherer, level, text } => {
                TAG_LOG.put(&mut frame);
                u64::from(level.0.cast_unsigned()).put(&mut frame);
                gatherer.put(&mut frame);
                text.put(&mut frame);
            }
            Message::Progress { gatherer, progress } => {
                TAG_PROGRESS.put(&mut frame);
                gatherer.put(&mut frame);
                progress.put(&mut frame);
            }
            Message::Line(line) => {
                TAG_LINE.put(&mut frame);
                line.put(&mut frame);
            }
            Message::Over(over) => {
                TAG_OVER.put(&mut frame);
                over.put(&mut frame);
            }
        }
        let len = (frame.len() - 4) as u32;
        frame[..4].copy_from_slice(&len.to_le_bytes());
        frame
    }

    /// Reads a frame without its length.
    pub(super) fn decode(mut frame: &[u8]) -> Option<Message> {
        let from = &mut frame;
        let message = match u8::get(from)? {
            TAG_LOG => {
                let level = LogLevel(u32::try_from(u64::get(from)?).ok()?.cast_signed());
                Message::Log { level, gatherer: Told::get(from)?, text: Told::get(from)? }
            }
            TAG_PROGRESS => Message::Progress { gatherer: Told::get(from)?, progress: Told::get(from)? },
            TAG_LINE => Message::Line(Told::get(from)?),
            TAG_OVER => Message::Over(Told::get(from)?),
            _ => return None,
        };
        frame.is_empty().then_some(message)
    }
}

/// The process's end.
pub(super) struct Teller<W>(Mutex<W>);

impl<W: Write> Teller<W> {
    pub(super) fn new(to: W) -> Teller<W> {
        Teller(Mutex::new(to))
    }

    /// Tells it. If nobody hears it any more, this process is about to be ended.
    pub(super) fn tell(&self, message: &Message) {
        let _ = self.0.lock().unwrap_or_else(PoisonError::into_inner).write_all(&message.encode());
    }
}

/// What comes out of a pipe, in whatever pieces.
#[derive(Default)]
pub(super) struct Pieces {
    bytes: Vec<u8>,
    /// Where to go on looking for the end of a line.
    looked_at: usize,
}

impl Pieces {
    /// A piece more.
    pub(super) fn add(&mut self, piece: &[u8]) {
        self.bytes.extend_from_slice(piece);
    }

    /// The next whole line, without its end.
    ///
    /// # Errors
    /// If it is longer than a line may be; it is forgotten then.
    pub(super) fn next_line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some(end) = memchr::memchr(b'\n', &self.bytes[self.looked_at..]) else {
            self.looked_at = self.bytes.len();
            if self.bytes.len() > MAX_BYTES {
                self.rest();
                return Err(io::ErrorKind::InvalidData.into());
            }
            return Ok(None);
        };
        let mut line = self.take(self.looked_at + end + 1);
        line.pop();
        Ok(Some(line))
    }

    /// The next whole frame, without its length.
    ///
    /// # Errors
    /// If it is longer than a frame may be.
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

    /// What is there of a line that has no end.
    pub(super) fn rest(&mut self) -> Vec<u8> {
        self.take(self.bytes.len())
    }

    fn take(&mut self, len: usize) -> Vec<u8> {
        let rest = self.bytes.split_off(len);
        self.looked_at = 0;
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
        let over = Over {
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
            Message::Line(Line { gatherer: "pods".into(), is_error: true, text: "gone".into() }),
            Message::Over(over),
        ];
        let teller = Teller::new(Vec::new());
        messages.iter().for_each(|message| teller.tell(message));
        let bytes = teller.0.into_inner().expect("no panic");
        for piece in [1, 2, 7, bytes.len()] {
            let (mut pieces, mut heard) = (Pieces::default(), Vec::new());
            for piece in bytes.chunks(piece) {
                pieces.add(piece);
                while let Some(frame) = pieces.next_frame().expect("short frames") {
                    heard.push(Message::decode(&frame).expect("a message"));
                }
            }
            assert_eq!(heard, messages);
            assert!(pieces.rest().is_empty());
        }
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        let mut no_phase =
            Message::Progress { gatherer: 0, progress: Progress::default() }.encode().split_off(4);
        assert!(Message::decode(&no_phase).is_some());
        no_phase[1 + 8] = 4;
        assert_eq!(Message::decode(&no_phase), None);
        for frame in [&b""[..], &[TAG_LOG], &[TAG_OVER, 1, 0], &[9], &[TAG_LOG; 30]] {
            assert_eq!(Message::decode(frame), None, "{frame:?}");
        }
        let mut pieces = Pieces::default();
        pieces.add(&u32::MAX.to_le_bytes());
        assert!(pieces.next_frame().is_err(), "before anything is taken for it");
    }

    #[test]
    fn a_line_without_an_end_is_bounded_and_a_rest_is_kept() {
        let mut pieces = Pieces::default();
        pieces.add(b"one\ntw");
        assert_eq!(pieces.next_line().expect("a line").as_deref(), Some(&b"one"[..]));
        assert_eq!(pieces.next_line().expect("no line"), None);
        assert_eq!(pieces.rest(), b"tw");
        for _ in 0..=MAX_BYTES >> 20 {
            pieces.add(&[b'x'; 1 << 20]);
        }
        assert!(pieces.next_line().is_err());
        assert_eq!(pieces.next_line().expect("it goes on"), None);
    }
}
