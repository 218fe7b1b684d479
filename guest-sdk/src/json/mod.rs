//! JSON: decoding what the API server sent, and writing findings. It needs the [heap](crate::heap!).
//!
//! The derives make no code but constants, the shapes of their types, and one decoder and one writer walk through
//! them (`docs/decisions/0030`). Floats are read and written to about 15 digits: exact conversion is 10 KB of tables. Both recurse on the
//! stack, with a [bound](MAX_DEPTH). For types that have miniserde's traits only, there is [`Whole`], as a field or on its own:
//! `from_str::<Whole<Value>>(text)`.
//!
//! What has no schema is a [`Raw`], the text of a value.
//!
//! `null` means as much as an absent field in Kubernetes' API, and does here: a `null` field or element is skipped when
//! reading, and a `None` field is left out when writing.

mod decode;
mod pairs;
mod parse;
mod raw;
mod scalar;
mod scan;
mod shape;
mod visit;
mod write;

pub use decode::{Decode, Mask, Whole};
pub use miniserde;
pub use pairs::Pairs;
pub use raw::Raw;
pub use scalar::IntOrString;
#[doc(hidden)]
pub use shape::{Part, Shape};
pub use write::{ArrayEntry, Serialize, to_entry, to_string, write};

use crate::abi::Status;
use crate::typed::{self, Item, Shaped};
use crate::{Error, Result};
use alloc::vec::Vec;
pub(crate) use parse::parse_item;
pub(crate) use shape::Place;

/// How deep values may nest: the API server allows 100 or more, its own types need 12, and a mask cuts at 32.
/// One level is about 100 bytes of a gatherer's stack.
pub const MAX_DEPTH: u32 = 64;

/// Decodes a value from JSON text.
///
/// # Errors
///
/// [`Status::DECODE`] if the text is not JSON, or does not fit the type.
pub fn from_str<T: Decode>(text: &str) -> Result<T> {
    from_checked(&mut Vec::from(text))
}

/// Decodes JSON into a struct with a lifetime, as the host decodes items: without a parser and without a heap in the gatherer.
///
/// ```
/// use wagather::{Fields, json};
///
/// #[derive(Fields)]
/// struct Refusal<'a> {
///     message: &'a str,
/// }
///
/// # wagather::fake::Host::new().run(|| {
/// let refusal = json::read_as::<Refusal>(br#"{"kind": "Status", "message": "no such pod"}"#)?;
/// assert_eq!(refusal.get().message, "no such pod");
/// assert!(json::read_as::<Refusal>(b"no JSON").is_err());
/// # Ok(()) });
/// ```
///
/// # Errors
///
/// [`Status::DECODE`] if it is not JSON, or does not fit the type; [`Status::TOO_LARGE`] or [`Status::NO_ROOM`] if there is not enough memory.
#[inline(always)]
pub fn read_as<T: Shaped>(json: &[u8]) -> Result<Item<T>> {
    typed::read_as(json)
}

/// Decodes a value from JSON as bytes, which are checked to be UTF-8 first.
///
/// # Errors
///
/// [`Status::DECODE`] if the bytes are not JSON, or do not fit the type.
pub fn from_slice<T: Decode>(bytes: &[u8]) -> Result<T> {
    from_str(core::str::from_utf8(bytes).map_err(|_| Error::new(Status::DECODE))?)
}

/// Decodes a value from JSON that is known to be UTF-8, and uses it up.
#[inline(always)]
pub(crate) fn from_checked<T: Decode>(text: &mut [u8]) -> Result<T> {
    let mut value = T::default();
    parse::parse(text, Place::of(&mut value))?;
    Ok(value)
}

/// Where a value is read into.
#[inline(always)]
pub(crate) fn place_of<T: Decode>(value: &mut T) -> Place<'_> {
    Place::of(value)
}

#[cfg(test)]
mod tests;
