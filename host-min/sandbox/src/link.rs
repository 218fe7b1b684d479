//! The imports of a guest. A call is sent to the broker, and the answer is written into the guest's memory.
//!
//! Whether the guest *may* do what it asks for is not decided here, because the broker does not trust this side of the channel.

use super::abort;
use super::arguments;
use super::channel::{Call, Channel, End, Message, Room, Unsent};
use super::memory::{bytes, bytes_mut};
use super::prefetch::Prefetched;
use super::typed::Typed;
use super::wasi;
use std::fmt;
use wagather_abi::limits::MAX_WRITE_BYTES;
use wagather_abi::place::Wanted;
use wagather_abi::{Import, LogLevel, Status};
use wagather_module::wasi::Wasi;
use wagather_shape::Failed;

/// The size of the length before an item.
const LEN_BYTES: usize = size_of::<u32>();

/// The broker is gone, so the guest ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gone;

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the broker is gone")
    }
}

impl std::error::Error for Gone {}

/// The guest's imports, over a channel.
pub(super) struct Link {
    channel: Channel,
    prefetched: Prefetched,
    typed: Typed,
    wasi: wasi::State,
    /// Whether the end was reported.
    has_ended: bool,
    aborted: Option<String>,
    /// Whether the guest waits for its turn before it runs.
    pub(super) has_turn: bool,
}

/// WASI's access to the same channel.
struct Wired<'a>(&'a mut Channel, &'a mut Prefetched);

impl Wired<'_> {
    fn ask(&mut self, call: &Call) -> Result<i64, Gone> {
        let mut frames = Vec::new();
        self.1.report(&mut frames);
        frames.append(&mut call.encode());
        self.0.send(&frames).map_err(|_| Gone)?;
        self.0.receive_answer(&mut []).map(|(value, _)| value).map_err(|_| Gone)
    }
}

impl wasi::Broker for Wired<'_> {
    type Gone = Gone;

    fn now(&mut self) -> Result<u64, Gone> {
        self.ask(&Call::now {}).map(|millis| millis.max(0).cast_unsigned())
    }

    fn log(&mut self, level: LogLevel, text: &[u8]) -> Result<(), Gone> {
        // The broker drops lines above the budget, as for the import `log`.
        self.ask(&Call::log { level: level.0, text: text.to_vec() }).map(|_| ())
    }
}

impl Link {
    /// The imports of a guest with this limit of its memory.
    pub(super) fn new(channel: Channel, memory_bytes: u64) -> Self {
        Link {
            channel,
            prefetched: Prefetched::default(),
            typed: Typed::new(memory_bytes),
            wasi: wasi::State::default(),
            has_ended: false,
            aborted: None,
            has_turn: false,
        }
    }

    /// Prepares WASI for the gatherer with this name.
    pub(super) fn with_wasi(&mut self, name: &str) {
        self.wasi = wasi::State::new(name.to_owned());
    }

    /// Calls a WASI function. Returns an error code, or 0.
    pub(super) fn call_wasi(
        &mut self,
        function: Wasi,
        args: [u64; 4],
        memory: &mut [u8],
    ) -> Result<u32, Gone> {
        self.wasi.call(function, args, memory, &mut Wired(&mut self.channel, &mut self.prefetched))
    }

    /// Reports that the guest can run, and waits until it may. Returns at once if it has no turn.
    pub(super) fn await_turn(&mut self) -> Result<(), Gone> {
        if !std::mem::take(&mut self.has_turn) {
            return Ok(());
        }
        self.channel.send(&Message::Prepared.encode()).map_err(|_| Gone)?;
        self.channel.receive_answer(&mut []).map(drop).map_err(|_| Gone)
    }

    /// The exit code, if the gatherer exited through WASI.
    pub(super) fn exit(&self) -> Option<u32> {
        self.wasi.exit()
    }

