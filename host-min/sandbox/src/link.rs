//! What happens when a guest calls an import: its arguments are read out of its memory, checked, sent to
//! the broker, and the answer is put back.
//!
//! A claim that does not hold is answered here and goes no further. Whether the guest *may* do what it asks for
//! is not judged here: this side of the channel is not trusted with that.

use super::ahead::Ahead;
use super::channel::{Channel, End, Request, RestRequest};
use super::memory::{bytes, bytes_mut};
use wagather_abi::limits::{
    MAX_ENTRY_NAME_BYTES, MAX_FIELD_BYTES, MAX_LOG_LINE_BYTES, MAX_MASK_BYTES, MAX_PARAM_NAME_BYTES,
    MAX_SELECTOR_BYTES, MAX_WRITE_BYTES,
};
use wagather_abi::{self as abi, Import, LogLevel, Status};

/// Ends the guest: the broker is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gone;

/// The guest's imports, over a channel.
pub(super) struct Link {
    channel: Channel,
    ahead: Ahead,
}

impl Link {
    pub(super) fn new(channel: Channel) -> Self {
        Link { channel, ahead: Ahead::default() }
    }

    /// Tells the broker how the guest ended. If it is gone there is nobody to tell.
    pub(super) fn end(mut self, end: End) -> Channel {
        let _ = self.send(&Request::End(end));
        self.channel
    }

    fn send(&mut self, request: &Request) -> Result<(), Gone> {
        let mut frame = Vec::new();
        self.ahead.tell(&mut frame);
        frame.append(&mut request.encode());
        self.channel.send(&frame).map_err(|_| Gone)
    }

    /// Calls an import. All arguments are `i32`s; those that an import does not have are 0.
    pub(super) fn call(&mut self, import: Import, args: [u32; 4], memory: &mut [u8]) -> Result<i64, Gone> {
        let (request, buffer) = match request(import, args, memory) {
            Err(status) => return Ok(i64::from(status.0)),
            Ok(prepared) => prepared,
        };
        let into = buffer.and_then(|(ptr, cap)| bytes_mut(memory, ptr, cap)).unwrap_or_default();
        if let Request::RestNext(handle, ..) = request {
            return self.next(handle, into);
        }
        self.send(&request)?;
        if let Request::RestClose(handle) = request {
            self.ahead.forget(handle);
        }
        self.channel.receive_answer(into).map(|(value, _)| value).map_err(|_| Gone)
    }

    /// `rest_next`: the next item, from what came ahead or else from the broker.
    fn next(&mut self, handle: i32, into: &mut [u8]) -> Result<i64, Gone> {
        if let Some(waiting) = self.ahead.of(handle)
            && let Some(item) = waiting.front()
        {
            let len = item.len();
            if let Some(into) = into.get_mut(..len) {
                into.copy_from_slice(item);
                waiting.pass();
            }
            waiting.asked();
            return Ok(len as i64);
        }
        let room = self.ahead.room(handle);
        let cap = into.len();
        self.send(&Request::RestNext(handle, cap as u32, room as u32))?;
        let others = self.ahead.batch(handle);
        let value = self.channel.receive_items(into, others, cap.max(room)).map_err(|_| Gone)?;
        if others.is_empty() && value <= 0 {
            self.ahead.forget(handle);
        }
        Ok(value)
    }
}

/// The request of a call, and the guest's buffer for the answer.
type Prepared = (Request, Option<(u32, u32)>);

fn request(import: Import, [a, b, c, d]: [u32; 4], memory: &[u8]) -> Result<Prepared, Status> {
    let handle = a.cast_signed();
    let take = |ptr, len, most: usize, above: Status| {
        let bytes = bytes(memory, ptr, len).ok_or(Status::BAD_POINTER)?;
        if bytes.len() > most { Err(above) } else { Ok(bytes.to_vec()) }
    };
    let buffer = |ptr, cap| bytes(memory, ptr, cap).map(|_| Some((ptr, cap))).ok_or(Status::BAD_POINTER);
    Ok(match import {
        Import::rest_start => (Request::RestStart(Box::new(rest_request(a, memory)?)), None),
        Import::rest_status => (Request::RestStatus(handle), None),
        Import::rest_read => (Request::RestRead(handle, c), buffer(b, c)?),
        Import::rest_next => (Request::RestNext(handle, c, 0), buffer(b, c)?),
        Import::rest_reject => (Request::RestReject(handle, b, c), None),
        Import::rest_hides => {
            (Request::RestHides(handle, take(b, c, MAX_FIELD_BYTES, Status::BAD_REQUEST)?), None)
        }
        Import::rest_close => (Request::RestClose(handle), None),
        Import::archive_pipe => {
            (Request::ArchivePipe(handle, take(b, c, MAX_ENTRY_NAME_BYTES, Status::BAD_NAME)?), None)
        }
        Import::archive_open => {
            (Request::ArchiveOpen(take(a, b, MAX_ENTRY_NAME_BYTES, Status::BAD_NAME)?), None)
        }
        Import::archive_write => {
            (Request::ArchiveWrite(handle, take(b, c, MAX_WRITE_BYTES, Status::TOO_LARGE)?), None)
        }
        Import::archive_close => (Request::ArchiveClose(handle), None),
        Import::log => {
            let text = bytes(memory, b, c).ok_or(Status::BAD_POINTER)?;
            // One byte more than is kept tells the broker that something was cut.
            let text = &text[..text.len().min(MAX_LOG_LINE_BYTES + 1)];
            (Request::Log(LogLevel(handle), text.to_vec()), None)
        }
        Import::param => {
            (Request::Param(take(a, b, MAX_PARAM_NAME_BYTES, Status::ABSENT)?, d), buffer(c, d)?)
        }
        Import::now => (Request::Now, None),
    })
}

