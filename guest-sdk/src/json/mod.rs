//! JSON, by miniserde's traits: decoding what the API server sent, and writing findings. It needs the [heap](crate::heap!).
//!
//! The traits are miniserde's, so its types work here; the parser and the writer are not. Its own carry tables for exact
//! floating point and would make `examples/degraded-operators` 9 KB larger. These read and write floats to about 15 digits, and
//! recurse on the stack, with a [bound](MAX_DEPTH).
//!
//! `null` means as much as an absent field in Kubernetes' API, and does here: a `null` field or element is skipped when
//! reading, and a `None` field is left out when writing.

mod decode;
mod pairs;
mod parse;
mod write;

pub use decode::{Decode, Mask, Object, Whole, decode_into, object};
pub use miniserde;
pub use miniserde::de::Deserialize;
pub use miniserde::ser::Serialize;
pub use pairs::Pairs;
pub use write::{ArrayEntry, Record, record, to_entry, to_string, write};

use crate::abi::Status;
use crate::{Error, Result};

/// How deep values may nest: the API server allows 100 or more, its own types need 12, and a mask cuts at 32.
/// One level is about 100 bytes of a gatherer's stack.
pub const MAX_DEPTH: u32 = 64;

/// Decodes a value from JSON text.
///
/// # Errors
///
/// [`Status::DECODE`] if the text is not JSON, or does not fit the type.
pub fn from_str<T: Deserialize>(text: &str) -> Result<T> {
    let mut value = None;
    parse::parse(text, T::begin(&mut value))?;
    value.ok_or(Error::new(Status::DECODE))
}

/// Decodes a value from JSON as bytes, which are checked to be UTF-8 first.
///
/// # Errors
///
/// [`Status::DECODE`] if the bytes are not JSON, or do not fit the type.
pub fn from_slice<T: Deserialize>(bytes: &[u8]) -> Result<T> {
    from_str(core::str::from_utf8(bytes).map_err(|_| Error::new(Status::DECODE))?)
}