    /// Keeps the reason why the gatherer aborts.
    pub(super) fn abort(&mut self, args: [u32; 4], memory: &[u8]) {
        self.aborted = Some(abort::words(memory, args));
    }

    /// Why the gatherer aborted.
    pub(super) fn aborted(&self) -> Option<&str> {
        self.aborted.as_deref()
    }

    /// Reports to the broker how the guest ended, unless it was reported or the broker is gone.
    pub(super) fn end(mut self, end: End) -> Channel {
        self.report_end(&end);
        self.channel
    }

    /// Reports the end before the engine frees its memory, so that the broker does not wait for that.
    pub(super) fn report_end(&mut self, end: &End) {
        if !std::mem::replace(&mut self.has_ended, true) {
            let _ = self.wasi.flush(&mut Wired(&mut self.channel, &mut self.prefetched));
            let _ = self.send(Message::End(end.clone()).encode());
        }
    }

    /// Sends a call.
    fn ask(&mut self, call: &Call) -> Result<(), Gone> {
        self.send(call.encode())
    }

    /// Sends a frame, after the report on prefetched items that must come before it.
    fn send(&mut self, mut last: Vec<u8>) -> Result<(), Gone> {
        let mut frames = Vec::new();
        self.prefetched.report(&mut frames);
        frames.append(&mut last);
        self.channel.send(&frames).map_err(|_| Gone)
    }

    /// Calls an import. All arguments are `i32`s. Unused arguments are 0.
    pub(super) fn call(&mut self, import: Import, args: [u32; 4], memory: &mut [u8]) -> Result<i64, Gone> {
        let read = match import {
            Import::rest_next_as => return self.next_as(args, memory),
            Import::archive_write_as => return self.write_as(args, memory),
            Import::json_read_as => {
                return Ok(self.read_as(args, memory).unwrap_or_else(|status| status.0.into()));
            }
            Import::log_as => self.line(args, memory).map(|line| (line, None)),
            _ => arguments::call(import, args, memory),
        };
        let (call, buffer) = match read {
            Err(status) => return Ok(i64::from(status.0)),
            Ok(read) => read,
        };
        let into = buffer.and_then(|(ptr, len)| bytes_mut(memory, ptr, len)).unwrap_or_default();
        if let Call::rest_next { handle, .. } = call {
            return self.next(handle, into);
        }
        self.ask(&call)?;
        if let Call::rest_close { handle } = call {
            self.prefetched.remove(handle);
        }
        self.channel.receive_answer(into).map(|(value, _)| value).map_err(|_| Gone)
    }

    /// `rest_next`: the next item, prefetched or from the broker.
    fn next(&mut self, handle: i32, into: &mut [u8]) -> Result<i64, Gone> {
        if let Some(waiting) = self.prefetched.get(handle)
            && let Some(item) = waiting.front()
        {
            let len = item.len();
            if let Some(into) = into.get_mut(..len) {
                into.copy_from_slice(item);
                waiting.advance(false);
            }
            waiting.count_call(false);
            return Ok(len as i64);
        }
        let room = self.prefetched.next_room(handle);
        let cap = into.len();
        let buffer = Room { bytes: cap as u32, ahead: room as u32 };
        self.ask(&Call::rest_next { handle, buffer })?;
        let others = self.prefetched.buffer(handle);
        let value = self.channel.receive_items(into, others, cap.max(room)).map_err(|_| Gone)?;
        if others.is_empty() && value <= 0 {
            self.prefetched.remove(handle);
        }
        Ok(value)
    }

