//! The channel between broker and sandbox: frames over a stream socket.
//!
//! A frame is a length (`u32`, little-endian) and that many bytes. The sandbox's first frame lists the active mechanisms of its
//! confinement. Then it sends one [`Call`] after another, and waits for each answer, which is a value (`i64`) and bytes. Its last frame
//! says how the guest ended. The broker treats frames as hostile input: every decoder is total, and every length is checked before anything is allocated.
//!
//! The protocol has no version, because both ends are the same program.

use super::Job;
pub use super::call::{Call, InSandbox, Room, Unsent};
use super::frame::{Fields, Frame};
use super::in_force::InForce;
use super::kind::Kind;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};
use wagather_abi::Import;
use wagather_base::limits::{MAX_FRAME_BYTES, MAX_MODULE_BYTES};
pub use wagather_base::request::RestRequest;
use wagather_base::stop;

/// What the sandbox sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// The first message: the sandbox is confined by these mechanisms. It gets no answer.
    Ready(InForce),
    /// The guest calls an import. The only message that gets an answer.
    Call(Call),
    /// The guest is validated and compiled, and waits for its turn. Its turn is an answer without a value.
    Prepared,
    /// Another engine than the first choice runs the guest, because that one cannot. It gets no answer.
    Runs(Kind),
    /// The guest took prefetched items. It gets no answer.
    Taken(Taken),
    /// The guest ended.
    End(End),
}

/// What a guest took of the prefetched items of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// The request.
    pub handle: i32,
    /// Whether it used `rest_next_as`.
    pub decoded: bool,
    /// How many calls it made. A call without room for the item takes none.
    pub calls: u32,
    /// How many items it took.
    pub items: u32,
}

/// How a guest ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// How.
    pub ending: Ending,
    /// The reason, for people.
    pub text: String,
    /// Its peak linear memory.
    pub memory_bytes: u64,
}

/// How a guest ended by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// `gather` returned this code.
    Returned(i32),
    /// It trapped.
    Trapped,
    /// The module could not be run.
    Unusable,
}

/// The tag of [`Message::Prepared`].
const TAG_PREPARED: u8 = 251;

/// The tag of [`Message::Runs`].
const TAG_RUNS: u8 = 252;

/// In the place of an engine's number: the sandbox chooses one.
const NO_ENGINE: u8 = 255;

/// The tag of [`Message::Taken`].
const TAG_TAKEN: u8 = 253;

/// The tag of [`Message::Ready`].
const TAG_READY: u8 = 254;

/// The tag of [`Message::End`]. The tags of imports are their numbers in the table, which are far below.
const TAG_END: u8 = 255;

impl Message {
    /// Encodes a frame.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Message::Call(call) => return call.encode(),
            Message::Ready(in_force) => Frame::new(TAG_READY).byte(in_force.byte()),
            Message::Taken(Taken { handle, decoded, calls, items }) => {
                Frame::new(TAG_TAKEN).byte(u8::from(*decoded)).int(*handle).word(*calls).word(*items)
            }
            Message::Prepared => Frame::new(TAG_PREPARED),
            Message::Runs(kind) => Frame::new(TAG_RUNS).byte(kind.number()),
            Message::End(end) => encode_end(end),
        }
        .finish()
    }

    /// Decodes a frame. `None` if [`encode`](Self::encode) does not produce it.
    pub fn decode(frame: &[u8]) -> Option<Message> {
        let (&tag, rest) = frame.split_first()?;
        let mut fields = Fields(rest);
        let message = match tag {
            TAG_READY => Message::Ready(InForce::of_byte(fields.byte()?)?),
            TAG_TAKEN => {
                let decoded = match fields.byte()? {
                    0 => false,
                    1 => true,
                    _ => return None,
                };
                let (handle, calls, items) = (fields.int()?, fields.word()?, fields.word()?);
                Message::Taken(Taken { handle, decoded, calls, items })
            }
            TAG_PREPARED => Message::Prepared,
            TAG_RUNS => Message::Runs(Kind::by_number(fields.byte()?)?),
            TAG_END => Message::End(decode_end(&mut fields)?),
            _ => Message::Call(Call::decode(Import::by_number(tag)?, &mut fields)?),
        };
        fields.is_empty().then_some(message)
    }
}

fn decode_end(fields: &mut Fields<'_>) -> Option<End> {
    let ending = match (fields.byte()?, fields.int()?) {
        (0, code) => Ending::Returned(code),
        (1, 0) => Ending::Trapped,
        (2, 0) => Ending::Unusable,
        _ => return None,
    };
    let memory_bytes = u64::from(fields.word()?) << 16;
    let text = String::from_utf8(fields.bytes()?).ok()?;
    Some(End { ending, text, memory_bytes })
}

fn encode_end(end: &End) -> Frame {
    let (tag, code) = match end.ending {
        Ending::Returned(code) => (0, code),
        Ending::Trapped => (1, 0),
        Ending::Unusable => (2, 0),
    };
    let pages = (end.memory_bytes >> 16) as u32;
    Frame::new(TAG_END).byte(tag).int(code).word(pages).bytes(end.text.as_bytes())
}