fn rest_request(ptr: u32, memory: &[u8]) -> Result<RestRequest, Status> {
    const SIZE: usize = abi::Request::SIZE;
    let raw: &[u8; SIZE] =
        bytes(memory, ptr, SIZE as u32).and_then(|bytes| bytes.try_into().ok()).ok_or(Status::BAD_POINTER)?;
    let request = abi::Request::decode(raw);
    if request.reserved != [0; 3] {
        return Err(Status::UNSUPPORTED);
    }
    let claims = [
        request.version,
        request.resource,
        request.group,
        request.namespace,
        request.name,
        request.subresource,
        request.labels,
        request.fields,
        request.mask,
        request.query,
    ];
    let mut texts: [Vec<u8>; 10] = Default::default();
    for (text, claim) in texts.iter_mut().zip(claims) {
        let bytes = bytes(memory, claim.ptr, claim.len).ok_or(Status::BAD_POINTER)?;
        if bytes.len() > MAX_SELECTOR_BYTES.max(MAX_MASK_BYTES) {
            return Err(Status::BAD_REQUEST);
        }
        *text = bytes.to_vec();
    }
    Ok(RestRequest { verb: request.verb, limit: request.limit, texts })
}

#[cfg(test)]
mod tests {
    use super::super::channel::{Ending, Took};
    use super::*;
    use std::os::unix::net::UnixStream;
    use wagather_base::limits::FIRST_BATCH_BYTES;

    /// An item, and those that come with it, as the broker sends them.
    fn batch(items: &[&str]) -> (i64, Vec<u8>) {
        let (first, others) = items.split_first().expect("an item");
        let mut bytes = first.as_bytes().to_vec();
        for item in others {
            bytes.extend_from_slice(&(item.len() as u32).to_le_bytes());
            bytes.extend_from_slice(item.as_bytes());
        }
        (first.len() as i64, bytes)
    }

    /// A link whose broker answers like that, and what the broker was told in the end.
    fn with_broker(answers: Vec<(i64, Vec<u8>)>, guest: impl FnOnce(&mut Link)) -> Vec<Request> {
        let (ours, theirs) = UnixStream::pair().expect("a pair");
        let broker = std::thread::spawn(move || {
            let (mut channel, mut frame, mut told) = (Channel::new(ours), Vec::new(), Vec::new());
            let mut answers = answers.into_iter();
            while channel.receive_frame(&mut frame).is_ok() {
                let request = Request::decode(&frame).expect("a frame");
                let is_call = !matches!(request, Request::Took(_) | Request::End(_));
                told.push(request);
                if is_call {
                    let (value, bytes) = answers.next().unwrap_or_default();
                    channel.send_answer(value, &bytes).expect("a guest that listens");
                }
            }
            told
        });
        let mut link = Link::new(Channel::new(theirs));
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

    fn took(handle: i32, calls: u32, items: u32) -> Request {
        Request::Took(Took { handle, calls, items })
    }

    #[test]
    fn two_lists_wait_side_by_side_and_the_broker_learns_what_was_taken_before_anything_else() {
        let answers = vec![batch(&["a1", "a2", "a3"]), batch(&["b1", "b2"]), (0, Vec::new())];
        let told = with_broker(answers, |link| {
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
            told,
            [
                Request::RestNext(1, 9, room),
                Request::RestNext(2, 9, room),
                took(1, 3, 2),
                took(2, 1, 1),
                Request::RestNext(2, 9, 2 * room),
                Request::Now,
                Request::End(end),
            ]
        );
    }

    #[test]
    fn an_item_without_room_waits_here_and_is_taken_later() {
        let told = with_broker(vec![batch(&["first", "second"]), (-18, Vec::new())], |link| {
            assert_eq!(next(link, 1, 2), (5, String::new()));
            assert_eq!(next(link, 1, 5), (5, "first".to_owned()));
            assert_eq!(next(link, 1, 6), (6, "second".to_owned()));
            assert_eq!(next(link, 1, 6), (-18, String::new()));
        });
        assert_eq!(told[1], took(1, 2, 2), "the first call was seen by the broker");
    }

    #[test]
    fn what_waits_of_a_list_that_is_closed_is_dropped() {
        let told = with_broker(vec![batch(&["a", "b"]), (0, Vec::new()), (-1, Vec::new())], |link| {
            assert_eq!(next(link, 1, 9), (1, "a".to_owned()));
            assert_eq!(link.call(Import::rest_close, [1, 0, 0, 0], &mut []), Ok(0));
            assert_eq!(next(link, 1, 9), (-1, String::new()));
        });
        assert!(!told.iter().any(|request| matches!(request, Request::Took(_))), "{told:?}");
    }
}