    /// `rest_next_as`: the next item, decoded. An item that does not fit is rejected here, because the guest cannot say what is wrong with it.
    fn next_as(&mut self, [handle, shape, arena, cap]: [u32; 4], memory: &mut [u8]) -> Result<i64, Gone> {
        let handle = handle.cast_signed();
        let status = |status: Status| Ok(i64::from(status.0));
        if !arena.is_multiple_of(8) || bytes(memory, arena, cap).is_none() {
            return status(Status::BAD_POINTER);
        }
        if let Err(bad) = self.typed.find(memory, shape) {
            return status(bad);
        }
        if self.prefetched.get(handle).is_none() {
            let (room, most) = (self.prefetched.next_room(handle), self.prefetched.max_item_bytes());
            let arena = Room { bytes: most as u32, ahead: room as u32 };
            self.ask(&Call::rest_next_as { handle, shape: Unsent, arena })?;
            let items = self.prefetched.buffer(handle);
            let value =
                self.channel.receive_items(&mut [], items, most.max(room) + LEN_BYTES).map_err(|_| Gone)?;
            if items.is_empty() {
                if value <= 0 {
                    self.prefetched.remove(handle);
                }
                // The item has no room beside those of other lists.
                return Ok(if value > 0 { Status::OUT_OF_BUDGET.0.into() } else { value });
            }
        } else if let Some(waiting) = self.prefetched.get(handle) {
            waiting.count_call(true);
        }
        let Some(waiting) = self.prefetched.get(handle) else { return status(Status::BAD_ANSWER) };
        let item = waiting.front().unwrap_or_default();
        let (failed, at, wanted) = match self.typed.decode(item, arena) {
            Ok(decoded) => {
                let len = decoded.len();
                if let Some(room) = bytes_mut(memory, arena, cap).and_then(|room| room.get_mut(..len)) {
                    room.copy_from_slice(decoded);
                    waiting.advance(true);
                }
                self.typed.done();
                return Ok(len as i64);
            }
            Err(Failed::Misfit(at, wanted)) => (Status::DECODE, at, wanted),
            Err(Failed::TooLarge) => (Status::TOO_LARGE, 0, Wanted::LESS),
        };
        waiting.advance(true);
        self.typed.done();
        self.ask(&Call::rest_reject { handle, at, wanted: wanted.0 })?;
        self.channel.receive_answer(&mut []).map_err(|_| Gone)?;
        status(failed)
    }

    /// `json_read_as`: decodes JSON that the guest has. Nobody else is asked.
    fn read_as(&mut self, [text, shape, arena, cap]: [u32; 4], memory: &mut [u8]) -> Result<i64, Status> {
        let pair = bytes(memory, text, 8).and_then(|pair| pair.try_into().ok()).ok_or(Status::BAD_POINTER)?;
        let pair = u64::from_le_bytes(pair);
        let text = bytes(memory, pair as u32, (pair >> 32) as u32).ok_or(Status::BAD_POINTER)?;
        if !arena.is_multiple_of(8) || bytes(memory, arena, cap).is_none() {
            return Err(Status::BAD_POINTER);
        }
        self.typed.find(memory, shape)?;
        let result = match self.typed.decode(text, arena) {
            Ok(decoded) => {
                let len = decoded.len();
                if let Some(room) = bytes_mut(memory, arena, cap).and_then(|room| room.get_mut(..len)) {
                    room.copy_from_slice(decoded);
                }
                Ok(len as i64)
            }
            Err(Failed::Misfit(..)) => Err(Status::DECODE),
            Err(Failed::TooLarge) => Err(Status::TOO_LARGE),
        };
        self.typed.done();
        result
    }

    /// `log_as`: writes a structure as a line.
    fn line(&mut self, [level, shape, from, _]: [u32; 4], memory: &[u8]) -> Result<Call, Status> {
        let written = self.typed.line(memory, shape, from);
        let from = arguments::log_line(&self.typed.written);
        self.typed.done();
        written.map(|()| Call::log_as { level: level.cast_signed(), shape: Unsent, from })
    }