/// One end of the channel.
pub struct Channel {
    reader: BufReader<Timed>,
}

/// A socket whose reads and writes end at a deadline, if it has one. The socket's own timeout is not enough, because it
/// restarts with each byte.
struct Timed {
    socket: UnixStream,
    deadline: Option<Instant>,
    /// When the timeouts for reads and for writes were last set.
    read_set: Option<Instant>,
    write_set: Option<Instant>,
}

/// How long a timeout stays in use for later calls. A call can exceed the deadline by this much. If the timeouts were set before each call,
/// they would be a third of the system calls of a guest's call.
const MAX_TIMEOUT_AGE: Duration = Duration::from_millis(5);

/// The most bytes of one write while there is a deadline. Within one write, the kernel restarts its timeout for each piece
/// for which it finds room.
const MAX_PIECE_BYTES: usize = 64 << 10;

/// The size of the buffer for small frames. It is one page, because the buffer is cleared before its first use. Larger frames are read without it.
const BUFFER_BYTES: usize = 4 << 10;

impl Timed {
    /// Sets the socket's timeout for the next call. Fails if the deadline has passed.
    fn set_timeout(
        &mut self,
        last: fn(&mut Timed) -> &mut Option<Instant>,
        set: fn(&UnixStream, Option<Duration>) -> io::Result<()>,
    ) -> io::Result<()> {
        let Some(deadline) = self.deadline else { return Ok(()) };
        if stop::asked().is_some() {
            return Err(io::Error::new(io::ErrorKind::ConnectionAborted, stop::STOPPED));
        }
        let now = Instant::now();
        let left = deadline.saturating_duration_since(now);
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        if last(self).is_some_and(|last| now.saturating_duration_since(last) < MAX_TIMEOUT_AGE) {
            return Ok(());
        }
        set(&self.socket, Some(stop::slice(left)))?;
        *last(self) = Some(now);
        Ok(())
    }

    /// Whether a call ended at its slice of the time. The deadline itself is checked before the next call.
    fn is_slice_over(&self, error: &io::Error) -> bool {
        self.deadline.is_some() && matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
    }

