//! What happens when a guest calls an import: its arguments are read out of its memory, checked, sent to
//! the broker, and the answer is put back.
//!
//! A claim that does not hold is answered here and goes no further. Whether the guest *may* do what it asks for
//! is not judged here: this side of the channel is not trusted with that.

use super::channel::{Channel, Request, RestRequest};
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
}

impl Link {
    pub(super) fn new(channel: Channel) -> Self {
        Link { channel }
    }

    pub(super) fn into_channel(self) -> Channel {
        self.channel
    }

    /// Calls an import. All arguments are `i32`s; those that an import does not have are 0.
    pub(super) fn call(&mut self, import: Import, args: [u32; 4], memory: &mut [u8]) -> Result<i64, Gone> {
        match request(import, args, memory) {
            Err(status) => Ok(i64::from(status.0)),
            Ok((request, buffer)) => {
                let into = buffer.and_then(|(ptr, cap)| bytes_mut(memory, ptr, cap)).unwrap_or_default();
                self.channel.send(&request.encode()).map_err(|_| Gone)?;
                self.channel.receive_answer(into).map(|(value, _)| value).map_err(|_| Gone)
            }
        }
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
        Import::rest_next => (Request::RestNext(handle, c), buffer(b, c)?),
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