    /// `archive_write_as`: writes a structure as JSON, in pieces.
    fn write_as(&mut self, [handle, shape, from, before]: [u32; 4], memory: &[u8]) -> Result<i64, Gone> {
        let handle = handle.cast_signed();
        if let Err(status) = self.typed.write(memory, shape, from, before) {
            return Ok(status.0.into());
        }
        let written = std::mem::take(&mut self.typed.written);
        let mut value = 0;
        for piece in written.chunks(MAX_WRITE_BYTES) {
            // What goes before the structure is in the first piece.
            let from = piece.to_vec();
            self.ask(&Call::archive_write_as { handle, shape: Unsent, from, before: 0 })?;
            let (result, _) = self.channel.receive_answer(&mut []).map_err(|_| Gone)?;
            if result < 0 {
                value = result;
                break;
            }
            value += result;
        }
        self.typed.written = written;
        self.typed.done();
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::super::channel::{Ending, Taken};
    use super::*;
    use std::os::unix::net::UnixStream;
    use wagather_base::limits::{FIRST_BATCH_BYTES, MAX_ITEM_BYTES};

    /// A batch of items, as the broker sends it.
    fn batch(items: &[&str]) -> (i64, Vec<u8>) {
        let (first, others) = items.split_first().expect("an item");
        let mut bytes = first.as_bytes().to_vec();
        for item in others {
            bytes.extend_from_slice(&(item.len() as u32).to_le_bytes());
            bytes.extend_from_slice(item.as_bytes());
        }
        (first.len() as i64, bytes)
    }

    /// Runs a guest against a broker with these answers. Returns what the broker received.
    fn with_broker(answers: Vec<(i64, Vec<u8>)>, guest: impl FnOnce(&mut Link)) -> Vec<Message> {
        let (ours, theirs) = UnixStream::pair().expect("a pair");
        let broker = std::thread::spawn(move || {
            let (mut channel, mut frame, mut received) = (Channel::new(ours), Vec::new(), Vec::new());
            let mut answers = answers.into_iter();
            while channel.receive_frame(&mut frame).is_ok() {
                let message = Message::decode(&frame).expect("a frame");
                let is_call = !matches!(message, Message::Taken(_) | Message::End(_));
                received.push(message);
                if is_call {
                    let (value, bytes) = answers.next().unwrap_or_default();
                    channel.send_answer(value, &bytes).expect("a guest that listens");
                }
            }
            received
        });
        let mut link = Link::new(Channel::new(theirs), 2 << 20);
        guest(&mut link);
        link.end(End { ending: Ending::Returned(0), text: String::new(), memory_bytes: 0 });
        broker.join().expect("no panic")
    }

    fn next(link: &mut Link, handle: u32, cap: u32) -> (i64, String) {
        let mut memory = [b'.'; 64];
        let len = link.call(Import::rest_next, [handle, 8, cap, 0], &mut memory).expect("a broker");
        let given = memory[8..].split(|byte| *byte == b'.').next().unwrap_or_default();
        (len, String::from_utf8_lossy(given).into_owned())
    }

    fn next_from(handle: i32, bytes: u32, ahead: u32) -> Message {
        Message::Call(Call::rest_next { handle, buffer: Room { bytes, ahead } })
    }

    fn next_as_from(handle: i32, bytes: u32, ahead: u32) -> Message {
        Message::Call(Call::rest_next_as { handle, shape: Unsent, arena: Room { bytes, ahead } })
    }

    fn rejected(handle: i32, at: u32, wanted: u32) -> Message {
        Message::Call(Call::rest_reject { handle, at, wanted })
    }

    fn taken(handle: i32, calls: u32, items: u32) -> Message {
        Message::Taken(Taken { handle, decoded: false, calls, items })
    }

    #[test]
    fn two_lists_wait_side_by_side_and_the_broker_learns_what_was_taken_before_anything_else() {
        let answers = vec![batch(&["a1", "a2", "a3"]), batch(&["b1", "b2"]), (0, Vec::new())];
        let received = with_broker(answers, |link| {
            let seen =
                [(1, 9), (2, 9), (1, 9), (2, 9), (1, 1), (1, 9)].map(|(handle, cap)| next(link, handle, cap));
            let want = [(2, "a1"), (2, "b1"), (2, "a2"), (2, "b2"), (2, ""), (2, "a3")];
            assert_eq!(seen, want.map(|(len, text)| (len, text.to_owned())));
            assert_eq!(next(link, 2, 9), (0, String::new()));
            assert_eq!(link.call(Import::now, [0; 4], &mut []), Ok(0));
        });
        let end = End { ending: Ending::Returned(0), text: String::new(), memory_bytes: 0 };
        let room = FIRST_BATCH_BYTES as u32;
        assert_eq!(
            received,
            [
                next_from(1, 9, room),
                next_from(2, 9, room),
                taken(1, 3, 2),
                taken(2, 1, 1),
                next_from(2, 9, 2 * room),
                Message::Call(Call::now {}),
                Message::End(end),
            ]
        );
    }

    #[test]
    fn an_item_without_room_waits_here_and_is_taken_later() {
        let received = with_broker(vec![batch(&["first", "second"]), (-18, Vec::new())], |link| {
            assert_eq!(next(link, 1, 2), (5, String::new()));
            assert_eq!(next(link, 1, 5), (5, "first".to_owned()));
            assert_eq!(next(link, 1, 6), (6, "second".to_owned()));
            assert_eq!(next(link, 1, 6), (-18, String::new()));
        });
        assert_eq!(received[1], taken(1, 2, 2), "the first call was seen by the broker");
    }

    #[test]
    fn what_waits_of_a_list_that_is_closed_is_dropped() {
        let received = with_broker(vec![batch(&["a", "b"]), (0, Vec::new()), (-1, Vec::new())], |link| {
            assert_eq!(next(link, 1, 9), (1, "a".to_owned()));
            assert_eq!(link.call(Import::rest_close, [1, 0, 0, 0], &mut []), Ok(0));
            assert_eq!(next(link, 1, 9), (-1, String::new()));
        });
        assert!(!received.iter().any(|message| matches!(message, Message::Taken(_))), "{received:?}");
    }

    /// A text `a`, and behind it an arena from 64 on.
    const SHAPE: &[u8] = b"\x08(t\0a\0\0";

    fn memory() -> [u8; 128] {
        let mut memory = [0; 128];
        memory[..SHAPE.len()].copy_from_slice(SHAPE);
        memory
    }

    #[test]
    fn json_that_cannot_be_decoded_leaves_no_large_buffer() {
        const ROOM: u32 = 2 << 20;
        with_broker(Vec::new(), |link| {
            let mut read = |text: &str| {
                let mut memory = vec![0; 2 * ROOM as usize];
                let shape = b"\x08[\x08t";
                memory[..shape.len()].copy_from_slice(shape);
                memory[16..20].copy_from_slice(&64_u32.to_le_bytes());
                memory[20..24].copy_from_slice(&(text.len() as u32).to_le_bytes());
                memory[64..64 + text.len()].copy_from_slice(text.as_bytes());
                let result = link.call(Import::json_read_as, [16, 0, ROOM, ROOM], &mut memory);
                (result.expect("an answer"), link.typed.held_bytes())
            };
            for (bytes, behind, expected) in [
                (1 << 20, "7", Status::DECODE),
                (1 << 20, "\"\"", Status::OK),
                (ROOM as usize, "\"\"", Status::TOO_LARGE),
            ] {
                let text = format!(r#"["\n{}",{behind}]"#, "x".repeat(bytes));
                let (result, held) = read(&text);
                assert_eq!(result.min(0), i64::from(expected.0), "{behind}");
                assert!(held < 1 << 20, "{held} bytes are held after {expected}");
            }
        });
    }

    #[test]
    fn items_are_decoded_here_and_one_that_does_not_fit_is_rejected() {
        let items = batch(&[r#"{"a":"x"}"#, r#"{"a":7}"#, r#"{"a":"long enough"}"#]);
        let received = with_broker(vec![items, (0, Vec::new()), (0, Vec::new())], |link| {
            let mut next = |cap: u32| {
                let mut memory = memory();
                let value = link.call(Import::rest_next_as, [1, 0, 64, cap], &mut memory).expect("a broker");
                (value, memory[64..].to_vec())
            };
            assert_eq!(next(8), (16, vec![0; 64]), "too little room changes nothing");
            let (len, arena) = next(16);
            assert_eq!((len, &arena[..9]), (16, &[72, 0, 0, 0, 1, 0, 0, 0, b'x'][..]));
            assert_eq!(next(64).0, i64::from(Status::DECODE.0));
            let (len, arena) = next(64);
            assert_eq!((len, &arena[8..19]), (24, &b"long enough"[..]));
            assert_eq!(next(64).0, 0);
        });
        let taken = |calls, items| Message::Taken(Taken { handle: 1, decoded: true, calls, items });
        let most = MAX_ITEM_BYTES as u32;
        let room = FIRST_BATCH_BYTES as u32;
        let end = End { ending: Ending::Returned(0), text: String::new(), memory_bytes: 0 };
        assert_eq!(
            received,
            [
                next_as_from(1, most, room),
                // The second call took the first item, the third one the item that does not fit.
                taken(2, 2),
                rejected(1, 5, Wanted::STRING.0),
                taken(1, 1),
                next_as_from(1, most, 2 * room),
                Message::End(end),
            ]
        );
    }

    #[test]
    fn what_would_be_above_the_guests_memory_is_rejected() {
        // A list whose elements are two megabytes together, for a guest that may have as much.
        let wide = b"\x08[\x80\x80\x01B";
        let item = format!("[{}1]", "1,".repeat(127));
        let received = with_broker(vec![batch(&[&item]), (0, Vec::new())], |link| {
            let mut memory = memory();
            memory[..wide.len()].copy_from_slice(wide);
            let value = link.call(Import::rest_next_as, [1, 0, 64, 64], &mut memory);
            assert_eq!(value, Ok(i64::from(Status::TOO_LARGE.0)));
        });
        assert!(received.contains(&rejected(1, 0, Wanted::LESS.0)), "{received:?}");
    }

    #[test]
    fn structures_are_written_in_pieces_and_a_refusal_ends_them() {
        let shape = b"\x08[\x08t";
        // 64 times the same text of 16 KiB: a little more than one piece takes.
        let mut memory = vec![b'x'; 1 << 15];
        memory[..shape.len()].copy_from_slice(shape);
        let pair = |at: u32, len: u32| [at.to_le_bytes(), len.to_le_bytes()].concat();
        memory[16..24].copy_from_slice(&pair(24, 63));
        for index in 0..63 {
            memory[24 + 8 * index..32 + 8 * index].copy_from_slice(&pair(1024, 16_700));
        }
        let whole = 63 * 16_703 + 1;
        for (answers, value) in [
            (
                vec![(MAX_WRITE_BYTES as i64, vec![]), ((whole - MAX_WRITE_BYTES) as i64, vec![])],
                whole as i64,
            ),
            (vec![(i64::from(Status::OUT_OF_BUDGET.0), vec![])], i64::from(Status::OUT_OF_BUDGET.0)),
        ] {
            let pieces = answers.len();
            let received = with_broker(answers, |link| {
                assert_eq!(link.call(Import::archive_write_as, [5, 0, 16, 0], &mut memory), Ok(value));
            });
            assert_eq!(received.len(), pieces + 1);
            assert!(
                matches!(&received[0], Message::Call(Call::archive_write_as { handle: 5, from: piece, .. }) if piece.len() == MAX_WRITE_BYTES)
            );
        }
    }
}