    const fn most(&self, len: usize) -> usize {
        if self.deadline.is_some() && len > MAX_PIECE_BYTES { MAX_PIECE_BYTES } else { len }
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            self.set_timeout(|timed| &mut timed.read_set, UnixStream::set_read_timeout)?;
            match self.socket.read(buffer) {
                Err(error) if self.is_slice_over(&error) => self.read_set = None,
                other => return other,
            }
        }
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            self.set_timeout(|timed| &mut timed.write_set, UnixStream::set_write_timeout)?;
            match self.socket.write(&bytes[..self.most(bytes.len())]) {
                Err(error) if self.is_slice_over(&error) => self.write_set = None,
                other => return other,
            }
        }
    }

    fn write_vectored(&mut self, pieces: &[io::IoSlice<'_>]) -> io::Result<usize> {
        loop {
            self.set_timeout(|timed| &mut timed.write_set, UnixStream::set_write_timeout)?;
            match self.socket.write_vectored(pieces) {
                Err(error) if self.is_slice_over(&error) => self.write_set = None,
                other => return other,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Channel {
    /// One end, over a socket.
    pub fn new(socket: UnixStream) -> Channel {
        let timed = Timed { socket, deadline: None, read_set: None, write_set: None };
        Channel { reader: BufReader::with_capacity(BUFFER_BYTES, timed) }
    }

    /// Broker's end: sets the deadline. After it, sending and receiving fail with a timeout, even in the middle of a
    /// frame.
    pub fn set_deadline(&mut self, deadline: Instant) {
        let timed = self.reader.get_mut();
        (timed.deadline, timed.read_set, timed.write_set) = (Some(deadline), None, None);
    }

    /// The socket below. Reading from it would skip the buffer, so it is only for options.
    pub fn socket(&self) -> &UnixStream {
        &self.reader.get_ref().socket
    }

    /// Sends an encoded frame.
    pub fn send(&mut self, frame: &[u8]) -> io::Result<()> {
        self.reader.get_mut().write_all(frame)
    }

    /// Broker's end: whether the next frame begins, or the stream ends, within a time and before the deadline. The bytes that
    /// arrive are kept for the next frame.
    pub fn begins_within(&mut self, time: Duration) -> bool {
        let deadline = self.reader.get_ref().deadline;
        let soon = Instant::now() + time;
        let timed = self.reader.get_mut();
        (timed.deadline, timed.read_set) = (Some(deadline.map_or(soon, |deadline| deadline.min(soon))), None);
        let begins = self.reader.fill_buf().is_ok();
        let timed = self.reader.get_mut();
        (timed.deadline, timed.read_set) = (deadline, None);
        begins
    }

    /// Broker's end: whether the next frame, whose beginning was kept, is a guest's call.
    pub fn holds_call(&self) -> bool {
        let tag = self.reader.buffer().get(size_of::<u32>());
        tag.is_some_and(|tag| Import::by_number(*tag).is_some())
    }

    /// Broker's end: receives the next frame into `frame`. The end of the stream is `UnexpectedEof`.
    pub fn receive_frame(&mut self, frame: &mut Vec<u8>) -> io::Result<()> {
        let len = self.receive_len(MAX_FRAME_BYTES)?;
        frame.resize(len, 0);
        self.reader.read_exact(frame)
    }

    fn receive_len(&mut self, most: usize) -> io::Result<usize> {
        let mut len = [0; 4];
        self.reader.read_exact(&mut len)?;
        let len = u32::from_le_bytes(len) as usize;
        if len > most {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a frame larger than the limit"));
        }
        Ok(len)
    }

    /// Broker's end: sends an answer. It is sent in two pieces, so that the bytes are not copied.
    pub fn send_answer(&mut self, value: i64, bytes: &[u8]) -> io::Result<()> {
        let mut head = [0; 12];
        head[..4].copy_from_slice(&(8 + bytes.len() as u32).to_le_bytes());
        head[4..].copy_from_slice(&value.to_le_bytes());
        let socket = self.reader.get_mut();
        if bytes.is_empty() {
            return socket.write_all(&head);
        }
        let first = &bytes[..socket.most(bytes.len())];
        let sent = socket.write_vectored(&[io::IoSlice::new(&head), io::IoSlice::new(first)])?;
        socket.write_all(head.get(sent..).unwrap_or_default())?;
        socket.write_all(bytes.get(sent.saturating_sub(head.len())..).unwrap_or_default())
    }

    /// Sandbox's end: receives an answer, with its bytes directly in `into`. Returns the
    /// value and the number of bytes.
    pub fn receive_answer(&mut self, into: &mut [u8]) -> io::Result<(i64, usize)> {
        let len = self.receive_len(8 + into.len())?;
        let bytes = len.checked_sub(8).ok_or(io::ErrorKind::InvalidData)?;
        let mut value = [0; 8];
        self.reader.read_exact(&mut value)?;
        self.reader.read_exact(&mut into[..bytes])?;
        Ok((i64::from_le_bytes(value), bytes))
    }

    /// Sandbox's end: receives an answer with items. The first item goes into `first`, if it fits. All others go into
    /// `others`, each after its length. Returns the length of the first item, 0 at the end, or a status.
    pub fn receive_items(&mut self, first: &mut [u8], others: &mut Vec<u8>, most: usize) -> io::Result<i64> {
        let mut left = self.receive_len(8 + most)?.checked_sub(8).ok_or(io::ErrorKind::InvalidData)?;
        let mut value = [0; 8];
        self.reader.read_exact(&mut value)?;
        let value = i64::from_le_bytes(value);
        others.clear();
        if left > 0 {
            let len =
                usize::try_from(value).ok().filter(|len| *len <= left).ok_or(io::ErrorKind::InvalidData)?;
            match first.get_mut(..len) {
                Some(first) => {
                    self.reader.read_exact(first)?;
                    left -= len;
                }
                None => others.extend_from_slice(&(len as u32).to_le_bytes()),
            }
            let at = others.len();
            others.resize(at + left, 0);
            self.reader.read_exact(&mut others[at..])?;
        }
        Ok(value)
    }

    /// Broker's end: sends a helper its job.
    pub fn send_job(&mut self, job: &Job<'_>) -> io::Result<()> {
        self.send(&encode_job(job))
    }

    /// Sandbox's end: receives the job.
    pub fn receive_job(&mut self) -> io::Result<Job<'static>> {
        let len = self.receive_len(MAX_MODULE_BYTES as usize + 64)?;
        let mut frame = vec![0; len];
        self.reader.read_exact(&mut frame)?;
        decode_job(&frame).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }
}

/// The frame of a job.
pub(super) fn encode_job(job: &Job<'_>) -> Vec<u8> {
    Frame::new(job.engine.map_or(NO_ENGINE, Kind::number))
        .bytes(&job.memory_bytes.to_le_bytes())
        .bytes(&job.time.as_secs().to_le_bytes())
        .word(job.time.subsec_nanos())
        .bytes(&job.module)
        .finish()
}

/// The job of a frame without its length.
pub(super) fn decode_job(frame: &[u8]) -> Option<Job<'static>> {
    let mut fields = Fields(frame);
    let engine = match fields.byte()? {
        NO_ENGINE => None,
        number => Some(Kind::by_number(number)?),
    };
    let memory_bytes = u64::from_le_bytes(fields.bytes()?.try_into().ok()?);
    let seconds = u64::from_le_bytes(fields.bytes()?.try_into().ok()?);
    let time = Duration::from_secs(seconds).checked_add(Duration::from_nanos(fields.word()?.into()))?;
    Some(Job { module: fields.bytes()?.into(), memory_bytes, time, engine })
}

#[cfg(test)]
mod tests;
