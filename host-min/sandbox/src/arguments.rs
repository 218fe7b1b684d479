//! How a guest's arguments are read out of its memory, and checked.
//!
//! An address is a claim. One that does not hold is answered here and goes no further. How a call is read is made from the import
//! table: written here is how each *type* of the table is read, and how many
//! bytes an import takes if it takes fewer than others.

use super::channel::{Call, InSandbox, RestRequest, Room, Unsent};
use super::memory::bytes;
use wagather_abi::limits::{
    MAX_ENTRY_NAME_BYTES, MAX_FIELD_BYTES, MAX_LOG_LINE_BYTES, MAX_MASK_BYTES, MAX_PARAM_NAME_BYTES,
    MAX_SELECTOR_BYTES, MAX_WRITE_BYTES,
};
use wagather_abi::{self as abi, Import, Status, for_each_import};

/// One byte more than is kept tells the broker that something was cut.
const MAX_SENT_LINE_BYTES: usize = MAX_LOG_LINE_BYTES + 1;

/// What becomes of bytes above the limit.
enum Above {
    /// The call fails with this.
    Fails(Status),
    /// The guest's bytes are cut to the limit.
    IsCut,
}

/// How many bytes an import takes of the guest.
const fn most_bytes(import: Import) -> (usize, Above) {
    match import {
        Import::rest_hides => (MAX_FIELD_BYTES, Above::Fails(Status::BAD_REQUEST)),
        Import::archive_pipe | Import::archive_open => (MAX_ENTRY_NAME_BYTES, Above::Fails(Status::BAD_NAME)),
        Import::log => (MAX_SENT_LINE_BYTES, Above::IsCut),
        Import::param => (MAX_PARAM_NAME_BYTES, Above::Fails(Status::ABSENT)),
        _ => (MAX_WRITE_BYTES, Above::Fails(Status::TOO_LARGE)),
    }
}

/// The arguments of one call that are not read yet.
struct Arguments<'a> {
    import: Import,
    left: std::array::IntoIter<u32, 4>,
    memory: &'a [u8],
    /// The guest's buffer for the answer: address and length.
    buffer: Option<(u32, u32)>,
}

impl Arguments<'_> {
    fn next(&mut self) -> u32 {
        self.left.next().unwrap_or_default()
    }
}

/// What can be read of a guest.
trait Argument: Sized {
    fn read(arguments: &mut Arguments<'_>) -> Result<Self, Status>;
}

impl Argument for u32 {
    fn read(arguments: &mut Arguments<'_>) -> Result<u32, Status> {
        Ok(arguments.next())
    }
}

impl Argument for i32 {
    fn read(arguments: &mut Arguments<'_>) -> Result<i32, Status> {
        Ok(arguments.next().cast_signed())
    }
}

impl Argument for Vec<u8> {
    fn read(arguments: &mut Arguments<'_>) -> Result<Vec<u8>, Status> {
        let (ptr, len) = (arguments.next(), arguments.next());
        let bytes = bytes(arguments.memory, ptr, len).ok_or(Status::BAD_POINTER)?;
        match most_bytes(arguments.import) {
            (most, Above::Fails(status)) if bytes.len() > most => Err(status),
            (most, _) => Ok(bytes[..bytes.len().min(most)].to_vec()),
        }
    }
}

impl Argument for Room {
    fn read(arguments: &mut Arguments<'_>) -> Result<Room, Status> {
        let (ptr, len) = (arguments.next(), arguments.next());
        bytes(arguments.memory, ptr, len).ok_or(Status::BAD_POINTER)?;
        arguments.buffer = Some((ptr, len));
        Ok(Room { bytes: len, ahead: 0 })
    }
}

/// Imports with a shape are not read here: the sandbox itself decodes and writes for them.
impl Argument for Unsent {
    fn read(_: &mut Arguments<'_>) -> Result<Unsent, Status> {
        Err(Status::UNSUPPORTED)
    }
}

impl Argument for InSandbox {
    fn read(_: &mut Arguments<'_>) -> Result<InSandbox, Status> {
        Err(Status::UNSUPPORTED)
    }
}

impl Argument for Box<RestRequest> {
    fn read(arguments: &mut Arguments<'_>) -> Result<Box<RestRequest>, Status> {
        rest_request(arguments.next(), arguments.memory).map(Box::new)
    }
}

macro_rules! read_calls {
    ($($(#[doc = $doc:literal])* $name:ident($($param:ident: $ty:ident $([$len:ident])?),*) -> $ret:ident;)*) => {
        fn read(arguments: &mut Arguments<'_>) -> Result<Call, Status> {
            Ok(match arguments.import {
                $(Import::$name => Call::$name { $($param: Argument::read(arguments)?),* },)*
            })
        }
    };
}
for_each_import!(read_calls);

/// Reads a call, and where the guest's buffer for the answer is. Arguments that the import does not have are 0.
pub(super) fn call(
    import: Import,
    args: [u32; 4],
    memory: &[u8],
) -> Result<(Call, Option<(u32, u32)>), Status> {
    let mut arguments = Arguments { import, left: args.into_iter(), memory, buffer: None };
    let call = read(&mut arguments)?;
    Ok((call, arguments.buffer))
}

/// What is sent of a line that the sandbox writes for the guest.
pub(super) fn log_line(text: &[u8]) -> Vec<u8> {
    text[..text.len().min(MAX_SENT_LINE_BYTES)].to_vec()
}

fn rest_request(ptr: u32, memory: &[u8]) -> Result<RestRequest, Status> {
    const SIZE: usize = abi::Request::SIZE;
    let raw: &[u8; SIZE] =
        bytes(memory, ptr, SIZE as u32).and_then(|bytes| bytes.try_into().ok()).ok_or(Status::BAD_POINTER)?;
    let request = abi::Request::decode(raw);
    if request.reserved != [0; 3] {
        return Err(Status::UNSUPPORTED);
    }
    let mut texts: [Vec<u8>; 10] = Default::default();
    for (text, claim) in texts.iter_mut().zip(request.texts()) {
        let bytes = bytes(memory, claim.ptr, claim.len).ok_or(Status::BAD_POINTER)?;
        if bytes.len() > MAX_SELECTOR_BYTES.max(MAX_MASK_BYTES) {
            return Err(Status::BAD_REQUEST);
        }
        *text = bytes.to_vec();
    }
    Ok(RestRequest::new(request.verb, request.limit, texts))
}
